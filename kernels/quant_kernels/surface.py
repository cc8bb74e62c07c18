"""How often each of the 256 fillings of a 2 x 2 x 2 cube of voxels occurs in a binary region.

Everything local to the surface of a binary region follows from this histogram by a dot product with
256 numbers: mesh area and volume, voxel faces, Euler number, plane-fitted area.
"""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel

_BYTES = 8
_ALIKE = 0x0101010101010101


@kernel
def _pack_rows(
    packed: NDArray[np.uint8],
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    third: NDArray[np.uint8],
    fourth: NDArray[np.uint8],
) -> None:
    """Put four neighbouring rows into the low four bits of ``packed``, one voxel to the right."""
    for i in range(first.shape[0]):
        packed[i + 1] = first[i] | (second[i] << 1) | (third[i] << 2) | (fourth[i] << 3)


@kernel
def _count_row(
    histogram: NDArray[np.int64],
    packed: NDArray[np.uint8],
    words: NDArray[np.uint64],
    cubes: int,
) -> None:
    """Count the cubes of one packed row; eight at a time where all are alike."""
    block = 0
    i = 0
    while i + _BYTES <= cubes:
        first = packed[i]
        if words[block] == np.uint64(first) * np.uint64(_ALIKE) and packed[i + _BYTES] == first:
            histogram[first | (first << 4)] += _BYTES
        else:
            for step in range(_BYTES):
                histogram[packed[i + step] | (packed[i + step + 1] << 4)] += 1
        i += _BYTES
        block += 1
    while i < cubes:
        histogram[packed[i] | (packed[i + 1] << 4)] += 1
        i += 1


@kernel
def cube_histogram(mask: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count the 2 x 2 x 2 cubes of each code, with the region surrounded by empty voxels.

    Parameters
    ----------
    mask : (K, J, I) uint8, C-contiguous
        1 inside, 0 outside; no other values; not checked here. Voxels beyond the array are outside.

    Returns
    -------
    (256,) int64
        Number of cubes of each code over all (K + 1) (J + 1) (I + 1) cubes. Bit
        ``dj + 2 dk + 4 di`` of a code is the voxel at (k + dk, j + dj, i + di) of the cube. Entry 0
        depends on the size of the array; the others only on the region.
    """
    slices, rows, columns = mask.shape
    histogram = np.zeros(256, dtype=np.int64)
    empty = np.zeros(columns, dtype=np.uint8)
    packed = np.zeros((columns + 2 + 2 * _BYTES) // _BYTES * _BYTES, dtype=np.uint8)
    words = packed.view(np.uint64)
    for k in range(slices + 1):
        for j in range(rows + 1):
            below, above = k > 0, k < slices
            before, behind = j > 0, j < rows
            _pack_rows(
                packed,
                mask[k - 1, j - 1] if below and before else empty,
                mask[k - 1, j] if below and behind else empty,
                mask[k, j - 1] if above and before else empty,
                mask[k, j] if above and behind else empty,
            )
            _count_row(histogram, packed, words, columns + 1)
    return histogram
