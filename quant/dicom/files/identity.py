"""Whose files they are: never two persons in one study, by keyed hashes of identifiers only."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from quant.dicom.files.facts import words
from quant.dicom.files.objects import assumed_series, frame_of, subject_key

if TYPE_CHECKING:
    from quant.dicom.files.duplicates import Found
    from quant.dicom.files.header import Header


def one_subject(headers: "Sequence[Header]") -> tuple[str, int]:
    """Find the one subject of a study's files.

    Files without an identifier agree with any. Files with the same identifier agree although only
    some of them name its issuer; two issuers are two identifiers. An identifier that is the subject
    key of another one is the same person: so the engine's own objects name their patient.

    Returns
    -------
    tuple of (subject_key, identifiers)
        The key is empty unless there is exactly one identifier.
    """
    persons = {header.person for header in headers} - {""}
    subjects = {header.subject for header in headers} - {""}
    pseudonyms = {subject_key(one, "") for one in persons | subjects}
    persons -= pseudonyms
    issued = subjects - persons - pseudonyms
    identifiers = max(len(persons), len(issued))
    if identifiers != 1:
        return "", identifiers
    return next(iter(issued or persons)), 1


def settled(headers: "list[Found]") -> "list[Found]":
    """Give files whose StudyInstanceUID is blank the study that they belong to.

    Such files stand in an assumed study of their person and frame of reference (see
    :func:`quant.dicom.files.objects.assumed_uids`). They join a study of the same frame when there
    is exactly one whose patient agrees or is not named, and no other person's files would join it
    too. Files that name nobody join the only study of their frame. A frame that several persons or
    studies share (a dummy that an anonymiser wrote) joins nothing.
    """
    known: dict[str, list[Header]] = defaultdict(list)
    near: dict[str, set[str]] = defaultdict(set)
    blank: dict[tuple[str, str], list[Header]] = defaultdict(list)
    for _, one in headers:
        if _has_assumed_study(one):
            blank[frame_of(one.facts), one.person].append(one)
        else:
            known[one.study_uid].append(one)
            near[frame_of(one.facts)].add(one.study_uid)
    joins = {
        key: uid
        for key, group in blank.items()
        if key[1] and (uid := _one_fitting(near[key[0]], known, group))
    }
    for uid in set(joins.values()):
        keys = [key for key, joined in joins.items() if joined == uid]
        if one_subject([*known[uid], *(one for key in keys for one in blank[key])])[1] > 1:
            joins = {key: joined for key, joined in joins.items() if joined != uid}
    for frame, person in blank:
        if not person:
            named = [key for key in blank if key[0] == frame and key[1]]
            others = (near[frame] - {""}) | {
                joins.get(key, blank[key][0].study_uid) for key in named
            }
            if len(others) == 1:
                joins[frame, person] = next(iter(others))
    return [
        (path, _joined(one, joins.get((frame_of(one.facts), one.person), "")))
        if _has_assumed_study(one)
        else (path, one)
        for path, one in headers
    ]


def _one_fitting(uids: set[str], known: "dict[str, list[Header]]", group: "list[Header]") -> str:
    """Return the one study whose patient agrees with a group's; empty if none or several do."""
    fits = [uid for uid in uids if uid and one_subject([*known[uid], *group])[1] <= 1]
    return fits[0] if len(fits) == 1 else ""


def _joined(header: "Header", study_uid: str) -> "Header":
    if not study_uid or study_uid == header.study_uid:
        return header
    blank = "SERIES" in words(header.facts, "AssumedUIDs")
    series_uid = assumed_series(study_uid, header.facts) if blank else header.series_uid
    return replace(header, study_uid=study_uid, series_uid=series_uid)


def _has_assumed_study(header: "Header") -> bool:
    return "STUDY" in words(header.facts, "AssumedUIDs")
