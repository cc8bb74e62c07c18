"""Compressed frames looked at before a decoder sees them: whole headers of the size that is stated.

Decoders are C code. One that is handed another format than it expects, or a picture larger than its
header says, may end the process or fill the memory before it can report anything.

References
----------
ISO/IEC 10918-1 annex B (JPEG markers), ISO/IEC 14495-1 annex C (JPEG-LS), ISO/IEC 15444-1 annexes A
(SIZ) and I (JP2 boxes); DICOM PS3.5 section 8.2 (rows, columns and samples must agree).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

JPEG = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70, 80, 81))
JPEG_2000 = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 92, 93, 201, 202, 203))

JP2_START = b"\x00\x00\x00\x0cjP  "
NO_FRAME_HEADER = (0xC4, 0xC8, 0xCC)
"""Markers among those of frame headers that stand for tables, extensions and conditioning."""

Size = tuple[int, int, int]
"""Rows, columns, samples a pixel."""


def require_sound_frames(data: "Dataset", syntax: str) -> None:
    """Refuse compressed pixel data whose frames are not what the header says; unwrap JP2 files.

    Parameters
    ----------
    data : Dataset
        A whole image object.
    syntax : str
        Its transfer syntax; nothing is looked at in those without such headers (RLE).

    Raises
    ------
    ValueError
        When a frame has no header of its format, another size than the object states, or (JP2) a
        box of no length, at which pydicom 3.0 never comes back.

    Notes
    -----
    A JP2 file header has no place in DICOM (PS3.5 A.4.4) but occurs. Decoders get the bare stream:
    the reader of JP2 headers in OpenJPEG up to 2.5.3 writes out of bounds (CVE-2025-54874).
    """
    if syntax not in JPEG and syntax not in JPEG_2000:
        return
    from pydicom.encaps import encapsulate, generate_frames

    stated = (int(data.Rows), int(data.Columns), int(data.SamplesPerPixel))
    count = int(data.get("NumberOfFrames") or 1)
    frames, wrapped = [], False
    for frame in generate_frames(data.PixelData, number_of_frames=count):
        start = codestream_start(frame) if syntax in JPEG_2000 else 0
        size = jpeg_2000_size(frame[start:]) if syntax in JPEG_2000 else jpeg_size(frame)
        if size != stated:
            message = f"a frame of rows, columns, samples {size}, stated {stated}"
            raise ValueError(message)
        frames.append(frame[start:])
        wrapped |= start > 0
    if wrapped:
        data.PixelData = encapsulate(frames)


def jpeg_size(frame: bytes) -> Size:
    """Return rows, columns and samples of a JPEG or JPEG-LS frame; raises ValueError."""
    if frame[:2] != b"\xff\xd8":
        message = "not a JPEG stream"
        raise ValueError(message)
    at = 2
    while at + 10 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == 0xFF:  # fill bytes may come before a marker
            at += 1
            continue
        is_header = 0xC0 <= marker <= 0xCF and marker not in NO_FRAME_HEADER
        if is_header or marker == 0xF7:
            rows, columns = (int.from_bytes(frame[at + n : at + n + 2], "big") for n in (5, 7))
            return rows, columns, frame[at + 9]
        at += 2 + max(int.from_bytes(frame[at + 2 : at + 4], "big"), 2)
    message = "a JPEG stream without a frame header"
    raise ValueError(message)


def jpeg_2000_size(frame: bytes) -> Size:
    """Return rows, columns and samples of a bare JPEG 2000 codestream; raises ValueError."""
    size = frame[4:42]
    if frame[:4] != b"\xff\x4f\xff\x51" or len(size) < 38:
        message = "not a JPEG 2000 stream"
        raise ValueError(message)
    across, down, left, top = (int.from_bytes(size[n : n + 4], "big") for n in (4, 8, 12, 16))
    return down - top, across - left, int.from_bytes(size[36:38], "big")


def codestream_start(frame: bytes) -> int:
    """Return where the codestream begins in a JP2 file, hopping from box to box; 0 when bare.

    Raises
    ------
    ValueError
        For a box of no length.
    """
    at = 0
    if frame.startswith(JP2_START):
        at = len(JP2_START) + 4
        while at < len(frame):
            if frame[at + 4 : at + 8] == b"jp2c":
                return at + 8
            length = int.from_bytes(frame[at : at + 4], "big")
            if not length:
                message = "a JP2 box without a length"
                raise ValueError(message)
            at += length
    return at
