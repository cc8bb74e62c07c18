"""Values of one grid at the voxel centres of another, by trilinear interpolation in float64."""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel

STRAIGHT = 1e-7
"""Rows that leave a line of source voxels by less than this, in voxels, follow it."""

EDGE = 1e-6
"""A position this far beyond the outer faces of the source, in voxels, still lies inside."""


@kernel
def _place(position: float, size: int) -> tuple[int, int, float]:
    """Lower voxel at a position along one axis, step to the upper one (0 or 1), and its weight.

    Beyond the outermost centres the outermost voxel holds; voxel -1 beyond its face.
    """
    if not -0.5 - EDGE <= position <= size - 0.5 + EDGE:
        return -1, 0, 0.0
    position = min(max(position, 0.0), size - 1.0)
    lower = int(position)
    part = position - lower
    return lower, 1 if part > 0.0 else 0, part


@kernel
def _add_line(line: NDArray[np.float64], values: NDArray[np.float32], weight: float) -> None:
    for i in range(line.shape[0]):
        line[i] += weight * values[i]


@kernel
def _mix_line(
    line: NDArray[np.float64],
    lower: NDArray[np.int64],
    step: NDArray[np.int64],
    part: NDArray[np.float64],
    row: NDArray[np.float32],
) -> None:
    for i in range(row.shape[0]):
        low = line[lower[i]]
        row[i] = low + part[i] * (line[lower[i] + step[i]] - low)


@kernel
def _mix_rows(
    values: NDArray[np.float32],
    at: tuple[float, float],
    first: int,
    line: NDArray[np.float64],
) -> bool:
    """Mix the four rows about a position into ``line``, from column ``first``; False if outside."""
    a, b = _place(at[0], values.shape[0]), _place(at[1], values.shape[1])
    if a[0] < 0 or b[0] < 0:
        return False
    line[:] = 0.0
    for corner in range(4):
        weight = a[2] if corner & 1 else 1.0 - a[2]
        weight *= b[2] if corner & 2 else 1.0 - b[2]
        if weight > 0.0:
            k, j = a[0] + (corner & 1) * a[1], b[0] + (corner >> 1) * b[1]
            _add_line(line, values[k, j, first : first + line.shape[0]], weight)
    return True


@kernel
def _along_rows(
    values: NDArray[np.float32],
    frame: NDArray[np.float64],
    outside: float,
    out: NDArray[np.float32],
) -> None:
    """Interpolate where rows of the target follow rows of the source: rows are mixed as a whole."""
    columns = out.shape[2]
    lower, step = np.empty(columns, dtype=np.int64), np.empty(columns, dtype=np.int64)
    part = np.empty(columns)
    start, stop = columns, 0
    for i in range(columns):
        lower[i], step[i], part[i] = _place(frame[2, 2] * i + frame[2, 3], values.shape[2])
        if lower[i] >= 0:
            start, stop = min(start, i), i + 1
    out[:] = outside
    if start >= stop:
        return
    lower, step, part = lower[start:stop], step[start:stop], part[start:stop]
    first = lower.min()
    lower = lower - first
    line = np.empty((lower + step).max() + 1)
    for k in range(out.shape[0]):
        for j in range(out.shape[1]):
            a = frame[0, 0] * k + frame[0, 1] * j + frame[0, 3]
            b = frame[1, 0] * k + frame[1, 1] * j + frame[1, 3]
            if _mix_rows(values, (a, b), first, line):
                _mix_line(line, lower, step, part, out[k, j, start:stop])


@kernel
def _at_point(values: NDArray[np.float32], at: tuple[float, float, float], outside: float) -> float:
    """Interpolate at one position of the source."""
    slices, rows, columns = values.shape
    a, b, c = _place(at[0], slices), _place(at[1], rows), _place(at[2], columns)
    if a[0] < 0 or b[0] < 0 or c[0] < 0:
        return outside
    total = 0.0
    for corner in range(4):
        weight = a[2] if corner & 1 else 1.0 - a[2]
        weight *= b[2] if corner & 2 else 1.0 - b[2]
        if weight > 0.0:
            k, j = a[0] + (corner & 1) * a[1], b[0] + (corner >> 1) * b[1]
            low, high = np.float64(values[k, j, c[0]]), np.float64(values[k, j, c[0] + c[1]])
            total += weight * (low + c[2] * (high - low))
    return total


@kernel
def _inner_range(
    start: tuple[float, float, float],
    step: tuple[float, float, float],
    sizes: tuple[int, int, int],
    count: int,
) -> tuple[int, int]:
    """Positions along a line, first and end, that surely lie between eight voxel centres."""
    first, end = 0.0, float(count)
    for axis in range(3):
        low, high = 2.0 * EDGE - start[axis], sizes[axis] - 1 - 2.0 * EDGE - start[axis]
        if abs(step[axis]) * count < EDGE:
            if not low < 0.0 < high:
                end = 0.0
        elif step[axis] > 0.0:
            first, end = max(first, low / step[axis]), min(end, high / step[axis])
        else:
            first, end = max(first, high / step[axis]), min(end, low / step[axis])
    begin = int(np.ceil(first))
    return begin, max(begin, int(np.floor(end)))


@kernel
def _inner_line(
    values: NDArray[np.float32],
    strides: tuple[int, int],
    start: tuple[float, float, float],
    step: tuple[float, float, float],
    row: NDArray[np.float32],
) -> None:
    """Interpolate along a line on which every position lies between eight voxel centres."""
    plane, line = strides
    for i in range(row.shape[0]):
        a, b, c = start[0] + step[0] * i, start[1] + step[1] * i, start[2] + step[2] * i
        k, j, n = int(a), int(b), int(c)
        a, b, c = a - k, b - j, c - n
        at = k * plane + j * line + n
        one = values[at] + c * (np.float64(values[at + 1]) - values[at])
        at += line
        two = values[at] + c * (np.float64(values[at + 1]) - values[at])
        front = one + b * (two - one)
        at += plane
        two = values[at] + c * (np.float64(values[at + 1]) - values[at])
        at -= line
        one = values[at] + c * (np.float64(values[at + 1]) - values[at])
        row[i] = front + a * (one + b * (two - one) - front)


@kernel
def _askew(
    values: NDArray[np.float32],
    frame: NDArray[np.float64],
    outside: float,
    out: NDArray[np.float32],
) -> None:
    """Interpolate where rows of the target cross rows of the source."""
    slices, rows, columns = values.shape
    flat, reach = values.ravel(), out.shape[2]
    step = (frame[0, 2], frame[1, 2], frame[2, 2])
    for k in range(out.shape[0]):
        for j in range(out.shape[1]):
            a = frame[0, 0] * k + frame[0, 1] * j + frame[0, 3]
            b = frame[1, 0] * k + frame[1, 1] * j + frame[1, 3]
            c = frame[2, 0] * k + frame[2, 1] * j + frame[2, 3]
            first, end = _inner_range((a, b, c), step, (slices, rows, columns), reach)
            first = min(first, reach)
            for i in range(reach):
                if first <= i < end:
                    continue
                at = (a + step[0] * i, b + step[1] * i, c + step[2] * i)
                out[k, j, i] = _at_point(values, at, outside)
            at = (a + step[0] * first, b + step[1] * first, c + step[2] * first)
            _inner_line(flat, (rows * columns, columns), at, step, out[k, j, first:end])


@kernel
def resample_linear(
    values: NDArray[np.float32],
    frame: NDArray[np.float64],
    outside: float,
    out: NDArray[np.float32],
) -> None:
    """Interpolate linearly between the eight nearest voxel centres, in float64.

    Beyond the outermost voxel centres the outermost values hold, to the outer faces of the voxels.

    Parameters
    ----------
    values : (k, j, i) float32, C-contiguous
    frame : (3, 4) float64
        Maps the target index ``(k, j, i, 1)`` to the source index.
    outside : float
        Value beyond the source's outer faces.
    out : (K, J, I) float32, C-contiguous
        Set.
    """
    slices, rows, columns = out.shape
    crossed = (abs(frame[0, 2]) + abs(frame[1, 2])) * columns
    if crossed + abs(frame[2, 0]) * slices + abs(frame[2, 1]) * rows <= STRAIGHT:
        _along_rows(values, frame, outside, out)
    else:
        _askew(values, frame, outside, out)
