"""Kaplan-Meier curves of groups, their quantiles, follow-up, and numbers at risk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.columns import Notes, group_rows
from quant.cohort.curve import Curve, limits, product_limit, require_conf_type, require_level
from quant.cohort.rows import FollowUp, follow_up_rows

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

QUANTILE_TOLERANCE = float(np.sqrt(np.finfo(np.float64).eps))
"""A level of the curve this close to the quantile counts as exactly there (as in R)."""


@dataclass(frozen=True, slots=True)
class GroupCurve:
    """The curve of one group and the rows behind it."""

    group: str
    n: int
    n_events: int
    largest_time: float
    curve: Curve


def group_curves(
    rows: FollowUp, by: str | Sequence[str] | None, *, reverse: bool = False
) -> list[GroupCurve]:
    """Estimate a curve for each group; ``reverse`` takes censoring for the event."""
    found = []
    for label, mask in group_rows(rows.frame, by):
        time, event = rows.time[mask], rows.event[mask]
        if not time.size:
            continue
        curve = product_limit(time, ~event if reverse else event)
        found.append(GroupCurve(label, time.size, int(event.sum()), float(time.max()), curve))
    return found


def by_names(by: str | Sequence[str] | None) -> list[str]:
    """Return the grouping columns as a list."""
    if by is None:
        return []
    return [by] if isinstance(by, str) else list(by)


def kaplan_meier(
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    by: str | Sequence[str] | None = None,
    conf_type: str = "log-log",
    level: float = 0.95,
) -> "pd.DataFrame":
    """Estimate survival by the product-limit method, one row per group and event time.

    Parameters
    ----------
    frame : DataFrame
        One row per subject.
    time, event : str
        Columns: time (from 0 on, any unit) and event (0, 1, true, false).
    by : str or sequence of str, optional
        Grouping columns; groups are ordered by value.
    conf_type : {'log-log', 'log', 'plain'}
        Type of the pointwise interval.
    level : float
        Its coverage.

    Returns
    -------
    DataFrame
        ``group, time, n_risk, n_event, survival, se, low, high`` and ``n_censor`` (censored since
        the row before), ``flags``. ``se`` is Greenwood's. A group without events has one row at
        its last time, with survival 1 and the flag NO_EVENTS.

    Raises
    ------
    UsageError, CohortError
        For columns that are missing or hold no times, no events.

    Notes
    -----
    Times that differ by less than 1.5e-8 of the mean time are one time, as in R. At a level of 0
    standard error and interval are not defined (NaN, flag INTERVAL_UNDEFINED).

    References
    ----------
    Kaplan EL, Meier P (1958), doi:10.2307/2281868. Kalbfleisch JD, Prentice RL, The statistical
    analysis of failure time data (2002), section 1.4.
    """
    import pandas as pd

    require_conf_type(conf_type)
    require_level(level)
    notes = Notes()
    rows = follow_up_rows(frame, time, event, by_names(by), notes)
    parts = [_curve_rows(one, conf_type, level, notes) for one in group_curves(rows, by)]
    columns = ["group", "time", "n_risk", "n_event", "n_censor", "survival", "se", "low", "high",
               "flags"]  # fmt: skip
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return notes.on(
        table, method="Kaplan-Meier", conf_type=conf_type, level=level, n=rows.n,
        events=rows.n_events,
    )  # fmt: skip


def _curve_rows(one: GroupCurve, conf_type: str, level: float, notes: Notes) -> "pd.DataFrame":
    import pandas as pd

    curve = one.curve
    low, high = limits(curve, conf_type, level)
    shown = curve.n_event > 0
    flags = np.where(curve.survival == 0.0, "INTERVAL_UNDEFINED", "").astype(object)
    if not shown.any():
        shown[-1] = True
        flags[-1] = "NO_EVENTS"
        notes.add("NO_EVENTS", f"group {one.group}, {one.n} rows")
    if (curve.survival == 0.0).any():
        notes.add("INTERVAL_UNDEFINED", f"group {one.group} from time {curve.time[-1]:g} on")
    censored = np.cumsum(curve.n_censor)[shown]
    return pd.DataFrame(
        {
            "group": one.group,
            "time": curve.time[shown],
            "n_risk": curve.n_risk[shown],
            "n_event": curve.n_event[shown],
            "n_censor": np.diff(censored, prepend=0),
            "survival": curve.survival[shown],
            "se": curve.se[shown],
            "low": low[shown],
            "high": high[shown],
            "flags": flags[shown],
        }
    )


def survival_quantiles(  # noqa: PLR0913 - the interval's type and level belong to the question
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    by: str | Sequence[str] | None = None,
    quantiles: Sequence[float] = (0.25, 0.5, 0.75),
    conf_type: str = "log-log",
    level: float = 0.95,
) -> "pd.DataFrame":
    """Return the times by which a share of each group had the event; 0.5 is the median.

    Returns
    -------
    DataFrame
        ``group, quantile, time, low, high, n, events, conf_type``. NaN: not reached.

    Notes
    -----
    Where the curve runs level at exactly the quantile, the middle of that level is returned (R's
    rule; at the curve's end, the middle up to the largest time). The interval holds the times at
    which the curves of the pointwise limits reach the quantile (Brookmeyer and Crowley 1982,
    doi:10.2307/2530286).
    """
    require_conf_type(conf_type)
    require_level(level)
    notes = Notes()
    rows = follow_up_rows(frame, time, event, by_names(by), notes)
    curves = group_curves(rows, by)
    for one in curves:
        if not one.n_events:
            notes.add("NO_EVENTS", f"group {one.group}, {one.n} rows")
    table = _quantile_rows(curves, quantiles, conf_type, level)
    return notes.on(table, method="Kaplan-Meier quantile", conf_type=conf_type, level=level,
                    n=rows.n, events=rows.n_events)  # fmt: skip


def follow_up(  # noqa: PLR0913 - the interval's type and level belong to the question
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    by: str | Sequence[str] | None = None,
    quantiles: Sequence[float] = (0.5,),
    conf_type: str = "log-log",
    level: float = 0.95,
) -> "pd.DataFrame":
    """Return the median follow-up by reverse Kaplan-Meier: censoring is the event.

    Returns
    -------
    DataFrame
        As :func:`survival_quantiles`; ``events`` still counts the events of the study.

    References
    ----------
    Schemper M, Smith TL (1996), doi:10.1016/0197-2456(96)00075-X.
    """
    require_conf_type(conf_type)
    require_level(level)
    notes = Notes()
    rows = follow_up_rows(frame, time, event, by_names(by), notes)
    table = _quantile_rows(group_curves(rows, by, reverse=True), quantiles, conf_type, level)
    return notes.on(table, method="reverse Kaplan-Meier quantile", conf_type=conf_type,
                    level=level, n=rows.n, events=rows.n_events)  # fmt: skip


def _quantile_rows(
    curves: Sequence[GroupCurve], quantiles: Sequence[float], conf_type: str, level: float
) -> "pd.DataFrame":
    import pandas as pd

    columns = ["group", "quantile", "time", "low", "high", "n", "events", "conf_type"]
    found = []
    for one in curves:
        low, high = limits(one.curve, conf_type, level)
        for share in quantiles:
            times = [
                time_of_share(one.curve.time, 1.0 - line, share)
                for line in (one.curve.survival, low, high)
            ]
            found.append((one.group, share, *times, one.n, one.n_events, conf_type))
    return pd.DataFrame(found, columns=columns)


def time_of_share(
    time: "NDArray[np.float64]", failed: "NDArray[np.float64]", share: float
) -> float:
    """Return the time at which a step function of time reaches ``share``; NaN if it does not.

    Parameters
    ----------
    time : (m,) float64
        Ascending, censored times included.
    failed : (m,) float64
        Share failed from each time on; NaN is passed over. Limits may go down again.
    share : float
        The level asked for.
    """
    steps = np.concatenate(([0.0], failed))
    places = np.concatenate(([0.0], time))
    _, first = np.unique(steps, return_index=True, equal_nan=True)
    first.sort()
    steps, places = steps[first], places[first]
    if share == 0.0:
        return 0.0
    known = ~np.isnan(steps)
    order = np.argsort(steps[known], kind="stable")
    levels, where = steps[known][order], places[known][order]
    from_here = int(np.searchsorted(levels + QUANTILE_TOLERANCE, share, side="left"))
    to_here = int(np.searchsorted(levels - QUANTILE_TOLERANCE, share, side="left"))
    if from_here < levels.size and abs(share - steps[-1]) < QUANTILE_TOLERANCE:
        return float((where[from_here] + time[-1]) / 2.0)
    if to_here >= levels.size:
        return float("nan")
    return float((where[from_here] + where[to_here]) / 2.0)


def at_risk(
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    times: Sequence[float],
    by: str | Sequence[str] | None = None,
) -> "pd.DataFrame":
    """Count those still at risk just before given times.

    Returns
    -------
    DataFrame
        ``group, time, n_risk, n_event, n_censor, survival``: events and censorings before the
        time (not at it), and the curve at the time.
    """
    import pandas as pd

    notes = Notes()
    rows = follow_up_rows(frame, time, event, by_names(by), notes)
    asked = np.asarray(times, dtype=np.float64)
    found = []
    for one in group_curves(rows, by):
        curve = one.curve
        place = np.searchsorted(curve.time, asked, side="left")
        after = np.searchsorted(curve.time, asked, side="right")
        seen = np.concatenate(([0], np.cumsum(curve.n_event)))[place]
        lost = np.concatenate(([0], np.cumsum(curve.n_censor)))[place]
        levels = np.concatenate(([1.0], curve.survival))[after]
        found += [
            (one.group, float(at), int(one.n - e - c), int(e), int(c), float(s))
            for at, e, c, s in zip(asked, seen, lost, levels, strict=True)
        ]
    columns = ["group", "time", "n_risk", "n_event", "n_censor", "survival"]
    return notes.on(pd.DataFrame(found, columns=columns), method="at risk just before the time",
                    n=rows.n, events=rows.n_events)  # fmt: skip
