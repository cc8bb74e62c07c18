"""Distances against scipy, a naive loop and analytic solids."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from quant_kernels.distance import distance_to_forbidden, distance_to_surface

SPACINGS = [(3.0, 3.0, 3.0), (3.0, 4.8, 4.8), (5.0, 2.0, 3.5)]


def _blobs(seed: int, shape: tuple[int, int, int] = (17, 21, 19)) -> NDArray[np.float32]:
    """Smooth random weights in 0..1 with fractional rims."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=shape), 2.0)
    return np.asarray(np.clip(0.5 + 0.8 * smooth / smooth.std(), 0.0, 1.0), dtype=np.float32)


def _crossings(weights: NDArray[np.float32], level: float) -> NDArray[np.float64]:
    """Find crossing points by a plain loop over pairs of neighbours (index units)."""
    points = []
    for at in np.ndindex(*weights.shape):
        for axis in range(3):
            to = list(at)
            to[axis] += 1
            if to[axis] == weights.shape[axis]:
                continue
            a, b = float(weights[at]), float(weights[tuple(to)])
            if (a >= level) != (b >= level):
                point = np.array(at, dtype=np.float64)
                point[axis] += (level - a) / (b - a)
                points.append(point)
    return np.array(points)


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("seed", [1, 2])
def test_distance_to_forbidden_equals_scipy(spacing: tuple[float, float, float], seed: int) -> None:
    forbidden = (_blobs(seed) < 0.4).astype(np.uint8)

    ours = distance_to_forbidden(forbidden, np.array(spacing), 0)

    theirs = ndimage.distance_transform_edt(forbidden == 0, sampling=spacing)
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_the_border_counts_as_forbidden_when_asked(spacing: tuple[float, float, float]) -> None:
    forbidden = (_blobs(3) < 0.05).astype(np.uint8)

    ours = distance_to_forbidden(forbidden, np.array(spacing), 1)

    padded = np.pad(forbidden == 0, 1)
    theirs = ndimage.distance_transform_edt(padded, sampling=spacing)[1:-1, 1:-1, 1:-1]
    np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_without_anything_forbidden_the_distance_is_infinite() -> None:
    nothing = np.zeros((3, 4, 5), np.uint8)

    assert np.isinf(distance_to_forbidden(nothing, np.ones(3), 0)).all()
    assert distance_to_forbidden(nothing, np.ones(3), 1).max() == 2.0
    assert np.isinf(distance_to_surface(nothing.astype(np.float32), 0.5, np.ones(3))).all()


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("level", [0.5, 0.3])
def test_distance_to_surface_equals_a_naive_search_over_all_crossings(
    spacing: tuple[float, float, float], level: float
) -> None:
    weights = _blobs(4, (9, 11, 10))
    weights.flags.writeable = False

    ours = distance_to_surface(weights, level, np.array(spacing))

    points = _crossings(weights, level) * spacing
    centres = np.moveaxis(np.indices(weights.shape), 0, -1).reshape(-1, 1, 3) * np.array(spacing)
    naive = np.linalg.norm(centres - points, axis=2).min(axis=1).reshape(weights.shape)
    assert len(points) > 100
    np.testing.assert_allclose(ours, naive, atol=1e-9)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_the_surface_of_a_slab_is_found_within_a_voxel_to_a_tenth(
    spacing: tuple[float, float, float],
) -> None:
    """A plane cutting voxels at a fraction f: linear interpolation misplaces it by < 0.1 voxel."""
    for fraction in (0.05, 0.3, 0.5, 0.8, 1.0):
        weights = np.ones((12, 5, 5), np.float32)
        weights[8] = fraction
        weights[9:] = 0.0
        wall = (7.5 + fraction) * spacing[0]

        distance = distance_to_surface(weights, 0.5, np.array(spacing))[2, 2, 2]

        assert distance == pytest.approx(wall - 2 * spacing[0], abs=0.1 * spacing[0])


def test_the_centre_of_a_ball_is_a_radius_away_from_its_surface() -> None:
    """A 24 mm ball on 3 x 4 x 4 mm voxels, partial weights from 8^3 samples: within 0.1 voxel."""
    spacing, fine = np.array([3.0, 4.0, 4.0]), (np.arange(8) - 3.5) / 8
    index = np.stack(np.meshgrid(*[np.arange(-10.0, 11.0)] * 3, indexing="ij"), axis=-1)
    weights = np.zeros((21, 21, 21), np.float32)
    for sample in np.stack(np.meshgrid(fine, fine, fine), axis=-1).reshape(-1, 3):
        place = (index + sample) * spacing
        weights += (np.square(place).sum(axis=-1) <= 24.0**2).astype(np.float32) / 512.0

    distance = distance_to_surface(weights, 0.5, spacing)

    assert distance[10, 10, 10] == pytest.approx(24.0, abs=0.4)
    assert distance[10, 10, 13] == pytest.approx(12.0, abs=0.4)
    assert distance[10, 12, 12] == pytest.approx(24.0 - 8.0 * np.sqrt(2.0), abs=0.4)
