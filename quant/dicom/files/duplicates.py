"""The same object twice, or two objects under one UID."""

from dataclasses import replace

from quant.dicom.files.digests import same_bytes
from quant.dicom.files.facts import text, whole
from quant.dicom.files.header import Header
from quant.dicom.files.objects import SLICE_MODALITIES
from quant.dicom.pixels.stored import same_pixels
from quant.domain.archive import FilePath
from quant.domain.study import FileEntry

PACKAGING = ("PixelOffset", "NoPreamble", "TransferSyntaxUID", "SeriesDescription")
"""Facts that may differ between two exports of one image."""

ACQUISITION = ("AcquisitionNumber", "AcquisitionDate", "AcquisitionTime")

Found = tuple[FilePath, Header]


def claim_of(header: Header) -> tuple[str, ...]:
    """Return what only one object may bear: study and instance UID, and for slices more.

    Slices of different series or acquisitions that an anonymiser gave one UID are kept apart.
    """
    claim: tuple[str, ...] = (header.study_uid, header.sop_instance_uid)
    if header.modality not in SLICE_MODALITIES:
        return claim
    claim = (*claim, header.series_uid)
    if (whole(header.facts, "NumberOfFrames") or 1) > 1:
        return claim
    return (*claim, *(text(header.facts, keyword) for keyword in ACQUISITION))


def same_object(one: Found, other: Found) -> bool:
    """Tell whether two files hold the same object: the same bytes, or the same facts and pixels."""
    if same_bytes(one[0], other[0]):
        return True
    if one[1].modality not in SLICE_MODALITIES:
        return _same_elements(one[0], other[0])
    mine, theirs = (
        {key: value for key, value in found[1].facts.items() if key not in PACKAGING}
        for found in (one, other)
    )
    return mine == theirs and same_pixels(entry_of(*one), entry_of(*other))


def _same_elements(one: FilePath, other: FilePath) -> bool:
    """Tell whether two files say the same in different encodings (explicit, implicit)."""
    import pydicom

    from quant.dicom.files.pydicom_headers import lenient

    try:
        with lenient(), one.open("rb") as first, other.open("rb") as second:
            return bool(pydicom.dcmread(first) == pydicom.dcmread(second))
    except Exception:  # noqa: BLE001 - a damaged file may raise anything, and equals nothing
        return False


def spoiled(header: Header, message: str) -> Header:
    """Return a header that says why it cannot be used."""
    return replace(header, code="DUP_CONFLICT", message=message)


def entry_of(path: FilePath, header: Header) -> FileEntry:
    """Return a file and its header as an entry of a series."""
    return FileEntry(path, header.sop_class_uid, header.sop_instance_uid, header.facts)
