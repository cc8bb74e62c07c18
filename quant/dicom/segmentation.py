"""DICOM Segmentation: every segment as a label map on its own grid.

Geometry comes from the object's own functional groups, never from the images that it refers to.
Frames that hold nothing are usually left out by the writer; positions, not frame numbers, tell
where a frame belongs.
"""

import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pydicom

from quant.dicom.rtstruct import FARTHEST_MM, require_whole, why
from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.shapes import LabelShape
from quant.domain.text import plain
from quant.errors import GeometryError, ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from quant.domain.archive import FilePath

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"

ORIENTATION_TOLERANCE = 1e-4
"""Largest difference between direction cosines of frames that count as parallel."""

PLACE_TOLERANCE = 0.1
"""A frame may stand this part of a slice, or of a pixel, off its place."""

SAME_POSITION_MM = 1e-2
"""Frames closer than this along the normal lie in one slice."""

Frame = tuple[int, "NDArray[np.uint8] | NDArray[np.float32]", tuple[int, int]]


def read_segmentation(path: "FilePath") -> tuple[LabelShape, ...]:
    """Read the segments of a DICOM Segmentation or Label Map Segmentation.

    Parameters
    ----------
    path : Path or ArchiveMember
        One SEG file: BINARY, FRACTIONAL or LABELMAP.

    Returns
    -------
    tuple of LabelShape
        In the order of SegmentSequence, each cropped to its box; a segment without a voxel is one
        voxel of weight 0. Weights are uint8 0 or 1, or float32 (stored value over
        MaximumFractionalValue).

    Raises
    ------
    ReadError
        ``ROI_UNREADABLE`` when the file cannot be parsed, lacks its geometry or its pixels;
        ``DECODE`` when the pixels cannot be decoded.

    References
    ----------
    DICOM PS3.3 C.8.20 (Segmentation), C.7.6.16.2 (functional groups); PS3.5 8.1.1 (bit order).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # lengths and character sets of unused attributes
            with path.open("rb") as stream:
                dataset = pydicom.dcmread(stream, force=True)
            require_whole(dataset, path)
            return _Segmentation(dataset, path).shapes()
    except ReadError:
        raise
    except GeometryError as error:
        raise _unreadable(path, error.found, error.needed) from error
    except Exception as error:  # a parser given a broken file may raise anything
        raise _unreadable(path, why(error)) from error


def _unreadable(path: "FilePath", found: str, needed: str = "a DICOM Segmentation") -> ReadError:
    return ReadError(
        "ROI_UNREADABLE",
        f"The segmentation '{plain(path.name)}' cannot be read.",
        found=plain(found),
        needed=needed,
        next_step="export the segmentation again from its source system",
    )


@dataclass(frozen=True, slots=True)
class _Geometry:
    """``slices``: slice index of every frame; ``affine`` (4, 4): (k, j, i, 1) to LPS mm."""

    slices: list[int]
    affine: "NDArray[np.float64]"


class _Segmentation:
    """One SEG object while it is being read."""

    def __init__(self, dataset: "Dataset", path: "FilePath") -> None:
        self.dataset = dataset
        self.path = path
        if str(dataset.get("SOPClassUID", "")) not in (SEGMENTATION, LABEL_MAP):
            raise _unreadable(path, f"SOP class {dataset.get('SOPClassUID', 'absent')}")
        self.kind = str(dataset.get("SegmentationType", "")).strip().upper()
        if self.kind not in ("BINARY", "FRACTIONAL", "LABELMAP"):
            raise _unreadable(
                path,
                f"SegmentationType '{self.kind}'",
                "BINARY, FRACTIONAL or LABELMAP",
            )
        self.frames: list[Dataset] = list(dataset.get("PerFrameFunctionalGroupsSequence") or [])
        if not self.frames or not dataset.get("SegmentSequence"):
            raise _unreadable(path, "no frame or no segment", "at least one segment with a frame")
        shared = dataset.get("SharedFunctionalGroupsSequence")
        self.shared: Dataset = shared[0] if shared else pydicom.Dataset()
        items = [item for item in dataset.SegmentSequence if not self._is_background(item)]
        self.wanted = {int(item.SegmentNumber): item for item in items}
        self.size = (int(dataset.Rows), int(dataset.Columns))
        if min(self.size) < 1:
            raise _unreadable(path, f"Rows and Columns {self.size}", "at least one pixel")
        self.flags: tuple[Flag, ...] = ()
        if str(dataset.get("SegmentationFractionalType", "")) == "PROBABILITY":
            self.flags = (Flag("ROI_PROBABILITY", "SegmentationFractionalType PROBABILITY"),)

    def shapes(self) -> tuple[LabelShape, ...]:
        """Return every segment, cropped to its box."""
        geometry = self._geometry()
        parts: dict[int, list[Frame]] = {}
        seen: set[tuple[int, int]] = set()
        for index, pixels in self._decoded():
            for segment, mask in self._split(index, pixels):
                place = (segment, geometry.slices[index])
                if place in seen:
                    found = f"two frames of segment {segment} at one position"
                    raise _unreadable(self.path, found, "one frame per segment and position")
                seen.add(place)
                cut, corner = _cut_to_box(mask)
                if cut.size:
                    parts.setdefault(segment, []).append((geometry.slices[index], cut, corner))
        return tuple(
            self._shape(item, parts.get(number, []), geometry)
            for number, item in self.wanted.items()
        )

    def _shape(self, item: "Dataset", frames: list[Frame], geometry: _Geometry) -> LabelShape:
        label = str(item.get("SegmentLabel") or "").strip()
        name = label or str(item.get("SegmentDescription") or "").strip()
        weights, corner = _assemble(frames)
        uid = str(self.dataset.get("FrameOfReferenceUID") or "").strip()
        ends = [c + n for c, n in zip(corner, weights.shape, strict=True)]
        whole = Grid((ends[0], ends[1], ends[2]), geometry.affine, uid)
        shape = (weights.shape[0], weights.shape[1], weights.shape[2])
        return LabelShape(
            name=name or f"segment {int(item.SegmentNumber)}",
            grid=whole.cropped(corner, shape),
            weights=weights,
            frame_of_reference_uid=uid,
            source="SEG",
            flags=self.flags,
        )

    def _is_background(self, item: "Dataset") -> bool:
        """Tell whether a segment of a label map stands for what is no segment."""
        number = int(item.SegmentNumber)
        padding = self.dataset.get("PixelPaddingValue")
        return self.kind == "LABELMAP" and number in (0, padding)

    def _split(
        self, index: int, pixels: "NDArray[np.uint8] | NDArray[np.uint16]"
    ) -> "Iterator[tuple[int, NDArray[np.uint8] | NDArray[np.float32]]]":
        """Yield the segments of one frame with their weights (R, C)."""
        if self.kind == "LABELMAP":
            for value in np.flatnonzero(np.bincount(pixels.ravel())):
                if int(value) in self.wanted:
                    yield int(value), (pixels == value).astype(np.uint8)
            return
        group = self._group(index, "SegmentIdentificationSequence")
        number = int(group.ReferencedSegmentNumber)
        if number not in self.wanted:
            found = f"frame {index + 1} of segment {number}, which is not described"
            raise _unreadable(self.path, found, "an item of SegmentSequence for every segment")
        if self.kind == "BINARY":
            yield number, (pixels != 0).astype(np.uint8)
            return
        most = int(self.dataset.MaximumFractionalValue)
        yield number, np.minimum(pixels.astype(np.float32) / np.float32(most), np.float32(1.0))

    def _group(self, index: int, keyword: str) -> "Dataset":
        """Return a functional group of a frame: its own, or the shared one."""
        for holder in (self.frames[index], self.shared):
            sequence = holder.get(keyword)
            if sequence:
                item: Dataset = sequence[0]
                return item
        raise _unreadable(self.path, f"frame {index + 1} has no {keyword}", f"{keyword}")

    def _geometry(self) -> _Geometry:
        """Find the slice of every frame and the affine of the whole stack."""
        count = len(self.frames)
        spacing = np.array(self._group(0, "PixelMeasuresSequence").PixelSpacing, dtype=np.float64)
        cosines = np.array(
            [self._group(n, "PlaneOrientationSequence").ImageOrientationPatient
             for n in range(count)], dtype=np.float64,
        )  # fmt: skip
        if np.abs(cosines - cosines[0]).max() > ORIENTATION_TOLERANCE:
            raise _unreadable(self.path, "frames of different orientation", "parallel frames")
        places = np.array(
            [self._group(n, "PlanePositionSequence").ImagePositionPatient for n in range(count)],
            dtype=np.float64,
        )
        if not (np.abs(places) <= FARTHEST_MM).all():
            needed = f"positions up to {FARTHEST_MM:.0e} mm"
            raise _unreadable(self.path, "a frame without a place in the scanner", needed)
        row, column = cosines[0, :3], cosines[0, 3:]
        normal = np.cross(row, column)
        heights = places @ normal
        first = int(np.argmin(heights))
        slices, step_mm = self._slice_numbers(heights - heights[first])
        step = normal * step_mm
        last = int(np.argmax(heights))
        if slices[last]:
            step = (places[last] - places[first]) / slices[last]
        off = np.abs(places - places[first] - np.array(slices)[:, None] * step).max()
        if off > PLACE_TOLERANCE * max(step_mm, float(spacing.min())):
            raise _unreadable(
                self.path, f"frames up to {off:.3f} mm off a straight stack", "evenly spaced frames"
            )
        affine = np.eye(4)
        affine[:3, 0], affine[:3, 1], affine[:3, 2] = step, column * spacing[0], row * spacing[1]
        affine[:3, 3] = places[first]
        return _Geometry(slices, affine)

    def _slice_numbers(self, heights: "NDArray[np.float64]") -> tuple[list[int], float]:
        """Give frames their slice by height (mm above the lowest), allowing for slices left out."""
        measures = self._group(0, "PixelMeasuresSequence")
        stated = abs(float(measures.get("SpacingBetweenSlices") or 0.0))
        thickness = abs(float(measures.get("SliceThickness") or 0.0))
        gaps = np.diff(np.sort(heights))
        gaps = gaps[gaps > SAME_POSITION_MM]
        for step in (stated, float(gaps.min()) if gaps.size else thickness):
            if step <= 0.0:
                continue
            numbers = np.round(gaps / step)
            if (np.abs(gaps - numbers * step) <= PLACE_TOLERANCE * step).all() and (
                numbers >= 1
            ).all():
                return _count_up(heights, step), step
        raise _unreadable(
            self.path,
            f"slice distances {np.unique(np.round(gaps, 3)).tolist()} mm, SpacingBetweenSlices "
            f"{stated:g}, SliceThickness {thickness:g}",
            "evenly spaced frames, or SpacingBetweenSlices or SliceThickness for a single one",
        )

    def _decoded(self) -> "Iterator[tuple[int, NDArray[np.uint8] | NDArray[np.uint16]]]":
        """Yield every frame as stored values (R, C)."""
        syntax = self.dataset.file_meta.get("TransferSyntaxUID")
        if syntax is not None and syntax.is_encapsulated:
            yield from self._decompressed(syntax.name)
            return
        data = self.dataset.get("PixelData")
        pixels = self.size[0] * self.size[1]
        bits = int(self.dataset.BitsAllocated)
        needed = (pixels * bits * len(self.frames) + 7) // 8
        if bits not in (1, 8, 16) or data is None or len(data) < needed:
            raise _unreadable(
                self.path,
                f"{0 if data is None else len(data)} bytes of pixels, BitsAllocated {bits}",
                f"{needed} bytes for {len(self.frames)} frames of 1, 8 or 16 bits",
            )
        little = syntax is None or syntax.is_little_endian
        order = "<" if little else ">"
        raw = np.frombuffer(data, dtype=np.uint8)
        for index in range(len(self.frames)):
            start, end = index * pixels * bits, (index + 1) * pixels * bits
            chunk = raw[start // 8 : -(-end // 8)]
            if bits == 1:
                frame = np.unpackbits(chunk, bitorder="little")[start % 8 :][:pixels]
            else:
                frame = chunk.view(np.dtype(f"{order}u{bits // 8}"))
            yield index, frame.reshape(self.size)

    def _decompressed(
        self, syntax: str
    ) -> "Iterator[tuple[int, NDArray[np.uint8] | NDArray[np.uint16]]]":
        """Yield frames of a compressed object through pydicom's decoders."""
        try:
            frames = self.dataset.pixel_array.reshape(len(self.frames), *self.size)
        except Exception as error:  # each decoder has its own
            raise ReadError(
                "DECODE",
                f"The pixels of segmentation '{plain(self.path.name)}' cannot be decoded.",
                found=f"transfer syntax {syntax}",
                needed="a decoder for it (extra 'dicom'), or an uncompressed object",
                next_step="install spectct-quant[dicom], or export it uncompressed",
            ) from error
        yield from enumerate(frames)


def _count_up(heights: "NDArray[np.float64]", step: float) -> list[int]:
    """Give heights their number, gap by gap, so that a rounded step does not add up."""
    order = np.argsort(heights, kind="stable")
    numbers = np.zeros(heights.size, dtype=np.int64)
    for before, after in pairwise(order):
        numbers[after] = numbers[before] + round((heights[after] - heights[before]) / step)
    return [int(number) for number in numbers]


def _cut_to_box(
    mask: "NDArray[np.uint8] | NDArray[np.float32]",
) -> "tuple[NDArray[np.uint8] | NDArray[np.float32], tuple[int, int]]":
    """Cut a frame (R, C) to the box of what is not zero; empty if nothing is."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return mask[:0, :0], (0, 0)
    block = mask[rows[0] : rows[-1] + 1]
    columns = np.flatnonzero(block.any(axis=0))
    return block[:, columns[0] : columns[-1] + 1], (int(rows[0]), int(columns[0]))


def _assemble(
    frames: list[Frame],
) -> "tuple[NDArray[np.uint8] | NDArray[np.float32], tuple[int, int, int]]":
    """Stack cut frames into (k, j, i) weights and the corner of their box."""
    if not frames:
        return np.zeros((1, 1, 1), dtype=np.uint8), (0, 0, 0)
    low = [min(f[0] for f in frames)] + [min(f[2][a] for f in frames) for a in range(2)]
    high = [max(f[0] for f in frames) + 1]
    high += [max(f[2][a] + f[1].shape[a] for f in frames) for a in range(2)]
    box = tuple(h - n for h, n in zip(high, low, strict=True))
    weights = np.zeros(box, dtype=frames[0][1].dtype)
    for number, cut, corner in frames:
        j, i = corner[0] - low[1], corner[1] - low[2]
        part = weights[number - low[0], j : j + cut.shape[0], i : i + cut.shape[1]]
        np.maximum(part, cut, out=part)
    return weights, (low[0], low[1], low[2])
