"""How far every voxel of an organ lies from the walls that a sphere must not cross."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.region import INSIDE_WEIGHT
from quant.reference.boxes import Index, as_index, cut, grown, union_over

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.region import Region


def surface_distance(
    grid: "Grid", weights: NDArray[np.float32], level: float = INSIDE_WEIGHT
) -> NDArray[np.float64]:
    """Signed distance of each voxel centre to the surface of a region, positive inside, mm.

    Parameters
    ----------
    grid : Grid
        Gives the spacing; axes at right angles.
    weights : (k, j, i) float32
        A box of the region's weights, with a rim of voxels outside it wherever the surface is to
        be seen: beyond the box there is no surface.

    Returns
    -------
    (k, j, i) float64
        Plus or minus infinity where the box holds no surface.
    """
    from quant_kernels.distance import distance_to_surface

    distance = distance_to_surface(np.ascontiguousarray(weights), level, grid.spacing_mm)
    return np.where(weights >= level, distance, -distance)


def border_distance(grid: "Grid", corner: Index, shape: Index) -> NDArray[np.float64]:
    """(k, j, i) float64: from voxel centres of a box to the volume's outer faces, mm."""
    nearest = np.full(shape, np.inf)
    for axis in range(3):
        place = corner[axis] + np.arange(shape[axis]) + 0.5
        along = np.minimum(place, grid.shape[axis] - place) * grid.spacing_mm[axis]
        sizes = [-1 if other == axis else 1 for other in range(3)]
        np.minimum(nearest, along.reshape(sizes), out=nearest)
    return nearest


def whole(region: "Region") -> "Region":
    """Make a region that nowhere fills half a voxel as visible as its fullest voxel.

    Spheres keep away from it all the same.
    """
    from dataclasses import replace

    fullest = region.weights.max()
    if fullest >= INSIDE_WEIGHT:
        return region
    return replace(region, weights=region.weights / fullest)


def obstacle_distance(
    grid: "Grid", obstacles: Sequence["Region"], box: tuple[Index, Index], reach_mm: float
) -> NDArray[np.float64]:
    """Distance of each voxel centre of a box to the nearest obstacle, mm.

    Parameters
    ----------
    grid : Grid
    obstacles : sequence of Region
    box : corner and shape
    reach_mm : float
        Obstacles farther from the box than this are not looked for.

    Returns
    -------
    (k, j, i) float64
        To the surface (weight one half); negative inside; infinite when no obstacle is in reach.
    """
    corner, shape = box
    by = as_index(np.ceil(reach_mm / grid.spacing_mm).astype(int) + 1)
    first, size = grown(corner, shape, by, grid.shape)
    near = [whole(one) for one in obstacles if cut(one.weights, one.corner, first, size).any()]
    if not near:
        return np.full(shape, np.inf)
    low, high = np.array(corner), np.array(corner) + shape
    for one in near:
        low = np.minimum(low, np.array(one.corner) - 1)
        high = np.maximum(high, np.array(one.corner) + one.weights.shape + 1)
    low = np.maximum(low, first)
    high = np.minimum(high, np.array(first) + size)
    tight, extent = as_index(low), as_index(high - low)
    inside = surface_distance(grid, union_over(near, tight, extent))
    return -cut(inside, tight, corner, shape)


def surface_points_mm(
    grid: "Grid", weights: NDArray[np.float32], corner: Index
) -> NDArray[np.float64]:
    """(N, 3) float64: where lines between neighbouring voxels cross the surface, LPS mm."""
    points = []
    inside = weights >= INSIDE_WEIGHT
    for axis in range(3):
        near = tuple(slice(None, -1) if other == axis else slice(None) for other in range(3))
        step = (np.arange(3) == axis).astype(np.int64)
        far = tuple(slice(1, None) if other == axis else slice(None) for other in range(3))
        index = np.argwhere(inside[near] != inside[far])
        before = weights[tuple(index.T)].astype(np.float64)
        after = weights[tuple((index + step).T)].astype(np.float64)
        points.append(index + np.outer((INSIDE_WEIGHT - before) / (after - before), step))
    return grid.to_mm(np.concatenate(points) + np.array(corner))
