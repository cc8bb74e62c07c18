"""Cox regression: the table of estimates, the tests of a model, and one model per covariate."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import require_level
from quant.cohort.cox_models.concordance import concordance_of
from quant.cohort.cox_models.design import require_covariates
from quant.cohort.cox_models.fitting import CoxFit, read_and_fit
from quant.cohort.data.columns import Notes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

METHOD = "Cox proportional hazards"


def cox(
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    covariates: Sequence[str],
    ties: str = "efron",
    level: float = 0.95,
) -> "pd.DataFrame":
    """Fit a proportional-hazards model; one row per coefficient.

    Parameters
    ----------
    frame : DataFrame
        One row per subject; rows with a missing cell are left out and noted.
    time, event : str
        Columns of time and event.
    covariates : sequence of str
        Columns of the model. Text and pandas categories become one 0/1 column per level but the
        first.
    ties : {'efron', 'breslow', 'exact'}
        Efron is R's default, Breslow is SPSS's; exact is the discrete logistic model, whose
        ``hazard_ratio`` is an odds ratio.
    level : float
        Coverage of the Wald interval.

    Returns
    -------
    DataFrame
        ``variable, coef, se, hazard_ratio, low, high, z, p`` and ``direction, term, level, ties,
        n, events, flags``. ``attrs`` holds the log-likelihoods and the tests of the whole model.
        A covariate that separates the events has an infinite coefficient and no interval
        (SEPARATION); one that is constant or redundant has none (NaN).

    Notes
    -----
    Own Newton's method on centred and scaled columns, with halved steps. ``direction`` follows
    from the sign of the estimate alone.

    References
    ----------
    Cox DR (1972), doi:10.1111/j.2517-6161.1972.tb00899.x. Efron B (1977),
    doi:10.1080/01621459.1977.10480613. Breslow N (1974), doi:10.2307/2529620.
    """
    require_level(level)
    notes = Notes()
    model = read_and_fit(frame, time=time, event=event, covariates=covariates, ties=ties,
                         notes=notes)  # fmt: skip
    return notes.on(estimates(model, level), **stamp(model, level))


def stamp(model: CoxFit, level: float) -> dict[str, object]:
    """Return what a model's table carries along: method, numbers, and tests, as JSON holds it."""
    said: dict[str, object] = {
        "method": METHOD, "ties": model.ties, "level": level, "n": model.rows.n,
        "events": model.rows.n_events,
    }  # fmt: skip
    said.update(model_tests(model))
    if model.optimum:
        said["converged"] = model.optimum.converged
        said["steps"] = model.optimum.steps
    return said


def estimates(model: CoxFit, level: float = 0.95) -> "pd.DataFrame":
    """Write the coefficients of a fitted model as a table."""
    import pandas as pd
    from scipy.special import ndtr, ndtri

    reach = float(ndtri(0.5 + level / 2.0)) * model.se
    with np.errstate(over="ignore", invalid="ignore"):
        z = np.where(np.isfinite(model.coef), model.coef / model.se, np.nan)
        ratio = np.exp(model.coef)
        low, high = np.exp(model.coef - reach), np.exp(model.coef + reach)
    return pd.DataFrame(
        {
            "variable": model.design.names,
            "coef": model.coef,
            "se": model.se,
            "hazard_ratio": ratio,
            "low": low,
            "high": high,
            "z": z,
            "p": 2.0 * ndtr(-np.abs(z)),
            "direction": directions(model.coef, model.design.levels),
            "term": model.design.terms,
            "level": model.design.levels,
            "ties": model.ties,
            "n": model.rows.n,
            "events": model.rows.n_events,
            "flags": model.reasons,
        }
    )


def directions(coef: "NDArray[np.float64]", levels: Sequence[str]) -> list[str]:
    """Say what the sign of each estimate says, and no more."""
    said = []
    for value, level in zip(coef.tolist(), levels, strict=True):
        if np.isnan(value) or value == 0.0:
            said.append("no direction")
        elif level:
            said.append("worse than the reference" if value > 0 else "better than the reference")
        else:
            said.append("higher is worse" if value > 0 else "higher is better")
    return said


def model_tests(model: CoxFit) -> dict[str, float]:
    """Return likelihood-ratio, Wald and score tests of a whole model; NaN where none is."""
    from scipy.special import chdtrc

    names = ["loglik_null", "loglik", "df", "lr", "lr_p", "wald", "wald_p", "score", "score_p",
             "aic"]  # fmt: skip
    best = model.optimum
    if best is None:
        return {name: 0.0 if name == "df" else float("nan") for name in names}
    df = model.df
    lr = 2.0 * (best.value.loglik - best.start.loglik)
    score = float(best.start.score @ np.linalg.solve(best.start.information, best.start.score))
    wald = float("nan")  # with separation the maximum is at infinity
    if "SEPARATION" not in model.reasons:
        wald = float(best.beta @ best.value.information @ best.beta)
    values = [best.start.loglik, best.value.loglik, df, lr, float(chdtrc(df, max(lr, 0.0))), wald,
              float(chdtrc(df, wald)), score, float(chdtrc(df, score)),
              2.0 * df - 2.0 * best.value.loglik]  # fmt: skip
    return dict(zip(names, values, strict=True))


def cox_tests(
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    covariates: Sequence[str],
    ties: str = "efron",
) -> "pd.DataFrame":
    """Test a whole model, and say how well it ranks; one row.

    Returns
    -------
    DataFrame
        ``loglik_null, loglik, df, lr, lr_p, wald, wald_p, score, score_p, aic, concordance,
        concordance_se, n, events, events_per_covariate, ties, flags``. A test is NaN where it is
        not defined (Wald under separation).

    Notes
    -----
    Concordance counts pairs whose order of times is known; an event and a censoring at one time
    are such a pair, two events at one time are none; equal predictions count half. Its standard
    error is the infinitesimal jackknife (R's ``concordance``).
    """
    import pandas as pd

    notes = Notes()
    model = read_and_fit(frame, time=time, event=event, covariates=covariates, ties=ties,
                         notes=notes)  # fmt: skip
    share, error = float("nan"), float("nan")
    if model.optimum is not None:
        predictor = np.empty(model.rows.n)
        predictor[model.risk.order] = model.risk.x @ model.optimum.beta
        share, error = concordance_of(model.rows.time, model.rows.event, predictor)
    row = {
        **model_tests(model),
        "concordance": share,
        "concordance_se": error,
        "n": model.rows.n,
        "events": model.rows.n_events,
        "events_per_covariate": model.rows.n_events / model.df if model.df else float("nan"),
        "ties": ties,
        "flags": ";".join(notes.codes),
    }
    table = pd.DataFrame([row]).astype({"df": int})
    return notes.on(table, **stamp(model, 0.95))


def univariate_cox(
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    covariates: Sequence[str],
    ties: str = "efron",
    level: float = 0.95,
) -> "pd.DataFrame":
    """Fit one model per covariate, each on the rows complete for it.

    Returns
    -------
    DataFrame
        The rows of :func:`cox` for every covariate, with ``lr_p, score_p, concordance,
        concordance_se`` of its model; ``flags`` joins those of the row and of the model.
    """
    import pandas as pd

    names = require_covariates(covariates, time, event)
    notes = Notes()
    parts = []
    for name in names:
        own = cox(frame, time=time, event=event, covariates=[name], ties=ties, level=level)
        whole = cox_tests(frame, time=time, event=event, covariates=[name], ties=ties)
        codes = own.attrs["flags"]
        own["flags"] = [";".join(dict.fromkeys([f, *codes] if f else codes)) for f in own["flags"]]
        for column in ("lr_p", "score_p", "concordance", "concordance_se"):
            own[column] = whole[column].iloc[0]
        for code, sentence in zip(codes, own.attrs["notes"], strict=False):
            notes.add(code, f"{name}: {sentence.partition('Found: ')[2]}")
        own.attrs = {}
        parts.append(own)
    table = pd.concat(parts, ignore_index=True)
    return notes.on(table, method=f"{METHOD}, one covariate each", ties=ties, level=level)
