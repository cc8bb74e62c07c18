"""MetaImage label maps (.mha), read without any library.

A MetaImage header may name any file as the place of its data. Here the data must be in the file
itself; no other file is ever opened.
"""

from typing import TYPE_CHECKING

import numpy as np

from quant.images.label_map import LabelMap
from quant.images.refusal import require_size, unpack, unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quant.domain.archive import FilePath

TYPES = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4",
    "MET_UINT": "u4", "MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip

LONGEST_HEADER = 1 << 16

PLAIN_VALUES = {
    "objecttype": ("image",),
    "ndims": ("3",),
    "binarydata": ("true", "1"),
    "elementnumberofchannels": ("1",),
    "headersize": ("0",),
    "distanceunits": ("mm", "?"),
    "elementdatafile": ("local",),
}
"""What these keys may say, where they are there (in small letters); anything else is refused."""

Header = dict[str, str]


def read_metaimage(path: "FilePath") -> LabelMap:
    """Read a MetaImage file of one scalar volume, raw or zlib-compressed; its space is LPS mm.

    Parameters
    ----------
    path : Path or ArchiveMember
        ``.mha``.

    Raises
    ------
    ReadError
        ``ROI_UNREADABLE`` when the file is not sound, is not one scalar volume, has no place in
        the patient, or keeps its data in another file.

    References
    ----------
    MetaIO, https://itk.org/Wiki/MetaIO/Documentation (rows of TransformMatrix are the directions
    of the axes x, y and z of the array).
    """
    content = path.read_bytes()
    header, start = _header(path, content)
    kind = header.get("elementtype", "").upper()
    if kind not in TYPES:
        raise unreadable(path, f"ElementType '{kind[:40]}'", "whole or floating point numbers")
    msb = header.get("binarydatabyteordermsb", header.get("elementbyteordermsb", "false"))
    dtype = np.dtype((">" if msb.lower() in ("true", "1") else "<") + TYPES[kind])
    size = _numbers(path, header, ("dimsize",), 3)
    if not (np.isfinite(size).all() and (size == np.round(size)).all()):
        raise unreadable(path, "a DimSize that is not whole", "three whole numbers")
    shape = (int(size[2]), int(size[1]), int(size[0]))
    packed = header.get("compresseddata", "false").lower() in ("true", "1")
    stored = len(content) - start
    needed = require_size(path, shape, dtype.itemsize, packed_bytes=stored if packed else None)
    data = content[start:]
    if packed:
        data = unpack(path, data, needed, "gzip")
    if len(data) != needed:
        raise unreadable(path, f"{len(data)} bytes of data", f"{needed} bytes")
    values = np.frombuffer(data, dtype=dtype).reshape(shape)
    return LabelMap(values.astype(dtype.newbyteorder("="), copy=False), _affine(path, header), {},
                    "MHA")  # fmt: skip


def _header(path: "FilePath", content: bytes) -> tuple[Header, int]:
    """Return the keys in small letters with their values, and where the data begin."""
    header: Header = {}
    start = 0
    while "elementdatafile" not in header:
        end = content.find(b"\n", start, LONGEST_HEADER)
        key, equals, value = content[start : max(end, start)].decode("latin-1").partition("=")
        if end < 0 or not equals or key.strip().lower() in header:
            raise unreadable(path, "a header that is not sound", "a MetaImage header")
        header[key.strip().lower()] = value.strip()
        start = end + 1
    for key, allowed in PLAIN_VALUES.items():
        if key in header and header[key].lower() not in allowed:
            found = "another file" if key == "elementdatafile" else f"'{header[key][:40]}'"
            raise unreadable(path, f"{key} naming {found}", f"{key} {allowed[0]}")
    if "ndims" not in header:
        raise unreadable(path, "no NDims", "NDims 3")
    return header, start


def _numbers(
    path: "FilePath", header: Header, keys: tuple[str, ...], count: int
) -> "NDArray[np.float64]":
    """Return the numbers of the first of the keys that is there."""
    for key in keys:
        if key in header:
            try:
                numbers = np.array([float(part) for part in header[key].split()])
            except ValueError:
                numbers = np.zeros(0)
            if numbers.size == count:
                return numbers
            raise unreadable(path, f"{key} '{header[key][:60]}'", f"{count} numbers")
    raise unreadable(path, f"no {keys[0]}", "a file with its place in the scanner")


def _affine(path: "FilePath", header: Header) -> "NDArray[np.float64]":
    """Return the (4, 4) affine of (k, j, i, 1) to LPS mm."""
    spacing = _numbers(path, header, ("elementspacing", "elementsize"), 3)
    if not (spacing > 0.0).all():
        raise unreadable(path, "an ElementSpacing that is not positive", "three distances in mm")
    rows = _numbers(path, header, ("transformmatrix", "rotation", "orientation"), 9).reshape(3, 3)
    affine = np.eye(4)
    affine[:3, :3] = (rows * spacing[:, None])[::-1].T
    affine[:3, 3] = _numbers(path, header, ("offset", "position", "origin"), 3)
    return affine
