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
from tests.support.run import quant, run

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


@pytest.mark.parametrize("name", CASES)
def test_a_spoiled_study_is_refused_with_its_code_and_the_good_one_beside_it_is_measured(
    name: str, study: Path, ball_study: Path, tmp_path: Path
) -> None:
    spoil, code, spheres_measured = CASES[name]
    spoil(study)
    other = tmp_path / "in" / "good"
    shutil.copytree(ball_study, other)
    for path in sorted(other.glob("*.dcm")):
        _edit(path, _as_another_study)

    outcome = run(tmp_path / "in", tmp_path / "out")
    rows = {row["study_uid"]: row for row in outcome.rows("studies.csv")}
    entry = next(row for row in outcome.rows("quarantine.csv") if row["code"] == code)

    assert outcome.status == (CODES[code].severity is Severity.ERROR)
    assert rows["2.25.99"]["status"] == "ok"
    assert entry["message"]
    assert entry["what_to_do"] == CODES[code].action
    spoiled = next(row for uid, row in rows.items() if uid != "2.25.99")
    assert spoiled["status"] == ("partial" if spheres_measured else "failed")
    assert code in spoiled["flags"] or code == "TRUNCATED"
    assert (spoiled["liver_mean"] != "") is spheres_measured
    assert spoiled["tumour_max"] == ""


def _as_another_study(data: pydicom.Dataset) -> None:
    data.StudyInstanceUID = "2.25.99"
    data.SOPInstanceUID = str(data.SOPInstanceUID) + ".9"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.SeriesInstanceUID = str(data.SeriesInstanceUID) + ".9"


def test_files_that_are_not_dicom_cost_nothing(study: Path, tmp_path: Path) -> None:
    (study / "notes.dcm").write_text("this is no DICOM file")
    (study / "README.txt").write_text("a note")

    outcome = run(tmp_path / "in", tmp_path / "out")

    assert outcome.status == 0
    assert outcome.codes == {"FILE_SKIPPED"}
    assert outcome.rows("studies.csv")[0]["status"] == "ok"


def test_an_empty_file_is_a_lost_file_and_costs_only_itself(study: Path, tmp_path: Path) -> None:
    (study / "slice").write_bytes(b"")

    outcome = run(tmp_path / "in", tmp_path / "out")

    assert outcome.status == 1
    assert outcome.codes == {"TRUNCATED"}
    assert outcome.rows("studies.csv")[0]["status"] == "ok"


def test_a_folder_without_dicom_has_nothing_to_measure(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("nothing here")

    status, stdout, stderr = quant("run", tmp_path / "in", "-o", tmp_path / "out")

    assert status == 3
    assert "Traceback" not in stdout + stderr


def test_a_missing_folder_is_a_usage_error_in_words(tmp_path: Path) -> None:
    status, _, stderr = quant("run", tmp_path / "nowhere", "-o", tmp_path / "out")

    assert status == 2
    assert "INPUT is not a folder" in stderr


def test_an_unknown_protocol_is_a_usage_error_that_names_the_shipped_ones(
    study: Path, tmp_path: Path
) -> None:
    status, _, stderr = quant("run", study, "-o", tmp_path / "out", "--protocol", "zhou")

    assert status == 2
    assert "zhou2025" in stderr


def _without(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).unlink()
    return folder


def test_without_organ_regions_the_tumour_is_measured_and_the_code_says_what_to_supply(
    study: Path, tmp_path: Path
) -> None:
    _without(study, "seg.dcm")

    outcome = run(tmp_path / "in", tmp_path / "out")
    (row,) = outcome.rows("studies.csv")

    assert row["status"] == "partial"
    assert float(row["tumour_max"]) > 0
    assert row["tmax_lmax"] == ""
    assert {"LIVER_MISSING", "MUSCLE_MISSING"} <= set(row["flags"].split(";"))


def test_never_an_empty_nan_or_negative_cell_without_a_code(study: Path, tmp_path: Path) -> None:
    _without(study, "seg.dcm")
    outcome = run(tmp_path / "in", tmp_path / "out")

    import pyarrow.parquet as pq

    for row in pq.read_table(outcome.out / "measurements.parquet").to_pylist():
        if row["value"] is None:
            assert row["flags"], row["name"]
            assert all(code in CODES for code in row["flags"].split(";"))
        else:
            assert row["value"] == row["value"]


def test_input_is_never_written(study: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in sorted(study.rglob("*"))}

    run(tmp_path / "in", tmp_path / "out")

    assert {path: path.stat().st_mtime_ns for path in sorted(study.rglob("*"))} == before


def test_a_second_run_keeps_the_records_and_gives_the_same_tables(
    study: Path, tmp_path: Path
) -> None:
    first = run(tmp_path / "in", tmp_path / "out")
    table = (first.out / "studies.csv").read_bytes()

    second = run(tmp_path / "in", tmp_path / "out")

    assert "1 kept" in second.stdout
    assert (second.out / "studies.csv").read_bytes() == table
    assert study.is_dir()


def test_a_lost_emission_file_is_a_failure_even_when_nothing_else_is_there(
    study: Path, tmp_path: Path
) -> None:
    _without(study, "seg.dcm", "rtstruct.dcm")
    _truncate("nm.dcm")(study)

    outcome = run(tmp_path / "in", tmp_path / "out")

    assert outcome.status == 1
    assert outcome.codes == {"TRUNCATED"}


def test_an_empty_organ_mask_is_the_same_as_none(study: Path, tmp_path: Path) -> None:
    empty = sitk.GetImageFromArray(np.zeros((8, 8, 8), np.uint8))
    sitk.WriteImage(empty, str(study / "vertebrae_L2.nii.gz"))

    outcome = run(tmp_path / "in", tmp_path / "out")

    assert outcome.status == 0
    assert outcome.rows("studies.csv")[0]["status"] == "ok"
