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
Table = tuple[Integers, Integers, Integers, Floats]

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
    ring: Floats,
    spans: Integers,
    table: Table,
    where: tuple[int, int, int, int, int],
) -> None:
    """Add the stencil to the sums of all wanted positions of a slice, pair by pair of its slices.

    ``ring`` has running sums by slice modulo its length; ``where`` is the slice, its first and last
    wanted row, the width of a row, and how many sums stand side by side.
    """
    k, first, last, width, each = where
    half, rows, edges, jumps = table
    line = (width + 1) * each
    start, stop = first * line, (last + 2 * half[1] + 1) * line
    folded, work = np.empty(ring.shape[1]), np.empty(ring.shape[1])
    step = max(1, SUMS_AT_ONCE // line)
    for pair in range(half[0] + 1):
        slices = ring[(k + half[0]) % len(ring)]
        if pair > 0:
            slices = folded
            one, other = (k + half[0] - pair) % len(ring), (k + half[0] + pair) % len(ring)
            _add(folded[start:stop], ring[one, start:stop], ring[other, start:stop])
        for j in range(first, last + 1, step):
            at, n = _stretch(spans, j, min(j + step - 1, last), width + 1)
            at, n = at * each, n * each
            whole = n + (2 * half[2] + 1) * each
            for away in range(half[1] + 1):
                row = pair * (half[1] + 1) + away
                near, far = at + (half[1] - away) * line, at + (half[1] + away) * line
                source = slices[near:]
                if away > 0 and rows[row, 0] < rows[row, 1]:
                    source = work
                    _add(work[:whole], slices[near : near + whole], slices[far : far + whole])
                _add_edges(sums[at : at + n], source, edges, jumps, (rows[row, 0], rows[row, 1]))


@kernel
def _sweep_maxima(
    top: Floats32,
    values: Floats32,
    spans: Integers,
    table: Table,
    where: tuple[int, int, int, int],
) -> None:
    """Raise the maxima of all wanted positions of a slice, pair by pair of the stencil's slices.

    ``values`` is (K, J I); ``where`` the slice, its first and last wanted row, the width of a row.
    Two overlapping runs of 2^n voxels cover any run.
    """
    k, first, last, width = where
    half, rows = table[0], table[1]
    start, stop = first * width, (last + 2 * half[1] + 1) * width
    depth = 1
    for at in range(len(rows)):
        depth = max(depth, rows[at, 4] + 1)
    runs = np.full((depth, values.shape[1]), np.float32(-np.inf))
    step = max(1, MAXIMA_AT_ONCE // width)
    for pair in range(half[0] + 1):
        low, high = k + half[0] - pair, k + half[0] + pair
        _larger(runs[0, start:stop], values[low, start:stop], values[high, start:stop])
        for level in range(1, depth):
            end, by = stop - (1 << level - 1), start + (1 << level - 1)
            _larger(runs[level, start:end], runs[level - 1, start:end], runs[level - 1, by:stop])
        for j in range(first, last + 1, step):
            at, n = _stretch(spans, j, min(j + step - 1, last), width)
            for away in range(half[1] + 1):
                row = pair * (half[1] + 1) + away
                if rows[row, 2] == rows[row, 3]:
                    continue
                run = runs[rows[row, 4]]
                a = at + rows[row, 2] + (half[1] - away) * width
                b = a + rows[row, 3] - rows[row, 2] - (1 << rows[row, 4])
                c, d = a + 2 * away * width, b + 2 * away * width
                four = run[a : a + n], run[b : b + n], run[c : c + n], run[d : d + n]
                _raise(top[at : at + n], four)


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
    parts: int,
) -> Floats:
    """Sum values and their squares under a sphere's weights, for every candidate position.

    The order of additions is fixed. Sums err by a few times 2^-53 of the largest sum along any one
    row of voxels: an origin amid the values, and a limit to what enters, keep that small.

    Parameters
    ----------
    values : (K, J, I) float32, C-contiguous
        Intensities; finite, or ``-inf`` where there is no voxel.
    origin : tuple of float
        What is taken off each value, and how far from it values may be to enter the sums: add
        the others with :func:`add_voxels`.
    candidates : (K - k + 1, J - j + 1, I - i + 1) uint8
        Not 0 where the first voxel of the stencil's box (k, j, i) shall lie.
    table : tuple
        A stencil that is its own mirror image along each axis. ``half`` (3,) int64: voxels on
        either side of the middle one along k, j, i. ``rows`` (R, 5) int64: for slices 0 to half[0]
        off the middle, and in each for rows 0 to half[1] off the middle, the first and last + 1 of
        its edges, first and last + 1 voxel of weight of at least one half (both 0 if none), and
        the binary logarithm, rounded down, of their number. ``edges`` (E, 2) int64: where a
        weight begins, and where its mirror image ends. ``jumps`` (E,) float64: by how much the
        weight rises there.
    parts : int
        1 for sums only, 2 for sums of squares as well, 3 for maxima as well.

    Returns
    -------
    (N, 3) float64
        Sums of weight x (value - origin), of weight x (value - origin) squared (0 when not asked
        for), and the largest value under weights of at least one half (``-inf`` when there is
        none or not asked for); one row per candidate in the order (k, j, i).

    Notes
    -----
    Work space: 8 or 16 x (2 half[0] + 3) bytes a voxel of one slice for the running sums, and
    about 4 x log2(i) for the maxima: for a sphere of 13 voxels in a cube of 64 about four times
    the values.
    """
    size_k, size_j, size_i = candidates.shape
    height, width = values.shape[1:]
    half, rows, edges, jumps = table
    each = min(parts, 2)
    scaled = half, rows, edges * each, jumps
    flat, wanted = values.reshape(-1, height * width), candidates.reshape(size_k, -1)
    ring = np.empty((2 * half[0] + 1, height * (width + 1) * each))
    sums, top = np.empty(ring.shape[1]), np.empty(height * width, np.float32)
    spans = np.empty((size_j, 2), np.int64)
    count = 0
    for place in candidates.flat:
        count += place != 0
    out = np.empty((count, 3))
    found, ready = 0, 0
    for k in range(size_k):
        first, last = _spans(wanted[k], size_i, spans)
        if last < 0:
            continue
        for at in range(max(ready, k), k + len(ring)):
            _running_sums(flat[at], width, origin, ring[at % len(ring)], each)
        ready = k + len(ring)
        sums[:] = 0.0
        top[:] = -np.inf
        _sweep_sums(sums, ring, spans, scaled, (k, first, last, width, each))
        if parts == 3:
            _sweep_maxima(top, flat, spans, table, (k, first, last, width))
        found += _write_wanted((sums, top), wanted[k], spans, (size_i, width, each), out[found:])
    return out


@kernel
def add_voxels(
    sums: Floats,
    numbers: Integers,
    voxels: Integers,
    values: Floats,
    weights: Floats,
) -> None:
    """Add single voxels to what :func:`sphere_sweep` returned, at all positions that reach them.

    Parameters
    ----------
    sums : (N, 3) float64
        Sums of weight x value and of weight x value squared; raised in place.
    numbers : (k, j, i) int64
        The row of ``sums`` of each position; negative, or beyond them, where there is none.
    voxels : (M, 3) int64
        Index (k, j, i) of each voxel; a position is the index of the stencil's first voxel.
    values : (M,) float64
        What to add: the value less the origin.
    weights : (k, j, i) float64
        Any stencil.
    """
    for n in range(len(voxels)):
        low_k, low_j, low_i = voxels[n] - np.array(weights.shape) + 1
        for k in range(max(0, low_k), min(voxels[n, 0] + 1, numbers.shape[0])):
            for j in range(max(0, low_j), min(voxels[n, 1] + 1, numbers.shape[1])):
                for i in range(max(0, low_i), min(voxels[n, 2] + 1, numbers.shape[2])):
                    row = numbers[k, j, i]
                    if 0 <= row < len(sums):
                        off_k, off_j, off_i = voxels[n, 0] - k, voxels[n, 1] - j, voxels[n, 2] - i
                        weighted = weights[off_k, off_j, off_i] * values[n]
                        sums[row, 0] += weighted
                        sums[row, 1] += weighted * values[n]


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
