"""Bad input costs that study, with a clear error and a stable code; nothing is lost."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK

from quant.domain.flags import CODES, Severity
from tests.support.run import PLAIN, Outcome, here, run, run_here

sitk: Any = SimpleITK

Spoil = Callable[[Path], None]


@pytest.fixture
def study(ball_study: Path, tmp_path: Path) -> Path:
    """Copy the good study to a place where it may be spoiled."""
    folder = tmp_path / "in" / "case"
    shutil.copytree(ball_study, folder)
    return folder


def _edit(path: Path, change: Callable[[pydicom.Dataset], None]) -> None:
    data = pydicom.dcmread(path)
    change(data)
    data.save_as(path)


def _delete(*keywords: str) -> Callable[[pydicom.Dataset], None]:
    def change(data: pydicom.Dataset) -> None:
        for keyword in keywords:
            if keyword in data:
                delattr(data, keyword)

    return change


def _nm(change: Callable[[pydicom.Dataset], None]) -> Spoil:
    return lambda folder: _edit(folder / "nm.dcm", change)


def _rt(change: Callable[[pydicom.Dataset], None]) -> Spoil:
    return lambda folder: _edit(folder / "rtstruct.dcm", change)


def _truncate(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[:-1000])

    return spoil


def _projections(data: pydicom.Dataset) -> None:
    data.ImageType = ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]
    del data.SliceVector
    data.FrameIncrementPointer = [0x00540010, 0x00540020, 0x00540050, 0x00540090]


def _no_detector_position(data: pydicom.Dataset) -> None:
    del data.DetectorInformationSequence[0].ImagePositionPatient
    del data.DetectorInformationSequence[0].ImageOrientationPatient


def _other_frame(data: pydicom.Dataset) -> None:
    for roi in data.StructureSetROISequence:
        roi.ReferencedFrameOfReferenceUID = "1.2.3.4"
    data.FrameOfReferenceUID = "1.2.3.4"
    data.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.2.3.4"


def _far_away(data: pydicom.Dataset) -> None:
    for contour in data.ROIContourSequence[0].ContourSequence:
        points = [float(value) for value in contour.ContourData]
        points[0::3] = [x + 2000.0 for x in points[0::3]]
        contour.ContourData = [f"{value:.4f}" for value in points]


def _no_contours(data: pydicom.Dataset) -> None:
    del data.ROIContourSequence[0].ContourSequence


def _infinite_position(data: pydicom.Dataset) -> None:
    data.DetectorInformationSequence[0].ImageOrientationPatient = [1, 0, 0, 1, 0, 0]


# what is spoiled, the code that must appear, and whether spheres can still be measured
CASES: dict[str, tuple[Spoil, str, bool]] = {
    "projections instead of a reconstruction": (_nm(_projections), "NM_NOT_RECON", False),
    "no slice spacing at all": (
        _nm(_delete("SpacingBetweenSlices", "SliceThickness")),
        "SPACING_MISSING",
        False,
    ),
    "no pixel spacing": (_nm(_delete("PixelSpacing")), "SPACING_MISSING", False),
    "no position": (_nm(_no_detector_position), "NO_POSITION", False),
    "two equal axes": (_nm(_infinite_position), "BAD_IOP", False),
    "truncated emission volume": (_truncate("nm.dcm"), "TRUNCATED", False),
    "region in another frame of reference": (_rt(_other_frame), "ROI_FOR_MISMATCH", True),
    "region outside the volume": (_rt(_far_away), "ROI_OUTSIDE", True),
    "empty region": (_rt(_no_contours), "ROI_EMPTY", True),
}


GOOD = "2.25.99"


@pytest.fixture(scope="module")
def batch(ball_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Measure all spoiled studies and a good one by the command, each with a UID of its own."""
    base = tmp_path_factory.mktemp("spoiled")
    for number, (spoil, _, _) in enumerate(CASES.values()):
        folder = base / "in" / f"case{number}"
        shutil.copytree(ball_study, folder)
        _as_another(folder, f"2.25.{number}")
        spoil(folder)
    shutil.copytree(ball_study, base / "in" / "good")
    _as_another(base / "in" / "good", GOOD)
    return run(base / "in", base / "out", *PLAIN)


def test_a_good_study_is_measured_beside_all_the_spoiled_ones(batch: Outcome) -> None:
    rows = {row["study_uid"]: row for row in batch.rows("studies.csv")}

    assert batch.status == 1
    assert rows[GOOD]["status"] == "ok"
    assert len(rows) == len(CASES) + 1


@pytest.mark.parametrize("name", CASES)
def test_a_spoiled_study_is_refused_with_its_code(
    name: str, batch: Outcome, study: Path, tmp_path: Path
) -> None:
    """In a batch, and alone, where the status of the command tells of nothing else."""
    spoil, code, spheres_measured = CASES[name]
    uid = f"2.25.{list(CASES).index(name)}"
    _as_another(study, uid)
    spoil(study)
    alone = run_here(tmp_path / "in", tmp_path / "out", *PLAIN)

    assert alone.status == (CODES[code].severity is Severity.ERROR)
    for outcome in (alone, batch):
        spoiled = next(row for row in outcome.rows("studies.csv") if row["study_uid"] == uid)
        entry = next(
            row
            for row in outcome.rows("quarantine.csv")
            if (row["study_uid"], row["code"]) == (uid, code)
        )
        assert entry["message"]
        assert entry["what_to_do"] == CODES[code].action
        assert spoiled["status"] == ("partial" if spheres_measured else "failed")
        assert code in spoiled["flags"] or code == "TRUNCATED"
        assert (spoiled["liver_mean"] != "") is spheres_measured
        assert spoiled["tumour_max"] == ""


def _as_another(folder: Path, study_uid: str) -> None:
    def change(data: pydicom.Dataset) -> None:
        data.StudyInstanceUID = study_uid
        for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
            setattr(data, keyword, f"{getattr(data, keyword)}.{study_uid.rpartition('.')[2]}")
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID

    for path in sorted(folder.glob("*.dcm")):
        _edit(path, change)


def test_files_that_are_not_dicom_cost_nothing(study: Path, tmp_path: Path) -> None:
    (study / "notes.dcm").write_text("this is no DICOM file")
    (study / "README.txt").write_text("a note")

    outcome = run_here(tmp_path / "in", tmp_path / "out", *PLAIN)

    assert outcome.status == 0
    assert outcome.codes == {"FILE_SKIPPED"}
    assert outcome.rows("studies.csv")[0]["status"] == "ok"


def test_an_empty_file_is_a_lost_file_and_costs_only_itself(study: Path, tmp_path: Path) -> None:
    (study / "slice").write_bytes(b"")

    outcome = run_here(tmp_path / "in", tmp_path / "out", *PLAIN)

    assert outcome.status == 1
    assert outcome.codes == {"TRUNCATED"}
    assert outcome.rows("studies.csv")[0]["status"] == "ok"


def test_a_folder_without_dicom_has_nothing_to_measure(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("nothing here")

    status, stdout, stderr = here("run", tmp_path / "in", "-o", tmp_path / "out")

    assert status == 3
    assert "Traceback" not in stdout + stderr


def test_a_missing_folder_is_a_usage_error_in_words(tmp_path: Path) -> None:
    status, _, stderr = here("run", tmp_path / "nowhere", "-o", tmp_path / "out")

    assert status == 2
    assert "INPUT is not a folder" in stderr


def test_an_unknown_protocol_is_a_usage_error_that_names_the_shipped_ones(
    study: Path, tmp_path: Path
) -> None:
    status, _, stderr = here("run", study, "-o", tmp_path / "out", "--protocol", "zhou")

    assert status == 2
    assert "zhou2025" in stderr


def _without(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).unlink()
    return folder


@pytest.fixture(scope="module")
def without_organs(ball_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    base = tmp_path_factory.mktemp("without_organs")
    shutil.copytree(ball_study, base / "in")
    return run_here(_without(base / "in", "seg.dcm"), base / "out", *PLAIN)


def test_without_organ_regions_the_tumour_is_measured_and_the_code_says_what_to_supply(
    without_organs: Outcome,
) -> None:
    (row,) = without_organs.rows("studies.csv")

    assert row["status"] == "partial"
    assert float(row["tumour_max"]) > 0
    assert row["tmax_lmax"] == ""
    assert {"LIVER_MISSING", "MUSCLE_MISSING"} <= set(row["flags"].split(";"))


def test_never_an_empty_nan_or_negative_cell_without_a_code(without_organs: Outcome) -> None:
    import pyarrow.parquet as pq

    for row in pq.read_table(without_organs.out / "measurements.parquet").to_pylist():
        if row["value"] is None:
            assert row["flags"], row["name"]
            assert all(code in CODES for code in row["flags"].split(";"))
        else:
            assert row["value"] == row["value"]


def test_input_is_never_written(study: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in sorted(study.rglob("*"))}

    run_here(tmp_path / "in", tmp_path / "out")

    assert {path: path.stat().st_mtime_ns for path in sorted(study.rglob("*"))} == before


def test_a_second_run_keeps_the_records_and_gives_the_same_tables(
    study: Path, tmp_path: Path
) -> None:
    first = run_here(tmp_path / "in", tmp_path / "out", *PLAIN)
    table = (first.out / "studies.csv").read_bytes()

    second = run_here(tmp_path / "in", tmp_path / "out", *PLAIN)

    assert "1 kept" in second.stdout
    assert (second.out / "studies.csv").read_bytes() == table
    assert study.is_dir()


def test_a_lost_emission_file_is_a_failure_even_when_nothing_else_is_there(
    study: Path, tmp_path: Path
) -> None:
    _without(study, "seg.dcm", "rtstruct.dcm")
    _truncate("nm.dcm")(study)

    outcome = run_here(tmp_path / "in", tmp_path / "out", *PLAIN)

    assert outcome.status == 1
    assert outcome.codes == {"TRUNCATED"}


def test_an_empty_organ_mask_is_the_same_as_none(study: Path, tmp_path: Path) -> None:
    empty = sitk.GetImageFromArray(np.zeros((8, 8, 8), np.uint8))
    sitk.WriteImage(empty, str(study / "vertebrae_L2.nii.gz"))

    outcome = run_here(tmp_path / "in", tmp_path / "out", *PLAIN)

    assert outcome.status == 0
    assert outcome.rows("studies.csv")[0]["status"] == "ok"
