"""Stored pixel values of one file, checked against its header before anything is allocated."""

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.facts import text, whole
from quant.dicom.streams import DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from quant.errors import ReadError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from quant.dicom.facts import Facts
    from quant.domain.study import FileEntry

MAX_VOXELS = 2**30
"""Largest number of voxels of one file."""

NATIVE = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)

DECODERS = {
    "1.2.840.10008.1.2.4.90": ("JPEG 2000 lossless", "pylibjpeg-openjpeg", "openjpeg"),
    "1.2.840.10008.1.2.4.91": ("JPEG 2000", "pylibjpeg-openjpeg", "openjpeg"),
    "1.2.840.10008.1.2.4.80": ("JPEG-LS lossless", "pyjpegls", "jpeg_ls"),
    "1.2.840.10008.1.2.4.81": ("JPEG-LS", "pyjpegls", "jpeg_ls"),
    "1.2.840.10008.1.2.4.57": ("JPEG lossless", "python-gdcm", "gdcm"),
    "1.2.840.10008.1.2.4.70": ("JPEG lossless SV1", "python-gdcm", "gdcm"),
    "1.2.840.10008.1.2.4.50": ("JPEG baseline", "pillow", "PIL"),
    "1.2.840.10008.1.2.4.51": ("JPEG extended", "python-gdcm", "gdcm"),
    "1.2.840.10008.1.2.4.201": ("HTJ2K lossless", "pylibjpeg-openjpeg", "openjpeg"),
    "1.2.840.10008.1.2.5": ("RLE lossless", "pydicom", "pydicom"),
}
"""Name, decoding package and its module by transfer syntax."""

JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")


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
        that do not fit BitsStored.
    """
    shape, dtype = frame_shape(entry.facts), stored_type(entry)
    if text(entry.facts, "TransferSyntaxUID") in NATIVE:
        return _fitting(_read_native(entry, shape, dtype), entry.facts)
    if dtype.kind != "f":
        stored_bits(entry.facts, dtype.itemsize * 8)
    return _fitting(_decode(entry, shape, dtype), entry.facts)


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


def _read_native(
    entry: "FileEntry", shape: tuple[int, int, int], dtype: np.dtype[np.generic]
) -> NDArray[np.generic]:
    offset, length = whole(entry.facts, "PixelOffset"), whole(entry.facts, "PixelLength")
    needed = shape[0] * shape[1] * shape[2] * dtype.itemsize
    if offset is None or length is None or length - needed not in (0, 1):
        raise ReadError(
            "DECODE" if length is not None and length > needed else "TRUNCATED",
            "The pixel data do not fit the size of the pixel matrix.",
            found=f"{length} bytes",
            needed=f"{needed} bytes for {shape[0]} x {shape[1]} x {shape[2]} pixels",
            next_step="export the series again",
        )
    raw = np.empty(needed, dtype=np.uint8)
    with entry.path.open("rb") as handle:
        handle.seek(offset)
        got = handle.readinto(raw)  # type: ignore[arg-type]
    if got != needed:
        raise ReadError(
            "TRUNCATED",
            "The file has become shorter since it was indexed.",
            found=f"{got} bytes of pixel data",
            needed=f"{needed} bytes",
            next_step="wait until the transfer is finished and run again",
        )
    return raw.view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


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


def _fitting(data: NDArray[np.generic], facts: "Facts") -> NDArray[np.generic]:
    """Return values that fit BitsStored; extend the sign where a file filled it up with zeros.

    Bits above BitsStored are refused, not cut off: they may be overlays of an old scanner or the
    upper part of the values, and no header tells.
    """
    if data.dtype.kind == "f":
        return data
    allocated = data.dtype.itemsize * 8
    stored = stored_bits(facts, allocated)
    if stored == allocated:
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


def _decode(
    entry: "FileEntry", shape: tuple[int, int, int], dtype: np.dtype[np.generic]
) -> NDArray[np.generic]:
    """Decode through pydicom: compressed, deflated and big-endian pixels."""
    import pydicom
    from pydicom.uid import UID

    from quant.dicom.pydicom_headers import lenient

    syntax = UID(text(entry.facts, "TransferSyntaxUID"))
    try:
        with lenient(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with entry.path.open("rb") as stream:
                data = pydicom.dcmread(stream, force=True)
            if "TransferSyntaxUID" not in data.file_meta:
                data.file_meta.TransferSyntaxUID = syntax
            if syntax in JPEG_2000:
                _refuse_endless_boxes(data, shape[0])
            plain = syntax in (DEFLATED, EXPLICIT_BIG) and dtype.itemsize > 1
            stored = _from_bytes(data, dtype) if plain else np.asarray(data.pixel_array)
    except Exception as error:
        raise _undecodable(text(entry.facts, "Modality"), syntax) from error
    if stored.size != shape[0] * shape[1] * shape[2]:
        raise ReadError(
            "DECODE",
            "The decoded picture has another size than the header says.",
            found=f"{stored.shape}",
            needed=f"{shape}",
            next_step="export the series again",
        )
    return stored.reshape(shape).astype(stored.dtype.newbyteorder("="), copy=False)


def _undecodable(modality: str, syntax: str) -> ReadError:
    """Name the package that decodes a transfer syntax, or say that it is not at fault."""
    what = f"The pixels of a {modality or 'DICOM'} file cannot be decoded."
    name, package, module = DECODERS.get(syntax, ("of an unknown kind", "", ""))
    found = f"transfer syntax {syntax or 'missing'} ({name})"
    if not package:
        needed, next_step = "a known transfer syntax", "export the series uncompressed"
    elif find_spec(module) is None:
        needed = f"the package {package}"
        next_step = f"pip install {package}, or export the series uncompressed"
    else:
        found += f"; its decoder {package} is there"
        needed = "pixel data that are whole and of the kind that the header says"
        next_step = "copy or export the series again, uncompressed if possible"
    return ReadError("DECODE", what, found=found, needed=needed, next_step=next_step)


def _from_bytes(data: "Dataset", dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """Take uncompressed pixels as they are: pydicom would clear the bits above BitsStored."""
    is_little = data.original_encoding[1]
    dtype = dtype.newbyteorder("<" if is_little else ">")
    content = data.PixelData
    return np.frombuffer(content[: len(content) // dtype.itemsize * dtype.itemsize], dtype=dtype)


def _refuse_endless_boxes(data: object, frames: int) -> None:
    """Refuse a JP2 header with a box of no length, at which pydicom 3.0 never comes back."""
    from pydicom.encaps import generate_frames

    for frame in generate_frames(data.PixelData, number_of_frames=frames):  # type: ignore[attr-defined]
        at = 0
        while frame[4:8] == b"jP  " and at + 8 <= len(frame):
            length = int.from_bytes(frame[at : at + 4], "big")
            if frame[at + 4 : at + 8] == b"jp2c" or length == 1:
                break
            if length < 8:
                message = "JP2 box without a length"
                raise ValueError(message)
            at += length
