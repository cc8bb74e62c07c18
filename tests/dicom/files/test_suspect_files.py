"""Files that are two things at once, hold writing in their pixels, or nest without measure."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from quant.dicom.files.headers import read_by_pydicom, read_header
from quant.dicom.files.walker import DEEPEST
from quant.dicom.index import index_tree
from tests.support.dicom_builder import CT, item, nm, save, slices


def flags(folder: Path) -> dict[str, str]:
    (study,) = index_tree(folder).studies
    return {flag.code: flag.detail for flag in study.flags}


def with_preamble(path: Path, start: bytes) -> Path:
    content = path.read_bytes()
    path.write_bytes(start.ljust(128, b"\0") + content[128:])
    return path


@pytest.mark.parametrize(
    "start", [b"MZ\x90\0", b"\x7fELF\2\1", b"#!/bin/sh\n", b"II*\0", b"%PDF-1.7", b"<script>"]
)
def test_a_preamble_that_is_a_program_or_a_page_is_flagged(tmp_path: Path, start: bytes) -> None:
    path = with_preamble(save(nm(), tmp_path / "a.dcm"), start)

    assert flags(tmp_path)["PREAMBLE_FOREIGN"] == "1 files"
    assert read_header(path) == read_by_pydicom(path)


@pytest.mark.parametrize("start", [b"", b"\0\0", b"a note of the vendor"])
def test_an_ordinary_preamble_is_no_news(tmp_path: Path, start: bytes) -> None:
    with_preamble(save(nm(), tmp_path / "a.dcm"), start)

    assert "PREAMBLE_FOREIGN" not in flags(tmp_path)


def test_writing_burned_into_the_pixels_is_flagged(tmp_path: Path) -> None:
    for number, data in enumerate(slices(CT, BurnedInAnnotation="YES")):
        save(data, tmp_path / f"{number}.dcm")
    save(nm(SeriesInstanceUID="1.2.3", BurnedInAnnotation="NO"), tmp_path / "nm.dcm")

    assert flags(tmp_path)["BURNED_IN"] == "5 files"


def nested(levels: int) -> Dataset:
    """Return an object with so many sequences in one another, none of a stated length."""
    inner = item(CodeValue="1")
    for _ in range(levels):
        inner.is_undefined_length_sequence_item = True
        inner = item(ContentSequence=[inner])
        inner["ContentSequence"].is_undefined_length = True
    data = nm()
    data["ContentSequence"] = inner["ContentSequence"]
    return data


@pytest.mark.parametrize(("levels", "code"), [(DEEPEST, ""), (DEEPEST + 1, "DICOM_UNREADABLE")])
def test_sequences_are_followed_to_a_fixed_depth_whoever_calls(
    tmp_path: Path, levels: int, code: str
) -> None:
    header = read_header(save(nested(levels), tmp_path / "a.dcm"))

    assert header is not None
    assert header.code == code
    assert (str(DEEPEST) in header.message) is bool(code)
