"""Correlation between columns: Pearson, Spearman, Kendall, with tests and intervals.

References
----------
D. Best, D. Roberts, Applied Statistics 24 (1975) 377, AS 89 (exact and series tail of Spearman).
E. Fieller, H. Hartley, E. Pearson, Biometrika 44 (1957) 470, doi:10.1093/biomet/44.3-4.470.
D. Bonett, T. Wright, Psychometrika 65 (2000) 23, doi:10.1007/BF02294183.
M. G. Kendall, Rank Correlation Methods, 4th ed., 1970 (variance of tau-b's S with ties).
"""

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.adjusted import adjust_p
from quant.cohort.choices import require_choice, require_level
from quant.cohort.data.columns import Notes, complete_rows, numbers
from quant.cohort.distributions import normal_p, normal_quantile, student_p
from quant.cohort.groups.rank_tests import midranks
from quant.cohort.groups.spearman_tail import spearman_p
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

METHODS = ("pearson", "spearman", "kendall")
NAMES = ("first", "second", "method", "coefficient", "low", "high", "statistic", "df", "p")
SPEARMAN_EXACT, KENDALL_EXACT = 1290, 50
"""R's limits: below so many rows without ties p comes from the exact distribution."""

Pair = tuple["NDArray[np.float64]", "NDArray[np.float64]"]
Row = dict[str, object]


def correlate(
    frame: "pd.DataFrame",
    *,
    columns: Sequence[str],
    method: str = "pearson",
    adjust: str = "none",
    level: float = 0.95,
) -> "pd.DataFrame":
    """Correlate every pair of columns over the rows in which both are known.

    Parameters
    ----------
    columns : sequence of str
        At least two columns of numbers.
    method : {"pearson", "spearman", "kendall"}
        Kendall's is tau-b. P follows R's cor.test: Pearson by Student's t; Spearman exact without
        ties (a series from 10 rows on), else Student's t; Kendall exact below 50 rows without
        ties, else normal with the variance of tied ranks and no continuity correction.
    adjust : {"none", "bonferroni", "holm", "benjamini-hochberg"}
        Adjustment of p over the pairs.
    level : float
        Coverage of the interval, on Fisher's scale: variance 1 / (n - 3) for Pearson,
        (1 + r**2 / 2) / (n - 3) for Spearman (Bonett and Wright), 0.437 / (n - 4) for Kendall
        (Fieller, Hartley and Pearson). Missing where |r| is 1 or rows are too few.

    Returns
    -------
    DataFrame
        ``first, second, method, coefficient, low, high, statistic, df, p, p_method, p_adjusted,
        n, flags``; statistic t, S (sum of squared rank differences) or z (T, the number of
        concordant pairs, where exact).
    """
    import pandas as pd

    require_level(level)
    require_choice("The method", method, METHODS)
    if len(columns) < 2:
        raise UsageError("USAGE", "A correlation needs two columns.", found=", ".join(columns))
    notes, rows = Notes(), []
    for first, second in itertools.combinations(columns, 2):
        own = Notes()
        x, y = numbers(frame, first), numbers(frame, second)
        kept = complete_rows(frame, [first, second], own)
        row = _row((x[kept], y[kept]), method, level, own)
        names = {"first": first, "second": second, "method": method, "n": int(kept.sum())}
        rows.append(names | row | {"flags": ";".join(own.codes)})
        notes.take(own)
    table = pd.DataFrame(rows, columns=[*NAMES, "p_method", "p_adjusted", "n", "flags"])
    table["p_adjusted"] = adjust_p(table["p"].to_numpy(dtype=np.float64), adjust)
    return notes.on(table, level=level, adjust=adjust)


def _row(pair: Pair, method: str, level: float, notes: Notes) -> Row:
    x, y = pair
    if x.size < 3:
        notes.add("GROUP_TOO_SMALL", f"{x.size} rows")
        return {"coefficient": math.nan, "p": math.nan}
    if x.min() == x.max() or y.min() == y.max():
        notes.add("CONSTANT_COLUMN")
        return {"coefficient": math.nan, "p": math.nan}
    measure = {"pearson": _pearson, "spearman": _spearman, "kendall": _kendall}[method]
    row, variance = measure(pair)
    low, high = _fisher_limits(float(str(row["coefficient"])), variance, level)
    return {**row, "low": low, "high": high}


def _fisher_limits(r: float, variance: float, level: float) -> tuple[float, float]:
    if not abs(r) < 1.0 or not 0.0 < variance < math.inf:
        return math.nan, math.nan
    half = normal_quantile(level) * math.sqrt(variance)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def product_moment(pair: Pair) -> float:
    """Pearson's coefficient, cut to -1..1 against rounding."""
    x, y = pair[0] - pair[0].mean(), pair[1] - pair[1].mean()
    x, y = x / np.abs(x).max(), y / np.abs(y).max()
    r = float(x @ y / math.sqrt(float(x @ x) * float(y @ y)))
    return max(-1.0, min(1.0, r))


def _student(r: float, n: int) -> tuple[float, float]:
    if abs(r) == 1.0:
        return math.copysign(math.inf, r), 0.0
    t = r * math.sqrt((n - 2) / (1.0 - r * r))
    return t, student_p(t, n - 2)


def _pearson(pair: Pair) -> tuple[Row, float]:
    n, r = pair[0].size, product_moment(pair)
    t, p = _student(r, n)
    row: Row = {"coefficient": r, "statistic": t, "df": n - 2, "p": p, "p_method": "student"}
    return row, 1.0 / (n - 3) if n > 3 else math.nan


def _spearman(pair: Pair) -> tuple[Row, float]:
    n = pair[0].size
    ranks = (midranks(pair[0]), midranks(pair[1]))
    r = product_moment(ranks)
    squares = (n**3 - n) * (1.0 - r) / 6.0
    tied = any(np.unique(values).size < n for values in pair)
    row: Row = {"coefficient": r, "statistic": squares}
    if tied or n >= SPEARMAN_EXACT:
        row |= {"df": n - 2, "p": _student(r, n)[1], "p_method": "student"}
    else:
        name = "exact" if n < 10 else "series (AS 89)"
        row |= {"p": spearman_p(round(squares), n), "p_method": name}
    return row, (1.0 + r * r / 2.0) / (n - 3) if n > 3 else math.nan


def _kendall(pair: Pair) -> tuple[Row, float]:
    x, y = pair
    n = x.size
    signs = np.sign(x[:, None] - x[None, :]) * np.sign(y[:, None] - y[None, :])
    s = int(signs.sum()) // 2
    ties = [_tie_sums(values) for values in pair]
    pairs = n * (n - 1) / 2.0
    tau = s / math.sqrt((pairs - ties[0][0] / 2.0) * (pairs - ties[1][0] / 2.0))
    row: Row = {"coefficient": max(-1.0, min(1.0, tau))}
    if n < KENDALL_EXACT and ties[0][0] == ties[1][0] == 0.0:
        concordant = int(pairs + s) // 2
        row |= {"statistic": concordant, "p": kendall_p(concordant, n), "p_method": "exact"}
    else:
        z = s / math.sqrt(_kendall_variance(n, ties[0], ties[1]))
        row |= {"statistic": z, "p": normal_p(z), "p_method": "normal"}
    return row, 0.437 / (n - 4) if n > 4 else math.nan


Ties = tuple[float, float, float]


def _tie_sums(values: "NDArray[np.float64]") -> Ties:
    t = np.unique(values, return_counts=True)[1].astype(np.float64)
    two = t * (t - 1.0)
    return float(two.sum()), float((two * (t - 2.0)).sum()), float((two * (2.0 * t + 5.0)).sum())


def _kendall_variance(n: int, x: Ties, y: Ties) -> float:
    whole = n * (n - 1.0)
    variance = (whole * (2.0 * n + 5.0) - x[2] - y[2]) / 18.0
    variance += x[0] * y[0] / (2.0 * whole)
    return variance + x[1] * y[1] / (9.0 * whole * (n - 2.0))


def kendall_p(concordant: int, n: int) -> float:
    """Two-sided exact p of the number of concordant pairs, without ties."""
    chance = np.ones(1)
    for size in range(2, n + 1):  # a new largest value is concordant with 0 .. size - 1 others
        chance = np.convolve(chance, np.full(size, 1.0 / size))
    below = math.fsum(chance[: concordant + 1])
    above = math.fsum(chance[concordant:])
    return min(1.0, 2.0 * min(below, above))
