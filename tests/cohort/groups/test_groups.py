"""Group tables and tests: other implementations, exhaustive counts, laws, degenerate tables."""

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.oneway import anova_oneway

from quant import cohort
from quant.cohort.data.columns import Notes
from quant.cohort.groups.components import components
from quant.cohort.groups.contingency import fisher_test
from quant.cohort.groups.correlations import kendall_p
from quant.cohort.groups.normality import shapiro_wilk
from quant.cohort.groups.rank_tests import kruskal_wallis, mann_whitney_exact, mann_whitney_normal
from quant.cohort.groups.spearman_tail import spearman_p, tail
from quant.domain.flags import CODES
from quant.errors import CohortError, UsageError

VALUES = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=5)
SHOWN = settings(max_examples=40, deadline=None)


def _tests(frame: pd.DataFrame, variable: str, by: str) -> Any:  # noqa: ANN401 - a table of rows
    return cohort.compare_groups(frame, variables=variable, by=by).set_index("test")


@given(VALUES, VALUES)
@SHOWN
def test_the_exact_rank_test_counts_all_divisions(first: list[float], second: list[float]) -> None:
    pooled = np.array(first + second)
    ranks = scipy.stats.rankdata(pooled)
    observed = ranks[: len(first)].sum()
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(first))]
    below = np.mean([value <= observed + 1e-9 for value in sums])
    above = np.mean([value >= observed - 1e-9 for value in sums])

    ours = mann_whitney_exact(np.array(first), np.array(second))

    assert ours == pytest.approx(min(1.0, 2.0 * min(below, above)), rel=1e-12)


def test_rank_tests_agree_with_scipy_with_and_without_ties() -> None:
    generator = np.random.default_rng(1)
    for size, grid in ((12, 50), (40, 5), (200, 9)):
        a, b, c = (generator.integers(0, grid, size).astype(float) for _ in range(3))
        for corrected in (True, False):
            theirs = scipy.stats.mannwhitneyu(
                a, b, method="asymptotic", use_continuity=corrected
            ).pvalue
            assert mann_whitney_normal(a, b, corrected=corrected) == pytest.approx(theirs, rel=1e-9)
        assert kruskal_wallis([a, b, c]) == pytest.approx(scipy.stats.kruskal(a, b, c), rel=1e-9)


def test_means_of_several_groups_agree_with_scipy_and_statsmodels() -> None:
    generator = np.random.default_rng(2)
    frame = pd.DataFrame({"x": generator.normal(size=40), "g": np.repeat(["a", "b", "c", "d"], 10)})
    groups = [part["x"].to_numpy() for _, part in frame.groupby("g")]

    ours = _tests(frame, "x", "g")

    plain = scipy.stats.f_oneway(*groups)
    welch = anova_oneway(groups, use_var="unequal", welch_correction=True)
    assert ours.loc["anova", "statistic"] == pytest.approx(plain.statistic, rel=1e-9)
    assert ours.loc["anova", "p"] == pytest.approx(plain.pvalue, rel=1e-9)
    assert ours.loc["welch-anova", "statistic"] == pytest.approx(welch.statistic, rel=1e-9)
    assert ours.loc["welch-anova", "p"] == pytest.approx(welch.pvalue, rel=1e-9)


def test_the_interval_of_a_difference_is_that_of_scipy() -> None:
    generator = np.random.default_rng(3)
    frame = pd.DataFrame({"x": generator.normal(size=30), "g": [0] * 12 + [1] * 18})
    groups = [frame.loc[frame["g"] == value, "x"] for value in (1, 0)]

    ours = _tests(frame, "x", "g")

    for test, equal in (("welch", False), ("student", True)):
        theirs = scipy.stats.ttest_ind(*groups, equal_var=equal)
        interval = theirs.confidence_interval(0.95)
        assert ours.loc[test, "statistic"] == pytest.approx(theirs.statistic, rel=1e-9)
        assert ours.loc[test, "p"] == pytest.approx(theirs.pvalue, rel=1e-9)
        assert ours.loc[test, "low"] == pytest.approx(interval.low, rel=1e-9)
        assert ours.loc[test, "high"] == pytest.approx(interval.high, rel=1e-9)
        assert ours.loc[test, "comparison"] == "1 - 0"


@given(st.lists(st.integers(0, 4), min_size=6, max_size=6).filter(lambda c: sum(c) > 0))
@SHOWN
def test_fishers_p_of_a_larger_table_counts_all_tables(cells: list[int]) -> None:
    table = np.array(cells).reshape(2, 3)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    if 0 in rows or 0 in columns:
        return
    law = scipy.stats.random_table(rows, columns)
    observed, total = law.pmf(table), 0.0
    for a, b in itertools.product(range(int(rows[0]) + 1), repeat=2):
        first = np.array([a, b, rows[0] - a - b])
        if (first >= 0).all() and (first <= columns).all():
            chance = law.pmf(np.array([first, columns - first]))
            total += chance if chance <= observed * (1 + 1e-7) else 0.0

    assert fisher_test(table, Notes())[1] == pytest.approx(total, rel=1e-9)


def test_a_table_too_large_to_count_is_drawn_with_a_seed_and_said() -> None:
    table = np.array([[12, 14, 9, 20], [18, 11, 16, 10], [15, 17, 13, 12], [9, 9, 21, 16]])
    notes = Notes()

    first, again = (fisher_test(table, notes)[1] for _ in range(2))

    assert first == again
    assert notes.codes == ["MONTE_CARLO"]
    assert first == pytest.approx(scipy.stats.chi2_contingency(table).pvalue, abs=0.03)


def test_counts_agree_with_scipy() -> None:
    frame = pd.DataFrame({"c": list("aabbbcccca") * 4, "g": list("xyxyy") * 8})
    table = pd.crosstab(frame["c"], frame["g"]).to_numpy()

    ours = _tests(frame, "c", "g")
    pair = _tests(frame[frame["c"] != "c"], "c", "g")

    assert ours.loc["chi-square", "p"] == pytest.approx(
        scipy.stats.chi2_contingency(table, correction=False).pvalue, rel=1e-9
    )
    assert pair.loc["chi-square-yates", "p"] == pytest.approx(
        scipy.stats.chi2_contingency(table[:2]).pvalue, rel=1e-9
    )
    assert pair.loc["fisher", "p"] == pytest.approx(
        scipy.stats.fisher_exact(table[:2])[1], rel=1e-9
    )


@pytest.mark.parametrize("size", [3, 4, 5, 6, 11, 12, 50, 700])
def test_shapiro_wilk_agrees_with_scipy_to_its_seven_digits(size: int) -> None:
    values = np.random.default_rng(size).gamma(2.0, size=size)

    w, p = shapiro_wilk(values)

    theirs = scipy.stats.shapiro(values)
    assert w == pytest.approx(theirs.statistic, rel=1e-8)
    assert p == pytest.approx(theirs.pvalue, rel=2e-6)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8))
@settings(max_examples=15, deadline=None)
def test_adjusted_p_agrees_with_statsmodels(p: list[float]) -> None:
    for ours, theirs in (("bonferroni", "bonferroni"), ("holm", "holm"),
                         ("benjamini-hochberg", "fdr_bh")):  # fmt: skip
        np.testing.assert_allclose(
            cohort.adjust_p(p, ours), multipletests(p, method=theirs)[1], rtol=1e-12, atol=1e-300
        )


def test_missing_p_is_not_counted_and_stays_missing() -> None:
    adjusted = cohort.adjust_p([0.01, math.nan, 0.02], "bonferroni")

    np.testing.assert_allclose(adjusted, [0.02, math.nan, 0.04])


def test_p_is_adjusted_over_variables_within_each_test() -> None:
    generator = np.random.default_rng(4)
    frame = pd.DataFrame(generator.normal(size=(30, 3)), columns=list("abc")).assign(g=[0, 1] * 15)

    found = cohort.compare_groups(frame, variables=list("abc"), by="g", adjust="holm")

    welch = found[found["test"] == "welch"]
    np.testing.assert_allclose(welch["p_adjusted"], multipletests(welch["p"], method="holm")[1])


@pytest.mark.parametrize("n", range(2, 7))
def test_the_tail_of_spearman_counts_all_orders(n: int) -> None:
    base = np.arange(n)
    sums = [int(((base - np.array(order)) ** 2).sum()) for order in itertools.permutations(base)]

    for squares in range((n**3 - n) // 3 + 1):
        expected = np.mean([value >= squares for value in sums])
        assert tail(squares, n, lower=False) == pytest.approx(expected, rel=1e-12)
        assert tail(squares, n, lower=True) == pytest.approx(1 - expected, rel=1e-12, abs=1e-15)


def test_the_series_of_spearman_is_near_the_exact_tail_where_it_begins() -> None:
    generator = np.random.default_rng(6)
    base = np.arange(10)
    sums = np.array([((base - generator.permutation(10)) ** 2).sum() for _ in range(20000)])

    for squares in (60, 120, 166, 220, 280):
        assert tail(squares, 10, lower=False) == pytest.approx(np.mean(sums >= squares), abs=0.012)
    assert spearman_p(0, 10) < 1e-4


@pytest.mark.parametrize("method", ["pearson", "spearman", "kendall"])
@pytest.mark.parametrize("grid", [4, 1000])
def test_correlations_agree_with_scipy(method: str, grid: int) -> None:
    generator = np.random.default_rng(7)
    x = generator.integers(0, grid, 30).astype(float)
    y = x + 4.0 * generator.integers(0, grid, 30)
    ask = {
        "pearson": scipy.stats.pearsonr, "spearman": scipy.stats.spearmanr,
        "kendall": scipy.stats.kendalltau,
    }[method]  # fmt: skip

    ours: Any = cohort.correlate(
        pd.DataFrame({"x": x, "y": y}), columns=["x", "y"], method=method
    ).iloc[0]

    theirs = ask(x, y)
    assert ours["coefficient"] == pytest.approx(theirs.statistic, rel=1e-9)
    # without ties Spearman's p is R's series, scipy's is Student's approximation
    close = 0.2 if ours["p_method"].startswith("series") else 1e-9
    assert ours["p"] == pytest.approx(theirs.pvalue, rel=close)
    if method == "pearson":
        interval = theirs.confidence_interval(0.95)
        assert (ours["low"], ours["high"]) == pytest.approx(tuple(interval), rel=1e-9)


@pytest.mark.parametrize("n", range(2, 7))
def test_kendalls_exact_p_counts_all_orders(n: int) -> None:
    counts = [
        sum(order[i] < order[j] for i in range(n) for j in range(i + 1, n))
        for order in itertools.permutations(range(n))
    ]
    for concordant in range(n * (n - 1) // 2 + 1):
        below = np.mean([c <= concordant for c in counts])
        above = np.mean([c >= concordant for c in counts])
        assert kendall_p(concordant, n) == pytest.approx(min(1.0, 2 * min(below, above)))


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.floats(-9, 9)),
                min_size=3, max_size=8))  # fmt: skip
@SHOWN
def test_components_rebuild_the_data_and_have_positive_largest_loadings(
    rows: list[tuple[float, float, float]],
) -> None:
    data = np.array(rows)
    centred = data - data.mean(axis=0)

    sdev, loadings, scores = components(centred)

    np.testing.assert_allclose(scores @ loadings.T, centred, atol=1e-9)
    assert (sdev[:-1] >= sdev[1:]).all()
    for column in loadings.T:
        assert column.max() >= -column.min() - 1e-9
    np.testing.assert_allclose((sdev**2).sum(), data.var(axis=0, ddof=1).sum(), atol=1e-9)


def test_a_group_table_counts_every_row_once() -> None:
    frame = pd.DataFrame({"x": [1.0, 2, None, 4, 8], "c": ["a", "b", "b", None, "a"],
                          "s": [0, 1, 1, 2, 0], "g": [0, 0, 1, 1, None]})  # fmt: skip

    found: Any = cohort.group_table(frame, variables=["x", "c", "s"], by="g", counted=["s"])

    x = found[(found["variable"] == "x") & (found["group"] == "all")].iloc[0]
    assert (x["n"], x["missing"], x["median"], x["mean"]) == (4, 1, 3.0, 3.75)
    for variable in ("c", "s"):
        for group in ("all", "0", "1"):
            part = found[(found["variable"] == variable) & (found["group"] == group)]
            assert part["count"].sum() == part["n"].iloc[0]
            assert part["percent"].sum() == pytest.approx(100.0)
    assert "R type 6 (weibull)" in found.attrs["quartile_rule"]


BAD: dict[str, tuple[dict[str, list[object]], str]] = {
    "one group": ({"x": [1.0, 2.0], "g": ["a", "a"]}, "ONE_GROUP"),
    "no rows": ({"x": [], "g": []}, "NO_ROWS"),
    "all cells missing": ({"x": [None, None], "g": ["a", "b"]}, "NO_ROWS"),
    "a group of one": ({"x": [1.0, 2.0, 5.0], "g": ["a", "b", "b"]}, "GROUP_TOO_SMALL"),
    "all values equal": ({"x": [3.0] * 4, "g": ["a", "a", "b", "b"]}, "CONSTANT_COLUMN"),
    "one category": ({"x": ["u"] * 4, "g": ["a", "a", "b", "b"]}, "CONSTANT_COLUMN"),
    "three equal groups": ({"x": [3.0] * 6, "g": list("aabbcc")}, "CONSTANT_COLUMN"),
    "missing cells": ({"x": [1.0, None, 3, 4], "g": ["a", "a", "b", "b"]}, "ROWS_LEFT_OUT"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_degenerate_tables_give_a_code(name: str) -> None:
    cells, code = BAD[name]

    found = cohort.compare_groups(pd.DataFrame(cells), variables="x", by="g")

    assert code in found.attrs["flags"]
    assert set(found.attrs["flags"]) <= set(CODES)
    assert not np.isinf(found["statistic"].astype(float)).any()


@pytest.mark.parametrize("method", ["pearson", "spearman", "kendall"])
def test_correlations_of_too_little_give_a_code(method: str) -> None:
    frame = pd.DataFrame({"x": [1.0, 2, 3], "y": [5.0, 5, 5], "z": [1.0, None, None]})

    found: Any = cohort.correlate(frame, columns=["x", "y", "z"], method=method)

    assert found["coefficient"].isna().all()
    assert {"CONSTANT_COLUMN", "GROUP_TOO_SMALL"} <= set(found.attrs["flags"])
    line: Any = cohort.correlate(frame.assign(y=[2, 4, 6]), columns=["x", "y"], method=method)
    assert line.loc[0, "coefficient"] == 1.0
    assert math.isnan(line.loc[0, "low"])


def test_components_of_too_little_give_a_code() -> None:
    frame = pd.DataFrame({"x": [1.0, 2, 3], "y": [5.0, 5, 5], "z": [1.0, 5, 2], "w": [2.0, 10, 4]})

    assert "CONSTANT_COLUMN" in cohort.pca(frame, columns=["x", "y", "z"]).attrs["flags"]
    assert "RANK_DEFICIENT" in cohort.pca(frame, columns=["x", "z", "w"]).attrs["flags"]
    assert "GROUP_TOO_SMALL" in cohort.pca(frame[:1], columns=["x", "z"]).attrs["flags"]
    assert "NO_ROWS" in cohort.pca(frame[:0], columns=["x", "z"]).attrs["flags"]


def test_questions_that_make_no_sense_are_refused() -> None:
    frame = pd.DataFrame({"x": [1.0, 2], "t": ["a", "b"], "g": [0, 1]})

    with pytest.raises(UsageError, match="USAGE"):
        cohort.pca(frame, columns=["x"])
    with pytest.raises(UsageError, match="USAGE"):
        cohort.group_table(frame, variables="x", rule=10)
    with pytest.raises(UsageError, match="USAGE"):
        cohort.compare_groups(frame, variables="x", by="g", adjust="hommel")
    with pytest.raises(UsageError, match="COLUMN_MISSING"):
        cohort.compare_groups(frame, variables="nothing", by="g")
    with pytest.raises(CohortError, match="COLUMN_NOT_NUMERIC"):
        cohort.correlate(frame, columns=["x", "t"])
    with pytest.raises(UsageError, match="USAGE"):
        cohort.adjust_p([1.5], "holm")
