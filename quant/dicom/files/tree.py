"""The files of a folder: a walk that cannot loop, and which study a loose file belongs to.

A ZIP archive counts as a folder: its members lie below it.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from quant.domain.archive import FilePath, place_of

REGION_SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".mha", ".mrk.json")
"""Files that are not DICOM and may hold regions, volumes or marks (``.seg.nrrd`` is NRRD)."""

TABLE_SUFFIXES = (".csv", ".json")
"""Files beside a region file that name its labels."""


@dataclass(slots=True)
class Walk:
    """Files found under a folder: regular ones to be read, and what else was there."""

    regular: list[Path] = field(default_factory=list)
    special: list[Path] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)


def walk(root: Path) -> Walk:
    """List the files under a folder, sorted by path.

    Links are not followed (a loop would never end, a target may lie elsewhere); links, pipes and
    devices count as special. A folder that cannot be listed is unreadable. ``root`` may be a file.
    Output folders of this engine below it are passed over.
    """
    found = Walk()
    if root.is_file():
        found.regular.append(root)
        return found
    folders = [str(root)]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listed:
                entries = list(listed)
        except OSError:
            found.unreadable.append(Path(folder))
            continue
        if folder == str(root) or not _holds_results({one.name for one in entries}):
            folders += _enter(Path(folder), entries, found)
    for paths in (found.regular, found.special, found.unreadable):
        paths.sort(key=by_parts)
    return found


def _enter(folder: Path, entries: "Iterable[os.DirEntry[str]]", found: Walk) -> Iterator[str]:
    """Enter files, as what the system mostly has said they are; yield the folders."""
    for one in entries:
        is_regular = False
        with contextlib.suppress(OSError):
            if one.is_dir(follow_symlinks=False):
                yield one.path
                continue
            is_regular = one.is_file(follow_symlinks=False)
        (found.regular if is_regular else found.special).append(folder / one.name)


def by_parts(path: Path) -> str:
    """Return text that sorts as the path does, part by part, in less time."""
    return str(path).replace(os.sep, "\0")


def _holds_results(names: set[str]) -> bool:
    """Tell an output folder of this engine, whole or not: results are no input of the next run."""
    return bool(names & {"run.log.jsonl", "records"}) and bool(names & {".lock", "run.json"})


def is_region_file(path: FilePath) -> bool:
    """Tell by its name whether a file that is not DICOM may hold regions or marks."""
    return path.name.lower().endswith(REGION_SUFFIXES) and not path.name.startswith("._")


def table_places(path: FilePath) -> list[Path]:
    """Return where the label tables of a region file would lie: its name with another ending."""
    name = path.name.lower()
    endings = (end for end in (".seg.nrrd", *REGION_SUFFIXES) if name.endswith(end))
    stem = path.name[: -len(max(endings, key=len, default="")) or None]
    return [place_of(path).with_name(stem + end) for end in TABLE_SUFFIXES] if stem else []


def claimed_content(path: FilePath) -> str:
    """Say what a file should have been by its name, in words; empty for what is no matter.

    DICOM: ``.dcm``, ``.dicom``, ``.ima`` or no suffix.
    """
    if path.name.startswith("."):
        return ""
    suffix = path.suffix.lower()
    if suffix == ".zip":
        return "a ZIP archive"
    known = path.name.upper() in ("README", "LICENSE", "LICENCE", "COPYING", "MAKEFILE", "NOTICE")
    claims = suffix in (".dcm", ".dicom", ".ima") or (suffix == "" and not known)
    return "DICOM" if claims else ""


def studies_by_folder(
    root: Path, files: Iterable[tuple[FilePath, str]]
) -> Mapping[Path, frozenset[str]]:
    """Collect, for every folder from ``root`` down, the studies whose files lie in its tree."""
    found: dict[Path, set[str]] = {}
    starts = {(os.path.dirname(place_of(path)), uid): path for path, uid in files}  # noqa: PTH120
    for (_, study_uid), path in starts.items():
        for folder in path.parents:
            found.setdefault(folder, set()).add(study_uid)
            if folder == root:
                break
    return {folder: frozenset(uids) for folder, uids in found.items()}


def owner_of(
    place: Path, root: Path, rois: Path | None, studies: Mapping[Path, frozenset[str]]
) -> tuple[str, str]:
    """Find the study that a loose file belongs to.

    Parameters
    ----------
    place, root : Path
        Where the file lies, and the folder that was walked.
    rois : Path or None
        Folder whose subfolders are named after StudyInstanceUIDs.
    studies : dict of Path to frozenset of str
        From :func:`studies_by_folder`.

    Returns
    -------
    tuple of (study_uid, why_not)
        One of the two is empty.
    """
    if rois is not None and place.is_relative_to(rois):
        parts = place.relative_to(rois).parts
        if len(parts) > 1:
            return parts[0], ""
        if not place.is_relative_to(root):
            return "", "it lies in the folder of regions itself, not in one named after a study"
    for folder in place.parents:
        near = studies.get(folder, frozenset())
        if len(near) == 1:
            return next(iter(near)), ""
        if near:
            return "", f"the nearest folder with DICOM holds {len(near)} studies"
        if folder == root:
            break
    return "", "no folder above it holds DICOM"
