"""Label files of every kind (NIfTI, NRRD, .seg.nrrd, MHA), one shape per label.

Each format's reader brings its array into (slice, row, column) order and its affine to LPS mm, at
this one border; what follows is common to all.
"""

from typing import TYPE_CHECKING

import numpy as np

from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.shapes import LabelShape, every
from quant.errors import GeometryError, ReadError
from quant.images.label_map import LabelMap
from quant.images.names import SUFFIXES, companion_names, label_stem, label_suffix
from quant.images.refusal import FARTHEST_MM, cause, not_labels, unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quant.domain.archive import FilePath
    from quant.domain.shapes import Wanted

MOST_LABELS = 1024
"""A file with more different values than this is an image, not a label map."""

WHOLE = 1e-3
"""Floating point values this near to whole numbers are labels."""

CHUNK_VOXELS = 1 << 22
"""Voxels whose labels are looked at in one go."""


def read_label_file(path: "FilePath", wanted: "Wanted" = every) -> tuple[LabelShape, ...]:
    """Read the labels of a NIfTI, NRRD, .seg.nrrd or MHA file.

    Parameters
    ----------
    path : Path or ArchiveMember
    wanted : callable, optional
        Asked for every label by name; no shape is made of others.

    Returns
    -------
    tuple of LabelShape
        One per label wanted, in ascending order of layer and value, each cropped to its box. Names
        come from the file (3D Slicer segments, TotalSegmentator's label table), from a JSON or CSV
        file of the same stem, or else are the stem (one label) or ``stem:value`` (several). A
        map of fractions 0..1 is one shape of weights; values within 1e-3 of whole numbers are
        labels. A file without a label is one voxel of
        weight 0.

    Raises
    ------
    ReadError
        ``ROI_UNREADABLE`` when the file is not sound, has no place in the patient, or holds an
        image instead of labels.
    """
    try:
        return tuple(shape for layer in _read_layers(path) for shape in _split(layer, path, wanted))
    except ReadError:
        raise
    except GeometryError as error:
        raise unreadable(path, error.found, error.needed) from error
    except Exception as error:  # a parser given a broken file may raise anything
        raise unreadable(path, cause(error)) from error


def _read_layers(path: "FilePath") -> tuple[LabelMap, ...]:
    """Read the file by its ending; overlapping segments come as several layers."""
    suffix = label_suffix(path)
    if suffix in (".nii", ".nii.gz"):
        from quant.images.nifti import read_nifti

        return (read_nifti(path),)
    if suffix in (".nrrd", ".seg.nrrd"):
        from quant.images.nrrd import read_nrrd

        return read_nrrd(path)
    if suffix == ".mha":
        from quant.images.metaimage import read_metaimage

        return (read_metaimage(path),)
    raise unreadable(path, f"file name ending '{path.suffix}'", "one of " + ", ".join(SUFFIXES))


def _split(layer: LabelMap, path: "FilePath", wanted: "Wanted") -> tuple[LabelShape, ...]:
    """Cut a label map into its labels, as far as they are wanted."""
    values, stem = layer.values, label_stem(path)
    if values.ndim != 3:
        raise unreadable(path, f"array of shape {values.shape}", "three dimensions")
    if values.dtype.kind not in "biuf":
        raise unreadable(path, "complex or composed values", "one real number per voxel")
    shape = (values.shape[0], values.shape[1], values.shape[2])
    grid = Grid(shape, layer.affine)
    if not np.abs(grid.corners_mm()).max() <= FARTHEST_MM:
        raise unreadable(path, f"voxels beyond {FARTHEST_MM:.0e} mm", "a place in the scanner")
    if values.dtype.kind == "f" and not _are_whole(values, path):
        return (_fractions(values, grid, stem, layer.source),) if wanted(stem) else ()
    boxes = _label_boxes(values, path)
    labels = [int(value) for value in np.flatnonzero(boxes[:, 6])]
    names = layer.names
    if layer.source != "seg.nrrd":
        given = names or companion_names(path, stem)
        alone = len(labels) == 1
        names = {v: given.get(v) or (stem if alone else f"{stem}:{v}") for v in labels} or {0: stem}
    nothing = np.zeros(7, dtype=np.int64)
    return tuple(
        _one(layer, grid, boxes[value] if value in labels else nothing, (value, name))
        for value, name in sorted(names.items())
        if wanted(name)
    )


def _are_whole(values: "NDArray[np.generic]", path: "FilePath") -> bool:
    """Tell labels stored as floating point (True) from fractions 0..1 (False); refuse others."""
    whole, most, least = True, 0.0, 0.0
    for part in values:
        block = part.astype(np.float64)
        if not np.isfinite(block).all():
            raise unreadable(path, "values that are not finite", "whole labels or fractions 0..1")
        whole = whole and bool((np.abs(block - np.round(block)) <= WHOLE).all())
        most, least = max(most, float(block.max())), min(least, float(block.min()))
    if not whole and (most > 1.0 or least < 0.0):
        raise not_labels(path, f"values between {least:g} and {most:g}")
    return whole


def _fractions(values: "NDArray[np.generic]", grid: Grid, name: str, source: str) -> LabelShape:
    """Make a shape from a map of fractions, cropped to what is not zero."""
    from quant.domain.region import crop_to_box

    corner, block = crop_to_box(values.astype(np.float32))
    shape = (block.shape[0], block.shape[1], block.shape[2])
    flags = (Flag("ROI_PROBABILITY", "values between 0 and 1"),)
    return LabelShape(
        name, grid.cropped(corner, shape), np.ascontiguousarray(block), source=source, flags=flags
    )


def _label_boxes(values: "NDArray[np.generic]", path: "FilePath") -> "NDArray[np.int64]":
    """Return, for every label value, its box and count as (N, 7) int64; see the kernel."""
    from quant_kernels.overlap import label_boxes

    least, most = round(float(values.min())), round(float(values.max()))
    if least < 0 or most > np.iinfo(np.uint16).max:
        raise not_labels(path, f"values between {least} and {most}")
    boxes = np.zeros((most + 1, 7), dtype=np.int64)
    boxes[:, :3] = np.iinfo(np.int64).max
    step = max(1, CHUNK_VOXELS // max(1, values[0].size))
    for start in range(0, values.shape[0], step):
        part = values[start : start + step]
        block = np.ascontiguousarray(_whole(part), dtype=np.int32)
        label_boxes(block, start, boxes)
    found = int(np.count_nonzero(boxes[:, 6]))
    if found > MOST_LABELS:
        raise not_labels(path, f"{found} different values")
    return boxes


def _whole(values: "NDArray[np.generic]") -> "NDArray[np.generic]":
    """Round floating point labels."""
    return np.rint(values) if values.dtype.kind == "f" else values


def _one(
    layer: LabelMap, grid: Grid, box: "NDArray[np.int64]", label: tuple[int, str]
) -> LabelShape:
    """Make the shape of one label from its box; a label without a voxel is one empty voxel."""
    value, name = label
    corner, shape = (0, 0, 0), (1, 1, 1)
    weights = np.zeros(shape, dtype=np.uint8)
    if box[6]:
        low, high = box[:3], box[3:6] + 1
        corner = (int(low[0]), int(low[1]), int(low[2]))
        part = layer.values[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
        weights = np.ascontiguousarray(_whole(part) == value, dtype=np.uint8)
        shape = (weights.shape[0], weights.shape[1], weights.shape[2])
    return LabelShape(name, grid.cropped(corner, shape), weights, source=layer.source)
