"""Names of bones, and the segments of Curie and SIOPEN to which each belongs.

Names are those of TotalSegmentator's tasks ``total`` (trunk, skull, upper arms, thighs) and
``appendicular_bones`` (the rest, under a licence of its own), of 3D Slicer's exports of them, and a
few everyday words. A side comes from the name alone; :func:`side_flags` compares it with where the
bone lies.

Of a limb, humerus and femur are the proximal segment; forearm and hand, lower leg and foot the
distal one. The kneecap goes with the lower leg. The sacrum goes with the spine (see
:mod:`quant.scoring.readings.segments`).
"""

import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.scoring.readings.segments import SEGMENTS, Segment, System

if TYPE_CHECKING:
    from collections.abc import Mapping

SIDES = ("left", "right")

CAVITIES = ("thoracic_cavity", "abdominal_cavity")
"""Names of the regions that stand for chest and abdomen."""

FOREARM_HAND = ("ulna", "radius", "carpal", "metacarpal", "phalanges_hand")
LEG_FOOT = ("tibia", "fibula", "patella", "tarsal", "metatarsal", "phalanges_feet")
"""Bones of the distal limbs, without their side."""

OPTIONAL = frozenset({"vertebrae_S1", "patella_left", "patella_right"})
"""Bones that may be absent though their segment was seen whole: older models draw S1 with the
sacrum; small children have no bony kneecap."""

_WORDS = {
    "clavicle": "clavicula",
    "vertebra": "vertebrae",
    "hip_bone": "hip",
    "cranium": "skull",
    "hand_phalanges": "phalanges_hand",
    "foot_phalanges": "phalanges_feet",
    "phalanges_foot": "phalanges_feet",
    "carpals": "carpal",
    "metacarpals": "metacarpal",
    "tarsals": "tarsal",
    "metatarsals": "metatarsal",
}
"""Everyday words and their canonical form, after a name was brought to small letters."""

_HEAD_PARTS = ("mandible",)
"""Bones that lie within a segment without a bone of that name in the table."""

_PAIRED = ("clavicula", "scapula", "humerus", "femur", "hip", *FOREARM_HAND, *LEG_FOOT)

_COPY = re.compile(r" \(\d+\)$")
_RIB = re.compile(r"rib_(?:(left|right)_)?(\d{1,2})(?:_(left|right))?")
_VERTEBRA = re.compile(r"vertebrae_([ctls])_?(\d{1,2})")
_LAST = {"C": 7, "T": 13, "L": 6, "S": 1}
"""Highest number of a vertebra; T13 and L6 occur."""


def canonical_bone(name: str) -> str:
    """Return the canonical name of a bone; empty when the name is of none.

    Parameters
    ----------
    name : str
        Segment label, label name or file stem: ``rib_left_4``, ``Left rib 4``, ``vertebrae_L2``,
        ``Vertebrae L2``, ``clavicle_right``.

    Returns
    -------
    str
        ``rib_left_4``, ``vertebrae_L2``, ``clavicula_right``; a paired bone named without a side
        keeps its plain name.
    """
    words = re.sub(r"[^a-z0-9]+", "_", _COPY.sub("", name).lower()).strip("_")
    for word, canonical in _WORDS.items():
        words = re.sub(rf"(?<![a-z]){word}(?![a-z])", canonical, words)
    vertebra = _VERTEBRA.fullmatch(words)
    if vertebra:
        kind, number = vertebra[1].upper(), int(vertebra[2])
        return f"vertebrae_{kind}{number}" if 1 <= number <= _LAST[kind] else ""
    side, words = _side_of(words)
    rib = _RIB.fullmatch(words)
    if rib:
        return f"rib_{side}_{int(rib[2])}" if side and 1 <= int(rib[2]) <= 13 else ""
    if words in ("skull", "sternum", "sacrum", *_HEAD_PARTS) and not side:
        return words
    if words in _PAIRED:
        return f"{words}_{side}" if side else words
    return ""


def _side_of(words: str) -> tuple[str, str]:
    """Take one side out of a name of words joined by underscores."""
    parts = words.split("_")
    found = [part for part in parts if part in SIDES]
    if len(found) != 1:
        return "", words
    return found[0], "_".join(part for part in parts if part not in SIDES)


def segment_bones(segment: Segment) -> tuple[str, ...]:
    """Return the bones that make up a segment, those of the distal limbs included.

    Parameters
    ----------
    segment : Segment
        Of Curie or SIOPEN.
    """
    if segment.bones:
        return segment.bones
    sides = (segment.side,) if segment.side else SIDES
    kinds: tuple[str, ...] = ()
    if segment.key == "forearms_hands" or segment.key.endswith("upper_limb_distal"):
        kinds = FOREARM_HAND
    elif segment.key == "lower_legs_feet" or segment.key.endswith("lower_limb_distal"):
        kinds = LEG_FOOT
    return tuple(f"{kind}_{side}" for kind in kinds for side in sides)


def segment_of_bone(system: System, bone: str) -> str:
    """Return the key of the segment of a canonical bone; empty when it cannot be told.

    A limb bone without a side has a segment in Curie, whose sides share segments, but none in
    SIOPEN.
    """
    return _table(system).get(bone, "")


@cache
def _table(system: System) -> "Mapping[str, str]":
    """Return the segment of every bone name, additional vertebrae, ribs and the jaw included."""
    table = {bone: segment.key for segment in SEGMENTS[system] for bone in segment_bones(segment)}
    table["mandible"] = table["skull"]
    table["vertebrae_T13"], table["vertebrae_L6"] = table["vertebrae_T12"], table["vertebrae_L5"]
    for side in SIDES:
        table[f"rib_{side}_13"] = table[f"rib_{side}_12"]
    for kind in _PAIRED:  # where both sides share a segment, a bone without a side has it, too
        if table[f"{kind}_left"] == table[f"{kind}_right"]:
            table[kind] = table[f"{kind}_left"]
    return MappingProxyType(table)


def needed_bones(segment: Segment) -> tuple[str, ...]:
    """Return the bones that must be there for a segment to count as seen whole."""
    return tuple(bone for bone in segment_bones(segment) if bone not in OPTIONAL)


def side_flags(centroids_mm: "Mapping[str, tuple[float, float, float]]") -> tuple[Flag, ...]:
    """Compare the sides that names give with where the bones lie.

    Parameters
    ----------
    centroids_mm : mapping of str to tuple of float
        Canonical bone to its centre of gravity, LPS mm (left is +x).

    Returns
    -------
    tuple of Flag
        ``SCORE_SIDE_MISMATCH`` naming the bones that lie on the other side: of a pair, when the
        left one lies to the right; of a single one, when it lies across the midline, the mean x
        of unpaired bones. ``SCORE_SIDE_UNKNOWN`` for paired bones named without a side. The score
        follows the names.
    """
    wrong = wrong_sides(centroids_mm)
    flags = []
    if wrong:
        flags.append(Flag("SCORE_SIDE_MISMATCH", ", ".join(sorted(wrong))))
    unsided = sorted(bone for bone in centroids_mm if bone in _PAIRED)
    if unsided:
        flags.append(Flag("SCORE_SIDE_UNKNOWN", ", ".join(unsided)))
    return tuple(flags)


def wrong_sides(centroids_mm: "Mapping[str, tuple[float, float, float]]") -> frozenset[str]:
    """Return the bones that do not lie on the side that their names give."""
    middle = [x for bone, (x, _, _) in centroids_mm.items() if _unpaired(bone)]
    return frozenset(bone for bone in centroids_mm if _lies_across(bone, centroids_mm, middle))


def _unpaired(bone: str) -> bool:
    return bone in ("skull", "sternum", "sacrum", *_HEAD_PARTS) or bone.startswith("vertebrae_")


def _lies_across(
    bone: str,
    centroids_mm: "Mapping[str, tuple[float, float, float]]",
    middle: list[float],
) -> bool:
    """Tell whether a bone named after a side lies on the other one."""
    side = next((one for one in SIDES if one in bone.split("_")), "")
    if not side:
        return False
    other = centroids_mm.get(bone.replace(side, SIDES[1 - SIDES.index(side)]))
    if other is not None:
        midline = other[0]
    elif middle:
        midline = sum(middle) / len(middle)
    else:
        return False
    offset = centroids_mm[bone][0] - midline
    return offset < 0 if side == "left" else offset > 0
