"""The quick part of the walk: over the plain elements of the top level.

Nothing here raises but ``ValueError``: what needs more care is left to
:mod:`quant.dicom.files.walker`.
"""

import struct

from quant.dicom.files.private import PRIVATE_TAGS
from quant.dicom.files.walker_values import (
    CHARSET,
    DECODERS,
    HEADS,
    IDENTIFIERS,
    WANTED,
    plain_want,
)

PIXELS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF

STOPS = frozenset((
    *WANTED, *PRIVATE_TAGS, *PIXELS, *IDENTIFIERS, CHARSET, ITEM, ITEM_END, SEQUENCE_END,
))  # fmt: skip
"""Tags that are looked at; every other element is hopped over."""

PLAIN = {(tag & 0xFFFF) << 16 | tag >> 16: plain_want(tag) for tag in sorted(STOPS)}
"""What to do with these, by tag with its halves swapped, as little-endian files store it: take
the value, or leave it (None) to the slower walk."""

QUICK_EXPLICIT, QUICK_IMPLICIT = struct.Struct("<IHHI"), struct.Struct("<II")


def keep(facts: dict[str, object], path: str, vr: int, raw: bytes) -> None:
    """Note a value unless it is empty."""
    value = DECODERS[vr](raw) if raw else None
    if value is not None:
        facts[path] = value


def hop_explicit(
    window: tuple[bytes, int], at: int, last: int, facts: dict[str, object]
) -> tuple[int, int]:
    """Hop over elements that nobody wants, and take in plain ones, as far as the window goes.

    Parameters
    ----------
    window : tuple of (bytes, int)
        A part of the file, padded with 16 bytes, and its length without them.
    at, last : int
        Where to begin in it, and the last tag that was taken in.
    facts : dict of str to object
        Where values go.

    Returns
    -------
    tuple of (at, last)
        Where something comes that needs more care, and the last tag that was taken in.
    """
    unpack, heads, plain = QUICK_EXPLICIT.unpack_from, HEADS, PLAIN
    buffer, limit = window
    while at + 12 <= limit:
        swapped, vr, length, long_length = unpack(buffer, at)
        head = heads.get(vr)
        if head != 8:
            if head is None:
                break
            length = long_length
        if length & 1:
            break
        if swapped in plain:
            want, end = plain[swapped], at + head + length
            if want is None or end > limit or want.tag <= last or vr not in DECODERS:
                break
            keep(facts, want.keyword, vr, buffer[at + head : end])
            last = want.tag
        at += head + length
    return at, last


def hop_implicit(
    window: tuple[bytes, int], at: int, last: int, facts: dict[str, object]
) -> tuple[int, int]:
    """Hop as :func:`hop_explicit` does, where elements do not state their type."""
    unpack, plain = QUICK_IMPLICIT.unpack_from, PLAIN
    buffer, limit = window
    while at + 8 <= limit:
        swapped, length = unpack(buffer, at)
        if length & 1:
            break
        if swapped in plain:
            want, end = plain[swapped], at + 8 + length
            if want is None or end > limit or want.tag <= last or want.vr not in DECODERS:
                break
            keep(facts, want.keyword, want.vr, buffer[at + 8 : end])
            last = want.tag
        at += 8 + length
    return at, last
