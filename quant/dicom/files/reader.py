"""Who opens files while a tree is indexed: this process, or one that may be harmed in its place."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from quant.dicom.files.archives import Listing, list_archive
from quant.dicom.files.duplicates import Found, same_object
from quant.dicom.files.header import Header

if TYPE_CHECKING:
    from pathlib import Path

    from quant.dicom.files.cache import HeaderCache
    from quant.domain.archive import FilePath
    from quant.domain.study import FileEntry


class ReadsFiles(Protocol):
    """Whatever reads headers and looks into archives; nothing is raised over a bad file."""

    def headers(self, files: "Iterable[FilePath]") -> Iterator[Header | None]:
        """Yield what :func:`read_header` returns for each file, in their order."""
        ...  # pragma: no cover

    def framed(self, entry: "FileEntry") -> "FileEntry":
        """Return what :func:`with_frames` returns."""
        ...  # pragma: no cover

    def listing(self, archive: "Path") -> Listing:
        """Return what :func:`list_archive` returns."""
        ...  # pragma: no cover

    def same(self, one: Found, other: Found) -> bool:
        """Return what :func:`same_object` returns; False when they cannot be compared."""
        ...  # pragma: no cover


class PlainReader:
    """Reads in this process."""

    def headers(self, files: "Iterable[FilePath]") -> Iterator[Header | None]:
        """Yield the header of each file."""
        from quant.dicom.files.headers import read_header

        return map(read_header, files)

    def framed(self, entry: "FileEntry") -> "FileEntry":
        """Return a multi-frame file with the facts of its frames."""
        from quant.dicom.slices.enhanced import with_frames

        return with_frames(entry)

    def listing(self, archive: "Path") -> Listing:
        """Return the members of an archive."""
        return list_archive(archive)

    def same(self, one: Found, other: Found) -> bool:
        """Tell whether two files hold the same object."""
        return same_object(one, other)


def headers_of(
    files: "list[Path]", reader: ReadsFiles, cache: "HeaderCache | None"
) -> Iterator[Header | None]:
    """Yield the header of each file, in their order; what the cache knows is not read again."""
    if cache is None:
        yield from reader.headers(files)
        return
    known = cache.known_headers(files)
    unknown = [path for path, header in zip(files, known, strict=True) if header is None]
    others = reader.headers(unknown)
    for path, header in zip(files, known, strict=True):
        if header is not None:
            yield header
            continue
        read = next(others)
        cache.keep_header(path, read)
        yield read
    next(others, None)  # it may have something to tidy up
