"""Solids whose volume is known by formula, drawn as contours or as label maps."""

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.shapes import ContourShape, LabelShape

Axes = NDArray[np.float64]


def contour_frame(name: str) -> Axes:
    """(3, 3): rows u, v and normal of the planes in which a solid is drawn."""
    frames = {
        "axial": np.eye(3),
        "sagittal": np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]),
        "coronal": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]),
    }
    if name != "oblique":
        return frames[name]
    normal = np.array([1.0, -2.0, 4.0]) / np.sqrt(21.0)
    u = np.cross([0.0, 1.0, 0.0], normal)
    u /= np.linalg.norm(u)
    return np.stack([u, np.cross(normal, u), normal])


def ellipsoid_contours(
    radii_mm: tuple[float, float, float],
    centre_mm: NDArray[np.float64],
    spacing_mm: float,
    axes: Axes | None = None,
) -> ContourShape:
    """Draw an ellipsoid with half axes along u, v and the normal, as polygons of equal area."""
    axes = np.eye(3) if axes is None else axes
    points = 240
    angle = 2 * np.pi * np.arange(points) / points
    # a polygon inscribed in the ellipse would be smaller: same area instead
    grow = np.sqrt(2 * np.pi / (points * np.sin(2 * np.pi / points)))
    contours = []
    count = int(np.floor(radii_mm[2] / spacing_mm)) + 1
    for height in (np.arange(-count, count) + 0.5) * spacing_mm:
        left = 1.0 - (height / radii_mm[2]) ** 2
        if left > 0:
            scale = grow * np.sqrt(left)
            flat = [scale * radii_mm[0] * np.cos(angle), scale * radii_mm[1] * np.sin(angle)]
            local = np.stack([*flat, np.full(points, height)], axis=1)
            contours.append(local @ axes + centre_mm)
    return ContourShape("ellipsoid", tuple(contours), "1.2.3")


def box_contours(
    sides_mm: tuple[float, float, float],
    centre_mm: NDArray[np.float64],
    slices: int,
    axes: Axes | None = None,
) -> ContourShape:
    """Draw a box as ``slices`` rectangles."""
    axes = np.eye(3) if axes is None else axes
    a, b = sides_mm[0] / 2, sides_mm[1] / 2
    corners = np.array([[-a, -b], [a, -b], [a, b], [-a, b]])
    heights = ((np.arange(slices) + 0.5) / slices - 0.5) * sides_mm[2]
    contours = [
        np.column_stack([corners, np.full(4, height)]) @ axes + centre_mm for height in heights
    ]
    return ContourShape("box", tuple(contours), "1.2.3")


def ellipsoid_labels(
    radii_mm: tuple[float, float, float],
    centre_mm: NDArray[np.float64],
    grid: Grid,
    axes: Axes | None = None,
) -> LabelShape:
    """Fill an ellipsoid on a grid, by voxel centres."""
    axes = np.eye(3) if axes is None else axes
    index = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), axis=-1)
    local = (grid.to_mm(index) - centre_mm) @ axes.T / np.array(radii_mm)
    inside = (local**2).sum(axis=-1) <= 1.0
    return LabelShape("ellipsoid", grid, inside.astype(np.uint8), grid.frame_of_reference_uid)


def ellipsoid_volume_ml(radii_mm: tuple[float, float, float]) -> float:
    """Volume by formula, ml."""
    return float(4 / 3 * np.pi * np.prod(radii_mm) / 1000.0)
