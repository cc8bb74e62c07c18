"""Many studies into one output folder: measure, keep the records, derive the rest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from quant.domain.flags import CODES, Severity
from quant.domain.record import Status, StudyRecord
from quant.errors import UsageError
from quant.pipeline.lock import only_run
from quant.pipeline.manifest import write_manifest
from quant.pipeline.stopwatch import Stopwatch
from quant.pipeline.work import Engine, InProcess, Job
from quant.report.page import write_page
from quant.report.records import read_record
from quant.report.tables import write_quarantine, write_tables

if TYPE_CHECKING:
    from quant.dicom.files.cache import HeaderCache
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import QuarantineEntry, StudyIndex
    from quant.pipeline.work import JobResult

Tick = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Reuse:
    """What earlier runs left that is used again.

    Parameters
    ----------
    records : bool
        Records of studies with the same input, protocol and version; else all is measured anew.
    digests : HeaderCache, optional
        Digests of files that did not change.
    """

    records: bool = True
    digests: "HeaderCache | None" = None


@dataclass(frozen=True, slots=True)
class View:
    """What a run shows of itself while it works.

    Parameters
    ----------
    tick : callable, optional
        Progress.
    watch : Stopwatch
        Where to sum up the time of each step.
    """

    tick: Tick | None = None
    watch: Stopwatch = field(default_factory=Stopwatch)

    def step(self, what: str, done: int, total: int) -> None:
        """Tell how far the run has come."""
        if self.tick is not None:
            self.tick(what, done, total)


EVERYTHING = Reuse()


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What a run did."""

    out: Path
    index: "StudyIndex"
    records: tuple[StudyRecord, ...]
    reused: int
    quarantine: "tuple[QuarantineEntry, ...]"

    @property
    def failed(self) -> int:
        """Number of studies that could not be measured."""
        return sum(record.status is Status.FAILED for record in self.records)

    @property
    def has_errors(self) -> bool:
        """Tell whether a study, a region or a file was refused for an error."""
        return any(CODES[one.code].severity is Severity.ERROR for one in self.quarantine)


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
    """
    view = view or View()
    _prepare(out)
    with only_run(out):
        jobs = _jobs(index, out, protocol, reuse)
        records, reused = _records(index, out, (engine or InProcess()).run(jobs), reuse, view)
        quarantine = (
            *index.quarantined, *(one for record in records for one in record.quarantine),
        )  # fmt: skip
        result = BatchResult(out, index, records, reused, quarantine)
        with view.watch.step("write tables"):
            write_tables(records, out)
            write_quarantine(quarantine, out)
        with view.watch.step("write report"):
            write_page(records, quarantine, out)
        write_manifest(result, protocol, view.watch)
    return result


def _jobs(index: "StudyIndex", out: Path, protocol: "StudyProtocol", reuse: Reuse) -> Iterator[Job]:
    for study in index.studies:
        known = reuse.digests.known_digests(study) if reuse.digests is not None else {}
        yield Job(study, protocol, out, known, reuse.records)


def _records(
    index: "StudyIndex", out: Path, results: "Iterator[JobResult]", reuse: Reuse, view: View
) -> tuple[tuple[StudyRecord, ...], int]:
    """Take the results as they come; return the records in the order of the index."""
    records: dict[str, StudyRecord] = {}
    total, reused = len(index.studies), 0
    view.step("", 0, total)
    for result in results:
        records[result.study_uid] = read_record(out / "records" / f"{result.record}.json")
        reused += result.reused
        view.watch.add(result.wall_s, result.cpu_s)
        if reuse.digests is not None:
            reuse.digests.keep_digests(result.digests)
        view.step(result.study_uid, len(records), total)
    view.step("tables", total, total)
    return tuple(records[study.study_uid] for study in index.studies), reused


def _prepare(out: Path) -> None:
    try:
        (out / "records").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            "USAGE",
            "The output folder cannot be made.",
            found=f"{type(error).__name__} for {out}",
            needed="a folder that can be written",
            next_step="choose another folder with -o",
        ) from error
