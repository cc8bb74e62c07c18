"""An analytic study for placement: solids in LPS mm, laid on any grid by sub-sampling."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.region import Region, Role
from quant.domain.units import Unit
from quant.domain.volume import Volume

Points = NDArray[np.float64]
Solid = Callable[[Points], NDArray[np.bool_]]

SAMPLES = 3
"""Samples per voxel along each axis."""


def ellipsoid(centre: tuple[float, float, float], axes: tuple[float, float, float]) -> Solid:
    """Make a solid ellipsoid with its axes along x, y, z."""

    def inside(points: Points) -> NDArray[np.bool_]:
        scaled = (points - np.array(centre)) / np.array(axes)
        return np.asarray((scaled * scaled).sum(axis=-1) <= 1.0)

    return inside


def ball(centre: tuple[float, float, float], radius: float) -> Solid:
    return ellipsoid(centre, (radius, radius, radius))


def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> Solid:
    return lambda p: np.asarray(((p >= np.array(low)) & (p <= np.array(high))).all(axis=-1))


def column(x: float, y: float, radius: float, z: tuple[float, float]) -> Solid:
    """Make an upright cylinder."""

    def inside(points: Points) -> NDArray[np.bool_]:
        away = np.square(points[..., 0] - x) + np.square(points[..., 1] - y)
        level = (points[..., 2] >= z[0]) & (points[..., 2] <= z[1])
        return np.asarray((away <= radius * radius) & level)

    return inside


@dataclass(frozen=True)
class Organ:
    """A solid with its uptake (a number, or one by place), and the region drawn around it."""

    solid: Solid
    role: Role
    name: str
    uptake: float | Callable[[Points], Points] = 1.0


def lay(grid: Grid, organs: list[Organ], background: float = 0.2) -> tuple[Volume, list[Region]]:
    """Lay organs on a grid: fractional weights, and uptake mixed in the voxels they share.

    Voxels whose corners all say the same are that; the others are sub-sampled.
    """
    centres = grid.to_mm(np.moveaxis(np.indices(grid.shape, dtype=np.float64), 0, -1))
    weights, values = _at(centres, organs, background)
    fine = (np.arange(SAMPLES) - (SAMPLES - 1) / 2) / SAMPLES
    inner = np.stack(np.meshgrid(fine, fine, fine, indexing="ij"), axis=-1).reshape(-1, 3)
    lattice = grid.to_mm(np.moveaxis(np.indices([n + 1 for n in grid.shape]) - 0.5, 0, -1))
    corner_weights, corner_values = _at(lattice, organs, background)
    corners = np.stack([*corner_weights, corner_values])
    eight = [
        corners[:, k : k + grid.shape[0], j : j + grid.shape[1], i : i + grid.shape[2]]
        for k, j, i in np.ndindex(2, 2, 2)
    ]
    mixed = np.any([(one != eight[0]).any(axis=0) for one in eight], axis=0)
    steps = inner @ grid.axes_mm.T
    parts, mean = _at(centres[mixed][:, None, :] + steps, organs, background)
    values[mixed] = mean.mean(axis=-1)
    for weight, part in zip(weights, parts, strict=True):
        weight[mixed] = part.mean(axis=-1)
    regions = [
        Region.from_full(grid, np.minimum(weight, 1.0).astype(np.float32), one.name, one.role)
        for one, weight in zip(organs, weights, strict=True)
    ]
    return Volume(grid, values.astype(np.float32), Unit.COUNTS), regions


def _at(
    points: Points, organs: list[Organ], background: float
) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
    """Inside or not (1 or 0) of each organ, and uptake, at points; later organs lie on top."""
    weights = [organ.solid(points).astype(np.float64) for organ in organs]
    uptake = np.full(points.shape[:-1], background)
    for organ, weight in zip(organs, weights, strict=True):
        level = organ.uptake(points) if callable(organ.uptake) else organ.uptake
        uptake = np.where(weight > 0, level, uptake)
    return weights, uptake


LIVER_CENTRE = (-45.0, -20.0, 30.0)


def left_hotter(plane_x: float, factor: float = 1.6) -> Callable[[Points], Points]:
    """Uptake 10 to the patient's right of a plane, ``factor`` x 10 to its left."""
    return lambda p: np.where(p[..., 0] > plane_x, 10.0 * factor, 10.0)


def torso(hot_from_x: float = LIVER_CENTRE[0]) -> list[Organ]:
    """1.1 l liver with a hotter left lobe, two muscles 44 mm thick, L2 and a tumour beside it."""
    return [
        Organ(
            ellipsoid(LIVER_CENTRE, (85.0, 58.0, 54.0)),
            Role.LIVER,
            "liver",
            left_hotter(hot_from_x),
        ),
        Organ(box((-22.0, 20.0, -18.0), (22.0, 62.0, 16.0)), Role.VERTEBRA_L2, "vertebrae_L2", 0.8),
        Organ(column(44.0, 66.0, 22.0, (-90.0, 80.0)), Role.MUSCLE_LEFT, "autochthon_left", 1.0),
        Organ(column(-42.0, 66.0, 22.0, (-90.0, 80.0)), Role.MUSCLE_RIGHT, "autochthon_right", 2.0),
        Organ(ball((48.0, 5.0, -5.0), 24.0), Role.TUMOUR, "tumour", 80.0),
    ]


def _turned(degrees: float) -> NDArray[np.float64]:
    x, y, z = np.array([1.0, 2.0, 3.0]) / np.sqrt(14.0)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = np.deg2rad(degrees)
    turn = np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross
    return np.asarray(turn)


def _grid(axes: list[tuple[float, float, float]], turn: float = 0.0) -> Grid:
    """Fill a torso of 300 x 230 x 220 mm, centred on (0, 10, 0), with steps k, j, i given in mm."""
    steps = np.array(axes).T
    extent = np.abs(steps / np.linalg.norm(steps, axis=0)).T @ np.array([300.0, 230.0, 220.0])
    shape = np.ceil(extent / np.linalg.norm(steps, axis=0)).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = _turned(turn) @ steps
    affine[:3, 3] = np.array([-5.0, 10.0, 0.0]) - affine[:3, :3] @ ((shape - 1) / 2.0)
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


GRIDS: dict[str, Grid] = {
    "axial": _grid([(0, 0, 4.0), (0, 4.0, 0), (4.0, 0, 0)]),
    "head_to_feet": _grid([(0, 0, -4.0), (0, 4.0, 0), (4.0, 0, 0)]),
    "mirrored": _grid([(0, 0, 4.0), (0, 4.0, 0), (-4.0, 0, 0)]),
    "prone": _grid([(0, 0, 4.0), (0, -4.0, 0), (-4.0, 0, 0)]),
    "anisotropic": _grid([(0, 0, 3.0), (0, 4.8, 0), (4.8, 0, 0)]),
    "coarse": _grid([(0, 0, 4.795), (0, 4.795, 0), (4.795, 0, 0)]),
    "sagittal": _grid([(4.0, 0, 0), (0, 0, -4.0), (0, 4.0, 0)]),
    "coronal": _grid([(0, 4.0, 0), (0, 0, -4.0), (4.0, 0, 0)]),
    "oblique": _grid([(0, 0, 4.0), (0, 4.0, 0), (4.0, 0, 0)], turn=20.0),
}
