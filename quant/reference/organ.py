"""An organ as placement sees it: weights, walls and the part in which a sphere may lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.anatomy.places import centroid_mm, world_axis
from quant.domain.region import INSIDE_WEIGHT, Role
from quant.reference.boxes import Index, as_index, cut, grown, sum_over
from quant.reference.stencil import radius_of
from quant.reference.walls import border_distance, obstacle_distance, surface_distance

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.protocol import SphereSettings
    from quant.domain.region import Region

DEPTH_CAP_RADII = 3.0
"""Depth is measured up to this many radii of the sphere: deeper is deep enough."""

CORE_WEIGHT = 0.999
"""A voxel is wholly inside the organ from this weight on."""

LEAST_CORE = 20
"""Voxels from which a robust distribution is taken; with fewer, a wider part of the organ is."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One sphere to be placed: what it is for, and what limits it.

    Parameters
    ----------
    role : Role
    settings : SphereSettings
    region : Region or None
        The organ; None when only a mark says where the sphere lies.
    obstacles : sequence of Region
        Tumour, lesions and excluded regions.
    segments : sequence of Region
        Parts of the right lobe; empty: ``lobe_x_mm`` counts.
    lobe_x_mm : float or None
        The sphere lies to the patient's right (LPS -x) of this plane.
    level_mm : (low, high) tuple of float or None
        World z allowed to centres.
    """

    role: Role
    settings: "SphereSettings"
    region: "Region | None" = None
    obstacles: Sequence["Region"] = ()
    segments: Sequence["Region"] = ()
    lobe_x_mm: float | None = None
    level_mm: tuple[float, float] | None = None

    @property
    def radius_mm(self) -> float:
        """Radius of the sphere at full size."""
        return radius_of(self.settings.volume_ml)


@dataclass(frozen=True, slots=True, eq=False)
class Organ:
    """Everything about one organ that the search for a position needs, over one box of voxels.

    Parameters
    ----------
    role : Role
    grid : Grid
    corner : (k, j, i) tuple of int
        Index of the first voxel of the arrays.
    weights : (k, j, i) float32
        How much of each voxel is organ.
    edge_mm, lobe_mm, border_mm : (k, j, i) float64
        From the voxel's centre to the organ's edge, to the cut of the lobe and to the faces of the
        volume; positive inside; infinite where there is no such wall.
    margin_mm : (k, j, i) float64
        To the margin kept around tumour, lesions and excluded regions; negative within it.
    depth_mm : (k, j, i) float64
        The least of these: to the nearest wall of any kind.
    level : (k, j, i) bool
        Centres allowed by the level of the spine.
    centroid_mm : (3,) float64
        Centre of gravity of the part in which a centre may lie.
    task : Task
        What the organ was measured for.
    cap_mm : float
        Distances to the edge are not looked for beyond this.
    """

    role: Role
    grid: "Grid"
    corner: Index
    weights: NDArray[np.float32]
    edge_mm: NDArray[np.float64]
    lobe_mm: NDArray[np.float64]
    border_mm: NDArray[np.float64]
    margin_mm: NDArray[np.float64]
    depth_mm: NDArray[np.float64]
    level: NDArray[np.bool_]
    centroid_mm: NDArray[np.float64]
    task: Task
    cap_mm: float

    def core_values(self, values: NDArray[np.float32], edge_mm: float) -> NDArray[np.float32]:
        """(N,) float32: values in the part of the organ that admissible spheres may cover.

        Voxels wholly inside, at the set distance from the edge, on the right side of the lobe's cut
        and beyond the margin of lesions. Where that leaves too few, the edge distance is waived,
        then voxels filled by half are taken as well, and at last those wherever they lie.
        """
        inside = cut(values, (0, 0, 0), self.corner, as_index(self.weights.shape))
        allowed = self.level & (self.lobe_mm >= 0.0) & (self.margin_mm >= 0.0)
        core = allowed & (self.weights >= CORE_WEIGHT)
        filled = self.weights >= min(INSIDE_WEIGHT, float(self.weights.max()))
        for part in (core & (self.edge_mm >= edge_mm), core, allowed & filled):
            if np.count_nonzero(part) >= LEAST_CORE:
                return inside[part]
        return inside[filled]


def make_organ(task: Task, region: "Region") -> Organ:
    """Measure the walls around every voxel of an organ."""
    grid, settings = region.grid, task.settings
    cap = DEPTH_CAP_RADII * task.radius_mm + settings.edge_distance_mm
    corner, shape = _box(task, region, cap)
    weights = cut(region.weights, region.corner, corner, shape)
    edge = np.minimum(surface_distance(grid, weights), cap)
    reach = max(float(edge.max()), task.radius_mm) + settings.lesion_distance_mm
    reach += float(np.linalg.norm(grid.spacing_mm))  # a centre may move within its voxel
    obstacles = obstacle_distance(grid, task.obstacles, (corner, shape), reach)
    level = _level(task, grid, corner, shape)
    lobe = _lobe(task, grid, corner, shape)
    margin = obstacles - settings.lesion_distance_mm
    allowed = np.where(level & (lobe >= 0.0) & (margin >= 0.0), weights, np.float32(0.0))
    parts = (allowed, weights, np.ones_like(weights))
    middle = centroid_mm(grid, corner, next(part for part in parts if part.any()))
    border = border_distance(grid, corner, shape)
    depth = np.minimum(np.minimum(edge, lobe), np.minimum(border, margin))
    return Organ(
        role=task.role,
        grid=grid,
        corner=corner,
        weights=weights,
        edge_mm=edge,
        lobe_mm=lobe,
        border_mm=border,
        margin_mm=margin,
        depth_mm=depth,
        level=level,
        centroid_mm=middle,
        task=task,
        cap_mm=cap,
    )


def _box(task: Task, region: "Region", cap_mm: float) -> tuple[Index, Index]:
    """Box of the organ with a rim of one voxel; of a long muscle only what lies near the level."""
    grid = region.grid
    corner, shape = region.corner, as_index(region.weights.shape)
    if task.level_mm is not None:
        z = world_axis(grid, corner, shape, 2)
        near = (z >= task.level_mm[0] - cap_mm) & (z <= task.level_mm[1] + cap_mm)
        if near.any():
            where = [np.flatnonzero(near.any(axis=_others(axis))) for axis in range(3)]
            corner = as_index(c + int(w[0]) for c, w in zip(corner, where, strict=True))
            shape = as_index(int(w[-1] - w[0]) + 1 for w in where)
    return grown(corner, shape, (1, 1, 1), grid.shape)


def _others(axis: int) -> tuple[int, ...]:
    return tuple(other for other in range(3) if other != axis)


def _level(task: Task, grid: "Grid", corner: Index, shape: Index) -> NDArray[np.bool_]:
    if task.level_mm is None:
        return np.ones(shape, dtype=np.bool_)
    z = world_axis(grid, corner, shape, 2)
    low, high = task.level_mm
    level: NDArray[np.bool_] = (z >= low) & (z <= high)
    return level


def _lobe(task: Task, grid: "Grid", corner: Index, shape: Index) -> NDArray[np.float64]:
    if task.segments:
        first, size = grown(corner, shape, (1, 1, 1), grid.shape)
        inside = surface_distance(grid, sum_over(task.segments, first, size))
        return cut(inside, first, corner, shape)
    if task.lobe_x_mm is not None:
        return task.lobe_x_mm - world_axis(grid, corner, shape, 0)
    return np.full(shape, np.inf)
