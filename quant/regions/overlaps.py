"""Contours of one plane that lie on one another: copies are dropped, partial overlaps are told."""

from dataclasses import dataclass
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
    """A closed contour in its plane, with what every comparison needs.

    ``points`` (N, 2) in (u, v), mm; ``edges`` (E, 4) as :func:`scan_edges` orders them; ``area``
    by the even-odd rule, mm2; ``perimeter``, mm.
    """

    points: "NDArray[np.float64]"
    edges: "NDArray[np.float64]"
    area: float
    perimeter: float

    @classmethod
    def of(cls, points: "NDArray[np.float64]") -> "Polygon":
        """Measure a polygon."""
        pairs = edges_of([points])
        steps = pairs[:, 1] - pairs[:, 0]
        edges = scan_edges(pairs)
        area = _scanned_mm2(edges, np.unique(points[:, 1]))
        return cls(points, edges, area, float(np.sqrt((steps * steps).sum(axis=1)).sum()))


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
    return _scanned_mm2(scan_edges(edges), np.unique(edges[:, :, 1]))


def _scanned_mm2(edges: "NDArray[np.float64]", lines: "NDArray[np.float64]") -> float:
    """Area inside polygons (E, 4) between the first and the last of the lines, mm2."""
    from quant_kernels.overlap import polygon_coverage

    return float(polygon_coverage(edges, lines, False, np.zeros((0, 0))))  # noqa: FBT003


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
    polygons = [Polygon.of(contour) for contour in contours]
    low = np.array([one.points.min(axis=0) for one in polygons])
    high = np.array([one.points.max(axis=0) for one in polygons])
    apart = np.maximum(np.abs(low[:, None] - low), np.abs(high[:, None] - high)).max(axis=2)
    meet = (np.maximum(low[:, None], low) < np.minimum(high[:, None], high)).all(axis=2)
    dropped: set[int] = set()
    for one, other in np.argwhere(np.triu(apart <= 2.0 * NEAR_MM, 1)):
        if not {one, other} & dropped and _is_copy(polygons[one], polygons[other]):
            dropped.add(int(other))
    crossing = sum(
        _cross(polygons[one], polygons[other])
        for one, other in np.argwhere(np.triu(meet, 1))
        if not {one, other} & dropped
    )
    return [c for number, c in enumerate(contours) if number not in dropped], crossing


def _is_copy(one: Polygon, other: Polygon) -> bool:
    if _same_vertices(one.points, other.points):
        return True
    shared = _shared_mm2(one, other)
    between = one.area + other.area - 2.0 * shared
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


def _shared_mm2(one: Polygon, other: Polygon) -> float:
    """Area that lies in both polygons, mm2, from the band of rows that both reach."""
    bottom = max(one.points[:, 1].min(), other.points[:, 1].min())
    top = min(one.points[:, 1].max(), other.points[:, 1].max())
    if not bottom < top:
        return 0.0
    rows = np.concatenate([one.points[:, 1], other.points[:, 1], [bottom, top]])
    lines = np.unique(rows[(rows >= bottom) & (rows <= top)])
    tables = [p.edges[(p.edges[:, 1] > bottom) & (p.edges[:, 0] < top)] for p in (one, other)]
    both = np.concatenate(tables)
    both = np.ascontiguousarray(both[np.argsort(both[:, 0], kind="stable")])
    inside = sum(_scanned_mm2(np.ascontiguousarray(table), lines) for table in tables)
    return (inside - _scanned_mm2(both, lines)) / 2.0


def _cross(one: Polygon, other: Polygon) -> bool:
    """Tell whether the even-odd rule is no sure reading of two contours."""
    shared = _shared_mm2(one, other)
    between = one.area + other.area - 2.0 * shared
    least, length = min(one.area, other.area), min(one.perimeter, other.perimeter)
    slack = max(SLIGHT_OVERLAP * least, COPY_MM * length)
    return shared > slack and (shared < least - slack or between <= NEAR_MM * length)
