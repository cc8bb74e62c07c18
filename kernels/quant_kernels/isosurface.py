"""The isosurface of a grey-level volume: its area and volume without a mesh, and the mesh itself.

Marching cubes with one vertex on each edge of the voxel lattice that the surface crosses, where
linear interpolation along the edge meets the level. A voxel is inside when its value is greater
than the level. The triangles of each of the 256 cubes come from the caller as a table; edge ``e``
of a cube runs along axis ``e // 4`` (k, j, i) at the sides ``e // 2 % 2`` and ``e % 2`` of the
other two axes, and bit ``dj + 2 dk + 4 di`` of a cube's code is its corner (dk, dj, di).
"""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel

_GREATEST = np.float32(np.finfo(np.float32).max)


def _edges() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(12, 3) first corner (dk, dj, di) of each edge, and (12, 2) bits of its two corners."""
    starts = np.zeros((12, 3), dtype=np.int64)
    for edge in range(12):
        others = [axis for axis in range(3) if axis != edge // 4]
        starts[edge, others] = edge // 2 % 2, edge % 2
    first = starts @ np.array([2, 1, 4])
    return starts, np.column_stack([first, first + np.repeat([2, 1, 4], 4)])


_STARTS, _ENDS = _edges()


def _crossed() -> NDArray[np.int64]:
    """(256, 13) int64: for each code the number of edges between inside and outside, then those."""
    table = np.zeros((256, 13), dtype=np.int64)
    for code in range(256):
        edges = np.flatnonzero((code >> _ENDS[:, 0] ^ code >> _ENDS[:, 1]) & 1)
        table[code, 0] = len(edges)
        table[code, 1 : 1 + len(edges)] = edges
    return table


_CROSSED = _crossed()


@kernel
def _look(values: NDArray[np.float32], level: float) -> tuple[bool, bool]:
    """Tell whether any value is above the level, and whether all are finite; it vectorises."""
    found, strange = False, False
    for i in range(values.shape[0]):
        found |= values[i] > level
        strange |= not abs(values[i]) <= _GREATEST
    return found, not strange


@kernel
def _mark(marked: NDArray[np.uint8], values: NDArray[np.float32], level: float) -> None:
    """Set to 1 where a value is above the level."""
    for i in range(marked.shape[0]):
        marked[i] |= values[i] > level


@kernel
def inside_box(values: NDArray[np.float32], level: float) -> tuple[NDArray[np.int64], bool]:
    """Find the box of what is above the level, and whether all voxels are finite, in one sweep.

    Parameters
    ----------
    values : (K, J, I) float32, C-contiguous
    level : float
        A finite number.

    Returns
    -------
    box : (3, 2) int64
        First index and one past the last along k, j, i; all 0 when nothing is above the level.
    finite : bool
        False when any voxel is NaN or infinite; the box then means nothing.
    """
    slices, rows, columns = values.shape
    box = np.zeros((3, 2), dtype=np.int64)
    marked_rows = np.zeros(rows, dtype=np.uint8)
    marked_columns = np.zeros(columns, dtype=np.uint8)
    for k in range(slices):
        found, finite = _look(values[k].reshape(rows * columns), level)
        if not finite:
            return box, False
        if not found:
            continue
        if box[0, 1] == 0:
            box[0, 0] = k
        box[0, 1] = k + 1
        for j in range(rows):
            if _look(values[k, j], level)[0]:
                marked_rows[j] = 1
                _mark(marked_columns, values[k, j], level)
    if box[0, 1] > 0:
        used = np.flatnonzero(marked_rows)
        box[1, 0], box[1, 1] = used[0], used[-1] + 1
        used = np.flatnonzero(marked_columns)
        box[2, 0], box[2, 1] = used[0], used[-1] + 1
    return box, True


@kernel
def _row(
    values: NDArray[np.float32], k: int, j: int, part: tuple[int, int], beyond: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return a part of row (k, j); ``beyond`` where the array has none."""
    if 0 <= k < values.shape[0] and 0 <= j < values.shape[1]:
        return values[k, j, part[0] : part[1]]
    return beyond


@kernel
def _four_rows(
    values: NDArray[np.float32], k: int, j: int, part: tuple[int, int], beyond: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return the rows about which the cubes (k, j) lie, in the order of a code's bits."""
    return (
        _row(values, k - 1, j - 1, part, beyond),
        _row(values, k - 1, j, part, beyond),
        _row(values, k, j - 1, part, beyond),
        _row(values, k, j, part, beyond),
    )


@kernel
def _pack(
    packed: NDArray[np.uint8],
    rows: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    level: float,
) -> None:
    """Put four neighbouring rows into the low four bits of ``packed``, one voxel to the right."""
    first, second, third, fourth = rows
    for i in range(first.shape[0]):
        packed[i + 1] = (
            np.uint8(first[i] > level)
            | (np.uint8(second[i] > level) << 1)
            | (np.uint8(third[i] > level) << 2)
            | (np.uint8(fourth[i] > level) << 3)
        )


@kernel
def _find_cubes(cubes: NDArray[np.int64], words: NDArray[np.uint64]) -> int:
    """List the cubes of a packed row that the surface crosses, with their codes; eight at a time.

    An entry is the cube's place in the row and, in the lowest eight bits, its code.
    """
    half, byte, rest = np.uint64(4), np.uint64(8), np.uint64(56)
    lowest, full = np.uint64(255), np.uint64(0xFFFFFFFFFFFFFFFF)
    found = 0
    for block in range(words.shape[0] - 1):
        word = words[block]
        codes = word | (((word >> byte) | (words[block + 1] << rest)) << half)
        if codes == np.uint64(0) or codes == full:
            continue
        for i in range(8 * block, 8 * block + 8):
            code = np.int64(codes & lowest)
            codes >>= byte
            if 0 < code < 255:
                cubes[found] = i << 8 | code
                found += 1
    return found


@kernel
def _meet(
    points: NDArray[np.float64],
    corners: NDArray[np.float64],
    rows: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    cube: tuple[int, int],
    levels: tuple[float, float],
) -> None:
    """Find where the surface meets the edges of cube (i, code) of a row, from the cube's corner.

    Of each point in ``points`` only the place along its edge changes: the rest is ``_STARTS``.
    """
    first, second, third, fourth = rows
    i, code = cube
    level, outside = levels
    for side in range(2):
        at = i - 1 + side
        if 0 <= at < first.shape[0]:
            corners[4 * side] = np.float64(first[at]) - level
            corners[4 * side + 1] = np.float64(second[at]) - level
            corners[4 * side + 2] = np.float64(third[at]) - level
            corners[4 * side + 3] = np.float64(fourth[at]) - level
        else:
            for corner in range(4 * side, 4 * side + 4):
                corners[corner] = outside - level
    for place in range(1, 1 + _CROSSED[code, 0]):
        edge = _CROSSED[code, place]
        near, far = corners[_ENDS[edge, 0]], corners[_ENDS[edge, 1]]
        points[edge, edge // 4] = near / (near - far)


@kernel
def _add_up(
    points: NDArray[np.float64],
    triangles: NDArray[np.uint8],
    spacing_mm: NDArray[np.float64],
    height: float,
) -> tuple[float, float]:
    """Area of a cube's triangles and the flux of (k, 0, 0) through them, ``height`` its k."""
    area, flux = 0.0, 0.0
    dk, dj, di = spacing_mm[0], spacing_mm[1], spacing_mm[2]
    for corner in range(1, 1 + 3 * int(triangles[0]), 3):
        a, b, c = (
            points[triangles[corner]],
            points[triangles[corner + 1]],
            points[triangles[corner + 2]],
        )
        k1, j1, i1 = (b[0] - a[0]) * dk, (b[1] - a[1]) * dj, (b[2] - a[2]) * di
        k2, j2, i2 = (c[0] - a[0]) * dk, (c[1] - a[1]) * dj, (c[2] - a[2]) * di
        k, j, i = j1 * i2 - i1 * j2, i1 * k2 - k1 * i2, k1 * j2 - j1 * k2
        area += np.sqrt(k * k + j * j + i * i) / 2.0
        flux += k / 2.0 * (height + (a[0] + b[0] + c[0]) / 3.0) * dk
    return area, flux


@kernel
def isosurface_sums(
    values: NDArray[np.float32],
    box: NDArray[np.int64],
    levels: tuple[float, float],
    spacing_mm: NDArray[np.float64],
    table: NDArray[np.uint8],
) -> tuple[float, float]:
    """Area and volume of an isosurface, without a mesh.

    Parameters
    ----------
    values : (K, J, I) float32, C-contiguous
        Finite.
    box : (3, 2) int64
        Of what is above the level: :func:`inside_box`.
    levels : (level, outside) tuple of float64
        The level, and the value of all voxels beyond the array: less than the level.
    spacing_mm : (3,) float64
        Voxel size along k, j, i, mm.
    table : (256, 1 + 3 T) uint8
        For each code the number of its triangles, then their edges; anticlockwise seen from outside
        where (k, j, i) is right-handed.

    Returns
    -------
    area_mm2, volume_mm3 : float
        The volume is the flux of the field (k, 0, 0) through the closed surface.
    """
    part = (max(box[2, 0] - 1, 0), min(box[2, 1] + 1, values.shape[2]))
    count = part[1] - part[0] + 1
    beyond = np.full(count - 1, levels[1], dtype=np.float32)
    packed = np.zeros((count + 17) // 8 * 8, dtype=np.uint8)
    words = packed.view(np.uint64)
    cubes = np.empty(count, dtype=np.int64)
    points, corners = _STARTS.astype(np.float64), np.zeros(8)
    area, volume = 0.0, 0.0
    for k in range(box[0, 0], box[0, 1] + 1):
        for j in range(box[1, 0], box[1, 1] + 1):
            rows = _four_rows(values, k, j, part, beyond)
            _pack(packed, rows, levels[0])
            for entry in cubes[: _find_cubes(cubes, words)]:
                cube, code = entry >> 8, entry & 255
                _meet(points, corners, rows, (cube, code), levels)
                more = _add_up(points, table[code], spacing_mm, float(k - box[0, 0]))
                area += more[0]
                volume += more[1]
    return area, volume


@kernel
def _number_vertices(
    numbers: NDArray[np.int32],
    own: NDArray[np.int32],
    made: int,
    cube: tuple[int, int, int, int],
) -> int:
    """Find the vertices of a cube by number; those on its three far edges are new: count them.

    Of the four cubes about an edge, the first in order has the edge on its far side, and every edge
    that the surface crosses has all four of its cubes among those that are visited.
    """
    k, j, i, code = cube
    for place in range(1, 1 + _CROSSED[code, 0]):
        edge = _CROSSED[code, place]
        axis = edge // 4
        dk, dj, di = _STARTS[edge, 0], _STARTS[edge, 1], _STARTS[edge, 2]
        if edge % 4 == 3:
            numbers[axis, (k + dk) % 2, j + dj, i + di] = made
            own[edge] = made
            made += 1
        else:
            own[edge] = numbers[axis, (k + dk) % 2, j + dj, i + di]
    return made


@kernel
def isosurface_mesh(
    values: NDArray[np.float32],
    box: NDArray[np.int64],
    levels: tuple[float, float],
    table: NDArray[np.uint8],
    sizes: tuple[int, int],
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Make the indexed mesh of an isosurface in one pass, each vertex once.

    Parameters
    ----------
    values, box, levels, table
        As for :func:`isosurface_sums`.
    sizes : (V, F) tuple of int
        Numbers of vertices and faces, which follow from the histogram of the cubes.

    Returns
    -------
    vertices : (V, 3) float64
        Indices (k, j, i) of the array, fractional.
    faces : (F, 3) int32
        Rows of ``vertices``.

    Notes
    -----
    Memory beyond the result: 24 bytes for each voxel of one slice of the box.
    """
    part = (max(box[2, 0] - 1, 0), min(box[2, 1] + 1, values.shape[2]))
    count = part[1] - part[0] + 1
    beyond = np.full(count - 1, levels[1], dtype=np.float32)
    packed = np.zeros((count + 17) // 8 * 8, dtype=np.uint8)
    words = packed.view(np.uint64)
    cubes = np.empty(count, dtype=np.int64)
    points, corners = _STARTS.astype(np.float64), np.zeros(8)
    own = np.full(12, -1, dtype=np.int32)
    numbers = np.zeros((3, 2, box[1, 1] - box[1, 0] + 2, count + 1), dtype=np.int32)
    vertices = np.empty((sizes[0], 3), dtype=np.float64)
    faces = np.empty((sizes[1], 3), dtype=np.int32)
    made, filled = 0, 0
    for k in range(box[0, 0], box[0, 1] + 1):
        for j in range(box[1, 0], box[1, 1] + 1):
            rows = _four_rows(values, k, j, part, beyond)
            _pack(packed, rows, levels[0])
            for entry in cubes[: _find_cubes(cubes, words)]:
                cube, code = entry >> 8, entry & 255
                _meet(points, corners, rows, (cube, code), levels)
                before = made
                made = _number_vertices(numbers, own, made, (k, j - box[1, 0], cube, code))
                for edge in range(3, 12, 4):
                    if own[edge] >= before:
                        vertices[own[edge], 0] = k - 1 + points[edge, 0]
                        vertices[own[edge], 1] = j - 1 + points[edge, 1]
                        vertices[own[edge], 2] = part[0] + cube - 1 + points[edge, 2]
                triangles = table[code]
                for corner in range(3 * int(triangles[0])):
                    faces[filled + corner // 3, corner % 3] = own[triangles[1 + corner]]
                filled += int(triangles[0])
    return vertices, faces
