"""The values of a reference over all its admissible positions, as an exact distribution.

Muscle is the average of two sides, so its positions are all pairs of a left and a right one. Their
number is the product of both, often millions; order statistics and counts are exact all the same,
found by bisection over sorted sides without making the pairs.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.region import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quant.domain.sphere import PlacedSphere

MOST_LISTED = 4096
"""So many pairs of different values are listed and sorted; more are bisected first."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Distinct values of one sphere, ascending, and how many positions have at most each.

    ``ends`` has one element more than ``values`` and begins with 0.
    """

    values: NDArray[np.float64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> "Side":
        """Sort the values (N,) of a sphere; those that are not finite are left out."""
        found, counts = np.unique(values[np.isfinite(values)], return_counts=True)
        return cls(found, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))

    @property
    def size(self) -> int:
        """Number of positions."""
        return int(self.ends[-1])

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many positions have each of the values."""
        return np.diff(self.ends)


NOTHING_ADDED = Side(np.zeros(1), np.array([0, 1], dtype=np.int64))
"""The second side of a reference that has one sphere only."""


@dataclass(frozen=True, slots=True, eq=False)
class PositionValues:
    """Values of a reference over its admissible positions, or over all pairs of two sides.

    Parameters
    ----------
    first, second : Side
        The value is their sum over ``parts``.
    parts : int
        1 for one sphere, 2 for the average of two sides.
    """

    first: Side
    second: Side = NOTHING_ADDED
    parts: int = 1
    _known: dict[int, float] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, *sides: NDArray[np.float64]) -> "PositionValues":
        """Take the values (N,) of one sphere, or (N,) and (M,) of two that are averaged."""
        found = sorted((Side.of(side) for side in sides), key=lambda side: side.values.size)
        if len(found) == 1:
            return cls(NOTHING_ADDED, found[0])
        return cls(found[0], found[1], parts=2)

    @property
    def size(self) -> int:
        """Number of positions, or of pairs of positions."""
        return self.first.size * self.second.size

    def below(self, value: float) -> int:
        """Count the positions whose value is less than this."""
        return self._counted(self._reach(value * self.parts, closed=False))

    def at_most(self, value: float) -> int:
        """Count the positions whose value is this or less."""
        return self._counted(self._reach(value * self.parts, closed=True))

    def ordered(self, rank: int) -> float:
        """Value of a rank, 0 for the smallest.

        Raises
        ------
        IndexError
            If there is no such rank.
        """
        if not 0 <= rank < self.size:
            message = f"rank {rank} of {self.size} positions"
            raise IndexError(message)
        if rank not in self._known:
            self._known[rank] = self._found(rank) / self.parts
        return self._known[rank]

    def _reach(self, total: float, *, closed: bool) -> NDArray[np.intp]:
        """For each value of the first side: how many of the second keep the sum below a total."""
        first, second = self.first.values, self.second.values
        reach = np.searchsorted(second, total - first, side="right" if closed else "left")
        while True:  # the difference was rounded; the sums themselves decide
            sums = first + second[np.minimum(reach, second.size - 1)]
            more = (reach < second.size) & ((sums <= total) if closed else (sums < total))
            before = first + second[np.maximum(reach - 1, 0)]
            less = (reach > 0) & ~((before <= total) if closed else (before < total))
            if not (more.any() or less.any()):
                return reach
            reach = reach + more - less

    def _counted(self, reach: NDArray[np.intp]) -> int:
        return int((self.first.counts * self.second.ends[reach]).sum())

    def _found(self, rank: int) -> float:
        """Sum of a rank: halve the range of sums until few pairs are left, then sort those."""
        low = float(np.nextafter(self.first.values[0] + self.second.values[0], -np.inf))
        high = float(self.first.values[-1] + self.second.values[-1])
        begin, end = self._reach(low, closed=True), self._reach(high, closed=True)
        while int((end - begin).sum()) > MOST_LISTED:
            middle = 0.5 * low + 0.5 * high
            if not low < middle < high:
                return high
            reach = self._reach(middle, closed=True)
            if self._counted(reach) > rank:
                high, end = middle, reach
            else:
                low, begin = middle, reach
        each = end - begin
        left = np.repeat(np.arange(each.size), each)
        right = np.arange(left.size) + np.repeat(begin - np.concatenate([[0], each.cumsum()[:-1]]),
                                                 each)  # fmt: skip
        sums = self.first.values[left] + self.second.values[right]
        order = np.argsort(sums, kind="stable")
        counts = (self.first.counts[left] * self.second.counts[right])[order]
        at = np.searchsorted(np.cumsum(counts), rank - self._counted(begin), side="right")
        return float(sums[order[at]])


def position_values(placed: "Mapping[Role, PlacedSphere]") -> dict[str, PositionValues]:
    """Values of every reference over its admissible positions.

    Parameters
    ----------
    placed : mapping of Role to PlacedSphere

    Returns
    -------
    dict
        By the reference's name: ``liver_mean``, ``liver_max``, ``muscle_left_mean`` ... for the
        spheres that are there, and ``muscle_mean``, ``muscle_max``, over all pairs of a left and a
        right position, when both are. A sphere without positions has size 0.
    """
    found = {}
    for role, one in placed.items():
        found[f"{role}_mean"] = PositionValues.of(one.position_means)
        found[f"{role}_max"] = PositionValues.of(one.position_maxima)
    sides = [placed.get(role) for role in (Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT)]
    both = [side for side in sides if side is not None]
    if len(both) == 2:
        found["muscle_mean"] = PositionValues.of(*(side.position_means for side in both))
        found["muscle_max"] = PositionValues.of(*(side.position_maxima for side in both))
    return found
