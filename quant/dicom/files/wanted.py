"""Which attributes of a file become facts, and how pydicom's values are made plain."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydicom.datadict import tag_for_keyword
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag

from quant.dicom.files.facts import MAX_ITEMS
from quant.dicom.files.private import private_elements, private_facts

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAX_TEXT = 256

PLAIN: tuple[str, ...] = (
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "Modality",
    "ImageType", "ImageID", "SeriesDescription", "SeriesNumber", "AcquisitionNumber",
    "InstanceNumber", "Manufacturer", "ManufacturerModelName", "SoftwareVersions",
    "PatientPosition", "Rows", "Columns", "NumberOfFrames", "PixelSpacing", "SliceThickness",
    "SpacingBetweenSlices", "ImagePositionPatient", "ImageOrientationPatient",
    "FrameIncrementPointer", "SliceVector", "NumberOfSlices", "EnergyWindowVector",
    "NumberOfEnergyWindows", "DetectorVector", "NumberOfDetectors", "RotationVector",
    "NumberOfRotations", "RRIntervalVector", "NumberOfRRIntervals", "TimeSlotVector",
    "NumberOfTimeSlots", "PhaseVector", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "SamplesPerPixel", "PhotometricInterpretation", "RescaleSlope",
    "RescaleIntercept", "RescaleType", "Units", "SUVType", "CorrectedImage",
    "AttenuationCorrectionMethod", "ScatterCorrectionMethod", "DecayCorrection",
    "ReconstructionMethod", "ConvolutionKernel", "CollimatorType",
    "SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime",
    "TimezoneOffsetFromUTC", "FrameReferenceTime", "ActualFrameDuration", "DecayFactor",
    "DecayCorrected", "DecayCorrectionDateTime", "AttenuationCorrected",
    "PatientWeight", "PatientSize", "PatientSex",
    "ContentTime", "TemporalPositionIdentifier", "TriggerTime", "NominalPercentageOfCardiacPhase",
    "KVP", "BurnedInAnnotation",
)  # fmt: skip
"""Attributes of the top level."""

Layout = Mapping[str, "Layout | None"]

_CODE: Layout = {"CodeValue": None, "CodingSchemeDesignator": None, "CodeMeaning": None}

SEQUENCES: Layout = {
    "DetectorInformationSequence": {
        "ImagePositionPatient": None,
        "ImageOrientationPatient": None,
        "CollimatorGridName": None,
        "CollimatorType": None,
    },
    "RotationInformationSequence": {
        "ActualFrameDuration": None,
        "NumberOfFramesInRotation": None,
        "ScanArc": None,
    },
    "EnergyWindowInformationSequence": {
        "EnergyWindowName": None,
        "EnergyWindowRangeSequence": {
            "EnergyWindowLowerLimit": None,
            "EnergyWindowUpperLimit": None,
        },
    },
    "RadiopharmaceuticalInformationSequence": {
        "Radiopharmaceutical": None,
        "RadionuclideHalfLife": None,
        "RadionuclideTotalDose": None,
        "RadiopharmaceuticalStartTime": None,
        "RadiopharmaceuticalStartDateTime": None,
        "RadionuclideCodeSequence": _CODE,
    },
    "ReferencedFrameOfReferenceSequence": {"FrameOfReferenceUID": None},
    "RealWorldValueMappingSequence": {
        "RealWorldValueFirstValueMapped": None,
        "RealWorldValueLastValueMapped": None,
        "DoubleFloatRealWorldValueFirstValueMapped": None,
        "DoubleFloatRealWorldValueLastValueMapped": None,
        "RealWorldValueIntercept": None,
        "RealWorldValueSlope": None,
        "RealWorldValueLUTData": None,
        "MeasurementUnitsCodeSequence": _CODE,
    },
}
"""Attributes inside sequences."""


class Node:
    """One attribute to be read, with its tag, and what to read inside its items."""

    __slots__ = ("inner", "keyword", "tag")

    def __init__(self, keyword: str, inner: "Layout | None") -> None:
        self.keyword = keyword
        self.tag = Tag(tag_for_keyword(keyword) or 0)
        self.inner = None if inner is None else [Node(*pair) for pair in inner.items()]


NODES = [Node(*pair) for pair in {**dict.fromkeys(PLAIN), **SEQUENCES}.items()]
"""All attributes that become facts."""


def collect(data: "Dataset") -> dict[str, object]:
    """Read the attributes of :data:`NODES` as plain values; nothing is raised.

    Returns
    -------
    dict of str to object
        Absent and empty attributes are left out. ``UnreadableAttributes`` names those whose
        value cannot be parsed; they count as absent.
    """
    found: dict[str, object] = {}
    unreadable: list[str] = []
    _collect(data, NODES, "", found, unreadable)
    found |= private_facts(private_elements(data))
    if unreadable:
        found["UnreadableAttributes"] = tuple(unreadable)
    return found


def _collect(
    data: "Dataset", nodes: list[Node], prefix: str, found: dict[str, object], bad: list[str]
) -> None:
    present = data.keys()
    for node in nodes:
        if node.tag not in present:
            continue
        path = prefix + node.keyword
        try:
            value = data[node.tag].value
            if node.inner is None:
                converted = plain(value)
                if converted is not None:
                    found[path] = converted
                continue
            items = list(value or ())
        except Exception:  # noqa: BLE001 - a malformed value may raise anything on first access
            bad.append(path)
            continue
        found[path] = len(items)
        for number, one in enumerate(items[:MAX_ITEMS]):
            _collect(one, node.inner, f"{path}.{number}.", found, bad)


def plain(value: object) -> object | None:
    """Turn a pydicom value into str, int, float or a tuple of them; None when it is empty."""
    if value is None or isinstance(value, bytes):
        return None
    if isinstance(value, MultiValue | list | tuple):
        parts = tuple(plain(part) for part in value)
        return tuple("" if part is None else part for part in parts) or None
    if isinstance(value, BaseTag | int) and not isinstance(value, bool):
        return int(value)
    if hasattr(value, "__float__") and not isinstance(value, str):
        return float(value)
    text = "".join(character for character in str(value) if character.isprintable())
    return text.strip()[:MAX_TEXT] or None
