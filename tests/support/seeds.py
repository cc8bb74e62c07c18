"""Small whole files from which damaged ones are made: our own of every kind, and pydicom's.

The mini study holds all that a measurement needs (emission, CT, organs, tumour) in a few kilobytes
a file. No UID is random: the same bytes come out every time.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from tests.support.dicom_builder import CT, FRAME, PT, STUDY, changed, item, nm, slices
from tests.support.enhanced_builder import enhanced
from tests.support.rt_builder import Roi, structure_set

STEP_MM = 8.0
SHAPE = (12, 16, 16)
CORNER = (-60.0, -60.0, -44.0)

SEG = "1.2.840.10008.5.1.4.1.1.66.4"

DEFLATED, BIG_ENDIAN, IMPLICIT = (
    "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2"
)  # fmt: skip
RLE, JPEG_2000, JPEG_LS = (
    "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.80"
)  # fmt: skip

LARGEST_FILE = 64 * 1024
"""Files of pydicom beyond this size are left out: bytes of pixels teach little."""


@dataclass(frozen=True)
class Seed:
    """A whole file: what it is, its bytes, and how the mini study it belongs to is completed.

    ``role`` is the file of the mini study for which it stands; empty for a file on its own.
    """

    name: str
    content: bytes
    role: str = ""


def boxes() -> dict[str, NDArray[np.uint8]]:
    """Return organs and tumour as blocks (K, J, I) on the grid of the emission volume."""
    masks = {}
    for name, (low, high) in {
        "liver": ((4, 1, 1), (12, 9, 9)),
        "vertebrae_L2": ((1, 9, 7), (4, 12, 9)),
        "autochthon_left": ((0, 10, 10), (8, 15, 15)),
        "autochthon_right": ((0, 10, 1), (8, 15, 6)),
    }.items():
        mask = np.zeros(SHAPE, dtype=np.uint8)
        mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = 1
        masks[name] = mask
    return masks


def uptake() -> NDArray[np.uint16]:
    """Return stored values: organs, a hot tumour and a slope, so that no value is there twice."""
    values = 100 + np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE) % 17
    for name, level in (("liver", 900), ("autochthon_left", 150), ("autochthon_right", 160)):
        values[boxes()[name] > 0] += np.uint16(level)
    values[3:7, 2:6, 11:15] = 6000
    return values.astype(np.uint16)


def emission(**changes: object) -> Dataset:
    """Return the NM volume of the mini study."""
    return nm(
        uptake(),
        position=CORNER,
        PixelSpacing=[STEP_MM, STEP_MM],
        SliceThickness=STEP_MM,
        SpacingBetweenSlices=STEP_MM,
        SeriesInstanceUID="1.2.826.0.1.2.7",
        SOPInstanceUID="1.2.826.0.1.3.7",
        **changes,
    )


def segments(masks: Mapping[str, NDArray[np.uint8]], **changes: object) -> Dataset:
    """Return masks (K, J, I) on the grid of the emission volume as a binary DICOM SEG."""
    frames: list[Dataset] = []
    pixels: list[NDArray[np.uint8]] = []
    for number, mask in enumerate(masks.values(), start=1):
        for k in np.flatnonzero(mask.any(axis=(1, 2))):
            x, y, z = CORNER
            place = item(ImagePositionPatient=[x, y, z + float(k) * STEP_MM])
            frames.append(
                item(
                    SegmentIdentificationSequence=[item(ReferencedSegmentNumber=number)],
                    PlanePositionSequence=[place],
                )
            )
            pixels.append(mask[k])
    shared = item(
        PixelMeasuresSequence=[
            item(PixelSpacing=[STEP_MM] * 2, SliceThickness=STEP_MM, SpacingBetweenSlices=STEP_MM)
        ],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
    )
    data = item(
        SOPClassUID=SEG,
        SOPInstanceUID="1.2.826.0.1.3.8",
        StudyInstanceUID=STUDY,
        SeriesInstanceUID="1.2.826.0.1.2.8",
        PatientName="Secret^Person",
        PatientID="SECRET-ID",
        Modality="SEG",
        FrameOfReferenceUID=FRAME,
        SegmentationType="BINARY",
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=SHAPE[1],
        Columns=SHAPE[2],
        NumberOfFrames=len(frames),
        BitsAllocated=1,
        BitsStored=1,
        HighBit=0,
        PixelRepresentation=0,
        SegmentSequence=[
            item(SegmentNumber=number, SegmentLabel=name, SegmentAlgorithmType="MANUAL")
            for number, name in enumerate(masks, start=1)
        ],
        SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=frames,
        PixelData=np.packbits(np.stack(pixels).ravel(), bitorder="little").tobytes(),
    )
    data["PixelData"].VR = "OB"
    return changed(data, **changes)


def organs(**changes: object) -> Dataset:
    """Return the organs as a binary DICOM SEG, bit-packed."""
    return segments(boxes(), **changes)


def fractional_organs() -> Dataset:
    """Return the same as a FRACTIONAL segmentation, a byte a voxel (which can be compressed)."""
    data = organs()
    count = data.NumberOfFrames * SHAPE[1] * SHAPE[2]
    bits = np.unpackbits(np.frombuffer(data.PixelData, np.uint8), count=count, bitorder="little")
    return changed(
        data,
        SegmentationType="FRACTIONAL",
        SegmentationFractionalType="OCCUPANCY",
        MaximumFractionalValue=200,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelData=(bits * np.uint8(200)).tobytes(),
    )


def tumour(name: str = "tumour") -> Dataset:
    """Return an RTSTRUCT with the tumour as squares, one a slice."""
    x, y, z = CORNER
    left, right = x + 10.5 * STEP_MM, x + 14.5 * STEP_MM
    top, bottom = y + 1.5 * STEP_MM, y + 5.5 * STEP_MM
    square = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    rings = [np.column_stack([square, np.full(4, z + k * STEP_MM)]) for k in range(3, 7)]
    data = structure_set([Roi(name, rings, frame=FRAME)], frames=(FRAME,))
    return changed(
        data,
        SOPInstanceUID="1.2.826.0.1.3.9",
        StudyInstanceUID=STUDY,
        SeriesInstanceUID="1.2.826.0.1.2.9",
        PatientName="Secret^Person",
        PatientID="SECRET-ID",
        StructureSetLabel="label",
    )


def ct_slice(index: int = 0) -> Dataset:
    """Return one of the three slices of a small CT around the emission volume."""
    stored = np.full((3, 16, 16), 1024, dtype=np.uint16)
    stored[:, 2:14, 2:14] += np.uint16(40)
    return slices(
        CT,
        stored,
        [0.0, STEP_MM, 2 * STEP_MM],
        RescaleIntercept="-1024",
        PixelSpacing=[STEP_MM, STEP_MM],
        SeriesInstanceUID="1.2.826.0.1.2.6",
    )[index]


def pet() -> list[Dataset]:
    """Return a PET series of three slices with what SUV needs."""
    nuclide = item(
        RadionuclideHalfLife="6586.2",
        RadionuclideTotalDose="350000000",
        RadiopharmaceuticalStartTime="100000",
        RadionuclideCodeSequence=[
            item(CodeValue="C-111A1", CodingSchemeDesignator="SRT", CodeMeaning="^18^Fluorine")
        ],
    )
    return slices(
        PT,
        uptake()[:3],
        [0.0, STEP_MM, 2 * STEP_MM],
        PixelSpacing=[STEP_MM, STEP_MM],
        SeriesInstanceUID="1.2.826.0.1.2.5",
        RadiopharmaceuticalInformationSequence=[nuclide],
        DecayCorrection="START",
        CorrectedImage=["ATTN", "DECY"],
        SeriesDate="20260101",
        SeriesTime="110000",
        AcquisitionDate="20260101",
        AcquisitionTime="110000",
        PatientWeight="70",
        ActualFrameDuration="60000",
        FrameReferenceTime="30000",
    )


def file_bytes(data: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Return an object as the bytes of a Part 10 file, compressed where the syntax says so."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    meta.TransferSyntaxUID = UID(ExplicitVRLittleEndian)
    data.file_meta = meta
    if syntax in (RLE, JPEG_LS):
        data.compress(UID(syntax), generate_instance_uid=False)
    elif syntax == JPEG_2000:
        data.PixelData = _codestreams(data)
        data["PixelData"].VR = "OB"
        data["PixelData"].is_undefined_length = True
        data.file_meta.TransferSyntaxUID = UID(syntax)
    else:
        data.file_meta.TransferSyntaxUID = UID(syntax)
    if syntax == BIG_ENDIAN and data.BitsAllocated == 16:
        data.PixelData = np.frombuffer(data.PixelData, dtype="<u2").astype(">u2").tobytes()
    stream = io.BytesIO()
    data.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _codestreams(data: Dataset) -> bytes:
    """Return the frames as JPEG 2000, of one resolution: they are too small for more."""
    from PIL import Image
    from pydicom.encaps import encapsulate

    kind = f"<u{data.BitsAllocated // 8}"
    shape = (int(data.get("NumberOfFrames") or 1), data.Rows, data.Columns)
    frames = []
    for frame in np.frombuffer(data.PixelData, dtype=kind).reshape(shape):
        stream = io.BytesIO()
        picture = Image.fromarray(frame)
        picture.save(stream, "JPEG2000", no_jp2=True, num_resolutions=1, irreversible=False)
        frames.append(stream.getvalue())
    return encapsulate(frames)


MEMBERS = ("nm", "seg", "rtstruct", "ct0", "ct1", "ct2")
"""Files of the mini study."""


@cache
def study_files() -> dict[str, bytes]:
    """Return the mini study: bytes by name."""
    made: Sequence[Dataset] = (emission(), organs(), tumour(), *map(ct_slice, range(3)))
    return dict(zip(MEMBERS, map(file_bytes, made), strict=True))


@cache
def siblings(role: str) -> dict[str, bytes]:
    """Return the other slices of a series of single slices, by name."""
    if role == "pt":
        return {f"pt{k}": file_bytes(pet()[k]) for k in (1, 2)}
    return {f"ct{k}": study_files()[f"ct{k}"] for k in (1, 2)} if role == "ct" else {}


def write_study(folder: Path, **instead: bytes) -> Path:
    """Write the mini study; ``instead`` replaces files by name (empty bytes leave one out)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (study_files() | instead).items():
        if content:
            (folder / f"{name}.dcm").write_bytes(content)
    return folder


@cache
def own_seeds() -> tuple[Seed, ...]:
    """Return our seeds: every kind of object that is read, in every kind of encoding."""
    variants: list[Seed] = [
        Seed(name, content, name.rstrip("012")) for name, content in study_files().items()
    ]
    for label, syntax in (
        ("implicit", IMPLICIT), ("big_endian", BIG_ENDIAN), ("deflated", DEFLATED), ("rle", RLE),
        ("j2k", JPEG_2000), ("jls", JPEG_LS),
    ):  # fmt: skip
        variants.append(Seed(f"nm_{label}", file_bytes(emission(), syntax), "nm"))
    for label, syntax in (("implicit", IMPLICIT), ("rle", RLE), ("j2k", JPEG_2000)):
        variants.append(Seed(f"seg_{label}", file_bytes(fractional_organs(), syntax), "seg"))
    variants.append(Seed("rtstruct_implicit", file_bytes(tumour(), IMPLICIT), "rtstruct"))
    variants.append(Seed("rtstruct_deflated", file_bytes(tumour(), DEFLATED), "rtstruct"))
    variants.append(Seed("ct_j2k", file_bytes(ct_slice(), JPEG_2000), "ct"))
    variants.append(Seed("pt", file_bytes(pet()[0]), "pt"))
    variants.append(Seed("pt_rle", file_bytes(pet()[0], RLE), "pt"))
    for kind, series in ((CT, [ct_slice(k) for k in range(3)]), (PT, pet())):
        variants.append(Seed(f"enhanced_{kind[-3:]}", file_bytes(enhanced(series))))
    return tuple(variants)


@cache
def foreign_seeds() -> tuple[Seed, ...]:
    """Return the small test files that are installed with pydicom."""
    import pydicom

    folder = Path(pydicom.__file__).parent / "data"
    files = sorted(folder.rglob("*.dcm"), key=lambda path: path.name)
    return tuple(
        Seed(path.name, path.read_bytes())
        for path in files
        if 0 < path.stat().st_size <= LARGEST_FILE
    )


MAKERS: dict[str, Callable[[], Dataset]] = {
    "nm": emission, "seg": organs, "rtstruct": tumour, "ct0": ct_slice,
}  # fmt: skip


def edited(role: str, change: Callable[[Dataset], object]) -> bytes:
    """Return a file of the mini study after a change of its data set."""
    made = MAKERS[role]()
    change(made)
    return file_bytes(made)
