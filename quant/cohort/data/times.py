"""Times and events of a table, checked, with ties told apart from rounding."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.data.columns import complete_rows, events, numbers, require_columns, rows_text
from quant.domain.text import plain
from quant.errors import CohortError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from quant.cohort.data.columns import Notes

TIE_TOLERANCE = float(np.sqrt(np.finfo(np.float64).eps))
"""Times closer than this, or than this part of the mean time, are one time (as in R)."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The rows that take part in an estimate.

    Attributes
    ----------
    frame : DataFrame
        The complete rows, in the table's order.
    time : (n,) float64
        Time to event or censoring, in the table's unit, ties made equal.
    event : (n,) bool
        True where the event was seen.
    """

    frame: "pd.DataFrame"
    time: "NDArray[np.float64]"
    event: "NDArray[np.bool_]"

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.time)

    @property
    def n_events(self) -> int:
        """Number of events."""
        return int(self.event.sum())


def follow_up_rows(
    frame: "pd.DataFrame", time: str, event: str, others: "Sequence[str]", notes: "Notes"
) -> FollowUp:
    """Return the rows that have time, event and all ``others``; note what was left out.

    Raises
    ------
    UsageError
        COLUMN_MISSING.
    CohortError
        TIME_UNREADABLE, TIME_NEGATIVE, EVENT_NOT_BINARY, each naming the rows.
    """
    require_columns(frame, [time, event, *others])
    times = _times(frame, time)
    status = events(frame, event)
    there = complete_rows(frame, [time, event, *others], notes)
    seen = status[there] == 1.0
    if seen.size and not seen.any():
        notes.add("NO_EVENTS", f"{seen.size} rows, all censored")
    elif seen.size and seen.all():
        notes.add("ALL_EVENTS", f"{seen.size} rows")
    return FollowUp(frame.loc[there], joined_ties(times[there]), seen)


def _times(frame: "pd.DataFrame", name: str) -> "NDArray[np.float64]":
    try:
        times = numbers(frame, name)
    except CohortError as error:
        raise CohortError(
            "TIME_UNREADABLE",
            f"Column {plain(name)} holds cells that are no times.",
            found=error.found,
            needed="finite numbers, or empty cells",
            next_step="write the time as a number in one unit",
        ) from None
    negative = times < 0.0
    if negative.any():
        raise CohortError(
            "TIME_NEGATIVE",
            f"Column {plain(name)} holds negative times.",
            found=rows_text(frame, negative),
            needed="times from 0 on",
            next_step="check the date that the time is counted from",
        )
    return times


def joined_ties(times: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Make times equal that differ by rounding only (0.1 + 0.2 and 0.3)."""
    distinct = np.unique(times)
    if distinct.size < 2:
        return times
    steps = np.diff(distinct)
    same = (steps <= TIE_TOLERANCE) | (steps / np.mean(np.abs(distinct)) <= TIE_TOLERANCE)
    if not same.any():
        return times
    cuts = distinct[np.concatenate(([True], ~same))]
    joined: NDArray[np.float64] = cuts[np.searchsorted(cuts, times, side="right") - 1]
    return joined
