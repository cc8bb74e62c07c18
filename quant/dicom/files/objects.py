"""Kinds of DICOM objects: by SOP class, because a vendor's Modality may say otherwise."""

import hashlib
import hmac
import os
import re
from collections.abc import Mapping, MutableMapping

NM_CLASS = "1.2.840.10008.5.1.4.1.1.20"
PT_CLASS = "1.2.840.10008.5.1.4.1.1.128"
CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"
DICOMDIR_CLASS = "1.2.840.10008.1.3.10"

BY_CLASS = {
    NM_CLASS: "NM",
    PT_CLASS: "PT",
    CT_CLASS: "CT",
    "1.2.840.10008.5.1.4.1.1.2.1": "CT",
    "1.2.840.10008.5.1.4.1.1.2.2": "CT",
    "1.2.840.10008.5.1.4.1.1.130": "PT",
    "1.2.840.10008.5.1.4.1.1.128.1": "PT",
    "1.2.840.10008.5.1.4.1.1.481.3": "RTSTRUCT",
    "1.2.840.10008.5.1.4.1.1.66.4": "SEG",
    "1.2.840.10008.5.1.4.1.1.66.7": "SEG",
    DICOMDIR_CLASS: "DICOMDIR",
}
"""Modality by SOP class (PS3.6 Annex A)."""

ENHANCED_CLASSES = frozenset(uid for uid, name in BY_CLASS.items() if name in ("CT", "PT")) - {
    CT_CLASS,
    PT_CLASS,
}
"""Enhanced and legacy-converted multi-frame CT and PET."""

PIXEL_MODALITIES = frozenset({"NM", "PT", "CT", "SEG"})
"""Objects that are worth nothing without their pixels."""

SLICE_MODALITIES = frozenset({"NM", "PT", "CT"})
"""Objects of which one may be a slice of a volume: a missing one costs the volume."""

NON_VOLUME_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.11",
    "1.2.840.10008.5.1.4.1.1.66",
    "1.2.840.10008.5.1.4.1.1.67",
    "1.2.840.10008.5.1.4.1.1.88",
    "1.2.840.10008.5.1.4.1.1.104",
    "1.2.840.10008.5.1.4.1.1.481",
    DICOMDIR_CLASS,
)
"""Stems of SOP classes that hold no image volume: captures, presentation states, raw data,
registrations, mappings, reports, documents, plans and doses."""

NON_VOLUME_MODALITIES = frozenset((
    "SR", "SC", "PR", "KO", "DOC", "OT", "REG", "FID", "RWV", "PLAN", "RTPLAN", "RTDOSE",
    "RTRECORD", "RTIMAGE", "DICOMDIR", "OTHER",
))  # fmt: skip

SUBJECT_KEY = "spectct-quant subject key 1"
"""Default key of the subject hash; set ``QUANT_SUBJECT_KEY`` to a secret of your own."""

SERIES_MARKS = (
    "FrameOfReferenceUID", "Modality", "SeriesNumber", "AcquisitionNumber", "SeriesDescription",
    "ImageType", "Rows", "Columns", "ImageOrientationPatient", "ConvolutionKernel",
)  # fmt: skip
"""What the files of one series have in common, where its UID was blanked."""

_UID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")


def modality_of(sop_class_uid: str, modality: str) -> str:
    """Return what an object is: by SOP class, else by Modality (0008,0060).

    An object whose Modality claims an image that its SOP class is not (a capture marked CT, raw
    data marked PT) is ``OTHER``.
    """
    if sop_class_uid in BY_CLASS:
        return BY_CLASS[sop_class_uid]
    name = modality.strip().upper()
    return "OTHER" if not name.isalnum() or name in BY_CLASS.values() else name


def is_volume_or_region(sop_class_uid: str, modality: str) -> bool:
    """Tell whether an object may hold an image volume or a region."""
    if sop_class_uid in BY_CLASS:
        return modality != "DICOMDIR"
    stems = tuple(f"{stem}." for stem in NON_VOLUME_CLASSES)
    listed = sop_class_uid in NON_VOLUME_CLASSES or sop_class_uid.startswith(stems)
    return not listed and modality not in NON_VOLUME_MODALITIES


def sane_uid(uid: str) -> bool:
    """Tell whether a UID is short, printable and free of path separators and dot runs."""
    return _UID.fullmatch(uid) is not None and ".." not in uid


def is_class_uid(uid: str) -> bool:
    """Tell whether a SOP class UID is one: numbers below ISO's root (PS3.5 9.1)."""
    return len(uid) <= 64 and re.fullmatch(r"1(\.(0|[1-9]\d*))+", uid) is not None


def subject_key(patient_id: str, issuer: str) -> str:
    """Return the first 16 hexadecimal digits of a keyed hash of the patient's identifier.

    The identifier itself is kept nowhere. Empty when there is none.
    """
    if not patient_id:
        return ""
    key = os.environ.get("QUANT_SUBJECT_KEY", SUBJECT_KEY).encode()
    message = f"{patient_id}\x1f{issuer}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:16]


def assumed_uids(
    uids: tuple[str, str, str], facts: MutableMapping[str, object], person: str
) -> tuple[str, str, str]:
    """Stand in for study and series UIDs that an anonymiser blanked.

    Files of one person in one frame of reference are taken as one study; files that agree in
    modality, number, description, type and matrix as one series. Which UIDs are assumed is noted
    among the facts as ``AssumedUIDs``. Without a frame of reference nothing is assumed.
    """
    study, series, instance = uids
    frame = frame_of(facts)
    if not study and not frame:
        return uids
    blank = [name for name, uid in (("study", study), ("series", series)) if not uid]
    facts["AssumedUIDs"] = tuple(blank)
    study = study or _uid_of(f"study/{frame}/{person}")
    return study, series or assumed_series(study, facts), instance


def frame_of(facts: Mapping[str, object]) -> str:
    """Return the frame of reference that a file lies in; a structure set names it with its regions.

    Empty when there is none, or when a structure set names several.
    """
    own = str(facts.get("FrameOfReferenceUID", ""))
    if own or facts.get("ReferencedFrameOfReferenceSequence") != 1:
        return own
    return str(facts.get("ReferencedFrameOfReferenceSequence.0.FrameOfReferenceUID", ""))


def assumed_series(study: str, facts: Mapping[str, object]) -> str:
    """Stand in for a blank SeriesInstanceUID: one series are files that agree in all marks."""
    alike = [str(facts.get(keyword, "")) for keyword in SERIES_MARKS]
    return _uid_of("/".join(["series", study, *alike]))


def _uid_of(what: str) -> str:
    return f"2.25.{int.from_bytes(hashlib.sha256(what.encode()).digest()[:16], 'big')}"
