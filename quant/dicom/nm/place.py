"""Where the slices of an NM reconstruction lie, from headers only.

References
----------
DICOM PS3.3 C.8.4.11 (detector: position and orientation) and C.8.4.15 (reconstruction: the sign of
SpacingBetweenSlices is meaningful).
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.files.facts import numbers, tail, text, whole
from quant.dicom.geometry.planes import (
    Orientation,
    Placement,
    make_grid,
    no_position,
    orientation_of,
    pixel_spacing,
    plane_of,
)
from quant.dicom.geometry.stacks import stack_order
from quant.dicom.nm.frames import frame_positions, slice_spacing, stated_slices
from quant.dicom.nm.kinds import DETECTORS, NMKind, nm_kind, require_recon
from quant.dicom.nm.layout import AXES, DETECTOR, layout_of
from quant.dicom.nm.volumes import part_names, part_of, values_of
from quant.dicom.pixels.stored import frame_shape
from quant.domain.flags import Flag
from quant.errors import GeometryError, ReadError

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts
    from quant.dicom.nm.layout import Layout, Part
    from quant.domain.grid import Grid
    from quant.domain.study import SeriesEntry

TOP_LEVEL, NOWHERE = "top level", "none: a grid of its own"

NAMES_SHOWN = 6
"""Volumes of one object that a message names."""


@dataclass(frozen=True, slots=True)
class _Plane:
    """Position, orientation, and where they stood."""

    position: tuple[float, ...]
    cosines: tuple[float, ...]
    source: str


NATIVE = _Plane((0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), NOWHERE)
"""The plane of a volume without a place: slices along z, rows along y, columns along x."""


def place_nm(series: "SeriesEntry", *, native_only: bool = False) -> Placement:
    """Find where the slices of an NM reconstruction lie, from headers only.

    The centre of pixel (r, c) of frame f lies at position + c * column spacing * row cosines
    + r * row spacing * column cosines + (vector[f] - vector[0]) * SpacingBetweenSlices * normal.
    Data are never flipped: the affine carries direction and sign.

    Parameters
    ----------
    series : SeriesEntry
        A volume as :func:`quant.dicom.nm.volumes.split_nm` makes it, or the sum of several.
    native_only : bool
        Accept a volume without position or orientation: it gets a grid of its own that starts at
        0, without a frame of reference, and the flag ``NATIVE_ONLY``. Nothing may be mapped onto
        it; counts, thresholds and volumes hold.

    Raises
    ------
    ReadError
        ``NM_NOT_RECON`` for projections and planar images, ``NM_MULTI`` for an object of several
        volumes of which none is named, or volumes in different places.
    GeometryError
        ``NO_POSITION``, ``BAD_IOP``, ``SPACING_MISSING``, ``SPACING_INVALID``, ``CT_GAP`` for
        missing slices, and for single-frame files what
        :func:`quant.dicom.geometry.stacks.stack_order` raises.
    """
    if series.members:
        return _place_together(series, native_only=native_only)
    kind, flags = nm_kind(series)
    require_recon(series, kind)
    what = f"NM series {tail(series.series_uid)}"
    if kind is NMKind.GATED and not series.part:
        flags = (*flags, Flag("NM_MULTI", "RECON GATED TOMO with one volume: a gate, or a sum"))
    if series.part:
        flags = (*flags, Flag("NM_MULTI", f"this is {series.part}"))
    planes = _planes(series, what, native_only=native_only)
    sources = {plane.source for plane in planes}
    flags = (*flags, *_vendor_flags(series.facts))
    if TOP_LEVEL in sources:
        flags = (*flags, Flag("NM_GEOM_TOPLEVEL", "ImagePositionPatient"))
    if NOWHERE in sources:
        flags = (*flags, Flag("NATIVE_ONLY", "no usable ImagePositionPatient and orientation"))
    if len(series.files) > 1:
        return _place_files(series, planes, flags)
    return _place_frames(series, planes[0], flags)


def _place_together(series: "SeriesEntry", *, native_only: bool) -> Placement:
    placements = [place_nm(member, native_only=native_only) for member in series.members]
    first = placements[0]
    frames = {placement.grid.frame_of_reference_uid for placement in placements}
    if len(frames) > 1 or not all(first.grid.matches(one.grid) for one in placements):
        raise ReadError(
            "NM_MULTI",
            f"The volumes of NM series {tail(series.series_uid)} lie in different places.",
            found=f"{series.part}: different grids",
            needed="volumes on one grid, to sum them",
            next_step="name one of them in the protocol, section [emission]",
        )
    flags = dict.fromkeys(
        flag for placement in placements for flag in placement.flags if flag.code != "NM_MULTI"
    )
    return replace(first, flags=tuple(flags))


def _planes(series: "SeriesEntry", what: str, *, native_only: bool) -> list[_Plane]:
    detector = values_of(series).get(DETECTOR)
    try:
        return [_plane(entry.facts, detector, what) for entry in series.files]
    except GeometryError as error:
        if not native_only or error.code != "NO_POSITION":
            raise
    return [NATIVE] * len(series.files)


def _plane(facts: "Facts", detector: int | None, what: str) -> _Plane:
    """Return position and orientation: of the volume's detector, else the one that all share."""
    count = min(whole(facts, DETECTORS) or 0, 64)
    items = [plane_of(facts, f"{DETECTORS}.{index}.") for index in range(count)]
    if detector is not None and detector <= count and items[detector - 1] is not None:
        items = items[detector - 1 : detector]
    known = {plane for plane in items if plane is not None}
    if len(known) > 1:
        raise ReadError(
            "NM_MULTI",
            f"The {what} has several detectors in different places.",
            found=f"{len(known)} positions in {DETECTORS}, and no DetectorVector that tells",
            needed="one position for one volume",
            next_step="export one reconstruction of all detectors",
        )
    if known:
        return _Plane(*known.pop(), DETECTORS)
    top = plane_of(facts)
    if top is None:
        raise no_position(what, facts)
    return _Plane(*top, TOP_LEVEL)


def _place_frames(series: "SeriesEntry", plane: _Plane, flags: tuple[Flag, ...]) -> Placement:
    """Place the frames of one volume of a multi-frame object."""
    facts = series.facts
    what = f"NM series {tail(series.series_uid)}"
    stored = frame_shape(facts)
    part = part_of(series)
    if part is None:
        raise _several(series, layout_of(series))
    first = next(iter(numbers(facts, "SliceVector")), None)
    (start, stride), frames, vector_flags = frame_positions(part, first, what)
    vector_flags += stated_slices(facts, part)
    shape = (len(frames), *stored[1:])
    orientation = orientation_of(plane.cosines)
    spacing, spacing_source, spacing_flags = _spacing(facts, shape, plane, what)
    grid = _grid(
        series,
        shape,
        np.array(plane.position) + start * spacing * orientation.normal,
        orientation.normal * spacing * stride,
        (orientation, plane),
    )
    return Placement(
        grid,
        series.files,
        frames,
        (*flags, *vector_flags, *spacing_flags),
        {"geometry_source": plane.source, "spacing_source": spacing_source},
    )


def _place_files(series: "SeriesEntry", planes: list[_Plane], flags: tuple[Flag, ...]) -> Placement:
    """Place a series of single-frame files: by position, or without one by InstanceNumber."""
    what = f"NM series {tail(series.series_uid)}"
    _require_alike(series, planes, what)
    orientation = orientation_of(planes[0].cosines)
    shape = (len(series.files), *frame_shape(series.facts)[1:])
    step: NDArray[np.float64]
    if planes[0].source == NOWHERE:
        order = _instance_order(series, what)
        spacing, source, spacing_flags = _spacing(series.facts, shape, planes[0], what)
        step, how = orientation.normal * spacing, "InstanceNumber"
    else:
        positions = np.array([plane.position for plane in planes])
        order, step = stack_order(positions, orientation, what)
        source, how, spacing_flags = "ImagePositionPatient", "position", ()
    origin = np.array(planes[order[0]].position)
    return Placement(
        _grid(series, shape, origin, step, (orientation, planes[0])),
        tuple(series.files[index] for index in order),
        (),
        (*flags, Flag("NM_SINGLEFRAME", f"{len(order)} files, sorted by {how}"), *spacing_flags),
        {"geometry_source": planes[0].source, "spacing_source": source},
    )


def _require_alike(series: "SeriesEntry", planes: list[_Plane], what: str) -> None:
    layout = layout_of(series)
    if len(layout.parts) != 1:
        raise _several(series, layout)
    marks = {
        (
            frame_shape(entry.facts),
            pixel_spacing(entry.facts),
            text(entry.facts, "FrameOfReferenceUID"),
        )
        for entry in series.files
    }
    cosines = np.array([plane.cosines for plane in planes if len(plane.cosines) == 6])
    askew = len(cosines) == len(planes) and np.abs(cosines - cosines[0]).max() > 1e-3
    if len(marks) > 1 or askew:
        raise ReadError(
            "SERIES_MIXED",
            f"The {what} mixes images that do not form one volume.",
            found="different matrix, pixel spacing, orientation or frame of reference",
            needed="one of each",
            next_step="export the reconstruction as a series of its own",
        )


def _instance_order(series: "SeriesEntry", what: str) -> NDArray[np.intp]:
    instances = [whole(entry.facts, "InstanceNumber") for entry in series.files]
    if None in instances or len(set(instances)) < len(instances):
        raise GeometryError(
            "NO_POSITION",
            f"The order of the slices of the {what} is unknown.",
            found="neither positions nor an InstanceNumber of its own in every file",
            needed="one of them",
            next_step="export the series again, with its geometry",
        )
    return np.argsort(np.array(instances, dtype=np.int64), kind="stable")


def _spacing(
    facts: "Facts", shape: tuple[int, int, int], plane: _Plane, what: str
) -> tuple[float, str, tuple[Flag, ...]]:
    """Return the slice spacing; its sign means nothing where the volume lies nowhere."""
    spacing, source, flags = slice_spacing(facts, shape, what)
    if plane.source == NOWHERE:
        return abs(spacing), source, tuple(f for f in flags if f.code != "NM_SBS_NEGATIVE")
    return spacing, source, flags


def _grid(
    series: "SeriesEntry",
    shape: tuple[int, int, int],
    origin: NDArray[np.float64],
    step: NDArray[np.float64],
    stated: tuple[Orientation, _Plane],
) -> "Grid":
    orientation, plane = stated
    between_rows, between_columns = pixel_spacing(series.facts)
    frame = "" if plane.source == NOWHERE else text(series.facts, "FrameOfReferenceUID")
    steps = (step, orientation.column * between_rows, orientation.row * between_columns)
    return make_grid(shape, origin, steps, frame)


def _vendor_flags(facts: "Facts") -> tuple[Flag, ...]:
    """Say what is known of a vendor's objects and not acted upon."""
    flags = []
    scales = [name for name in ("GEPixelScale", "GEPixelOffset") if name in facts]
    if scales:
        flags.append(Flag("NM_PRIVATE_SCALE", f"{' and '.join(scales)} (GEMS_GENIE_1, group 0011)"))
    if "SEGAMI" in text(facts, "Manufacturer").upper():
        flags.append(Flag("NM_GEOM_VENDOR", "Segami"))
    return tuple(flags)


def _several(series: "SeriesEntry", layout: "Layout") -> ReadError:
    """Say which volumes an object holds and how to name one."""
    names = part_names(series, layout.parts)
    shown = "; ".join(names[:NAMES_SHOWN])
    more = f"; and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    settings = _settings(layout.parts)
    return ReadError(
        "NM_MULTI",
        f"The NM series {tail(series.series_uid)} holds several volumes in one object.",
        found=layout.problem or f"{shown or 'frames of none of its volumes'}{more}",
        needed="one volume, or a protocol that says which one is meant",
        next_step=f"write {settings} into section [emission] of the protocol"
        if settings
        else "export one summed reconstruction of the photopeak window",
    )


def _settings(parts: "tuple[Part, ...]") -> str:
    """Return the settings to write, such as ``energy_window = 1``."""
    several = [axis for axis in AXES if len({part.values.get(axis) for part in parts}) > 1]
    return " and ".join(f'{axis.setting} = 1 (or another number, or "sum")' for axis in several)
