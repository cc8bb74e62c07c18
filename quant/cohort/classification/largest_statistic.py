"""What a cut is worth that was chosen because it did best.

The largest of many dependent statistics is large by choice alone. Its p is corrected by the
approximation of Miller and Siegmund, and computed from the distribution of the maximum itself:
exactly where the outcome is yes or no, by seeded permutation where it is a time.

References
----------
R. Miller, D. Siegmund, Biometrics 38 (1982) 1011, doi:10.2307/2529881.
D. Altman, B. Lausen, W. Sauerbrei, M. Schumacher, J Natl Cancer Inst 86 (1994) 829,
doi:10.1093/jnci/86.11.829.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.distributions import chi_square_p, normal_density

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME = 1e-10
"""Statistics closer than this, relatively, count as equal: they differ by rounding only."""


def miller_siegmund_p(chi_square: float, share: float) -> float:
    """Correct the p of a chi-square that is the largest over cuts between two quantiles.

    Parameters
    ----------
    chi_square : float
        The largest statistic, one degree of freedom.
    share : float
        Share of subjects left out on each side, between 0 and 0.5.

    Returns
    -------
    float
        Never below the uncorrected p, never above 1.
    """
    naive = chi_square_p(chi_square, 1.0)
    z = math.sqrt(chi_square)
    if z <= 1.0:
        return 1.0
    density = normal_density(z)
    range_term = math.log((1.0 - share) ** 2 / share**2)
    corrected = 4.0 * density / z + density * (z - 1.0 / z) * range_term
    return min(1.0, max(naive, corrected))


def altman_p(naive: float, share: float) -> float:
    """Altman's short form, stated for 5 % or 10 % left out and p between 0.0001 and 0.1."""
    if not 0.0001 < naive < 0.1:
        return math.nan
    if share == 0.1:
        return -1.63 * naive * (1.0 + 2.35 * math.log(naive))
    if share == 0.05:
        return -3.13 * naive * (1.0 + 1.65 * math.log(naive))
    return math.nan


@dataclass(frozen=True, slots=True)
class Ordered:
    """Rows in the order of the marker and the cuts between its neighbouring values.

    Attributes
    ----------
    order : (n,) int64
        Rows by rising marker.
    sizes : (c,) int64
        For each cut, how many rows lie at or below it; cuts outside the range are not listed.
    values : (n,) float64
        Sorted marker.
    """

    order: "NDArray[np.int64]"
    sizes: "NDArray[np.int64]"
    values: "NDArray[np.float64]"


def ordered(marker: "NDArray[np.float64]", share: float) -> Ordered:
    """Order rows by marker and list the cuts that leave at least ``share`` on either side."""
    order = np.argsort(marker, kind="stable")
    values = marker[order]
    sizes = np.flatnonzero(values[1:] > values[:-1]) + 1
    n = marker.size
    inside = (sizes >= share * n - 1e-9) & (sizes <= (1.0 - share) * n + 1e-9)
    return Ordered(order, sizes[inside].astype(np.int64), values)


def chi_squares(event: "NDArray[np.bool_]", rows: Ordered) -> "NDArray[np.float64]":
    """Pearson's chi-square of event against each side of every cut."""
    n, m = event.size, int(event.sum())
    low = np.cumsum(event[rows.order])[rows.sizes - 1].astype(np.float64)
    size = rows.sizes.astype(np.float64)
    deviation = n * low - m * size
    below = float(m) * (n - m) * size * (n - size)
    statistics = np.zeros(size.size)
    np.divide(n * deviation**2, below, out=statistics, where=below > 0.0)
    return statistics


class LogRank:
    """Log-rank chi-squares of all cuts at once, prepared for many orders of the rows.

    Parameters
    ----------
    times : (n,) float64
        Time to event or censoring.
    happened : (n,) bool
        Whether the time is that of an event.
    """

    def __init__(self, times: "NDArray[np.float64]", happened: "NDArray[np.bool_]") -> None:
        moments, deaths = np.unique(times[happened], return_counts=True)
        risk = times[None, :] >= moments[:, None]
        self._share = risk.sum(axis=1, dtype=np.float64)
        rates = deaths / self._share
        spread = np.divide(
            deaths * (self._share - deaths),
            self._share - 1.0,
            out=np.zeros(moments.size),
            where=self._share > 1.0,
        )
        self._scores = happened - rates @ risk
        self._risk = risk.astype(np.float64)
        self._spread = spread

    def chi_squares(
        self, order: "NDArray[np.int64]", sizes: "NDArray[np.int64]"
    ) -> "NDArray[np.float64]":
        """Compute the statistic of every cut; 0 where a side is never at risk."""
        observed = np.cumsum(self._scores[order])[sizes - 1]
        low = np.cumsum(self._risk[:, order], axis=1)[:, sizes - 1] / self._share[:, None]
        variance = self._spread @ (low * (1.0 - low))
        statistics = np.zeros(sizes.size)
        np.divide(observed**2, variance, out=statistics, where=variance > 1e-300)
        return statistics


def exact_p(event: "NDArray[np.bool_]", rows: Ordered, statistic: str) -> float:
    """Exact p of the largest statistic, given the marker's ties and the number of events.

    Walks through the rows by rising marker; the state is how many events have been met. At each
    cut, ways whose statistic reaches the observed one are taken out; what was taken out is p.

    Parameters
    ----------
    statistic : {"chi-square", "youden"}
        Chi-square of either direction, or Youden's index of "higher goes with the event".
    """
    n, m = event.size, int(event.sum())
    met = np.arange(m + 1, dtype=np.float64)
    measure = _chi_square_of if statistic == "chi-square" else _youden_of
    observed_met = np.cumsum(event[rows.order])[rows.sizes - 1].astype(np.float64)
    observed = max(
        float(measure(np.array([k]), float(s), n, m)[0])
        for k, s in zip(observed_met, rows.sizes, strict=True)
    )
    chance, taken = np.zeros(m + 1), 0.0
    chance[0] = 1.0
    cuts = set(rows.sizes.tolist())
    for size in range(1, n + 1):
        rising = chance * (m - met) / (n - size + 1)
        chance = chance - rising
        chance[1:] += rising[:-1]
        if size in cuts:
            reached = measure(met, float(size), n, m) >= observed * (1.0 - SAME) - 1e-300
            possible = chance > 0.0
            taken += float(chance[reached & possible].sum())
            chance[reached] = 0.0
    return min(1.0, taken)


def _chi_square_of(
    met: "NDArray[np.float64]", size: float, n: int, m: int
) -> "NDArray[np.float64]":
    below = float(m) * (n - m) * size * (n - size)
    return n * (n * met - m * size) ** 2 / below


def _youden_of(met: "NDArray[np.float64]", size: float, n: int, m: int) -> "NDArray[np.float64]":
    return (size - met) * m - met * (n - m)


def permutation_p(log_rank: LogRank, rows: Ordered, plan: tuple[int, int]) -> float:
    """Share of random orders whose largest log-rank statistic reaches the observed one.

    Counts the observed order as one of them, so p is never 0.
    """
    replicates, seed = plan
    generator = np.random.default_rng(seed)
    observed = float(log_rank.chi_squares(rows.order, rows.sizes).max())
    reached = 1
    for _ in range(replicates):
        order = generator.permutation(rows.order.size)
        largest = float(log_rank.chi_squares(order, rows.sizes).max())
        reached += largest >= observed * (1.0 - SAME)
    return reached / (replicates + 1)
