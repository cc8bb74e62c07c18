"""Many studies into one output folder: measure, keep the records, derive the rest."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from quant.dicom.files.digests import with_input_hash
from quant.dicom.objects.naming import Naming
from quant.domain.flags import CODES, Severity
from quant.domain.record import Status, StudyRecord
from quant.errors import StudyError
from quant.pipeline.collector import collector_paused
from quant.pipeline.derived import Sources, derive
from quant.pipeline.digest import combined, result_sums
from quant.pipeline.entries import Entry
from quant.pipeline.folder import RECORDS, opened_folder
from quant.pipeline.how import EVERYTHING, How, Reuse, View
from quant.pipeline.ledger import Ledger
from quant.pipeline.manifest import write_manifest
from quant.pipeline.objects import naming_for
from quant.pipeline.protocols import protocol_hash
from quant.pipeline.retries import is_final
from quant.pipeline.work import Engine, InProcess, Job
from quant.report.records import read_record, record_name
from quant.report.writing import speaking_of

if TYPE_CHECKING:
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import QuarantineEntry, StudyFiles, StudyIndex
    from quant.pipeline.work import JobResult

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchResult:
    """What a run did.

    Parameters
    ----------
    out : Path
    index : StudyIndex
    entries : tuple of Entry
        One for each study, in the order of the index.
    reused : int
        Studies whose record was there already.
    derived : bool
        Tables and report were written; False when they were there, of the same records.
    sums : dict of str to str
        SHA-256 of all results, by path below the output folder.
    """

    out: Path
    index: "StudyIndex"
    entries: tuple[Entry, ...]
    reused: int
    derived: bool
    sums: dict[str, str]

    @cached_property
    def digest(self) -> str:
        """One SHA-256 of all results, see :func:`quant.pipeline.digest.combined`."""
        return combined(self.sums)

    @cached_property
    def records(self) -> tuple[StudyRecord, ...]:
        """All records, read from disk."""
        return tuple(
            read_record(self.out / RECORDS / f"{entry.record}.json") for entry in self.entries
        )

    @property
    def quarantine(self) -> "tuple[QuarantineEntry, ...]":
        """What was refused before and while measuring; reads all records."""
        return (
            *self.index.quarantined, *(one for record in self.records for one in record.quarantine),
        )  # fmt: skip

    @property
    def refused(self) -> int:
        """Number of entries in ``quarantine.csv``."""
        return len(self.index.quarantined) + sum(entry.refused for entry in self.entries)

    @property
    def statuses(self) -> Counter[Status]:
        """Number of studies by status."""
        return Counter(entry.status for entry in self.entries)

    @property
    def failed(self) -> int:
        """Number of studies that could not be measured."""
        return self.statuses[Status.FAILED]

    @property
    def has_errors(self) -> bool:
        """Tell whether a study failed, or a study, a region or a file was refused for an error."""
        return (
            self.failed > 0
            or any(entry.errors for entry in self.entries)
            or any(CODES[one.code].severity is Severity.ERROR for one in self.index.quarantined)
        )


def run_batch(
    index: "StudyIndex",
    out: Path,
    protocol: "StudyProtocol",
    *,
    reuse: Reuse = EVERYTHING,
    engine: Engine | None = None,
    view: View | None = None,
) -> BatchResult:
    """Measure every study of an index into ``out``.

    Parameters
    ----------
    index : StudyIndex
        From :func:`quant.dicom.index.index_tree`.
    out : Path
        Output folder; made when missing. Records that it already holds for the same input,
        protocol and version are kept, so an interrupted run goes on where it stopped.
    protocol : StudyProtocol
        Settings of the measurement.
    reuse : Reuse
        What is taken from earlier runs.
    engine : Engine, optional
        Who measures; this process, without a cage, when left out.
    view : View, optional
        Progress and times.

    Returns
    -------
    BatchResult

    Raises
    ------
    UsageError
        When the folder cannot be made, written or locked.
    """
    with opened_folder(out) as place:
        how = How(reuse, engine or InProcess(), view or View())
        return run_in(place, index, protocol, how)


def run_in(place: Path, index: "StudyIndex", protocol: "StudyProtocol", how: How) -> BatchResult:
    """Measure every study of an index into a folder that this run has opened.

    Parameters
    ----------
    place : Path
        From :func:`quant.pipeline.folder.opened_folder`.
    index : StudyIndex
    protocol : StudyProtocol
    how : How

    Returns
    -------
    BatchResult
        As of :func:`run_batch`.
    """
    with how.view.watch.step("open ledger"), collector_paused(keeps=True):
        ledger = Ledger(place)
    with closing(ledger):
        entries, reused = _measured(place, index, protocol, ledger, how)
        sources = Sources(entries, index.quarantined, _people(index, how))
        written = derive(place, sources, ledger, how.view.watch)
        sums = result_sums(entries, ledger)
        result = BatchResult(place, index, entries, reused, written, sums)
        with how.view.watch.step("write manifest"):
            write_manifest(result, protocol, how)
    return result


def _measured(
    place: Path, index: "StudyIndex", protocol: "StudyProtocol", ledger: Ledger, how: How
) -> tuple[tuple[Entry, ...], int]:
    """Keep the records that are there, have the rest measured; say how many were kept."""
    total = len(index.studies)
    how.view.step("", 0, total)
    with how.view.watch.step("find records"), collector_paused(keeps=True):
        naming = naming_for(place, ledger, how.naming)
        _drop_damaged(place, {study.study_uid for study in index.studies}, ledger)
        entries = _kept(index, protocol_hash(protocol), ledger, how)
    reused = len(entries)
    rest = [study for study in index.studies if study.study_uid not in entries]
    logger.info("%d of %d studies are measured already", reused, total)
    for result in how.engine.run(_jobs(rest, place, protocol, how, naming)):
        entries[result.study_uid] = _entered(place, result, ledger)
        reused += result.reused
        how.view.watch.add(result.wall_s, result.cpu_s)
        if how.reuse.digests is not None:
            how.reuse.digests.keep_digests(result.digests)
        how.view.step(result.study_uid, len(entries), total)
    how.view.step("tables", total, total)
    return tuple(entries[study.study_uid] for study in index.studies), reused


def _drop_damaged(place: Path, study_uids: set[str], ledger: Ledger) -> None:
    """Remove the records of these studies that are no longer what was written, or whose files are.

    Those of other studies, earlier protocols included, are left as they are.
    """
    for entry in list(ledger.entries.values()):
        if entry.study_uid in study_uids and not entry.holds(place):
            logger.warning(
                "record %s of study %s, or a file of it, was changed or lost: it is measured anew",
                entry.record, entry.study_uid,
            )  # fmt: skip
            ledger.forget(entry.record)
            path = place / RECORDS / f"{entry.record}.json"
            with speaking_of(path):
                path.unlink(missing_ok=True)


def _kept(index: "StudyIndex", settings_hash: str, ledger: Ledger, how: How) -> dict[str, Entry]:
    """Find the studies whose record is there and final, without reading a file.

    A study with a file whose digest is not known goes to the engine, which finds its record too.
    """
    kept: dict[str, Entry] = {}
    reuse = how.reuse
    if not reuse.records or reuse.digests is None or not ledger.entries:
        return kept
    for study in index.studies:
        try:
            hashed = with_input_hash(study, reuse.digests.as_indexed)
        except (KeyError, StudyError):
            continue
        entry = ledger.entries.get(record_name(hashed, settings_hash))
        if entry is None or (how.pictures and entry.lacks_pictures):
            continue
        if is_final(entry.status, entry.code):
            kept[study.study_uid] = entry
    return kept


def _jobs(
    studies: "list[StudyFiles]",
    place: Path,
    protocol: "StudyProtocol",
    how: How,
    naming: Naming,
) -> Iterator[Job]:
    reuse = how.reuse
    for study in studies:
        known = reuse.digests.known_digests(study) if reuse.digests is not None else {}
        yield Job(study, protocol, place, known, reuse.records, naming, how.pictures)


def _entered(place: Path, result: "JobResult", ledger: Ledger) -> Entry:
    """Enter a study's record into the ledger."""
    before = ledger.entries.get(result.record)
    if before is not None and result.reused:
        return before
    with speaking_of(place / RECORDS / f"{result.record}.json"):
        entry = Entry.of(place, result.record)
    attempts = (before.attempts if before else 0) + 1
    entry = entry.tried(attempts, sum(result.wall_s.values()))
    ledger.put(entry)
    logger.info(
        "study %s: %s %s", entry.study_uid, entry.status, entry.code,
        extra={"record": entry.record, "seconds": entry.seconds, "reused": result.reused},
    )  # fmt: skip
    return entry


def _people(index: "StudyIndex", how: How) -> dict[str, tuple[str, str]]:
    """Read whose studies they are, where that was asked for."""
    if not how.identifiers:
        return {}
    with how.view.watch.step("read identifiers"):
        return {study.study_uid: how.people(study) for study in index.studies}
