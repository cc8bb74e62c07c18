"""Simulated RTSTRUCT: closed planar contours."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.phantom.writing.header import (
    DATE,
    TIME,
    Identity,
    SeriesLabel,
    WrittenSeries,
    add_frame_of_reference,
    item,
    new_object,
    save,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

RT_STRUCTURE_SET_STORAGE = "1.2.840.10008.5.1.4.1.1.481.3"

_CONTOUR_DATA = 0x30060050

NEAR_MM = 1e-3
"""A contour refers to an image of the series when its plane is that near."""


@dataclass(frozen=True, slots=True)
class DrawnRegion:
    """A named region as closed contours, each (N, 3) LPS mm."""

    name: str
    contours_mm: tuple[NDArray[np.float64], ...]


def write_rtstruct(
    path: Path,
    regions: tuple[DrawnRegion, ...],
    identity: Identity,
    label: SeriesLabel,
    reference: WrittenSeries,
) -> None:
    """Write an RT structure set.

    Parameters
    ----------
    path : Path
    regions : tuple of DrawnRegion
        A region without contours is written without a contour sequence (an empty ROI).
    identity : Identity
        Gives the frame of reference.
    label : SeriesLabel
    reference : WrittenSeries
        The series on which the regions are said to have been drawn.
    """
    data = new_object(identity, label, RT_STRUCTURE_SET_STORAGE, 1)
    data.Modality = "RTSTRUCT"
    data.StructureSetLabel = "SIMULATED"
    data.StructureSetName = label.description
    data.StructureSetDate, data.StructureSetTime = DATE, TIME
    data.ApprovalStatus = "UNAPPROVED"
    data.OperatorsName = ""
    add_frame_of_reference(data, identity)
    data.ReferencedFrameOfReferenceSequence = [_reference_item(identity, reference)]
    data.StructureSetROISequence = [
        item(
            ROINumber=number,
            ReferencedFrameOfReferenceUID=identity.frame_of_reference_uid,
            ROIName=region.name,
            ROIGenerationAlgorithm="AUTOMATIC",
        )
        for number, region in enumerate(regions, start=1)
    ]
    data.ROIContourSequence = [
        _contour_item(number, region, reference) for number, region in enumerate(regions, start=1)
    ]
    data.RTROIObservationsSequence = [
        item(
            ObservationNumber=number,
            ReferencedROINumber=number,
            RTROIInterpretedType="",
            ROIInterpreter="",
        )
        for number in range(1, len(regions) + 1)
    ]
    save(data, path)


def _reference_item(identity: Identity, reference: WrittenSeries) -> "Dataset":
    images = [
        item(ReferencedSOPClassUID=reference.sop_class_uid, ReferencedSOPInstanceUID=uid)
        for uid in reference.sop_instance_uids
    ]
    series = item(SeriesInstanceUID=reference.series_uid, ContourImageSequence=images)
    study = item(
        ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
        ReferencedSOPInstanceUID=identity.study_uid,
        RTReferencedSeriesSequence=[series],
    )
    return item(
        FrameOfReferenceUID=identity.frame_of_reference_uid, RTReferencedStudySequence=[study]
    )


def _contour_item(number: int, region: DrawnRegion, reference: WrittenSeries) -> "Dataset":
    colour = [[255, 64, 64], [64, 255, 64], [64, 128, 255], [255, 192, 0]][(number - 1) % 4]
    data = item(ROIDisplayColor=colour, ReferencedROINumber=number)
    if region.contours_mm:
        data.ContourSequence = [_contour(contour, reference) for contour in region.contours_mm]
    return data


def _contour(contour_mm: NDArray[np.float64], reference: WrittenSeries) -> "Dataset":
    from pydicom.dataelem import DataElement

    data = item(
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(contour_mm),
    )
    # one text for all numbers: a converted list of 300 decimal strings costs a hundred times more
    text = "\\".join(f"{value:.4f}" for value in (np.round(contour_mm, 4) + 0.0).ravel())
    data.add(DataElement(_CONTOUR_DATA, "DS", text, already_converted=True))
    image = _image_of(contour_mm, reference)
    if image is not None:
        data.ContourImageSequence = [
            item(ReferencedSOPClassUID=reference.sop_class_uid, ReferencedSOPInstanceUID=image)
        ]
    return data


def _image_of(contour_mm: NDArray[np.float64], reference: WrittenSeries) -> str | None:
    """Return the axial image in whose plane the contour lies, if there is one."""
    x, y, heights = np.array(reference.positions_mm).T
    if len(heights) < 2 or np.ptp(x) > NEAR_MM or np.ptp(y) > NEAR_MM:
        return None
    nearest = int(np.abs(heights - contour_mm[0, 2]).argmin())
    flat = np.abs(contour_mm[:, 2] - heights[nearest]).max() <= NEAR_MM
    return reference.sop_instance_uids[nearest] if flat else None
