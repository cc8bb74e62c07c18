"""Series in, volumes out: what shares a SeriesInstanceUID need not be one volume."""

from typing import TYPE_CHECKING

from quant.dicom.nm.volumes import split_nm
from quant.dicom.slices.groups import split_slices

if TYPE_CHECKING:
    from quant.domain.study import SeriesEntry


def split(series: "SeriesEntry") -> "tuple[SeriesEntry, ...]":
    """Split a series into the volumes that it holds, each with its part named.

    A series that holds one volume, or that cannot be told apart, comes back as it is; whether it
    can be read is said when it is placed.
    """
    if series.modality == "NM":
        return split_nm(series)
    if series.modality in ("PT", "CT"):
        return split_slices(series)
    return (series,)
