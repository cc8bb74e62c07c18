"""Containment against scipy's binary erosion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from quant.reference.stencil import sphere_stencil
from quant_kernels.containment import wholly_inside


def _eroded(full: NDArray[np.uint8], weights: NDArray[np.float64]) -> NDArray[np.bool_]:
    inside = ndimage.binary_erosion(full != 0, weights > 0.0)
    inner = tuple(slice(w // 2, n - w // 2) for n, w in zip(full.shape, weights.shape, strict=True))
    return np.asarray(inside[inner])


@settings(max_examples=40, deadline=None)
@given(
    spacing=st.tuples(*[st.floats(1.0, 6.0)] * 3),
    radius=st.floats(0.4, 9.0),
    holes=st.sampled_from([0.0, 1e-4, 1e-3, 0.02]),
    seed=st.integers(0, 99),
)
def test_positions_wholly_inside_are_those_of_binary_erosion(
    spacing: tuple[float, float, float], radius: float, holes: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    stencil = sphere_stencil(np.diag(spacing), radius)
    shape = tuple(n + int(m) for n, m in zip(stencil.weights.shape, (6, 9, 12), strict=True))
    full = (rng.random(shape) >= holes).astype(np.uint8)
    candidates = (rng.random((7, 10, 13)) < 0.8).astype(np.uint8)
    full.flags.writeable = False
    candidates.flags.writeable = False
    assert stencil.table is not None

    inside = wholly_inside(full, candidates, stencil.table)

    np.testing.assert_array_equal(inside != 0, _eroded(full, stencil.weights) & (candidates != 0))


def test_a_ball_in_a_ball_fits_where_geometry_says() -> None:
    """A 13 mm sphere in a 30 mm ball of 2 mm voxels: centres within 17 mm, half a diagonal off."""
    spacing = 2.0
    place = (np.indices((37, 37, 37)) - 18.0) * spacing
    full = (np.square(place).sum(axis=0) <= 30.0**2).astype(np.uint8)
    stencil = sphere_stencil(np.eye(3) * spacing, 13.0)
    half = stencil.weights.shape[0] // 2
    assert stencil.table is not None

    inside = wholly_inside(
        full, np.ones([n - 2 * half for n in full.shape], np.uint8), stencil.table
    )

    away = np.linalg.norm(place, axis=0)[half:-half, half:-half, half:-half]
    slack = spacing * np.sqrt(3.0)
    assert (away[inside != 0] <= 17.0).all()
    assert (inside[away <= 17.0 - slack] == 1).all()


@pytest.mark.parametrize("value", [0, 1])
def test_an_empty_and_a_full_volume(value: int) -> None:
    stencil = sphere_stencil(np.eye(3) * 3.0, 8.0)
    assert stencil.table is not None
    inside = wholly_inside(
        np.full((11, 11, 11), value, np.uint8), np.ones((5, 5, 5), np.uint8), stencil.table
    )

    assert (inside == value).all()


def test_rows_too_long_to_count_are_never_said_to_be_inside() -> None:
    stencil = sphere_stencil(np.diag([100.0, 100.0, 0.1]), 30.0)
    width = stencil.weights.shape[2]
    assert stencil.table is not None
    assert width > 2 * 255

    inside = wholly_inside(
        np.ones((1, 1, width + 2), np.uint8), np.ones((1, 1, 3), np.uint8), stencil.table
    )

    assert not inside.any()
