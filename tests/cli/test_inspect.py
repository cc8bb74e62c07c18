"""``quant inspect`` as a user calls it."""

import io
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from quant.cli.inspect_screen import print_report
from quant.dicom.index import index_tree
from quant.domain.flags import CODES
from quant.pipeline.protocols import load_protocol
from quant.report.inspection.folder import inspect_index
from tests.support.dicom_builder import CT, nm, save, save_all, slices
from tests.support.run import here, quant

SAMPLE = Path(__file__).resolve().parents[2] / "data-samples"


def test_verdict_series_unit_choice_and_remedies_are_named(tmp_path: Path) -> None:
    save(nm(SeriesInstanceUID="1.2.3", CorrectedImage=["UNIF"]), tmp_path / "nm.dcm")
    save_all(slices(CT), tmp_path / "ct")
    (tmp_path / "bad.dcm").write_text("text")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    status, stdout, stderr = here("inspect", tmp_path)

    assert status == 0, stderr
    for words in ("relative", "NOT_ATTENUATION_CORRECTED", "FILE_SKIPPED", "emission", "no tumour"):
        assert words in stdout
    for canary in ("Secret", "SECRET", "19700101"):
        assert canary not in stdout + stderr
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_the_verdict_comes_before_the_evidence() -> None:
    _, stdout, _ = here("inspect", SAMPLE)
    parts = ("1 study: 1 can be measured in full", "would be measured", "nothing to mend",
             "Series", "chosen as emission", "Scores of the choice", "Regions")  # fmt: skip
    places = [stdout.index(part) for part in parts]
    assert places == sorted(places)
    assert all(line == line.rstrip() for line in stdout.splitlines())


def test_brief_is_the_verdict_alone() -> None:
    _, stdout, _ = here("inspect", SAMPLE, "--brief")
    assert "can be measured in full" in stdout
    assert "DetectorInformationSequence" not in stdout
    assert len(stdout.splitlines()) < 15


def test_json_is_for_machines(tmp_path: Path) -> None:
    save(nm(), tmp_path / "nm.dcm")
    status, stdout, stderr = quant("inspect", tmp_path, "--json")
    assert status == 0
    assert stderr == ""
    assert json.loads(stdout)["studies"][0]["series"][0]["modality"] == "NM"


def test_the_schema_lists_every_key_of_the_answer(tmp_path: Path) -> None:
    save(nm(), tmp_path / "nm.dcm")
    _, stdout, _ = here("inspect", "--schema")
    schema = json.loads(stdout)
    _, answer, _ = here("inspect", tmp_path, "--json")
    assert set(json.loads(answer)) == set(schema["properties"])
    assert set(json.loads(answer)["studies"][0]) == set(
        schema["$defs"]["StudyReport"]["properties"]
    )


def test_codes_prints_the_whole_registry() -> None:
    status, stdout, _ = here("inspect", "--codes")
    assert status == 0
    assert all(code in stdout for code in CODES)
    _, as_json, _ = here("inspect", "--codes", "--json")
    assert set(json.loads(as_json)) == set(CODES)


def test_a_missing_folder_is_a_usage_error(tmp_path: Path) -> None:
    for arguments in ((tmp_path / "no\x1b[31mwhere",), (), (tmp_path, "--rois", tmp_path / "x")):
        status, _, stderr = here("inspect", *arguments)
        assert status == 2
        assert "Traceback" not in stderr
        assert "[USAGE]" in stderr
        assert "\x1b[31m" not in stderr
        assert ("is not a folder" in stderr) == bool(arguments)


def test_a_folder_without_studies_is_said_to_be_so(tmp_path: Path) -> None:
    status, stdout, _ = here("inspect", tmp_path)
    assert status == 0
    assert "No study" in stdout


@pytest.mark.parametrize(
    ("case", "wanted"), [("good", 0), ("refused", 1), ("bad file", 1), ("empty", 3), ("ct", 3)]
)
def test_check_exits_as_a_run_would(tmp_path: Path, case: str, wanted: int) -> None:
    """The status is that of ``quant run`` on the same folder, as far as a look can tell."""
    tmp_path = tmp_path / "in"
    tmp_path.mkdir()
    if case == "ct":
        save_all(slices(CT), tmp_path / "ct")
    elif case == "good":
        tmp_path = SAMPLE
    elif case != "empty":
        save(nm(**({"PixelSpacing": None} if case == "refused" else {})), tmp_path / "a.dcm")
    if case == "bad file":
        path = save(nm(SOPInstanceUID="1.7", SeriesInstanceUID="1.6"), tmp_path / "b.dcm")
        path.write_bytes(path.read_bytes()[:-50])
    status, _, stderr = here("inspect", tmp_path, "--check", "--json")
    assert status == wanted, stderr
    without, _, _ = here("inspect", tmp_path, "--json")
    assert without == 0


def test_names_of_regions_and_files_cannot_reach_the_terminal(tmp_path: Path) -> None:
    """Escape sequences and rich markup of a header or a file name are only text."""
    evil = "[red]x\x1b]0;owned\x07\x1b[2J"
    save(nm(Manufacturer=evil, ManufacturerModelName=evil), tmp_path / "nm.dcm")
    (tmp_path / f"{evil}.dcm").write_text("text")
    (tmp_path / f"{evil}.mrk.json").write_text("text")
    status, stdout, stderr = here("inspect", tmp_path)
    assert status == 0, stderr
    assert "\x1b" not in stdout + stderr
    assert "\x07" not in stdout + stderr
    assert "[red]x" in stdout


@pytest.mark.parametrize("width", [80, 110, 160])
def test_every_width_gets_whole_words(tmp_path: Path, width: int) -> None:
    save(nm(), tmp_path / "nm.dcm")
    save_all(slices(CT), tmp_path / "ct")
    (tmp_path / "bad.dcm").write_text("text")
    report = inspect_index(index_tree(tmp_path), load_protocol("zhou2025"))
    console = Console(width=width, markup=False, highlight=False, file=io.StringIO())
    print_report(console, report)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= width
    for word in ("reconstruction", "FILE_SKIPPED", "DetectorInformationSequence", "emission",
                 "TUMOUR_MISSING", "SpacingBetweenSlices", "NM_UNCALIBRATED"):  # fmt: skip
        assert any(word in line for line in text.splitlines()), word


def _on_a_terminal(*arguments: str | Path) -> str:
    """Run the command with standard error on a pseudo-terminal; return what went there."""
    master, slave = pty.openpty()
    environment = dict(os.environ, TERM="xterm", COLUMNS="100")
    done: subprocess.Popen[Any] = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "quant.cli.app", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=slave,
        env=environment,
    )
    os.close(slave)
    said = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(master)
    assert done.wait(60) == 0
    return said.decode(errors="replace")


def test_a_bar_is_drawn_on_a_terminal_only() -> None:
    assert "reading headers" in _on_a_terminal("inspect", SAMPLE, "--brief")
    _, _, stderr = quant("inspect", SAMPLE, "--brief")
    assert stderr == ""


def test_a_thousand_files_are_looked_at_quickly(tmp_path: Path) -> None:
    """Well below what a person waits for; the bound is ten times what it takes."""
    series = slices(CT)
    save(nm(), tmp_path / "nm.dcm")
    first = save(series[0], tmp_path / "ct0.dcm").read_bytes()
    uid = b"1.2.826.0.1.2.0.1"
    for number in range(1000):
        own = f"1.2.826.0.9.{number:05d}".encode()[: len(uid)].ljust(len(uid), b"1")
        (tmp_path / f"{number:04d}.dcm").write_bytes(first.replace(uid, own))
    started = time.process_time()
    inspect_index(index_tree(tmp_path), load_protocol("zhou2025"))
    assert time.process_time() - started < 20.0
