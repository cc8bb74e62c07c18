"""Many studies into one output folder: measure, keep the records, derive the rest."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from quant.dicom.files.digests import with_input_hash
from quant.domain.flags import CODES, Severity
from quant.domain.record import Status, StudyRecord
from quant.errors import StudyError, UsageError
from quant.pipeline.lock import only_run
from quant.pipeline.manifest import write_manifest
from quant.pipeline.protocols import protocol_hash
from quant.pipeline.stopwatch import Stopwatch
from quant.report.page import write_page
from quant.report.records import read_record, record_name, write_record
from quant.report.tables import write_quarantine, write_tables

if TYPE_CHECKING:
    from quant.dicom.files.digests import KeepsDigests
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import QuarantineEntry, StudyFiles, StudyIndex

logger = logging.getLogger(__name__)

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
    digests: "KeepsDigests | None" = None


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
    tick: Tick | None = None,
    watch: Stopwatch | None = None,
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
    tick : callable, optional
        Progress.
    watch : Stopwatch, optional
        Where to sum up the time of each step.

    Returns
    -------
    BatchResult
    """
    watch = watch or Stopwatch()
    _prepare(out)
    with only_run(out):
        records, reused = _records(index, out, protocol, reuse=reuse, tick=tick, watch=watch)
        quarantine = (
            *index.quarantined, *(one for record in records for one in record.quarantine),
        )  # fmt: skip
        result = BatchResult(out, index, records, reused, quarantine)
        with watch.step("write tables"):
            write_tables(records, out)
            write_quarantine(quarantine, out)
        with watch.step("write report"):
            write_page(records, quarantine, out)
        write_manifest(result, protocol, watch)
    return result


def _records(
    index: "StudyIndex",
    out: Path,
    protocol: "StudyProtocol",
    *,
    reuse: Reuse,
    tick: Tick | None,
    watch: Stopwatch,
) -> tuple[tuple[StudyRecord, ...], int]:
    """Measure every study, or keep what an earlier run measured; say how many were kept."""
    records: list[StudyRecord] = []
    settings_hash = protocol_hash(protocol)
    reused = 0
    for done, study in enumerate(index.studies):
        if tick is not None:
            tick(study.study_uid, done, len(index.studies))
        with watch.step("hash files"):
            hashed = _hashed(study, reuse.digests)
        path = out / "records" / f"{record_name(hashed, settings_hash)}.json"
        kept = _kept(path) if reuse.records else None
        reused += kept is not None
        records.append(kept or _measure_and_keep(hashed, protocol, path, watch))
    if tick is not None:
        tick("tables", len(index.studies), len(index.studies))
    return tuple(records), reused


def _hashed(study: "StudyFiles", digests: "KeepsDigests | None") -> "StudyFiles":
    """Return the study with its input hash; without it when a file was lost since indexing.

    Measuring such a study fails by the same error, which then is in its record.
    """
    try:
        return with_input_hash(study, digests)
    except StudyError:
        return study


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


def _kept(path: Path) -> StudyRecord | None:
    """Return the record of an earlier run when it is whole and not a failure."""
    if not path.is_file():
        return None
    try:
        record = read_record(path)
    except ValueError:
        logger.warning("record %s is damaged: the study is measured anew", path.name)
        return None
    primary = record.primary
    mesh = mesh_folder(path) / "tumour.stl"
    lost = primary is not None and primary.voxels > 0 and not mesh.is_file()
    return None if lost or record.status is Status.FAILED else record


def mesh_folder(record_path: Path) -> Path:
    """Folder of a study's own files, beside its record."""
    return record_path.parent.parent / "studies" / record_path.stem


def _measure_and_keep(
    study: "StudyFiles", protocol: "StudyProtocol", path: Path, watch: Stopwatch
) -> StudyRecord:
    from quant.pipeline.study import measure_study
    from quant.report.meshes import write_meshes

    outcome = measure_study(study, protocol, watch)
    if outcome.primary is not None:
        with watch.step("write mesh"):
            write_meshes(outcome.primary, mesh_folder(path))
    with watch.step("write record"):
        write_record(outcome.record, path)
    return outcome.record
