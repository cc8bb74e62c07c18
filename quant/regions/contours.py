"""From closed contours to a stack of prisms.

Each contour plane stands for a slab that reaches half-way to its neighbours, or half the usual
spacing where there is no neighbour. No vertex is ever moved to a pixel.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.domain.flags import Flag
from quant.errors import RegionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quant.domain.grid import Grid
    from quant.domain.shapes import ContourShape

SAME_PLANE_MM = 0.05
"""Contours closer together than this along the normal lie in one plane."""

SAME_VERTEX_MM = 1e-3
"""Two contours are copies of each other when every vertex agrees to this."""

FLATNESS_MM = 0.1
"""Vertices further than this from their contour's plane make the contour tilted."""

EVEN_SPACING = 0.1
"""Relative deviation of a gap from the usual spacing that is still called even."""

BRIDGED_GAP = 1.5
"""A gap of up to this many usual spacings is closed; a wider one stays empty."""

THICKEST_SLICE_MM = 15.0
"""A spacing beyond this is no slice spacing: the contours are single planes far apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """The contours of one plane and the slab for which they stand.

    ``edges_mm`` (E, 2, 2) float64: start and end of every edge in the plane's (u, v), mm;
    ``height_mm``, ``bottom_mm`` and ``top_mm`` along the normal.
    """

    edges_mm: "NDArray[np.float64]"
    height_mm: float
    bottom_mm: float
    top_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Prisms:
    """A contour region as a stack of prisms.

    ``axes`` (3, 3) float64: rows are the unit vectors u, v and the normal, LPS; ``planes`` are
    sorted along the normal; ``points_mm`` (N, 3) float64 are all vertices, LPS.
    """

    axes: "NDArray[np.float64]"
    planes: tuple[Plane, ...]
    points_mm: "NDArray[np.float64]"
    flags: tuple[Flag, ...]

    def box_mm(self) -> "NDArray[np.float64]":
        """(8, 3) float64: corners of the box in (u, v, normal) that holds the prisms, LPS mm."""
        flat = self.points_mm @ self.axes.T
        low, high = flat.min(axis=0), flat.max(axis=0)
        low[2], high[2] = self.planes[0].bottom_mm, self.planes[-1].top_mm
        picks = np.array(np.meshgrid(*[[0, 1]] * 3, indexing="ij")).reshape(3, -1).T
        corners: NDArray[np.float64] = np.where(picks == 0, low, high) @ self.axes
        return corners


def to_prisms(shape: "ContourShape", grid: "Grid") -> Prisms:
    """Sort contours into parallel planes and give each plane its slab.

    Parameters
    ----------
    shape : ContourShape
    grid : Grid
        Emission grid; lends its spacing to a region that has one plane only.

    Raises
    ------
    RegionError
        ``ROI_EMPTY`` when no contour encloses an area.
    """
    contours = [c for c in map(_without_repeats, shape.contours_mm) if c.shape[0] >= 3]
    vectors = [_area_vector(contour) for contour in contours]
    areas = np.array([np.linalg.norm(vector) for vector in vectors])
    if not areas.size or areas.max() <= 0.0:
        raise RegionError(
            "ROI_EMPTY",
            f"Region '{shape.name}' has no closed contour that encloses an area.",
            found=f"{len(shape.contours_mm)} closed contours",
            needed="at least one closed planar contour of three points",
            next_step="draw the region, or remove it from the structure set",
        )
    axes = _plane_axes(vectors, areas)
    kept = [
        contour
        for contour, vector, area in zip(contours, vectors, areas, strict=True)
        if area == 0.0 or abs(vector @ axes[2]) >= 0.5 * area
    ]
    flags = []
    if len(kept) < len(contours):
        left_out = len(contours) - len(kept)
        flags.append(Flag("ROI_CONTOUR_SKIPPED", f"{left_out} contours stand across the others"))
    flat = [contour @ axes.T for contour in kept]
    bent = max(float(np.ptp(points[:, 2])) for points in flat) / 2.0
    if bent > FLATNESS_MM:
        flags.append(Flag("ROI_PLANE", f"vertices up to {bent:.2f} mm off their contour's plane"))
    groups, heights = _group_planes(flat)
    bounds, more = _slabs(heights, shape, grid, axes[2])
    planes = tuple(
        Plane(_edges(group), float(height), float(bottom), float(top))
        for group, height, (bottom, top) in zip(groups, heights, bounds, strict=True)
    )
    return Prisms(axes, planes, np.concatenate(kept), (*flags, *more))


def _without_repeats(contour: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Drop vertices that repeat their predecessor (a closing vertex repeats the first)."""
    points = np.asarray(contour, dtype=np.float64).reshape(-1, 3)
    if points.shape[0] < 2:
        return points
    return points[np.any(points != np.roll(points, 1, axis=0), axis=1)]


def _area_vector(contour: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the vector area (Newell): along the normal, as long as the enclosed area, mm2."""
    centred = contour - contour.mean(axis=0)
    vector: NDArray[np.float64] = np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0) / 2.0
    return vector


def _plane_axes(
    vectors: "list[NDArray[np.float64]]", areas: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    """Return (3, 3): unit rows u, v and the common normal of the contours, LPS.

    The normal points towards its largest component, so that it does not depend on the sense in
    which contours were drawn; a normal along a patient axis is taken exactly.
    """
    lead = vectors[int(np.argmax(areas))]
    aligned = [v * np.sign(v @ lead) for v in vectors if abs(v @ lead) > 0.5 * np.linalg.norm(v)
               * np.linalg.norm(lead)]  # fmt: skip
    normal = np.sum(aligned, axis=0)
    normal /= np.linalg.norm(normal)
    main = int(np.argmax(np.abs(normal)))
    normal *= np.sign(normal[main])
    normal[np.abs(normal) < 1e-9] = 0.0
    side = np.eye(3)[(main + 1) % 3]
    u = side - (side @ normal) * normal
    u /= np.linalg.norm(u)
    return np.stack([u, np.cross(normal, u), normal])


def _group_planes(
    flat: "list[NDArray[np.float64]]",
) -> "tuple[list[list[NDArray[np.float64]]], NDArray[np.float64]]":
    """Group contours (N, 3) in (u, v, normal) by plane, copies removed, sorted by height."""
    heights = np.array([points[:, 2].mean() for points in flat])
    order = np.argsort(heights, kind="stable")
    groups: list[list[NDArray[np.float64]]] = []
    levels: list[list[float]] = []
    for index in order:
        if not levels or heights[index] - levels[-1][-1] > SAME_PLANE_MM:
            groups.append([])
            levels.append([])
        levels[-1].append(float(heights[index]))
        contour = flat[index][:, :2]
        if not any(_is_copy(contour, other) for other in groups[-1]):
            groups[-1].append(contour)
    return groups, np.array([np.mean(level) for level in levels])


def _is_copy(one: "NDArray[np.float64]", other: "NDArray[np.float64]") -> bool:
    """Tell whether two polygons have the same vertices in the same cyclic order."""
    if one.shape != other.shape:
        return False
    starts = np.flatnonzero(np.abs(other - one[0]).max(axis=1) <= SAME_VERTEX_MM)
    for start in starts:
        for turned in (np.roll(other, -start, axis=0), np.roll(other[::-1], start + 1, axis=0)):
            if np.abs(turned - one).max() <= SAME_VERTEX_MM:
                return True
    return False


def _edges(contours: "list[NDArray[np.float64]]") -> "NDArray[np.float64]":
    """(E, 2, 2): start and end (u, v) of every edge of the closed polygons."""
    return np.concatenate([np.stack([c, np.roll(c, -1, axis=0)], axis=1) for c in contours])


def _slabs(
    heights: "NDArray[np.float64]",
    shape: "ContourShape",
    grid: "Grid",
    normal: "NDArray[np.float64]",
) -> "tuple[NDArray[np.float64], tuple[Flag, ...]]":
    """Return (P, 2) bottom and top of each plane's slab, mm along the normal, and flags."""
    gaps = np.diff(heights)
    spacing = _usual_gap(gaps) if gaps.size else None
    flags: tuple[Flag, ...] = ()
    if spacing is None or spacing > THICKEST_SLICE_MM:
        spacing, origin = _assumed_thickness(shape, grid, normal)
        flags = (Flag("ROI_THICKNESS_ASSUMED", f"{spacing:.3f} mm, {origin}"),)
    else:
        odd = np.abs(gaps - spacing) > np.maximum(EVEN_SPACING * spacing, SAME_PLANE_MM)
        if odd.any():
            wide = gaps > BRIDGED_GAP * spacing
            detail = (
                f"{int(odd.sum())} of {gaps.size} gaps differ from {spacing:.3f} mm; "
                f"{int(wide.sum())} of them stay empty"
            )
            flags = (Flag("ROI_PLANE", detail),)
    bottom, top = heights - spacing / 2.0, heights + spacing / 2.0
    closed = np.flatnonzero(gaps <= BRIDGED_GAP * spacing)
    middle = (heights[closed] + heights[closed + 1]) / 2.0
    top[closed] = middle
    bottom[closed + 1] = middle
    return np.stack([bottom, top], axis=1), flags


def _usual_gap(gaps: "NDArray[np.float64]") -> float:
    """Return the most frequent gap between planes (the mean of its group); of equals, the least."""
    best_count, best = 0, 0.0
    for gap in np.sort(gaps):
        near = gaps[np.abs(gaps - gap) <= max(0.02 * gap, SAME_PLANE_MM)]
        if near.size > best_count:
            best_count, best = near.size, float(near.mean())
    return best


def _assumed_thickness(
    shape: "ContourShape", grid: "Grid", normal: "NDArray[np.float64]"
) -> tuple[float, str]:
    """Return the thickness of a lone contour plane, mm, and where it comes from."""
    if shape.slice_spacing_mm is not None and shape.slice_spacing_mm > 0:
        return float(shape.slice_spacing_mm), "slice spacing of the drawn series"
    cosines = np.abs(normal @ grid.axes_mm) / grid.spacing_mm
    return float(grid.spacing_mm[int(np.argmax(cosines))]), "slice spacing of the emission volume"
