"""Whose study it is, in plain words: read only when somebody asks for it."""

import io
from typing import TYPE_CHECKING, cast

from quant.dicom.files.streams import WatchedStream, is_bomb
from quant.domain.text import plain

if TYPE_CHECKING:
    from pydicom.filebase import ReadableBuffer

    from quant.domain.archive import FilePath
    from quant.domain.study import StudyFiles

LONGEST = 256
"""Characters of a name or an identifier that are kept."""


def patient_of(study: "StudyFiles") -> tuple[str, str]:
    """Read PatientName and PatientID of a study's first file that states either, emission first.

    Returns
    -------
    tuple of (name, identifier)
        Printable text; empty where no file says anything that can be read.
    """
    emission = study.by_modality("NM", "PT")
    for series in (*emission, *(one for one in study.series if one not in emission)):
        found = _patient(series.files[0].path)
        if any(found):
            return found
    return "", ""


def _patient(path: "FilePath") -> tuple[str, str]:
    import pydicom

    from quant.dicom.files.pydicom_headers import lenient

    try:
        with path.open("rb") as handle, lenient():
            stream = WatchedStream(handle, handle.seek(0, io.SEEK_END))
            stream.seek(0)
            if is_bomb(stream):
                return "", ""
            stream.seek(0)
            data = pydicom.dcmread(
                cast("ReadableBuffer", stream),
                stop_before_pixels=True,
                force=True,
                specific_tags=["PatientName", "PatientID", "SpecificCharacterSet"],
            )
            name, patient_id = (str(data.get(key, "")) for key in ("PatientName", "PatientID"))
    except Exception:  # noqa: BLE001 - damaged files raise eleven kinds of exceptions
        return "", ""
    return plain(name)[:LONGEST], plain(patient_id)[:LONGEST]
