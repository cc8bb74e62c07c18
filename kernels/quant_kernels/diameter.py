"""The largest distance between two vertices of a binary region's mesh, without making the mesh.

Vertices lie halfway between an inside and an outside voxel. The two that are farthest apart are
corners of the convex hull, so of each line of half voxels only the first and the last vertex can be
among them, and of those only the corners of the planar hulls across each of the three axes.
"""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel


@kernel
def _row_ends(mask: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
    """Put first and last inside voxel of each row into (K, J, 2); -1 where there is none."""
    for k in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            row = mask[k, j]
            first, last = 0, row.shape[0] - 1
            while first <= last and row[first] == 0:
                first += 1
            while last > first and row[last] == 0:
                last -= 1
            ends[k, j, 0] = first if first <= last else -1
            ends[k, j, 1] = last if first <= last else -1


@kernel
def _joint_end(one: int, other: int, side: int) -> int:
    """Outermost column of the vertices between two rows that end at ``one`` and ``other``, or -1.

    In half voxels; ``side`` 0: first, 1: last. Rows that end alike have no vertex there that is a
    corner of the hull: it would lie between those at the ends of both rows.
    """
    if one == other:
        return -1
    if one < 0 or other < 0:
        return 2 * max(one, other) + 1
    return 2 * (max(one, other) if side == 1 else min(one, other)) + 1


@kernel
def _plane_ends(ends: NDArray[np.int64], plane: int, columns: NDArray[np.int64]) -> None:
    """Put first and last vertex of each line of one plane of half voxels into (2J + 1, 2)."""
    slices, rows, k = ends.shape[0], ends.shape[1], plane // 2
    for line in range(2 * rows + 1):
        columns[line, 0], columns[line, 1] = -1, -1
    for side in range(2):
        for j in range(rows):
            if plane % 2 == 1:
                end = ends[k, j, side]
                if end >= 0:
                    columns[2 * j + 1, side] = 2 * (end + side)
            else:
                here = ends[k, j, side] if k < slices else -1
                below = ends[k - 1, j, side] if k > 0 else -1
                columns[2 * j + 1, side] = _joint_end(here, below, side)
        if plane % 2 == 1:
            for j in range(rows + 1):
                here = ends[k, j, side] if j < rows else -1
                before = ends[k, j - 1, side] if j > 0 else -1
                columns[2 * j, side] = _joint_end(here, before, side)


@kernel
def _mark_corners(
    points: NDArray[np.int64],
    order: NDArray[np.int64],
    axes: tuple[int, int],
    stack: NDArray[np.int64],
    corners: NDArray[np.uint8],
) -> None:
    """Mark the corners of the planar hull of the points listed in ``order``, sorted along ``axes``.

    Andrew's monotone chain, once for each side; points on an edge are not corners.
    """
    u, v = axes
    for sign in (1, -1):
        size = 0
        for n in order:
            while size >= 2:
                last, previous = stack[size - 1], stack[size - 2]
                rise = (points[last, v] - points[previous, v]) * (
                    points[n, u] - points[previous, u]
                )
                chord = (points[n, v] - points[previous, v]) * (
                    points[last, u] - points[previous, u]
                )
                if sign * (rise - chord) < 0:
                    break
                size -= 1
            stack[size] = n
            size += 1
        for place in range(size):
            corners[stack[place]] = 1


@kernel
def _chosen(points: NDArray[np.int64], corners: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the points that are marked."""
    count = 0
    for n in range(corners.shape[0]):
        count += corners[n]
    found = np.zeros((count, 3), dtype=np.int64)
    count = 0
    for n in range(corners.shape[0]):
        if corners[n] == 1:
            for c in range(3):
                found[count, c] = points[n, c]
            count += 1
    return found


@kernel
def _only_corners(points: NDArray[np.int64], axis: int, size: int) -> NDArray[np.int64]:
    """Keep the corners of the planar hulls across one axis.

    ``points`` are sorted by (k, j, i) and stay so; their positions along ``axis`` are below
    ``size``.
    """
    count = points.shape[0]
    ends = np.zeros(size + 1, dtype=np.int64)
    for n in range(count):
        ends[points[n, axis] + 1] += 1
    for plane in range(size):
        ends[plane + 1] += ends[plane]
    order, stack = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for n in range(count):
        plane = points[n, axis]
        order[ends[plane]] = n
        ends[plane] += 1
    corners = np.zeros(count, dtype=np.uint8)
    axes = (1, 2) if axis == 0 else (0, 3 - axis)
    start = 0
    for plane in range(size):
        _mark_corners(points, order[start : ends[plane]], axes, stack, corners)
        start = ends[plane]
    return _chosen(points, corners)


@kernel
def _longer(points: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the points with room for ``size``."""
    more = np.zeros((size, 3), dtype=np.int64)
    for n in range(points.shape[0]):
        for c in range(3):
            more[n, c] = points[n, c]
    return more


@kernel
def hull_candidates(mask: NDArray[np.uint8]) -> NDArray[np.int64]:
    """List the mesh vertices that can be corners of the region's convex hull.

    Takes 16 bytes for each row of the mask, and about 100 for each point found.

    Parameters
    ----------
    mask : (K, J, I) uint8, C-contiguous
        1 inside, 0 outside; not checked here. Voxels beyond the array are outside.

    Returns
    -------
    (M, 3) int64
        Positions (k, j, i) in half voxels, where voxel (0, 0, 0) has its centre at (1, 1, 1),
        sorted. All corners of the convex hull of the mesh's vertices are among them. Empty for an
        empty region.
    """
    slices, rows, width = mask.shape
    ends = np.zeros((slices, rows, 2), dtype=np.int64)
    _row_ends(mask, ends)
    columns = np.zeros((2 * rows + 1, 2), dtype=np.int64)
    plane_points = np.zeros((4 * rows + 2, 3), dtype=np.int64)
    points, count = np.zeros((64, 3), dtype=np.int64), 0
    for plane in range(2 * slices + 1):
        _plane_ends(ends, plane, columns)
        found = 0
        for line in range(2 * rows + 1):
            for side in range(2):
                column = columns[line, side]
                if column >= 0 and (side == 0 or column != columns[line, 0]):
                    plane_points[found, 0], plane_points[found, 1] = 0, line
                    plane_points[found, 2] = column
                    found += 1
        kept = _only_corners(plane_points[:found], 0, 1)
        if count + kept.shape[0] > points.shape[0]:
            points = _longer(points, 2 * (count + kept.shape[0]))
        for n in range(kept.shape[0]):  # assigning slices would compile the text of an error
            points[count, 0], points[count, 1], points[count, 2] = plane, kept[n, 1], kept[n, 2]
            count += 1
    return _only_corners(_only_corners(points[:count], 1, 2 * rows + 1), 2, 2 * width + 1)


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
