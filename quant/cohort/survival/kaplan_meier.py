"""Kaplan-Meier curves of groups, and numbers at risk."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import require_level
from quant.cohort.data.columns import Notes, by_names
from quant.cohort.data.times import follow_up_rows
from quant.cohort.survival.curve import GroupCurve, group_curves, limits, require_conf_type

if TYPE_CHECKING:
    import pandas as pd


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
    Times that differ by less than 1.5e-8, or 1.5e-8 of the mean time, are one time, as in R. At a
    level of 0 standard error and interval are not defined (NaN, flag INTERVAL_UNDEFINED).

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
