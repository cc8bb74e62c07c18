"""Cox models, their tests, and tests of proportional hazards against R, row by row."""

import numpy as np
import pytest

from quant import cohort
from tests.support.cohort_tables import FREE, MULTI, SETS, data_set, reference_rows

CLOSE = 1e-9
MODELLED = [
    pytest.param(name, marks=() if name in FREE else pytest.mark.reference)
    for name in SETS
    if name in MULTI
]


def covariates(name: str, model: str) -> list[str]:
    return list(MULTI[name]) if model == "multi" else [model.partition(":")[2]]


def same(ours: object, theirs: object, rel: float = CLOSE) -> None:
    # relative; below p = 1e-6 the relative error of p is |z| times that of z, so absolute there
    np.testing.assert_allclose(
        np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float), rtol=rel, atol=1e-15
    )


@pytest.mark.parametrize("name", MODELLED)
def test_coefficients_agree(name: str) -> None:
    frame = data_set(name)
    for (model, ties), part in reference_rows("cox_coef", name).groupby(["model", "ties"]):
        ours = cohort.cox(
            frame,
            time="time",
            event="event",
            covariates=covariates(name, str(model)),
            ties=str(ties),
        )
        assert ours["variable"].tolist() == part["variable"].tolist()
        same(
            ours[["n", "events", "coef", "se", "hazard_ratio", "low", "high", "z", "p"]],
            part[["n", "events", "coef", "se", "hr", "hr_lo", "hr_hi", "z", "p"]],
        )


@pytest.mark.parametrize("name", MODELLED)
def test_tests_of_whole_models_and_concordance_agree(name: str) -> None:
    frame = data_set(name)
    theirs = ["n", "events", "loglik0", "loglik", "lr", "lr_p", "wald", "wald_p", "score",
              "score_p", "df", "aic", "concordance", "concordance_se"]  # fmt: skip
    ours = ["loglik_null" if one == "loglik0" else one for one in theirs]
    for row in reference_rows("cox_global", name).to_dict("records"):
        own = cohort.cox_tests(
            frame, time="time", event="event", covariates=covariates(name, row["model"]),
            ties=row["ties"],
        )  # fmt: skip
        same(own[ours].iloc[0], [row[one] for one in theirs])


@pytest.mark.parametrize("name", MODELLED)
def test_tests_of_proportional_hazards_agree(name: str) -> None:
    frame = data_set(name)
    for (model, ties), part in reference_rows("cox_zph", name).groupby(["model", "ties"]):
        kinds = list(dict.fromkeys(part["transform"]))
        ours = cohort.proportional_hazards(
            frame, time="time", event="event", covariates=covariates(name, str(model)),
            ties=str(ties), transform=kinds,
        )  # fmt: skip
        assert ours["transform"].tolist() == part["transform"].tolist()
        assert ours["term"].tolist() == part["term"].tolist()
        same(ours[["chi_square", "df", "p"]], part[["chisq", "df", "p"]])
