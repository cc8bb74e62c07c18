"""Discs drawn as contours, with what several ways of filling make of their area."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.dicom.regions.rtstruct import read_rtstruct
from quant.domain.grid import Grid
from quant.domain.region import RasterRule
from quant.regions.rasterise import rasterise
from tests.support.rt_builder import Roi, write_structure_set

RADIUS_MM = 15.0
VERTICES = 120
SLICES = 3
SPACING_MM = 4.0


def outline(centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """(120, 2) vertices of a disc, mm."""
    turn = 2.0 * np.pi * np.arange(VERTICES) / VERTICES
    return centre + RADIUS_MM * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def outline_area_mm2() -> float:
    """Exact area of the polygon: n/2 r^2 sin(2 pi / n)."""
    return 0.5 * VERTICES * RADIUS_MM**2 * float(np.sin(2.0 * np.pi / VERTICES))


def centres(count: int, pixel_mm: float) -> NDArray[np.float64]:
    """(count, 2) places of the disc's centre within one pixel, near 60 mm; seeded."""
    return 60.0 + pixel_mm * np.random.default_rng(20).random((count, 2))


def our_area_mm2(centre: NDArray[np.float64], pixel_mm: float, folder: Path) -> float:
    """Write the disc in three planes as RTSTRUCT, read it, lay it on a grid of such pixels."""
    planes = [
        np.column_stack([outline(centre), np.full(VERTICES, SPACING_MM * k)]) for k in range(SLICES)
    ]
    path = write_structure_set(folder / "disc.dcm", [Roi("disc", planes)])
    (shape,) = read_rtstruct(path)
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = SPACING_MM, pixel_mm, pixel_mm, 1.0
    size = int(120.0 / pixel_mm)
    region, _ = rasterise(shape, Grid((SLICES, size, size), affine, "1.2.3"), RasterRule.FRACTIONAL)
    return 1e3 * region.volume_ml / (SLICES * SPACING_MM)


def rounded_area_mm2(centre: NDArray[np.float64], pixel_mm: float) -> float:
    """Round the vertices to pixels and fill the polygon with its outline.

    That is what rt-utils 1.2.7 does (``np.around``, then OpenCV's ``fillPoly``). OpenCV is no
    dependency: scikit-image's polygon and lines fill the same pixels.
    """
    from skimage import draw

    drawing: Any = draw
    corners = np.around(outline(centre) / pixel_mm).astype(int)
    mask = np.zeros((int(120.0 / pixel_mm),) * 2, dtype=bool)
    mask[drawing.polygon(corners[:, 1], corners[:, 0])] = True
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        mask[drawing.line(y0, x0, y1, x1)] = True
    return float(mask.sum()) * pixel_mm**2


def centre_area_mm2(centre: NDArray[np.float64], pixel_mm: float) -> float:
    """Count the pixels whose centre lies in the disc."""
    places = pixel_mm * np.arange(int(120.0 / pixel_mm))
    squared = (places[:, None] - centre[1]) ** 2 + (places[None, :] - centre[0]) ** 2
    return float((squared <= RADIUS_MM**2).sum()) * pixel_mm**2
