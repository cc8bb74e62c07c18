"""Statistics of labels and regions against numpy, SciPy and hand-made cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from quant.domain.grid import Grid
from quant.domain.protocol import PeakRule
from quant.domain.region import Region
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.statistics import (
    LabelStatistics,
    measure_label_peaks,
    measure_label_statistics,
    region_statistics,
)
from quant.reference.stencil import peak
from tests.support.geometry import AFFINES, grid

Labels = NDArray[np.integer]
Values = NDArray[np.float32]


def _volume(values: Values) -> Volume:
    k, j, i = values.shape
    return Volume(Grid((k, j, i), np.diag([2.0, 3.0, 4.0, 1.0])), values, Unit.COUNTS)


def _case(shape: tuple[int, int, int], seed: int, density: float) -> tuple[Labels, Values]:
    """Labels 0 to 9 in clumps, on values with a large offset."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, shape, dtype=np.uint16)
    clumps = ndimage.zoom(rng.random(shape), 1, order=0) < density
    labels = np.where(clumps, labels, 0).astype(np.uint16)
    return labels, (1e4 + rng.gamma(2.0, 40.0, shape)).astype(np.float32)


def _require_equal_to_numpy(
    found: LabelStatistics, labels: Labels, values: Values, percents: list[float]
) -> None:
    present = np.unique(labels[labels != 0])
    np.testing.assert_array_equal(found.labels, present)
    boxes = ndimage.find_objects(labels.astype(np.int64))
    for row, label in enumerate(present):
        own = values[labels == label].astype(np.float64)
        assert found.voxels[row] == own.size
        assert found.box(row) == boxes[int(label) - 1]
        bad = np.count_nonzero(~np.isfinite(own))
        assert found.not_finite[row] == bad
        numbers = [
            found.means[row], found.sds[row], found.minima[row], found.maxima[row],
            *found.percentiles[row],
        ]  # fmt: skip
        if bad:
            assert np.isnan(numbers).all()
            continue
        expected = [own.mean(), own.std(), own.min(), own.max(), *np.percentile(own, percents)]
        # sums in another order: a few units in the last place of the largest value
        scale = max(1.0, float(np.abs(own).max()))
        np.testing.assert_allclose(numbers, expected, rtol=1e-11, atol=1e-13 * scale)


SHAPES = [(9, 11, 13), (1, 1, 1), (1, 1, 40), (40, 1, 1), (3, 2, 257), (2, 70, 64), (5, 1, 7)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("density", [0.0, 0.02, 0.5, 1.0])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.int64, np.int16, ">u2"])
def test_every_statistic_of_every_label_equals_numpy(
    shape: tuple[int, int, int], density: float, kind: str
) -> None:
    labels, values = _case(shape, 3, density)
    percents = [0.0, 10.0, 25.0, 50.0, 90.0, 100.0]

    found = measure_label_statistics(labels.astype(kind), _volume(values), percents)

    _require_equal_to_numpy(found, labels, values, percents)
    assert found.percentiles.shape == (found.labels.size, 6)


def test_a_few_small_labels_far_apart_are_found_wherever_they_lie() -> None:
    """Stretches of background are skipped by words: ends of stretches, rows and the array."""
    rng = np.random.default_rng(8)
    for width in (63, 64, 65, 1024, 4099):
        for _ in range(20):
            labels = np.zeros((2, 3, width), np.uint16)
            at = rng.integers(0, labels.size, 4)
            labels.reshape(-1)[at] = rng.integers(1, 4, 4)
            labels.reshape(-1)[[0, -1]] = rng.integers(0, 2, 2)
            values = rng.normal(size=labels.shape).astype(np.float32)

            found = measure_label_statistics(labels, _volume(values), [50.0])

            _require_equal_to_numpy(found, labels, values, [50.0])


def test_more_runs_than_are_listed_at_a_time_are_all_counted() -> None:
    labels = np.indices((8, 40, 40)).sum(axis=0).astype(np.uint8) % 3
    values = np.random.default_rng(1).random((8, 40, 40)).astype(np.float32)

    found = measure_label_statistics(labels, _volume(values), [37.5])

    _require_equal_to_numpy(found, labels, values, [37.5])


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_label_map_with_any_values_equals_numpy(data: st.DataObject) -> None:
    """NaN and infinite voxels, one voxel, whole volume, border; other dtypes and memory orders."""
    shape = data.draw(st.tuples(*[st.integers(1, 6)] * 3))
    count = int(np.prod(shape))
    label = st.sampled_from([0, 0, 0, 1, 2, 255])
    number = st.floats(width=32, min_value=-1e6, max_value=1e6) | st.sampled_from(
        [np.nan, np.inf, -np.inf]
    )
    values = np.array(data.draw(st.lists(number, min_size=count, max_size=count)), np.float32)
    given_labels = data.draw(st.lists(label, min_size=count, max_size=count))
    labels = np.array(given_labels, data.draw(st.sampled_from([np.uint8, np.uint16, np.int32])))
    labels, values = labels.reshape(shape), values.reshape(shape)
    if data.draw(st.booleans()):
        labels, values = np.asfortranarray(labels), np.asfortranarray(values)
    if data.draw(st.booleans()):
        labels = np.repeat(labels, 2, axis=2)[:, :, ::2]
    labels.flags.writeable = data.draw(st.booleans())

    found = measure_label_statistics(labels, _volume(values), [0.0, 33.0, 100.0])

    _require_equal_to_numpy(found, labels, values, [0.0, 33.0, 100.0])


def test_a_large_offset_costs_no_digits_of_the_spread() -> None:
    """Values of 16 million, where float32 has whole numbers only, with an SD of 1/2 exactly."""
    values = (2.0**24 - 2.0 + np.indices((4, 64, 64)).sum(axis=0) % 2).astype(np.float32)
    values[0, 0, 0] = 2.0**24 - 2.0

    found = measure_label_statistics(np.ones(values.shape, np.uint8), _volume(values))

    assert found.sds[0] == pytest.approx(0.5, rel=1e-12)
    assert found.means[0] == 2.0**24 - 1.5


def test_the_unit_and_the_volume_are_those_of_the_grid() -> None:
    labels, values = _case((9, 11, 13), 3, 0.5)

    found = measure_label_statistics(labels, _volume(values))

    assert found.unit == str(Unit.COUNTS)
    np.testing.assert_allclose(found.volumes_ml, found.voxels * 24.0 / 1000.0, rtol=1e-12)
    assert found.percentiles.shape == (found.labels.size, 0)


def test_labels_of_any_size_keep_their_numbers() -> None:
    labels, values = _case((9, 11, 13), 3, 0.5)
    names = np.array([0, 5, 70000, 7, 8, 2**31 - 1, 2**40, 1, 2, 3])

    found = measure_label_statistics(names[labels], _volume(values), [50.0])

    np.testing.assert_array_equal(found.labels, np.sort(names[1:]))
    for row, label in enumerate(found.labels):
        own = values[names[labels] == label].astype(np.float64)
        assert found.means[row] == pytest.approx(own.mean(), rel=1e-12)
        assert found.percentiles[row, 0] == pytest.approx(np.median(own), rel=1e-12)


def test_a_map_of_yes_and_no_is_one_label() -> None:
    labels, values = _case((9, 11, 13), 3, 0.5)

    found = measure_label_statistics(labels > 4, _volume(values))

    assert found.labels.tolist() == [1]
    assert found.means[0] == pytest.approx(values[labels > 4].mean(dtype=np.float64), rel=1e-12)


def test_a_label_map_without_a_label_has_no_rows() -> None:
    found = measure_label_statistics(
        np.zeros((3, 4, 5), np.uint16), _volume(np.ones((3, 4, 5), np.float32)), [50.0]
    )

    assert found.labels.size == found.means.size == 0
    assert found.corners.shape == (0, 3)
    assert found.percentiles.shape == (0, 1)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (np.zeros((3, 4, 4), np.uint8), "grid"),
        (np.zeros((3, 4), np.uint8), "grid"),
        (np.zeros((3, 4, 5)), "whole numbers"),
        (np.full((3, 4, 5), -1, np.int32), "not -1"),
        (np.full((3, 4, 5), -1, np.int16), "not -1"),
    ],
)
def test_a_label_map_that_cannot_be_used_is_refused(labels: Labels, says: str) -> None:
    with pytest.raises((TypeError, ValueError), match=says):
        measure_label_statistics(labels, _volume(np.ones((3, 4, 5), np.float32)))


def test_percentiles_beyond_0_to_100_are_refused() -> None:
    volume = _volume(np.ones((3, 4, 5), np.float32))
    for percents in ([-1.0], [100.5], [np.nan]):
        with pytest.raises(ValueError, match="percentiles"):
            measure_label_statistics(np.ones((3, 4, 5), np.uint8), volume, percents)


@pytest.mark.parametrize("rule", PeakRule)
@pytest.mark.parametrize("name", ["axial", "oblique"])
def test_the_peak_of_each_label_is_that_of_its_region(name: str, rule: PeakRule) -> None:
    at = grid(name)
    values = np.random.default_rng(4).gamma(2.0, 40.0, at.shape).astype(np.float32)
    volume = Volume(at, values, Unit.COUNTS)
    labels = np.zeros(at.shape, np.uint8)
    labels[:5, 3:9, 20:] = 3
    labels[10:14, 10:15, 4:9] = 7
    labels[12, 12, 6] = 9

    found = measure_label_statistics(labels, volume)
    peaks, centres = measure_label_peaks(labels, volume, found, 1.0, rule)

    for row, label in enumerate((3, 7, 9)):
        region = Region.from_full(at, (labels == label).astype(np.float32), "alone")
        value, index = peak(volume, region, 1.0, rule)
        assert peaks[row] == pytest.approx(value, rel=1e-12)
        assert tuple(centres[row]) == index
    values[0, 4, 21] = np.nan
    spoilt, _ = measure_label_peaks(labels, Volume(at, values, Unit.COUNTS), found, 1.0, rule)
    np.testing.assert_array_equal(np.isnan(spoilt), [True, False, False])
    with pytest.raises(ValueError, match="grid"):
        measure_label_peaks(labels[1:], volume, found, 1.0, rule)


@pytest.mark.parametrize("name", AFFINES)
def test_a_region_has_the_weighted_statistics_of_numpy(name: str) -> None:
    at = grid(name)
    rng = np.random.default_rng(6)
    weights = np.zeros(at.shape, np.float32)
    weights[3:9, :7, 5:] = np.clip(rng.normal(0.5, 0.6, (6, 7, 23)), 0, 1)
    values = (rng.normal(size=at.shape) + 1e4).astype(np.float32)
    region = Region.from_full(at, weights, "mass")

    found = region_statistics(Volume(at, values, Unit.COUNTS), region)

    wide = weights.astype(np.float64)
    mean = np.average(values.astype(np.float64), weights=wide)
    variance = np.average((values - mean) ** 2, weights=wide)
    assert found.mean == pytest.approx(mean, rel=1e-12)
    assert found.sd == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert found.maximum == values[weights >= 0.5].max()
    assert found.voxels == np.count_nonzero(weights >= 0.5)


def test_only_voxels_inside_a_region_can_spoil_its_statistics() -> None:
    at = grid("axial", (3, 3, 3))
    values = np.ones((3, 3, 3), np.float32)
    values[0, 0, 0], values[2, 2, 2] = np.nan, 5.0
    weights = np.zeros((3, 3, 3), np.float32)
    weights[0, 0, 1] = weights[2, 2, 2] = 1.0
    region = Region(at, (0, 0, 0), weights, "two")

    found = region_statistics(Volume(at, values, Unit.COUNTS), region)
    assert (found.mean, found.sd, found.maximum) == (3.0, 2.0, 5.0)

    values = values.copy()
    values[0, 0, 1] = np.nan
    spoilt = region_statistics(Volume(at, values, Unit.COUNTS), region)
    assert np.isnan([spoilt.mean, spoilt.sd, spoilt.maximum]).all()


def test_a_region_below_half_a_voxel_has_no_maximum() -> None:
    at = grid("axial", (3, 3, 3))
    weights = np.full((3, 3, 3), 0.25, np.float32)
    volume = Volume(at, np.ones((3, 3, 3), np.float32), Unit.COUNTS)

    found = region_statistics(volume, Region.from_full(at, weights, "speck"))

    assert (found.mean, found.voxels, found.maximum) == (1.0, 0, -np.inf)


def test_few_labels_with_large_numbers_are_all_found() -> None:
    """Tables grow when a number does not fit, wherever in the array it comes."""
    labels = np.zeros((4, 5, 6), np.uint16)
    for place, label in enumerate((3, 300, 5000, 65535)):
        labels[place, 2, 1:4] = label
    values = np.arange(labels.size, dtype=np.float32).reshape(labels.shape)

    found = measure_label_statistics(labels, _volume(values), [50.0])

    assert found.labels.tolist() == [3, 300, 5000, 65535]
    assert found.voxels.tolist() == [3, 3, 3, 3]
    assert found.means.tolist() == [values[place, 2, 2] for place in range(4)]
