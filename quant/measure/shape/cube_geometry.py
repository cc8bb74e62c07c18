"""Area, volume, voxel faces and Euler number that belong to each filling of a 2 x 2 x 2 cube.

These follow from geometry alone; plane-fitted areas: :mod:`quant.measure.shape.plane_fit`.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quant.mesh.lorensen import CORNERS, EDGES, cube_triangles

_CODES = np.arange(256)
_BITS = (_CODES[:, None] >> np.arange(8)) & 1
BIT_OF_CORNER = {tuple(corner): bit for bit, corner in enumerate(CORNERS.tolist())}
"""Bit of a cube's code by its corner (dk, dj, di)."""


@lru_cache(maxsize=1)
def _all_triangles() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Code of every triangle of the table, (T,), and its corners (T, 3, 3) in voxels."""
    triangles = cube_triangles()
    codes = np.repeat(_CODES, [len(one) for one in triangles])
    corners = EDGES[np.concatenate(triangles)] / 2.0
    return codes, corners


def mesh_areas(spacing_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """(256,) float64: area of the triangles of each cube, mm2."""
    codes, corners = _all_triangles()
    vectors = _area_vectors(corners * spacing_mm)
    return np.bincount(codes, np.linalg.norm(vectors, axis=1), minlength=256).astype(np.float64)


def _area_vectors(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, 3) float64: normals of triangles (T, 3, 3) as long as their areas."""
    first, second, third = corners[:, 0], corners[:, 1], corners[:, 2]
    return np.cross(second - first, third - first) / 2.0


@lru_cache(maxsize=1)
def unit_volumes() -> NDArray[np.float64]:
    """(256,) float64: inside part of each cube, in voxels.

    Flux of the field (k, 0, 0) out of the inside part: through the triangles, and through the
    inside part of the face at k = 1; the field vanishes on k = 0 and runs along the other faces.
    """
    codes, corners = _all_triangles()
    flux = _area_vectors(corners)[:, 0] * corners[:, :, 0].mean(axis=1)
    return np.bincount(codes, flux, minlength=256) + _upper_face_areas()


def _upper_face_areas() -> NDArray[np.float64]:
    """(256,) float64: inside part of the cube's face at k = 1, in voxel faces.

    It depends on that face's four corners only, since neighbouring cubes must agree. With the other
    four corners emptied, the triangles and this inside part close one another.
    """
    codes, corners = _all_triangles()
    flux = np.bincount(codes, _area_vectors(corners)[:, 0], minlength=256)
    upper = int(np.sum(1 << np.flatnonzero(CORNERS[:, 0] == 1)))
    return np.asarray(-flux[_CODES & upper])


def face_areas(spacing_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """(256,) float64: voxel faces between inside and outside; each is shared by four cubes."""
    areas = np.zeros(256)
    for axis in range(3):
        face = np.delete(spacing_mm, axis).prod()
        for one, other in _edges_along(axis):
            areas += (_BITS[:, one] != _BITS[:, other]) * face / 4.0
    return areas


def _edges_along(axis: int) -> list[tuple[int, int]]:
    """Bits of the two corners of each of the four edges of a cube along one axis."""
    pairs = []
    for corner, bit in BIT_OF_CORNER.items():
        if corner[axis] == 0:
            far = list(corner)
            far[axis] = 1
            pairs.append((bit, BIT_OF_CORNER[far[0], far[1], far[2]]))
    return pairs


def euler_eighths() -> NDArray[np.int64]:
    """(256,) int64: vertices - edges + faces - solids of the union of closed voxels, times eight.

    The corners of a cube are voxels that share one vertex, two by two an edge ... : of that vertex
    the cube holds all, of each of the six edges at it a half, of each of the twelve faces a
    quarter, of each of the eight voxels an eighth.
    """
    eighths: NDArray[np.int64] = 8 * (_BITS.any(axis=1)).astype(np.int64) - _BITS.sum(axis=1)
    for axis in range(3):
        for side in (0, 1):
            voxels = np.flatnonzero(CORNERS[:, axis] == side)
            eighths -= 4 * _BITS[:, voxels].any(axis=1)
        for one, other in _edges_along(axis):
            eighths += 2 * (_BITS[:, one] | _BITS[:, other])
    return eighths


def voxel_eighths() -> NDArray[np.int64]:
    """(256,) int64: number of inside corners; each voxel is a corner of eight cubes."""
    return np.asarray(_BITS.sum(axis=1), dtype=np.int64)
