"""Regions as they were drawn, in millimetres, before they are laid on an emission grid."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.grid import Grid


@dataclass(frozen=True, slots=True, eq=False)
class ImageSlices:
    """The slices of the image series on which a region was drawn.

    Parameters
    ----------
    positions_mm : (N, 3) float64
        ImagePositionPatient of every slice, LPS mm, in any order.
    normal : (3,) float64
        Unit normal of the slices, LPS.
    """

    positions_mm: NDArray[np.float64]
    normal: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ContourShape:
    """A region drawn as closed planar contours (DICOM RTSTRUCT).

    Parameters
    ----------
    name : str
        ROIName (3006,0026).
    contours_mm : tuple of (N, 3) float64
        Vertices of each closed contour, LPS mm, in the order of the file.
    frame_of_reference_uid : str
        Frame in which the contours were drawn; empty when the file does not say.
    slice_spacing_mm : float or None
        Thickness that the contours state: that of a region with contours in one plane only.
    source : str
        Where the shape came from.
    flags : tuple of Flag
        What the reader noticed.
    study_uid : str
        Study of the images on which the region was drawn; empty when the file does not say.
    series_uid : str
        Series of those images; empty when the file does not say, or names several.
    drawn_on : ImageSlices or None
        Slices of that series, where it is at hand.
    """

    name: str
    contours_mm: tuple[NDArray[np.float64], ...]
    frame_of_reference_uid: str = ""
    slice_spacing_mm: float | None = None
    source: str = "RTSTRUCT"
    flags: tuple[Flag, ...] = ()
    study_uid: str = ""
    series_uid: str = ""
    drawn_on: ImageSlices | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LabelShape:
    """A region drawn as voxels of its own grid (SEG, NRRD, NIfTI, MHA).

    Parameters
    ----------
    name : str
        Segment label, label name or file stem.
    grid : Grid
        Grid of ``weights``, already cropped to the region's box.
    weights : (k, j, i) uint8 or float32
        0 or 1, or the occupied fraction, of each voxel of ``grid``.
    frame_of_reference_uid : str
        Empty for formats that have none (NIfTI, NRRD, MHA).
    source : str
        ``SEG``, ``NIfTI``, ``NRRD``, ``seg.nrrd`` or ``MHA``.
    flags : tuple of Flag
        What the reader noticed.
    study_uid : str
        Study of the images on which the region was drawn; empty when the file does not say.
    """

    name: str
    grid: Grid
    weights: NDArray[np.uint8] | NDArray[np.float32]
    frame_of_reference_uid: str = ""
    source: str = "NIfTI"
    flags: tuple[Flag, ...] = ()
    study_uid: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A named point, LPS mm (a control point of a 3D Slicer markup)."""

    name: str
    position_mm: tuple[float, float, float]


Shape = ContourShape | LabelShape

Wanted = Callable[[str], bool]
"""Asked once for every region of a file, by its name: is it worth reading?"""


def every(name: str) -> bool:
    """Want every region, whatever its name."""
    del name
    return True
