"""Where a region lies, in world coordinates (LPS mm), whatever the order of its voxels."""

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.region import Region, Role

Index = tuple[int, int, int]


def world_axis(grid: Grid, corner: Index, shape: Index, axis: int) -> NDArray[np.float64]:
    """(k, j, i) float64: world coordinate x, y or z (``axis`` 0, 1, 2) of a box's voxel centres."""
    steps = grid.axes_mm[axis]
    k, j, i = (
        step * (first + np.arange(size))
        for step, first, size in zip(steps, corner, shape, strict=True)
    )
    world: NDArray[np.float64] = (
        grid.affine[axis, 3] + k[:, None, None] + j[None, :, None] + i[None, None, :]
    )
    return world


def centroid_mm(grid: Grid, corner: Index, weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """(3,) float64: centre of gravity of a box of weights, LPS mm."""
    total = weights.sum(dtype=np.float64)
    index = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        along = weights.sum(axis=others, dtype=np.float64)
        index.append(corner[axis] + float(along @ np.arange(weights.shape[axis])) / total)
    return grid.to_mm(index)


def region_centroid_mm(region: Region) -> NDArray[np.float64]:
    """(3,) float64: centre of gravity of a region by its weights, LPS mm."""
    return centroid_mm(region.grid, region.corner, region.weights)


def z_range_mm(region: Region) -> tuple[float, float]:
    """Lowest and highest world z that a region reaches, LPS mm.

    Taken over voxels with weight of at least one half (all voxels when there are none), each with
    the half voxel by which it reaches beyond its centre, in any orientation of the grid.
    """
    mask = region.mask
    if not mask.any():
        mask = region.weights > 0
    shape = region.weights.shape
    z = world_axis(region.grid, region.corner, (shape[0], shape[1], shape[2]), 2)[mask]
    half = 0.5 * float(np.abs(region.grid.axes_mm[2]).sum())
    return float(z.min()) - half, float(z.max()) + half


def is_on_side(x_mm: float, role: Role, midline_x_mm: float) -> bool:
    """Tell whether a place is on the side that a muscle's role names (left is +x in LPS)."""
    if role is Role.MUSCLE_LEFT:
        return x_mm > midline_x_mm
    return x_mm < midline_x_mm
