"""Exact Euclidean distances on an anisotropic grid, by lower envelopes of parabolas.

References
----------
Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8
(2012), doi:10.4086/toc.2012.v008a019.
"""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel


@kernel
def _envelope(
    cost: NDArray[np.float64],
    sites: NDArray[np.int64],
    bounds: NDArray[np.float64],
    step: float,
) -> int:
    """Find the parabolas ``cost[q] + ((p - q) step)^2`` of one line that are lowest somewhere.

    ``sites`` gets their q, ``bounds`` where each becomes lowest, in voxels. Returns their number;
    infinite costs are left out.
    """
    found = 0
    for q in range(cost.size):
        if cost[q] == np.inf:
            continue
        start = -np.inf
        while found > 0:
            p = sites[found - 1]
            start = 0.5 * (q + p + (cost[q] - cost[p]) / (step * step * (q - p)))
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
def _spread(squared: NDArray[np.float64], size: int, stride: int, step: float) -> None:
    """Replace every line along one axis of flat squared distances by its lower envelope.

    The axis has ``size`` voxels that lie ``stride`` apart in the flat array.
    """
    cost = np.empty(size)
    sites, bounds = np.empty(size, np.int64), np.empty(size)
    for line in range(squared.size // size):
        first = (line // stride) * stride * size + line % stride
        for p in range(size):
            cost[p] = squared[first + p * stride]
        found = _envelope(cost, sites, bounds, step)
        if found == 0:
            continue
        at = 0
        for p in range(size):
            while at + 1 < found and bounds[at + 1] < p:
                at += 1
            offset = (p - sites[at]) * step
            squared[first + p * stride] = cost[sites[at]] + offset * offset


@kernel
def _along_lines(
    weights: NDArray[np.float32], squared: NDArray[np.float64], level: float, axis: tuple[int, int]
) -> None:
    """Fill squared distances, in voxels, to the nearest crossing of ``level`` on the same line."""
    size, stride = axis
    for line in range(squared.size // size):
        first = (line // stride) * stride * size + line % stride
        crossing = -np.inf
        for p in range(size):
            at = first + p * stride
            if p > 0 and (weights[at - stride] >= level) != (weights[at] >= level):
                before, after = np.float64(weights[at - stride]), np.float64(weights[at])
                crossing = p - 1 + (level - before) / (after - before)
            squared[at] = p - crossing
        crossing = np.inf
        for p in range(size - 1, -1, -1):
            at = first + p * stride
            if p + 1 < size and (weights[at] >= level) != (weights[at + stride] >= level):
                before, after = np.float64(weights[at]), np.float64(weights[at + stride])
                crossing = p + (level - before) / (after - before)
            nearest = min(squared[at], crossing - p)
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
    shape = weights.shape
    strides = (shape[1] * shape[2], shape[2], 1)
    flat = weights.ravel()
    nearest = np.full(flat.size, np.inf)
    squared = np.empty(flat.size)
    for axis in range(3):
        _along_lines(flat, squared, level, (shape[axis], strides[axis]))
        for at in range(flat.size):
            squared[at] *= spacing[axis] * spacing[axis]
        for other in range(3):
            if other != axis:
                _spread(squared, shape[other], strides[other], spacing[other])
        for at in range(flat.size):
            nearest[at] = min(nearest[at], squared[at])
    for at in range(flat.size):
        nearest[at] = np.sqrt(nearest[at])
    return nearest.reshape(shape)


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
