"""Series in, volumes out: the one door to NM, PT and CT voxels."""

from typing import TYPE_CHECKING

from quant.dicom.files.facts import tail
from quant.dicom.nm.place import place_nm
from quant.dicom.nm.reading import read_nm
from quant.dicom.slices.reading import place_slices, read_slices
from quant.errors import ReadError

if TYPE_CHECKING:
    from quant.dicom.geometry.planes import Placement
    from quant.domain.study import SeriesEntry
    from quant.domain.volume import Volume


def read_volume(series: "SeriesEntry", *, native_only: bool = False) -> "Volume":
    """Read the voxels of an NM, PT or CT series.

    Parameters
    ----------
    series : SeriesEntry
    native_only : bool
        Accept an NM volume without position or orientation, for counts and thresholds: see
        :func:`quant.dicom.nm.place.place_nm`. A volume that has its place is read as ever.

    Raises
    ------
    StudyError
        With the code of what is wrong: see :func:`quant.dicom.nm.reading.read_nm` and
        :func:`quant.dicom.slices.reading.read_slices`.
    """
    if series.modality == "NM":
        return read_nm(series, native_only=native_only)
    if series.modality in ("PT", "CT"):
        return read_slices(series)
    raise _no_volume(series)


def place_volume(series: "SeriesEntry") -> "Placement":
    """Find where the voxels of an NM, PT or CT series lie, from headers only; raises the same."""
    if series.modality == "NM":
        return place_nm(series)
    if series.modality in ("PT", "CT"):
        return place_slices(series)
    raise _no_volume(series)


def _no_volume(series: "SeriesEntry") -> ReadError:
    return ReadError(
        "NON_VOLUME",
        f"The series {tail(series.series_uid)} is no volume that can be read.",
        found=f"modality {series.modality}",
        needed="NM, PT or CT",
        next_step="nothing, if another series is meant",
    )
