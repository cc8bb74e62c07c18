"""Bytes that are not to be trusted: short streams, deflated bombs, endless fragments."""

import zlib
from typing import BinaryIO

INFLATED_BYTES, INFLATED_RATIO, FREE_BYTES = 512 * 2**20, 100, 64 * 2**20
"""A deflated file may not grow beyond the first, nor (above the last) beyond this ratio."""

PIECE_BYTES = 1 << 20

MAGIC_AT = 128
ITEM, SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"

IMPLICIT_LITTLE, EXPLICIT_LITTLE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
EXPLICIT_BIG, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"

NATIVE = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)
"""Pixels lie in the file as they are in memory."""


class WatchedStream:
    """A readable stream that hands out no more than there is, and remembers running short.

    pydicom takes a short read for the end of the data set, so that a file cut inside its header
    would pass for a whole one.
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self.size = size
        self._partial = False

    def read(self, size: int = -1, /) -> bytes:
        """Read at most ``size`` bytes."""
        if size < 0:
            return self._stream.read()
        data = self._stream.read(min(size, max(self.size - self._stream.tell(), 0)))
        if len(data) < size:
            self._partial |= len(data) > 0 or size != 8
        return data

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move, also behind the end."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._stream.tell()

    @property
    def ran_short(self) -> bool:
        """Tell whether more was asked for than there is (an empty look-ahead is the end)."""
        return self._partial or self.tell() > self.size


def is_bomb(stream: WatchedStream) -> bool:
    """Inflate a deflated file within bounds, before pydicom does it without."""
    head = stream.read(min(1024, stream.size))
    if DEFLATED.encode() not in head:
        return False
    start = MAGIC_AT + 16 + int.from_bytes(head[MAGIC_AT + 12 : MAGIC_AT + 16], "little")
    stream.seek(start)
    body = stream.read(max(stream.size - start, 0))
    limit = min(INFLATED_BYTES, max(FREE_BYTES, INFLATED_RATIO * len(body)))
    inflater, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while body and size <= limit:  # piece by piece: a bomb is told without holding what comes out
        piece = inflater.decompress(body, PIECE_BYTES)
        body = inflater.unconsumed_tail
        size += len(piece)
    return size > limit


def walk_fragments(stream: WatchedStream, offset: int) -> str:
    """Hop over the fragments of compressed pixel data, up to their end mark."""
    while offset + 8 <= stream.size:
        stream.seek(offset)
        head = stream.read(8)
        if head[:4] == SEQUENCE_END:
            return ""
        if head[:4] != ITEM:
            return "its compressed pixel data are not a row of fragments"
        offset += 8 + int.from_bytes(head[4:], "little")
    return "its compressed pixel data have no end"
