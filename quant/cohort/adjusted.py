"""P values adjusted for having asked several questions.

References
----------
S. Holm, Scandinavian Journal of Statistics 6 (1979) 65.
Y. Benjamini, Y. Hochberg, J R Stat Soc B 57 (1995) 289, doi:10.1111/j.2517-6161.1995.tb02031.x.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import require_choice
from quant.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ADJUSTMENTS = ("none", "bonferroni", "holm", "benjamini-hochberg", "bh")
"""Methods; ``bh`` is short for ``benjamini-hochberg``."""


def adjust_p(p: "Sequence[float] | NDArray[np.float64]", method: str) -> "NDArray[np.float64]":
    """Adjust p values for the number of them that are there.

    Parameters
    ----------
    p : (k,) sequence of float
        P values; NaN is left out of the count and stays NaN.
    method : {"none", "bonferroni", "holm", "benjamini-hochberg", "bh"}
        Bonferroni and Holm hold the chance of any false finding, Benjamini and Hochberg the
        expected share of false findings.

    Returns
    -------
    (k,) float64
        Adjusted values in the same order, at most 1.
    """
    require_choice("The adjustment", method, ADJUSTMENTS)
    values = np.asarray(p, dtype=np.float64)
    known = ~np.isnan(values)
    if (values[known] < 0.0).any() or (values[known] > 1.0).any():
        raise UsageError("USAGE", "A p value is not between 0 and 1.", found=str(list(p)))
    adjusted = np.full(values.shape, np.nan)
    adjusted[known] = _adjust(values[known], method)
    return adjusted


def _adjust(p: "NDArray[np.float64]", method: str) -> "NDArray[np.float64]":
    count = p.size
    if method == "none":
        return p.copy()
    if method == "bonferroni":
        return np.minimum(1.0, p * count)
    order = np.argsort(p, kind="stable")
    ranks = np.arange(1, count + 1)
    if method == "holm":
        steps = np.maximum.accumulate((count + 1 - ranks) * p[order])
    else:
        steps = np.minimum.accumulate((count / ranks * p[order])[::-1])[::-1]
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(1.0, steps)
    return adjusted
