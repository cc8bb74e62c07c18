"""``run.json``: what a run saw, did and used."""

import json
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quant.pipeline.protocols import protocol_hash
from quant.report.records import record_name
from quant.report.writing import write_text
from quant.version import VERSION

if TYPE_CHECKING:
    from quant.domain.protocol import StudyProtocol
    from quant.domain.record import StudyRecord
    from quant.domain.study import StudyIndex
    from quant.pipeline.batch import BatchResult
    from quant.pipeline.stopwatch import Stopwatch

LIBRARIES = ("numpy", "numba", "pydicom")
"""Libraries that a result depends on, by their distribution names."""


def write_manifest(result: "BatchResult", protocol: "StudyProtocol", watch: "Stopwatch") -> None:
    """Write ``run.json``: versions, protocol, counts, hashes and times."""
    manifest = {
        "engine": "spectct-quant",
        "research_use": "Research software, not a medical device.",
        "versions": versions(),
        "protocol": json.loads(protocol.model_dump_json()),
        "protocol_hash": protocol_hash(protocol),
        "counts": {
            **file_counts(result.index),
            "studies": len(result.records),
            "studies_failed": result.failed,
            "studies_reused": result.reused,
            "quarantine_entries": len(result.quarantine),
        },
        "files_unused": result.index.unused,
        "records": {record.study_uid: _entry(record) for record in result.records},
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_s": {name: round(value, 4) for name, value in watch.wall_s.items()},
        "cpu_s": {name: round(value, 4) for name, value in watch.cpu_s.items()},
    }
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    write_text(result.out / "run.json", text)


def file_counts(index: "StudyIndex") -> dict[str, int]:
    """Count the files: seen = used + duplicate + ignored + quarantined."""
    used = sum(len(series.files) for study in index.studies for series in study.series)
    used += sum(len(study.extra_files) for study in index.studies)
    kept = used + index.duplicates + len(index.ignored)
    return {
        "files_seen": index.files_seen,
        "files_used": used,
        "files_duplicate": index.duplicates,
        "files_ignored": len(index.ignored),
        "files_quarantined": index.files_seen - kept,
    }


def versions() -> dict[str, str]:
    """Versions of the engine, of Python and of the libraries that numbers depend on."""
    from importlib.metadata import version

    return {
        "spectct-quant": VERSION,
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def _entry(record: "StudyRecord") -> dict[str, str]:
    name = record_name(record, record.protocol_hash)
    return {
        "input_hash": record.input_hash,
        "status": str(record.status),
        "record": f"records/{name}.json",
    }
