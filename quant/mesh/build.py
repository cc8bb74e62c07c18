"""The surface of a region as a closed triangle mesh in LPS millimetres."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.domain.region import Region
from quant.mesh.files import CONVENTION


def region_mesh(region: Region) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Mesh the zero-padded binary region (weight of at least one half) at level 0.5.

    Marching cubes by the Lorensen table of :mod:`quant.mesh.lorensen`; each vertex is shared, every
    edge belongs to two faces, and the faces look outwards whatever the handedness of the grid.

    Parameters
    ----------
    region : Region

    Returns
    -------
    vertices_mm : (V, 3) float64
        LPS, mm.
    faces : (F, 3) int32
        Rows of ``vertices_mm``, anticlockwise seen from outside. Both are empty when no voxel lies
        at least half inside.

    References
    ----------
    Lorensen and Cline 1987, doi:10.1145/37402.37422
    """
    padded = np.pad(region.mask, 1)
    points = _triangle_points(padded)
    # voxel 0 of the padded array has its centre at 0 in half voxels, voxel 1 at 2
    shape = tuple(2 * size - 1 for size in padded.shape)
    keys = np.ravel_multi_index((points[:, 0], points[:, 1], points[:, 2]), shape)
    used = np.zeros(int(np.prod(shape)), dtype=np.bool_)
    used[keys] = True
    unique = np.flatnonzero(used)
    number = np.zeros(used.size, dtype=np.int32)
    number[unique] = np.arange(unique.size, dtype=np.int32)
    faces = number[keys].reshape(-1, 3)
    if np.linalg.det(region.grid.axes_mm) < 0.0:
        faces = faces[:, ::-1]
    halves = np.column_stack(np.unravel_index(unique, shape)).astype(np.float64)
    vertices = region.grid.to_mm(halves / 2.0 - 1.0 + np.array(region.corner))
    return vertices, np.ascontiguousarray(faces)


def _triangle_points(padded: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(3 T, 3) int64: corners of all triangles, in half voxels of the padded array."""
    # here, so that `python -m quant.mesh.lorensen` is not imported before it is run
    from quant.mesh.lorensen import CORNERS, EDGES, cube_triangles

    size = np.array(padded.shape) - 1
    codes = np.zeros(tuple(size), dtype=np.uint8)
    for bit, (k, j, i) in enumerate(CORNERS):
        part = padded[k : k + size[0], j : j + size[1], i : i + size[2]]
        codes |= part.astype(np.uint8) << np.uint8(bit)
    triangles = cube_triangles()
    counts = np.array([len(one) for one in triangles])
    firsts = np.cumsum(counts) - counts
    cubes = np.flatnonzero((codes != 0) & (codes != 255))
    code = codes.ravel()[cubes]
    per_cube = counts[code]
    owner = np.repeat(np.arange(cubes.size), per_cube)
    rank = np.arange(owner.size) - np.repeat(np.cumsum(per_cube) - per_cube, per_cube)
    edges = np.concatenate(triangles)[firsts[code[owner]] + rank]
    corners = np.column_stack(np.unravel_index(cubes[owner], codes.shape))
    points = EDGES[edges] + 2 * corners[:, None, :]
    return np.asarray(points.reshape(-1, 3))


def to_trimesh(region: Region) -> Any:  # noqa: ANN401 - trimesh has no types
    """Return the mesh as a ``trimesh.Trimesh``, vertices as they are.

    ``metadata["convention"]`` says how the coordinates are meant.
    """
    import trimesh

    vertices, faces = region_mesh(region)
    return trimesh.Trimesh(
        vertices=vertices, faces=faces, process=False, metadata={"convention": CONVENTION}
    )
