"""A study is measured the same from a ZIP archive, from a folder and from its DICOMDIR."""

from pathlib import Path

import pytest

from tests.support.run import PLAIN, Outcome, here, run, run_here
from tests.support.zips import zip_bytes, zip_folder

SAMPLES = Path(__file__).parents[2] / "data-samples"


def records(outcome: Outcome) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((outcome.out / "records").iterdir())}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_here(SAMPLES, tmp_path_factory.mktemp("unpacked") / "out", *PLAIN)


@pytest.mark.parametrize("is_input", [False, True])
def test_the_zipped_samples_give_the_same_records_byte_for_byte(
    unpacked: Outcome, tmp_path: Path, *, is_input: bool
) -> None:
    archive = zip_folder(SAMPLES, tmp_path / "in" / "samples.zip")

    command = run if is_input else run_here  # by a reader in a cage, and by one without
    outcome = command(archive if is_input else tmp_path / "in", tmp_path / "out", *PLAIN)

    assert outcome.status == unpacked.status == 0
    assert records(outcome) == records(unpacked)
    assert len(records(outcome)) == 1
    tables = [(one.out / "studies.csv").read_bytes() for one in (outcome, unpacked)]
    assert tables[0] == tables[1]


def test_inspect_takes_an_archive(tmp_path: Path) -> None:
    archive = zip_folder(SAMPLES, tmp_path / "samples.zip")
    status, stdout, stderr = here("inspect", archive)
    assert status == 0, stderr
    assert "NM" in stdout


def test_an_archive_of_nothing_useful_says_what_was_refused(tmp_path: Path) -> None:
    inner = zip_folder(SAMPLES, tmp_path / "samples.zip").read_bytes()
    archive = zip_bytes(tmp_path / "a.zip", {"inner.zip": inner})
    status, stdout, stderr = here("run", archive, "-o", tmp_path / "out")
    assert "Traceback" not in stderr
    assert status != 0
    assert "ZIP_LIMIT" in stdout
