"""Enhanced multi-frame CT and PET made by hand from single-frame objects, after PS3.3 C.7.6.16."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from tests.support.dicom_builder import CT, PT, changed, item

ENHANCED = {CT: "1.2.840.10008.5.1.4.1.1.2.1", PT: "1.2.840.10008.5.1.4.1.1.130"}
LEGACY = {CT: "1.2.840.10008.5.1.4.1.1.2.2", PT: "1.2.840.10008.5.1.4.1.1.128.1"}

TOP = (
    "StudyInstanceUID", "SeriesInstanceUID", "PatientName", "PatientID", "Modality",
    "FrameOfReferenceUID", "SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
)  # fmt: skip


def enhanced(
    series: Sequence[Dataset],
    order: Sequence[int] | None = None,
    content: Sequence[Mapping[str, object]] | None = None,
    **changes: object,
) -> Dataset:
    """Return one multi-frame object with the pixels, planes and scales of single-frame ones.

    Parameters
    ----------
    series : sequence of Dataset
        From :func:`tests.support.dicom_builder.slices`.
    order : sequence of int, optional
        In which order they are stored as frames; as they come when omitted.
    content : sequence of dict, optional
        More attributes of the FrameContentSequence of each single-frame object.
    **changes
        Attributes of the top level; None removes one.
    """
    order = range(len(series)) if order is None else order
    content = content or [{} for _ in series]
    first = series[0]
    data = item(**{keyword: first.get(keyword) for keyword in TOP if keyword in first})
    changed(
        data,
        SOPClassUID=ENHANCED[first.SOPClassUID],
        SOPInstanceUID="1.2.826.0.1.77.1",
        NumberOfFrames=len(order),
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
    )
    frame_type = "CTImageFrameTypeSequence" if first.Modality == "CT" else "PETFrameTypeSequence"
    shared: dict[str, object] = {
        frame_type: [item(FrameType=list(first.ImageType))],
        "PixelMeasuresSequence": [
            item(PixelSpacing=first.PixelSpacing, SliceThickness=first.SliceThickness)
        ],
        "PlaneOrientationSequence": [item(ImageOrientationPatient=first.ImageOrientationPatient)],
    }
    data.SharedFunctionalGroupsSequence = [item(**shared)]
    data.PerFrameFunctionalGroupsSequence = [
        _frame_groups(series[index], content[index], number)
        for number, index in enumerate(order, start=1)
    ]
    data.PixelData = b"".join(series[index].PixelData for index in order)
    data["PixelData"].VR = "OW"
    return changed(data, **changes)


def _frame_groups(one: Dataset, content: Mapping[str, object], number: int) -> Dataset:
    transformation = item(
        RescaleSlope=one.get("RescaleSlope"),
        RescaleIntercept=one.get("RescaleIntercept"),
        RescaleType="HU" if one.Modality == "CT" else "US",
    )
    frame: dict[str, object] = {
        "FrameContentSequence": [
            item(**({"StackID": "1", "InStackPositionNumber": number} | dict(content)))
        ],
        "PlanePositionSequence": [item(ImagePositionPatient=one.ImagePositionPatient)],
        "PixelValueTransformationSequence": [transformation],
    }
    return item(**frame)


def mapping(unit: str, slope: float, low: int = 0, high: int = 65535) -> Dataset:
    """Return an item of RealWorldValueMappingSequence."""
    return item(
        RealWorldValueFirstValueMapped=low,
        RealWorldValueLastValueMapped=high,
        RealWorldValueSlope=slope,
        RealWorldValueIntercept=0.0,
        LUTLabel="x",
        LUTExplanation="x",
        MeasurementUnitsCodeSequence=[
            item(CodeValue=unit, CodingSchemeDesignator="UCUM", CodeMeaning=unit)
        ],
    )


def groups_of(data: Dataset) -> list[Any]:
    """Return the functional groups of the frames."""
    return list(data.PerFrameFunctionalGroupsSequence)


def shuffled(count: int, seed: int = 7) -> list[int]:
    """Return an order of frames that is neither ascending nor descending."""
    return [int(index) for index in np.random.default_rng(seed).permutation(count)]
