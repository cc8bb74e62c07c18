"""Areas of the fillings of a 2 x 2 x 2 cube that give planes of every direction their true area."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quant.measure.shape.cube_geometry import BIT_OF_CORNER, euler_eighths, mesh_areas
from quant.mesh.lorensen import CORNERS, cube_bits

DIRECTION_STEPS = 24
"""Directions of the plane fit: three times the square of this, over an octant."""

BALL_RADII = (2.0, 3.0, 4.0)
"""Radii of the balls that settle the constant of the plane fit, in longest edges of a voxel."""


def fit_planes(spacing_mm: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Weigh the cubes so that digitised planes of every direction have on average their true area.

    Lindblad's local configurations, generalised to voxels of any size. A plane of given direction
    fills cubes in at most seven ways; how often each occurs in a unit of area follows from the
    projections of the eight corners onto its normal. Weights are equal for fillings that mirror
    images or an exchange of inside and outside turn into one another, and solve the least squares
    problem "area = 1" over a regular set of directions; a last factor (within 0.1 % of 1 for cubic
    voxels) makes the mean over them exact.

    One combination of weights adds nothing to any plane: the Euler number (its table is a null
    vector of the fit, by the theorem of Gauss and Bonnet). How much of it is added is settled by
    digital balls, whose mean area it makes right; for cubic voxels the outcome is close to
    Lindblad's.

    Fillings that no plane gives are put together from those that one does: the pieces of
    6-connected inside corners, or of outside corners, add their areas (the mean of both where
    both are in pieces). The one filling left, four corners in a bent chain, takes its mesh area,
    scaled by the mean ratio of fitted to mesh area over all directions.

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
    weights -= excess * euler_eighths()[members] / 8.0
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
    excess: list[float] = []
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
    k, j, i = (BIT_OF_CORNER[corner] for corner in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
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
    """(D, 3) and (D,) float64: unit vectors over an octant and the solid angle of each.

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
