"""Enhanced and legacy-converted multi-frame CT and PET: one object, every frame with its facts.

A multi-frame object is turned into facts of its frames once, when it is indexed: what all frames
share stands among the facts of the file as if it were a single-frame one, what differs stands as
one tuple an attribute, below ``Frames.``; :mod:`quant.dicom.slices.frames` knows them by these.

References
----------
DICOM PS3.3 C.7.6.16 (multi-frame functional groups), A.38 (enhanced CT), A.56 (enhanced PET),
A.70 and A.72 (legacy converted enhanced CT and PET).
"""

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from pydicom.datadict import tag_for_keyword

from quant.dicom.files.facts import whole
from quant.dicom.files.wanted import PLAIN, plain
from quant.dicom.slices.frames import (
    COUNT,
    FRAMES,
    PARTS_OF_ONE,
    has_frames,
    number_of_frames,
    with_units,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom.dataset import Dataset

    from quant.domain.study import FileEntry

SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"

GROUPS: dict[str, dict[str, str]] = {
    "PlanePositionSequence": {"ImagePositionPatient": "ImagePositionPatient"},
    "PlaneOrientationSequence": {"ImageOrientationPatient": "ImageOrientationPatient"},
    "PixelMeasuresSequence": {
        "PixelSpacing": "PixelSpacing",
        "SliceThickness": "SliceThickness",
        "SpacingBetweenSlices": "SpacingBetweenSlices",
    },
    "PixelValueTransformationSequence": {
        "RescaleSlope": "RescaleSlope",
        "RescaleIntercept": "RescaleIntercept",
        "RescaleType": "RescaleType",
    },
    "FrameContentSequence": {
        "StackID": "StackID",
        "TemporalPositionIndex": "TemporalPositionIndex",
        "FrameAcquisitionNumber": "AcquisitionNumber",
        "FrameAcquisitionDateTime": "AcquisitionDateTime",
        "FrameReferenceDateTime": "FrameReferenceDateTime",
        "FrameAcquisitionDuration": "ActualFrameDuration",
    },
    "CTImageFrameTypeSequence": {"FrameType": "ImageType"},
    "PETFrameTypeSequence": {"FrameType": "ImageType"},
    "CTReconstructionSequence": {"ConvolutionKernel": "ConvolutionKernel"},
    "CTXRayDetailsSequence": {"KVP": "KVP"},
    "TemporalPositionSequence": {"TemporalPositionTimeOffset": "TemporalPositionTimeOffset"},
    "CardiacSynchronizationSequence": {
        "NominalPercentageOfCardiacPhase": "NominalPercentageOfCardiacPhase",
        "NominalCardiacTriggerDelayTime": "TriggerTime",
    },
    "RespiratorySynchronizationSequence": {
        "NominalPercentageOfRespiratoryPhase": "NominalPercentageOfRespiratoryPhase",
        "NominalRespiratoryTriggerDelayTime": "RespiratoryTriggerTime",
    },
    "PETFrameCorrectionFactorsSequence": {"DecayFactor": "DecayFactor"},
    "UnassignedSharedConvertedAttributesSequence": {},
    "UnassignedPerFrameConvertedAttributesSequence": {},
}
"""Functional groups (macros), their attributes, and the fact that each one becomes; the groups of
unassigned attributes hold what a single-frame header would have at its top level."""

NOT_LOOSE = ("SeriesNumber", "SpacingBetweenSlices", "InstanceNumber")
"""Unassigned attributes that say nothing of the frame as it is now."""

MAPPING = {
    "RealWorldValueFirstValueMapped", "RealWorldValueLastValueMapped",
    "DoubleFloatRealWorldValueFirstValueMapped", "DoubleFloatRealWorldValueLastValueMapped",
    "RealWorldValueIntercept", "RealWorldValueSlope",
}  # fmt: skip

CORRECTIONS = {
    "AttenuationCorrected": "ATTN", "ScatterCorrected": "SCAT", "DecayCorrected": "DECY",
    "RandomsCorrected": "RAN", "DeadTimeCorrected": "DTIM",
    "DetectorNormalizationCorrection": "NORM",
}  # fmt: skip
"""Attributes of the enhanced PET object that say what CorrectedImage says in the classic one."""

MOST_FRAMES = 100_000


def _tags(names: "Iterable[tuple[str, str]]") -> dict[int, str]:
    return {tag_for_keyword(keyword) or 0: fact for keyword, fact in names}


LOOSE = _tags((keyword, keyword) for keyword in PLAIN if keyword not in NOT_LOOSE)

FACTS_BY_TAG = {
    tag_for_keyword(group) or 0: _tags(attributes.items()) if attributes else LOOSE
    for group, attributes in GROUPS.items()
}

TAGS = (SHARED, PER_FRAME, PARTS_OF_ONE, *CORRECTIONS)


def with_frames(entry: "FileEntry") -> "FileEntry":
    """Add the facts of the frames to an enhanced or other multi-frame file.

    Parameters
    ----------
    entry : FileEntry
        Read again, up to its pixels, when it is multi-frame; else returned as it is.

    Returns
    -------
    FileEntry
        Without :data:`COUNT` among its facts when the frames cannot be told apart.
    """
    if not has_frames(entry):
        return entry
    try:
        data = _groups(entry)
        shared = list(data.get(SHARED) or ())
        rows = [_facts_of(item) for item in data.get(PER_FRAME) or ()]
        common = _facts_of(shared[0]) if shared else {}
        top = _top_level(data, entry)
    except Exception:  # noqa: BLE001 - malformed functional groups may raise anything
        return entry
    total = whole(top, PARTS_OF_ONE) or 1
    if len(rows) != number_of_frames(entry) or total > 1:
        return replace(entry, facts=entry.facts | top)
    keywords = dict.fromkeys((*common, *(keyword for row in rows for keyword in row)))
    columns = {
        keyword: tuple(row.get(keyword, common.get(keyword)) for row in rows)
        for keyword in keywords
    }
    same = {key: column[0] for key, column in columns.items() if len(set(column)) == 1}
    apart = {key: column for key, column in columns.items() if key not in same}
    first = {key: column[0] for key, column in apart.items() if column[0] is not None}
    facts = top | first | entry.facts | same | {COUNT: len(rows)}
    facts |= {FRAMES + key: column for key, column in apart.items()}
    return replace(entry, facts=with_units(facts))


def _groups(entry: "FileEntry") -> "Dataset":
    import pydicom

    from quant.dicom.files.pydicom_headers import lenient

    if number_of_frames(entry) > MOST_FRAMES:
        message = f"{number_of_frames(entry)} frames"
        raise ValueError(message)
    with lenient(), warnings.catch_warnings(), entry.path.open("rb") as stream:
        warnings.simplefilter("ignore")
        return pydicom.dcmread(
            stream, stop_before_pixels=True, force=True, specific_tags=list(TAGS)
        )


def _facts_of(item: "Dataset") -> dict[str, object]:
    """Return the facts of one item of functional groups."""
    found: dict[str, object] = {}
    for group in item.keys() & FACTS_BY_TAG.keys():
        attributes = FACTS_BY_TAG[group]
        for inner in list(item[group].value or ())[:1]:
            for tag in inner.keys() & attributes.keys():
                value = plain(inner[tag].value)
                if value is not None and (attributes is not LOOSE or attributes[tag] not in found):
                    found[attributes[tag]] = value
    mappings = list(item.get("RealWorldValueMappingSequence") or ())
    return found | _mapping_facts(mappings) if mappings else found


def _mapping_facts(mappings: "list[Dataset]") -> dict[str, object]:
    """Return the real world value mappings of a frame, as they stand in a single-frame file."""
    found: dict[str, object] = {"RealWorldValueMappingSequence": len(mappings)}
    for index, one in enumerate(mappings):
        stem = f"RealWorldValueMappingSequence.{index}."
        for keyword in MAPPING:
            if keyword in one and (value := plain(one[keyword].value)) is not None:
                found[stem + keyword] = value
        if "RealWorldValueLUTData" in one:
            found[f"{stem}RealWorldValueLUTData"] = 1
        for code in one.get("MeasurementUnitsCodeSequence") or ():
            found[f"{stem}MeasurementUnitsCodeSequence.0.CodeValue"] = str(code.get("CodeValue"))
    return found


def _top_level(data: "Dataset", entry: "FileEntry") -> dict[str, object]:
    """Return what the object says about all frames: corrections in the classic object's words."""
    done = [word for keyword, word in CORRECTIONS.items() if data.get(keyword) == "YES"]
    found: dict[str, object] = {}
    if any(keyword in data for keyword in CORRECTIONS) and "CorrectedImage" not in entry.facts:
        found["CorrectedImage"] = tuple(done) or "NONE"
    if data.get(PARTS_OF_ONE) is not None:
        found[PARTS_OF_ONE] = int(data[PARTS_OF_ONE].value)
    return found
