"""Shapiro and Wilk's test of a normal distribution, by Royston's approximation.

Own code because the library's normal quantiles carry seven digits, which shows in p.

References
----------
S. Shapiro, M. Wilk, Biometrika 52 (1965) 591, doi:10.1093/biomet/52.3-4.591.
P. Royston, Applied Statistics 44 (1995) 547, AS R94, doi:10.2307/2986146.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST, MOST = 3, 5000
"""Numbers of values that the approximation is stated for."""


def shapiro_wilk(values: "NDArray[np.float64]") -> tuple[float, float]:
    """W and its p, of 3 to 5000 values that are not all equal."""
    ordered = np.sort(values) - np.median(values)
    ordered = ordered / (ordered[-1] - ordered[0])
    weights = _weights(ordered.size)
    centred = ordered - ordered.mean()
    spread = math.sqrt(float(weights @ weights) * float(centred @ centred))
    along = float(weights @ centred)
    rest = (spread - along) * (spread + along) / spread**2
    return 1.0 - rest, _p(max(rest, 1e-300), ordered.size)


def _poly(coefficients: "Sequence[float]", x: float) -> float:
    return math.fsum(c * x**power for power, c in enumerate(coefficients))


def _weights(n: int) -> "NDArray[np.float64]":
    from scipy.special import ndtri

    if n == 3:
        return np.array([-math.sqrt(0.5), 0.0, math.sqrt(0.5)])
    scores = ndtri((np.arange(1, n + 1) - 0.375) / (n + 0.25))
    total, root = float(scores @ scores), 1.0 / math.sqrt(n)
    last = scores[-1] / math.sqrt(total)
    last += _poly((0.0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056), root)
    outer = [float(last)]
    if n > 5:
        second = scores[-2] / math.sqrt(total)
        second += _poly((0.0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633), root)
        outer.append(float(second))
    left = total - 2.0 * sum(float(scores[-1 - k]) ** 2 for k in range(len(outer)))
    weights = scores / math.sqrt(left / (1.0 - 2.0 * sum(a * a for a in outer)))
    for k, a in enumerate(outer):
        weights[-1 - k], weights[k] = a, -a
    return np.asarray(weights, dtype=np.float64)


def _p(rest: float, n: int) -> float:
    if n == 3:
        excess = math.asin(math.sqrt(1.0 - rest)) - math.asin(math.sqrt(0.75))
        return min(1.0, max(0.0, 6.0 / math.pi * excess))
    y, size = math.log(rest), math.log(n)
    if n <= 11:
        bound = _poly((-2.273, 0.459), n)
        if y >= bound:
            return 0.0
        y = -math.log(bound - y)
        mean = _poly((0.544, -0.39978, 0.025054, -6.714e-4), n)
        sd = math.exp(_poly((1.3822, -0.77857, 0.062767, -0.0020322), n))
    else:
        mean = _poly((-1.5861, -0.31082, -0.083751, 0.0038915), size)
        sd = math.exp(_poly((-0.4803, -0.082676, 0.0030302), size))
    return 0.5 * math.erfc((y - mean) / sd / math.sqrt(2.0))
