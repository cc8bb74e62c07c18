"""The segments of the modified Curie and the SIOPEN score: names, sides, levels, bones.

References
----------
.. [1] Yanik et al. 2013, doi:10.2967/jnumed.112.112334 (modified Curie, ten segments).
.. [2] Lewington et al. 2017, Eur J Nucl Med Mol Imaging 44:234 (SIOPEN, twelve segments).
.. [3] Ady et al. 1995 (original Curie: extension and intensity).
.. [4] Matthay et al. 2010, Br J Cancer 102:1319 (soft tissue of the modified Curie).
"""

from dataclasses import dataclass
from enum import StrEnum


class System(StrEnum):
    """A set of segments that are scored together and, where the system has one, added up."""

    CURIE = "curie"
    """Modified Curie: extension only, ten segments of 0 to 3."""
    SIOPEN = "siopen"
    """SIOPEN: extension only, twelve skeletal segments of 0 to 6."""
    CURIE_INTENSITY = "curie_intensity"
    """Intensity of the original Curie: an item of its own, never mixed with an extension score."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a scoring system.

    Parameters
    ----------
    system : System
    key : str
        Stable name in tables, unique within its system.
    number : int
        Place in the system, from 1; 0 for an item outside the total.
    label : str
        For people.
    maximum : int
        Highest level; levels are the whole numbers from 0 to it.
    side : str
        ``left``, ``right`` or empty where the two sides share the segment.
    bones : tuple of str
        Names of the structures (those of TotalSegmentator's task ``total``) that make it up.
    bones_missing : str
        What of the segment that task does not delineate; such a part is not assessable in 3D.
    in_total : bool
        Whether its score is added to the total.
    """

    system: System
    key: str
    number: int
    label: str
    maximum: int
    side: str = ""
    bones: tuple[str, ...] = ()
    bones_missing: str = ""
    in_total: bool = True


def _pair(name: str) -> tuple[str, str]:
    return f"{name}_left", f"{name}_right"


CERVICAL = tuple(f"vertebrae_C{n}" for n in range(1, 8))
THORACIC = tuple(f"vertebrae_T{n}" for n in range(1, 13))
LUMBAR = tuple(f"vertebrae_L{n}" for n in range(1, 6))
SACRUM = ("vertebrae_S1", "sacrum")
CAGE = (
    *(f"rib_{side}_{n}" for side in ("left", "right") for n in range(1, 13)),
    "sternum",
    *_pair("clavicula"),
    *_pair("scapula"),
)

_CURIE_ROWS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("head", "Head and face", ("skull",), ""),
    ("cervical_thoracic_spine", "Cervical and thoracic spine", (*CERVICAL, *THORACIC), ""),
    ("chest", "Ribs, sternum, clavicles, scapulae", CAGE, ""),
    ("lumbar_spine_sacrum", "Lumbar spine and sacrum", (*LUMBAR, *SACRUM), ""),
    ("pelvis", "Pelvis", _pair("hip"), ""),
    ("upper_arms", "Upper arms", _pair("humerus"), ""),
    ("forearms_hands", "Forearms and hands", (), "forearms and hands"),
    ("thighs", "Thighs (femora)", _pair("femur"), ""),
    ("lower_legs_feet", "Lower legs and feet", (), "lower legs and feet"),
    ("soft_tissue", "Soft tissue", (), ""),
)

_SIOPEN_ROWS: tuple[tuple[str, str, str, tuple[str, ...], str], ...] = (
    ("skull", "Skull", "", ("skull",), ""),
    ("thoracic_cage", "Thoracic cage", "", CAGE, ""),
    ("spine", "Spine", "", (*CERVICAL, *THORACIC, *LUMBAR, *SACRUM), ""),
    ("pelvis", "Pelvis", "", _pair("hip"), ""),
    *(
        (
            f"{side}_{limb}_limb_{part}",
            f"{side.capitalize()} {limb} limb, {part}",
            side,
            (f"{bone}_{side}",) if part == "proximal" else (),
            "" if part == "proximal" else lacks,
        )
        for limb, bone, lacks in (
            ("upper", "humerus", "forearm and hand"),
            ("lower", "femur", "lower leg and foot"),
        )
        for side in ("right", "left")
        for part in ("proximal", "distal")
    ),
)


def _curie(system: System) -> tuple[Segment, ...]:
    return tuple(
        Segment(system, key, number, label, 3, bones=bones, bones_missing=missing)
        for number, (key, label, bones, missing) in enumerate(_CURIE_ROWS, start=1)
    )


def _siopen() -> tuple[Segment, ...]:
    skeletal = tuple(
        Segment(System.SIOPEN, key, number, label, 6, side, bones, missing)
        for number, (key, label, side, bones, missing) in enumerate(_SIOPEN_ROWS, start=1)
    )
    apart = Segment(
        System.SIOPEN, "soft_tissue", 0, "Soft tissue (recorded apart)", 1, in_total=False
    )
    return (*skeletal, apart)


SEGMENTS: dict[System, tuple[Segment, ...]] = {
    System.CURIE: _curie(System.CURIE),
    System.SIOPEN: _siopen(),
    System.CURIE_INTENSITY: _curie(System.CURIE_INTENSITY),
}
"""Segments of each system in their order. The sacrum is counted with the spine in both systems;
for SIOPEN the sources do not say (unverified, see ``docs/scoring.md``)."""

LEVELS: dict[System, tuple[str, ...]] = {
    System.CURIE: (
        "no site",
        "one site",
        "more than one site",
        "diffuse: more than 50 % of the segment (soft tissue: of chest or abdomen, unverified)",
    ),
    System.SIOPEN: (
        "no focus",
        "one discrete focus",
        "two discrete foci",
        "three discrete foci",
        "more than three foci, or one diffuse lesion of less than 50 % of a bone",
        "diffuse involvement of 50 to 95 % of a bone",
        "whole bone: more than 95 %",
    ),
    System.CURIE_INTENSITY: ("none", "doubtful", "below the liver", "above the liver"),
}
"""What each level means; the position in the tuple is the score."""


def total_segments(system: System) -> tuple[Segment, ...]:
    """Segments whose scores are added up."""
    return tuple(one for one in SEGMENTS[system] if one.in_total)


def maximum_of(system: System) -> int:
    """Highest total of a system: 30, 72 or 30."""
    return sum(one.maximum for one in total_segments(system))


def segment_of(system: System, key: str) -> Segment:
    """Segment of a system by its key.

    Raises
    ------
    KeyError
        If the system has no such segment.
    """
    for one in SEGMENTS[system]:
        if one.key == key:
            return one
    raise KeyError(key)
