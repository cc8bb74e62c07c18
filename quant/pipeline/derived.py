"""What is derived from the records: tables, quarantine list, report; made when they changed."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import quant.report
from quant.errors import OutputError
from quant.pipeline.folder import RECORDS
from quant.pipeline.seals import Seal, seals_from
from quant.report.records import read_record
from quant.report.site.build import Form, Source, is_there, write_site
from quant.report.tables import People, write_quarantine, write_tables
from quant.version import VERSION

if TYPE_CHECKING:
    from quant.domain.record import StudyRecord
    from quant.domain.study import QuarantineEntry
    from quant.pipeline.entries import Entry
    from quant.pipeline.ledger import Ledger
    from quant.pipeline.stopwatch import Stopwatch

TABLES = (
    "studies.csv", "studies.parquet", "lesions.csv", "lesions.parquet", "measurements.parquet",
    "quarantine.csv",
)  # fmt: skip
"""Derived files that hold results and nothing of the time or place of the run."""

PAGES = ("report.html",)
SITE = "report"

NOTE = "derived"
"""Where the ledger keeps what the derived files were made from, and their seals."""

AT_ONCE = 500
"""Up to so many records are held in memory; of more, each is read when it is needed."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that the derived files are made from.

    Parameters
    ----------
    entries : sequence of Entry
        In the order of the rows.
    quarantine : sequence of QuarantineEntry
        What was refused before any study was measured.
    people : dict of str to (str, str)
        Name and identifier of the patient by study UID, where they were asked for.
    form : Form
        How the report is laid out.
    """

    entries: "Sequence[Entry]"
    quarantine: "Sequence[QuarantineEntry]" = ()
    people: People = field(default_factory=dict)
    form: Form = Form.AUTO

    def key(self) -> str:
        """Return a hash of all of it, and of the code that makes files from it."""
        parts = [
            VERSION,
            _code_digest(),
            [[one.record, one.seals[f"{RECORDS}/{one.record}.json"].sha256, one.lacks_pictures]
             for one in self.entries],
            [[one.path, one.study_uid, one.code, one.message] for one in self.quarantine],
            sorted(self.people.items()),
            self.form,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class Records:
    """The records of a run in the order of its studies; each is checked whenever it is read."""

    def __init__(self, place: Path, entries: "Sequence[Entry]", ledger: "Ledger") -> None:
        self._place, self._entries, self._ledger = place, entries, ledger
        self._held: list[StudyRecord] = []

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> "Iterator[StudyRecord]":
        if self._held:
            yield from self._held
            return
        held: list[StudyRecord] = []
        for entry in self._entries:
            record = self._read(entry.record)
            if len(self) <= AT_ONCE:
                held.append(record)
            yield record
        self._held = held

    def _read(self, name: str) -> "StudyRecord":
        try:
            return read_record(self._place / RECORDS / f"{name}.json")
        except (OSError, ValueError) as error:
            self._ledger.forget(name)
            raise OutputError(
                "OUT_DAMAGED",
                "A record was damaged since it was written.",
                found=f"record {name} does not have its checksum, or cannot be read",
                needed="the records as they were written",
                next_step="give the same command again: that study is measured anew; check the "
                "medium",
            ) from error


def derive(place: Path, sources: Sources, ledger: "Ledger", watch: "Stopwatch") -> bool:
    """Write the derived files, unless they are there and made from the same; tell if written.

    Raises
    ------
    OutputError
        When they cannot be written, or a record is damaged.
    """
    key = sources.key()
    with watch.step("check tables"):
        if _is_current(place, ledger, key):
            return False
    ledger.set_note(NOTE, "")
    records = Records(place, sources.entries, ledger)
    refused: list[QuarantineEntry] = list(sources.quarantine)
    with watch.step("write tables"):
        write_tables(_noting(records, refused), place, sources.people)
        write_quarantine(refused, place)
    with watch.step("write report"):
        names = [one.record for one in sources.entries]
        pages = write_site(Source(place, names, records, refused), sources.form)
    seals = {name: Seal.of(place / name) for name in (*TABLES, *PAGES)}
    note = {"key": key, "seals": seals, "pages": pages, "site": _states(place / SITE)}
    ledger.set_note(NOTE, json.dumps(note))
    return True


def derived_seals(ledger: "Ledger") -> dict[str, Seal]:
    """Return the seals of the derived files by name; empty when there are none."""
    try:
        return seals_from(json.loads(ledger.note(NOTE))["seals"])
    except (ValueError, KeyError, TypeError):
        return {}


def _is_current(place: Path, ledger: "Ledger", key: str) -> bool:
    seals = derived_seals(ledger)
    if set(seals) != {*TABLES, *PAGES}:
        return False
    note = json.loads(ledger.note(NOTE))
    if note["key"] != key or not is_there(place, note.get("pages", -1)):
        return False
    if note.get("site") != _states(place / SITE):
        return False
    return all(seal.holds(place / name) for name, seal in seals.items())


def _states(folder: Path) -> str:
    """Return a hash of the size and times of all files below a folder: any change makes another."""
    lines = []
    for where, _, names in os.walk(folder):
        for name in names:
            status = os.lstat(f"{where}/{name}")
            times = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
            lines.append(f"{where.removeprefix(str(folder))}/{name} {times}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _noting(records: Records, refused: "list[QuarantineEntry]") -> "Iterator[StudyRecord]":
    """Pass records on, and collect what they refuse on the way."""
    for record in records:
        refused.extend(record.quarantine)
        yield record


@cache
def _code_digest() -> str:
    """Return a hash of the code that makes tables and pages."""
    digest = hashlib.sha256()
    (folder,) = quant.report.__path__
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix in (".py", ".j2", ".css", ".js"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
