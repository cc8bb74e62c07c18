"""Stepwise selection and Firth's penalty against R, row by row."""

import numpy as np
import pytest

from quant import cohort
from tests.support.cohort_tables import FREE, MULTI, data_set, reference_rows

SEED = ["age_months", "n_idrf", "curie", "bm_met", "diam_cm", "tmax_lmax", "tmax_lmean",
        "tmax_mmax", "asp"]  # fmt: skip
SETS = [
    pytest.param(name, marks=() if name.removesuffix("_screened") in FREE else
                 pytest.mark.reference)
    for name in ("seedlike50", "seedlike50_screened", "rossi", "gbsg2")
]  # fmt: skip


def candidates(name: str, ties: str) -> list[str]:
    if name == "seedlike50":
        return SEED
    if name == "seedlike50_screened":
        table = cohort.univariate_cox(
            data_set("seedlike50"), time="time", event="event", covariates=SEED, ties=ties
        )
        return [str(one) for one in table.loc[table["p"] <= 0.05, "variable"]]
    return list(MULTI[name])


@pytest.mark.parametrize("name", SETS)
def test_every_step_and_every_candidate_agrees(name: str) -> None:
    frame = data_set(name.removesuffix("_screened"))
    for (ties, entry), part in reference_rows("cox_forward_lr", name).groupby(
        ["ties", "entry_test"]
    ):
        ours = cohort.stepwise_cox(
            frame, time="time", event="event", candidates=candidates(name, str(ties)),
            ties=str(ties), entry=str(entry), p_enter=0.05, p_remove=0.10,
        )  # fmt: skip
        assert ours["step"].tolist() == part["step"].tolist()
        assert ours["action"].tolist() == part["action"].tolist()
        assert ours["variable"].tolist() == part["variable"].fillna("").tolist()
        assert ours["model"].tolist() == part["model_after"].fillna("").tolist()
        np.testing.assert_allclose(ours["chi_square"], part["chisq"], rtol=1e-8)
        np.testing.assert_allclose(ours["p"], part["p"], rtol=1e-8)
        np.testing.assert_allclose(ours["minus2_loglik"], part["minus2ll"], rtol=1e-9)


@pytest.mark.parametrize("name", ["mono20", "seedlike50"])
def test_firth_estimates_agree(name: str) -> None:
    rows = reference_rows("cox_firth", name)
    rows["model"] = rows.groupby(["penalty", "ci", "loglik"], sort=False).ngroup()
    for _, part in rows.groupby("model"):
        first = part.iloc[0]
        names = part["variable"].tolist()
        frame = data_set(name)
        if first["penalty"] == "none":
            ours = cohort.cox(frame, time="time", event="event", covariates=names, ties="breslow")
        else:
            ours = cohort.firth_cox(
                frame, time="time", event="event", covariates=names, interval=first["ci"]
            )
        np.testing.assert_allclose(
            ours[["n", "events", "coef", "se", "hazard_ratio", "low", "high", "p"]].to_numpy(float),
            part[["n", "events", "coef", "se", "hr", "hr_lo", "hr_hi", "p"]].to_numpy(float),
            rtol=1e-6,
        )
        np.testing.assert_allclose(
            [ours.attrs["loglik_null"], ours.attrs["loglik"]],
            [first["loglik0"], first["loglik"]],
            rtol=1e-9,
        )
