"""Survival statistics against implementations that share nothing with ours."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from quant import cohort
from quant.cohort.cox_models.concordance import concordance_of
from quant.cohort.cox_models.likelihood import Value, exact_value_at, risk_sets, value_at
from tests.support.cohort_tables import cell, made_table


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox_agrees_with_statsmodels_on_covariates_of_every_scale(seed: int, ties: str) -> None:
    from statsmodels.duration.hazard_regression import PHReg

    frame = made_table(seed)
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
    frame = made_table(4)
    moved = frame.assign(x=frame["x"] + 1e6, time=frame["time"] * 1e6)
    a = cohort.cox(frame, time="time", event="event", covariates=["x", "h"])
    b = cohort.cox(moved, time="time", event="event", covariates=["x", "h"])
    np.testing.assert_allclose(a[["coef", "se", "p"]], b[["coef", "se", "p"]], rtol=1e-8)


@pytest.mark.parametrize("ties", ["efron", "breslow", "exact"])
def test_score_and_information_are_the_derivatives_of_the_likelihood(ties: str) -> None:
    frame = made_table(5, n=40)
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
