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
    image_mm, flags = _against_slices(heights, shape.drawn_on, normal)
    spacing = _usual_gap(gaps, image_mm) if gaps.size else None
    if spacing is None or spacing > THICKEST_SLICE_MM:
        spacing, origin = _assumed_thickness(shape, image_mm, grid, normal)
        flags = (*flags, Flag("ROI_THICKNESS_ASSUMED", f"{spacing:.3f} mm, {origin}"))
    else:
        flags = (*flags, *_uneven(gaps, spacing, image_mm))
    bottom, top = heights - spacing / 2.0, heights + spacing / 2.0
    closed = np.flatnonzero(gaps <= BRIDGED_GAP * spacing)
    middle = (heights[closed] + heights[closed + 1]) / 2.0
    top[closed] = middle
    bottom[closed + 1] = middle
    return np.stack([bottom, top], axis=1), flags


def _uneven(
    gaps: "NDArray[np.float64]", spacing: float, image_mm: float | None
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
    if image_mm is not None and spacing > BRIDGED_GAP * image_mm:
        detail = f"planes {spacing:.3f} mm apart on slices {image_mm:.3f} mm apart"
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


def _usual_gap(gaps: "NDArray[np.float64]", image_mm: float | None) -> float:
    """Return the gap between planes of neighbouring slices, mm.

    That is the most frequent one (the mean of its group; of equals, the least), or the median
    where none makes up half of them. It is never less than the spacing of the slices on which the
    region was drawn, where that is known.
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
    if image_mm is not None and best < (1.0 - EVEN_SPACING) * image_mm:
        return image_mm
    return best


def _assumed_thickness(
    shape: "ContourShape", image_mm: float | None, grid: "Grid", normal: "NDArray[np.float64]"
) -> tuple[float, str]:
    """Return the thickness of a lone contour plane, mm, and where it comes from."""
    if shape.slice_spacing_mm is not None and shape.slice_spacing_mm > 0:
        return float(shape.slice_spacing_mm), "slab thickness of the contours"
    if image_mm is not None:
        return image_mm, "slice spacing of the drawn series"
    cosines = np.abs(normal @ grid.axes_mm) / grid.spacing_mm
    return float(grid.spacing_mm[int(np.argmax(cosines))]), "slice spacing of the emission volume"
