"""One run at a time in an output folder, also where the file system has no locks."""

import errno
import json
import os
import subprocess
from pathlib import Path

import pytest

from quant.errors import OutputError, UsageError
from quant.pipeline import lock
from quant.pipeline.folder import opened_folder, sweep
from quant.pipeline.lock import LOCK_NAME, OWNER_NAME, only_run


def _gone() -> int:
    """Return the number of a process that has ended."""
    with subprocess.Popen(["true"]) as process:  # noqa: S607
        process.wait()
    return process.pid


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file system answer as a share without a lock service does."""

    def refuse(_handle: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_take", refuse)


def test_the_second_is_told_who_holds_the_folder_and_since_when(tmp_path: Path) -> None:
    with only_run(tmp_path), pytest.raises(OutputError) as caught, only_run(tmp_path):
        pass

    assert caught.value.code == "OUT_IN_USE"
    assert f"process {os.getpid()}, started 20" in caught.value.found
    assert not (tmp_path / LOCK_NAME).read_bytes()


def test_the_lock_names_no_machine_and_no_person(tmp_path: Path) -> None:
    with only_run(tmp_path):
        owner = json.loads((tmp_path / LOCK_NAME).read_bytes())

    assert set(owner) == {"pid", "started", "boot", "ticks"}
    assert os.uname().nodename not in str(owner)


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_record_of_the_owner_keeps_the_second_out(tmp_path: Path) -> None:
    with only_run(tmp_path):
        assert (tmp_path / OWNER_NAME).is_file()
        with pytest.raises(OutputError, match=f"process {os.getpid()}"), only_run(tmp_path):
            pass
    assert not (tmp_path / OWNER_NAME).exists()


@pytest.mark.usefixtures("no_locks")
def test_without_locks_the_record_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    with only_run(tmp_path):
        owner = json.loads((tmp_path / OWNER_NAME).read_bytes())
    owner["pid"] = _gone()
    (tmp_path / OWNER_NAME).write_text(json.dumps(owner), encoding="ascii")

    with only_run(tmp_path):
        assert json.loads((tmp_path / OWNER_NAME).read_bytes())["pid"] == os.getpid()


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_process_number_that_was_given_again_does_not_count(tmp_path: Path) -> None:
    with only_run(tmp_path):
        owner = json.loads((tmp_path / OWNER_NAME).read_bytes())
    owner["ticks"] = "1"
    (tmp_path / OWNER_NAME).write_text(json.dumps(owner), encoding="ascii")

    with only_run(tmp_path):
        pass


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize("content", ['{"pid": 1, "boot": "another", "ticks": "1"}', "", "{"])
def test_without_locks_an_owner_that_cannot_be_looked_for_is_never_driven_out(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / OWNER_NAME).write_text(content, encoding="ascii")

    with pytest.raises(OutputError, match=f"remove {OWNER_NAME}") as caught, only_run(tmp_path):
        pass

    assert caught.value.code == "OUT_IN_USE"
    assert (tmp_path / OWNER_NAME).is_file()


def test_other_errors_of_the_lock_are_not_taken_for_another_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(lock, "_take", fail)

    with pytest.raises(OutputError, match="OUT_NOT_WRITABLE"), only_run(tmp_path):
        pass


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"somebody's")
    (tmp_path / LOCK_NAME).symlink_to(elsewhere)

    with pytest.raises(OutputError, match="OUT_LINK"), only_run(tmp_path):
        pass
    assert elsewhere.read_bytes() == b"somebody's"


def test_a_new_folder_that_stays_empty_is_removed_an_old_one_never(tmp_path: Path) -> None:
    with opened_folder(tmp_path / "new" / "out"):
        pass
    with opened_folder(tmp_path):
        pass

    assert not (tmp_path / "new" / "out").exists()
    assert tmp_path.is_dir()


def test_parts_that_a_run_left_are_swept_and_nothing_else(tmp_path: Path) -> None:
    kept = ["film.part", "a.json", "x.0123456.part", "records/r.json"]
    swept = ["studies.csv.0123abcd.part", "records/r.json.00000000.part",
             "studies/s/tumour.stl.ffffffff.part"]  # fmt: skip
    for name in (*kept, *swept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    assert sweep(tmp_path) == len(swept)
    assert all((tmp_path / name).exists() for name in kept)


@pytest.mark.parametrize("name", ["records", "studies", "studies/0123"])
def test_a_folder_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / name).parent.mkdir(parents=True)
    (tmp_path / "out" / name).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OutputError, match="OUT_LINK"), opened_folder(tmp_path / "out"):
        pass


def test_an_output_folder_may_itself_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with opened_folder(tmp_path / "link") as place:
        assert place == (tmp_path / "real").resolve()


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(UsageError, match="cannot be made"), opened_folder(tmp_path / "file" / "o"):
        pass
