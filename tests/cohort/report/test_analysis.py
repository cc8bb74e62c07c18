"""A whole analysis of degenerate cohorts ends with files and codes, never with a traceback."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quant.cohort import join_outcomes
from quant.cohort.report.analysis import analyse
from quant.cohort.report.estimates import long_table
from quant.cohort.report.output import write_analysis
from quant.cohort.report.pages import as_markdown, marked
from quant.cohort.report.plan import Plan
from quant.cohort.report.sections import sections
from quant.domain.flags import CODES
from quant.errors import CohortError, UsageError

BASE: dict[str, list[object]] = {
    "subject_key": [f"p{number}" for number in range(12)], "t": list(range(1, 13)),
    "e": [1, 0] * 6, "m": np.linspace(0.0, 1.0, 12).tolist(), "g": ["a", "b", "c"] * 4,
    "k": [1.0] * 12,
}  # fmt: skip
COHORTS: dict[str, dict[str, list[object]]] = {
    "fine": {},
    "no events": {"e": [0] * 12},
    "all events": {"e": [1] * 12},
    "all at time zero": {"t": [0] * 12},
    "missing cells": {"m": [None, 0.2] * 6, "g": ["a", None, "b"] * 4},
    "separation": {"m": [1.0, 0.0] * 6},
}


@pytest.mark.parametrize("rows", [12, 1])
@pytest.mark.parametrize("name", COHORTS)
def test_every_cohort_ends_with_a_report(name: str, rows: int, tmp_path: Path) -> None:
    frame = pd.DataFrame({**BASE, **COHORTS[name]}).iloc[:rows]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        joined = join_outcomes(
            frame.drop(columns=["t", "e"]), frame[["subject_key", "t", "e"]], time="t", event="e",
            unit="months",
        )  # fmt: skip
        found = analyse(
            joined,
            Plan("t", "e", "months", groups=("g",), markers=("m", "k"), covariates=("m", "g", "k"),
                 replicates=100),
        )  # fmt: skip
        if rows == 12 and name == "separation":  # drawing takes its time
            assert (tmp_path / "report.html") in write_analysis(found, tmp_path)
        assert sections(found, {})
        assert as_markdown(sections(found, {}))
        assert len(long_table(found)) > 20

    noted = {note.partition(":")[0] for notes in found.notes.values() for note in notes}
    assert noted <= set(CODES)
    if name != "fine" or rows == 1:
        assert noted & {"NO_EVENTS", "ALL_EVENTS", "TEST_UNDEFINED", "ROWS_LEFT_OUT", "SEPARATION",
                        "ONE_GROUP"}  # fmt: skip


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan("t", "e", "days", markers=("nothing",)), "COLUMN_MISSING"),
        (Plan("t", "e", "days", covariates=("t",)), "explain nothing"),
        (Plan("t", "e", "days", categories=("stage",)), "COLUMN_MISSING"),
        (Plan("t", "e", "days", ties="other"), "unknown choice"),
        (Plan("t", "e", "days", conf_type="other"), "unknown choice"),
        (Plan("t", "e", "days", limit="-3"), "unknown limit"),
        (Plan("t", "e", "days", replicates=3), "too few replicates"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused_before_any_work(plan: Plan, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        plan.filled().check(pd.DataFrame(BASE))


def test_the_key_explains_nothing() -> None:
    frame = pd.DataFrame(BASE)
    joined = join_outcomes(
        frame[["subject_key", "m"]], frame[["subject_key", "t", "e"]], time="t", event="e",
        unit="days",
    )  # fmt: skip

    with pytest.raises(UsageError, match="key explain nothing"):
        analyse(joined, Plan("t", "e", "days", covariates=("subject_key",)))


@pytest.mark.parametrize(("rows", "stands"), [(60, False), (12, True)])
def test_the_penalised_model_stands_where_events_are_few(rows: int, *, stands: bool) -> None:
    times = {"subject_key": range(rows), "t": range(1, rows + 1), "e": [1, 0] * (rows // 2)}
    marker = {"subject_key": range(rows), "m": np.sin(np.arange(rows))}
    joined = join_outcomes(
        pd.DataFrame(marker), pd.DataFrame(times), time="t", event="e", unit="days"
    )

    found = analyse(joined, Plan("t", "e", "days", covariates=("m",)))

    assert ("cox_firth" in found.tables) is stands
    assert any("Firth" in str(part) for part in sections(found, {})) is stands


def test_stages_that_look_like_numbers_are_categories_when_named() -> None:
    stages = ["10", "4", "4S", "2"] * 3
    frame = pd.DataFrame({**BASE, "stage": stages, "code": [10, 4, 5, 2] * 3})
    joined = join_outcomes(
        frame.drop(columns=["t", "e"]), frame[["subject_key", "t", "e"]], time="t", event="e",
        unit="days",
    )  # fmt: skip
    plan = Plan("t", "e", "days", covariates=("stage", "code"), categories=("stage", "code"))

    with pytest.raises(CohortError, match="--category"):
        analyse(joined, replace(plan, categories=()))
    table = analyse(joined, plan).tables["cox_univariate"]

    assert table["variable"].tolist() == [
        "stage4",
        "stage4S",
        "stage10",
        "code4",
        "code5",
        "code10",
    ]


def test_markdown_shows_marks_as_they_are() -> None:
    assert marked("a|b <i>*x*</i> [y](z)\n") == "a\\|b &lt;i&gt;\\*x\\*&lt;/i&gt; \\[y\\](z)"
