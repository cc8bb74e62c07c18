"""Whose files they are: never two persons in one study, by keyed hashes of identifiers only."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from quant.dicom.facts import text, words
from quant.dicom.objects import assumed_uids

if TYPE_CHECKING:
    from quant.dicom.duplicates import Found
    from quant.dicom.headers import Header


def one_subject(headers: "Sequence[Header]") -> tuple[str, int]:
    """Find the one subject of a study's files.

    Files without an identifier agree with any. Files with the same identifier agree although only
    some of them name its issuer; two issuers are two identifiers.

    Returns
    -------
    tuple of (subject_key, identifiers)
        The key is empty unless there is exactly one identifier.
    """
    persons = {header.person for header in headers} - {""}
    issued = {header.subject for header in headers} - persons - {""}
    identifiers = max(len(persons), len(issued))
    if identifiers != 1:
        return "", identifiers
    return next(iter(issued or persons)), 1


def with_nameless(headers: "list[Found]") -> "list[Found]":
    """Let files without an identifier join the assumed study of the one person in their frame.

    Where several persons share a frame of reference (a dummy that an anonymiser wrote), such files
    stay apart from all of them.
    """
    persons: dict[str, set[str]] = defaultdict(set)
    for _, one in headers:
        if _has_assumed_study(one) and one.person:
            persons[_frame(one)].add(one.person)
    settled: list[Found] = []
    for path, one in headers:
        near = persons.get(_frame(one), set())
        if _has_assumed_study(one) and not one.person and len(near) == 1:
            settled.append((path, _joined(one, next(iter(near)))))
        else:
            settled.append((path, one))
    return settled


def _joined(header: "Header", person: str) -> "Header":
    series = "" if "SERIES" in words(header.facts, "AssumedUIDs") else header.series_uid
    uids = assumed_uids(("", series, header.sop_instance_uid), header.facts, person)
    return replace(header, study_uid=uids[0], series_uid=uids[1])


def _has_assumed_study(header: "Header") -> bool:
    return "STUDY" in words(header.facts, "AssumedUIDs")


def _frame(header: "Header") -> str:
    return text(header.facts, "FrameOfReferenceUID")
