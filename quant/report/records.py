"""Records to JSON files and back."""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from quant.domain.record import StudyRecord
from quant.report.writing import read_own, write_bytes
from quant.version import VERSION

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from quant.domain.study import StudyFiles

_ENVELOPE = re.compile(
    rb'\{"sha256": "(?P<sha256>[0-9a-f]{64})",\n"record": (?P<body>.*)\}\n', re.DOTALL
)


@cache
def _adapter() -> "TypeAdapter[StudyRecord]":
    from pydantic import TypeAdapter

    return TypeAdapter(StudyRecord)


def record_name(study: "StudyFiles", settings_hash: str) -> str:
    """Name of a study's record: a hash of all that it is measured from.

    These are its files (``input_hash``), what indexing said of it (its subject, and flags such as
    of copies and of files that are not used), the protocol and the engine's version.
    """
    flags = "".join(f"{flag.code}\0{flag.detail}\0" for flag in study.flags)
    parts = (study.study_uid, study.subject_key, study.input_hash, flags, settings_hash, VERSION)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def write_record(record: StudyRecord, path: Path) -> None:
    """Write one record as JSON, whole or not at all; the same record gives the same bytes.

    The file is ``{"sha256": ..., "record": {...}}``: the checksum of the record's own text.
    """
    body = _adapter().dump_json(record, indent=1)
    digest = hashlib.sha256(body).hexdigest()
    write_bytes(path, b'{"sha256": "' + digest.encode() + b'",\n"record": ' + body + b"}\n")


def record_body(content: bytes, name: str) -> bytes:
    """Return the record's own text from a file's bytes.

    Raises
    ------
    ValueError
        If the text does not have the checksum that the file states.
    """
    match = _ENVELOPE.fullmatch(content)
    if match is None or hashlib.sha256(match["body"]).hexdigest().encode() != match["sha256"]:
        message = f"record {name} is damaged: its text does not have its checksum"
        raise ValueError(message)
    return match["body"]


def read_record(path: Path) -> StudyRecord:
    """Read a record; every measurement is checked again as when it was made.

    Raises
    ------
    ValueError
        If the file is not a whole record of this engine: its text does not have the checksum that
        it states, or it does not validate (pydantic's ValidationError is a ValueError).
    """
    return _adapter().validate_json(record_body(read_own(path), path.name))
