"""The volumes of one NM object: gates, time slots, R-R intervals, energy windows."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quant.domain.study import SeriesEntry


def split_nm(series: "SeriesEntry") -> "tuple[SeriesEntry, ...]":
    """Split an NM series into its volumes."""
    return (series,)
