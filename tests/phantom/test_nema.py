"""The NEMA IEC phantom, written and measured by the command line."""

from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from quant.phantom.nema import DIAMETERS_MM, spheres
from tests.phantom.conftest import Written
from tests.support.run import PLAIN, Outcome, run_here


@pytest.fixture(scope="module")
def measured(nema_studies: Written, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Measure both studies."""
    return run_here(nema_studies.folder, tmp_path_factory.mktemp("measured") / "out", *PLAIN)


def _rows(measured: Outcome, nema: Written, study: str) -> dict[str, dict[str, str]]:
    uid = nema.truths[study]["study_uid"]
    return {row["roi"]: row for row in measured.rows("lesions.csv") if row["study_uid"] == uid}


def test_spheres_lie_on_their_ring_sixty_degrees_apart() -> None:
    centres = np.array([ball.centre_mm for ball in spheres().values()])

    assert np.linalg.norm(centres, axis=1) == pytest.approx(57.2)
    assert np.linalg.norm(centres - np.roll(centres, 1, axis=0), axis=1) == pytest.approx(57.2)
    assert [2.0 * ball.radius_mm for ball in spheres().values()] == list(DIAMETERS_MM)


@pytest.mark.parametrize("study", ["nema_sharp", "nema_blurred"])
def test_every_sphere_is_measured_in_bq_per_ml(
    study: str, nema_studies: Written, measured: Outcome
) -> None:
    rows = _rows(measured, nema_studies, study)

    assert rows.keys() == nema_studies.truths[study]["lesions"].keys()
    assert {row["unit"] for row in rows.values()} == {"Bq/ml"}
    assert {row["modality"] for row in rows.values()} == {"PT"}


@pytest.mark.parametrize("diameter", [22.0, 28.0, 37.0])
def test_volumes_from_five_millilitres_up_are_right_to_one_percent(
    diameter: float, nema_studies: Written, measured: Outcome
) -> None:
    rows = _rows(measured, nema_studies, "nema_sharp")
    exact_ml = pi * diameter**3 / 6000.0
    assert exact_ml > 5.0

    row = rows[f"Lesion sphere {diameter:.0f} mm"]

    assert float(row["tumour_volume_ml"]) == pytest.approx(exact_ml, rel=0.01)


def test_the_mean_of_the_largest_sphere_is_exact(nema_studies: Written, measured: Outcome) -> None:
    """Sharp: the mean over the discs on the slices, recounted from the files by 24 x 24 points.

    A contour stands for its whole slice, so the drawn region is a stack of discs; against the exact
    ball its rim differs a little, and in an unblurred image that moves the mean by half a percent.
    """
    name = "Lesion sphere 37 mm"
    truth = nema_studies.truths["nema_sharp"]["lesions"][name]

    row = _rows(measured, nema_studies, "nema_sharp")[name]

    expected = _mean_over_discs(nema_studies.folder / "nema_sharp" / "pt", truth)
    assert float(row["tumour_mean"]) == pytest.approx(expected, rel=1e-3)
    assert float(row["tumour_mean"]) == pytest.approx(truth["mean_fractional_bq_per_ml"], rel=0.01)
    assert float(row["tumour_max"]) == pytest.approx(21_200.0, rel=1e-4)
    assert truth["max_bq_per_ml"] == pytest.approx(21_200.0)


def _mean_over_discs(folder: Path, truth: dict[str, Any]) -> float:
    """Mean over the discs that a ball has on each slice, each voxel by its share of points."""
    fine = (np.arange(24) + 0.5) / 24.0 - 0.5
    weighted, weights = 0.0, 0.0
    for path in sorted(folder.glob("*.dcm")):
        data = pydicom.dcmread(path)
        values = data.pixel_array * float(data.RescaleSlope)
        x, y, z = (
            float(corner) - centre
            for corner, centre in zip(data.ImagePositionPatient, truth["centre_mm"], strict=True)
        )
        left = truth["radius_mm"] ** 2 - z**2
        if left <= 0.0:
            continue
        xs = x + 2.0 * (np.arange(values.shape[1])[:, None] + fine).ravel()
        ys = y + 2.0 * (np.arange(values.shape[0])[:, None] + fine).ravel()
        inside = ys[:, None] ** 2 + xs**2 <= left
        share = inside.reshape(values.shape[0], 24, values.shape[1], 24).mean(axis=(1, 3))
        weighted += float((share * values).sum())
        weights += float(share.sum())
    return weighted / weights


def test_blur_takes_more_from_smaller_spheres(nema_studies: Written, measured: Outcome) -> None:
    truth = nema_studies.truths["nema_blurred"]["lesions"]
    rows = _rows(measured, nema_studies, "nema_blurred")
    means = [float(rows[f"Lesion sphere {d:.0f} mm"]["tumour_mean"]) for d in DIAMETERS_MM]

    assert means == sorted(means)
    assert 5_300.0 < means[0] < 0.6 * 21_200.0
    for diameter, mean in zip(DIAMETERS_MM, means, strict=True):
        expected = truth[f"Lesion sphere {diameter:.0f} mm"]["mean_fractional_bq_per_ml"]
        assert mean == pytest.approx(expected, rel=0.01)


def test_background_and_lung_insert_hold_what_they_say(nema_studies: Written) -> None:
    """Middle slice of the sharp study: nothing in the insert, the background beside it."""
    path = nema_studies.folder / "nema_sharp" / "pt" / "pt_0031.dcm"
    data = pydicom.dcmread(path)
    values = data.pixel_array * float(data.RescaleSlope)
    x = float(data.ImagePositionPatient[0]) + 2.0 * np.arange(values.shape[1])
    y = float(data.ImagePositionPatient[1]) + 2.0 * np.arange(values.shape[0])
    radius = np.hypot(*np.meshgrid(x, y))

    assert set(values[radius < 23.0]) == {0.0}
    ring = values[(radius > 29.0) & (radius < 36.0)]
    assert ring == pytest.approx(5_300.0, rel=1e-4)
