"""NRRD label maps and 3D Slicer segmentations (.seg.nrrd)."""

import re
from typing import TYPE_CHECKING

import numpy as np

from quant.images.labels import MOST_VOXELS, LabelMap, unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

TO_LPS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
"""Signs that take each anatomical space of the format to LPS."""

SEGMENT = re.compile(r"Segment(\d+)_(?:ID|Name|LabelValue|Layer)$")


def read_nrrd(path: "Path") -> tuple[LabelMap, ...]:
    """Read a NRRD file: one label map, or one for each layer of a segmentation.

    Parameters
    ----------
    path : Path
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
    import nrrd

    try:
        header = nrrd.read_header(str(path))
        if int(np.prod([int(n) for n in header["sizes"]])) > MOST_VOXELS:
            raise unreadable(path, f"sizes {list(header['sizes'])}", "a label map of one volume")
        data, header = nrrd.read(str(path))
    except nrrd.NRRDError as error:
        raise unreadable(path, str(error), "a NRRD file") from error
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
        name = str(header.get(f"{key}Name", "") or header.get(f"{key}ID", f"segment {number}"))
        if not 0 <= layer < len(layers):
            raise unreadable(path, f"segment '{name}' in layer {layer}", f"{len(layers)} layers")
        names.setdefault(layer, {})[value] = name.strip()
    return tuple(
        LabelMap(layers[layer], affine, found, "seg.nrrd") for layer, found in sorted(names.items())
    )


def _layers(
    path: "Path", data: "NDArray[np.generic]", header: "Mapping[str, object]"
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
