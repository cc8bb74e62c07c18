"""One pass over a tree of files: studies, series, and what was not used and why."""

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from quant.dicom.files.accounts import Accounts
from quant.dicom.files.duplicates import Found, claim_of, entry_of, spoiled
from quant.dicom.files.facts import tail, whole, words
from quant.dicom.files.header import Header
from quant.dicom.files.identity import one_subject, settled
from quant.dicom.files.intake import Intake, Tick, folder_of, take_in
from quant.dicom.files.objects import SLICE_MODALITIES, is_volume_or_region
from quant.dicom.files.reader import PlainReader, ReadsFiles
from quant.dicom.files.tree import owner_of, studies_by_folder
from quant.dicom.slices.frames import has_frames
from quant.dicom.slices.groups import parts_in_words
from quant.dicom.splitting import split
from quant.domain.archive import FilePath, place_of
from quant.domain.flags import CODES
from quant.domain.study import SeriesEntry, StudyFiles, StudyIndex

if TYPE_CHECKING:
    from quant.dicom.files.cache import HeaderCache

MARKS = (
    ("NoPreamble", "NO_PREAMBLE"),
    ("ForeignPreamble", "PREAMBLE_FOREIGN"),
    ("AssumedUIDs", "UID_ASSUMED"),
)
"""Facts of single files that are flags of their study."""

Key = tuple[str, str, str, str]
"""StudyInstanceUID, SeriesInstanceUID, modality, and what splits these into volumes."""


def index_tree(
    root: Path,
    *,
    rois: Path | None = None,
    tick: Tick | None = None,
    cache: "HeaderCache | None" = None,
    reader: ReadsFiles | None = None,
) -> StudyIndex:
    """Find the studies in a tree of files, from headers only.

    Parameters
    ----------
    root : Path
        Any folder, a ZIP archive, a DICOMDIR (which stands for its folder) or one file; studies
        are told by StudyInstanceUID, whatever the folders. Archives anywhere below are folders.
    rois : Path, optional
        Folder with a subfolder of region files for each study, named by its StudyInstanceUID.
    tick : callable, optional
        Called with (files done, files in all).
    cache : HeaderCache, optional
        Where headers of files that did not change since they were last read are kept.
    reader : ReadsFiles, optional
        Who opens the files; this process when left out.

    Returns
    -------
    StudyIndex
        Files seen = files of all studies + duplicates + ignored + files quarantined. The same tree
        gives the same index. Bad files never raise.

    Notes
    -----
    A series that lost a slice (cut short, unreadable, or two different files under one UID) is
    quarantined as a whole, in one entry beside those of the bad files: a volume with an unseen
    hole would be worse than none. Links are not followed. Reports, captures and other objects
    without a volume are ignored and counted.
    """
    reader = reader or PlainReader()
    root = folder_of(root.resolve(), reader)
    rois = rois.resolve() if rois is not None else None
    accounts = Accounts(root)
    intake = take_in([root, rois] if rois is not None else [root], accounts, tick, cache, reader)
    if cache is not None:
        cache.flush()
    headers = settled(intake.headers)
    subjects = _subjects(headers)
    single = _without_duplicates(_usable(headers, accounts), accounts, reader)
    groups = _whole_groups(single, accounts)
    folders = studies_by_folder(
        root, [(path, one.study_uid) for path, one in headers if one.study_uid]
    )
    owners = {path: owner_of(place_of(path), root, rois, folders) for path in intake.loose}
    extras = _owned_extras(intake, {key[0] for key in groups}, accounts, owners)
    by_study: dict[str, list[SeriesEntry]] = defaultdict(list)
    for key in sorted(groups):
        by_study[key[0]].append(_series(key, groups[key], reader))
    studies = tuple(
        _study(uid, by_study[uid], extras[uid], accounts, subjects[uid]) for uid in sorted(by_study)
    )
    return accounts.closed(studies)


def _subjects(headers: list[Found]) -> dict[str, tuple[str, int]]:
    """Find each study's subject, from all its volumes and regions, copies included."""
    by_study: dict[str, list[Header]] = defaultdict(list)
    for _, one in headers:
        if is_volume_or_region(one.sop_class_uid, one.modality):
            by_study[one.study_uid].append(one)
    return {uid: one_subject(of_study) for uid, of_study in by_study.items()}


def _usable(headers: list[Found], accounts: Accounts) -> list[Found]:
    """Set aside what is no volume and no region."""
    usable: list[Found] = []
    for path, header in headers:
        if not header.code and not is_volume_or_region(header.sop_class_uid, header.modality):
            accounts.ignore(path, "NON_VOLUME")
            accounts.note(header.study_uid, "NON_VOLUME", header.modality)
            continue
        usable.append((path, header))
    return usable


def _without_duplicates(
    headers: list[Found], accounts: Accounts, reader: ReadsFiles
) -> list[Found]:
    """Keep one of several equal files; mark all of several different ones under one UID."""
    by_claim: dict[tuple[str, ...], list[Found]] = defaultdict(list)
    kept = [(path, header) for path, header in headers if header.code]
    for path, header in headers:
        if not header.code:
            by_claim[claim_of(header)].append((path, header))
    for (study_uid, uid, *_), copies in by_claim.items():
        if all(reader.same(copies[0], one) for one in copies[1:]):
            kept.append(copies[0])
            accounts.unused["DUPLICATE"] += len(copies) - 1
            for _ in copies[1:]:
                accounts.note(study_uid, "DUPLICATE", "")
            continue
        message = f"{len(copies)} files with different content bear the UID {tail(uid)}"
        kept.extend((path, spoiled(header, message)) for path, header in copies)
    return kept


def _key(header: Header) -> Key:
    """Return the volume that a file belongs to.

    A multi-frame object is a volume of its own; localizers are kept apart from the slices.
    """
    part = ""
    if header.modality in SLICE_MODALITIES:
        if (whole(header.facts, "NumberOfFrames") or 1) > 1:
            part = header.sop_instance_uid
        elif "LOCALIZER" in words(header.facts, "ImageType"):
            part = "localizer"
    return header.study_uid, header.series_uid, header.modality, part


def _whole_groups(headers: list[Found], accounts: Accounts) -> dict[Key, list[Found]]:
    """Group files into volumes; a volume that lost a file is quarantined with all its files."""
    groups: dict[Key, list[Found]] = defaultdict(list)
    broken: dict[Key, list[Header]] = defaultdict(list)
    sound = {(one.study_uid, one.sop_instance_uid) for _, one in headers if not one.code}
    for path, header in headers:
        if not header.code:
            groups[_key(header)].append((path, header))
            continue
        accounts.quarantine(path, header.study_uid, header.code, _sentence(header))
        if (header.study_uid, header.sop_instance_uid) in sound:
            continue  # a spoiled copy of an object that is there whole
        if header.modality in SLICE_MODALITIES:
            broken[_key(header)].append(header)
        elif header.study_uid:
            detail = f"{header.modality or 'a file'} {tail(header.series_uid)}: {header.message}"
            accounts.note(header.study_uid, header.code, detail)
    for key, lost in broken.items():
        rest = groups.pop(key, [])
        what = f"{lost[0].modality} series {tail(key[1])}"
        detail = f"{what}: {len(lost)} of {len(rest) + len(lost)} files: {lost[0].message}"
        accounts.note(key[0], lost[0].code, f"{detail}; the series is not used")
        if rest:
            message = f"{len(rest)} good files of the {detail}; the series is not used"
            folder = Path(os.path.commonpath([path.parent for path, _ in rest]))
            accounts.quarantine(folder, key[0], lost[0].code, message, files=len(rest))
    return groups


def _sentence(header: Header) -> str:
    where = f" ({header.modality} series {tail(header.series_uid)})" if header.series_uid else ""
    return f"{header.message}{where}. {CODES[header.code].action}"


def _owned_extras(
    intake: Intake,
    study_uids: set[str],
    accounts: Accounts,
    owners: Mapping[FilePath, tuple[str, str]],
) -> dict[str, list[FilePath]]:
    """Give loose region files to their studies; refuse those of no study, and spoiled ones."""
    extras: dict[str, list[FilePath]] = defaultdict(list)
    for path in intake.loose:
        study_uid, why_not = owners[path]
        if path in intake.spoiled:
            code, message = intake.spoiled[path]
            accounts.quarantine(path, study_uid, code, message)
            accounts.note(study_uid, code, f"{path.name}: {message}")
        elif study_uid in study_uids:
            extras[study_uid].append(path)
        else:
            known = f"study {tail(study_uid)} holds nothing usable, or is not here"
            accounts.quarantine(path, study_uid, "ROI_NO_STUDY", why_not or known)
    return extras


def _study(
    study_uid: str,
    whole_series: list[SeriesEntry],
    extras: list[FilePath],
    accounts: Accounts,
    subject: tuple[str, int],
) -> StudyFiles:
    facts = [one.facts for entry in whole_series for one in entry.files]
    if subject[1] > 1:
        accounts.note(study_uid, "PATIENT_MIXED", f"{subject[1]} identifiers")
    for mark, code in MARKS:
        marked = sum(mark in one for one in facts)
        if marked:
            accounts.note(study_uid, code, f"{marked} files")
    burned = sum(words(one, "BurnedInAnnotation") == ("YES",) for one in facts)
    if burned:
        accounts.note(study_uid, "BURNED_IN", f"{burned} files")
    series = tuple(part for entry in whole_series for part in split(entry))
    for detail in parts_in_words(series):
        accounts.note(study_uid, "SERIES_MIXED", detail)
    return StudyFiles(
        study_uid=study_uid,
        subject_key=subject[0],
        series=series,
        extra_files=tuple(sorted(extras)),
        flags=accounts.flags_of(study_uid),
    )


def _series(key: Key, files: list[Found], reader: ReadsFiles) -> SeriesEntry:
    """Return the files of a series in order; those with frames are read for the facts of these."""
    ordered = sorted(
        files,
        key=lambda one: (whole(one[1].facts, "InstanceNumber") or 0, one[1].sop_instance_uid),
    )
    entries = [entry_of(*one) for one in ordered]
    if key[2] in ("PT", "CT"):  # NM files say where their frames lie in their own facts
        entries = [reader.framed(one) if has_frames(one) else one for one in entries]
    return SeriesEntry(key[1], key[2], tuple(entries))
