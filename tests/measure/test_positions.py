"""Order statistics and counts over all pairs of positions, against making all the pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quant.domain.region import Role
from quant.domain.sphere import PlacedSphere, Sphere, SphereSource, SphereStatistics
from quant.measure import positions
from quant.measure.positions import PositionValues, position_values

FINITE = st.floats(-1e6, 1e6).map(lambda x: x + 0.0 if abs(x) > 1e-290 else 0.0)
"""No value of which half would lose digits."""

TIED = st.integers(-3, 3).map(float)
SIDES = st.lists(FINITE | TIED, min_size=1, max_size=7).map(np.array)


def _pairs(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """All averages of a left and a right value, ascending: the naive oracle."""
    return np.sort(((left[:, None] + right[None, :]) / 2.0).ravel())


@given(SIDES, SIDES, FINITE | TIED)
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("listed", [1, 4096])
def test_ranks_and_counts_of_pairs_are_those_of_the_list_of_all_pairs(
    listed: int, left: NDArray[np.float64], right: NDArray[np.float64], value: float
) -> None:
    pairs = _pairs(left, right)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(positions, "MOST_LISTED", listed)
        both = PositionValues.of(left, right)

        assert both.size == pairs.size
        assert [both.ordered(rank) for rank in range(both.size)] == pairs.tolist()
        for one in (value, *pairs[:3]):
            assert both.below(float(one)) == np.count_nonzero(pairs < one)
            assert both.at_most(float(one)) == np.count_nonzero(pairs <= one)


@given(SIDES, FINITE | TIED)
@settings(max_examples=40, deadline=None)
def test_one_sphere_has_its_own_values(values: NDArray[np.float64], value: float) -> None:
    one = PositionValues.of(values)

    assert [one.ordered(rank) for rank in range(one.size)] == np.sort(values).tolist()
    assert one.below(value) == np.count_nonzero(values < value)
    assert one.at_most(value) == np.count_nonzero(values <= value)


def test_millions_of_pairs_have_the_order_statistics_of_all_pairs() -> None:
    random = np.random.default_rng(8)
    left, right = random.normal(28.0, 1.0, 1500), random.normal(27.0, 2.0, 1400)

    both = PositionValues.of(left, right)

    pairs = _pairs(left, right)
    ranks = [0, 1, 104_999, 1_050_000, 1_995_000, both.size - 1]
    assert [both.ordered(rank) for rank in ranks] == pairs[ranks].tolist()


def test_neighbours_in_the_last_digit_are_told_apart() -> None:
    left = np.array([1.0, np.nextafter(1.0, 2.0)])
    right = np.array([1e-17, 3e-17, 1.0])

    both = PositionValues.of(left, right)

    pairs = _pairs(left, right)
    assert [both.ordered(rank) for rank in range(6)] == pairs.tolist()
    assert both.at_most(0.5) == np.count_nonzero(pairs <= 0.5)


def test_many_equal_pairs_are_found_although_they_cannot_be_bisected() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(positions, "MOST_LISTED", 3)
        left = np.array([1.0, 2.0, 3.0, 4.0])
        both = PositionValues.of(left, 5.0 - left)

        assert [both.ordered(rank) for rank in range(16)] == _pairs(left, 5.0 - left).tolist()


@given(SIDES, SIDES, st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_neither_the_order_of_positions_nor_of_sides_matters(
    left: NDArray[np.float64], right: NDArray[np.float64], seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(left.size)

    one, other = PositionValues.of(left, right), PositionValues.of(right, left[order])

    ranks = range(one.size)
    assert [one.ordered(rank) for rank in ranks] == [other.ordered(rank) for rank in ranks]


@pytest.mark.parametrize("rank", [-1, 2])
def test_a_rank_that_does_not_exist_is_an_error(rank: int) -> None:
    with pytest.raises(IndexError, match="of 2 positions"):
        PositionValues.of(np.array([1.0, 2.0])).ordered(rank)


def test_values_that_are_not_finite_are_left_out() -> None:
    one = PositionValues.of(np.array([1.0, -np.inf, np.nan, 3.0]))

    assert one.size == 2
    assert one.ordered(0) == 1.0


def _placed(role: Role, means: list[float]) -> PlacedSphere:
    sphere = Sphere(role, (0.0, 0.0, 0.0), 10.0, SphereSource.PLACED)
    positions = np.array(means)
    return PlacedSphere(
        sphere, SphereStatistics(1.0, 0.0, 1.0, 10.0, 90), positions, positions * 2.0
    )


def test_muscle_is_all_pairs_of_both_sides_and_spheres_stand_for_themselves() -> None:
    found = position_values(
        {
            Role.LIVER: _placed(Role.LIVER, [9.0, 10.0, 11.0]),
            Role.MUSCLE_LEFT: _placed(Role.MUSCLE_LEFT, [3.0, 5.0]),
            Role.MUSCLE_RIGHT: _placed(Role.MUSCLE_RIGHT, [5.0, 7.0]),
        }
    )

    assert [found["muscle_mean"].ordered(rank) for rank in range(4)] == [4.0, 5.0, 5.0, 6.0]
    assert [found["muscle_max"].ordered(rank) for rank in range(4)] == [8.0, 10.0, 10.0, 12.0]
    assert [found["liver_max"].ordered(rank) for rank in range(3)] == [18.0, 20.0, 22.0]
    assert found["muscle_left_mean"].size == 2


def test_one_side_alone_makes_no_muscle() -> None:
    found = position_values({Role.MUSCLE_LEFT: _placed(Role.MUSCLE_LEFT, [3.0, 5.0])})

    assert sorted(found) == ["muscle_left_max", "muscle_left_mean"]


def test_a_side_without_positions_leaves_no_pairs() -> None:
    found = position_values(
        {
            Role.MUSCLE_LEFT: _placed(Role.MUSCLE_LEFT, [3.0, 5.0]),
            Role.MUSCLE_RIGHT: _placed(Role.MUSCLE_RIGHT, []),
        }
    )

    assert found["muscle_mean"].size == 0
