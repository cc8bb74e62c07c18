"""Quantiles by the rules that packages use, under R's numbers.

References
----------
R. Hyndman, Y. Fan, The American Statistician 50 (1996) 361, doi:10.2307/2684934.
"""

from typing import TYPE_CHECKING

import numpy as np

from quant.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

RULES = {
    1: "inverted_cdf",
    2: "averaged_inverted_cdf",
    3: "closest_observation",
    4: "interpolated_inverted_cdf",
    5: "hazen",
    6: "weibull",
    7: "linear",
    8: "median_unbiased",
    9: "normal_unbiased",
}
"""R's type to numpy's method: 6 is HAVERAGE of SPSS, 7 the default of R and numpy."""

SPSS = 6


def quartile_rule(rule: int) -> str:
    """Name a rule as results print it: ``R type 6 (weibull)``."""
    if rule not in RULES:
        raise UsageError(
            "USAGE", "The quartile rule is not known.", found=str(rule), needed="R type 1 to 9"
        )
    return f"R type {rule} ({RULES[rule]})"


def quantile(
    values: "NDArray[np.float64]", shares: "tuple[float, ...]", rule: int = SPSS
) -> tuple[float, ...]:
    """Quantiles of at least one value, by R's type."""
    quartile_rule(rule)
    found = np.quantile(values, shares, method=RULES[rule])  # type: ignore[call-overload]
    return tuple(float(value) for value in found)
