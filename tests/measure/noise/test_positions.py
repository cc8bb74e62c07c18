"""How much noise the average over positions keeps, against a covariance made in full."""

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.region import Role
from quant.domain.sphere import PlacedSphere, Sphere, SphereSource, SphereStatistics
from quant.measure.noise.field import autocorrelation_taps, gaussian_taps
from quant.measure.noise.positions import noise_kept
from quant.reference.stencil import sphere_stencil
from tests.support.geometry import AFFINES, grid

SHAPE = (12, 13, 14)


def _placed(indices: NDArray[np.int64], radius_mm: float) -> PlacedSphere:
    sphere = Sphere(Role.LIVER, (0.0, 0.0, 0.0), radius_mm, SphereSource.PLACED)
    statistics = SphereStatistics(1.0, 0.0, 1.0, 1.0, 10)
    return PlacedSphere(sphere, statistics, position_indices=indices)


def _by_matrix(one: Grid, placed: PlacedSphere, fwhm_mm: float) -> float:
    """Variance of the average over that of one sphere, from weights and correlations in full."""
    stencil = sphere_stencil(one.axes_mm, placed.sphere.radius_mm)
    taps = autocorrelation_taps(gaussian_taps(one.spacing_mm, fwhm_mm))
    laid = []
    for index in placed.position_indices:
        image = np.zeros([n + 20 for n in SHAPE])
        first = index + np.array(stencil.lower) + 10
        box = tuple(slice(a, a + n) for a, n in zip(first, stencil.weights.shape, strict=True))
        image[box] = stencil.weights
        laid.append(image)
    averaged = np.mean(laid, axis=0)
    return _variance(averaged, taps) / _variance(laid[0], taps)


def _variance(image: NDArray[np.float64], taps: tuple[NDArray[np.float64], ...]) -> float:
    where = np.argwhere(image != 0)
    values = image[tuple(where.T)]
    steps = where[:, None, :] - where[None, :, :]
    spread = np.ones(steps.shape[:2])
    for axis, line in enumerate(taps):
        half = line.size // 2
        step = np.abs(steps[..., axis])
        spread *= np.where(step <= half, line[np.minimum(step, half) + half], 0.0)
    return float(values @ spread @ values)


@pytest.mark.parametrize("name", ["axial", "anisotropic", "oblique"])
@pytest.mark.parametrize("fwhm_mm", [0.0, 9.0])
def test_the_part_kept_is_that_of_the_full_covariance(name: str, fwhm_mm: float) -> None:
    one = grid(name, SHAPE)
    indices = np.array([[5, 6, 7], [5, 6, 8], [6, 6, 7], [5, 9, 7], [8, 3, 7]])
    placed = _placed(indices, 8.0)

    kept = noise_kept(one, placed, fwhm_mm)

    assert kept == pytest.approx(_by_matrix(one, placed, fwhm_mm), rel=1e-9)


def test_one_position_keeps_all_of_its_noise_and_none_is_taken_as_one() -> None:
    one = grid("axial", SHAPE)

    assert noise_kept(one, _placed(np.array([[5, 6, 7]]), 8.0), 7.0) == pytest.approx(1.0)
    assert noise_kept(one, _placed(np.empty((0, 3), np.int64), 8.0), 7.0) == 1.0


def test_spheres_far_apart_average_their_noise() -> None:
    one = Grid((40, 5, 5), AFFINES["axial"], "1.2.3")
    far = np.array([[4, 2, 2], [20, 2, 2], [36, 2, 2]])

    assert noise_kept(one, _placed(far, 7.0), 3.0) == pytest.approx(1.0 / 3.0, rel=1e-6)


def test_neither_the_order_of_positions_nor_where_they_lie_matters() -> None:
    one = grid("axial", SHAPE)
    indices = np.array([[2, 3, 4], [2, 5, 4], [3, 3, 4]])

    first = noise_kept(one, _placed(indices, 8.0), 6.0)

    assert noise_kept(one, _placed(indices[::-1], 8.0), 6.0) == first
    assert noise_kept(one, _placed(indices + 4, 8.0), 6.0) == first
