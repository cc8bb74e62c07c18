"""Foci on a skeleton, and how much of a segment they involve."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.scoring.segments import Segment, System
from quant.scoring.spatial.apart import Pairs
from quant.scoring.spatial.places import is_open
from quant.scoring.spatial.result import Placement
from quant.scoring.spatial.rules import LesionRules

if TYPE_CHECKING:
    from quant.scoring.spatial.bones import Bone, Skeleton
    from quant.scoring.spatial.foci import Focus, Lie, Overlap

WHOLLY = 1.0 - 1e-6
"""More of a bone than this in the field is all of it."""

Members = frozenset[int]


@dataclass(frozen=True, eq=False)
class Scene:
    """Foci on a skeleton: all that scoring needs.

    Parameters
    ----------
    skeleton : Skeleton
    foci : tuple of Focus
    lies : tuple of Lie
        One for each focus.
    places : tuple of dict of System to Placement
        One for each focus.
    same, merged : frozenset of (int, int)
        Foci that are one lesion drawn twice; foci within one resolution width (these included).
    rules : LesionRules
    """

    skeleton: "Skeleton"
    foci: "tuple[Focus, ...]"
    lies: "tuple[Lie, ...]"
    places: tuple[dict[System, Placement], ...]
    same: Pairs
    merged: Pairs
    rules: LesionRules

    def members(self, system: System, key: str, how: str = "home") -> Members:
        """Return the numbers of the foci of a segment.

        ``home``: those that count there. ``sure``: without those that may be of bone or of soft
        tissue, or lie in two segments by equal parts. ``may``: with those that may count there.
        """
        found = set()
        for n, places in enumerate(self.places):
            place = places[system]
            home = key in place.segments
            if how == "sure":
                home = home and key not in place.also and not is_open(place)
            if home or (how == "may" and key in place.also):
                found.add(n)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of a segment is involved: of what was seen, and at least and at most of all."""

    seen: float
    least: float
    most: float
    largest: float
    largest_least: float
    bone: str
    bone_fraction: float


def reach_of(scene: Scene, segment: Segment, members: Members) -> Reach:
    """Work out how much of a segment some foci involve together."""
    bones = scene.skeleton.of_segment(segment.system, segment.key)
    rows = [_on_bone(scene, bone, members) for bone in bones if bone.seen is not None]
    whole = sum(bone.whole_voxels for bone in bones)
    seen = sum(bone.seen_voxels for bone in bones)
    if seen <= 0.0:
        return Reach(0.0, 0.0, 0.0, 0.0, 0.0, "", 0.0)
    involved = sum(row[1] for row in rows)
    most_involved = max(rows, key=lambda row: row[1] / row[2])
    bone_fraction = most_involved[1] / most_involved[2]
    single = max(
        (sum(lap.voxels for lap in laps_of(scene, n, bones).values()) for n in members), default=0.0
    )
    largest, largest_least = single / seen, single / whole
    fraction, least, most = (
        involved / seen, involved / whole, (involved + whole - seen) / whole
    )  # fmt: skip
    if segment.system is System.SIOPEN and scene.rules.siopen_extent == "bone":
        fraction = largest = bone_fraction
        least = largest_least = max(row[1] / row[3] for row in rows)
        most = max((row[1] + row[3] - row[2]) / row[3] for row in rows)
    if seen >= WHOLLY * whole:
        least = most = fraction
        largest_least = largest
    touched = most_involved[0] if bone_fraction > 0.0 else ""
    return Reach(fraction, least, most, largest, largest_least, touched, bone_fraction)


def laps_of(scene: Scene, n: int, bones: "list[Bone]") -> "dict[str, Overlap]":
    """Return what one focus covers of some bones."""
    names = {bone.name for bone in bones}
    return {name: lap for name, lap in scene.lies[n].on.items() if name in names}


def _on_bone(scene: Scene, bone: "Bone", members: Members) -> tuple[str, float, float, float]:
    """Return a bone's name, its involved, seen and whole voxels; what foci share counts once."""
    seen, whole = bone.seen_voxels, bone.whole_voxels
    laps = [scene.lies[n].on[bone.name] for n in members if bone.name in scene.lies[n].on]
    if bone.seen is None or not laps:
        return bone.name, 0.0, seen, whole
    if len(laps) == 1:
        return bone.name, laps[0].voxels, seen, whole
    union = np.zeros(bone.seen.weights.shape, dtype=np.float32)
    for lap in laps:
        np.maximum(union[lap.box], lap.weights, out=union[lap.box])
    return bone.name, float(union.sum(dtype=np.float64)), seen, whole
