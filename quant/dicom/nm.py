"""NM reconstructions: what kind of object it is, where its slices lie, what its values are.

References
----------
DICOM PS3.3 C.8.4.8 (NM image, Table C.8-8), C.8.4.9 (multi-frame), C.8.4.11 (detector),
C.8.4.15 (reconstruction: the sign of SpacingBetweenSlices is meaningful).
"""

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.acquisition import acquisition_facts
from quant.dicom.calibration import nm_scale
from quant.dicom.facts import numbers, tail, text, whole, words
from quant.dicom.geometry import (
    Placement,
    make_grid,
    no_position,
    orientation_of,
    pixel_spacing,
    plane_of,
    stack_order,
)
from quant.dicom.nm_frames import frame_positions, slice_spacing
from quant.dicom.pixels import frame_shape, read_stored
from quant.dicom.saturation import peak_of, saturation_flags
from quant.dicom.slices import fill, require_finite
from quant.domain.flags import Flag
from quant.domain.volume import Provenance, Volume
from quant.errors import ReadError

if TYPE_CHECKING:
    from quant.dicom.calibration import Scale
    from quant.dicom.facts import Facts
    from quant.domain.study import SeriesEntry

DETECTORS = "DetectorInformationSequence"
SLICE_VECTOR = 0x00540080


class NMKind(StrEnum):
    """What an NM object holds."""

    RECON = "reconstruction"
    GATED = "gated reconstruction"
    PROJECTIONS = "projections"
    PLANAR = "planar images"
    UNKNOWN = "unknown"


KINDS = {
    "RECON TOMO": NMKind.RECON,
    "RECON GATED TOMO": NMKind.GATED,
    "TOMO": NMKind.PROJECTIONS,
    "GATED TOMO": NMKind.PROJECTIONS,
    "STATIC": NMKind.PLANAR,
    "WHOLE BODY": NMKind.PLANAR,
    "DYNAMIC": NMKind.PLANAR,
    "GATED": NMKind.PLANAR,
}
"""Kind by ImageType value 3 (Table C.8-8)."""


def nm_kind(series: "SeriesEntry") -> tuple[NMKind, tuple[Flag, ...]]:
    """Tell what an NM series holds: by ImageType, else by its slice vector or positions."""
    types = [word.replace("_", " ") for word in words(series.facts, "ImageType")]
    for word in (*types[2:3], *types):
        if word in KINDS:
            return KINDS[word], ()
    stated = "\\".join(types) or "missing"
    if _counts_slices(series.facts) or _has_many_positions(series):
        return NMKind.RECON, (Flag("NM_TYPE_GUESSED", f"ImageType {stated}"),)
    return NMKind.UNKNOWN, ()


def _counts_slices(facts: "Facts") -> bool:
    frames = whole(facts, "NumberOfFrames") or 1
    vector = numbers(facts, "SliceVector")
    pointer = numbers(facts, "FrameIncrementPointer")
    return frames > 1 and (len(set(vector)) == frames or pointer == (float(SLICE_VECTOR),))


def _has_many_positions(series: "SeriesEntry") -> bool:
    keyword = f"{DETECTORS}.0.ImagePositionPatient"
    places = {
        numbers(entry.facts, keyword) or numbers(entry.facts, "ImagePositionPatient")
        for entry in series.files
    }
    return len(series.files) > 1 and len(places - {()}) == len(series.files)


def place_nm(series: "SeriesEntry") -> Placement:
    """Find where the slices of an NM reconstruction lie, from headers only.

    The centre of pixel (r, c) of frame f lies at position + c * column spacing * row cosines
    + r * row spacing * column cosines + (vector[f] - vector[0]) * SpacingBetweenSlices * normal.
    Data are never flipped: the affine carries direction and sign.

    Raises
    ------
    ReadError
        ``NM_NOT_RECON`` for projections and planar images, ``NM_MULTI`` for gated and other
        objects that hold several volumes.
    GeometryError
        ``NO_POSITION``, ``BAD_IOP``, ``SPACING_MISSING``, ``SPACING_INVALID``, ``CT_GAP`` for
        missing slices, and for single-frame files what
        :func:`quant.dicom.geometry.stack_order` raises.
    """
    kind, flags = nm_kind(series)
    _require_recon(series, kind)
    if len(series.files) > 1:
        return _place_files(series, flags)
    return _place_frames(series, flags)


def read_nm(series: "SeriesEntry") -> Volume:
    """Read an NM reconstruction.

    Returns
    -------
    Volume
        Values in the unit that the object states, else relative with ``NM_UNCALIBRATED``.

    Raises
    ------
    StudyError
        See :func:`place_nm`, :func:`quant.dicom.pixels.read_stored` and
        :func:`quant.dicom.calibration.nm_scale`; ``VALUES_INVALID`` for values that are not
        finite.
    """
    placement = place_nm(series)
    if placement.frames:
        stored = read_stored(placement.files[0])
        frames: list[NDArray[np.generic]] = [stored[frame] for frame in placement.frames]
    else:
        frames = [read_stored(entry)[0] for entry in placement.files]
    bounds = (
        float(min(frame.min() for frame in frames)),
        float(max(frame.max() for frame in frames)),
    )
    scales = [nm_scale(entry.facts, bounds) for entry in placement.files]
    _require_one_unit(series, scales)
    peaks = [peak_of(frame, series.facts) for frame in frames]
    saturated = saturation_flags(peaks, [scale.slope for scale in scales])
    values = np.empty(placement.grid.shape, dtype=np.float32)
    for k, frame in enumerate(frames):
        fill(values[k], frame, scales[0] if placement.frames else scales[k])
    require_finite(values, series)
    facts = acquisition_facts(series) | placement.facts
    facts |= {"slope_source": scales[0].source, "unit_source": scales[0].why}
    return Volume(
        placement.grid,
        values,
        scales[0].unit,
        Provenance(series.series_uid, series.modality, len(series.files), facts),
        (*placement.flags, *scales[0].flags, *saturated),
    )


def _require_recon(series: "SeriesEntry", kind: NMKind) -> None:
    if kind is NMKind.RECON:
        return
    image_type = text(series.facts, "ImageType") or "missing"
    frames = text(series.facts, "NumberOfFrames") or "1"
    found = f"{kind} (ImageType {image_type}, {frames} frames)"
    what = f"The NM series {tail(series.series_uid)}"
    if kind is NMKind.GATED:
        raise ReadError(
            "NM_MULTI",
            f"{what} holds one volume for each gate.",
            found=found,
            needed="one summed reconstruction (ImageType RECON TOMO)",
            next_step="export the ungated reconstruction",
        )
    raise ReadError(
        "NM_NOT_RECON",
        f"{what} is no reconstructed volume.",
        found=found,
        needed="a reconstruction (ImageType RECON TOMO)",
        next_step="reconstruct the projections, or supply the reconstruction",
    )


def _detector_plane(facts: "Facts", what: str) -> tuple[tuple[float, ...], tuple[float, ...], str]:
    """Return position, orientation and where they stood."""
    items = min(whole(facts, DETECTORS) or 0, 64)
    planes = [plane_of(facts, f"{DETECTORS}.{index}.") for index in range(items)]
    known = [plane for plane in planes if plane is not None]
    if len(set(known)) > 1:
        raise ReadError(
            "NM_MULTI",
            f"The {what} has several detectors in different places.",
            found=f"{len(set(known))} positions in {DETECTORS}",
            needed="one position for one volume",
            next_step="export one reconstruction of all detectors",
        )
    if known:
        return (*known[0], DETECTORS)
    top = plane_of(facts)
    if top is None:
        raise no_position(what, facts)
    return (*top, "top level")


def _top_level_flag(source: str) -> tuple[Flag, ...]:
    return (Flag("NM_GEOM_TOPLEVEL", "ImagePositionPatient"),) if source == "top level" else ()


def _place_frames(series: "SeriesEntry", flags: tuple[Flag, ...]) -> Placement:
    """Place the frames of one multi-frame object."""
    facts = series.facts
    what = f"NM series {tail(series.series_uid)}"
    shape = frame_shape(facts)
    steps, frames, vector_flags = frame_positions(facts, shape[0], what)
    position, cosines, source = _detector_plane(facts, what)
    orientation = orientation_of(cosines)
    between_rows, between_columns = pixel_spacing(facts)
    spacing, spacing_source, spacing_flags = slice_spacing(facts, shape, what)
    start, stride = steps
    origin = np.array(position) + start * spacing * orientation.normal
    grid = make_grid(
        shape,
        origin,
        (
            orientation.normal * spacing * stride,
            orientation.column * between_rows,
            orientation.row * between_columns,
        ),
        text(facts, "FrameOfReferenceUID"),
    )
    return Placement(
        grid,
        series.files,
        frames,
        (*flags, *_top_level_flag(source), *vector_flags, *spacing_flags),
        {"geometry_source": source, "spacing_source": spacing_source},
    )


def _place_files(series: "SeriesEntry", flags: tuple[Flag, ...]) -> Placement:
    """Place a series of single-frame files by their positions."""
    what = f"NM series {tail(series.series_uid)}"
    planes = [_detector_plane(entry.facts, what) for entry in series.files]
    first = series.facts
    marks = {
        (
            frame_shape(entry.facts),
            pixel_spacing(entry.facts),
            text(entry.facts, "FrameOfReferenceUID"),
        )
        for entry in series.files
    }
    cosines = np.array([plane[1] for plane in planes])
    orientation = orientation_of(planes[0][1])
    if len(marks) > 1 or np.abs(cosines - cosines[0]).max() > 1e-3:
        raise ReadError(
            "SERIES_MIXED",
            f"The {what} mixes images that do not form one volume.",
            found="different matrix, pixel spacing, orientation or frame of reference",
            needed="one of each",
            next_step="export the reconstruction as a series of its own",
        )
    positions = np.array([plane[0] for plane in planes])
    order, step = stack_order(positions, orientation, what)
    _, rows, columns = frame_shape(first)
    between_rows, between_columns = pixel_spacing(first)
    grid = make_grid(
        (len(order), rows, columns),
        positions[order[0]],
        (step, orientation.column * between_rows, orientation.row * between_columns),
        text(first, "FrameOfReferenceUID"),
    )
    flag = Flag("NM_SINGLEFRAME", f"{len(order)} files, sorted by position")
    return Placement(
        grid,
        tuple(series.files[index] for index in order),
        (),
        (*flags, *_top_level_flag(planes[0][2]), flag),
        {"geometry_source": planes[0][2], "spacing_source": "ImagePositionPatient"},
    )


def _require_one_unit(series: "SeriesEntry", scales: "list[Scale]") -> None:
    units = sorted({str(scale.unit) for scale in scales})
    if len(units) > 1:
        raise ReadError(
            "SERIES_MIXED",
            f"The files of NM series {tail(series.series_uid)} differ in their units.",
            found=", ".join(units),
            needed="one unit",
            next_step="export the series again",
        )
