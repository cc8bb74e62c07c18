"""Simulated DICOM SEG, BINARY: one frame per segment and slice that holds any of it.

Written with pydicom alone, so that the generator needs no optional package and its bytes depend
on no version of one; the tests read it back with highdicom.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.phantom.writing.header import (
    Identity,
    SeriesLabel,
    WrittenSeries,
    add_frame_of_reference,
    code,
    decimals,
    image_plane,
    item,
    new_object,
    save,
    uid_of,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from quant.domain.grid import Grid
    from quant.phantom.writing.header import ImagePlane

SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4"

_CODES = {
    "liver": ("10200004", "SCT", "Liver"),
    "vertebrae_L2": ("14293000", "SCT", "L2 vertebra"),
    "autochthon_left": ("44947003", "SCT", "Erector spinae muscle"),
    "autochthon_right": ("44947003", "SCT", "Erector spinae muscle"),
}
_LATERALITY = {"left": ("7771000", "SCT", "Left"), "right": ("24028007", "SCT", "Right")}
_STRUCTURE = ("91723000", "SCT", "Anatomical Structure")

_SEGMENT_NUMBER, _SEGMENT_GROUP = 0x0062000B, 0x0062000A
_POSITION, _POSITION_GROUP = 0x00200032, 0x00209113


@dataclass(frozen=True, slots=True)
class Segment:
    """A named segment: (K, J, I) bool over the grid of the segmentation."""

    name: str
    mask: NDArray[np.bool_]


def write_seg(
    path: Path,
    segments: tuple[Segment, ...],
    grid: "Grid",
    identity: Identity,
    label: SeriesLabel,
    reference: WrittenSeries | None = None,
) -> None:
    """Write a BINARY segmentation.

    Parameters
    ----------
    path : Path
    segments : tuple of Segment
        At least one voxel each.
    grid : Grid
        Orthogonal; with ``reference`` slice k lies on image k of that series.
    identity : Identity
    label : SeriesLabel
    reference : WrittenSeries or None
        The image series that was segmented, one file a slice, on the same grid.

    References
    ----------
    DICOM PS3.3 A.51 and C.8.20 (segmentation); PS3.5 8.1.1 (packing of single bits).
    """
    data = new_object(identity, label, SEGMENTATION_STORAGE, 1)
    data.Modality = "SEG"
    data.ImageType = ["DERIVED", "PRIMARY"]
    add_frame_of_reference(data, identity)
    data.ContentLabel = "SIMULATED"
    data.ContentDescription = "Organs for the placement of reference spheres"
    data.ContentCreatorName = ""
    data.SegmentationType = "BINARY"
    data.SegmentsOverlap = "UNDEFINED"
    data.LossyImageCompression = "00"
    data.SegmentSequence = [
        _segment_item(number, segment) for number, segment in enumerate(segments, start=1)
    ]
    data.SharedFunctionalGroupsSequence = [_shared(image_plane(grid))]
    data.DimensionOrganizationType = "3D"
    _add_dimensions(data, identity)
    if reference is not None:
        data.ReferencedSeriesSequence = [_referenced_series(reference)]
    _add_frames(data, segments, grid, reference)
    save(data, path)


def _segment_item(number: int, segment: Segment) -> "Dataset":
    kind = code(*_CODES.get(segment.name, _STRUCTURE))
    side = segment.name.rpartition("_")[2]
    if side in _LATERALITY:
        kind.SegmentedPropertyTypeModifierCodeSequence = [code(*_LATERALITY[side])]
    return item(
        SegmentNumber=number,
        SegmentLabel=segment.name,
        SegmentDescription=f"SIMULATED {segment.name}",
        SegmentAlgorithmType="AUTOMATIC",
        SegmentAlgorithmName="phantom generator",
        SegmentedPropertyCategoryCodeSequence=[code(*_STRUCTURE)],
        SegmentedPropertyTypeCodeSequence=[kind],
    )


def _shared(plane: "ImagePlane") -> "Dataset":
    thickness = decimals([abs(plane.spacing_between_slices)])[0]
    measures = item(
        PixelSpacing=decimals([plane.row_spacing, plane.column_spacing]),
        SliceThickness=thickness,
        SpacingBetweenSlices=thickness,
    )
    cosines = np.concatenate([plane.row_cosines, plane.column_cosines])
    return item(
        PixelMeasuresSequence=[measures],
        PlaneOrientationSequence=[item(ImageOrientationPatient=decimals(cosines))],
    )


def _add_dimensions(data: "Dataset", identity: Identity) -> None:
    uid = uid_of(f"{identity.seed}/{identity.name}/{data.SeriesInstanceUID}/dimensions")
    data.DimensionOrganizationSequence = [item(DimensionOrganizationUID=uid)]
    data.DimensionIndexSequence = [
        item(
            DimensionOrganizationUID=uid,
            DimensionIndexPointer=pointer,
            FunctionalGroupPointer=group,
            DimensionDescriptionLabel=text,
        )
        for pointer, group, text in (
            (_SEGMENT_NUMBER, _SEGMENT_GROUP, "Segment Number"),
            (_POSITION, _POSITION_GROUP, "Image Position Patient"),
        )
    ]


def _referenced_series(reference: WrittenSeries) -> "Dataset":
    return item(
        SeriesInstanceUID=reference.series_uid,
        ReferencedInstanceSequence=[
            item(ReferencedSOPClassUID=reference.sop_class_uid, ReferencedSOPInstanceUID=uid)
            for uid in reference.sop_instance_uids
        ],
    )


def _add_frames(
    data: "Dataset",
    segments: tuple[Segment, ...],
    grid: "Grid",
    reference: WrittenSeries | None,
) -> None:
    """Add the frames: segments one after another, slices in order, single bits packed."""
    groups, frames = [], []
    for number, segment in enumerate(segments, start=1):
        if segment.mask.shape != grid.shape or not segment.mask.any():
            message = f"segment {segment.name} must have the shape {grid.shape} and a voxel"
            raise ValueError(message)
        for k in np.flatnonzero(segment.mask.any(axis=(1, 2))):
            frames.append(segment.mask[k])
            groups.append(_frame_item(number, int(k), grid, reference))
    data.PerFrameFunctionalGroupsSequence = groups
    data.NumberOfFrames = len(frames)
    data.Rows, data.Columns = grid.shape[1:]
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit = 1, 1, 0
    data.PixelRepresentation = 0
    packed = np.packbits(np.concatenate([f.ravel() for f in frames]), bitorder="little").tobytes()
    data.PixelData = packed + b"\0" * (len(packed) % 2)


def _frame_item(number: int, k: int, grid: "Grid", reference: WrittenSeries | None) -> "Dataset":
    data = item(
        FrameContentSequence=[item(DimensionIndexValues=[number, k + 1])],
        PlanePositionSequence=[item(ImagePositionPatient=decimals(grid.to_mm((k, 0, 0))))],
        SegmentIdentificationSequence=[item(ReferencedSegmentNumber=number)],
    )
    if reference is not None:
        source = item(
            ReferencedSOPClassUID=reference.sop_class_uid,
            ReferencedSOPInstanceUID=reference.sop_instance_uids[k],
            PurposeOfReferenceCodeSequence=[
                code("121322", "DCM", "Source image for image processing operation")
            ],
        )
        data.DerivationImageSequence = [
            item(
                SourceImageSequence=[source],
                DerivationCodeSequence=[code("113076", "DCM", "Segmentation")],
            )
        ]
    return data
