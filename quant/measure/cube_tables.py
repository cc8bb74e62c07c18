"""What each of the 256 fillings of a 2 x 2 x 2 cube adds to area, volume and Euler number.

A binary region's mesh area, mesh volume, voxel faces, Euler number and plane-fitted area are dot
products of these tables with the histogram of
:func:`quant_kernels.surface.cube_histogram`. Voxel axes stand at right angles; how they lie in the
patient does not matter.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quant.lorensen import CORNERS, EDGES, cube_bits, cube_triangles

DIRECTION_STEPS = 24
"""Directions of the plane fit: three times the square of this, over an octant."""

BALL_RADII = (2.0, 3.0, 4.0)
"""Radii of the balls that settle the constant of the plane fit, in longest edges of a voxel."""

_CODES = np.arange(256)
_BITS = (_CODES[:, None] >> np.arange(8)) & 1
_BIT_OF_CORNER = {tuple(corner): bit for bit, corner in enumerate(CORNERS.tolist())}


@dataclass(frozen=True, slots=True, eq=False)
class CubeTables:
    """Tables for one voxel size; each is (256,), read-only, by cube code.

    Parameters
    ----------
    mesh_area_mm2 : (256,) float64
        Area of the cube's triangles in the Lorensen mesh at level 0.5, mm2.
    mesh_volume_mm3 : (256,) float64
        Part of the cube inside that mesh, mm3. The sum over all cubes is the volume of the closed
        mesh, wherever it lies.
    face_area_mm2 : (256,) float64
        The cube's share of the voxel faces between inside and outside, mm2.
    fitted_area_mm2 : (256,) float64
        Area by plane-fitted weights, mm2; see :func:`fit_planes`.
    fitted_scatter : float
        SD of the fitted area of digitised planes over their directions, as a fraction.
    euler_eighths : (256,) int64
        Eight times the cube's share of the Euler number of the region as a union of closed voxels:
        inside voxels touch by face, edge or corner (26 neighbours), outside voxels by face.
    """

    mesh_area_mm2: NDArray[np.float64]
    mesh_volume_mm3: NDArray[np.float64]
    face_area_mm2: NDArray[np.float64]
    fitted_area_mm2: NDArray[np.float64]
    fitted_scatter: float
    euler_eighths: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Make the tables read-only: they are shared by all who ask for the same voxel size."""
        for table in (
            self.mesh_area_mm2,
            self.mesh_volume_mm3,
            self.face_area_mm2,
            self.fitted_area_mm2,
            self.euler_eighths,
        ):
            table.flags.writeable = False


@lru_cache(maxsize=32)
def cube_tables(spacing_mm: tuple[float, float, float]) -> CubeTables:
    """Make the tables for a voxel size (dk, dj, di), mm; kept for the next call."""
    spacing = np.array(spacing_mm, dtype=np.float64)
    fitted, scatter = fit_planes(spacing)
    return CubeTables(
        mesh_area_mm2=mesh_areas(spacing),
        mesh_volume_mm3=_unit_volumes() * spacing.prod(),
        face_area_mm2=_face_areas(spacing),
        fitted_area_mm2=fitted,
        fitted_scatter=scatter,
        euler_eighths=_euler_eighths(),
    )


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
    return np.bincount(codes, np.linalg.norm(vectors, axis=1), minlength=256)


def _area_vectors(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, 3) float64: normals of triangles (T, 3, 3) as long as their areas."""
    first, second, third = corners[:, 0], corners[:, 1], corners[:, 2]
    return np.cross(second - first, third - first) / 2.0


@lru_cache(maxsize=1)
def _unit_volumes() -> NDArray[np.float64]:
    """(256,) float64: inside part of each cube, in voxels.

    Flux of the field (k, 0, 0) out of the inside part: through the triangles, and through the inside
    part of the face at k = 1; the field vanishes on k = 0 and runs along the other faces.
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


def _face_areas(spacing_mm: NDArray[np.float64]) -> NDArray[np.float64]:
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
    for corner, bit in _BIT_OF_CORNER.items():
        if corner[axis] == 0:
            far = list(corner)
            far[axis] = 1
            pairs.append((bit, _BIT_OF_CORNER[far[0], far[1], far[2]]))
    return pairs


def _euler_eighths() -> NDArray[np.int64]:
    """(256,) int64: vertices - edges + faces - solids of the union of closed voxels, times eight.

    The corners of a cube are voxels that share one vertex, two by two an edge ... : of that vertex
    the cube holds all, of each of the six edges at it a half, of each of the twelve faces a quarter,
    of each of the eight voxels an eighth.
    """
    eighths = 8 * (_BITS.any(axis=1)).astype(np.int64) - _BITS.sum(axis=1)
    for axis in range(3):
        for side in (0, 1):
            voxels = np.flatnonzero(CORNERS[:, axis] == side)
            eighths -= 4 * _BITS[:, voxels].any(axis=1)
        for one, other in _edges_along(axis):
            eighths += 2 * (_BITS[:, one] | _BITS[:, other])
    return eighths


def fit_planes(spacing_mm: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Weigh the cubes so that digitised planes of every direction have, on average, their true area.

    Lindblad's local configurations, generalised to voxels of any size. A plane of given direction
    fills cubes in at most seven ways; how often each occurs in a unit of area follows from the
    projections of the eight corners onto its normal. Weights are equal for fillings that mirror
    images or an exchange of inside and outside turn into one another, and solve the least squares
    problem "area = 1" over a regular set of directions; a last factor (within 0.1 % of 1 for cubic
    voxels) makes the mean over them exact.

    One combination of weights adds nothing to any plane: the Euler number (its table is a null vector
    of the fit, by the theorem of Gauss and Bonnet). How much of it is added is settled by digital
    balls, whose mean area it makes right; for cubic voxels the outcome is close to Lindblad's.

    Fillings that no plane gives are put together from those that one does: the pieces of 6-connected
    inside corners, or of outside corners, add their areas (the mean of both where both are in
    pieces). The one filling left, four corners in a bent chain, takes its mesh area, scaled by the
    mean ratio of fitted to mesh area over all directions.

    Parameters
    ----------
    spacing_mm : (3,) float64
        Voxel size (dk, dj, di), mm.

    Returns
    -------
    areas_mm2 : (256,) float64
        Area of each cube, mm2.
    scatter : float
        SD of the area of planes over their directions, as a fraction of it.

    References
    ----------
    Lindblad 2005, doi:10.1016/j.imavis.2004.06.012 (cubic voxels)
    """
    scale = float(np.cbrt(spacing_mm.prod()))
    spacing = spacing_mm / scale
    classes = _plane_classes()
    directions, angles = _directions()
    counts = _plane_counts(directions, spacing, classes)
    root = np.sqrt(angles)
    weights = np.linalg.lstsq(counts * root[:, None], root, rcond=1e-9)[0]
    weights *= angles.sum() / (angles @ counts @ weights)
    members = np.array([int(np.argmax(classes == one)) for one in range(weights.size)])
    mesh = mesh_areas(spacing)
    mesh *= angles.sum() / (angles @ counts @ mesh[members])
    made_of = _composition()
    chains = np.where(made_of.any(axis=1), 0.0, mesh)
    excess = _ball_excess(directions, angles, spacing, made_of @ weights + chains)
    weights -= excess * _euler_eighths()[members] / 8.0
    scatter = math.sqrt(angles @ (counts @ weights - 1.0) ** 2 / angles.sum())
    return (made_of @ weights + chains) * scale**2, scatter


@lru_cache(maxsize=1)
def _composition() -> NDArray[np.float64]:
    """(256, C) float64: of how many fillings of each class every filling is put together."""
    classes = _plane_classes()
    made_of = np.zeros((256, int(classes.max()) + 1))
    for code in range(1, 255):
        groups = [[code]] if classes[code] >= 0 else [_pieces(code), _pieces(255 - code)]
        used = [group for group in groups if classes[code] >= 0 or len(group) > 1]
        for group in used:
            for piece in group:
                made_of[code, classes[piece]] += 1.0 / len(used)
    made_of.flags.writeable = False
    return made_of


def _ball_excess(
    directions: NDArray[np.float64],
    angles: NDArray[np.float64],
    spacing: NDArray[np.float64],
    areas: NDArray[np.float64],
) -> float:
    """Measured minus true area of digital balls, expected over all positions, unit as ``areas``.

    Exact but for the finite number of directions: on a ray from the ball's centre the corners of a
    cube leave the ball one by one, at distances that follow from the theorem of Pythagoras.
    The excess hardly depends on the radius; it is the mean over :data:`BALL_RADII`.
    """
    corners = (CORNERS - 0.5) * spacing
    along = directions @ corners.T
    across = (corners**2).sum(axis=1) - along**2
    excess = []
    for radius in np.array(BALL_RADII) * spacing.max():
        leaving = np.sqrt(radius**2 - across) - along
        order = np.argsort(-leaving, axis=1, kind="stable")
        shells = -np.diff(np.take_along_axis(leaving, order, axis=1) ** 3, axis=1) / 3.0
        # from outside inwards, corner after corner comes into the ball
        codes = np.cumsum(1 << order, axis=1)[:, :-1]
        seen = (areas[codes] * shells).sum(axis=1) / spacing.prod()
        mean = float(angles @ seen / angles.sum())
        excess.append(4.0 * np.pi * (mean - radius**2))
    return sum(excess) / len(excess)


def _plane_classes() -> NDArray[np.int64]:
    """(256,) int64: class of each filling that a plane can give, -1 for all others."""
    classes = np.full(256, -1, dtype=np.int64)
    k, j, i = (_BIT_OF_CORNER[corner] for corner in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    pairs = ((k, j), (k, i), (j, i))
    kinds: list[tuple[int, ...]] = [(0,), (0, k), (0, j), (0, i)]
    kinds += [(0, *pair) for pair in pairs] + [(0, *pair, sum(pair)) for pair in pairs]
    kinds += [(0, k, j, i)]
    for kind, bits in enumerate(kinds):
        for flip in range(8):
            # the bit number is a sum of one term per axis: mirroring an axis toggles its term
            code = sum(1 << (bit ^ flip) for bit in bits)
            classes[[code, 255 - code]] = kind
    return classes


def _plane_counts(
    directions: NDArray[np.float64], spacing: NDArray[np.float64], classes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(D, C) float64: cubes of each class per unit area of a plane, for each direction.

    The plane passes the corners of a cube in the order of their projections onto its normal; a
    filling lasts as long as the gap between two of them, and there is one cube per voxel volume.
    """
    projections = (directions * spacing) @ CORNERS.T.astype(np.float64)
    order = np.argsort(projections, axis=1, kind="stable")
    gaps = np.diff(np.take_along_axis(projections, order, axis=1), axis=1) / spacing.prod()
    kinds = classes[np.cumsum(1 << order, axis=1)[:, :-1]]
    counts = np.zeros((len(order), int(classes.max()) + 1))
    rows = np.broadcast_to(np.arange(len(order))[:, None], kinds.shape)
    possible = kinds >= 0  # a tie of two projections may be listed as a filling of no length
    np.add.at(counts, (rows[possible], kinds[possible]), gaps[possible])
    return counts


def _directions() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(D, 3) and (D,) float64: unit vectors over an octant and the solid angle that each stands for.

    Midpoints of squares on three sides of a cube about the origin; the axes are exchangeable.
    """
    middle = (np.arange(DIRECTION_STEPS) + 0.5) / DIRECTION_STEPS
    first, second = (axis.ravel() for axis in np.meshgrid(middle, middle))
    side = np.column_stack([first, second, np.ones_like(first)])
    points = np.concatenate([np.roll(side, shift, axis=1) for shift in range(3)])
    lengths = np.linalg.norm(points, axis=1)
    return points / lengths[:, None], lengths**-3.0


def _pieces(code: int) -> list[int]:
    """Codes of the 6-connected groups of inside corners."""
    left = set(np.flatnonzero(cube_bits(code)).tolist())
    pieces = []
    while left:
        group, frontier = 0, {left.pop()}
        while frontier:
            group += sum(1 << bit for bit in frontier)
            near = {bit ^ step for bit in frontier for step in (1, 2, 4)} & left
            left -= near
            frontier = near
        pieces.append(group)
    return pieces
