"""Sums over a sphere at every candidate position, in one sweep."""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel


@kernel
def _prefix_rows(
    values: NDArray[np.float64], body: NDArray[np.float64], prefix: NDArray[np.float64]
) -> None:
    """Fill (J, 3, I + 1) running sums of value, value squared and body along each row."""
    for j in range(values.shape[0]):
        total, total_squared, total_body = 0.0, 0.0, 0.0
        prefix[j, :, 0] = 0.0
        for i in range(values.shape[1]):
            value = values[j, i]
            total += value
            total_squared += value * value
            total_body += body[j, i]
            prefix[j, 0, i + 1] = total
            prefix[j, 1, i + 1] = total_squared
            prefix[j, 2, i + 1] = total_body


@kernel
def _add_run(
    sums: NDArray[np.float64], upper: NDArray[np.float64], lower: NDArray[np.float64]
) -> None:
    """Add the sums of whole voxels between two places of a row, for a run of centres."""
    for x in range(sums.size):
        sums[x] += upper[x] - lower[x]


@kernel
def _add_weighted(
    sums: NDArray[np.float64],
    values: NDArray[np.float64],
    body: NDArray[np.float64],
    weight: float,
) -> None:
    """Add one partly covered voxel, for a run of centres."""
    for x in range(values.size):
        value = values[x]
        sums[0, x] += weight * value
        sums[1, x] += weight * value * value
        sums[2, x] += weight * body[x]


@kernel
def _raise_to(sums: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    """Keep the larger of two, for a run of centres."""
    for x in range(values.size):
        sums[x] = max(sums[x], values[x])


@kernel
def _sweep_run(
    block: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    table: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    corner: tuple[int, int, int],
    sums: NDArray[np.float64],
) -> None:
    """Fill (4, n) sums for n neighbouring centres of one row, the first at ``corner``."""
    values, body, prefix = block
    rows, shell_start, shell_at, shell_weight = table
    count, depth = sums.shape[1], prefix.shape[0]
    k0, j0, i0 = corner
    sums[:3] = 0.0
    sums[3] = -np.inf
    for r in range(rows.shape[0]):
        k, j = k0 + rows[r, 0], j0 + rows[r, 1]
        start, stop = i0 + rows[r, 2], i0 + rows[r, 3]
        if stop > start:
            for q in range(3):
                line = prefix[k % depth, j, q]
                _add_run(sums[q], line[stop : stop + count], line[start : start + count])
        for s in range(shell_start[r], shell_start[r + 1]):
            at = i0 + shell_at[s]
            weight = shell_weight[s]
            _add_weighted(sums, values[k, j, at : at + count], body[k, j, at : at + count], weight)
        for at in range(i0 + rows[r, 4], i0 + rows[r, 5]):
            _raise_to(sums[3], values[k, j, at : at + count])


@kernel
def sphere_sweep(
    values: NDArray[np.float64],
    body: NDArray[np.float64],
    candidates: NDArray[np.uint8],
    table: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Sum values and body under a sphere's weights, for every candidate position.

    Rows of neighbouring centres are swept together. Runs of whole voxels are differences of
    running sums, so only the shell is multiplied; running sums are kept for as many slices as the
    sphere is thick. The order of additions is fixed.

    Parameters
    ----------
    values : (K, J, I) float64, C-contiguous
        Intensities, best with their typical value taken off (sums of squares lose fewer digits).
        Must be finite.
    body : (K, J, I) float64, C-contiguous
        How much of each voxel counts as inside.
    candidates : (K - k + 1, J - j + 1, I - i + 1) uint8
        Not 0 where the first voxel of the stencil's box (k, j, i) shall lie.
    table : tuple
        The stencil row by row. ``rows`` (R, 6) int64: k and j of the row in the box, first and last
        + 1 voxel of weight 1, first and last + 1 voxel of weight of at least one half;
        ``shell_start`` (R + 1,) int64 into ``shell_at`` (S,) int64 and ``shell_weight`` (S,)
        float64: the other voxels of each row.

    Returns
    -------
    (N, 4) float64
        Sums of weight x value, weight x value squared, weight x body, and the largest value
        under weights of at least one half; one row per candidate in the order (k, j, i).
    """
    size_k, size_j, _ = candidates.shape
    thickness = values.shape[0] - size_k + 1
    out = np.empty((np.count_nonzero(candidates), 4))
    prefix = np.empty((thickness, values.shape[1], 3, values.shape[2] + 1))
    for k in range(thickness - 1):
        _prefix_rows(values[k], body[k], prefix[k])
    found = 0
    for k in range(size_k):
        ahead = k + thickness - 1
        _prefix_rows(values[ahead], body[ahead], prefix[ahead % thickness])
        for j in range(size_j):
            wanted = np.flatnonzero(candidates[k, j])
            if wanted.size == 0:
                continue
            first = wanted[0]
            sums = np.empty((4, wanted[-1] - first + 1))
            _sweep_run((values, body, prefix), table, (k, j, first), sums)
            for i in wanted:
                out[found] = sums[:, i - first]
                found += 1
    return out
