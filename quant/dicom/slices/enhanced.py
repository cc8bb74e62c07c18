"""Enhanced and legacy-converted multi-frame CT and PET: one object, every frame with its facts.

A multi-frame object is turned into facts of its frames once, when it is indexed: what all frames
share stands among the facts of the file as if it were a single-frame one, what differs stands as
one tuple an attribute, below ``Frames.``. :func:`images_of` makes single images of them again.

References
----------
DICOM PS3.3 C.7.6.16 (multi-frame functional groups), A.38 (enhanced CT), A.56 (enhanced PET),
A.70 and A.72 (legacy converted enhanced CT and PET).
"""

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from pydicom.datadict import tag_for_keyword

from quant.dicom.files.facts import PLAIN, plain, text, whole, words
from quant.dicom.files.objects import ENHANCED_CLASSES
from quant.dicom.pixels.stored import NATIVE
from quant.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom.dataset import Dataset

    from quant.domain.study import FileEntry, SeriesEntry

FRAMES = "Frames."
"""Stem of facts that differ between frames: a tuple with one value, or None, a frame."""

COUNT = "FrameCount"
"""Fact of a file whose frames could be read: their number."""

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

UNIT_TYPES = ("BQML", "CNTS", "CPS", "GML", "CM2ML")
"""RescaleType values that state what Units states in the classic PET object."""

PARTS_OF_ONE = "InConcatenationTotalNumber"

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
    if entry.sop_class_uid not in ENHANCED_CLASSES and _frames(entry) == 1:
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
    if len(rows) != _frames(entry) or total > 1:
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
    return replace(entry, facts=_with_units(facts))


def of_frames(entry: "FileEntry", frames: tuple[int, ...]) -> "FileEntry":
    """Return a multi-frame file whose own facts are those of the first of the given frames."""
    mine = {
        key.removeprefix(FRAMES): value[frames[0]]
        for key, value in entry.facts.items()
        if key.startswith(FRAMES) and isinstance(value, tuple)
    }
    facts = entry.facts | {key: value for key, value in mine.items() if value is not None}
    return replace(entry, facts=_with_units(facts))


def is_multiframe(series: "SeriesEntry") -> bool:
    """Tell whether a series is one object with several frames, whose facts are known."""
    return len(series.files) == 1 and (whole(series.facts, COUNT) or 0) > 1


def images_of(series: "SeriesEntry") -> "tuple[FileEntry, ...]":
    """Return one entry an image: the files of a series, or the frames of its multi-frame file.

    A frame's facts are those that a single-frame file would have: its plane, its scale, and where
    its pixels lie in the file, or ``FrameIndex`` where these are compressed.
    """
    if not is_multiframe(series):
        return series.files
    (entry,) = series.files
    count = whole(entry.facts, COUNT) or 0
    columns = {
        key.removeprefix(FRAMES): value
        for key, value in entry.facts.items()
        if key.startswith(FRAMES) and isinstance(value, tuple)
    }
    base = {
        key: value
        for key, value in entry.facts.items()
        if not key.startswith(FRAMES) and key not in ("NumberOfFrames", COUNT, *columns)
    }
    images = []
    for frame in series.frames or range(count):
        facts = base | {"FrameIndex": frame} | _bytes_of(entry.facts, frame, count)
        facts |= {
            key: column[frame] for key, column in columns.items() if column[frame] is not None
        }
        images.append(replace(entry, facts=_with_units(facts)))
    return tuple(images)


def require_frames(series: "SeriesEntry", what: str) -> None:
    """Refuse a multi-frame object whose frames cannot be told apart.

    Raises
    ------
    ReadError
        ``ENHANCED_UNREAD``.
    """
    for entry in series.files:
        if COUNT in entry.facts or (
            entry.sop_class_uid not in ENHANCED_CLASSES and _frames(entry) == 1
        ):
            continue
        total = whole(entry.facts, PARTS_OF_ONE) or 1
        found = f"SOP class {entry.sop_class_uid}, {_frames(entry)} frames"
        raise ReadError(
            "ENHANCED_UNREAD",
            f"The {what} is a multi-frame object whose frames have no known place.",
            found=f"{found}; one of {total} objects of a concatenation" if total > 1 else found,
            needed="functional groups with position, orientation and pixel size of every frame",
            next_step="export the series as one file a slice",
        )


def _frames(entry: "FileEntry") -> int:
    return whole(entry.facts, "NumberOfFrames") or 1


def _groups(entry: "FileEntry") -> "Dataset":
    import pydicom

    from quant.dicom.files.pydicom_headers import lenient

    if _frames(entry) > MOST_FRAMES:
        message = f"{_frames(entry)} frames"
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


def _with_units(facts: dict[str, object]) -> dict[str, object]:
    """State Units where only the RescaleType of the frames does."""
    stated = words(facts, "RescaleType")
    if "Units" not in facts and stated and stated[0] in UNIT_TYPES:
        return facts | {"Units": stated[0]}
    return facts


def _bytes_of(facts: dict[str, object], frame: int, count: int) -> dict[str, object]:
    """Return where the pixels of one frame lie, if they lie in the file as they are."""
    offset, length = whole(facts, "PixelOffset"), whole(facts, "PixelLength")
    rows, columns = whole(facts, "Rows") or 0, whole(facts, "Columns") or 0
    size = rows * columns * ((whole(facts, "BitsAllocated") or 0) // 8)
    native = text(facts, "TransferSyntaxUID") in NATIVE
    if not native or offset is None or length is None or length - count * size not in (0, 1):
        return {}
    return {"PixelOffset": offset + frame * size, "PixelLength": size}
