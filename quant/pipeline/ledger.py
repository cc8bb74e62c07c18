"""The ledger of an output folder: which records are there, whole, and of what.

``ledger.sqlite`` has one writer, the run that holds the folder's lock. It is never needed: the
records are the truth, and a ledger that is missing, damaged or another program's is made anew from
them, which is said. What is not yet in it when a run is killed is read from the record again.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from quant.errors import OutputError
from quant.pipeline.entries import Entry, Row, checksum, from_row, to_row
from quant.pipeline.folder import RECORDS
from quant.report.writing import output_error, require_own

logger = logging.getLogger(__name__)

LEDGER_NAME = "ledger.sqlite"
LAYOUT = 1
APPLICATION = 0x7370_6563
"""Marks the file as ours (``PRAGMA application_id``)."""

COMMIT_S = 1.0
"""Entries wait at most so long for the next one before they are written."""

TABLES = (
    """CREATE TABLE studies (
    record TEXT PRIMARY KEY, study_uid TEXT NOT NULL, input_hash TEXT NOT NULL,
    protocol_hash TEXT NOT NULL, version TEXT NOT NULL, status TEXT NOT NULL, code TEXT NOT NULL,
    refused INTEGER NOT NULL, errors INTEGER NOT NULL, attempts INTEGER NOT NULL,
    seconds REAL NOT NULL, seals TEXT NOT NULL, checksum TEXT NOT NULL)""",
    "CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL, checksum TEXT NOT NULL)",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {LAYOUT}",
)

FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Ledger:
    """Entries by the name of their record, in memory and on disk.

    Parameters
    ----------
    place : Path
        The output folder, resolved and locked.
    """

    def __init__(self, place: Path) -> None:
        self._place, self._path = place, place / LEDGER_NAME
        self._entries: dict[str, Entry] = {}
        self._notes: dict[str, str] = {}
        self._pending: dict[str, Entry] = {}
        self._committed_s = time.monotonic()
        for name in (LEDGER_NAME, f"{LEDGER_NAME}-journal"):
            require_own(place / name)
        self._database = self._opened()
        self._adopt()

    @property
    def entries(self) -> dict[str, Entry]:
        """All entries by the name of their record; not to be changed."""
        return self._entries

    def put(self, entry: Entry) -> None:
        """Keep an entry; it is on disk within a second of the next one, and at the end."""
        self._entries[entry.record] = self._pending[entry.record] = entry
        if time.monotonic() - self._committed_s >= COMMIT_S:
            self.commit()

    def forget(self, record: str) -> None:
        """Drop the entry of a record that turned out to be damaged."""
        self._entries.pop(record, None)
        self._pending.pop(record, None)
        with self._speaking():
            self._database.execute("DELETE FROM studies WHERE record = ?", (record,))

    def note(self, name: str) -> str:
        """Return what was noted under a name; empty if nothing was."""
        return self._notes.get(name, "")

    def set_note(self, name: str, value: str) -> None:
        """Note a text under a name."""
        self._notes[name] = value
        row = (name, value, checksum((name, value)))
        with self._speaking():
            self._database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", row)

    def commit(self) -> None:
        """Write what is pending to disk, all or nothing."""
        self._committed_s = time.monotonic()
        rows = [to_row(entry) for entry in self._pending.values()]
        with self._speaking():
            self._write(rows)
        self._pending.clear()

    def close(self) -> None:
        """Write what is pending and close."""
        try:
            if self._pending:
                self.commit()
        finally:
            self._database.close()

    def _write(self, rows: list[Row]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        marks = ", ".join("?" * 13)
        try:
            self._database.executemany(f"INSERT OR REPLACE INTO studies VALUES ({marks})", rows)  # noqa: S608 - question marks only
            self._database.execute("COMMIT")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Say what an error of the database means for the run."""
        try:
            yield
        except sqlite3.Error as error:
            raise _meaning(error, self._path) from error

    def _opened(self) -> sqlite3.Connection:
        """Open the ledger; one that cannot be relied on is set aside and made from the records."""
        why = "missing" if any((self._place / RECORDS).glob("*.json")) else ""
        if self._path.exists():
            try:
                return self._loaded()
            except (sqlite3.DatabaseError, ValueError, TypeError, IndexError) as error:
                if isinstance(error, sqlite3.OperationalError) and _is_outside(error):
                    raise _meaning(error, self._path) from error
                why = "damaged or not one of this engine"
                self._set_aside()
        database = self._made()
        if why:
            logger.warning("the ledger was %s: it is made anew from the records", why)
        return database

    def _loaded(self) -> sqlite3.Connection:
        database = _connected(self._path)
        try:
            own = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in _MARKS]
            if own == [APPLICATION, LAYOUT]:
                self._load(database)
                return database
        except BaseException:
            database.close()
            self._entries.clear()
            self._notes.clear()
            raise
        database.close()
        message = "not a ledger of this layout"
        raise ValueError(message)

    def _load(self, database: sqlite3.Connection) -> None:
        """Read everything, each row against its checksum."""
        for row in database.execute("SELECT * FROM studies"):
            entry = from_row(row)
            self._entries[entry.record] = entry
        for name, value, check in database.execute("SELECT * FROM notes"):
            if checksum((name, value)) != check:
                message = "a note of the ledger does not have its checksum"
                raise ValueError(message)
            self._notes[name] = value

    def _made(self) -> sqlite3.Connection:
        with self._speaking():
            database = _connected(self._path)
            database.execute("BEGIN IMMEDIATE")
            for statement in TABLES:
                database.execute(statement)
            database.execute("COMMIT")
        return database

    def _set_aside(self) -> None:
        """Rename the file, so that nothing of anybody's is lost, and drop its journal."""
        try:
            self._path.replace(self._path.with_name(f"{LEDGER_NAME}.damaged"))
            self._path.with_name(f"{LEDGER_NAME}-journal").unlink(missing_ok=True)
        except OSError as error:
            raise output_error(error, self._path) from error

    def _adopt(self) -> None:
        """Enter the records that the ledger lacks: written just before a run was killed, or all."""
        known = {f"{name}.json" for name in self._entries}
        with suppress(FileNotFoundError), os.scandir(self._place / RECORDS) as files:
            lacking = sorted({file.name for file in files} - known)
            for name in lacking:
                if name.endswith(".json"):
                    self._adopt_record(name.removesuffix(".json"))

    def _adopt_record(self, record: str) -> None:
        try:
            entry = Entry.of(self._place, record)
        except (OSError, ValueError):
            logger.warning("record %s is damaged: its study is measured anew", record)
            return
        self._entries[entry.record] = self._pending[entry.record] = entry


_MARKS = ("application_id", "user_version")


def _connected(path: Path) -> sqlite3.Connection:
    """Open the file without SQLite's own locks: the folder's lock is held, and shares lack them."""
    address = f"file:{quote(str(path))}?mode=rwc&nolock=1"
    database = sqlite3.connect(address, uri=True, isolation_level=None)
    try:
        for setting in ("journal_mode = DELETE", "synchronous = FULL", "trusted_schema = OFF"):
            database.execute(f"PRAGMA {setting}").fetchall()
    except sqlite3.Error:
        database.close()
        raise
    return database


def _is_outside(error: sqlite3.Error) -> bool:
    """Tell trouble with the disk or the rights from a damaged file."""
    return (error.sqlite_errorcode & 0xFF) not in (*DAMAGED, sqlite3.SQLITE_ERROR)


def _meaning(error: sqlite3.Error, path: Path) -> OutputError:
    import errno

    full = (getattr(error, "sqlite_errorcode", 0) & 0xFF) in FULL
    number = errno.ENOSPC if full else errno.EIO
    return output_error(OSError(number, str(error)), path)
