"""DICOM SEG, BINARY, on the emission grid, referring to the very frames that were measured.

highdicom knows a source by its functional groups or its image planes; a classic NM object has
neither, for its geometry stands in the detector's item. So it is shown a stand-in of one frame a
slice, made in memory from the grid, and the references to the stand-in are replaced by those to
the source: NM frames or files, PT slices, or the several volumes that were summed.
"""

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from quant.dicom.objects.form import SERIES_SEG, Measured, blank_image, decimal, finished
from quant.dicom.objects.segments import Segment, description, stacked
from quant.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from quant.dicom.objects.source import Reference, Source
    from quant.domain.grid import Grid

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


def write_segmentation(measured: Measured, segments: "Sequence[Segment]") -> tuple[bytes, str]:
    """Make a DICOM Segmentation of a study.

    Parameters
    ----------
    measured : Measured
    segments : sequence of Segment
        At least one, from :func:`quant.dicom.objects.segments.segments_of`; the voxels at least
        half inside are written.

    Returns
    -------
    content : bytes
        The file; the same study gives the same bytes.
    uid : str
        Its SOPInstanceUID.

    Raises
    ------
    GeometryError
        ``BAD_IOP`` for a grid that is no image plane.

    References
    ----------
    DICOM PS3.3 A.51 and C.8.20; C.7.6.16 (functional groups).
    """
    from highdicom.seg import Segmentation

    first, masks = stacked(segments)
    text = "\n".join(f"{one.label}\t{one.region.role}" for one in segments)
    digest = hashlib.sha256(np.packbits(masks).tobytes() + text.encode()).hexdigest()
    arguments = measured.sop_arguments("segmentation", SERIES_SEG, digest)
    places = _positions(measured.grid, range(first, first + len(masks)))
    data = Segmentation(
        source_images=[_stand_in(measured)],
        pixel_array=masks,
        segmentation_type="BINARY",
        segment_descriptions=[description(one, measured) for one in segments],
        plane_positions=places,
        content_label="SPECTCT_QUANT",
        content_description="Tumours, lesions and reference spheres",
        series_description="Tumours and reference spheres (spectct-quant)",
        **arguments,
    )
    _refer(data, measured.source, {_key(one[0]): first + n for n, one in enumerate(places)})
    uid = measured.uid("dimensions")
    data.DimensionOrganizationSequence[0].DimensionOrganizationUID = uid
    for item in data.DimensionIndexSequence:
        item.DimensionOrganizationUID = uid
    if not measured.grid.frame_of_reference_uid:
        for keyword in ("FrameOfReferenceUID", "PositionReferenceIndicator"):
            delattr(data, keyword)
    return finished(data, measured), str(data.SOPInstanceUID)


def _stand_in(measured: Measured) -> "Dataset":
    """Return an image with one frame a slice of the emission grid, as highdicom reads it."""
    import pydicom

    grid = measured.grid
    data = blank_image(measured)
    data.SOPInstanceUID = measured.uid("stand-in")
    data.FrameOfReferenceUID = grid.frame_of_reference_uid or measured.uid("frame")
    data.PositionReferenceIndicator = ""
    data.NumberOfFrames, data.Rows, data.Columns = grid.shape
    spacing = grid.spacing_mm
    measures, turned, shared = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    measures.PixelSpacing = _decimals(spacing[1:])
    measures.SliceThickness = measures.SpacingBetweenSlices = _decimals(spacing[:1])[0]
    turned.ImageOrientationPatient = _cosines(grid)
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [turned]
    data.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for place in _positions(grid, range(grid.shape[0])):
        frame = pydicom.Dataset()
        frame.PlanePositionSequence = place
        frames.append(frame)
    data.PerFrameFunctionalGroupsSequence = frames
    return data


def _cosines(grid: "Grid") -> list[Any]:
    if not grid.is_orthogonal:
        raise GeometryError(
            "BAD_IOP",
            "A sheared grid cannot be written as image planes.",
            found="axes that are not at right angles",
            needed="an orthogonal grid",
            next_step="resample the volume to an orthogonal grid",
        )
    unit = grid.axes_mm / grid.spacing_mm
    return _decimals(np.concatenate([unit[:, 2], unit[:, 1]]))


def _positions(grid: "Grid", slices: "Iterable[int]") -> list[Any]:
    """Return highdicom's plane positions of some slices."""
    from highdicom import PlanePositionSequence

    return [
        PlanePositionSequence("PATIENT", [float(one) for one in _decimals(grid.to_mm((k, 0, 0)))])
        for k in slices
    ]


def _decimals(values: "NDArray[np.float64]") -> list[Any]:
    """Return numbers that fit the 16 characters of a decimal string."""
    from pydicom.valuerep import DS

    return [DS(decimal(float(value))) for value in values]


def _key(place: "Dataset") -> tuple[float, ...]:
    return tuple(float(value) for value in place.ImagePositionPatient)


def _refer(data: "Dataset", source: "Source", slices: dict[tuple[float, ...], int]) -> None:
    """Point every frame, and the object, to the images of the source instead of the stand-in."""
    used: dict[str, None] = {}
    for frame in data.PerFrameFunctionalGroupsSequence:
        k = slices[_key(frame.PlanePositionSequence[0])]
        pattern = frame.DerivationImageSequence[0].SourceImageSequence[0]
        frame.DerivationImageSequence[0].SourceImageSequence = [
            _source_image(pattern, one, source) for one in source.slices[k]
        ]
        used.update(dict.fromkeys(uid for uid, _ in source.slices[k]))
    references = [_instance(uid, source) for uid in source.sop_classes if uid in used]
    data.SourceImageSequence = references
    data.ReferencedSeriesSequence[0].ReferencedInstanceSequence = [
        _instance(uid, source) for uid in source.sop_classes if uid in used
    ]


def _source_image(pattern: "Dataset", reference: "Reference", source: "Source") -> "Dataset":
    import pydicom

    uid, frame = reference
    item = pydicom.Dataset()  # a new one: data sets that were updated share their elements
    item.ReferencedSOPClassUID = source.sop_classes[uid]
    item.ReferencedSOPInstanceUID = uid
    if frame is not None:
        item.ReferencedFrameNumber = frame
    item.SpatialLocationsPreserved = pattern.SpatialLocationsPreserved
    item.PurposeOfReferenceCodeSequence = pattern.PurposeOfReferenceCodeSequence
    return item


def _instance(uid: str, source: "Source") -> "Dataset":
    import pydicom

    item = pydicom.Dataset()
    item.ReferencedSOPClassUID = source.sop_classes[uid]
    item.ReferencedSOPInstanceUID = uid
    return item
