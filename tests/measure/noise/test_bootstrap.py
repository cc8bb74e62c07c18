"""Ratios under noise: seeds and order, what is absent and why, and draws by hand."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.measurement import Measurement
from quant.domain.protocol import IntervalSettings, NoiseSource, StudyProtocol
from quant.domain.region import Region, Role
from quant.domain.sphere import PlacedSphere, Sphere, SphereSource, SphereStatistics
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.intervals import with_intervals
from quant.measure.noise.field import gaussian_taps, generator, noise_fields
from quant.measure.noise.rows import quotients, under_noise
from quant.measure.positions import position_values
from quant.measure.ratios import RATIOS, measure_ratios
from quant.measure.spheres import measure_spheres
from quant.measure.uptake import measure_uptake
from quant.reference.stencil import sphere_stencil
from quant.reference.sweep import swept
from tests.support.geometry import grid

SHAPE = (16, 18, 22)
GRID = grid("axial", SHAPE)
CENTRES = {
    Role.LIVER: ((8, 9, 5), 14.0),
    Role.MUSCLE_LEFT: ((4, 4, 16), 9.0),
    Role.MUSCLE_RIGHT: ((12, 4, 16), 9.0),
}
SETTINGS = IntervalSettings(
    noise=NoiseSource.BOOTSTRAP, replicates=60, cutoffs={"tmax_lmax": 1.5, "tmean_mmean": 3.0}
)
PROTOCOL = StudyProtocol(name="test", intervals=SETTINGS)


def _volume(level: float = 100.0) -> Volume:
    noise = noise_fields(generator("volume", "1"), 1, SHAPE, gaussian_taps(GRID.spacing_mm, 7.0))
    values = level * (1.0 + 0.1 * noise[0])
    values[6:10, 11:15, 15:20] *= 4.0
    return Volume(GRID, values.astype(np.float32), Unit.COUNTS)


def _placed(volume: Volume, reach: int = 1) -> dict[Role, PlacedSphere]:
    """Spheres with all positions within ``reach`` voxels of their centre."""
    found = {}
    for role, (centre, radius) in CENTRES.items():
        mask = np.zeros(SHAPE, dtype=bool)
        mask[tuple(slice(c - reach, c + reach + 1) for c in centre)] = True
        sweep = swept(volume.values, None, ((0, 0, 0), mask), sphere_stencil(GRID.axes_mm, radius))
        at = sweep.size // 2
        x, y, z = (float(c) for c in GRID.to_mm(sweep.indices[at]))
        found[role] = PlacedSphere(
            Sphere(role, (x, y, z), radius, SphereSource.PLACED),
            SphereStatistics(float(sweep.means[at]), 1.0, float(sweep.maxima[at]), 1.0, 50),
            sweep.means,
            sweep.maxima,
            position_indices=sweep.indices,
        )
    return found


def _tumour(name: str = "mass", role: Role = Role.TUMOUR) -> Region:
    return Region(GRID, (6, 11, 15), np.ones((4, 4, 5), dtype=np.float32), name, role)


def _measured(
    volume: Volume, placed: dict[Role, PlacedSphere], regions: list[Region]
) -> tuple[Measurement, ...]:
    positions = position_values(placed)
    references = with_intervals(measure_spheres(placed, {}, "counts"), positions, 0.9)
    rows = list(references)
    for region in regions:
        uptake = measure_uptake(volume, region, PROTOCOL.uptake)
        rows += [*uptake, *measure_ratios(uptake, references, positions, SETTINGS)]
    return tuple(rows)


def _resampled(
    volume: Volume,
    placed: dict[Role, PlacedSphere],
    regions: list[Region],
    protocol: StudyProtocol = PROTOCOL,
    seed: str = "seed",
) -> tuple[Measurement, ...]:
    measured = _measured(volume, placed, regions)
    return under_noise(volume, regions, placed, protocol, measured, seed)


def _by_name(rows: tuple[Measurement, ...], roi: str | None = None) -> dict[str, Measurement]:
    return {one.name: one for one in rows if roi is None or one.roi == roi}


def test_every_ratio_has_both_intervals_and_every_cutoff_both_probabilities() -> None:
    volume = _volume()

    rows = _by_name(_resampled(volume, _placed(volume), [_tumour()]))

    for ratio in RATIOS:
        for suffix, what in (("_noise", "noise"), ("_placement_noise", "placement and noise")):
            one = rows[f"{ratio.name}{suffix}"]
            assert one.interval is not None
            assert one.interval.low < float(one.value or 0.0) < one.interval.high
            assert one.interval.covers == f"90% under {what}, noise-free value"
            assert one.method == "parametric bootstrap, 60 replicates"
    for name in ("P(tmax_lmax > 1.5)", "P(tmean_mmean > 3)"):
        for suffix in ("_noise", "_placement_noise"):
            assert 0.0 <= float(rows[f"{name}{suffix}"].value or 0.0) <= 1.0


def test_the_bias_of_maxima_is_positive_and_taken_off() -> None:
    volume = _volume()
    placed = _placed(volume)

    rows = _by_name(_resampled(volume, placed, [_tumour()]))

    maximum = float(volume.values[6:10, 11:15, 15:20].max())
    assert float(rows["tumour_max_noise_bias"].value or 0.0) > 0.0
    assert float(rows["liver_max_noise_bias"].value or 0.0) > 0.0
    assert float(rows["tumour_max_noise"].value or 0.0) < maximum
    liver = rows["liver_mean_noise"]
    assert liver.value == pytest.approx(placed[Role.LIVER].statistics.mean, rel=0.02)
    assert "liver_mean_noise_bias" not in rows


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    volume = _volume()
    placed = _placed(volume)

    first = _resampled(volume, placed, [_tumour()])

    assert _resampled(volume, placed, [_tumour()]) == first
    assert _resampled(volume, placed, [_tumour()], seed="other") != first
    other = StudyProtocol(name="test", intervals=SETTINGS.model_copy(update={"seed": 5}))
    assert _resampled(volume, placed, [_tumour()], other) != first


def test_neither_the_order_of_regions_nor_of_spheres_nor_other_lesions_matter() -> None:
    volume = _volume()
    placed = _placed(volume)
    turned = dict(reversed(placed.items()))
    lesion = _tumour("bone", Role.LESION)

    alone = _by_name(_resampled(volume, placed, [_tumour()]), "mass")
    both = _by_name(_resampled(volume, turned, [lesion, _tumour()]), "mass")

    assert both == alone


def test_one_lesion_does_not_share_its_noise_with_another() -> None:
    volume = _volume()

    rows = _resampled(volume, _placed(volume), [_tumour(), _tumour("bone", Role.LESION)])

    first, second = (_by_name(rows, roi)["tumour_mean_noise"] for roi in ("mass", "bone"))
    assert first.interval != second.interval


@pytest.mark.parametrize("threads", ["1", "2", "4"])
def test_threads_do_not_change_a_byte(threads: str) -> None:
    """In a process of its own: the threads of BLAS and numba are set when numpy is loaded."""
    code = "from tests.measure.noise.test_bootstrap import digest; print(digest(), end='')"
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
        env=dict(os.environ, **dict.fromkeys(names, threads)),
    )

    assert done.stdout == digest()


def digest() -> str:
    """All rows of one study, every digit."""
    volume = _volume()
    return repr(_resampled(volume, _placed(volume), [_tumour()]))


def test_without_a_liver_sphere_everything_is_absent_and_says_so() -> None:
    volume = _volume()
    placed = _placed(volume)
    del placed[Role.LIVER]

    rows = _by_name(_resampled(volume, placed, [_tumour()]))

    assert all(one.value is None for one in rows.values())
    assert rows["noise_cov"].flags[0].code == "NOISE_UNKNOWN"
    assert rows["tmean_mmean_noise"].flags[0].code == "NOISE_UNKNOWN"
    assert rows["tmean_lmean_noise"].flags[0].code == "REFERENCE_ABSENT"


def test_a_missing_muscle_leaves_the_liver_ratios() -> None:
    volume = _volume()
    placed = _placed(volume)
    del placed[Role.MUSCLE_RIGHT]

    rows = _by_name(_resampled(volume, placed, [_tumour()]))

    assert rows["tmean_lmean_placement_noise"].interval is not None
    assert rows["tmean_mmean_noise"].value is None
    assert rows["tmean_mmean_noise"].flags[0].code == "REFERENCE_ABSENT"
    assert rows["muscle_left_mean_noise"].interval is not None
    assert "muscle_mean_noise" not in rows


def test_one_position_has_an_interval_under_noise_only() -> None:
    volume = _volume()

    rows = _by_name(_resampled(volume, _placed(volume, reach=0), [_tumour()]))

    assert rows["tmean_lmean_noise"].interval is not None
    for name in ("tmean_lmean", "tmean_mmean", "P(tmax_lmax > 1.5)"):
        one = rows[f"{name}_placement_noise"]
        assert one.value is None
        assert [flag.code for flag in one.flags] == ["INTERVAL_ABSENT"]


def test_one_side_with_many_positions_is_enough_for_muscle() -> None:
    volume = _volume()
    one, many = _placed(volume, reach=0), _placed(volume)

    placed = {**many, Role.MUSCLE_LEFT: one[Role.MUSCLE_LEFT]}
    rows = _by_name(_resampled(volume, placed, [_tumour()]))

    assert rows["tmean_mmean_placement_noise"].interval is not None


def test_without_a_tumour_its_values_are_absent_and_the_references_are_not() -> None:
    from quant.domain.flags import Flag

    volume = _volume()
    placed = _placed(volume)
    names = [f"tumour_{what}" for what in ("max", "mean", "peak")]
    why = (Flag("TUMOUR_MISSING"),)
    measured = (
        *_measured(volume, placed, []),
        *(Measurement(name, None, "counts", flags=why) for name in names),
    )

    rows = _by_name(under_noise(volume, [], placed, PROTOCOL, measured, "s"))

    assert rows["tmax_lmax_noise"].flags == why
    assert rows["P(tmax_lmax > 1.5)_noise"].flags == why
    assert rows["tumour_max_noise_bias"].flags == why
    assert rows["liver_mean_noise"].interval is not None


def test_a_reference_that_noise_brings_to_zero_leaves_no_interval() -> None:
    volume = _volume()
    placed = _placed(volume)
    settings = SETTINGS.model_copy(update={"noise_cov": 3.0, "noise_fwhm_mm": 20.0})

    rows = _by_name(
        _resampled(volume, placed, [_tumour()], StudyProtocol(name="t", intervals=settings))
    )

    one = rows["tmean_mmean_noise"]
    assert one.value is None
    assert [flag.code for flag in one.flags] == ["INTERVAL_ABSENT"]
    assert "unbounded" in one.flags[0].detail


def test_even_positions_do_not_widen_the_interval_and_uneven_ones_do() -> None:
    volume = _volume()
    placed = _placed(volume)
    liver = placed[Role.LIVER]
    means = liver.position_means
    widths = []
    for spread in (0.0, 0.2):
        steps = 1.0 + spread * np.linspace(-1.0, 1.0, means.size)
        moved = {**placed, Role.LIVER: replace(liver, position_means=means.mean() * steps)}
        rows = _by_name(_resampled(volume, moved, [_tumour()]))
        noise, both = (rows[f"tmean_lmean{suffix}"].interval for suffix in (
            "_noise", "_placement_noise"
        ))  # fmt: skip
        assert noise is not None
        assert both is not None
        widths.append((both.high - both.low) / (noise.high - noise.low))

    assert widths[0] <= 1.05
    assert widths[1] > 1.5


def test_draws_over_zero_or_less_are_unbounded_with_the_sign_of_the_numerator() -> None:
    above: NDArray[np.float64] = np.array([4.0, 4.0, -4.0, 6.0])
    below = np.array([2.0, 0.0, -1.0, -2.0])

    assert quotients(above, below).tolist() == [2.0, np.inf, -np.inf, np.inf]
