"""Analytic truth for CT: stacks of any geometry whose voxels hold a linear function of position."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from quant.domain.volume import Volume
from tests.support.dicom_builder import CT, changed, save_all, slices

ROWS, COLUMNS = 11, 9
ROW_MM, COLUMN_MM = 3.0, 2.0
FIRST = np.array([-10.0, -20.0, 30.0])
GRADIENT = np.array([7.0, -11.0, 13.0])
OFFSET = 500.0
SLOPE = 1.0 / 64.0
"""Stored values are 32-bit whole numbers of 1/64 HU: rounding stays below 0.01 HU."""

ORIENTATIONS = {
    "axial": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "prone": (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    "head to feet": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "coronal": (1.0, 0.0, 0.0, 0.0, 0.0, -1.0),
    "sagittal": (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
    "oblique": (0.8, 0.6, 0.0, -0.36, 0.48, 0.8),
}

Field = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def linear(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a linear function of position, (..., 3) LPS mm."""
    values: NDArray[np.float64] = points_mm @ GRADIENT + OFFSET
    return values


def stack(
    places_mm: Sequence[Sequence[float]],
    orientation: tuple[float, ...] = ORIENTATIONS["axial"],
    field: Field = linear,
    sop_class: str = CT,
    **changes: object,
) -> list[Dataset]:
    """Return slices at (along the normal, along the column, along the row), mm from the first.

    Every pixel holds the field at its own place, as the header of its slice says it.
    """
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    axes = np.stack((np.cross(row, column), column, row))
    origins = FIRST + np.array(places_mm, dtype=np.float64) @ axes
    j, i = np.meshgrid(np.arange(ROWS), np.arange(COLUMNS), indexing="ij")
    inner = ROW_MM * j[..., None] * column + COLUMN_MM * i[..., None] * row
    series = []
    for number, origin in enumerate(origins):
        stored = np.rint(field(origin + inner) / SLOPE).astype(np.int32)
        (data,) = slices(sop_class, stored[None], [0.0], orientation=orientation)
        changed(
            data,
            SOPInstanceUID=f"{data.SeriesInstanceUID}.{number + 1}",
            InstanceNumber=number + 1,
            ImagePositionPatient=[float(f"{value:.9f}") for value in origin],
            RescaleSlope=str(SLOPE),
        )
        series.append(changed(data, **changes))
    return series


def write(
    folder: Path,
    places_mm: Sequence[Sequence[float]],
    orientation: tuple[float, ...] = ORIENTATIONS["axial"],
    field: Field = linear,
    sop_class: str = CT,
) -> list[Path]:
    """Write such a stack, file names against the order of slices."""
    return save_all(stack(places_mm, orientation, field, sop_class), folder)


def along(
    heights_mm: Sequence[float], drift: tuple[float, float] = (0.0, 0.0)
) -> list[list[float]]:
    """Return places at heights, moved along column and row by so much per mm of height."""
    return [[height, drift[0] * height, drift[1] * height] for height in heights_mm]


def centres_mm(volume: Volume) -> NDArray[np.float64]:
    """Return the centres of all voxels, (K, J, I, 3) LPS mm."""
    index = np.stack(
        np.meshgrid(*(np.arange(size) for size in volume.grid.shape), indexing="ij"), axis=-1
    )
    return volume.grid.to_mm(index.astype(np.float64))
