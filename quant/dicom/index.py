"""One pass over a tree of files: studies, series, and what was not used and why."""

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from quant.dicom.duplicates import Found, entry_of, same_object, spoiled
from quant.dicom.facts import tail, whole, words
from quant.dicom.headers import Header, read_header
from quant.dicom.identity import one_subject, with_nameless
from quant.dicom.objects import SLICE_MODALITIES, is_volume_or_region
from quant.dicom.splitting import split
from quant.dicom.tree import claims_dicom, is_region_file, owner_of, studies_by_folder, walk
from quant.domain.flags import CODES, Flag
from quant.domain.study import (
    QuarantineEntry,
    SeriesEntry,
    StudyFiles,
    StudyIndex,
)

Tick = Callable[[int, int], None]
Key = tuple[str, str, str]
"""StudyInstanceUID, SeriesInstanceUID, and what splits a series into volumes."""


@dataclass(slots=True)
class _Ledger:
    """Where every file went; nothing may get lost."""

    root: Path
    duplicates: int = 0
    ignored: list[Path] = field(default_factory=list)
    quarantined: list[QuarantineEntry] = field(default_factory=list)
    files_quarantined: int = 0
    flags: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def quarantine(
        self, path: Path, study_uid: str, code: str, message: str, *, files: int = 1
    ) -> None:
        self.files_quarantined += files
        entry = QuarantineEntry(shown(path, self.root), study_uid, code, message)
        self.quarantined.append(entry)

    def note(self, study_uid: str, code: str, detail: str) -> None:
        self.flags.setdefault(study_uid, {}).setdefault(code, []).append(detail)


def index_tree(root: Path, *, rois: Path | None = None, tick: Tick | None = None) -> StudyIndex:
    """Find the studies in a tree of files, from headers only.

    Parameters
    ----------
    root : Path
        Any folder (or one file); studies are told by StudyInstanceUID, whatever the folders.
    rois : Path, optional
        Folder with a subfolder of region files for each study, named by its StudyInstanceUID.
    tick : callable, optional
        Called with (files done, files in all).

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
    root = root.resolve()
    rois = rois.resolve() if rois is not None else None
    found = walk(root)
    if rois is not None and not rois.is_relative_to(root):
        more = walk(rois)
        found.regular += more.regular
        found.special += more.special
        found.unreadable += more.unreadable
    ledger = _Ledger(root, ignored=list(found.special))
    for path in found.unreadable:
        ledger.quarantine(path, "", "NO_PERMISSION", "the folder cannot be listed")
    headers, loose = _read_headers(found.regular, ledger, tick)
    headers = with_nameless(headers)
    folders = studies_by_folder(
        root, [(path, one.study_uid) for path, one in headers if one.study_uid]
    )
    groups = _whole_groups(_without_duplicates(_usable(headers, ledger), ledger), ledger)
    extras = _owned_extras(
        loose, {key[0] for key in groups}, ledger, lambda path: owner_of(path, root, rois, folders)
    )
    studies = _studies(groups, extras, ledger)
    index = StudyIndex(
        root=root,
        studies=studies,
        files_seen=len(found.regular) + len(found.special) + len(found.unreadable),
        duplicates=ledger.duplicates,
        ignored=tuple(sorted(ledger.ignored)),
        quarantined=tuple(sorted(ledger.quarantined, key=lambda one: (one.study_uid, one.path))),
        files_quarantined=ledger.files_quarantined,
    )
    _require_conserved(index)
    return index


def shown(path: Path, root: Path) -> str:
    """Return a path below the root as printable text."""
    inside = path.relative_to(root) if path.is_relative_to(root) else path
    name = inside.as_posix() if inside.parts else path.name
    plain = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in plain)


def _read_headers(
    paths: Sequence[Path], ledger: _Ledger, tick: Tick | None
) -> tuple[list[Found], list[Path]]:
    headers: list[Found] = []
    loose: list[Path] = []
    for done, path in enumerate(paths, start=1):
        header = read_header(path)
        if header is not None:
            headers.append((path, header))
        elif is_region_file(path):
            loose.append(path)
        elif claims_dicom(path):
            _skip(path, ledger)
        else:
            ledger.ignored.append(path)
        if tick is not None:
            tick(done, len(paths))
    return headers, loose


def _skip(path: Path, ledger: _Ledger) -> None:
    if path.stat().st_size == 0:
        ledger.quarantine(path, "", "TRUNCATED", "the file is empty")
    else:
        ledger.quarantine(path, "", "FILE_SKIPPED", "by its name DICOM, by its content not")


def _usable(headers: list[Found], ledger: _Ledger) -> list[Found]:
    """Set aside what is no volume and no region."""
    usable: list[Found] = []
    for path, header in headers:
        if not header.code and not is_volume_or_region(header.sop_class_uid, header.modality):
            ledger.ignored.append(path)
            ledger.note(header.study_uid, "NON_VOLUME", header.modality)
            continue
        usable.append((path, header))
    return usable


def _without_duplicates(headers: list[Found], ledger: _Ledger) -> list[Found]:
    """Keep one of several equal files; mark all of several different ones under one UID."""
    by_uid: dict[tuple[str, str], list[Found]] = defaultdict(list)
    kept = [(path, header) for path, header in headers if header.code]
    for path, header in headers:
        if not header.code:
            by_uid[header.study_uid, header.sop_instance_uid].append((path, header))
    for (study_uid, uid), copies in by_uid.items():
        if all(same_object(copies[0], one) for one in copies[1:]):
            kept.append(copies[0])
            ledger.duplicates += len(copies) - 1
            for _ in copies[1:]:
                ledger.note(study_uid, "DUPLICATE", "")
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
    return header.study_uid, header.series_uid, part


def _whole_groups(headers: list[Found], ledger: _Ledger) -> dict[Key, list[Found]]:
    """Group files into volumes; a volume that lost a file is quarantined with all its files."""
    groups: dict[Key, list[Found]] = defaultdict(list)
    broken: dict[Key, list[Header]] = defaultdict(list)
    sound = {(one.study_uid, one.sop_instance_uid) for _, one in headers if not one.code}
    for path, header in headers:
        if not header.code:
            groups[_key(header)].append((path, header))
            continue
        ledger.quarantine(path, header.study_uid, header.code, _sentence(header))
        if (header.study_uid, header.sop_instance_uid) in sound:
            continue  # a spoiled copy of an object that is there whole
        if header.modality in SLICE_MODALITIES:
            broken[_key(header)].append(header)
        elif header.study_uid:
            detail = f"{header.modality or 'a file'} {tail(header.series_uid)}: {header.message}"
            ledger.note(header.study_uid, header.code, detail)
    for key, lost in broken.items():
        rest = groups.pop(key, [])
        what = f"{lost[0].modality} series {tail(key[1])}"
        detail = f"{what}: {len(lost)} of {len(rest) + len(lost)} files: {lost[0].message}"
        ledger.note(key[0], lost[0].code, f"{detail}; the series is not used")
        if rest:
            message = f"{len(rest)} good files of the {detail}; the series is not used"
            folder = Path(os.path.commonpath([path.parent for path, _ in rest]))
            ledger.quarantine(folder, key[0], lost[0].code, message, files=len(rest))
    return groups


def _sentence(header: Header) -> str:
    where = f" ({header.modality} series {tail(header.series_uid)})" if header.series_uid else ""
    return f"{header.message}{where}. {CODES[header.code].action}"


def _owned_extras(
    loose: list[Path],
    study_uids: set[str],
    ledger: _Ledger,
    owner: Callable[[Path], tuple[str, str]],
) -> dict[str, list[Path]]:
    extras: dict[str, list[Path]] = defaultdict(list)
    for path in loose:
        study_uid, why_not = owner(path)
        if study_uid in study_uids:
            extras[study_uid].append(path)
            continue
        known = f"study {tail(study_uid)} holds nothing usable, or is not here"
        ledger.quarantine(path, study_uid, "ROI_NO_STUDY", why_not or known)
    return extras


def _studies(
    groups: dict[Key, list[Found]], extras: dict[str, list[Path]], ledger: _Ledger
) -> tuple[StudyFiles, ...]:
    by_study: dict[str, dict[Key, list[Found]]] = defaultdict(dict)
    for key, files in groups.items():
        by_study[key[0]][key] = files
    return tuple(
        _study(uid, by_study[uid], extras.get(uid, []), ledger) for uid in sorted(by_study)
    )


def _study(
    study_uid: str, groups: dict[Key, list[Found]], extras: list[Path], ledger: _Ledger
) -> StudyFiles:
    headers = [header for files in groups.values() for _, header in files]
    subject, identifiers = one_subject(headers)
    if identifiers > 1:
        ledger.note(study_uid, "PATIENT_MIXED", f"{identifiers} identifiers")
    for mark, code in (("NoPreamble", "NO_PREAMBLE"), ("AssumedUIDs", "UID_ASSUMED")):
        marked = sum(mark in header.facts for header in headers)
        if marked:
            ledger.note(study_uid, code, f"{marked} files")
    return StudyFiles(
        study_uid=study_uid,
        subject_key=subject,
        series=tuple(one for key in sorted(groups) for one in split(_series(key, groups[key]))),
        extra_files=tuple(sorted(extras)),
        flags=_flags(ledger.flags.get(study_uid, {})),
    )


def _series(key: Key, files: list[Found]) -> SeriesEntry:
    ordered = sorted(
        files,
        key=lambda one: (whole(one[1].facts, "InstanceNumber") or 0, one[1].sop_instance_uid),
    )
    entries = tuple(entry_of(*one) for one in ordered)
    return SeriesEntry(key[1], ordered[0][1].modality, entries)


def _flags(noted: dict[str, list[str]]) -> tuple[Flag, ...]:
    flags = []
    for code in sorted(noted, key=lambda code: (code != "PATIENT_MIXED", code)):
        details = [detail for detail in noted[code] if detail]
        if code in ("NON_VOLUME", "DUPLICATE"):
            kinds = ", ".join(sorted(set(details)))
            details = [f"{len(noted[code])} objects" + (f": {kinds}" if kinds else "")]
        flags.append(Flag(code, "; ".join(details)))
    return tuple(flags)


def _require_conserved(index: StudyIndex) -> None:
    used = len({
        entry.path for study in index.studies for one in study.series for entry in one.files
    })  # fmt: skip
    used += sum(len(study.extra_files) for study in index.studies)
    accounted = used + index.duplicates + len(index.ignored) + index.files_quarantined
    if accounted != index.files_seen:
        message = f"{index.files_seen} files seen, {accounted} accounted for"
        raise AssertionError(message)
