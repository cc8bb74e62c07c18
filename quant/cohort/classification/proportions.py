"""Intervals of proportions and of likelihood ratios, and the measures of a 2 by 2 table.

References
----------
C. Clopper, E. Pearson, Biometrika 26 (1934) 404; E. B. Wilson, JASA 22 (1927) 209.
A. Agresti, B. Coull, The American Statistician 52 (1998) 119.
L. Brown, T. Cai, A. DasGupta, Statistical Science 16 (2001) 101, doi:10.1214/ss/1009213286.
D. Simel, G. Samsa, D. Matchar, J Clin Epidemiol 44 (1991) 763 (likelihood ratios).
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from quant.cohort.choices import require_level
from quant.cohort.distributions import normal_quantile
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

Limits = tuple[float, float]


def clopper_pearson(x: int, n: int, level: float) -> Limits:
    """Exact interval: the proportions under which x is not in a tail of (1 - level) / 2."""
    from scipy.special import betaincinv

    tail = (1.0 - level) / 2.0
    low = 0.0 if x == 0 else float(betaincinv(x, n - x + 1, tail))
    high = 1.0 if x == n else float(betaincinv(x + 1, n - x, 1.0 - tail))
    return low, high


def wilson(x: int, n: int, level: float) -> Limits:
    """Score interval, without continuity correction."""
    return _score(x / n, n, level, 0.0)


def wilson_corrected(x: int, n: int, level: float) -> Limits:
    """Score interval with the continuity correction of R's prop.test.

    The correction is half a subject, or less where x is less than half a subject from n / 2.
    """
    return _score(x / n, n, level, min(0.5, abs(x - n / 2.0)) / n)


def _score(share: float, n: int, level: float, correction: float) -> Limits:
    z = normal_quantile(level)
    quarter = z * z / (2.0 * n)

    def bound(centre: float, sign: float) -> float:
        root = math.sqrt(centre * (1.0 - centre) / n + quarter / (2.0 * n))
        return (centre + quarter + sign * z * root) / (1.0 + 2.0 * quarter)

    low, high = share - correction, share + correction
    lower = 0.0 if low <= 0.0 else bound(low, -1.0)
    upper = 1.0 if high >= 1.0 else bound(high, 1.0)
    return max(0.0, lower), min(1.0, upper)


def agresti_coull(x: int, n: int, level: float) -> Limits:
    """Wald interval about the shrunk proportion; not cut to 0..1."""
    square = normal_quantile(level) ** 2
    total = n + square
    centre = (x + square / 2.0) / total
    half = math.sqrt(square * centre * (1.0 - centre) / total)
    return centre - half, centre + half


def jeffreys(x: int, n: int, level: float) -> Limits:
    """Equal-tailed interval under Jeffreys' prior; 0 at x = 0 and 1 at x = n."""
    from scipy.special import betaincinv

    tail = (1.0 - level) / 2.0
    low = 0.0 if x == 0 else float(betaincinv(x + 0.5, n - x + 0.5, tail))
    high = 1.0 if x == n else float(betaincinv(x + 0.5, n - x + 0.5, 1.0 - tail))
    return low, high


METHODS: dict[str, Callable[[int, int, float], Limits]] = {
    "clopper-pearson": clopper_pearson,
    "wilson": wilson,
    "wilson-cc": wilson_corrected,
    "agresti-coull": agresti_coull,
    "jeffreys": jeffreys,
}


def limits(x: int, n: int, level: float, method: str) -> Limits:
    """Interval of x of n by name; NaN where n is 0."""
    return METHODS[method](x, n, level) if n > 0 else (math.nan, math.nan)


def proportion(x: int, n: int, *, level: float = 0.95) -> "pd.DataFrame":
    """Estimate a proportion with its intervals, one row per method.

    Parameters
    ----------
    x, n : int
        Counts, 0 <= x <= n.
    level : float
        Coverage, 0..1.

    Returns
    -------
    DataFrame
        ``x, n, estimate, method, low, high``; NaN where n is 0.

    Raises
    ------
    UsageError
        USAGE, when the counts are no counts or the level is not between 0 and 1.
    """
    import pandas as pd

    require_level(level)
    require_counts(x=x, n=n)
    if x > n:
        raise UsageError("USAGE", "A part is larger than its whole.", found=f"{x} of {n}")
    estimate = x / n if n else math.nan
    rows = [(x, n, estimate, method, *limits(x, n, level, method)) for method in METHODS]
    frame = pd.DataFrame(rows, columns=["x", "n", "estimate", "method", "low", "high"])
    frame.attrs["level"] = level
    return frame


def require_counts(**counts: int) -> None:
    """Raise a UsageError unless every value is a whole number of at least 0."""
    for name, value in counts.items():
        if isinstance(value, bool) or value != value or value < 0 or int(value) != value:  # noqa: PLR0124 - NaN
            raise UsageError(
                "USAGE", "A count is not a whole number of at least 0.", found=f"{name} = {value}"
            )


def ratio_limits(estimate: float, variance: float, level: float) -> Limits:
    """Interval of a ratio from the variance of its logarithm; NaN where that is not finite."""
    if not math.isfinite(variance) or not 0.0 < estimate < math.inf:
        return math.nan, math.nan
    half = normal_quantile(level) * math.sqrt(variance)
    return estimate * math.exp(-half), estimate * math.exp(half)


def quotient(a: float, b: float) -> float:
    """Divide; infinite where only b is 0, NaN where both are."""
    if b:
        return a / b
    return math.inf if a > 0 else math.nan


def _inverse(value: float) -> float:
    return 1.0 / value if value else math.inf


Counts = tuple[int, int, int, int]
"""True positive, false positive, false negative, true negative."""


def shares(table: Counts) -> dict[str, tuple[int, int]]:
    """Give the counts behind sensitivity, specificity, PPV, NPV and accuracy: part and whole."""
    tp, fp, fn, tn = table
    return {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "ppv": (tp, tp + fp),
        "npv": (tn, tn + fn),
        "accuracy": (tp + tn, tp + fp + fn + tn),
    }


def likelihood_ratios(table: Counts, level: float) -> dict[str, tuple[float, float, float]]:
    """LR+, LR- and diagnostic odds ratio: estimate, low, high (log method).

    A ratio of 0 or infinity has no interval by this method: NaN.
    """
    tp, fp, fn, tn = table
    cases, others = tp + fn, fp + tn
    positive = quotient(tp * others, fp * cases)
    negative = quotient(fn * others, tn * cases)
    spare = _inverse(cases) + _inverse(others)
    odds = quotient(tp * tn, fp * fn)
    woolf = sum(_inverse(cell) for cell in table)
    return {
        "lr_positive": (
            positive,
            *ratio_limits(positive, _inverse(tp) + _inverse(fp) - spare, level),
        ),
        "lr_negative": (
            negative,
            *ratio_limits(negative, _inverse(fn) + _inverse(tn) - spare, level),
        ),
        "odds_ratio": (odds, *ratio_limits(odds, woolf, level)),
    }
