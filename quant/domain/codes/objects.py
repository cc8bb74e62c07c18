"""Codes of DICOM objects and of rebuilding reports; in logs, never in records."""

from quant.domain.codes.info import CodeInfo, E, I, W

OBJECTS: dict[str, CodeInfo] = {
    "OBJECTS_FAILED": CodeInfo(
        W,
        "The DICOM objects of a study could not be written; its record and tables are whole.",
        "Run again with --debug and report what run.log.jsonl says as a defect.",
    ),
    "OBJECTS_UNAVAILABLE": CodeInfo(
        I,
        "DICOM SEG and SR are not written: highdicom is not installed.",
        "pip install 'spectct-quant[dicom]', then run again with --restart; or give --no-dicom.",
    ),
    "RECORD_DAMAGED": CodeInfo(
        E,
        "A record does not have its checksum, or is not one of this engine; the report is made "
        "without it.",
        "Give the command of the run again: the study is measured anew.",
    ),
}
