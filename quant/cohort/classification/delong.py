"""Area under the ROC curve and DeLong's covariance, on plain arrays.

The area is Mann-Whitney's probability that a subject with the event has the larger marker, ties
counting one half. Its variance is that of the placement values: for each event the share of
non-events below it, for each non-event the share of events above it.

References
----------
E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988) 837, doi:10.2307/2531595.
R. G. Newcombe, Statistics in Medicine 25 (2006) 559, doi:10.1002/sim.2324 (method 5).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 200
"""Halvings of an interval until it has no width in float64."""


@dataclass(frozen=True, slots=True)
class Area:
    """One area under the curve with its placement values.

    Attributes
    ----------
    auc : float
        Area, 0..1.
    of_events : (m,) float64
        For each event, the share of non-events with a smaller marker (ties one half).
    of_others : (n,) float64
        For each non-event, the share of events with a larger marker (ties one half).
    """

    auc: float
    of_events: "NDArray[np.float64]"
    of_others: "NDArray[np.float64]"

    @property
    def variance(self) -> float:
        """DeLong's variance; NaN with fewer than two events or non-events."""
        return covariance(self, self)


def area(events: "NDArray[np.float64]", others: "NDArray[np.float64]") -> Area:
    """Compute the area from the markers of events and of non-events; both must have values.

    Counts are whole or half numbers, so the area itself carries one rounding only.
    """
    sorted_events, sorted_others = np.sort(events), np.sort(others)
    below = np.searchsorted(sorted_others, events, "left")
    below_or_equal = np.searchsorted(sorted_others, events, "right")
    above = events.size - np.searchsorted(sorted_events, others, "right")
    above_or_equal = events.size - np.searchsorted(sorted_events, others, "left")
    halves = int((below + below_or_equal).sum())
    return Area(
        halves / (2 * events.size * others.size),
        (below + below_or_equal) / (2.0 * others.size),
        (above + above_or_equal) / (2.0 * events.size),
    )


def covariance(first: Area, second: Area) -> float:
    """DeLong's covariance of two areas of the same subjects, in the same order."""
    m, n = first.of_events.size, first.of_others.size
    if m < 2 or n < 2:
        return math.nan
    events = _cross(first.of_events, first.auc, second.of_events, second.auc) / (m - 1)
    others = _cross(first.of_others, first.auc, second.of_others, second.auc) / (n - 1)
    return events / m + others / n


def _cross(
    a: "NDArray[np.float64]", mean_a: float, b: "NDArray[np.float64]", mean_b: float
) -> float:
    return float(np.dot(a - mean_a, b - mean_b))


def plain_interval(auc: float, se: float, z: float) -> tuple[float, float]:
    """DeLong's interval on the scale of the area, cut to 0..1 (pROC's default)."""
    if math.isnan(se):
        return math.nan, math.nan
    return max(0.0, auc - z * se), min(1.0, auc + z * se)


def logit_interval(auc: float, se: float, z: float) -> tuple[float, float]:
    """DeLong's interval on the logit scale; NaN where the area is 0 or 1."""
    if math.isnan(se) or not 0.0 < auc < 1.0:
        return math.nan, math.nan
    middle, half = math.log(auc / (1.0 - auc)), z * se / (auc * (1.0 - auc))
    return _expit(middle - half), _expit(middle + half)


def _expit(value: float) -> float:
    if value >= 0.0:
        return 1.0 / (1.0 + math.exp(-value))
    return math.exp(value) / (1.0 + math.exp(value))


def newcombe_interval(auc: float, m: int, n: int, z: float) -> tuple[float, float]:
    """Newcombe's score-like interval, which keeps a width at areas of 0 and 1.

    The areas theta with ``|theta - auc| = z * sqrt(v(theta))``, where v is the variance of Hanley
    and McNeil with both sample sizes in its numerator replaced by their mean.
    """
    spread = (m + n) / 2.0 - 1.0

    def excess(theta: float) -> float:
        inner = 1.0 + spread * ((1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta))
        return abs(theta - auc) - z * math.sqrt(theta * (1.0 - theta) * inner / (m * n))

    low = 0.0 if auc == 0.0 else _root(excess, 0.0, auc)
    high = 1.0 if auc == 1.0 else _root(excess, 1.0, auc)
    return low, high


def _root(excess: Callable[[float], float], outside: float, inside: float) -> float:
    for _ in range(STEPS):
        middle = (outside + inside) / 2.0
        if excess(middle) > 0.0:
            outside = middle
        else:
            inside = middle
    return (outside + inside) / 2.0
