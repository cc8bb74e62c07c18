"""What the ledger holds of a measured study: whose record, from what, with what outcome."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from quant.domain.flags import CODES, Severity
from quant.domain.record import Status
from quant.pipeline.folder import RECORDS, STUDIES
from quant.pipeline.seals import Seal, seals_from
from quant.report.meshes import MESH
from quant.report.pictures import DISPLAY, DRAWN
from quant.report.records import record_body
from quant.report.writing import read_own


@dataclass(frozen=True, slots=True)
class Entry:
    """One record in the ledger.

    Parameters
    ----------
    record : str
        Its name, without ending.
    study_uid, input_hash, protocol_hash, version : str
    status : Status
    code : str
        Why a failed study failed.
    refused, errors : int
        Regions and files that the record refuses, and how many of them for an error.
    attempts : int
        How often the study was begun, over all runs.
    seconds : float
        Wall time of the last one.
    seals : dict of str to Seal
        The record and the study's own files, by path below the output folder.
    """

    record: str
    study_uid: str
    input_hash: str
    protocol_hash: str
    version: str
    status: Status
    code: str = ""
    refused: int = 0
    errors: int = 0
    attempts: int = 1
    seconds: float = 0.0
    seals: dict[str, Seal] = field(default_factory=dict)

    @classmethod
    def of(cls, place: Path, record: str) -> Self:
        """Read a record and seal it with the files beside it.

        Raises
        ------
        OSError, ValueError
            If it cannot be read, is damaged, or has lost its mesh.
        """
        path = place / RECORDS / f"{record}.json"
        status = path.stat()
        content = read_own(path)
        found = json.loads(record_body(content, path.name))
        own = _own_files(place, record)
        try:
            _require_mesh(found, own, record)
            return cls(
                record=record,
                study_uid=found["study_uid"],
                input_hash=found["input_hash"],
                protocol_hash=found["protocol_hash"],
                version=found["versions"]["spectct-quant"],
                status=Status(found["status"]),
                code=_code(found),
                refused=len(found["quarantine"]),
                errors=sum(
                    CODES[one["code"]].severity is Severity.ERROR for one in found["quarantine"]
                ),
                seals={
                    f"{RECORDS}/{record}.json": Seal(
                        status.st_size,
                        status.st_mtime_ns,
                        status.st_ctime_ns,
                        hashlib.sha256(content).hexdigest(),
                    ),
                    **own,
                },
            )
        except (KeyError, TypeError, IndexError) as error:
            message = f"record {record} is not one of this engine"
            raise ValueError(message) from error

    def holds(self, place: Path) -> bool:
        """Tell whether the record and its files are what they were."""
        return bool(self.seals) and all(
            seal.holds(f"{place}/{name}") for name, seal in self.seals.items()
        )

    @property
    def lacks_pictures(self) -> bool:
        """Whether the study was measured and has no display copies."""
        copies = f"{STUDIES}/{self.record}/{DISPLAY}"
        return self.status is not Status.FAILED and copies not in self.seals

    def tried(self, attempts: int, seconds: float) -> Self:
        """Return the entry with how often and how long the study was measured."""
        return replace(self, attempts=attempts, seconds=round(seconds, 4))


def _require_mesh(found: dict[str, Any], own: dict[str, Seal], record: str) -> None:
    """Raise ValueError when a tumour was measured and its mesh is not among a study's files."""
    has_mesh = any(one["is_primary"] and one["voxels"] > 0 for one in found["regions"])
    if has_mesh and f"{STUDIES}/{record}/{MESH}" not in own:
        message = f"record {record} has lost its mesh"
        raise ValueError(message)


def _code(found: dict[str, Any]) -> str:
    return str(found["quarantine"][-1]["code"]) if found["status"] == Status.FAILED else ""


def _own_files(place: Path, record: str) -> dict[str, Seal]:
    """Seal what lies in the study's own folder, but for what can be drawn again."""
    folder = place / STUDIES / record
    if not folder.is_dir():
        return {}
    return {
        f"{STUDIES}/{record}/{path.name}": Seal.of(path)
        for path in sorted(folder.iterdir())
        if path.name not in DRAWN and path.is_file() and not path.is_symlink()
    }


Row = tuple[str, str, str, str, str, str, str, int, int, int, float, str, str]
"""An entry as a row of the ledger; the last column is the checksum of the others."""


def to_row(entry: Entry) -> Row:
    """Return an entry as a row with its checksum."""
    row = (
        entry.record, entry.study_uid, entry.input_hash, entry.protocol_hash, entry.version,
        str(entry.status), entry.code, entry.refused, entry.errors, entry.attempts, entry.seconds,
        json.dumps(entry.seals, separators=(",", ":")),
    )  # fmt: skip
    return (*row, checksum(row))


def from_row(row: Row) -> Entry:
    """Return a row as an entry.

    Raises
    ------
    ValueError
        If a byte of it is not what was written.
    """
    if checksum(row[:-1]) != row[-1]:
        message = "a row of the ledger does not have its checksum"
        raise ValueError(message)
    return Entry(*row[:5], Status(row[5]), *row[6:11], seals_from(json.loads(row[11])))


def checksum(values: tuple[object, ...]) -> str:
    """Return what tells a row from a damaged one."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]
