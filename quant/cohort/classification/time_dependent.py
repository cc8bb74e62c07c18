"""ROC curves of time: who has the event by t, told from who is still followed without it.

Cumulative cases, dynamic controls. Rows censored before t have an unknown status; the events seen
stand for them too, each weighted by the inverse of its chance of having been observed (IPCW).

References
----------
H. Uno, T. Cai, L. Tian, L. J. Wei, JASA 102 (2007) 527, doi:10.1198/016214507000000149.
H. Hung, C.-T. Chiang, Canadian Journal of Statistics 38 (2010) 8, doi:10.1002/cjs.10046.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import SEED, require_choice, require_replicates
from quant.cohort.data.binary import HIGHER, LOWER, SIGN
from quant.cohort.data.columns import Notes, complete_rows, numbers
from quant.cohort.data.columns import events as event_column
from quant.errors import CohortError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

REPLICATES = 1000
QUARTERS = (0.25, 0.5, 0.75)
BEFORE, AT = "before", "at"


def time_dependent_auc(  # noqa: PLR0913 - time joins the names of roc
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    marker: str,
    times: Sequence[float] | None = None,
    direction: str = HIGHER,
    censoring: str = BEFORE,
    level: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> "pd.DataFrame":
    """Measure how well a marker tells who has the event by a time, with censored rows heard.

    Parameters
    ----------
    time, event, marker : str
        Columns: time to event or censoring (at least 0), event status, marker.
    times : sequence of float, optional
        Times at which to measure, in the unit of ``time``; without it, the event times at which
        a quarter, half and three quarters of the events have happened.
    direction : {"higher", "lower"}
        Which values go with an early event.
    censoring : {"before", "at"}
        An event at t is weighted by the chance of being uncensored just before t, which is right
        where censoring follows events of the same day; "at" takes the chance after the
        censorings of t, as scikit-survival does. They differ only where both share a time.
    replicates, seed : int
        Bootstrap of subjects for the percentile interval; 0 replicates leave it out.

    Returns
    -------
    DataFrame
        ``time, auc, se, low, high, cases, controls, censored, replicates, flags``: ``censored``
        counts rows that left before ``time`` without the event, ``se`` is the bootstrap's.
        Same seed, same numbers.

    Raises
    ------
    CohortError
        TIME_NEGATIVE, EVENT_NOT_BINARY, COLUMN_NOT_NUMERIC.
    """
    import pandas as pd

    require_choice("The direction", direction, (HIGHER, LOWER))
    require_choice("The place of censoring", censoring, (BEFORE, AT))
    require_replicates(replicates, 0)
    notes = Notes()
    data = _data(frame, (time, event, marker), direction, notes)
    asked = _asked(times, data)
    rows = []
    for at in asked:
        row_notes = Notes()
        row = _row(data, at, censoring, row_notes)
        draws = _bootstrap(data, at, censoring, (replicates, seed))
        row |= _percentiles(draws, replicates, level, row_notes)
        rows.append(row | {"flags": ";".join(row_notes.codes)})
        notes.take(row_notes)
    names = ["time", "auc", "se", "low", "high", "cases", "controls", "censored"]
    table = pd.DataFrame(rows, columns=[*names, "replicates", "flags"])
    stamp = {"method": f"cumulative/dynamic, IPCW, censoring {censoring}", "level": level}
    return notes.on(table, marker=marker, direction=direction, seed=seed, **stamp)


Data = tuple["NDArray[np.float64]", "NDArray[np.bool_]", "NDArray[np.float64]"]
"""Times, events and turned markers of complete rows."""


def _data(frame: "pd.DataFrame", names: tuple[str, str, str], direction: str, notes: Notes) -> Data:
    times, status = numbers(frame, names[0]), event_column(frame, names[1])
    values = numbers(frame, names[2])
    kept = complete_rows(frame, names, notes)
    if (times[kept] < 0.0).any():
        raise CohortError(
            "TIME_NEGATIVE", "A time to event or censoring is negative.", needed="times from 0"
        )
    happened = status[kept] == 1.0
    if kept.any() and not happened.any():
        notes.add("NO_EVENTS", f"{int(kept.sum())} rows")
    return times[kept], happened, SIGN[direction] * values[kept]


def _asked(times: Sequence[float] | None, data: Data) -> list[float]:
    if times is not None:
        return [float(value) for value in times]
    seen = data[0][data[1]]
    if not seen.size:
        return []
    return [float(value) for value in np.quantile(seen, QUARTERS, method="inverted_cdf")]


def uncensored_chance(
    times: "NDArray[np.float64]", happened: "NDArray[np.bool_]", *, after: bool
) -> "NDArray[np.float64]":
    """Kaplan-Meier chance of not being censored, at every row's own time.

    Events leave before censorings of the same time do. ``after`` counts the censorings at the
    time itself as well.
    """
    distinct, place = np.unique(times, return_inverse=True)
    censored = np.bincount(place, ~happened, distinct.size)
    gone = np.bincount(place, happened, distinct.size)
    at_risk = times.size - np.concatenate([[0.0], np.cumsum(censored + gone)[:-1]])
    left = at_risk - gone
    keep = np.divide(left - censored, left, out=np.ones(left.size), where=left > 0.0)
    chance = np.cumprod(keep)
    if not after:
        chance = np.concatenate([[1.0], chance[:-1]])
    return np.asarray(chance[place], dtype=np.float64)


def weighted_area(data: Data, at: float, censoring: str) -> float:
    """Area at one time; NaN without cases or controls, or where a weight is infinite."""
    times, happened, values = data
    cases, controls = happened & (times <= at), times > at
    if not cases.any() or not controls.any():
        return math.nan
    chance = uncensored_chance(times, happened, after=censoring == AT)[cases]
    if (chance <= 0.0).any():
        return math.nan
    weights = 1.0 / chance
    others = np.sort(values[controls])
    below = np.searchsorted(others, values[cases], "left")
    equal = np.searchsorted(others, values[cases], "right")
    return float(weights @ (below + equal) / (2.0 * weights.sum() * others.size))


def _row(data: Data, at: float, censoring: str, notes: Notes) -> dict[str, object]:
    times, happened, _ = data
    cases, controls = int((happened & (times <= at)).sum()), int((times > at).sum())
    if not cases:
        notes.add("NO_CASES", f"time {at:g}")
    if not controls:
        notes.add("NO_CONTROLS", f"time {at:g}")
    auc = weighted_area(data, at, censoring)
    if cases and controls and math.isnan(auc):
        notes.add("WEIGHT_INFINITE", f"time {at:g}")
    if min(cases, controls) < 10:
        notes.add("FEW_PER_CLASS", f"{cases} cases, {controls} controls")
    return {
        "time": at,
        "auc": auc,
        "cases": cases,
        "controls": controls,
        "censored": int((~happened & (times <= at)).sum()),
    }


def _bootstrap(
    data: Data, at: float, censoring: str, plan: tuple[int, int]
) -> "NDArray[np.float64]":
    replicates, seed = plan
    if math.isnan(weighted_area(data, at, censoring)):
        return np.empty(0)
    generator, size = np.random.default_rng(seed), data[0].size
    draws = np.empty(replicates)
    for index in range(replicates):
        rows = generator.integers(0, size, size)
        draws[index] = weighted_area((data[0][rows], data[1][rows], data[2][rows]), at, censoring)
    return draws


def _percentiles(
    draws: "NDArray[np.float64]", wanted: int, level: float, notes: Notes
) -> dict[str, object]:
    there = draws[~np.isnan(draws)]
    if draws.size and there.size < wanted:
        notes.add("REPLICATES_LOST", f"{wanted - there.size} of {wanted}")
    if there.size < 2:
        return {"se": math.nan, "low": math.nan, "high": math.nan, "replicates": 0}
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(there, [tail, 1.0 - tail])
    return {
        "se": float(there.std(ddof=1)),
        "low": float(low),
        "high": float(high),
        "replicates": int(there.size),
    }
