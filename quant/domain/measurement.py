"""One measured value with everything that is needed to check it."""

import itertools
import math
from dataclasses import dataclass

from quant.domain.flags import Flag


@dataclass(frozen=True, slots=True)
class Interval:
    """A range and what it covers, for instance ``90 % of admissible reference positions``.

    Parameters
    ----------
    low, high : float
        Its ends; with the usual coverage of 90 % the 5th and 95th percentile.
    covers : str
        Part of what, in a few words.
    median : float or None
        Half of what is covered lies below it; None where none was made.

    Raises
    ------
    ValueError
        If a number is not finite, or the ends and the median are not in order.
    """

    low: float
    high: float
    covers: str
    median: float | None = None

    def __post_init__(self) -> None:
        """Refuse a range that is none."""
        numbers = [self.low, *([] if self.median is None else [self.median]), self.high]
        ordered = all(a <= b for a, b in itertools.pairwise(numbers))
        if not (ordered and all(map(math.isfinite, numbers))):
            message = f"interval {numbers} is not finite and in order"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A named value, or the reason why there is none.

    Parameters
    ----------
    name : str
        Column name of the contract, for instance ``tumour_max``.
    value : float or int or None
        None when it could not be measured; then ``flags`` says why.
    unit : str
        A :class:`~quant.domain.units.Unit` or :class:`~quant.domain.units.Quantity`.
    roi : str
        Name of the region or sphere that was measured; empty for ratios of two.
    method : str
        How the value was made, in a few words.
    interval : Interval or None
    flags : tuple of Flag

    Raises
    ------
    ValueError
        If the value is not finite, or is absent without a flag.
    """

    name: str
    value: float | int | None
    unit: str
    roi: str = ""
    method: str = ""
    interval: Interval | None = None
    flags: tuple[Flag, ...] = ()

    def __post_init__(self) -> None:
        """Keep the first law: never an empty or non-finite value without a code."""
        if self.value is None and not self.flags:
            message = f"measurement {self.name} is absent without a code"
            raise ValueError(message)
        if self.value is not None and not math.isfinite(self.value):
            message = f"measurement {self.name} is {self.value}; absent values are None with a code"
            raise ValueError(message)


def negative_flags(value: float) -> tuple[Flag, ...]:
    """Flag an uptake value or ratio below zero: reported as it is, never without a code."""
    return (Flag("VALUE_NEGATIVE", f"{value:.6g}"),) if value < 0 else ()
