"""The bytes of one member of a ZIP archive, unpacked as they stream by and never trusted.

References
----------
.ZIP File Format Specification (APPNOTE.TXT) 4.3.7, 4.4; RFC 1951 (deflate).
"""

import functools
import io
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

WHOLE_BYTES = 64 * 2**20
"""Members up to this size are unpacked at once, larger ones piece by piece."""

BLOCK_BYTES = 1 << 16

LOCAL_HEADER_BYTES = 30
"""Fixed part of the header before each member (APPNOTE 4.3.7)."""


class DamagedMemberError(OSError):
    """A member whose bytes are not those that were packed."""

    def __init__(self, problem: str) -> None:
        super().__init__(None, problem)
        self.strerror = problem


@dataclass(frozen=True, slots=True)
class Packed:
    """Where the bytes of one member lie in its archive, as the archive's directory has it.

    Parameters
    ----------
    archive : Path
    archive_bytes, archive_mtime_ns : int
        Of the archive when it was listed; a changed archive is not read.
    offset : int
        Of the member's local header.
    packed_bytes, unpacked_bytes, crc : int
        As stated, not as found.
    is_deflated : bool
        Else stored as it is.
    """

    archive: Path
    archive_bytes: int
    archive_mtime_ns: int
    offset: int
    packed_bytes: int
    unpacked_bytes: int
    crc: int
    is_deflated: bool


def unpack(packed: Packed) -> "Iterator[bytes]":
    """Unpack a member piece by piece, also beyond the size that the archive states.

    Raises
    ------
    DamagedMemberError
        When the bytes end too early, are no deflated data, or have another size or checksum than
        the archive states. All that could be unpacked was yielded before.
    """
    crc = size = 0
    with Unpacking(packed) as stream:
        while piece := stream.piece(BLOCK_BYTES):
            crc, size = zlib.crc32(piece, crc), size + len(piece)
            yield piece
    if size != packed.unpacked_bytes:
        problem = f"it unpacks to {size} bytes, its archive says {packed.unpacked_bytes}"
        raise DamagedMemberError(problem)
    if crc != packed.crc:
        problem = "its checksum is wrong"
        raise DamagedMemberError(problem)


def whole_or_pieces(packed: Packed) -> "Iterator[bytes]":
    """Unpack a member once, and keep it for whoever opens it next if it is small.

    Raises
    ------
    DamagedMemberError
        As :func:`unpack`.
    """
    if packed.unpacked_bytes > WHOLE_BYTES:
        yield from unpack(packed)
        return
    content, problem = unpacked(packed)
    yield content
    if problem:
        raise DamagedMemberError(problem)


@functools.lru_cache(maxsize=1)
def unpacked(packed: Packed) -> tuple[bytes, str]:
    """Return a small member's content, as far as it goes, and what is wrong with it.

    The last one is kept: what is indexed is checked, parsed and hashed in a row.
    """
    content = bytearray()
    try:
        for piece in unpack(packed):
            content += piece
            if len(content) > packed.unpacked_bytes:
                return bytes(content), "it is larger than its archive says"
    except DamagedMemberError as error:
        return bytes(content), error.strerror or ""
    return bytes(content), ""


class Unpacking(io.RawIOBase):
    """The unpacked bytes of a member, made as they are asked for; going back starts again."""

    def __init__(self, packed: Packed, *, is_damaged: bool = False) -> None:
        self._packed, self._is_damaged = packed, is_damaged
        self.name = str(packed.archive)
        self._file = packed.archive.open("rb")
        status = os.fstat(self._file.fileno())
        if (status.st_size, status.st_mtime_ns) != (packed.archive_bytes, packed.archive_mtime_ns):
            self.close()
            message = "its archive has changed since it was listed"
            raise DamagedMemberError(message)
        self._restart()

    def _restart(self) -> None:
        self._file.seek(self._packed.offset)
        head = self._file.read(LOCAL_HEADER_BYTES)
        names = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        self._file.seek(names, os.SEEK_CUR)
        self._left = self._packed.packed_bytes if head.startswith(b"PK\x03\x04") else 0
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._at = self._beyond = 0

    def piece(self, size: int) -> bytes:
        """Return up to ``size`` bytes; none at the end and beyond."""
        if self._beyond:
            return b""
        data = self._inflated(size) if self._packed.is_deflated else self._raw(size)
        self._at += len(data)
        return data

    def _raw(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data

    def _inflated(self, size: int) -> bytes:
        while not self._inflater.eof:
            packed = self._inflater.unconsumed_tail or self._raw(BLOCK_BYTES)
            try:
                data = self._inflater.decompress(packed, size)
            except zlib.error as error:
                if self._is_damaged:
                    return b""
                message = "its packed bytes are damaged"
                raise DamagedMemberError(message) from error
            if data or not packed:
                return data
        return b""

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer
        """Fill a buffer with the next bytes."""
        data = self.piece(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move; forward by unpacking, backward from the start."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: self._packed.unpacked_bytes}
        target = start[whence] + offset
        self._beyond = 0
        if target < self._at:
            self._restart()
        while self._at < target and self.piece(min(target - self._at, BLOCK_BYTES)):
            pass
        self._beyond = target - self._at
        return target

    def tell(self) -> int:
        """Return the position."""
        return self._at + self._beyond

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def close(self) -> None:
        """Close the archive's file."""
        self._file.close()
        super().close()
