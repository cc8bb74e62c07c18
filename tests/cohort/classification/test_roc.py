"""Areas, cuts and intervals: naive oracles, laws that must hold, and tables that are degenerate."""

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant import cohort
from quant.cohort.classification.delong import area, newcombe_interval
from quant.cohort.classification.roc import CONTRACT
from quant.domain.flags import CODES
from quant.errors import CohortError, UsageError

MARKERS = st.lists(st.integers(-6, 6).map(float), min_size=2, max_size=14)
FEW = settings(max_examples=25, deadline=None)


def _frame(events: list[float], others: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"e": [1] * len(events) + [0] * len(others), "m": events + others})


def _roc(frame: pd.DataFrame, direction: str = "higher") -> Any:  # noqa: ANN401 - a row
    return cohort.roc(frame, event="e", marker="m", direction=direction).iloc[0]


def _wins(a: float, b: float) -> float:
    return 1.0 if a > b else 0.5 if a == b else 0.0


@given(MARKERS, MARKERS)
@settings(max_examples=100, deadline=None)
def test_area_and_standard_error_are_those_of_all_pairs(
    events: list[float], others: list[float]
) -> None:
    found = area(np.array(events), np.array(others))

    wins = np.array([[_wins(a, b) for b in others] for a in events])
    by_event, by_other = wins.mean(axis=1), wins.mean(axis=0)
    variance = by_event.var(ddof=1) / len(events) + by_other.var(ddof=1) / len(others)
    assert found.auc == pytest.approx(wins.mean(), rel=1e-12, abs=1e-15)
    assert found.variance == pytest.approx(variance, rel=1e-9, abs=1e-15)


@given(MARKERS, MARKERS)
@FEW
def test_a_rising_transformation_changes_neither_area_nor_counts(
    events: list[float], others: list[float]
) -> None:
    plain = _roc(_frame(events, others))
    bent = _roc(_frame([math.exp(x / 3) for x in events], [math.exp(x / 3) for x in others]))

    for name in ("auc", "se", "low", "high", "p", "tp", "fp", "fn", "tn", "cuts_tied"):
        assert (pd.isna(plain[name]) and pd.isna(bent[name])) or plain[name] == bent[name]


@given(MARKERS, MARKERS)
@FEW
def test_a_turned_marker_has_the_complementary_area(
    events: list[float], others: list[float]
) -> None:
    plain = _roc(_frame(events, others))
    turned = _roc(_frame([-x for x in events], [-x for x in others]))
    asked = _roc(_frame([-x for x in events], [-x for x in others]), direction="lower")

    assert plain["auc"] + turned["auc"] == pytest.approx(1.0, abs=1e-15)
    assert plain["auc_reversed"] == pytest.approx(turned["auc"], abs=1e-15)
    assert plain["auc"] == asked["auc"]
    assert plain["se"] == pytest.approx(turned["se"], rel=1e-12)
    if not math.isnan(plain["cutoff"]):
        assert asked["cutoff"] == -plain["cutoff"]
        assert (plain["operator"], asked["operator"]) == (">", "<")
        assert (plain["tp"], plain["fp"]) == (asked["tp"], asked["fp"])


@given(MARKERS, MARKERS)
@FEW
def test_the_cut_is_the_best_of_all_and_the_most_sensitive_of_the_best(
    events: list[float], others: list[float]
) -> None:
    found = _roc(_frame(events, others))

    best, chosen = 0, None
    for cut in sorted({*events, *others}):
        tp, fp = sum(x > cut for x in events), sum(x > cut for x in others)
        index = tp * len(others) - fp * len(events)
        if index > best:
            best, chosen = index, (cut, tp, fp)
    if chosen is None:
        assert math.isnan(found["cutoff"])
        assert "NO_CUT" in found["flags"]
    else:
        assert (found["cutoff_observed"], found["tp"], found["fp"]) == chosen
        assert found["cutoff_observed"] < found["cutoff"] < found["cutoff_inclusive"]


def test_the_cut_gives_the_same_counts_as_operator_and_value_say() -> None:
    frame = _frame([3.0, 4.0, 4.0, 9.0], [1.0, 2.0, 3.0, 4.0, 5.0])

    found = _roc(frame)

    for name, sign in (("cutoff", ">"), ("cutoff_observed", ">"), ("cutoff_inclusive", ">=")):
        cut = found[name]
        positive = frame["m"] > cut if sign == ">" else frame["m"] >= cut
        assert int((positive & (frame["e"] == 1)).sum()) == found["tp"]
        assert int((positive & (frame["e"] == 0)).sum()) == found["fp"]


def test_tied_cuts_are_counted_and_the_most_sensitive_is_given() -> None:
    found = _roc(_frame([2.0, 4.0], [1.0, 3.0]))

    assert (found["cutoff"], found["cuts_tied"], found["sensitivity"]) == (1.5, 2, 1.0)
    assert "CUT_TIES" in found["flags"]


def test_the_promised_columns_stand_first() -> None:
    found = cohort.roc(_frame([2.0, 4.0], [1.0, 3.0]), event="e", marker="m")

    assert tuple(found.columns[: len(CONTRACT)]) == CONTRACT
    assert CONTRACT[:6] == ("auc", "se", "low", "high", "cutoff", "operator")


def test_several_markers_make_several_rows() -> None:
    frame = _frame([2.0, 4.0], [1.0, 3.0]).assign(k=[1.0, 1.0, 1.0, 1.0])

    found = cohort.roc(frame, event="e", marker=["m", "k"])

    assert found["marker"].tolist() == ["m", "k"]
    assert found.loc[1, "auc"] == 0.5


@pytest.mark.parametrize("cells", [[1, 1, 0, 0], [True, True, False, False],
                                   ["1", "TRUE", "0", "false"], [1.0, 1.0, 0.0, 0.0]])  # fmt: skip
def test_events_may_be_numbers_booleans_or_text(cells: list[object]) -> None:
    found = cohort.roc(pd.DataFrame({"e": cells, "m": [4, 2, 3, 1]}), event="e", marker="m")

    assert found.loc[0, "auc"] == 0.75


def test_rows_with_missing_cells_are_left_out_and_said() -> None:
    frame = pd.DataFrame({"e": [1, 1, 0, 0, None, 1], "m": [4.0, 2, 3, 1, 9, np.nan]})

    found = cohort.roc(frame, event="e", marker="m")

    assert found[["auc", "n", "left_out"]].iloc[0].tolist() == [0.75, 4, 2]
    assert "ROWS_LEFT_OUT" in found.attrs["flags"]
    assert "row 5, 6 of 6" in " ".join(found.attrs["notes"])


DEGENERATE: dict[str, tuple[list[float], list[float], str, float]] = {
    "no events": ([], [1.0, 2.0], "NO_EVENTS", math.nan),
    "no others": ([1.0, 2.0], [], "NO_NON_EVENTS", math.nan),
    "no rows": ([], [], "NO_ROWS", math.nan),
    "one event": ([3.0], [1.0, 2.0, 4.0], "AUC_SE_UNDEFINED", 2 / 3),
    "one of each": ([3.0], [1.0], "AUC_SE_UNDEFINED", 1.0),
    "all markers equal": ([5.0, 5.0], [5.0, 5.0, 5.0], "MARKER_CONSTANT", 0.5),
    "perfect separation": ([3.0, 4.0], [1.0, 2.0], "PERFECT_SEPARATION", 1.0),
    "perfect separation, turned": ([1.0, 2.0], [3.0, 4.0], "AUC_BELOW_HALF", 0.0),
}


@pytest.mark.parametrize("name", list(DEGENERATE))
def test_degenerate_tables_give_a_code_and_no_made_up_number(name: str) -> None:
    events, others, code, auc = DEGENERATE[name]

    found = cohort.roc(_frame(events, others), event="e", marker="m")
    row: Any = found.iloc[0]

    assert code in row["flags"].split(";")
    assert code in found.attrs["flags"]
    assert set(found.attrs["flags"]) <= set(CODES)
    assert row["auc"] == pytest.approx(auc, nan_ok=True)
    if code == "AUC_SE_UNDEFINED":
        assert row[["se", "low", "high", "p"]].isna().all()
    if code == "MARKER_CONSTANT":
        assert (row["se"], row["low"], row["high"]) == (0.0, 0.5, 0.5)  # as pROC
        assert math.isnan(row["cutoff"])
        assert pd.isna(row["tp"])
    if code == "PERFECT_SEPARATION":
        assert (row["low"], row["high"]) == (1.0, 1.0)  # as pROC; the code says what it is worth
        assert 0.0 < row["low_newcombe"] < 1.0


def test_an_event_of_two_and_a_marker_of_text_are_refused() -> None:
    with pytest.raises(CohortError, match="EVENT_NOT_BINARY"):
        cohort.roc(pd.DataFrame({"e": [1, 2], "m": [1, 2]}), event="e", marker="m")
    with pytest.raises(CohortError, match="COLUMN_NOT_NUMERIC"):
        cohort.roc(pd.DataFrame({"e": [1, 0], "m": ["a", "b"]}), event="e", marker="m")
    with pytest.raises(CohortError, match="COLUMN_NOT_NUMERIC"):
        cohort.roc(pd.DataFrame({"e": [1, 0], "m": [1.0, np.inf]}), event="e", marker="m")


@pytest.mark.parametrize("wrong", [{"level": 95}, {"direction": "auto"}])
def test_a_level_or_direction_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="USAGE"):
        cohort.roc(_frame([2.0], [1.0]), event="e", marker="m", **wrong)


def test_rows_that_left_early_are_counted_when_times_are_named() -> None:
    frame = _frame([2.0, 4.0], [1.0, 3.0, 5.0]).assign(t=[10.0, 50.0, 20.0, 49.0, 60.0])

    found = cohort.roc(frame, event="e", marker="m", time="t")

    assert "CENSORED_EARLY" in found.attrs["flags"]
    assert "2 rows of 5" in " ".join(found.attrs["notes"])
    assert "CENSORED_EARLY" not in _roc(frame)["flags"]


def test_the_curve_runs_from_everyone_to_nobody_and_encloses_the_area() -> None:
    frame = _frame([3.0, 4.0, 4.0, 9.0], [1.0, 2.0, 3.0, 4.0, 5.0])

    points = cohort.roc_curve(frame, event="e", marker="m")

    assert points[["sensitivity", "specificity"]].iloc[0].tolist() == [1.0, 0.0]
    assert points[["sensitivity", "specificity"]].iloc[-1].tolist() == [0.0, 1.0]
    x = (1.0 - points["specificity"]).to_numpy(dtype=float)[::-1]
    y = points["sensitivity"].to_numpy(dtype=float)[::-1]
    assert np.trapezoid(y, x) == pytest.approx(_roc(frame)["auc"], rel=1e-12)
    assert points["youden"].max() == pytest.approx(_roc(frame)["youden"], rel=1e-12)


def test_areas_of_one_marker_never_differ_from_themselves() -> None:
    frame = _frame([3.0, 4.0, 1.0], [1.0, 2.0, 3.0, 0.0]).assign(k=lambda f: f["m"] * 2)

    found = cohort.roc_compare(frame, event="e", markers=["m", "k"]).iloc[0]

    assert found["difference"] == 0.0
    assert found["se"] == pytest.approx(0.0, abs=1e-9)
    assert math.isnan(found["z"])


@pytest.mark.parametrize(("auc", "m", "n"), [(0.0, 3, 9), (0.5, 5, 5), (0.8, 11, 39), (1.0, 2, 4)])
def test_newcombes_limits_solve_their_equation(auc: float, m: int, n: int) -> None:
    z = 1.959963984540054

    low, high = newcombe_interval(auc, m, n, z)

    half = (m + n) / 2 - 1
    for limit in {low, high} - {0.0, 1.0}:
        spread = limit * (1 - limit) / (m * n)
        spread *= 1 + half * (1 - limit) / (2 - limit) + half * limit / (1 + limit)
        assert abs(limit - auc) == pytest.approx(z * math.sqrt(spread), rel=1e-9)
    assert low <= auc <= high


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 12), st.integers(0, 12))
@FEW
def test_swapping_event_and_test_swaps_the_measures(tp: int, tn: int, fp: int, fn: int) -> None:
    def measures(**counts: int) -> dict[tuple[str, str], tuple[float, float, float]]:
        table = cohort.accuracy(**counts).to_dict("records")
        return {
            (row["measure"], row["method"]): (row["estimate"], row["low"], row["high"])
            for row in table
        }

    ours, swapped = measures(tp=tp, fp=fp, fn=fn, tn=tn), measures(tp=tp, fp=fn, fn=fp, tn=tn)
    for a, b in (("sensitivity", "ppv"), ("specificity", "npv")):
        for method in ("clopper-pearson", "wilson"):
            assert ours[a, method] == swapped[b, method]


def test_likelihood_ratio_intervals_are_those_of_the_log_method() -> None:
    ours = cohort.accuracy(tp=60, fp=20, fn=40, tn=180).set_index("measure").loc["lr_positive"]

    half = 1.959963984540054 * math.sqrt(1 / 60 - 1 / 100 + 1 / 20 - 1 / 200)
    assert ours["estimate"] == pytest.approx(6.0)
    assert ours["low"] == pytest.approx(6.0 * math.exp(-half))
    assert ours["high"] == pytest.approx(6.0 * math.exp(half))


def test_empty_margins_and_zero_cells_are_said() -> None:
    empty = cohort.accuracy(tp=0, fp=0, fn=3, tn=4)
    zero = cohort.accuracy(tp=3, fp=0, fn=1, tn=4)

    assert "EMPTY_MARGIN" in empty.attrs["flags"]
    assert empty[empty["measure"] == "ppv"][["estimate", "low", "high"]].isna().all(axis=None)
    assert "ZERO_CELL" in zero.attrs["flags"]
    assert zero.set_index("measure").loc["lr_positive", "estimate"] == math.inf
    assert cohort.association(tp=0, fp=0, fn=3, tn=4)["p"].isna().all()


@pytest.mark.parametrize(("x", "n"), [(-1, 5), (6, 5), (1.5, 5), (True, 5)])
def test_counts_that_are_none_are_refused(x: int, n: int) -> None:
    with pytest.raises(UsageError, match="USAGE"):
        cohort.proportion(x, n)


def test_intervals_of_every_count_hold_their_estimate() -> None:
    for n, method in itertools.product((1, 2, 7, 30), ("clopper-pearson", "wilson", "wilson-cc")):
        for x in range(n + 1):
            row = cohort.proportion(x, n).set_index("method").loc[method]
            assert 0.0 <= row["low"] <= row["estimate"] <= row["high"] <= 1.0
