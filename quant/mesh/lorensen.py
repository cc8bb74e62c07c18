"""The triangles of marching cubes for each of the 256 ways to fill a 2 x 2 x 2 cube of voxels.

The table is the one of scikit-image's ``marching_cubes(method="lorensen")``: derived from it by
:func:`derive_triangles`, kept as ``lorensen_cubes.txt`` so that nothing imports scikit-image at run
time, and compared with it by a test. ``python -m quant.mesh.lorensen`` writes the file anew.

A cube has eight corners, which are voxel centres. Corner ``(dk, dj, di)`` is bit
``dj + 2 dk + 4 di`` of the cube's code. For a binary region every mesh vertex lies halfway along
one of the cube's twelve edges.

References
----------
Lorensen and Cline 1987, doi:10.1145/37402.37422
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CORNERS = np.array([(bit >> 1 & 1, bit & 1, bit >> 2 & 1) for bit in range(8)], dtype=np.int64)
"""(8, 3) int64: corner (dk, dj, di) of each bit of a cube's code; made read-only."""
CORNERS.flags.writeable = False

EDGE_LETTERS = "abcdefghijkl"
_TABLE = Path(__file__).with_name("lorensen_cubes.txt")


def _edges() -> NDArray[np.int64]:
    """(12, 3) int64: midpoints of the edges in half voxels: along k (a-d), j (e-h) and i (i-l)."""
    points = []
    for axis in range(3):
        for first in (0, 2):
            for second in (0, 2):
                point = [first, second]
                point.insert(axis, 1)
                points.append(point)
    edges = np.array(points, dtype=np.int64)
    edges.flags.writeable = False
    return edges


EDGES = _edges()
"""(12, 3) int64: midpoint (k, j, i) of each edge of a cube, in half voxels; read-only."""


def cube_bits(code: int) -> NDArray[np.int64]:
    """(8,) int64: 1 where the corner of that bit lies inside."""
    return (code >> np.arange(8)) & 1


@lru_cache(maxsize=1)
def cube_triangles() -> tuple[NDArray[np.int64], ...]:
    """Return the 256 triangle lists, from the package's own table.

    Returns
    -------
    tuple of (T, 3) int64
        Per code, the edges (rows of :data:`EDGES`) on which the corners of its triangles lie. Seen
        from outside the region they run anticlockwise where (k, j, i) is a right-handed frame.
    """
    lines = _TABLE.read_text(encoding="ascii").splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    return tuple(
        np.array([*map(EDGE_LETTERS.index, "".join(row[1:]))], dtype=np.int64).reshape(-1, 3)
        for row in rows
    )


@lru_cache(maxsize=2)
def triangle_table(*, flipped: bool = False) -> NDArray[np.uint8]:
    """Return the same lists as one array, as the kernels take it.

    Parameters
    ----------
    flipped : bool
        Turn the triangles over, for axes (k, j, i) that are left-handed in the patient.

    Returns
    -------
    (256, 16) uint8, read-only
        Per code the number of its triangles, then three edges each, then zeros.
    """
    triangles = cube_triangles()
    table = np.zeros((256, 1 + max(one.size for one in triangles)), dtype=np.uint8)
    for row, one in zip(table, triangles, strict=True):
        row[0] = len(one)
        row[1 : 1 + one.size] = (one[:, ::-1] if flipped else one).ravel()
    table.flags.writeable = False
    return table


def mesh_size(histogram: NDArray[np.int64]) -> tuple[int, int]:
    """Count the vertices and faces of a mesh before it is made.

    Parameters
    ----------
    histogram : (256,) int64
        Number of cubes of each code; :func:`quant_kernels.surface.region_histogram`.

    Returns
    -------
    vertices, faces : int
        Every edge that the surface crosses has one vertex, and is shared by four cubes.
    """
    crossed, faces = (histogram @ _sizes()).tolist()
    return crossed // 4, faces


@lru_cache(maxsize=1)
def _sizes() -> NDArray[np.int64]:
    """(256, 2) int64: for each code how many edges the surface crosses, and how many triangles."""
    codes = np.arange(256)
    sizes = np.zeros((256, 2), dtype=np.int64)
    sizes[:, 1] = [len(one) for one in cube_triangles()]
    for bit, corner in enumerate(CORNERS):
        for step, axis in ((2, 0), (1, 1), (4, 2)):
            if corner[axis] == 0:
                sizes[:, 0] += (codes >> bit ^ codes >> bit + step) & 1
    return sizes


def derive_triangles() -> list[list[str]]:
    """Mesh each of the 256 cubes with scikit-image and name its triangles by edge letters.

    Returns
    -------
    list of list of str
        Per code, its triangles, such as ``["aei"]``: oriented as in :func:`cube_triangles`, each
        starting at its first letter of the alphabet, in alphabetical order.
    """
    from skimage.measure import marching_cubes

    points = [tuple(point) for point in EDGES.tolist()]
    names = dict(zip(points, EDGE_LETTERS, strict=True))
    table: list[list[str]] = [[] for _ in range(256)]
    for code in range(1, 255):
        cube = np.zeros((2, 2, 2), dtype=np.float32)
        cube[tuple(CORNERS.T)] = cube_bits(code)
        vertices, faces, _, _ = marching_cubes(  # type: ignore[no-untyped-call]
            cube, 0.5, method="lorensen"
        )
        doubled = np.rint(2.0 * vertices).astype(np.int64)
        for face in faces:
            # scikit-image's faces look inwards when its (k, j, i) are read as right-handed
            outward = doubled[face[::-1]].tolist()
            letters = "".join(names[tuple(point)] for point in outward)
            start = letters.index(min(letters))
            table[code].append(letters[start:] + letters[:start])
        table[code].sort()
    return table


def table_text() -> str:
    """Write the derived table as the text of the package's own."""
    head = [
        "# Generated by python -m quant.mesh.lorensen; do not edit.",
        "# A line per cube: its code, then its triangles as the letters of three edges each.",
    ]
    rows = [" ".join([f"{code:02x}", *row]) for code, row in enumerate(derive_triangles())]
    return "\n".join([*head, *rows]) + "\n"


if __name__ == "__main__":
    _TABLE.write_text(table_text(), encoding="ascii", newline="\n")
