"""Private attributes that become facts, found by the creator of their block."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.tag import Tag

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAX_TEXT = 256


@dataclass(frozen=True, slots=True)
class PrivateNode:
    """A private attribute of the top level that becomes a fact.

    Parameters
    ----------
    keyword : str
        Name of the fact; there is no DICOM keyword.
    group : int
        Odd group number.
    creator : str
        What reserves the block (PS3.5 section 7.8.1): element (group, 00bb) holds the creator,
        bb = 10 to FF, and the attribute is (group, bbee).
    element : int
        ee.
    is_number : bool
        A decimal string; else text.
    is_mark : bool
        Only its presence, in a block of its creator, counts; the value is not looked at.
    """

    keyword: str
    group: int
    creator: str
    element: int
    is_number: bool
    is_mark: bool = False

    def tag(self, block: int) -> int:
        """Return the attribute's tag in a block (0x10 to 0xFF)."""
        return self.group << 16 | block << 8 | self.element


PRIVATE = (
    PrivateNode("GEScanDateTime", 0x0009, "GEMS_PETD_01", 0x0D, is_number=False),
    PrivateNode("PhilipsSUVScaleFactor", 0x7053, "Philips PET Private Group", 0x00, is_number=True),
    PrivateNode(
        "PhilipsActivityScaleFactor", 0x7053, "Philips PET Private Group", 0x09, is_number=True
    ),
    PrivateNode("GEPixelScale", 0x0011, "GEMS_GENIE_1", 0x3B, is_number=False, is_mark=True),
    PrivateNode("GEPixelOffset", 0x0011, "GEMS_GENIE_1", 0x3C, is_number=False, is_mark=True),
)
"""Private attributes that become facts; how they are matched says :func:`private_facts`."""

PRIVATE_GROUPS = frozenset(node.group for node in PRIVATE)

BLOCKS = range(0x10, 0x100)

PRIVATE_TAGS = frozenset(
    Tag(number)
    for number in (
        *(group << 16 | block for group in sorted(PRIVATE_GROUPS) for block in BLOCKS),
        *(node.tag(block) for node in PRIVATE for block in BLOCKS),
    )
)
"""Every tag that :func:`private_facts` may look at: creators, and the attributes in any block."""


def private_facts(elements: Mapping[int, tuple[str, bytes]]) -> dict[str, object]:
    """Find the attributes of :data:`PRIVATE` among the private elements of a file's top level.

    The creator is looked for first, in any block; spaces and letter case do not matter. Where no
    element names the creator, the attribute counts in block 10, provided that nobody else has
    reserved that block: some anonymisers and phantoms drop the creators. ``PrivateFallback``
    names what was found without its creator, or with its type lost (VR UN).

    Parameters
    ----------
    elements : dict of int to (str, bytes)
        VR (empty where the syntax is implicit) and value as stored, by tag, of the elements of
        :data:`PRIVATE_TAGS` that are there. All values are text, so byte order does not matter.
    """
    found: dict[str, object] = {}
    doubts: list[str] = []
    if not elements:
        return found
    reserved = _creators(elements)
    for node in PRIVATE:
        creators = reserved.get(node.group, {})
        blocks = [block for block, name in creators.items() if name.upper() == node.creator.upper()]
        known = next((block for block in blocks if node.tag(block) in elements), None)
        block = known if known is not None else 0x10
        if node.tag(block) not in elements or (known is None and creators.get(block)):
            continue
        if node.is_mark:
            found |= {node.keyword: "present"} if known is not None else {}
            continue
        vr, stored = elements[node.tag(block)]
        value = _private_value(node, _decoded(stored))
        if value is None:
            continue
        found[node.keyword] = value
        reason = "no creator" if known is None else "VR UN" if vr == "UN" else ""
        if reason:
            doubts.append(f"{node.keyword}: {reason}")
    if doubts:
        found["PrivateFallback"] = tuple(doubts)
    return found


def _creators(elements: Mapping[int, tuple[str, bytes]]) -> dict[int, dict[int, str]]:
    """Return who has reserved which block, by group, in the order of the blocks."""
    found: dict[int, dict[int, str]] = {}
    for tag in sorted(elements):
        if tag & 0xFFFF in BLOCKS:
            found.setdefault(tag >> 16, {})[tag & 0xFFFF] = _decoded(elements[tag][1])
    return found


def _decoded(stored: bytes) -> str:
    return stored.decode("latin-1").strip(" \0")


def _private_value(node: PrivateNode, value: str) -> object | None:
    if not node.is_number:
        return value[:MAX_TEXT] if value and value.isprintable() else None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def private_elements(data: "Dataset") -> dict[int, tuple[str, bytes]]:
    """Return the private elements of a data set's top level as :func:`private_facts` wants them."""
    found: dict[int, tuple[str, bytes]] = {}
    for tag in data.keys() & PRIVATE_TAGS:
        element = data.get_item(tag)
        stored = element.value
        if isinstance(stored, str | int | float):
            stored = str(stored).encode("latin-1", "replace")
        if isinstance(stored, bytes):
            found[int(tag)] = (element.VR or "", stored)
    return found
