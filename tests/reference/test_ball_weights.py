"""Exact ball weights against analytic volumes, dense sampling and one-dimensional integrals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quant.reference.ball_weights import ball_weights
from quant.reference.stencil import sphere_stencil
from tests.support.geometry import AFFINES

BALL = 4.0 / 3.0 * np.pi


@settings(max_examples=200, deadline=None)
@given(
    spacing=st.tuples(*[st.floats(0.3, 12.0)] * 3),
    voxels=st.floats(0.5, 12.0),
    offset=st.tuples(*[st.floats(-0.5, 0.5)] * 3),
)
def test_a_sphere_has_its_volume_from_half_a_voxel_of_radius_on(
    spacing: tuple[float, float, float],
    voxels: float,
    offset: tuple[float, float, float],
) -> None:
    """A thousandth is asked for; the formula is exact, so all but the last digits are right."""
    step = np.array(spacing)
    radius = min(voxels * step.min(), 30.0 * step.min())

    stencil = sphere_stencil(np.diag(step), radius, offset * step)

    assert stencil.total * step.prod() == pytest.approx(BALL * radius**3, rel=1e-10)
    assert stencil.weights.min() >= 0.0
    assert stencil.weights.max() <= 1.0


@pytest.mark.parametrize("name", AFFINES)
def test_oblique_and_turned_grids_hold_the_volume_as_well(name: str) -> None:
    axes = AFFINES[name][:3, :3]
    volume = abs(np.linalg.det(axes))
    for radius in (2.5, 9.0, 19.275):
        for offset in ((0.0, 0.0, 0.0), (0.7, -1.1, 0.3)):
            total = sphere_stencil(axes, radius, offset).total
            assert total * volume == pytest.approx(BALL * radius**3, rel=1e-11)


def _edges(count: int, step: float, start: float) -> NDArray[np.float64]:
    return start + step * np.arange(count + 1.0)


def test_an_octant_and_a_half_have_their_share() -> None:
    wide = np.array([-2.0, 0.0, 2.0])

    octants = ball_weights((wide, wide, wide)) * 8.0
    halves = ball_weights((wide, np.array([-2.0, 2.0]), np.array([-2.0, 2.0]))) * 32.0

    np.testing.assert_allclose(octants, BALL / 8.0, rtol=1e-14)
    np.testing.assert_allclose(halves, BALL / 2.0, rtol=1e-14)


@pytest.mark.parametrize("height", [1e-3, 0.2, 0.5, 1.0, 1.7])
def test_a_cap_has_the_volume_of_a_cap(height: float) -> None:
    """Pi h^2 (3 - h) / 3 for a cap of height h of the unit ball."""
    slab = np.array([1.0 - height, 5.0])
    wide = np.array([-5.0, 5.0])
    for axis in range(3):
        edges = [wide, wide, wide]
        edges[axis] = slab
        box = float(np.prod([np.diff(one)[0] for one in edges]))
        cap = ball_weights((edges[0], edges[1], edges[2])).item() * box
        assert cap == pytest.approx(np.pi * height**2 * (3.0 - height) / 3.0, rel=1e-11, abs=1e-14)


def test_the_common_part_of_two_caps_equals_an_integral() -> None:
    """Beyond x = 0.3 and y = 0.4: segments of circles summed over 200 000 planes of z."""
    edge = np.array([-2.0, 2.0])
    box = ball_weights((np.array([0.3, 2.0]), np.array([0.4, 2.0]), edge)).item() * 1.7 * 1.6 * 4.0

    z = (np.arange(200_000) + 0.5) / 200_000
    squared = 1.0 - z[z * z < 1.0 - 0.25] ** 2
    radius = np.sqrt(squared)
    angle = np.arccos(0.3 / radius) - np.arcsin(0.4 / radius)
    sides = 0.3 * np.sqrt(squared - 0.09) + 0.4 * np.sqrt(squared - 0.16)
    area = 0.5 * (squared * angle - sides) + 0.12
    assert box == pytest.approx(2.0 * area.sum() / 200_000, rel=1e-7)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_box_of_an_uneven_lattice_equals_dense_sampling(seed: int) -> None:
    """Against 60^3 midpoints a box: their own error is below 0.002."""
    rng = np.random.default_rng(seed)
    edges = [np.sort(rng.uniform(-1.2, 1.2, 5)) for _ in range(3)]
    fine = (np.arange(60) + 0.5) / 60

    weights = ball_weights((edges[0], edges[1], edges[2]))

    squares = [np.square(one[:-1, None] + np.diff(one)[:, None] * fine) for one in edges]
    for k, j, i in np.ndindex(4, 4, 4):
        away = squares[0][k][:, None, None] + squares[1][j][None, :, None] + squares[2][i]
        assert weights[k, j, i] == pytest.approx((away <= 1.0).mean(), abs=2e-3)


def test_centred_spheres_mirror_themselves_bit_for_bit() -> None:
    for step in ((0.31, 0.47, 0.12), (0.9, 1.7, 0.4)):
        half = [int(np.floor(1.0 / one + 0.5)) for one in step]
        k, j, i = (
            _edges(2 * n + 1, 1.0, -n - 0.5) * one for n, one in zip(half, step, strict=True)
        )
        weights = ball_weights((k, j, i))
        for axis in range(3):
            np.testing.assert_array_equal(weights, np.flip(weights, axis))
