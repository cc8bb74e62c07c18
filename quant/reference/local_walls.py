"""How far any place near one voxel lies from the walls that a sphere must not cross."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.reference.boxes import Index, as_index, cut, grown, sum_over, union_over
from quant.reference.walls import surface_points_mm, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from quant.domain.grid import Grid
    from quant.reference.organ import Organ

Places = NDArray[np.float64]
Distances = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LocalWalls:
    """Exact distances to the walls of an organ, for places within one voxel.

    The surfaces are those of :func:`quant.reference.walls.surface_distance`: points in which lines
    between neighbouring voxels cross one half. Of these only the points are kept that may be the
    nearest to some place of the voxel. Places are (N, 3) fractional indices (k, j, i).

    Parameters
    ----------
    organ : Organ
    edge_points, lobe_points, margin_points : (M, 3) float64
        Surfaces of the organ, of the right lobe's segments, and of all obstacles, LPS mm.
    """

    organ: "Organ"
    edge_points: Places
    lobe_points: Places
    margin_points: Places

    @classmethod
    def around(cls, organ: "Organ", voxel: Index) -> "LocalWalls":
        """Find the points of all surfaces that count for one voxel of an organ's box."""
        task = organ.task
        at = as_index(np.array(voxel) - np.array(organ.corner))
        obstacles = [whole(one) for one in task.obstacles]
        edge = abs(float(organ.edge_mm[at]))
        lobe = abs(float(organ.lobe_mm[at])) if task.segments else np.inf
        margin = abs(float(organ.margin_mm[at]) + task.settings.lesion_distance_mm)
        return cls(
            organ,
            _points(organ.grid, lambda *box: cut(organ.weights, organ.corner, *box), voxel, edge),
            _points(organ.grid, lambda *box: sum_over(task.segments, *box), voxel, lobe),
            _points(organ.grid, lambda *box: union_over(obstacles, *box), voxel, margin),
        )

    def distances_mm(self, index: Places) -> Distances:
        """(4, N) float64: to the organ's edge, the lobe's cut, the margin, the volume's faces.

        To the edge at most as far as it is looked for; positive on the side where spheres may lie.
        """
        grid, task = self.organ.grid, self.organ.task
        places = grid.to_mm(index)
        edge = np.minimum(nearest_mm(self.edge_points, places), self.organ.cap_mm)
        lobe = nearest_mm(self.lobe_points, places)
        if task.lobe_x_mm is not None and not task.segments:
            lobe = task.lobe_x_mm - places[:, 0]
        margin = nearest_mm(self.margin_points, places) - task.settings.lesion_distance_mm
        inner = np.minimum(index + 0.5, np.array(grid.shape) - 0.5 - index)
        return np.stack([edge, lobe, margin, (inner * grid.spacing_mm).min(axis=1)])

    def on_level(self, index: Places) -> NDArray[np.bool_]:
        """Whether a centre is on the level of the spine that is asked for."""
        level = self.organ.task.level_mm
        if level is None:
            return np.ones(len(index), dtype=np.bool_)
        z = self.organ.grid.to_mm(index)[:, 2]
        allowed: NDArray[np.bool_] = (z >= level[0]) & (z <= level[1])
        return allowed


def nearest_mm(points: Places, places: Places) -> Distances:
    """(N,) float64: distance of each place to the nearest of (M, 3) points; infinite if none."""
    if len(points) == 0:
        return np.full(len(places), np.inf)
    squared = np.zeros((len(places), len(points)))
    for axis in range(3):
        squared += np.square(places[:, axis, None] - points[None, :, axis])
    nearest: Distances = np.sqrt(squared.min(axis=1))
    return nearest


def _points(
    grid: "Grid",
    weights: "Callable[[Index, Index], NDArray[np.float32]]",
    voxel: Index,
    distance_mm: float,
) -> Places:
    """Points of a surface that may be the nearest to some place of a voxel.

    ``distance_mm`` is how far the voxel's centre is from the surface. A place of the voxel lies up
    to half a diagonal from its centre, so its nearest point may be a diagonal farther away.
    """
    if not np.isfinite(distance_mm):
        return np.empty((0, 3))
    reach = distance_mm + float(np.linalg.norm(grid.spacing_mm))
    by = as_index(np.ceil(reach / grid.spacing_mm) + 1)
    first, size = grown(voxel, (1, 1, 1), by, grid.shape)
    points = surface_points_mm(grid, weights(first, size), first)
    near_enough: Places = points[np.linalg.norm(points - grid.to_mm(voxel), axis=1) <= reach]
    return near_enough
