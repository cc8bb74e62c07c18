"""The threshold sweep: balls of falling uptake, neighbours, floods, maxima that are none."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from quant.domain.grid import Grid
from quant.domain.region import Region
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.passport.sweep import FRACTIONS, REACH_MM, threshold_sweep
from quant.measure.shape.surface import asphericity, measure_surface
from quant_kernels.components import connected_part
from tests.support.masks import noise

Values = NDArray[np.float32]
SIDE = 31


def laid(values: Values, weights: Values, step_mm: float = 4.0) -> tuple[Volume, Region]:
    """Lay values and weights on one axial grid."""
    affine = np.diag([step_mm, step_mm, step_mm, 1.0])[:, [2, 1, 0, 3]]
    k, j, i = values.shape
    on = Grid((k, j, i), affine, "1.2.3")
    return Volume(on, values, Unit.COUNTS), Region.from_full(on, weights, "roi")


def distance(centre: tuple[float, float, float] = (15.0, 15.0, 15.0)) -> NDArray[np.float64]:
    """Distance of every voxel from a place, in voxels."""
    index = np.indices((SIDE, SIDE, SIDE))
    away = index - np.array(centre)[:, None, None, None]
    return np.asarray(np.sqrt((away**2).sum(axis=0)))


CONE = np.asarray(np.maximum(0.0, 100.0 - 10.0 * distance((15.2, 14.9, 15.1))), dtype=np.float32)
"""Falls by a tenth a voxel, so that every threshold gives a ball of known radius."""


def test_the_curve_is_that_of_balls_of_known_radius() -> None:
    volume, region = laid(CONE, (distance() <= 6.0).astype(np.float32))
    sweep = threshold_sweep(volume, region)

    assert sweep.fractions == FRACTIONS
    assert sweep.maximum == CONE.max()
    for fraction, volume_ml, corrected in zip(
        sweep.fractions, sweep.volume_ml, sweep.asphericity_corrected, strict=True
    ):
        radius_mm = 4.0 * (100.0 - fraction * float(CONE.max())) / 10.0
        # 6 %: voxels counted by their centres
        assert volume_ml == pytest.approx(4 / 3 * math.pi * radius_mm**3 / 1000.0, rel=0.06)
        assert corrected == pytest.approx(0.0, abs=0.03)
    assert all(value is not None and 0.05 < value < 0.15 for value in sweep.asphericity)
    assert set(sweep.parts) == {1}
    assert not any(sweep.open)


def test_each_point_is_what_scipy_finds_connected_with_the_maximum() -> None:
    rng = np.random.default_rng(4)
    values = ndimage.gaussian_filter(rng.random((SIDE,) * 3), 2.0).astype(np.float32)
    values = (values - values.min()) * 100.0
    inside = distance() <= 5.0
    volume, region = laid(values, inside.astype(np.float32))
    sweep = threshold_sweep(volume, region)
    grown = ndimage.binary_dilation(inside, np.ones((5, 5, 5)))  # two voxels: 8 mm of 10
    peak = np.unravel_index(np.argmax(np.where(inside, values, -1)), values.shape)

    assert sweep.maximum == values[peak]
    for place, fraction in enumerate(FRACTIONS):
        mask = grown & (values >= fraction * float(values[peak]))
        labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
        part = (labels == labels[peak]).astype(np.uint8)
        surface = measure_surface(part, (4.0, 4.0, 4.0))

        assert sweep.parts[place] == count
        assert sweep.volume_ml[place] == pytest.approx(part.sum() * 0.064)
        assert sweep.asphericity[place] == pytest.approx(
            asphericity(surface.mesh_area_mm2, surface.mesh_volume_mm3)
        )


def test_a_hotter_neighbour_is_neither_the_maximum_nor_part_of_the_shape() -> None:
    """A liver 40 mm off, twice as hot, and a cold gap between."""
    neighbour = np.where(distance((15.0, 15.0, 28.0)) <= 3.0, 200.0, 0.0).astype(np.float32)
    weights = (distance() <= 6.0).astype(np.float32)
    alone = threshold_sweep(*laid(CONE, weights))
    beside = threshold_sweep(*laid(np.maximum(CONE, neighbour), weights))

    assert beside == alone


def test_where_the_shape_would_flood_the_curve_says_so() -> None:
    """Background of 30 % of the maximum: below that everything is above the threshold."""
    values = np.maximum(CONE, 30.0).astype(np.float32)
    sweep = threshold_sweep(*laid(values, (distance() <= 4.0).astype(np.float32)))
    side = 2 * 4 + 1 + 2 * round(REACH_MM / 4.0)

    assert sweep.open[:3] == (True, True, True)
    assert not any(sweep.open[4:])
    assert sweep.volume_ml[0] <= side**3 * 0.064


@pytest.mark.parametrize("value", [0.0, -5.0, np.nan, np.inf])
def test_without_a_finite_maximum_above_zero_there_is_no_curve(value: float) -> None:
    values = np.full((SIDE,) * 3, value, np.float32)
    sweep = threshold_sweep(*laid(values, (distance() <= 4.0).astype(np.float32)))

    assert sweep.maximum is None
    assert sweep.fractions == sweep.volume_ml == ()
    assert [flag.code for flag in sweep.flags] == ["SWEEP_ABSENT"]


def test_voxels_without_a_value_outside_the_region_are_outside_the_shape() -> None:
    values = CONE.copy()
    values[distance() > 10.0] = np.nan

    weights = (distance() <= 6.0).astype(np.float32)

    assert threshold_sweep(*laid(values, weights)) == threshold_sweep(*laid(CONE, weights))


def test_the_sweep_ends_at_the_edge_of_the_image() -> None:
    volume, region = laid(CONE[12:], (distance() <= 6.0).astype(np.float32)[12:])
    sweep = threshold_sweep(volume, region)

    assert max(sweep.volume_ml) < 0.064 * CONE[12:].size
    assert not any(sweep.open)


@pytest.mark.parametrize("density", [0.1, 0.2, 0.5])
def test_a_connected_part_is_scipys(density: float) -> None:
    mask = noise((7, 8, 9), density, 5)
    labels, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    for k, j, i in ((0, 0, 0), (3, 4, 5), (6, 7, 8)):
        expected = (labels == labels[k, j, i]) & (mask == 1) & (mask[k, j, i] == 1)

        assert np.array_equal(connected_part(mask, k, j, i), expected)
