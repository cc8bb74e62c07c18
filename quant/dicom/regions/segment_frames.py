"""Where the frames of a DICOM Segmentation lie: from its own functional groups, nothing else."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from quant.dicom.regions.rtstruct import FARTHEST_MM

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

ORIENTATION_TOLERANCE = 1e-4
"""Largest difference between direction cosines of frames that count as parallel."""

PLACE_TOLERANCE = 0.1
"""A frame may stand this part of a slice, or of a pixel, off its place."""

SAME_POSITION_MM = 1e-2
"""Frames closer than this along the normal lie in one slice."""

SAME_SPACING = 1e-4
"""Pixels of two frames have one size when it differs by less than this part."""


class FramesError(ValueError):
    """Frames that make no stack; ``found`` and ``needed`` say why."""

    def __init__(self, found: str, needed: str) -> None:
        super().__init__(found)
        self.found = found
        self.needed = needed


@dataclass(frozen=True, slots=True)
class Stack:
    """``slices``: slice index of every frame; ``affine`` (4, 4): (k, j, i, 1) to LPS mm."""

    slices: list[int]
    affine: "NDArray[np.float64]"


@dataclass(frozen=True, slots=True)
class Groups:
    """The functional groups of every frame, and those that all share."""

    frames: "list[Dataset]"
    shared: "Dataset"

    def of(self, index: int, keyword: str) -> "Dataset":
        """Return a functional group of a frame: its own, or the shared one.

        Raises
        ------
        FramesError
            When the frame has none.
        """
        for holder in (self.frames[index], self.shared):
            sequence = holder.get(keyword)
            if sequence:
                item: Dataset = sequence[0]
                return item
        raise FramesError(f"frame {index + 1} has no {keyword}", keyword)

    def numbers(self, sequence: str, keyword: str) -> "NDArray[np.float64]":
        """(frames, N) float64: a numeric attribute of a functional group, frame by frame."""
        count = len(self.frames)
        if not any(sequence in frame for frame in self.frames):
            one = np.array(getattr(self.of(0, sequence), keyword), dtype=np.float64)
            return np.broadcast_to(one, (count, *one.shape))
        return np.array(
            [getattr(self.of(n, sequence), keyword) for n in range(count)], dtype=np.float64
        )


def stack(groups: Groups) -> Stack:
    """Find the slice of every frame and the affine of the whole stack.

    Raises
    ------
    FramesError
        For frames that turn, drift, differ in pixel size, are unevenly spaced or have no place.
    """
    sizes = groups.numbers("PixelMeasuresSequence", "PixelSpacing")
    spacing = sizes[0]
    if np.abs(sizes - spacing).max() > SAME_SPACING * spacing.min():
        raise FramesError("frames of different PixelSpacing", "frames of one pixel size")
    cosines = groups.numbers("PlaneOrientationSequence", "ImageOrientationPatient")
    if np.abs(cosines - cosines[0]).max() > ORIENTATION_TOLERANCE:
        raise FramesError("frames of different orientation", "parallel frames")
    places = groups.numbers("PlanePositionSequence", "ImagePositionPatient")
    if not (np.abs(places) <= FARTHEST_MM).all():
        needed = f"positions up to {FARTHEST_MM:.0e} mm"
        raise FramesError("a frame without a place in the scanner", needed)
    row, column = cosines[0, :3], cosines[0, 3:]
    normal = np.cross(row, column)
    heights = places @ normal
    first = int(np.argmin(heights))
    slices, step_mm = _slice_numbers(groups, heights - heights[first])
    step = normal * step_mm
    last = int(np.argmax(heights))
    if slices[last]:
        step = (places[last] - places[first]) / slices[last]
    off = np.abs(places - places[first] - np.array(slices)[:, None] * step).max()
    if off > PLACE_TOLERANCE * max(step_mm, float(spacing.min())):
        raise FramesError(f"frames up to {off:.3f} mm off a straight stack", "evenly spaced frames")
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = step, column * spacing[0], row * spacing[1]
    affine[:3, 3] = places[first]
    return Stack(slices, affine)


def _slice_numbers(groups: Groups, heights: "NDArray[np.float64]") -> tuple[list[int], float]:
    """Give frames their slice by height (mm above the lowest), allowing for slices left out."""
    measures = groups.of(0, "PixelMeasuresSequence")
    stated = abs(float(measures.get("SpacingBetweenSlices") or 0.0))
    thickness = abs(float(measures.get("SliceThickness") or 0.0))
    gaps = np.diff(np.sort(heights))
    gaps = gaps[gaps > SAME_POSITION_MM]
    for step in (stated, float(gaps.min()) if gaps.size else thickness):
        if step <= 0.0:
            continue
        numbers = np.round(gaps / step)
        near = np.abs(gaps - numbers * step) <= PLACE_TOLERANCE * step
        if near.all() and (numbers >= 1).all():
            return _count_up(heights, step), step
    raise FramesError(
        f"slice distances {_listed(gaps)} mm, SpacingBetweenSlices {stated:g}, SliceThickness "
        f"{thickness:g}",
        "evenly spaced frames, or SpacingBetweenSlices or SliceThickness for a single one",
    )


def _listed(gaps: "NDArray[np.float64]") -> str:
    """Return the different distances, the first ones of many."""
    different = np.unique(np.round(gaps, 3))
    more = ", ..." if different.size > 8 else ""
    return f"[{', '.join(f'{gap:g}' for gap in different[:8])}{more}]"


def _count_up(heights: "NDArray[np.float64]", step: float) -> list[int]:
    """Give heights their number, gap by gap, so that a rounded step does not add up."""
    order = np.argsort(heights, kind="stable")
    numbers = np.zeros(heights.size, dtype=np.int64)
    for before, after in pairwise(order):
        numbers[after] = numbers[before] + round((heights[after] - heights[before]) / step)
    return [int(number) for number in numbers]
