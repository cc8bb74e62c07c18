"""How often each of the 256 fillings of a 2 x 2 x 2 cube of voxels occurs in a region.

Everything local to the surface of a binary region follows from this histogram by a dot product with
256 numbers: mesh area and volume, voxel faces, Euler number, plane-fitted area. A region is all
that lies between two values of an array: 1 and 1 in a mask, n and n in a label map.
"""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel

_BYTES = 8
"""Cubes are counted in words of eight bytes, the least significant first in memory."""

_NEAR_BYTES = 4096
"""So many bytes are searched at a time: little beside the nearest cache, much beside a call."""


@kernel
def _holds(values: NDArray[np.uint8], low: np.uint8, high: np.uint8) -> bool:
    """Tell whether any value lies in the range; without an early end, so that it vectorises."""
    found = False
    for i in range(values.shape[0]):
        found |= (values[i] >= low) & (values[i] <= high)
    return found


@kernel
def _widen(
    marked: NDArray[np.uint8], values: NDArray[np.uint8], low: np.uint8, high: np.uint8
) -> None:
    """Set to 1 where a value lies in the range."""
    for i in range(marked.shape[0]):
        marked[i] |= (values[i] >= low) & (values[i] <= high)


@kernel
def _widened(
    group: NDArray[np.uint8],
    low: np.uint8,
    high: np.uint8,
    marked: NDArray[np.uint8],
    known: tuple[int, int, int],
) -> tuple[int, int]:
    """Widen the first row and the one past the last, and the marked columns, by a group of rows.

    Of rows between those known nothing is asked once the outermost columns are marked.
    """
    start, first, last = known
    for j in range(group.shape[0]):
        wide = marked[0] and marked[marked.shape[0] - 1]
        if wide and first <= start + j < last:
            continue
        if _holds(group[j], low, high):
            first, last = min(first, start + j), max(last, start + j + 1)
            if not wide:
                _widen(marked, group[j], low, high)
    return first, last


@kernel
def _box(labels: NDArray[np.uint8], low: np.uint8, high: np.uint8) -> NDArray[np.int64]:
    """(3, 2) int64: first index and one past the last along each axis; all 0 without a voxel.

    Every voxel is read once at the speed of memory, some rows at a time. Rows that may widen the
    box are looked at again while they are in the nearest cache.
    """
    slices, rows, columns = labels.shape
    box = np.zeros((3, 2), dtype=np.int64)
    marked = np.zeros(columns, dtype=np.uint8)
    first, last = rows, 0
    some = max(1, _NEAR_BYTES // (columns * labels.itemsize))
    for k in range(slices):
        for start in range(0, rows, some):
            group = labels[k, start : start + some]
            if _holds(group.reshape(group.size), low, high):
                if last == 0:
                    box[0, 0] = k
                box[0, 1] = k + 1
                first, last = _widened(group, low, high, marked, (start, first, last))
    if last > 0:
        box[1, 0], box[1, 1] = first, last
        box[2, 1] = columns
        while not marked[box[2, 0]]:
            box[2, 0] += 1
        while not marked[box[2, 1] - 1]:
            box[2, 1] -= 1
    return box


@kernel
def _take(
    bits: NDArray[np.uint8], values: NDArray[np.uint8], low: np.uint8, high: np.uint8
) -> None:
    """Write 1 where a value lies in the range, 0 elsewhere."""
    for i in range(values.shape[0]):
        bits[i] = (values[i] >= low) & (values[i] <= high)


@kernel
def _pack(
    packed: NDArray[np.uint8],
    under: NDArray[np.uint8],
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
) -> None:
    """Put four neighbouring rows into the low four bits of ``packed``.

    Two of them come from ``under``, as two bits; the two of this slice take their place.
    """
    for x in range(under.shape[0]):
        pair = first[x] | (second[x] << 1)
        packed[x] = under[x] | (pair << 2)
        under[x] = pair


@kernel
def _count(histograms: NDArray[np.int64], words: NDArray[np.uint64]) -> None:
    """Count the cubes of packed rows, eight bytes at a time; eight cubes at once where all alike.

    Counting twice in the same place has to wait: hence four histograms, and runs of alike cubes are
    added up before they are counted.
    """
    half, byte, rest = np.uint64(4), np.uint64(8), np.uint64(56)
    lowest = np.uint64(255)
    alike, run = np.uint64(0), 0
    for block in range(words.shape[0] - 1):
        word = words[block]
        further = (word >> byte) | (words[block + 1] << rest)
        codes = word | (further << half)
        if further != word:
            for step in range(_BYTES):
                histograms[step % 4, np.int64(codes & lowest)] += 1
                codes >>= byte
        elif codes == alike:
            run += _BYTES
        else:
            histograms[0, np.int64(alike & lowest)] += run
            alike, run = codes, _BYTES
    histograms[0, np.int64(alike & lowest)] += run


@kernel
def region_histogram(
    labels: NDArray[np.uint8], low: np.uint8, high: np.uint8
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the 2 x 2 x 2 cubes of each filling, with the region surrounded by empty voxels.

    Parameters
    ----------
    labels : (K, J, I) of any real number type, C-contiguous
        Voxels beyond the array are outside. One compilation for each type that is used.
    low, high : numbers of the same type
        Least and greatest value of the region.

    Returns
    -------
    histogram : (256,) int64
        Number of cubes of each code. Bit ``dj + 2 dk + 4 di`` of a code is the voxel at
        (k + dk, j + dj, i + di) of the cube. Entry 0 means nothing: it depends on how rows are
        filled up; the others depend on the region only.
    box : (3, 2) int64
        First index and one past the last along k, j, i; all 0 without a voxel of the region.

    Notes
    -----
    Memory beyond the input: four bytes for each voxel of one slice of the box.
    """
    histograms = np.zeros((4, 256), dtype=np.int64)
    box = _box(labels, low, high)
    slices, rows, columns = box[0, 1] - box[0, 0], box[1, 1] - box[1, 0], box[2, 1] - box[2, 0]
    if slices == 0:
        return histograms[0], box
    # a row holds an empty voxel, the box's columns, and empty ones up to a multiple of eight
    stride = (columns + _BYTES) // _BYTES * _BYTES
    size = (rows + 1) * stride
    bits = np.zeros(size + stride, dtype=np.uint8)
    under = np.zeros(size, dtype=np.uint8)
    packed = np.zeros(size + _BYTES, dtype=np.uint8)
    words = packed.view(np.uint64)
    for k in range(slices + 1):
        for j in range(rows if k < slices else 0):
            row = labels[box[0, 0] + k, box[1, 0] + j, box[2, 0] : box[2, 1]]
            _take(bits[(j + 1) * stride + 1 : (j + 2) * stride], row, low, high)
        if k == slices:
            bits[:] = 0
        _pack(packed, under, bits[:size], bits[stride:])
        _count(histograms, words)
    for code in range(256):
        histograms[0, code] += histograms[1, code] + histograms[2, code] + histograms[3, code]
    return histograms[0], box
