"""A header read by hopping from element to element: the fast way, for files without surprises.

What is not plain explicit or implicit little-endian Part 10, wanted tags in order, with the lengths
that add up, is left to pydicom (:mod:`quant.dicom.files.headers`), which is the reference: where
this walk gives an answer, it is pydicom's.

References
----------
DICOM PS3.5 sections 7.1 (data elements) and 7.5 (sequences), PS3.10 section 7.1 (file meta).
"""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.datadict import dictionary_VR

from quant.dicom.files.facts import MAX_ITEMS
from quant.dicom.files.private import PRIVATE_TAGS, private_facts
from quant.dicom.files.streams import DEFLATED, EXPLICIT_BIG, IMPLICIT_LITTLE, MAGIC_AT
from quant.dicom.files.walker_hop import (
    ITEM,
    ITEM_END,
    PIXELS,
    SEQUENCE_END,
    STOPS,
    UNDEFINED,
    hop_explicit,
    hop_implicit,
    keep,
)
from quant.dicom.files.walker_values import (
    CHARSET,
    CS,
    DECODERS,
    HEADS,
    IDENTIFIER_TYPES,
    IDENTIFIERS,
    SQ,
    UI,
    UL,
    WANTED,
    OddError,
    Table,
    Want,
    check_charset,
    identifier,
)

if TYPE_CHECKING:
    from quant.dicom.files.streams import WatchedStream

READ_BYTES = 1 << 16
"""Bytes read at a time: the whole header of nearly every file."""

LARGEST_WINDOW = 64 * 2**20
"""Sequences and wanted values beyond this length are left to pydicom."""

DEEPEST = 64
"""Nesting of sequences, as in DCMTK. Where pydicom gives up depends on how deep its caller is."""

SYNTAX, MEDIA_CLASS, MEDIA_INSTANCE = 0x00020010, 0x00020002, 0x00020003

PADDING = bytes(16)
EXPLICIT, IMPLICIT = struct.Struct("<HHHHI"), struct.Struct("<HHI")

NOTHING: Table = {}


class TooDeepError(Exception):
    """Sequences nested deeper than :data:`DEEPEST`; no such object exists."""


class _ShortError(Exception):
    """The window ends before what is to be read."""


@dataclass(slots=True)
class Parsed:
    """What a header says, and where it ends: at the pixel data, or at the file's end."""

    facts: dict[str, object]
    identifiers: dict[int, str]
    meta: dict[int, str]
    end: int


def walk(stream: "WatchedStream", head: bytes) -> Parsed | None:
    """Read a header.

    Parameters
    ----------
    stream : WatchedStream
        The file.
    head : bytes
        Its first :data:`READ_BYTES` bytes; all when it is shorter.

    Returns
    -------
    Parsed or None
        None for whatever is not plain.

    Raises
    ------
    TooDeepError
        For sequences nested beyond :data:`DEEPEST`.
    OSError
        When the file cannot be read.
    """
    if head[MAGIC_AT : MAGIC_AT + 4] != b"DICM" or DEFLATED.encode() in head[:1024]:
        return None
    try:
        return _Walk(stream, head).run()
    except (ValueError, struct.error, _ShortError):
        return None


class _Walk:
    """One walk through one file, with a window on its bytes that only moves forward."""

    def __init__(self, stream: "WatchedStream", head: bytes) -> None:
        self.stream = stream
        self.size = stream.size
        self.base = 0
        self.buffer = head + PADDING
        self.limit = len(head)
        self.explicit = True
        self.facts: dict[str, object] = {}
        self.identifiers: dict[int, str] = {}
        self.private: dict[int, tuple[str, bytes]] = {}

    def run(self) -> Parsed:
        """Walk from the file meta information to the pixel data."""
        meta, at = self._meta()
        syntax = meta.get(SYNTAX, "")
        if syntax in ("", EXPLICIT_BIG, DEFLATED):
            raise OddError(syntax)
        self.explicit = syntax != IMPLICIT_LITTLE
        if not self.explicit and all(0x40 < byte < 0x5B for byte in self.buffer[at + 4 : at + 6]):
            raise OddError("explicit elements in an implicit syntax")
        end = self._top(at)
        if self.private:
            self.facts |= private_facts(self.private)
        self.facts["TransferSyntaxUID"] = syntax
        return Parsed(self.facts, self.identifiers, meta, end)

    def _meta(self) -> tuple[dict[int, str], int]:
        """Read the group 0002, which must begin with its length (though that may be wrong)."""
        meta: dict[int, str] = {}
        at, last = MAGIC_AT + 4, 0
        while self.buffer[at : at + 2] == b"\2\0":
            tag, vr, length, start = self._element(at)
            at = start + length
            if tag <= last or at > self.limit:
                raise OddError(tag)
            if not last and (tag, vr, length) != (0x20000, UL, 4):
                raise OddError(tag)
            if tag in (SYNTAX, MEDIA_CLASS, MEDIA_INSTANCE):
                if vr != UI:
                    raise OddError(tag)
                meta[tag] = identifier(self.buffer[start:at])
            last = tag
        if not last or at + 8 > self.limit or self.buffer[at : at + 2] == b"\0\0":
            raise OddError("no file meta information, nothing after it, or command elements")
        return meta, at

    def _top(self, at: int) -> int:
        """Walk the top level; return the place of the pixel data, or the file's size."""
        last, hop = 0, hop_explicit if self.explicit else hop_implicit
        while True:
            at, last = hop((self.buffer, self.limit), at, last, self.facts)
            if at + 12 > self.limit and self.base + self.limit < self.size:
                at = self._moved(at)
            if self.base + at == self.size:
                return self.size
            tag, vr, length, start = self._element(at)
            if tag in PIXELS:
                if at + 12 > self.limit:
                    raise _ShortError
                return self.base + at
            if tag in STOPS:
                if tag <= last or tag >= ITEM:
                    raise OddError(tag)
                last = tag
            at = self._large(tag, vr, length, start)

    def _large(self, tag: int, vr: int, length: int, start: int) -> int:
        """Take in an element of the top level, with the window where it needs to be."""
        if length == UNDEFINED:
            return self._endless(tag, vr, start)
        if self.base + start + length > self.size:
            raise OddError("truncated")
        if tag not in STOPS:
            return start + length
        if start + length > self.limit:
            start = self._moved(start, length)
        if tag in IDENTIFIERS:
            self._identify(tag, vr, start, length)
        elif tag in PRIVATE_TAGS:
            if not length:
                raise OddError(tag)
            name = vr.to_bytes(2, "little").decode("ascii") if vr else ""
            self.private[tag] = name, self.buffer[start : start + length]
        else:
            self._value((tag, vr, start, start + length), WANTED, "", 0)
        return start + length

    def _identify(self, tag: int, vr: int, start: int, length: int) -> None:
        if self.explicit and vr not in IDENTIFIER_TYPES:
            raise OddError(vr)
        self.identifiers[tag] = identifier(self.buffer[start : start + length])

    def _endless(self, tag: int, vr: int, start: int) -> int:
        """Take in a sequence of undefined length, widening the window until it ends."""
        if tag in PRIVATE_TAGS:
            raise OddError(tag)
        while True:
            try:
                return self._sequence((tag, vr, start, None), WANTED, "", 0)
            except _ShortError:
                if self.base + self.limit >= self.size:
                    raise
                start = self._moved(start, 4 * self.limit)

    def _moved(self, at: int, length: int = 0) -> int:
        """Move the window so that it begins at ``at``; return where that is in the window: 0.

        Raises
        ------
        ValueError
            Where it would be beyond the file, or larger than is good.
        """
        self.base += at
        length = max(length, READ_BYTES)
        if self.base > self.size or length > LARGEST_WINDOW:
            raise OddError(length)
        self.limit = min(length, self.size - self.base)
        self.stream.seek(self.base)
        self.buffer = self.stream.read(self.limit) + PADDING
        if len(self.buffer) != self.limit + len(PADDING):
            raise OddError("the file has become shorter")
        return 0

    def _element(self, at: int) -> tuple[int, int, int, int]:
        """Return tag, type (0 where implicit), length and place of the value."""
        if at + 8 > self.limit:
            raise _ShortError
        tag, vr, length, start = self._explicit(at) if self.explicit else self._implicit(at)
        if start > self.limit:
            raise _ShortError
        if length & 1 and length != UNDEFINED:
            raise OddError(length)
        return tag, vr, length, start

    def _implicit(self, at: int) -> tuple[int, int, int, int]:
        group, element, length = IMPLICIT.unpack_from(self.buffer, at)
        return group << 16 | element, 0, length, at + 8

    def _explicit(self, at: int) -> tuple[int, int, int, int]:
        group, element, vr, length, long_length = EXPLICIT.unpack_from(self.buffer, at)
        tag = group << 16 | element
        if tag == ITEM_END:
            return self._implicit(at)
        if vr not in HEADS:
            raise OddError(vr)
        head = HEADS[vr]
        return tag, vr, length if head == 8 else long_length, at + head

    def _value(
        self, element: tuple[int, int, int, int], wanted: Table, prefix: str, depth: int
    ) -> None:
        """Keep the value of an element (tag, type, start, end) that is wanted."""
        tag, vr, start, end = element
        if tag == CHARSET:
            if self.explicit and vr != CS:
                raise OddError(vr)
            check_charset(self.buffer[start:end])
            return
        want = wanted.get(tag)
        if want is None:
            return
        vr = vr or want.vr
        if want.inner is not None:
            self._sequence((tag, vr, start, end), wanted, prefix, depth)
            return
        if vr not in DECODERS:
            raise OddError(vr)
        keep(self.facts, prefix + want.keyword, vr, self.buffer[start:end])

    def _sequence(
        self, element: tuple[int, int, int, int | None], wanted: Table, prefix: str, depth: int
    ) -> int:
        """Walk a sequence's items; return where it ends."""
        tag, vr, at, end = element
        if not (vr == SQ or (not vr and self._is_sequence(tag, at))):
            raise OddError(tag)
        if depth >= DEEPEST:
            raise TooDeepError
        want = wanted.get(tag)
        if want is not None and want.inner is None:
            raise OddError(tag)
        path = prefix + want.keyword if want is not None else ""
        at, count = self._items((at, end), want, path, depth)
        if want is not None:
            self.facts[path] = count
        return at

    def _is_sequence(self, tag: int, at: int) -> bool:
        """Tell whether an implicit element of undefined length is a sequence, as pydicom does."""
        try:
            return dictionary_VR(tag) == "SQ"
        except KeyError:
            if at + 4 > self.limit:
                raise _ShortError from None
            return self.buffer[at : at + 4] == b"\xfe\xff\x00\xe0"

    def _items(
        self, span: tuple[int, int | None], want: Want | None, path: str, depth: int
    ) -> tuple[int, int]:
        """Walk items up to the end given, or up to the mark of the end; return it, and how many."""
        at, end = span
        count = 0
        while at != end:
            if at + 8 > self.limit:
                raise _ShortError
            group, element, length = IMPLICIT.unpack_from(self.buffer, at)
            tag = group << 16 | element
            at += 8
            if tag == SEQUENCE_END and end is None and not length:
                return at, count
            stop = None if length == UNDEFINED else at + length
            self._require_inside(stop, end)
            if tag != ITEM:
                raise OddError(tag)
            inner = want.inner if want is not None and count < MAX_ITEMS else None
            at = self._item((at, stop), inner or NOTHING, f"{path}.{count}.", depth)
            count += 1
        return at, count

    def _item(self, span: tuple[int, int | None], wanted: Table, prefix: str, depth: int) -> int:
        """Walk the elements of an item up to the end given, or up to the mark of the end."""
        at, end = span
        last = -1
        while at != end:
            tag, vr, length, start = self._element(at)
            if tag == ITEM_END and end is None and not length:
                return start
            if tag <= last or tag >= ITEM:
                raise OddError(tag)
            last = tag
            if length == UNDEFINED:
                at = self._sequence((tag, vr, start, None), wanted, prefix, depth + 1)
                self._require_inside(at, end)
                continue
            at = start + length
            self._require_inside(at, end)
            self._value((tag, vr, start, at), wanted, prefix, depth + 1)
        return at

    def _require_inside(self, stop: int | None, end: int | None) -> None:
        if stop is None:
            return
        if (end is not None and stop > end) or self.base + stop > self.size:
            raise OddError("an item or element is longer than what holds it")
        if stop > self.limit:
            raise _ShortError
