"""What a library would mend in silence is refused by name, in our own words only."""

import contextlib
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from quant.errors import ReadError
from quant.images.labels import read_label_file
from tests.hostile.targets import whole_files

PIXDIM, QFORM, SFORM = 76, 252, 254


def file(folder: Path, change: Callable[[bytearray], None]) -> Path:
    """Write a NIfTI label map whose place comes from its qform."""
    content = bytearray(whole_files()[0])
    struct.pack_into("<hh", content, QFORM, 1, 0)
    change(content)
    path = folder / "liver.nii"
    path.write_bytes(bytes(content))
    return path


def size(value: float) -> Callable[[bytearray], None]:
    return lambda content: struct.pack_into("<f", content, PIXDIM + 8, value)


def code(place: int, value: int) -> Callable[[bytearray], None]:
    return lambda content: struct.pack_into("<h", content, place, value)


def test_the_file_itself_is_read(tmp_path: Path) -> None:
    (shape,) = read_label_file(file(tmp_path, lambda _: None))

    assert abs(shape.grid.affine[:3, :3]).sum() == 6.0


@pytest.mark.parametrize("value", [0.0, -2.0, float("nan"), float("inf")])
def test_voxels_of_no_size_are_refused_not_taken_as_one_millimetre(
    tmp_path: Path, value: float, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ReadError) as caught:
        read_label_file(file(tmp_path, size(value)))

    assert caught.value.code == "ROI_UNREADABLE"
    assert "voxels of" in caught.value.found
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("place", [QFORM, SFORM])
@pytest.mark.parametrize("value", [-1, 6, 2048])
def test_a_code_that_means_nothing_is_refused_not_taken_as_none(
    tmp_path: Path, place: int, value: int
) -> None:
    with pytest.raises(ReadError) as caught:
        read_label_file(file(tmp_path, code(place, value)))

    assert caught.value.code == "ROI_UNREADABLE"
    assert str(value) in caught.value.found


def test_a_bad_size_is_no_matter_where_the_sform_gives_the_place(tmp_path: Path) -> None:
    def change(content: bytearray) -> None:
        struct.pack_into("<hh", content, QFORM, 0, 1)
        size(0.0)(content)

    (shape,) = read_label_file(file(tmp_path, change))

    assert abs(shape.grid.affine[:3, :3]).sum() == 6.0


def test_remarks_of_the_library_do_not_reach_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def change(content: bytearray) -> None:
        content[344:348] = b"\x1b[3m"

    with contextlib.suppress(ReadError):
        read_label_file(file(tmp_path, change))

    assert capfd.readouterr() == ("", "")
