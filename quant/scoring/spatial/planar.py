"""The planar-equivalent: lesions seen from the front and from the back, and scored again.

Each focus casts a shadow along the patient's front-to-back axis (LPS y), whatever the axes of its
grid. Foci whose shadows lie within the planar resolution are one focus. A focus whose whole shadow
lies within the planar resolution of that of a nearer focus of *another* segment is hidden in that
view. Fractions are of shadows, too. Attenuation, scatter and uptake of normal organs, which hide
more in a real planar image, are not modelled: the planar-equivalent shows what projection alone
costs.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from quant.scoring.readings.segments import SEGMENTS, Segment, System
from quant.scoring.readings.totals import Evidence, SegmentScore
from quant.scoring.spatial.apart import Cloud, Pairs, close_pairs, count_apart, voxel_reach
from quant.scoring.spatial.bones import centres_mm, core
from quant.scoring.spatial.places import SOFT
from quant.scoring.spatial.result import PlanarView, SegmentByRule, SystemByRule
from quant.scoring.spatial.rules import Involvement, level_of, rule_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quant.scoring.spatial.scene import Members, Scene

VIEWS = {"anterior": 1.0, "posterior": -1.0}
"""Sign of LPS y (to the back) by which depth grows away from the camera."""

DEPTH = 1
"""The front-to-back axis of LPS."""

PIXEL = 1.5
"""Size of a shadow's pixel in voxels, so that the projected voxel centres leave no holes."""

Pixels = frozenset[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Shadows:
    """Projections of the foci of a scene, the same in both views.

    Parameters
    ----------
    scene : Scene
    """

    scene: "Scene"

    @cached_property
    def clouds(self) -> tuple[Cloud, ...]:
        """Voxel centres of each focus without their depth."""
        return tuple(focus.cloud.flattened(DEPTH) for focus in self.scene.foci)

    @cached_property
    def merged(self) -> Pairs:
        """Foci that are one in the plane: those that 3D cannot tell apart included."""
        return close_pairs(self.clouds, self.scene.rules.planar_fwhm_mm) | self.scene.merged

    @cached_property
    def pixel_mm(self) -> float:
        """Size of a pixel."""
        return PIXEL * float(self.scene.skeleton.grid.spacing_mm.max())

    def pixels(self, points_mm: "NDArray[np.float64]") -> Pixels:
        """Pixels that hold some of (N, 3) points."""
        index = np.floor(points_mm[:, [0, 2]] / self.pixel_mm).astype(np.int64)
        return frozenset((int(x), int(z)) for x, z in np.unique(index, axis=0))

    @cached_property
    def bones(self) -> dict[str, Pixels]:
        """Shadow of what was seen of each bone."""
        return {
            name: self.pixels(centres_mm(bone.seen, core(bone.seen)))
            for name, bone in self.scene.skeleton.bones.items()
            if bone.seen is not None
        }

    @cached_property
    def involved(self) -> dict[tuple[int, str], Pixels]:
        """Shadow of what each focus covers of each bone."""
        found = {}
        for n, lie in enumerate(self.scene.lies):
            for name, lap in lie.on.items():
                seen = self.scene.skeleton.bones[name].seen
                if seen is None:
                    continue
                covered = np.zeros(seen.weights.shape, dtype=bool)
                covered[lap.box] = lap.weights >= 0.5
                found[n, name] = self.pixels(centres_mm(seen, covered & core(seen)))
        return found

    def involvement(self, segment: Segment, members: "Members") -> tuple[Involvement, str, float]:
        """Foci and fractions of a segment in the plane; the most involved bone and its part."""
        names = [b.name for b in self.scene.skeleton.of_segment(segment.system, segment.key)]
        whole = frozenset[tuple[int, int]]().union(*(self.bones.get(name, ()) for name in names))
        area = max(len(whole), 1)
        single = [self._cover(names, [n]) for n in members]
        per_bone = {
            name: len(self._cover([name], members)) / len(self.bones[name])
            for name in names if self.bones.get(name)
        }  # fmt: skip
        bone = max(sorted(per_bone), key=lambda name: per_bone[name], default="")
        most = per_bone.get(bone, 0.0)
        fraction = len(self._cover(names, members)) / area
        largest = max((len(one) for one in single), default=0) / area
        if segment.system is System.SIOPEN and self.scene.rules.siopen_extent == "bone":
            fraction = largest = most
        foci = count_apart(members, self.merged)
        return Involvement(foci, fraction, largest), bone if most else "", most

    def _cover(self, names: list[str], members: "Members | list[int]") -> Pixels:
        found = (self.involved.get((n, name), frozenset()) for n in members for name in names)
        return frozenset[tuple[int, int]]().union(*found)


def planar_views(scene: "Scene", solid: dict[System, SystemByRule]) -> tuple[PlanarView, ...]:
    """Score the projections from the front and from the back.

    Parameters
    ----------
    scene : Scene
    solid : dict of System to SystemByRule
        The scores in 3D: what is not assessable there is not in the plane.
    """
    shadows = Shadows(scene)
    keys = [focus.key for focus in scene.foci]
    pairs = tuple(sorted((keys[i], keys[j]) for i, j in shadows.merged))
    views = []
    for view, sign in VIEWS.items():
        hidden = {system: _hidden(shadows, system, sign) for system in solid}
        systems = {
            system: _score(shadows, scored, hidden[system]) for system, scored in solid.items()
        }
        behind = {keys[n]: keys[by] for one in hidden.values() for n, by in one.items()}
        views.append(PlanarView(view, systems, dict(sorted(behind.items())), pairs))
    return tuple(views)


def _hidden(shadows: Shadows, system: System, sign: float) -> dict[int, int]:
    """Return, for every focus hidden in a view, the nearer focus of another segment before it."""
    scene, found = shadows.scene, {}
    for n, focus in enumerate(scene.foci):
        own = set(scene.places[n][system].segments)
        for other, nearer in enumerate(scene.foci):
            pair = (min(n, other), max(n, other))
            apart = own.isdisjoint(scene.places[other][system].segments)
            before = sign * (focus.centroid_mm[DEPTH] - nearer.centroid_mm[DEPTH]) > 0.0
            if pair in shadows.merged and apart and before and _covers(shadows, other, n):
                found[n] = other
                break
    return found


def _covers(shadows: Shadows, front: int, back: int) -> bool:
    """Tell whether all of one shadow lies within the planar resolution of another."""
    from scipy.spatial import cKDTree

    one, other = shadows.clouds[front], shadows.clouds[back]
    distances, nearest = cKDTree(one.points_mm).query(other.points_mm)
    reach = voxel_reach(one.steps_mm, one.points_mm[nearest] - other.points_mm)
    return bool((distances - reach <= shadows.scene.rules.planar_fwhm_mm + 1e-6).all())


def _score(shadows: Shadows, solid: SystemByRule, hidden: dict[int, int]) -> SystemByRule:
    """Score one view of one system."""
    segments = tuple(
        _segment(shadows, segment, one, hidden)
        for segment, one in zip(SEGMENTS[solid.system], solid.segments, strict=True)
    )
    return SystemByRule(solid.system, segments)


def _segment(
    shadows: Shadows, segment: Segment, solid: SegmentByRule, hidden: dict[int, int]
) -> SegmentByRule:
    if not solid.score.assessable:
        return solid
    scene = shadows.scene
    members = scene.members(segment.system, segment.key) - frozenset(hidden)
    seen, bone, most = shadows.involvement(segment, members)
    if segment.key == SOFT:
        level = min(seen.foci, 2 if segment.system is System.CURIE else 1)
        rule = "siopen-soft-1" if segment.system is System.SIOPEN and level else (
            f"{segment.system}-{level}"
        )  # fmt: skip
    else:
        level = level_of(segment.system, seen, scene.rules)
        rule = f"{segment.system}-{level}"
    keys = tuple(scene.foci[n].key for n in sorted(members))
    text = f"projected: {rule_of(rule).text}"
    evidence = (Evidence(text, keys, min(seen.fraction, 1.0), segment.label, rule),)
    score = SegmentScore(
        segment.system, segment.key, level, solid.score.in_field, evidence=evidence
    )
    return SegmentByRule(score, level, level, rule, seen.foci, seen.foci, seen.fraction, bone, most)
