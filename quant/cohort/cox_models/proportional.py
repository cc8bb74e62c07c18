"""Tests of proportional hazards: score tests of a covariate's product with a function of time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.cox_models.fitting import CoxFit, read_and_fit, require_ties
from quant.cohort.cox_models.likelihood import Sums, event_sums, weighted_information
from quant.cohort.data.columns import Notes
from quant.cohort.survival.curve import level_before, product_limit
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from quant.cohort.data.times import FollowUp

TRANSFORMS = ("km", "rank", "identity", "log")
COLUMNS = ["transform", "term", "chi_square", "df", "p", "ties", "n", "events", "flags"]


def proportional_hazards(
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    covariates: Sequence[str],
    ties: str = "efron",
    transform: str | Sequence[str] = "km",
) -> "pd.DataFrame":
    """Test whether hazards are proportional, for every covariate and for the whole model.

    Parameters
    ----------
    frame, time, event, covariates
        As for :func:`quant.cohort.cox`.
    ties : {'efron', 'breslow'}
        Method for tied events.
    transform : {'km', 'rank', 'identity', 'log'} or several
        The function of time g(t): 1 minus the Kaplan-Meier curve just before t, the rank of t
        among all times, t itself, or its logarithm.

    Returns
    -------
    DataFrame
        ``transform, term, chi_square, df, p, ties, n, events, flags``; the last row of each
        transform is ``GLOBAL``. The columns of a category are tested together.

    Notes
    -----
    The score test of adding x g(t) to the model, from the full information matrix: what R's
    ``cox.zph`` does from version 3 of survival on. Older versions, and lifelines, use an
    approximation that differs up to nine-fold.

    References
    ----------
    Grambsch PM, Therneau TM (1994), doi:10.1093/biomet/81.3.515.
    """
    import pandas as pd

    require_ties(ties, ("efron", "breslow"))
    kinds = [transform] if isinstance(transform, str) else list(transform)
    unknown = [kind for kind in kinds if kind not in TRANSFORMS]
    if unknown or not kinds:
        raise UsageError("USAGE", "Unknown transform of time.", found=", ".join(unknown),
                         needed=", ".join(TRANSFORMS), next_step="choose one")  # fmt: skip
    notes = Notes()
    model = read_and_fit(frame, time=time, event=event, covariates=covariates, ties=ties,
                         notes=notes)  # fmt: skip
    found = []
    for kind in kinds:
        for term, chi_square, df, p, code in _tests(model, kind):
            found.append((kind, term, chi_square, df, p, ties, model.rows.n,
                          model.rows.n_events, code))  # fmt: skip
            if code in {"TRANSFORM_UNDEFINED", "TEST_UNDEFINED"}:
                notes.add(code, f"{kind}, {term}")
    return notes.on(pd.DataFrame(found, columns=COLUMNS), method="score test of x g(t)", ties=ties,
                    n=model.rows.n, events=model.rows.n_events)  # fmt: skip


def _tests(model: CoxFit, kind: str) -> list[tuple[str, float, int, float, str]]:
    terms = list(dict.fromkeys(model.design.terms))
    reason = _no_test(model, kind)
    if reason:
        return [(term, float("nan"), 0, float("nan"), reason) for term in (*terms, "GLOBAL")]
    optimum = model.optimum
    if optimum is None:  # said by _no_test already
        return []
    sums = event_sums(model.risk, optimum.beta, model.ties)
    g = time_function(model.rows, kind)[model.risk.order][model.risk.event_rows]
    g = _standard(g)
    score, information = _joint(model, sums, g)
    owners = [model.design.terms[at] for at in model.columns.kept]
    found = []
    for term in (*terms, "GLOBAL"):
        own = [at for at, owner in enumerate(owners) if term in {owner, "GLOBAL"}]
        reasons = [r for t, r in zip(model.design.terms, model.reasons, strict=True) if t == term]
        found.append((term, *_test(score, information, own), "" if own else reasons[0]))
    return found


def _no_test(model: CoxFit, kind: str) -> str:
    """Return the code why a fitted model has no test at all."""
    if model.optimum is None:
        return next((reason for reason in model.reasons if reason), "NO_EVENTS")
    for code in ("SEPARATION", "NOT_CONVERGED"):
        if code in model.reasons:
            return code
    times = model.rows.time[model.rows.event]
    if kind == "log" and (times <= 0.0).any():
        return "TRANSFORM_UNDEFINED"
    return "" if np.unique(times).size > 1 else "TEST_UNDEFINED"


def time_function(rows: "FollowUp", kind: str) -> "NDArray[np.float64]":
    """Return g(t) for every row."""
    if kind == "km":
        return 1.0 - level_before(product_limit(rows.time, rows.event), rows.time)
    if kind == "rank":
        _, place, count = np.unique(rows.time, return_inverse=True, return_counts=True)
        ranks: NDArray[np.float64] = (np.cumsum(count) - (count - 1) / 2.0)[place]
        return ranks
    if kind == "log":
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(rows.time), dtype=np.float64)
    return rows.time


def _standard(g: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Centre and scale g over events; the tests do not depend on either."""
    centred = np.asarray(g - g.mean(), dtype=np.float64)
    size = float(centred.std())
    return centred / (size if size > 0.0 else 1.0)


def _joint(
    model: CoxFit, sums: Sums, g: "NDArray[np.float64]"
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return the score of x g(t), (p,), and the information of x and x g(t), (2p, 2p)."""
    risk = model.risk
    residuals = risk.x[risk.event_rows] - sums.mean
    plain, crossed, squared = (
        weighted_information(risk, sums, factor) for factor in (np.ones(g.size), g, g * g)
    )
    return g @ residuals, np.block([[plain, crossed], [crossed, squared]])


def _test(
    score: "NDArray[np.float64]", information: "NDArray[np.float64]", own: list[int]
) -> tuple[float, int, float]:
    from scipy.special import chdtrc

    if not own:
        return float("nan"), 0, float("nan")
    p = score.size
    kept = [*range(p), *(p + at for at in own)]
    u = np.concatenate((np.zeros(p), score[own]))
    try:
        chi_square = float(u @ np.linalg.solve(information[np.ix_(kept, kept)], u))
    except np.linalg.LinAlgError:
        return float("nan"), len(own), float("nan")
    return chi_square, len(own), float(chdtrc(len(own), chi_square))
