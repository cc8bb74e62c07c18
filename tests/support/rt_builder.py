"""Write small RT Structure Sets for tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

RT_STRUCTURE_SET = UID("1.2.840.10008.5.1.4.1.1.481.3")


@dataclass(frozen=True)
class Roi:
    """A region to be written: contours as (N, 3) arrays or ready ContourData, with their type."""

    name: str
    contours: Sequence[NDArray[np.float64] | list[str]] | None
    kind: str = "CLOSED_PLANAR"
    frame: str = "1.2.3"


def structure_set(rois: Sequence[Roi], frames: Sequence[str] = ("1.2.3",)) -> Dataset:
    """Return an RT Structure Set; ``contours=None`` leaves ContourSequence out."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = RT_STRUCTURE_SET
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["rt"])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.Modality = "RTSTRUCT"
    dataset.ReferencedFrameOfReferenceSequence = DicomSequence(
        [_item(FrameOfReferenceUID=uid) for uid in frames]
    )
    dataset.StructureSetROISequence = DicomSequence()
    dataset.ROIContourSequence = DicomSequence()
    for number, roi in enumerate(rois, start=1):
        head = _item(ROINumber=number, ROIName=roi.name)
        if roi.frame:
            head.ReferencedFrameOfReferenceUID = roi.frame
        dataset.StructureSetROISequence.append(head)
        drawn = _item(ReferencedROINumber=number)
        if roi.contours is not None:
            drawn.ContourSequence = DicomSequence([_contour(c, roi.kind) for c in roi.contours])
        dataset.ROIContourSequence.append(drawn)
    return dataset


def write_structure_set(
    path: Path, rois: Sequence[Roi], frames: Sequence[str] = ("1.2.3",)
) -> Path:
    """Write an RT Structure Set."""
    structure_set(rois, frames).save_as(path, enforce_file_format=True)
    return path


def _item(**values: object) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _contour(contour: NDArray[np.float64] | list[str], kind: str) -> Dataset:
    data = contour
    if isinstance(contour, np.ndarray):
        data = [f"{value:.10g}"[:16] for value in contour.ravel()]
    return _item(
        ContourGeometricType=kind, NumberOfContourPoints=len(data) // 3, ContourData=list(data)
    )
