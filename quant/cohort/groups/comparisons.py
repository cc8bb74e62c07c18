"""Tests between groups: means, ranks, counts; with p adjusted over variables.

References
----------
B. L. Welch, Biometrika 34 (1947) 28, doi:10.1093/biomet/34.1-2.28.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.adjusted import ADJUSTMENTS, adjust_p
from quant.cohort.choices import require_choice, require_level
from quant.cohort.data.columns import (
    Notes,
    as_list,
    complete_rows,
    group_rows,
    numbers,
    require_columns,
)
from quant.cohort.distributions import f_p, student_p, student_quantile
from quant.cohort.groups.contingency import chi_square_test, fisher_test
from quant.cohort.groups.normality import LEAST, MOST, shapiro_wilk
from quant.cohort.groups.rank_tests import (
    kruskal_wallis,
    mann_whitney_exact,
    mann_whitney_normal,
    tie_term,
    u_statistic,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

EXACT_BELOW = 50
"""R's rule: exact ranks with fewer than 50 values in each group and no ties."""

NAMES: tuple[str, ...] = (
    "variable",
    "test",
    "comparison",
    "statistic",
    "df",
    "estimate",
    "low",
    "high",
    "p",
)
NAMES += ("p_adjusted", "n", "flags")

Groups = list["NDArray[np.float64]"]
Row = dict[str, object]


def compare_groups(
    frame: "pd.DataFrame",
    *,
    variables: str | Sequence[str],
    by: str,
    adjust: str = "none",
    level: float = 0.95,
) -> "pd.DataFrame":
    """Test whether groups differ in variables.

    Numbers are compared by means and by ranks, text, booleans and categories by counts.

    Parameters
    ----------
    variables : str or sequence of str
        Columns to compare; rows with a missing cell are left out per variable.
    by : str
        Column of groups; the second of two groups minus the first is the direction of
        differences (groups are ordered by value, so 1 minus 0).
    adjust : {"none", "bonferroni", "holm", "benjamini-hochberg"}
        Adjustment of p over the variables, within each test.
    level : float
        Coverage of the interval of a difference of means.

    Returns
    -------
    DataFrame
        ``variable, test, comparison, statistic, df, estimate, low, high, p, p_adjusted, n,
        flags``. Two groups: ``welch``, ``student`` (estimate: difference of means),
        ``mann-whitney`` (R's choice: exact below 50 values in each group without ties, else normal
        with continuity correction), ``mann-whitney-normal`` (without correction),
        ``mann-whitney-exact`` (permutation of the ranks, ties included; below 50 in each);
        statistic U and estimate U / (m n), the area under the ROC curve. More groups: ``anova``,
        ``welch-anova``, ``kruskal-wallis``. Both: ``shapiro-wilk`` of all values. Counts:
        ``chi-square``, with two by two also ``chi-square-yates``, and ``fisher``.
    """
    import pandas as pd

    require_level(level)
    require_choice("The adjustment", adjust, ADJUSTMENTS)
    notes, rows = Notes(), []
    names = as_list(variables)
    require_columns(frame, [*names, by])
    for name in names:
        own = Notes()
        kept = frame[complete_rows(frame, [name, by], own)]
        found = _of_variable(kept, name, by, level, own)
        flags = ";".join(own.codes)
        rows += [{"variable": name, "n": len(kept), **row, "flags": flags} for row in found]
        notes.take(own)
    table = pd.DataFrame(rows, columns=list(NAMES))
    for places in table.groupby("test").groups.values():
        values = table.loc[places, "p"].to_numpy(dtype=np.float64)
        table.loc[places, "p_adjusted"] = adjust_p(values, adjust)
    return notes.on(table, by=by, adjust=adjust, level=level)


def is_numeric(column: "pd.Series") -> bool:
    """Tell numbers from text, booleans and categories."""
    import pandas as pd

    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _of_variable(kept: "pd.DataFrame", name: str, by: str, level: float, notes: Notes) -> list[Row]:
    split = group_rows(kept, by)
    if len(split) < 2:
        notes.add("ONE_GROUP", f"{len(split)} groups")
        return []
    labels = [label for label, _ in split]
    if not is_numeric(kept[name]):
        return _of_counts(kept, name, split, notes)
    values = numbers(kept, name)
    groups = [values[mask] for _, mask in split]
    normality = _normality(values, notes)
    if len(groups) > 2:
        return [*_of_many(groups, " | ".join(labels), notes), normality]
    comparison = f"{labels[1]} - {labels[0]}"
    return [*_of_two(groups[1], groups[0], comparison, level, notes), normality]


def _normality(values: "NDArray[np.float64]", notes: Notes) -> Row:
    """Shapiro and Wilk's test of all values together, groups ignored."""
    row: Row = {"test": "shapiro-wilk", "comparison": "all values"}
    if not LEAST <= values.size <= MOST:
        notes.add("GROUP_TOO_SMALL" if values.size < LEAST else "TOO_MANY_VALUES", "shapiro-wilk")
        return row
    if values.min() == values.max():
        notes.add("CONSTANT_COLUMN", "shapiro-wilk")
        return row
    statistic, p = shapiro_wilk(values)
    return row | {"statistic": statistic, "p": p}


def _of_two(
    first: "NDArray[np.float64]",
    second: "NDArray[np.float64]",
    comparison: str,
    level: float,
    notes: Notes,
) -> list[Row]:
    rows: list[Row] = []
    for test, measure in (("welch", welch), ("student", student)):
        difference, se, df = measure(first, second)
        if not se > 0.0:
            notes.add("GROUP_TOO_SMALL" if math.isnan(se) else "CONSTANT_COLUMN", comparison)
            rows.append({"test": test, "comparison": comparison, "estimate": difference})
            continue
        half = student_quantile(level, df) * se
        rows.append(
            {
                "test": test,
                "comparison": comparison,
                "statistic": difference / se,
                "df": df,
                "estimate": difference,
                "low": difference - half,
                "high": difference + half,
                "p": student_p(difference / se, df),
            }
        )
    return rows + _of_ranks(first, second, comparison, notes)


def _of_ranks(
    first: "NDArray[np.float64]",
    second: "NDArray[np.float64]",
    comparison: str,
    notes: Notes,
) -> list[Row]:
    tied = tie_term(np.concatenate([first, second])) > 0.0
    small = max(first.size, second.size) < EXACT_BELOW
    exact = mann_whitney_exact(first, second) if small else math.nan
    corrected = mann_whitney_normal(first, second, corrected=True)
    if tied and small:
        notes.add("TIES_IN_RANKS", comparison)
    values = {
        "mann-whitney": exact if small and not tied else corrected,
        "mann-whitney-normal": mann_whitney_normal(first, second, corrected=False),
        "mann-whitney-corrected": corrected,
        "mann-whitney-exact": exact,
    }
    u = u_statistic(first, second)
    shared = {"statistic": u, "estimate": u / (first.size * second.size)}
    return [
        {"test": test, "comparison": comparison, **shared, "p": p} for test, p in values.items()
    ]


def welch(
    first: "NDArray[np.float64]", second: "NDArray[np.float64]"
) -> tuple[float, float, float]:
    """Difference of means, its standard error and Welch's degrees of freedom."""
    difference = float(first.mean() - second.mean())
    if min(first.size, second.size) < 2:
        return difference, math.nan, math.nan
    a, b = first.var(ddof=1) / first.size, second.var(ddof=1) / second.size
    if a + b == 0.0:
        return difference, 0.0, math.nan
    df = (a + b) ** 2 / (a * a / (first.size - 1) + b * b / (second.size - 1))
    return difference, math.sqrt(a + b), float(df)


def student(
    first: "NDArray[np.float64]", second: "NDArray[np.float64]"
) -> tuple[float, float, float]:
    """Difference of means, its standard error under equal variances, degrees of freedom."""
    difference, df = float(first.mean() - second.mean()), first.size + second.size - 2
    if df < 1:
        return difference, math.nan, math.nan
    squares = first.var() * first.size + second.var() * second.size
    return difference, math.sqrt(squares / df * (1 / first.size + 1 / second.size)), float(df)


def _of_many(groups: Groups, comparison: str, notes: Notes) -> list[Row]:
    rows: list[Row] = []
    tests: tuple[tuple[str, Callable[[Groups], tuple[float, float, float]]], ...] = (
        ("anova", anova),
        ("welch-anova", welch_anova),
    )
    for test, measure in tests:
        statistic, df_above, df_below = measure(groups)
        p = math.nan
        if math.isnan(statistic):
            notes.add("GROUP_TOO_SMALL", test)
        else:
            p = f_p(statistic, df_above, df_below)
        rows.append({"test": test, "statistic": statistic, "df": df_below, "p": p})
    statistic, p = kruskal_wallis(groups)
    if math.isnan(statistic):
        notes.add("CONSTANT_COLUMN", comparison)
    rows.append({"test": "kruskal-wallis", "statistic": statistic, "df": len(groups) - 1, "p": p})
    return [row | {"comparison": comparison} for row in rows]


def anova(groups: Groups) -> tuple[float, float, float]:
    """F of one-way analysis of variance and its degrees of freedom; NaN without spread."""
    sizes = np.array([group.size for group in groups], dtype=np.float64)
    means = np.array([group.mean() for group in groups])
    within = float(sum(((group - group.mean()) ** 2).sum() for group in groups))
    df_above, df_below = len(groups) - 1.0, float(sizes.sum()) - len(groups)
    if df_below < 1.0 or within <= 0.0:
        return math.nan, df_above, df_below
    between = float((sizes * (means - (sizes @ means) / sizes.sum()) ** 2).sum())
    return between / df_above / (within / df_below), df_above, df_below


def welch_anova(groups: Groups) -> tuple[float, float, float]:
    """Welch's F, which allows unequal variances; NaN where a group has no spread."""
    k = len(groups)
    if min(group.size for group in groups) < 2 or min(group.var() for group in groups) <= 0.0:
        return math.nan, k - 1.0, math.nan
    weights = np.array([group.size / group.var(ddof=1) for group in groups])
    means = np.array([group.mean() for group in groups])
    below = np.array([group.size - 1.0 for group in groups])
    spread = float(((1.0 - weights / weights.sum()) ** 2 / below).sum()) / (k * k - 1.0)
    centre = float(weights @ means / weights.sum())
    between = float(weights @ (means - centre) ** 2) / (k - 1.0)
    return between / (1.0 + 2.0 * (k - 2.0) * spread), k - 1.0, 1.0 / (3.0 * spread)


def _of_counts(
    kept: "pd.DataFrame",
    name: str,
    split: "list[tuple[str, NDArray[np.bool_]]]",
    notes: Notes,
) -> list[Row]:
    levels = group_rows(kept, name)
    table = np.array([[int((mask & level).sum()) for _, mask in split] for _, level in levels])
    comparison = " | ".join(label for label, _ in split)
    if table.shape[0] < 2:
        notes.add("CONSTANT_COLUMN", name)
        return []
    rows: list[Row] = []
    for test, corrected in (("chi-square", False), ("chi-square-yates", True)):
        if corrected and table.shape != (2, 2):
            continue
        statistic, df, p = chi_square_test(table, notes, yates=corrected)
        rows.append({"test": test, "statistic": statistic, "df": df, "p": p})
    odds, p = fisher_test(table, notes)
    rows.append({"test": "fisher", "estimate": odds, "p": p})
    return [row | {"comparison": comparison} for row in rows]
