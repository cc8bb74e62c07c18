"""Whose study a DICOM object says that it is.

Without ``--identifiers`` no name, identifier or date of a person is written: the patient is the
keyed hash that stands in the tables, and the object says so. With it, patient and study are those
of the source, so that an archive files the object with them.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from quant.dicom.files.pydicom_headers import lenient
from quant.dicom.files.streams import WatchedStream, is_bomb
from quant.dicom.objects.naming import Naming
from quant.domain.text import plain

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import Dataset
    from pydicom.filebase import ReadableBuffer

    from quant.domain.archive import FilePath

NO_DATE, NO_TIME = "19000101", "000000"
"""Stand where DICOM demands a date of the content and none may be told."""

METHOD = ["spectct-quant: PatientID is a keyed hash",
          "no name, date, accession or study number; UIDs kept"]  # fmt: skip
"""DeidentificationMethod, 64 characters a value."""

_REMOVED = b"\x12\x00\x62\x00CS\x04\x00YES "
"""PatientIdentityRemoved (0012,0062) as it stands in a file."""

_HEAD_BYTES = 1 << 14

_TEXTS = {
    "PatientName": 64,
    "PatientID": 64,
    "IssuerOfPatientID": 64,
    "AccessionNumber": 16,
    "StudyID": 16,
    "ReferringPhysicianName": 64,
    "StudyDescription": 64,
}
_DATES = ("PatientBirthDate", "StudyDate", "SeriesDate")
_TIMES = ("StudyTime", "SeriesTime")


@dataclass(frozen=True, slots=True)
class Patient:
    """Attributes of patient and study by DICOM keyword, and date and time of the content."""

    naming: Naming
    attributes: Mapping[str, str | list[str]] = field(default_factory=dict)
    date: str = NO_DATE
    time: str = NO_TIME


def pseudonym(subject_key: str) -> Patient:
    """Return the patient that stands in the tables, without a word from the source."""
    empty = (*_TEXTS, "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime")
    attributes: dict[str, str | list[str]] = dict.fromkeys(
        (one for one in empty if one not in _OPTIONAL), ""
    )
    attributes |= {
        "PatientID": subject_key,
        "PatientIdentityRemoved": "YES",
        "DeidentificationMethod": METHOD,
        "LongitudinalTemporalInformationModified": "REMOVED",
    }
    return Patient(Naming.PSEUDONYM, attributes)


_OPTIONAL = ("IssuerOfPatientID", "StudyDescription")


def patient_of_source(path: "FilePath") -> Patient:
    """Read patient, study and dates from a file of the source; what is not sound stays empty.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    found = _header(path)
    attributes = {key: plain(found[key])[:most] for key, most in _TEXTS.items()}
    attributes |= {key: _digits(found[key], 8) for key in _DATES}
    attributes |= {key: _digits(found[key], 6) for key in _TIMES}
    sex = found["PatientSex"].strip().upper()
    attributes["PatientSex"] = sex if sex in ("M", "F", "O") else ""
    date = attributes.pop("SeriesDate") or attributes["StudyDate"]
    time = attributes.pop("SeriesTime") or attributes["StudyTime"]
    for key in _OPTIONAL:
        if not attributes[key]:
            del attributes[key]
    return Patient(Naming.SOURCE, attributes, date or NO_DATE, (time if date else "") or NO_TIME)


def naming_of(path: "Path") -> Naming:
    """Tell whom an object that this engine wrote names; ``none`` if it cannot be read."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return Naming.NONE
    return Naming.PSEUDONYM if _REMOVED in head else Naming.SOURCE


def _header(path: "FilePath") -> dict[str, str]:
    """Read texts by keyword; empty where there is none, or none that can be read."""
    import pydicom

    wanted = [*_TEXTS, *_DATES, *_TIMES, "PatientSex"]
    with path.open("rb") as handle, lenient():
        stream = WatchedStream(handle, handle.seek(0, io.SEEK_END))
        stream.seek(0)
        if is_bomb(stream):
            return dict.fromkeys(wanted, "")
        stream.seek(0)
        data = pydicom.dcmread(
            cast("ReadableBuffer", stream),
            stop_before_pixels=True,
            force=True,
            specific_tags=[*wanted, "SpecificCharacterSet"],
        )
        return {key: _text(data, key) for key in wanted}


def _text(data: "Dataset", key: str) -> str:
    try:
        return str(data.get(key) or "")
    except Exception:  # noqa: BLE001 - a malformed value may raise anything on first access
        return ""


def _digits(value: str, count: int) -> str:
    """Return the leading digits of a date or time; empty when there are not so many."""
    text = value.strip()[:count]
    return text if len(text) == count and text.isdigit() else ""
