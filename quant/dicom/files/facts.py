"""Header facts: which attributes are kept, as plain Python values, and how they are read back.

Facts are keyed by DICOM keyword; attributes inside sequences by their path, for example
``DetectorInformationSequence.0.ImagePositionPatient``, and the sequence's own keyword holds the
number of its items. Nothing here is a name, a birth date or a free comment.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydicom.datadict import tag_for_keyword
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag

from quant.dicom.files.private import private_elements, private_facts

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Facts = Mapping[str, object]
"""Plain values (str, int, float, tuples of them) by DICOM keyword or path."""

PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

MAX_ITEMS = 64
"""Items of one sequence that are looked at."""

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

PERSONAL = frozenset({"PatientWeight", "PatientSize", "PatientSex"})
"""Facts of a person: read for SUV, and never written to a record, a table, a page or a message."""

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


def numbers(facts: Facts, keyword: str) -> tuple[float, ...]:
    """Return a fact as floats; empty when it is absent or not numeric."""
    value = facts.get(keyword)
    if isinstance(value, tuple):
        is_numeric = all(isinstance(part, (int, float)) for part in value)
        return tuple([float(part) for part in value]) if is_numeric else ()
    return (float(value),) if isinstance(value, (int, float)) else ()


def number(facts: Facts, keyword: str) -> float | None:
    """Return a single finite number, or None when it is absent, not numeric or not finite."""
    value = facts.get(keyword)
    if isinstance(value, tuple):
        value = value[0] if len(value) == 1 else None
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def whole(facts: Facts, keyword: str) -> int | None:
    """Return a single whole number, or None."""
    value = number(facts, keyword)
    return int(value) if value is not None and value == int(value) else None


def words(facts: Facts, keyword: str) -> tuple[str, ...]:
    """Return a fact as upper-case words; empty when it is absent."""
    value = facts.get(keyword)
    if value is None:
        return ()
    parts = value if isinstance(value, tuple) else (value,)
    return tuple(str(part).strip().upper() for part in parts)


def text(facts: Facts, keyword: str) -> str:
    r"""Return a fact as text, several values joined by a backslash; empty when absent."""
    value = facts.get(keyword)
    if value is None:
        return ""
    return "\\".join(str(part) for part in value) if isinstance(value, tuple) else str(value)


def tail(uid: str) -> str:
    """Return the end of a UID, enough to find it by."""
    return uid if len(uid) <= 12 else f"...{uid[-12:]}"
