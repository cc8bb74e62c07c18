"""How the frames of an NM object divide into volumes: windows, detectors, gates ...

The frame vectors (0054,00x0) say which volume a frame belongs to. Where they are missing, the
numbers of windows, gates and slices must explain the number of frames, in the order of
FrameIncrementPointer, whose last entry varies fastest.

References
----------
DICOM PS3.3 C.8.4.8 (Table C.8-8) and C.8.4.9 (NM multi-frame).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.files.facts import numbers, whole
from quant.dicom.nm.kinds import SLICE_VECTOR, NMKind, nm_kind

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts
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

LAYOUT_FACTS = (
    "NumberOfFrames", "NumberOfSlices", "SliceVector", "FrameIncrementPointer",
    *(keyword for axis in AXES for keyword in (axis.vector, axis.count)),
)  # fmt: skip
"""All that the layout of a multi-frame file rests on, beside its kind."""

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


def layout_of(series: "SeriesEntry") -> Layout:
    """Find the volumes of a series of one multi-frame file, or of single-frame files."""
    if len(series.files) > 1:
        return _layout_of_files(series.files)
    facts = series.facts
    known = tuple((keyword, facts[keyword]) for keyword in LAYOUT_FACTS if keyword in facts)
    return _layout_of_frames(nm_kind(series)[0], known)


@lru_cache(maxsize=16)
def _layout_of_frames(kind: NMKind, known: tuple[tuple[str, object], ...]) -> Layout:
    """Find the volumes of a multi-frame file; kept, as every part of it asks for them."""
    facts = dict(known)
    frames = whole(facts, "NumberOfFrames") if "NumberOfFrames" in facts else 1
    problem = _odd_vectors(facts, frames or 0)
    if problem or frames is None:
        return Layout((), problem)
    slices = _vector(facts, "SliceVector")
    given = {axis: _vector(facts, axis.vector) for axis in AXES}
    indices = {
        axis: vector
        for axis, vector in given.items()
        if vector is not None and len(np.unique(vector)) > 1
    }
    for found in (indices, _counted(facts, kind, frames)):
        if found is None or not _agree(indices, found):
            continue
        parts = _grouped(found, frames, slices)
        if _is_whole(parts, whole(facts, "NumberOfSlices")):
            return Layout(parts)
    return Layout((), _unexplained(facts, frames, indices))


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


def _counted(facts: "Facts", kind: NMKind, frames: int) -> Indices | None:
    """Find the volume of each frame by counts alone; None when these do not explain the frames."""
    vector = _vector(facts, "SliceVector")
    slices = whole(facts, "NumberOfSlices") or (0 if vector is None else len(np.unique(vector)))
    by_pointer = {axis.pointer: axis for axis in AXES}
    counts = {axis.pointer: whole(facts, axis.count) or 1 for axis in AXES}
    counts[SLICE_VECTOR] = slices
    order = tuple(int(value) for value in numbers(facts, "FrameIncrementPointer"))
    if order in ((), (SLICE_VECTOR,)):
        order = _usual_order(kind, counts, frames)
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
