"""Messages on a pipe: four bytes of length, then that many bytes."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

_LENGTH = struct.Struct(">I")

MOST_BYTES = 64 * 2**20
"""A message from a worker that claims to be longer is not waited for."""


def framed(body: bytes) -> bytes:
    """Return a message with its length before it."""
    return _LENGTH.pack(len(body)) + body


def read_framed(stream: BinaryIO) -> bytes | None:
    """Wait for the next message; None when the other side has gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


class Inbox:
    """Puts messages together from the pieces in which they arrive."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that are complete with some more bytes.

        Raises
        ------
        ValueError
            If a message claims more than :data:`MOST_BYTES`.
        """
        self._bytes += data
        start = 0
        try:
            while len(self._bytes) - start >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._bytes, start)
                if length > MOST_BYTES:
                    message = f"a message of {length} bytes"
                    raise ValueError(message)
                end = start + _LENGTH.size + length
                if len(self._bytes) < end:
                    break
                body = bytes(self._bytes[start + _LENGTH.size : end])
                start = end
                yield body
        finally:
            del self._bytes[:start]
