"""Ratios: right when both terms are there, absent with a code when one is not."""

import typing

import numpy as np
import pytest

from quant.domain.flags import Flag
from quant.domain.measurement import Measurement
from quant.domain.protocol import IntervalSettings, RatioName
from quant.domain.region import Role
from quant.domain.sphere import PlacedSphere, Sphere, SphereSource, SphereStatistics
from quant.measure.positions import position_values
from quant.measure.ratios import RATIOS, measure_ratios
from quant.measure.spheres import measure_spheres

SETTINGS = IntervalSettings()


def _tumour(maximum: float = 60.0, mean: float = 30.0, peak: float = 50.0) -> list[Measurement]:
    values = {"tumour_max": maximum, "tumour_mean": mean, "tumour_peak": peak}
    return [Measurement(name, value, "counts", "t") for name, value in values.items()]


def _placed(role: Role, mean: float, maximum: float, means: tuple[float, ...] = ()) -> PlacedSphere:
    sphere = Sphere(role, (1.0, 2.0, 3.0), 19.3, SphereSource.PLACED, 1.0, 25.0)
    statistics = SphereStatistics(mean, 1.0, maximum, 30.0, 1000)
    positions = np.array(means)
    return PlacedSphere(sphere, statistics, positions, positions * 2.0)


def _all(liver: float = 10.0, left: float = 4.0, right: float = 6.0) -> dict[Role, PlacedSphere]:
    return {
        Role.LIVER: _placed(Role.LIVER, liver, liver * 2, (9.0, 10.0, 11.0)),
        Role.MUSCLE_LEFT: _placed(Role.MUSCLE_LEFT, left, left * 2, (3.0, 5.0)),
        Role.MUSCLE_RIGHT: _placed(Role.MUSCLE_RIGHT, right, right * 2, (5.0, 7.0)),
    }


def _ratios(
    placed: dict[Role, PlacedSphere], settings: IntervalSettings = SETTINGS
) -> dict[str, Measurement]:
    references = measure_spheres(placed, {}, "counts")
    rows = measure_ratios(_tumour(), references, position_values(placed), settings)
    return {one.name: one for one in rows}


def test_the_five_ratios_and_the_companion_are_divided_by_hand() -> None:
    values = {name: one.value for name, one in _ratios(_all()).items()}

    assert values == {
        "tmax_lmax": 60.0 / 20.0,
        "tmean_lmean": 30.0 / 10.0,
        "tmax_lmean": 60.0 / 10.0,
        "tmax_mmax": 60.0 / ((8.0 + 12.0) / 2.0),
        "tmean_mmean": 30.0 / 5.0,
        "tpeak_lmean": 5.0,
    }


def test_a_missing_liver_leaves_its_ratios_absent_with_its_code_and_the_others_measured() -> None:
    placed = _all()
    del placed[Role.LIVER]
    why = {Role.LIVER: (Flag("LIVER_MISSING"),)}
    references = measure_spheres(placed, why, "counts")

    rows = {
        one.name: one
        for one in measure_ratios(_tumour(), references, position_values(placed), SETTINGS)
    }

    for name in ("tmax_lmax", "tmean_lmean", "tmax_lmean", "tpeak_lmean"):
        assert rows[name].value is None
        assert {flag.code for flag in rows[name].flags} == {"REFERENCE_ABSENT", "LIVER_MISSING"}
    assert rows["tmean_mmean"].value == 6.0


def test_one_missing_side_leaves_both_muscle_ratios_absent() -> None:
    placed = _all()
    del placed[Role.MUSCLE_LEFT]

    rows = _ratios(placed)

    assert rows["tmax_mmax"].value is None
    assert rows["tmean_mmean"].value is None
    assert rows["tmax_lmax"].value == 3.0


@pytest.mark.parametrize("liver", [0.0, -1.0])
def test_a_reference_of_zero_or_less_gives_no_number(liver: float) -> None:
    placed = _all(liver=liver)

    one = _ratios(placed)["tmean_lmean"]

    assert one.value is None
    assert one.flags[0].code == "DENOMINATOR_ZERO"


def test_the_interval_covers_the_stated_part_of_the_positions() -> None:
    placed = _all()
    means = np.linspace(8.0, 12.0, 101)
    placed[Role.LIVER] = _placed(Role.LIVER, 10.0, 20.0, tuple(means))

    interval = _ratios(placed)["tmean_lmean"].interval

    assert interval is not None
    expected = np.quantile(30.0 / means, [0.05, 0.95])
    assert (interval.low, interval.high) == pytest.approx(tuple(expected), rel=1e-12)
    assert "90%" in interval.covers
    assert "101" in interval.covers


def test_a_marked_sphere_without_positions_gives_a_value_without_an_interval() -> None:
    placed = _all()
    placed[Role.LIVER] = _placed(Role.LIVER, 10.0, 20.0)

    one = _ratios(placed)["tmean_lmean"]

    assert one.value == 3.0
    assert one.interval is None
    assert one.flags[0].code == "INTERVAL_ABSENT"


def test_every_ratio_is_there_whatever_is_missing() -> None:
    rows = _ratios({})

    assert set(rows) == {ratio.name for ratio in RATIOS}
    assert all(one.value is None and one.flags for one in rows.values())


def test_a_negative_ratio_is_reported_with_its_code() -> None:
    placed = _all()
    references = measure_spheres(placed, {}, "counts")
    tumour = _tumour(maximum=-6.0, mean=-3.0, peak=-5.0)

    rows = {
        one.name: one
        for one in measure_ratios(tumour, references, position_values(placed), SETTINGS)
    }

    assert rows["tmean_lmean"].value == -0.3
    assert [flag.code for flag in rows["tmean_lmean"].flags] == ["VALUE_NEGATIVE"]


def test_the_protocol_names_cutoffs_after_the_ratios_that_there_are() -> None:
    assert set(typing.get_args(RatioName)) == {ratio.name for ratio in RATIOS}


def test_the_probability_of_exceeding_a_cutoff_is_the_part_of_the_positions() -> None:
    """Liver maxima 18, 20, 22 under 60: 3.33, 3.0, 2.73. Muscle pairs 4, 5, 5, 6 under 30."""
    settings = IntervalSettings(cutoffs={"tmax_lmax": 2.9, "tmean_mmean": 6.278})

    rows = _ratios(_all(), settings)

    liver, muscle = rows["P(tmax_lmax > 2.9)"], rows["P(tmean_mmean > 6.278)"]
    assert liver.value == pytest.approx(2 / 3)
    assert muscle.value == 0.25
    assert (liver.roi, liver.unit) == ("t", "1")
    assert muscle.method == "placement: part of 4 admissible reference positions"


def test_a_cutoff_for_an_absent_ratio_gives_an_absent_probability_with_its_code() -> None:
    placed = _all()
    del placed[Role.MUSCLE_LEFT]

    one = _ratios(placed, IntervalSettings(cutoffs={"tmean_mmean": 6.0}))["P(tmean_mmean > 6)"]

    assert one.value is None
    assert one.flags[0].code == "REFERENCE_ABSENT"


def test_without_positions_there_is_no_probability() -> None:
    placed = _all()
    placed[Role.LIVER] = _placed(Role.LIVER, 10.0, 20.0)

    one = _ratios(placed, IntervalSettings(cutoffs={"tmean_lmean": 2.0}))["P(tmean_lmean > 2)"]

    assert one.value is None
    assert one.flags[0].code == "INTERVAL_ABSENT"


def test_without_cutoffs_there_are_six_rows() -> None:
    assert len(_ratios(_all())) == 6
