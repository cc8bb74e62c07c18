"""Chi-square and Fisher's exact test of tables of any size.

References
----------
R. A. Fisher, J R Stat Soc 85 (1922) 87, doi:10.2307/2340521.
C. R. Mehta, N. R. Patel, JASA 78 (1983) 427, doi:10.1080/01621459.1983.10477989.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import SEED
from quant.cohort.data.columns import Notes
from quant.cohort.distributions import chi_square_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_TABLES = 50_000
"""Columns of tables looked at before p is estimated from drawn tables instead."""

DRAWN = 50_000
NEAR = 1.0 + 1e-7
"""Tables whose chance exceeds the observed one by rounding only count as equal (as in R)."""

Ways = dict[tuple[tuple[int, ...], float], tuple[float, float]]
"""What is left of the rows, with the rounded log chance, to the log chance and how many ways."""


def chi_square_test(
    table: "NDArray[np.int64]", notes: Notes, *, yates: bool = False
) -> tuple[float, int, float]:
    """Pearson's chi-square, degrees of freedom and p of a table without empty margins."""
    total = table.sum()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    if (expected < 5.0).any():
        notes.add("SMALL_EXPECTED", f"{expected.min():.3g}")
    deviation = np.abs(table - expected)
    if yates:
        deviation = deviation - np.minimum(0.5, deviation)
    statistic = float((deviation**2 / expected).sum())
    df = (table.shape[0] - 1) * (table.shape[1] - 1)
    return statistic, df, chi_square_p(statistic, df)


def fisher_test(table: "NDArray[np.int64]", notes: Notes) -> tuple[float, float]:
    """Conditional odds ratio (two by two, else NaN) and two-sided p: tables no likelier."""
    if table.shape == (2, 2):
        from quant.cohort.classification.two_by_two import fisher

        (a, b), (c, d) = table.tolist()
        return fisher((a, b, c, d))
    p = _enumerated(table)
    if p is None:
        notes.add("MONTE_CARLO", f"{DRAWN} tables, seed {SEED}")
        p = _drawn(table)
    return math.nan, p


def _log_factorials(n: int) -> "NDArray[np.float64]":
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])


def _enumerated(table: "NDArray[np.int64]") -> float | None:
    """Sum over all tables with the margins, column by column; None where there are too many.

    After each column only what is left of the rows matters. Ways with the same rest are kept
    apart by their chance, which is the same or differs by far more than its rounding.
    """
    if table.shape[0] > table.shape[1]:
        table = table.T
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    logs = _log_factorials(int(table.sum()))
    constant = float(logs[rows].sum() + logs[columns].sum() - logs[table.sum()])
    observed = constant - float(logs[table].sum())
    ways: Ways = {(tuple(rows.tolist()), 0.0): (0.0, 1.0)}
    looked = 0
    for column in columns.tolist():
        after: Ways = {}
        for (rest, _), (weight, count) in ways.items():
            for cells in _fillings(rest, column):
                looked += 1
                if looked > MOST_TABLES:
                    return None
                left = tuple(a - b for a, b in zip(rest, cells, strict=True))
                lighter = weight - float(logs[list(cells)].sum())
                key = (left, round(lighter, 8))
                known = after.get(key, (lighter, 0.0))
                after[key] = (known[0], known[1] + count)
        ways = after
    chances = [(constant + weight, count) for weight, count in ways.values()]
    limit = observed + math.log(NEAR)
    return min(1.0, math.fsum(count * math.exp(log) for log, count in chances if log <= limit))


def _fillings(rest: tuple[int, ...], total: int) -> "list[tuple[int, ...]]":
    """Ways to fill a column of this total without taking more than is left of a row."""
    if len(rest) == 1:
        return [(total,)] if total <= rest[0] else []
    spare = sum(rest[1:])
    return [
        (here, *others)
        for here in range(max(0, total - spare), min(rest[0], total) + 1)
        for others in _fillings(rest[1:], total - here)
    ]


def _drawn(table: "NDArray[np.int64]") -> float:
    """Share of tables drawn with the margins that are no likelier, the observed one included."""
    from scipy.stats import random_table

    logs = _log_factorials(int(table.sum()))
    drawn = random_table(table.sum(axis=1), table.sum(axis=0)).rvs(
        DRAWN, random_state=np.random.default_rng(SEED)
    )
    weights = -logs[drawn.astype(np.int64)].sum(axis=(1, 2))
    observed = -float(logs[table].sum())
    reached = int((weights <= observed + math.log(NEAR)).sum())
    return (reached + 1) / (DRAWN + 1)
