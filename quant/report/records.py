"""Records to JSON files and back."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from quant.domain.record import StudyRecord
from quant.report.writing import write_bytes

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@cache
def _adapter() -> "TypeAdapter[StudyRecord]":
    from pydantic import TypeAdapter

    return TypeAdapter(StudyRecord)


def write_record(record: StudyRecord, path: Path) -> None:
    """Write one record as JSON, whole or not at all; the same record gives the same bytes."""
    write_bytes(path, _adapter().dump_json(record, indent=1) + b"\n")


def read_record(path: Path) -> StudyRecord:
    """Read a record; every measurement is checked again as when it was made.

    Raises
    ------
    ValueError
        If the file is not a record of this engine (pydantic's ValidationError is one).
    """
    return _adapter().validate_json(path.read_bytes())
