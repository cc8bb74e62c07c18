"""``quant inspect`` as a user calls it."""

import json
from pathlib import Path

from quant.domain.flags import CODES
from tests.support.dicom_builder import CT, nm, save, save_all, slices
from tests.support.run import quant


def test_tables_name_series_unit_choice_and_remedies(tmp_path: Path) -> None:
    save(nm(SeriesInstanceUID="1.2.3", CorrectedImage=["UNIF"]), tmp_path / "nm.dcm")
    save_all(slices(CT), tmp_path / "ct")
    (tmp_path / "bad.dcm").write_text("text")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    status, stdout, stderr = quant("inspect", tmp_path)

    assert status == 0, stderr
    for words in ("relative", "NOT_ATTENUATION_CORRECTED", "FILE_SKIPPED", "emission", "can be"):
        assert words in stdout
    for canary in ("Secret", "SECRET", "19700101"):
        assert canary not in stdout + stderr
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_json_is_for_machines(tmp_path: Path) -> None:
    save(nm(), tmp_path / "nm.dcm")
    status, stdout, _ = quant("inspect", tmp_path, "--json")
    assert status == 0
    assert json.loads(stdout)["studies"][0]["series"][0]["modality"] == "NM"


def test_codes_prints_the_whole_registry() -> None:
    status, stdout, _ = quant("inspect", "--codes")
    assert status == 0
    assert all(code in stdout for code in CODES)


def test_a_missing_folder_is_a_usage_error(tmp_path: Path) -> None:
    status, _, stderr = quant("inspect", tmp_path / "nowhere")
    assert status == 2
    assert "Traceback" not in stderr
