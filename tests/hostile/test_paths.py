"""Nothing is written outside the output folder, and nothing in the input is touched."""

import os
import shutil
from pathlib import Path

import pytest

from tests.hostile.looking import rows
from tests.hostile.paths import NAMES, snapshot
from tests.support.fuzzing import measured_here
from tests.support.run import here
from tests.support.seeds import write_study


def test_there_are_forty_names_that_lead_elsewhere() -> None:
    """They are tried as goal 15 (tests/soak)."""
    assert len(set(NAMES)) >= 40


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder with a study in ``in`` and something precious in ``elsewhere``."""
    write_study(tmp_path / "in" / "case")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "precious.csv").write_text("do not touch")
    return tmp_path


def untouched(place: Path, before: dict[str, tuple[object, ...]]) -> bool:
    return all(
        snapshot(place / name)
        == {key: one for key, one in before.items() if within(place / name, key)}
        for name in ("in", "elsewhere")
    )


def within(folder: Path, key: str) -> bool:
    return key == str(folder) or key.startswith(f"{folder}/")


def test_out_may_be_a_link_to_a_folder_and_is_then_that_folder(place: Path) -> None:
    (place / "real").mkdir()
    (place / "out").symlink_to(place / "real")
    before = snapshot(place)

    assert measured_here(place / "in", place / "out", "zhou2025", plain=True) == 0
    assert (place / "real" / "studies.csv").is_file()
    assert (place / "out").is_symlink()
    assert untouched(place, before)


@pytest.mark.parametrize("name", ["records", "studies"])
def test_a_folder_of_results_that_is_a_link_is_refused(place: Path, name: str) -> None:
    (place / "out").mkdir()
    (place / "out" / name).symlink_to(place / "elsewhere")
    before = snapshot(place)

    status, stdout, stderr = here("run", place / "in", "-o", place / "out")

    assert status == 2
    assert "OUT_LINK" in stderr
    assert "Traceback" not in stdout + stderr
    assert untouched(place, before)


@pytest.mark.parametrize(
    "name", ["studies.csv", "report.html", "run.json", "measurements.parquet", "quarantine.csv"]
)
def test_a_file_of_results_that_is_a_link_is_replaced_not_followed(place: Path, name: str) -> None:
    (place / "out").mkdir()
    (place / "out" / name).symlink_to(place / "elsewhere" / "precious.csv")
    before = snapshot(place)

    assert measured_here(place / "in", place / "out", "zhou2025", plain=True) == 0
    assert not (place / "out" / name).is_symlink()
    assert untouched(place, before)


@pytest.mark.parametrize("name", ["run.log.jsonl", "ledger.sqlite"])
def test_a_log_or_ledger_that_is_a_link_is_never_followed(place: Path, name: str) -> None:
    (place / "out").mkdir()
    (place / "out" / name).symlink_to(place / "elsewhere" / "precious.csv")
    before = snapshot(place)

    status, stdout, stderr = here("run", place / "in", "-o", place / "out")

    assert status in (0, 2)
    assert "Traceback" not in stdout + stderr
    assert untouched(place, before)


@pytest.mark.parametrize("name", [".lock", "run.log.jsonl", "ledger.sqlite"])
def test_what_is_written_on_in_place_is_never_a_hard_link_or_a_pipe(place: Path, name: str) -> None:
    (place / "out").mkdir()
    precious = place / "elsewhere" / "precious.csv"
    os.link(precious, place / "out" / name)
    linked = here("run", place / "in", "-o", place / "out")
    (place / "out" / name).unlink()
    os.mkfifo(place / "out" / name)
    piped = here("run", place / "in", "-o", place / "out")

    for status, _, stderr in (linked, piped):
        assert (status, "OUT_LINK" in stderr) == (2, True)
    assert precious.read_text() == "do not touch"


def test_a_hard_link_to_something_precious_is_replaced(place: Path) -> None:
    (place / "out").mkdir()
    os.link(place / "elsewhere" / "precious.csv", place / "out" / "studies.csv")

    measured_here(place / "in", place / "out", "zhou2025", plain=True)

    assert (place / "elsewhere" / "precious.csv").read_text() == "do not touch"


def test_results_inside_the_input_are_no_input_of_the_next_run(place: Path) -> None:
    """The first run's results lie in the tree that the second run reads."""
    out = place / "in" / "out"
    shutil.copytree(place / "in" / "case", place / "in" / "again")
    for folder in ("in", "in/case"):
        assert (place / folder).is_dir()
    before = snapshot(place / "in" / "case")

    first = measured_here(place / "in", out, "zhou2025")
    tables = {path.name: path.read_bytes() for path in sorted(out.glob("*.csv"))}
    hashes = [row["input_hash"] for row in rows(out / "studies.csv")]
    second = measured_here(place / "in", out, "zhou2025")

    assert (first, second) == (0, 0)
    assert [row["input_hash"] for row in rows(out / "studies.csv")] == hashes
    assert {path.name: path.read_bytes() for path in sorted(out.glob("*.csv"))} == tables
    assert snapshot(place / "in" / "case") == before


def test_what_a_command_may_not_read_or_write_is_a_sentence(place: Path) -> None:
    (place / "file").write_text("x")

    for out in (place / "file", place / "file" / "below", Path("/proc/nothing")):
        status, stdout, stderr = here("run", place / "in", "-o", out)
        assert status == 2, out
        assert "Traceback" not in stdout + stderr
