"""Compressed frames are looked at before a decoder sees them."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames

from quant.dicom.pixels.codestreams import (
    codestream_start,
    jpeg_2000_size,
    jpeg_size,
    require_sound_frames,
)
from tests.support.dicom_builder import item

JPEG_2000, JPEG, RLE = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"
START = b"\x00\x00\x00\x0cjP  \r\n\x87\n"


def packed(kind: str, shape: tuple[int, int] = (40, 33), **options: object) -> bytes:
    values = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, kind, **options)
    return stream.getvalue()


def holding(frame: bytes, rows: int = 40, columns: int = 33) -> Dataset:
    return item(Rows=rows, Columns=columns, SamplesPerPixel=1, PixelData=encapsulate([frame]))


@pytest.mark.parametrize("shape", [(40, 33), (64, 128), (300, 17)])
def test_sizes_are_those_of_what_another_library_wrote(shape: tuple[int, int]) -> None:
    bare, wrapped = (packed("JPEG2000", shape, no_jp2=bare) for bare in (True, False))

    assert jpeg_2000_size(bare) == (*shape, 1)
    assert codestream_start(bare) == 0
    assert wrapped[codestream_start(wrapped) :][:4] == b"\xff\x4f\xff\x51"
    assert jpeg_size(packed("JPEG", shape)) == (*shape, 1)
    assert jpeg_size(packed("JPEG", shape, progressive=True)) == (*shape, 1)


def test_a_jp2_file_is_unwrapped_and_a_bare_stream_left_alone() -> None:
    wrapped = packed("JPEG2000", no_jp2=False)
    data = holding(wrapped)
    require_sound_frames(data, JPEG_2000)
    (frame,) = generate_frames(data.PixelData, number_of_frames=1)
    assert frame.startswith(b"\xff\x4f\xff\x51")
    assert frame.rstrip(b"\0") in wrapped

    bare = holding(packed("JPEG2000", no_jp2=True))
    before = bare.PixelData
    require_sound_frames(bare, JPEG_2000)
    assert bare.PixelData is before


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"no picture",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8" + b"\xff" * 40,
        b"\xff\xd8\xff\xe0\0\0",
        START + b"\0\0\0\0ftyp" + bytes(12),
        START + b"\0\0\0\x0cftypxxxx\0\0",
        START + b"\0\0\0\1x",
        START,
        b"\xff\x4f\xff\x51" + bytes(20),
    ],
)
@pytest.mark.parametrize("syntax", [JPEG_2000, JPEG])
def test_what_is_no_whole_header_is_refused(frame: bytes, syntax: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        require_sound_frames(holding(frame), syntax)


@pytest.mark.parametrize(("kind", "syntax"), [("JPEG2000", JPEG_2000), ("JPEG", JPEG)])
@pytest.mark.parametrize("stated", [(41, 33), (40, 34), (33, 40), (4000, 3300)])
def test_another_size_than_stated_is_refused(
    kind: str, syntax: str, stated: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match="stated"):
        require_sound_frames(holding(packed(kind), *stated), syntax)


def test_syntaxes_without_such_headers_are_not_looked_at() -> None:
    require_sound_frames(holding(b"anything"), RLE)


def test_a_wrapped_slice_is_read_as_the_bare_one(tmp_path: Path) -> None:
    from quant.dicom.files.headers import read_header
    from quant.dicom.pixels.stored import read_stored
    from quant.domain.study import FileEntry
    from tests.support.dicom_builder import CT, save, slices

    values = []
    for bare in (True, False):
        data = slices(CT)[0]
        data.Rows, data.Columns = 40, 33
        data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
        data.PixelData = encapsulate([packed("JPEG2000", no_jp2=bare, irreversible=False)])
        data["PixelData"].VR = "OB"
        data["PixelData"].is_undefined_length = True
        path = save(data, tmp_path / f"{bare}.dcm", JPEG_2000)
        header = read_header(path)
        assert header is not None
        entry = FileEntry(path, header.sop_class_uid, header.sop_instance_uid, header.facts)
        values.append(read_stored(entry))
    np.testing.assert_array_equal(values[0], values[1])
    assert values[0].ravel()[:5].tolist() == [0, 1, 2, 3, 4]
