"""Paired tests against scipy, and against counting every pattern of signs."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.scoring.analysis.paired import MOST_EXACT, holm, paired_test


@pytest.mark.parametrize("n", [1, 4, 9, 25])
def test_without_ties_it_is_the_exact_test_of_scipy(n: int) -> None:
    from scipy.stats import binomtest, wilcoxon

    generator = np.random.default_rng(n)
    values = generator.permutation(np.arange(1, n + 1)) * generator.choice([-1, 1], n)

    found = paired_test([int(one) for one in values])

    assert found.wilcoxon_p == pytest.approx(wilcoxon(values, method="exact").pvalue, rel=1e-12)
    assert found.sign_p == pytest.approx(binomtest(found.higher, n).pvalue, rel=1e-12)
    assert found.method == "exact"


@settings(max_examples=40)
@given(st.lists(st.integers(-3, 3), max_size=9))
def test_with_ties_and_zeros_it_counts_every_pattern_of_signs(values: list[int]) -> None:
    from scipy.stats import rankdata

    moved = np.array([one for one in values if one])
    ranks = rankdata(np.abs(moved)) if moved.size else np.zeros(0)
    seen = abs(ranks[moved > 0].sum() - ranks.sum() / 2)
    patterns = [
        abs(sum(rank for rank, up in zip(ranks, signs, strict=True) if up) - ranks.sum() / 2)
        for signs in itertools.product((False, True), repeat=len(ranks))
    ]

    expected = np.mean([one >= seen - 1e-9 for one in patterns])

    assert paired_test(values).wilcoxon_p == pytest.approx(float(expected), abs=1e-12)


def test_turning_every_difference_round_changes_no_p() -> None:
    values = [1, 1, 2, -1, 3, 0, -2, 4, 4]

    first, second = paired_test(values), paired_test([-one for one in values])

    assert (first.wilcoxon_p, first.sign_p) == (second.wilcoxon_p, second.sign_p)
    assert (first.higher, first.lower, first.equal) == (second.lower, second.higher, second.equal)


def test_beyond_the_counted_out_size_the_approximation_is_close() -> None:
    generator = np.random.default_rng(5)
    values = [int(one) for one in generator.integers(-4, 6, MOST_EXACT + 60)]

    from scipy.stats import wilcoxon

    found = paired_test(values)

    assert found.method == "normal approximation"
    approximate = wilcoxon(values, method="asymptotic").pvalue
    assert found.wilcoxon_p == pytest.approx(approximate, rel=0.02)


def test_no_difference_is_no_evidence() -> None:
    found = paired_test([0, 0, 0])

    assert (found.wilcoxon_p, found.sign_p, found.equal) == (1.0, 1.0, 3)


def test_holm_is_the_step_down_of_its_definition() -> None:
    """Smallest times 4, next times 3, never falling, never above 1."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []
