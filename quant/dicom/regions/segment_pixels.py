"""Stored values of a DICOM Segmentation, frame by frame, never more of them than a region needs."""

from typing import TYPE_CHECKING

import numpy as np

from quant.dicom.pixels.codestreams import require_sound_frames
from quant.dicom.pixels.decoding import plugin_of, undecodable
from quant.dicom.regions.segment_frames import FramesError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset


MOST_FRAME_PIXELS = 1 << 26
"""Pixels of one frame; larger ones are no patient's slices."""

MOST_BYTES = 8 << 30
"""Compressed frames may not unpack to more than this together."""

SUSPICIOUS_BYTES, SUSPICIOUS_RATIO = 1 << 30, 300
"""Nor, above the first, at more than this ratio; RLE alone reaches 64."""


def stored_frames(
    dataset: "Dataset", indices: "Sequence[int]", count: int
) -> "Iterator[tuple[int, NDArray[np.uint8] | NDArray[np.uint16]]]":
    """Yield frames as (index, stored values (R, C)).

    Parameters
    ----------
    dataset : Dataset
        The whole object.
    indices : sequence of int
        Frames that are wanted, ascending; the others are not unpacked.
    count : int
        Frames in all, by the functional groups.

    Raises
    ------
    FramesError
        When the pixel data do not fit the header, or unpack without measure.
    ReadError
        ``DECODE``.
    """
    size = (int(dataset.Rows), int(dataset.Columns))
    if min(size) < 1 or size[0] * size[1] > MOST_FRAME_PIXELS:
        needed = f"at least one pixel, at most {MOST_FRAME_PIXELS} a frame"
        raise FramesError(f"Rows and Columns {size}", needed)
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax is not None and syntax.is_encapsulated:
        _require_measure(dataset, size, count)
        yield from _decompressed(dataset, indices)
        return
    bits = int(dataset.BitsAllocated)
    needed_bytes = (size[0] * size[1] * bits * count + 7) // 8
    data = dataset.get("PixelData")
    length = 0 if data is None else len(data)
    if bits not in (1, 8, 16) or length - needed_bytes not in (0, 1):
        raise FramesError(
            f"{length} bytes of pixels, BitsAllocated {bits}",
            f"{needed_bytes} bytes for {count} frames of 1, 8 or 16 bits",
        )
    order = "<" if syntax is None or syntax.is_little_endian else ">"
    raw = np.frombuffer(data, dtype=np.uint8)
    for index in indices:
        yield index, _native(raw, index, size, (bits, order))


def _native(
    raw: "NDArray[np.uint8]", index: int, size: tuple[int, int], kind: tuple[int, str]
) -> "NDArray[np.uint8] | NDArray[np.uint16]":
    """Cut one frame out of uncompressed pixel data; frames of bits need not start at a byte."""
    (bits, order), pixels = kind, size[0] * size[1]
    start, end = index * pixels * bits, (index + 1) * pixels * bits
    chunk = raw[start // 8 : -(-end // 8)]
    if bits == 1:
        frame: NDArray[np.uint8] = np.unpackbits(chunk, bitorder="little")
        return frame[start % 8 :][:pixels].reshape(size)
    if bits == 8:
        return chunk.reshape(size)
    return chunk.view(np.dtype(f"{order}u2")).astype(np.uint16).reshape(size)


def _require_measure(dataset: "Dataset", size: tuple[int, int], count: int) -> None:
    """Refuse compressed pixel data that would unpack beyond all measure, before any are."""
    packed = len(dataset.get("PixelData") or b"")
    decoded = size[0] * size[1] * count * max(int(dataset.BitsAllocated), 8) // 8
    bomb = decoded > SUSPICIOUS_BYTES and decoded > SUSPICIOUS_RATIO * packed
    if decoded > MOST_BYTES or bomb:
        raise FramesError(
            f"{packed} bytes of pixels that unpack to {decoded}",
            f"at most {MOST_BYTES >> 30} GiB, a ratio up to {SUSPICIOUS_RATIO} above "
            f"{SUSPICIOUS_BYTES >> 30} GiB",
        )


def _decompressed(
    dataset: "Dataset", indices: "Sequence[int]"
) -> "Iterator[tuple[int, NDArray[np.uint8] | NDArray[np.uint16]]]":
    """Yield frames of a compressed object through the one decoder of its syntax, one at a time."""
    from pydicom.pixels.utils import iter_pixels

    size = (int(dataset.Rows), int(dataset.Columns))
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    try:
        require_sound_frames(dataset, syntax)
        frames = iter_pixels(
            dataset, raw=True, indices=list(indices), decoding_plugin=plugin_of(syntax)
        )
        for index, frame in zip(indices, frames, strict=True):
            yield index, frame.reshape(size)
    except Exception as error:  # each decoder has its own
        raise undecodable("SEG", syntax) from error
