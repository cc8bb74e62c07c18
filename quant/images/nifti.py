"""NIfTI label maps: place, units, and the names that travel with them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from quant.images.labels import MOST_VOXELS, LabelMap, unreadable

if TYPE_CHECKING:
    from pathlib import Path

    from nibabel.nifti1 import Nifti1Header
    from numpy.typing import NDArray

SCANNER = 1
"""NIFTI_XFORM_SCANNER_ANAT: the transform that leads to the scanner's own frame."""

MM_PER_UNIT = {"mm": 1.0, "unknown": 1.0, "meter": 1000.0, "micron": 1e-3}

DISAGREEMENT = 0.1
"""Two transforms agree when no corner moves by more than this part of a voxel."""


def read_nifti(path: "Path") -> LabelMap:
    """Read a NIfTI-1 or NIfTI-2 file; RAS becomes LPS here.

    Parameters
    ----------
    path : Path
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
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError, ImageDataError

    try:
        image = nibabel.load(path)
        if not isinstance(image, nibabel.Nifti1Image):
            raise unreadable(path, type(image).__name__, "a NIfTI file")
        header = image.header
        shape = image.shape
        if len(shape) < 3 or any(n != 1 for n in shape[3:]) or np.prod(shape) > MOST_VOXELS:
            raise unreadable(path, f"array of shape {shape}", "one volume of three dimensions")
        affine = _affine(path, header, shape[:3])
        stored = np.asanyarray(image.dataobj)
        extensions = [(e.get_code(), e.get_content()) for e in header.extensions]
    except (ImageFileError, HeaderDataError, ImageDataError) as error:
        raise unreadable(path, str(error), "a NIfTI file") from error
    values = stored.reshape(shape[:3]).transpose(2, 1, 0)
    return LabelMap(values, affine, _embedded_names(extensions), "NIfTI")


def _affine(path: "Path", typed: "Nifti1Header", shape: tuple[int, ...]) -> "NDArray[np.float64]":
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
