"""Tail of the sum of squared rank differences, without ties.

Exact below ten rows, by counting all orders; from ten on by the Edgeworth series of AS 89, whose
error is below 0.001 there (this is what R's cor.test takes).

References
----------
D. Best, D. Roberts, Applied Statistics 24 (1975) 377, AS 89, doi:10.2307/2347111.
"""

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXACT_BELOW = 10


def spearman_p(squares: int, n: int) -> float:
    """Two-sided p of a sum of squared rank differences of ``n`` rows.

    Sums are even. Above the middle the series is taken one below the sum, as R does: its p is
    then larger by up to a few per cent than the exact one.
    """
    if squares > (n**3 - n) / 6.0:
        return min(1.0, 2.0 * tail(squares - 1, n, lower=False))
    return min(1.0, 2.0 * tail(squares + 2, n, lower=True))


def tail(squares: int, n: int, *, lower: bool) -> float:
    """Chance of a sum of at least ``squares``, or below it (``lower``)."""
    if squares <= 0:
        return 0.0 if lower else 1.0
    if squares > (n**3 - n) // 3:
        return 1.0 if lower else 0.0
    if n < EXACT_BELOW:
        chances = _chances(n)
        return math.fsum(chances[:squares] if lower else chances[squares:])
    return min(1.0, max(0.0, _series(squares, n, lower=lower)))


@lru_cache(maxsize=16)
def _chances(n: int) -> "NDArray[np.float64]":
    """Chance of every sum: rows are given ranks one by one; the state is which are taken."""
    width = (n**3 - n) // 3 + 1
    states = {0: np.eye(1, width)[0]}
    for row in range(n):
        after: dict[int, NDArray[np.float64]] = {}
        for taken, chance in states.items():
            for rank in range(n):
                if taken >> rank & 1:
                    continue
                cost = (row - rank) ** 2
                moved = np.zeros(width)
                moved[cost:] = chance[: width - cost] / (n - row)
                key = taken | 1 << rank
                after[key] = after[key] + moved if key in after else moved
        states = after
    return next(iter(states.values()))


def _series(squares: int, n: int, *, lower: bool) -> float:
    inverse = 1.0 / n
    x = (6.0 * (squares - 1) * inverse / (n * n - 1.0) - 1.0) * math.sqrt(1.0 / inverse - 1.0)
    y = x * x
    first = 0.2274 + inverse * (0.2531 + 0.1745 * inverse)
    inner = 0.0879 + 0.0151 * inverse
    last = 0.0072 - 0.0831 * inverse + y * inverse * (0.0131 - 4.6e-4 * y)
    second = -0.0758 + inverse * (0.1033 + 0.3932 * inverse) - y * inverse * (inner - y * last)
    correction = x * inverse * (first + y * second) * math.exp(-y / 2.0)
    sign = -1.0 if lower else 1.0
    return sign * correction + 0.5 * math.erfc(sign * x / math.sqrt(2.0))
