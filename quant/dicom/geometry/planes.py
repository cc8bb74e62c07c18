"""Where the slices of a series lie: orientation, spacing, and the stack of positions."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.files.facts import numbers, text
from quant.domain.grid import Grid
from quant.errors import GeometryError

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts
    from quant.dicom.geometry.resampling import Resampling
    from quant.domain.flags import Flag
    from quant.domain.study import FileEntry

ORTHONORMAL_TOLERANCE = 1e-3
"""Largest deviation of the image orientation from two unit vectors at right angles."""

SPACING_LIMITS_MM = (0.01, 1000.0)
"""Pixels and slices closer or farther apart are an error of the file, not a scanner."""

FARTHEST_MM = 1e5
"""Farthest that an image may lie from the origin of its frame of reference, along an axis."""


@dataclass(frozen=True, slots=True, eq=False)
class Orientation:
    """Unit vectors of a slice in LPS: along a row, down a column, and their cross product."""

    row: NDArray[np.float64]
    column: NDArray[np.float64]
    normal: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where the voxels of a series lie, from headers only.

    Parameters
    ----------
    grid : Grid
    files : tuple of FileEntry
        One file a slice in the order of k, or the one multi-frame file.
    frames : tuple of int
        For a multi-frame file: the stored frame of each k. Empty for one file a slice.
    flags : tuple of Flag
    facts : dict of str to str
        ``geometry_source``, ``spacing_source``.
    resampling : Resampling, optional
        How the slices come onto the grid when they do not lie on it; then ``files`` are the stored
        slices along the normal, not the slices of the grid.
    """

    grid: Grid
    files: "tuple[FileEntry, ...]"
    frames: tuple[int, ...] = ()
    flags: "tuple[Flag, ...]" = ()
    facts: dict[str, str] = field(default_factory=dict)
    resampling: "Resampling | None" = None


def orientation_of(cosines: tuple[float, ...]) -> Orientation:
    """Check ImageOrientationPatient (0020,0037) and complete it with the normal.

    Raises
    ------
    GeometryError
        ``BAD_IOP`` when the six numbers are not two unit vectors at right angles.
    """
    vectors = np.array(cosines, dtype=np.float64)
    good = vectors.shape == (6,) and bool((np.abs(vectors) <= 1.0 + ORTHONORMAL_TOLERANCE).all())
    if good:
        row, column = vectors[:3], vectors[3:]
        errors = (np.dot(row, row) - 1.0, np.dot(column, column) - 1.0, np.dot(row, column))
        good = max(abs(error) for error in errors) <= 2.0 * ORTHONORMAL_TOLERANCE
    if not good:
        raise GeometryError(
            "BAD_IOP",
            "The image orientation is not a right-angled frame.",
            found=f"ImageOrientationPatient {cosines}",
            needed="two unit vectors at right angles",
            next_step="export the series again",
        )
    row, column = row / np.linalg.norm(row), column / np.linalg.norm(column)
    column = column - row * np.dot(row, column)
    column /= np.linalg.norm(column)
    return Orientation(row, column, np.cross(row, column))


def sane_spacing(value: float) -> bool:
    """Tell whether a spacing is a number within :data:`SPACING_LIMITS_MM`."""
    return SPACING_LIMITS_MM[0] <= value <= SPACING_LIMITS_MM[1]


def pixel_spacing(facts: "Facts") -> tuple[float, float]:
    """Return PixelSpacing (0028,0030): distance between rows, between columns, mm.

    Raises
    ------
    GeometryError
        ``SPACING_MISSING`` or ``SPACING_INVALID``.
    """
    values = numbers(facts, "PixelSpacing")
    if not values:
        raise GeometryError(
            "SPACING_MISSING",
            "The size of the pixels is unknown.",
            found="no usable PixelSpacing",
            needed="PixelSpacing (0028,0030) with two numbers, mm",
            next_step="export the series again, with its geometry",
        )
    if len(values) != 2 or not all(sane_spacing(value) for value in values):
        raise GeometryError(
            "SPACING_INVALID",
            "The size of the pixels makes no sense.",
            found=f"PixelSpacing {values}",
            needed=f"two numbers from {SPACING_LIMITS_MM[0]:g} to {SPACING_LIMITS_MM[1]:g}, mm",
            next_step="export the series again",
        )
    return values[0], values[1]


def plane_of(
    facts: "Facts", prefix: str = ""
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Return position and orientation below ``prefix``; None when either is missing.

    Raises
    ------
    GeometryError
        ``NO_POSITION`` when the position is not three finite numbers.
    """
    position = numbers(facts, f"{prefix}ImagePositionPatient")
    cosines = numbers(facts, f"{prefix}ImageOrientationPatient")
    if not position or not cosines:
        return None
    if len(position) != 3 or not all(abs(value) <= FARTHEST_MM for value in position):
        raise GeometryError(
            "NO_POSITION",
            "The position of the image makes no sense.",
            found=f"ImagePositionPatient {position}",
            needed=f"three finite numbers within {FARTHEST_MM:g} mm",
            next_step="export the series again",
        )
    return position, cosines


def no_position(what: str, facts: "Facts", which: str = "") -> GeometryError:
    """Make the error for an image without a place in the patient.

    ``which`` says how many of several images it concerns: ``2 of 40 slices``.
    """
    lacking = f"{which} without usable" if which else "no"
    unreadable = text(facts, "UnreadableAttributes")
    return GeometryError(
        "NO_POSITION",
        f"The {what} has no place in the patient.",
        found=f"{lacking} ImagePositionPatient and ImageOrientationPatient"
        + (f"; not readable: {unreadable}" if unreadable else ""),
        needed="both, so that regions and CT can be laid over it",
        next_step="export the series in its original orientation, with its geometry",
    )


def make_grid(
    shape: tuple[int, int, int],
    origin: NDArray[np.float64],
    steps: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    frame_of_reference_uid: str,
) -> Grid:
    """Make a grid from the centre of its first voxel and the steps along k, j, i, LPS mm."""
    affine = np.eye(4)
    affine[:3, :3] = np.stack(steps, axis=1)
    affine[:3, 3] = origin
    return Grid(shape, affine, frame_of_reference_uid)
