"""Uptake of a region against a plain loop over its voxels."""

import numpy as np
import pytest

from quant.domain.protocol import PeakRule, UptakeSettings
from quant.domain.region import Region, Role
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.uptake import measure_uptake
from tests.support.geometry import AFFINES, SHAPE, grid

SETTINGS = UptakeSettings()


def _study(name: str, seed: int = 5) -> tuple[Volume, Region]:
    rng = np.random.default_rng(seed)
    weights = np.zeros(SHAPE, np.float32)
    weights[6:13, 7:15, 8:17] = rng.uniform(0.0, 1.0, (7, 8, 9)).astype(np.float32)
    volume = Volume(grid(name), rng.gamma(2.0, 40.0, SHAPE).astype(np.float32), Unit.COUNTS)
    return volume, Region.from_full(grid(name), weights, "mass", Role.TUMOUR)


@pytest.mark.parametrize("name", AFFINES)
def test_values_equal_a_plain_loop_over_the_voxels(name: str) -> None:
    volume, region = _study(name)
    weights = region.full_weights()
    total = squares = weight_sum = 0.0
    top, voxels = -np.inf, 0
    for index in np.ndindex(SHAPE):
        weight, value = float(weights[index]), float(volume.values[index])
        total += weight * value
        squares += weight * value * value
        weight_sum += weight
        if weight >= 0.5:
            voxels += 1
            top = max(top, value)

    found = {one.name: one for one in measure_uptake(volume, region, SETTINGS)}

    mean = total / weight_sum
    assert found["tumour_mean"].value == pytest.approx(mean, rel=1e-9)
    sd = np.sqrt(squares / weight_sum - mean**2)
    assert found["tumour_sd"].value == pytest.approx(sd, rel=1e-7)
    assert found["tumour_max"].value == top
    assert found["tumour_voxels"].value == voxels
    volume_ml = weight_sum * volume.grid.voxel_volume_ml
    assert found["tumour_volume_ml"].value == pytest.approx(volume_ml, rel=1e-9)
    assert {one.roi for one in found.values()} == {"mass"}


def test_the_peak_over_voxel_centres_equals_a_plain_search() -> None:
    volume, region = _study("axial")
    weights = region.full_weights()
    radius = (3000.0 / (4.0 * np.pi)) ** (1.0 / 3.0)
    points = volume.grid.to_mm(np.argwhere(np.ones(SHAPE)))
    values = volume.values.ravel().astype(np.float64)
    best = -np.inf
    for centre in np.argwhere(weights >= 0.5):
        near = np.linalg.norm(points - volume.grid.to_mm(centre), axis=1) <= radius
        best = max(best, values[near].mean())
    settings = UptakeSettings(peak_rule=PeakRule.CENTRES)

    found = {one.name: one for one in measure_uptake(volume, region, settings)}

    assert found["tumour_peak"].value == pytest.approx(best, rel=1e-9)
    assert "centres" in found["tumour_peak"].method


def test_a_region_below_half_a_voxel_has_a_mean_but_no_maximum() -> None:
    volume, _ = _study("axial")
    weights = np.zeros(SHAPE, np.float32)
    weights[5, 5, 5] = 0.25
    region = Region.from_full(grid("axial"), weights, "speck", Role.LESION)

    found = {one.name: one for one in measure_uptake(volume, region, SETTINGS)}

    assert found["tumour_mean"].value == pytest.approx(float(volume.values[5, 5, 5]))
    for name in ("tumour_max", "tumour_peak"):
        assert found[name].value is None
        assert [flag.code for flag in found[name].flags] == ["REGION_BELOW_HALF"]


def test_negative_uptake_is_reported_with_its_code() -> None:
    volume, region = _study("axial")
    below = Volume(volume.grid, volume.values - np.float32(5000.0), Unit.RELATIVE)

    found = {one.name: one for one in measure_uptake(below, region, SETTINGS)}

    for name in ("tumour_max", "tumour_mean", "tumour_peak"):
        assert found[name].value is not None
        assert [flag.code for flag in found[name].flags] == ["VALUE_NEGATIVE"]
