"""Voxels with their place and unit."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.units import Unit
from quant.errors import GeometryError


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a volume came from and how its values and geometry were read.

    Parameters
    ----------
    series_uid, modality : str
        DICOM SeriesInstanceUID and Modality; empty for volumes that are not from DICOM.
    files : int
        Number of files read.
    facts : dict of str to str
        Acquisition and calibration facts, by DICOM keyword (``CorrectedImage``,
        ``Radionuclide``, ``CollimatorGridName`` ...) or by what they say
        (``slope_source``, ``geometry_source``).
    """

    series_uid: str = ""
    modality: str = ""
    files: int = 0
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """A 3D image: one value per voxel, in a stated unit.

    Parameters
    ----------
    grid : Grid
        Where the voxels lie.
    values : (K, J, I) float32, C-contiguous
        Voxel values; made read-only.
    unit : Unit
        Unit of the values.
    provenance : Provenance
        Source series and facts.
    flags : tuple of Flag
        What a careful reader should know about this volume.
    """

    grid: Grid
    values: NDArray[np.float32]
    unit: Unit
    provenance: Provenance = field(default_factory=Provenance)
    flags: tuple[Flag, ...] = ()

    def __post_init__(self) -> None:
        """Bring the array into its one form and check that it fills the grid."""
        values = np.ascontiguousarray(self.values, dtype=np.float32)
        if values.shape != self.grid.shape:
            raise GeometryError(
                "GRID_INVALID",
                "The voxel array does not fill its grid.",
                found=f"array {values.shape}",
                needed=f"shape {self.grid.shape}",
                next_step="report this as a defect of the reader",
            )
        if values is self.values and values.flags.writeable:
            values = values.view()
        values.flags.writeable = False
        object.__setattr__(self, "values", values)
