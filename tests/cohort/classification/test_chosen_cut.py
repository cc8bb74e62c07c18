"""Cuts chosen on the data that judge them: corrected p, exact p, bootstrap."""

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from quant import cohort
from quant.cohort.classification.largest_statistic import (
    LogRank,
    chi_squares,
    exact_p,
    miller_siegmund_p,
    ordered,
)
from quant.errors import UsageError
from tests.support.cohort_tables import SHIPPED, data_set

OTHER = pd.read_csv(SHIPPED / "other_tests.csv")


def _selected(frame: pd.DataFrame, **settings_: Any) -> Any:  # noqa: ANN401 - a table of rows
    return cohort.selected_cut(frame, event="e", marker="m", **settings_).set_index("test")


@pytest.mark.parametrize("marker", ["tmax_lmax", "asp"])
def test_the_largest_log_rank_and_its_corrected_p_agree_with_r(marker: str) -> None:
    rows = OTHER[OTHER["variable"] == marker].set_index("test")

    found: Any = cohort.selected_cut(
        data_set("seedlike50"), event="event", marker=marker, time="time", replicates=0
    ).set_index("test")

    naive, corrected = rows.loc["max_selected_logrank_chisq"], rows.loc[
        "max_selected_logrank_p_altman_eps10"
    ]  # fmt: skip
    ours = found.loc["log-rank"]
    assert ours["chi_square"] == pytest.approx(naive["statistic"], rel=1e-9)
    assert ours["p_naive"] == pytest.approx(naive["p"], rel=1e-9)
    assert ours["p_corrected"] == pytest.approx(corrected["p"], rel=1e-9)
    assert math.sqrt(ours["chi_square"]) == pytest.approx(corrected["statistic"], rel=1e-9)
    assert f"cut > {ours['cutoff_observed']:g};" in naive["note"]


def test_every_cut_has_the_statistic_of_a_log_rank_test_of_its_groups() -> None:
    frame = data_set("ties60")
    rows = ordered(frame["z"].to_numpy(dtype=float), 0.2)
    log_rank = LogRank(frame["time"].to_numpy(dtype=float), frame["event"].to_numpy() == 1)

    ours = log_rank.chi_squares(rows.order, rows.sizes)

    for size, statistic in list(zip(rows.sizes, ours, strict=True))[::7]:
        high = (frame["z"] > rows.values[size - 1]).astype(int)
        test = cohort.logrank(frame.assign(high=high), time="time", event="event", by="high")
        assert statistic == pytest.approx(float(test["chi_square"].iloc[0]), rel=1e-9)


@given(st.lists(st.integers(0, 5), min_size=4, max_size=7), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_the_exact_p_is_the_share_of_all_divisions(values: list[int], events: int) -> None:
    marker = np.array(values, dtype=float)
    rows = ordered(marker, 0.0)
    if not rows.sizes.size:
        return
    happened = np.arange(marker.size) < events

    def largest(event: "np.ndarray[Any, np.dtype[np.bool_]]", statistic: str) -> float:
        if statistic == "chi-square":
            return float(chi_squares(event, rows).max())
        met = np.cumsum(event[rows.order])[rows.sizes - 1]
        return float(((rows.sizes - met) * events - met * (marker.size - events)).max())

    for statistic in ("chi-square", "youden"):
        observed = largest(happened, statistic)
        reached = [
            largest(np.isin(np.arange(marker.size), chosen), statistic) >= observed * (1 - 1e-10)
            for chosen in itertools.combinations(range(marker.size), events)
        ]
        assert exact_p(happened, rows, statistic) == pytest.approx(np.mean(reached), rel=1e-9)


def test_without_ties_youdens_exact_p_is_smirnovs() -> None:
    frame = data_set("seedlike50")
    groups = [frame.loc[frame["event"] == value, "tmax_lmax"] for value in (1, 0)]

    found: Any = cohort.selected_cut(frame, event="event", marker="tmax_lmax")

    theirs = ks_2samp(*groups, alternative="less", method="exact").pvalue
    assert found.set_index("test").loc["youden", "p_exact"] == pytest.approx(theirs, rel=1e-9)


def test_youdens_cut_is_that_of_the_roc_analysis() -> None:
    frame = data_set("seedlike50").rename(columns={"event": "e", "asp": "m"})

    for direction, sign in (("higher", 1.0), ("lower", -1.0)):
        frame["m"] = sign * frame["m"].abs()
        cut = cohort.roc(frame, event="e", marker="m", direction=direction).iloc[0]
        ours = _selected(frame, direction=direction).loc["youden"]

        assert ours["cutoff"] == cut["cutoff"]
        assert ours["operator"] == cut["operator"]
        table = {key: int(cut[key]) for key in ("tp", "fp", "fn", "tn")}
        tests = cohort.association(**table).set_index("test")
        assert ours["chi_square"] == pytest.approx(tests.loc["chi-square", "statistic"], rel=1e-9)


def test_a_correction_never_makes_p_smaller_or_larger_than_one() -> None:
    for chi_square, share in itertools.product((0.0, 0.3, 1.1, 4.0, 30.0), (0.01, 0.1, 0.49)):
        corrected = miller_siegmund_p(chi_square, share)
        assert math.erfc(math.sqrt(chi_square / 2)) <= corrected * (1 + 1e-12)
        assert corrected <= 1.0


def test_altmans_short_form_is_given_only_where_it_is_stated_to_hold() -> None:
    found = _selected(data_set("seedlike50").rename(columns={"event": "e", "tmax_lmax": "m"}))
    row = found.loc["chi-square"]

    p = row["p_naive"]
    assert row["p_altman"] == pytest.approx(-1.63 * p * (1 + 2.35 * math.log(p)))
    assert row["p_altman"] == pytest.approx(row["p_corrected"], rel=0.05)
    assert math.isnan(found.loc["youden", "p_altman"])


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others() -> None:
    frame = data_set("seedlike50").rename(columns={"event": "e", "asp": "m"})

    first, again, other = (
        cohort.bootstrap_cut(frame, event="e", marker="m", replicates=200, seed=seed)
        for seed in (1, 1, 2)
    )

    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)
    assert first.attrs["seed"] == 1
    permuted = [_selected(frame, time="time", replicates=300, seed=seed) for seed in (1, 1)]
    assert permuted[0].equals(permuted[1])


def test_permutation_and_exact_p_agree_on_an_outcome_without_times() -> None:
    """With one common time, the log-rank test is a chi-square test of the events."""
    frame = data_set("seedlike50").rename(columns={"event": "e", "asp": "m"}).assign(one=5.0)

    found = _selected(frame, time="one", replicates=4000)

    exact = found.loc["chi-square", "p_exact"]
    permuted = found.loc["log-rank", "p_permutation"]
    assert found.loc["log-rank", "chi_square"] == pytest.approx(
        found.loc["chi-square", "chi_square"] * 49 / 50, rel=1e-9
    )
    assert abs(permuted - exact) < 4 * math.sqrt(exact / 4000) + 1 / 4000


def test_chosen_cuts_are_optimistic_and_more_so_where_there_is_nothing_to_find() -> None:
    generator = np.random.default_rng(5)
    frame = pd.DataFrame({"e": np.arange(60) < 20, "m": generator.normal(size=60)})

    found = cohort.bootstrap_cut(frame, event="e", marker="m", replicates=400)
    rows: Any = found.set_index("quantity")

    assert rows.loc["youden", "optimism"] > 0.05
    assert rows.loc["youden", "corrected"] < rows.loc["youden", "apparent"]
    assert rows.loc["auc", "optimism"] == 0.0
    assert rows.loc["auc_either_way", "optimism"] > 0.0
    assert (rows["low"] <= rows["high"]).all()


def test_turning_the_direction_mirrors_the_bootstrap() -> None:
    frame = data_set("seedlike50").rename(columns={"event": "e", "asp": "m"})
    mirrored = frame.assign(m=-frame["m"])

    plain: Any = cohort.bootstrap_cut(frame, event="e", marker="m", replicates=100)
    turned: Any = cohort.bootstrap_cut(
        mirrored, event="e", marker="m", direction="lower", replicates=100
    )

    assert turned.loc[0, "apparent"] == -plain.loc[0, "apparent"]
    assert (turned.loc[0, "low"], turned.loc[0, "high"]) == (
        -plain.loc[0, "high"], -plain.loc[0, "low"],
    )  # fmt: skip
    assert turned["optimism"].iloc[3] == plain["optimism"].iloc[3]


@pytest.mark.parametrize(
    ("events", "others", "code"),
    [([], [1.0, 2.0], "NO_EVENTS"), ([1.0], [], "NO_NON_EVENTS"), ([], [], "NO_ROWS"),
     ([2.0, 2.0], [2.0, 2.0], "NO_CUT")],
)  # fmt: skip
def test_degenerate_tables_give_a_code(events: list[float], others: list[float], code: str) -> None:
    frame = pd.DataFrame({"e": [1] * len(events) + [0] * len(others), "m": events + others})

    for found in (
        cohort.selected_cut(frame.assign(t=1.0), event="e", marker="m", time="t"),
        cohort.bootstrap_cut(frame, event="e", marker="m", replicates=5),
    ):
        assert code in found.attrs["flags"]


@pytest.mark.parametrize("wrong", [{"share": 0.0}, {"share": 0.5}, {"replicates": -1}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="USAGE"):
        _selected(pd.DataFrame({"e": [0, 1], "m": [1, 2]}), **wrong)
