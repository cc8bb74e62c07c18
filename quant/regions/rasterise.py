"""Lay a drawn region on the emission grid as weights 0..1.

The emission volume is never resampled; the region comes to it, whatever the grid in which it was
drawn. Contours are cut exactly as prisms (:mod:`quant.regions.prisms`), label maps by box overlap
(:mod:`quant.regions.labelmaps`).
"""

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.region import RasterRule, Region, Role, crop_to_box
from quant.domain.shapes import ContourShape, LabelShape, Shape
from quant.errors import RegionError
from quant.regions import contours, labelmaps, prisms

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLIPPED_FRACTION = 1e-3
"""Part of a region outside the emission volume from which on it is called clipped."""

ASSUMED_OVERLAP = 0.5
"""Without a frame of reference, at least this part of a region must lie in the volume."""

EDGE_SLACK = 1e-3
"""A region may pass the grid's outer edge by this part of a voxel and still lie inside."""

DICOM_SOURCES = ("RTSTRUCT", "SEG")


def rasterise(
    shape: Shape, grid: Grid, rule: RasterRule, role: Role = Role.OTHER
) -> tuple[Region, tuple[Flag, ...]]:
    """Lay a region on a grid.

    Parameters
    ----------
    shape : ContourShape or LabelShape
        The region as it was drawn, LPS mm.
    grid : Grid
        Emission grid.
    rule : RasterRule
        ``fractional``: the weight is the part of the voxel inside the region. ``centre``: 1 where
        the voxel's centre lies inside.
    role : Role
        What the region means to the method.

    Returns
    -------
    region : Region
        Weights on ``grid``, cropped to their box, with the fraction that was clipped.
    flags : tuple of Flag
        ``FOR_ASSUMED``, ``ROI_CLIPPED``, ``ROI_PLANE``, ``ROI_THICKNESS_ASSUMED``,
        ``ROI_CONTOUR_SKIPPED``; those of the shape itself are not repeated.

    Raises
    ------
    RegionError
        ``ROI_FOR_MISMATCH``, ``ROI_EMPTY`` or ``ROI_OUTSIDE``.

    Notes
    -----
    A region from DICOM without a frame of reference, or on a volume without one, must lie in the
    volume by at least half. Formats that know no frame (NIfTI, NRRD, MHA) may be clipped by more:
    an organ of a whole-torso CT often leaves the field of view of the camera.
    """
    flags = list(_check_frame(shape, grid))
    upright, order, flips = _stand_upright(grid)
    if isinstance(shape, ContourShape):
        stack = contours.to_prisms(shape, upright)
        flags += stack.flags
        source: contours.Prisms | LabelShape = stack
        corners, volume_ml = stack.box_mm(), prisms.volume_ml(stack)
    else:
        source = shape
        corners, volume_ml = labelmaps.box_mm(shape), labelmaps.volume_ml(shape)
    if not volume_ml > 0.0:
        raise _empty(shape, "no voxel inside")
    corner, size, inside = _cover_box(corners, upright)
    if min(size) < 1:
        raise _outside(shape, 1.0)
    target = upright.cropped(corner, size)
    clipped = 0.0 if inside else _clipped_fraction(source, target, volume_ml)
    _require_overlap(shape, clipped, flags)
    if clipped > CLIPPED_FRACTION:
        flags.append(Flag("ROI_CLIPPED", f"{100.0 * clipped:.1f} % of the region"))
    weights = _clean(_weights(source, target, centres=rule is RasterRule.CENTRE))
    moved, block = crop_to_box(weights)
    if not block.size:
        raise _empty(shape, f"no voxel inside by the rule '{rule}'")
    start = tuple(c + m for c, m in zip(corner, moved, strict=True))
    start, block = _lie_down(start, block, (upright.shape, order, flips))
    region = Region(grid, start, block, shape.name, role, rule, shape.source, clipped)
    return region, tuple(flags)


def _check_frame(shape: Shape, grid: Grid) -> tuple[Flag, ...]:
    """Refuse a region drawn in another frame of reference; flag one whose frame is assumed."""
    drawn = shape.frame_of_reference_uid.strip(" \0")
    wanted = grid.frame_of_reference_uid.strip(" \0")
    if drawn and wanted and drawn != wanted:
        raise RegionError(
            "ROI_FOR_MISMATCH",
            f"Region '{shape.name}' was drawn in another frame of reference.",
            found=f"frame of reference ...{drawn[-24:]}",
            needed=f"...{wanted[-24:]}, the frame of the emission volume",
            next_step="transfer the region to the emission volume's frame and export it again",
        )
    if shape.source in DICOM_SOURCES and not (drawn and wanted):
        missing = "the region" if not drawn else "the emission volume"
        return (Flag("FOR_ASSUMED", f"{missing} names no frame of reference"),)
    return ()


def _require_overlap(shape: Shape, clipped: float, flags: list[Flag]) -> None:
    """Refuse a region outside the volume, or too far outside for an assumed frame."""
    assumed = any(flag.code == "FOR_ASSUMED" for flag in flags)
    if clipped >= 1.0 or (assumed and clipped > 1.0 - ASSUMED_OVERLAP):
        raise _outside(shape, clipped)


def _stand_upright(grid: Grid) -> tuple[Grid, tuple[int, ...], tuple[int, ...]]:
    """Turn a grid so that its axes run, as nearly as can be, towards +z, +y and +x.

    The same voxels stored head to feet, mirrored or as a sagittal stack then go through the same
    arithmetic and get the same weights. Returns the turned grid, the grid's axis for each turned
    axis, and those of the turned axes that were flipped.
    """
    unit = (grid.axes_mm / grid.spacing_mm)[::-1]  # rows z, y, x
    order = max(permutations(range(3)), key=lambda p: float(np.abs(unit[range(3), list(p)]).sum()))
    shape = (grid.shape[order[0]], grid.shape[order[1]], grid.shape[order[2]])
    affine = grid.affine[:, [*order, 3]].copy()
    flips = tuple(axis for axis in range(3) if affine[2 - axis, axis] < 0)
    for axis in flips:
        affine[:3, 3] += (shape[axis] - 1) * affine[:3, axis]
        affine[:3, axis] *= -1.0
    return Grid(shape, affine, grid.frame_of_reference_uid), tuple(order), flips


def _lie_down(
    corner: tuple[int, ...],
    block: "NDArray[np.float32]",
    turned: tuple[tuple[int, int, int], tuple[int, ...], tuple[int, ...]],
) -> tuple[tuple[int, int, int], "NDArray[np.float32]"]:
    """Take a box of weights back from the upright grid to the grid as it is stored."""
    shape, order, flips = turned
    start = list(corner)
    for axis in flips:
        start[axis] = shape[axis] - corner[axis] - block.shape[axis]
    back = np.argsort(order)
    stored = np.transpose(np.flip(block, flips), back)
    return (start[back[0]], start[back[1]], start[back[2]]), np.ascontiguousarray(stored)


def _cover_box(
    corners_mm: "NDArray[np.float64]", grid: Grid
) -> tuple[tuple[int, int, int], tuple[int, int, int], bool]:
    """Return corner and size of the voxels that a box of LPS points touches, cut to the grid.

    The third value tells whether the box lies wholly inside the grid.
    """
    index = grid.to_index(corners_mm)
    low, high = index.min(axis=0), index.max(axis=0)
    edge = np.array(grid.shape) - 0.5
    inside = bool((low >= -0.5 - EDGE_SLACK).all() and (high <= edge + EDGE_SLACK).all())
    first = np.clip(np.floor(low + 0.5 - EDGE_SLACK), 0, grid.shape).astype(int)
    last = np.clip(np.ceil(high + 0.5 + EDGE_SLACK), 0, grid.shape).astype(int)
    size = np.maximum(last - first, 0)
    return (
        (int(first[0]), int(first[1]), int(first[2])),
        (int(size[0]), int(size[1]), int(size[2])),
        inside,
    )


def _clipped_fraction(
    source: contours.Prisms | LabelShape, target: Grid, volume_ml: float
) -> float:
    """Return the part of a region's own volume that lies outside the grid."""
    covered = float(_weights(source, target, centres=False).sum()) * target.voxel_volume_ml
    return min(max(1.0 - covered / volume_ml, 0.0), 1.0)


def _weights(
    source: contours.Prisms | LabelShape, target: Grid, *, centres: bool
) -> "NDArray[np.float64]":
    """Return weights (K, J, I) float64 on ``target``."""
    if isinstance(source, LabelShape):
        return labelmaps.label_weights(source, target, centres=centres)
    along = prisms.parallel_axis(source, target)
    if along is None:
        return prisms.askew_weights(source, target, centres=centres)
    return prisms.parallel_weights(source, target, along, centres=centres)


def _clean(weights: "NDArray[np.float64]") -> "NDArray[np.float32]":
    """Bring weights to float32 in 0..1, without rounding dust."""
    cleaned = np.clip(weights, 0.0, 1.0).astype(np.float32)
    cleaned[cleaned < labelmaps.DUST] = 0.0
    return cleaned


def _empty(shape: Shape, found: str) -> RegionError:
    return RegionError(
        "ROI_EMPTY",
        f"Region '{shape.name}' is empty.",
        found=found,
        needed="a region that holds part of the emission volume",
        next_step="draw the region, or remove it",
    )


def _outside(shape: Shape, clipped: float) -> RegionError:
    return RegionError(
        "ROI_OUTSIDE",
        f"Region '{shape.name}' lies outside the emission volume.",
        found=f"{100.0 * clipped:.0f} % of the region outside",
        needed="a region inside the volume"
        if clipped >= 1.0
        else "at least half of the region inside, as its frame of reference is assumed",
        next_step="check that region and volume belong to the same examination",
    )
