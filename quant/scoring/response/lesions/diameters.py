"""Longest axial diameter and short axis of a region, in one plane of its grid.

Readers set callipers on the outer border of a lesion. The border of a region is taken where the
weight crosses one half between two neighbouring pixel centres, linearly: for a binary region half
way between the last pixel inside and the first outside (the vertices of IBSI's mesh), for a region
with fractions at its edge, where the fraction says. Pixel corners would make a disc too large and
pixel centres too small by about a pixel (``docs/response.md`` has the figures).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.region import INSIDE_WEIGHT, Region
from quant.errors import RegionError

TIE = 1e-9
"""Two lines whose lengths differ by less than this part are equally long."""

TILT_DEGREES = 10.0
"""Planes tilted by more than this against the axial plane are flagged."""


class Plane(StrEnum):
    """In which planes of the grid diameters are measured."""

    AXIAL = "axial"
    """Those nearest to the axial plane of the patient; of an axial scan, its slices."""
    ACQUISITION = "acquisition"
    """The slices, whatever their direction."""


@dataclass(frozen=True, slots=True)
class AxialDiameters:
    """Diameters of a region in one plane.

    Parameters
    ----------
    longest_mm : float
        Longest distance of two points of the border within one plane, over all planes.
    short_mm : float
        Extent of the region at right angles to that line, in the same plane.
    ends_mm : (2, 3) float64
        Ends of the longest line, LPS.
    axis, index : int
        Array axis across the planes, and position of the plane on it, in the grid.
    tilt_degrees : float
        Angle between the plane and the axial plane of the patient.
    parts : int
        Separate parts of the region in that plane.
    flags : tuple of Flag
    """

    longest_mm: float
    short_mm: float
    ends_mm: NDArray[np.float64]
    axis: int
    index: int
    tilt_degrees: float
    parts: int
    flags: tuple[Flag, ...] = ()


def axial_diameters(region: Region, plane: Plane = Plane.AXIAL) -> AxialDiameters:
    """Measure the longest axial diameter of a region, and its short axis.

    Of equally long lines the one with the greatest extent across it counts, so that the result
    does not depend on the direction in which the grid is stored.

    Parameters
    ----------
    region : Region
        On any grid: anisotropic, reversed, oblique or sheared.
    plane : Plane

    Raises
    ------
    RegionError
        ``REGION_BELOW_HALF`` if no voxel belongs to the region at least by half.

    References
    ----------
    Eisenhauer et al. 2009, doi:10.1016/j.ejca.2008.10.026, 3.1.1 and 4.3.2 (nodes)
    """
    axis, tilt = _choose_axis(region.grid, plane)
    planes = np.moveaxis(region.weights, axis, 0).astype(np.float64)
    if not (planes >= INSIDE_WEIGHT).any():
        raise RegionError(
            "REGION_BELOW_HALF",
            "The region has no diameter.",
            found="no voxel of which at least half belongs to it",
            needed="at least one",
            next_step="check the region, or write the lesion as too small",
        )
    steps = np.delete(region.grid.axes_mm, axis, axis=1)
    basis = _plane_basis(steps)
    best = (0.0, 0.0)
    place, ends = 0, np.zeros((2, 2))
    for number, weights in enumerate(planes):
        points = border_points(weights)
        if not len(points):
            continue
        flat = points @ (steps.T @ basis)
        if _box_diagonal(flat) < best[0] * (1.0 - TIE):
            continue
        longest, short, pair = longest_and_short(flat)
        if _is_better((longest, short), best):
            best, place, ends = (longest, short), number, flat[pair]
    index = place + region.corner[axis]
    mask = planes[place] >= INSIDE_WEIGHT
    parts = _count_parts(mask)
    return AxialDiameters(
        best[0],
        best[1],
        _to_patient(ends, region, axis, index, basis),
        axis,
        index,
        tilt,
        parts,
        _flags(region, axis, tilt, parts),
    )


def _choose_axis(grid: Grid, plane: Plane) -> tuple[int, float]:
    """Array axis across the planes, and the tilt of the planes against the axial one, degrees."""
    cosines = []
    for axis in range(3):
        one, other = np.delete(grid.axes_mm, axis, axis=1).T
        normal = np.cross(one, other)
        cosines.append(abs(normal[2]) / float(np.linalg.norm(normal)))
    axis = 0 if plane is Plane.ACQUISITION else int(np.argmax(np.round(cosines, 9)))
    return axis, math.degrees(math.acos(min(1.0, cosines[axis])))


def _plane_basis(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 2): two unit vectors at right angles in the plane of the two steps (3, 2)."""
    first = steps[:, 0] / np.linalg.norm(steps[:, 0])
    rest = steps[:, 1] - (steps[:, 1] @ first) * first
    return np.stack((first, rest / np.linalg.norm(rest)), axis=1)


def border_points(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points where the weight crosses one half, the outermost of each row and column.

    Parameters
    ----------
    weights : (J, I) float64
        0 beyond the array.

    Returns
    -------
    (M, 2) float64
        Positions (j, i) in pixels; every corner of the border's convex hull is among them.
    """
    along_rows = _crossings(weights)
    along_columns = _crossings(weights.T)[:, ::-1]
    return np.concatenate((along_rows, along_columns))


def _crossings(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(M, 2): row, and first or last crossing within it."""
    padded = np.pad(weights, ((0, 0), (1, 1)))
    inside = padded >= INSIDE_WEIGHT
    rows = np.flatnonzero(inside.any(axis=1))
    first = inside[rows].argmax(axis=1)
    last = padded.shape[1] - 1 - inside[rows, ::-1].argmax(axis=1)
    found = []
    for edge, outward in ((first, -1), (last, 1)):
        within, beyond = padded[rows, edge], padded[rows, edge + outward]
        position = edge + outward * (within - INSIDE_WEIGHT) / (within - beyond)
        found.append(np.stack((rows, position - 1.0), axis=1))
    return np.concatenate(found)


def longest_and_short(
    points: NDArray[np.float64],
) -> tuple[float, float, NDArray[np.int64]]:
    """Longest distance of two points, and the extent at right angles to it.

    Parameters
    ----------
    points : (M, 2) float64
        At least one, mm.

    Returns
    -------
    longest_mm, short_mm : float
    pair : (2,) int
        Places of the two points in ``points``.
    """
    corners = convex_hull(points)
    pairs = np.array(list(antipodal_pairs(points[corners])), dtype=np.int64).reshape(-1, 2)
    hull = points[corners]
    lines = hull[pairs[:, 1]] - hull[pairs[:, 0]]
    lengths = np.hypot(lines[:, 0], lines[:, 1])
    longest = float(lengths.max())
    if longest == 0.0:
        return 0.0, 0.0, corners[[0, 0]]
    tied = np.flatnonzero(lengths >= longest * (1.0 - TIE))
    across = np.stack((-lines[tied, 1], lines[tied, 0]), axis=1) / lengths[tied, None]
    heights = hull @ across.T
    extents = heights.max(axis=0) - heights.min(axis=0)
    chosen = int(np.argmax(extents))
    return longest, float(extents[chosen]), corners[pairs[tied[chosen]]]


def convex_hull(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places of the corners of the convex hull, counter-clockwise (Andrew's monotone chain)."""
    order = np.lexsort((points[:, 1], points[:, 0]))
    listed = [(float(points[n, 0]), float(points[n, 1]), int(n)) for n in order]
    lower, upper = _chain(listed), _chain(listed[::-1])
    corners = lower[:-1] + upper[:-1]
    return np.array([n for _, _, n in corners] or [listed[0][2]], dtype=np.int64)


def _chain(listed: list[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    chain: list[tuple[float, float, int]] = []
    for x, y, n in listed:
        while len(chain) >= 2:
            (x0, y0, _), (x1, y1, _) = chain[-2], chain[-1]
            if (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0.0:
                break
            chain.pop()
        chain.append((x, y, n))
    return chain


def antipodal_pairs(hull: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Pairs of corners through which parallel lines of support go (rotating callipers).

    Parameters
    ----------
    hull : (H, 2) float64
        Corners, counter-clockwise. About 3 H pairs come out; the farthest pair is one of them.
    """
    count = len(hull)
    corners = [(float(x), float(y)) for x, y in hull]
    far = 1 % count
    for here in range(count):
        ahead = (here + 1) % count
        edge = (corners[ahead][0] - corners[here][0], corners[ahead][1] - corners[here][1])
        while True:
            further = (far + 1) % count
            step = (
                corners[further][0] - corners[far][0],
                corners[further][1] - corners[far][1],
            )
            if edge[0] * step[1] - edge[1] * step[0] <= 0.0:
                break
            yield here, far
            far = further
        yield here, far
        yield here, (far + 1) % count


def _box_diagonal(points: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(points.max(axis=0) - points.min(axis=0)))


def _is_better(one: tuple[float, float], best: tuple[float, float]) -> bool:
    """Longer, or as long and with a greater extent across."""
    if abs(one[0] - best[0]) > TIE * best[0]:
        return one[0] > best[0]
    return one[1] > best[1] * (1.0 + TIE)


def _to_patient(
    ends: NDArray[np.float64], region: Region, axis: int, index: int, basis: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(2, 3) LPS mm of two points in the plane, given from the first voxel of the region's box."""
    origin = list(region.corner)
    origin[axis] = index
    found: NDArray[np.float64] = region.grid.to_mm(origin) + ends @ basis.T
    return found


def _count_parts(mask: NDArray[np.bool_]) -> int:
    from quant.measure.shape.surface import count_parts

    block = np.ascontiguousarray(mask[None]).view(np.uint8)
    return int(count_parts(block)[0])


def _flags(region: Region, axis: int, tilt: float, parts: int) -> tuple[Flag, ...]:
    flags = []
    if parts > 1:
        flags.append(Flag("DIAMETER_PARTS", f"{region.name}: {parts} parts in its plane"))
    if tilt > TILT_DEGREES:
        flags.append(Flag("DIAMETER_OBLIQUE", f"{region.name}: {tilt:.1f} degrees"))
    for other in (a for a in range(3) if a != axis):
        used = np.flatnonzero(region.mask.any(axis=tuple(a for a in range(3) if a != other)))
        start = region.corner[other]
        if used[0] + start == 0 or used[-1] + start == region.grid.shape[other] - 1:
            flags.append(Flag("DIAMETER_EDGE", region.name))
            break
    return tuple(flags)
