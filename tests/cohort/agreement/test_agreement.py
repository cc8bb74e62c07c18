"""Reader agreement: published tables, statsmodels, naive formulas, degenerate tables."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from quant import cohort
from quant.cohort.agreement.kappas import agreement_weights
from quant.domain.flags import CODES
from quant.errors import CohortError, UsageError

JUDGES = pd.DataFrame(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    columns=list("abcd"),
)
"""Six subjects by four judges: table 2 of Shrout and Fleiss (1979)."""

PUBLISHED = {
    "ICC(1,1)": 0.17, "ICC(2,1)": 0.29, "ICC(3,1)": 0.71,
    "ICC(1,k)": 0.44, "ICC(2,k)": 0.62, "ICC(3,k)": 0.91,
}  # fmt: skip
PSYCH = {
    "ICC(1,1)": (-0.133, 0.72), "ICC(2,1)": (0.019, 0.76), "ICC(3,1)": (0.342, 0.95),
    "ICC(1,k)": (-0.884, 0.91), "ICC(2,k)": (0.071, 0.93), "ICC(3,k)": (0.676, 0.99),
}  # fmt: skip
"""Limits of the same table as the R package psych prints them in its manual."""

FLOW = pd.DataFrame(
    {
        "wright": [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423,
                   427],
        "mini": [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350,
                 451],
    }
)  # fmt: skip
"""Peak flow of seventeen subjects by two meters: Bland and Altman (1986), first readings."""


def _icc(frame: pd.DataFrame) -> Any:  # noqa: ANN401 - a table of rows
    return cohort.icc(frame, readings=list(frame.columns)).set_index("form")


@pytest.mark.parametrize("form", list(PUBLISHED))
def test_all_six_forms_have_the_published_values_and_limits(form: str) -> None:
    row = _icc(JUDGES).loc[form]

    assert round(row["icc"], 2) == PUBLISHED[form]
    low, high = PSYCH[form]
    assert row["low"] == pytest.approx(low, abs=0.0006)
    assert row["high"] == pytest.approx(high, abs=0.006)


@given(st.lists(st.lists(st.floats(-5, 5), min_size=3, max_size=3), min_size=3, max_size=8))
@settings(max_examples=30, deadline=None)
def test_mean_squares_make_the_forms(rows: list[list[float]]) -> None:
    data = np.round(np.array(rows), 2)
    n, k = data.shape
    subjects = k * data.mean(axis=1).var(ddof=1)
    readers = n * data.mean(axis=0).var(ddof=1)
    within = data.var(axis=1, ddof=1).mean()
    rest = (within * n * (k - 1) - readers * (k - 1)) / ((n - 1) * (k - 1))
    if min(subjects, rest) < 1e-6:
        return

    found = _icc(pd.DataFrame(data, columns=list("abc")))["icc"]

    one = (subjects - within) / (subjects + 2 * within)
    agreed = (subjects - rest) / (subjects + 2 * rest + 3 / n * (readers - rest))
    consistent = (subjects - rest) / (subjects + 2 * rest)
    for form, value in (("ICC(1,1)", one), ("ICC(2,1)", agreed), ("ICC(3,1)", consistent)):
        assert found[form] == pytest.approx(value, rel=1e-6, abs=1e-9)
        if 1 + 2 * value > 1e-9:
            stepped = found[form.replace(",1)", ",k)")]
            assert stepped == pytest.approx(3 * value / (1 + 2 * value), rel=1e-6, abs=1e-9)


def test_a_constant_difference_between_readers_is_consistent_but_no_agreement() -> None:
    generator = np.random.default_rng(8)
    a = generator.normal(size=30)
    frame = pd.DataFrame({"a": a, "b": a + 2.0 + 0.01 * generator.normal(size=30)})

    found = _icc(frame)

    assert found.loc["ICC(3,1)", "icc"] > 0.99
    assert found.loc["ICC(2,1)", "icc"] < 0.5


def test_bias_and_limits_are_those_of_the_published_table() -> None:
    found: Any = cohort.bland_altman(FLOW, readings=["wright", "mini"]).set_index("quantity")

    assert round(found.loc["bias", "estimate"], 1) == -2.1
    assert round(found.loc["sd", "estimate"], 1) == 38.8
    assert found.loc["bias", "low"] == pytest.approx(-22.0, abs=0.1)
    assert found.loc["bias", "high"] == pytest.approx(17.8, abs=0.1)
    spread = found.loc["sd", "estimate"]
    assert found.loc["upper_limit", "estimate"] == pytest.approx(-2.1 + 1.96 * spread, abs=0.05)
    # 1986 takes the variance of a limit as 3 s**2 / n: 16.3; the form of 1999 is 1 % wider
    assert found.loc["lower_limit", "se"] == pytest.approx(16.3, rel=0.01)


def test_swapping_readers_turns_the_limits() -> None:
    there: Any = cohort.bland_altman(FLOW, readings=["wright", "mini"]).set_index("quantity")
    back: Any = cohort.bland_altman(FLOW, readings=["mini", "wright"]).set_index("quantity")

    assert there.loc["bias", "estimate"] == -back.loc["bias", "estimate"]
    assert there.loc["upper_limit", "high"] == pytest.approx(-back.loc["lower_limit", "low"])


def test_ratios_and_percent_do_not_change_with_the_unit() -> None:
    for scale in ("ratio", "percent"):
        plain, scaled = (
            cohort.bland_altman(FLOW * factor, readings=["wright", "mini"], scale=scale)
            for factor in (1.0, 7.0)
        )
        rows = plain["quantity"] != "slope"
        np.testing.assert_allclose(plain[rows]["estimate"], scaled[rows]["estimate"], rtol=1e-9)
    with pytest.raises(CohortError, match="VALUE_NOT_POSITIVE"):
        cohort.bland_altman(FLOW - 300, readings=["wright", "mini"], scale="ratio")


def test_repeated_pairs_are_not_taken_as_independent() -> None:
    generator = np.random.default_rng(9)
    subjects = np.repeat(np.arange(40), 5)
    between, within = 3.0, 1.0
    difference = generator.normal(0, between, 40)[subjects] + generator.normal(0, within, 200)
    frame = pd.DataFrame({"s": subjects, "a": difference + 10.0, "b": 10.0})

    found = cohort.bland_altman(frame, readings=["a", "b"], subject="s")
    rows: Any = found.set_index("quantity")["estimate"]

    assert "REPEATED_MEASURES" in found.attrs["flags"]
    assert rows["sd_within"] == pytest.approx(within, rel=0.15)
    assert rows["sd_between"] == pytest.approx(between, rel=0.3)
    assert rows["sd"] == pytest.approx(math.hypot(rows["sd_within"], rows["sd_between"]))
    assert found["n"].iloc[0] == 40
    assert found["pairs"].iloc[0] == 200
    assert found[["low", "high"]].isna().all(axis=None)


def test_a_difference_that_grows_with_size_is_flagged() -> None:
    size = np.linspace(1, 50, 40)
    frame = pd.DataFrame({"a": 1.2 * size + np.sin(size), "b": size})

    assert "DIFFERENCE_TREND" in cohort.bland_altman(frame, readings=["a", "b"]).attrs["flags"]


@pytest.mark.parametrize("seed", range(4))
def test_kappas_agree_with_statsmodels(seed: int) -> None:
    generator = np.random.default_rng(seed)
    a = generator.integers(0, 4, 50)
    b = np.clip(a + generator.integers(-1, 2, 50), 0, 3)
    table = np.zeros((4, 4))
    np.add.at(table, (a, b), 1)

    found: Any = cohort.kappa(pd.DataFrame({"a": a, "b": b}), readings=["a", "b"])

    for name, weights in (("none", None), ("linear", "linear"), ("quadratic", "quadratic")):
        ours, theirs = found.set_index("weights").loc[name], cohens_kappa(table, wt=weights)
        for mine, other in (("kappa", "kappa"), ("se", "std_kappa"), ("low", "kappa_low"),
                            ("high", "kappa_upp"), ("z", "z_value"),
                            ("p", "pvalue_two_sided")):  # fmt: skip
            assert ours[mine] == pytest.approx(getattr(theirs, other), rel=1e-9)


def test_quadratic_kappa_of_equal_margins_is_near_the_intraclass_correlation() -> None:
    generator = np.random.default_rng(10)
    a = generator.integers(0, 7, 4000)
    b = np.clip(a + generator.integers(-1, 2, 4000), 0, 6)
    frame = pd.DataFrame({"a": a, "b": b})

    weighted = cohort.kappa(frame, readings=["a", "b"], weights="quadratic").loc[0, "kappa"]

    assert weighted == pytest.approx(_icc(frame).loc["ICC(2,1)", "icc"], abs=0.001)


def test_a_score_that_nobody_gave_still_counts_as_distance() -> None:
    frame = pd.DataFrame({"a": [0, 0, 3, 3, 1], "b": [0, 3, 3, 0, 1]})

    found: Any = cohort.kappa(frame, readings=["a", "b"], weights="linear")
    named: Any = cohort.kappa(frame, readings=["a", "b"], weights="linear", categories=[0, 1, 2, 3])

    assert found.attrs["order"] == ["0", "1", "2", "3"]
    assert found.loc[0, "kappa"] == named.loc[0, "kappa"]


@pytest.mark.parametrize(("name", "corner"), [("linear", 0.5), ("quadratic", 0.75), ("none", 0.0)])
def test_weights_fall_with_distance(name: str, corner: float) -> None:
    weights = agreement_weights(3, name)

    assert weights[0].tolist() == [1.0, corner, 0.0]
    np.testing.assert_array_equal(weights, weights.T)


def test_text_has_no_order_until_it_is_named() -> None:
    frame = pd.DataFrame({"a": ["low", "high", "mid"], "b": ["low", "mid", "mid"]})

    assert cohort.kappa(frame, readings=["a", "b"])["weights"].tolist() == ["none"]
    with pytest.raises(UsageError, match="order of categories"):
        cohort.kappa(frame, readings=["a", "b"], weights="linear")
    order = ["low", "mid", "high"]
    ordered = cohort.kappa(frame, readings=["a", "b"], weights="linear", categories=order)
    assert ordered.loc[0, "agreement"] == pytest.approx(2.5 / 3)
    with pytest.raises(CohortError, match="CATEGORY_UNKNOWN"):
        cohort.kappa(frame, readings=["a", "b"], categories=["low", "high"])


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"a": [1.0, 1, 1], "b": [1.0, 1, 1]}, "NO_VARIANCE"),
        ({"a": [1.0, 2, 3], "b": [1.0, 2, 3]}, "PERFECT_AGREEMENT"),
        ({"a": [1.0], "b": [2.0]}, "GROUP_TOO_SMALL"),
        ({"a": [1.0, None], "b": [None, 2.0]}, "NO_ROWS"),
        ({"a": [1.0, 2, 3, 4], "b": [4.0, 3, 2, 1]}, "NEGATIVE_ICC"),
        ({"a": [0.0, 1.0], "b": [1.0, 0.0]}, "NO_VARIANCE"),
    ],
)
def test_degenerate_readings_give_a_code(cells: dict[str, list[float]], code: str) -> None:
    found = cohort.icc(pd.DataFrame(cells), readings=["a", "b"])

    assert code in found.attrs["flags"]
    assert set(found.attrs["flags"]) <= set(CODES)
    if found["icc"].isna().all():
        assert found[["low", "high"]].isna().all(axis=None)


def test_degenerate_tables_of_pairs_give_a_code() -> None:
    few = cohort.bland_altman(FLOW[:2], readings=["wright", "mini"])
    same: Any = cohort.bland_altman(FLOW.assign(mini=FLOW["wright"]), readings=["wright", "mini"])
    one = cohort.kappa(pd.DataFrame({"a": [2, 2], "b": [2, 2]}), readings=["a", "b"])
    none = cohort.kappa(pd.DataFrame({"a": [None], "b": [1]}), readings=["a", "b"])

    assert "GROUP_TOO_SMALL" in few.attrs["flags"]
    assert same.set_index("quantity").loc["bias", "estimate"] == 0.0
    assert "KAPPA_UNDEFINED" in one.attrs["flags"]
    assert one["kappa"].isna().all()
    assert "NO_ROWS" in none.attrs["flags"]


@pytest.mark.parametrize("ask", [cohort.icc, cohort.bland_altman, cohort.kappa])
def test_one_reading_agrees_with_nothing(ask: Any) -> None:  # noqa: ANN401 - three functions
    with pytest.raises(UsageError, match="USAGE"):
        ask(JUDGES, readings=["a"])
