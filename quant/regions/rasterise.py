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
from quant.regions.frames import check_frame, outside, require_overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLIPPED_FRACTION = 1e-3
"""Part of a region outside the emission volume from which on it is called clipped."""

EDGE_SLACK = 1e-3
"""A region may pass the grid's outer edge by this part of a voxel and still lie inside."""

SAME_SUM = 1e-9
"""Sums of weights that agree to this part need no correction."""

SMALL_VOXELS = 8.0
"""A region of fewer voxels than this, by volume, is small."""


def rasterise(
    shape: Shape,
    grid: Grid,
    rule: RasterRule,
    role: Role = Role.OTHER,
    *,
    accept_other_frame: bool = False,
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
    accept_other_frame : bool
        Take a region of another frame of reference, flagged, instead of refusing it.

    Returns
    -------
    region : Region
        Weights on ``grid``, cropped to their box, with the fraction that was clipped.
    flags : tuple of Flag
        ``FOR_ASSUMED``, ``ROI_FOR_OVERRIDDEN``, ``ROI_CLIPPED``, ``ROI_SMALL``, ``ROI_PLANE``,
        ``ROI_THICKNESS_ASSUMED``, ``ROI_CONTOUR_SKIPPED``, ``ROI_CONTOURS_CROSS``; those of the
        shape itself are not repeated.

    Raises
    ------
    RegionError
        ``ROI_FOR_MISMATCH``, ``ROI_EMPTY`` or ``ROI_OUTSIDE``.

    Notes
    -----
    A region from DICOM without a frame of reference, or on a volume without one, must lie in the
    volume by at least half. Formats that know no frame (NIfTI, NRRD, MHA) may be clipped by more:
    an organ of a whole-torso CT often leaves the field of view of the camera.

    Inside the volume, the fractional weights times the voxel volume sum up to the region's own
    volume, that of its polygons or of its labels, on any grid.
    """
    flags = list(check_frame(shape, grid, accept_other=accept_other_frame))
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
        raise outside(shape, 1.0)
    target = upright.cropped(corner, size)
    clipped = 0.0 if inside else _clipped_fraction(source, target, volume_ml)
    require_overlap(shape, clipped, flags)
    if clipped > CLIPPED_FRACTION:
        flags.append(Flag("ROI_CLIPPED", f"{100.0 * clipped:.1f} % of the region"))
    weights = _weights(source, target, centres=rule is RasterRule.CENTRE)
    if inside and rule is RasterRule.FRACTIONAL and not _is_exact(source, target):
        weights = _conserve(weights, volume_ml / target.voxel_volume_ml)
    flags += _about_voxels(source, target, volume_ml)
    moved, block = crop_to_box(_clean(weights))
    if not block.size:
        raise _empty(shape, f"no voxel inside by the rule '{rule}'")
    start = tuple(c + m for c, m in zip(corner, moved, strict=True))
    start, block = _lie_down(start, block, (upright.shape, order, flips))
    region = Region(grid, start, block, shape.name, role, rule, shape.source, clipped)
    return region, _merged(flags)


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


def _is_exact(source: contours.Prisms | LabelShape, target: Grid) -> bool:
    """Tell whether weights come from areas alone, without a sample or a slight turn."""
    if isinstance(source, LabelShape):
        return False
    unit = target.axes_mm / target.spacing_mm
    return float(np.abs(source.axes[2] @ unit).max()) >= 1.0 - SAME_SUM


def _about_voxels(
    source: contours.Prisms | LabelShape, target: Grid, volume_ml: float
) -> tuple[Flag, ...]:
    """Flag a region that is small against the voxels, or drawn askew to them."""
    flags: list[Flag] = []
    voxels = volume_ml / target.voxel_volume_ml
    if voxels < SMALL_VOXELS:
        detail = f"{voxels:.2f} voxels by volume, fewer than {SMALL_VOXELS:g}"
        flags.append(Flag("ROI_SMALL", detail))
    if isinstance(source, contours.Prisms) and prisms.parallel_axis(source, target) is None:
        unit = target.axes_mm / target.spacing_mm
        cosine = min(float(np.abs(source.axes[2] @ unit).max()), 1.0)
        detail = f"planes stand {np.degrees(np.arccos(cosine)):.1f} degrees askew to the voxels"
        flags.append(Flag("ROI_PLANE", detail))
    return tuple(flags)


def _conserve(weights: "NDArray[np.float64]", voxels: float) -> "NDArray[np.float64]":
    """Bring weights to their exact sum where sampling left it a little off.

    The difference goes to the voxels at the region's border in proportion to w (1 - w), the
    variance of a sampled part; where that would leave 0..1, all weights are scaled instead.
    """
    weights = np.clip(weights, 0.0, 1.0)
    missing = voxels - float(weights.sum())
    if abs(missing) <= SAME_SUM * voxels:
        return weights
    border = weights * (1.0 - weights)
    room = float(border.sum())
    if room > abs(missing):
        return weights + missing / room * border
    total = float(weights.sum())
    return weights * (voxels / total) if total > 0.0 else weights


def _merged(flags: list[Flag]) -> tuple[Flag, ...]:
    """Say everything about one code in one flag."""
    details: dict[str, list[str]] = {}
    for flag in flags:
        details.setdefault(flag.code, []).append(flag.detail)
    return tuple(Flag(code, "; ".join(found)) for code, found in details.items())


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
