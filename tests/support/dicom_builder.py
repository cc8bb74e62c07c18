"""Small synthetic NM, PT and CT files, independent of the reader and of the phantom writer.

Headers follow the real ones of the reference set ``nm_headers``: GE writes Modality OT, a negative
SpacingBetweenSlices and the geometry into the detector item only.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian

NM = "1.2.840.10008.5.1.4.1.1.20"
PT = "1.2.840.10008.5.1.4.1.1.128"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY, FRAME = "1.2.826.0.1.1", "1.2.826.0.1.9"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def item(**attributes: object) -> Dataset:
    """Return a data set with the given attributes; None leaves one out."""
    return changed(Dataset(), **attributes)


def letter_f(frames: int = 5, rows: int = 7, columns: int = 6) -> NDArray[np.uint16]:
    """Return an F that no rotation or mirror maps onto itself; every voxel value is unique."""
    values = np.arange(frames * rows * columns, dtype=np.uint16).reshape(frames, rows, columns)
    picture = np.zeros((rows, columns), dtype=np.uint16)
    picture[1:6, 1] = picture[1, 1:4] = picture[3, 1:3] = 1
    return values + 1000 * picture * (frames - np.arange(frames, dtype=np.uint16))[:, None, None]


def image(sop_class: str, stored: NDArray[Any], **changes: object) -> Dataset:
    """Return an image object; ``changes`` set or (with None) remove top-level attributes."""
    data = item(
        SOPClassUID=sop_class,
        SOPInstanceUID="1.2.826.0.1.3.1",
        StudyInstanceUID=STUDY,
        SeriesInstanceUID="1.2.826.0.1.2",
        PatientName="Secret^Person",
        PatientID="SECRET-ID",
        PatientBirthDate="19700101",
        Modality="NM",
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=stored.shape[-2],
        Columns=stored.shape[-1],
    )
    if stored.dtype.kind == "f":
        data.FloatPixelData = stored.astype("<f4").tobytes()
        data.BitsAllocated = 32
    else:
        bits = stored.dtype.itemsize * 8
        data.BitsAllocated, data.BitsStored, data.HighBit = bits, bits, bits - 1
        data.PixelRepresentation = int(stored.dtype.kind == "i")
        data.PixelData = stored.tobytes()
        data["PixelData"].VR = "OW" if bits > 8 else "OB"
    return changed(data, **changes)


def changed(data: Dataset, **changes: object) -> Dataset:
    """Set attributes, also to what the standard forbids, or remove those given as None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for keyword, value in changes.items():
            if value is not None:
                setattr(data, keyword, value)
            elif keyword in data:
                delattr(data, keyword)
    return data


def nm(stored: NDArray[Any] | None = None, /, **changes: object) -> Dataset:
    """Return a RECON TOMO object, 4 mm slices, rows 3 mm and columns 2 mm apart.

    Position and orientation stand in the detector item (``position``, ``orientation``).
    """
    stored = letter_f() if stored is None else stored
    position = changes.pop("position", (-10.0, -20.0, 30.0))
    orientation = changes.pop("orientation", AXIAL)
    detector = item(
        CollimatorGridName="LEHR",
        ImagePositionPatient=None if position is None else list(position),  # type: ignore[call-overload]
        ImageOrientationPatient=None if orientation is None else list(orientation),  # type: ignore[call-overload]
    )
    frames = stored.shape[0]
    base: dict[str, object] = {
        "ImageType": ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"],
        "FrameOfReferenceUID": FRAME,
        "CorrectedImage": ["ATTN", "SCAT"],
        "NumberOfFrames": frames,
        "FrameIncrementPointer": 0x00540080,
        "SliceVector": list(range(1, frames + 1)),
        "NumberOfSlices": frames,
        "PixelSpacing": [3.0, 2.0],
        "SliceThickness": 4.0,
        "SpacingBetweenSlices": 4.0,
        "NumberOfDetectors": 1,
        "DetectorInformationSequence": [detector],
    }
    return image(NM, stored, **(base | changes))


def ge_nm(**changes: object) -> Dataset:
    """Return an object after GE Xeleris 4: Modality OT, signed pixels, negative spacing."""
    base: dict[str, object] = {
        "Modality": "OT",
        "Manufacturer": "GE MEDICAL SYSTEMS",
        "ManufacturerModelName": "Tandem_Discovery_670",
        "position": (-272.13778, -283.93778, 278.33778),
        "PixelSpacing": [8.83612, 8.83612],
        "SliceThickness": 8.83612,
        "SpacingBetweenSlices": -8.83612,
        "CorrectedImage": ["ATTN"],
        "RadiopharmaceuticalInformationSequence": [item(Radiopharmaceutical="ATTENUATION MAPS")],
        "EnergyWindowInformationSequence": [
            item(
                EnergyWindowName="I131_EM",
                EnergyWindowRangeSequence=[
                    item(EnergyWindowLowerLimit="327.6", EnergyWindowUpperLimit="400.4")
                ],
            )
        ],
    }
    return nm(np.ones((64, 4, 4), dtype=np.int16), **(base | changes))


def slices(
    sop_class: str = CT,
    stored: NDArray[Any] | None = None,
    heights: Sequence[float] | None = None,
    /,
    **changes: object,
) -> list[Dataset]:
    """Return a PT or CT series, rows 3 mm and columns 2 mm apart, slices at ``heights``.

    ``orientation`` is ImageOrientationPatient.
    SpacingBetweenSlices and SliceThickness lie on purpose.
    """
    stored = letter_f() if stored is None else stored
    heights = [2.5 * index for index in range(len(stored))] if heights is None else heights
    orientation = np.array(changes.pop("orientation", AXIAL), dtype=float)
    row, column = orientation[:3], orientation[3:]
    normal = np.cross(row, column)
    modality = {CT: "CT", PT: "PT"}[sop_class]
    rescale: dict[str, object] = {"RescaleSlope": "1", "RescaleIntercept": "0"}
    own: dict[str, dict[str, object]] = {
        "CT": {"RescaleType": "HU"},
        "PT": {"Units": "BQML", "CorrectedImage": ["ATTN"]},
    }
    base: dict[str, object] = {
        "Modality": modality,
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "SeriesInstanceUID": f"1.2.826.0.1.2.{modality == 'PT':d}",
        "FrameOfReferenceUID": FRAME,
        "PixelSpacing": [3.0, 2.0],
        "SliceThickness": 7.0,
        "SpacingBetweenSlices": -9.0,
        "ImageOrientationPatient": orientation.tolist(),
        **rescale,
        **own[modality],
    }
    return [
        image(
            sop_class,
            frame,
            **(
                base
                | {
                    "SOPInstanceUID": f"{base['SeriesInstanceUID']}.{index + 1}",
                    "InstanceNumber": index + 1,
                    "ImagePositionPatient": list(
                        np.round(np.array([-10.0, -20.0, 30.0]) + height * normal, 9)
                    ),
                }
                | changes
            ),
        )
        for index, (frame, height) in enumerate(zip(stored, heights, strict=True))
    ]


def save(data: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write an object as a DICOM file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    meta.TransferSyntaxUID = UID(syntax)
    data.file_meta = meta
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.save_as(path, enforce_file_format=True)
    return path


def save_all(series: Sequence[Dataset], folder: Path) -> list[Path]:
    """Write a series with file names that run against the order of slices."""
    return [
        save(data, folder / f"{len(series) - index:04d}.dcm") for index, data in enumerate(series)
    ]


def save_big_endian(data: Dataset, path: Path) -> Path:
    """Write 16-bit pixels as Explicit VR Big Endian."""
    data.PixelData = np.frombuffer(data.PixelData, dtype="<u2").astype(">u2").tobytes()
    return save(data, path, ExplicitVRBigEndian)


def without_preamble(path: Path) -> Path:
    """Cut preamble and file header off a file."""
    content = path.read_bytes()
    length = int.from_bytes(content[140:144], "little")
    path.write_bytes(content[144 + length :])
    return path
