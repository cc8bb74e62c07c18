"""Smoothing against SciPy, and surfaces that keep a volume against balls, tori and bad input."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from quant.domain.grid import Grid
from quant.measure.passport.floor import sphere_weights
from quant.measure.shape.isosurfaces import (
    VOLUME_TOLERANCE,
    gaussian_smoothed,
    volume_keeping_surface,
)
from quant.measure.shape.surface import asphericity, isosurface_area_volume
from quant.phantom.bodies.occupancy import occupancy
from quant.phantom.bodies.solids import Ellipsoid, Torus, rotation_deg
from tests.support.masks import Spacing, blob, noise

seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 7))
few = settings(derandomize=True, deadline=None, max_examples=25)


@pytest.mark.parametrize("sigma", [(1.0, 1.0, 1.0), (0.0, 0.5, 2.0)])
def test_smoothing_is_scipys(sigma: tuple[float, float, float]) -> None:
    """SciPy needs the zeros beyond the array laid out; it truncates at the same four sigma."""
    values = np.random.default_rng(1).random((4, 5, 6))
    reach = [math.ceil(4.0 * one) for one in sigma]
    padded = np.pad(values, [(one, one) for one in reach])

    expected = ndimage.gaussian_filter(padded, sigma, mode="constant", radius=reach)

    assert gaussian_smoothed(values, sigma) == pytest.approx(expected, abs=1e-14)


@few
@given(seeds, sizes, st.tuples(*[st.floats(0.0, 3.0)] * 3))
def test_smoothing_keeps_the_sum(
    seed: int, shape: tuple[int, int, int], sigma: tuple[float, float, float]
) -> None:
    values = np.random.default_rng(seed).random(shape)

    assert gaussian_smoothed(values, sigma).sum() == pytest.approx(values.sum(), rel=1e-12)


@few
@given(seeds, sizes, st.sampled_from([(1.0, 1.0, 1.0), (3.0, 4.8, 4.8), (5.0, 1.2, 0.7)]))
def test_any_region_that_has_a_surface_keeps_its_volume(
    seed: int, shape: tuple[int, int, int], spacing_mm: Spacing
) -> None:
    """Fractions, noise, thin sheets: a closed mesh, so never below the ball.

    Where diagonal voxels join, the volume of a region of ten voxels jumps by up to a tenth.
    """
    weights = np.random.default_rng(seed).random(shape)
    weights[weights < 0.3] = 0.0
    weights.flat[0] = 1.0
    volume = float(weights.sum()) * math.prod(spacing_mm)
    for field in (weights, gaussian_smoothed(weights, (1.0, 1.0, 1.0))):
        found = volume_keeping_surface(field, volume, spacing_mm)

        assert found is not None
        level, area, reached = found
        assert reached == pytest.approx(volume, rel=0.1)
        assert (area, reached) == isosurface_area_volume(field, level, spacing_mm)
        assert asphericity(area, reached) >= -1e-6


def test_a_field_that_cannot_hold_the_volume_has_no_surface() -> None:
    weights = np.zeros((3, 3, 3))
    spacing = (1.0, 1.0, 1.0)

    assert volume_keeping_surface(weights, 1.0, spacing) is None
    weights[1, 1, 1] = 0.2
    assert volume_keeping_surface(weights, 50.0, spacing) is None


@pytest.mark.parametrize("spacing_mm", [(3.0, 3.0, 3.0), (4.8, 4.8, 4.8), (3.0, 4.8, 4.8)])
def test_the_surface_of_a_ball_is_its_own(spacing_mm: Spacing) -> None:
    """20 ml and more: smoothed within 0.01, as it is within 0.013."""
    for volume_ml in (20.0, 60.0):
        radius = math.cbrt(3000.0 * volume_ml / (4.0 * math.pi))
        for shift in np.random.default_rng(2).random((3, 3)):
            weights = sphere_weights(radius, spacing_mm, shift)
            smooth = gaussian_smoothed(weights, (1.0, 1.0, 1.0))
            values = [
                volume_keeping_surface(field, volume_ml * 1000.0, spacing_mm)
                for field in (smooth, weights)
            ]

            for found, allowed in zip(values, (0.01, 0.013), strict=True):
                assert found is not None
                assert found[2] == pytest.approx(volume_ml * 1000.0, rel=VOLUME_TOLERANCE)
                assert 0.0 <= asphericity(*found[1:]) <= allowed


def measured(weights: NDArray[np.float64], spacing_mm: Spacing) -> float:
    """Asphericity of the weights' own isosurface."""
    volume = float(weights.sum()) * math.prod(spacing_mm)
    found = volume_keeping_surface(weights, volume, spacing_mm)
    assert found is not None
    return asphericity(*found[1:])


def test_an_ellipsoid_and_a_torus_have_theirs() -> None:
    """Areas by quadrature and by Pappus; 3 mm voxels, about 50 ml."""
    grid = Grid(
        (40, 40, 40),
        np.array([[0, 0, 3, -60], [0, 3, 0, -60], [3, 0, 0, -60], [0, 0, 0, 1.0]]),
        "1",
    )
    turn = rotation_deg(20.0, 40.0, 70.0)
    for solid in (
        Ellipsoid((0.7, 0.2, -0.9), (36.0, 18.0, 18.0), turn),
        Torus((0.7, 0.2, -0.9), 26.0, 10.0, turn),
    ):
        found = measured(occupancy(solid, grid), (3.0, 3.0, 3.0))

        assert found == pytest.approx(solid.asphericity, abs=0.015)


def test_mirrors_and_exchanged_axes_change_nothing() -> None:
    """1e-4: the search for the level ends at a volume right to 1e-5, from whichever side."""
    weights = ndimage.uniform_filter(blob((9, 10, 11), 3).astype(np.float64), 2)
    plain = measured(weights, (3.0, 4.8, 2.0))
    turned = measured(np.ascontiguousarray(weights.transpose(2, 0, 1)[::-1]), (2.0, 3.0, 4.8))

    assert turned == pytest.approx(plain, abs=5e-3)


def test_smoothing_is_the_same_whatever_the_layout_of_the_array() -> None:
    values = noise((5, 6, 7), 0.5, 1)
    plain = gaussian_smoothed(values, (1.0, 1.0, 1.0))

    assert np.array_equal(gaussian_smoothed(np.asfortranarray(values), (1.0, 1.0, 1.0)), plain)
