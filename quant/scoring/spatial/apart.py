"""How far apart foci are, and how many of them can be told apart."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

MOST_BRANCHES = 20_000
"""Steps of the exact count; a tangle of foci beyond it is counted by the greedy rule."""

Pairs = frozenset[tuple[int, int]]
"""Pairs of focus numbers, the smaller first."""


@dataclass(frozen=True, slots=True, eq=False)
class Cloud:
    """Voxel centres of a focus, and the voxel's half steps, for distances between edges.

    Parameters
    ----------
    points_mm : (N, 3) float64
        Voxel centres, LPS mm; (N, 3) with one axis zero for a projection.
    steps_mm : (3, 3) float64
        Steps along the array axes, as columns; with the same axis zero for a projection.
    """

    points_mm: "NDArray[np.float64]"
    steps_mm: "NDArray[np.float64]"

    def flattened(self, axis: int) -> "Cloud":
        """Return the cloud projected along one patient axis (0 x, 1 y, 2 z)."""
        points, steps = self.points_mm.copy(), self.steps_mm.copy()
        points[:, axis], steps[axis] = 0.0, 0.0
        return Cloud(points, steps)


def voxel_reach(
    steps_mm: "NDArray[np.float64]", ways: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    """(N,) float64: how far half a voxel reaches along each of (N, 3) directions of any length."""
    length = np.linalg.norm(ways, axis=-1)
    along = np.abs(ways @ steps_mm).sum(axis=-1) / 2.0
    reach: NDArray[np.float64] = np.divide(
        along, length, out=np.zeros_like(length), where=length > 0
    )
    return reach


def gap_mm(one: Cloud, other: Cloud, limit_mm: float) -> float:
    """Return the distance between the edges of two foci, mm; infinite beyond about the limit.

    Voxels that touch by a face, an edge or a corner are 0 mm apart.
    """
    from scipy.spatial import cKDTree

    reach = float(np.linalg.norm(one.steps_mm, axis=0).sum())
    low, high = one.points_mm.min(axis=0), one.points_mm.max(axis=0)
    far = np.maximum(
        np.maximum(low - other.points_mm.max(axis=0), other.points_mm.min(axis=0) - high), 0.0
    )
    if np.linalg.norm(far) > limit_mm + 2 * reach:
        return float("inf")
    small, large = sorted((one, other), key=lambda cloud: len(cloud.points_mm))
    distances, nearest = cKDTree(large.points_mm).query(small.points_mm)
    at = int(np.argmin(distances))
    way = (large.points_mm[nearest[at]] - small.points_mm[at])[None]
    both = voxel_reach(small.steps_mm, way) + voxel_reach(large.steps_mm, way)
    return max(float(distances[at] - both[0]), 0.0)


def close_pairs(clouds: "Sequence[Cloud]", limit_mm: float) -> Pairs:
    """Return the pairs of foci whose edges are no farther apart than a limit."""
    return frozenset(
        (i, j)
        for i in range(len(clouds))
        for j in range(i + 1, len(clouds))
        if gap_mm(clouds[i], clouds[j], limit_mm) <= limit_mm + 1e-6
    )


def count_apart(members: "Iterable[int]", pairs: Pairs) -> int:
    """Return the greatest number of members of which no two are a pair.

    Parameters
    ----------
    members : iterable of int
    pairs : frozenset of (int, int)
        Foci that cannot be told apart, the smaller number first.

    Returns
    -------
    int
        The independence number of the graph. More members never make it smaller, more pairs never
        make it larger.
    """
    order = sorted(set(members))
    place = {member: n for n, member in enumerate(order)}
    near = [0] * len(order)
    for i, j in pairs:
        if i in place and j in place:
            near[place[i]] |= 1 << place[j]
            near[place[j]] |= 1 << place[i]
    return sum(_apart(part, near, [MOST_BRANCHES]) for part in _parts(near))


def _parts(near: list[int]) -> list[int]:
    """Return the connected parts of the graph as sets of bits."""
    left, parts = (1 << len(near)) - 1, []
    while left:
        part = front = left & -left
        while front:
            reached = 0
            for n in _bits(front):
                reached |= near[n]
            front = reached & ~part
            part |= front
        parts.append(part)
        left &= ~part
    return parts


def _apart(left: int, near: list[int], budget: list[int]) -> int:
    """Count by taking members with at most one neighbour, and branching on the busiest."""
    taken = 0
    while left:
        degrees = {n: (near[n] & left).bit_count() for n in _bits(left)}
        least = min(degrees, key=lambda n: (degrees[n], n))
        if degrees[least] <= 1 or budget[0] <= 0:
            taken += 1
            left &= ~(near[least] | 1 << least)
            continue
        budget[0] -= 1
        busiest = max(degrees, key=lambda n: (degrees[n], -n))
        without = left & ~(1 << busiest)
        with_it = without & ~near[busiest]
        return taken + max(1 + _apart(with_it, near, budget), _apart(without, near, budget))
    return taken


def _bits(number: int) -> list[int]:
    """Return the places of the bits set."""
    found = []
    while number:
        lowest = number & -number
        found.append(lowest.bit_length() - 1)
        number ^= lowest
    return found
