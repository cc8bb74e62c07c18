"""Exact paired tests for scores: whole numbers with ties and zeros, as scores are.

References
----------
.. [1] Wilcoxon 1945, doi:10.2307/3001968 (signed ranks); zero differences are dropped.
.. [2] Holm 1979, Scand J Statist 6:65 (several segments at once).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

MOST_EXACT = 400
"""Up to so many differences the distribution of the rank sum is counted out."""


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Two-sided tests of paired differences against none.

    Parameters
    ----------
    n : int
        Pairs.
    higher, lower, equal : int
        Pairs with a positive, a negative, no difference.
    sign_p, wilcoxon_p : float
        Two-sided p; 1 without any difference.
    method : str
        How the signed-rank p was made.
    """

    n: int
    higher: int
    lower: int
    equal: int
    sign_p: float
    wilcoxon_p: float
    method: str


def paired_test(differences: Sequence[int]) -> PairedTest:
    """Test whole-number differences with the sign test and Wilcoxon's signed ranks.

    Parameters
    ----------
    differences : sequence of int
        Second score minus first, one for each independent pair.

    Notes
    -----
    The signed-rank p is that of the conditional permutation distribution: midranks of the
    absolute differences without zeros, every pattern of signs equally likely, counted out up to
    400 differences, so ties need no correction. Beyond, the normal approximation with the exact
    variance of the midranks.
    """
    values = [int(one) for one in differences]
    higher, lower = sum(one > 0 for one in values), sum(one < 0 for one in values)
    moved = [one for one in values if one]
    p, method = _signed_rank(moved)
    return PairedTest(
        len(values), higher, lower, len(values) - len(moved), _sign(higher, lower), p, method
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p values by Holm's step-down; the order is kept."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def _sign(higher: int, lower: int) -> float:
    n, few = higher + lower, min(higher, lower)
    tail = sum(comb(n, k) for k in range(few + 1))
    return min(1.0, 2 * tail / (1 << n))


def _signed_rank(moved: list[int]) -> tuple[float, str]:
    if not moved:
        return 1.0, "no differences"
    sizes = np.abs(np.array(moved))
    _, inverse, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    doubled = (2 * ends - counts + 1)[inverse]  # twice the midranks: whole numbers
    positive = int(doubled[np.array(moved) > 0].sum())
    whole = int(doubled.sum())
    far = max(positive, whole - positive)
    if len(moved) > MOST_EXACT:
        from math import erfc, sqrt

        spread = sqrt(float((doubled.astype(float) ** 2).sum()))
        return min(1.0, erfc((2 * far - whole) / spread / sqrt(2))), "normal approximation"
    weights = np.zeros(whole + 1)  # share of sign patterns with each doubled rank sum
    weights[0] = 1.0
    for rank in doubled:
        shifted = np.zeros_like(weights)
        shifted[rank:] = weights[: whole + 1 - rank]
        weights = (weights + shifted) / 2
    return min(1.0, 2 * float(weights[far:].sum())), "exact"
