"""One file's header as plain facts: what it is, where it lies, what its values mean.

Whatever a file does while it is read, the answer is a header, a named problem, or "not DICOM".
"""

import io
from dataclasses import replace
from typing import TYPE_CHECKING

from quant.dicom.files.facts import PIXEL_KEYWORDS, text
from quant.dicom.files.header import Header
from quant.dicom.files.objects import (
    DICOMDIR_CLASS,
    PIXEL_MODALITIES,
    assumed_uids,
    is_class_uid,
    is_volume_or_region,
    modality_of,
    sane_uid,
    subject_key,
)
from quant.dicom.files.pydicom_headers import parse
from quant.dicom.files.streams import (
    DEFLATED,
    EXPLICIT_BIG,
    MAGIC_AT,
    WatchedStream,
    is_bomb,
    walk_fragments,
)
from quant.dicom.files.walker import (
    DEEPEST,
    MEDIA_CLASS,
    MEDIA_INSTANCE,
    READ_BYTES,
    Parsed,
    TooDeepError,
    walk,
)
from quant.dicom.files.walker_values import IDENTIFIERS

if TYPE_CHECKING:
    from quant.domain.archive import FilePath

UNDEFINED_LENGTH = 0xFFFFFFFF

FOREIGN_WORDS = (
    b"MZ", b"\x7fELF", b"#!", b"PK\x03\x04", b"%PDF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe",
    b"II*\0", b"MM\0*", b"GIF8", b"\x89PNG", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf", b"<",
)  # fmt: skip
"""Beginnings of programs, archives, pictures and pages: such a file is two things at once."""

VALUE_REPRESENTATIONS = frozenset((
    "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB", "OD", "OF",
    "OL", "OW", "PN", "SH", "SL", "SQ", "SS", "ST", "TM", "UI", "UL", "UN", "US", "UT",
))  # fmt: skip


def read_header(path: "FilePath") -> Header | None:
    """Read the header of one file.

    Parameters
    ----------
    path : Path or ArchiveMember
        A regular file.

    Returns
    -------
    Header or None
        None when the file is not DICOM. A DICOM file that cannot be used has a ``code``:
        ``TRUNCATED``, ``PIXELS_MISSING``, ``NO_PERMISSION`` or ``DICOM_UNREADABLE``. Nothing is
        raised.
    """
    try:
        with path.open("rb", buffering=0) as handle:
            stream = WatchedStream(handle, handle.seek(0, io.SEEK_END))
            stream.seek(0)
            head = stream.read(min(READ_BYTES, stream.size))
            if not looks_like_dicom(head[: MAGIC_AT + 4], stream.size):
                return None
            parsed = walk(stream, head)
            if parsed is not None:
                stream.seek(parsed.end)
                return _judged(_identified(parsed, head), stream)
        return read_by_pydicom(path)
    except TooDeepError:
        message = f"its sequences are nested more than {DEEPEST} deep"
        return Header(code="DICOM_UNREADABLE", message=message)
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


def read_by_pydicom(path: "FilePath") -> Header | None:
    """Read the header of any file, however it is encoded or damaged; OSError may be raised."""
    with path.open("rb", buffering=READ_BYTES) as handle:
        size = handle.seek(0, io.SEEK_END)
        handle.seek(0)
        return _parsed(WatchedStream(handle, size))


def _parsed(stream: WatchedStream) -> Header | None:
    head = stream.read(min(MAGIC_AT + 4, stream.size))
    has_magic = head[MAGIC_AT:] == b"DICM"
    stream.seek(0)
    try:
        if is_bomb(stream):
            return Header(code="DICOM_UNREADABLE", message="it inflates beyond measure")
        stream.seek(0)
        header = _identified(parse(stream), head)
    except Exception:  # noqa: BLE001 - damaged files raise eleven kinds of exceptions
        if not has_magic:
            return None
        at_end = stream.ran_short or stream.tell() >= stream.size
        code = "TRUNCATED" if at_end else "DICOM_UNREADABLE"
        message = f"its header cannot be parsed from byte {stream.tell()} on"
        return Header(code=code, message=message)
    if not has_magic:
        if not (is_class_uid(header.sop_class_uid) and header.study_uid):
            return None
        header.facts["NoPreamble"] = 1
    return _judged(header, stream)


def _identified(parsed: Parsed, head: bytes) -> Header:
    facts = parsed.facts
    if head[MAGIC_AT : MAGIC_AT + 4] == b"DICM" and head.startswith(FOREIGN_WORDS):
        facts["ForeignPreamble"] = 1
    study_uid, patient_id, issuer = (parsed.identifiers.get(tag, "") for tag in IDENTIFIERS)
    sop_class_uid = text(facts, "SOPClassUID") or parsed.meta.get(MEDIA_CLASS, "")
    uids = (
        study_uid,
        text(facts, "SeriesInstanceUID"),
        text(facts, "SOPInstanceUID") or parsed.meta.get(MEDIA_INSTANCE, ""),
    )
    person = subject_key(patient_id, "")
    if sop_class_uid and not (uids[0] and uids[1]):
        uids = assumed_uids(uids, facts, person)
    return Header(
        study_uid=uids[0],
        series_uid=uids[1],
        sop_class_uid=sop_class_uid,
        sop_instance_uid=uids[2],
        modality=modality_of(sop_class_uid, text(facts, "Modality")),
        subject=subject_key(patient_id, issuer),
        person=person,
        facts=facts,
    )


def _judged(header: Header, stream: WatchedStream) -> Header:
    """Say what is wrong with a header that could be parsed, and where its pixels lie."""
    if header.sop_class_uid == DICOMDIR_CLASS:
        return header
    identifiers = (header.study_uid, header.series_uid, header.sop_instance_uid)
    if stream.ran_short:
        return replace(header, code="TRUNCATED", message="the file ends inside its header")
    if not all(sane_uid(uid) for uid in identifiers):
        header = replace(header, study_uid=header.study_uid if sane_uid(header.study_uid) else "")
        if is_volume_or_region(header.sop_class_uid, header.modality):
            message = "its study, series or instance UID is missing or malformed"
            header = replace(header, code="DICOM_UNREADABLE", message=message)
        return header
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
