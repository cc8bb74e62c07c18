"""Kaplan-Meier, quantiles, restricted means and log-rank against R, row by row."""

import numpy as np
import pandas as pd
import pytest

from quant import cohort
from tests.support.cohort_tables import FREE, GROUPS, SETS, data_set, reference_rows

CLOSE = 1e-9
BY = [
    pytest.param(name, group, id=f"{name}-{group}",
                 marks=() if name in FREE else pytest.mark.reference)
    for name in SETS
    for group in ("all", *GROUPS[name])
]  # fmt: skip


def by(group: str) -> str | None:
    return None if group == "all" else group


def reference(table: str, name: str, group: str) -> pd.DataFrame:
    rows = reference_rows(table, name)
    return rows[rows["group"] == group].reset_index(drop=True)


def same(ours: object, theirs: object, rel: float = CLOSE) -> None:
    np.testing.assert_allclose(
        np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float), rtol=rel, atol=0.0
    )


@pytest.mark.parametrize(("name", "group"), BY)
def test_curves_agree_at_every_event_time(name: str, group: str) -> None:
    expected = reference("km_points", name, group)
    ours = cohort.kaplan_meier(data_set(name), time="time", event="event", by=by(group))
    ours = ours[ours["n_event"] > 0].reset_index(drop=True)

    assert ours["group"].tolist() == expected["level"].tolist()
    for column, name_there in (
        ("time", "time"), ("n_risk", "n_risk"), ("n_event", "n_event"), ("survival", "surv"),
        ("se", "se_greenwood"), ("low", "lo_loglog"), ("high", "hi_loglog"),
    ):  # fmt: skip
        same(ours[column], expected[name_there])


@pytest.mark.parametrize(("name", "group"), BY)
def test_quantiles_agree_under_every_type_of_interval(name: str, group: str) -> None:
    expected = reference("km_quantiles", name, group)
    for conf_type, part in expected.groupby("conf_type"):
        reverse = conf_type == "reverseKM_followup_loglog"
        ask = cohort.follow_up if reverse else cohort.survival_quantiles
        ours = ask(
            data_set(name), time="time", event="event", by=by(group),
            conf_type="log-log" if reverse else str(conf_type), quantiles=sorted(set(part["q"])),
        )  # fmt: skip
        assert ours["group"].tolist() == part["level"].tolist()
        same(ours[["quantile", "time", "low", "high"]], part[["q", "time", "lo", "hi"]])


@pytest.mark.parametrize(("name", "group"), BY)
def test_restricted_means_agree_under_both_limits(name: str, group: str) -> None:
    expected = reference("km_restricted_mean", name, group)
    for limit, part in expected.groupby("restriction"):
        ours = cohort.restricted_mean(
            data_set(name), time="time", event="event", by=by(group), limit=str(limit)
        ).set_index("group")
        for row in part.to_dict("records"):
            own = ours.loc[row["level"]]
            same(
                own[["limit", "events", "mean", "se", "low", "high", "se_mm1"]],
                [row[k] for k in ("tau", "events", "rmean", "se", "lo", "hi", "se_mm1")],
            )


TESTS = {
    "logrank": "logrank",
    "logrank_owncode": "logrank",
    "peto_prentice_rho1": "peto-prentice",
    "gehan_breslow_wilcoxon": "gehan-breslow",
    "tarone_ware": "tarone-ware",
}


@pytest.mark.parametrize(("name", "group"), [one for one in BY if one.values[1] != "all"])
def test_log_rank_tests_agree_with_observed_and_expected(name: str, group: str) -> None:
    expected = reference("logrank", name, group)
    checked = 0
    for row in expected.to_dict("records"):
        kind = TESTS.get(row["test"], "logrank")
        ours = cohort.logrank(data_set(name), time="time", event="event", by=group, weights=kind)
        if row["test"].startswith("O/E"):
            level = row["test"].partition("=")[2]
            [own] = [one for one in ours.attrs["groups"] if one["group"] == level]
            same([own["observed"], own["n"], own["expected"]],
                 [row["chisq"], row["df"], row["p"]])  # fmt: skip
        else:
            same(ours[["chi_square", "df", "p"]].iloc[0], [row["chisq"], row["df"], row["p"]])
        checked += 1
    assert checked == 7
