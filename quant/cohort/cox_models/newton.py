"""Newton's method for a concave likelihood: halved steps, and the truth about convergence."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quant.cohort.cox_models.likelihood import Value

MOST_STEPS = 60
MOST_HALVINGS = 30
ENOUGH = 1e-13
"""A step that promises less than this (relative to the log-likelihood) is the last but one."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where Newton's method ended.

    Attributes
    ----------
    beta : (p,) float64
        The point.
    start, value : Value
        The likelihood at zero and at the point.
    steps : int
        Steps taken.
    converged : bool
        Whether the last step promised no more gain.
    """

    beta: "NDArray[np.float64]"
    start: "Value"
    value: "Value"
    steps: int
    converged: bool


def maximise(evaluate: "Callable[[NDArray[np.float64]], Value]", size: int) -> Optimum:
    """Climb from zero to the maximum.

    Parameters
    ----------
    evaluate : callable
        Log-likelihood, score and information at a point of ``size`` coordinates, which should be
        on comparable scales.
    size : int
        Number of coordinates.

    Returns
    -------
    Optimum
        After convergence one further full step is taken: Newton's error is squared by it, which
        leaves rounding alone.
    """
    beta = np.zeros(size)
    start = value = evaluate(beta)
    for taken in range(1, MOST_STEPS + 1):
        step = ascent(value)
        if step is None:
            return Optimum(beta, start, value, taken, converged=False)
        promise = float(step @ value.score) / 2.0
        enough = promise <= ENOUGH * (abs(value.loglik) + 1.0)
        beta, value, moved = _go(evaluate, beta, value, step)
        if enough:
            return Optimum(beta, start, value, taken, converged=True)
        if not moved:
            return Optimum(beta, start, value, taken, converged=False)
    return Optimum(beta, start, value, MOST_STEPS, converged=False)


def ascent(value: "Value") -> "NDArray[np.float64] | None":
    """Return Newton's step; None where the information is not positive definite."""
    if not (np.isfinite(value.loglik) and np.isfinite(value.information).all()):
        return None
    try:
        np.linalg.cholesky(value.information)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(np.linalg.solve(value.information, value.score), dtype=np.float64)


def _go(
    evaluate: "Callable[[NDArray[np.float64]], Value]",
    beta: "NDArray[np.float64]",
    value: "Value",
    step: "NDArray[np.float64]",
) -> "tuple[NDArray[np.float64], Value, bool]":
    """Take the step, halved until the likelihood does not fall."""
    floor = value.loglik - 1e-12 * (abs(value.loglik) + 1.0)
    for _ in range(MOST_HALVINGS):
        new = evaluate(beta + step)
        if np.isfinite(new.loglik) and new.loglik >= floor:
            return beta + step, new, True
        step = step / 2.0
    return beta, value, False
