"""What can be done to the mini study: bytes, values, elements, names, whole folders."""

import os
import shutil
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from tests.support.dicom_builder import changed, item, save
from tests.support.mutator import elements
from tests.support.seeds import (
    DEFLATED,
    JPEG_2000,
    ct_slice,
    edited,
    emission,
    file_bytes,
    fractional_organs,
    pet,
    study_files,
    tumour,
    uptake,
    write_study,
)
from tests.support.zips import zip_bytes

Make = Callable[[Path], object]


# What is done to a file


def file_of(role: str, content: Callable[[], bytes]) -> Make:
    return lambda folder: write_study(folder, **{role: content()})


def bytes_of(role: str, change: Callable[[bytes], bytes]) -> Make:
    return file_of(role, lambda: change(study_files()[role]))


def data_of(role: str, **changes: object) -> Make:
    return file_of(role, lambda: edited(role, lambda data: changed(data, **changes)))


def changed_data(role: str, change: Callable[[Dataset], object]) -> Make:
    return file_of(role, lambda: edited(role, change))


def value_at(content: bytes, tag: int) -> tuple[int, int]:
    """Return where a value of the top level lies, and its length."""
    wanted = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    one = next(one for one in elements(content) if content[one.at : one.at + 4] == wanted)
    return one.value, one.end - one.value


def raw_value(role: str, tag: int, value: bytes) -> Make:
    """Write over a value, keeping its length."""

    def change(content: bytes) -> bytes:
        at, length = value_at(content, tag)
        return content[:at] + value.ljust(length)[:length] + content[at + length :]

    return bytes_of(role, change)


def raw_element(role: str, tag: int, vr: bytes, value: bytes) -> Make:
    """Write an element anew, with a kind and a length of its own."""

    def change(content: bytes) -> bytes:
        at, length = value_at(content, tag)
        new = struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value
        return content[: at - 8] + new + content[at + length :]

    return bytes_of(role, change)


def before_pixels(piece: bytes, role: str = "nm") -> Make:
    """Insert raw elements before the pixel data."""

    def change(content: bytes) -> bytes:
        at = content.rindex(b"\xe0\x7f\x10\x00")
        return content[:at] + piece + content[at:]

    return bytes_of(role, change)


def nested(depth: int, *, closed: bool = True) -> bytes:
    start = struct.pack("<HH2sHI", 0x7001, 0x1000, b"SQ", 0, 0xFFFFFFFF)
    start += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    stop = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return start * depth + stop * depth * closed


def private(count: int) -> bytes:
    return b"".join(
        struct.pack("<HH2sH", 0x7001, 0x0010 + n % 0xFFE0, b"LO", 0) for n in range(count)
    )


def bomb() -> bytes:
    """Return a deflated file whose private element inflates to 100 MB."""
    content = file_bytes(emission(), DEFLATED)
    end = 144 + int.from_bytes(content[140:144], "little")
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(struct.pack("<HH2sHI", 0x7001, 0x1000, b"OB", 0, 100 * 2**20))
    packed += b"".join(packer.compress(bytes(2**20)) for _ in range(100))
    return content[:end] + packed + packer.flush()


def frames_of(role: str, frame: bytes, syntax: str = JPEG_2000) -> Make:
    """Replace the pixels by compressed frames of these bytes."""

    def content() -> bytes:
        data = emission() if role == "nm" else fractional_organs()
        data.PixelData = encapsulate([frame] * int(data.NumberOfFrames))
        data["PixelData"].VR = "OB"
        data["PixelData"].is_undefined_length = True
        made = file_bytes(data)
        old = b"1.2.840.10008.1.2.1\0"
        new = syntax.encode() + b"\0" * (len(syntax) % 2)
        made = made.replace(struct.pack("<H", len(old)) + old, struct.pack("<H", len(new)) + new, 1)
        length = int.from_bytes(made[140:144], "little") + len(new) - len(old)
        return made[:140] + length.to_bytes(4, "little") + made[144:]

    return file_of(role, content)


JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
ENDLESS = JP2 + b"\x00\x00\x00\x00ftyp" + bytes(12)
ENDLESS_TAIL = JP2 + b"\x00\x00\x00\x0cftypxxxx" + b"\x00\x00"
"""pydicom takes the last two bytes for a box of no length."""


def unended(content: bytes) -> bytes:
    return content[: content.rindex(b"\xfe\xff\xdd\xe0")]


def preamble_of(word: bytes) -> Make:
    return bytes_of("nm", lambda content: word.ljust(128, b"\x90") + content[128:])


def file_named(name: str | bytes) -> Make:
    def make(folder: Path) -> None:
        write_study(folder)
        target = os.path.join(os.fsencode(folder), os.fsencode(name))  # noqa: PTH118 - bytes
        os.rename(os.fsencode(folder / "nm.dcm"), target)  # noqa: PTH104

    return make


def beside(name: str, make: Callable[[Path], object]) -> Make:
    """Add something to the whole study."""

    def both(folder: Path) -> None:
        write_study(folder)
        make(folder / name)

    return both


def fifo_at(path: Path) -> None:
    os.mkfifo(path)


def socket_at(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        before = Path.cwd()
        os.chdir(path.parent)
        try:
            door.bind(path.name)
        finally:
            os.chdir(before)


def loop_at(path: Path) -> None:
    path.symlink_to(path.parent, target_is_directory=True)


def twins(*names: str) -> Make:
    def make(folder: Path) -> None:
        write_study(folder, nm=b"")
        for name in names:
            (folder / name).write_bytes(study_files()["nm"])

    return make


def zip_of(members: Callable[[], dict[str, bytes]]) -> Make:
    def make(folder: Path) -> None:
        zip_bytes(folder / "a.zip", members())

    return make


def volume_of(values: NDArray[Any], **changes: object) -> Make:
    def content() -> bytes:
        data = emission()
        if values.dtype.kind == "f":
            for keyword in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
                delattr(data, keyword)
            data.BitsAllocated = 32
            data.FloatPixelData = values.astype("<f4").tobytes()
        else:
            data.PixelRepresentation = int(values.dtype.kind == "i")
            data.PixelData = values.tobytes()
        return file_bytes(changed(data, **changes))

    return file_of("nm", content)


def spoiled_voxel(value: float) -> NDArray[Any]:
    values = uptake().astype(np.float32)
    values[0, 0, 0] = value
    return values


def region_of(change: Callable[[Dataset], object]) -> Make:
    return changed_data("rtstruct", change)


def rings(rings: list[NDArray[Any]]) -> Make:
    def change(data: Dataset) -> None:
        data.ROIContourSequence[0].ContourSequence = [
            item(
                ContourGeometricType="CLOSED_PLANAR",
                NumberOfContourPoints=len(ring),
                ContourData=[f"{value:.6g}" for value in np.asarray(ring).ravel()],
            )
            for ring in rings
        ]

    return region_of(change)


def square(centre: tuple[float, float, float], half: float) -> NDArray[Any]:
    x, y, z = centre
    return np.array([[x - half, y - half, z], [x + half, y - half, z],
                     [x + half, y + half, z], [x - half, y + half, z]])  # fmt: skip


def region_named(name: str) -> Make:
    return file_of(
        "rtstruct",
        lambda: file_bytes(changed(tumour(name), SpecificCharacterSet="ISO_IR 192")),
    )


def labelled(name: str) -> Make:
    def change(data: Dataset) -> None:
        data.SegmentSequence[0].SegmentLabel = name

    return changed_data("seg", change)


def pet_series(change: Callable[[list[Dataset]], object]) -> Make:
    """Write a PET series instead of the NM volume."""

    def make(folder: Path) -> None:
        series = pet()
        change(series)
        write_study(folder, nm=b"")
        for number, data in enumerate(series):
            save(data, folder / f"pt{number}.dcm")

    return make


def every_slice(**changes: object) -> Callable[[list[Dataset]], None]:
    def change(series: list[Dataset]) -> None:
        for data in series:
            changed(data, **changes)

    return change


def tilted(series: list[Dataset]) -> None:
    for number, data in enumerate(series):
        x, y, z = (float(value) for value in data.ImagePositionPatient)
        data.ImagePositionPatient = [x, y + 3.0 * number, z]


def uneven(series: list[Dataset]) -> None:
    series[2].ImagePositionPatient = [-10.0, -20.0, 90.0]


def of_two_sizes(series: list[Dataset]) -> None:
    changed(series[1], PixelSpacing=[5.0, 5.0])


def without_slices(series: list[Dataset]) -> None:
    del series[1:]


def with_copy(change: Callable[[Dataset], object]) -> Make:
    """Add the emission volume a second time, changed."""

    def make(folder: Path) -> None:
        data = emission()
        change(data)
        save(data, write_study(folder) / "again.dcm")

    return make


def of_another_patient(folder: Path) -> None:
    write_study(folder, seg=edited("seg", lambda data: changed(data, PatientID="SOMEBODY-ELSE")))


def dicomdir(folder: Path) -> None:
    """Write a DICOMDIR that leads out of the folder, beside a whole study."""
    write_study(folder)
    record = item(DirectoryRecordType="IMAGE", ReferencedFileID=["..", "..", "secret.dcm"])
    data = item(
        SOPClassUID="1.2.840.10008.1.3.10",
        SOPInstanceUID="1.2.3.4.5",
        FileSetID="X",
        DirectoryRecordSequence=[record],
    )
    save(data, folder / "DICOMDIR")
    outside = folder.parent.parent / "secret.dcm"
    outside.write_bytes(edited("nm", lambda data: changed(data, StudyInstanceUID="1.2.99")))


def capture(folder: Path) -> None:
    data = ct_slice()
    data.SOPClassUID, data.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3.44"
    save(changed(data, BurnedInAnnotation="YES"), write_study(folder) / "capture.dcm")


def full_width(text: str) -> bytes:
    return "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else char for char in text).encode()


LATIN = "M\xfcller^J\xf6rg".encode("latin-1")
CHINESE = "\u738b^\u5c0f\u4e1c".encode("gb18030")
KANJI = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"
ARABIC = "\u0642\u0628\u0627\u0646\u064a^\u0644\u0646\u0632\u0627\u0631".encode("iso-8859-6")


def person_named(name: bytes, charset: str = "") -> Make:
    def change(content: bytes) -> bytes:
        value = name + b" " * (len(name) % 2)
        at, length = value_at(content, 0x00100010)
        made = struct.pack("<HH2sH", 0x10, 0x10, b"PN", len(value)) + value
        content = content[: at - 8] + made + content[at + length :]
        if not charset:
            return content
        label = charset.encode() + b" " * (len(charset) % 2)
        head = struct.pack("<HH2sH", 8, 5, b"CS", len(label)) + label
        first, _ = value_at(content, 0x00080008)
        return content[: first - 8] + head + content[first - 8 :]

    return bytes_of("nm", change)


def empty_folder(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("nothing here")


def vanishing(folder: Path) -> None:
    """Leave a link to a file that is not there, as an archive that was taken offline does."""
    write_study(folder, nm=b"")
    (folder / "nm.dcm").symlink_to(folder / "gone.dcm")


def stripped(folder: Path) -> None:
    write_study(folder)
    (folder / "nm.dcm").write_bytes(b"")


def zipped(make: Make) -> Make:
    """Pack a folder into an archive."""

    def packed(folder: Path) -> None:
        make(folder)
        names = sorted(path.name for path in folder.iterdir())
        members = {name: (folder / name).read_bytes() for name in names}
        shutil.rmtree(folder)
        zip_bytes(folder / "study.zip", members)

    return packed
