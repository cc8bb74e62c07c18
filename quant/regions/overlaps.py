"""Contours of one plane that lie on one another: copies are dropped, partial overlaps are told."""

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SAME_VERTEX_MM = 1e-3
"""Two contours are copies of each other when every vertex agrees to this."""

COPY_MM = 0.05
"""So are two whose outlines run, on the average, closer to each other than this."""

NEAR_MM = 0.25
"""Outlines closer than this on the average are hardly a wall that someone drew."""

SLIGHT_OVERLAP = 0.01
"""Contours that share less of the smaller one than this, or all but this, do not cross."""


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """A closed contour (N, 2) in its plane, mm, with what every comparison needs."""

    points: "NDArray[np.float64]"
    low: "NDArray[np.float64]"
    high: "NDArray[np.float64]"
    area: float
    perimeter: float

    @classmethod
    def of(cls, points: "NDArray[np.float64]") -> "Polygon":
        """Measure a polygon; its area is that of the even-odd rule, mm2."""
        around = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1)
        area = enclosed_mm2([points])
        return cls(points, points.min(axis=0), points.max(axis=0), area, float(around.sum()))


def edges_of(contours: "Sequence[NDArray[np.float64]]") -> "NDArray[np.float64]":
    """(E, 2, 2): start and end (u, v) of every edge of the closed polygons."""
    return np.concatenate([np.stack([c, np.roll(c, -1, axis=0)], axis=1) for c in contours])


def scan_edges(edges: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Order edges (E, 2, 2) of (column, row) pairs for scanning.

    Returns (E, 4): lower row, upper row, column at the lower row, columns per row; level edges
    dropped, sorted by the lower row.
    """
    rising = edges[:, 0, 1] <= edges[:, 1, 1]
    low = np.where(rising[:, None], edges[:, 0], edges[:, 1])
    high = np.where(rising[:, None], edges[:, 1], edges[:, 0])
    sloped = high[:, 1] > low[:, 1]
    low, high = low[sloped], high[sloped]
    slope = (high[:, 0] - low[:, 0]) / (high[:, 1] - low[:, 1])
    table = np.stack([low[:, 1], high[:, 1], low[:, 0], slope], axis=1)
    return np.ascontiguousarray(table[np.argsort(table[:, 0], kind="stable")])


def area_mm2(edges: "NDArray[np.float64]") -> float:
    """Area (even-odd rule) inside polygons given by their edges (E, 2, 2), mm2.

    Exact where edges meet at their ends only; where they cross, every strip between two vertices
    counts as its middle line.
    """
    from quant_kernels.overlap import polygon_coverage

    lines = np.unique(edges[:, :, 1])
    return float(polygon_coverage(scan_edges(edges), lines, False, np.zeros((0, 0))))  # noqa: FBT003


def enclosed_mm2(contours: "Sequence[NDArray[np.float64]]") -> float:
    """Area (even-odd rule) inside closed polygons (N, 2), mm2."""
    return area_mm2(edges_of(contours))


def without_copies(
    contours: "list[NDArray[np.float64]]",
) -> "tuple[list[NDArray[np.float64]], int]":
    """Drop contours (N, 2) that were drawn twice, whatever their vertices.

    Returns
    -------
    contours : list of (N, 2) float64
        The first of each set of copies.
    crossing : int
        Pairs that overlap in part, or run so near each other that hardly anything lies between.
    """
    if len(contours) == 1:
        return contours, 0
    kept: list[Polygon] = []
    for one in map(Polygon.of, contours):
        if not any(_is_copy(one, other) for other in kept):
            kept.append(one)
    crossing = sum(_cross(one, other) for one, other in combinations(kept, 2))
    return [one.points for one in kept], crossing


def _is_copy(one: Polygon, other: Polygon) -> bool:
    if (np.abs(one.low - other.low) > 2.0 * NEAR_MM).any() or (
        np.abs(one.high - other.high) > 2.0 * NEAR_MM
    ).any():
        return False
    if _same_vertices(one.points, other.points):
        return True
    between = enclosed_mm2([one.points, other.points])
    return between <= COPY_MM * min(one.perimeter, other.perimeter)


def _same_vertices(one: "NDArray[np.float64]", other: "NDArray[np.float64]") -> bool:
    """Tell whether two polygons have the same vertices in the same cyclic order, either way."""
    if one.shape != other.shape:
        return False
    starts = np.flatnonzero(np.abs(other - one[0]).max(axis=1) <= SAME_VERTEX_MM)
    for start in starts:
        for turned in (np.roll(other, -start, axis=0), np.roll(other[::-1], start + 1, axis=0)):
            if np.abs(turned - one).max() <= SAME_VERTEX_MM:
                return True
    return False


def _cross(one: Polygon, other: Polygon) -> bool:
    """Tell whether the even-odd rule is no sure reading of two contours."""
    if (one.low >= other.high).any() or (other.low >= one.high).any():
        return False
    between = enclosed_mm2([one.points, other.points])
    shared = (one.area + other.area - between) / 2.0
    least, length = min(one.area, other.area), min(one.perimeter, other.perimeter)
    slack = max(SLIGHT_OVERLAP * least, COPY_MM * length)
    return shared > slack and (shared < least - slack or between <= NEAR_MM * length)
