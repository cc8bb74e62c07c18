"""Flat rasters in the patient: where each pixel lies, and what an image shows there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from quant.domain.grid import Grid

Floats = NDArray[np.float64]

VIEWS = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
}
"""Directions to the right and down the page in LPS: the patient is seen from the feet, from the
front, and from the left. The patient's right is on the left (radiological convention)."""

LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
"""Letters of the patient's sides towards which x, y and z rise and fall."""

STRAIGHT = 0.02
"""Along a whole panel, rows or columns may drift by so many voxels and still count as straight."""


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """A raster of square pixels in the patient.

    Parameters
    ----------
    origin_mm : (3,) float64
        Centre of the first pixel (upper left), LPS.
    right, down : (3,) float64
        Unit vectors along a row and down a column, LPS.
    mm : float
        Width of a pixel.
    shape : (rows, columns) tuple of int
    """

    origin_mm: Floats
    right: Floats
    down: Floats
    mm: float
    shape: tuple[int, int]

    @property
    def normal(self) -> Floats:
        """(3,) float64: unit vector through the page."""
        return np.cross(self.right, self.down)

    def pixel(self, point_mm: "Floats | tuple[float, float, float]") -> tuple[float, float]:
        """Return (column, row), fractional, of a point's projection onto the plane."""
        offset = np.asarray(point_mm, dtype=np.float64) - self.origin_mm
        return float(offset @ self.right) / self.mm, float(offset @ self.down) / self.mm

    def part(self, rows: slice, columns: slice) -> "Plane":
        """Return a part of the plane."""
        at = columns.start * self.right + rows.start * self.down
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        return Plane(self.origin_mm + self.mm * at, self.right, self.down, self.mm, shape)

    def letters(self) -> dict[str, str]:
        """Return the patient's side at each side of the page: left, right, top, bottom."""
        sides = {"left": -self.right, "right": self.right, "top": -self.down, "bottom": self.down}
        return {side: side_letter(direction) for side, direction in sides.items()}


def side_letter(direction: Floats) -> str:
    """Return the letter of the patient's side in a direction (LPS): L, R, P, A, H or F."""
    axis = int(np.abs(direction).argmax())
    return LETTERS[axis][0 if direction[axis] > 0 else 1]


def plane_at(view: str, centre_mm: Floats, mm: float, shape: tuple[int, int]) -> Plane:
    """Return the plane of a view whose middle is a point.

    Parameters
    ----------
    view : str
        ``axial``, ``coronal`` or ``sagittal``.
    centre_mm : (3,) float64
        LPS.
    mm : float
        Width of a pixel.
    shape : (rows, columns) tuple of int
    """
    right, down = (np.array(vector) for vector in VIEWS[view])
    half = ((shape[1] - 1) * right + (shape[0] - 1) * down) * mm / 2.0
    return Plane(np.asarray(centre_mm, dtype=np.float64) - half, right, down, mm, shape)


def sample(
    grid: "Grid", values: NDArray[np.generic], plane: Plane
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Interpolate an image linearly at the pixels of a plane: a true cut, in any orientation.

    Parameters
    ----------
    grid : Grid
    values : (K, J, I) array
    plane : Plane

    Returns
    -------
    values : (R, C) float32
        Within half a voxel of the edge, the value of the outermost voxel.
    inside : (R, C) bool
        False where the pixel lies outside of the voxels.
    """
    to_index = np.linalg.inv(grid.axes_mm)
    start = to_index @ (plane.origin_mm - grid.affine[:3, 3])
    across, down = to_index @ plane.right * plane.mm, to_index @ plane.down * plane.mm
    way = np.abs(np.stack([across * (plane.shape[1] - 1), down * (plane.shape[0] - 1)]))
    axes = (int(way[0].argmax()), int(way[1].argmax()))
    drift = way.copy()
    drift[[0, 1], axes] = 0.0
    if axes[0] != axes[1] and drift.max() <= STRAIGHT:
        return _straight(values, plane, (start, across, down), axes)
    return _slanted(values, plane, start, across, down)


def _straight(
    values: NDArray[np.generic],
    plane: Plane,
    steps: tuple[Floats, Floats, Floats],
    axes: tuple[int, int],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Interpolate along one axis of the array after the other."""
    start, across, down = steps
    column_axis, row_axis = axes
    through = 3 - column_axis - row_axis
    depth = (
        start[through]
        + (across[through] * (plane.shape[1] - 1) + down[through] * (plane.shape[0] - 1)) / 2.0
    )
    size = values.shape[through]
    low = int(np.clip(np.floor(depth), 0, max(size - 2, 0)))
    part = float(np.clip(depth - low, 0.0, 1.0))
    slab = np.take(values, low, axis=through).astype(np.float32)
    if part > 0.0 and size > 1:
        slab += np.float32(part) * (np.take(values, low + 1, axis=through) - slab)
    if row_axis > column_axis:  # rows of the slab are those of the page
        slab = slab.T
    rows = start[row_axis] + down[row_axis] * np.arange(plane.shape[0])
    columns = start[column_axis] + across[column_axis] * np.arange(plane.shape[1])
    flat = _along(_along(slab, rows).T, columns).T
    inside = np.zeros(plane.shape, dtype=np.bool_)
    if _within(np.array([depth]), size)[0]:
        in_row, in_column = _within(rows, slab.shape[0]), _within(columns, slab.shape[1])
        inside[np.ix_(in_row, in_column)] = True
    return flat, inside


def _along(flat: NDArray[np.float32], at: Floats) -> NDArray[np.float32]:
    """Interpolate rows of an array linearly at fractional indices; beyond the ends, the end."""
    size = flat.shape[0]
    at = np.clip(at, 0.0, size - 1.0)
    low = np.minimum(at.astype(np.intp), max(size - 2, 0))
    part = (at - low).astype(np.float32)[:, None]
    found: NDArray[np.float32] = flat[low]
    found += part * (flat[np.minimum(low + 1, size - 1)] - found)
    return found


def _within(at: Floats, size: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (at >= -0.5) & (at <= size - 0.5)
    return found


def _slanted(
    values: NDArray[np.generic], plane: Plane, start: Floats, across: Floats, down: Floats
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Interpolate at each pixel for itself."""
    rows = np.arange(plane.shape[0])[:, None, None] * down
    columns = np.arange(plane.shape[1])[None, :, None] * across
    index = start + rows + columns
    limits = np.array(values.shape)
    inside = np.asarray(np.all((index >= -0.5) & (index <= limits - 0.5), axis=-1))
    flat = np.zeros(plane.shape, dtype=np.float32)
    flat[inside] = interpolated(values, index[inside])
    return flat, inside


def interpolated(values: NDArray[np.generic], index: Floats) -> NDArray[np.float32]:
    """Interpolate (K, J, I) values linearly at (N, 3) indices; beyond the edge, its value."""
    limits = np.array(values.shape)
    at = np.clip(index, 0.0, limits - 1.0)
    low = np.minimum(at.astype(np.intp), np.maximum(limits - 2, 0))
    part = (at - low).astype(np.float32)
    steps = np.where(limits > 1, np.array([limits[1] * limits[2], limits[2], 1]), 0)
    first = low @ np.array([limits[1] * limits[2], limits[2], 1])
    flat = values.reshape(-1)
    found = np.zeros(len(index), dtype=np.float32)
    for corner in range(8):
        bits = [corner >> 2 & 1, corner >> 1 & 1, corner & 1]
        weight = np.ones(len(index), dtype=np.float32)
        for axis, bit in enumerate(bits):
            weight *= part[:, axis] if bit else 1.0 - part[:, axis]
        found += weight * flat[first + int(np.array(bits) @ steps)]
    return found
