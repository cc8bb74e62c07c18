"""Replicates: each one measured again by the engine itself, and spreads against closed forms."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.protocol import PeakRule, UptakeSettings
from quant.domain.region import Region, Role
from quant.domain.sphere import PlacedSphere, Sphere, SphereSource, SphereStatistics
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.noise import replicates as module
from quant.measure.noise.field import filtered, gaussian_taps, generator, noise_fields, padded
from quant.measure.noise.level import NoiseLevel
from quant.measure.noise.replicates import Replicates, region_changes, region_scene, sphere_changes
from quant.measure.uptake import measure_uptake
from quant.reference.stencil import sphere_stencil
from tests.support.geometry import AFFINES, grid

SHAPE = (14, 15, 16)
UPTAKE = UptakeSettings()


def _level(per_mean: float, fwhm_mm: float) -> NoiseLevel:
    return NoiseLevel(per_mean, fwhm_mm, 0.1, ((per_mean, fwhm_mm),), "stated")


def _bump(one: Grid) -> NDArray[np.float64]:
    index = np.stack(np.meshgrid(*(np.arange(n) for n in one.shape), indexing="ij"), axis=-1)
    squares = np.square(one.to_mm(index)).sum(axis=-1)
    image: NDArray[np.float64] = 20.0 + 100.0 * np.exp(-squares / (2.0 * 12.0**2))
    return image


def _region(one: Grid, corner: tuple[int, int, int] = (4, 5, 6)) -> Region:
    weights = np.random.default_rng(6).random((5, 4, 6)).astype(np.float32)
    return Region(one, corner, weights, "mass", Role.TUMOUR)


def _values(volume: Volume, region: Region, settings: UptakeSettings) -> dict[str, float]:
    rows = {row.name: row.value for row in measure_uptake(volume, region, settings)}
    return {what: float(rows[f"tumour_{what}"] or 0.0) for what in ("mean", "max", "peak")}


@pytest.mark.parametrize("name", sorted(AFFINES))
@pytest.mark.parametrize("rule", list(PeakRule))
@pytest.mark.parametrize("corner", [(4, 5, 6), (0, 11, 10)])
def test_without_noise_a_scene_measures_what_the_engine_measures(
    name: str, rule: PeakRule, corner: tuple[int, int, int]
) -> None:
    """In the middle and in a corner of the volume, where the peak sphere is cut off."""
    one, settings = grid(name, SHAPE), UptakeSettings(peak_rule=rule)
    volume = Volume(one, _bump(one).astype(np.float32), Unit.COUNTS)
    region = _region(one, corner)

    scene = region_scene(volume, region, settings, 0.0)

    found = module._measured(scene, scene.mean_image[None])  # noqa: SLF001 - what replicates use
    expected = _values(volume, region, settings)
    assert {what: float(one[0]) for what, one in found.items()} == pytest.approx(expected, rel=1e-6)


def test_every_replicate_is_what_the_engine_measures_on_the_noisy_image() -> None:
    one = grid("anisotropic", SHAPE)
    volume = Volume(one, _bump(one).astype(np.float32), Unit.COUNTS)
    region = _region(one)
    replicates = Replicates(_level(0.5, 6.0), 5, "seed")

    changes = region_changes(volume, region, UPTAKE, replicates)

    scene = region_scene(volume, region, UPTAKE, 6.0)
    shape = scene.mean_image.shape
    noise = noise_fields(
        generator("seed", "region mass"), 5, shape, gaussian_taps(one.spacing_mm, 6.0)
    )
    first = [(n - m) // 2 for n, m in zip(shape, region.weights.shape, strict=True)]
    box = tuple(
        slice(c - f, c - f + n) for c, f, n in zip(region.corner, first, shape, strict=True)
    )
    still = np.zeros(SHAPE)
    still[box] = scene.mean_image
    before = _values(Volume(one, still.astype(np.float32), Unit.COUNTS), region, UPTAKE)
    for at in range(5):
        image = still.copy()
        image[box] += noise[at] * np.sqrt(0.5 * scene.mean_image)
        after = _values(Volume(one, image.astype(np.float32), Unit.COUNTS), region, UPTAKE)
        for what in ("mean", "max", "peak"):
            assert changes[what][at] == pytest.approx(after[what] - before[what], abs=2e-4)


def _sphere(centre_mm: tuple[float, float, float]) -> PlacedSphere:
    sphere = Sphere(Role.LIVER, centre_mm, 13.0, SphereSource.PLACED)
    return PlacedSphere(sphere, SphereStatistics(80.0, 1.0, 80.0, 9.2, 100))


@pytest.mark.parametrize("name", ["axial", "anisotropic", "oblique"])
@pytest.mark.parametrize("fwhm_mm", [0.0, 8.0])
def test_the_mean_of_a_sphere_spreads_as_the_closed_form_says(name: str, fwhm_mm: float) -> None:
    """Var of a weighted mean: level x mean x the squares of the filtered weights, added up.

    3000 replicates give a variance right to 2.6 % (one SD).
    """
    one = grid(name, SHAPE)
    volume = Volume(one, np.full(SHAPE, 80.0, dtype=np.float32), Unit.COUNTS)
    placed = _sphere((1.1, -0.7, 0.4))

    changes = sphere_changes(volume, placed, Replicates(_level(0.3, fwhm_mm), 3000, "s"))

    index = one.to_index(placed.sphere.centre_mm)
    voxel = np.floor(index + 0.5)
    weights = sphere_stencil(one.axes_mm, 13.0, one.axes_mm @ (index - voxel)).weights
    taps = gaussian_taps(one.spacing_mm, fwhm_mm)
    spread = filtered(padded(padded(weights, taps), taps), taps)
    expected = 0.3 * 80.0 * float((spread**2).sum()) / float(weights.sum()) ** 2
    assert float(changes["mean"].var()) == pytest.approx(expected, rel=0.1)
    assert float(changes["mean"].mean()) == pytest.approx(0.0, abs=4 * math.sqrt(expected / 3000))


def test_white_noise_lifts_the_maximum_of_an_even_sphere_as_order_statistics_say() -> None:
    """The expected maximum of n normal values; n voxels at least half inside."""
    one = grid("axial", SHAPE)
    volume = Volume(one, np.full(SHAPE, 80.0, dtype=np.float32), Unit.COUNTS)

    changes = sphere_changes(
        volume, _sphere((0.0, 0.0, 0.0)), Replicates(_level(0.2, 0.0), 4000, "s")
    )

    stencil = sphere_stencil(one.axes_mm, 13.0, one.axes_mm @ np.array([0.5, 0.5, 0.5]))
    voxels = int(np.count_nonzero(stencil.weights >= 0.5))
    many = np.random.default_rng(1).standard_normal((4000, voxels)).max(axis=1)
    expected = 4.0 * float(many.mean())
    assert float(changes["max"].mean()) == pytest.approx(expected, rel=0.02)


def test_a_sphere_beyond_the_volume_is_measured_where_it_is_seen() -> None:
    one = grid("axial", SHAPE)
    volume = Volume(one, np.full(SHAPE, 80.0, dtype=np.float32), Unit.COUNTS)
    x, y, z = (float(c) for c in one.to_mm((0, 7, 8)))

    changes = sphere_changes(volume, _sphere((x, y, z)), Replicates(_level(0.2, 5.0), 50, "s"))

    assert np.isfinite(changes["mean"]).all()
    assert float(changes["mean"].std()) > 0.0


def test_no_noise_changes_nothing() -> None:
    one = grid("axial", SHAPE)
    volume = Volume(one, _bump(one).astype(np.float32), Unit.COUNTS)

    for changes in (
        region_changes(volume, _region(one), UPTAKE, Replicates(_level(0.0, 0.0), 3, "s")),
        sphere_changes(volume, _sphere((0.0, 0.0, 0.0)), Replicates(_level(0.0, 0.0), 3, "s")),
    ):
        for change in changes.values():
            assert change == pytest.approx(np.zeros(3), abs=1e-9)


def test_memory_limits_do_not_change_a_byte() -> None:
    one = grid("axial", SHAPE)
    volume = Volume(one, _bump(one).astype(np.float32), Unit.COUNTS)
    replicates = Replicates(_level(0.4, 7.0), 17, "s")

    whole = region_changes(volume, _region(one), UPTAKE, replicates)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_AT_ONCE", 1)
        pieces = region_changes(volume, _region(one), UPTAKE, replicates)

    for what, change in whole.items():
        assert change.tobytes() == pieces[what].tobytes()


def test_replicates_are_shared_out_among_the_plausible_levels() -> None:
    kinds = tuple((float(n), 1.0) for n in range(7))
    replicates = Replicates(NoiseLevel(1.0, 1.0, 0.1, kinds, "estimated"), 50, "s")

    groups = replicates.groups()

    assert sum(count for _, _, count in groups) == 50
    assert {count for _, _, count in groups} == {7, 8}


def test_a_region_that_fills_no_half_voxel_has_a_mean_only() -> None:
    one = grid("axial", SHAPE)
    volume = Volume(one, _bump(one).astype(np.float32), Unit.COUNTS)
    thin = Region(one, (5, 5, 5), np.full((2, 2, 2), 0.3, dtype=np.float32), "thin", Role.LESION)

    changes = region_changes(volume, thin, UPTAKE, Replicates(_level(0.4, 7.0), 5, "s"))

    assert set(changes) == {"mean"}
