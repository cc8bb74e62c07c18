"""Survival statistics against implementations that share nothing with ours."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from quant import cohort
from tests.support.cohort_tables import cell, made_table


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_curves_agree_with_scipy(seed: int) -> None:
    frame = made_table(seed)
    right = stats.CensoredData.right_censored(frame["time"], ~frame["event"])
    theirs = stats.ecdf(right).sf
    for conf_type, name in (("log-log", "log-log"), ("plain", "linear")):
        ours = cohort.kaplan_meier(frame, time="time", event="event", conf_type=conf_type)
        at = np.searchsorted(theirs.quantiles, ours["time"])
        interval = theirs.confidence_interval(0.95, method=name)
        low, high = interval.low, interval.high
        np.testing.assert_allclose(ours["survival"], theirs.probabilities[at], rtol=1e-12)
        np.testing.assert_allclose(ours["low"], low.probabilities[at], rtol=1e-12)
        np.testing.assert_allclose(ours["high"], high.probabilities[at], rtol=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("logrank", None), ("gehan-breslow", "gb"), ("tarone-ware", "tw"), ("peto-prentice", "fh")],
)
def test_weighted_tests_of_four_groups_agree_with_statsmodels(
    seed: int, ours: str, theirs: str | None
) -> None:
    from statsmodels.duration.survfunc import survdiff

    frame = made_table(seed)
    extra = {"fh_p": 1.0} if theirs == "fh" else {}
    chi_square, p = survdiff(
        frame["time"], frame["event"].astype(int), frame["g"], weight_type=theirs, **extra
    )
    own = cohort.logrank(frame, time="time", event="event", by="g", weights=ours)

    np.testing.assert_allclose(own[["chi_square", "p"]].iloc[0].to_list(), [chi_square, p],
                               rtol=1e-9)  # fmt: skip
    assert own["df"].tolist() == [3]


def test_pairwise_tests_are_tests_of_the_pairs_with_p_adjusted() -> None:
    frame = made_table(3, groups=4)
    pairs = cohort.pairwise_logrank(frame, time="time", event="event", by="g", adjust="holm")
    assert len(pairs) == 6
    for row in pairs.to_dict("records"):
        part = frame[frame["g"].isin([row["group"], row["reference"]])]
        alone = cohort.logrank(part, time="time", event="event", by="g")
        assert row["p"] == cell(alone, 0, "p")
    order = pairs.sort_values("p")
    assert order["p_adjusted"].iloc[0] == pytest.approx(min(1.0, 6 * order["p"].iloc[0]))
    assert order["p_adjusted"].is_monotonic_increasing


def test_two_grouping_columns_make_groups_of_their_combinations() -> None:
    frame = made_table(7)
    table_of_groups = cohort.kaplan_meier(frame, time="time", event="event", by=["h", "g"])
    assert table_of_groups["group"].unique().tolist() == [
        "h=0, g=arm 0", "h=0, g=arm 2", "h=1, g=arm 1", "h=1, g=arm 3",
    ]  # fmt: skip


def test_restricted_means_are_areas_and_their_difference_is_a_difference() -> None:
    frame = made_table(8, groups=2)
    limit = 3.25
    means = cohort.restricted_mean(frame, time="time", event="event", by="g", limit=limit)
    for row in means.to_dict("records"):
        curve = cohort.kaplan_meier(frame[frame["g"] == row["group"]], time="time", event="event")
        grid = np.arange(0.0, limit, 1e-3) + 5e-4
        steps = np.concatenate(([1.0], curve["survival"]))
        height = steps[np.searchsorted(curve["time"], grid, side="right")]
        assert row["mean"] == pytest.approx(float(height.sum() * 1e-3), abs=2e-3)
    difference = cohort.restricted_mean_difference(
        frame, time="time", event="event", by="g", limit=limit
    )
    assert cell(difference, 0, "difference") == means["mean"].diff().iloc[1]
    assert cell(difference, 0, "se") == pytest.approx(np.hypot(*means["se"]))
    shared = cohort.restricted_mean(
        frame, time="time", event="event", by="g", limit="shared_follow_up"
    )
    assert shared["limit"].nunique() == 1
    assert shared["limit"].iloc[0] == frame.groupby("g")["time"].max().min()


def test_numbers_at_risk_are_counts_of_rows() -> None:
    frame = made_table(9, groups=2)
    asked = [0.0, 0.5, 2.0, 100.0]
    counts = cohort.at_risk(frame, time="time", event="event", by="g", times=asked)
    for row in counts.to_dict("records"):
        part = frame[frame["g"] == row["group"]]
        assert row["n_risk"] == (part["time"] >= row["time"]).sum()
        assert row["n_event"] == ((part["time"] < row["time"]) & part["event"]).sum()


def test_rounding_makes_no_new_times() -> None:
    frame = pd.DataFrame({"time": [0.1 + 0.2, 0.3, 0.5, 0.7], "event": [1, 1, 0, 1]})
    curve = cohort.kaplan_meier(frame, time="time", event="event")
    assert curve["n_event"].tolist() == [2, 1]


@pytest.mark.parametrize(
    ("time", "event", "median"),
    [
        ([1.0, 2, 3, 4], [1, 1, 1, 1], 2.5),  # level at one half from 2 to 3: the sample median
        ([1.0, 2, 3, 4], [1, 1, 0, 0], 3.0),  # level at one half to the end: middle up to 4
        ([1.0, 2, 3], [1, 1, 1], 2.0),
        ([1.0, 2, 3, 4, 5], [1, 1, 0, 0, 0], float("nan")),  # never reached
        ([0.0, 0, 0, 1], [1, 1, 1, 0], 0.0),
    ],
)
def test_medians_follow_the_rule_of_r(time: list[float], event: list[int], median: float) -> None:
    frame = pd.DataFrame({"time": time, "event": event})
    found = cohort.survival_quantiles(frame, time="time", event="event", quantiles=[0.5])
    np.testing.assert_equal(cell(found, 0, "time"), median)
