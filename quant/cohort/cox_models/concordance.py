"""Concordance of predictions with the order of events (Harrell's C), in O(n log^2 n)."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def concordance_of(
    time: "NDArray[np.float64]", event: "NDArray[np.bool_]", predictor: "NDArray[np.float64]"
) -> tuple[float, float]:
    """Return the share of concordant pairs and its standard error.

    Parameters
    ----------
    time : (n,) float64
        Time to event or censoring.
    event : (n,) bool
        Whether the event was seen.
    predictor : (n,) float64
        Higher means earlier.

    Returns
    -------
    float, float
        NaN where no pair can be ordered. The error is the infinitesimal jackknife.
    """
    # One who had the event makes a pair with everyone observed for longer, and with those
    # censored at the same time.
    rank = np.unique(predictor, return_inverse=True)[1].astype(np.int64)
    place = _after(time, event)
    agree, against = _ordered_pairs(place, rank, event), _ordered_pairs(place, -rank, event)
    same_time = _pairs_beyond(place, event)
    tied = same_time - agree - against
    pairs = same_time.sum() / 2.0
    if pairs <= 0.0:
        return float("nan"), float("nan")
    share = float((agree + tied / 2.0).sum() / 2.0 / pairs)
    influence = (agree + tied / 2.0 - share * same_time) / pairs
    return share, float(np.sqrt(np.sum(influence**2)))


def _ordered_pairs(
    place: "NDArray[np.int64]", rank: "NDArray[np.int64]", event: "NDArray[np.bool_]"
) -> "NDArray[np.float64]":
    """Count, for each row, its pairs in which the earlier one has the higher rank."""
    everyone = np.ones(place.size, dtype=bool)
    as_event = _lower_beyond(place, rank, event, everyone)
    return as_event + _lower_beyond(-place, -rank, everyone, event)


def _after(time: "NDArray[np.float64]", event: "NDArray[np.bool_]") -> "NDArray[np.int64]":
    """Give times numbers; those censored at a time come after the events there."""
    steps = np.unique(time, return_inverse=True)[1].astype(np.int64)
    return 2 * steps + (~event).astype(np.int64)


def _pairs_beyond(place: "NDArray[np.int64]", event: "NDArray[np.bool_]") -> "NDArray[np.float64]":
    """Count, for each row, the pairs that it is part of."""
    everyone, seen = np.sort(place), np.sort(place[event])
    later = place.size - np.searchsorted(everyone, place, side="right")
    earlier = np.searchsorted(seen, place, side="left")
    return np.where(event, later, 0) + earlier.astype(np.float64)


def _lower_beyond(
    place: "NDArray[np.int64]",
    rank: "NDArray[np.int64]",
    asking: "NDArray[np.bool_]",
    counted: "NDArray[np.bool_]",
) -> "NDArray[np.float64]":
    """Count, for each asking row, counted rows of greater place and lower rank.

    Rows are sorted by descending place and merged block by block; what rows of one place counted
    of one another is taken off again.
    """
    n = place.size
    order = np.lexsort((~asking, rank, -place))
    result = np.zeros(n)
    p, r = place[order], rank[order]
    a, c = asking[order], counted[order]
    total = np.zeros(n)
    width = 1
    while width < n:
        block = np.arange(n) // (2 * width)
        left = (np.arange(n) // width) % 2 == 0
        within = np.lexsort((left, r, block))
        feed = (left & c)[within].astype(np.int64)
        running = np.cumsum(feed) - feed
        starts = np.flatnonzero(np.diff(block[within], prepend=-1))
        base = np.repeat(running[starts], np.diff(np.append(starts, n)))
        lower = running - base
        take = (~left & a)[within]
        total[within[take]] += lower[take]
        width *= 2
    own = _lower_in_own_place(p, r, c)
    result[order] = np.where(a, total - own, 0.0)
    return result


def _lower_in_own_place(
    p: "NDArray[np.int64]", r: "NDArray[np.int64]", c: "NDArray[np.bool_]"
) -> "NDArray[np.float64]":
    """Count, before each row, counted rows of the same place and strictly lower rank."""
    counts = np.cumsum(c.astype(np.int64)) - c
    new_place = np.concatenate(([True], p[1:] != p[:-1]))
    new_rank = new_place | np.concatenate(([True], r[1:] != r[:-1]))
    at_place = np.maximum.accumulate(np.where(new_place, np.arange(p.size), 0))
    at_rank = np.maximum.accumulate(np.where(new_rank, np.arange(p.size), 0))
    return (counts[at_rank] - counts[at_place]).astype(np.float64)
