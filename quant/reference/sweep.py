"""Weighted mean, SD, maximum and fraction inside of a sphere at many positions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.region import INSIDE_WEIGHT
from quant.reference.boxes import Index, as_index, cut

if TYPE_CHECKING:
    from quant.reference.stencil import Stencil

SweepTable = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


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


def sweep_table(weights: NDArray[np.float64]) -> SweepTable:
    """Take a stencil apart row by row: whole runs, half runs and the shell around them.

    Parameters
    ----------
    weights : (k, j, i) float64 in 0..1
        Along each row the voxels of weight 1, and those of at least one half, are neighbours, as in
        any sphere.

    Returns
    -------
    SweepTable
        As :func:`quant_kernels.spheres.sphere_sweep` takes it.
    """
    k, j = np.nonzero(weights.any(axis=2))
    lines = weights[k, j]
    runs = [k, j]
    for mask in (lines >= 1.0, lines >= INSIDE_WEIGHT):
        count = mask.sum(axis=1)
        first = np.where(count > 0, mask.argmax(axis=1), 0)
        runs += [first, first + count]
    row, at = np.nonzero((lines > 0.0) & (lines < 1.0))
    start = np.searchsorted(row, np.arange(len(k) + 1))
    rows = np.ascontiguousarray(np.stack(runs, axis=1), dtype=np.int64)
    return rows, start.astype(np.int64), at.astype(np.int64), lines[row, at]


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
        itself is the body, and means are taken over the part of the sphere inside it.
    candidates : corner and (k, j, i) bool
        Centre voxels, and the index of the first voxel of the array.
    stencil : Stencil

    Returns
    -------
    Sweep
        With a body the sphere must lie inside the volume at every candidate.
    """
    from quant_kernels.spheres import sphere_sweep

    corner, mask = candidates
    where = np.nonzero(mask)
    if where[0].size == 0:
        empty = np.empty(0)
        return Sweep(np.empty((0, 3), np.int64), empty, empty, empty, empty)
    low = [int(axis.min()) for axis in where]
    high = [int(axis.max()) + 1 for axis in where]
    tight = np.ascontiguousarray(
        mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], dtype=np.uint8
    )
    indices = np.stack(where, axis=1) + np.array(corner, dtype=np.int64)
    first = as_index(c + a + s for c, a, s in zip(corner, low, stencil.lower, strict=True))
    shape = as_index(n + w - 1 for n, w in zip(tight.shape, stencil.weights.shape, strict=True))
    shift = float(np.median(values[tuple(indices.T)]))
    block = cut(values, (0, 0, 0), first, shape).astype(np.float64)
    if body is None:
        weights = cut(np.ones_like(values), (0, 0, 0), first, shape).astype(np.float64)
        block -= shift * weights
    else:
        weights = cut(body[1], body[0], first, shape).astype(np.float64)
        block -= shift
    sums = sphere_sweep(block, weights, tight, stencil.table)
    inside = sums[:, 2] / stencil.total
    total = sums[:, 2] if body is None else np.full(len(sums), stencil.total)
    offset = sums[:, 0] / total
    spread = np.sqrt(np.maximum(sums[:, 1] / total - offset * offset, 0.0))
    return Sweep(indices, shift + offset, spread, shift + sums[:, 3], inside)
