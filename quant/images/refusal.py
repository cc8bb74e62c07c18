"""What is refused before it is read or unpacked, and how that is said.

Messages are in our own words: those of the parsers hold paths, addresses in memory and names of
their classes, and differ from run to run.
"""

import json
import os
from math import prod
from typing import TYPE_CHECKING, Any

from quant.domain.text import plain
from quant.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quant.domain.archive import FilePath

MOST_VOXELS = 10**9
"""Larger arrays are refused before they are read; a CT of 512 x 512 x 1200 has 0.3e9."""

MOST_BYTES = 2 << 30
"""Largest decoded array."""

SUSPICIOUS_BYTES, SUSPICIOUS_RATIO = 1 << 30, 100
"""What unpacks to more than this, at more than this ratio, is taken for a bomb. Label maps of one
organ shrink a hundredfold and more, so that the ratio alone tells nothing."""

FARTHEST_MM = 1e5
"""No patient reaches further from the scanner's origin."""


def unreadable(path: "FilePath", found: str, needed: str = "a label file") -> ReadError:
    """Say why a label file cannot be used."""
    return ReadError(
        "ROI_UNREADABLE",
        f"The label file '{plain(path.name)}' cannot be read.",
        found=plain(found),
        needed=needed,
        next_step="export the region again, or take the file out of the study",
    )


def not_labels(path: "FilePath", found: str) -> ReadError:
    """Say that a file holds an image, not regions."""
    return ReadError(
        "ROI_NOT_LABELS",
        f"The file '{plain(path.name)}' is an image, not a label map.",
        found=plain(found),
        needed="whole labels from 0 to 65535, or fractions 0..1",
        next_step="nothing if it is only the image; else export the region as a label map",
    )


def cause(error: Exception) -> str:
    """Say in our own words why a parser gave up."""
    if isinstance(error, MemoryError):
        return "more data than the memory holds"
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON in line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeError):
        return "text that is not UTF-8"
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    if isinstance(error, EOFError):
        return "data that end too early"
    return "content that cannot be parsed"


def require_size(
    path: "FilePath", shape: "Sequence[int]", itemsize: int, *, packed_bytes: int | None = None
) -> int:
    """Refuse an array that is too large, before anything is unpacked.

    Parameters
    ----------
    path : Path or ArchiveMember
    shape : sequence of int
        As the header states it.
    itemsize : int
        Bytes per voxel after decoding.
    packed_bytes : int, optional
        Size of the packed data; None where they are not packed.

    Returns
    -------
    int
        Decoded bytes.

    Raises
    ------
    ReadError
        ``ROI_UNREADABLE``.
    """
    voxels = prod(int(n) for n in shape)
    decoded = voxels * itemsize
    if min(shape, default=0) < 1 or voxels > MOST_VOXELS or decoded > MOST_BYTES:
        raise unreadable(
            path,
            f"{' x '.join(str(int(n)) for n in shape)} voxels of {itemsize} bytes",
            f"at least one voxel, at most {MOST_VOXELS:.0e} and {MOST_BYTES >> 30} GiB",
        )
    if (
        packed_bytes is not None
        and decoded > SUSPICIOUS_BYTES
        and decoded > SUSPICIOUS_RATIO * packed_bytes
    ):
        raise unreadable(
            path,
            f"{packed_bytes} bytes that unpack to {decoded}",
            f"a ratio up to {SUSPICIOUS_RATIO} above {SUSPICIOUS_BYTES >> 30} GiB",
        )
    return decoded


def unpack(path: "FilePath", packed: bytes, needed: int, encoding: str) -> bytes:
    """Unpack gzip, zlib or bzip2 data, never more than needed.

    Parameters
    ----------
    path : Path or ArchiveMember
    packed : bytes
    needed : int
        Bytes that must come out, no more and no less.
    encoding : str
        ``gzip`` (also zlib) or ``bzip2``.

    Raises
    ------
    ReadError
        ``ROI_UNREADABLE`` when the data are damaged, too short or too long.
    """
    import bz2
    import zlib

    bzip2 = encoding == "bzip2"
    unpacker: Any = bz2.BZ2Decompressor() if bzip2 else zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        content: bytes = unpacker.decompress(packed, needed + 1)
    except (zlib.error, OSError) as error:
        raise unreadable(path, "damaged compressed data") from error
    if len(content) != needed or not unpacker.eof:  # the checksum stands at the end
        found = "more" if len(content) > needed else str(len(content))
        raise unreadable(path, f"{found} bytes after unpacking", f"{needed} bytes")
    return content
