"""A file inside a ZIP archive that reads, sorts and prints as a path does."""

import functools
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias, overload

from quant.domain.unpacking import WHOLE_BYTES, DamagedMemberError, Packed, Unpacking, unpacked


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A member of a ZIP archive that reads, sorts and prints as a path does.

    Parameters
    ----------
    place : Path
        The archive's path and the member's name below it. Not a path of the file system.
    packed : Packed
    beside : tuple of ArchiveMember
        Label tables of this member (:meth:`with_name` finds them).
    is_damaged : bool
        Hand out what can be unpacked, instead of raising, so that the header can name the series.
    """

    place: Path
    packed: Packed
    beside: "tuple[ArchiveMember, ...]" = ()
    is_damaged: bool = False

    def __lt__(self, other: object) -> bool:
        """Sort among members and paths by place."""
        if isinstance(other, ArchiveMember):
            return (self.place, self.packed.offset) < (other.place, other.packed.offset)
        return self.place < other if isinstance(other, Path) else NotImplemented

    def __str__(self) -> str:
        """Return the place as text."""
        return str(self.place)

    @property
    def name(self) -> str:
        """Last part of the name."""
        return self.place.name

    @property
    def suffix(self) -> str:
        """Ending of the name."""
        return self.place.suffix

    @property
    def parent(self) -> Path:
        """Folder in the archive, or the archive: a place, not a path of the file system."""
        return self.place.parent

    @property
    def parents(self) -> Sequence[Path]:
        """Folders in the archive, the archive, and the folders above it."""
        return self.place.parents

    def with_name(self, name: str) -> "FilePath":
        """Return the label table of this name; a path where nothing is when there is none."""
        found = [one for one in self.beside if one.name == name]
        return found[0] if found else self.place.with_name(name)

    def is_file(self) -> bool:
        """Return True: members are files."""
        return True

    def stat(self) -> os.stat_result:
        """Return the unpacked size with the archive's time of change."""
        size, mtime_ns = self.packed.unpacked_bytes, self.packed.archive_mtime_ns
        seconds = mtime_ns // 10**9
        times = (seconds, seconds, seconds, *(mtime_ns / 1e9,) * 3, *(mtime_ns,) * 3)
        return os.stat_result((0o100444, 0, 0, 1, 0, 0, size, *times))

    @overload
    def open(self, mode: Literal["rb"], buffering: int = ...) -> io.BytesIO | io.BufferedReader: ...
    @overload
    def open(
        self,
        mode: str = ...,
        buffering: int = ...,
        encoding: str | None = ...,
        errors: str | None = ...,
        newline: str | None = ...,
    ) -> IO[Any]: ...
    def open(
        self,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> IO[Any]:
        """Open the member for reading, seekable.

        Raises
        ------
        OSError
            If the archive cannot be read or has changed, or the member is damaged.
        """
        del buffering
        binary = self._open()
        if mode == "rb":
            return binary
        if mode not in ("r", "rt"):
            message = f"members of archives can only be read, not opened with mode {mode!r}"
            raise ValueError(message)
        return io.TextIOWrapper(binary, encoding, errors, newline)

    def _open(self) -> io.BytesIO | io.BufferedReader:
        if self.packed.unpacked_bytes > WHOLE_BYTES:
            return io.BufferedReader(Unpacking(self.packed, is_damaged=self.is_damaged), 1 << 17)
        content, problem = unpacked(self.packed)
        if problem and not self.is_damaged:
            raise DamagedMemberError(problem)
        return io.BytesIO(content)

    def read_bytes(self) -> bytes:
        """Return the whole content."""
        with self.open("rb") as stream:
            return stream.read()

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        """Return the whole content as text."""
        with self.open("r", encoding=encoding, errors=errors) as stream:
            content: str = stream.read()
            return content

    def damaged(self) -> "ArchiveMember":
        """Return the member as one that hands out what can be unpacked."""
        return replace(self, is_damaged=True)


FilePath: TypeAlias = Path | ArchiveMember
"""A file to be read: on the disk, or inside an archive."""


def place_of(path: FilePath) -> Path:
    """Return where a file lies; inside an archive, the archive counts as a folder."""
    return path.place if isinstance(path, ArchiveMember) else path
