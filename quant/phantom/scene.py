"""Scenes: bodies painted with uptake, and the truth that follows from them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.phantom.contours import polygon_area_mm2
from quant.phantom.occupancy import occupancy
from quant.phantom.solids import Body, Solid

if TYPE_CHECKING:
    from quant.domain.grid import Grid

Truth = dict[str, object]
"""What is true of a study, as it goes into ``truth.json``."""


@dataclass(frozen=True, slots=True)
class Painted:
    """A body and the uptake inside it; later bodies cover earlier ones."""

    body: Body
    uptake: float


def paint(grid: "Grid", scene: tuple[Painted, ...]) -> NDArray[np.float64]:
    """Mean uptake of every voxel (K, J, I): exact inside, mixed by occupied fraction at surfaces."""
    values = np.zeros(grid.shape)
    for painted in scene:
        share = occupancy(painted.body, grid)
        values += share * (painted.uptake - values)
    return values


def ratios(tumour: float, liver: float, muscle: float) -> dict[str, float]:
    """Return the ratios of the method for uniform uptake, by their column names."""
    return {
        "tmax_lmax": tumour / liver,
        "tmean_lmean": tumour / liver,
        "tmax_lmean": tumour / liver,
        "tpeak_lmean": tumour / liver,
        "tmax_mmax": tumour / muscle,
        "tmean_mmean": tumour / muscle,
    }


def solid_truth(solid: Solid) -> Truth:
    """Return volume, surface, asphericity and number of parts of a solid."""
    return {
        "solid": type(solid).__name__,
        "volume_ml": solid.volume_ml,
        "surface_area_mm2": solid.surface_area_mm2,
        "asphericity": solid.asphericity,
        "components": solid.components,
    }


def drawn_volume_ml(contours_mm: tuple[NDArray[np.float64], ...], spacing_mm: float) -> float:
    """Volume of contours times the distance of their planes, ml; inner contours are holes.

    The contours come from :func:`quant.phantom.contours.contours`, which runs around holes the
    other way, so signed areas within a plane add up to the even-odd area.
    """
    total = 0.0
    for contour in contours_mm:
        outer = [other for other in contours_mm if other is not contour and _within(contour, other)]
        total += polygon_area_mm2(contour) * (-1.0) ** len(outer)
    return total * spacing_mm / 1000.0


def _within(contour: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Tell whether a contour lies inside another of the same plane (even-odd, first vertex)."""
    step = other[1] - other[0]
    turn = np.cross(step, np.roll(other, -1, axis=0) - other)
    normal = turn[np.argmax(np.linalg.norm(turn, axis=1))]
    length = np.linalg.norm(normal)
    if length == 0.0:
        return False
    normal = normal / length
    if abs(float((contour[0] - other[0]) @ normal)) > 1e-3:
        return False
    u = step / np.linalg.norm(step)
    v = np.cross(normal, u)
    x, y = (other - contour[0]) @ u, (other - contour[0]) @ v
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    crosses = (y > 0.0) != (next_y > 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x - y * (next_x - x) / (next_y - y)
    return bool(np.count_nonzero(crosses & (at > 0.0)) % 2)
