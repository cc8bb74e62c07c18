"""Many studies into one output folder: measure, keep the records, derive the rest."""

import hashlib
import json
import logging
import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from quant.domain.flags import CODES, Severity
from quant.domain.record import Status, StudyRecord
from quant.errors import UsageError
from quant.pipeline.protocols import protocol_hash
from quant.pipeline.stopwatch import Stopwatch
from quant.report.records import read_record, write_record
from quant.report.tables import write_quarantine, write_tables
from quant.report.writing import write_text
from quant.version import VERSION

if TYPE_CHECKING:
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import QuarantineEntry, StudyFiles, StudyIndex

logger = logging.getLogger(__name__)

Tick = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""


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


def record_name(study_uid: str, input_hash: str, settings_hash: str) -> str:
    """Name of a study's record: a hash of its input, the protocol and the engine's version."""
    parts = (study_uid, input_hash, settings_hash, VERSION)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def run_batch(
    index: "StudyIndex",
    out: Path,
    protocol: "StudyProtocol",
    *,
    restart: bool = False,
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
    restart : bool
        Measure every study anew.
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
    records: list[StudyRecord] = []
    settings_hash = protocol_hash(protocol)
    reused = 0
    for done, study in enumerate(index.studies):
        if tick is not None:
            tick(study.study_uid, done, len(index.studies))
        name = record_name(study.study_uid, study.input_hash, settings_hash)
        path = out / "records" / f"{name}.json"
        kept = None if restart else _kept(path)
        reused += kept is not None
        records.append(kept or _measure_and_keep(study, protocol, path, watch))
    if tick is not None:
        tick("tables", len(index.studies), len(index.studies))
    quarantine = (*index.quarantined, *(one for record in records for one in record.quarantine))
    result = BatchResult(out, index, tuple(records), reused, quarantine)
    with watch.step("write tables"):
        write_tables(records, out)
        write_quarantine(quarantine, out)
    with watch.step("write report"):
        from quant.report.page import write_page

        write_page(records, quarantine, out)
    _write_manifest(result, protocol, watch)
    return result


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
        logger.warning("record %s is damaged and is measured anew", path.name)
        return None
    return None if record.status is Status.FAILED else record


def _measure_and_keep(
    study: "StudyFiles", protocol: "StudyProtocol", path: Path, watch: Stopwatch
) -> StudyRecord:
    from quant.pipeline.study import measure_study
    from quant.report.meshes import write_meshes

    outcome = measure_study(study, protocol, watch)
    if outcome.primary is not None:
        with watch.step("write mesh"):
            write_meshes(outcome.primary, path.parent.parent / "studies" / path.stem)
    with watch.step("write record"):
        write_record(outcome.record, path)
    return outcome.record


def _write_manifest(result: BatchResult, protocol: "StudyProtocol", watch: Stopwatch) -> None:
    index = result.index
    used = index.files_seen - index.duplicates - len(index.ignored)
    manifest = {
        "engine": "spectct-quant",
        "research_use": "Research software, not a medical device.",
        "versions": versions(),
        "protocol": json.loads(protocol.model_dump_json()),
        "protocol_hash": protocol_hash(protocol),
        "counts": {
            "files_seen": index.files_seen,
            "files_used_or_quarantined": used,
            "files_duplicate": index.duplicates,
            "files_ignored": len(index.ignored),
            "studies": len(result.records),
            "studies_failed": result.failed,
            "studies_reused": result.reused,
            "quarantined": len(result.quarantine),
        },
        "records": {record.study_uid: _entry(record) for record in result.records},
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_s": {name: round(value, 4) for name, value in watch.wall_s.items()},
        "cpu_s": {name: round(value, 4) for name, value in watch.cpu_s.items()},
    }
    write_text(result.out / "run.json", json.dumps(manifest, indent=1, sort_keys=True) + "\n")


def _entry(record: StudyRecord) -> dict[str, str]:
    name = record_name(record.study_uid, record.input_hash, record.protocol_hash)
    return {
        "input_hash": record.input_hash,
        "status": str(record.status),
        "record": f"records/{name}.json",
    }


def versions() -> dict[str, str]:
    """Versions of the engine, of Python and of the libraries that numbers depend on."""
    from importlib.metadata import version

    libraries = ("numpy", "numba", "pydicom", "scikit-image", "SimpleITK")
    return {
        "spectct-quant": VERSION,
        "python": platform.python_version(),
        **{name: version(name) for name in libraries},
    }
