"""Where voxels lie: a shape, an affine to LPS millimetres, and a frame of reference."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant.errors import GeometryError

SAME_GRID_TOLERANCE_MM = 1e-3
"""Two grids are the same when no corner moves by more than this."""

ORTHOGONAL_TOLERANCE = 1e-3
"""Largest cosine between two axes that still counts as a right angle."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A regular voxel grid in the patient.

    Parameters
    ----------
    shape : (K, J, I) tuple of int
        Slices, rows, columns.
    affine : (4, 4) float64
        Maps the index ``(k, j, i, 1)`` to LPS, mm, at voxel centres.
    frame_of_reference_uid : str
        DICOM FrameOfReferenceUID (0020,0052); empty when the source has none.

    Raises
    ------
    GeometryError
        If the shape is not positive, or the affine is not finite and invertible.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    frame_of_reference_uid: str = ""

    def __post_init__(self) -> None:
        """Refuse a grid that does not describe a place."""
        affine = np.array(self.affine, dtype=np.float64)
        if np.shape(self.shape) != (3,) or min(self.shape) < 1:
            raise _bad_grid(f"shape {self.shape}", "three positive sizes")
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise _bad_grid(f"affine {affine.tolist()}", "a finite 4 x 4 matrix")
        if abs(np.linalg.det(affine[:3, :3])) < 1e-12:
            raise _bad_grid(f"affine {affine.tolist()}", "three independent axes")
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(size) for size in self.shape))

    @property
    def axes_mm(self) -> NDArray[np.float64]:
        """(3, 3) float64: column ``a`` is the step in LPS mm along array axis ``a``."""
        return self.affine[:3, :3]

    @property
    def spacing_mm(self) -> NDArray[np.float64]:
        """(3,) float64: distance between neighbouring voxels along k, j, i, mm."""
        spacing: NDArray[np.float64] = np.linalg.norm(self.axes_mm, axis=0)
        return spacing

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel, ml."""
        return float(abs(np.linalg.det(self.axes_mm))) / 1000.0

    @property
    def is_orthogonal(self) -> bool:
        """Tell whether the three axes stand at right angles (no shear, no gantry tilt)."""
        unit = self.axes_mm / self.spacing_mm
        return bool(np.abs(unit.T @ unit - np.eye(3)).max() <= ORTHOGONAL_TOLERANCE)

    def to_mm(self, index: ArrayLike) -> NDArray[np.float64]:
        """Map (..., 3) indices (k, j, i), whole or fractional, to LPS mm."""
        points = np.asarray(index, dtype=np.float64)
        return points @ self.axes_mm.T + self.affine[:3, 3]

    def to_index(self, point_mm: ArrayLike) -> NDArray[np.float64]:
        """Map (..., 3) LPS points in mm to fractional indices (k, j, i)."""
        points = np.asarray(point_mm, dtype=np.float64) - self.affine[:3, 3]
        return points @ np.linalg.inv(self.axes_mm).T

    def corners_mm(self) -> NDArray[np.float64]:
        """(8, 3) float64: the outer corners of the grid (voxel edges), LPS mm."""
        low, high = np.full(3, -0.5), np.array(self.shape) - 0.5
        picks = np.array(np.meshgrid(*[[0, 1]] * 3, indexing="ij")).reshape(3, -1).T
        return self.to_mm(np.where(picks == 0, low, high))

    def cropped(self, corner: tuple[int, int, int], shape: tuple[int, int, int]) -> "Grid":
        """Return the part of the grid that starts at ``corner`` (k, j, i) with ``shape``."""
        affine = self.affine.copy()
        affine[:3, 3] = self.to_mm(corner)
        return Grid(shape, affine, self.frame_of_reference_uid)

    def matches(self, other: "Grid") -> bool:
        """Tell whether both grids have the same voxels in the same places."""
        if self.shape != other.shape:
            return False
        moved = np.abs(self.corners_mm() - other.corners_mm()).max()
        return bool(moved <= SAME_GRID_TOLERANCE_MM)


def _bad_grid(found: str, needed: str) -> GeometryError:
    return GeometryError(
        "GRID_INVALID",
        "The voxel grid does not describe a place in the patient.",
        found=found,
        needed=needed,
        next_step="check position, orientation and spacing of the series",
    )
