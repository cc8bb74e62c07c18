"""``run.json``: what a run saw, did and used."""

import json
import os
import platform
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quant.pipeline.digest import manifest_checksum, repeats_digest
from quant.pipeline.folder import MANIFEST_NAME, RECORDS
from quant.pipeline.protocols import protocol_hash
from quant.report.writing import write_text
from quant.version import VERSION

if TYPE_CHECKING:
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import StudyIndex
    from quant.pipeline.batch import BatchResult
    from quant.pipeline.entries import Entry
    from quant.pipeline.how import How


PERSONAL = ("patient_name", "patient_id")
"""Columns of the tables of studies and lesions that ``--identifiers`` adds."""

LARGE = 100
"""Entries beyond which a table of the manifest is written one line an entry."""

_ENCODED = json.JSONEncoder().encode

IS_RECORD = re.compile(r"[0-9a-f]{32}\.json").fullmatch

LIBRARIES = ("numpy", "numba", "pydicom")
"""Libraries that a result depends on, by their distribution names."""


def write_manifest(result: "BatchResult", protocol: "StudyProtocol", how: "How") -> None:
    """Write ``run.json``: versions, protocol, counts, hashes and times.

    Its last entry is the checksum of all others, see :func:`manifest_checksum`.
    """
    watch = how.view.watch
    manifest: dict[str, object] = {
        "engine": "spectct-quant",
        "research_use": "Research software, not a medical device.",
        "versions": versions(),
        "protocol": json.loads(protocol.model_dump_json()),
        "protocol_hash": protocol_hash(protocol),
        "identifiers": list(PERSONAL) if how.identifiers else [],
        "counts": {
            **file_counts(result.index),
            "studies": len(result.entries),
            "studies_failed": result.failed,
            "studies_reused": result.reused,
            "quarantine_entries": result.refused,
        },
        "files_unused": result.index.unused,
        "records": {entry.study_uid: _entry(entry) for entry in result.entries},
        "records_earlier": _earlier(result),
        "results": result.sums,
        "digest": result.digest,
        "tables_written": result.derived,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_s": {name: round(value, 4) for name, value in watch.wall_s.items()},
        "cpu_s": {name: round(value, 4) for name, value in watch.cpu_s.items()},
    }
    manifest["sha256"] = manifest_checksum(manifest)
    lines = ",\n".join(f" {json.dumps(key)}: {_text(manifest[key])}" for key in sorted(manifest))
    text = f"{{\n{lines}\n}}\n"
    write_text(result.out / MANIFEST_NAME, text)


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


def _text(value: object) -> str:
    """Return JSON to be read by people; of large tables, one line an entry."""
    if isinstance(value, dict) and len(value) > LARGE:
        rows = (f"  {_ENCODED(key)}: {_ENCODED(value[key])}" for key in sorted(value))
        return "{\n" + ",\n".join(rows) + "\n }"
    return json.dumps(value, indent=1, sort_keys=True).replace("\n", "\n ")


def _entry(entry: "Entry") -> dict[str, str | int]:
    return {
        "input_hash": entry.input_hash,
        "status": str(entry.status),
        "record": f"{RECORDS}/{entry.record}.json",
        "attempts": entry.attempts,
        "repeats": repeats_digest(entry),
    }


def _earlier(result: "BatchResult") -> list[str]:
    """Name the records in the folder that this run does not show: of other input or settings."""
    shown = {f"{entry.record}.json" for entry in result.entries}
    there = os.listdir(result.out / RECORDS) if (result.out / RECORDS).is_dir() else []  # noqa: PTH208 - names
    return sorted(f"{RECORDS}/{name}" for name in there if name not in shown and IS_RECORD(name))
