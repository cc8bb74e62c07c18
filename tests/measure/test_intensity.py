"""First-order statistics against scipy and plain formulas, and what has no value."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from quant.domain.grid import Grid
from quant.domain.measurement import Measurement
from quant.domain.region import Region
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.intensity import intensity_statistics, measure_intensity
from tests.support.geometry import grid

RNG_SEEDS = range(5)


def samples(seed: int) -> NDArray[np.float64]:
    """Skewed values, of a size that differs from seed to seed, negative ones too."""
    rng = np.random.default_rng(seed)
    return rng.gamma(2.0, 30.0, 5 + 37 * seed) - 20.0


@pytest.mark.parametrize("seed", RNG_SEEDS)
def test_statistics_are_those_of_scipy_and_plain_formulas(seed: int) -> None:
    x = samples(seed)
    low, high = np.quantile(x, 0.1), np.quantile(x, 0.9)
    middle = np.array([value for value in x if low <= value <= high])
    q1, q3 = np.quantile(x, 0.25), np.quantile(x, 0.75)
    expected = {
        "mean": sum(x) / len(x),
        "variance": stats.moment(x, 2),
        "skewness": stats.skew(x),
        "excess_kurtosis": stats.kurtosis(x),
        "median": np.median(x),
        "minimum": min(x),
        "percentile_10": low,
        "percentile_90": high,
        "maximum": max(x),
        "interquartile_range": stats.iqr(x),
        "range": np.ptp(x),
        "mean_absolute_deviation": sum(abs(x - x.mean())) / len(x),
        "robust_mean_absolute_deviation": sum(abs(middle - middle.mean())) / len(middle),
        "median_absolute_deviation": sum(abs(x - np.median(x))) / len(x),
        "coefficient_of_variation": stats.variation(x),
        "quartile_coefficient_of_dispersion": (q3 - q1) / (q3 + q1),
        "energy": sum(x**2),
        "root_mean_square": np.sqrt(sum(x**2) / len(x)),
    }

    found = intensity_statistics(x)

    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), rel=1e-10, abs=1e-12), name


def test_values_near_one_another_far_from_zero_keep_their_spread() -> None:
    """A variance by sums of squares would lose all digits here."""
    x = 1e8 + np.array([0.0, 1.0, 2.0, 3.0])

    assert intensity_statistics(x)["variance"] == pytest.approx(1.25, rel=1e-9)


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [np.inf, 2.0]])
def test_no_value_or_a_gap_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite values"):
        intensity_statistics(np.array(values))


def measured(
    values: list[float],
    interval: tuple[float, float] | None = None,
    weights: list[float] | None = None,
) -> dict[str, Measurement]:
    """Measure a row of voxels, all inside unless weights say otherwise."""
    on = Grid((1, 1, len(values)), np.eye(4), "1.2.3")
    volume = Volume(on, np.array([[values]], dtype=np.float32), Unit.HU)
    inside = np.array([[weights or [1.0] * len(values)]], dtype=np.float32)
    region = Region(on, (0, 0, 0), inside, "roi")
    return {row.name: row for row in measure_intensity(volume, region, interval)}


def absent(rows: dict[str, Measurement]) -> dict[str, set[str]]:
    """Codes of the values that are missing."""
    return {
        name.removeprefix("intensity_"): {flag.code for flag in row.flags}
        for name, row in rows.items()
        if row.value is None
    }


def test_equal_values_have_no_skewness_and_no_kurtosis() -> None:
    rows = measured([0.1] * 7)

    assert absent(rows) == {
        "skewness": {"STATISTIC_UNDEFINED"},
        "excess_kurtosis": {"STATISTIC_UNDEFINED"},
    }
    assert rows["intensity_variance"].value == 0.0
    assert rows["intensity_coefficient_of_variation"].value == 0.0
    assert rows["intensity_mean"].value == pytest.approx(0.1, rel=1e-7)


@pytest.mark.parametrize("count", [3, 6, 7, 12])
def test_equal_values_do_not_spread_by_the_rounding_of_their_mean(count: int) -> None:
    """The mean of seven times 0.1 is not 0.1 in binary; still there is no skewness."""
    x = np.full(count, 0.1)
    assert x.mean() != 0.1

    found = intensity_statistics(x)

    assert found["variance"] == 0.0
    assert np.isnan(found["skewness"])
    assert np.isnan(found["excess_kurtosis"])


def test_a_mean_of_zero_has_no_coefficient_of_variation() -> None:
    rows = measured([-3.0, -1.0, 1.0, 3.0])

    assert absent(rows) == {
        "coefficient_of_variation": {"STATISTIC_UNDEFINED"},
        "quartile_coefficient_of_dispersion": {"STATISTIC_UNDEFINED"},
    }
    assert rows["intensity_skewness"].value == pytest.approx(0.0)


def test_two_values_have_none_between_their_percentiles() -> None:
    rows = measured([1.0, 10.0])

    assert absent(rows) == {"robust_mean_absolute_deviation": {"STATISTIC_UNDEFINED"}}
    assert rows["intensity_mean_absolute_deviation"].value == pytest.approx(4.5)


def test_only_zeros_are_absent_with_a_code_where_they_must() -> None:
    assert set(absent(measured([0.0, 0.0, 0.0]))) == {
        "skewness",
        "excess_kurtosis",
        "coefficient_of_variation",
        "quartile_coefficient_of_dispersion",
    }


def test_re_segmentation_keeps_both_ends_of_the_interval() -> None:
    rows = measured([-600.0, -500.0, 0.0, 400.0, 401.0], (-500.0, 400.0))

    assert rows["intensity_minimum"].value == -500.0
    assert rows["intensity_maximum"].value == 400.0
    assert rows["intensity_mean"].value == pytest.approx(-100.0 / 3.0)
    assert "-500 to 400 HU" in rows["intensity_mean"].method


def test_re_segmentation_that_leaves_nothing_is_said() -> None:
    codes = absent(measured([1.0, 2.0], (5.0, 9.0)))

    assert len(codes) == 20
    assert all(code == {"INTERVAL_EMPTY"} for code in codes.values())


def test_values_that_are_no_numbers_are_never_measured() -> None:
    """Not even when the interval would drop them."""
    for interval in (None, (0.0, 5.0)):
        codes = absent(measured([1.0, float("nan"), 2.0], interval))

        assert len(codes) == 20
        assert all(code == {"VALUES_INVALID"} for code in codes.values())


def test_a_region_below_half_everywhere_has_no_statistics() -> None:
    codes = absent(measured([1.0, 2.0], weights=[0.49, 0.2]))

    assert len(codes) == 20
    assert all(code == {"REGION_BELOW_HALF"} for code in codes.values())


def test_voxels_count_from_a_weight_of_one_half() -> None:
    rows = measured([1.0, 10.0, 100.0], weights=[0.5, 1.0, 0.4999])

    assert rows["intensity_mean"].value == pytest.approx(5.5)


def test_units_follow_the_values() -> None:
    rows = measured([1.0, 2.0, 4.0])

    assert rows["intensity_mean"].unit == "HU"
    assert rows["intensity_variance"].unit == rows["intensity_energy"].unit == "HU^2"
    assert rows["intensity_skewness"].unit == "1"
    assert rows["intensity_quartile_coefficient_of_dispersion"].unit == "1"


def test_a_region_in_the_middle_of_a_volume_is_measured_where_it_lies() -> None:
    on = grid("oblique")
    values = np.random.default_rng(2).random(on.shape, dtype=np.float32)
    inside = np.zeros(on.shape, dtype=np.float32)
    inside[3:9, 5:8, 20:26] = 1.0
    rows = measure_intensity(
        Volume(on, values, Unit.COUNTS), Region.from_full(on, inside, "r"), None
    )

    assert rows[0].value == pytest.approx(values[3:9, 5:8, 20:26].mean(dtype=np.float64), rel=1e-7)


def test_a_region_on_another_grid_is_refused() -> None:
    on, other = grid("axial"), grid("oblique")
    volume = Volume(on, np.zeros(on.shape, dtype=np.float32), Unit.COUNTS)
    region = Region.from_full(other, np.ones(other.shape, dtype=np.float32), "r")

    with pytest.raises(ValueError, match="does not lie on the grid"):
        measure_intensity(volume, region, None)
