"""Statistics of the values under every label of a label map, and under fractional weights.

Voxels of one label that follow one another in a row are a run. A run is summed on its own, its
squares about its own mean, and joined to its label (Chan et al. 1983), so a large offset of the
values costs no digits. Everything runs in the order of the array.
"""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel

RUNS = 256
"""Runs that are listed and summed together."""


@kernel
def _is_zero(words: NDArray[np.uint64]) -> bool:
    found = np.uint64(0)
    for n in range(words.shape[0]):
        found |= words[n]
    return bool(found == 0)


@kernel
def _next_label(labels: NDArray[np.uint16], words: NDArray[np.uint64], start: int) -> int:
    """First voxel at or after ``start`` that has a label; the array's end if none."""
    size, step = labels.shape[0], 8 // labels.itemsize
    while start < size and labels[start] == 0:
        start += 1
        if start % step == 0:
            word = start // step
            for stretch in (256, 16):
                while word + stretch <= size // step and _is_zero(words[word : word + stretch]):
                    word += stretch
            while word < size // step and words[word] == 0:
                word += 1
            start = word * step
    return start


@kernel
def _list_runs(
    labels: NDArray[np.uint16],
    words: NDArray[np.uint64],
    columns: int,
    place: tuple[int, int],
    runs: NDArray[np.int64],
) -> int:
    """Put the next runs into rows (first voxel, end, line of the array); return how many.

    ``place``: the voxel and the line from which on to look. A run ends where its line ends.
    """
    count, end, line = 0, place[0], place[1]
    while count < runs.shape[0]:
        start = _next_label(labels, words, end)
        if start >= labels.shape[0]:
            break
        while start >= (line + 1) * columns:
            line += 1
        end = start + 1
        while end < (line + 1) * columns and labels[end] == labels[start]:
            end += 1
        runs[count, 0], runs[count, 1], runs[count, 2] = start, end, line
        count += 1
    return count


@kernel
def _sum_runs(
    values: NDArray[np.float32], runs: NDArray[np.int64], sums: NDArray[np.float64]
) -> None:
    """Sum each run: differences from its first value, their squares, least and largest value.

    Many runs at a time, so that memory is fetched ahead. The first value is one of the run, so
    the squares about the mean lose at most as many units in the last place as the run is long.
    """
    for r in range(runs.shape[0]):
        first = values[runs[r, 0]]
        total, squares, least, most = 0.0, 0.0, first, first
        for i in range(runs[r, 0], runs[r, 1]):
            value = values[i]
            apart = np.float64(value) - np.float64(first)
            total += apart
            squares += apart * apart
            least = value if value < least else least
            most = value if value > most else most
        sums[r, 0], sums[r, 1], sums[r, 2], sums[r, 3] = total, squares, least, most
        sums[r, 4] = first


@kernel
def _not_finite(values: NDArray[np.float32]) -> int:
    count = 0
    for i in range(values.shape[0]):
        count += not np.isfinite(values[i])
    return count


@kernel
def _join(
    moments: NDArray[np.float64], label: int, sums: NDArray[np.float64], sizes: tuple[int, int]
) -> None:
    """Join the sums of a finite run to its label; ``sizes``: voxels of the run, and before it."""
    size, before = sizes
    squares = max(sums[1] - sums[0] * sums[0] / size, 0.0)
    total = sums[0] + size * sums[4]
    if before > 0:
        apart = total / size - moments[label, 0] / before
        squares += apart * apart * before * size / (before + size)
    moments[label, 0] += total
    moments[label, 1] += squares
    moments[label, 2] = min(moments[label, 2], sums[2]) if before > 0 else sums[2]
    moments[label, 3] = max(moments[label, 3], sums[3]) if before > 0 else sums[3]


@kernel
def _widen(boxes: NDArray[np.int64], label: int, place: tuple[int, int, int], size: int) -> None:
    """Widen a label's box by a run that starts at k, j, i, and count its voxels."""
    k, j, i = place
    if boxes[label, 6] == 0:
        boxes[label, 0], boxes[label, 1], boxes[label, 2] = k, j, i
        boxes[label, 4], boxes[label, 5] = j, i
    boxes[label, 1] = min(boxes[label, 1], j)
    boxes[label, 2] = min(boxes[label, 2], i)
    boxes[label, 3] = k
    boxes[label, 4] = max(boxes[label, 4], j)
    boxes[label, 5] = max(boxes[label, 5], i + size - 1)
    boxes[label, 6] += size


@kernel
def label_statistics(
    labels: NDArray[np.uint16],
    words: NDArray[np.uint64],
    values: NDArray[np.float32],
    boxes: NDArray[np.int64],
    moments: NDArray[np.float64],
) -> int:
    """Collect box, count, sum, squares, least and largest value of every label in one pass.

    Parameters
    ----------
    labels : (K, J, I) uint8, uint16 or uint32, C-contiguous
        0 is background.
    words : (W,) uint64
        The same memory, as many whole words as there are.
    values : (K, J, I) float32, C-contiguous
    boxes : (N, 7) int64
        Zeros; set to lowest k, j, i, highest k, j, i, and the number of voxels, row ``n`` for
        label ``n``.
    moments : (N, 5) float64
        Zeros; set to sum, sum of squares about the mean, least, largest, and the number of values
        that are not finite. With any of those the others mean nothing.

    Returns
    -------
    int
        The highest label that occurs, 0 for none; rows beyond it were not touched. From N on, the
        first label found for which there is no row: the tables then mean nothing.

    References
    ----------
    Chan, Golub, LeVeque 1983, doi:10.1080/00031305.1983.10483115
    """
    _, rows, columns = labels.shape
    flat, row = labels.ravel(), values.ravel()
    runs, sums = np.empty((RUNS, 3), dtype=np.int64), np.empty((RUNS, 5))
    found, place, k, top = RUNS, (0, 0), 0, 0
    while found == RUNS:
        found = _list_runs(flat, words, columns, place, runs)
        _sum_runs(row, runs[:found], sums)
        for r in range(found):
            start, end, line = runs[r, 0], runs[r, 1], runs[r, 2]
            label = int(flat[start])
            top = max(top, label)
            if label >= boxes.shape[0]:
                return label
            if np.isfinite(sums[r, 0]):
                _join(moments, label, sums[r], (end - start, boxes[label, 6]))
            else:
                moments[label, 4] += _not_finite(row[start:end])
            while line >= (k + 1) * rows:
                k += 1
            _widen(boxes, label, (k, line - k * rows, start - line * columns), end - start)
            place = end, line
    return top


@kernel
def gather_by_label(
    labels: NDArray[np.uint16],
    words: NDArray[np.uint64],
    values: NDArray[np.float32],
    places: NDArray[np.int64],
    gathered: NDArray[np.float32],
) -> None:
    """Sort values by their label, in the order of the array.

    Parameters
    ----------
    labels, words, values
        As for :func:`label_statistics`.
    places : (N,) int64
        Where in ``gathered`` the values of each label begin; moved to where they end.
    gathered : (M,) float32
        Room for all values under labels that are not 0.
    """
    flat, row = labels.ravel(), values.ravel()
    runs = np.empty((RUNS, 3), dtype=np.int64)
    found, place = RUNS, (0, 0)
    while found == RUNS:
        found = _list_runs(flat, words, labels.shape[2], place, runs)
        for r in range(found):
            start, end, label = runs[r, 0], runs[r, 1], flat[runs[r, 0]]
            for i in range(start, end):
                gathered[places[label] + i - start] = row[i]
            places[label] += end - start
            place = end, runs[r, 2]


LANES = 32
"""Sums that run side by side, so that one processor instruction can serve several."""


@kernel
def _moment_sums(
    values: NDArray[np.float32], weights: NDArray[np.float32], origin: float
) -> tuple[float, float, float]:
    """Sum weights, weights x distance from an origin, and x its square; weight 0 never counts."""
    total, first, second = np.zeros(LANES), np.zeros(LANES), np.zeros(LANES)
    size = values.shape[0]
    for start in range(0, size, LANES):
        width = min(LANES, size - start)
        value, weight = values[start : start + width], weights[start : start + width]
        for lane in range(width):
            part = np.float64(weight[lane])
            apart = np.float64(value[lane]) - origin if part > 0.0 else 0.0
            total[lane] += part
            first[lane] += part * apart
            second[lane] += part * apart * apart
    return total.sum(), first.sum(), second.sum()


@kernel
def weighted_moments(
    values: NDArray[np.float32], weights: NDArray[np.float32], inside: float
) -> tuple[float, float, int, float]:
    """Sum values under weights: their mean, their spread, and the largest well inside.

    Parameters
    ----------
    values, weights : (K, J, I) float32, C-contiguous
        No weight is below 0.
    inside : float
        Voxels with at least this weight are inside.

    Returns
    -------
    tuple of float, float, int, float
        Weighted mean, weighted mean square about it, number of voxels inside, and the largest
        value among them (minus infinity without one, NaN with one that is NaN). Voxels of weight 0
        do not count, whatever their value; without any weight mean and square are NaN.
    """
    flat, weight = values.ravel(), weights.ravel()
    voxels, most = 0, -np.inf
    for n in range(flat.shape[0]):
        if weight[n] >= inside:
            voxels += 1
            if flat[n] > most or np.isnan(flat[n]):
                most = np.float64(flat[n])
    total, first, _ = _moment_sums(flat, weight, 0.0)
    if total == 0.0:
        return np.nan, np.nan, voxels, most
    mean = first / total
    _, first, second = _moment_sums(flat, weight, mean)
    return mean + first / total, max(second / total - (first / total) ** 2, 0.0), voxels, most


@kernel
def _add_row(sums: NDArray[np.float64], values: NDArray[np.float32], weight: float) -> None:
    for i in range(sums.shape[0]):
        sums[i] += weight * values[i]


@kernel
def stencil_sums(
    block: NDArray[np.float32], weights: NDArray[np.float64], sums: NDArray[np.float64]
) -> None:
    """Sum values under a small stencil at every place of it in a block.

    Parameters
    ----------
    block : (K, J, I) float32, C-contiguous
    weights : (a, b, c) float64
    sums : (K - a + 1, J - b + 1, I) float64, C-contiguous
        Set for the stencil's first voxel at k, j, i; what lies in the last c - 1 columns means
        nothing. A sum that is not finite has a value under it that is not.
    """
    width = block.shape[2]
    reach = sums.shape[1] * width - weights.shape[2] + 1
    for k in range(sums.shape[0]):
        plane = sums[k].ravel()
        plane[:] = 0.0
        for a in range(weights.shape[0]):
            layer = block[k + a].ravel()
            for b in range(weights.shape[1]):
                for c in range(weights.shape[2]):
                    if weights[a, b, c] > 0.0:
                        start = b * width + c
                        _add_row(plane[:reach], layer[start : start + reach], weights[a, b, c])
