"""Damage DICOM files, the same way for the same number.

Every change is drawn from ``random.Random(number)``, whose stream Python keeps across versions: a
number that once broke something stays a test for ever.
"""

import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from pydicom.datadict import dictionary_VR

from tests.support.seeds import DEFLATED, IMPLICIT, JPEG_2000, RLE, Seed, foreign_seeds, own_seeds

LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR",
                  b"UT", b"UV"))  # fmt: skip
SHORT = (b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN",
         b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US")  # fmt: skip
LENGTHS = (0, 1, 2, 3, 7, 8, 0x7FFE, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE,
           0xFFFFFFFF)  # fmt: skip
TEXTS = (b"", b"0", b"-1", b"-5", b"1e400", b"NaN", b"inf", b"-inf", b"1\\", b"\\\\\\", b"x",
         b"1e-300", b"99999999999999999999", b"0.0\\0.0", b"../../x", b"\xff\xfe", b"\x1b[31m",
         b"1_0",
         "\uff11\uff12".encode())  # fmt: skip
BINARY = (0, 1, 2, 7, 12, 16, 32, 0x7FFF, 0x8000, 0xFFFF)
SYNTAXES = (b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.2", DEFLATED.encode(),
            RLE.encode(), JPEG_2000.encode(), b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.4.70",
            b"1.2.840.10008.1.2.4.80", b"1.2.3.4")  # fmt: skip

FOREIGN_PART = 0.25
"""Part of the mutants that are made of pydicom's files."""

SEQUENCE_START = struct.pack("<HH2sHI", 0x0040, 0x0555, b"SQ", 0, 0xFFFFFFFF)
ITEM_START = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
ITEM_STOP, SEQUENCE_STOP = struct.pack("<HHI", 0xFFFE, 0xE00D, 0), struct.pack(
    "<HHI", 0xFFFE, 0xE0DD, 0
)  # fmt: skip


@dataclass(frozen=True)
class Element:
    """Where an element lies in a little-endian file: tag, value, and the kind where stated."""

    at: int
    value: int
    end: int
    vr: bytes

    @property
    def length_at(self) -> tuple[int, int]:
        """Offset and size of the length field."""
        return (self.value - 4, 4) if not self.vr or self.vr in LONG else (self.value - 2, 2)


@dataclass(frozen=True)
class Mutant:
    """A damaged file."""

    number: int
    seed: Seed
    changes: tuple[str, ...]
    content: bytes


@lru_cache(maxsize=512)
def elements(content: bytes) -> tuple[Element, ...]:
    """List elements, those inside sequences too, as far as the file makes sense."""
    found: list[Element] = []
    at, explicit = 132, True
    first = True
    while at + 8 <= len(content):
        group = int.from_bytes(content[at : at + 2], "little")
        if group != 2 and first:
            first = False
            explicit = not _says(content[:600], IMPLICIT)
        one = _element(content, at, explicit=explicit or group == 2)
        found.append(one)
        if one.end > len(content) or len(found) > 2000:
            break
        at = one.value if one.vr == b"SQ" or group == 0xFFFE else one.end
    return tuple(found)


def _says(head: bytes, syntax: str) -> bool:
    return head.find(syntax.encode() + b"\0") >= 0


def _element(content: bytes, at: int, *, explicit: bool) -> Element:
    group, number = struct.unpack_from("<HH", content, at)
    length = struct.unpack_from("<I", content, at + 4)[0]
    if group == 0xFFFE:
        return Element(at, at + 8, at + 8, b"")
    if not explicit:
        vr = _known_kind(group << 16 | number)
        end = at + 8 if vr == b"SQ" else at + 8 + (length if length != 0xFFFFFFFF else 0)
        return Element(at, at + 8, end, b"SQ" if vr == b"SQ" else b"")
    vr = content[at + 4 : at + 6]
    if vr not in LONG:
        return Element(at, at + 8, at + 8 + struct.unpack_from("<H", content, at + 6)[0], vr)
    if at + 12 > len(content):
        return Element(at, len(content), len(content), vr)
    length = struct.unpack_from("<I", content, at + 8)[0]
    return Element(at, at + 12, at + 12 + (length if length != 0xFFFFFFFF else 0), vr)


def _known_kind(tag: int) -> bytes:
    try:
        return dictionary_VR(tag).encode()
    except KeyError:
        return b"UN"


Change = Callable[[bytes, random.Random], bytes]


def _pick(content: bytes, rng: random.Random) -> Element:
    found = elements(content)
    return rng.choice(found) if found else Element(0, min(8, len(content)), len(content), b"")


def _put(content: bytes, at: int, piece: bytes) -> bytes:
    return content[:at] + piece + content[at + len(piece) :]


def flip_bits(content: bytes, rng: random.Random) -> bytes:
    """Flip up to sixteen bits, half of the time in the first two kilobytes."""
    if not content:
        return content
    made, reach = (
        bytearray(content),
        len(content) if rng.random() < 0.5 else min(len(content), 2048),
    )
    for _ in range(rng.randint(1, 16)):
        made[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    return bytes(made)


def set_bytes(content: bytes, rng: random.Random) -> bytes:
    """Set a run of bytes to one value."""
    at, many = rng.randrange(len(content) + 1), rng.choice((1, 2, 4, 64))
    return _put(content, at, bytes([rng.choice((0, 1, 0x20, 0x5C, 0x7F, 0x80, 0xFF))]) * many)


def truncate(content: bytes, rng: random.Random) -> bytes:
    """Cut the file off, often inside its header."""
    return content[: rng.randrange(min(len(content), rng.choice((200, 1000, 10**9))) + 1)]


def cut_out(content: bytes, rng: random.Random) -> bytes:
    """Lose a run of bytes."""
    at = rng.randrange(len(content) + 1)
    return content[:at] + content[at + rng.choice((1, 2, 8, 100, 1000)) :]


def insert_noise(content: bytes, rng: random.Random) -> bytes:
    """Insert random bytes."""
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.randbytes(rng.choice((1, 2, 8, 100))) + content[at:]


def lie_about_length(content: bytes, rng: random.Random) -> bytes:
    """Write another length into a length field."""
    one = _pick(content, rng)
    at, size = one.length_at
    true = max(one.end - one.value, 0)
    new = rng.choice(
        (*LENGTHS, true + 1, true + 2, max(true - 1, 0), max(true - 2, 0), len(content))
    )
    return _put(content, at, (new & (256**size - 1)).to_bytes(size, "little"))


def swap_kind(content: bytes, rng: random.Random) -> bytes:
    """Write another value representation."""
    one = _pick(content, rng)
    return _put(content, one.at + 4, rng.choice((*SHORT, *sorted(LONG), b"??", b"\0\0")))


def renumber_tag(content: bytes, rng: random.Random) -> bytes:
    """Give an element the tag of another, or a made-up one."""
    one, other = _pick(content, rng), _pick(content, rng)
    tag = content[other.at : other.at + 4] if rng.random() < 0.6 else rng.randbytes(4)
    return _put(content, one.at, tag)


def duplicate(content: bytes, rng: random.Random) -> bytes:
    """Repeat an element, in its place or elsewhere, once or many times."""
    one, other = _pick(content, rng), _pick(content, rng)
    piece = content[one.at : min(one.end, one.at + 4096)] * rng.choice((1, 1, 2, 200))
    at = one.end if rng.random() < 0.5 else other.at
    return content[:at] + piece + content[at:]


def drop(content: bytes, rng: random.Random) -> bytes:
    """Lose an element."""
    one = _pick(content, rng)
    return content[: one.at] + content[one.end :]


def swap(content: bytes, rng: random.Random) -> bytes:
    """Exchange two elements."""
    one, other = sorted((_pick(content, rng), _pick(content, rng)), key=lambda e: e.at)
    if one.end > other.at:
        return content
    return (
        content[: one.at]
        + content[other.at : other.end]
        + content[one.end : other.at]
        + content[one.at : one.end]
        + content[other.end :]
    )


def change_value(content: bytes, rng: random.Random) -> bytes:
    """Write a value that nobody expects, of the right length."""
    one = _pick(content, rng)
    length = max(min(one.end, len(content)) - one.value, 0)
    if one.vr in (b"US", b"SS", b"UL", b"SL") and length in (2, 4):
        new = rng.choice((*BINARY, rng.randrange(65536)))
        return _put(content, one.value, new.to_bytes(length, "little"))
    if one.vr in (b"FD", b"FL") and length in (4, 8):
        new_float = rng.choice((float("nan"), float("inf"), 0.0, -1.0, 1e38))
        return _put(content, one.value, struct.pack("<d" if length == 8 else "<f", new_float))
    return _put(content, one.value, rng.choice(TEXTS).ljust(length)[:length])


def resize_value(content: bytes, rng: random.Random) -> bytes:
    """Write a value that nobody expects, with its own length."""
    one = _pick(content, rng)
    at, size = one.length_at
    new = rng.choice((*TEXTS, b"1\\" * 5000, b"A" * 30000))[: 256**size - 2]
    new += b" " * (len(new) % 2)
    head = content[: max(at, 0)] + len(new).to_bytes(size, "little")
    return head + new + content[max(one.end, one.value) :]


def nest(content: bytes, rng: random.Random) -> bytes:
    """Insert sequences in sequences, now and then thousands of them, closed or not."""
    at = _pick(content, rng).at
    depth = rng.choice((1, 2, 20, 70, 150, 250, 400, 12000))
    piece = (SEQUENCE_START + ITEM_START) * depth
    if rng.random() < 0.7:
        piece += (ITEM_STOP + SEQUENCE_STOP) * depth
    return content[:at] + piece + content[at:]


def splice(content: bytes, rng: random.Random) -> bytes:
    """Go on with another file, from an element of its own."""
    other = rng.choice(own_seeds()).content
    return content[: _pick(content, rng).at] + other[_pick(other, rng).at :]


def change_syntax(content: bytes, rng: random.Random) -> bytes:
    """State another transfer syntax."""
    at = content.find(b"\x02\x00\x10\x00UI")
    if at < 0:
        return content
    length = int.from_bytes(content[at + 6 : at + 8], "little")
    new = rng.choice(SYNTAXES)
    new += b"\0" * (len(new) % 2)
    made = content[: at + 6] + len(new).to_bytes(2, "little") + new + content[at + 8 + length :]
    if content[132:138] != b"\x02\x00\x00\x00UL":
        return made
    meta = int.from_bytes(content[140:144], "little") + len(new) - length
    return _put(made, 140, max(meta, 0).to_bytes(4, "little"))


CHANGES: tuple[Change, ...] = (
    flip_bits, flip_bits, set_bytes, truncate, cut_out, insert_noise, lie_about_length,
    lie_about_length, swap_kind, swap_kind, renumber_tag, renumber_tag, duplicate, drop, drop, swap,
    *(change_value,) * 6, *(resize_value,) * 4, nest, splice, change_syntax,
)  # fmt: skip
"""What can happen to a file; what leaves most of a file whole, more often."""


def mutant(number: int) -> Mutant:
    """Return the damaged file of a number."""
    rng = random.Random(number)
    pool = foreign_seeds() if rng.random() < FOREIGN_PART else own_seeds()
    seed = rng.choice(pool)
    content = seed.content
    inner = _says(content[:600], DEFLATED) and rng.random() < 0.5
    content = _inflated(content) if inner else content
    changes = rng.choices(CHANGES, k=rng.choice((1, 1, 1, 2, 3)))
    for change in changes:
        content = change(content, rng)
    names = tuple(change.__name__ for change in changes)
    return Mutant(number, seed, names, _deflated(content) if inner else content)


def _meta_end(content: bytes) -> int:
    return 144 + int.from_bytes(content[140:144], "little")


def _inflated(content: bytes) -> bytes:
    """Inflate what is deflated, so that what is inside can be changed."""
    end = _meta_end(content)
    try:
        return content[:end] + zlib.decompressobj(-zlib.MAX_WBITS).decompress(content[end:])
    except zlib.error:
        return content


def _deflated(content: bytes) -> bytes:
    end = min(_meta_end(content), len(content))
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return content[:end] + packer.compress(content[end:]) + packer.flush()
