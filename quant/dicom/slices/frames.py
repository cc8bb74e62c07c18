"""Frames of multi-frame CT and PET objects, from the facts that were read of them.

What all frames of an object share stands among the facts of its file as if it were a single-frame
one, what differs stands as one tuple an attribute, below ``Frames.``; see
:mod:`quant.dicom.slices.enhanced`. :func:`images_of` makes single images of them again.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from quant.dicom.files.facts import text, whole, words
from quant.dicom.files.objects import ENHANCED_CLASSES
from quant.dicom.files.streams import NATIVE
from quant.errors import ReadError

if TYPE_CHECKING:
    from quant.domain.study import FileEntry, SeriesEntry

FRAMES = "Frames."
"""Stem of facts that differ between frames: a tuple with one value, or None, a frame."""

COUNT = "FrameCount"
"""Fact of a file whose frames could be read: their number."""

PARTS_OF_ONE = "InConcatenationTotalNumber"


UNIT_TYPES = ("BQML", "CNTS", "CPS", "GML", "CM2ML")
"""RescaleType values that state what Units states in the classic PET object."""


def has_frames(entry: "FileEntry") -> bool:
    """Tell whether a file is an enhanced object or holds several frames."""
    return entry.sop_class_uid in ENHANCED_CLASSES or number_of_frames(entry) != 1


def of_frames(entry: "FileEntry", frames: tuple[int, ...]) -> "FileEntry":
    """Return a multi-frame file whose own facts are those of the first of the given frames."""
    mine = {
        key.removeprefix(FRAMES): value[frames[0]]
        for key, value in entry.facts.items()
        if key.startswith(FRAMES) and isinstance(value, tuple)
    }
    facts = entry.facts | {key: value for key, value in mine.items() if value is not None}
    return replace(entry, facts=with_units(facts))


def is_multiframe(series: "SeriesEntry") -> bool:
    """Tell whether a series is one object with several frames, whose facts are known."""
    return len(series.files) == 1 and (whole(series.facts, COUNT) or 0) > 1


def images_of(series: "SeriesEntry") -> "tuple[FileEntry, ...]":
    """Return one entry an image: the files of a series, or the frames of its multi-frame file.

    A frame's facts are those that a single-frame file would have: its plane, its scale, and where
    its pixels lie in the file, or ``FrameIndex`` where these are compressed.
    """
    if not is_multiframe(series):
        return series.files
    (entry,) = series.files
    count = whole(entry.facts, COUNT) or 0
    columns = {
        key.removeprefix(FRAMES): value
        for key, value in entry.facts.items()
        if key.startswith(FRAMES) and isinstance(value, tuple)
    }
    base = {
        key: value
        for key, value in entry.facts.items()
        if not key.startswith(FRAMES) and key not in ("NumberOfFrames", COUNT, *columns)
    }
    images = []
    for frame in series.frames or range(count):
        facts = base | {"FrameIndex": frame} | _bytes_of(entry.facts, frame, count)
        facts |= {
            key: column[frame] for key, column in columns.items() if column[frame] is not None
        }
        images.append(replace(entry, facts=with_units(facts)))
    return tuple(images)


def require_frames(series: "SeriesEntry", what: str) -> None:
    """Refuse a multi-frame object whose frames cannot be told apart.

    Raises
    ------
    ReadError
        ``ENHANCED_UNREAD``.
    """
    for entry in series.files:
        if COUNT in entry.facts or not has_frames(entry):
            continue
        total = whole(entry.facts, PARTS_OF_ONE) or 1
        found = f"SOP class {entry.sop_class_uid}, {number_of_frames(entry)} frames"
        raise ReadError(
            "ENHANCED_UNREAD",
            f"The {what} is a multi-frame object whose frames have no known place.",
            found=f"{found}; one of {total} objects of a concatenation" if total > 1 else found,
            needed="functional groups with position, orientation and pixel size of every frame",
            next_step="export the series as one file a slice",
        )


def number_of_frames(entry: "FileEntry") -> int:
    """Return how many frames a file states."""
    return whole(entry.facts, "NumberOfFrames") or 1


def with_units(facts: dict[str, object]) -> dict[str, object]:
    """State Units where only the RescaleType of the frames does."""
    stated = words(facts, "RescaleType")
    if "Units" not in facts and stated and stated[0] in UNIT_TYPES:
        return facts | {"Units": stated[0]}
    return facts


def _bytes_of(facts: dict[str, object], frame: int, count: int) -> dict[str, object]:
    """Return where the pixels of one frame lie, if they lie in the file as they are."""
    offset, length = whole(facts, "PixelOffset"), whole(facts, "PixelLength")
    rows, columns = whole(facts, "Rows") or 0, whole(facts, "Columns") or 0
    size = rows * columns * ((whole(facts, "BitsAllocated") or 0) // 8)
    native = text(facts, "TransferSyntaxUID") in NATIVE
    if not native or offset is None or length is None or length - count * size not in (0, 1):
        return {}
    return {"PixelOffset": offset + frame * size, "PixelLength": size}
