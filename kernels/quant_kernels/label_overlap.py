"""How much of each voxel a label map covers, exactly: by boxes where the axes agree, else by faces.

All coordinates here are voxels of the label map. Every sum runs in a fixed order.
"""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel


@kernel
def _add_line(line: NDArray[np.float64], values: NDArray[np.float32], share: float) -> None:
    for i in range(line.shape[0]):
        line[i] += share * values[i]


@kernel
def _between(edges: NDArray[np.float64], n: int, size: int) -> tuple[int, int]:
    """First and end of the source voxels between two edges; of a source of ``size`` voxels."""
    low, high = max(edges[n], 0.0), min(edges[n + 1], float(size))
    if high <= low:
        return 0, 0
    return int(low), int(np.ceil(high))


@kernel
def _share(edges: NDArray[np.float64], n: int, at: int) -> float:
    """How much of source voxel ``at`` lies between two edges."""
    overlap: float = min(edges[n + 1], at + 1.0) - max(edges[n], float(at))
    return max(0.0, overlap)


@kernel
def box_sums(
    source: NDArray[np.float32],
    edges: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    sums: NDArray[np.float64],
) -> None:
    """Integrate over boxes whose axes are those of the source.

    Parameters
    ----------
    source : (k, j, i) float32, C-contiguous
        0 outside.
    edges : (K + 1,), (J + 1,) and (I + 1,) float64
        Ascending edges of the boxes, counted in source voxels from the source's outer edge.
    sums : (K, J, I) float64, C-contiguous
        Set, in source values times source voxels. Edges are shared, so nothing is lost between
        boxes.
    """
    slices, rows, columns = source.shape
    edges_k, edges_j, edges_i = edges
    line = np.empty(columns)
    sums[:] = 0.0
    left, right = _between(edges_i[:: edges_i.shape[0] - 1], 0, columns)
    for k in range(sums.shape[0]):
        low_k, high_k = _between(edges_k, k, slices)
        for j in range(sums.shape[1]):
            low_j, high_j = _between(edges_j, j, rows)
            line[left:right] = 0.0
            for a in range(low_k, high_k):
                for b in range(low_j, high_j):
                    share = _share(edges_k, k, a) * _share(edges_j, j, b)
                    _add_line(line[left:right], source[a, b, left:right], share)
            if high_k == low_k or high_j == low_j:
                continue
            for i in range(sums.shape[2]):
                low_i, high_i = _between(edges_i, i, columns)
                total = 0.0
                for c in range(low_i, high_i):
                    total += _share(edges_i, i, c) * line[c]
                sums[k, j, i] = total


@kernel
def _is_even(
    source: NDArray[np.float32], frame: NDArray[np.float64], at: NDArray[np.float64]
) -> tuple[bool, float]:
    """Tell whether all source voxels that a target voxel may touch have one value, and which."""
    low, high = np.empty(3, dtype=np.int64), np.empty(3, dtype=np.int64)
    cut = False
    for axis in range(3):
        row = frame[axis]
        middle = row[0] * at[0] + row[1] * at[1] + row[2] * at[2] + row[3] + 0.5
        reach = 0.5 * (abs(row[0]) + abs(row[1]) + abs(row[2])) + 1e-6
        low[axis], high[axis] = int(np.floor(middle - reach)), int(np.floor(middle + reach))
        cut = cut or low[axis] < 0 or high[axis] >= source.shape[axis]
        low[axis], high[axis] = max(low[axis], 0), min(high[axis], source.shape[axis] - 1)
        if low[axis] > high[axis]:
            return True, 0.0
    value = 0.0 if cut else float(source[low[0], low[1], low[2]])
    for k in range(low[0], high[0] + 1):
        for j in range(low[1], high[1] + 1):
            for i in range(low[2], high[2] + 1):
                if source[k, j, i] != value:
                    return False, value
    return True, value


@kernel
def _nearest(
    source: NDArray[np.float32], frame: NDArray[np.float64], at: NDArray[np.float64]
) -> float:
    """Value of the source voxel that holds a target position; 0 outside."""
    place = np.empty(3, dtype=np.int64)
    for axis in range(3):
        row = frame[axis]
        position = row[0] * at[0] + row[1] * at[1] + row[2] * at[2] + row[3]
        place[axis] = int(np.floor(position + 0.5 + 1e-9))
        if not 0 <= place[axis] < source.shape[axis]:
            return 0.0
    return float(source[place[0], place[1], place[2]])


@kernel
def _clip(
    polygons: NDArray[np.float64], level: int, count: int, side: tuple[int, float, float]
) -> int:
    """Put the part of polygon ``level`` on one side of a bound into the next; count its corners.

    ``side``: coordinate 0, 1, 2, the bound, and 1 for above it or -1 for below (Sutherland, Hodgman
    1974, doi:10.1145/360767.360802).
    """
    axis, bound, sign = side
    kept = 0
    for one in range(count):
        other = one + 1 if one + 1 < count else 0
        here = sign * (polygons[level, one, axis] - bound)
        there = sign * (polygons[level, other, axis] - bound)
        if here >= 0.0:
            for c in range(3):
                polygons[level + 1, kept, c] = polygons[level, one, c]
            kept += 1
        if (here > 0.0 > there) or (here < 0.0 < there):
            part = here / (here - there)
            for c in range(3):
                start = polygons[level, one, c]
                polygons[level + 1, kept, c] = start + part * (polygons[level, other, c] - start)
            polygons[level + 1, kept, axis] = bound
            kept += 1
    return kept


@kernel
def _slab(
    polygons: NDArray[np.float64], level: int, count: int, slab: tuple[int, float, float]
) -> int:
    """Put the part of polygon ``level`` between two bounds into ``level + 2``; count corners."""
    axis, low, high = slab
    count = _clip(polygons, level, count, (axis, low, 1.0))
    return _clip(polygons, level + 1, count, (axis, high, -1.0))


@kernel
def _cells(polygons: NDArray[np.float64], level: int, count: int, axis: int) -> tuple[int, int]:
    """First and end of the unit cells that polygon ``level`` reaches along one axis."""
    low = high = polygons[level, 0, axis]
    for n in range(1, count):
        low = min(low, polygons[level, n, axis])
        high = max(high, polygons[level, n, axis])
    first = int(np.floor(low))
    return first, max(int(np.ceil(high)), first + 1)


@kernel
def _flux(
    polygons: NDArray[np.float64], level: int, count: int, line: tuple[float, float]
) -> float:
    """Integrate base + rise x z over a polygon's shadow on the plane of x and y, with its sign."""
    base, rise = line
    total = 0.0
    x, y, z = polygons[level, 0, 0], polygons[level, 0, 1], polygons[level, 0, 2]
    for n in range(1, count - 1):
        ax, ay = polygons[level, n, 0] - x, polygons[level, n, 1] - y
        bx, by = polygons[level, n + 1, 0] - x, polygons[level, n + 1, 1] - y
        middle = (z + polygons[level, n, 2] + polygons[level, n + 1, 2]) / 3.0
        total += 0.5 * (ax * by - ay * bx) * (base + rise * middle)
    return total


@kernel
def _voxel(source: NDArray[np.float32], k: int, j: int, i: int) -> float:
    """Value of a voxel of a column that lies in the source; 0 beyond the column's ends."""
    return np.float64(source[k, j, i]) if 0 <= i < source.shape[2] else 0.0


@kernel
def _column_flux(
    source: NDArray[np.float32],
    column: tuple[int, int, int],
    polygons: NDArray[np.float64],
    count: int,
) -> float:
    """Flux of one column of voxels through polygon 4, which lies in it.

    ``column``: k, j, and the voxel from which on it is summed. Stretches of equal voxels are one
    piece.
    """
    k, j, bottom = column
    first, end = _cells(polygons, 4, count, 2)
    base, total = 0.0, 0.0
    for i in range(bottom, first):
        base += _voxel(source, k, j, i)
    start = first
    while start < end:
        value, stop = _voxel(source, k, j, start), start + 1
        while stop < end and _voxel(source, k, j, stop) == value:
            stop += 1
        if start == first and stop == end:
            return _flux(polygons, 4, count, (base - value * start, value))
        if base != 0.0 or value != 0.0:
            corners = _slab(polygons, 4, count, (2, float(start), float(stop)))
            total += _flux(polygons, 6, corners, (base - value * start, value))
        base += value * (stop - start)
        start = stop
    return total


@kernel
def _face_flux(source: NDArray[np.float32], bottom: int, polygons: NDArray[np.float64]) -> float:
    """Flux of all columns through the four-cornered polygon 0."""
    total = 0.0
    first, end = _cells(polygons, 0, 4, 0)
    for k in range(max(first, 0), min(end, source.shape[0])):
        count = _slab(polygons, 0, 4, (0, float(k), k + 1.0))
        if count < 3:
            continue
        left, right = _cells(polygons, 2, count, 1)
        for j in range(max(left, 0), min(right, source.shape[1])):
            corners = _slab(polygons, 2, count, (1, float(j), j + 1.0))
            if corners >= 3:
                total += _column_flux(source, (k, j, bottom), polygons, corners)
    return total


@kernel
def _box_integral(
    source: NDArray[np.float32],
    frame: NDArray[np.float64],
    at: NDArray[np.float64],
    polygons: NDArray[np.float64],
) -> float:
    """Integrate the label map over one target voxel, in source voxels, exactly.

    By the divergence theorem in z only the six faces of the target voxel count: what matters of
    each is its shadow, cut by the columns of source voxels, times the column's sum below it.
    """
    total, depth = 0.0, 0.0
    middle = np.empty(3)
    for axis in range(3):
        row = frame[axis]
        middle[axis] = row[0] * at[0] + row[1] * at[1] + row[2] * at[2] + row[3] + 0.5
        if axis == 2:
            depth = 0.5 * (abs(row[0]) + abs(row[1]) + abs(row[2]))
    bottom = int(np.floor(middle[2] - depth))
    for face in range(6):
        out, sign = face // 2, 1.0 - 2.0 * (face % 2)
        one, two = (out + 1) % 3, (out + 2) % 3
        for corner in range(4):
            along = 0.5 if 0 < corner < 3 else -0.5
            across = 0.5 * sign if corner > 1 else -0.5 * sign
            for axis in range(3):
                row = frame[axis]
                step = sign * 0.5 * row[out] + along * row[one] + across * row[two]
                polygons[0, corner, axis] = middle[axis] + step
        total += _face_flux(source, bottom, polygons)
    return total


@kernel
def label_coverage(
    source: NDArray[np.float32],
    frame: NDArray[np.float64],
    centres: bool,  # noqa: FBT001 (numba takes no keyword-only arguments)
    coverage: NDArray[np.float64],
) -> None:
    """Average a label map over voxels that stand askew to it, exactly.

    Parameters
    ----------
    source : (k, j, i) float32, C-contiguous
        Weights 0..1 of the label map; 0 outside.
    frame : (3, 4) float64
        Maps the target index ``(k, j, i, 1)`` to the source index.
    centres : bool
        True: the source voxel that holds the target voxel's centre. False: the mean over the
        target voxel.
    coverage : (K, J, I) float64, C-contiguous
        Set. Every face between two target voxels is cut in the same way for both, so the sum over
        voxels that cover the label map is its volume to rounding.
    """
    matrix = frame[:, :3]
    size = abs(
        matrix[0, 0] * (matrix[1, 1] * matrix[2, 2] - matrix[1, 2] * matrix[2, 1])
        - matrix[0, 1] * (matrix[1, 0] * matrix[2, 2] - matrix[1, 2] * matrix[2, 0])
        + matrix[0, 2] * (matrix[1, 0] * matrix[2, 1] - matrix[1, 1] * matrix[2, 0])
    )
    at, polygons = np.empty(3), np.empty((7, 16, 3))
    for k in range(coverage.shape[0]):
        for j in range(coverage.shape[1]):
            for i in range(coverage.shape[2]):
                at[0], at[1], at[2] = k, j, i
                if centres:
                    coverage[k, j, i] = _nearest(source, frame, at)
                    continue
                even, value = _is_even(source, frame, at)
                if not even:
                    value = abs(_box_integral(source, frame, at, polygons)) / size
                coverage[k, j, i] = value
