"""Level and width of noise: expectations against matrices, estimates against made noise."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.protocol import IntervalSettings
from quant.domain.region import Role
from quant.domain.sphere import PlacedSphere, Sphere, SphereSource, SphereStatistics
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.noise import level as module
from quant.measure.noise.field import (
    autocorrelation_taps,
    gaussian_taps,
    generator,
    noise_fields,
)
from quant.measure.noise.level import (
    WIDTHS_MM,
    NoiseLevel,
    Sample,
    along_columns,
    liver_sample,
    noise_level,
    trend_columns,
)
from quant.reference.stencil import radius_of
from tests.support.geometry import AFFINES, grid

SHAPE = (16, 18, 20)
LIVER_MM = radius_of(30.0)


def _volume(name: str, values: NDArray[np.float64]) -> Volume:
    return Volume(grid(name, SHAPE), values.astype(np.float32), Unit.COUNTS)


def _liver(mean: float, positions: NDArray[np.int64] | None = None) -> PlacedSphere:
    sphere = Sphere(Role.LIVER, (0.0, 0.0, 0.0), LIVER_MM, SphereSource.PLACED)
    found = np.empty((0, 3), np.int64) if positions is None else positions
    statistics = SphereStatistics(mean, 1.0, mean, 30.0, 400)
    return PlacedSphere(sphere, statistics, position_indices=found)


def _noisy(name: str, cov: float, fwhm_mm: float, seed: int) -> Volume:
    """100 everywhere, with a slope, and noise of a known level and width."""
    one = grid(name, SHAPE)
    taps = gaussian_taps(one.spacing_mm, fwhm_mm)
    noise = noise_fields(generator("test", str(seed)), 1, SHAPE, taps)[0]
    slope = np.linspace(-5.0, 5.0, SHAPE[2])
    return _volume(name, 100.0 + slope + 100.0 * cov * noise)


def test_made_noise_has_the_variance_and_the_correlation_that_its_filter_says() -> None:
    spacing = np.array([4.0, 3.0, 3.0])
    taps = gaussian_taps(spacing, 7.0)

    noise = noise_fields(np.random.default_rng(3), 400, (6, 7, 8), taps)

    expected = autocorrelation_taps(taps)
    assert float(noise.var()) == pytest.approx(1.0, abs=0.03)
    for axis, one in zip((1, 2, 3), expected, strict=True):
        lines = np.moveaxis(noise, axis, 0)
        seen = float((lines[1:] * lines[:-1]).mean())
        assert seen == pytest.approx(float(one[one.size // 2 + 1]), abs=0.03)


def test_the_correlation_is_that_of_white_noise_after_a_gaussian() -> None:
    """exp(-d^2 / 4 sigma^2), where the Gaussian is wide against the voxels."""
    taps = autocorrelation_taps(gaussian_taps(np.array([1.0, 1.0, 1.0]), 8.0))
    sigma = 8.0 / 2.3548200450309493

    middle = taps[0].size // 2

    for distance in range(5):
        assert taps[0][middle + distance] == pytest.approx(
            math.exp(-(distance**2) / (4.0 * sigma**2)), abs=2e-3
        )


def test_no_width_is_white_noise() -> None:
    assert [one.tolist() for one in gaussian_taps(np.array([3.0, 4.0, 5.0]), 0.0)] == [[1.0]] * 3


def test_expected_sums_are_the_traces_of_matrices() -> None:
    """With explicit matrices over 60 voxels: tr(MR) and tr(MAMR) for M = 1 - QQ'."""
    mask = (np.random.default_rng(2).random((4, 5, 6)) < 0.5).astype(np.float64)
    spacing = np.array([5.0, 3.0, 4.0])
    sample = Sample(mask, mask, trend_columns(mask, 2), spacing)

    found = module._moments(sample)  # noqa: SLF001 - the heart of the estimate

    where = np.argwhere(mask > 0)
    columns = np.stack([one[mask > 0] for one in sample.trend], axis=1)
    keep = np.eye(len(where)) - columns @ columns.T
    weights = _matrix(where, found.weights)
    ratios = []
    for width, squares in zip(WIDTHS_MM, found.squares, strict=True):
        spread = _matrix(where, autocorrelation_taps(gaussian_taps(spacing, float(width))))
        assert squares == pytest.approx(np.trace(keep @ spread), rel=1e-9)
        ratios.append(np.trace(keep @ weights @ keep @ spread) / squares)
    assert found.ratio == pytest.approx(np.maximum.accumulate(ratios), abs=1e-9)


def _matrix(where: NDArray[np.int64], taps: tuple[NDArray[np.float64], ...]) -> NDArray[np.float64]:
    """Dense matrix of a separable filter between voxels."""
    steps = where[:, None, :] - where[None, :, :]
    total = np.ones(steps.shape[:2])
    for axis, one in enumerate(taps):
        half = one.size // 2
        step = steps[..., axis]
        total *= np.where(np.abs(step) <= half, one[np.clip(step + half, 0, one.size - 1)], 0.0)
    return total


def test_columns_of_a_trend_are_orthonormal_and_flat_axes_are_left_out() -> None:
    weights = np.zeros((3, 4, 5))
    weights[1, :, 1:4] = np.linspace(0.2, 1.0, 12).reshape(4, 3)

    columns = trend_columns(weights).reshape(-1, weights.size)

    assert len(columns) == 3
    assert columns @ columns.T == pytest.approx(np.eye(3), abs=1e-12)


def test_a_quadratic_trend_holds_every_polynomial_of_second_degree() -> None:
    mask = (np.random.default_rng(2).random((6, 7, 8)) < 0.7).astype(np.float64)
    k, j, i = np.meshgrid(*(np.arange(n, dtype=np.float64) for n in mask.shape), indexing="ij")
    values = mask * (3.0 + k - 2.0 * j * i + 0.5 * k * i + i * i - j * j)

    columns = trend_columns(mask, 2)

    assert len(columns) == 10
    assert along_columns(values, columns) == pytest.approx(values, abs=1e-9)


@pytest.mark.parametrize("name", sorted(AFFINES))
def test_level_and_width_are_found_on_every_grid(name: str) -> None:
    found = []
    for seed in range(12):
        one = noise_level(_noisy(name, 0.1, 7.0, seed), _liver(100.0), IntervalSettings(), "s")
        assert isinstance(one, NoiseLevel)
        found.append((one.cov, one.fwhm_mm))

    cov, width = np.mean(found, axis=0)
    assert cov == pytest.approx(0.1, rel=0.08)
    assert width == pytest.approx(7.0, rel=0.08)


def test_white_noise_is_found_to_have_little_width() -> None:
    widths = []
    for seed in range(12):
        one = noise_level(_noisy("axial", 0.1, 0.0, seed), _liver(100.0), IntervalSettings(), "s")
        assert isinstance(one, NoiseLevel)
        widths.append(one.fwhm_mm)

    assert float(np.mean(widths)) < 2.5
    assert widths.count(0.0) > 2


def test_the_plausible_levels_spread_as_the_estimates_do() -> None:
    """Over studies the estimate scatters; what one study calls plausible scatters alike."""
    estimates, spreads = [], []
    for seed in range(25):
        one = noise_level(
            _noisy("axial", 0.1, 8.0, seed), _liver(100.0), IntervalSettings(), str(seed)
        )
        assert isinstance(one, NoiseLevel)
        estimates.append((one.per_mean, one.fwhm_mm))
        spreads.append(np.std(one.plausible, axis=0))

    assert np.median(spreads, axis=0) == pytest.approx(np.std(estimates, axis=0), rel=0.5)


def test_admissible_centres_near_the_sphere_join_the_sample_and_far_ones_do_not() -> None:
    volume = _noisy("axial", 0.1, 5.0, 1)
    near, far = np.array([[8, 9, 16]]), np.array([[0, 0, 0]])

    alone = liver_sample(volume, _liver(100.0))
    joined = liver_sample(volume, _liver(100.0, np.concatenate([near, far])))

    assert alone is not None
    assert joined is not None
    assert joined.mask.sum() == alone.mask.sum() + 1.0


def test_what_is_stated_is_not_estimated() -> None:
    settings = IntervalSettings(noise_cov=0.2, noise_fwhm_mm=9.0)

    one = noise_level(_noisy("axial", 0.1, 5.0, 1), _liver(50.0), settings, "s")

    assert isinstance(one, NoiseLevel)
    assert one.per_mean == pytest.approx(0.2**2 * 50.0)
    assert one.plausible == ((one.per_mean, 9.0),)
    assert one.method == "stated"


def test_a_stated_width_leaves_the_level_to_be_found_and_the_other_way_round() -> None:
    volume = _noisy("axial", 0.1, 7.0, 4)

    wide = noise_level(volume, _liver(100.0), IntervalSettings(noise_fwhm_mm=7.0), "s")
    level = noise_level(volume, _liver(100.0), IntervalSettings(noise_cov=0.3), "s")

    assert isinstance(wide, NoiseLevel)
    assert isinstance(level, NoiseLevel)
    assert wide.fwhm_mm == 7.0
    assert {one for _, one in wide.plausible} == {7.0}
    assert wide.cov == pytest.approx(0.1, rel=0.3)
    assert level.cov == pytest.approx(0.3)
    assert len({one for _, one in level.plausible}) > 5


def test_an_image_without_noise_has_the_level_nought() -> None:
    one = noise_level(
        _volume("axial", np.full(SHAPE, 100.0)), _liver(100.0), IntervalSettings(), "s"
    )

    assert isinstance(one, NoiseLevel)
    assert (one.per_mean, one.fwhm_mm) == (0.0, 0.0)


@pytest.mark.parametrize("mean", [0.0, -3.0])
def test_without_activity_in_the_liver_noise_is_unknown(mean: float) -> None:
    one = noise_level(_noisy("axial", 0.1, 5.0, 1), _liver(mean), IntervalSettings(), "s")

    assert isinstance(one, Flag)
    assert one.code == "NOISE_UNKNOWN"


def test_without_a_liver_sphere_or_with_too_few_voxels_noise_is_unknown() -> None:
    volume = _noisy("axial", 0.1, 5.0, 1)
    sphere = Sphere(Role.LIVER, (0.0, 0.0, 0.0), 5.0, SphereSource.ADAPTIVE)
    small = PlacedSphere(sphere, SphereStatistics(100.0, 1.0, 100.0, 0.5, 8))

    for liver in (None, small):
        one = noise_level(volume, liver, IntervalSettings(), "s")
        assert isinstance(one, Flag)
        assert one.code == "NOISE_UNKNOWN"


def test_unevenness_as_wide_as_can_be_looked_for_is_flagged() -> None:
    k, j, i = np.meshgrid(*(np.linspace(-1.0, 1.0, n) for n in SHAPE), indexing="ij")

    one = noise_level(
        _volume("axial", 100.0 + 60.0 * (k**3 + j**3 + i**3)),
        _liver(100.0),
        IntervalSettings(),
        "s",
    )

    assert isinstance(one, NoiseLevel)
    assert [flag.code for flag in one.flags] == ["NOISE_UNRESOLVED"]
