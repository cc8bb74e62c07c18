"""What all written objects share: identifiers that follow from the content, identity, bytes."""

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quant.version import VERSION

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from quant.dicom.objects.identity import Patient
    from quant.dicom.objects.source import Source
    from quant.domain.grid import Grid
    from quant.domain.record import StudyRecord

MAKER = "spectct-quant"
SERIAL = "0"
SERIES_SEG, SERIES_SR = 9701, 9702

NM_IMAGE = "1.2.840.10008.5.1.4.1.1.20"


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A study as objects are made of it.

    Parameters
    ----------
    name : str
        Name of its record, a hash of all that it was measured from.
    record : StudyRecord
    grid : Grid
        Of the emission volume.
    source : Source
    patient : Patient
    """

    name: str
    record: "StudyRecord"
    grid: "Grid"
    source: "Source"
    patient: "Patient"

    def uid(self, *parts: str) -> str:
        """Return a UID that follows from record, naming and parts (PS3.5 B.2, under 2.25)."""
        text = "\n".join((MAKER, VERSION, self.name, str(self.patient.naming), *parts))
        return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}"

    def tracking_uid(self, label: str) -> str:
        """Return the UID by which a region is followed; it holds in both objects."""
        return self.uid("tracking", label)

    def sop_arguments(self, series: str, number: int, *content: str) -> dict[str, Any]:
        """Return what highdicom wants to know of any object."""
        return {
            "series_instance_uid": self.uid(series),
            "series_number": number,
            "sop_instance_uid": self.uid(series, *content),
            "instance_number": 1,
            "manufacturer": MAKER,
            "manufacturer_model_name": MAKER,
            "software_versions": VERSION,
            "device_serial_number": SERIAL,
            "content_date": self.patient.date,
            "content_time": self.patient.time,
        }


def decimal(value: float) -> str:
    """Write a number in the 16 characters of a decimal string (DS)."""
    from pydicom.valuerep import format_number_as_ds

    text: str = format_number_as_ds(float(value) + 0.0)
    return text if len(text) <= 16 else f"{value:.8e}"  # pydicom's are longer for -1.4e-15


def blank_image(measured: Measured) -> "Dataset":
    """Return an image of the emission series that says where it belongs and nothing of a person."""
    import pydicom

    data = pydicom.Dataset()
    data.SpecificCharacterSet = "ISO_IR 192"
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex",
                    "AccessionNumber", "StudyID", "StudyDate", "StudyTime"):  # fmt: skip
        setattr(data, keyword, "")
    data.StudyInstanceUID = measured.record.study_uid
    data.SeriesInstanceUID = measured.source.series_uid
    data.Modality = measured.source.modality
    data.SOPClassUID = NM_IMAGE
    return data


def finished(data: "Dataset", measured: Measured) -> bytes:
    """Give an object its patient, take times of writing away, and return the file.

    The same object gives the same bytes.
    """
    import pydicom

    for keyword, value in measured.patient.attributes.items():
        setattr(data, keyword, value)
    for keyword in ("InstanceCreationDate", "InstanceCreationTime"):
        if keyword in data:
            delattr(data, keyword)
    for item in data.get("ContributingEquipmentSequence") or []:
        if "ContributionDateTime" in item:
            del item.ContributionDateTime
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, data, enforce_file_format=True)
    return stream.getvalue()
