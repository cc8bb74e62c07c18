"""Sums over a sphere at many positions of its centre: all in one sweep, or one by one.

A stencil is the array of a sphere's weights on the grid. A position is the index of the voxel under
the stencil's first voxel. ``-inf`` among values means that there is no voxel (beyond the volume):
it counts nothing and is never the largest.

Rows of the stencil that mirror each other weigh the same, so slices are folded onto the middle one,
then rows onto the middle row. What is left of a row is a staircase: its sum is, over the edges of
the staircase, the jump there times the sum of the voxels between the edge and its mirror image, a
difference of running sums. No voxel is multiplied by itself, and all positions of a slice are
worked on together, in stretches that stay in the first cache.
"""
# ruff: noqa: PLR1730 - max() keeps the compiler from using vectors, two comparisons do not

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Integers = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Table = tuple[Integers, Integers, Integers, Floats, Floats]

SUMS_AT_ONCE = 1024
"""Running sums that are added up together: with their folded rows they stay in the first cache."""

MAXIMA_AT_ONCE = 4096
"""Maxima that are taken together."""


@kernel
def _running_sums(
    values: Floats32, width: int, origin: tuple[float, float], sums: Floats, each: int
) -> None:
    """Fill, for every row of a slice, the sums of all voxels before each place and after the last.

    ``each`` sums stand side by side: of the value less the origin and, when 2, of its square.
    ``origin`` is the origin and how far from it a value may be: farther ones count as 0.
    """
    at = 0
    for row in range(values.size // width):
        total, squared = 0.0, 0.0
        for i in range(width + 1):
            sums[at] = total
            if each == 2:
                sums[at + 1] = squared
            at += each
            if i < width:
                value = np.float64(values[row * width + i]) - origin[0]
                if -np.inf < value and abs(value) <= origin[1]:
                    total += value
                    squared += value * value


@kernel
def _add(out: Floats, one: Floats, other: Floats) -> None:
    """Add two rows, place by place."""
    for x in range(out.size):
        out[x] = one[x] + other[x]


@kernel
def _add_two(
    out: Floats,
    jumps: tuple[float, float],
    upper: tuple[Floats, Floats],
    lower: tuple[Floats, Floats],
) -> None:
    """Add two weighted differences of running sums, place by place."""
    a, b = jumps
    up_a, up_b = upper
    low_a, low_b = lower
    for x in range(out.size):
        out[x] += a * (up_a[x] - low_a[x]) + b * (up_b[x] - low_b[x])


@kernel
def _add_four(
    out: Floats,
    jumps: tuple[float, float, float, float],
    upper: tuple[Floats, Floats, Floats, Floats],
    lower: tuple[Floats, Floats, Floats, Floats],
) -> None:
    """Add four weighted differences of running sums, place by place."""
    a, b, c, d = jumps
    up_a, up_b, up_c, up_d = upper
    low_a, low_b, low_c, low_d = lower
    for x in range(out.size):
        out[x] += (a * (up_a[x] - low_a[x]) + b * (up_b[x] - low_b[x])) + (
            c * (up_c[x] - low_c[x]) + d * (up_d[x] - low_d[x])
        )


@kernel
def _add_edges(
    out: Floats, sums: Floats, edges: Integers, jumps: Floats, span: tuple[int, int]
) -> None:
    """Add one row of the stencil: edges ``span[0]`` to ``span[1]``, the last one repeated as 0."""
    n, last = out.size, span[1] - 1
    for s in range(span[0], span[1], 4):
        t, u, v = min(s + 1, last), min(s + 2, last), min(s + 3, last)
        a, b = jumps[s], jumps[t] if s < last else 0.0
        p, q = edges[s, 1], edges[t, 1]
        two = (sums[p : p + n], sums[q : q + n])
        p, q = edges[s, 0], edges[t, 0]
        less = (sums[p : p + n], sums[q : q + n])
        if s + 1 >= last:
            _add_two(out, (a, b), two, less)
            continue
        c, d = jumps[u], jumps[v] if s + 2 < last else 0.0
        p, q = edges[u, 1], edges[v, 1]
        four = (two[0], two[1], sums[p : p + n], sums[q : q + n])
        p, q = edges[u, 0], edges[v, 0]
        _add_four(out, (a, b, c, d), four, (less[0], less[1], sums[p : p + n], sums[q : q + n]))


@kernel
def _larger(out: Floats32, one: Floats32, other: Floats32) -> None:
    """Take the larger of two rows, place by place."""
    for x in range(out.size):
        most, a = one[x], other[x]
        if a > most:
            most = a
        out[x] = most


@kernel
def _raise(top: Floats32, four: tuple[Floats32, Floats32, Floats32, Floats32]) -> None:
    """Raise a row to the largest of four others, place by place."""
    first, second, third, fourth = four
    for x in range(top.size):
        most, a, b, c, d = top[x], first[x], second[x], third[x], fourth[x]
        if a > most:
            most = a
        if b > most:
            most = b
        if c > most:
            most = c
        if d > most:
            most = d
        top[x] = most


@kernel
def _spans(wanted: Bytes, width: int, spans: Integers) -> tuple[int, int]:
    """Find the first and last wanted place of each row of a slice, and of the rows themselves."""
    first, last = spans.shape[0], -1
    for j in range(spans.shape[0]):
        low, high = width, -1
        for i in range(width):
            if wanted[j * width + i] != 0:
                low, high = min(low, i), i
        spans[j, 0], spans[j, 1] = low, high
        if high >= 0:
            first, last = min(first, j), j
    return first, last


@kernel
def _stretch(spans: Integers, first: int, last: int, line: int) -> tuple[int, int]:
    """Find the flat stretch, in rows of ``line`` places, from the first to the last wanted one.

    Its start and size; all rows between begin and end with the widest.
    """
    low, high = spans[first, 0], spans[first, 1]
    for j in range(first + 1, last + 1):
        low, high = min(low, spans[j, 0]), max(high, spans[j, 1])
    return first * line + low, (last - first) * line + high - low + 1


@kernel
def _sweep_sums(
    sums: Floats,
    folded: tuple[Floats, Floats],
    spans: Integers,
    table: Table,
    where: tuple[int, int, int, int, int],
) -> None:
    """Add one pair of slices of the stencil to the sums of all wanted positions of a slice.

    ``folded`` is the pair's running sums added up, and work space of the same size; ``where`` the
    pair's distance from the middle, the first and last wanted row, the width of a row, and how
    many sums stand side by side.
    """
    pair, first, last, width, each = where
    half, rows, edges, jumps, _ = table
    slices, work = folded
    line = (width + 1) * each
    step = max(1, SUMS_AT_ONCE // line)
    for j in range(first, last + 1, step):
        at, n = _stretch(spans, j, min(j + step - 1, last), width + 1)
        at, n = at * each, n * each
        whole = n + (2 * half[2] + 1) * each
        for away in range(half[1] + 1):
            row = rows[pair * (half[1] + 1) + away]
            if row[0] == row[1]:
                continue
            near, far = at + (half[1] - away) * line, at + (half[1] + away) * line
            source = slices[near:]
            if away > 0:
                source = work[:whole]
                _add(source, slices[near:][:whole], slices[far:][:whole])
            _add_edges(sums[at : at + n], source, edges, jumps, (row[0], row[1]))


@kernel
def _fold_maxima(
    levels: Floats32, pair: tuple[Floats32, Floats32], part: tuple[int, int], depth: int
) -> None:
    """Fill a part of (L, J I) maxima of two slices over runs of 1, 2, 4 ... voxels, L = depth."""
    start, stop = part
    _larger(levels[0, start:stop], pair[0][start:stop], pair[1][start:stop])
    for level in range(1, depth):
        by = 1 << (level - 1)
        below = levels[level - 1]
        end = stop - by
        _larger(levels[level, start:end], below[start:end], below[start + by : stop])


@kernel
def _sweep_maxima(
    top: Floats32,
    levels: Floats32,
    spans: Integers,
    table: Table,
    where: tuple[int, int, int, int],
) -> None:
    """Raise the maxima of all wanted positions of a slice by one pair of slices of the stencil."""
    pair, first, last, width = where
    half, rows = table[0], table[1]
    step = max(1, MAXIMA_AT_ONCE // width)
    for j in range(first, last + 1, step):
        at, n = _stretch(spans, j, min(j + step - 1, last), width)
        for away in range(half[1] + 1):
            row = rows[pair * (half[1] + 1) + away]
            if row[2] == row[3]:
                continue
            run = levels[row[4]]
            a = at + row[2] + (half[1] - away) * width
            b = a + row[3] - row[2] - (1 << row[4])
            c, d = a + 2 * away * width, b + 2 * away * width
            _raise(
                top[at : at + n], (run[a : a + n], run[b : b + n], run[c : c + n], run[d : d + n])
            )


@kernel
def _listed_apart(values: Floats32, origin: tuple[float, float]) -> Integers:
    """List the voxels that running sums leave out."""
    count = 0
    for at in range(values.size):
        count += values[at] > -np.inf and abs(values[at] - origin[0]) > origin[1]
    apart = np.empty(count, np.int64)
    count = 0
    for at in range(values.size):
        if values[at] > -np.inf and abs(values[at] - origin[0]) > origin[1]:
            apart[count] = at
            count += 1
    return apart


@kernel
def _add_apart(
    sums: Floats,
    voxel: tuple[int, int, float],
    weights: Floats,
    spans: Integers,
    where: tuple[int, int, int, int],
) -> None:
    """Add one voxel (j, i, value) to all wanted positions of a slice whose stencil covers it.

    ``weights`` is the slice of the stencil that it falls into.
    """
    first, last, width, each = where
    row, column, value = voxel
    for j in range(max(first, row - weights.shape[0] + 1), min(last, row) + 1):
        low = max(spans[j, 0], column - weights.shape[1] + 1)
        for i in range(low, min(spans[j, 1], column) + 1):
            at = (j * (width + 1) + i) * each
            weighted = weights[row - j, column - i] * value
            sums[at] += weighted
            if each == 2:
                sums[at + 1] += weighted * value


@kernel
def _add_all_apart(
    sums: Floats,
    block: tuple[Floats32, Integers, int, float],
    weights: Floats,
    spans: Integers,
    where: tuple[int, int, int, int],
) -> None:
    """Add what running sums left out; ``block`` is values, its list, the slice, the origin."""
    values, apart, k, origin = block
    height, width = values.shape[1:]
    for at in apart:
        off = at // (height * width) - k
        if 0 <= off < weights.shape[0]:
            row, column = at // width % height, at % width
            voxel = row, column, np.float64(values[k + off, row, column]) - origin
            _add_apart(sums, voxel, weights[off], spans, where)


@kernel
def _sweep_pairs(
    found: tuple[Floats, Floats32],
    block: tuple[Floats32, Floats, int],
    spans: Integers,
    table: Table,
    where: tuple[int, int, int, int],
) -> None:
    """Fill the sums and maxima of all wanted positions of one slice, pair by pair of slices.

    ``block`` is the values (K, J I), running sums by slice modulo their number, and the slice.
    """
    sums, top = found
    values, ring, k = block
    first, last, width, each = where
    half, rows = table[0], table[1]
    a, b = first * (width + 1) * each, (last + 2 * half[1] + 1) * (width + 1) * each
    part = first * width, (last + 2 * half[1] + 1) * width
    folded, work = np.empty(ring.shape[1]), np.empty(ring.shape[1])
    depth = rows[:, 4].max() + 1 if each == 2 else 0
    levels = np.full((depth, values.shape[1]), np.float32(-np.inf))
    for pair in range(half[0] + 1):
        low, high = k + half[0] - pair, k + half[0] + pair
        one, other = ring[low % len(ring)], ring[high % len(ring)]
        slices = one
        if pair > 0:
            slices = folded
            _add(slices[a:b], one[a:b], other[a:b])
        _sweep_sums(sums, (slices, work), spans, table, (pair, first, last, width, each))
        if each == 2:
            _fold_maxima(levels, (values[low], values[high]), part, depth)
            _sweep_maxima(top, levels, spans, table, (pair, first, last, width))


@kernel
def _write_wanted(
    found: tuple[Floats, Floats32],
    wanted: Bytes,
    spans: Integers,
    sizes: tuple[int, int, int],
    out: Floats,
) -> int:
    """Copy what was found at the wanted positions of a slice to (n, 3); return how many."""
    sums, top = found
    size_i, width, each = sizes
    n = 0
    for j in range(spans.shape[0]):
        for i in range(spans[j, 0], spans[j, 1] + 1):
            if wanted[j * size_i + i] != 0:
                at = (j * (width + 1) + i) * each
                out[n, 0] = sums[at]
                out[n, 1] = sums[at + 1] if each == 2 else 0.0
                out[n, 2] = top[j * width + i]
                n += 1
    return n


@kernel
def sphere_sweep(
    values: Floats32,
    origin: tuple[float, float],
    candidates: Bytes,
    table: Table,
    each: int,
) -> Floats:
    """Sum values and their squares under a sphere's weights, for every candidate position.

    The order of additions is fixed. Sums err by a few times 2^-53 of the largest sum along any one
    row of voxels: an origin amid the values, and a limit to what enters, keep that small.

    Parameters
    ----------
    values : (K, J, I) float32, C-contiguous
        Intensities; finite, or ``-inf`` where there is no voxel.
    origin : tuple of float
        What is taken off each value, and how far from it values may be to enter running sums:
        the others are added one by one, which is exact but slow when they are many.
    candidates : (K - k + 1, J - j + 1, I - i + 1) uint8
        Not 0 where the first voxel of the stencil's box (k, j, i) shall lie.
    table : tuple
        A stencil that is its own mirror image along each axis. ``half`` (3,) int64: voxels on
        either side of the middle one along k, j, i. ``rows`` (R, 5) int64: for slices 0 to half[0]
        off the middle, and in each for rows 0 to half[1] off the middle, the first and last + 1 of
        its edges, first and last + 1 voxel of weight of at least one half (both 0 if none), and
        the binary logarithm, rounded down, of their number. ``edges`` (E, 2) int64: where a
        weight begins, and where its mirror image ends. ``jumps`` (E,) float64: by how much the
        weight rises there. ``weights`` (k, j, i) float64: the stencil itself.
    each : int
        2 for sums, sums of squares and maxima; 1 for sums only.

    Returns
    -------
    (N, 3) float64
        Sums of weight x (value - origin), of weight x (value - origin) squared (0 when not asked
        for), and the largest value under weights of at least one half (``-inf`` when there is
        none or not asked for); one row per candidate in the order (k, j, i).

    Notes
    -----
    Work space: 8 x ``each`` x (2 half[0] + 3) bytes a voxel of one slice for the running sums, and
    about 4 x log2(i) for the maxima: for a sphere of 13 voxels in a cube of 64 about four times
    the values.
    """
    size_k, size_j, size_i = candidates.shape
    height, width = values.shape[1:]
    half, rows, edges, jumps, weights = table
    scaled = half, rows, edges * each, jumps, weights
    flat, wanted = values.reshape(-1, height * width), candidates.reshape(size_k, -1)
    ring = np.empty((2 * half[0] + 1, height * (width + 1) * each))
    sums, top = np.empty(ring.shape[1]), np.empty(height * width, np.float32)
    spans = np.empty((size_j, 2), np.int64)
    apart = _listed_apart(values.ravel(), origin)
    out = np.empty((np.count_nonzero(candidates), 3))
    found, ready = 0, 0
    for k in range(size_k):
        first, last = _spans(wanted[k], size_i, spans)
        if last < 0:
            continue
        for slice_k in range(max(ready, k), k + len(ring)):
            _running_sums(flat[slice_k], width, origin, ring[slice_k % len(ring)], each)
        ready = k + len(ring)
        sums[:] = 0.0
        top[:] = -np.inf
        where = first, last, width, each
        _sweep_pairs((sums, top), (flat, ring, k), spans, scaled, where)
        _add_all_apart(sums, (values, apart, k, origin[0]), weights, spans, where)
        found += _write_wanted((sums, top), wanted[k], spans, (size_i, width, each), out[found:])
    return out


@kernel
def sphere_sums(values: Floats32, positions: Integers, weights: Floats, origin: float) -> Floats:
    """Sum values and their squares under any stencil, at listed positions.

    Parameters
    ----------
    values : (K, J, I) float32
        Intensities; finite, or ``-inf`` where there is no voxel.
    positions : (N, 3) int64
        Index (k, j, i) of the voxel under the stencil's first voxel; the stencil must lie within
        the array.
    weights : (k, j, i) float64
        Any stencil.
    origin : float
        What is taken off each value.

    Returns
    -------
    (N, 3) float64
        As from :func:`sphere_sweep`.
    """
    out = np.empty((len(positions), 3))
    for n in range(len(positions)):
        total, squared, top = 0.0, 0.0, -np.inf
        for k in range(weights.shape[0]):
            for j in range(weights.shape[1]):
                row = values[positions[n, 0] + k, positions[n, 1] + j, positions[n, 2] :]
                for i in range(weights.shape[2]):
                    weight, value = weights[k, j, i], np.float64(row[i])
                    if weight > 0.0 and value > -np.inf:
                        off = value - origin
                        total += weight * off
                        squared += weight * off * off
                        if weight >= 0.5 and value > top:
                            top = value
        out[n, 0], out[n, 1], out[n, 2] = total, squared, top
    return out
