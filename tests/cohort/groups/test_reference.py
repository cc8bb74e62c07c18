"""Components, quartiles, group tests, correlations and adjusted p against R, row by row."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from quant import cohort
from tests.support.cohort_tables import SHIPPED, data_set

CLOSE = 1e-9
PCA = pd.read_csv(SHIPPED / "pca.csv")
QUANTILES = pd.read_csv(SHIPPED / "quantiles.csv").to_dict("records")
OTHER = pd.read_csv(SHIPPED / "other_tests.csv")
COLUMNS = ["tmax_lmax", "tmax_lmean", "tmax_mmax", "asp", "curie", "n_idrf", "diam_cm"]
TESTS = {
    "mann_whitney_asymptotic_nocc": "mann-whitney-normal",
    "mann_whitney_asymptotic_cc": "mann-whitney-corrected",
    "mann_whitney_exact": "mann-whitney-exact",
    "welch_t": "welch",
    "student_t": "student",
    "shapiro_wilk_all": "shapiro-wilk",
}
ADJUSTMENTS = {"bonferroni": "bonferroni", "holm": "holm", "BH": "benjamini-hochberg"}


@pytest.mark.parametrize("scale", [True, False])
def test_components_loadings_and_scores_agree_with_prcomp(scale: bool) -> None:  # noqa: FBT001
    expected = PCA[PCA["scaled"] == scale].copy()
    is_score = expected["item"].str.startswith("score:row")
    expected["row"] = expected["item"].str.extract(r"score:row(\d+)", expand=False).astype(float)
    expected.loc[is_score, "item"] = "score"

    ours = cohort.pca(data_set("seedlike50"), columns=COLUMNS, scale=scale)

    ours["row"] = ours["row"].astype("float64")
    joined = expected.merge(ours, on=["component", "item", "row"], suffixes=("_r", ""))
    assert len(joined) == len(expected) == 77
    np.testing.assert_allclose(joined["value"], joined["value_r"], rtol=CLOSE, atol=0.0)


@pytest.mark.parametrize(
    "row", QUANTILES, ids=[f"{row['variable']}-type{row['r_type']}" for row in QUANTILES]
)
def test_quartiles_agree_with_rs_types(row: dict[Any, Any]) -> None:
    ours: Any = cohort.group_table(
        data_set("seedlike50"), variables=row["variable"], rule=row["r_type"]
    ).iloc[0]

    for mine, theirs in (("q1", "q25"), ("median", "median"), ("q3", "q75")):
        assert ours[mine] == pytest.approx(row[theirs], rel=CLOSE)
    assert f"type {row['r_type']}" in ours["quartile_rule"]


PAIRS = OTHER[OTHER["test"].isin(list(TESTS))].to_dict("records")


@pytest.mark.parametrize("row", PAIRS, ids=[f"{row['test']}-{row['variable']}" for row in PAIRS])
def test_tests_between_events_and_others_agree_with_r(row: dict[Any, Any]) -> None:
    found = cohort.compare_groups(data_set("seedlike50"), variables=row["variable"], by="event")

    ours = found.set_index("test").loc[TESTS[row["test"]]]
    assert ours["statistic"] == pytest.approx(row["statistic"], rel=CLOSE)
    assert ours["p"] == pytest.approx(row["p"], rel=CLOSE)


@pytest.mark.parametrize("method", ["pearson", "spearman", "kendall"])
def test_correlations_agree_with_r(method: str) -> None:
    row = OTHER.set_index("test").loc[f"cor_{method}"]
    first, second = str(row["variable"]).split("~")

    ours: Any = cohort.correlate(
        data_set("seedlike50"), columns=[first, second], method=method
    ).iloc[0]

    assert ours["coefficient"] == pytest.approx(row["statistic"], rel=CLOSE)
    assert ours["p"] == pytest.approx(row["p"], rel=CLOSE)


def test_ranks_of_three_groups_agree_with_r() -> None:
    frame = data_set("seedlike50")
    frame["age"] = pd.cut(frame["age_months"], [-1, 17, 59, 999], labels=["a", "b", "c"])
    row = OTHER.set_index("test").loc["kruskal_wallis"]

    found = cohort.compare_groups(frame, variables="tmax_lmax", by="age").set_index("test")

    ours = found.loc["kruskal-wallis"]
    assert ours["statistic"] == pytest.approx(row["statistic"], rel=CLOSE)
    assert ours["p"] == pytest.approx(row["p"], rel=CLOSE)


@pytest.mark.parametrize("name", ["bonferroni", "holm", "BH"])
def test_adjusted_p_agrees_with_r(name: str) -> None:
    row = OTHER.set_index("test").loc[f"p_adjust_{name}"]

    ours = cohort.adjust_p([float(p) for p in str(row["variable"]).split(";")], ADJUSTMENTS[name])

    np.testing.assert_allclose(ours, [float(p) for p in str(row["note"]).split(";")], rtol=CLOSE)


def test_no_row_of_rs_other_tests_is_left_without_a_test() -> None:
    covered = {*TESTS, "cor_pearson", "cor_spearman", "cor_kendall", "kruskal_wallis"}
    covered |= {f"p_adjust_{name}" for name in ADJUSTMENTS}
    covered |= {"max_selected_logrank_chisq", "max_selected_logrank_p_altman_eps10"}

    assert set(OTHER["test"]) <= covered
