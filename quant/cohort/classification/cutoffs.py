"""Cuts of a marker: every point of the ROC curve, and Youden's choice among them.

Cuts are counted, not computed: Youden's indices are compared as whole numbers, so a tie is a tie.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Curve:
    """All cuts of one marker, from "everyone is positive" to "nobody is".

    Attributes
    ----------
    below, above : (c,) float64
        Largest value called negative and smallest called positive; -inf and inf at the ends.
    tp, fp : (c,) int64
        Events and others above each cut.
    events, others : int
        All events and all others.
    """

    below: "NDArray[np.float64]"
    above: "NDArray[np.float64]"
    tp: "NDArray[np.int64]"
    fp: "NDArray[np.int64]"
    events: int
    others: int

    @property
    def middle(self) -> "NDArray[np.float64]":
        """Cut midway between neighbouring values; the lower one where floats leave no middle."""
        with np.errstate(over="ignore", invalid="ignore"):
            middle = (self.below + self.above) / 2.0
        inner = np.isfinite(self.below) & np.isfinite(self.above)
        overflown = inner & ~np.isfinite(middle)
        middle[overflown] = self.below[overflown] / 2.0 + self.above[overflown] / 2.0
        stuck = inner & (middle >= self.above)
        middle[stuck] = self.below[stuck]
        return middle

    @property
    def youden_scaled(self) -> "NDArray[np.int64]":
        """Youden's index times events times others: whole numbers."""
        return self.tp * self.others - self.fp * self.events


def curve(events: "NDArray[np.float64]", others: "NDArray[np.float64]") -> Curve:
    """Count events and others above every cut between neighbouring values."""
    values = np.unique(np.concatenate([events, others]))
    below = np.concatenate([[-np.inf], values])
    above = np.concatenate([values, [np.inf]])
    return Curve(
        below,
        above,
        events.size - np.searchsorted(np.sort(events), below, "right").astype(np.int64),
        others.size - np.searchsorted(np.sort(others), below, "right").astype(np.int64),
        events.size,
        others.size,
    )


def best(cuts: Curve) -> tuple[int | None, int]:
    """Find the cut with the greatest Youden index, and how many share it.

    Of several the first, that is the one with the highest sensitivity. None where no index is
    above 0: such a cut does no better than chance.
    """
    index = cuts.youden_scaled
    top = int(index.max())
    if top <= 0:
        return None, 0
    where = np.flatnonzero(index == top)
    return int(where[0]), int(where.size)
