"""Intervals over admissible reference positions, and how often a ratio exceeds a cut-off there."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.domain.measurement import Interval, Measurement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quant.measure.positions import PositionValues


@dataclass(frozen=True, slots=True, eq=False)
class RatioOverPositions:
    """A tumour value over the reference at every admissible position.

    Parameters
    ----------
    tumour : float
        The numerator.
    reference : PositionValues
        Its values; at least one position.

    Notes
    -----
    Where the reference is zero or less the ratio has no value; it is the limit of ratios over ever
    smaller references. Such positions count as unbounded: above every number when the tumour's
    value is positive, below every number when it is negative.
    """

    tumour: float
    reference: "PositionValues"

    @property
    def unbounded(self) -> int:
        """Number of positions where the reference is zero or less."""
        return self.reference.at_most(0.0)

    def ordered(self, rank: int) -> float:
        """Ratio of a rank, 0 for the smallest; plus or minus infinity where it is unbounded."""
        last = self.reference.size - 1
        below = self.reference.ordered(rank if self.tumour < 0 else last - rank)
        if below > 0:
            return self.tumour / below
        return -math.inf if self.tumour < 0 else math.inf

    def above(self, cutoff: float) -> int:
        """Count the positions at which the ratio exceeds a cut-off."""
        reference, tumour = self.reference, self.tumour
        unbounded = self.unbounded
        bounded = reference.size - unbounded
        if cutoff > 0:
            less = reference.below(tumour / cutoff) - unbounded
        elif cutoff < 0 and tumour < 0:
            less = reference.size - max(reference.at_most(tumour / cutoff), unbounded)
        else:
            less = bounded if tumour > cutoff or cutoff < 0 else 0
        return max(less, 0) + (unbounded if tumour > 0 else 0)


def quantile(values: "PositionValues | RatioOverPositions", size: int, part: float) -> float:
    """Quantile of an ordered set by linear interpolation between ranks (type 7, numpy's default).

    Parameters
    ----------
    values : PositionValues or RatioOverPositions
    size : int
        Number of values.
    part : float
        0 to 1.
    """
    place = (size - 1) * part
    rank = min(int(place), size - 1)
    lower = values.ordered(rank)
    share = place - rank
    if share == 0.0:
        return lower
    upper = values.ordered(rank + 1)
    return lower if lower == upper else (1.0 - share) * lower + share * upper


def interval_of(
    values: "PositionValues | RatioOverPositions", size: int, coverage: float
) -> Interval | None:
    """Interval with its median over at least two positions; None when an end is not finite.

    Parameters
    ----------
    values : PositionValues or RatioOverPositions
    size : int
        Number of positions, or of pairs.
    coverage : float
        Part of the positions between the ends; the tails are equal.
    """
    tail = (1.0 - coverage) / 2.0
    low, median, high = (quantile(values, size, part) for part in (tail, 0.5, 1.0 - tail))
    if not (math.isfinite(low) and math.isfinite(median) and math.isfinite(high)):
        return None
    middle = min(max(median, low), high)
    covers = f"{coverage:.0%} of {size} admissible reference positions"
    return Interval(low, high, covers, middle)


def ratio_interval(
    value: float, ratio: RatioOverPositions, coverage: float
) -> tuple[Interval | None, tuple[Flag, ...]]:
    """Interval of a ratio over the positions of its reference.

    Parameters
    ----------
    value : float
        The ratio at the chosen position.
    ratio : RatioOverPositions
    coverage : float

    Returns
    -------
    interval : Interval or None
        None, with ``INTERVAL_ABSENT``, without at least two positions, or when an end lies where
        the ratio is unbounded.
    flags : tuple of Flag
        ``POSITIONS_NOT_POSITIVE`` when the reference is zero or less somewhere,
        ``INTERVAL_CHOSEN_OUTSIDE`` when the chosen position's ratio lies outside.
    """
    size = ratio.reference.size
    why = _too_few(size)
    if why:
        return None, why
    flags: tuple[Flag, ...] = ()
    if ratio.unbounded:
        flags = (Flag("POSITIONS_NOT_POSITIVE", f"{ratio.unbounded} of {size}"),)
    interval = interval_of(ratio, size, coverage)
    if interval is None:
        detail = f"unbounded: {ratio.unbounded} of {size} positions have a reference of 0 or less"
        return None, (*flags, Flag("INTERVAL_ABSENT", detail))
    return interval, (*flags, *_outside(value, interval))


def with_intervals(
    references: "Iterable[Measurement]", positions: "Mapping[str, PositionValues]", coverage: float
) -> tuple[Measurement, ...]:
    """Give the references' means and maxima their interval over admissible positions.

    Parameters
    ----------
    references : iterable of Measurement
        From :func:`quant.measure.spheres.measure_spheres`.
    positions : mapping of str to PositionValues
        From :func:`quant.measure.positions.position_values`.
    coverage : float

    Returns
    -------
    tuple of Measurement
        In the same order. Absent values and those without positions stay as they are.
    """
    return tuple(_with_interval(one, positions.get(one.name), coverage) for one in references)


def _with_interval(
    one: Measurement, values: "PositionValues | None", coverage: float
) -> Measurement:
    if one.value is None or values is None:
        return one
    why = _too_few(values.size)
    if why:
        return replace(one, flags=(*one.flags, *why))
    interval = interval_of(values, values.size, coverage)
    flags = () if interval is None else _outside(float(one.value), interval)
    return replace(one, interval=interval, flags=(*one.flags, *flags))


def _too_few(size: int) -> tuple[Flag, ...]:
    if size == 0:
        return (Flag("INTERVAL_ABSENT", "no set of admissible positions"),)
    if size == 1:
        return (Flag("INTERVAL_ABSENT", "a single admissible position"),)
    return ()


def _outside(value: float, interval: Interval) -> tuple[Flag, ...]:
    """Flag a chosen value beyond the interval by more than the rounding of the last digits."""
    slack = 1e-12 * abs(value)
    if interval.low - slack <= value <= interval.high + slack:
        return ()
    detail = f"{value:.6g} is not within {interval.low:.6g} to {interval.high:.6g}"
    return (Flag("INTERVAL_CHOSEN_OUTSIDE", detail),)
