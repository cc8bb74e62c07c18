"""What a study's input is, byte by byte: digests of its files and of all of them together."""

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from quant.dicom.files.tree import table_places
from quant.errors import ReadError

if TYPE_CHECKING:
    from quant.domain.archive import FilePath
    from quant.domain.study import StudyFiles

BLOCK_BYTES = 1 << 20


class KeepsDigests(Protocol):
    """Whatever can give a file's digest without reading it again."""

    def digest(self, path: "FilePath") -> str:
        """Return what :func:`file_digest` returns."""
        ...  # pragma: no cover


def file_digest(path: "FilePath") -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal.

    Raises
    ------
    ReadError
        ``DICOM_UNREADABLE`` when it cannot be read.
    """
    try:
        with path.open("rb", buffering=0) as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise ReadError(
            "DICOM_UNREADABLE",
            "A file of the study cannot be read.",
            found=error.strerror or "input or output error",
            needed="the files that were there when the folder was indexed",
            next_step="wait until the transfer is finished, check the medium and run again",
        ) from error


def with_input_hash(study: "StudyFiles", cache: KeepsDigests | None = None) -> "StudyFiles":
    """Return the study with its ``input_hash``; one that has it is returned as it is.

    Parameters
    ----------
    study : StudyFiles
        From :func:`quant.dicom.index.index_tree`.
    cache : HeaderCache, optional
        Where digests of files that did not change since are kept.

    Returns
    -------
    StudyFiles
        ``input_hash`` is the SHA-256 over the sorted digests of all DICOM files, whatever their
        names, and of all other files with their names. A file that holds several volumes counts
        once.

    Raises
    ------
    ReadError
        ``DICOM_UNREADABLE`` when a file cannot be read (any more).
    """
    if study.input_hash:
        return study
    digest = cache.digest if cache is not None else file_digest
    lines = [digest(path) for path in {one.path for part in study.series for one in part.files}]
    for path in study.extra_files:
        lines += [f"{file.name}\0{digest(file)}" for file in _with_tables(path)]
    return replace(study, input_hash=hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest())


def same_bytes(one: "FilePath", other: "FilePath") -> bool:
    """Tell whether two files have the same content; False when one cannot be read."""
    try:
        if one.stat().st_size != other.stat().st_size:
            return False
        with one.open("rb") as first, other.open("rb") as second:
            while block := first.read(BLOCK_BYTES):
                if second.read(BLOCK_BYTES) != block:
                    return False
    except OSError:
        return False
    return True


def _with_tables(path: "FilePath") -> "list[FilePath]":
    """Return a region file and the label tables beside it.

    Unlike those of DICOM, their names say what they mean, so a renamed file is another input.
    """
    tables = [path.with_name(place.name) for place in table_places(path)]
    return [path, *(table for table in tables if table.is_file())]
