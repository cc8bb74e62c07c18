"""``quant inspect`` as a user calls it."""

import io
import json
from pathlib import Path

import pytest

from quant.dicom.index import index_tree
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
    for arguments in ((tmp_path / "no\x1b[31mwhere",), (), (tmp_path, "--rois", tmp_path / "x")):
        status, _, stderr = quant("inspect", *arguments)
        assert status == 2
        assert "Traceback" not in stderr
        assert "[USAGE]" in stderr
        assert "\x1b[31m" not in stderr
        assert ("is not a folder" in stderr) == bool(arguments)


def test_a_folder_without_studies_is_said_to_be_so(tmp_path: Path) -> None:
    status, stdout, _ = quant("inspect", tmp_path)
    assert status == 0
    assert "No study" in stdout


def test_names_of_regions_and_files_cannot_reach_the_terminal(tmp_path: Path) -> None:
    """Escape sequences and rich markup of a header or a file name are only text."""
    evil = "[red]x\x1b]0;owned\x07\x1b[2J"
    save(nm(Manufacturer=evil, ManufacturerModelName=evil), tmp_path / "nm.dcm")
    (tmp_path / f"{evil}.dcm").write_text("text")
    (tmp_path / f"{evil}.mrk.json").write_text("text")
    status, stdout, stderr = quant("inspect", tmp_path)
    assert status == 0, stderr
    assert "\x1b" not in stdout + stderr
    assert "\x07" not in stdout + stderr
    assert "[red]x" in stdout


@pytest.mark.parametrize("width", [80, 109, 110, 160])
def test_a_narrow_terminal_gets_whole_words(tmp_path: Path, width: int) -> None:
    from rich.console import Console

    from quant.cli.inspect import _print_report
    from quant.pipeline.protocols import load_protocol
    from quant.report.inspection import inspect_index

    save(nm(), tmp_path / "nm.dcm")
    (tmp_path / "bad.dcm").write_text("text")
    report = inspect_index(index_tree(tmp_path), load_protocol("zhou2025").regions)
    console = Console(width=width, markup=False, highlight=False, file=io.StringIO())
    _print_report(console, report)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= width
    assert all(any(word in line for line in lines) for word in ("reconstruction", "FILE_SKIPPED"))
    assert any("DetectorInformationSequence" in line for line in lines) or width >= 110
    assert any("┃" in line for line in lines) == (width >= 110)
