"""Scenes: bodies painted with uptake, and the truth that follows from them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.phantom.bodies.contours import area_vector_mm2
from quant.phantom.bodies.occupancy import occupancy
from quant.phantom.bodies.solids import Body, Solid

if TYPE_CHECKING:
    from quant.domain.grid import Grid

Truth = dict[str, object]
"""What is true of a study, as it goes into ``truth.json``."""


@dataclass(frozen=True, slots=True)
class Painted:
    """A body and the uptake inside it; later bodies cover earlier ones."""

    body: Body
    uptake: float


PAINT_LEVELS = 2
"""Halvings of a surface voxel when uptake is painted; voxels wholly inside are exact anyhow."""


def paint(
    grid: "Grid", scene: tuple[Painted, ...], levels: int = PAINT_LEVELS
) -> NDArray[np.float64]:
    """Return the mean uptake of every voxel (K, J, I): exact inside, mixed by share at surfaces."""
    values = np.zeros(grid.shape)
    for painted in scene:
        share = occupancy(painted.body, grid, levels)
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
    """Volume of contours in parallel planes times the distance of the planes, ml.

    Contours (:mod:`quant.phantom.bodies.contours`) run around holes the other way, so the area
    vectors add up to the even-odd area.
    """
    total = sum(area_vector_mm2(contour) for contour in contours_mm)
    return float(np.linalg.norm(total)) * spacing_mm / 1000.0
