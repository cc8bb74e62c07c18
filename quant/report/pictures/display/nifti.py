"""NIfTI-1 files of one volume: the few kinds that display copies need, the same bytes each time."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.report.writing import read_own

_BYTES = 2
KINDS: "dict[int, np.dtype[np.uint8] | np.dtype[np.uint16]]" = {
    2: np.dtype(np.uint8),
    512: np.dtype(np.uint16),
}
"""NIfTI's codes of the stored types that are written and read here."""

LEVEL = 4
"""Of the compression: higher costs more time than it saves room."""

_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""No time, no name, no system."""

_HEADER = struct.Struct("<i36x8h12x4h8f3fhbb4f2i80s24s2h6f12f16s4s4x")
_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_MM, _SCANNER = 2, 1
_MAGIC = b"n+1\0"
_MOST_BYTES = 2**31


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """An image for looking: whole numbers on a grid, and what they stand for.

    Parameters
    ----------
    grid : Grid
        Where the voxels lie, LPS mm.
    values : (K, J, I) uint8 or uint16, C-contiguous
        Stored numbers.
    slope, intercept : float
        A voxel's value is ``slope * stored + intercept``, as float32 holds them.
    words : str
        Up to 79 ASCII characters of description (``descrip``).
    window : (low, high) tuple of float
        What a viewer shows from black to white at first (``cal_min``, ``cal_max``).
    """

    grid: Grid
    values: NDArray[np.uint8] | NDArray[np.uint16]
    slope: float = 1.0
    intercept: float = 0.0
    words: str = ""
    window: tuple[float, float] = (0.0, 0.0)

    def scaled(self) -> NDArray[np.float32]:
        """(K, J, I) float32: the values that the stored numbers stand for."""
        scaled: NDArray[np.float32] = self.values * np.float32(self.slope)
        scaled += np.float32(self.intercept)
        return scaled


def nifti_bytes(image: Stored) -> bytes:
    """Return an image as a gzip-compressed NIfTI-1 file.

    The place is in the sform (RAS mm, any orientation); there is no qform.

    References
    ----------
    NIfTI-1.1, nifti1.h (https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h).
    """
    grid, kind = image.grid, image.values.dtype
    code = next(number for number, dtype in KINDS.items() if dtype == kind)
    affine = _TO_RAS @ grid.affine[:, [2, 1, 0, 3]]  # NIfTI counts i, j, k
    k, j, i = grid.shape
    dk, dj, di = grid.spacing_mm
    header = _HEADER.pack(
        348, 3, i, j, k, 1, 1, 1, 1, 0, code, kind.itemsize * 8, 0,
        1.0, di, dj, dk, 0.0, 0.0, 0.0, 0.0, 352.0, image.slope, image.intercept,
        0, 0, _MM, image.window[1], image.window[0], 0.0, 0.0, 0, 0,
        image.words.encode("ascii", "replace")[:79], b"", 0, _SCANNER, *[0.0] * 6,
        *affine[:3].ravel(), b"", _MAGIC,
    )  # fmt: skip
    body = np.ascontiguousarray(image.values, dtype=kind.newbyteorder("<")).tobytes()
    return gzipped(header + body)


def gzipped(content: bytes) -> bytes:
    """Compress as gzip does, without a time."""
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = deflate.compress(content) + deflate.flush()
    return _GZIP + packed + struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)


def read_nifti(path: Path) -> Stored:
    """Read what :func:`nifti_bytes` made.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is damaged, or is another kind of NIfTI file.
    """
    try:
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        content = inflate.decompress(read_own(path), _MOST_BYTES)
        found = _HEADER.unpack_from(content)
    except (zlib.error, struct.error) as error:
        message = f"{path.name} is damaged"
        raise ValueError(message) from error
    (i, j, k), code = found[2:5], found[10]
    if (
        not inflate.eof
        or found[0] != 348
        or found[-1] != _MAGIC
        or code not in KINDS
        or min(i, j, k) < 1
    ):
        message = f"{path.name} is cut off, or no display copy"
        raise ValueError(message)
    size = i * j * k * KINDS[code].itemsize
    if len(content) != 352 + size:
        message = f"{path.name} holds {len(content) - 352} bytes of voxels, not {size}"
        raise ValueError(message)
    affine = np.eye(4)
    affine[:3] = np.array(found[43:55]).reshape(3, 4)
    grid = Grid((k, j, i), (_TO_RAS @ affine)[:, [2, 1, 0, 3]])
    flat = np.frombuffer(content, np.uint8, offset=352)
    values = flat if code == _BYTES else flat.view(KINDS[code].newbyteorder("<"))
    words = found[33].rstrip(b"\0").decode("ascii", "replace")
    return Stored(
        grid, values.reshape(k, j, i), found[22], found[23], words, window=(found[28], found[27])
    )
