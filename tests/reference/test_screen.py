"""The screen for foci: thresholds in uniform, noisy, contaminated, zero and negative organs."""

import numpy as np
import pytest

from quant.domain.grid import Grid
from quant.domain.protocol import SphereSettings
from quant.domain.region import Region, Role
from quant.reference.organ import Task, make_organ
from quant.reference.screen import focus_distance, focus_threshold
from tests.support.geometry import grid


@pytest.mark.parametrize("value", [10.0, -10.0])
def test_in_uniform_tissue_the_contrast_alone_decides(value: float) -> None:
    assert focus_threshold(np.full(500, value, np.float32), 5.0, 0.05) == value + 0.5


def test_in_noise_five_robust_sd_decide() -> None:
    noise = np.random.default_rng(1).normal(100.0, 10.0, 20000).astype(np.float32)

    assert focus_threshold(noise, 5.0, 0.05) == pytest.approx(150.0, rel=0.02)


def test_a_fifth_of_foci_hardly_moves_the_threshold() -> None:
    """Median and median absolute deviation: 20 % at five times the uptake raise it by a third."""
    values = np.random.default_rng(2).normal(100.0, 10.0, 20000).astype(np.float32)
    values[:4000] *= 5.0

    threshold = focus_threshold(values, 5.0, 0.05)

    assert 150.0 < threshold < 200.0


def test_where_most_values_are_zero_the_plain_sd_stands_in() -> None:
    values = np.zeros(1000, np.float32)
    assert focus_threshold(values, 5.0, 0.05) == 0.0
    values[:100] = 1.0
    assert focus_threshold(values, 5.0, 0.05) == pytest.approx(5.0 * 0.3)


def test_the_distribution_is_taken_from_the_organ_alone_however_small_it_is() -> None:
    """A muscle two voxels thick: no voxel is 999/1000 inside, none of the air around counts."""
    at = grid("axial")
    weights = np.zeros(at.shape, np.float32)
    weights[2:18, 10:12, 10:12] = 0.7
    weights[2:18, 12, 10:12] = 0.2
    values = np.where(weights > 0.5, 3.0, 0.0).astype(np.float32)
    muscle = Region.from_full(at, weights, "autochthon_left", Role.MUSCLE_LEFT)
    for level in ((-8.0, 8.0), (-500.0, -400.0)):
        task = Task(Role.MUSCLE_LEFT, SphereSettings(volume_ml=10.0), muscle, level_mm=level)

        core = make_organ(task, muscle).core_values(values, 0.0)

        assert core.size >= 16
        assert (core == 3.0).all()


@pytest.mark.parametrize("name", ["axial", "anisotropic", "oblique"])
def test_the_nearest_focus_is_found_beside_the_box_as_well(name: str) -> None:
    at: Grid = grid(name)
    values = np.ones(at.shape, np.float32)
    values[10, 12, 2] = 9.0
    corner, shape = (8, 10, 6), (4, 5, 6)

    distance = focus_distance(at, values, (corner, shape), 5.0, 40.0)

    away = at.to_mm((8, 10, 6)) - at.to_mm((10, 12, 2))
    assert distance[0, 0, 0] == pytest.approx(float(np.linalg.norm(away)))
    assert np.isinf(focus_distance(at, values, (corner, shape), 5.0, 6.0)).all()
    assert np.isinf(focus_distance(at, values, (corner, shape), 9.0, 40.0)).all()
