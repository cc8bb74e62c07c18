"""Separation: a direction along which the partial likelihood never falls.

The likelihood has no maximum (it is monotone) exactly when some direction gives every event at
least the score of all others at risk with it, and some event more (Bryson and Johnson 1981,
doi:10.1080/00401706.1981.10487680). That is a linear programme; its constraints are found a few
at a time, so that risk sets of any size are cheap.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quant.cohort.cox_models.likelihood import Risk

TOLERANCE = 1e-7
MOST_ROUNDS = 60


def separating(risk: "Risk") -> "NDArray[np.bool_]":
    """Tell which covariates run to infinity.

    Parameters
    ----------
    risk : Risk
        Risk sets over standardised covariates (n, p); no covariate may be redundant.

    Returns
    -------
    (p,) bool
        All False where the likelihood has a maximum.
    """
    p = risk.x.shape[1]
    found = np.zeros(p, dtype=bool)
    if not risk.event_rows.size:
        return found
    cuts = np.zeros((0, p))
    gain = _total_gain(risk)
    best, cuts = _furthest(risk, gain, cuts)
    if best is None or float(gain @ best) <= TOLERANCE:
        return found
    found |= np.abs(best) > TOLERANCE
    for j in np.flatnonzero(~found):
        for sign in (1.0, -1.0):
            aim = np.zeros(p)
            aim[j] = sign
            best, cuts = _furthest(risk, aim, cuts)
            found[j] |= best is not None and sign * float(best[j]) > TOLERANCE
    return found


def _total_gain(risk: "Risk") -> "NDArray[np.float64]":
    """Sum over all events of their covariates minus the mean of those at risk."""
    at = risk.last[risk.of_time]
    means = np.cumsum(risk.x, axis=0)[at] / (at + 1.0)[:, None]
    gain: NDArray[np.float64] = np.mean(risk.x[risk.event_rows] - means, axis=0)
    return gain


def _furthest(
    risk: "Risk", aim: "NDArray[np.float64]", cuts: "NDArray[np.float64]"
) -> "tuple[NDArray[np.float64] | None, NDArray[np.float64]]":
    """Maximise ``aim @ g`` over directions g in the unit box in which no event loses."""
    from scipy.optimize import linprog

    for _ in range(MOST_ROUNDS):
        solved = linprog(
            -aim,
            A_ub=-cuts if len(cuts) else None,
            b_ub=np.zeros(len(cuts)) if len(cuts) else None,
            bounds=[(-1.0, 1.0)] * aim.size,
            method="highs",
        )
        if solved.status != 0:
            return None, cuts
        direction = np.asarray(solved.x, dtype=np.float64)
        if float(aim @ direction) <= TOLERANCE:
            return direction, cuts
        worst = _violated(risk, direction)
        if not len(worst):
            return direction, cuts
        cuts = np.vstack([cuts, worst])
    return None, cuts


def _violated(risk: "Risk", direction: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return, for each event that loses to another at risk, the difference of covariates."""
    along = risk.x @ direction
    highest = np.maximum.accumulate(along)
    new = np.concatenate(([True], highest[1:] > highest[:-1]))
    leader = np.maximum.accumulate(np.where(new, np.arange(along.size), 0))
    best = leader[risk.last[risk.of_time]]
    losing = along[best] - along[risk.event_rows] > TOLERANCE
    return np.unique(risk.x[risk.event_rows[losing]] - risk.x[best[losing]], axis=0)
