"""Intervals over positions: numpy's quantiles of all ratios, and what zeros in them mean."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.measurement import Measurement
from quant.measure.intervals import (
    RatioOverPositions,
    interval_of,
    ratio_interval,
    with_intervals,
)
from quant.measure.positions import PositionValues

POSITIVE = st.lists(st.floats(0.5, 50.0), min_size=2, max_size=8).map(np.array)
SIZED = st.floats(-5.0, 5.0).map(lambda x: x if abs(x) > 1e-290 else 0.0)
"""Nothing so small that a ratio to it is more than a number can hold."""

ANY = st.lists(SIZED, min_size=2, max_size=8).map(np.array)


def _codes(flags: tuple[Flag, ...]) -> list[str]:
    return [flag.code for flag in flags]


@given(POSITIVE, POSITIVE, st.floats(-30.0, 30.0), st.sampled_from([0.5, 0.9, 0.95]))
@settings(max_examples=60, deadline=None)
def test_the_interval_of_a_ratio_is_the_quantiles_of_all_ratios(
    left: NDArray[np.float64], right: NDArray[np.float64], tumour: float, coverage: float
) -> None:
    reference = PositionValues.of(left, right)

    found = interval_of(RatioOverPositions(tumour, reference), reference.size, coverage)

    ratios = tumour / ((left[:, None] + right[None, :]) / 2.0).ravel()
    tail = (1.0 - coverage) / 2.0
    assert found is not None
    assert found.median is not None
    expected = np.quantile(ratios, [tail, 0.5, 1.0 - tail])
    assert (found.low, found.median, found.high) == pytest.approx(
        tuple(expected), rel=1e-12, abs=1e-12
    )


@given(ANY, st.floats(-30.0, 30.0), st.floats(-5.0, 5.0) | st.just(0.0))
@settings(max_examples=150, deadline=None)
def test_exceeding_a_cutoff_is_counted_position_by_position(
    values: NDArray[np.float64], tumour: float, cutoff: float
) -> None:
    ratio = RatioOverPositions(tumour, PositionValues.of(values))

    above = 0
    for value in values:
        if value > 0:
            quotient = tumour / value
            near = abs(quotient - cutoff) <= 1e-9 * max(abs(cutoff), 1e-300)
            if near:  # on the cut-off itself rounding decides
                return
            above += quotient > cutoff
        else:
            above += tumour > 0
    assert ratio.above(cutoff) == above


def test_a_ratio_that_equals_the_cutoff_does_not_exceed_it() -> None:
    ratio = RatioOverPositions(7.0, PositionValues.of(np.array([1.0, 2.0, 4.0])))

    assert ratio.above(3.5) == 1


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_positions_without_activity_count_as_unbounded_and_are_flagged(sign: float) -> None:
    values = np.concatenate([np.linspace(8.0, 12.0, 99), [0.0]])
    ratio = RatioOverPositions(sign * 30.0, PositionValues.of(values))

    interval, flags = ratio_interval(sign * 3.0, ratio, 0.9)

    assert interval is not None
    shown = sign * np.quantile(np.append(30.0 / values[:-1], 1e9), [0.05, 0.5, 0.95])
    assert sorted([interval.low, interval.high]) == pytest.approx(sorted(shown[[0, 2]]), rel=1e-12)
    assert interval.median == pytest.approx(shown[1], rel=1e-12)
    assert _codes(flags) == ["POSITIONS_NOT_POSITIVE"]
    assert flags[0].detail == "1 of 100"


def test_too_many_positions_without_activity_leave_no_interval() -> None:
    values = np.concatenate([np.linspace(8.0, 12.0, 90), np.full(10, -0.1)])

    interval, flags = ratio_interval(3.0, RatioOverPositions(30.0, PositionValues.of(values)), 0.9)

    assert interval is None
    assert _codes(flags) == ["POSITIONS_NOT_POSITIVE", "INTERVAL_ABSENT"]
    assert "10 of 100" in flags[1].detail


@pytest.mark.parametrize(("values", "why"), [([], "no set"), ([4.0], "a single")])
def test_fewer_than_two_positions_have_no_interval(values: list[float], why: str) -> None:
    interval, flags = ratio_interval(
        3.0, RatioOverPositions(12.0, PositionValues.of(np.array(values))), 0.9
    )

    assert interval is None
    assert _codes(flags) == ["INTERVAL_ABSENT"]
    assert why in flags[0].detail


def test_two_equal_positions_have_an_interval_of_no_width() -> None:
    reference = PositionValues.of(np.array([4.0, 4.0]))

    interval, flags = ratio_interval(3.0, RatioOverPositions(12.0, reference), 0.9)

    assert interval is not None
    assert (interval.low, interval.median, interval.high) == (3.0, 3.0, 3.0)
    assert flags == ()


def test_a_chosen_position_outside_its_own_interval_is_noted() -> None:
    reference = PositionValues.of(np.linspace(8.0, 12.0, 101))

    inside, _ = ratio_interval(3.0, RatioOverPositions(30.0, reference), 0.9)
    _, flags = ratio_interval(30.0 / 12.0, RatioOverPositions(30.0, reference), 0.9)

    assert inside is not None
    assert _codes(flags) == ["INTERVAL_CHOSEN_OUTSIDE"]
    assert "2.5 is not within" in flags[0].detail


def test_references_carry_their_interval_and_the_others_stay_as_they_are() -> None:
    values = np.linspace(9.0, 11.0, 41)
    rows = (
        Measurement("liver_mean", 10.0, "counts", "liver"),
        Measurement("liver_sd", 1.0, "counts", "liver"),
        Measurement("muscle_mean", None, "counts", "muscle", flags=(Flag("MUSCLE_MISSING"),)),
        Measurement("liver_max", 14.0, "counts", "liver"),
    )
    positions = {
        "liver_mean": PositionValues.of(values),
        "liver_max": PositionValues.of(np.array([14.0])),
    }

    mean, sd, muscle, maximum = with_intervals(rows, positions, 0.9)

    assert mean.interval is not None
    assert (mean.interval.low, mean.interval.median, mean.interval.high) == pytest.approx(
        tuple(np.quantile(values, [0.05, 0.5, 0.95])), rel=1e-12
    )
    assert mean.interval.covers == "90% of 41 admissible reference positions"
    assert (sd, muscle) == (rows[1], rows[2])
    assert maximum.interval is None
    assert _codes(maximum.flags) == ["INTERVAL_ABSENT"]
