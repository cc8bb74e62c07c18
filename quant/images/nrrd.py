"""NRRD label maps and 3D Slicer segmentations (.seg.nrrd)."""

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from quant.images.label_map import LabelMap
from quant.images.refusal import require_size, unpack, unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from quant.domain.archive import FilePath

TO_LPS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
"""Signs that take each anatomical space of the format to LPS."""

TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(
        ("short", "short int", "signed short", "signed short int", "int16", "int16_t"), "i2"
    ),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(
        ("longlong", "long long", "long long int", "signed long long", "signed long long int",
         "int64", "int64_t"), "i8"
    ),
    **dict.fromkeys(
        ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"), "u8"
    ),
    "float": "f4",
    "double": "f8",
}  # fmt: skip
"""Numbers by each of their names in the format's definition."""

ENCODINGS = {"raw": "raw", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2"}

SEGMENT = re.compile(r"Segment(\d+)_(?:ID|Name|LabelValue|Layer)$")


def read_nrrd(path: "FilePath") -> tuple[LabelMap, ...]:
    """Read a NRRD file: one label map, or one for each layer of a segmentation.

    Parameters
    ----------
    path : Path or ArchiveMember
        ``.nrrd`` or ``.seg.nrrd``.

    Returns
    -------
    tuple of LabelMap
        Segments may overlap, so they are kept in layers; the same value may mean different
        segments in different layers.

    Raises
    ------
    ReadError
        ``ROI_UNREADABLE`` without an anatomical space, origin and directions, in other units than
        mm, or with fractional segments.
    """
    data, header = _read(path)
    layers, affine = _layers(path, data, header)
    segments = sorted({int(m.group(1)) for m in map(SEGMENT.match, header) if m})
    if not segments:
        if len(layers) > 1:
            raise unreadable(path, f"{len(layers)} layers without segments", "one volume")
        return (LabelMap(layers[0], affine, {}, "NRRD"),)
    if "fractional" in str(header.get("Segmentation_MasterRepresentation", "")).lower():
        raise unreadable(path, "fractional segments", "binary segments")
    names: dict[int, dict[int, str]] = {}
    for order, number in enumerate(segments):
        key = f"Segment{number}_"
        layer = int(header.get(f"{key}Layer", order if len(layers) > 1 else 0))
        value = int(header.get(f"{key}LabelValue", 1))
        name = _segment_name(header, number)
        if not 0 <= layer < len(layers):
            raise unreadable(path, f"segment '{name}' in layer {layer}", f"{len(layers)} layers")
        if value in names.setdefault(layer, {}):
            found = f"two segments of value {value} in layer {layer}"
            raise unreadable(path, found, "a value for every segment of a layer")
        names[layer][value] = name
    return tuple(
        LabelMap(layers[layer], affine, found, "seg.nrrd") for layer, found in sorted(names.items())
    )


def segment_names(path: "FilePath") -> list[str]:
    """Return the names of a file's segments, from its header alone; empty for plain NRRD."""
    import nrrd

    with path.open("rb") as stream:
        header = nrrd.read_header(stream)
    numbers = sorted({int(m.group(1)) for m in map(SEGMENT.match, header) if m})
    return [_segment_name(header, number) for number in numbers]


def _segment_name(header: "Mapping[str, Any]", number: int) -> str:
    key = f"Segment{number}_"
    name = header.get(f"{key}Name", "") or header.get(f"{key}ID", f"segment {number}")
    return str(name).strip()


def _read(path: "FilePath") -> "tuple[NDArray[np.generic], Mapping[str, Any]]":
    """Return the array in the file's order of axes, and its header.

    Data in another file are refused, and packed data unpacked no further than the header says.
    """
    import nrrd

    try:
        with path.open("rb") as stream:
            header = nrrd.read_header(stream)
            rest = stream.read()
    except (nrrd.NRRDError, StopIteration, ValueError) as error:
        raise unreadable(path, "a header that is not sound", "a NRRD file") from error
    keys = {key.replace(" ", "").lower(): key for key in header}
    if "datafile" in keys:
        raise unreadable(path, "data in another file", "a NRRD file that holds its data")
    if "byteskip" in keys or "lineskip" in keys:
        raise unreadable(path, "bytes or lines to skip", "data right after the header")
    kind = str(header.get("type", "")).strip().lower()
    if kind not in TYPES or "sizes" not in header:
        raise unreadable(path, f"type '{kind[:40]}'", "one real number per voxel, and sizes")
    named = str(header.get("encoding", "")).strip().lower()
    encoding = ENCODINGS.get(named, "")
    if encoding not in ("raw", "gzip", "bzip2"):
        raise unreadable(path, f"encoding '{named[:40]}'", "encoding raw, gzip or bzip2")
    dtype = np.dtype(TYPES[kind])
    if dtype.itemsize > 1:
        dtype = dtype.newbyteorder(">" if header.get("endian") == "big" else "<")
    sizes = [int(n) for n in header["sizes"]]
    packed = None if encoding == "raw" else len(rest)
    needed = require_size(path, sizes, dtype.itemsize, packed_bytes=packed)
    content = rest if packed is None else unpack(path, rest, needed, encoding)
    if len(content) < needed:
        raise unreadable(path, f"{len(content)} bytes of data", f"{needed} bytes")
    values = np.frombuffer(content, dtype=dtype, count=needed // dtype.itemsize)
    native = values.astype(dtype.newbyteorder("="), copy=False)
    return native.reshape(sizes[::-1]).T, header


def _layers(
    path: "FilePath", data: "NDArray[np.generic]", header: "Mapping[str, object]"
) -> "tuple[list[NDArray[np.generic]], NDArray[np.float64]]":
    """Return the layers as (K, J, I) arrays and the affine of (k, j, i, 1) to LPS mm."""
    space = str(header.get("space", "")).strip().lower()
    if space not in TO_LPS or "space directions" not in header or "space origin" not in header:
        raise unreadable(
            path,
            f"space '{space}', origin {'space origin' in header}, "
            f"directions {'space directions' in header}",
            "space LPS, RAS or LAS with origin and directions",
        )
    units = {str(unit).strip().lower() for unit in _listed(header.get("space units"))} - {""}
    if not units <= {"mm", "millimeter", "millimetre"}:
        raise unreadable(path, f"space units {sorted(units)}", "mm")
    rows = [
        np.full(3, np.nan) if row is None else np.asarray(row, dtype=np.float64)
        for row in _listed(header["space directions"])
    ]
    spatial = [axis for axis, row in enumerate(rows) if np.isfinite(row).all()]
    lists = [axis for axis in range(data.ndim) if axis not in spatial]
    if len(rows) != data.ndim or len(spatial) != 3 or len(lists) > 1:
        raise unreadable(path, f"{data.ndim} axes, {len(spatial)} of them in space", "three")
    signs = np.array(TO_LPS[space])[:, None]
    affine = np.eye(4)
    affine[:3, :3] = signs * np.stack([rows[axis] for axis in reversed(spatial)], axis=1)
    affine[:3, 3:] = signs * np.asarray(header["space origin"], dtype=np.float64).reshape(3, 1)
    turned = np.transpose(data, [*lists, *reversed(spatial)])
    return (list(turned) if lists else [turned]), affine


def _listed(value: object) -> "list[object]":
    """Return a header field as a list; empty when it is absent."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple, np.ndarray)) else [value]
