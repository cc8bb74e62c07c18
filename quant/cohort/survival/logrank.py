"""Log-rank and weighted log-rank tests of two and more groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.adjusted import ADJUSTMENTS, adjust_p
from quant.cohort.choices import require_choice
from quant.cohort.data.columns import Notes, by_names, group_rows
from quant.cohort.data.times import FollowUp, follow_up_rows
from quant.cohort.survival.curve import level_before, product_limit
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

WEIGHTS = ("logrank", "gehan-breslow", "tarone-ware", "peto-prentice")


@dataclass(frozen=True, slots=True)
class LogRank:
    """The test and what stands behind it: observed and expected events of each group."""

    chi_square: float
    df: int
    p: float
    observed: "NDArray[np.float64]"
    expected: "NDArray[np.float64]"


def logrank(
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    by: str | Sequence[str],
    weights: str | None = "logrank",
) -> "pd.DataFrame":
    """Test whether groups share one survival curve; one row.

    Parameters
    ----------
    frame : DataFrame
        One row per subject.
    time, event : str
        Columns of time and event.
    by : str or sequence of str
        Grouping columns; two or more groups.
    weights : {'logrank', 'gehan-breslow', 'tarone-ware', 'peto-prentice'}
        Weight at each event time: 1, the number at risk, its square root, or the pooled
        Kaplan-Meier curve just before (R's ``survdiff(rho=1)``).

    Returns
    -------
    DataFrame
        ``chi_square, df, p`` and ``weights, n, events, groups, flags``. ``attrs["groups"]`` holds
        group, n, observed and expected events (unweighted) for each group.

    Notes
    -----
    The variance is hypergeometric. A group that is never at risk at an event is left out (flag
    EMPTY_GROUP_LEFT_OUT, as in R); when the rest has a singular variance, a generalised inverse
    and its rank are used.

    References
    ----------
    Mantel N (1966); Gehan EA (1965), doi:10.1093/biomet/52.1-2.203; Tarone RE, Ware J (1977),
    doi:10.1093/biomet/64.1.156; Prentice RL (1978), doi:10.1093/biomet/65.1.167.
    """
    import pandas as pd

    kind = _weights(weights)
    notes = Notes()
    rows = follow_up_rows(frame, time, event, by_names(by), notes)
    groups = group_rows(rows.frame, by)
    test = compare(rows, [mask for _, mask in groups], kind, notes)
    table = pd.DataFrame(
        {
            "chi_square": [test.chi_square],
            "df": [test.df],
            "p": [test.p],
            "weights": [kind],
            "n": [rows.n],
            "events": [rows.n_events],
            "groups": [len(groups)],
            "flags": [";".join(notes.codes)],
        }
    )
    behind = [
        {"group": label, "n": int(mask.sum()), "observed": float(o), "expected": float(e)}
        for (label, mask), o, e in zip(groups, test.observed, test.expected, strict=True)
    ]
    return notes.on(table, method=f"{kind} test", n=rows.n, events=rows.n_events, groups=behind)


def _weights(weights: str | None) -> str:
    kind = weights or "logrank"
    if kind not in WEIGHTS:
        raise UsageError(
            "USAGE",
            "Unknown weights of a log-rank test.",
            found=str(weights),
            needed=", ".join(WEIGHTS),
            next_step="choose one of them",
        )
    return kind


def compare(
    rows: FollowUp, masks: "Sequence[NDArray[np.bool_]]", kind: str, notes: Notes
) -> LogRank:
    """Compare groups of rows; chi-square is NaN (with a note) where nothing can be compared."""
    observed, expected, scores, variance = _sums(rows, masks, kind)
    nothing = LogRank(float("nan"), 0, float("nan"), observed, expected)
    if len(masks) < 2:
        notes.add("ONE_GROUP", f"{len(masks)} groups with rows")
        return nothing
    taking_part = expected > 0.0
    if not rows.n_events:
        return nothing
    if not taking_part.all():
        notes.add("EMPTY_GROUP_LEFT_OUT", f"{int((~taking_part).sum())} of {len(masks)} groups")
    part = variance[np.ix_(taking_part, taking_part)]
    scale = float(np.max(np.diag(part), initial=0.0))
    if taking_part.sum() < 2 or scale <= 0.0:
        notes.add("NO_COMPARISON", f"{int(taking_part.sum())} groups at risk at events")
        return nothing
    return _test(scores[taking_part], part, observed, expected)


def _test(
    scores: "NDArray[np.float64]",
    variance: "NDArray[np.float64]",
    observed: "NDArray[np.float64]",
    expected: "NDArray[np.float64]",
) -> LogRank:
    from scipy.special import chdtrc

    u, v = scores[1:], variance[1:, 1:]
    rank = int(np.linalg.matrix_rank(v, hermitian=True))
    solved = np.linalg.solve(v, u) if rank == len(u) else np.linalg.pinv(v, hermitian=True) @ u
    chi_square = float(u @ solved)
    return LogRank(chi_square, rank, float(chdtrc(rank, chi_square)), observed, expected)


def _sums(
    rows: FollowUp, masks: "Sequence[NDArray[np.bool_]]", kind: str
) -> "tuple[NDArray[np.float64], ...]":
    """Return observed, expected (unweighted), weighted O - E, and its covariance."""
    times = np.unique(rows.time[rows.event])
    k = len(masks)
    at_risk, failed = np.zeros((k, times.size)), np.zeros((k, times.size))
    for row, mask in enumerate(masks):
        own = np.sort(rows.time[mask])
        at_risk[row] = own.size - np.searchsorted(own, times, side="left")
        seen = np.sort(rows.time[mask & rows.event])
        failed[row] = np.searchsorted(seen, times, side="right") - np.searchsorted(seen, times)
    n, d = at_risk.sum(axis=0), failed.sum(axis=0)
    shared = n > 0.0
    at_risk, failed, n, d, times = (
        at_risk[:, shared], failed[:, shared], n[shared], d[shared], times[shared],
    )  # fmt: skip
    share = at_risk / n
    weight = _weight_at(rows, masks, times, n, kind)
    excess = failed - share * d
    spread = np.divide(weight**2 * d * (n - d), n - 1.0, out=np.zeros(n.size), where=n > 1.0)
    variance = np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
    return failed.sum(axis=1), (share * d).sum(axis=1), excess @ weight, variance


def _weight_at(
    rows: FollowUp,
    masks: "Sequence[NDArray[np.bool_]]",
    times: "NDArray[np.float64]",
    n: "NDArray[np.float64]",
    kind: str,
) -> "NDArray[np.float64]":
    if kind == "gehan-breslow":
        return n
    if kind == "tarone-ware":
        return np.sqrt(n)
    if kind == "peto-prentice" and times.size:
        taking_part = np.logical_or.reduce(masks)
        pooled = product_limit(rows.time[taking_part], rows.event[taking_part])
        return level_before(pooled, times)
    return np.ones(times.size)


def pairwise_logrank(
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    by: str | Sequence[str],
    weights: str | None = "logrank",
    adjust: str = "holm",
) -> "pd.DataFrame":
    """Test every two groups, with p adjusted for the number of tests.

    Returns
    -------
    DataFrame
        ``group, reference, chi_square, df, p, p_adjusted, adjust, weights, n, events, flags``.

    Raises
    ------
    UsageError
        For an adjustment that :func:`quant.cohort.adjust_p` does not know.
    """
    import pandas as pd

    kind = _weights(weights)
    require_choice("The adjustment of p", adjust, ADJUSTMENTS)
    notes = Notes()
    rows = follow_up_rows(frame, time, event, by_names(by), notes)
    found = []
    for (a, first), (b, second) in combinations(group_rows(rows.frame, by), 2):
        both = first | second
        pair = FollowUp(rows.frame.loc[both], rows.time[both], rows.event[both])
        own = Notes()
        test = compare(pair, [first[both], second[both]], kind, own)
        if not pair.n_events:
            own.add("NO_EVENTS", f"groups {a} and {b}")
        for code in own.codes:
            notes.add(code, f"groups {a} and {b}")
        found.append((b, a, test.chi_square, test.df, test.p, kind, pair.n, pair.n_events,
                      ";".join(own.codes)))  # fmt: skip
    columns = ["group", "reference", "chi_square", "df", "p", "weights", "n", "events", "flags"]
    table = pd.DataFrame(found, columns=columns)
    table.insert(5, "p_adjusted", adjust_p(table["p"].to_numpy(dtype=np.float64), adjust))
    table.insert(6, "adjust", adjust)
    if not found:
        notes.add("ONE_GROUP", "")
    return notes.on(table, method=f"pairwise {kind} test", adjust=adjust, n=rows.n)
