"""The cube histograms of all labels of a label map in one sweep.

As in :mod:`quant_kernels.surface`, for every label at once: a cube that touches several labels is
counted for each of them, with the voxels of that label as its inside.
"""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel

_BYTES = 8
_FULL = 255
_EIGHT = 256
_CHUNK = 32
_START = 64


@kernel
def _holds(values: NDArray[np.uint16]) -> bool:
    """Tell whether any value is not 0; without an early end, so that it vectorises."""
    found = False
    for i in range(values.shape[0]):
        found |= values[i] != 0
    return found


@kernel
def _extents(labels: NDArray[np.uint16]) -> NDArray[np.int64]:
    """(K + 2, J + 2, 2) int64: where the labels of each row begin and end, with an empty border.

    Known to the chunk, which is enough: a row without any label ends before it begins.
    """
    slices, rows, columns = labels.shape
    extents = np.zeros((slices + 2, rows + 2, 2), dtype=np.int64)
    extents[:, :, 0] = columns
    for k in range(slices):
        if not _holds(labels[k].reshape(rows * columns)):
            continue
        for j in range(rows):
            if not _holds(labels[k, j]):
                continue
            for start in range(0, columns, _CHUNK):
                end = min(start + _CHUNK, columns)
                if _holds(labels[k, j, start:end]):
                    extents[k + 1, j + 1, 0] = min(start, extents[k + 1, j + 1, 0])
                    extents[k + 1, j + 1, 1] = end
    return extents


@kernel
def _span(extents: NDArray[np.int64], k: int, j: int) -> tuple[int, int]:
    """Where the labels of the four rows about the cubes (k, j) begin and end."""
    start, end = extents[k, j]
    for dk, dj in ((0, 1), (1, 0), (1, 1)):
        start = min(start, extents[k + dk, j + dj, 0])
        end = max(end, extents[k + dk, j + dj, 1])
    return start, end


@kernel
def _four_rows(
    labels: NDArray[np.uint16],
    at: tuple[int, int],
    part: tuple[int, int],
    empty: NDArray[np.uint16],
) -> tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]:
    """Return a part of the rows about which the cubes (k, j) lie, in the order of a code's bits."""
    k, j = at
    start, end = part
    slices, rows, _ = labels.shape
    below, above = k > 0, k < slices
    before, behind = j > 0, j < rows
    none = empty[: end - start]
    return (
        labels[k - 1, j - 1, start:end] if below and before else none,
        labels[k - 1, j, start:end] if below and behind else none,
        labels[k, j - 1, start:end] if above and before else none,
        labels[k, j, start:end] if above and behind else none,
    )


@kernel
def _look_along(
    tops: NDArray[np.uint16],
    bits: NDArray[np.uint8],
    four: tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]],
) -> None:
    """Find for each column of four rows its greatest label and where it is, one voxel further.

    Bits 0 to 3 say which of the four hold the greatest label, bit 4 that not all do, bit 5 that
    another label than 0 is among those that do not.
    """
    first, second, third, fourth = four
    for i in range(first.shape[0]):
        a, b, c, d = first[i], second[i], third[i], fourth[i]
        top = max(a, b, c, d)
        unlike = (a != top) | (b != top) | (c != top) | (d != top)
        other = (
            ((a != top) & (a != 0))
            | ((b != top) & (b != 0))
            | ((c != top) & (c != 0))
            | ((d != top) & (d != 0))
        )
        tops[i + 1] = top
        bits[i + 1] = (
            np.uint8(a == top)
            | (np.uint8(b == top) << 1)
            | (np.uint8(c == top) << 2)
            | (np.uint8(d == top) << 3)
            | (np.uint8(unlike) << 4)
            | (np.uint8(other) << 5)
        )


@kernel
def _mix(mixed: NDArray[np.uint8], tops: NDArray[np.uint16], bits: NDArray[np.uint8]) -> None:
    """Set 1 for each cube whose eight voxels are not all alike."""
    for i in range(mixed.shape[0]):
        mixed[i] = ((bits[i] | bits[i + 1]) >> 4) & 1 | np.uint8(tops[i] != tops[i + 1])


@kernel
def _slot(numbers: NDArray[np.int32], label: int) -> int:
    """Row of a label in the table; the next free one for a label that was not met before."""
    if numbers[label] == 0:
        numbers[0] += 1
        numbers[label] = numbers[0]
    return int(numbers[label]) - 1


@kernel
def _add_one_label(
    entries: NDArray[np.int64],
    numbers: NDArray[np.int32],
    tops: NDArray[np.uint16],
    bits: NDArray[np.uint8],
    words: NDArray[np.uint64],
) -> tuple[int, int]:
    """List row and code of the cubes of one row that hold a single label, and of eight full ones.

    Cubes with several labels are kept aside, from the end of the list.
    """
    listed, aside = 0, entries.shape[0]
    for block in range(words.shape[0]):
        start = block * _BYTES
        if words[block] == 0:
            if tops[start] != 0:
                entries[listed] = _slot(numbers, tops[start]) << 9 | _EIGHT | _FULL
                listed += 1
            continue
        for i in range(start, start + _BYTES):
            left, right = tops[i], tops[i + 1]
            label = max(left, right)
            apart = left != right and min(left, right) > 0
            if apart or ((bits[i] | bits[i + 1]) >> 5) & 1:
                aside -= 1
                entries[aside] = i
            elif label != 0:
                near = int(bits[i]) & 15 if left == label else 0
                far = int(bits[i + 1]) & 15 if right == label else 0
                entries[listed] = _slot(numbers, label) << 9 | near | far << 4
                listed += 1
    return listed, aside


@kernel
def _add_several(
    entries: NDArray[np.int64],
    numbers: NDArray[np.int32],
    four: tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]],
    ends: tuple[int, int],
) -> int:
    """List row and code of each label of the cubes that were kept aside, nearest last."""
    first, second, third, fourth = four
    listed, aside = ends
    corners = np.zeros(8, dtype=np.int64)
    for place in range(entries.shape[0] - 1, aside - 1, -1):
        i = entries[place]
        for side in range(2):
            at = i - 1 + side
            within = 0 <= at < first.shape[0]
            corners[4 * side] = first[at] if within else 0
            corners[4 * side + 1] = second[at] if within else 0
            corners[4 * side + 2] = third[at] if within else 0
            corners[4 * side + 3] = fourth[at] if within else 0
        done = 0
        for bit in range(8):
            if corners[bit] == 0 or (done >> bit) & 1:
                continue
            code = 0
            for other in range(bit, 8):
                code |= (corners[other] == corners[bit]) << other
            done |= code
            entries[listed] = _slot(numbers, corners[bit]) << 9 | code
            listed += 1
    return listed


@kernel
def _longer(histograms: NDArray[np.int64], labels: int) -> NDArray[np.int64]:
    """Return the table with room for twice as many labels."""
    more = np.zeros((2 * labels, 256), dtype=np.int64)
    # element by element: assigning a slice would compile the formatting of its error message
    for row in range(histograms.shape[0]):
        for code in range(256):
            more[row, code] = histograms[row, code]
    return more


@kernel
def _count(histograms: NDArray[np.int64], entries: NDArray[np.int64]) -> None:
    """Add what was listed: bits 0 to 7 the code, bit 8 for eight cubes, then the table's row."""
    for entry in entries:
        histograms[entry >> 9, entry & 255] += 1 + 7 * (entry >> 8 & 1)


@kernel
def label_histograms(
    labels: NDArray[np.uint16], greatest: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Count the 2 x 2 x 2 cubes of each filling, for every label but 0.

    Parameters
    ----------
    labels : (K, J, I) of an unsigned type, C-contiguous
        0 is background; voxels beyond the array are background.
    greatest : int
        No label is greater.

    Returns
    -------
    numbers : (greatest + 1,) int32
        For each label its row in ``histograms``, counted from 1; 0 for a label that does not occur.
        Entry 0 is the number of labels.
    histograms : (rows, 256) int64
        Number of cubes of each code, as :func:`quant_kernels.surface.region_histogram` counts them
        for that label alone; entry 0 of each row is 0. There are more rows than labels.

    Notes
    -----
    Memory beyond the result: some rows of the label map, and a byte for each of its rows.
    """
    slices, rows, columns = labels.shape
    numbers = np.zeros(greatest + 1, dtype=np.int32)
    histograms = np.zeros((_START, 256), dtype=np.int64)
    extents = _extents(labels)
    longest = (columns + _BYTES) // _BYTES * _BYTES
    tops, bits = np.zeros(longest + 1, dtype=labels.dtype), np.zeros(longest + 1, dtype=np.uint8)
    mixed = np.zeros(longest, dtype=np.uint8)
    words = mixed.view(np.uint64)
    empty = np.zeros(columns, dtype=labels.dtype)
    entries = np.zeros(9 * longest, dtype=np.int64)
    for k in range(slices + 1):
        for j in range(rows + 1):
            start, end = _span(extents, k, j)
            if start >= end:
                continue
            cubes = (end - start + _BYTES) // _BYTES * _BYTES
            four = _four_rows(labels, (k, j), (start, end), empty)
            _look_along(tops, bits, four)
            for i in range(end - start + 1, cubes + 1):
                tops[i], bits[i] = 0, 15
            _mix(mixed[:cubes], tops, bits)
            listed, aside = _add_one_label(entries, numbers, tops, bits, words[: cubes // _BYTES])
            if aside < entries.shape[0]:
                listed = _add_several(entries, numbers, four, (listed, aside))
            if numbers[0] > histograms.shape[0]:
                histograms = _longer(histograms, numbers[0])
            _count(histograms, entries[:listed])
    return numbers, histograms
