"""Where a sphere lies wholly inside a body: erosion by the lengths of runs along rows."""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Table = tuple[Integers, Integers, Integers, Floats]

MOST_ROOM = 255
"""Voxels to the end of a run are counted up to here."""


@kernel
def _room(full: Bytes, width: int, room: Bytes) -> None:
    """Fill how far runs of full voxels reach to both sides of each voxel of a row, itself counted.

    At most 255; 0 where the voxel is not full.
    """
    for row in range(full.size // width):
        at, stop = row * width, (row + 1) * width
        while at < stop:
            end = at
            while end < stop and full[end] != 0:
                end += 1
            for x in range(at, end):
                room[x] = min(x - at + 1, end - x, MOST_ROOM)
            while end < stop and full[end] == 0:
                room[end] = 0
                end += 1
            at = end


@kernel
def _least(out: Bytes, one: Bytes, other: Bytes) -> None:
    """Take the smaller of two rows, place by place."""
    for x in range(out.size):
        out[x] = min(one[x], other[x])


@kernel
def _keep(kept: Bytes, one: Bytes, other: Bytes, needed: int) -> None:
    """Clear the places where either of two rows has too little room."""
    least = np.uint8(needed)
    for x in range(kept.size):
        kept[x] &= np.uint8(one[x] >= least) & np.uint8(other[x] >= least)


@kernel
def _keep_pairs(kept: Bytes, room: Bytes, place: tuple[int, int, int, int], table: Table) -> None:
    """Clear the wanted positions of one slice whose sphere meets a voxel that is not full.

    ``kept`` has rows of ``width`` places, ``room`` is (K, J I); ``place`` is the slice, the first
    and last wanted row, and the width of a row.
    """
    k, first, last, width = place
    half, rows, edges = table[0], table[1], table[2]
    start, n = first * width, (last - first + 1) * width - 2 * half[2]
    folded = np.empty(room.shape[1], np.uint8)
    for pair in range(half[0] + 1):
        low, high = room[k + half[0] - pair], room[k + half[0] + pair]
        stop = (last + 2 * half[1] + 1) * width
        _least(folded[start:stop], low[start:stop], high[start:stop])
        for away in range(half[1] + 1):
            row = rows[pair * (half[1] + 1) + away]
            if row[0] == row[1]:
                continue
            needed = half[2] - edges[row[0], 0] + 1
            near = start + half[2] + (half[1] - away) * width
            far = near + 2 * away * width
            if needed > MOST_ROOM:
                kept[:] = 0
            else:
                _keep(kept[start : start + n], folded[near:][:n], folded[far:][:n], needed)
        left = 0
        for at in range(start, start + n):
            left += kept[at]
        if left == 0:
            return


@kernel
def _spread(wanted: Bytes, size: int, kept: Bytes, width: int) -> tuple[int, int]:
    """Copy rows of ``size`` places to rows of ``width``; return first and last row in use."""
    first, last = wanted.size // size, -1
    for row in range(wanted.size // size):
        for i in range(size):
            here = wanted[row * size + i] != 0
            kept[row * width + i] = here
            if here:
                first, last = min(first, row), row
    return first, last


@kernel
def wholly_inside(full: Bytes, candidates: Bytes, table: Table) -> Bytes:
    """Find the positions at which a sphere touches nothing but full voxels.

    The erosion of the full voxels by the stencil's voxels of any weight, by the lengths of runs
    along rows.

    Parameters
    ----------
    full : (K, J, I) uint8, C-contiguous
        Not 0 where a voxel is wholly inside the body.
    candidates : (K - k + 1, J - j + 1, I - i + 1) uint8
        Not 0 where the first voxel of the stencil's box (k, j, i) may lie.
    table : tuple
        The stencil, as :func:`quant_kernels.spheres.sphere_sweep` takes it. Rows of more than 509
        voxels are never inside.

    Returns
    -------
    (K - k + 1, J - j + 1, I - i + 1) uint8
        1 where the position is a candidate and the sphere wholly inside, else 0.
    """
    height, width = full.shape[1:]
    size_k, size_j, size_i = candidates.shape
    room = np.empty((full.shape[0], height * width), np.uint8)
    flat = full.reshape(-1, height * width)
    for k in range(len(room)):
        _room(flat[k], width, room[k])
    inside = np.zeros((size_k, size_j * size_i), np.uint8)
    wanted = candidates.reshape(size_k, -1)
    kept = np.zeros(size_j * width, np.uint8)
    for k in range(size_k):
        first, last = _spread(wanted[k], size_i, kept, width)
        if last < 0:
            continue
        _keep_pairs(kept, room, (k, first, last, width), table)
        for row in range(size_j):
            for i in range(size_i):
                inside[k, row * size_i + i] = kept[row * width + i]
    return inside.reshape(candidates.shape)
