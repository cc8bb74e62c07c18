"""Weighted mean, SD, maximum and fraction inside of a sphere at many positions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.arrays import require_finite
from quant.domain.region import INSIDE_WEIGHT
from quant.reference.boxes import Index, as_index, cut

if TYPE_CHECKING:
    from quant.reference.stencil import Stencil

SweepTable = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]

FULL_WEIGHT = 1.0 - 1e-6
"""From this weight on a voxel is wholly inside: so many digits has a sum of float32 fractions."""

FAR_DEVIATIONS = 1000.0
"""Values so many median absolute deviations from the median are added up apart from the others.

The squares of hot voxels would else drown the last digits of all running sums along their row.
"""

LEAST_DEVIATION = 0.1
"""... where the deviation is taken to be at least this part of the median."""

MOST_APART = 100, 0.01
"""So many voxels, or this part of all, may be added up apart: with more it would be slow."""

SAMPLE = 500
"""So many centres are enough to know what values are usual."""

ONE_BY_ONE = 200_000
"""Up to so many products the positions left over are summed one by one, which is faster."""


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Values of a sphere at N positions, in the order of the grid (k, j, i).

    Parameters
    ----------
    indices : (N, 3) int64
        Centre voxels (k, j, i).
    means, sds, maxima : (N,) float64
        Weighted mean, weighted population SD, and maximum over voxels with weight of at least one
        half (minus infinity when there is none).
    inside : (N,) float64
        Fraction of the stencil inside the body (without a body: inside the volume).
    """

    indices: NDArray[np.int64]
    means: NDArray[np.float64]
    sds: NDArray[np.float64]
    maxima: NDArray[np.float64]
    inside: NDArray[np.float64]

    @property
    def size(self) -> int:
        """Number of positions."""
        return int(self.means.size)

    def only(self, keep: NDArray[np.bool_]) -> "Sweep":
        """Take some of the positions."""
        return Sweep(
            self.indices[keep],
            self.means[keep],
            self.sds[keep],
            self.maxima[keep],
            self.inside[keep],
        )


def sweep_table(weights: NDArray[np.float64]) -> SweepTable | None:
    """Fold a stencil onto its middle and take its rows apart into edges.

    Parameters
    ----------
    weights : (k, j, i) float64 in 0..1
        Along each row the voxels of at least one half are neighbours, as in any sphere.

    Returns
    -------
    SweepTable or None
        As :func:`quant_kernels.spheres.sphere_sweep` takes it; None when the stencil is not its
        own mirror image along each axis.
    """
    half = np.array(weights.shape, dtype=np.int64) // 2
    mirrored = all(np.array_equal(weights, np.flip(weights, axis)) for axis in range(3))
    if not mirrored or any(n % 2 == 0 for n in weights.shape):
        return None
    quarter = weights[half[0] :, half[1] :].reshape(-1, weights.shape[2])
    rises = np.diff(quarter[:, : half[2] + 1], prepend=0.0, axis=1)
    row, at = np.nonzero(rises)
    starts = np.searchsorted(row, np.arange(len(quarter) + 1))
    edges = np.stack([at, weights.shape[2] - at], axis=1)
    inside = quarter >= INSIDE_WEIGHT
    count = inside.sum(axis=1)
    first = np.where(count > 0, inside.argmax(axis=1), 0)
    levels = [max(int(n), 1).bit_length() - 1 for n in count]
    rows = np.stack([starts[:-1], starts[1:], first, first + count, levels], axis=1)
    return half, rows.astype(np.int64), edges.astype(np.int64), rises[row, at]


def swept(
    values: NDArray[np.float32],
    body: tuple[Index, NDArray[np.float32]] | None,
    candidates: tuple[Index, NDArray[np.bool_]],
    stencil: "Stencil",
) -> Sweep:
    """Sweep a sphere over candidate centres.

    Parameters
    ----------
    values : (K, J, I) float32
        The whole volume.
    body : corner and (k, j, i) float32, or None
        Weights of the organ and the index of their first voxel; zero elsewhere. None: the volume
        itself is the body.
    candidates : corner and (k, j, i) bool
        Centre voxels, and the index of the first voxel of the array.
    stencil : Stencil

    Returns
    -------
    Sweep
        Means, SDs and maxima over the part of the sphere that lies in the volume.

    Raises
    ------
    StudyError
        ``VALUES_NOT_FINITE`` if a voxel near a candidate is NaN or infinite.
    """
    indices, wanted, first, shape = _boxed(candidates, stencil)
    if len(indices) == 0:
        empty = np.empty(0)
        return Sweep(indices, empty, empty, empty, empty)
    block = cut(values, (0, 0, 0), first, shape, beyond=-np.inf)
    visible = _visible(values.shape, first, shape)
    finite = np.isfinite(block)
    if visible is None:
        covered = np.full(len(indices), stencil.total)
    else:
        finite |= visible == 0.0
        covered = _weighed(visible, wanted, stencil)
    require_finite(bool(finite.all()), "A volume in which a sphere is placed")
    if body is None:
        inside = covered / stencil.total
    else:
        inside = _weighed(cut(body[1], body[0], first, shape), wanted, stencil) / stencil.total
    origin, within = _origin(values[tuple(indices[:: 1 + len(indices) // SAMPLE].T)], block)
    sums = _summed(block, (origin, within), wanted, stencil)
    offset = sums[:, 0] / covered
    spread = np.sqrt(np.maximum(sums[:, 1] / covered - offset * offset, 0.0))
    return Sweep(indices, origin + offset, spread, sums[:, 2], inside)


def fractions_inside(
    body: tuple[Index, NDArray[np.float32]],
    candidates: tuple[Index, NDArray[np.bool_]],
    stencil: "Stencil",
) -> NDArray[np.float64]:
    """(N,) float64: the fraction of a sphere inside a body at all candidate centres.

    Parameters and order as for :func:`swept`; the sweep of values is spared where few of many
    candidates are inside enough.
    """
    indices, wanted, first, shape = _boxed(candidates, stencil)
    if len(indices) == 0:
        return np.empty(0)
    return _weighed(cut(body[1], body[0], first, shape), wanted, stencil) / stencil.total


def _boxed(
    candidates: tuple[Index, NDArray[np.bool_]], stencil: "Stencil"
) -> tuple[NDArray[np.int64], NDArray[np.uint8], Index, Index]:
    """Find the candidates' indices, their box, and the box that the stencil covers from there.

    (N, 3) indices of centres; (k, j, i) uint8, 1 where the stencil's first voxel may lie, in the
    candidates' box; index of the first voxel and shape of what is covered.
    """
    corner, mask = candidates
    low, high = [], []
    for axis in range(3):
        used = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        low.append(int(used[0]) if used.size else 0)
        high.append(int(used[-1]) + 1 if used.size else 0)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    wanted = np.ascontiguousarray(mask[box])
    first = np.array(corner) + low
    indices = np.empty((np.count_nonzero(wanted), 3), np.int64)
    for axis, along in enumerate(np.nonzero(wanted)):
        np.add(along, first[axis], out=indices[:, axis])
    shape = as_index(np.array(wanted.shape) + stencil.weights.shape - 1)
    return indices, wanted.view(np.uint8), as_index(first + stencil.lower), shape


def _visible(volume: tuple[int, ...], first: Index, shape: Index) -> NDArray[np.float32] | None:
    """(k, j, i) float32: 1 where a box lies in the volume, else 0; None if that is everywhere."""
    if all(a >= 0 and a + n <= m for a, n, m in zip(first, shape, volume, strict=True)):
        return None
    visible = np.zeros(shape, np.float32)
    inner = (slice(max(0, -a), max(0, m - a)) for a, m in zip(first, volume, strict=True))
    visible[tuple(inner)] = 1.0
    return visible


def _origin(sample: NDArray[np.float32], block: NDArray[np.float32]) -> tuple[float, float]:
    """Find a value amid those of a sample, and how far from it others may be to be summed.

    Infinitely far when too many voxels would have to be added up apart.
    """
    origin = float(np.median(sample))
    deviation = float(np.median(np.abs(sample - origin)))
    within = FAR_DEVIATIONS * max(deviation, LEAST_DEVIATION * abs(origin))
    apart = np.count_nonzero(block > origin + within)
    apart += np.count_nonzero((block < origin - within) & (block > -np.inf))
    most = max(MOST_APART[0], MOST_APART[1] * block.size)
    return origin, within if 0 < apart <= most else np.inf


def _places(where: NDArray[np.generic]) -> NDArray[np.int64]:
    """(N, 3) int64, C-contiguous for any N: kernels are compiled for one order of memory."""
    return np.ascontiguousarray(np.argwhere(where))


def _summed(
    block: NDArray[np.float32],
    origin: tuple[float, float],
    wanted: NDArray[np.uint8],
    stencil: "Stencil",
) -> NDArray[np.float64]:
    """(N, 3) float64: sums of values, of their squares, and maxima, at all wanted positions."""
    from quant_kernels.spheres import add_voxels, sphere_sums, sphere_sweep

    if stencil.table is None:
        return sphere_sums(block, _places(wanted), stencil.weights, origin[0])
    sums = sphere_sweep(block, origin, wanted, stencil.table, 3)
    if origin[1] < np.inf:
        numbers = np.where(wanted.ravel() != 0, np.cumsum(wanted.ravel() != 0) - 1, -1)
        far = np.abs(block - np.float64(origin[0])) > origin[1]
        apart = _places(far & (block > -np.inf))
        values = block[tuple(apart.T)] - np.float64(origin[0])
        add_voxels(sums, numbers.reshape(wanted.shape), apart, values, stencil.weights)
    return sums


def _weighed(
    body: NDArray[np.float32], wanted: NDArray[np.uint8], stencil: "Stencil"
) -> NDArray[np.float64]:
    """(N,) float64: sum of the stencil's weights times the body's, at all wanted positions.

    Positions wholly in voxels of full weight are found first; only the others are summed.
    """
    from quant_kernels.containment import wholly_inside
    from quant_kernels.spheres import sphere_sums, sphere_sweep

    if stencil.table is None:
        return sphere_sums(body, _places(wanted), stencil.weights, 0.0)[:, 0]
    full = (body >= FULL_WEIGHT).view(np.uint8)
    rest = wanted - wholly_inside(full, wanted, stencil.table)
    total = np.full(np.count_nonzero(wanted), stencil.total)
    count = np.count_nonzero(rest)
    if count == 0:
        return total
    if count * stencil.weights.size <= ONE_BY_ONE:
        sums = sphere_sums(body, _places(rest), stencil.weights, 0.0)
    else:
        sums = sphere_sweep(body, (0.0, np.inf), rest, stencil.table, 1)
    total[rest[wanted != 0] != 0] = sums[:, 0]
    return total
