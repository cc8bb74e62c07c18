"""Reading an event and markers from a frame for analyses that ask yes or no."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.data.columns import Notes, complete_rows, numbers
from quant.cohort.data.columns import events as event_column

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

HIGHER, LOWER = "higher", "lower"
SIGN = {HIGHER: 1.0, LOWER: -1.0}
"""A marker whose lower values go with the event is turned over; results are turned back."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Complete rows: event (n,) bool and markers (n, k) float64; ``left_out`` rows were not."""

    event: "NDArray[np.bool_]"
    markers: "NDArray[np.float64]"
    kept: "NDArray[np.bool_]"

    @property
    def left_out(self) -> int:
        """Rows with a missing cell."""
        return int((~self.kept).sum())

    @property
    def events(self) -> int:
        """Rows with the event."""
        return int(self.event.sum())

    @property
    def others(self) -> int:
        """Rows without the event."""
        return int((~self.event).sum())


def sample(frame: "pd.DataFrame", event: str, markers: Sequence[str], notes: Notes) -> Sample:
    """Read the rows in which the event and every marker are known; note those left out."""
    status = event_column(frame, event)
    values = np.column_stack([numbers(frame, name) for name in markers])
    kept = complete_rows(frame, [event, *markers], notes)
    found = Sample(status[kept] == 1.0, values[kept], kept)
    if found.event.size and not found.events:
        notes.add("NO_EVENTS", f"{found.others} rows without the event")
    if found.event.size and not found.others:
        notes.add("NO_NON_EVENTS", f"{found.events} rows with the event")
    return found
