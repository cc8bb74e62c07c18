"""The volumes of one NM object, each with its part in words: ``gate 3 of 8``."""

from dataclasses import replace
from typing import TYPE_CHECKING

from quant.dicom.files.facts import number, numbers, text
from quant.dicom.nm.kinds import VOLUMES, nm_kind
from quant.dicom.nm.layout import AXES, INTERVAL, MOST_FRAMES, SLOT, WINDOW, Axis, Part, layout_of

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts
    from quant.domain.study import SeriesEntry


def split_nm(series: "SeriesEntry") -> "tuple[SeriesEntry, ...]":
    """Split an NM series into its volumes, each with its part in words and its frames or files.

    What holds one volume, is no reconstruction, or cannot be told apart comes back as it is.
    """
    if nm_kind(series)[0] not in VOLUMES:
        return (series,)
    parts = layout_of(series).parts
    if len(parts) < 2:
        return (series,)
    names = part_names(series, parts)
    if len(series.files) == 1:
        return tuple(
            replace(series, part=name, frames=part.members)
            for name, part in zip(names, parts, strict=True)
        )
    return tuple(
        replace(series, part=name, files=tuple(series.files[member] for member in part.members))
        for name, part in zip(names, parts, strict=True)
    )


def part_of(series: "SeriesEntry") -> Part | None:
    """Find the part that a volume of a multi-frame file is; None when it is none of them."""
    parts = layout_of(series).parts
    if not series.frames:
        return parts[0] if len(parts) == 1 else None
    return next((part for part in parts if part.members == series.frames), None)


def values_of(series: "SeriesEntry") -> dict[Axis, int]:
    """Return which window, detector, gate ... a volume is of, from 1, as far as headers say."""
    found: dict[Axis, int] = {}
    if series.modality != "NM":
        return found
    for axis in AXES:
        values = {value for entry in series.files for value in numbers(entry.facts, axis.vector)}
        value = values.pop() if len(values) == 1 else 0.0
        if value.is_integer() and 0.0 < value < MOST_FRAMES:
            found[axis] = int(value)
    part = part_of(series) if series.frames else None
    return found | dict(part.values) if part else found


def part_names(series: "SeriesEntry", parts: tuple[Part, ...]) -> tuple[str, ...]:
    """Name parts by their place among all: ``energy window 2 of 2 (scatter), gate 3 of 8``."""
    gates = {axis for part in parts for axis in part.values}
    levels = {axis: sorted({part.values[axis] for part in parts}) for axis in gates}
    names = []
    for part in parts:
        words = []
        for axis in (axis for axis in AXES if axis in gates):
            rank = levels[axis].index(part.values[axis]) + 1
            word = axis_word(axis, gates)
            words.append(f"{word} {rank} of {len(levels[axis])}")
            if axis is WINDOW and (title := window_title(series.facts, part.values[axis])):
                words[-1] += f" ({title})"
        names.append(", ".join(words))
    return tuple(names)


def axis_word(axis: Axis, among: "set[Axis]") -> str:
    """Return what a value of an axis is called: a time slot is a gate where there is one beat."""
    return "gate" if axis is SLOT and INTERVAL not in among else axis.word


def window_title(facts: "Facts", window: int) -> str:
    """Return name or limits of an energy window, counted from 1; empty when neither is known."""
    item = f"EnergyWindowInformationSequence.{window - 1}."
    name = text(facts, f"{item}EnergyWindowName")
    limits = window_limits(facts, window)
    return name or (f"{limits} keV" if limits else "")


def window_limits(facts: "Facts", window: int) -> str:
    """Return the first range of an energy window, keV, such as ``143.1-174.9``; else empty."""
    item = f"EnergyWindowInformationSequence.{window - 1}.EnergyWindowRangeSequence.0.EnergyWindow"
    low, high = number(facts, f"{item}LowerLimit"), number(facts, f"{item}UpperLimit")
    return "" if low is None or high is None else f"{low:g}-{high:g}"
