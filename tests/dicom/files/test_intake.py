"""What comes in: each kind of file that is not an image, told apart and accounted for."""

import os
import random
import socket
import struct
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from quant.dicom.index import index_tree
from quant.dicom.volumes import read_volume
from quant.domain.study import StudyIndex
from tests.support.dicom_builder import (
    CT,
    STUDY,
    changed,
    item,
    letter_f,
    nm,
    save,
    save_all,
    save_big_endian,
    slices,
    without_preamble,
)
from tests.support.zips import zip_bytes

PYDICOM_FILES = Path(pydicom.__file__).parent / "data" / "test_files"


def accounted(index: StudyIndex) -> int:
    used = sum(len(series.files) for study in index.studies for series in study.series)
    used += sum(len(study.extra_files) for study in index.studies)
    return used + index.duplicates + len(index.ignored) + index.files_quarantined


def counted(index: StudyIndex) -> dict[str, int]:
    used = sum(len(series.files) for study in index.studies for series in study.series)
    used += sum(len(study.extra_files) for study in index.studies)
    assert sum(index.unused.values()) == index.files_seen - used
    return index.unused


def quarantine(index: StudyIndex) -> dict[str, str]:
    return {one.path: one.code for one in index.quarantined}


def flags(index: StudyIndex) -> dict[str, str]:
    (study,) = index.studies
    return {flag.code: flag.detail for flag in study.flags}


# NO_PREAMBLE


@pytest.mark.parametrize("encoding", ["explicit", "implicit", "big-endian"])
def test_each_encoding_without_preamble_is_read_and_flagged(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.dcm"
    if encoding == "big-endian":
        save_big_endian(nm(), path)
    else:
        save(nm(), path, *([ImplicitVRLittleEndian] if encoding == "implicit" else []))
    assert path.read_bytes()[128:132] == b"DICM"
    without_preamble(path)

    index = index_tree(tmp_path)

    assert "NO_PREAMBLE" in flags(index)
    values = read_volume(index.studies[0].series[0]).values
    assert np.array_equal(values, letter_f().astype(np.float32))


@pytest.mark.parametrize("encoding", ["explicit", "implicit", "big-endian"])
def test_a_slice_without_preamble_cut_short_costs_its_series(tmp_path: Path, encoding: str) -> None:
    for number, data in enumerate(slices(CT)):
        path = tmp_path / f"{number}.dcm"
        if encoding == "big-endian":
            save_big_endian(data, path)
        else:
            save(data, path, *([ImplicitVRLittleEndian] if encoding == "implicit" else []))
        without_preamble(path)
    victim = tmp_path / "3.dcm"
    victim.write_bytes(victim.read_bytes()[:-3])
    index = index_tree(tmp_path)
    assert index.studies == ()
    assert set(quarantine(index).values()) == {"TRUNCATED"}
    assert index.files_quarantined == index.files_seen == 5


def element(tag: int, vr: str, value: bytes) -> bytes:
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(value)) + value


PLAUSIBLE = {
    "text": b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100" + b"and then it is only text. " * 40,
    "no class": element(0x00080005, "CS", b"ISO_IR 100") + element(0x00080060, "CS", b"NM"),
    "no study": element(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.20"),
    "odd class": element(0x00080016, "UI", b"1.a.b ") + element(0x0020000D, "UI", b"1.2.3\0"),
    "word class": element(0x00080016, "UI", b"1.../..") + element(0x0020000D, "UI", b"1.2.3\0"),
    "implicit": b"\x08\x00\x05\x00\x0a\x00\x00\x00ISO_IR 100" + b"words and words " * 60,
    "big": b"\x00\x08\x00\x05CS\x00\x0aISO_IR 100" + b"words and words " * 60,
    "table": b"\x02\x00\x00\x00" + bytes(range(256)) * 20,
}


@pytest.mark.parametrize("kind", PLAUSIBLE)
@pytest.mark.parametrize("name", ["a.dcm", "a.bin"])
def test_what_begins_like_dicom_and_goes_on_otherwise_is_not_accepted(
    tmp_path: Path, kind: str, name: str
) -> None:
    (tmp_path / name).write_bytes(PLAUSIBLE[kind])
    index = index_tree(tmp_path)
    assert index.studies == ()
    assert quarantine(index) == ({"a.dcm": "FILE_SKIPPED"} if name == "a.dcm" else {})
    assert accounted(index) == index.files_seen == 1


# NON_VOLUME


NO_VOLUMES = {
    "structured report": ("1.2.840.10008.5.1.4.1.1.88.22", "SR"),
    "dose report": ("1.2.840.10008.5.1.4.1.1.88.67", "SR"),
    "presentation state": ("1.2.840.10008.5.1.4.1.1.11.1", "PR"),
    "key objects": ("1.2.840.10008.5.1.4.1.1.88.59", "KO"),
    "secondary capture": ("1.2.840.10008.5.1.4.1.1.7", "OT"),
    "capture marked NM": ("1.2.840.10008.5.1.4.1.1.7", "NM"),
    "multi-frame capture": ("1.2.840.10008.5.1.4.1.1.7.4", "CT"),
    "encapsulated PDF": ("1.2.840.10008.5.1.4.1.1.104.1", "DOC"),
    "registration": ("1.2.840.10008.5.1.4.1.1.66.1", "REG"),
    "real-world mapping": ("1.2.840.10008.5.1.4.1.1.67", "RWV"),
    "raw data": ("1.2.840.10008.5.1.4.1.1.66", "PT"),
    "plan": ("1.2.840.10008.5.1.4.1.1.481.5", "RTPLAN"),
    "dose": ("1.2.840.10008.5.1.4.1.1.481.2", "RTDOSE"),
}


@pytest.mark.parametrize("kind", NO_VOLUMES)
def test_objects_without_a_volume_are_counted_and_never_loaded(tmp_path: Path, kind: str) -> None:
    sop_class, modality = NO_VOLUMES[kind]
    save(nm(SeriesInstanceUID="1.2.3"), tmp_path / "nm.dcm")
    data = item(
        SOPClassUID=sop_class,
        SOPInstanceUID="1.2.3.4.5",
        StudyInstanceUID=STUDY,
        SeriesInstanceUID="1.2.3.4",
        PatientID="SECRET-ID",
        Modality=modality,
    )
    save(data, tmp_path / "other.dcm")

    index = index_tree(tmp_path)

    assert [path.name for path in index.ignored] == ["other.dcm"]
    assert index.quarantined == ()
    assert [one.modality for one in index.studies[0].series] == ["NM"]
    assert flags(index)["NON_VOLUME"].startswith("1 objects")


def test_a_capture_without_uids_is_no_loss(tmp_path: Path) -> None:
    data = item(SOPClassUID="1.2.840.10008.5.1.4.1.1.7", SOPInstanceUID="1.2.3", Modality="OT")
    save(data, tmp_path / "a.dcm")
    index = index_tree(tmp_path)
    assert (len(index.ignored), index.quarantined, index.studies) == (1, (), ())


# DICOMDIR


def file_set(folder: Path) -> None:
    """Write a study as a file set with its DICOMDIR, as on a patient's disc (PS3.10 8)."""
    records = []
    for number, data in enumerate([nm(SeriesInstanceUID="1.2.3"), *slices(CT)]):
        save(data, folder / "DICOM" / f"IM{number:06d}")
        record = item(
            DirectoryRecordType="IMAGE",
            ReferencedFileID=["DICOM", f"IM{number:06d}"],
            ReferencedSOPClassUIDInFile=data.SOPClassUID,
            ReferencedSOPInstanceUIDInFile=data.SOPInstanceUID,
        )
        records.append(record)
    directory = item(FileSetID="DISC", DirectoryRecordSequence=records)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID("1.2.840.10008.1.3.10")
    meta.MediaStorageSOPInstanceUID = UID("1.2.3.4.5.6")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    directory.file_meta = meta
    directory.save_as(folder / "DICOMDIR", enforce_file_format=True)


@pytest.mark.parametrize("name", ["", "DICOMDIR", "index.dat"])
def test_a_dicomdir_is_never_loaded_and_stands_for_its_folder(tmp_path: Path, name: str) -> None:
    """As INPUT too, under any name."""
    folder = tmp_path / "disc"
    file_set(folder)
    if name == "index.dat":
        (folder / "DICOMDIR").rename(folder / name)
    index = index_tree(folder / name)
    assert index.root == folder.resolve()
    assert [path.name for path in index.ignored] == [name or "DICOMDIR"]
    assert [one.modality for one in index.studies[0].series] == ["NM", "CT"]
    assert accounted(index) == index.files_seen == 7


def test_a_damaged_dicomdir_stands_for_its_folder_too(tmp_path: Path) -> None:
    file_set(tmp_path / "disc")
    path = tmp_path / "disc" / "DICOMDIR"
    path.write_bytes(path.read_bytes()[:200])
    index = index_tree(path)
    assert len(index.studies) == 1
    assert accounted(index) == index.files_seen == 7


def test_the_tree_with_a_dicomdir_that_pydicom_ships_is_indexed_whole() -> None:
    """31 images of two patients; DICOMDIRs with every kind of mistake; images without pixels."""
    folder = PYDICOM_FILES / "dicomdirtests"
    whole, by_directory = index_tree(folder), index_tree(folder / "DICOMDIR")
    assert whole == by_directory
    assert accounted(whole) == whole.files_seen
    used = {f.path for study in whole.studies for one in study.series for f in one.files}
    assert len(used) == 31
    directories = [path for path in whole.ignored if path.name.startswith("DICOMDIR")]
    assert len(directories) == 8
    assert not any(path.name.startswith("DICOMDIR") for path in used)


def test_the_bundled_files_of_pydicom_are_all_accounted_for() -> None:
    index = index_tree(PYDICOM_FILES)
    used = {f.path for study in index.studies for one in study.series for f in one.files}
    extras = sum(len(study.extra_files) for study in index.studies)
    known = len(used) + extras + index.duplicates + len(index.ignored) + index.files_quarantined
    assert known == index.files_seen == sum(1 for p in PYDICOM_FILES.rglob("*") if p.is_file())


# Duplicates


def test_the_same_region_in_another_encoding_counts_once(tmp_path: Path) -> None:
    """A PACS hands out the same structure set explicit or implicit."""
    save(nm(SeriesInstanceUID="1.2.3"), tmp_path / "nm.dcm")
    data = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.3",
        SOPInstanceUID="1.2.9.1",
        StudyInstanceUID=STUDY,
        SeriesInstanceUID="1.2.9",
        PatientID="SECRET-ID",
        Modality="RTSTRUCT",
        StructureSetROISequence=[item(ROINumber=1, ROIName="liver")],
    )
    save(data, tmp_path / "a.dcm")
    save(data, tmp_path / "b.dcm", ImplicitVRLittleEndian)
    index = index_tree(tmp_path)
    assert index.duplicates == 1
    assert index.quarantined == ()
    data.StructureSetROISequence[0].ROIName = "tumour"
    save(data, tmp_path / "c.dcm")
    index = index_tree(tmp_path)
    assert set(quarantine(index).values()) == {"DUP_CONFLICT"}
    assert accounted(index) == index.files_seen == 4


@pytest.mark.parametrize("told_by", ["AcquisitionNumber", "AcquisitionTime", "SeriesInstanceUID"])
def test_slices_of_two_acquisitions_under_one_uid_are_kept_apart(
    tmp_path: Path, told_by: str
) -> None:
    """An anonymiser gave both the same instance UIDs: what tells them apart still does."""
    told = {"AcquisitionNumber": (1, 2), "AcquisitionTime": ("101010", "101110")}
    one, two = told.get(told_by, ("1.2.5", "1.2.6"))
    save_all(slices(CT, **{told_by: one}), tmp_path / "a")
    save_all(slices(CT, letter_f() + 1, None, **{told_by: two}), tmp_path / "b")
    index = index_tree(tmp_path)
    assert index.quarantined == ()
    assert accounted(index) == index.files_seen == 10


# All at once


def junk(folder: Path, order: list[int]) -> None:
    """Write one of everything, in the given order."""
    series = slices(CT)

    def sock(path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as bound:
            here = Path.cwd()
            os.chdir(path.parent)  # the name of a socket may have 100 characters only
            bound.bind(path.name)
            os.chdir(here)

    def bytes_at(name: str, content: bytes) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    makers: list[Callable[[], object]] = [
        lambda: save(nm(SeriesInstanceUID="1.2.3"), folder / "Übersicht" / "患者" / "nm.dcm"),
        *(partial(save, data, folder / "ct" / f"{data.InstanceNumber}") for data in series),
        lambda: bytes_at("notes.txt", b"words"),
        lambda: bytes_at("text.dcm", b"words and words"),
        lambda: bytes_at("empty.dcm", b""),
        lambda: bytes_at("empty.txt", b""),
        lambda: bytes_at("ct/Thumbs.db", b"\xd0\xcf\x11\xe0"),
        lambda: bytes_at("ct/.DS_Store", b"\0\0\0\1Bud1"),
        lambda: bytes_at("ct/._1", b"\0\x05\x16\x07"),
        lambda: (folder / "loop").symlink_to(folder, target_is_directory=True),
        lambda: (folder / "dangling.dcm").symlink_to(folder / "nowhere"),
        lambda: os.mkfifo(folder / "pipe.dcm"),
        lambda: sock(folder / "socket"),
        lambda: zip_bytes(folder / "bomb.zip", {"a.dcm": b"\0" * 70_000_000, "b.txt": b"x"}),
        lambda: save(nm(SeriesInstanceUID="1.2.3"), folder / "again" / "copy.dcm"),
        lambda: bytes_at("cut.dcm", b"\0" * 128 + b"DICM\x02\0\0\0UL\x04\0"),
        lambda: save(
            changed(nm(), SOPClassUID="1.2.840.10008.5.1.4.1.1.7", SOPInstanceUID="1.9"),
            folder / "capture.dcm",
        ),
    ]
    folder.mkdir(parents=True)
    for number in order:
        makers[number]()


def test_a_junk_folder_is_sorted_out_whatever_the_order_of_creation(tmp_path: Path) -> None:
    """Text, nothing, links in a loop, pipes, sockets, a bomb, names in Unicode."""
    outcomes = []
    for seed in range(3):
        order = list(range(21))
        random.Random(seed).shuffle(order)
        folder = tmp_path / str(seed) / "in"
        junk(folder, order)
        index = index_tree(folder)
        assert accounted(index) == index.files_seen == 22
        assert counted(index) == {
            "DUPLICATE": 1,
            "FILE_SKIPPED": 11,
            "NON_VOLUME": 1,
            "TRUNCATED": 2,
            "ZIP_LIMIT": 1,
        }
        outcomes.append((
            quarantine(index),
            [str(path.relative_to(folder)) for path in index.ignored if isinstance(path, Path)],
            [
                (s.series_uid, [str(f.path)[len(str(folder)) :] for f in s.files])
                for s in index.studies[0].series
            ],
            flags(index),
        ))  # fmt: skip
    assert outcomes[0] == outcomes[1] == outcomes[2]
    codes, ignored, series, noted = outcomes[0]
    assert codes == {
        "bomb.zip/a.dcm": "ZIP_LIMIT",
        "cut.dcm": "TRUNCATED",
        "empty.dcm": "TRUNCATED",
        "text.dcm": "FILE_SKIPPED",
    }
    assert set(ignored) >= {"loop", "dangling.dcm", "pipe.dcm", "socket", "ct/._1", "empty.txt"}
    assert [len(files) for _, files in series] == [1, 5]
    assert {"NON_VOLUME", "DUPLICATE"} <= set(noted)


def test_files_and_folders_that_may_not_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused by the system's calls, so that it also holds for the superuser."""
    save(nm(), tmp_path / "nm.dcm")
    locked = save(nm(StudyInstanceUID="1.2.5"), tmp_path / "locked.dcm")
    (tmp_path / "shut").mkdir()
    list_folder, open_file = os.scandir, Path.open

    def refuse_to_list(path: str) -> Any:  # noqa: ANN401 - an iterator of os
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", path)
        return list_folder(path)

    def refuse_to_open(self: Path, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - any file
        if self == locked:
            raise PermissionError(13, "Permission denied")
        return open_file(self, *arguments, **options)

    monkeypatch.setattr(os, "scandir", refuse_to_list)
    monkeypatch.setattr(Path, "open", refuse_to_open)

    index = index_tree(tmp_path)

    assert quarantine(index) == {"locked.dcm": "NO_PERMISSION", "shut": "NO_PERMISSION"}
    assert accounted(index) == index.files_seen == 3
    assert len(index.studies) == 1


def test_an_archive_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("a", b"x")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("quant.dicom.files.archives.FileIO", refuse)
    assert quarantine(index_tree(tmp_path)) == {"a.zip": "NO_PERMISSION"}


def test_a_whole_study_with_blank_uids_is_one_study(tmp_path: Path) -> None:
    blank: dict[str, object] = {"StudyInstanceUID": None, "SeriesInstanceUID": None}
    save(nm(**blank), tmp_path / "nm.dcm")
    save_all(slices(CT, **blank), tmp_path / "ct")
    frame = Dataset()
    frame.FrameOfReferenceUID = nm().FrameOfReferenceUID
    data = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.3",
        SOPInstanceUID="1.2.9.1",
        PatientID="SECRET-ID",
        Modality="RTSTRUCT",
        ReferencedFrameOfReferenceSequence=[frame],
    )
    save(data, tmp_path / "rs.dcm")
    index = index_tree(tmp_path)
    assert sorted(one.modality for one in index.studies[0].series) == ["CT", "NM", "RTSTRUCT"]
    assert "UID_ASSUMED" in flags(index)
    assert index.quarantined == ()


@pytest.mark.parametrize("layout", ["in/rois", "rois", "."])
def test_no_file_is_seen_twice_wherever_the_folder_of_regions_lies(
    tmp_path: Path, layout: str
) -> None:
    """Inside INPUT, beside it, or around it."""
    root, rois = tmp_path / "in", tmp_path / layout
    save(nm(), root / "nm.dcm")
    (rois / STUDY).mkdir(parents=True)
    (rois / STUDY / "liver.nii.gz").write_bytes(b"x")
    index = index_tree(root, rois=rois)
    assert (index.files_seen, index.unused) == (2, {})
    assert [path.name for path in index.studies[0].extra_files] == ["liver.nii.gz"]
