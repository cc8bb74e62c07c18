"""How thick a slab each contour plane stands for."""

from typing import TYPE_CHECKING

import numpy as np

from quant.domain.flags import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quant.domain.grid import Grid
    from quant.domain.shapes import ContourShape, ImageSlices

SAME_PLANE_MM = 0.05
"""Contours closer together than this along the normal lie in one plane."""

LEAST_GAP_MM = 0.3
"""Planes closer than this are the same slice with an offset, not neighbouring slices."""

EVEN_SPACING = 0.1
"""Relative deviation of a gap from the usual spacing that is still called even."""

BRIDGED_GAP = 1.5
"""A gap of up to this many usual spacings is closed; a wider one stays empty."""

THICKEST_SLICE_MM = 15.0
"""A spacing beyond this is no slice spacing: the contours are single planes far apart."""

OFF_SLICE = 0.1
"""A plane lies off the slices when it misses them by more than this part of their spacing."""

IN_SLICE_SINE = 0.01
"""Contours lie in slices when their normals stand apart by less than this sine."""


def slabs(
    heights: "NDArray[np.float64]",
    shape: "ContourShape",
    grid: "Grid",
    normal: "NDArray[np.float64]",
) -> "tuple[NDArray[np.float64], tuple[Flag, ...]]":
    """Give each contour plane its slab.

    Parameters
    ----------
    heights : (P,) float64, ascending
        Planes along the normal, mm.
    shape : ContourShape
        Lends what it knows of the slices on which it was drawn.
    grid : Grid
        Emission grid; lends its spacing to a region that has one plane only.
    normal : (3,) float64
        Of the planes, LPS.

    Returns
    -------
    bounds : (P, 2) float64
        Bottom and top of each slab, mm along the normal.
    flags : tuple of Flag
        ``ROI_THICKNESS_ASSUMED``, ``ROI_PLANE``.
    """
    gaps = np.diff(heights)
    known_mm, origin, flags = _known_thickness(heights, shape, normal)
    spacing = _usual_gap(gaps, known_mm) if gaps.size else None
    if spacing is None or spacing > THICKEST_SLICE_MM:
        spacing = known_mm or _grid_spacing(grid, normal)
        detail = f"{spacing:.3f} mm, {origin or 'slice spacing of the emission volume'}"
        flags = (*flags, Flag("ROI_THICKNESS_ASSUMED", detail))
    else:
        flags = (*flags, *_uneven(gaps, spacing, known_mm))
        if gaps.size == 1 and not known_mm and spacing > BRIDGED_GAP * _grid_spacing(grid, normal):
            detail = f"{spacing:.3f} mm, distance of the only two planes"
            flags = (*flags, Flag("ROI_THICKNESS_ASSUMED", detail))
    bottom, top = heights - spacing / 2.0, heights + spacing / 2.0
    closed = np.flatnonzero(gaps <= BRIDGED_GAP * spacing)
    middle = (heights[closed] + heights[closed + 1]) / 2.0
    top[closed] = middle
    bottom[closed + 1] = middle
    return np.stack([bottom, top], axis=1), flags


def _known_thickness(
    heights: "NDArray[np.float64]", shape: "ContourShape", normal: "NDArray[np.float64]"
) -> tuple[float | None, str, tuple[Flag, ...]]:
    """Return how thick a slab is, mm, without a look at the planes; whence; and what disagrees."""
    image_mm, flags = _against_slices(heights, shape.drawn_on, normal)
    if shape.slice_spacing_mm is not None and shape.slice_spacing_mm > 0:
        return float(shape.slice_spacing_mm), "slab thickness of the contours", flags
    return image_mm, "slice spacing of the drawn series" if image_mm else "", flags


def _uneven(
    gaps: "NDArray[np.float64]", spacing: float, known_mm: float | None
) -> tuple[Flag, ...]:
    """Flag gaps that differ from the usual one, and slices that were passed over."""
    flags: list[Flag] = []
    odd = np.abs(gaps - spacing) > np.maximum(EVEN_SPACING * spacing, SAME_PLANE_MM)
    if odd.any():
        wide = gaps > BRIDGED_GAP * spacing
        detail = (
            f"{int(odd.sum())} of {gaps.size} gaps differ from {spacing:.3f} mm; "
            f"{int(wide.sum())} of them stay empty"
        )
        flags.append(Flag("ROI_PLANE", detail))
    if known_mm is not None and spacing > BRIDGED_GAP * known_mm:
        detail = f"planes {spacing:.3f} mm apart on slices {known_mm:.3f} mm apart"
        flags.append(Flag("ROI_PLANE", detail))
    return tuple(flags)


def _against_slices(
    heights: "NDArray[np.float64]", slices: "ImageSlices | None", normal: "NDArray[np.float64]"
) -> tuple[float | None, tuple[Flag, ...]]:
    """Return the spacing of the slices on which a region was drawn, mm, and what misses them.

    The spacing is None where the slices are not known, or most contours do not lie in them.
    """
    if slices is None:
        return None, ()
    sine = float(np.linalg.norm(np.cross(slices.normal, normal)))
    if sine > IN_SLICE_SINE:
        degrees = np.degrees(np.arcsin(min(sine, 1.0)))
        detail = f"planes stand {degrees:.1f} degrees off the slices on which they were drawn"
        return None, (Flag("ROI_PLANE", detail),)
    places = np.sort(slices.positions_mm @ normal)
    steps = np.diff(places)
    steps = steps[steps > SAME_PLANE_MM]
    if not steps.size:
        return None, ()
    spacing = float(np.median(steps))
    off = np.abs(heights[:, None] - places[None, :]).min(axis=1)
    missed = off > max(OFF_SLICE * spacing, SAME_PLANE_MM)
    if not missed.any():
        return spacing, ()
    detail = (
        f"{int(missed.sum())} of {heights.size} planes lie up to {float(off.max()):.2f} mm off "
        "the slices on which they were drawn"
    )
    explained = 2 * int(missed.sum()) < heights.size
    return spacing if explained else None, (Flag("ROI_PLANE", detail),)


def _usual_gap(gaps: "NDArray[np.float64]", known_mm: float | None) -> float:
    """Return the gap between planes of neighbouring slices, mm.

    That is the most frequent one (the mean of its group; of equals, the least), or the median
    where none makes up half of them. It is never less than the spacing of the slices on which the
    region was drawn, where that is known; two planes further apart than that are two slices.
    """
    slice_gaps = gaps[gaps >= LEAST_GAP_MM]
    usable = slice_gaps if slice_gaps.size else gaps
    best_count, best = 0, 0.0
    for gap in np.sort(usable):
        near = usable[np.abs(usable - gap) <= max(0.02 * gap, SAME_PLANE_MM)]
        if near.size > best_count:
            best_count, best = near.size, float(near.mean())
    if 2 * best_count < usable.size:
        best = float(np.median(usable))
    if known_mm is None:
        return best
    alone = gaps.size == 1 and best > BRIDGED_GAP * known_mm
    return known_mm if alone or best < (1.0 - EVEN_SPACING) * known_mm else best


def _grid_spacing(grid: "Grid", normal: "NDArray[np.float64]") -> float:
    """Return the spacing of the grid's axis that runs most nearly along a normal, mm."""
    cosines = np.abs(normal @ grid.axes_mm) / grid.spacing_mm
    return float(grid.spacing_mm[int(np.argmax(cosines))])
