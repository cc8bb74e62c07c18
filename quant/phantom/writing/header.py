"""What every simulated DICOM object has in common: identity, labels, file form, geometry words."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.errors import GeometryError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from quant.domain.grid import Grid

DATE, TIME = "20200101", "120000"
"""Fixed date and time of every simulated object: the same input must give the same bytes."""

COMMENT = "SIMULATED DATA. Not a patient. Made by the phantom generator of spectct-quant."

IMPLEMENTATION_VERSION = "SPECTCT-QUANT"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who and what a simulated study is; all UIDs follow from it.

    Parameters
    ----------
    seed : int
        Seed of the study.
    name : str
        Name of the study, as in its folder.
    """

    seed: int
    name: str

    def uid(self, what: str) -> str:
        """Return the UID of a part of the study: SHA-256 of seed, name and part, under 2.25."""
        return uid_of(f"{self.seed}/{self.name}/{what}")

    @property
    def study_uid(self) -> str:
        """StudyInstanceUID."""
        return self.uid("study")

    @property
    def frame_of_reference_uid(self) -> str:
        """FrameOfReferenceUID of all images of the study."""
        return self.uid("frame of reference")

    @property
    def patient_id(self) -> str:
        """PatientID: plainly a simulation."""
        digest = hashlib.sha256(f"{self.seed}/{self.name}".encode()).hexdigest()
        return f"SIM-{digest[:8].upper()}"


@dataclass(frozen=True, slots=True)
class SeriesLabel:
    """What a series is called: ``key`` makes its UIDs, the rest is for readers."""

    key: str
    description: str
    number: int


@dataclass(frozen=True, slots=True)
class WrittenSeries:
    """What was written: enough for another object to refer to it.

    ``sop_instance_uids`` and ``positions_mm`` run in the order of slices for one file a slice, and
    hold one entry for a multi-frame object.
    """

    paths: tuple[Path, ...]
    series_uid: str
    sop_class_uid: str
    sop_instance_uids: tuple[str, ...]
    positions_mm: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class ImagePlane:
    """A grid in the words of DICOM's image plane.

    ``spacing_between_slices`` carries the sign of the NM module: negative when slices run against
    the normal (row cosines x column cosines).

    References
    ----------
    DICOM PS3.3 C.7.6.2 (image plane) and C.8.4.15 (NM reconstruction).
    """

    position: NDArray[np.float64]
    row_cosines: NDArray[np.float64]
    column_cosines: NDArray[np.float64]
    row_spacing: float
    column_spacing: float
    spacing_between_slices: float


def image_plane(grid: "Grid") -> ImagePlane:
    """Say a grid in the words of DICOM.

    Raises
    ------
    GeometryError
        ``BAD_IOP`` when the grid's axes are not at right angles.
    """
    if not grid.is_orthogonal:
        raise GeometryError(
            "BAD_IOP",
            "A sheared grid cannot be written as one image plane.",
            found="axes that are not at right angles",
            needed="an orthogonal grid",
            next_step="resample the volume to an orthogonal grid",
        )
    slices, down, along = (grid.axes_mm / grid.spacing_mm).T
    sign = 1.0 if np.cross(along, down) @ slices > 0.0 else -1.0
    spacing = [float(value) for value in grid.spacing_mm]
    return ImagePlane(grid.affine[:3, 3], along, down, spacing[1], spacing[2], sign * spacing[0])


def uid_of(text: str) -> str:
    """Return a valid UID that depends on the text only (PS3.5 B.2: 2.25 and a 128-bit number)."""
    return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}"


def decimals(values: NDArray[np.float64] | tuple[float, ...] | list[float]) -> list[str]:
    """Write numbers as decimal strings (DS): at most 16 characters each."""
    from pydicom.valuerep import format_number_as_ds

    texts = [(format_number_as_ds(float(value) + 0.0), float(value)) for value in values]
    return [text if len(text) <= 16 else f"{value:.8e}" for text, value in texts]


def item(**attributes: object) -> "Dataset":
    """Return a data set with the given attributes, by DICOM keyword."""
    from pydicom.dataset import Dataset

    data = Dataset()
    for keyword, value in attributes.items():
        setattr(data, keyword, value)
    return data


def code(value: str, scheme: str, meaning: str) -> "Dataset":
    """Return a code sequence item."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def new_object(
    identity: Identity, label: SeriesLabel, sop_class_uid: str, instance: int
) -> "Dataset":
    """Return a data set with patient, study, series, equipment and SOP attributes.

    Parameters
    ----------
    identity : Identity
    label : SeriesLabel
    sop_class_uid : str
    instance : int
        InstanceNumber, from 1.
    """
    return item(
        SpecificCharacterSet="ISO_IR 192",
        InstanceCreationDate=DATE,
        InstanceCreationTime=TIME,
        SOPClassUID=sop_class_uid,
        SOPInstanceUID=identity.uid(f"{label.key}/instance {instance}"),
        StudyDate=DATE,
        SeriesDate=DATE,
        AcquisitionDate=DATE,
        ContentDate=DATE,
        StudyTime=TIME,
        SeriesTime=TIME,
        AcquisitionTime=TIME,
        ContentTime=TIME,
        AccessionNumber="",
        Manufacturer="spectct-quant (simulated)",
        ManufacturerModelName="phantom generator",
        DeviceSerialNumber="0",
        SoftwareVersions="phantom 1",
        ReferringPhysicianName="",
        StudyDescription=f"SIMULATED phantom {identity.name}",
        SeriesDescription=f"SIMULATED {label.description}",
        PatientName="SIMULATED^PHANTOM",
        PatientID=identity.patient_id,
        PatientBirthDate="",
        PatientSex="O",
        PatientComments=COMMENT,
        StudyInstanceUID=identity.study_uid,
        SeriesInstanceUID=identity.uid(label.key),
        StudyID=str(identity.seed % 10**16),
        SeriesNumber=label.number,
        InstanceNumber=instance,
    )


def add_frame_of_reference(data: "Dataset", identity: Identity) -> None:
    """Add the frame of reference module."""
    data.FrameOfReferenceUID = identity.frame_of_reference_uid
    data.PositionReferenceIndicator = ""


def add_supine_codes(data: "Dataset") -> None:
    """Add the NM/PET patient orientation module: recumbent, supine, head first."""
    supine = code("40199007", "SCT", "supine")
    recumbent = code("102538003", "SCT", "recumbent")
    recumbent.PatientOrientationModifierCodeSequence = [supine]
    data.PatientOrientationCodeSequence = [recumbent]
    data.PatientGantryRelationshipCodeSequence = [code("102540008", "SCT", "headfirst")]


def add_pixels(data: "Dataset", stored: NDArray[np.uint16] | NDArray[np.int16]) -> None:
    """Add the image pixel module for 16-bit pixels (frames, rows, columns) or (rows, columns)."""
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.Rows, data.Columns = stored.shape[-2:]
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
    data.PixelRepresentation = int(stored.dtype.kind == "i")
    raw = np.ascontiguousarray(stored, dtype=stored.dtype.newbyteorder("<")).tobytes()
    data.PixelData = raw


def save(data: "Dataset", path: Path) -> None:
    """Write a data set as a DICOM file, Explicit VR Little Endian, bytes free of version marks."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(uid_of("spectct-quant implementation"))
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    data.file_meta = meta
    path.parent.mkdir(parents=True, exist_ok=True)
    data.save_as(path, enforce_file_format=True)
