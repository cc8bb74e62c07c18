"""Simulated NM reconstructions: multi-frame RECON TOMO, with the geometry where vendors put it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.phantom.writing.header import (
    COMMENT,
    Identity,
    SeriesLabel,
    WrittenSeries,
    add_frame_of_reference,
    add_pixels,
    add_supine_codes,
    code,
    decimals,
    image_plane,
    item,
    new_object,
    save,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from quant.domain.grid import Grid

NM_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.20"

MAXIMUM_STORED = 65_535
"""Largest stored integer (16 bits, unsigned)."""


@dataclass(frozen=True, slots=True)
class NMSettings:
    """What a simulated NM object says about itself.

    Parameters
    ----------
    label : SeriesLabel
    corrected_image : tuple of str
        CorrectedImage (0028,0051): ``ATTN`` marks the attenuation correction.
    scale : float
        Stored integer per unit of value. The object states no unit: values are relative.
    counts : int
        CountsAccumulated.
    """

    label: SeriesLabel
    corrected_image: tuple[str, ...] = ("UNIF", "COR", "ATTN", "SCAT")
    scale: float = 1.0
    counts: int = 0


def nm_dataset(
    values: NDArray[np.float64], grid: "Grid", identity: Identity, settings: NMSettings
) -> "Dataset":
    """Make a multi-frame NM RECON TOMO object.

    Parameters
    ----------
    values : (K, J, I) float64
        Voxel values, relative units; stored as ``rint(values * scale)`` in 16 unsigned bits.
    grid : Grid
        Orthogonal; its handedness gives the sign of SpacingBetweenSlices.
    identity : Identity
    settings : NMSettings

    Returns
    -------
    Dataset
        Ready to be saved, or to be spoiled by a test.

    Raises
    ------
    ValueError
        If a stored value would leave 0..65535, or the array does not fill the grid.

    References
    ----------
    DICOM PS3.3 C.8.4.8 to C.8.4.15 (NM modules). Layout after header facts of GE Xeleris objects.
    """
    data = new_object(identity, settings.label, NM_IMAGE_STORAGE, 1)
    data.Modality = "NM"
    data.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    data.ImageComments = COMMENT
    data.CorrectedImage = list(settings.corrected_image)
    data.CountsAccumulated = settings.counts
    data.PatientPosition = "HFS"
    add_frame_of_reference(data, identity)
    add_supine_codes(data)
    _add_isotope(data)
    _add_detector(data, grid)
    _add_frames(data, grid)
    add_pixels(data, to_stored(values, grid, settings.scale))
    return data


def write_nm(
    path: Path,
    values: NDArray[np.float64],
    grid: "Grid",
    identity: Identity,
    settings: NMSettings,
) -> WrittenSeries:
    """Write :func:`nm_dataset` to a file and say what was written."""
    data = nm_dataset(values, grid, identity, settings)
    save(data, path)
    x, y, z = (float(value) for value in grid.affine[:3, 3])
    return WrittenSeries(
        (path,), data.SeriesInstanceUID, NM_IMAGE_STORAGE, (data.SOPInstanceUID,), ((x, y, z),)
    )


def to_stored(values: NDArray[np.float64], grid: "Grid", scale: float) -> NDArray[np.uint16]:
    """Round values (K, J, I) times ``scale`` to 16 unsigned bits; nothing is clipped."""
    if values.shape != grid.shape:
        message = f"values {values.shape} do not fill the grid {grid.shape}"
        raise ValueError(message)
    stored = np.rint(values * scale)
    if not (stored.min() >= 0.0 and stored.max() <= MAXIMUM_STORED):
        message = f"stored values {stored.min()} to {stored.max()} leave 0 to {MAXIMUM_STORED}"
        raise ValueError(message)
    return stored.astype(np.uint16)


def _add_isotope(data: "Dataset") -> None:
    """Say 123I-MIBG at 159 keV, 20 % window (NM isotope module; activity in MBq for NM)."""
    window = item(
        EnergyWindowName="I123_EM",
        EnergyWindowRangeSequence=[
            item(EnergyWindowLowerLimit="143.1", EnergyWindowUpperLimit="174.9")
        ],
    )
    data.NumberOfEnergyWindows = 1
    data.EnergyWindowInformationSequence = [window]
    data.RadiopharmaceuticalInformationSequence = [
        item(
            Radiopharmaceutical="123I-MIBG (simulated)",
            RadionuclideTotalDose="200",
            RadionuclideHalfLife="47772",
            RadionuclideCodeSequence=[code("21572004", "SCT", "^123^Iodine")],
            RadiopharmaceuticalCodeSequence=[
                code("395787009", "SCT", "Iodine^123 3-Iodobenzylguanidine MIBG")
            ],
        )
    ]


def _add_detector(data: "Dataset", grid: "Grid") -> None:
    """Put position and orientation into the detector item, as C.8.4.11 has it, and the orbit."""
    plane = image_plane(grid)
    orientation = np.concatenate([plane.row_cosines, plane.column_cosines])
    data.NumberOfDetectors = 1
    data.DetectorInformationSequence = [
        item(
            CollimatorGridName="LEHR",
            CollimatorType="PARA",
            FieldOfViewShape="RECTANGLE",
            ZoomFactor=["1", "1"],
            ImagePositionPatient=decimals(plane.position),
            ImageOrientationPatient=decimals(orientation),
        )
    ]
    data.NumberOfRotations = 1
    data.RotationInformationSequence = [
        item(
            TableHeight="0",
            TableTraverse="0",
            RotationDirection="CW",
            RadialPosition=["250"],
            ScanArc="360",
            AngularStep="6",
            StartAngle="0",
            ActualFrameDuration=25_000,
            NumberOfFramesInRotation=60,
        )
    ]


def _add_frames(data: "Dataset", grid: "Grid") -> None:
    """Multi-frame, NM reconstruction and spacing attributes."""
    plane = image_plane(grid)
    frames = grid.shape[0]
    data.NumberOfFrames = frames
    data.FrameIncrementPointer = 0x00540080
    data.SliceVector = list(range(1, frames + 1))
    data.NumberOfSlices = frames
    data.PixelSpacing = decimals([plane.row_spacing, plane.column_spacing])
    data.SpacingBetweenSlices = decimals([plane.spacing_between_slices])[0]
    data.SliceThickness = decimals([abs(plane.spacing_between_slices)])[0]
    data.AcquisitionTerminationCondition = "TIME"
    data.ReconstructionDiameter = decimals([plane.column_spacing * grid.shape[2]])[0]
    data.ConvolutionKernel = "simulated"
