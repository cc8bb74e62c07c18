"""The ratios of the method, tumour over reference, each with its interval over positions.

The five ratios are those of the seed paper (Zhou 2025): Tmax/Lmax, Tmean/Lmean, Tmax/Lmean,
Tmax/Mmax, Tmean/Mmean. Tpeak/Lmean stands beside them as the robust companion: a maximum grows
with noise and with the size of the sphere, a 1 ml peak and a mean hardly do (Lodge 2012,
10.2967/jnumed.111.101733).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.domain.measurement import Measurement, negative_flags
from quant.domain.units import Quantity
from quant.measure.intervals import RatioOverPositions, ratio_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quant.domain.protocol import IntervalSettings, RatioName
    from quant.measure.positions import PositionValues


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio by its column name: which tumour value over which reference value."""

    name: "RatioName"
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
    positions: "Mapping[str, PositionValues]",
    settings: "IntervalSettings",
) -> tuple[Measurement, ...]:
    """Divide the tumour's values by the reference values.

    Parameters
    ----------
    tumour : sequence of Measurement
        Uptake of the region (:func:`quant.measure.uptake.measure_uptake`).
    references : sequence of Measurement
        Values of the spheres (:func:`quant.measure.spheres.measure_spheres`).
    positions : mapping of str to PositionValues
        Each reference's values over all admissible positions
        (:func:`quant.measure.positions.position_values`).
    settings : IntervalSettings
        Coverage of the interval, and cut-offs.

    Returns
    -------
    tuple of Measurement
        The six ratios, unit 1. A missing term, or a denominator that is not positive, gives an
        absent value with its code. The interval covers the stated part of the values that the
        ratio takes when the reference sphere moves over all its admissible positions (for muscle:
        over all pairs of a left and a right position). Then, for each ratio with a cut-off, the
        part of the positions at which the ratio exceeds it, as ``P(tmax_lmax > 3.5)``.
    """
    terms = {one.name: one for one in (*tumour, *references)}
    rows = [
        _divide(ratio, terms[ratio.tumour], terms[ratio.reference], positions, settings)
        for ratio in RATIOS
    ]
    chances = [
        _chance(one, ratio, terms[ratio.tumour], positions, settings.cutoffs[ratio.name])
        for ratio, one in zip(RATIOS, rows, strict=True)
        if ratio.name in settings.cutoffs
    ]
    return (*rows, *chances)


def chance_name(ratio: str, cutoff: float) -> str:
    """Name of the probability that a ratio exceeds a cut-off: ``P(tmax_lmax > 3.5)``."""
    return f"P({ratio} > {cutoff:.15g})"


def why_absent(tumour: Measurement, reference: Measurement) -> tuple[Flag, ...]:
    """Say by flags why two terms have no ratio; nothing when they have one."""
    if tumour.value is None:
        return tumour.flags
    if reference.value is None:
        return (Flag("REFERENCE_ABSENT", reference.name), *reference.flags)
    if not reference.value > 0:
        return (Flag("DENOMINATOR_ZERO", f"{reference.name} = {reference.value:g}"),)
    return ()


def _divide(
    ratio: Ratio,
    tumour: Measurement,
    reference: Measurement,
    positions: "Mapping[str, PositionValues]",
    settings: "IntervalSettings",
) -> Measurement:
    roi, method = tumour.roi, f"{ratio.tumour} / {ratio.reference}"
    absent = why_absent(tumour, reference)
    if absent or tumour.value is None or reference.value is None:
        return Measurement(ratio.name, None, Quantity.NONE, roi, method, flags=absent)
    value = float(tumour.value) / float(reference.value)
    moved = RatioOverPositions(float(tumour.value), positions[ratio.reference])
    interval, flags = ratio_interval(value, moved, settings.coverage)
    flags = (*flags, *negative_flags(value))
    return Measurement(ratio.name, value, Quantity.NONE, roi, method, interval, flags)


def _chance(
    one: Measurement,
    ratio: Ratio,
    tumour: Measurement,
    positions: "Mapping[str, PositionValues]",
    cutoff: float,
) -> Measurement:
    """Part of the admissible positions at which a ratio exceeds a cut-off."""
    name, roi = chance_name(ratio.name, cutoff), one.roi
    method = "placement: part of the admissible reference positions"
    if one.value is None or tumour.value is None:
        return Measurement(name, None, Quantity.NONE, roi, method, flags=one.flags)
    moved = RatioOverPositions(float(tumour.value), positions[ratio.reference])
    size = moved.reference.size
    if size < 2:
        why = tuple(flag for flag in one.flags if flag.code == "INTERVAL_ABSENT")
        return Measurement(name, None, Quantity.NONE, roi, method, flags=why)
    method = f"placement: part of {size} admissible reference positions"
    flags = tuple(flag for flag in one.flags if flag.code == "POSITIONS_NOT_POSITIVE")
    chance = moved.above(cutoff) / size
    return Measurement(name, chance, Quantity.NONE, roi, method, flags=flags)
