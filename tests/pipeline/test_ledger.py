"""The ledger is made anew from the records whenever it cannot be relied on, and says so."""

import json
import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from quant.domain.record import Status
from quant.errors import OutputError
from quant.pipeline.batch import run_batch
from quant.pipeline.entries import Entry, from_row, to_row
from quant.pipeline.how import Reuse
from quant.pipeline.ledger import LEDGER_NAME, Ledger
from quant.pipeline.seals import Seal
from quant.report.pictures import DRAWN
from tests.support.batches import QUICK, measured_at_once, write_batch
from tests.support.seeds import write_study

STUDIES = 3


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an input with the output folder of its batch."""
    folder = tmp_path_factory.mktemp("ledger")
    with measured_at_once(write_batch(folder / "in", STUDIES)) as index:
        run_batch(index, folder / "out", QUICK)
    return folder


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of the output folder."""
    return Path(shutil.copytree(finished / "out", tmp_path / "out"))


@pytest.fixture
def ledger(out: Path) -> Iterator[Ledger]:
    with closing(Ledger(out)) as opened:
        yield opened


def _entries(out: Path) -> dict[str, Entry]:
    with closing(Ledger(out)) as opened:
        return dict(opened.entries)


def _alike(one: dict[str, Entry], other: dict[str, Entry]) -> bool:
    """Tell whether entries agree in all but what only the run knew, and the times of copies."""

    def known(entry: Entry) -> Entry:
        sums = {name: seal._replace(ctime_ns=0) for name, seal in entry.seals.items()}
        return replace(entry, attempts=1, seconds=0.0, seals=sums)

    return {key: known(value) for key, value in one.items()} == {
        key: known(value) for key, value in other.items()
    }


def test_the_ledger_holds_what_each_record_is_of(ledger: Ledger, out: Path) -> None:
    names = {path.stem for path in (out / "records").glob("*.json")}

    assert set(ledger.entries) == names
    for name, entry in ledger.entries.items():
        path = out / "records" / f"{name}.json"
        told = json.loads(path.read_bytes())["record"]
        assert entry.input_hash == told["input_hash"]
        assert entry.protocol_hash == told["protocol_hash"]
        assert (entry.status, entry.code, entry.attempts) == (Status.OK, "", 1)
        assert entry.seals[f"records/{name}.json"].size == path.stat().st_size
        own = {path.name for path in (out / "studies" / name).iterdir()} - {*DRAWN}
        assert set(entry.seals) == {f"records/{name}.json", *(f"studies/{name}/{x}" for x in own)}
        assert f"studies/{name}/tumour.stl" in entry.seals


def test_the_file_is_a_plain_database_without_a_write_ahead_log(out: Path) -> None:
    with closing(sqlite3.connect(out / LEDGER_NAME)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert database.execute("SELECT count(*) FROM studies").fetchone() == (STUDIES,)
    assert not list(out.glob("ledger.sqlite-*"))


@pytest.mark.parametrize("how", ["missing", "empty", "text", "cut", "foreign", "older layout"])
def test_a_ledger_that_cannot_be_relied_on_is_made_anew(
    out: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    before, path = _entries(out), out / LEDGER_NAME
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("not a database", encoding="ascii")
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "foreign":
        path.unlink()
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE studies (name TEXT)")
    else:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA user_version = 99")

    with caplog.at_level(logging.WARNING, "quant"):
        after = _entries(out)

    assert _alike(after, before)
    assert "made anew from the records" in caplog.text
    if how not in ("missing", "empty"):
        assert (out / f"{LEDGER_NAME}.damaged").is_file()


def test_a_row_that_was_changed_behind_its_back_is_noticed(
    out: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = _entries(out)
    with closing(sqlite3.connect(out / LEDGER_NAME, isolation_level=None)) as database:
        database.execute("UPDATE studies SET status = 'failed', code = 'NO_EMISSION'")

    assert _alike(_entries(out), before)
    assert "damaged" in caplog.text


def test_rows_that_are_lost_are_read_from_their_records_again(out: Path) -> None:
    before = _entries(out)
    with closing(sqlite3.connect(out / LEDGER_NAME, isolation_level=None)) as database:
        database.execute("DELETE FROM studies WHERE rowid = 2")

    assert _alike(_entries(out), before)


def test_a_damaged_record_is_left_out_of_a_ledger_that_is_made_anew(
    out: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (out / LEDGER_NAME).unlink()
    path = next((out / "records").glob("*.json"))
    path.write_bytes(path.read_bytes().replace(b'"ok"', b'"ko"'))
    os.mkfifo(out / "records" / "pipe.json")

    assert path.stem not in _entries(out)
    assert f"record {path.stem} is damaged" in caplog.text
    assert "record pipe is damaged" in caplog.text


def test_a_record_without_its_mesh_is_left_out_of_a_ledger_that_is_made_anew(out: Path) -> None:
    (out / LEDGER_NAME).unlink()
    name = next((out / "records").glob("*.json")).stem
    shutil.rmtree(out / "studies" / name)

    assert name not in _entries(out)


def test_a_link_in_the_ledgers_place_is_refused(out: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.sqlite"
    elsewhere.write_bytes(b"somebody's")
    (out / LEDGER_NAME).unlink()
    (out / LEDGER_NAME).symlink_to(elsewhere)

    with pytest.raises(OutputError, match="OUT_LINK"):
        Ledger(out)
    assert elsewhere.read_bytes() == b"somebody's"


def test_a_full_disk_is_told_from_a_damaged_ledger(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL

    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(ledger, "_write", full)
    ledger.put(next(iter(ledger.entries.values())))

    with pytest.raises(OutputError, match="OUT_NO_SPACE"):
        ledger.commit()
    monkeypatch.undo()


def test_rows_and_entries_are_the_same_there_and_back(ledger: Ledger) -> None:
    for entry in ledger.entries.values():
        row = to_row(entry)
        assert from_row(row) == entry
        with pytest.raises(ValueError, match="checksum"):
            from_row((*row[:8], row[8] + 1, *row[9:]))


def test_attempts_are_counted_over_runs(tmp_path: Path) -> None:
    with measured_at_once(write_batch(tmp_path / "in", 1)) as index:
        runs = [
            run_batch(index, tmp_path / "out", QUICK, reuse=Reuse(records=False)) for _ in range(3)
        ]

    assert [run.entries[0].attempts for run in runs] == [1, 2, 3]
    assert runs[-1].entries[0].seconds >= 0.0


def test_a_seal_reads_a_file_only_when_its_times_differ(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    seal = Seal.of(path)

    assert seal.holds(path)
    path.write_bytes(b"content")
    assert seal.holds(path)
    path.write_bytes(b"context")
    assert not seal.holds(path)
    path.unlink()
    assert not seal.holds(path)


def test_another_protocol_or_input_measures_anew_and_keeps_the_old_record(tmp_path: Path) -> None:
    write_study(tmp_path / "in")
    other = QUICK.model_copy(update={"description": "another"})
    with measured_at_once(tmp_path / "in") as index:
        first = run_batch(index, tmp_path / "out", QUICK)
        second = run_batch(index, tmp_path / "out", other)

    manifest = json.loads((tmp_path / "out" / "run.json").read_bytes())
    assert (second.reused, second.derived) == (0, True)
    assert first.entries[0].record != second.entries[0].record
    assert manifest["records_earlier"] == [f"records/{first.entries[0].record}.json"]
    assert (tmp_path / "out" / manifest["records_earlier"][0]).is_file()
