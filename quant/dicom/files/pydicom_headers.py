"""A header read by pydicom: any encoding, any damage. What it says is what the walker must say."""

import contextlib
import warnings
from typing import TYPE_CHECKING, cast

import pydicom
from pydicom.tag import Tag

from quant.dicom.files.private import PRIVATE_TAGS
from quant.dicom.files.streams import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from quant.dicom.files.walker import MEDIA_CLASS, MEDIA_INSTANCE, SYNTAX, Parsed
from quant.dicom.files.walker_values import CHARSET, IDENTIFIERS
from quant.dicom.files.wanted import NODES, collect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import FileDataset
    from pydicom.filebase import ReadableBuffer

    from quant.dicom.files.streams import WatchedStream

SPECIFIC_TAGS: list[int] = [
    *(node.tag for node in NODES),
    *(Tag(number) for number in (CHARSET, *IDENTIFIERS)),
    *sorted(PRIVATE_TAGS),
]
"""Tags read from every file; all others are passed over."""

META = {
    SYNTAX: "TransferSyntaxUID",
    MEDIA_CLASS: "MediaStorageSOPClassUID",
    MEDIA_INSTANCE: "MediaStorageSOPInstanceUID",
}


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


def parse(stream: "WatchedStream") -> Parsed:
    """Read what :func:`quant.dicom.files.walker.walk` reads; damaged files raise anything."""
    with lenient():
        data = pydicom.dcmread(
            cast("ReadableBuffer", stream),
            stop_before_pixels=True,
            force=True,
            specific_tags=SPECIFIC_TAGS,
        )
        facts = collect(data)
        meta = {tag: str(data.file_meta.get(keyword, "")) for tag, keyword in META.items()}
        facts["TransferSyntaxUID"] = meta[SYNTAX] or _guessed_syntax(data)
        identifiers = {tag: _identifier(data, tag) for tag in IDENTIFIERS}
        return Parsed(facts, identifiers, meta, stream.tell())


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
