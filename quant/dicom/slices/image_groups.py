"""What tells the images of one series apart: kind, place, acquisition, moment."""

import itertools
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.files.facts import numbers, tail, text, whole
from quant.dicom.geometry.planes import orientation_of, plane_of
from quant.dicom.geometry.stacks import SAME_PLACE_MM, even_places
from quant.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quant.dicom.files.facts import Facts
    from quant.domain.study import FileEntry

LEAST_SLICES = 3
"""Fewer images are no volume; they are set apart."""

SAME_MM = 1e-3
"""Pixel spacings and direction cosines of one volume agree within this."""

MOST_GROUPS = 64
"""Images of more kinds than that are no stacks (radial or curved reformats)."""

USEFUL_SHARE = 0.75
"""An attribute tells volumes apart when this part of the images ends up in volumes."""

APART: tuple[tuple[str, str], ...] = (
    ("StackID", "stack"),
    ("TemporalPositionIndex", "temporal position"),
    ("TemporalPositionIdentifier", "temporal position"),
    ("TemporalPositionTimeOffset", "time offset"),
    ("AcquisitionNumber", "acquisition"),
    ("NominalPercentageOfCardiacPhase", "cardiac phase"),
    ("NominalPercentageOfRespiratoryPhase", "respiratory phase"),
    ("TriggerTime", "trigger time"),
    ("RespiratoryTriggerTime", "respiratory trigger time"),
    ("FrameReferenceTime", "frame time"),
    ("FrameReferenceDateTime", "frame time"),
    ("ImageType", "image type"),
    ("ConvolutionKernel", "kernel"),
    ("ReconstructionMethod", "reconstruction"),
    ("KVP", "tube voltage"),
    ("CorrectedImage", "corrections"),
    ("Units", "units"),
    ("AcquisitionDateTime", "acquisition time"),
    ("AcquisitionTime", "acquisition time"),
    ("ContentTime", "content time"),
)
"""Attributes that tell two images in one place apart, in the order in which they are asked."""

PASSES = ("AcquisitionDateTime", "AcquisitionTime", "ContentTime")
"""Moments by which one sweep over all places comes after another."""

INTERLEAVED = ("StackID", "TemporalPositionIndex", "ConvolutionKernel", "KVP", "AcquisitionNumber")
"""Attributes that keep volumes apart also where their slices only lie between one another."""

UNSTEADY = ("KVP",)
"""Those of them that vary within one volume, too: they do not split an even stack."""


@dataclass(frozen=True, slots=True)
class ImageGroup:
    """Some of the images, and the words that tell them from the others."""

    members: tuple[int, ...]
    words: tuple[str, ...] = ()

    def refined(self, members: "Sequence[int]", word: str) -> "ImageGroup":
        """Return some of the members, and the word that tells them from the others."""
        return ImageGroup(tuple(members), (*self.words, word))


class PlacedImages:
    """Images with their places.

    Parameters
    ----------
    images : tuple of FileEntry
        One entry an image.

    Raises
    ------
    GeometryError
        When one of them has no place, or no pixel spacing.
    """

    def __init__(self, images: "tuple[FileEntry, ...]") -> None:
        self.facts: list[Facts] = [image.facts for image in images]
        planes = [plane_of(facts) for facts in self.facts]
        known = [plane for plane in planes if plane is not None]
        sizes = [numbers(facts, "PixelSpacing") for facts in self.facts]
        if len(known) < len(images) or any(len(size) != 2 for size in sizes):
            raise GeometryError("NO_POSITION", "An image of the series has no place.")
        self.positions = np.array([plane[0] for plane in known], dtype=np.float64)
        for cosines in {plane[1] for plane in known}:
            orientation_of(cosines)
        self.cosines = np.array([plane[1] for plane in known], dtype=np.float64)
        self.sizes = np.array(sizes, dtype=np.float64)

    def alike(self) -> list[ImageGroup]:
        """Group images of one matrix, pixel spacing, orientation and frame of reference."""
        found: list[tuple[tuple[object, ...], list[int]]] = []
        for index, facts in enumerate(self.facts):
            key = (facts.get("Rows"), facts.get("Columns"), text(facts, "FrameOfReferenceUID"))
            for other, members in found:
                if other == key and self._agree(index, members[0]):
                    members.append(index)
                    break
            else:
                if len(found) <= MOST_GROUPS:
                    found.append((key, [index]))
        if len(found) == 1:
            return [ImageGroup(tuple(found[0][1]))]
        return [ImageGroup(tuple(members), (self._described(members[0]),)) for _, members in found]

    def volumes(self, group: ImageGroup) -> "Iterator[ImageGroup]":
        """Yield the volumes of images that are alike."""
        parts = self._told_apart(group, self._crowd(group.members))
        if len(parts) < 2:
            yield group
            return
        for part in parts:
            yield from self.volumes(part)

    def _told_apart(self, group: ImageGroup, crowd: int) -> list[ImageGroup]:
        """Split images by the first attribute that leaves one image a place, or fewer."""
        if crowd < 2:
            return self._interleaved(group)
        better: list[ImageGroup] = []
        for keyword, word in APART:
            parts = self._by_value(group, keyword, word)
            if len(parts) < 2 or not _is_useful(parts):
                continue
            left = max(self._crowd(part.members) for part in parts)
            if left < 2:
                return parts
            if left < crowd and not better:
                better = parts
        return better or self._by_pass(group, crowd) or self._by_offset(group)

    def _interleaved(self, group: ImageGroup) -> list[ImageGroup]:
        """Split a stack into even ones that lie between one another.

        The stack itself may be even: a second volume half a step on halves the spacing.
        """
        steady = () if self._is_uneven(group.members) else UNSTEADY
        for keyword, word in APART:
            if keyword not in INTERLEAVED or keyword in steady:
                continue
            parts = self._by_value(group, keyword, word)
            if len(parts) < 2 or min(len(part.members) for part in parts) < LEAST_SLICES:
                continue
            heights = [self._heights(part.members) for part in parts]
            overlap = max(one.min() for one in heights) < min(one.max() for one in heights)
            if overlap and not any(self._is_uneven(part.members) for part in parts):
                return parts
        return []

    def _by_value(self, group: ImageGroup, keyword: str, word: str) -> list[ImageGroup]:
        found: dict[object, list[int]] = defaultdict(list)
        for index in group.members:
            found[self.facts[index].get(keyword)].append(index)
        if len(found) < 2:
            return []
        ordered = sorted(found.items(), key=lambda pair: _sortable(pair[0]))
        return [group.refined(members, f"{word} {_shown(value)}") for value, members in ordered]

    def _by_pass(self, group: ImageGroup, crowd: int) -> list[ImageGroup]:
        """Split repeated sweeps: in each place the n-th image in time, if sweeps do not overlap."""
        places = self._places(group.members)
        for keyword in PASSES:
            times = [_moment(self.facts[index].get(keyword)) for index in group.members]
            if any(time is None for time in times):
                continue
            sweeps: list[list[int]] = [[] for _ in range(crowd)]
            seen: dict[int, int] = defaultdict(int)
            order = sorted(range(len(times)), key=lambda n: (times[n] or 0.0, group.members[n]))
            for n in order:
                sweeps[seen[int(places[n])]].append(n)
                seen[int(places[n])] += 1
            ends = [(times[one[0]] or 0.0, times[one[-1]] or 0.0) for one in sweeps]
            apart = all(a[1] < b[0] for a, b in itertools.pairwise(ends))
            parts = [
                group.refined(sorted(group.members[n] for n in one), f"pass {number} of {crowd}")
                for number, one in enumerate(sweeps, start=1)
            ]
            if apart and _is_useful(parts):
                return parts
        return []

    def _by_offset(self, group: ImageGroup) -> list[ImageGroup]:
        """Split stacks that lie side by side, in the same planes."""
        members = list(group.members)
        frame = orientation_of(tuple(self.cosines[members[0]].tolist()))
        aside = self.positions[members] @ np.stack((frame.row, frame.column), axis=1)
        found: dict[tuple[float, ...], list[int]] = defaultdict(list)
        for index, offset in zip(members, np.round(aside, 1).tolist(), strict=True):
            found[tuple(offset)].append(index)
        parts = [
            group.refined(own, f"images at {x:g}, {y:g} mm in the plane")
            for (x, y), own in sorted(found.items())
        ]
        clean = all(self._crowd(part.members) < 2 for part in parts)
        return parts if len(parts) > 1 and clean and _is_useful(parts) else []

    def _heights(self, members: tuple[int, ...]) -> NDArray[np.float64]:
        chosen = list(members)
        normal = orientation_of(tuple(self.cosines[chosen[0]].tolist())).normal
        heights: NDArray[np.float64] = self.positions[chosen] @ normal
        return heights

    def _places(self, members: tuple[int, ...]) -> NDArray[np.int64]:
        """Count places along the normal; images in one place share a number."""
        heights = self._heights(members)
        order = np.argsort(heights, kind="stable")
        steps = np.concatenate(([0], np.cumsum(np.diff(heights[order]) >= SAME_PLACE_MM)))
        places = np.empty(len(heights), dtype=np.int64)
        places[order] = steps
        return places

    def _crowd(self, members: tuple[int, ...]) -> int:
        """Return the largest number of images in one place."""
        return int(np.bincount(self._places(members)).max())

    def _is_uneven(self, members: tuple[int, ...]) -> bool:
        if len(members) < LEAST_SLICES:
            return False
        heights = np.sort(self._heights(members))
        return even_places(heights) is None

    def _agree(self, one: int, other: int) -> bool:
        return bool(
            np.abs(self.cosines[one] - self.cosines[other]).max() <= SAME_MM
            and np.abs(self.sizes[one] - self.sizes[other]).max() <= SAME_MM
        )

    def _described(self, index: int) -> str:
        facts = self.facts[index]
        rows, columns = self.sizes[index]
        cosines = " ".join(f"{value:.3g}" for value in self.cosines[index])
        frame = tail(text(facts, "FrameOfReferenceUID")) or "missing"
        return (
            f"{whole(facts, 'Rows')} x {whole(facts, 'Columns')} pixels of {rows:g} x {columns:g} "
            f"mm, orientation {cosines}, frame of reference {frame}"
        )


def _is_useful(parts: list[ImageGroup]) -> bool:
    sizes = [len(part.members) for part in parts]
    volumes = sum(size for size in sizes if size >= LEAST_SLICES)
    return volumes >= USEFUL_SHARE * sum(sizes)


def _sortable(value: object) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return 0, float(value), ""
    return (1, 0.0, str(value)) if value is not None else (2, 0.0, "")


def _shown(value: object) -> str:
    if value is None:
        return "not stated"
    if isinstance(value, tuple):
        return "\\".join(str(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _moment(value: object) -> float | None:
    """Return a DICOM time or date and time as a number that grows with time."""
    digits = str(value).split("+")[0].split("-")[0]
    try:
        return float(digits)
    except ValueError:
        return None
