"""The same object twice, or two objects under one UID."""

from dataclasses import replace

from quant.dicom.digests import same_bytes
from quant.dicom.headers import Header
from quant.dicom.objects import SLICE_MODALITIES
from quant.dicom.pixels import same_pixels
from quant.domain.archive import FilePath
from quant.domain.study import FileEntry

PACKAGING = ("PixelOffset", "NoPreamble", "TransferSyntaxUID", "SeriesDescription")
"""Facts that may differ between two exports of one image."""

Found = tuple[FilePath, Header]


def same_object(one: Found, other: Found) -> bool:
    """Tell whether two files hold the same object: the same bytes, or the same facts and pixels."""
    if same_bytes(one[0], other[0]):
        return True
    if one[1].modality not in SLICE_MODALITIES:
        return False
    mine, theirs = (
        {key: value for key, value in found[1].facts.items() if key not in PACKAGING}
        for found in (one, other)
    )
    return mine == theirs and same_pixels(entry_of(*one), entry_of(*other))


def spoiled(header: Header, message: str) -> Header:
    """Return a header that says why it cannot be used."""
    return replace(header, code="DUP_CONFLICT", message=message)


def entry_of(path: FilePath, header: Header) -> FileEntry:
    """Return a file and its header as an entry of a series."""
    return FileEntry(path, header.sop_class_uid, header.sop_instance_uid, header.facts)
