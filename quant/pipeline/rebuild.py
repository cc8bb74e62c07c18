"""``quant report``: make sheets, tables and pages again from records and display copies.

The DICOM files of the studies are not needed, nor read. Names of patients, which only the tables
of a run with ``--identifiers`` hold, are taken over from these; so is what was refused before any
study was measured.
"""

import csv
import io
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from quant.domain.flags import CODES
from quant.domain.study import QuarantineEntry
from quant.domain.text import inert
from quant.errors import OutputError, UsageError
from quant.pipeline.derived import NOTE, Sources, derive
from quant.pipeline.digest import manifest_checksum, read_manifest
from quant.pipeline.folder import RECORDS, STUDIES, opened_folder
from quant.pipeline.ledger import Ledger
from quant.pipeline.manifest import PERSONAL
from quant.pipeline.protocols import load_protocol, protocol_hash, shipped_names
from quant.pipeline.stopwatch import Stopwatch
from quant.report.records import read_record
from quant.report.site.build import Form
from quant.report.tables import NOBODY, People
from quant.report.writing import read_own

if TYPE_CHECKING:
    from quant.domain.protocol import StudyProtocol
    from quant.domain.record import StudyRecord

logger = logging.getLogger(__name__)

Tick = Callable[[int, int], None]

FEW = 4
"""So many sheets are drawn in this process: others would have to be started first."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was made again.

    Parameters
    ----------
    studies : int
        Records shown.
    sheets : int
        Sheets drawn.
    damaged : tuple of str
        Names of records that were passed over, and of studies whose sheet could not be drawn.
    """

    studies: int
    sheets: int
    damaged: tuple[str, ...]


def rebuild(out: Path, form: Form, *, jobs: int = 1, tick: Tick | None = None) -> Rebuilt:
    """Make sheets, tables and pages of an output folder again.

    Parameters
    ----------
    out : Path
        Output folder of ``quant run``.
    form : Form
        How the report is laid out.
    jobs : int
        Processes that draw sheets.
    tick : callable, optional
        Called with the sheets drawn and all there are.

    Returns
    -------
    Rebuilt

    Raises
    ------
    UsageError
        ``USAGE`` when the folder holds no record.
    OutputError
        When the folder is in use or cannot be written.
    """
    require_records(out)
    with opened_folder(out) as place, closing(Ledger(place)) as ledger:
        names, damaged = shown(place)
        entries = [ledger.entries[name] for name in names if name in ledger.entries]
        sheets, undrawn = _draw_sheets(place, names, jobs, tick or _silent)
        refused = tuple(_refused_before(place, names))
        ledger.set_note(NOTE, "")
        sources = Sources(entries, refused, _people(place), form)
        derive(place, sources, ledger, Stopwatch())
    return Rebuilt(len(entries), sheets, (*damaged, *undrawn))


def read_shown(out: Path) -> "tuple[list[StudyRecord], tuple[str, ...]]":
    """Read the records that the report of a folder shows; name those that are damaged.

    Raises
    ------
    UsageError
        ``USAGE`` when the folder holds no record.
    """
    require_records(out)
    names, damaged = shown(out)
    return [read_record(out / RECORDS / f"{name}.json") for name in names], damaged


def require_records(out: Path) -> None:
    """Raise ``UsageError`` unless a folder holds records."""
    if not any((out / RECORDS).glob("*.json")):
        raise UsageError(
            "USAGE",
            "There is nothing to report on.",
            found=f"no record in {out}" if out.is_dir() else f"no folder {out}",
            needed="the output folder of quant run",
            next_step="quant run INPUT -o OUT",
        )


def known_protocols(out: Path) -> "dict[str, StudyProtocol]":
    """Return the shipped protocols and the one of the last run by the hash of their settings."""
    from pydantic import ValidationError

    from quant.domain.protocol import StudyProtocol

    found = [load_protocol(name) for name in shipped_names()]
    try:
        found.append(StudyProtocol.model_validate(_manifest(out).get("protocol")))
    except ValidationError:
        logger.debug("run.json holds no protocol")
    return {protocol_hash(one): one for one in found}


def shown(out: Path) -> tuple[list[str], tuple[str, ...]]:
    """Name the whole records that the last run shows, by study, and those that are damaged.

    Without ``run.json`` these are all that there are.
    """
    listed = _manifest(out).get("records")
    named = listed.values() if isinstance(listed, dict) else ()
    names = {Path(str(one["record"])).stem for one in named if isinstance(one, dict)}
    if not names:
        names = {path.stem for path in (out / RECORDS).glob("*.json")}
    whole, damaged = {}, []
    for name in sorted(names):
        try:
            whole[name] = read_record(out / RECORDS / f"{name}.json").study_uid
        except (OSError, ValueError):
            logger.warning("RECORD_DAMAGED: record %s is passed over", name)
            damaged.append(name)
    return sorted(whole, key=lambda name: (whole[name], name)), tuple(damaged)


def _manifest(out: Path) -> dict[str, object]:
    """Return ``run.json``; empty when it is missing or damaged."""
    try:
        manifest = read_manifest(out)
        is_whole = manifest["sha256"] == manifest_checksum(manifest)
    except (OSError, ValueError, KeyError):
        return {}
    return manifest if is_whole else {}


def _silent(done: int, total: int) -> None:
    del done, total


def _draw_sheets(
    place: Path, names: Sequence[str], jobs: int, tick: Tick
) -> tuple[int, tuple[str, ...]]:
    """Draw the sheets of all studies with a folder; name those that could not be drawn."""
    wanted = [name for name in names if (place / STUDIES / name).is_dir()]
    tick(0, len(wanted))
    undrawn = []
    for done, (name, problem) in enumerate(_drawn(place, wanted, jobs), start=1):
        if problem:
            logger.warning("study %s has no sheet (%s)", name, problem)
            undrawn.append(name)
        tick(done, len(wanted))
    return len(wanted) - len(undrawn), tuple(sorted(undrawn))


def _drawn(place: Path, names: Sequence[str], jobs: int) -> Iterator[tuple[str, str]]:
    if jobs <= 1 or len(names) <= FEW:
        for name in names:
            yield name, draw(place, name)
        return
    with ProcessPoolExecutor(min(jobs, len(names)), get_context("spawn")) as pool:
        futures = {pool.submit(draw, place, name): name for name in names}
        for future in as_completed(futures):
            problem = future.exception()
            if isinstance(problem, OutputError):
                raise problem
            yield futures[future], type(problem).__name__ if problem else future.result()


def draw(place: Path, name: str) -> str:
    """Draw the sheet of one study; return the kind of error, empty when there was none.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    from quant.report.pictures.study import draw as draw_pictures

    try:
        record = read_record(place / RECORDS / f"{name}.json")
        draw_pictures(record, place / STUDIES / name)
    except OutputError:
        raise
    except Exception as error:  # a picture is no reason to lose the others
        logger.debug("no sheet of %s", name, exc_info=True)
        return type(error).__name__
    return ""


def _refused_before(place: Path, names: Sequence[str]) -> Iterator[QuarantineEntry]:
    """Yield what ``quarantine.csv`` holds beyond the records: refused before measuring."""
    known: set[tuple[str, ...]] = set()
    for name in names:
        record = read_record(place / RECORDS / f"{name}.json")
        known |= {(q.path, q.study_uid, q.code, q.message) for q in record.quarantine}
    for row in _rows(place / "quarantine.csv"):
        cells = tuple(_cell(row, key) for key in ("path", "study_uid", "code", "message"))
        if cells not in known and cells[2] in CODES:
            yield QuarantineEntry(*cells)


def _people(place: Path) -> People:
    """Return names and identifiers of patients from the table that holds them, if it does."""
    if not _manifest(place).get("identifiers"):
        return NOBODY
    return {
        _cell(row, "study_uid"): (_cell(row, PERSONAL[0]), _cell(row, PERSONAL[1]))
        for row in _rows(place / "studies.csv")
        if PERSONAL[0] in row
    }


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        text = read_own(path).decode("utf-8")
        yield from csv.DictReader(io.StringIO(text, newline=""))
    except (OSError, ValueError, csv.Error):
        logger.warning("%s cannot be read: what only it holds is left out", path.name)


def _cell(row: dict[str, str], key: str) -> str:
    """Return a cell without the apostrophe that keeps it from running as a formula."""
    text = row.get(key) or ""
    return text[1:] if text.startswith("'") and inert(text[1:]) == text else text
