"""Cox regression with Firth's penalty, for few events and for separation (firthmodels)."""

import contextlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import require_level
from quant.cohort.cox_models.design import Design, Scaled, build_design, require_covariates, scaled
from quant.cohort.cox_models.fitting import EVENTS_PER_COVARIATE
from quant.cohort.cox_models.likelihood import Risk, risk_sets, value_at
from quant.cohort.cox_models.model import directions
from quant.cohort.data.columns import Notes
from quant.cohort.data.times import FollowUp, follow_up_rows
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Attempt = tuple[NDArray[np.float64], ...]

INTERVALS = ("profile", "wald")
TOLERANCES = (1e-10, 1e-9, 1e-8, 1e-7, 1e-6)
"""Convergence on standardised covariates: the first at which every part of the fit ends well.

Tighter than rounding allows, the halving of steps fails; firthmodels' own defaults are 1e-4."""


@dataclass(frozen=True, slots=True)
class FirthFit:
    """What firthmodels found, on the scale of the table; NaN where it found nothing."""

    coef: "NDArray[np.float64]"
    se: "NDArray[np.float64]"
    low: "NDArray[np.float64]"
    high: "NDArray[np.float64]"
    p: "NDArray[np.float64]"
    loglik_null: float
    loglik: float


def firth_cox(
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    covariates: Sequence[str],
    interval: str = "profile",
    level: float = 0.95,
) -> "pd.DataFrame":
    """Fit a Cox model with Firth's penalty; one row per coefficient.

    Parameters
    ----------
    frame, time, event, covariates
        As for :func:`quant.cohort.cox`.
    interval : {'profile', 'wald'}
        Interval and p from the penalised profile likelihood, or from the standard error.
    level : float
        Coverage.

    Returns
    -------
    DataFrame
        The columns of :func:`quant.cohort.cox`, with ``interval``; ``z`` is NaN for profile
        intervals. ``attrs`` holds the penalised log-likelihoods and their ratio test. Ties are
        Breslow's.

    Notes
    -----
    The estimates are finite under separation. They come from firthmodels; the columns are
    standardised before, which changes neither the estimates nor the ratio tests.

    References
    ----------
    Firth D (1993), doi:10.1093/biomet/80.1.27. Heinze G, Schemper M (2001),
    doi:10.1111/j.0006-341X.2001.00114.x.
    """
    require_level(level)
    if interval not in INTERVALS:
        raise UsageError("USAGE", "Unknown type of interval.", found=str(interval),
                         needed=", ".join(INTERVALS), next_step="choose one")  # fmt: skip
    names = require_covariates(covariates, time, event)
    notes = Notes()
    rows = follow_up_rows(frame, time, event, names, notes)
    design = build_design(rows.frame, names, notes)
    columns, risk = _columns(rows, design, notes)
    nothing = np.full(len(design.names), np.nan)
    found = FirthFit(nothing, nothing, nothing, nothing, nothing, np.nan, np.nan)
    if find_spec("firthmodels") is None:
        notes.add("FIRTH_UNAVAILABLE")
    elif risk is not None and len(columns.kept):
        found = _fit(rows, columns, risk, interval, level, notes)
        if rows.n_events < EVENTS_PER_COVARIATE * len(columns.kept):
            notes.add("FEW_EVENTS", f"{rows.n_events} events, {len(columns.kept)} covariates")
    return notes.on(_table(rows, design, columns, found, interval), **_stamp(rows, columns, found),
                    interval=interval, level=level)  # fmt: skip


def _columns(rows: FollowUp, design: Design, notes: Notes) -> tuple[Scaled, Risk | None]:
    if not rows.n_events:
        reasons = ("NO_EVENTS",) * len(design.names)
        none = np.zeros(0, dtype=np.int64)
        return Scaled(np.zeros((rows.n, 0)), none, np.zeros(0), reasons), None
    columns = scaled(design, rows.time >= rows.time[rows.event].min(), notes)
    return columns, risk_sets(rows.time, rows.event, columns.x)


def _fit(
    rows: FollowUp, columns: Scaled, risk: Risk, interval: str, level: float, notes: Notes
) -> FirthFit:
    tried = _nothing(columns)
    for tolerance in TOLERANCES:
        tried = _attempt(rows, columns, interval, level, tolerance)
        if all(np.isfinite(part).all() for part in tried):
            break
    else:
        notes.add("NOT_CONVERGED", "Firth estimate, its interval or its p")
    coef, se, limits, p_values = tried

    def on_table(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        column = np.full(len(columns.reasons), np.nan)
        column[columns.kept] = values
        return column

    coef_there, se_there, low, high = (
        on_table(values / columns.scale) for values in (coef, se, limits[:, 0], limits[:, 1])
    )
    return FirthFit(coef_there, se_there, low, high, on_table(p_values),
                    _penalised(risk, 0.0 * coef), _penalised(risk, coef))  # fmt: skip


def _nothing(columns: Scaled) -> "Attempt":
    empty = np.full(len(columns.kept), np.nan)
    return empty, empty, np.column_stack([empty, empty]), empty


def _attempt(
    rows: FollowUp, columns: Scaled, interval: str, level: float, tolerance: float
) -> "Attempt":
    """Return coefficients, errors, limits and p on standardised columns; NaN where not found."""
    from firthmodels import FirthCoxPH

    model = FirthCoxPH(backend="numpy", max_iter=200, gtol=tolerance, xtol=tolerance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say is seen in the values
        try:
            model.fit(columns.x, (rows.event, rows.time))
        except np.linalg.LinAlgError:
            return _nothing(columns)
        if not model.converged_:
            return _nothing(columns)
        if interval == "wald":
            return model.coef_, model.bse_, model.conf_int(alpha=1.0 - level), model.pvalues_
        limits, p_values = _nothing(columns)[2:]
        with contextlib.suppress(np.linalg.LinAlgError):  # a likelihood too flat for an end
            p_values = model.lrt().lrt_pvalues_
            limits = model.conf_int(alpha=1.0 - level, method="pl", max_iter=200, tol=tolerance)
        return model.coef_, model.bse_, limits, p_values


def _penalised(risk: Risk, beta: "NDArray[np.float64]") -> float:
    """Return the penalised log-likelihood.

    The penalty shifts with the scale of the columns; as in coxphf they have a standard deviation
    of 1 (denominator n - 1).
    """
    value = value_at(risk, beta, "breslow")
    _, logged = np.linalg.slogdet(value.information)
    return float(value.loglik + 0.5 * logged - np.sum(np.log(risk.x.std(axis=0, ddof=1))))


def _table(
    rows: FollowUp, design: Design, columns: Scaled, found: FirthFit, interval: str
) -> "pd.DataFrame":
    import pandas as pd

    with np.errstate(over="ignore"):
        ratios = [np.exp(values) for values in (found.coef, found.low, found.high)]
    ratio = found.coef / found.se
    return pd.DataFrame(
        {
            "variable": design.names,
            "coef": found.coef,
            "se": found.se,
            "hazard_ratio": ratios[0],
            "low": ratios[1],
            "high": ratios[2],
            "z": ratio if interval == "wald" else np.full(len(ratio), np.nan),
            "p": found.p,
            "direction": directions(found.coef, design.levels),
            "term": design.terms,
            "level": design.levels,
            "ties": "breslow",
            "interval": interval,
            "n": rows.n,
            "events": rows.n_events,
            "flags": columns.reasons,
        }
    )


def _stamp(rows: FollowUp, columns: Scaled, found: FirthFit) -> dict[str, object]:
    from scipy.special import chdtrc

    df = len(columns.kept)
    lr = 2.0 * (found.loglik - found.loglik_null)
    return {
        "method": "Cox proportional hazards with Firth's penalty", "ties": "breslow", "n": rows.n,
        "events": rows.n_events, "loglik_null": found.loglik_null, "loglik": found.loglik,
        "df": df, "lr": lr,
        "lr_p": float(chdtrc(df, max(lr, 0.0))) if np.isfinite(lr) else float("nan"),
    }  # fmt: skip
