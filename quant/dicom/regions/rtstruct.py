"""RTSTRUCT: the contours of every region, in LPS millimetres, as they were drawn."""

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pydicom
from pydicom.dataelem import RawDataElement

from quant.domain.flags import Flag
from quant.domain.shapes import ContourShape, every
from quant.domain.text import plain
from quant.errors import ReadError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from quant.domain.archive import FilePath
    from quant.domain.shapes import Wanted

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR")
"""Contour types that enclose an area (PS3.3 C.8.8.6.3); overlaps are resolved by even-odd."""

FLAT_MM = 1e-6
"""Vertices that stray from a line by less than this enclose nothing."""

CONTOUR_DATA = 0x30060050

FARTHEST_MM = 1e5
"""No patient reaches further from the origin of the frame of reference."""

UNDEFINED_LENGTH = 0xFFFFFFFF


def read_rtstruct(path: "FilePath", wanted: "Wanted" = every) -> tuple[ContourShape, ...]:
    """Read the regions of a DICOM RT Structure Set.

    Parameters
    ----------
    path : Path or ArchiveMember
        One RTSTRUCT file.
    wanted : callable, optional
        Asked for every region by name; the contours of others are not looked at.

    Returns
    -------
    tuple of ContourShape
        Those wanted, in the order of StructureSetROISequence. A region without any usable contour
        has none, so that the caller can say so.

    Raises
    ------
    ReadError
        ``ROI_UNREADABLE`` when the file cannot be parsed or is no structure set.

    References
    ----------
    DICOM PS3.3 C.8.8.5 (Structure Set), C.8.8.6 (ROI Contour).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # lengths and character sets of unused attributes
            with path.open("rb") as stream:
                dataset = pydicom.dcmread(stream, force=True)
            require_whole(dataset)
            return _shapes(dataset, wanted)
    except ReadError:
        raise
    except Exception as error:  # a parser given a broken file may raise anything
        raise _unreadable(why(error)) from error


def why(error: Exception) -> str:
    """Say in our own words why an object cannot be parsed; only DICOM keywords are passed on."""
    name = getattr(error, "name", None)
    if isinstance(error, AttributeError) and name and pydicom.datadict.tag_for_keyword(name):
        return f"no {name}"
    return "content that cannot be parsed"


def require_whole(dataset: "Dataset") -> None:
    """Refuse a dataset whose last element is shorter than it says.

    pydicom passes over it: a sequence then silently lacks its last items.

    Raises
    ------
    ReadError
        ``TRUNCATED``.
    """
    for tag in dataset.keys():  # noqa: SIM118 (iterating the dataset itself converts every element)
        element = dataset.get_item(tag)
        if not isinstance(element, RawDataElement) or element.length == UNDEFINED_LENGTH:
            continue
        if element.value is not None and len(element.value) < element.length:
            raise ReadError(
                "TRUNCATED",
                "The file of regions ends before its data do.",
                found=f"{len(element.value)} bytes of element {element.tag}",
                needed=f"{element.length} bytes",
                next_step="copy or export the file again",
            )


def _unreadable(found: str) -> ReadError:
    return ReadError(
        "ROI_UNREADABLE",
        "The structure set cannot be read.",
        found=found,
        needed="a DICOM RT Structure Set with StructureSetROISequence",
        next_step="export the structure set again from its source system",
    )


@dataclass(frozen=True, slots=True)
class _Origin:
    """The images on which a region was drawn; empty where the file does not say."""

    frame_uid: str = ""
    study_uid: str = ""
    series_uid: str = ""


def _shapes(dataset: "Dataset", wanted: "Wanted") -> tuple[ContourShape, ...]:
    if "StructureSetROISequence" not in dataset:
        raise _unreadable("no StructureSetROISequence (3006,0020)")
    origins = _origins(dataset)
    common = next(iter(origins.values())) if len(origins) == 1 else _Origin()
    drawn: dict[int, list[Dataset]] = {}
    for item in dataset.get("ROIContourSequence") or []:
        drawn.setdefault(int(item.ReferencedROINumber), []).append(item)
    shapes = []
    for roi in dataset.StructureSetROISequence:
        number = int(roi.ROINumber)
        name = str(roi.get("ROIName") or "").strip() or f"ROI {number}"
        if not wanted(name):
            continue
        uid = _uid(roi, "ReferencedFrameOfReferenceUID")
        origin = origins.get(uid, _Origin(uid)) if uid else common
        items = [one for holder in drawn.get(number, []) for one in _contours(holder)]
        shapes.append(_shape(name, origin, items))
    return tuple(shapes)


def _contours(holder: "Dataset") -> "list[Dataset]":
    return list(holder.get("ContourSequence") or [])


def _uid(item: "Dataset", keyword: str) -> str:
    return str(item.get(keyword) or "").strip(" \0")


def _origins(dataset: "Dataset") -> dict[str, _Origin]:
    """Return, for each frame of reference of a structure set, the images that it names."""
    origins: dict[str, _Origin] = {}
    for item in dataset.get("ReferencedFrameOfReferenceSequence") or []:
        studies = list(item.get("RTReferencedStudySequence") or [])
        uids = {_uid(one, "ReferencedSOPInstanceUID") for one in studies} - {""}
        series = {
            _uid(one, "SeriesInstanceUID")
            for study in studies
            for one in study.get("RTReferencedSeriesSequence") or []
        } - {""}
        frame = _uid(item, "FrameOfReferenceUID")
        origins[frame] = _Origin(
            frame,
            uids.pop() if len(uids) == 1 else "",
            series.pop() if len(series) == 1 else "",
        )
    named = {frame: origin for frame, origin in origins.items() if frame}
    alone = origins.get("") if not named and len(origins) == 1 else None
    if named:
        return named
    frame = _uid(dataset, "FrameOfReferenceUID")
    return {frame: replace(alone, frame_uid=frame) if alone else _Origin(frame)}


def _shape(name: str, origin: _Origin, items: "list[Dataset]") -> ContourShape:
    """Gather the usable contours of one region; the others are counted by reason."""
    contours: list[NDArray[np.float64]] = []
    skipped: dict[str, int] = {}
    thickness: set[float] = set()
    for item in items:
        contour, reason = _contour(item)
        if contour is None:
            skipped[reason] = skipped.get(reason, 0) + 1
            continue
        contours.append(contour)
        slab = item.get("ContourSlabThickness")
        thickness.add(float(slab) if slab else 0.0)
    detail = ", ".join(f"{count} {reason}" for reason, count in sorted(skipped.items()))
    stated = thickness.pop() if len(thickness) == 1 else 0.0
    return ContourShape(
        name=name,
        contours_mm=tuple(contours),
        frame_of_reference_uid=origin.frame_uid,
        slice_spacing_mm=stated if stated > 0.0 else None,
        flags=(Flag("ROI_CONTOUR_SKIPPED", detail),) if skipped else (),
        study_uid=origin.study_uid,
        series_uid=origin.series_uid,
    )


def _contour(item: "Dataset") -> "tuple[NDArray[np.float64] | None, str]":
    """Return the (N, 3) vertices of a contour, or None and why it cannot be used."""
    kind = str(item.get("ContourGeometricType") or CLOSED[0]).strip().upper()
    if kind not in CLOSED:
        return None, f"of type {plain(kind)[:40]}"
    values = _contour_data(item)
    if values is None:
        return None, "without numbers"
    if values.size % 3:
        return None, "whose ContourData is not a multiple of 3"
    points = values.reshape(-1, 3)
    reason = _degenerate(points)
    return (None, reason) if reason else (points, "")


def _degenerate(points: "NDArray[np.float64]") -> str:
    """Say why vertices (N, 3) enclose nothing; empty when they do."""
    if not np.isfinite(points).all():
        return "with coordinates that are not finite"
    if np.abs(points).max() > FARTHEST_MM:
        return f"with coordinates beyond {FARTHEST_MM:.0e} mm"
    offsets = points - points[0]
    lengths = np.sqrt((offsets * offsets).sum(axis=1))
    far = int(np.argmax(lengths))
    if lengths[far] <= FLAT_MM:
        return "without extent"
    off_line = np.cross(offsets, offsets[far] / lengths[far])
    if (off_line * off_line).sum(axis=1).max() <= FLAT_MM * FLAT_MM:
        return "on one line"
    return ""


def _contour_data(item: "Dataset") -> "NDArray[np.float64] | None":
    """Read ContourData (3006,0050) as float64, straight from its bytes where possible.

    Decimal strings become numbers in one go; an object for each would cost most of the reading
    time of a large structure set.
    """
    if CONTOUR_DATA not in item:
        return None
    element = item.get_item(CONTOUR_DATA)
    raw = element.value
    if isinstance(element, RawDataElement) and isinstance(raw, bytes):
        parts: object = raw.rstrip(b" \0").split(b"\\")
    else:
        parts = list(item[CONTOUR_DATA].value or [])
    try:
        values = np.array(parts).astype(np.float64)
    except ValueError:
        return None
    return values if values.size else None
