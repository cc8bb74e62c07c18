"""The Cox partial likelihood with its score and information, by sums over sorted rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIES = ("efron", "breslow", "exact")


@dataclass(frozen=True, slots=True)
class Value:
    """The log partial likelihood at one point.

    Attributes
    ----------
    loglik : float
        Logarithm of the partial likelihood.
    score : (p,) float64
        Its gradient.
    information : (p, p) float64
        Minus its Hessian.
    """

    loglik: float
    score: "NDArray[np.float64]"
    information: "NDArray[np.float64]"


@dataclass(frozen=True, slots=True)
class Risk:
    """Rows in descending order of time, and where the risk set of each event ends.

    Attributes
    ----------
    x : (n, p) float64
        Covariates, rows sorted by descending time, events first among equals.
    times : (t,) float64
        Distinct event times, descending.
    last : (t,) int64
        Index of the last row at risk at each event time.
    first_event, n_event : (t,) int64
        Index of the first event and number of events at each event time: events of one time
        stand side by side.
    event_rows : (m,) int64
        Indices of the events, by time.
    of_time : (m,) int64
        For each event its event time; ``within`` numbers the events of one time from 0.
    within : (m,) int64
        See ``of_time``.
    order : (n,) int64
        Index of each sorted row in the table.
    """

    x: "NDArray[np.float64]"
    times: "NDArray[np.float64]"
    last: "NDArray[np.int64]"
    first_event: "NDArray[np.int64]"
    n_event: "NDArray[np.int64]"
    event_rows: "NDArray[np.int64]"
    of_time: "NDArray[np.int64]"
    within: "NDArray[np.int64]"
    order: "NDArray[np.int64]"

    def with_columns(self, x: "NDArray[np.float64]") -> "Risk":
        """Return the same risk sets over other columns, in the order of the sorted rows."""
        return Risk(x, self.times, self.last, self.first_event, self.n_event, self.event_rows,
                    self.of_time, self.within, self.order)  # fmt: skip


def risk_sets(
    time: "NDArray[np.float64]", event: "NDArray[np.bool_]", x: "NDArray[np.float64]"
) -> Risk:
    """Sort rows and find the risk sets; ``x`` is (n, p)."""
    order = np.lexsort((~event, -time))
    t, e = time[order], event[order]
    rows = np.flatnonzero(e)
    times, first, count = np.unique(-t[rows], return_index=True, return_counts=True)
    last = np.searchsorted(-t, times, side="right") - 1
    of_time = np.repeat(np.arange(times.size), count)
    within = np.arange(rows.size) - first[of_time] if rows.size else np.zeros(0, dtype=np.int64)
    begin = rows[first] if rows.size else np.zeros(0, dtype=np.int64)
    return Risk(np.ascontiguousarray(x[order]), -times, last, begin, count, rows, of_time, within,
                order)  # fmt: skip


def steps(risk: Risk, ties: str) -> "NDArray[np.float64]":
    """Return for each event the share of its tied events that has left the risk set."""
    if ties == "efron":
        return risk.within / risk.n_event[risk.of_time]
    return np.zeros(risk.event_rows.size)


@dataclass(frozen=True, slots=True)
class Sums:
    """Weighted sums over the risk set of each event, after tied events left in part.

    Attributes
    ----------
    total : (m,) float64
        Sum of the weights.
    mean : (m, p) float64
        Weighted mean of the covariates.
    weight : (n,) float64
        exp(x beta), up to a common factor.
    left : (m,) float64
        See :func:`steps`.
    shift : float
        Logarithm of the common factor.
    """

    total: "NDArray[np.float64]"
    mean: "NDArray[np.float64]"
    weight: "NDArray[np.float64]"
    left: "NDArray[np.float64]"
    shift: float


def event_sums(risk: Risk, beta: "NDArray[np.float64]", ties: str) -> Sums:
    """Sum over the risk sets of all events at once."""
    eta = risk.x @ beta
    shift = float(eta.max(initial=0.0)) if eta.size else 0.0
    w = np.exp(eta - shift)
    wx = w[:, None] * risk.x
    left = steps(risk, ties)
    at = risk.last[risk.of_time]
    s0, s1 = np.cumsum(w)[at], np.cumsum(wx, axis=0)[at]
    if ties == "efron" and risk.event_rows.size:
        starts = np.flatnonzero(risk.within == 0)
        d0 = np.add.reduceat(w[risk.event_rows], starts)[risk.of_time]
        d1 = np.add.reduceat(wx[risk.event_rows], starts, axis=0)[risk.of_time]
        s0, s1 = s0 - left * d0, s1 - left[:, None] * d1
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return Sums(s0, s1 / s0[:, None], w, left, shift)


def weighted_information(
    risk: Risk, sums: Sums, factor: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    """Return the sum over events of ``factor`` times the covariance within the risk set.

    Parameters
    ----------
    risk : Risk
        Risk sets over (n, p) covariates.
    sums : Sums
        Their weighted sums.
    factor : (m,) float64
        A number per event: 1 for the information.

    Returns
    -------
    (p, p) float64

    Notes
    -----
    The second moments need no sum of (p, p) matrices: each row's weight is multiplied by the sum
    over the events it was at risk for, which is one matrix product, O(n p^2).
    """
    per_time = np.bincount(risk.of_time, factor / sums.total, minlength=risk.times.size)
    lost = np.bincount(risk.of_time, factor * sums.left / sums.total, minlength=risk.times.size)
    starts = np.zeros(risk.x.shape[0])
    np.add.at(starts, risk.last, per_time)
    share = np.cumsum(starts[::-1])[::-1]
    share[risk.event_rows] -= lost[risk.of_time]
    second = risk.x.T @ ((sums.weight * share)[:, None] * risk.x)
    first: NDArray[np.float64] = sums.mean.T @ (factor[:, None] * sums.mean)
    information: NDArray[np.float64] = second - first
    return (information + information.T) / 2.0


def value_at(risk: Risk, beta: "NDArray[np.float64]", ties: str) -> Value:
    """Return log-likelihood, score and information at ``beta`` (Efron or Breslow ties)."""
    sums = event_sums(risk, beta, ties)
    eta = risk.x[risk.event_rows] @ beta
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        loglik = float(np.sum(eta - sums.shift - np.log(sums.total)))
        score = np.sum(risk.x[risk.event_rows] - sums.mean, axis=0)
        return Value(loglik, score, weighted_information(risk, sums, np.ones(eta.size)))


def exact_value_at(risk: Risk, beta: "NDArray[np.float64]") -> Value:
    """Return the same for the discrete logistic likelihood ("exact" in R).

    Each event time with d events among n at risk sums over all d-subsets by the recursion of
    Gail, Lubin and Rubinstein (1981, doi:10.1093/biomet/68.3.703), O(n d p^2).
    """
    p = risk.x.shape[1]
    loglik, score, information = 0.0, np.zeros(p), np.zeros((p, p))
    eta = risk.x @ beta
    for at in range(risk.times.size):
        d = int(risk.n_event[at])
        begin, end = int(risk.first_event[at]), int(risk.last[at]) + 1
        shift = float(eta[:end].max())
        logged, mean, second = _subsets(np.exp(eta[:end] - shift), risk.x[:end], d)
        loglik += float(eta[begin : begin + d].sum()) - d * shift - logged
        score += risk.x[begin : begin + d].sum(axis=0) - mean
        information += second - np.outer(mean, mean)
    return Value(loglik, score, information)


def _subsets(
    w: "NDArray[np.float64]", x: "NDArray[np.float64]", d: int
) -> "tuple[float, NDArray[np.float64], NDArray[np.float64]]":
    """Sum the products of weights over all d-subsets.

    Returns the sum's logarithm and its first and second derivatives relative to the sum. All
    degrees are scaled alike whenever they grow too large.
    """
    p = x.shape[1]
    scaled = 0.0
    e0, e1, e2 = np.zeros(d + 1), np.zeros((d + 1, p)), np.zeros((d + 1, p, p))
    e0[0] = 1.0
    for weight, row in zip(w, x, strict=True):
        a0, a1 = e0[:-1], e1[:-1]
        cross = a1[:, :, None] * row[None, None, :]
        grown2 = e2[:-1] + cross + cross.transpose(0, 2, 1) + a0[:, None, None] * np.outer(row, row)
        grown1 = a1 + a0[:, None] * row
        e2[1:] += weight * grown2
        e1[1:] += weight * grown1
        e0[1:] += weight * a0
        largest = float(e0.max())
        if largest > 1e100:
            scaled += float(np.log(largest))
            e0, e1, e2 = e0 / largest, e1 / largest, e2 / largest
    return float(np.log(e0[d])) + scaled, e1[d] / e0[d], e2[d] / e0[d]


def likelihood(risk: Risk, ties: str) -> "Callable[[NDArray[np.float64]], Value]":
    """Return the function that evaluates the likelihood of ``ties`` at a point."""
    if ties == "exact":
        return lambda beta: exact_value_at(risk, beta)
    return lambda beta: value_at(risk, beta, ties)
