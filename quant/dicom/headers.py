"""One file's header as plain facts: what it is, where it lies, what its values mean.

Whatever a file does while it is read, the answer is a header, a named problem, or "not DICOM".
"""

import contextlib
import io
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pydicom
from pydicom.tag import Tag

from quant.dicom.facts import NODES, PIXEL_KEYWORDS, collect, text
from quant.dicom.objects import (
    DICOMDIR_CLASS,
    PIXEL_MODALITIES,
    assumed_uids,
    modality_of,
    sane_uid,
    subject_key,
)
from quant.dicom.private import PRIVATE_TAGS
from quant.dicom.streams import (
    DEFLATED,
    MAGIC_AT,
    WatchedStream,
    is_bomb,
    walk_fragments,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import FileDataset
    from pydicom.filebase import ReadableBuffer

READ_BYTES = 1 << 16
"""Bytes read at a time: the whole header of nearly every file."""

UNDEFINED_LENGTH = 0xFFFFFFFF

IMPLICIT_LITTLE, EXPLICIT_LITTLE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"

VALUE_REPRESENTATIONS = frozenset((
    "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB", "OD", "OF",
    "OL", "OW", "PN", "SH", "SL", "SQ", "SS", "ST", "TM", "UI", "UL", "UN", "US", "UT",
))  # fmt: skip

STUDY_UID, PATIENT_ID, ISSUER = 0x0020000D, 0x00100020, 0x00100021
WANTED: list[int] = [
    *(node.tag for node in NODES),
    *(Tag(number) for number in (0x00080005, STUDY_UID, PATIENT_ID, ISSUER)),
    *sorted(PRIVATE_TAGS),
]
"""Tags read from every file; all others are passed over."""


@dataclass(frozen=True, slots=True)
class Header:
    """What one DICOM file says about itself.

    Parameters
    ----------
    study_uid, series_uid, sop_class_uid, sop_instance_uid : str
        Empty when the file broke before they could be read.
    modality : str
        By SOP class for NM, PT, CT, RTSTRUCT and SEG, else as the file says.
    subject : str
        Keyed hash of the patient's identifier and its issuer.
    person : str
        Keyed hash of the patient's identifier alone: exports differ in naming the issuer.
    facts : dict of str to object
        Technical attributes, see :mod:`quant.dicom.facts`.
    code, message : str
        Why the file cannot be used; empty when it can.
    """

    study_uid: str = ""
    series_uid: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    modality: str = ""
    subject: str = ""
    person: str = ""
    facts: dict[str, object] = field(default_factory=dict)
    code: str = ""
    message: str = ""


def read_header(path: Path) -> Header | None:
    """Read the header of one file.

    Parameters
    ----------
    path : Path
        A regular file.

    Returns
    -------
    Header or None
        None when the file is not DICOM. A DICOM file that cannot be used has a ``code``:
        ``TRUNCATED``, ``PIXELS_MISSING``, ``NO_PERMISSION`` or ``DICOM_UNREADABLE``. Nothing is
        raised.
    """
    try:
        with path.open("rb", buffering=READ_BYTES) as handle:
            size = handle.seek(0, io.SEEK_END)
            handle.seek(0)
            head = handle.read(MAGIC_AT + 4)
            if not looks_like_dicom(head, size):
                return None
            handle.seek(0)
            return _parse(WatchedStream(handle, size))
    except OSError as error:
        if isinstance(error, PermissionError):
            return Header(code="NO_PERMISSION", message="the file may not be read")
        message = f"the file cannot be read: {error.strerror or 'input or output error'}"
        return Header(code="DICOM_UNREADABLE", message=message)


def looks_like_dicom(head: bytes, size: int) -> bool:
    """Tell DICOM by its magic word or, without a preamble, by a sane first element."""
    if head[MAGIC_AT : MAGIC_AT + 4] == b"DICM":
        return True
    little = head[:2] in (b"\x08\x00", b"\x02\x00") and head[3:4] == b"\x00"
    if head[4:6].decode("latin-1") in VALUE_REPRESENTATIONS:
        return little or head[:3] == b"\x00\x08\x00"
    return little and 0 < int.from_bytes(head[4:8], "little") < min(size, 1024)


@contextlib.contextmanager
def lenient() -> "Iterator[None]":
    """Let pydicom pass over values that break the rules of their VR; what is used is checked."""
    settings = pydicom.config.settings
    before = settings.reading_validation_mode
    settings.reading_validation_mode = pydicom.config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        settings.reading_validation_mode = before


def _parse(stream: WatchedStream) -> Header | None:
    has_magic = stream.read(min(MAGIC_AT + 4, stream.size))[MAGIC_AT:] == b"DICM"
    stream.seek(0)
    try:
        if is_bomb(stream):
            return Header(code="DICOM_UNREADABLE", message="it inflates beyond measure")
        stream.seek(0)
        with lenient():
            data = pydicom.dcmread(
                cast("ReadableBuffer", stream),
                stop_before_pixels=True,
                force=True,
                specific_tags=WANTED,
            )
            header = _identified(data)
    except Exception:  # noqa: BLE001 - damaged files raise eleven kinds of exceptions
        if not has_magic:
            return None
        at_end = stream.ran_short or stream.tell() >= stream.size
        code = "TRUNCATED" if at_end else "DICOM_UNREADABLE"
        message = f"its header cannot be parsed from byte {stream.tell()} on"
        return Header(code=code, message=message)
    if not has_magic:
        if not (header.sop_class_uid.startswith("1.") and header.study_uid):
            return None
        header.facts["NoPreamble"] = 1
    return _judged(header, stream)


def _identified(data: "FileDataset") -> Header:
    facts = collect(data)
    meta = data.file_meta
    facts["TransferSyntaxUID"] = str(meta.get("TransferSyntaxUID", "")) or _guessed_syntax(data)
    sop_class_uid = text(facts, "SOPClassUID") or str(meta.get("MediaStorageSOPClassUID", ""))
    uids = (
        _identifier(data, STUDY_UID),
        text(facts, "SeriesInstanceUID"),
        text(facts, "SOPInstanceUID") or str(meta.get("MediaStorageSOPInstanceUID", "")),
    )
    person = subject_key(_identifier(data, PATIENT_ID), "")
    if sop_class_uid and not (uids[0] and uids[1]):
        uids = assumed_uids(uids, facts, person)
    return Header(
        study_uid=uids[0],
        series_uid=uids[1],
        sop_class_uid=sop_class_uid,
        sop_instance_uid=uids[2],
        modality=modality_of(sop_class_uid, text(facts, "Modality")),
        subject=subject_key(_identifier(data, PATIENT_ID), _identifier(data, ISSUER)),
        person=person,
        facts=facts,
    )


def _identifier(data: "FileDataset", tag: int) -> str:
    try:
        return str(data[tag].value or "").strip() if tag in data else ""
    except Exception:  # noqa: BLE001 - a malformed value may raise anything on first access
        return ""


def _guessed_syntax(data: "FileDataset") -> str:
    implicit, little = data.original_encoding
    if implicit:
        return IMPLICIT_LITTLE
    return EXPLICIT_LITTLE if little else EXPLICIT_BIG


def _judged(header: Header, stream: WatchedStream) -> Header:
    """Say what is wrong with a header that could be parsed, and where its pixels lie."""
    if header.sop_class_uid == DICOMDIR_CLASS:
        return header
    identifiers = (header.study_uid, header.series_uid, header.sop_instance_uid)
    if stream.ran_short:
        return replace(header, code="TRUNCATED", message="the file ends inside its header")
    if not all(sane_uid(uid) for uid in identifiers):
        return replace(
            header,
            study_uid=header.study_uid if sane_uid(header.study_uid) else "",
            code="DICOM_UNREADABLE",
            message="its study, series or instance UID is missing or malformed",
        )
    if header.modality not in PIXEL_MODALITIES or header.facts["TransferSyntaxUID"] == DEFLATED:
        return header
    if stream.tell() >= stream.size and "PixelRepresentation" in header.facts:
        return replace(header, code="PIXELS_MISSING", message="it holds no pixel data")
    problem = _locate_pixels(header.facts, stream)
    code = "TRUNCATED"
    if not problem and header.facts.get("PixelLength") == 0:
        code, problem = "PIXELS_MISSING", "its pixel data are empty"
    return replace(header, code=code, message=problem) if problem else header


def _locate_pixels(facts: dict[str, object], stream: WatchedStream) -> str:
    """Note offset and length of the pixel data; return what is wrong with them, or nothing."""
    syntax = facts["TransferSyntaxUID"]
    order = "big" if syntax == EXPLICIT_BIG else "little"
    head = stream.read(12)
    if len(head) < 8:
        return "the file ends before its pixel data"
    element = int.from_bytes(head[2:4], order)  # type: ignore[arg-type]
    keyword = {0x0010: PIXEL_KEYWORDS[0], 0x0008: PIXEL_KEYWORDS[1], 0x0009: PIXEL_KEYWORDS[2]}
    explicit = head[4:6].decode("latin-1") in VALUE_REPRESENTATIONS
    length = int.from_bytes(head[8:12] if explicit else head[4:8], order)  # type: ignore[arg-type]
    offset = stream.tell() - len(head) + (12 if explicit else 8)
    facts["PixelKeyword"] = keyword.get(element, "")
    facts["PixelOffset"] = offset
    if length == UNDEFINED_LENGTH:
        return walk_fragments(stream, offset)
    facts["PixelLength"] = length
    if offset + length > stream.size:
        return f"its pixel data should have {length} bytes, {stream.size - offset} are there"
    return ""
