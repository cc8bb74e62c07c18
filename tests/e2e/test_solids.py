"""Noise-free, unblurred analytic studies give the truth, whatever their geometry."""

import math

import pytest

from quant.phantom.solid_studies import solid_cases
from tests.e2e.conftest import MeasuredBatch

NAMES = [case.name for case in solid_cases()]
RATIOS = ("tmax_lmax", "tmean_lmean", "tmax_lmean", "tmax_mmax", "tmean_mmean", "tpeak_lmean")


def _row(solids: MeasuredBatch, name: str) -> tuple[dict[str, str], dict[str, object]]:
    truth = next(one for one in solids.truths.values() if one["name"] == name)
    rows = {row["study_uid"]: row for row in solids.outcome.rows("studies.csv")}
    return rows[truth["study_uid"]], truth


def test_every_study_is_measured_whole(solids: MeasuredBatch) -> None:
    assert solids.outcome.status == 0
    assert {row["status"] for row in solids.outcome.rows("studies.csv")} == {"ok"}
    assert len(solids.outcome.rows("studies.csv")) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ratio", RATIOS)
def test_ratios_are_exact_to_a_thousandth(solids: MeasuredBatch, name: str, ratio: str) -> None:
    row, truth = _row(solids, name)
    ratios = truth["ratios"]
    assert isinstance(ratios, dict)

    assert float(row[ratio]) == pytest.approx(ratios[ratio], rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_liver_sphere_is_never_in_the_hot_left_lobe(solids: MeasuredBatch, name: str) -> None:
    row, truth = _row(solids, name)
    radius_mm = (30_000.0 * 3.0 / (4.0 * math.pi)) ** (1.0 / 3.0)
    begins = truth["liver_left_lobe_begins_x_mm"]
    assert isinstance(begins, float)

    assert float(row["liver_x_mm"]) + radius_mm < begins
    assert float(row["liver_sd"]) < 1e-3 * float(row["liver_mean"])


@pytest.mark.parametrize("name", NAMES)
def test_muscle_spheres_lie_in_their_muscle_at_the_level_of_l2(
    solids: MeasuredBatch, name: str
) -> None:
    row, truth = _row(solids, name)
    organs = truth["organs"]
    assert isinstance(organs, dict)
    vertebra = organs["vertebrae_L2"]

    for side in ("left", "right"):
        box = organs[f"autochthon_{side}"]
        centre = [float(row[f"muscle_{side}_{axis}_mm"]) for axis in "xyz"]
        assert all(
            low < value < high
            for low, value, high in zip(box["low_mm"], centre, box["high_mm"], strict=True)
        )
        assert vertebra["low_mm"][2] - 3.0 < centre[2] < vertebra["high_mm"][2] + 3.0


@pytest.mark.parametrize("name", NAMES)
def test_region_volume_is_right_to_one_percent(solids: MeasuredBatch, name: str) -> None:
    row, truth = _row(solids, name)
    tumour = truth["tumour"]
    assert isinstance(tumour, dict)
    assert tumour["volume_ml"] > 5.0

    assert float(row["tumour_volume_ml"]) == pytest.approx(tumour["volume_ml"], rel=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_the_parts_of_the_tumour_are_counted(solids: MeasuredBatch, name: str) -> None:
    row, truth = _row(solids, name)
    tumour = truth["tumour"]
    assert isinstance(tumour, dict)

    assert int(row["components"]) == tumour["components"]
    assert int(row["holes"]) == (1 if name.startswith("hollow") else 0)


@pytest.mark.parametrize("ratio", RATIOS)
def test_geometry_does_not_move_the_answer(solids: MeasuredBatch, ratio: str) -> None:
    values = [float(row[ratio]) for row in solids.outcome.rows("studies.csv")]

    assert max(values) == pytest.approx(min(values), rel=1e-3)


def test_intervals_over_positions_are_tight_in_uniform_organs(solids: MeasuredBatch) -> None:
    for row in solids.outcome.rows("studies.csv"):
        low, value, high = (float(row[f"tmean_lmean{end}"]) for end in ("_low", "", "_high"))

        assert low <= value * 1.001
        assert high >= value * 0.999
        assert high - low < 0.15 * value
