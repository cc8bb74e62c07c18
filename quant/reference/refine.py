"""The centre of a sphere within its voxel, so that it does not follow the grid.

The search of :mod:`quant.reference.ladder` looks at voxel centres only: where a grid is moved by
half a voxel, so is the sphere. Within the voxel that was taken the same choice is made again at any
place, with exact distances to the sub-voxel surfaces and all rules kept: how deep a sphere can lie
at all is sought in the deepest voxel, and of the places that are as deep but for half a voxel the
one nearest the centroid is taken. Under ``uniform`` the least variation comes first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.protocol import Criterion
from quant.reference.boxes import Index, as_index, cut, grown
from quant.reference.criteria import (
    SAME_MM,
    SAME_VARIATION,
    depth_tolerance_mm,
    first_in_world,
)
from quant.reference.local_walls import LocalWalls, nearest_mm
from quant.reference.organ import CORE_WEIGHT
from quant.reference.stencil import sphere_stencil
from quant.reference.sweep import Sweep, swept

if TYPE_CHECKING:
    from quant.domain.protocol import SphereSettings
    from quant.reference.organ import Organ

STEPS = (0.25, 0.125, 0.0625, 0.03125)
"""Steps of the pattern search, voxels: the last is how closely a centre is found."""

DIRECTIONS = np.stack(np.meshgrid(*[[-1.0, 0.0, 1.0]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
"""The pattern: 26 neighbours, and the place itself."""

SLACK_MM = 1e-6
"""Rounding allowed when a distance is compared with a limit."""

Places = NDArray[np.float64]
Score = Callable[[Places], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the taken position had to keep: radius and distances, mm; least fraction inside."""

    radius_mm: float
    edge_mm: float
    lobe_mm: float
    inside: float


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """A place between voxel centres: index, distance to the nearest wall, what the sphere holds."""

    index: NDArray[np.float64]
    depth_mm: float
    sweep: Sweep


@dataclass(slots=True)
class Refinement:
    """The search within voxels of one organ and one volume.

    ``focus`` is the value above which a voxel is a focus, and how far it must be, mm.
    """

    organ: "Organ"
    values: NDArray[np.float32]
    settings: "SphereSettings"
    limits: Limits
    focus: tuple[float, float]

    def refine(self, voxel: Index, deepest: Index, variation: float) -> Refined:
        """Refine the taken voxel's centre.

        Parameters
        ----------
        voxel : (k, j, i) tuple of int
            The voxel that the search took.
        deepest : (k, j, i) tuple of int
            The deepest of all that it might have taken.
        variation : float
            The coefficient of variation at the taken voxel's centre.
        """
        near, start, most = _Near(self, voxel), np.zeros(3), np.inf
        if self.settings.criterion is Criterion.UNIFORM:
            start, most = self._least_variation(near, variation)
        if not start.any():
            start = self._nearest_centroid(near, deepest, most)
        index = near.voxel + start
        depth = float(near.walls.distances_mm(index[None]).min())
        return Refined(index, depth, self._measured(near.voxel, start))

    def _nearest_centroid(self, near: "_Near", deepest: Index, most: float) -> NDArray[np.float64]:
        origin = np.zeros(3)

        def allowed(offset: NDArray[np.float64]) -> bool:
            return near.is_pure or self._holds(near.voxel, offset, most)

        best = _climbed(near, origin, near.depth_mm, allowed)
        depth = near.depth_mm(best[None])[0]
        reached = depth
        if deepest != as_index(near.voxel):
            other = _Near(self, deepest)
            top = _climbed(
                other,
                origin,
                other.depth_mm,
                lambda offset: other.is_pure or self._holds(other.voxel, offset),
            )
            reached = max(depth, other.depth_mm(top[None])[0])
        least = min(depth, reached - depth_tolerance_mm(self.organ.grid.spacing_mm))

        def nearness(offsets: Places) -> NDArray[np.float64]:
            away = np.linalg.norm(near.to_mm(offsets) - self.organ.centroid_mm, axis=1)
            return np.where(near.depth_mm(offsets) >= least - SLACK_MM, -away, -np.inf)

        start = origin if near.depth_mm(origin[None])[0] >= least else best
        return _climbed(near, start, nearness, allowed)

    def _least_variation(
        self, near: "_Near", variation: float
    ) -> tuple[NDArray[np.float64], float]:
        """Offset of the least coefficient of variation, and up to what it is the same."""
        offset, least = np.zeros(3), variation
        sides = DIRECTIONS[np.abs(DIRECTIONS).sum(axis=1) == 1.0]
        for step in STEPS[:2]:
            tries = offset + step * sides
            tries = tries[np.isfinite(near.depth_mm(tries))]
            for one in tries:
                sweep = self._measured(near.voxel, one)
                found = _variation(sweep)
                if sweep.inside[0] >= self.limits.inside and found < least - SAME_VARIATION:
                    offset, least = one, found
        return offset, least + SAME_VARIATION

    def _measured(self, voxel: NDArray[np.int64], offset: NDArray[np.float64]) -> Sweep:
        grid, corner = self.organ.grid, as_index(voxel)
        stencil = sphere_stencil(grid.axes_mm, self.limits.radius_mm, grid.axes_mm @ offset)
        body = (self.organ.corner, self.organ.weights)
        return swept(self.values, body, (corner, np.ones((1, 1, 1), np.bool_)), stencil)

    def _holds(
        self, voxel: NDArray[np.int64], offset: NDArray[np.float64], most: float = np.inf
    ) -> bool:
        """Whether enough of a sphere is inside, and its values vary no more than they may."""
        sweep = self._measured(voxel, offset)
        return bool(sweep.inside[0] >= self.limits.inside) and _variation(sweep) <= most


def _variation(sweep: Sweep) -> float:
    mean = abs(float(sweep.means[0]))
    return float(sweep.sds[0]) / mean if mean > 0.0 else np.inf


class _Near:
    """One voxel: what bounds a sphere whose centre lies anywhere in it."""

    def __init__(self, search: Refinement, voxel: Index) -> None:
        self.organ, self.limits, self.voxel = search.organ, search.limits, np.array(voxel)
        self.walls = LocalWalls.around(search.organ, voxel)
        reach = search.limits.radius_mm + float(np.linalg.norm(search.organ.grid.spacing_mm))
        threshold, self.apart_mm = search.focus
        first, size = self._box(reach)
        hot = cut(search.values, (0, 0, 0), first, size) > threshold
        self.foci_mm = search.organ.grid.to_mm(np.argwhere(hot) + np.array(first))
        weights = cut(search.organ.weights, search.organ.corner, first, size)
        index = np.moveaxis(np.indices(size), 0, -1) + np.array(first) - self.voxel
        near = np.linalg.norm(index * search.organ.grid.spacing_mm, axis=-1) <= reach
        self.is_pure = bool((weights[near] >= CORE_WEIGHT).all()) and search.settings.criterion is (
            Criterion.DEEPEST
        )

    def _box(self, reach_mm: float) -> tuple[Index, Index]:
        grid = self.organ.grid
        by = as_index(np.ceil(reach_mm / grid.spacing_mm) + 1)
        return grown(as_index(self.voxel), (1, 1, 1), by, grid.shape)

    def to_mm(self, offsets: Places) -> Places:
        return self.organ.grid.to_mm(self.voxel + offsets)

    def depth_mm(self, offsets: Places) -> NDArray[np.float64]:
        """(N,) float64: distance to the nearest wall; minus infinity where a rule is broken."""
        limits, index = self.limits, self.voxel + offsets
        least = np.array([0.0, limits.lobe_mm, limits.radius_mm, limits.radius_mm])
        least[0] = limits.radius_mm + limits.edge_mm if limits.edge_mm > 0.0 else -np.inf
        distances = self.walls.distances_mm(index)
        kept = (distances >= least[:, None] - SLACK_MM).all(axis=0)
        kept &= self.walls.on_level(index)
        kept &= nearest_mm(self.foci_mm, self.to_mm(offsets)) >= self.apart_mm
        kept &= (np.abs(offsets) <= 0.5).all(axis=1)
        return np.where(kept, distances.min(axis=0), -np.inf)


def _climbed(
    near: _Near,
    start: NDArray[np.float64],
    score: Score,
    allowed: Callable[[NDArray[np.float64]], bool],
) -> NDArray[np.float64]:
    """Climb by a pattern search; what is dear to ask is asked of the summit first.

    Equal steps are taken by their place in the patient, so that the order of voxels does not
    matter.
    """
    summit = _pattern(near, start, score, lambda _: True)
    if allowed(summit):
        return summit
    return _pattern(near, start, score, allowed)


def _pattern(
    near: _Near,
    start: NDArray[np.float64],
    score: Score,
    allowed: Callable[[NDArray[np.float64]], bool],
) -> NDArray[np.float64]:
    at, height = start, score(start[None])[0]
    for step in STEPS:
        for _ in range(int(1.0 / step)):
            tries = at + step * DIRECTIONS
            heights = score(tries)
            taken = _best_step(near, tries, heights, height, allowed)
            if taken is None:
                break
            at, height = tries[taken], heights[taken]
    return at


def _best_step(
    near: _Near,
    tries: Places,
    heights: NDArray[np.float64],
    height: float,
    allowed: Callable[[NDArray[np.float64]], bool],
) -> int | None:
    left = heights > height + SAME_MM
    while left.any():
        best = np.flatnonzero(left & (heights >= heights[left].max() - SAME_MM))
        taken = int(best[first_in_world(near.to_mm(tries[best]))])
        if allowed(tries[taken]):
            return taken
        left[taken] = False
    return None
