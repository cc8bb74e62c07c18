"""The fit of a Cox model: design, Newton's method, and what became of every column."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.cox_models.design import Design, Scaled, build_design, require_covariates, scaled
from quant.cohort.cox_models.likelihood import TIES, Risk, likelihood, risk_sets
from quant.cohort.cox_models.newton import Optimum, ascent, maximise
from quant.cohort.cox_models.separation import separating
from quant.cohort.data.times import FollowUp, follow_up_rows
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from quant.cohort.data.columns import Notes

SPREAD_OF_SUSPICION = 10.0
"""A linear predictor that spans more than this may be on its way to infinity: it is looked at."""
EVENTS_PER_COVARIATE = 10.0


@dataclass(frozen=True, slots=True)
class CoxFit:
    """A fitted Cox model.

    Attributes
    ----------
    rows : FollowUp
        The rows that took part.
    design : Design
        All columns asked for.
    ties : str
        Method for tied events.
    columns : Scaled
        Columns that took part in estimation, standardised.
    risk : Risk
        Risk sets over the standardised columns.
    optimum : Optimum or None
        Newton's end on the standardised scale; None without events or columns.
    coef : (p,) float64
        Estimates on the scale of the table; NaN: none; infinite: separation.
    covariance : (p, p) float64
        Inverse information; NaN where there is no estimate.
    reasons : tuple of str
        For each column the code why it has no finite estimate, or nothing.
    """

    rows: FollowUp
    design: Design
    ties: str
    columns: Scaled
    risk: Risk
    optimum: Optimum | None
    coef: "NDArray[np.float64]"
    covariance: "NDArray[np.float64]"
    reasons: tuple[str, ...]

    @property
    def df(self) -> int:
        """Number of columns that took part."""
        return len(self.columns.kept) if self.optimum else 0

    @property
    def se(self) -> "NDArray[np.float64]":
        """Standard errors; NaN where there is no finite estimate."""
        variances = np.diag(self.covariance)
        error = np.sqrt(np.where(np.isfinite(self.coef), variances, np.nan))
        return np.asarray(error, dtype=np.float64)


def require_ties(ties: str, allowed: Sequence[str] = TIES) -> None:
    """Raise a UsageError for a method of ties that is not there."""
    if ties not in allowed:
        raise UsageError("USAGE", "Unknown method for tied events.", found=str(ties),
                         needed=", ".join(allowed), next_step="choose one of them")  # fmt: skip


def read_and_fit(
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    covariates: Sequence[str],
    ties: str,
    notes: "Notes",
) -> CoxFit:
    """Check the columns, build the design, and fit."""
    require_ties(ties)
    names = require_covariates(covariates, time, event)
    rows = follow_up_rows(frame, time, event, names, notes)
    return fit(rows, build_design(rows.frame, names, notes), ties, notes)


def fit(rows: FollowUp, design: Design, ties: str, notes: "Notes") -> CoxFit:
    """Maximise the partial likelihood of a design; note what stands in the way."""
    earliest = float(rows.time[rows.event].min()) if rows.n_events else np.inf
    columns = scaled(design, rows.time >= earliest, notes) if rows.n_events else _none(design)
    risk = risk_sets(rows.time, rows.event, columns.x)
    p = len(design.names)
    coef, covariance = np.full(p, np.nan), np.full((p, p), np.nan)
    reasons = list(columns.reasons)
    if not rows.n_events or not len(columns.kept):
        reasons = [reason or "NO_EVENTS" for reason in reasons] if not rows.n_events else reasons
        return CoxFit(rows, design, ties, columns, risk, None, coef, covariance, tuple(reasons))
    optimum = maximise(likelihood(risk, ties), len(columns.kept))
    runaway = _running_away(risk, optimum, ties)
    if runaway.any():
        affected = ", ".join(design.names[at] for at in columns.kept[runaway])
        notes.add("SEPARATION", affected)
    elif not optimum.converged:
        notes.add("NOT_CONVERGED", f"{optimum.steps} steps")
    _fill(coef, covariance, columns, optimum, runaway)
    for at in columns.kept:
        reasons[at] = "" if optimum.converged or runaway.any() else "NOT_CONVERGED"
    for at in columns.kept[runaway]:
        reasons[at] = "SEPARATION"
    if rows.n_events < EVENTS_PER_COVARIATE * len(columns.kept):
        notes.add("FEW_EVENTS", f"{rows.n_events} events, {len(columns.kept)} covariates")
    return CoxFit(rows, design, ties, columns, risk, optimum, coef, covariance, tuple(reasons))


def _none(design: Design) -> Scaled:
    empty = np.zeros((design.x.shape[0], 0))
    kept = np.zeros(0, dtype=np.int64)
    return Scaled(empty, kept, np.zeros(0), ("",) * len(design.names))


def _running_away(risk: Risk, optimum: Optimum, ties: str) -> "NDArray[np.bool_]":
    """Tell which standardised columns have no finite maximum."""
    spread = float(np.ptp(risk.x @ optimum.beta))
    if optimum.converged and spread <= SPREAD_OF_SUSPICION:
        return np.zeros(optimum.beta.size, dtype=bool)
    if ties != "exact":
        return separating(risk)
    if optimum.converged and spread <= 2.5 * SPREAD_OF_SUSPICION:
        return np.zeros(optimum.beta.size, dtype=bool)
    return np.asarray(np.abs(optimum.beta) > SPREAD_OF_SUSPICION / 2.0)


def _fill(
    coef: "NDArray[np.float64]",
    covariance: "NDArray[np.float64]",
    columns: Scaled,
    optimum: Optimum,
    runaway: "NDArray[np.bool_]",
) -> None:
    """Put estimates on the scale of the table; infinite where the likelihood has no maximum."""
    kept, scale = columns.kept, columns.scale
    coef[kept] = optimum.beta / scale
    coef[kept[runaway]] = np.copysign(np.inf, optimum.beta[runaway])
    tame = np.flatnonzero(~runaway)
    if not tame.size or ascent(optimum.value) is None:
        return
    inverse = np.linalg.inv(optimum.value.information)
    covariance[np.ix_(kept, kept)] = inverse / np.outer(scale, scale)
    covariance[kept[runaway], :] = np.nan
    covariance[:, kept[runaway]] = np.nan
