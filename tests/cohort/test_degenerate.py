"""Degenerate tables: a code and a sentence, never a traceback or a silent number."""

import json
import pkgutil
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from quant import cohort
from quant.domain.flags import CODES
from quant.errors import CohortError, QuantError, UsageError
from tests.support.cohort_tables import cell

OK = {"time": [1.0, 2, 3, 4, 5, 6], "event": [1, 1, 1, 0, 1, 0], "x": [3.0, 1, 2, 5, 4, 0],
      "g": ["a", "b", "a", "b", "a", "b"]}  # fmt: skip

ASK: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "km": lambda f: cohort.kaplan_meier(f, time="time", event="event", by="g"),
    "quantiles": lambda f: cohort.survival_quantiles(f, time="time", event="event", by="g"),
    "follow_up": lambda f: cohort.follow_up(f, time="time", event="event", by="g"),
    "mean": lambda f: cohort.restricted_mean(f, time="time", event="event", by="g"),
    "difference": lambda f: cohort.restricted_mean_difference(
        f, time="time", event="event", by="g"
    ),
    "at_risk": lambda f: cohort.at_risk(f, time="time", event="event", by="g", times=[0.0, 2.0]),
    "logrank": lambda f: cohort.logrank(f, time="time", event="event", by="g"),
    "pairwise": lambda f: cohort.pairwise_logrank(f, time="time", event="event", by="g"),
    "cox": lambda f: cohort.cox(f, time="time", event="event", covariates=["x", "g"]),
    "breslow": lambda f: cohort.cox(
        f, time="time", event="event", covariates=["x"], ties="breslow"
    ),
    "exact": lambda f: cohort.cox(f, time="time", event="event", covariates=["x"], ties="exact"),
    "tests": lambda f: cohort.cox_tests(f, time="time", event="event", covariates=["x", "g"]),
    "univariate": lambda f: cohort.univariate_cox(
        f, time="time", event="event", covariates=["x", "g"]
    ),
    "zph": lambda f: cohort.proportional_hazards(
        f, time="time", event="event", covariates=["x"], transform=["km", "log"]
    ),
    "firth": lambda f: cohort.firth_cox(f, time="time", event="event", covariates=["x", "g"]),
    "stepwise": lambda f: cohort.stepwise_cox(f, time="time", event="event", candidates=["x", "g"]),
    "stepwise_lr": lambda f: cohort.stepwise_cox(
        f, time="time", event="event", candidates=["x", "g"], entry="lr"
    ),
}

TABLES: dict[str, dict[str, list[object]]] = {
    "fine": {},
    "no events": {"event": [0] * 6},
    "all events": {"event": [1] * 6},
    "one group": {"g": ["a"] * 6},
    "ties only": {"time": [2.0] * 6},
    "ties only, all events": {"time": [2.0] * 6, "event": [1] * 6},
    "constant covariate": {"x": [7.0] * 6},
    "collinear": {"x": [0.0, 1, 0, 1, 0, 1]},
    "separation": {"x": [0.0, 0, 0, 0, 0, 0.0], "g": ["b", "b", "b", "a", "b", "a"]},
    "all at time zero": {"time": [0.0] * 6},
    "an event at time zero": {"time": [0.0, 2, 3, 4, 5, 6]},
    "missing cells": {"x": [3.0, None, 2, 5, 4, 0], "g": ["a", "b", "", "b", "a", None]},
    "all missing": {"x": [None] * 6, "g": [None] * 6},
    "all times missing": {"time": [None] * 6},
    "one event": {"event": [0, 1, 0, 0, 0, 0]},
    "last event alone": {"event": [0, 0, 0, 0, 0, 1]},
    "huge scale": {"x": [3e150, 1, 2, 5, 4, 0]},
    "tiny scale": {"x": [3e-150, 1e-150, 2e-150, 5e-150, 4e-150, 0]},
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("question", ASK)
@pytest.mark.parametrize("rows", [6, 1])
def test_every_question_ends_with_numbers_or_a_code(question: str, name: str, rows: int) -> None:
    frame = pd.DataFrame({**OK, **TABLES[name]}).iloc[:rows]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = ASK[question](frame)

    flags = answer.attrs["flags"]
    assert all(code in CODES for code in flags)
    assert len(answer.attrs["notes"]) >= len(flags)
    json.dumps(answer.attrs)  # what Parquet needs
    estimates = answer.select_dtypes("number").drop(columns=["z"], errors="ignore")
    silent = estimates.isna().any().any() or answer.empty or np.isinf(estimates).any().any()
    row_flags = "".join(answer["flags"]) if "flags" in answer else ""
    quiet = {"quantiles", "follow_up"}  # NaN there says that the level is not reached
    final_row_only = {"stepwise", "stepwise_lr"}
    if silent and question not in quiet | final_row_only and question != "mean":
        assert flags or row_flags, answer.to_string()


def test_separation_is_told_with_an_infinite_coefficient() -> None:
    frame = pd.DataFrame({**OK, "x": [1.0, 1, 1, 0, 1, 0], "z": [0.3, 0.1, 0.9, 0.4, 0.2, 0.7]})

    table = cohort.cox(frame, time="time", event="event", covariates=["x", "z"])

    assert "SEPARATION" in table.attrs["flags"]
    assert table["flags"].tolist() == ["SEPARATION", ""]
    assert cell(table, 0, "coef") == np.inf
    assert np.isnan(table.loc[0, ["se", "low", "high", "z", "p"]].to_numpy(float)).all()
    assert np.isfinite(table.loc[1, ["coef", "se", "p"]].to_numpy(float)).all()
    penalised = cohort.firth_cox(frame, time="time", event="event", covariates=["x", "z"])
    assert np.isfinite(penalised["coef"]).all()


def test_without_firthmodels_there_is_a_code_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quant.cohort.cox_models.firth.find_spec", lambda _: None)

    table = cohort.firth_cox(pd.DataFrame(OK), time="time", event="event", covariates=["x"])

    assert table.attrs["flags"] == ["FIRTH_UNAVAILABLE"]
    assert table["coef"].isna().all()


def test_separation_by_a_combination_of_covariates_is_found() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 40))
    time = np.argsort(np.argsort(-(a + 2.0 * b))) + 1.0
    frame = pd.DataFrame({"time": time, "event": 1, "a": a, "b": b})

    both = cohort.cox(frame, time="time", event="event", covariates=["a", "b"])
    alone = cohort.cox(frame, time="time", event="event", covariates=["b"])

    assert both["flags"].tolist() == ["SEPARATION", "SEPARATION"]
    assert alone["flags"].tolist() == [""]
    assert np.isfinite(alone["coef"]).all()


def test_strong_but_finite_effects_are_not_called_separation() -> None:
    rng = np.random.default_rng(6)
    x = rng.standard_cauchy(size=400)
    time = rng.exponential(np.exp(-np.clip(x, -30, 30)))
    frame = pd.DataFrame({"time": time, "event": 1, "x": x})

    table = cohort.cox(frame, time="time", event="event", covariates=["x"])

    assert table["flags"].tolist() == [""]
    assert table.attrs["converged"]
    assert np.isfinite(table["coef"]).all()


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["0,5", "1,25", "3,0", "2,0", "0,1", "4,2"], "decimals with a point"),
        (["0,5", "1", "3,0", "2", "0,1", "4"], "category"),
        (["<100", "1", "3", "2", "5", "4"], "category"),
    ],
)
def test_numbers_that_are_not_read_as_such_are_no_categories(cells: list[str], words: str) -> None:
    frame = pd.DataFrame({**OK, "x": cells})

    with pytest.raises(CohortError, match=words):
        cohort.cox(frame, time="time", event="event", covariates=["x"])


def test_a_model_in_which_every_row_is_a_category_of_its_own_ends_without_warnings() -> None:
    frame = pd.DataFrame({"time": np.arange(60.0) % 41, "event": [1, 0, 1] * 20})
    frame["who"] = [f"s{number:02d}" for number in range(60)]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tests = cohort.cox_tests(frame, time="time", event="event", covariates=["who"])

    assert np.isnan(cell(tests, 0, "wald"))
    assert "SEPARATION" in tests.attrs["flags"]


def test_constant_and_collinear_covariates_have_no_estimate_and_say_so() -> None:
    frame = pd.DataFrame({**OK, "c": 1e6, "y": 1e6 + 2.0 * np.array(OK["x"])})

    table = cohort.cox(frame, time="time", event="event", covariates=["c", "x", "y"])

    assert table["flags"].tolist() == ["CONSTANT_COVARIATE", "", "COLLINEAR"]
    assert table["coef"].isna().tolist() == [True, False, True]
    alone = cohort.cox(frame, time="time", event="event", covariates=["x"])
    assert cell(table, 1, "coef") == cell(alone, 0, "coef")
    assert table.attrs["df"] == 1


def test_missing_cells_are_counted_and_the_estimate_is_that_of_the_complete_rows() -> None:
    frame = pd.DataFrame({**OK, **TABLES["missing cells"]})

    ours = cohort.cox(frame, time="time", event="event", covariates=["x"])
    complete = cohort.cox(frame.dropna(subset="x"), time="time", event="event", covariates=["x"])

    assert ours.attrs["flags"][0] == "ROWS_LEFT_OUT"
    assert "row 2 of 6" in ours.attrs["notes"][0]
    assert ours["coef"].tolist() == complete["coef"].tolist()
    assert ours["n"].tolist() == [5]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"time": [-1.0, 2, 3, 4, 5, 6]}, "TIME_NEGATIVE"),
        ({"time": ["x", 2, 3, 4, 5, 6]}, "TIME_UNREADABLE"),
        ({"time": [np.inf, 2, 3, 4, 5, 6]}, "TIME_UNREADABLE"),
        ({"event": [2, 1, 0, 0, 1, 1]}, "EVENT_NOT_BINARY"),
        ({"x": ["1", "high", "2", "3", "4", "5"]}, "COLUMN_NOT_NUMERIC"),
        ({"x": [np.inf, 2, 3, 4, 5, 6]}, "COLUMN_NOT_NUMERIC"),
    ],
)
def test_wrong_cells_are_refused_with_their_code(change: dict[str, object], code: str) -> None:
    with pytest.raises(CohortError, match=code):
        cohort.cox(pd.DataFrame({**OK, **change}), time="time", event="event", covariates=["x"])


@pytest.mark.parametrize(
    "call",
    [
        lambda f: cohort.cox(f, time="time", event="event", covariates=[]),
        lambda f: cohort.cox(f, time="time", event="event", covariates=["nothing"]),
        lambda f: cohort.cox(f, time="time", event="event", covariates=["x", "x"]),
        lambda f: cohort.cox(f, time="time", event="event", covariates=["time"]),
        lambda f: cohort.cox(f, time="time", event="event", covariates=["x"], ties="other"),
        lambda f: cohort.kaplan_meier(f, time="time", event="event", conf_type="other"),
        lambda f: cohort.kaplan_meier(f, time="time", event="event", level=95),
        lambda f: cohort.restricted_mean(f, time="time", event="event", limit="other"),
        lambda f: cohort.restricted_mean(f, time="time", event="event", limit=-1),
        lambda f: cohort.logrank(f, time="time", event="event", by="g", weights="other"),
        lambda f: cohort.stepwise_cox(
            f, time="time", event="event", candidates=["x"], p_enter=0.2, p_remove=0.1
        ),
        lambda f: cohort.restricted_mean_difference(
            f, time="time", event="event", by="g", limit="largest_time_in_group"
        ),
    ],
)
def test_wrong_calls_are_refused_before_anything_is_estimated(
    call: Callable[[pd.DataFrame], object],
) -> None:
    with pytest.raises(UsageError):
        call(pd.DataFrame(OK))


def test_a_log_rank_test_without_a_common_risk_set_is_not_defined() -> None:
    frame = pd.DataFrame({"time": [1.0, 2, 3, 4], "event": [0, 0, 1, 1], "g": list("aabb")})

    table = cohort.logrank(frame, time="time", event="event", by="g")

    assert np.isnan(cell(table, 0, "p"))
    assert "NO_COMPARISON" in table.attrs["flags"]


def test_names_of_functions_are_not_hidden_by_modules() -> None:
    rooms = {module.name for module in pkgutil.iter_modules(cohort.__path__)}

    assert len(rooms) > 8
    assert not rooms & set(cohort.__all__)
    for name in cohort.__all__:
        assert callable(getattr(cohort, name)), name
    assert issubclass(CohortError, QuantError)
