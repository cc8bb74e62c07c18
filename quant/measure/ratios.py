"""The ratios of the method, tumour over reference, each with its interval over positions.

The five ratios are those of the seed paper (Zhou 2025): Tmax/Lmax, Tmean/Lmean, Tmax/Lmean,
Tmax/Mmax, Tmean/Mmean. Tpeak/Lmean stands beside them as the robust companion: a maximum grows
with noise and with the size of the sphere, a 1 ml peak and a mean hardly do (Lodge 2012,
10.2967/jnumed.111.101733).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.domain.flags import Flag
from quant.domain.measurement import Interval, Measurement, negative_flags
from quant.domain.region import Role
from quant.domain.units import Quantity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from quant.domain.protocol import IntervalSettings
    from quant.domain.sphere import PlacedSphere

MOST_POSITIONS = 1000
"""Order statistics of a side that enter the pairs of left and right muscle positions."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio by its column name: which tumour value over which reference value."""

    name: str
    tumour: str
    reference: str


RATIOS = (
    Ratio("tmax_lmax", "tumour_max", "liver_max"),
    Ratio("tmean_lmean", "tumour_mean", "liver_mean"),
    Ratio("tmax_lmean", "tumour_max", "liver_mean"),
    Ratio("tmax_mmax", "tumour_max", "muscle_max"),
    Ratio("tmean_mmean", "tumour_mean", "muscle_mean"),
    Ratio("tpeak_lmean", "tumour_peak", "liver_mean"),
)


def measure_ratios(
    tumour: "Sequence[Measurement]",
    references: "Sequence[Measurement]",
    placed: "Mapping[Role, PlacedSphere]",
    settings: "IntervalSettings",
) -> tuple[Measurement, ...]:
    """Divide the tumour's values by the reference values.

    Parameters
    ----------
    tumour : sequence of Measurement
        Uptake of the region (:func:`quant.measure.uptake.measure_uptake`).
    references : sequence of Measurement
        Values of the spheres (:func:`quant.measure.spheres.measure_spheres`).
    placed : mapping of Role to PlacedSphere
        Spheres with the values at all admissible positions.
    settings : IntervalSettings
        Coverage of the interval.

    Returns
    -------
    tuple of Measurement
        The six ratios, unit 1. A missing term, or a denominator that is not positive, gives an
        absent value with its code. The interval covers the stated part of the values that the
        ratio takes when the reference sphere moves over all its admissible positions (for muscle:
        over all pairs of a left and a right position).
    """
    terms = {one.name: one for one in (*tumour, *references)}
    return tuple(
        _divide(ratio, terms[ratio.tumour], terms[ratio.reference], placed, settings)
        for ratio in RATIOS
    )


def _divide(
    ratio: Ratio,
    tumour: Measurement,
    reference: Measurement,
    placed: "Mapping[Role, PlacedSphere]",
    settings: "IntervalSettings",
) -> Measurement:
    roi, method = tumour.roi, f"{ratio.tumour} / {ratio.reference}"
    absent = _why_absent(tumour, reference)
    if absent or tumour.value is None or reference.value is None:
        return Measurement(ratio.name, None, Quantity.NONE, roi, method, flags=absent)
    positions = reference_values(ratio.reference, placed)
    interval, flags = _interval(float(tumour.value), positions, settings.coverage)
    value = float(tumour.value) / float(reference.value)
    flags = (*flags, *negative_flags(value))
    return Measurement(ratio.name, value, Quantity.NONE, roi, method, interval, flags)


def _why_absent(tumour: Measurement, reference: Measurement) -> tuple[Flag, ...]:
    if tumour.value is None:
        return tumour.flags
    if reference.value is None:
        return (Flag("REFERENCE_ABSENT", reference.name), *reference.flags)
    if not reference.value > 0:
        return (Flag("DENOMINATOR_ZERO", f"{reference.name} = {reference.value:g}"),)
    return ()


def _interval(
    tumour: float, positions: "NDArray[np.float64]", coverage: float
) -> tuple[Interval | None, tuple[Flag, ...]]:
    """Interval of ``tumour / reference`` over the reference values at admissible positions."""
    if positions.size == 0:
        return None, (Flag("INTERVAL_ABSENT", "no set of admissible positions"),)
    if not positions.min() > 0:
        return None, (Flag("INTERVAL_ABSENT", "a position has a reference value of 0 or less"),)
    tail = (1.0 - coverage) / 2.0
    low, high = np.quantile(tumour / positions, (tail, 1.0 - tail))
    covers = f"{coverage:.0%} of {positions.size} admissible reference positions"
    return Interval(float(low), float(high), covers), ()


def reference_values(name: str, placed: "Mapping[Role, PlacedSphere]") -> "NDArray[np.float64]":
    """Values that a reference takes over all admissible positions, (N,) float64.

    Muscle is the average of two sides, so its values are those of all pairs of a left and a right
    position; sides with more than ``MOST_POSITIONS`` positions enter by that many evenly spaced
    order statistics, which moves a quantile by less than 0.1 % of the positions.
    """
    organ, _, what = name.partition("_")
    field = "position_maxima" if what == "max" else "position_means"
    if organ == "liver":
        one = placed.get(Role.LIVER)
        return getattr(one, field) if one is not None else np.empty(0)
    sides = [placed.get(role) for role in (Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT)]
    thinned = [_thin(getattr(side, field)) for side in sides if side is not None]
    if len(thinned) != 2:
        return np.empty(0)
    pairs: NDArray[np.float64] = (thinned[0][:, None] + thinned[1][None, :]).ravel() / 2.0
    return pairs


def _thin(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    ordered = np.sort(values)
    if ordered.size <= MOST_POSITIONS:
        return ordered
    steps = (np.arange(MOST_POSITIONS) + 0.5) * ordered.size / MOST_POSITIONS
    return ordered[steps.astype(np.intp)]
