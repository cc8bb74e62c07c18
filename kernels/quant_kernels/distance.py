"""Exact Euclidean distances on an anisotropic grid, by lower envelopes of parabolas.

References
----------
Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8
(2012), doi:10.4086/toc.2012.v008a019.
"""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel

LINES_AT_ONCE = 8
"""Neighbouring lines that are taken out of the array together: one stretch of memory holds them."""


@kernel
def _envelope(
    cost: NDArray[np.float64],
    sites: NDArray[np.int64],
    bounds: NDArray[np.float64],
    half_inverse: NDArray[np.float64],
) -> int:
    """Find the parabolas ``cost[q] + ((p - q) step)^2`` of one line that are lowest somewhere.

    ``sites`` gets their q, ``bounds`` where each becomes lowest, in voxels; ``half_inverse`` is 1 /
    (2 step^2 n) for n voxels. Returns their number; infinite costs are left out.
    """
    found = 0
    for q in range(cost.size):
        if cost[q] == np.inf:
            continue
        start = -np.inf
        while found > 0:
            p = sites[found - 1]
            start = 0.5 * (q + p) + (cost[q] - cost[p]) * half_inverse[q - p]
            if start > bounds[found - 1]:
                break
            found -= 1
        if found == 0:
            start = -np.inf
        sites[found] = q
        bounds[found] = start
        found += 1
    return found


@kernel
def _lowest(
    cost: NDArray[np.float64],
    low: NDArray[np.float64],
    envelope: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    step: float,
) -> None:
    """Fill the lower envelope of the parabolas of one line."""
    sites, bounds, half_inverse = envelope
    found = _envelope(cost, sites, bounds, half_inverse)
    at = 0
    for p in range(cost.size):
        while at + 1 < found and bounds[at + 1] < p:
            at += 1
        offset = (p - sites[at]) * step
        low[p] = cost[sites[at]] + offset * offset if found > 0 else np.inf


@kernel
def _starts(line: int, lines: int, size: int, stride: int) -> NDArray[np.int64]:
    """Place, in the flat array, of the first voxel of some lines along one axis."""
    starts = np.empty(min(LINES_AT_ONCE, lines - line), np.int64)
    for n in range(starts.size):
        starts[n] = (line + n) // stride * stride * size + (line + n) % stride
    return starts


@kernel
def _spread(squared: NDArray[np.float64], size: int, stride: int, step: float) -> None:
    """Replace every line along one axis of flat squared distances by its lower envelope.

    The axis has ``size`` voxels that lie ``stride`` apart in the flat array.
    """
    half_inverse = np.empty(size)
    for n in range(size):
        half_inverse[n] = 0.5 / (step * step * max(n, 1))
    envelope = np.empty(size, np.int64), np.empty(size), half_inverse
    cost, low = np.empty((LINES_AT_ONCE, size)), np.empty((LINES_AT_ONCE, size))
    for line in range(0, squared.size // size, LINES_AT_ONCE):
        starts = _starts(line, squared.size // size, size, stride)
        for p in range(size):
            for n in range(starts.size):
                cost[n, p] = squared[starts[n] + p * stride]
        for n in range(starts.size):
            _lowest(cost[n], low[n], envelope, step)
        for p in range(size):
            for n in range(starts.size):
                squared[starts[n] + p * stride] = low[n, p]


@kernel
def _along_lines(
    weights: NDArray[np.float32],
    squared: NDArray[np.float64],
    level: float,
    axis: tuple[int, int, float],
) -> None:
    """Fill squared distances to the nearest crossing of ``level`` on the same line.

    ``axis`` is how many voxels a line has, how far apart they are in the flat arrays, and the
    distance between them, mm.
    """
    size, stride, step = axis
    for line in range(0, squared.size // size, LINES_AT_ONCE):
        starts = _starts(line, squared.size // size, size, stride)
        crossings = np.full(starts.size, -np.inf)
        for p in range(size):
            for n in range(starts.size):
                at = starts[n] + p * stride
                if p > 0 and (weights[at - stride] >= level) != (weights[at] >= level):
                    before, after = np.float64(weights[at - stride]), np.float64(weights[at])
                    crossings[n] = p - 1 + (level - before) / (after - before)
                squared[at] = p - crossings[n]
        crossings[:] = np.inf
        for p in range(size - 1, -1, -1):
            for n in range(starts.size):
                at = starts[n] + p * stride
                if p + 1 < size and (weights[at] >= level) != (weights[at + stride] >= level):
                    before, after = np.float64(weights[at]), np.float64(weights[at + stride])
                    crossings[n] = p + (level - before) / (after - before)
                nearest = min(squared[at], crossings[n] - p) * step
                squared[at] = nearest * nearest


@kernel
def distance_to_surface(
    weights: NDArray[np.float32], level: float, spacing: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Measure, from every voxel centre, the distance to the surface where weights cross a level.

    The surface is given by the points in which the line between two neighbouring voxel centres
    crosses the level, found by linear interpolation: sub-voxel where weights are fractional,
    halfway between centres where they are 0 and 1. Distances to these points are exact.

    Parameters
    ----------
    weights : (K, J, I) float32, C-contiguous
        Occupied fractions. Beyond the array there is no surface.
    level : float
        The weight at which the surface lies.
    spacing : (3,) float64
        Distance between voxels along k, j, i, mm.

    Returns
    -------
    (K, J, I) float64
        Distance without sign, mm, on both sides of the surface; infinite when there is none.
    """
    size_k, size_j, size_i = weights.shape
    step_k, step_j, step_i = spacing
    plane = size_j * size_i
    flat = weights.ravel()
    nearest, other = np.empty(flat.size), np.empty(flat.size)
    _along_lines(flat, nearest, level, (size_k, plane, step_k))
    _spread(nearest, size_j, size_i, step_j)
    _along_lines(flat, other, level, (size_j, size_i, step_j))
    _spread(other, size_k, plane, step_k)
    for at in range(flat.size):
        nearest[at] = min(nearest[at], other[at])
    _spread(nearest, size_i, 1, step_i)
    _along_lines(flat, other, level, (size_i, 1, step_i))
    _spread(other, size_j, size_i, step_j)
    _spread(other, size_k, plane, step_k)
    for at in range(flat.size):
        nearest[at] = np.sqrt(min(nearest[at], other[at]))
    return nearest.reshape(weights.shape)


@kernel
def distance_to_forbidden(
    forbidden: NDArray[np.uint8], spacing: NDArray[np.float64], border: int
) -> NDArray[np.float64]:
    """Measure, from every voxel centre, the distance to the nearest forbidden voxel's centre.

    Parameters
    ----------
    forbidden : (K, J, I) uint8, C-contiguous
        Not 0 where forbidden.
    spacing : (3,) float64
        Distance between voxels along k, j, i, mm.
    border : int
        Not 0: the voxels just beyond the array are forbidden too.

    Returns
    -------
    (K, J, I) float64
        Distance, mm; infinite when nothing is forbidden.
    """
    shape = forbidden.shape
    strides = (shape[1] * shape[2], shape[2], 1)
    flat = forbidden.ravel()
    nearest = np.empty(flat.size)
    for at in range(flat.size):
        nearest[at] = 0.0 if flat[at] != 0 else np.inf
    for axis in range(3):
        _spread(nearest, shape[axis], strides[axis], spacing[axis])
    for at in range(flat.size):
        nearest[at] = np.sqrt(nearest[at])
        for axis in range(3):
            if border != 0:
                place = (at // strides[axis]) % shape[axis]
                beyond = min(place + 1, shape[axis] - place) * spacing[axis]
                nearest[at] = min(nearest[at], beyond)
    return nearest.reshape(shape)
