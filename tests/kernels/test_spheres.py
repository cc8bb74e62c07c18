"""The sphere sweep and the sums one by one against naive loops, scipy.ndimage and scipy.fft."""

import numpy as np
import pytest
import scipy.fft
from numpy.typing import NDArray
from scipy import ndimage

from quant.reference.stencil import Stencil, sphere_stencil
from quant.reference.sweep import SweepTable
from quant_kernels.spheres import add_voxels, sphere_sums, sphere_sweep

SHAPE = (16, 18, 20)
NO_LIMIT = (0.0, np.inf)


def _values(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=SHAPE).astype(np.float32)


def _places(stencil: Stencil, shape: tuple[int, ...] = SHAPE) -> tuple[int, int, int]:
    k, j, i = (n - w + 1 for n, w in zip(shape, stencil.weights.shape, strict=True))
    return k, j, i


def _table(stencil: Stencil) -> SweepTable:
    assert stencil.table is not None
    return stencil.table


def _naive(
    values: NDArray[np.float32], positions: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum values and squares, take maxima, voxels of -inf left out."""
    rows = []
    for place in positions:
        box = tuple(slice(a, a + n) for a, n in zip(place, weights.shape, strict=True))
        inner = values[box].astype(np.float64)
        here = inner > -np.inf
        inner = np.where(here, inner, 0.0)
        half = (weights >= 0.5) & here
        top = inner[half].max() if half.any() else -np.inf
        visible = weights * here
        rows.append([(visible * inner).sum(), (visible * inner**2).sum(), top])
    return np.array(rows)


@pytest.mark.parametrize(
    "spacing", [(3.0, 3.0, 3.0), (3.0, 4.8, 4.8), (5.0, 2.0, 3.0), (2.0, 9.5, 4.0)]
)
@pytest.mark.parametrize("radius", [1.0, 6.5, 9.0])
def test_the_sweep_equals_a_naive_loop_at_every_candidate(
    spacing: tuple[float, float, float], radius: float
) -> None:
    """Also with voxels that are not there, and for spheres smaller than a voxel."""
    values = _values(1)
    values[:, :3] = -np.inf
    stencil = sphere_stencil(np.diag(spacing), radius)
    candidates = (np.random.default_rng(2).random(_places(stencil)) < 0.3).astype(np.uint8)
    for array in (values, candidates):
        array.flags.writeable = False

    sums = sphere_sweep(values, NO_LIMIT, candidates, _table(stencil), 3)

    assert len(sums) == candidates.sum() > 50
    expected = _naive(values, np.argwhere(candidates), stencil.weights)
    np.testing.assert_allclose(sums, expected, rtol=1e-11, atol=1e-10)


@pytest.mark.parametrize("offset", [(0.0, 0.0, 0.0), (0.9, -0.4, 1.1)])
def test_sums_one_by_one_equal_a_naive_loop_for_any_stencil(
    offset: tuple[float, float, float],
) -> None:
    values = _values(5)
    values[:, :, 17:] = -np.inf
    stencil = sphere_stencil(np.diag([5.0, 2.0, 3.0]), 9.0, offset)
    positions = np.argwhere(np.random.default_rng(2).random(_places(stencil)) < 0.1)

    sums = sphere_sums(values, positions, stencil.weights, 0.0)

    expected = _naive(values, positions, stencil.weights)
    np.testing.assert_allclose(sums, expected, rtol=1e-12, atol=1e-12)


def test_the_sums_equal_scipy_correlate() -> None:
    values = _values(3)
    stencil = sphere_stencil(np.eye(3) * 3.0, 8.0)
    places = _places(stencil)

    sums = sphere_sweep(values, NO_LIMIT, np.ones(places, np.uint8), _table(stencil), 3)
    only = sphere_sweep(values, NO_LIMIT, np.ones(places, np.uint8), _table(stencil), 1)
    both = sphere_sweep(values, NO_LIMIT, np.ones(places, np.uint8), _table(stencil), 2)

    half = tuple(
        slice(n // 2, n // 2 + p) for n, p in zip(stencil.weights.shape, places, strict=True)
    )
    for column, field in enumerate((values.astype(np.float64), values.astype(np.float64) ** 2)):
        theirs = ndimage.correlate(field, stencil.weights, mode="constant")[half]
        np.testing.assert_allclose(sums[:, column], theirs.ravel(), rtol=1e-11, atol=1e-10)
    highest = ndimage.maximum_filter(values, footprint=stencil.weights >= 0.5, mode="constant")
    np.testing.assert_array_equal(sums[:, 2], highest[half].ravel())
    np.testing.assert_array_equal(only[:, 0], sums[:, 0])
    np.testing.assert_array_equal(both[:, :2], sums[:, :2])
    assert np.isinf(both[:, 2]).all()


@pytest.mark.parametrize("spacing", [(3.0, 3.0, 3.0), (4.8, 4.8, 4.8), (1.5, 0.98, 0.98)])
def test_means_and_sds_equal_the_float64_fft_to_nine_digits(
    spacing: tuple[float, float, float],
) -> None:
    """A 30 ml sphere (10 ml on the CT grid) at every position that fits."""
    radius = 19.275 if spacing[0] > 2.0 else 13.365
    stencil = sphere_stencil(np.diag(spacing), radius)
    shape = tuple(n + 9 for n in stencil.weights.shape)
    values = np.random.default_rng(8).poisson(50.0, shape).astype(np.float32)

    sums = sphere_sweep(values, (50.0, np.inf), np.ones((10, 10, 10), np.uint8), _table(stencil), 3)

    size = [scipy.fft.next_fast_len(n, real=True) for n in shape]
    kernel = scipy.fft.rfftn(stencil.weights, size)
    inner = tuple(slice(n - 1, n + 9) for n in stencil.weights.shape)
    field = values.astype(np.float64) - 50.0
    first, second = (
        scipy.fft.irfftn(scipy.fft.rfftn(one, size) * kernel, size)[inner].ravel() / stencil.total
        for one in (field, field**2)
    )
    mean = sums[:, 0] / stencil.total
    np.testing.assert_allclose(mean + 50.0, first + 50.0, rtol=1e-9)
    sd = np.sqrt(sums[:, 1] / stencil.total - mean**2)
    np.testing.assert_allclose(sd, np.sqrt(second - first**2), rtol=1e-9)


def test_voxels_beyond_the_limit_are_left_out_and_added_one_by_one() -> None:
    """Sums with a limit, completed by single voxels, equal the naive loop."""
    values = _values(9)
    values[3, :, 7] = values[10, 4, 5] = 1e6
    stencil = sphere_stencil(np.diag([3.0, 4.8, 4.0]), 11.0)
    candidates = (np.random.default_rng(3).random(_places(stencil)) < 0.5).astype(np.uint8)
    counted = candidates.cumsum(dtype=np.int64).reshape(candidates.shape)
    numbers = np.where(candidates == 0, -1, counted - 1)
    apart = np.argwhere(values > 100.0)

    sums = sphere_sweep(values, (0.5, 100.0), candidates, _table(stencil), 3)
    left_out = sums.copy()
    add_voxels(
        sums, numbers, apart, values[tuple(apart.T)].astype(np.float64) - 0.5, stencil.weights
    )

    cold = np.where(values > 100.0, np.float32(0.5), values) - np.float32(0.5)
    positions = np.argwhere(candidates)
    expected = _naive(cold, positions, stencil.weights)
    np.testing.assert_allclose(left_out[:, :2], expected[:, :2], rtol=1e-6, atol=1e-5)
    shifted = _naive(values - np.float32(0.5), positions, stencil.weights)
    np.testing.assert_allclose(sums[:, :2], shifted[:, :2], rtol=1e-6, atol=1e-5)
    assert sums[:, 2].max() == np.float32(1e6)


def test_a_hot_neighbour_in_the_row_costs_no_digits() -> None:
    """A tumour 10^5 times hotter lies in the rows, but under no sphere: as if it were not there."""
    values = np.random.default_rng(1).normal(1.0, 0.1, (13, 13, 40)).astype(np.float32)
    without = values.copy()
    values[:, :, 3:9] = 1e5
    stencil = sphere_stencil(np.eye(3) * 3.0, 12.0)
    candidates = np.zeros(_places(stencil, values.shape), np.uint8)
    candidates[:, :, 20:] = 1

    sums = sphere_sweep(values, (1.0, 100.0), candidates, _table(stencil), 3)

    expected = sphere_sweep(without, (1.0, 100.0), candidates, _table(stencil), 3)
    np.testing.assert_allclose(sums, expected, rtol=1e-12, atol=1e-12)


def test_no_candidate_gives_no_row_and_repeats_are_the_same_bytes() -> None:
    values = _values(4)
    stencil = sphere_stencil(np.eye(3) * 3.0, 8.0)
    places, table = _places(stencil), _table(stencil)

    none = sphere_sweep(values, NO_LIMIT, np.zeros(places, np.uint8), table, 3)
    first = sphere_sweep(values, NO_LIMIT, np.ones(places, np.uint8), table, 3)
    again = sphere_sweep(values, NO_LIMIT, np.ones(places, np.uint8), table, 3)

    assert none.shape == (0, 3)
    assert first.tobytes() == again.tobytes()


def test_slices_without_candidates_between_others_are_passed_over() -> None:
    values = np.random.default_rng(6).normal(size=(42, 11, 11)).astype(np.float32)
    stencil = sphere_stencil(np.eye(3) * 3.0, 8.0)
    candidates = np.zeros(_places(stencil, values.shape), np.uint8)
    candidates[[0, 1, 20, 35], 2, 1] = 1

    sums = sphere_sweep(values, NO_LIMIT, candidates, _table(stencil), 3)

    expected = _naive(values, np.argwhere(candidates), stencil.weights)
    np.testing.assert_allclose(sums, expected, rtol=1e-11, atol=1e-11)
