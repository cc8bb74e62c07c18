"""The record of a study that could not be measured."""

from dataclasses import replace
from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.domain.record import Status, StudyRecord
from quant.domain.study import QuarantineEntry
from quant.pipeline.protocols import protocol_hash
from quant.version import VERSION

if TYPE_CHECKING:
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import StudyFiles


def blank_record(study: "StudyFiles", protocol: "StudyProtocol") -> StudyRecord:
    """Return a record that says whose it is, under which protocol, and nothing more."""
    return StudyRecord(
        study_uid=study.study_uid,
        subject_key=study.subject_key,
        status=Status.FAILED,
        flags=study.flags,
        protocol_name=protocol.name,
        protocol_hash=protocol_hash(protocol),
        input_hash=study.input_hash,
        versions={"spectct-quant": VERSION},
    )


def failed(record: StudyRecord, code: str, message: str) -> StudyRecord:
    """Return a record of a failure, with its code as a flag and in the quarantine."""
    entry = QuarantineEntry("", record.study_uid, code, message)
    return replace(
        record,
        status=Status.FAILED,
        flags=(*record.flags, Flag(code, message)),
        quarantine=(*record.quarantine, entry),
    )
