"""Columns of tables are checked before anything is estimated from them."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from quant.cohort.data.columns import Notes, complete_rows, events, group_rows, numbers
from quant.errors import CohortError, UsageError


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UsageError, match=r"COLUMN_MISSING.*asp"):
        numbers(pd.DataFrame({"a": [1]}), "asp")


@pytest.mark.parametrize(
    "cells", [[0, 1], [False, True], ["0", "TRUE"], ["false", "1"], [0.0, 1.0]]
)
def test_events_may_be_numbers_booleans_or_text(cells: list[object]) -> None:
    assert events(pd.DataFrame({"e": cells}), "e").tolist() == [0.0, 1.0]


def test_an_event_of_two_is_refused_by_row() -> None:
    with pytest.raises(CohortError, match=r"EVENT_NOT_BINARY.*row 2 of 3"):
        events(pd.DataFrame({"e": [0, 2, 1]}), "e")


def test_text_among_numbers_is_refused_by_row_and_empty_is_missing() -> None:
    with pytest.raises(CohortError, match=r"COLUMN_NOT_NUMERIC.*row 3 of 3"):
        numbers(pd.DataFrame({"x": ["1", " ", "high"]}), "x")
    assert np.isnan(numbers(pd.DataFrame({"x": ["1.5", ""]}), "x")).tolist() == [False, True]


def test_rows_left_out_are_counted_and_named() -> None:
    notes = Notes()
    there = complete_rows(pd.DataFrame({"x": [1, None, 3], "y": ["a", "b", ""]}), ["x", "y"], notes)
    assert there.tolist() == [True, False, False]
    assert notes.codes == ["ROWS_LEFT_OUT"]
    assert "row 2, 3 of 3" in notes.sentences[0]


def test_groups_are_ordered_as_numbers_and_missing_ones_belong_nowhere() -> None:
    frame = pd.DataFrame({"g": [10.0, 9.0, np.nan, 10.0]})
    assert [(label, int(mask.sum())) for label, mask in group_rows(frame, "g")] == [
        ("9", 1),
        ("10", 2),
    ]


def test_importing_the_package_is_light() -> None:
    code = (
        "import quant.cohort, sys;"
        "print([m for m in ('numpy', 'pandas', 'scipy', 'statsmodels') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
