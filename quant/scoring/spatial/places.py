"""To which segment a focus belongs: by overlap, by nearness, or to soft tissue."""

from typing import TYPE_CHECKING

import numpy as np

from quant.domain.flags import Flag
from quant.domain.region import Role
from quant.scoring.readings.segments import SEGMENTS, System
from quant.scoring.spatial.bone_names import segment_of_bone
from quant.scoring.spatial.bones import surface_cloud
from quant.scoring.spatial.result import Placement

if TYPE_CHECKING:
    from quant.scoring.spatial.bones import Skeleton
    from quant.scoring.spatial.foci import Focus, Lie
    from quant.scoring.spatial.rules import LesionRules

SOFT = "soft_tissue"

EQUAL = 1e-6
"""Shares that differ by less than this are equal: the lesion counts in both, and may in one."""

TAKES_SEGMENT = 0.5
"""A lesion that takes this part of a segment counts there, whatever its share."""

DISTAL = {
    "humerus": ("forearms_hands", "upper_limb_distal"),
    "femur": ("lower_legs_feet", "lower_limb_distal"),
}
"""By the last bone that the free model delineates: the segments of Curie and SIOPEN beyond it."""


def is_open(place: Placement) -> bool:
    """Tell whether a placement leaves open if the lesion is of bone or of soft tissue at all."""
    return SOFT in place.also or (SOFT in place.segments and bool(place.also))


def place_focus(
    focus: "Focus", lie: "Lie", skeleton: "Skeleton", rules: "LesionRules"
) -> tuple[dict[System, Placement], tuple[Flag, ...]]:
    """Give a focus to the segments of both systems.

    Parameters
    ----------
    focus : Focus
    lie : Lie
    skeleton : Skeleton
    rules : LesionRules

    Returns
    -------
    places : dict of System to Placement
    flags : tuple of Flag
        ``SCORE_LESION_ACROSS``, ``SCORE_BONE_OR_SOFT``, ``SCORE_LESION_BEYOND_BONES``.
    """
    primary = focus.role is Role.TUMOUR
    belongs = lie.on_bone if primary else lie.near_bone
    of_bone = belongs >= rules.near_share
    doubtful = abs(belongs - rules.near_share) < rules.near_margin - EQUAL or (
        of_bone and lie.on_bone < rules.on_bone_sure
    )
    places: dict[System, Placement] = {}
    flags: dict[str, str] = {}
    for system in (System.CURIE, System.SIOPEN):
        homes, across = _segments(lie, skeleton, system, rules)
        if not of_bone:
            beyond = _beyond(focus, lie, skeleton, system)
            also = (*homes, *across) if doubtful else beyond
            if beyond:
                flags["SCORE_LESION_BEYOND_BONES"] = f"{focus.key}: nearest bone {lie.nearest}"
            places[system] = Placement((SOFT,), also, _why_soft(lie, belongs, primary=primary))
        else:
            also = (*across, SOFT) if doubtful else across
            places[system] = Placement(homes, also, _why_bone(lie, belongs))
            if across:
                flags["SCORE_LESION_ACROSS"] = (
                    f"{focus.key}: {', '.join(homes)} and {', '.join(across)}"
                )
    if doubtful:
        flags["SCORE_BONE_OR_SOFT"] = f"{focus.key}: {100 * belongs:.0f} % on or near bone"
    return places, tuple(Flag(code, detail) for code, detail in flags.items())


def _segments(
    lie: "Lie", skeleton: "Skeleton", system: System, rules: "LesionRules"
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the segments where a focus counts by its overlap, and those it may count in."""
    if not lie.on:
        key = segment_of_bone(system, lie.nearest)
        return ((key,) if key else ()), ()
    voxels: dict[str, float] = {}
    for name, overlap in lie.on.items():
        key = segment_of_bone(system, name)
        if key:
            voxels[key] = voxels.get(key, 0.0) + overlap.voxels
    if not voxels:
        return (), ()
    most, total = max(voxels.values()), sum(voxels.values())
    order = [one.key for one in SEGMENTS[system] if one.key in voxels]
    homes = tuple(
        key for key in order
        if voxels[key] >= most * (1.0 - EQUAL)
        or voxels[key] >= TAKES_SEGMENT * _seen_voxels(skeleton, system, key)
    )  # fmt: skip
    equal = [
        key for key in homes if voxels[key] < TAKES_SEGMENT * _seen_voxels(skeleton, system, key)
    ]
    across = tuple(
        key
        for key in order
        if (key not in homes and voxels[key] >= rules.across_from * total)
        or (key in equal and len(equal) > 1)
    )
    return homes, across


def _seen_voxels(skeleton: "Skeleton", system: System, key: str) -> float:
    return sum(bone.seen_voxels for bone in skeleton.of_segment(system, key))


def _beyond(focus: "Focus", lie: "Lie", skeleton: "Skeleton", system: System) -> tuple[str, ...]:
    """Return the distal segment in which a lesion off the bones may lie, if it has no bones."""
    bone, _, side = lie.nearest.partition("_")
    if bone not in DISTAL or lie.on or not _past_end(focus, lie.nearest, skeleton):
        return ()
    curie, siopen = DISTAL[bone]
    key = curie if system is System.CURIE else f"{side}_{siopen}"
    return () if skeleton.of_segment(system, key) or not side else (key,)


def _past_end(focus: "Focus", bone: str, skeleton: "Skeleton") -> bool:
    """Tell whether a focus lies beyond the end of a long bone that points away from the trunk."""
    trunk = np.mean([one.centroid_mm for one in skeleton.bones.values()], axis=0)
    points = surface_cloud(skeleton.bones[bone].whole).points_mm
    far = points[int(np.argmax(np.linalg.norm(points - trunk, axis=1)))]
    near = points[int(np.argmax(np.linalg.norm(points - far, axis=1)))]
    return float((np.array(focus.centroid_mm) - far) @ (far - near)) > 0.0


def _why_bone(lie: "Lie", belongs: float) -> str:
    if lie.on:
        return f"{100 * lie.on_bone:.0f} % of it on bone, {100 * belongs:.0f} % on or near bone"
    return f"touches no bone; {lie.nearest} is {lie.distance_mm:.1f} mm away"


def _why_soft(lie: "Lie", belongs: float, *, primary: bool) -> str:
    where = "on bone" if primary else "on or near bone"
    nearest = f"{lie.nearest} {lie.distance_mm:.1f} mm away" if not lie.on else f"on {lie.nearest}"
    return f"{100 * belongs:.0f} % of it {where} ({nearest})"
