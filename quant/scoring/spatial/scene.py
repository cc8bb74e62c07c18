"""Foci on a skeleton, and how much of a segment they involve."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.scoring.readings.segments import Segment, System
from quant.scoring.spatial.apart import Pairs
from quant.scoring.spatial.places import is_open
from quant.scoring.spatial.result import Placement
from quant.scoring.spatial.rules import LesionRules

if TYPE_CHECKING:
    from quant.scoring.spatial.bones import Bone, Skeleton
    from quant.scoring.spatial.foci import Focus, Lie, Overlap

WHOLLY = 1.0 - 1e-6
"""More of a bone than this in the field is all of it."""

LEANINGS = (-1, 0, 1)

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
    wrong_side : frozenset of str
        Bones that do not lie on the side that their names give.
    """

    skeleton: "Skeleton"
    foci: "tuple[Focus, ...]"
    lies: "tuple[Lie, ...]"
    places: tuple[dict[System, Placement], ...]
    same: Pairs
    merged: Pairs
    rules: LesionRules
    wrong_side: frozenset[str] = frozenset()

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
class Row:
    """What is involved of a segment, or of one of its bones, in voxels of the common grid.

    Parameters
    ----------
    name : str
        Bone; empty for all bones of the segment together.
    involved : dict of int to float
        By leaning: 0 as drawn; -1 and 1 with half of what is covered in part less or more.
    largest : dict of int to float
        The same of the largest single focus.
    seen, whole : float
        In the field, and in all.
    """

    name: str
    involved: dict[int, float]
    largest: dict[int, float]
    seen: float
    whole: float

    def part(self, found: dict[int, float], lean: int, field: int) -> float:
        """Part involved of what was seen; of all with the rest free (-1) or involved (1)."""
        if field == 0 or self.seen >= WHOLLY * self.whole:
            return found[lean] / self.seen
        beyond = self.whole - self.seen if field > 0 else 0.0
        return (found[lean] + beyond) / self.whole


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of a segment is involved.

    Parameters
    ----------
    rows : tuple of Row
        Of which the most involved one counts: the segment, or its bones one by one.
    bone, bone_fraction
        The most involved bone and the part of it involved; empty and 0 without any.
    """

    rows: tuple[Row, ...]
    bone: str
    bone_fraction: float

    def fraction(self, lean: int = 0, field: int = 0) -> float:
        """Part involved by all foci together, for a leaning at every border."""
        return max((row.part(row.involved, lean, field) for row in self.rows), default=0.0)

    def largest(self, lean: int = 0, field: int = 0) -> float:
        """Part involved by the largest single focus."""
        return max((row.part(row.largest, lean, min(field, 0)) for row in self.rows), default=0.0)


def reach_of(scene: Scene, segment: Segment, members: Members) -> Reach:
    """Work out how much of a segment some foci involve together."""
    bones = scene.skeleton.of_segment(segment.system, segment.key)
    by_bone = [_bone_row(scene, bone, members) for bone in bones if bone.seen is not None]
    if not by_bone:
        return Reach((), "", 0.0)
    most = max(by_bone, key=lambda row: row.part(row.involved, 0, 0))
    fraction = most.part(most.involved, 0, 0)
    bone = most.name if fraction > 0.0 else ""
    if segment.system is System.SIOPEN and scene.rules.siopen_extent == "bone":
        return Reach(tuple(by_bone), bone, fraction)
    together = Row(
        "",
        {lean: sum(row.involved[lean] for row in by_bone) for lean in LEANINGS},
        {lean: _largest(scene, bones, members, lean) for lean in LEANINGS},
        sum(one.seen_voxels for one in bones),
        sum(one.whole_voxels for one in bones),
    )
    return Reach((together,), bone, fraction)


def _largest(scene: Scene, bones: "list[Bone]", members: Members, lean: int) -> float:
    """Voxels that the largest single focus takes of some bones."""
    return max(
        (
            sum(lap.sums[lean] for lap in laps.values())
            for laps in (laps_of(scene, n, bones) for n in members)
        ),
        default=0.0,
    )


def laps_of(scene: Scene, n: int, bones: "list[Bone]") -> "dict[str, Overlap]":
    """Return what one focus covers of some bones."""
    names = {bone.name for bone in bones}
    return {name: lap for name, lap in scene.lies[n].on.items() if name in names}


def _bone_row(scene: Scene, bone: "Bone", members: Members) -> Row:
    """Return what foci involve of one bone; what they share counts once."""
    return Row(
        bone.name,
        {lean: _union(scene, bone, members, lean) for lean in LEANINGS},
        {lean: _largest(scene, [bone], members, lean) for lean in LEANINGS},
        bone.seen_voxels,
        bone.whole_voxels,
    )


def _union(scene: Scene, bone: "Bone", members: Members, lean: int) -> float:
    laps = [scene.lies[n].on[bone.name] for n in members if bone.name in scene.lies[n].on]
    if bone.seen is None or not laps:
        return 0.0
    if len(laps) == 1:
        return laps[0].sums[lean]
    union = np.zeros(bone.seen.weights.shape, dtype=np.float32)
    for lap in laps:
        np.maximum(union[lap.box], lap.covered[lean], out=union[lap.box])
    return float(union.sum(dtype=np.float64))
