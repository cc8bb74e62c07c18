"""From closed contours to a stack of prisms.

Each contour plane stands for a slab that reaches half-way to its neighbours, or half the usual
spacing where there is no neighbour. No vertex is ever moved to a pixel.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.domain.flags import Flag
from quant.errors import RegionError
from quant.regions.overlaps import edges_of, without_copies
from quant.regions.slabs import SAME_PLANE_MM, slabs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quant.domain.grid import Grid
    from quant.domain.shapes import ContourShape

FLATNESS_MM = 0.1
"""Vertices further than this from their contour's plane make the contour tilted."""


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
    groups, heights, crossing = _group_planes(flat)
    if crossing:
        flags.append(Flag("ROI_CONTOURS_CROSS", f"{crossing} pairs of contours"))
    bounds, more = slabs(heights, shape, grid, axes[2])
    planes = tuple(
        Plane(edges_of(group), float(height), float(bottom), float(top))
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
    """Return a vector along the normal, as long as the area swept about the middle, mm2.

    All parts are turned to one side first: in a contour that crosses itself (a figure of eight)
    the loops would cancel each other.
    """
    centred = contour - contour.mean(axis=0)
    parts = np.cross(centred, np.roll(centred, -1, axis=0)) / 2.0
    lead = parts[int(np.argmax((parts * parts).sum(axis=1)))]
    vector: NDArray[np.float64] = (parts * np.sign(parts @ lead)[:, None]).sum(axis=0)
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
) -> "tuple[list[list[NDArray[np.float64]]], NDArray[np.float64], int]":
    """Group contours (N, 3) in (u, v, normal) by plane, copies removed, sorted by height.

    The third value counts pairs of contours that overlap in part.
    """
    heights = np.array([points[:, 2].mean() for points in flat])
    order = np.argsort(heights, kind="stable")
    groups: list[list[NDArray[np.float64]]] = []
    levels: list[list[float]] = []
    for index in order:
        if not levels or heights[index] - levels[-1][-1] > SAME_PLANE_MM:
            groups.append([])
            levels.append([])
        levels[-1].append(float(heights[index]))
        groups[-1].append(flat[index][:, :2])
    cleaned = [without_copies(group) for group in groups]
    crossing = sum(count for _, count in cleaned)
    return [group for group, _ in cleaned], np.array([np.mean(lv) for lv in levels]), crossing
