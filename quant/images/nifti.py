"""NIfTI label maps: place, units, and the names that travel with them."""

import gzip
import struct
import zlib
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from quant.images.label_map import LabelMap
from quant.images.refusal import require_size, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nibabel.nifti1 import Nifti1Header, Nifti1Image
    from numpy.typing import NDArray

    from quant.domain.archive import FilePath

SCANNER = 1
"""NIFTI_XFORM_SCANNER_ANAT: the transform that leads to the scanner's own frame."""

LAST_CODE = 5
"""Largest code of a transform that NIfTI defines (NIFTI_XFORM_TEMPLATE_OTHER)."""

HEADER_BYTES = (348, 540)
"""Length of a NIfTI-1 and of a NIfTI-2 header, which is also their first field."""

DATA_OFFSET = {348: ("f", 108), 540: ("q", 168)}
"""Type and place of the field that says where the data begin, by the header's length."""

MOST_OFFSET = 16 << 20
"""Data that begin later follow extensions of an absurd length."""

TRAILING = 1 << 20
"""Fewer bytes than this may follow the data of a packed file."""

MM_PER_UNIT = {"mm": 1.0, "unknown": 1.0, "meter": 1000.0, "micron": 1e-3}

DISAGREEMENT = 0.1
"""Two transforms agree when no corner moves by more than this part of a voxel."""


def read_nifti(path: "FilePath") -> LabelMap:
    """Read a NIfTI-1 or NIfTI-2 file; RAS becomes LPS here.

    Parameters
    ----------
    path : Path or ArchiveMember
        ``.nii`` or ``.nii.gz``.

    Returns
    -------
    LabelMap

    Raises
    ------
    ReadError
        ``ROI_UNREADABLE`` without a qform or sform, with two that contradict each other, or with
        more than three dimensions.

    Notes
    -----
    Where sform and qform differ, the one that is said to lead to the scanner's frame (code 1) is
    taken; a file in which neither or both are is refused.
    """
    import nibabel

    packed = path.name.lower().endswith(".gz")
    try:
        with _quiet():
            typed, needed = _check(path, packed=packed)
            kind: Any = typed
            image = kind.from_bytes(_content(path, needed) if packed else path.read_bytes())
            affine = _affine(path, image.header, image.shape[:3])
            stored = np.asanyarray(image.dataobj)
    except (zlib.error, OSError, EOFError, nibabel.spatialimages.HeaderDataError) as error:
        raise unreadable(path, "damaged or incomplete data", "a NIfTI file") from error
    extensions = [(e.get_code(), e.get_content()) for e in image.header.extensions]
    values = stored.reshape(image.shape[:3]).transpose(2, 1, 0)
    return LabelMap(values, affine, _embedded_names(extensions), "NIfTI")


def header_names(path: "FilePath") -> dict[int, str]:
    """Return the names in a file's header extension, by label; its voxels are not unpacked.

    Raises
    ------
    ReadError
        ``ROI_UNREADABLE`` when the header is not sound.
    """
    packed = path.name.lower().endswith(".gz")
    try:
        with path.open("rb") as stream:
            plain: Any = gzip.GzipFile(fileobj=stream) if packed else stream
            start: bytes = plain.read(HEADER_BYTES[-1] + 4)
            order, size = _header_size(path, start)
            kind, place = DATA_OFFSET[size]
            first = int(struct.unpack_from(order + kind, start, place)[0])
            if not 0 <= first <= MOST_OFFSET:
                raise unreadable(path, f"data from byte {first}", "a NIfTI file")
            start += plain.read(max(first - len(start), 0))
    except (zlib.error, OSError, EOFError, struct.error, OverflowError, ValueError) as error:
        raise unreadable(path, "damaged or incomplete data", "a NIfTI file") from error
    extensions: list[tuple[int, object]] = []
    at = size + 4
    while start[size : size + 1] == b"\1" and at + 8 <= first:
        length, code = struct.unpack_from(order + "ii", start, at)
        if length < 8:
            break
        extensions.append((code, start[at + 8 : at + length]))
        at += length
    return _embedded_names(extensions)


def _header_size(path: "FilePath", start: bytes) -> tuple[str, int]:
    """Return byte order and length of a header from its first field."""
    for order, name in (("<", "little"), (">", "big")):
        size = int.from_bytes(start[:4], name)  # type: ignore[arg-type]
        if size in HEADER_BYTES and len(start) >= size:
            return order, size
    raise unreadable(path, "no NIfTI header", "a NIfTI file")


def _content(path: "FilePath", needed: int) -> bytes:
    """Unpack a file to its end, where its checksum stands, if that is no further than it should."""
    with path.open("rb") as packed, gzip.open(packed, "rb") as stream:
        content = stream.read(needed + TRAILING)
    if not needed <= len(content) < needed + TRAILING:
        raise unreadable(path, f"{len(content)} bytes or more after unpacking", f"{needed} bytes")
    return content


def _check(path: "FilePath", *, packed: bool) -> "tuple[type[Nifti1Image], int]":
    """Refuse by its header a file that is no label map or too large.

    Returns the class that reads it, and how many bytes its header and data have. Nothing but the
    header is unpacked here.
    """
    import nibabel

    try:
        with path.open("rb") as stream:
            start = (gzip.GzipFile(fileobj=stream) if packed else stream).read(HEADER_BYTES[-1])
    except (zlib.error, OSError, EOFError) as error:
        raise unreadable(path, "no or damaged gzip data", "a NIfTI file") from error
    sizes = {int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big")}
    known = [size for size in HEADER_BYTES if size in sizes and len(start) >= size]
    if not known:
        raise unreadable(path, "no NIfTI header", "a NIfTI file")
    kind = nibabel.Nifti2Image if known[0] == HEADER_BYTES[-1] else nibabel.Nifti1Image
    make: Any = kind.header_class
    try:
        _require_place(path, make(start[: known[0]], check=False))
        header = make(start[: known[0]])
        shape, dtype = header.get_data_shape(), header.get_data_dtype()
        slope, inter = header.get_slope_inter()
        first = int(header["vox_offset"])
    except (nibabel.spatialimages.HeaderDataError, ValueError, KeyError, OverflowError) as error:
        raise unreadable(path, "a header that contradicts itself", "a NIfTI file") from error
    if len(shape) < 3 or any(n != 1 for n in shape[3:]):
        raise unreadable(path, f"{len(shape)} dimensions {shape}", "one volume of three dimensions")
    if dtype.kind not in "iuf":
        raise unreadable(path, "complex or composed values", "one real number per voxel")
    scaled = slope not in (None, 1.0) or inter not in (None, 0.0)
    itemsize = max(dtype.itemsize, 8) if scaled else dtype.itemsize
    length = path.stat().st_size
    require_size(path, shape, itemsize, packed_bytes=length if packed else None)
    needed = first + dtype.itemsize * prod(shape)
    if not 0 <= first <= MOST_OFFSET or (not packed and length < needed):
        raise unreadable(path, f"{length} bytes, data from byte {first}", f"{needed} bytes")
    return kind, needed


def _require_place(path: "FilePath", header: Any) -> None:  # noqa: ANN401 - carries no types
    """Refuse what nibabel would mend in silence: codes that mean nothing, voxels of no size."""
    codes = int(header["sform_code"]), int(header["qform_code"])
    if not all(0 <= code <= LAST_CODE for code in codes):
        raise unreadable(path, f"sform_code, qform_code {codes}", f"codes from 0 to {LAST_CODE}")
    sizes = [float(size) for size in header["pixdim"][1:4]]
    if codes[1] and not codes[0] and not all(0.0 < size < np.inf for size in sizes):
        raise unreadable(path, f"voxels of {sizes}", "the size of its voxels")


@contextmanager
def _quiet() -> "Iterator[None]":
    """Keep nibabel's remarks on headers off the screen; what matters is refused by name."""
    import nibabel

    logger = nibabel.imageglobals.logger
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _affine(
    path: "FilePath", typed: "Nifti1Header", shape: tuple[int, ...]
) -> "NDArray[np.float64]":
    """Return the (4, 4) affine of (k, j, i, 1) to LPS mm."""
    header: Any = typed  # its calls carry no types
    sform, s_code = header.get_sform(coded=True)
    qform, q_code = header.get_qform(coded=True)
    if not s_code and not q_code:
        raise unreadable(path, "neither qform nor sform", "a file with its place in the scanner")
    chosen = sform if s_code else qform
    if s_code and q_code and not _agree(sform, qform, shape):
        if (s_code == SCANNER) == (q_code == SCANNER):
            raise unreadable(
                path,
                f"sform (code {int(s_code)}) and qform (code {int(q_code)}) differ",
                "one place in the scanner",
            )
        chosen = sform if s_code == SCANNER else qform
    scale = MM_PER_UNIT[header.get_xyzt_units()[0]]
    affine = np.array(chosen, dtype=np.float64)
    affine[:3] *= scale
    affine[:2] *= -1.0  # RAS to LPS
    return affine[:, [2, 1, 0, 3]]


def _agree(
    one: "NDArray[np.float64]", other: "NDArray[np.float64]", shape: tuple[int, ...]
) -> bool:
    picks = np.array(np.meshgrid(*[[0, 1]] * 3, indexing="ij")).reshape(3, -1)
    corners = np.vstack([picks * (np.array(shape)[:, None] - 1), np.ones(8)])
    moved = np.abs((one - other)[:3] @ corners).max()
    return bool(moved <= DISAGREEMENT * np.linalg.norm(other[:3, :3], axis=0).min())


def _embedded_names(extensions: list[tuple[int, object]]) -> dict[int, str]:
    """Read label names from a Caret ``LabelTable`` in a header extension (TotalSegmentator)."""
    from xml.etree import ElementTree as ET

    for _, content in extensions:
        text = content.rstrip(b"\0") if isinstance(content, bytes) else b""
        if b"LabelTable" not in text or b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            continue
        try:
            root = ET.fromstring(text)  # noqa: S314 (document types are refused above)
            return {int(item.attrib["Key"]): _text(item.text) for item in root.iter("Label")}
        except (ET.ParseError, KeyError, ValueError):
            continue
    return {}


def _text(value: str | None) -> str:
    return (value or "").strip()
