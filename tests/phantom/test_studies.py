"""``write_phantom`` and ``quant phantom``: repeatable, careful with files, plainly simulated."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from quant.errors import UsageError
from quant.phantom.bodies.contours import area_vector_mm2
from quant.phantom.kinds import PhantomKind
from quant.phantom.nema import write_nema_sharp
from quant.phantom.solid_studies import TUMOUR_PLANES_MM, scene_of, solid_cases, write_solid_study
from quant.phantom.studies import write_phantom
from tests.phantom.conftest import Written, written
from tests.support.run import quant


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _uids(folder: Path) -> set[str]:
    """Return every SOP instance, series and study UID of a folder."""
    found: set[str] = set()
    for path in folder.rglob("*.dcm"):
        data = pydicom.dcmread(path, stop_before_pixels=True)
        found |= {data.SOPInstanceUID, data.SeriesInstanceUID, data.StudyInstanceUID}
    return found


def _emission(study: Written) -> list[NDArray[np.uint16]]:
    """Pixels of the NM objects of a torso study, by file name."""
    objects = [pydicom.dcmread(path) for path in sorted((study.folder / "torso").glob("*.dcm"))]
    return [one.pixel_array for one in objects if one.Modality == "NM"]


def test_the_same_seed_gives_the_same_bytes_of_the_torso(
    torso_study: Written, tmp_path: Path
) -> None:
    again = written(tmp_path, PhantomKind.TORSO, 1)

    assert _digests(again.folder) == _digests(torso_study.folder)


def test_another_seed_gives_other_uids_and_other_noise(
    torso_study: Written, tmp_path: Path
) -> None:
    other = written(tmp_path, PhantomKind.TORSO, 2)

    assert not _uids(other.folder) & _uids(torso_study.folder)
    ours, theirs = _emission(other), _emission(torso_study)
    assert len(ours) == len(theirs) == 2, "with and without attenuation correction"
    for one, another in zip(ours, theirs, strict=True):
        assert one.shape == another.shape
        assert (one != another).mean() > 0.2
    assert other.truths["torso"]["uptake"] == torso_study.truths["torso"]["uptake"]


def test_the_same_seed_gives_the_same_bytes_of_a_solid_study(tmp_path: Path) -> None:
    case = next(one for one in solid_cases() if one.organs_as == "SEG")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_solid_study(tmp_path / name, case, 4)

    assert _digests(tmp_path / "a") == _digests(tmp_path / "b")


def test_the_same_seed_gives_the_same_bytes_of_nema(nema_studies: Written, tmp_path: Path) -> None:
    write_nema_sharp(tmp_path, 1)

    assert _digests(tmp_path) == _digests(nema_studies.folder / "nema_sharp")


def test_a_folder_with_files_is_left_alone(torso_study: Written) -> None:
    before = _digests(torso_study.folder)

    with pytest.raises(UsageError, match=r"USAGE.*already there"):
        write_phantom(torso_study.folder, PhantomKind.TORSO, 1)

    assert _digests(torso_study.folder) == before


def test_a_file_where_a_study_should_go_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nema_blurred").write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError, match="USAGE"):
        write_phantom(tmp_path, PhantomKind.NEMA, 1)

    assert [path.name for path in tmp_path.iterdir()] == ["nema_blurred"]


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_seeds_out_of_range_are_refused(seed: int, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="seed"):
        write_phantom(tmp_path / "out", PhantomKind.TORSO, seed)

    assert not (tmp_path / "out").exists()


def test_the_command_refuses_a_used_folder_with_status_two(torso_study: Written) -> None:
    status, _, stderr = quant("phantom", torso_study.folder)

    assert status == 2
    assert "already there" in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize("kind", ["torso", "nema"])
def test_every_file_says_that_it_is_simulated_and_names_nobody(
    kind: str, torso_study: Written, nema_studies: Written
) -> None:
    folder = {"torso": torso_study, "nema": nema_studies}[kind].folder
    paths = list(folder.rglob("*.dcm"))
    assert len(paths) > 100

    for path in paths:
        data = pydicom.dcmread(path, stop_before_pixels=True)
        assert data.PatientName == "SIMULATED^PHANTOM"
        assert data.PatientID.startswith("SIM-")
        assert data.SeriesDescription.startswith("SIMULATED")
        assert "Not a patient" in data.PatientComments
        assert not data.PatientBirthDate
        people = [e.value for e in data.iterall() if e.VR == "PN" and e.keyword != "PatientName"]
        assert not any(people)


def test_truth_says_kind_seed_and_that_it_is_simulated(nema_studies: Written) -> None:
    truth = json.loads((nema_studies.folder / "truth.json").read_text(encoding="utf-8"))

    assert truth["simulated"] is True
    assert (truth["kind"], truth["seed"]) == ("nema", 1)
    assert [one["name"] for one in truth["studies"]] == ["nema_sharp", "nema_blurred"]


def test_solid_cases_have_every_layout_and_the_truth_of_their_solids(tmp_path: Path) -> None:
    """One case in full: files, drawn volume from the file, painted uptake at the centre."""
    cases = {case.name: case for case in solid_cases()}
    assert len({case.layout for case in cases.values()}) == 7
    case = cases["two_balls_coronal"]

    truth = write_solid_study(tmp_path, case, 3)

    assert {path.name for path in tmp_path.iterdir()} == {"nm.dcm", "rtstruct.dcm"}
    tumour = truth["tumour"]
    assert isinstance(tumour, dict)
    assert tumour["volume_ml"] == pytest.approx(4.0 / 3.0 * np.pi * (14.0**3 + 17.0**3) / 1000.0)
    assert tumour["components"] == 2
    data = pydicom.dcmread(tmp_path / "rtstruct.dcm")
    drawn = [
        np.array(one.ContourData, dtype=float).reshape(-1, 3)
        for one in data.ROIContourSequence[0].ContourSequence
    ]
    areas = [float(np.linalg.norm(area_vector_mm2(one))) for one in drawn]
    assert sum(areas) * TUMOUR_PLANES_MM / 1000.0 == pytest.approx(
        tumour["drawn_volume_ml"], rel=1e-5
    )
    assert tumour["drawn_volume_ml"] == pytest.approx(tumour["volume_ml"], rel=3e-3)
    stored = pydicom.dcmread(tmp_path / "nm.dcm").pixel_array
    painted = {one.uptake for one in scene_of(case)}
    assert stored.max() == 54_000
    assert painted <= {float(value) for value in np.unique(stored)}
