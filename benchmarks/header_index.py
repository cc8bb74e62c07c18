"""Indexing a folder of CT files, headers only: ours against pydicom, all in one run."""

import argparse
import contextlib
import copy
import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from timing import as_lines, fastest_s

from quant.dicom.files.cache import HeaderCache
from quant.dicom.files.pydicom_headers import SPECIFIC_TAGS
from quant.dicom.index import index_tree

FILES, ELEMENTS, SIZE = 400, 264, 512
ROUNDS = 5
ROOT = "1.2.826.0.1.3680043.10.999"

TEXTS = (
    "AccessionNumber", "InstitutionName", "StationName", "StudyDescription", "SeriesDescription",
    "ManufacturerModelName", "ProtocolName", "DeviceSerialNumber", "SoftwareVersions", "StudyID",
    "ConvolutionKernel", "FilterType", "RequestedProcedureDescription", "PatientComments",
    "InstitutionalDepartmentName", "PerformedProcedureStepDescription", "Manufacturer",
    "PerformedProcedureStepID", "RequestedProcedureID", "ScheduledProcedureStepID",
)  # fmt: skip

DECIMALS = (
    "KVP", "DataCollectionDiameter", "ReconstructionDiameter", "DistanceSourceToDetector",
    "DistanceSourceToPatient", "GantryDetectorTilt", "TableHeight", "FocalSpots", "PatientWeight",
    "PatientSize", "WindowCenter", "WindowWidth", "SliceLocation",
)  # fmt: skip

DOUBLES = (
    "RevolutionTime", "SingleCollimationWidth", "TotalCollimationWidth", "SpiralPitchFactor",
    "CTDIvol",
)  # fmt: skip

DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "PatientBirthDate")
TIMES = ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime")
INTEGERS = ("ExposureTime", "XRayTubeCurrent", "Exposure", "GeneratorPower", "SeriesNumber")

CODED = (
    "ProcedureCodeSequence", "RequestedProcedureCodeSequence", "AnatomicRegionSequence",
    "CTDIPhantomTypeCodeSequence", "PerformedProtocolCodeSequence",
)  # fmt: skip


def _base() -> Dataset:
    """Return the header of a CT slice as scanners write it: public, nested and private elements."""
    data = Dataset()
    for keyword in TEXTS:
        setattr(data, keyword, f"{keyword[:10]} text")
    for keyword in DECIMALS:
        setattr(data, keyword, "123.456")
    for keyword in DOUBLES:
        setattr(data, keyword, 0.625)
    for keyword in DATES:
        setattr(data, keyword, "20200131")
    for keyword in TIMES:
        setattr(data, keyword, "103015.120")
    for keyword in INTEGERS:
        setattr(data, keyword, "120")
    data.SpecificCharacterSet, data.Modality, data.PatientPosition = "ISO_IR 100", "CT", "HFS"
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"]
    data.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.2")
    data.StudyInstanceUID, data.SeriesInstanceUID = f"{ROOT}.1", f"{ROOT}.1.1"
    data.FrameOfReferenceUID, data.PatientID = f"{ROOT}.2", "benchmark"
    data.PixelSpacing, data.SliceThickness = [0.976562, 0.976562], "1.0"
    data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    data.Rows = data.Columns = SIZE
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.RescaleSlope, data.RescaleIntercept, data.RescaleType = "1", "-1024", "HU"
    for keyword in CODED:
        setattr(data, keyword, Sequence([_code()]))
    data.ReferencedImageSequence = Sequence([_reference(number) for number in range(3)])
    return data


def _code() -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "113681", "DCM", "Phantom"
    return code


def _reference(number: int) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.2")
    item.ReferencedSOPInstanceUID = f"{ROOT}.3.{number}"
    return item


def _element_count(data: Dataset) -> int:
    return sum(1 for _ in data.iterall())


def _fill(data: Dataset) -> None:
    """Add private elements until there are :data:`ELEMENTS`, with that of the pixels."""
    blocks = [
        data.private_block(0x0019, "GEMS_ACQU_01", create=True),
        data.private_block(0x0043, "GEMS_PARM_01", create=True),
        data.private_block(0x0029, "SIEMENS CSA HEADER", create=True),
    ]
    kinds: tuple[tuple[str, object], ...] = (
        ("DS", "1.25"), ("LO", "private text"), ("US", 7), ("SL", -3), ("FD", 0.5),
        ("OB", b"ab" * 90),
    )  # fmt: skip
    number = 0
    while _element_count(data) < ELEMENTS - 4:
        block, offset = blocks[number % len(blocks)], number // len(blocks) + 1
        block.add_new(offset, *kinds[number % len(kinds)])
        number += 1


def write_series(folder: Path, syntax: UID) -> None:
    """Write :data:`FILES` slices of 512 x 512 pixels."""
    base = _base()
    _fill(base)
    pixels = np.random.default_rng(1).integers(0, 4096, (SIZE, SIZE)).astype("<u2").tobytes()
    for number in range(FILES):
        data = copy.copy(base)
        data.SOPInstanceUID, data.InstanceNumber = f"{ROOT}.1.1.{number + 1}", number + 1
        data.ImagePositionPatient = [-250.0, -250.0, float(number)]
        data.add_new(0x7FE00010, "OW", pixels)
        if _element_count(data) != ELEMENTS:
            message = f"{_element_count(data)} elements, not {ELEMENTS}"
            raise AssertionError(message)
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = syntax
        data.save_as(folder / f"IM{number:04d}.dcm", enforce_file_format=True)


def contenders(folder: Path, cache: HeaderCache) -> dict[str, Callable[[], object]]:
    """Return what is compared, by name; ours first."""
    paths = sorted(folder.iterdir())

    def pydicom_reads(**options: object) -> None:
        for path in paths:
            pydicom.dcmread(path, stop_before_pixels=True, **options)  # type: ignore[arg-type]

    return {
        "ours: index_tree, every header read": partial(index_tree, folder),
        "ours: index_tree, headers from the cache": partial(index_tree, folder, cache=cache),
        "pydicom: dcmread(stop_before_pixels=True)": pydicom_reads,
        "pydicom: with specific_tags, the same ones": partial(
            pydicom_reads, specific_tags=SPECIFIC_TAGS
        ),
    }


@contextlib.contextmanager
def _series(syntax: UID) -> Iterator[tuple[Path, HeaderCache]]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "ct"
        folder.mkdir()
        write_series(folder, syntax)
        with HeaderCache(Path(place) / "cache", settle_s=0.0) as cache:
            yield folder, cache


def main() -> None:
    """Print a table for each transfer syntax, and write its rows where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    options = parser.parse_args()
    rows = []
    for name, syntax in (
        ("explicit", ExplicitVRLittleEndian), ("implicit", ImplicitVRLittleEndian),
    ):  # fmt: skip
        with _series(syntax) as (folder, cache):
            times = fastest_s(contenders(folder, cache), ROUNDS)
        per_file = {key: seconds / FILES for key, seconds in times.items()}
        title = f"{name} VR, {FILES} CT files of {ELEMENTS} elements, per file"
        print("\n".join(as_lines(title, per_file)))  # noqa: T201
        own = next(iter(per_file.values()))
        rows += [
            {"case": title, "contender": key, "ms_per_file": 1e3 * s, "ratio": s / own}
            for key, s in per_file.items()
        ]
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
