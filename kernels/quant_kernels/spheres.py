"""Sums over a sphere at every candidate position, in one sweep."""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel


@kernel
def _prefix_slice(
    values: NDArray[np.float64],
    body: NDArray[np.float64],
    prefix: NDArray[np.float64],
    width: int,
) -> None:
    """Fill flat (J, 3, I + 1) running sums of value, value squared and body along each row."""
    for row in range(values.size // width):
        total, total_squared, total_body = 0.0, 0.0, 0.0
        at = row * 3 * (width + 1)
        prefix[at] = prefix[at + width + 1] = prefix[at + 2 * (width + 1)] = 0.0
        for i in range(width):
            value = values[row * width + i]
            total += value
            total_squared += value * value
            total_body += body[row * width + i]
            at += 1
            prefix[at] = total
            prefix[at + width + 1] = total_squared
            prefix[at + 2 * (width + 1)] = total_body


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
    """Add one partly covered voxel to the three sums, for a run of centres."""
    count = values.size
    total, total_squared, total_body = sums[:count], sums[count : 2 * count], sums[2 * count :]
    for x in range(count):
        weighted = weight * values[x]
        total[x] += weighted
        total_squared[x] += weighted * values[x]
        total_body[x] += weight * body[x]


@kernel
def _raise_to(sums: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    """Keep the larger of two, for a run of centres."""
    for x in range(values.size):
        sums[x] = max(sums[x], values[x])


@kernel
def _sweep_run(
    block: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    table: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    place: tuple[int, int, int, int],
    sizes: tuple[int, int, int],
) -> NDArray[np.float64]:
    """Flat (4, count) sums for neighbouring centres of one row, the first at k, j, i of a block.

    ``place`` is k, j, i, count; ``sizes`` the rows of a slice, their width, and for how many
    slices running sums are kept.
    """
    values, body, prefix = block
    rows, shell_start, shell_at, shell_weight = table
    height, width, thickness = sizes
    count = place[3]
    sums = np.zeros(4 * count)
    top = sums[3 * count :]
    for x in range(count):
        top[x] = -np.inf
    for r in range(rows.shape[0]):
        k, j = place[0] + rows[r, 0], place[1] + rows[r, 1]
        line = ((k % thickness) * height + j) * 3 * (width + 1) + place[2]
        start, stop = line + rows[r, 2], line + rows[r, 3]
        if stop > start:
            for q in range(3):
                _add_run(
                    sums[q * count : (q + 1) * count],
                    prefix[stop : stop + count],
                    prefix[start : start + count],
                )
                start += width + 1
                stop += width + 1
        line = (k * height + j) * width + place[2]
        for s in range(shell_start[r], shell_start[r + 1]):
            at = line + shell_at[s]
            _add_weighted(
                sums[: 3 * count], values[at : at + count], body[at : at + count], shell_weight[s]
            )
        for at in range(line + rows[r, 4], line + rows[r, 5]):
            _raise_to(top, values[at : at + count])
    return sums


@kernel
def _span(wanted: NDArray[np.uint8]) -> tuple[int, int]:
    """Find the first place that is not 0, and how many places lie from there to the last one."""
    first, last = wanted.size, -1
    for i in range(wanted.size):
        if wanted[i] != 0:
            first, last = min(first, i), i
    return first, max(0, last + 1 - first)


@kernel
def _write_wanted(
    sums: NDArray[np.float64], wanted: NDArray[np.uint8], out: NDArray[np.float64]
) -> int:
    """Copy the sums of the wanted centres to flat (n, 4) ``out``; return how many there were."""
    found, count = 0, wanted.size
    for i in range(count):
        if wanted[i] != 0:
            for q in range(4):
                out[4 * found + q] = sums[q * count + i]
            found += 1
    return found


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
    size_k, size_j, size_i = candidates.shape
    height, width = values.shape[1:]
    thickness = values.shape[0] - size_k + 1
    block = values.ravel(), body.ravel(), np.empty(thickness * height * 3 * (width + 1))
    wanted = candidates.ravel()
    total = 0
    for at in range(wanted.size):
        total += wanted[at] != 0
    out = np.empty(4 * total)
    found, ready = 0, 0
    for line in range(size_k * size_j):
        k = line // size_j
        while ready < k + thickness:
            kept = block[2][(ready % thickness) * 3 * height * (width + 1) :]
            here = slice(ready * height * width, (ready + 1) * height * width)
            _prefix_slice(block[0][here], block[1][here], kept, width)
            ready += 1
        first, count = _span(wanted[line * size_i : (line + 1) * size_i])
        if count > 0:
            place = (k, line % size_j, first, count)
            sums = _sweep_run(block, table, place, (height, width, thickness))
            start = line * size_i + first
            found += _write_wanted(sums, wanted[start : start + count], out[4 * found :])
    return out.reshape((total, 4))
