"""Quantiles of survival and of follow-up: by which time a share of a group had the event."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import require_level
from quant.cohort.data.columns import Notes, by_names
from quant.cohort.data.times import follow_up_rows
from quant.cohort.survival.curve import GroupCurve, group_curves, limits, require_conf_type

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

QUANTILE_TOLERANCE = float(np.sqrt(np.finfo(np.float64).eps))
"""A level of the curve this close to the quantile counts as exactly there (as in R)."""


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
