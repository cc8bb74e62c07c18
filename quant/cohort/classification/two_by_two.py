"""Measures of a 2 by 2 table as a tidy frame, and the tests of association in it."""

import math
from typing import TYPE_CHECKING

from quant.cohort.choices import require_level
from quant.cohort.classification.proportions import (
    METHODS,
    Counts,
    likelihood_ratios,
    limits,
    quotient,
    require_counts,
    shares,
)
from quant.cohort.data.columns import Notes
from quant.cohort.distributions import chi_square_p

if TYPE_CHECKING:
    import pandas as pd


def accuracy(*, tp: int, fp: int, fn: int, tn: int, level: float = 0.95) -> "pd.DataFrame":
    """Describe a test with two outcomes against an event, with intervals.

    Parameters
    ----------
    tp, fp, fn, tn : int
        Events called positive, others called positive, events called negative, others called
        negative.
    level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        ``measure, x, n, estimate, method, low, high``: sensitivity, specificity, PPV, NPV and
        accuracy under each interval method; LR+, LR- and odds ratio by the log method; Youden's J
        without an interval. Fractions, not percent. A measure without denominator is NaN; flags
        are in ``attrs``.
    """
    import pandas as pd

    require_level(level)
    require_counts(tp=tp, fp=fp, fn=fn, tn=tn)
    table, notes = (tp, fp, fn, tn), Notes()
    rows: list[tuple[object, ...]] = []
    for measure, (x, n) in shares(table).items():
        if n == 0:
            notes.add("EMPTY_MARGIN", measure)
        estimate = x / n if n else math.nan
        rows += [(measure, x, n, estimate, m, *limits(x, n, level, m)) for m in METHODS]
    for measure, values in likelihood_ratios(table, level).items():
        if math.isnan(values[1]):
            notes.add("ZERO_CELL", measure)
        rows.append((measure, None, None, values[0], "log", values[1], values[2]))
    rows.append(("youden", None, None, youden(table), "", math.nan, math.nan))
    frame = pd.DataFrame(
        rows, columns=["measure", "x", "n", "estimate", "method", "low", "high"]
    ).astype({"x": "Int64", "n": "Int64"})
    return notes.on(frame, level=level)


def youden(table: Counts) -> float:
    """Sensitivity plus specificity minus 1."""
    tp, fp, fn, tn = table
    return quotient(tp, tp + fn) + quotient(tn, tn + fp) - 1.0


def association(*, tp: int, fp: int, fn: int, tn: int) -> "pd.DataFrame":
    """Test the association in a 2 by 2 table.

    Returns
    -------
    DataFrame
        ``test, statistic, p``: Fisher's exact test (its statistic is the conditional odds ratio),
        Pearson's chi-square, and the same with Yates' correction. An empty row or column leaves
        nothing to test: NaN and EMPTY_MARGIN.
    """
    import pandas as pd

    require_counts(tp=tp, fp=fp, fn=fn, tn=tn)
    notes = Notes()
    odds, exact = fisher((tp, fp, fn, tn))
    margins = (tp + fp, fn + tn, tp + fn, fp + tn)
    if 0 in margins:
        notes.add("EMPTY_MARGIN", "the table has an empty row or column")
    elif min(a * b for a in margins[:2] for b in margins[2:]) / (tp + fp + fn + tn) < 5.0:
        notes.add("SMALL_EXPECTED")
    rows = [("fisher", odds, exact)]
    for name, corrected in (("chi-square", False), ("chi-square-yates", True)):
        statistic = chi_square((tp, fp, fn, tn), yates=corrected)
        rows.append((name, statistic, chi_square_p(statistic, 1)))
    return notes.on(pd.DataFrame(rows, columns=["test", "statistic", "p"]))


def chi_square(table: Counts, *, yates: bool = False) -> float:
    """Pearson's chi-square of a 2 by 2 table; NaN with an empty row or column.

    Yates' correction takes half a subject off every deviation, but never more than there is.
    """
    a, b, c, d = table
    n = a + b + c + d
    below = (a + b) * (c + d) * (a + c) * (b + d)
    if below == 0:
        return math.nan
    deviation = float(abs(a * d - b * c))
    if yates:
        deviation = max(0.0, deviation - n / 2.0)
    return n * deviation * deviation / below


def fisher(table: Counts) -> tuple[float, float]:
    """Conditional odds ratio and two-sided exact p; NaN with an empty row or column."""
    from scipy.stats import fisher_exact
    from scipy.stats.contingency import odds_ratio

    a, b, c, d = table
    if 0 in {a + b, c + d, a + c, b + d}:
        return math.nan, math.nan
    cells = [[a, b], [c, d]]
    return float(odds_ratio(cells, kind="conditional").statistic), float(fisher_exact(cells)[1])
