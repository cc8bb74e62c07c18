"""Grids for geometry tests: the ways in which scanners lay their voxels."""

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid

SHAPE = (20, 24, 28)


def _affine(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Affine whose grid is centred on the LPS origin, given the steps per array axis."""
    affine = np.eye(4)
    affine[:3, :3] = axes
    affine[:3, 3] = -axes @ ((np.array(SHAPE) - 1) / 2.0)
    return affine


def _axes(k: tuple[float, ...], j: tuple[float, ...], i: tuple[float, ...]) -> NDArray[np.float64]:
    return np.array([k, j, i], dtype=np.float64).T


def _rotated(axes: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """Turn axes about an oblique direction (Rodrigues)."""
    x, y, z = np.array([1.0, 2.0, 3.0]) / np.sqrt(14.0)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.deg2rad(degrees)
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return np.asarray(turn @ axes)


AXIAL = _axes((0, 0, 4.0), (0, 4.0, 0), (4.0, 0, 0))

AFFINES: dict[str, NDArray[np.float64]] = {
    "axial": _affine(AXIAL),
    "head_to_feet": _affine(_axes((0, 0, -4.0), (0, 4.0, 0), (4.0, 0, 0))),
    "anisotropic": _affine(_axes((0, 0, 5.0), (0, 3.0, 0), (3.0, 0, 0))),
    "sagittal": _affine(_axes((4.0, 0, 0), (0, 0, -4.0), (0, 4.0, 0))),
    "coronal": _affine(_axes((0, 4.0, 0), (0, 0, -4.0), (4.0, 0, 0))),
    "oblique": _affine(_rotated(AXIAL, 20.0)),
}


def grid(name: str, shape: tuple[int, int, int] = SHAPE) -> Grid:
    """Return a grid of one of the geometries, in the frame ``1.2.3``."""
    affine = AFFINES[name].copy()
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2.0)
    return Grid(shape, affine, "1.2.3")
