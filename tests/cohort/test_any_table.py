"""Any table at all: numbers that are there are true, and what is missing has a code."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quant import cohort
from quant.domain.flags import CODES
from quant.errors import QuantError

Ask = Callable[[pd.DataFrame], pd.DataFrame]
ASK: dict[str, Ask] = {
    "roc": lambda f: cohort.roc(f, event="event", marker=["x", "y"], time="time"),
    "roc, lower": lambda f: cohort.roc(f, event="event", marker="x", direction="lower"),
    "roc_curve": lambda f: cohort.roc_curve(f, event="event", marker="x"),
    "roc_compare": lambda f: cohort.roc_compare(f, event="event", markers=["x", "y"]),
    "selected_cut": lambda f: cohort.selected_cut(
        f, event="event", marker="x", time="time", replicates=9
    ),
    "bootstrap_cut": lambda f: cohort.bootstrap_cut(f, event="event", marker="x", replicates=5),
    "time_dependent_auc": lambda f: cohort.time_dependent_auc(
        f, time="time", event="event", marker="x", replicates=5
    ),
    "time_dependent_auc, at": lambda f: cohort.time_dependent_auc(
        f, time="time", event="event", marker="x", times=[2.0], replicates=0, censoring="at"
    ),
    "pca": lambda f: cohort.pca(f, columns=["x", "y", "time"]),
    "group_table": lambda f: cohort.group_table(f, variables=["x", "g", "event"], by="g"),
    "compare_groups": lambda f: cohort.compare_groups(f, variables=["x", "y", "g"], by="event"),
    "compare_groups, g": lambda f: cohort.compare_groups(f, variables=["x", "event"], by="g"),
    "pearson": lambda f: cohort.correlate(f, columns=["x", "y"]),
    "spearman": lambda f: cohort.correlate(f, columns=["x", "y"], method="spearman"),
    "kendall": lambda f: cohort.correlate(f, columns=["x", "y"], method="kendall"),
    "icc": lambda f: cohort.icc(f, readings=["x", "y"]),
    "bland_altman": lambda f: cohort.bland_altman(f, readings=["x", "y"]),
    "bland_altman, repeated": lambda f: cohort.bland_altman(
        f, readings=["x", "y"], subject="g"
    ),
    "kappa": lambda f: cohort.kappa(f, readings=["x", "y"]),
}  # fmt: skip

CELL = st.one_of(st.none(), st.integers(-2, 3).map(float), st.sampled_from([1e-9, 1e9, 0.5]))
ROW = st.fixed_dictionaries(
    {
        "x": CELL,
        "y": CELL,
        "time": st.one_of(st.none(), st.integers(0, 5).map(float)),
        "event": st.sampled_from([0, 1, True, False, "1", "false", None]),
        "g": st.sampled_from(["a", "b", "c", None]),
    }
)
NAMES = ["x", "y", "time", "event", "g"]


def check(found: pd.DataFrame) -> None:
    """Codes are registered, attributes can be written, nothing lies outside of what it can be."""
    assert set(found.attrs["flags"]) <= set(CODES)
    assert all(note.split(":")[0] in CODES for note in found.attrs["notes"])
    json.dumps(found.attrs)
    for name in ("p", "p_adjusted", "auc", "sensitivity", "specificity", "ppv", "npv", "p_exact",
                 "p_corrected", "p_permutation"):  # fmt: skip
        if name in found.columns:
            values = found[name].to_numpy(dtype=float, na_value=np.nan)
            values = values[~np.isnan(values)]
            assert ((values >= 0.0) & (values <= 1.0)).all(), name
    if {"low", "high"} <= set(found.columns):
        low, high = (found[name].to_numpy(dtype=float, na_value=np.nan) for name in ("low", "high"))
        assert not (low > high + 1e-9 * np.abs(high)).any()


@pytest.mark.parametrize("name", list(ASK))
@given(rows=st.lists(ROW, max_size=9))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_table_gives_a_frame_or_a_sentence(name: str, rows: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame(rows, columns=NAMES)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = ASK[name](frame)
        except QuantError as error:
            refused = error.code
        else:
            check(found)
            return
    assert refused in CODES


def sound(seed: int) -> pd.DataFrame:
    """Thirty complete rows with ties."""
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": generator.integers(0, 9, 30),
            "y": generator.integers(0, 9, 30),
            "time": generator.integers(1, 9, 30).astype(float),
            "event": generator.integers(0, 2, 30),
            "g": list("abc") * 10,
        }
    )


@pytest.mark.parametrize("name", list(ASK))
def test_every_answer_can_be_written_as_parquet_and_csv(name: str, tmp_path: Path) -> None:
    found = ASK[name](sound(11))

    check(found)
    assert len(found)
    found.to_parquet(tmp_path / "a.parquet")
    found.to_csv(tmp_path / "a.csv")
    again = pd.read_parquet(tmp_path / "a.parquet")
    assert list(again.columns) == list(found.columns)


RESAMPLED = {"bootstrap_cut", "time_dependent_auc", "selected_cut"}
"""Resampling draws rows by their place; the scores of components stand by row."""


@pytest.mark.parametrize("name", [name for name in ASK if name not in {*RESAMPLED, "pca"}])
def test_the_order_of_rows_does_not_matter(name: str) -> None:
    frame = sound(12)

    plain, turned = ASK[name](frame), ASK[name](frame.iloc[::-1].reset_index(drop=True))

    pd.testing.assert_frame_equal(plain, turned, rtol=1e-12)
