"""Stored pixel values of one file, checked against its header before anything is allocated."""

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from quant.dicom.files.facts import text, whole
from quant.dicom.files.streams import NATIVE
from quant.dicom.pixels.decoding import Decoder
from quant.errors import ReadError

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts
    from quant.domain.archive import FilePath
    from quant.domain.study import FileEntry

MAX_VOXELS = 2**30
"""Largest number of voxels of one file."""

KIND = (
    "Rows", "Columns", "NumberOfFrames", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "SamplesPerPixel", "PhotometricInterpretation", "PixelKeyword",
    "TransferSyntaxUID",
)  # fmt: skip
"""Facts that say what the pixels of a file are like."""


@dataclass(frozen=True, slots=True)
class PixelKind:
    """What the pixels of a file are like.

    Parameters
    ----------
    shape : (F, R, C) tuple of int
        Frames, rows, columns.
    dtype : dtype
        As stored, little-endian.
    bits : int
        BitsStored; those of the type where the values are floats.
    is_native : bool
        Whether they lie in the file as they are.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[np.generic]
    bits: int
    is_native: bool

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.shape[0] * self.shape[1] * self.shape[2] * self.dtype.itemsize


class PixelReader:
    """Reads files one after another, with one buffer for all of them."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[object, ...], PixelKind] = {}
        self._buffer = np.empty(0, dtype=np.uint8)
        self._decoder = Decoder()
        self._member: tuple[FilePath, bytes] | None = None

    def kind(self, entry: "FileEntry") -> PixelKind:
        """Return what the pixels of a file are like.

        Raises
        ------
        ReadError
            See :func:`frame_shape`, :func:`stored_type` and :func:`stored_bits`.
        """
        get = entry.facts.get
        key = tuple([get(keyword) for keyword in KIND])
        if key not in self._kinds:
            shape, dtype = frame_shape(entry.facts), stored_type(entry)
            allocated = dtype.itemsize * 8
            bits = allocated if dtype.kind == "f" else stored_bits(entry.facts, allocated)
            is_native = text(entry.facts, "TransferSyntaxUID") in NATIVE
            self._kinds[key] = PixelKind(shape, dtype, bits, is_native)
        return self._kinds[key]

    def read(self, entry: "FileEntry") -> NDArray[np.generic]:
        """Read the stored values of one file; they hold until the next file is read.

        Returns and raises what :func:`read_stored` does.
        """
        kind = self.kind(entry)
        if not kind.is_native:
            return _fitting(self._decoder.decode(entry, kind.shape, kind.dtype), kind.bits)
        if self._buffer.size != kind.size:
            self._buffer = np.empty(kind.size, dtype=np.uint8)
        _check_length(entry, kind)
        self._read_native(entry)
        stored = self._buffer.view(kind.dtype).reshape(kind.shape)
        return _fitting(stored.astype(kind.dtype.newbyteorder("="), copy=False), kind.bits)

    def _read_native(self, entry: "FileEntry") -> None:
        """Fill the buffer from the place of the pixel data."""
        path, offset = entry.path, int(str(entry.facts["PixelOffset"]))
        try:
            if isinstance(path, Path):
                got = _read_at(path, offset, self._buffer)
            else:
                with self._unpacked_member(entry) as stream:
                    got = _read_on(stream, offset, self._buffer)
        except OSError as error:
            raise _unreadable(error) from error
        if got != self._buffer.size:
            raise ReadError(
                "TRUNCATED",
                "The file has become shorter since it was indexed.",
                found=f"{got} bytes of pixel data",
                needed=f"{self._buffer.size} bytes",
                next_step="wait until the transfer is finished and run again",
            )

    def _unpacked_member(self, entry: "FileEntry") -> "BinaryIO":
        """Open a member of an archive; its frames are taken from one unpacking."""
        path = entry.path
        if "FrameIndex" not in entry.facts:
            return path.open("rb", buffering=0)
        if self._member is None or self._member[0] != path:
            self._member = path, path.read_bytes()
        return io.BytesIO(self._member[1])


def read_stored(entry: "FileEntry") -> NDArray[np.generic]:
    """Read the stored values of one file, as they are: no rescale, no inversion.

    Returns
    -------
    (F, R, C) array
        Frames, rows, columns; native byte order; integer or floating point as stored.

    Raises
    ------
    ReadError
        ``DECODE`` for pixels that are not monochrome, not of a known size or cannot be decoded,
        ``TRUNCATED`` when fewer bytes are there than the header says, ``BITS_INVALID`` for values
        that do not fit BitsStored, ``DICOM_UNREADABLE`` when the file is gone or cannot be read.
    """
    return PixelReader().read(entry)


def frame_shape(facts: "Facts") -> tuple[int, int, int]:
    """Return frames, rows and columns.

    Raises
    ------
    ReadError
        ``DECODE`` when they are not positive whole numbers, or too many.
    """
    frames = whole(facts, "NumberOfFrames") if "NumberOfFrames" in facts else 1
    rows, columns = whole(facts, "Rows"), whole(facts, "Columns")
    shape = (frames or 0, rows or 0, columns or 0)
    if min(shape) < 1 or shape[0] * shape[1] * shape[2] > MAX_VOXELS:
        raise ReadError(
            "DECODE",
            "The size of the pixel matrix makes no sense.",
            found=f"NumberOfFrames, Rows, Columns {shape}",
            needed=f"positive numbers, at most {MAX_VOXELS} voxels",
            next_step="export the series again",
        )
    return shape


def stored_type(entry: "FileEntry") -> np.dtype[np.generic]:
    """Return the little-endian type of the stored values.

    Raises
    ------
    ReadError
        ``DECODE`` when the pixels are not monochrome or of an unknown type.
    """
    facts = entry.facts
    keyword = text(facts, "PixelKeyword")
    if keyword in ("FloatPixelData", "DoubleFloatPixelData"):
        return np.dtype("<f4" if keyword == "FloatPixelData" else "<f8")
    bits, signed = whole(facts, "BitsAllocated"), whole(facts, "PixelRepresentation")
    samples = whole(facts, "SamplesPerPixel") or 1
    photometric = text(facts, "PhotometricInterpretation")
    monochrome = photometric in ("MONOCHROME1", "MONOCHROME2", "") and samples == 1
    if not monochrome or bits not in (8, 16, 32) or signed not in (0, 1):
        raise ReadError(
            "DECODE",
            "Pixels of this kind are not voxel values.",
            found=f"{photometric or 'no PhotometricInterpretation'}, {samples} samples, "
            f"BitsAllocated {bits}, PixelRepresentation {signed}",
            needed="one monochrome sample of 8, 16 or 32 bits",
            next_step="export the reconstruction itself, not a picture of it",
        )
    return np.dtype(f"<{'i' if signed else 'u'}{bits // 8}")


def same_pixels(one: "FileEntry", other: "FileEntry") -> bool:
    """Tell whether two files store the same values."""
    try:
        return bool(np.array_equal(read_stored(one), read_stored(other)))
    except (ReadError, OSError):
        return False


def _check_length(entry: "FileEntry", kind: PixelKind) -> None:
    """Refuse pixel data that do not fill the frames, or do not say where they lie."""
    offset, length = entry.facts.get("PixelOffset"), entry.facts.get("PixelLength")
    needed = kind.size
    if not isinstance(offset, int) or not isinstance(length, int) or length - needed not in (0, 1):
        too_long = isinstance(length, int) and length > needed
        frames, rows, columns = kind.shape
        raise ReadError(
            "DECODE" if too_long else "TRUNCATED",
            "The pixel data do not fit the size of the pixel matrix.",
            found=f"{length} bytes",
            needed=f"{needed} bytes for {frames} x {rows} x {columns} pixels",
            next_step="export the series again",
        )


def _read_at(path: Path, offset: int, raw: NDArray[np.uint8]) -> int:
    """Read into a buffer from an offset, with few calls; return the number of bytes read."""
    if not hasattr(os, "preadv"):
        with path.open("rb", buffering=0) as stream:
            return _read_on(stream, offset, raw)
    got, view = 0, memoryview(raw.data)
    handle = os.open(path, os.O_RDONLY)
    try:
        while got < raw.size and (more := os.preadv(handle, [view[got:]], offset + got)):
            got += more
    finally:
        os.close(handle)
    return got


def _read_on(stream: "BinaryIO", offset: int, raw: NDArray[np.uint8]) -> int:
    """Read into a buffer from an offset of a stream; return the number of bytes read."""
    got = 0
    stream.seek(offset)
    while got < raw.size and (more := stream.readinto(raw[got:])):  # type: ignore[attr-defined]
        got += more
    return got


def _unreadable(error: OSError) -> ReadError:
    return ReadError(
        "DICOM_UNREADABLE",
        "A file of the series cannot be read.",
        found=error.strerror or "input or output error",
        needed="the files that were there when the folder was indexed",
        next_step="wait until the transfer is finished, check the medium and run again",
    )


def stored_bits(facts: "Facts", allocated: int) -> int:
    """Return BitsStored (0028,0101); as many as allocated when it is absent.

    Raises
    ------
    ReadError
        ``BITS_INVALID`` when BitsStored and HighBit do not fit BitsAllocated.
    """
    stored = whole(facts, "BitsStored") if "BitsStored" in facts else allocated
    high = whole(facts, "HighBit") if "HighBit" in facts else (stored or 0) - 1
    if stored is None or not 1 <= stored <= allocated or high != stored - 1:
        raise ReadError(
            "BITS_INVALID",
            "The bits of the stored values contradict one another.",
            found=f"BitsAllocated {allocated}, BitsStored {text(facts, 'BitsStored') or 'missing'}"
            f", HighBit {text(facts, 'HighBit') or 'missing'}",
            needed="BitsStored up to BitsAllocated, HighBit = BitsStored - 1",
            next_step="export the series again",
        )
    return stored


def _fitting(data: NDArray[np.generic], stored: int) -> NDArray[np.generic]:
    """Return values that fit BitsStored; extend the sign where a file filled it up with zeros.

    Bits above BitsStored are refused, not cut off: they may be overlays of an old scanner or the
    upper part of the values, and no header tells.
    """
    if data.dtype.kind == "f":
        return data
    allocated = data.dtype.itemsize * 8
    if stored >= allocated:
        return data
    low, high = int(data.min()), int(data.max())
    signed = data.dtype.kind == "i"
    half = 1 << (stored - 1)
    if (signed and -half <= low and high < half) or (not signed and high < 2 * half):
        return data
    if signed and low >= 0 and high < 2 * half:
        shift = allocated - stored
        extended: NDArray[np.generic] = np.right_shift(np.left_shift(data, shift), shift)
        return extended
    raise ReadError(
        "BITS_INVALID",
        "Stored values do not fit the bits that the header declares.",
        found=f"values from {low} to {high}, BitsStored {stored}, {'' if signed else 'un'}signed",
        needed=f"values of {stored} bits",
        next_step="export the series again, with the BitsStored of its values",
    )
