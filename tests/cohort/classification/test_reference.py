"""ROC analysis, tables of two by two and intervals of proportions against R, row by row."""

from typing import Any

import pandas as pd
import pytest
from scipy.stats import nchypergeom_fisher

from quant import cohort
from tests.support.cohort_tables import SHIPPED, data_set
from tests.support.reference import reference_dir

CLOSE = 1e-9
PAIRS = {
    "auc": "auc", "se": "se_delong", "low": "lo", "high": "hi", "p": "p_auc_vs_half_wald",
    "cutoff": "threshold", "sensitivity": "sensitivity", "specificity": "specificity",
    "ppv": "ppv", "npv": "npv", "tp": "tp", "fp": "fp", "fn": "fn", "tn": "tn",
    "cuts_tied": "n_best", "n": "n", "events": "events",
}  # fmt: skip
ROWS = pd.read_csv(SHIPPED / "roc.csv").to_dict("records")
PROPORTIONS = pd.read_csv(SHIPPED / "proportion_ci.csv").to_dict("records")
TABLES = pd.read_csv(SHIPPED / "two_by_two.csv").to_dict("records")
COMPARISONS = pd.read_csv(SHIPPED / "roc_compare.csv").to_dict("records")
METHODS = {
    "clopper-pearson": "cp", "wilson": "wilson", "wilson-cc": "wilson_cc",
    "agresti-coull": "agresti_coull", "jeffreys": "jeffreys",
}  # fmt: skip


def _same_as_r(row: dict[Any, Any], frame: pd.DataFrame, marker: str) -> None:
    ours = cohort.roc(frame, event="event", marker=marker).iloc[0]
    for mine, theirs in PAIRS.items():
        assert float(ours[mine]) == pytest.approx(row[theirs], rel=CLOSE), mine
    assert ours["operator"] == ">"
    tested = cohort.compare_groups(frame, variables=marker, by="event").set_index("test")
    u, p = tested.loc["mann-whitney-normal", ["statistic", "p"]]
    assert u == row["mannwhitney_U"]
    assert p == pytest.approx(row["mannwhitney_p_asym_nocc"], rel=CLOSE)


@pytest.mark.parametrize("row", ROWS, ids=[str(row["dataset"]) for row in ROWS])
def test_area_interval_cut_and_counts_agree_with_proc(row: dict[Any, Any]) -> None:
    dataset, _, marker = str(row["dataset"]).partition(":")

    _same_as_r(row, data_set(dataset), marker)


@pytest.mark.reference
def test_area_interval_cut_and_counts_agree_with_proc_on_a_large_set() -> None:
    rows = pd.read_csv(reference_dir("statistics") / "roc.csv").set_index("dataset", drop=False)

    row = rows.loc["gbsg2:pnodes(event ignoring censoring)"].to_dict()
    _same_as_r(row, data_set("gbsg2"), "pnodes")


@pytest.mark.parametrize("row", COMPARISONS, ids=[str(row["comparison"]) for row in COMPARISONS])
def test_paired_comparisons_agree_with_proc(row: dict[Any, Any]) -> None:
    dataset, first, _, second = str(row["comparison"]).split()

    ours = cohort.roc_compare(data_set(dataset), event="event", markers=[first, second]).iloc[0]

    for name in ("z", "p", "auc1", "auc2"):
        assert ours[name] == pytest.approx(row[name], rel=CLOSE)


@pytest.mark.parametrize("row", PROPORTIONS, ids=[str(row["what"]) for row in PROPORTIONS])
def test_intervals_of_proportions_agree_with_r(row: dict[Any, Any]) -> None:
    ours = cohort.proportion(int(row["x"]), int(row["n"])).set_index("method")

    assert ours["estimate"].iloc[0] == pytest.approx(row["estimate"], rel=CLOSE)
    for method, name in METHODS.items():
        low, high = ours.loc[method, ["low", "high"]]
        assert low == pytest.approx(row[f"{name}_lo"], rel=CLOSE, abs=1e-15), method
        assert high == pytest.approx(row[f"{name}_hi"], rel=CLOSE, abs=1e-15), method


@pytest.mark.parametrize("row", TABLES, ids=[str(row["table"]) for row in TABLES])
def test_tables_of_two_by_two_agree_with_r(row: dict[Any, Any]) -> None:
    counts = {key: int(row[key]) for key in ("tp", "fp", "fn", "tn")}

    measures = cohort.accuracy(**counts)
    wilson = measures[measures["method"].isin(["wilson", "log", ""])].set_index("measure")
    tests = cohort.association(**counts).set_index("test")

    for ours, theirs in (("accuracy", "accuracy"), ("youden", "youden"),
                         ("lr_positive", "lr_pos"), ("lr_negative", "lr_neg"),
                         ("odds_ratio", "odds_ratio")):  # fmt: skip
        assert wilson.loc[ours, "estimate"] == pytest.approx(row[theirs], rel=CLOSE)
    assert tests.loc["fisher", "p"] == pytest.approx(row["fisher_p"], rel=CLOSE)
    odds = tests.loc["fisher", "statistic"]
    # R searches this root with a tolerance of 1.2e-4 only (uniroot's default): its digits end there
    assert odds == pytest.approx(row["fisher_cond_or"], rel=3e-4)
    tp, fp, fn, tn = (counts[key] for key in ("tp", "fp", "fn", "tn"))
    law = nchypergeom_fisher(tp + fp + fn + tn, tp + fn, tp + fp, odds)
    assert law.mean() == pytest.approx(tp, rel=CLOSE)
    assert tests.loc["chi-square", "statistic"] == pytest.approx(row["chisq"], rel=CLOSE)
    assert tests.loc["chi-square", "p"] == pytest.approx(row["chisq_p"], rel=CLOSE)
    assert tests.loc["chi-square-yates", "p"] == pytest.approx(row["chisq_yates_p"], rel=CLOSE)
