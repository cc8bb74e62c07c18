"""Solids of a stated volume at random places and in random orientations, on any voxels."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.measure.passport.estimators import NAMES, Shape, estimated
from quant.phantom.bodies.ball_unions import BallUnion
from quant.phantom.bodies.compounds import Dumbbell
from quant.phantom.bodies.occupancy import centre_mask, occupancy
from quant.phantom.bodies.solids import (
    UPRIGHT,
    Ball,
    Box,
    Cylinder,
    Ellipsoid,
    Rotation,
    Solid,
    Torus,
    Vector,
)
from quant.reference.ball_weights import ball_weights

Spacing = tuple[float, float, float]
Maker = Callable[[Vector, float, Rotation], Solid]
"""A solid about a place, of a size (not yet a volume), turned."""

LOBES = ((0.85, 0.0, 0.0), (-0.65, 0.45, 0.1), (-0.3, -0.65, 0.3), (0.15, 0.5, -0.65))
LOBES = (*LOBES, (0.25, -0.2, 0.75))
LOBE_RADII = (0.65, 0.6, 0.55, 0.5, 0.55)


def _union(place: Vector, size: float, turn: Rotation, centres: NDArray[np.float64],
           radii: tuple[float, ...]) -> BallUnion:  # fmt: skip
    at = (centres * size) @ np.array(turn).T + np.array(place)
    x_y_z = tuple((float(x), float(y), float(z)) for x, y, z in at)
    return BallUnion(x_y_z, tuple(size * one for one in radii))


def lobulated(place: Vector, size: float, turn: Rotation) -> Solid:
    """Make a ball with five lobes of unequal size: truth 0.17."""
    centres = np.array([(0.0, 0.0, 0.0), *LOBES])
    return _union(place, size, turn, centres, (0.9, *LOBE_RADII))


def lobed(reach: float) -> Maker:
    """Six lobes on the axes of a ball, the farther out the rougher."""
    centres = np.concatenate([np.zeros((1, 3)), reach * np.eye(3), -reach * np.eye(3)])
    return lambda at, size, turn: _union(at, size, turn, centres, (1.0, *(0.55,) * 6))


def prolate(ratio: float) -> Maker:
    """Stretch a ball along one axis."""
    return lambda at, size, turn: Ellipsoid(at, (ratio * size, size, size), turn)


def dumbbell(half: float) -> Maker:
    """Two balls with a neck, so far apart."""
    return lambda at, size, turn: Dumbbell(at, size, half * size, 0.45 * size, turn)


KINDS: dict[str, Maker] = {
    "ball": lambda at, size, _: Ball(at, size),
    "ellipsoid 2:1:1": prolate(2.0),
    "ellipsoid 4:2:1": lambda at, size, turn: Ellipsoid(at, (4 * size, 2 * size, size), turn),
    "dumbbell": dumbbell(1.3),
    "lobulated": lobulated,
    "torus": lambda at, size, turn: Torus(at, 2.2 * size, size, turn),
    "cube": lambda at, size, turn: Box(at, (size, size, size), turn),
    "cube along the grid": lambda at, size, _: Box(at, (size, size, size)),
    "cylinder": lambda at, size, turn: Cylinder(at, size, 1.2 * size, turn),
    "cylinder along the grid": lambda at, size, _: Cylinder(at, size, 1.2 * size),
}


def any_turn(rng: np.random.Generator) -> Rotation:
    """Draw a rotation; all are equally likely (Q of a Gaussian matrix)."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    q[:, 0] *= np.sign(np.linalg.det(q))
    x, y, z = ((float(a), float(b), float(c)) for a, b, c in q)
    return x, y, z


def solid(maker: Maker, volume_ml: float, rng: np.random.Generator) -> Solid:
    """Make a solid of a volume, anywhere within 20 mm of the origin and turned at random."""
    x, y, z = (float(one) for one in rng.uniform(-10.0, 10.0, 3))
    size = 10.0 * float(np.cbrt(volume_ml / maker((0.0, 0.0, 0.0), 10.0, UPRIGHT).volume_ml))
    return maker((x, y, z), size, any_turn(rng))


def weights_of(one: Solid, spacing_mm: Spacing, margin_mm: float = 0.0) -> NDArray[np.float64]:
    """(K, J, I) float64: fractions of voxels on a grid that holds the solid.

    Cells of 1/64 voxel and less count by their centre. Balls are exact, and flat faces along the
    grid, which such cells would see all at once or not at all.
    """
    grid = _grid_about(one, spacing_mm, margin_mm)
    if isinstance(one, Ball):
        k, j, i = (_edges(grid, axis, one.centre_mm) / one.radius_mm for axis in range(3))
        return ball_weights((k, j, i))
    cells = 3 if one.volume_ml * 1000.0 < 400.0 * float(np.prod(spacing_mm)) else 2
    if isinstance(one, Box) and one.rotation == UPRIGHT:
        x, y, z = one.half_edges_mm
        k, j, i = (_covered(grid, axis, one.centre_mm, half) for axis, half in enumerate((z, y, x)))
        return np.asarray(k[:, None, None] * j[:, None] * i)
    if isinstance(one, Cylinder) and one.rotation == UPRIGHT:
        longer = Cylinder(one.centre_mm, one.radius_mm, one.half_length_mm + 100.0)
        flat = occupancy(longer, grid, cells)[grid.shape[0] // 2]
        return np.asarray(
            _covered(grid, 0, one.centre_mm, one.half_length_mm)[:, None, None] * flat
        )
    return occupancy(one, grid, cells)


def centre_weights(one: Solid, spacing_mm: Spacing) -> NDArray[np.float64]:
    """(K, J, I) float64: 1 where a voxel's centre lies inside, else 0."""
    return centre_mask(one, _grid_about(one, spacing_mm, 0.0)).astype(np.float64)


def _covered(grid: Grid, axis: int, centre_mm: Vector, half_mm: float) -> NDArray[np.float64]:
    """Part of each voxel along one array axis that an interval about a centre covers."""
    edges = _edges(grid, axis, centre_mm)
    return np.asarray(np.diff(np.clip(edges, -half_mm, half_mm)) / grid.affine[2 - axis, axis])


def _edges(grid: Grid, axis: int, centre_mm: Vector) -> NDArray[np.float64]:
    """Edges of the voxels along one array axis, mm from a centre."""
    step, first = grid.affine[2 - axis, axis], grid.affine[2 - axis, 3]
    index = np.arange(grid.shape[axis] + 1) - 0.5
    return np.asarray(first + step * index - centre_mm[2 - axis])


def _grid_about(one: Solid, spacing_mm: Spacing, margin_mm: float) -> Grid:
    """Axial grid that holds a solid with a margin."""
    low, high = one.bounds_mm()
    steps = np.array(spacing_mm[::-1])
    first = np.floor((low - margin_mm) / steps).astype(int) - 2
    last = np.ceil((high + margin_mm) / steps).astype(int) + 2
    affine = np.diag([*spacing_mm[::-1], 1.0])[:, [2, 1, 0, 3]]
    affine[:3, 3] = first * steps
    i, j, k = (int(n) for n in last - first + 1)
    return Grid((k, j, i), affine)


def shape_of(weights: NDArray[np.float64], spacing_mm: Spacing) -> Shape:
    """Lay a region of these weights; whole voxels only have no fractions."""
    mask = np.ascontiguousarray(weights >= 0.5).view(np.uint8)
    fractions = bool(((weights > 0.0) & (weights < 1.0)).any())
    return Shape(mask, weights if fractions else None, spacing_mm)


def read(shape: Shape) -> dict[str, tuple[float, float, float]]:
    """Area in mm2, volume in mm3 and asphericity by every estimator; NaN where there is none."""
    found = estimated(shape)
    missing = float("nan")
    return {
        name: (
            found[name].area_mm2 or missing,
            found[name].volume_mm3 or missing,
            missing if found[name].asphericity is None else float(found[name].asphericity or 0.0),
        )
        for name in NAMES
    }
