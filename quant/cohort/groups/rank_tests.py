"""Rank tests on plain arrays: Mann-Whitney, Kruskal-Wallis.

References
----------
H. Mann, D. Whitney, Ann Math Stat 18 (1947) 50, doi:10.1214/aoms/1177730491.
W. Kruskal, W. Wallis, JASA 47 (1952) 583, doi:10.1080/01621459.1952.10483441.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.distributions import chi_square_p, normal_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_EXACT = 200
"""Above so many values together the exact distribution is left to the normal one."""


def midranks(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Ranks from 1, ties sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[place], dtype=np.float64)


def tie_term(values: "NDArray[np.float64]") -> float:
    """Sum of t**3 - t over groups of tied values."""
    counts = np.unique(values, return_counts=True)[1].astype(np.float64)
    return float((counts**3 - counts).sum())


def u_statistic(first: "NDArray[np.float64]", second: "NDArray[np.float64]") -> float:
    """Count the pairs in which the first value is larger, ties one half."""
    ranks = midranks(np.concatenate([first, second]))
    m = first.size
    return float(ranks[:m].sum() - m * (m + 1) / 2.0)


def mann_whitney_normal(
    first: "NDArray[np.float64]", second: "NDArray[np.float64]", *, corrected: bool
) -> float:
    """Two-sided p by the normal distribution with the variance of tied ranks.

    ``corrected`` moves U half a pair towards its mean. NaN where all values are equal.
    """
    m, n = first.size, second.size
    total = m + n
    pooled = np.concatenate([first, second])
    variance = m * n / 12.0 * (total + 1.0 - tie_term(pooled) / (total * (total - 1.0)))
    if variance <= 0.0:
        return math.nan
    deviation = u_statistic(first, second) - m * n / 2.0
    if corrected:
        deviation -= math.copysign(0.5, deviation) if deviation else 0.0
    return normal_p(deviation / math.sqrt(variance))


def mann_whitney_exact(first: "NDArray[np.float64]", second: "NDArray[np.float64]") -> float:
    """Two-sided p from all divisions of the values into two groups of these sizes.

    Twice the smaller tail, at most 1; ties are part of the distribution (then it need not be
    symmetric).
    """
    ranks = midranks(np.concatenate([first, second]))
    doubled = np.rint(2.0 * ranks).astype(np.int64)
    m, n = first.size, second.size
    observed = int(doubled[:m].sum())
    if m > n:
        m, observed = n, int(doubled.sum()) - observed
    chance = _rank_sum_chances(np.sort(doubled), m)
    below = math.fsum(chance[: observed + 1])
    above = math.fsum(chance[observed:])
    return min(1.0, 2.0 * min(below, above))


def _rank_sum_chances(doubled: "NDArray[np.int64]", m: int) -> "NDArray[np.float64]":
    """Chance of every sum of m of the values, drawn without replacement.

    Walks through the values; the state is how many were drawn and their sum. Chances, not counts,
    so nothing overflows.
    """
    total, width = doubled.size, int(doubled[-m:].sum()) + 1
    chance = np.zeros((m + 1, width))
    chance[0, 0] = 1.0
    drawn = np.arange(m + 1, dtype=np.float64)[:, None]
    for index, value in enumerate(doubled):
        taken = chance * (m - drawn) / (total - index)
        chance = chance - taken
        chance[1:, value:] += taken[:-1, : width - value]
    return np.asarray(chance[m], dtype=np.float64)


def kruskal_wallis(groups: "list[NDArray[np.float64]]") -> tuple[float, float]:
    """Chi-square corrected for ties, and its p; NaN where all values are equal."""
    pooled = np.concatenate(groups)
    n = pooled.size
    ranks = midranks(pooled)
    correction = 1.0 - tie_term(pooled) / (n**3 - n) if n > 1 else 0.0
    if correction <= 0.0:
        return math.nan, math.nan
    ends = np.cumsum([group.size for group in groups])[:-1]
    weighted = sum(part.sum() ** 2 / part.size for part in np.split(ranks, ends))
    statistic = float(12.0 * weighted / (n * (n + 1.0)) - 3.0 * (n + 1.0)) / correction
    return statistic, chi_square_p(statistic, len(groups) - 1)
