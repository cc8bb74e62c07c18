"""PT and CT series: slices sorted by position, each with its own scale, on one even grid."""

from typing import TYPE_CHECKING

import numpy as np

from quant.dicom.acquisition import acquisition_facts
from quant.dicom.files.facts import tail, text
from quant.dicom.geometry.planes import (
    Orientation,
    Placement,
    make_grid,
    no_position,
    orientation_of,
    pixel_spacing,
    plane_of,
)
from quant.dicom.geometry.resampling import Resampling, plan_resampling, resample
from quant.dicom.geometry.stacks import Stack, require_regular, stack_of
from quant.dicom.pixels.filling import SliceSource, fill_volume, refuse_bad
from quant.dicom.pixels.saturation import saturation_flags
from quant.dicom.pixels.stored import PixelReader, frame_shape
from quant.dicom.slices.frames import images_of, is_multiframe, require_frames
from quant.dicom.slices.image_groups import LEAST_SLICES, SAME_MM
from quant.dicom.values.calibration import slice_scales
from quant.domain.flags import Flag
from quant.domain.volume import Provenance, Volume
from quant.errors import ReadError

if TYPE_CHECKING:
    from quant.dicom.pixels.filling import Filled
    from quant.dicom.values.real_world import Scale
    from quant.domain.study import FileEntry, SeriesEntry

ALIKE = ("Rows", "Columns", "FrameOfReferenceUID")
"""Facts that all slices of a volume share, beside pixel spacing and orientation."""


def place_slices(series: "SeriesEntry") -> Placement:
    """Find where the slices of a PT or CT series lie, from headers only.

    Slice spacing comes from ImagePositionPatient alone: SpacingBetweenSlices and SliceThickness
    are nominal, and some vendors write the former with a sign.

    Returns
    -------
    Placement
        ``files`` has one entry a stored slice, also for the frames of a multi-frame object. A CT
        with up to two adjacent slices missing, with uneven slices or with gantry tilt lies on the
        even, right-angled grid onto which :func:`read_slices` resamples it; ``resampling`` says
        how, and ``CT_GAP``, ``CT_NONUNIFORM`` or ``CT_TILT`` is among the flags.

    Raises
    ------
    GeometryError
        ``SPACING_MISSING``, ``SPACING_INVALID``, ``NO_POSITION``, ``BAD_IOP``, ``DUP_CONFLICT``;
        ``CT_GAP``, ``CT_NONUNIFORM`` and ``CT_TILT`` for PET, whose values are never interpolated,
        and for a CT beyond what can be resampled.
    ReadError
        ``SERIES_MIXED``, also for fewer than three slices, ``ENHANCED_UNREAD``, ``DECODE`` for a
        matrix without a size.
    """
    what = f"{series.modality} series {tail(series.series_uid)}"
    require_frames(series, what)
    images = images_of(series)
    first = images[0].facts
    stack, orientation = _stacked(images, series, what)
    spacing = pixel_spacing(first)
    _, rows, columns = frame_shape(first)
    files = tuple(images[index] for index in stack.order)
    facts = {"geometry_source": "ImagePositionPatient", "spacing_source": "ImagePositionPatient"}
    if is_multiframe(series):
        facts["geometry_source"] = "PlanePositionSequence"
    plan = None
    if series.modality == "CT":
        plan = plan_resampling(stack, orientation, (rows, columns), spacing, what)
    else:
        require_regular(stack, what)
    shape = (len(files), rows, columns) if plan is None else plan.shape
    grid = make_grid(
        shape,
        stack.positions[0] if plan is None else plan.origin,
        (
            stack.step if plan is None else plan.step,
            orientation.column * spacing[0],
            orientation.row * spacing[1],
        ),
        text(first, "FrameOfReferenceUID"),
    )
    flags = (Flag("SERIES_MIXED", f"used is {series.part}"),) if series.part else ()
    if plan is None:
        return Placement(grid, files, flags=flags, facts=facts)
    return Placement(grid, files, (), (*flags, *plan.flags), facts | plan.facts, plan)


def read_slices(series: "SeriesEntry") -> Volume:
    """Read a PT or CT series.

    Returns
    -------
    Volume
        k runs along the normal (row cosines x column cosines). Values are the stored ones (also
        with MONOCHROME1) times each slice's own slope, in float64, kept as float32. A CT that is
        not an even, upright stack is resampled linearly from the true positions of its slices.

    Raises
    ------
    StudyError
        See :func:`place_slices`, :func:`quant.dicom.pixels.stored.read_stored` and
        :func:`quant.dicom.values.calibration.slice_scales`; ``VALUES_INVALID`` for values that are
        not finite.

    References
    ----------
    DICOM PS3.3 C.7.6.2 (image plane), C.8.9.4 (PET image), C.8.2.1 (CT image), C.7.6.16
    (multi-frame functional groups).
    """
    placement = place_slices(series)
    reader = PixelReader()

    def stored_range(entry: "FileEntry") -> tuple[float, float]:
        stored = reader.read(entry)
        return float(stored.min()), float(stored.max())

    scales = list(slice_scales(series.modality, placement.files, stored_range))
    values = np.empty(placement.grid.shape, dtype=np.float32)
    is_pet = series.modality == "PT"
    facts = acquisition_facts(series) | placement.facts
    if placement.resampling is None:
        seen = fill_volume(placement.files, scales, values, with_peaks=is_pet)
        refuse_bad(seen.bad, values.size, series)
    else:
        seen, outside = _resampled(placement, scales, placement.resampling, values)
        refuse_bad(seen.bad, values.size, series)
        facts |= outside
    slopes = [scale.slope for scale in scales]
    saturated = saturation_flags(seen.peaks, slopes) if is_pet else ()
    facts |= {
        "slope_source": scales[0].source,
        "slopes": str(len(set(slopes))),
        "unit_source": scales[0].why,
    }
    return Volume(
        placement.grid,
        values,
        scales[0].unit,
        Provenance(series.series_uid, series.modality, len(series.files), facts),
        (*placement.flags, *scales[0].flags, *saturated),
    )


def _resampled(
    placement: Placement, scales: "list[Scale]", plan: Resampling, values: np.ndarray
) -> "tuple[Filled, dict[str, str]]":
    source = SliceSource(placement.files, scales, with_peaks=False)
    outside = resample(plan, source.slice, values)
    return source.seen, outside


def _stacked(
    images: "tuple[FileEntry, ...]", series: "SeriesEntry", what: str
) -> tuple[Stack, Orientation]:
    """Check that all images may form one volume, and stack them."""
    pixel_spacing(images[0].facts)
    planes = [plane_of(image.facts) for image in images]
    require_alike(images, what)
    known = [plane for plane in planes if plane is not None and len(plane[1]) == 6]
    if len(known) < len(planes):
        lacking = next(
            image for image, plane in zip(images, planes, strict=True) if plane not in known
        )
        some = f"{len(planes) - len(known)} of {len(planes)} slices" if known else ""
        raise no_position(what, lacking.facts, some)
    cosines = np.array([plane[1] for plane in known])
    orientation = orientation_of(known[0][1])
    if np.abs(cosines - cosines[0]).max() > SAME_MM:
        raise _mixed(what, "ImageOrientationPatient differs between slices")
    if len(images) < LEAST_SLICES:
        raise ReadError(
            "SERIES_MIXED",
            f"The {what} holds too few slices for a volume"
            + (f" ({series.part})." if series.part else "."),
            found=f"{len(images)} slice{'s' if len(images) > 1 else ''}",
            needed=f"at least {LEAST_SLICES} slices",
            next_step="export the whole series",
        )
    positions = np.array([plane[0] for plane in known])
    return stack_of(positions, orientation, what), orientation


def require_alike(images: "tuple[FileEntry, ...]", what: str) -> None:
    """Refuse images of different size, pixel spacing or frame of reference.

    Raises
    ------
    ReadError
        ``SERIES_MIXED``.
    """
    for keyword in ALIKE:
        found = {image.facts.get(keyword) for image in images}
        if len(found) > 1:
            raise _mixed(what, f"{keyword} has {len(found)} values")
    spacing = pixel_spacing(images[0].facts)
    different = {image.facts.get("PixelSpacing"): image for image in images}
    for image in different.values():
        other = pixel_spacing(image.facts)
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
