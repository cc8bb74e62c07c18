"""Simulated CT and PET series: one file a slice."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.phantom.writing.header import (
    COMMENT,
    DATE,
    TIME,
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

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
PET_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.128"

CT_INTERCEPT = -1024
"""RescaleIntercept of the simulated CT: stored = HU + 1024, signed."""


@dataclass(frozen=True, slots=True)
class PTSettings:
    """What a simulated PET series says about itself.

    Parameters
    ----------
    label : SeriesLabel
    total_activity_bq : float
        RadionuclideTotalDose (Bq in PET) at the time of the scan.
    weight_kg : float
        PatientWeight.
    """

    label: SeriesLabel
    total_activity_bq: float = 100e6
    weight_kg: float = 20.0


def write_ct(
    folder: Path, values: NDArray[np.float64], grid: "Grid", identity: Identity, label: SeriesLabel
) -> WrittenSeries:
    """Write a CT series.

    Parameters
    ----------
    folder : Path
        One file a slice goes here, ``ct_0001.dcm`` and so on, in the order of k.
    values : (K, J, I) float64
        HU; rounded to whole HU.
    grid : Grid
        Orthogonal.
    identity : Identity
    label : SeriesLabel

    Returns
    -------
    WrittenSeries
    """
    _require_filled(values, grid)
    stored = np.rint(values) - CT_INTERCEPT
    if not (np.abs(stored) <= 32_767).all():
        raise ValueError("HU leave the 16-bit range")
    slices = []
    for k in range(grid.shape[0]):
        data = _slice(grid, identity, label, CT_IMAGE_STORAGE, k)
        data.Modality = "CT"
        data.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
        data.KVP = "120"
        data.AcquisitionNumber = 1
        data.RescaleSlope, data.RescaleIntercept, data.RescaleType = "1", str(CT_INTERCEPT), "HU"
        data.WindowCenter, data.WindowWidth = "40", "400"
        add_pixels(data, stored[k].astype(np.int16))
        slices.append(data)
    return _write(folder, "ct", slices)


def write_pt(
    folder: Path,
    values: NDArray[np.float64],
    grid: "Grid",
    identity: Identity,
    settings: PTSettings,
) -> WrittenSeries:
    """Write a PET series in Bq/ml, with a rescale slope of its own in every slice.

    Parameters
    ----------
    folder : Path
        One file a slice goes here, ``pt_0001.dcm`` and so on, in the order of k.
    values : (K, J, I) float64
        Bq/ml, not negative; each slice uses the whole signed 16-bit range.
    grid : Grid
        Orthogonal.
    identity : Identity
    settings : PTSettings

    Returns
    -------
    WrittenSeries
    """
    _require_filled(values, grid)
    slices = []
    for k in range(grid.shape[0]):
        data = _slice(grid, identity, settings.label, PET_IMAGE_STORAGE, k)
        peak = float(values[k].max())
        slope = decimals([peak / 32_767.0])[0] if peak > 0.0 else "1"
        _add_pet(data, grid, settings)
        data.ImageIndex = k + 1
        data.RescaleSlope, data.RescaleIntercept = slope, "0"
        stored = np.rint(values[k] / float(slope))
        if not (stored.min() >= 0.0 and stored.max() <= 32_767.0):
            raise ValueError("PET values must not be negative")
        add_pixels(data, stored.astype(np.int16))
        slices.append(data)
    return _write(folder, "pt", slices)


def _slice(
    grid: "Grid", identity: Identity, label: SeriesLabel, sop_class_uid: str, k: int
) -> "Dataset":
    """Return the header of slice k: everything that CT and PET share."""
    plane = image_plane(grid)
    data = new_object(identity, label, sop_class_uid, k + 1)
    data.ImageComments = COMMENT
    data.PatientPosition = "HFS"
    add_frame_of_reference(data, identity)
    data.PixelSpacing = decimals([plane.row_spacing, plane.column_spacing])
    data.SliceThickness = decimals([abs(plane.spacing_between_slices)])[0]
    position = grid.to_mm((k, 0, 0))
    data.ImagePositionPatient = decimals(position)
    data.ImageOrientationPatient = decimals(
        np.concatenate([plane.row_cosines, plane.column_cosines])
    )
    normal = np.cross(plane.row_cosines, plane.column_cosines)
    data.SliceLocation = decimals([float(position @ normal)])[0]
    return data


def _add_pet(data: "Dataset", grid: "Grid", settings: PTSettings) -> None:
    """PET series, isotope and image modules: 18F, decay corrected to the start of the scan."""
    data.Modality = "PT"
    data.ImageType = ["ORIGINAL", "PRIMARY"]
    data.PatientWeight = decimals([settings.weight_kg])[0]
    data.Units = "BQML"
    data.CountsSource = "EMISSION"
    data.SeriesType = ["STATIC", "IMAGE"]
    data.CollimatorType = "NONE"
    data.NumberOfSlices = grid.shape[0]
    data.CorrectedImage = ["NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN"]
    data.DecayCorrection = "START"
    data.RandomsCorrectionMethod = "DLYD"
    data.AttenuationCorrectionMethod = "simulated"
    data.ActualFrameDuration = 600_000
    data.FrameReferenceTime = "0"
    data.DecayFactor = "1"
    add_supine_codes(data)
    data.RadiopharmaceuticalInformationSequence = [
        item(
            Radiopharmaceutical="18F (simulated)",
            RadiopharmaceuticalStartTime=TIME,
            RadiopharmaceuticalStartDateTime=f"{DATE}{TIME}",
            RadionuclideTotalDose=decimals([settings.total_activity_bq])[0],
            RadionuclideHalfLife="6586.2",
            RadionuclidePositronFraction="0.97",
            RadionuclideCodeSequence=[code("77004003", "SCT", "^18^Fluorine")],
        )
    ]


def _require_filled(values: NDArray[np.float64], grid: "Grid") -> None:
    if values.shape != grid.shape:
        message = f"values {values.shape} do not fill the grid {grid.shape}"
        raise ValueError(message)


def _write(folder: Path, stem: str, slices: list["Dataset"]) -> WrittenSeries:
    paths, uids, positions = [], [], []
    for number, data in enumerate(slices, start=1):
        path = folder / f"{stem}_{number:04d}.dcm"
        save(data, path)
        paths.append(path)
        uids.append(str(data.SOPInstanceUID))
        x, y, z = (float(value) for value in data.ImagePositionPatient)
        positions.append((x, y, z))
    first = slices[0]
    return WrittenSeries(
        tuple(paths), first.SeriesInstanceUID, first.SOPClassUID, tuple(uids), tuple(positions)
    )
