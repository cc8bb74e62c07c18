"""The volumes of one NM object: energy windows, detectors, gates ... told apart and named.

The frame vectors (0054,00x0) say which volume a frame belongs to. Where they are missing, the
numbers of windows, gates and slices must explain the number of frames, in the order of
FrameIncrementPointer, whose last entry varies fastest.

References
----------
DICOM PS3.3 C.8.4.8 (Table C.8-8) and C.8.4.9 (NM multi-frame).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.facts import number, numbers, text, whole
from quant.dicom.nm_kinds import SLICE_VECTOR, VOLUMES, NMKind, nm_kind

if TYPE_CHECKING:
    from quant.dicom.facts import Facts
    from quant.domain.study import FileEntry, SeriesEntry


@dataclass(frozen=True, slots=True)
class Axis:
    """One way in which the volumes of an object differ.

    ``setting`` is its name in :class:`quant.domain.protocol.EmissionSettings`; ``pointer`` its
    entry in FrameIncrementPointer.
    """

    setting: str
    word: str
    vector: str
    count: str
    pointer: int


WINDOW = Axis(
    "energy_window", "energy window", "EnergyWindowVector", "NumberOfEnergyWindows", 0x00540010
)
DETECTOR = Axis("detector", "detector", "DetectorVector", "NumberOfDetectors", 0x00540020)
PHASE = Axis("phase", "phase", "PhaseVector", "NumberOfPhases", 0x00540030)
ROTATION = Axis("rotation", "rotation", "RotationVector", "NumberOfRotations", 0x00540050)
INTERVAL = Axis(
    "rr_intervals", "R-R interval", "RRIntervalVector", "NumberOfRRIntervals", 0x00540060
)
SLOT = Axis("gates", "time slot", "TimeSlotVector", "NumberOfTimeSlots", 0x00540070)

AXES = (WINDOW, DETECTOR, PHASE, ROTATION, INTERVAL, SLOT)
"""In the order in which parts are named and stored."""

GATED_POINTER = (INTERVAL.pointer, SLOT.pointer, SLICE_VECTOR)
"""FrameIncrementPointer of RECON GATED TOMO (Table C.8-8)."""

MOST_FRAMES = 65536
"""Frame vectors number by 16 bits."""

Indices = dict[Axis, NDArray[np.int64]]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One volume of an object.

    Parameters
    ----------
    values : dict of Axis to int
        Its value along each axis on which the volumes differ; empty for the only volume.
    members : tuple of int
        Its stored frames, or its files in a series of single-frame files.
    slices : (N,) int64 or None
        Slice number of each frame; None where the object does not number them.
    """

    values: Mapping[Axis, int]
    members: tuple[int, ...]
    slices: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The volumes of a series; none, and the reason, when they cannot be told apart."""

    parts: tuple[Part, ...]
    problem: str = ""


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


def layout_of(series: "SeriesEntry") -> Layout:
    """Find the volumes of a series of one multi-frame file, or of single-frame files."""
    if len(series.files) > 1:
        return _layout_of_files(series.files)
    facts = series.facts
    frames = whole(facts, "NumberOfFrames") or 1
    problem = _odd_vectors(facts, frames)
    if problem:
        return Layout((), problem)
    slices = _vector(facts, "SliceVector")
    given = {axis: _vector(facts, axis.vector) for axis in AXES}
    indices = {
        axis: vector
        for axis, vector in given.items()
        if vector is not None and len(np.unique(vector)) > 1
    }
    for found in (indices, _counted(series, frames)):
        if found is None or not _agree(indices, found):
            continue
        parts = _grouped(found, frames, slices)
        if _is_whole(parts, whole(facts, "NumberOfSlices")):
            return Layout(parts)
    return Layout((), _unexplained(facts, frames, indices))


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


def _vector(facts: "Facts", keyword: str) -> NDArray[np.int64] | None:
    values = numbers(facts, keyword)
    return np.array(values, dtype=np.int64) if values else None


def _odd_vectors(facts: "Facts", frames: int) -> str:
    """Say what keeps the frame vectors from being used; empty when nothing does."""
    if not 0 < frames <= MOST_FRAMES:
        return f"NumberOfFrames {frames}"
    for keyword in ("SliceVector", *(axis.vector for axis in AXES)):
        values = numbers(facts, keyword)
        if len(values) not in (0, frames):
            return f"{len(values)} entries of {keyword} for {frames} frames"
        if not all(value.is_integer() and abs(value) < MOST_FRAMES for value in values):
            return f"{keyword} does not hold whole numbers"
    return ""


def _layout_of_files(files: "tuple[FileEntry, ...]") -> Layout:
    """Tell single-frame files apart by their vectors, which have one entry each."""
    indices: Indices = {}
    for axis in AXES:
        vectors = [numbers(entry.facts, axis.vector) for entry in files]
        if all(len(vector) == 1 for vector in vectors) and len(set(vectors)) > 1:
            indices[axis] = np.array(vectors, dtype=np.int64)[:, 0]
    parts = _grouped(indices, len(files), None)
    if _is_whole(parts, None):
        return Layout(parts)
    return Layout((), f"{len(parts)} volumes with different numbers of files")


def _counted(series: "SeriesEntry", frames: int) -> Indices | None:
    """Find the volume of each frame by counts alone; None when these do not explain the frames."""
    facts = series.facts
    vector = _vector(facts, "SliceVector")
    slices = whole(facts, "NumberOfSlices") or (0 if vector is None else len(np.unique(vector)))
    by_pointer = {axis.pointer: axis for axis in AXES}
    counts = {axis.pointer: whole(facts, axis.count) or 1 for axis in AXES}
    counts[SLICE_VECTOR] = slices
    order = tuple(int(value) for value in numbers(facts, "FrameIncrementPointer"))
    if order in ((), (SLICE_VECTOR,)):
        order = _usual_order(nm_kind(series)[0], counts, frames)
    sizes = [counts.get(pointer, 0) for pointer in order]
    unusable = SLICE_VECTOR not in order or len(set(order)) < len(order) or min(sizes) < 1
    if unusable or np.prod(sizes, dtype=np.float64) != frames:
        return None
    places = np.unravel_index(np.arange(frames), sizes)
    return {
        by_pointer[pointer]: place.astype(np.int64) + 1
        for pointer, place, size in zip(order, places, sizes, strict=True)
        if pointer != SLICE_VECTOR and size > 1
    }


def _usual_order(kind: NMKind, counts: Mapping[int, int], frames: int) -> tuple[int, ...]:
    """Return the order of an object that does not state it: slices vary fastest.

    Beside the gates of a gated object, only a single count that explains the frames will do;
    windows and detectors of the acquisition are often listed in a volume made of all.
    """
    if kind is NMKind.GATED:
        return GATED_POINTER
    several = [pointer for pointer, count in counts.items() if count > 1]
    if SLICE_VECTOR not in several:
        return (SLICE_VECTOR,)
    others = [pointer for pointer in several if pointer != SLICE_VECTOR]
    if len(others) == 1 and counts[others[0]] * counts[SLICE_VECTOR] == frames:
        return (others[0], SLICE_VECTOR)
    return (SLICE_VECTOR,)


def _agree(given: Indices, found: Indices) -> bool:
    """Tell whether a numbering repeats what the vectors say, wherever there are any."""
    return all(
        axis in found and np.array_equal(_ranks(vector), _ranks(found[axis]))
        for axis, vector in given.items()
    )


def _ranks(values: NDArray[np.int64]) -> NDArray[np.intp]:
    ranks: NDArray[np.intp] = np.unique(values, return_inverse=True)[1]
    return ranks


def _grouped(indices: Indices, frames: int, slices: NDArray[np.int64] | None) -> tuple[Part, ...]:
    axes = [axis for axis in AXES if axis in indices]
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for frame in range(frames):
        groups[tuple(int(indices[axis][frame]) for axis in axes)].append(frame)
    return tuple(
        Part(
            dict(zip(axes, key, strict=True)),
            tuple(members),
            None if slices is None else slices[members],
        )
        for key, members in sorted(groups.items())
    )


def _is_whole(parts: tuple[Part, ...], stated: int | None) -> bool:
    """Tell whether all parts have the same slices, each once."""
    first = parts[0]
    if any(len(part.members) != len(first.members) for part in parts):
        return False
    if first.slices is None:
        return stated is None or len(first.members) == stated
    numbered = [np.unique(part.slices) for part in parts if part.slices is not None]
    return all(
        len(one) == len(first.members) and np.array_equal(one, numbered[0]) for one in numbered
    )


def _unexplained(facts: "Facts", frames: int, indices: Indices) -> str:
    found = [f"{len(np.unique(vector))} {axis.word}s" for axis, vector in indices.items()]
    slices = numbers(facts, "SliceVector")
    stated = whole(facts, "NumberOfSlices")
    if slices and len(set(slices)) < frames:
        found.append(f"{frames} frames at {len(set(slices))} slice numbers")
    elif not slices and stated and frames != stated:
        found.append(f"{frames} frames for {stated} slices")
        counts = [(axis, whole(facts, axis.count) or 0) for axis in AXES]
        found += [f"{count} {axis.word}s" for axis, count in counts if count > 1]
    return ", ".join(found) + ": they cannot be told apart"
