"""The cache as an SQLite file: opened with care, written in batches, given up without a word."""

import contextlib
import logging
import os
import stat
from typing import TYPE_CHECKING, TypeVar

try:
    import sqlite3
except ImportError:  # pragma: no cover - some builds of Python lack it: then there is no cache
    sqlite3 = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

logger = logging.getLogger(__name__)

T = TypeVar("T")

FILE_NAME = "headers-1.sqlite"
"""The number changes with the layout of the table."""

PATIENCE_S = 2.0
"""Time to wait for another run that is writing."""

TABLE = """CREATE TABLE IF NOT EXISTS entries (
    path BLOB PRIMARY KEY, state TEXT NOT NULL, reader TEXT NOT NULL, header TEXT NOT NULL,
    digest TEXT NOT NULL, kept INTEGER NOT NULL)"""

FIND = "SELECT reader, header, digest FROM entries WHERE path = ? AND state = ?"

FIND_ALL = "SELECT path, state, reader, header, digest FROM entries WHERE path IN"

AT_ONCE = 500
"""Files asked for in one query; SQLite allows 999 in all versions."""

KEEP = """INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET
    reader = CASE WHEN excluded.header != '' OR state != excluded.state
        THEN excluded.reader ELSE reader END,
    header = CASE WHEN excluded.header != '' OR state != excluded.state
        THEN excluded.header ELSE header END,
    digest = CASE WHEN excluded.digest != '' OR state != excluded.state
        THEN excluded.digest ELSE digest END,
    state = excluded.state, kept = excluded.kept"""
"""A header leaves the digest of the same state of the file as it is, and the other way round."""

DROP = """DELETE FROM entries WHERE rowid IN
    (SELECT rowid FROM entries ORDER BY kept LIMIT 1 + (SELECT count(*) FROM entries) / 4)"""

SPOILED = ("no such", "Could not decode")
"""How the messages begin of errors that are neither a lock nor a lack of rights or room."""

Row = tuple[bytes, str, str, str, str, int]
"""Hash of the path, state of the file, what read it, header, digest, time of keeping (ns)."""


class CacheFile:
    """The file and its table; whatever fails, nothing is raised and it is not used any more.

    Parameters
    ----------
    folder : Path
        Made with mode 0700 when missing; the file in it has mode 0600. A file that others may
        have written is not used.
    """

    def __init__(self, folder: "Path") -> None:
        self._path = folder / FILE_NAME
        self._database = self._opened()

    @property
    def is_open(self) -> bool:
        """Tell whether the file is in use."""
        return self._database is not None

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def find(self, key: bytes, state: str) -> tuple[object, object, object]:
        """Return what read a file in this state, its header and its digest; empty if unknown."""
        found = self._try(lambda database: database.execute(FIND, (key, state)).fetchone())
        return found if found is not None else ("", "", "")

    def find_all(self, keys: list[bytes]) -> "dict[bytes, tuple[str, str, str, str]]":
        """Return state, what read it, header and digest of each file that is known, by its key."""
        found: dict[bytes, tuple[str, str, str, str]] = {}
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            query = f"{FIND_ALL} ({', '.join('?' * len(some))})"
            rows = self._try(lambda database: database.execute(query, some).fetchall())  # noqa: B023 - called at once
            found.update({row[0]: row[1:] for row in rows or ()})
        return found

    def write(self, rows: list[Row]) -> None:
        """Write entries, all or none."""

        def write(database: "sqlite3.Connection") -> None:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(KEEP, rows)
            database.execute("COMMIT")

        self._try(write)

    def trim(self, most_bytes: int) -> None:
        """Drop the oldest quarter of the entries when they take more room than this."""

        def trim(database: "sqlite3.Connection") -> None:
            pages, free, page_bytes = (
                database.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
            if (pages - free) * page_bytes > most_bytes:
                database.execute(DROP)

        self._try(trim)

    def _try(self, use: "Callable[[sqlite3.Connection], T]") -> T | None:
        if self._database is None:
            return None
        try:
            return use(self._database)
        except sqlite3.Error as error:
            logger.debug("the cache is not used any more: %s", type(error).__name__)
            self.close()
            self._removed(error)
            return None

    def _opened(self, *, again: bool = True) -> "sqlite3.Connection | None":
        """Open the file, or make it; a damaged one is removed and made anew."""
        database = None
        if sqlite3 is None:
            return None
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _require_own(self._path)
            database = sqlite3.connect(self._path, timeout=PATIENCE_S, isolation_level=None)
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(TABLE)
            database.execute(FIND, (b"", "")).fetchone()
        except (OSError, sqlite3.Error) as error:
            logger.debug("the cache is not used: %s", type(error).__name__)
            if database is not None:
                database.close()
            return self._opened(again=False) if self._removed(error) and again else None
        return database

    def _removed(self, error: Exception) -> bool:
        """Remove the file if the error says that it is damaged, not only busy or read-only."""
        spoiled = isinstance(error, sqlite3.OperationalError) and str(error).startswith(SPOILED)
        if not spoiled and type(error) is not sqlite3.DatabaseError:
            return False
        try:
            self._path.unlink()
        except OSError:
            return False
        for ending in ("-journal", "-wal"):
            with contextlib.suppress(OSError):
                self._path.with_name(self._path.name + ending).unlink()
        return True


def _require_own(file: "Path") -> None:
    """Make the file when it is missing; raise PermissionError when others may have written it."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        status = os.fstat(handle)
    finally:
        os.close(handle)
    if os.name == "posix" and (status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 18):
        raise PermissionError(file)
