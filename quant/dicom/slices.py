"""PT and CT series, one file a slice: sorted by position, each slice with its own rescale."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.acquisition import acquisition_facts
from quant.dicom.calibration import Scale, slice_scales
from quant.dicom.facts import tail, text, whole
from quant.dicom.geometry import (
    Placement,
    make_grid,
    no_position,
    orientation_of,
    pixel_spacing,
    plane_of,
    stack_order,
)
from quant.dicom.objects import ENHANCED_CLASSES
from quant.dicom.pixels import frame_shape, read_stored
from quant.dicom.saturation import peak_of, saturation_flags
from quant.domain.volume import Provenance, Volume
from quant.errors import GeometryError, ReadError

if TYPE_CHECKING:
    from quant.domain.study import FileEntry, SeriesEntry

SAME_MM = 1e-3
"""Pixel spacings and direction cosines of one series agree within this."""

LARGEST_VALUE = 1e30
"""No activity, count or Hounsfield unit comes near; sums of squares beyond it overflow."""


def place_slices(series: "SeriesEntry") -> Placement:
    """Find where the slices of a PT or CT series lie, from headers only.

    Slice spacing comes from ImagePositionPatient alone: SpacingBetweenSlices and SliceThickness
    are nominal, and some vendors write the former with a sign.

    Raises
    ------
    GeometryError
        ``SPACING_MISSING``, ``SPACING_INVALID``, ``NO_POSITION``, ``BAD_IOP``, ``CT_GAP``,
        ``CT_NONUNIFORM``, ``CT_TILT``, ``DUP_CONFLICT``.
    ReadError
        ``SERIES_MIXED``, ``ENHANCED_UNREAD``, ``DECODE`` for a matrix without a size.
    """
    what = f"{series.modality} series {tail(series.series_uid)}"
    _require_single_frames(series, what)
    first = series.files[0].facts
    spacing = pixel_spacing(first)
    planes = [plane_of(entry.facts) for entry in series.files]
    _require_alike(series.files, what)
    positions = np.array([_known(plane, series)[0] for plane in planes])
    cosines = np.array([_known(plane, series)[1] for plane in planes])
    orientation = orientation_of(tuple(float(value) for value in cosines[0]))
    if np.abs(cosines - cosines[0]).max() > SAME_MM:
        raise _mixed(what, "ImageOrientationPatient differs between slices")
    if len(positions) < 2:
        raise GeometryError(
            "SPACING_MISSING",
            f"The {what} has one slice only: its spacing is unknown.",
            found="1 slice",
            needed="at least 2 slices",
            next_step="export the whole series",
        )
    order, step = stack_order(positions, orientation, what)
    _, rows, columns = frame_shape(first)
    grid = make_grid(
        (len(order), rows, columns),
        positions[order[0]],
        (step, orientation.column * spacing[0], orientation.row * spacing[1]),
        text(first, "FrameOfReferenceUID"),
    )
    facts = {"geometry_source": "ImagePositionPatient", "spacing_source": "ImagePositionPatient"}
    return Placement(grid, tuple(series.files[index] for index in order), facts=facts)


def read_slices(series: "SeriesEntry") -> Volume:
    """Read a PT or CT series.

    Returns
    -------
    Volume
        k runs along the normal (row cosines x column cosines). Values are the stored ones (also
        with MONOCHROME1) times each slice's own slope, in float64, kept as float32.

    Raises
    ------
    StudyError
        See :func:`place_slices`, :func:`quant.dicom.pixels.read_stored` and
        :func:`quant.dicom.calibration.slice_scales`; ``VALUES_INVALID`` for values that are not
        finite.

    References
    ----------
    DICOM PS3.3 C.7.6.2 (image plane), C.8.9.4 (PET image), C.8.2.1 (CT image).
    """
    placement = place_slices(series)
    scales = list(slice_scales(series.modality, placement.files, stored_range))
    values = np.empty(placement.grid.shape, dtype=np.float32)
    peaks = []
    for k, (entry, scale) in enumerate(zip(placement.files, scales, strict=True)):
        stored = read_stored(entry)[0]
        peaks.append(peak_of(stored, entry.facts))
        fill(values[k], stored, scale)
    require_finite(values, series)
    slopes = {scale.slope for scale in scales}
    is_pet = series.modality == "PT"
    saturated = saturation_flags(peaks, [scale.slope for scale in scales]) if is_pet else ()
    facts = acquisition_facts(series) | placement.facts
    facts |= {
        "slope_source": scales[0].source,
        "slopes": str(len(slopes)),
        "unit_source": scales[0].why,
    }
    return Volume(
        placement.grid,
        values,
        scales[0].unit,
        Provenance(series.series_uid, series.modality, len(series.files), facts),
        (*placement.flags, *scales[0].flags, *saturated),
    )


def stored_range(entry: "FileEntry") -> tuple[float, float]:
    """Return the smallest and the largest stored value of a file."""
    stored = read_stored(entry)
    return float(stored.min()), float(stored.max())


def fill(out: NDArray[np.float32], stored: NDArray[np.generic], scale: Scale) -> None:
    """Write ``slope * stored + intercept``, computed in float64, into a slice of float32."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if scale.slope == 1.0 and scale.intercept == 0.0:
            out[...] = stored
            return
        out[...] = stored.astype(np.float64) * scale.slope + scale.intercept


def require_finite(values: NDArray[np.float32], series: "SeriesEntry") -> None:
    """Refuse values that are not numbers, or beyond :data:`LARGEST_VALUE`.

    Raises
    ------
    ReadError
        ``VALUES_INVALID``.
    """
    bad = values.size - int(np.count_nonzero(np.abs(values) <= LARGEST_VALUE))
    if bad:
        raise ReadError(
            "VALUES_INVALID",
            f"The {series.modality} series {tail(series.series_uid)} holds values that are not "
            "finite, or beyond anything that is measured.",
            found=f"{bad} of {values.size} voxels",
            needed=f"finite values within {LARGEST_VALUE:g}",
            next_step="reconstruct or export the series again",
        )


def _known(
    plane: tuple[tuple[float, ...], tuple[float, ...]] | None, series: "SeriesEntry"
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if plane is None or len(plane[1]) != 6:
        raise no_position(f"{series.modality} series {tail(series.series_uid)}", series.facts)
    return plane


def _require_single_frames(series: "SeriesEntry", what: str) -> None:
    first = series.files[0]
    multiframe = (whole(first.facts, "NumberOfFrames") or 1) > 1
    if first.sop_class_uid in ENHANCED_CLASSES or multiframe:
        raise ReadError(
            "ENHANCED_UNREAD",
            f"The {what} is a multi-frame object, which this version does not read.",
            found=f"SOP class {first.sop_class_uid}",
            needed="one file a slice",
            next_step="export the series as classic CT or PET",
        )


def _require_alike(files: "tuple[FileEntry, ...]", what: str) -> None:
    first = files[0].facts
    for keyword in ("Rows", "Columns", "FrameOfReferenceUID"):
        found = {str(entry.facts.get(keyword)) for entry in files}
        if len(found) > 1:
            raise _mixed(what, f"{keyword} has {len(found)} values")
    spacing = pixel_spacing(first)
    for entry in files:
        other = pixel_spacing(entry.facts)
        if max(abs(a - b) for a, b in zip(spacing, other, strict=True)) > SAME_MM:
            raise _mixed(what, f"PixelSpacing {spacing} and {other}")


def _mixed(what: str, found: str) -> ReadError:
    return ReadError(
        "SERIES_MIXED",
        f"The {what} mixes images that do not form one volume.",
        found=found,
        needed="one size, orientation, pixel spacing and frame of reference",
        next_step="export the volume as a series of its own",
    )
