"""Restricted mean survival: the area under the curve up to a stated limit."""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import require_level
from quant.cohort.data.columns import Notes, by_names
from quant.cohort.data.times import follow_up_rows
from quant.cohort.survival.curve import Curve, GroupCurve, group_curves
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

LIMITS = (
    "largest_time_in_group",
    "largest_event_time_in_group",
    "common",
    "shared_follow_up",
)
COLUMNS = ["group", "limit", "mean", "se", "low", "high", "se_mm1", "limit_rule", "n", "events",
           "flags"]  # fmt: skip


def restricted_mean(
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    by: str | Sequence[str] | None = None,
    limit: str | float = "largest_time_in_group",
    level: float = 0.95,
) -> "pd.DataFrame":
    """Return the mean survival time of each group up to a limit ("mean EFS").

    Parameters
    ----------
    frame : DataFrame
        One row per subject.
    time, event : str
        Columns of time and event.
    by : str or sequence of str, optional
        Grouping columns.
    limit : str or float
        ``largest_time_in_group`` (SPSS), ``largest_event_time_in_group`` (the SAS default),
        ``common`` (the largest time of all groups, R's ``rmean="common"``; shorter curves are
        carried on level), ``shared_follow_up`` (the smallest of the groups' largest times), or a
        time.
    level : float
        Coverage of the normal interval around the mean.

    Returns
    -------
    DataFrame
        ``group, limit, mean, se, low, high`` and ``se_mm1, limit_rule, n, events, flags``.
        ``limit`` is the time itself. ``se`` is Greenwood's (as R); ``se_mm1`` carries the factor
        ``sqrt(m / (m - 1))`` with ``m`` the number of events up to the limit (as SAS).

    Notes
    -----
    Means under different limits cannot be compared (flag LIMITS_DIFFER); the difference of means
    up to one limit is :func:`restricted_mean_difference`.

    References
    ----------
    Irwin JO (1949), doi:10.1017/S0022172400014443. Royston P, Parmar MKB (2013),
    doi:10.1186/1471-2288-13-152.
    """
    import pandas as pd

    require_level(level)
    rule, fixed = _rule(limit)
    notes = Notes()
    rows = follow_up_rows(frame, time, event, by_names(by), notes)
    curves = group_curves(rows, by)
    found = [_mean_row(one, _limit(one, curves, rule, fixed), rule, level, notes) for one in curves]
    table = pd.DataFrame(found, columns=COLUMNS)
    ends = sorted({float(one[1]) for one in found if np.isfinite(one[1])})
    if len(ends) > 1:
        notes.add("LIMITS_DIFFER", f"{ends[0]:g} to {ends[-1]:g}")
    return notes.on(table, method="area under the Kaplan-Meier curve", limit_rule=rule,
                    level=level, n=rows.n, events=rows.n_events)  # fmt: skip


def _rule(limit: str | float) -> tuple[str, float]:
    if isinstance(limit, str) and limit in LIMITS:
        return limit, float("nan")
    fixed = float("nan") if isinstance(limit, str) else float(limit)
    if not np.isfinite(fixed) or fixed <= 0.0:
        raise UsageError(
            "USAGE",
            "Unknown limit of a restricted mean.",
            found=str(limit),
            needed=", ".join(LIMITS) + ", or a time above 0",
            next_step="choose one of them",
        )
    return "time", fixed


def _limit(one: GroupCurve, curves: Sequence[GroupCurve], rule: str, fixed: float) -> float:
    if rule == "largest_time_in_group":
        return one.largest_time
    if rule == "largest_event_time_in_group":
        seen = one.curve.time[one.curve.n_event > 0]
        return float(seen[-1]) if seen.size else float("nan")
    if rule == "common":
        return max(other.largest_time for other in curves)
    if rule == "shared_follow_up":
        return min(other.largest_time for other in curves)
    return fixed


def _mean_row(
    one: GroupCurve, end: float, rule: str, level: float, notes: Notes
) -> tuple[str, float, float, float, float, float, float, str, int, int, str]:
    from scipy.special import ndtri

    flags = []
    if not one.n_events:
        flags.append("NO_EVENTS")
        notes.add("NO_EVENTS", f"group {one.group}, {one.n} rows")
    if end > one.largest_time and one.curve.survival[-1] > 0.0:
        flags.append("LIMIT_BEYOND_FOLLOW_UP")
        notes.add("LIMIT_BEYOND_FOLLOW_UP", f"group {one.group}: {one.largest_time:g} < {end:g}")
    mean, se = area(one.curve, end)
    m = int(one.curve.n_event[one.curve.time <= end].sum())
    se_mm1 = se * float(np.sqrt(m / (m - 1))) if m > 1 else float("nan")
    reach = float(ndtri(0.5 + level / 2.0)) * se
    return (one.group, end, mean, se, mean - reach, mean + reach, se_mm1, rule, one.n,
            one.n_events, ";".join(flags))  # fmt: skip


def area(curve: Curve, end: float) -> tuple[float, float]:
    """Return the area under a curve from 0 to ``end`` and its Greenwood standard error.

    The curve is carried on at its last level. NaN when ``end`` is NaN.
    """
    if np.isnan(end):
        return float("nan"), float("nan")
    kept = curve.time < end
    edges = np.concatenate(([0.0], curve.time[kept], [end]))
    levels = np.concatenate(([1.0], curve.survival[kept]))
    pieces = np.diff(edges) * levels
    to_the_right = np.cumsum(pieces[::-1])[::-1][1:]
    n, d = curve.n_risk[kept], curve.n_event[kept]
    left = (n - d).astype(np.float64)
    terms = np.divide(d, n * left, out=np.zeros(n.size), where=left > 0.0)
    return float(pieces.sum()), float(np.sqrt(np.sum(to_the_right**2 * terms)))


def restricted_mean_difference(
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    by: str | Sequence[str],
    limit: str | float = "shared_follow_up",
    level: float = 0.95,
) -> "pd.DataFrame":
    """Compare restricted means of every two groups up to one common limit.

    Returns
    -------
    DataFrame
        ``group, reference, limit, difference, se, low, high, z, p``; the difference is group minus
        reference. ``se`` joins the Greenwood errors of the two means.

    Raises
    ------
    UsageError
        For a limit that is not one for all groups.
    """
    import pandas as pd
    from scipy.special import ndtr, ndtri

    if limit in {"largest_time_in_group", "largest_event_time_in_group"}:
        raise UsageError(
            "USAGE",
            "Means of groups compare only under one limit for all.",
            found=str(limit),
            needed="shared_follow_up, common, or a time",
            next_step="choose one of them",
        )
    means = restricted_mean(frame, time=time, event=event, by=by, limit=limit, level=level)
    z = float(ndtri(0.5 + level / 2.0))
    found = []
    for a, b in combinations(means.to_dict("records"), 2):
        gap = b["mean"] - a["mean"]
        se = float(np.hypot(a["se"], b["se"]))
        ratio = gap / se if se > 0.0 else float("nan")
        p = 2.0 * float(ndtr(-abs(ratio)))
        found.append((b["group"], a["group"], a["limit"], gap, se, gap - z * se, gap + z * se,
                      ratio, p))  # fmt: skip
    columns = ["group", "reference", "limit", "difference", "se", "low", "high", "z", "p"]
    table = pd.DataFrame(found, columns=columns)
    table.attrs.update(means.attrs)
    table.attrs["method"] = "difference of restricted means"
    notes = Notes()
    if not found:
        notes.add("ONE_GROUP", ", ".join(means["group"]))
    if table["p"].isna().any():
        notes.add("TEST_UNDEFINED", "a difference with a standard error of 0")
    table.attrs["flags"] = means.attrs["flags"] + notes.codes
    table.attrs["notes"] = means.attrs["notes"] + notes.sentences
    return table
