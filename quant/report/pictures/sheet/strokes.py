"""Anti-aliased outlines, drawn into arrays of pixels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.region import INSIDE_WEIGHT
from quant.report.pictures.sheet.planes import Plane, sample

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.region import Region
    from quant.domain.sphere import Sphere

Pixels = NDArray[np.float32]
"""(R, C, 3) float32, 0 to 255."""

DASH = 4
"""Length of a dash and of a gap, pixels."""

HALO = 1.6
"""Width of the rim that sets a line off from the picture, on each side, pixels."""


@dataclass(frozen=True, slots=True)
class Pen:
    """How a line looks: colour and rim (0 to 255), width in pixels, dashed or not."""

    colour: tuple[int, int, int]
    width: float
    rim: tuple[int, int, int] | None = None
    dashed: bool = False


def stroke(pixels: Pixels, distance: NDArray[np.float32], pen: Pen) -> None:
    """Draw a line where the distance from it, in pixels, is 0.

    Parameters
    ----------
    pixels : (R, C, 3) float32
        Changed in place.
    distance : (R, C) float32
        Not negative; infinite far from the line.
    pen : Pen
    """
    rows, columns = np.nonzero(distance < pen.width / 2.0 + HALO + 1.0)
    if not len(rows):
        return
    near = distance[rows, columns]
    spot = pixels[rows, columns]
    if pen.rim is not None:
        cover = 0.55 * np.clip(pen.width / 2.0 + HALO + 0.5 - near, 0.0, 1.0)[:, None]
        spot += cover * (np.array(pen.rim, dtype=np.float32) - spot)
    cover = np.clip(pen.width / 2.0 + 0.5 - near, 0.0, 1.0)[:, None]
    if pen.dashed:
        cover = cover * ((rows // DASH + columns // DASH) % 2 == 0)[:, None]
    spot += cover * (np.array(pen.colour, dtype=np.float32) - spot)
    pixels[rows, columns] = spot


def stroke_sphere(pixels: Pixels, plane: Plane, sphere: "Sphere", pen: Pen) -> None:
    """Draw the circle in which a plane cuts a sphere; nothing where it misses it."""
    offset = float((np.array(sphere.centre_mm) - plane.origin_mm) @ plane.normal)
    if abs(offset) >= sphere.radius_mm:
        return
    radius = float(np.sqrt(sphere.radius_mm**2 - offset**2)) / plane.mm
    stroke_circle(pixels, plane.pixel(sphere.centre_mm), radius, pen)


def stroke_circle(pixels: Pixels, centre: tuple[float, float], radius: float, pen: Pen) -> None:
    """Draw a circle around (column, row), all in pixels."""
    rows, columns = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    distance = np.abs(np.hypot(columns - centre[0], rows - centre[1]) - radius)
    stroke(pixels, distance.astype(np.float32), pen)


def stroke_region(pixels: Pixels, plane: Plane, region: "Region", pen: Pen) -> None:
    """Draw where a plane cuts the surface at which half of a region's weight is reached."""
    grid, weights = padded(region)
    stroke_field(pixels, plane, grid, weights, pen)


def stroke_field(
    pixels: Pixels, plane: Plane, grid: "Grid", weights: NDArray[np.float32], pen: Pen
) -> None:
    """Draw the contour of weights at one half, between voxels, on a plane."""
    window = _window(plane, grid)
    if window is None:
        return
    rows, columns = window
    field, inside = sample(grid, weights, plane.part(rows, columns))
    field[~inside] = 0.0
    if min(field.shape) < 2:
        return
    stroke(pixels[rows, columns], contour_distance(field), pen)


def contour_distance(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return about how far each pixel lies from the contour at one half, in pixels.

    The difference to one half over the slope; infinite where the field is flat.
    """
    down, across = np.gradient(field)
    slope = np.hypot(down, across)
    flat = slope < 1e-3
    distance = np.abs(field - np.float32(INSIDE_WEIGHT)) / np.where(flat, 1.0, slope)
    distance[flat] = np.inf
    return np.asarray(distance, dtype=np.float32)


def padded(region: "Region") -> "tuple[Grid, NDArray[np.float32]]":
    """Return a region's box with a rim of zeros, and the grid of it."""
    k, j, i = region.corner
    shape = region.weights.shape
    grid = region.grid.cropped((k - 1, j - 1, i - 1), (shape[0] + 2, shape[1] + 2, shape[2] + 2))
    return grid, np.pad(region.weights, 1)


def _window(plane: Plane, grid: "Grid") -> tuple[slice, slice] | None:
    """Return the rows and columns of a plane that a grid may reach; None when it misses it."""
    corners = grid.corners_mm()
    depth = (corners - plane.origin_mm) @ plane.normal
    if depth.min() > 0.0 or depth.max() < 0.0:
        return None
    found = []
    for direction, size in ((plane.down, plane.shape[0]), (plane.right, plane.shape[1])):
        along = (corners - plane.origin_mm) @ direction / plane.mm
        low = max(0, int(np.floor(along.min())) - 1)
        high = min(size, int(np.ceil(along.max())) + 2)
        if high <= low:
            return None
        found.append(slice(low, high))
    return found[0], found[1]
