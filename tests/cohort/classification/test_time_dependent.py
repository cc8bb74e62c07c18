"""Time-dependent areas: scikit-survival's values, a naive double loop, laws, degenerate tables."""

import math
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant import cohort
from quant.errors import CohortError, UsageError
from tests.support.cohort_tables import FREE, SHIPPED, data_set

FROZEN = pd.read_csv(SHIPPED / "time_dependent_auc.csv").to_dict("records")
CASES = [
    pytest.param(
        row,
        id=f"{row['dataset']}-{row['marker']}-{row['time']}",
        marks=() if row["dataset"] in FREE else pytest.mark.reference,
    )
    for row in FROZEN
]


def _auc(frame: pd.DataFrame, at: float, **settings_: Any) -> Any:  # noqa: ANN401 - a row
    return cohort.time_dependent_auc(
        frame, time="time", event="event", times=[at], replicates=0, **settings_
    ).iloc[0]


@pytest.mark.parametrize("row", CASES)
def test_areas_agree_with_scikit_survival(row: dict[str, Any]) -> None:
    frame = data_set(row["dataset"])

    ours = _auc(frame, row["time"], marker=row["marker"], censoring="at")

    assert ours["auc"] == pytest.approx(row["auc"], rel=1e-9)


if find_spec("sksurv") is not None:  # GPL: never a dependency; its values stand in the data above

    def test_areas_agree_with_the_scikit_survival_that_is_installed() -> None:
        metrics = import_module("sksurv.metrics")
        frame = data_set("seedlike50")
        pairs = list(zip(frame["event"] == 1, frame["time"], strict=True))
        outcome = np.array(pairs, dtype=[("e", "?"), ("t", "f8")])

        theirs = metrics.cumulative_dynamic_auc(outcome, outcome, frame["curie"], [400.0])[0][0]

        assert _auc(frame, 400.0, marker="curie")["auc"] == pytest.approx(theirs, rel=1e-12)


def _naive(frame: pd.DataFrame, at: float) -> float:
    """Weight each case by the chance of being uncensored just before its own time."""
    rows = list(zip(frame["time"], frame["event"], frame["m"], strict=True))

    def chance(before: float) -> float:
        product = 1.0
        for moment in sorted({t for t, e, _ in rows if e == 0 and t < before}):
            risk = sum(t > moment or (t == moment and e == 0) for t, e, _ in rows)
            product *= 1.0 - sum(t == moment and e == 0 for t, e, _ in rows) / risk
        return product

    above, total = 0.0, 0.0
    for t, e, m in rows:
        if e == 1 and t <= at:
            for other, _, value in rows:
                if other > at:
                    weight = 1.0 / chance(t)
                    total += weight
                    above += weight * (1.0 if m > value else 0.5 if m == value else 0.0)
    return above / total if total else math.nan


ROWS = st.lists(
    st.tuples(st.integers(1, 8), st.booleans(), st.integers(0, 4)), min_size=2, max_size=14
)


@given(ROWS, st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_areas_are_those_of_a_double_loop(rows: list[tuple[int, bool, int]], at: int) -> None:
    frame = pd.DataFrame(rows, columns=["time", "event", "m"])

    found = _auc(frame, float(at), marker="m")

    assert found["auc"] == pytest.approx(_naive(frame, at), rel=1e-9, nan_ok=True)
    if math.isnan(found["auc"]):
        assert found["flags"]


def test_without_censoring_before_the_time_the_area_is_the_plain_one() -> None:
    frame = data_set("ties60").assign(event=1)
    by_two = frame.assign(early=(frame["time"] <= 2).astype(int))

    plain = cohort.roc(by_two, event="early", marker="z").loc[0, "auc"]

    assert _auc(frame, 2.0, marker="z")["auc"] == pytest.approx(plain, rel=1e-12)


def test_the_direction_turns_the_area() -> None:
    frame = data_set("seedlike50")

    higher, lower = (
        _auc(frame, 700.0, marker="asp", direction=direction)["auc"]
        for direction in ("higher", "lower")
    )

    assert higher + lower == pytest.approx(1.0, abs=1e-12)


def test_the_interval_is_seeded_and_holds_the_area() -> None:
    frame = data_set("seedlike50")

    first, again = (
        cohort.time_dependent_auc(
            frame, time="time", event="event", marker="curie", replicates=200, seed=3
        )
        for _ in range(2)
    )

    pd.testing.assert_frame_equal(first, again)
    assert (first["low"] <= first["auc"]).all()
    assert (first["auc"] <= first["high"]).all()
    assert len(first) == 3
    assert first["time"].isin(frame.loc[frame["event"] == 1, "time"]).all()


def test_times_without_cases_or_controls_have_a_code_and_no_area() -> None:
    frame = pd.DataFrame({"time": [2.0, 3, 4], "event": [1, 0, 1], "m": [3.0, 1, 2]})

    early, late = (_auc(frame, at, marker="m") for at in (1.0, 9.0))

    assert "NO_CASES" in early["flags"]
    assert "NO_CONTROLS" in late["flags"]
    assert math.isnan(early["auc"])
    assert math.isnan(late["auc"])


def test_a_table_without_events_or_rows_has_a_code() -> None:
    none = pd.DataFrame({"time": [2.0, 3], "event": [0, 0], "m": [3.0, 1]})

    for frame, code in ((none, "NO_EVENTS"), (none.iloc[:0], "NO_ROWS")):
        found = cohort.time_dependent_auc(frame, time="time", event="event", marker="m")
        assert code in found.attrs["flags"]


def test_negative_times_and_unknown_settings_are_refused() -> None:
    frame = pd.DataFrame({"time": [-2.0, 3], "event": [1, 0], "m": [3.0, 1]})

    with pytest.raises(CohortError, match="TIME_NEGATIVE"):
        _auc(frame, 1.0, marker="m")
    with pytest.raises(UsageError, match="USAGE"):
        _auc(frame, 1.0, marker="m", censoring="never")
