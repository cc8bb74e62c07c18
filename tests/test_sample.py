"""The sample study in ``data-samples/``: intact, regenerable, and measured as its truth says."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from quant.phantom.kinds import PhantomKind
from quant.phantom.studies import write_phantom
from tests.support.run import Outcome, run

SAMPLES = Path(__file__).parents[1] / "data-samples"
SPECT = {"torso/spect_ac.dcm", "torso/spect_nac.dcm"}


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    """Read the truth of the one study."""
    document = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))
    (study,) = document["studies"]
    assert isinstance(study, dict)
    return study


@pytest.fixture(scope="module")
def regenerated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the study anew."""
    folder = tmp_path_factory.mktemp("sample")
    write_phantom(folder, PhantomKind.TORSO, 1)
    return folder


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Measure the sample as a user would."""
    return run(SAMPLES, tmp_path_factory.mktemp("measured") / "out")


@pytest.fixture(scope="module")
def row(measured: Outcome) -> dict[str, str]:
    """Read the one row of the table of studies."""
    (only,) = measured.rows("studies.csv")
    return only


def _files(folder: Path) -> set[str]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix() for path in paths}


def test_the_checksums_hold_and_cover_every_data_file() -> None:
    lines = (SAMPLES / "SHA256SUMS.txt").read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}

    for name, digest in sums.items():
        assert hashlib.sha256((SAMPLES / name).read_bytes()).hexdigest() == digest, name
    assert _files(SAMPLES) - sums.keys() <= {"README.md", "LICENSE", "SHA256SUMS.txt"}


def test_the_sample_is_small_and_carries_its_licence() -> None:
    size = sum((SAMPLES / name).stat().st_size for name in _files(SAMPLES))

    assert size < 12_000_000
    assert "Apache License" in (SAMPLES / "LICENSE").read_text(encoding="utf-8")
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert "SIMULATED" in readme
    assert "TotalSegmentator" in readme


def test_regenerating_gives_the_committed_files(regenerated: Path) -> None:
    """Byte for byte, the SPECT pixels apart: these follow from sums of floats.

    Linear algebra and mathematical libraries differ between machines in the last bit; where an
    expected count lies at the edge between two draws, the count may differ.
    """
    made = _files(regenerated)
    assert made == {name for name in _files(SAMPLES) if name.startswith("torso/")} | {"truth.json"}

    for name in sorted(made - SPECT - {"truth.json"}):
        assert (regenerated / name).read_bytes() == (SAMPLES / name).read_bytes(), name


@pytest.mark.parametrize("name", sorted(SPECT))
def test_regenerated_counts_differ_in_a_thousandth_of_voxels_at_most(
    name: str, regenerated: Path
) -> None:
    new, old = pydicom.dcmread(regenerated / name), pydicom.dcmread(SAMPLES / name)

    assert (new.pixel_array != old.pixel_array).mean() <= 1e-3
    for data in (new, old):
        assert data.CountsAccumulated == data.pixel_array.sum()
        del data.PixelData
        del data.CountsAccumulated
    assert new == old


def test_the_regenerated_truth_is_the_committed_one(
    regenerated: Path, truth: dict[str, Any]
) -> None:
    """Numbers to a hundred-millionth: nine digits are kept, the last may round either way."""
    (study,) = json.loads((regenerated / "truth.json").read_text(encoding="utf-8"))["studies"]

    new, old = _leaves(study), _leaves(truth)

    assert new.keys() == old.keys()
    for key, value in old.items():
        expected = pytest.approx(value, rel=2e-8) if isinstance(value, float) else value
        assert new[key] == expected, key


def _leaves(value: object, at: str = "") -> dict[str, object]:
    """Flatten dictionaries and lists to their leaves by path."""
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return {at: value}
    return {
        path: leaf for key in value for path, leaf in _leaves(value[key], f"{at}/{key}").items()
    }


def test_every_file_says_that_it_is_simulated() -> None:
    paths = sorted(SAMPLES.rglob("*.dcm"))
    assert len(paths) == 116

    for path in paths:
        data = pydicom.dcmread(path, stop_before_pixels=True)
        assert data.PatientName == "SIMULATED^PHANTOM", path.name
        assert data.SeriesDescription.startswith("SIMULATED"), path.name
        assert "SIMULATED DATA. Not a patient" in data.PatientComments, path.name


def test_the_corrected_spect_is_chosen_and_the_study_is_whole(
    measured: Outcome, row: dict[str, str], truth: dict[str, Any]
) -> None:
    assert measured.status == 0
    assert row["status"] == "ok"
    assert row["study_uid"] == truth["study_uid"]
    corrected = pydicom.dcmread(SAMPLES / "torso" / "spect_ac.dcm", stop_before_pixels=True)
    assert row["series_uid"] == corrected.SeriesInstanceUID


def test_volume_and_mean_of_the_tumour_are_true(row: dict[str, str], truth: dict[str, Any]) -> None:
    tumour = truth["regions"]["Primary tumour"]

    assert float(row["tumour_volume_ml"]) == pytest.approx(tumour["drawn_volume_ml"], rel=0.01)
    assert float(row["tumour_mean"]) == pytest.approx(tumour["noise_free_mean_counts"], rel=0.02)


def test_references_have_their_painted_means(row: dict[str, str], truth: dict[str, Any]) -> None:
    """Liver 100 and muscle 14 times two counts: both spheres keep clear of their neighbours."""
    scale, uptake = truth["counts_per_uptake"], truth["uptake"]

    assert float(row["liver_mean"]) == pytest.approx(scale * uptake["liver"], rel=0.03)
    for side in ("left", "right"):
        mean = float(row[f"muscle_{side}_mean"])
        assert mean == pytest.approx(scale * uptake["muscle"], rel=0.05)
    assert float(row["muscle_right_x_mm"]) < 0.0 < float(row["muscle_left_x_mm"])


def test_the_liver_sphere_keeps_off_the_left_lobe_and_the_focus(
    row: dict[str, str], truth: dict[str, Any]
) -> None:
    centre = np.array([float(row[f"liver_{axis}_mm"]) for axis in "xyz"])
    radius = (30_000.0 * 3.0 / (4.0 * np.pi)) ** (1.0 / 3.0)
    focus = truth["liver_focus"]

    assert centre[0] + radius < truth["liver_left_lobe_begins_x_mm"]
    away = float(np.linalg.norm(centre - np.array(focus["centre_mm"])))
    assert away > radius + focus["radius_mm"]
    assert "FOCI_SCREENED" in row["flags"].split(";")


def test_the_three_lesions_have_a_row_each(measured: Outcome, truth: dict[str, Any]) -> None:
    rows = {one["roi"]: one for one in measured.rows("lesions.csv")}

    assert rows.keys() == truth["regions"].keys()
    assert len(measured.rows("lesions.csv")) == 3
    assert [name for name, one in rows.items() if one["is_primary"] == "1"] == ["Primary tumour"]
    for name, one in rows.items():
        drawn = truth["regions"][name]["drawn_volume_ml"]
        assert float(one["tumour_volume_ml"]) == pytest.approx(drawn, rel=0.01), name
        assert one["unit"] == "relative"
