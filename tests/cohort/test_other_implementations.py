"""Survival statistics against implementations that share nothing with ours."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from quant import cohort
from quant.cohort.concordance import concordance_of
from quant.cohort.likelihood import Value, exact_value_at, risk_sets, value_at
from tests.support.cohort_tables import cell


def table(seed: int, n: int = 120, groups: int = 4, step: float = 0.5) -> pd.DataFrame:
    """Make a table with ties, censoring, covariates of very different scale and k groups."""
    rng = np.random.default_rng(seed)
    g = rng.integers(0, groups, n)
    x = rng.normal(size=n)
    age = 1e6 + 3e4 * rng.normal(size=n)
    tiny = 1e-5 * rng.normal(size=n)
    rate = np.exp(0.5 * x - 0.2 * g + 0.3 * (age - 1e6) / 3e4)
    died = rng.exponential(3.0 / rate)
    lost = rng.uniform(0.0, 6.0, n)
    time = np.floor(np.minimum(died, lost) / step) * step
    return pd.DataFrame(
        {"time": time, "event": died <= lost, "x": x, "age": age, "tiny": tiny,
         "g": [f"arm {one}" for one in g], "h": g % 2}
    )  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_curves_agree_with_scipy(seed: int) -> None:
    frame = table(seed)
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

    frame = table(seed)
    extra = {"fh_p": 1.0} if theirs == "fh" else {}
    chi_square, p = survdiff(
        frame["time"], frame["event"].astype(int), frame["g"], weight_type=theirs, **extra
    )
    own = cohort.logrank(frame, time="time", event="event", by="g", weights=ours)

    np.testing.assert_allclose(own[["chi_square", "p"]].iloc[0].to_list(), [chi_square, p],
                               rtol=1e-9)  # fmt: skip
    assert own["df"].tolist() == [3]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox_agrees_with_statsmodels_on_covariates_of_every_scale(seed: int, ties: str) -> None:
    from statsmodels.duration.hazard_regression import PHReg

    frame = table(seed)
    own = cohort.cox(
        frame, time="time", event="event", covariates=["x", "age", "tiny", "g"], ties=ties
    )
    dummies = pd.get_dummies(frame["g"], drop_first=True).to_numpy(float)
    x = np.column_stack([frame["x"], (frame["age"] - 1e6) / 3e4, frame["tiny"] * 1e5, dummies])
    fitted = PHReg(frame["time"], x, status=frame["event"].astype(int), ties=ties).fit(
        method="newton", tol=1e-13, disp=0
    )
    scale = np.array([1.0, 3e4, 1e-5, 1.0, 1.0, 1.0])

    assert own["variable"].tolist() == ["x", "age", "tiny", "garm 1", "garm 2", "garm 3"]
    np.testing.assert_allclose(own["coef"] * scale, fitted.params, rtol=1e-8)
    np.testing.assert_allclose(own["se"] * scale, fitted.bse, rtol=1e-8)
    np.testing.assert_allclose(own.attrs["loglik"], fitted.llf, rtol=1e-11)
    assert "CATEGORICAL" in own.attrs["flags"]


def test_large_offsets_change_no_digit_that_matters() -> None:
    frame = table(4)
    moved = frame.assign(x=frame["x"] + 1e6, time=frame["time"] * 1e6)
    a = cohort.cox(frame, time="time", event="event", covariates=["x", "h"])
    b = cohort.cox(moved, time="time", event="event", covariates=["x", "h"])
    np.testing.assert_allclose(a[["coef", "se", "p"]], b[["coef", "se", "p"]], rtol=1e-8)


@pytest.mark.parametrize("ties", ["efron", "breslow", "exact"])
def test_score_and_information_are_the_derivatives_of_the_likelihood(ties: str) -> None:
    frame = table(5, n=40)
    x = frame[["x", "h"]].to_numpy(float)
    risk = risk_sets(frame["time"].to_numpy(), frame["event"].to_numpy(), x)
    at = np.array([0.3, -0.7])

    def value(beta: NDArray[np.float64]) -> Value:
        return exact_value_at(risk, beta) if ties == "exact" else value_at(risk, beta, ties)

    h = 1e-5
    for j in range(2):
        step = np.zeros(2)
        step[j] = h
        up, down = value(at + step), value(at - step)
        assert (up.loglik - down.loglik) / (2 * h) == pytest.approx(value(at).score[j], rel=1e-6)
        np.testing.assert_allclose(
            (down.score - up.score) / (2 * h), value(at).information[j], rtol=1e-6
        )


@pytest.mark.parametrize("seed", range(6))
def test_concordance_counts_what_counting_every_pair_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 60))
    time = rng.integers(0, 12, n).astype(float)
    event = rng.random(n) < 0.6
    predictor = rng.integers(0, 5, n).astype(float)
    good = np.zeros(n)
    pairs = np.zeros(n)
    for i in range(n):
        for j in range(n):
            known = event[i] and (time[i] < time[j] or (time[i] == time[j] and not event[j]))
            if known:
                half = 0.5 * (predictor[i] == predictor[j]) + (predictor[i] > predictor[j])
                good[[i, j]] += half
                pairs[[i, j]] += 1.0
    share, error = concordance_of(time, event, predictor)

    expected = good.sum() / pairs.sum()
    assert share == pytest.approx(expected, rel=1e-12)
    influence = (good - expected * pairs) / (pairs.sum() / 2.0)
    assert error == pytest.approx(np.sqrt(np.sum(influence**2)), rel=1e-12)


def test_pairwise_tests_are_tests_of_the_pairs_with_p_adjusted() -> None:
    frame = table(3, groups=4)
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
    frame = table(7)
    table_of_groups = cohort.kaplan_meier(frame, time="time", event="event", by=["h", "g"])
    assert table_of_groups["group"].unique().tolist() == [
        "h=0, g=arm 0", "h=0, g=arm 2", "h=1, g=arm 1", "h=1, g=arm 3",
    ]  # fmt: skip


def test_restricted_means_are_areas_and_their_difference_is_a_difference() -> None:
    frame = table(8, groups=2)
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
    frame = table(9, groups=2)
    asked = [0.0, 0.5, 2.0, 100.0]
    counts = cohort.at_risk(frame, time="time", event="event", by="g", times=asked)
    for row in counts.to_dict("records"):
        part = frame[frame["g"] == row["group"]]
        assert row["n_risk"] == (part["time"] >= row["time"]).sum()
        assert row["n_event"] == ((part["time"] < row["time"]) & part["event"]).sum()


def test_a_stepwise_search_removes_what_has_become_needless() -> None:
    """A sum of two causes enters first; once both causes are in, it goes."""
    rng = np.random.default_rng(11)
    a, b = rng.normal(size=(2, 400))
    died = rng.exponential(np.exp(-(a + b)))
    frame = pd.DataFrame(
        {"time": died, "event": 1, "both": a + b + 0.6 * rng.normal(size=400), "a": a, "b": b}
    )
    for entry in ("score", "lr"):
        trace = cohort.stepwise_cox(
            frame, time="time", event="event", candidates=["both", "a", "b"], entry=entry
        )
        moves = trace[trace["action"].isin(["enter", "remove"])]
        assert moves[["action", "variable"]].to_numpy().tolist() == [
            ["enter", "both"], ["enter", "a"], ["enter", "b"], ["remove", "both"],
        ] or moves[["action", "variable"]].to_numpy().tolist() == [
            ["enter", "both"], ["enter", "b"], ["enter", "a"], ["remove", "both"],
        ]  # fmt: skip
        out = moves.iloc[-1]
        assert out["p"] > 0.10
        assert sorted(trace.attrs["selected"]) == ["a", "b"]
        whole = cohort.cox_tests(
            frame, time="time", event="event", covariates=["both", "a", "b"], ties="breslow"
        )
        rest = cohort.cox_tests(
            frame, time="time", event="event", covariates=["a", "b"], ties="breslow"
        )
        lost = 2.0 * (cell(whole, 0, "loglik") - cell(rest, 0, "loglik"))
        assert out["chi_square"] == pytest.approx(lost, rel=1e-7)


def test_a_category_enters_as_one_block() -> None:
    rng = np.random.default_rng(12)
    level = rng.integers(0, 3, 300)
    died = rng.exponential(np.exp(-1.2 * (level == 2)))
    frame = pd.DataFrame(
        {"time": died, "event": 1, "grade": np.array(["I", "II", "III"])[level],
         "noise": rng.normal(size=300)}
    )  # fmt: skip

    trace = cohort.stepwise_cox(frame, time="time", event="event", candidates=["noise", "grade"])

    entered = trace[trace["action"] == "enter"]
    assert entered[["variable", "df"]].to_numpy().tolist() == [["grade", 2]]
    assert [row["variable"] for row in trace.attrs["cox"]] == ["gradeII", "gradeIII"]
    score = cohort.cox_tests(
        frame, time="time", event="event", covariates=["grade"], ties="breslow"
    )
    assert entered["chi_square"].iloc[0] == pytest.approx(cell(score, 0, "score"), rel=1e-9)
    zph = cohort.proportional_hazards(frame, time="time", event="event", covariates=["grade"])
    assert zph[["term", "df"]].to_numpy().tolist() == [["grade", 2], ["GLOBAL", 2]]


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
