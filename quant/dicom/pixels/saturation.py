"""Volumes cut off at the largest value that their pixels can hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.files.facts import whole
from quant.domain.flags import Flag

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts

SIGNED_16 = 32767
"""Also the ceiling of many 16-bit files that call themselves unsigned."""

OF_ONE_SCALING = 2
"""Voxels at the ceiling that make one scaling suspect: a stretch to full range leaves one."""

OF_ONE_SLICE = 3
"""The same where every slice has its own scaling: among hundreds of slices, rounding makes the two
hottest voxels of one or another equal."""


@dataclass(frozen=True, slots=True)
class Peak:
    """Largest stored value of a frame, in how many voxels, and whether no larger one can be."""

    value: float
    voxels: int
    is_ceiling: bool


def peak_of(stored: NDArray[np.generic], facts: "Facts") -> Peak:
    """Find the largest stored value of a frame."""
    value = float(stored.max())
    if stored.dtype.kind == "f":
        return Peak(value, 1, is_ceiling=False)
    allocated = stored.dtype.itemsize * 8
    bits = (whole(facts, "BitsStored") or allocated) - (stored.dtype.kind == "i")
    is_ceiling = value == 2**bits - 1 or (allocated == 16 and value == SIGNED_16)
    return Peak(value, int(np.count_nonzero(stored == stored.max())), is_ceiling=is_ceiling)


def saturation_flags(peaks: Sequence[Peak], slopes: Sequence[float]) -> tuple[Flag, ...]:
    """Tell whether a volume looks cut off.

    Parameters
    ----------
    peaks : sequence of Peak
        One for each slice.
    slopes : sequence of float
        Slope of each slice, or the one slope of all.

    Returns
    -------
    tuple of Flag
        ``VALUES_SATURATED``, or nothing. Where every slice reaches the ceiling by a slope of its
        own, the slices were stretched to it, and equal maxima mean nothing.
    """
    if len(set(slopes)) == 1:
        top = max(peak.value for peak in peaks)
        voxels = sum(peak.voxels for peak in peaks if peak.value == top)
        cut = any(peak.is_ceiling for peak in peaks if peak.value == top)
        if not cut or voxels < OF_ONE_SCALING:
            return ()
        return (Flag("VALUES_SATURATED", f"{voxels} voxels hold {top:g}"),)
    if all(peak.is_ceiling for peak in peaks if peak.value > 0.0):
        return ()
    full = [peak for peak in peaks if peak.is_ceiling and peak.voxels >= OF_ONE_SLICE]
    if not full:
        return ()
    worst = max(full, key=lambda peak: peak.voxels)
    detail = f"{len(full)} slices, up to {worst.voxels} voxels in one hold {worst.value:g}"
    return (Flag("VALUES_SATURATED", detail),)
