"""The largest distance between two vertices of a binary region's mesh, without making the mesh.

Vertices lie halfway between an inside and an outside voxel. The two that are farthest apart are
corners of the convex hull, so in every plane of half voxels only the corners of the planar hull can
be among them: two convex chains through the first and the last vertex of each line.
"""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel


@kernel
def _note_difference(
    one: NDArray[np.uint8], other: NDArray[np.uint8], ends: NDArray[np.int64]
) -> None:
    """Put the half-voxel columns of the first and last difference of two rows into ``ends``."""
    columns = one.shape[0]
    for i in range(columns):
        if one[i] != other[i]:
            ends[0] = 2 * i + 1
            break
    for i in range(columns - 1, -1, -1):
        if one[i] != other[i]:
            ends[1] = 2 * i + 1
            break


@kernel
def _line_ends(mask: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(2K + 1, 2J + 1, 2) int64: first and last vertex of each line along i; -1 where none."""
    slices, rows, columns = mask.shape
    ends = np.full((2 * slices + 1, 2 * rows + 1, 2), -1, dtype=np.int64)
    empty = np.zeros(columns, dtype=np.uint8)
    for k in range(slices + 1):
        for j in range(rows + 1):
            here = mask[k, j] if k < slices and j < rows else empty
            before = mask[k, j - 1] if k < slices and j > 0 else empty
            below = mask[k - 1, j] if k > 0 and j < rows else empty
            if k < slices:
                _note_difference(here, before, ends[2 * k + 1, 2 * j])
            if j < rows:
                _note_difference(here, below, ends[2 * k, 2 * j + 1])
            if k < slices and j < rows:
                line = ends[2 * k + 1, 2 * j + 1]
                _note_difference(here, empty, line)
                if line[0] >= 0:
                    line[0] -= 1
                    line[1] += 1
    return ends


@kernel
def _chain(column: NDArray[np.int64], sign: int, stack: NDArray[np.int64]) -> int:
    """Put the lines at which a convex chain bends into ``stack``; return how many there are.

    ``sign`` 1: the chain bulges towards small columns; -1: towards large ones.
    """
    size = 0
    for line in range(column.shape[0]):
        if column[line] < 0:
            continue
        while size >= 2:
            last, previous = stack[size - 1], stack[size - 2]
            rise = (column[last] - column[previous]) * (line - previous)
            chord = (column[line] - column[previous]) * (last - previous)
            if sign * (rise - chord) < 0:
                break
            size -= 1
        stack[size] = line
        size += 1
    return size


@kernel
def hull_candidates(mask: NDArray[np.uint8]) -> NDArray[np.int64]:
    """List the mesh vertices that can be corners of the region's convex hull.

    Parameters
    ----------
    mask : (K, J, I) uint8, C-contiguous
        1 inside, 0 outside; not checked here. Voxels beyond the array are outside.

    Returns
    -------
    (M, 3) int64
        Positions (k, j, i) in half voxels, where voxel (0, 0, 0) has its centre at (1, 1, 1). All
        corners of the convex hull of the mesh's vertices are among them. Empty for an empty region.
    """
    ends = _line_ends(mask)
    planes, lines, _ = ends.shape
    points = np.empty((2 * planes * lines, 3), dtype=np.int64)
    stack = np.empty(lines, dtype=np.int64)
    count = 0
    for plane in range(planes):
        for side in range(2):
            column = ends[plane, :, side]
            size = _chain(column, 1 - 2 * side, stack)
            for place in range(size):
                points[count, 0] = plane
                points[count, 1] = stack[place]
                points[count, 2] = column[stack[place]]
                count += 1
    return points[:count].copy()


@kernel
def farthest_distance(points: NDArray[np.float64], radii: NDArray[np.float64]) -> float:
    """Measure the largest distance between two points.

    Parameters
    ----------
    points : (M, 3) float64, C-contiguous
        Sorted by falling ``radii``; not checked here.
    radii : (M,) float64
        Distance of each point from one common point (any; near their middle is fastest).

    Returns
    -------
    float
        The distance, 0 for fewer than two points. Exact: a pair is skipped only where the sum of
        its radii cannot exceed the distance already found.
    """
    best, best_squared = 0.0, 0.0
    count = points.shape[0]
    for one in range(count - 1):
        if radii[one] + radii[one + 1] <= best:
            break
        for other in range(one + 1, count):
            if radii[one] + radii[other] <= best:
                break
            squared = 0.0
            for axis in range(3):
                step = points[one, axis] - points[other, axis]
                squared += step * step
            if squared > best_squared:
                best_squared = squared
                best = np.sqrt(squared)
    return best
