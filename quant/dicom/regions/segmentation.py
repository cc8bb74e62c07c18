"""DICOM Segmentation: every segment as a label map on its own grid.

Geometry comes from the object's own functional groups, never from the images that it refers to.
Frames that hold nothing are usually left out by the writer; positions, not frame numbers, tell
where a frame belongs.
"""

import warnings
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import pydicom

from quant.dicom.regions.rtstruct import require_whole, why
from quant.dicom.regions.segment_frames import FramesError, Groups, Stack, stack
from quant.dicom.regions.segment_pixels import stored_frames
from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.shapes import LabelShape, every
from quant.domain.text import plain
from quant.errors import GeometryError, ReadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from quant.domain.archive import FilePath
    from quant.domain.shapes import Wanted

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"

MOST_BYTES = 2 << 30
"""Largest array of one segment, and of all pieces of segments together."""

Frame = tuple[int, "NDArray[np.uint8] | NDArray[np.float32]", tuple[int, int]]


def read_segmentation(path: "FilePath", wanted: "Wanted" = every) -> tuple[LabelShape, ...]:
    """Read the segments of a DICOM Segmentation or Label Map Segmentation.

    Parameters
    ----------
    path : Path or ArchiveMember
        One SEG file: BINARY, FRACTIONAL or LABELMAP.
    wanted : callable, optional
        Asked for every segment by name; frames that hold only others are not unpacked.

    Returns
    -------
    tuple of LabelShape
        Those wanted, in the order of SegmentSequence, each cropped to its box; one without a
        voxel is one voxel of weight 0. Weights are uint8 0 or 1, or float32 (stored value over
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
            require_whole(dataset)
            return _Segmentation(dataset, wanted).shapes()
    except ReadError:
        raise
    except (FramesError, GeometryError) as error:
        raise _unreadable(error.found, error.needed) from error
    except Exception as error:  # a parser given a broken file may raise anything
        raise _unreadable(why(error)) from error


def _unreadable(found: str, needed: str = "a DICOM Segmentation") -> ReadError:
    return ReadError(
        "ROI_UNREADABLE",
        "The segmentation cannot be read.",
        found=plain(found),
        needed=needed,
        next_step="export the segmentation again from its source system",
    )


class _Segmentation:
    """One SEG object while it is being read."""

    def __init__(self, dataset: "Dataset", wanted: "Wanted") -> None:
        self.dataset = dataset
        self._require_kind()
        frames: list[Dataset] = list(dataset.get("PerFrameFunctionalGroupsSequence") or [])
        if not frames or not dataset.get("SegmentSequence"):
            raise FramesError("no frame or no segment", "at least one segment with a frame")
        stated = dataset.get("NumberOfFrames")
        if stated is not None and int(stated) != len(frames):
            raise FramesError(
                f"NumberOfFrames {int(stated)}, functional groups of {len(frames)} frames",
                "functional groups for every frame",
            )
        dataset.NumberOfFrames = len(frames)
        shared = dataset.get("SharedFunctionalGroupsSequence")
        self.groups = Groups(frames, shared[0] if shared else pydicom.Dataset())
        items = list(dataset.SegmentSequence)
        self.known = {int(item.SegmentNumber) for item in items}
        if len(self.known) < len(items):
            raise FramesError("two segments of one number", "a number for every segment")
        self.wanted = {
            int(item.SegmentNumber): item
            for item in items
            if not self._is_background(int(item.SegmentNumber)) and wanted(_name(item))
        }
        self.flags: tuple[Flag, ...] = ()
        if str(dataset.get("SegmentationFractionalType", "")) == "PROBABILITY":
            self.flags = (Flag("ROI_PROBABILITY", "SegmentationFractionalType PROBABILITY"),)

    def _require_kind(self) -> None:
        dataset = self.dataset
        if str(dataset.get("SOPClassUID", "")) not in (SEGMENTATION, LABEL_MAP):
            found = f"SOP class {dataset.get('SOPClassUID', 'absent')}"
            raise FramesError(found, "a DICOM Segmentation")
        self.kind = str(dataset.get("SegmentationType", "")).strip().upper()
        if self.kind not in ("BINARY", "FRACTIONAL", "LABELMAP"):
            found = f"SegmentationType '{self.kind}'"
            raise FramesError(found, "BINARY, FRACTIONAL or LABELMAP")
        if "TotalPixelMatrixRows" in dataset or "ImageOrientationSlide" in dataset:
            raise FramesError("tiles of a slide", "slices of a patient")

    def shapes(self) -> tuple[LabelShape, ...]:
        """Return every wanted segment, cropped to its box."""
        stacked = stack(self.groups)
        numbers = self._segment_numbers()
        indices = [n for n, one in enumerate(numbers) if one is None or one in self.wanted]
        count = len(numbers)
        parts: dict[int, list[Frame]] = {}
        seen: set[tuple[int, int]] = set()
        kept = 0
        for index, pixels in stored_frames(self.dataset, indices, count):
            for segment, mask in self._split(numbers[index], pixels):
                place = (segment, stacked.slices[index])
                if place in seen:
                    found = f"two frames of segment {segment} at one position"
                    raise FramesError(found, "one frame per segment and position")
                seen.add(place)
                cut, corner = _cut_to_box(mask)
                kept += cut.nbytes
                if kept > MOST_BYTES:
                    found = f"more than {MOST_BYTES >> 30} GiB of segments"
                    raise FramesError(found, "segments that fit the memory")
                if cut.size:
                    parts.setdefault(segment, []).append((place[1], cut.copy(), corner))
        return tuple(
            self._shape(item, parts.get(number, []), stacked)
            for number, item in self.wanted.items()
        )

    def _segment_numbers(self) -> list[int | None]:
        """Return the segment of every frame; None where a frame holds several."""
        count = len(self.groups.frames)
        if self.kind == "LABELMAP":
            return [None] * count
        groups = [self.groups.of(n, "SegmentIdentificationSequence") for n in range(count)]
        numbers = [int(group.ReferencedSegmentNumber) for group in groups]
        for index, number in enumerate(numbers):
            if number not in self.known:
                found = f"frame {index + 1} of segment {number}, which is not described"
                raise FramesError(found, "an item of SegmentSequence for every segment")
        return list(numbers)

    def _shape(self, item: "Dataset", frames: list[Frame], stacked: Stack) -> LabelShape:
        weights, corner = _assemble(frames)
        uid = str(self.dataset.get("FrameOfReferenceUID") or "").strip()
        ends = [c + n for c, n in zip(corner, weights.shape, strict=True)]
        whole = Grid((ends[0], ends[1], ends[2]), stacked.affine, uid)
        shape = (weights.shape[0], weights.shape[1], weights.shape[2])
        return LabelShape(
            name=_name(item),
            grid=whole.cropped(corner, shape),
            weights=weights,
            frame_of_reference_uid=uid,
            source="SEG",
            flags=self.flags,
            study_uid=self._other_study(),
        )

    def _other_study(self) -> str:
        """Return the one study that the object refers to, if that is not (also) its own."""
        if self.dataset.get("ReferencedSeriesSequence"):
            return ""
        others = self.dataset.get("StudiesContainingOtherReferencedInstancesSequence") or []
        uids = {str(item.get("StudyInstanceUID") or "").strip() for item in others} - {""}
        return uids.pop() if len(uids) == 1 else ""

    def _is_background(self, number: int) -> bool:
        """Tell whether a value of a label map stands for what is no segment."""
        return self.kind == "LABELMAP" and number in (0, self.dataset.get("PixelPaddingValue"))

    def _split(
        self, number: int | None, pixels: "NDArray[np.uint8] | NDArray[np.uint16]"
    ) -> "Iterator[tuple[int, NDArray[np.uint8] | NDArray[np.float32]]]":
        """Yield the wanted segments of one frame with their weights (R, C)."""
        if number is None:
            for value in map(int, np.flatnonzero(np.bincount(pixels.ravel()))):
                if value in self.wanted:
                    yield value, (pixels == value).astype(np.uint8)
                elif value not in self.known and not self._is_background(value):
                    found = f"label {value}, which is not described"
                    raise FramesError(found, "an item of SegmentSequence for every label")
        elif self.kind == "BINARY":
            yield number, (pixels != 0).astype(np.uint8)
        else:
            most = int(self.dataset.MaximumFractionalValue)
            if most < 1 or int(pixels.max()) > most:
                found = f"stored values up to {int(pixels.max())}, MaximumFractionalValue {most}"
                raise FramesError(found, "values from 0 to MaximumFractionalValue")
            yield number, pixels.astype(np.float32) / np.float32(most)


def _name(item: "Dataset") -> str:
    """Return the label of a segment, its description, or its number in words."""
    label = str(item.get("SegmentLabel") or "").strip()
    described = str(item.get("SegmentDescription") or "").strip()
    return label or described or f"segment {int(item.SegmentNumber)}"


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
    if prod(box) * frames[0][1].itemsize > MOST_BYTES:
        found = f"a segment of {' x '.join(map(str, box))} voxels from end to end"
        raise FramesError(found, f"at most {MOST_BYTES >> 30} GiB")
    weights = np.zeros(box, dtype=frames[0][1].dtype)
    for number, cut, corner in frames:
        j, i = corner[0] - low[1], corner[1] - low[2]
        part = weights[number - low[0], j : j + cut.shape[0], i : i + cut.shape[1]]
        np.maximum(part, cut, out=part)
    return weights, (low[0], low[1], low[2])
