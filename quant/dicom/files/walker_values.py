"""What the walker wants and how values become facts: the plain cases only, as pydicom has them.

Every decoder gives exactly what :func:`quant.dicom.files.wanted.plain` makes of pydicom's value, or
raises ``ValueError``: then pydicom reads the whole file.

References
----------
DICOM PS3.5 section 6.2 (value representations), PS3.3 C.12.1.1.2 (specific character set).
"""

import functools
import struct
from collections.abc import Callable, Sequence

from pydicom.datadict import dictionary_VR
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32

from quant.dicom.files.wanted import MAX_TEXT, NODES, Node

Decode = Callable[[bytes], object | None]

CHARSET, STUDY_UID, PATIENT_ID, ISSUER = 0x00080005, 0x0020000D, 0x00100020, 0x00100021
IDENTIFIERS = (STUDY_UID, PATIENT_ID, ISSUER)

LUT_DESCRIPTORS = (0x00281101, 0x00281102, 0x00281103, 0x00283002)
"""Values whose sign pydicom corrects."""

EXACT_INTEGERS = 1 << 53
"""Beyond, pydicom makes floats of integer strings."""


def vr_number(vr: str) -> int:
    """Return a value representation as the number that its two letters are in the file."""
    return int.from_bytes(vr.encode("ascii"), "little")


HEADS = {
    **{vr_number(vr): 8 for vr in EXPLICIT_VR_LENGTH_16},
    **{vr_number(vr): 12 for vr in EXPLICIT_VR_LENGTH_32},
}
"""Bytes before the value of an explicit element, by its type (PS3.5 section 7.1.2)."""

SQ, CS, UI, UL = (vr_number(vr) for vr in ("SQ", "CS", "UI", "UL"))

SHORT_BYTES, REMEMBERED = 64, 4096
"""Values up to this length are remembered, so many of each kind."""

CHARSETS = frozenset((
    "", "ISO_IR 6", "ISO_IR 13", "ISO_IR 100", "ISO_IR 101", "ISO_IR 109", "ISO_IR 110",
    "ISO_IR 126", "ISO_IR 127", "ISO_IR 138", "ISO_IR 144", "ISO_IR 148", "ISO_IR 166",
    "ISO_IR 192", "GB18030", "GBK", "ISO 2022 IR 6", "ISO 2022 IR 13", "ISO 2022 IR 58",
    "ISO 2022 IR 87", "ISO 2022 IR 100", "ISO 2022 IR 101", "ISO 2022 IR 109", "ISO 2022 IR 110",
    "ISO 2022 IR 126", "ISO 2022 IR 127", "ISO 2022 IR 138", "ISO 2022 IR 144", "ISO 2022 IR 148",
    "ISO 2022 IR 149", "ISO 2022 IR 159", "ISO 2022 IR 166",
))  # fmt: skip
"""Character sets in which ASCII bytes without escapes mean ASCII."""


class OddError(ValueError):
    """Something that is left to pydicom."""


class Want:
    """An attribute to be read, and what to read inside its items.

    ``vr`` is its type by the dictionary, 0 when that is not certain.
    """

    __slots__ = ("inner", "keyword", "tag", "vr")

    def __init__(self, node: Node) -> None:
        self.keyword, self.tag = node.keyword, int(node.tag)
        vr = dictionary_VR(node.tag)
        self.vr = vr_number(vr) if len(vr) == 2 else 0
        self.inner = None if node.inner is None else table(node.inner)


Table = dict[int, Want]


def table(nodes: Sequence[Node]) -> Table:
    """Return attributes by tag; tags whose values pydicom mends are left to it."""
    if any(node.tag in LUT_DESCRIPTORS for node in nodes):
        message = "lookup table descriptors need pydicom's correction of their sign"
        raise AssertionError(message)
    return {int(node.tag): Want(node) for node in nodes}


WANTED = table(NODES)


def plain_want(tag: int) -> Want | None:
    """Return what is wanted of the top level if it is a plain value, not a sequence."""
    want = WANTED.get(tag)
    return want if want is not None and want.inner is None else None


def check_charset(raw: bytes) -> None:
    """Let a file pass whose text is ASCII wherever its bytes are.

    Raises
    ------
    ValueError
        When the character set is not one of :data:`CHARSETS`.
    """
    for name in raw.decode("ascii").rstrip(" \0").split("\\"):
        if name not in CHARSETS:
            raise OddError(name)


def identifier(raw: bytes) -> str:
    r"""Return one value as it identifies something; not cut, no value joined by ``\``."""
    text = raw.decode("ascii").rstrip("\0 ")
    if "\\" in text or "\x1b" in text:
        raise OddError(text)
    return text.strip()


def _clean(text: str) -> str:
    text = text.strip("\0 ")
    if not text.isprintable():
        if "\x1b" in text:
            raise OddError(text)
        text = "".join(character for character in text if character.isprintable())
    return text.strip()[:MAX_TEXT]


def _texts(raw: bytes) -> object | None:
    text = raw.decode("ascii")
    if "\\" in text:
        return tuple(_clean(part) for part in text.rstrip("\0 ").split("\\"))
    return _clean(text) or None


def _text(raw: bytes) -> object | None:
    return _clean(raw.decode("ascii")) or None


def _decimals(raw: bytes) -> object | None:
    text = raw.decode("ascii").strip().rstrip("\0 ")
    if "\\" in text:
        return tuple(float(part) if part.strip() else "" for part in text.split("\\"))
    return float(text) if text.strip() else None


def _integers(raw: bytes) -> object | None:
    text = raw.decode("ascii").rstrip("\0 ")
    if "\\" in text:
        return tuple(_integer(part) if part.strip() else "" for part in text.split("\\"))
    return _integer(text) if text.strip() else None


def _integer(text: str) -> int:
    number = int(text)
    if not -EXACT_INTEGERS < number < EXACT_INTEGERS:
        raise OddError(text)
    return number


def _numbers(letter: str) -> Decode:
    one = struct.Struct(f"<{letter}")

    def decode(raw: bytes) -> object | None:
        if len(raw) == one.size:
            value: object = one.unpack(raw)[0]
            return value
        count, rest = divmod(len(raw), one.size)
        if rest:
            raise OddError(letter)
        return struct.unpack(f"<{count}{letter}", raw)

    return decode


def _tags(raw: bytes) -> object | None:
    if len(raw) % 4:
        raise OddError(raw)
    halves = struct.unpack(f"<{len(raw) // 2}H", raw)
    tags = tuple(
        group << 16 | element for group, element in zip(halves[::2], halves[1::2], strict=True)
    )
    return tags if len(tags) > 1 else tags[0]


def _remembering(decode: Decode) -> Decode:
    """Decode the same short bytes once: the files of a series have most of their values in common.

    They then also share the memory of these values.
    """
    remembered = functools.lru_cache(maxsize=REMEMBERED)(decode)

    def decode_once(raw: bytes) -> object | None:
        return remembered(raw) if len(raw) <= SHORT_BYTES else decode(raw)

    return decode_once


_BY_NAME: dict[str, Decode] = {
    **dict.fromkeys(
        ("AE", "AS", "CS", "DA", "DT", "LO", "SH", "TM", "UC", "UI"), _remembering(_texts)
    ),
    **dict.fromkeys(("LT", "ST", "UT"), _text),
    "AT": _tags,
    "DS": _remembering(_decimals),
    "IS": _remembering(_integers),
    "FD": _numbers("d"),
    "FL": _numbers("f"),
    "SL": _numbers("i"),
    "SS": _numbers("h"),
    "UL": _numbers("I"),
    "US": _numbers("H"),
}

DECODERS = {vr_number(vr): decode for vr, decode in _BY_NAME.items()}
"""From the bytes of a value that is not empty to a fact; None where the fact is left out."""

IDENTIFIER_TYPES = frozenset(vr_number(vr) for vr in ("LO", "SH", "UI"))
