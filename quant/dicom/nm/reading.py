"""The voxels of NM reconstructions: one volume, or the sum of several."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.acquisition import acquisition_facts
from quant.dicom.files.facts import tail
from quant.dicom.nm.place import place_nm
from quant.dicom.pixels.filling import fill, require_finite
from quant.dicom.pixels.saturation import peak_of, saturation_flags
from quant.dicom.pixels.stored import read_stored
from quant.dicom.values.calibration import Scale, nm_scale
from quant.domain.flags import Flag
from quant.domain.units import Unit
from quant.domain.volume import Provenance, Volume
from quant.errors import ReadError

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts
    from quant.dicom.geometry.planes import Placement
    from quant.domain.study import FileEntry, SeriesEntry

SUMMED = (Unit.COUNTS, Unit.RELATIVE)
"""Units whose values add up; others (concentration, SUV, count rate) are averaged."""

Slice = tuple[NDArray[np.generic], Scale]
"""Stored values (R, C) of one slice and their scale."""


def read_nm(series: "SeriesEntry", *, native_only: bool = False) -> Volume:
    """Read an NM reconstruction.

    Parameters
    ----------
    series : SeriesEntry
        A volume, or the sum of several (``members``): counts and relative values are added,
        concentrations and SUV averaged with equal weight, both in float64.
    native_only : bool
        Accept a volume without a place, see :func:`quant.dicom.nm.place.place_nm`.

    Returns
    -------
    Volume
        Values in the unit that the object states, else relative with ``NM_UNCALIBRATED``.

    Raises
    ------
    StudyError
        See :func:`quant.dicom.nm.place.place_nm`, :func:`quant.dicom.pixels.stored.read_stored` and
        :func:`quant.dicom.values.calibration.nm_scale`; ``SERIES_MIXED`` for files that differ in
        their units; ``VALUES_INVALID`` for values that are not finite.
    """
    placement = place_nm(series, native_only=native_only)
    stacks = _stacks(series, placement, native_only=native_only)
    scales = [scale for stack in stacks for _, scale in stack]
    _require_one_unit(series, scales)
    values = _combined(stacks, placement.grid.shape)
    require_finite(values, series)
    return Volume(
        placement.grid,
        values,
        scales[0].unit,
        Provenance(
            series.series_uid,
            series.modality,
            len(series.files),
            _record_facts(series, placement, scales[0]),
        ),
        (
            *placement.flags,
            *_combined_flags(series, scales[0]),
            *dict.fromkeys(flag for scale in scales for flag in scale.flags),
            *_saturation(series.facts, stacks),
        ),
    )


def _stacks(
    series: "SeriesEntry", placement: "Placement", *, native_only: bool
) -> list[list[Slice]]:
    """Return the slices of each volume in the order of k; a file is decoded once."""
    members = series.members or (series,)
    places = [placement]
    if series.members:
        places = [place_nm(member, native_only=native_only) for member in members]
    kept: dict[str, NDArray[np.generic]] = {}
    for place in places:
        for entry in place.files:
            if entry.sop_instance_uid not in kept:
                kept[entry.sop_instance_uid] = read_stored(entry)
    frames = [
        [(entry, kept[entry.sop_instance_uid][frame]) for entry, frame in _slices_of(place)]
        for place in places
    ]
    lowest = min(float(frame.min()) for stack in frames for _, frame in stack)
    highest = max(float(frame.max()) for stack in frames for _, frame in stack)
    scales = {
        entry.sop_instance_uid: nm_scale(entry.facts, (lowest, highest))
        for place in places
        for entry in place.files
    }
    return [[(frame, scales[entry.sop_instance_uid]) for entry, frame in stack] for stack in frames]


def _slices_of(place: "Placement") -> list[tuple["FileEntry", int]]:
    """Return file and stored frame of each slice."""
    if place.frames:
        return [(place.files[0], frame) for frame in place.frames]
    return [(entry, 0) for entry in place.files]


def _combined(stacks: list[list[Slice]], shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Scale the slices in float64 and add those of several volumes, or average them."""
    values = np.empty(shape, dtype=np.float32)
    divisor = 1.0 if stacks[0][0][1].unit in SUMMED else float(len(stacks))
    for k, slices in enumerate(zip(*stacks, strict=True)):
        if len(slices) == 1:
            fill(values[k], *slices[0])
            continue
        total = np.zeros(shape[1:], dtype=np.float64)
        for stored, scale in slices:
            total += stored.astype(np.float64) * scale.slope + scale.intercept
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            values[k] = total / divisor
    return values


def _combined_flags(series: "SeriesEntry", scale: Scale) -> tuple[Flag, ...]:
    if not series.members:
        return ()
    return (Flag("NM_MULTI", f"{series.part}: {_how(series, scale)}"),)


def _how(series: "SeriesEntry", scale: Scale) -> str:
    count = len(series.members)
    if scale.unit in SUMMED:
        return f"sum of {count} volumes"
    return f"mean of {count} volumes with equal weight, for values in {scale.unit} do not add up"


def _record_facts(series: "SeriesEntry", placement: "Placement", scale: Scale) -> dict[str, str]:
    facts = acquisition_facts(series) | placement.facts
    facts |= {"slope_source": scale.source, "unit_source": scale.why}
    if series.members:
        facts["combined"] = _how(series, scale)
    return facts


def _saturation(facts: "Facts", stacks: list[list[Slice]]) -> tuple[Flag, ...]:
    peaks = [peak_of(stored, facts) for stack in stacks for stored, _ in stack]
    return saturation_flags(peaks, [scale.slope for stack in stacks for _, scale in stack])


def _require_one_unit(series: "SeriesEntry", scales: Sequence[Scale]) -> None:
    units = sorted({str(scale.unit) for scale in scales})
    if len(units) > 1:
        raise ReadError(
            "SERIES_MIXED",
            f"The files of NM series {tail(series.series_uid)} differ in their units.",
            found=", ".join(units),
            needed="one unit",
            next_step="export the series again",
        )
