"""Stored slices into one float32 volume: no more copies, passes and checks than it takes."""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.files.facts import tail
from quant.dicom.files.streams import NATIVE
from quant.dicom.pixels.saturation import Peak, peak_of
from quant.dicom.pixels.stored import PixelReader
from quant.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quant.dicom.values.calibration import Scale
    from quant.domain.study import FileEntry, SeriesEntry

LARGEST_VALUE = 1e30
"""No activity, count or Hounsfield unit comes near; sums of squares beyond it overflow."""

EXACT_BELOW = 2.0**24
"""Whole numbers up to here, and their sums and products up to here, are exact as float32."""

WORTH_A_THREAD = 2**22
"""Voxels from which on a second thread pays."""

MOST_THREADS = 4


@dataclass(slots=True)
class Filled:
    """What was seen while a volume was filled: a peak for each slice, and values that are none."""

    peaks: list[Peak] = field(default_factory=list)
    bad: int = 0


class SliceSource:
    """Hands out slices in their unit, one after another.

    Parameters
    ----------
    files : sequence of FileEntry
        One slice each.
    scales : sequence of Scale
        One for each file.
    with_peaks : bool
        Whether to look for the largest stored value of each slice.
    """

    def __init__(
        self, files: "Sequence[FileEntry]", scales: "Sequence[Scale]", *, with_peaks: bool
    ) -> None:
        self._files, self._scales, self._with_peaks = files, scales, with_peaks
        self._reader = PixelReader()
        self.seen = Filled()

    def into(self, n: int, out: NDArray[np.float32]) -> None:
        """Read slice n into an (R, C) float32 array."""
        entry, scale = self._files[n], self._scales[n]
        stored = self._reader.read(entry)[0]
        if self._with_peaks:
            self.seen.peaks.append(peak_of(stored, entry.facts))
        fill(out, stored, scale)
        if not is_bounded(stored.dtype, scale):
            self.seen.bad += not_finite(out)

    def slice(self, n: int) -> NDArray[np.float32]:
        """Read slice n into an array of its own."""
        kind = self._reader.kind(self._files[n])
        out = np.empty(kind.shape[1:], dtype=np.float32)
        self.into(n, out)
        return out


def fill_volume(
    files: "Sequence[FileEntry]",
    scales: "Sequence[Scale]",
    out: NDArray[np.float32],
    *,
    with_peaks: bool,
) -> Filled:
    """Read one file a slice into a volume.

    Parameters
    ----------
    files : sequence of FileEntry
        In the order of k.
    scales : sequence of Scale
        One for each file.
    out : (K, J, I) float32
        Filled in place.
    with_peaks : bool
        See :class:`SliceSource`.

    Raises
    ------
    ReadError
        See :func:`quant.dicom.pixels.stored.read_stored`; of several bad files the first one is
        named.

    Notes
    -----
    Threads read disjoint ranges of slices, so that their number does not change the result. Only
    uncompressed files are shared out: reading and converting them releases the interpreter's lock.
    """
    edges = np.linspace(0, len(files), _threads(files, out.size) + 1).astype(int).tolist()
    ranges = list(itertools.pairwise(edges))

    def part(bounds: tuple[int, int]) -> Filled:
        source = SliceSource(files, scales, with_peaks=with_peaks)
        for k in range(*bounds):
            source.into(k, out[k])
        return source.seen

    if len(ranges) == 1:
        return part(ranges[0])
    with ThreadPoolExecutor(len(ranges)) as pool:
        parts = list(pool.map(part, ranges))
    peaks = [peak for one in parts for peak in one.peaks]
    return Filled(peaks, sum(one.bad for one in parts))


def fill(out: NDArray[np.float32], stored: NDArray[np.generic], scale: "Scale") -> None:
    """Write the float32 of ``slope * stored + intercept``, computed as in float64, into a slice."""
    slope, intercept = scale.slope, scale.intercept
    if is_exact(stored.dtype, slope, intercept) and intercept != 0.0:
        if slope == 1.0:
            np.add(stored, np.float32(intercept), out=out)
            return
        np.multiply(stored, np.float32(slope), out=out)
        np.add(out, np.float32(intercept), out=out)
        return
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if slope == 1.0 and intercept == 0.0:
            out[...] = stored
        elif intercept == 0.0:
            np.multiply(stored, slope, out=out, dtype=np.float64, casting="same_kind")
        else:
            out[...] = stored.astype(np.float64) * slope + intercept


def is_exact(dtype: np.dtype[np.generic], slope: float, intercept: float) -> bool:
    """Tell whether float32 arithmetic is exact: whole numbers that stay below 2^24."""
    if dtype.kind not in "iu" or not slope.is_integer() or not intercept.is_integer():
        return False
    return _largest(dtype) * max(abs(slope), 1.0) + abs(intercept) < EXACT_BELOW


def is_bounded(dtype: np.dtype[np.generic], scale: "Scale") -> bool:
    """Tell whether no stored value can leave the range of :data:`LARGEST_VALUE`."""
    if dtype.kind not in "iu":
        return False
    return _largest(dtype) * abs(scale.slope) + abs(scale.intercept) <= LARGEST_VALUE


def not_finite(values: NDArray[np.float32]) -> int:
    """Count values that are not numbers, or beyond :data:`LARGEST_VALUE`."""
    return values.size - int(np.count_nonzero(np.abs(values) <= LARGEST_VALUE))


def require_finite(values: NDArray[np.float32], series: "SeriesEntry") -> None:
    """Refuse values that are not numbers, or beyond :data:`LARGEST_VALUE`.

    Raises
    ------
    ReadError
        ``VALUES_INVALID``.
    """
    refuse_bad(not_finite(values), values.size, series)


def refuse_bad(bad: int, size: int, series: "SeriesEntry") -> None:
    """Refuse a volume with values that are none; raises ``VALUES_INVALID``."""
    if bad:
        raise ReadError(
            "VALUES_INVALID",
            f"The {series.modality} series {tail(series.series_uid)} holds values that are not "
            "finite, or beyond anything that is measured.",
            found=f"{bad} of {size} voxels",
            needed=f"finite values within {LARGEST_VALUE:g}",
            next_step="reconstruct or export the series again",
        )


def _largest(dtype: np.dtype[np.generic]) -> float:
    bits = dtype.itemsize * 8 - (dtype.kind == "i")
    return 2.0**bits


def _threads(files: "Sequence[FileEntry]", voxels: int) -> int:
    if voxels < WORTH_A_THREAD:
        return 1
    if not {one.facts.get("TransferSyntaxUID") for one in files} <= {*NATIVE}:
        return 1
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min(cores, MOST_THREADS, len(files)))
