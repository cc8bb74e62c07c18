"""The pass over a tree: nothing is lost, nothing raises, order and names do not matter."""

import os
import struct
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from quant.dicom.files.digests import with_input_hash
from quant.dicom.index import index_tree
from quant.domain.study import StudyIndex
from tests.support.dicom_builder import (
    CT,
    PT,
    STUDY,
    changed,
    ge_nm,
    item,
    letter_f,
    nm,
    save,
    save_all,
    slices,
    without_preamble,
)
from tests.support.reading import read


def accounted(index: StudyIndex) -> int:
    used = sum(len(series.files) for study in index.studies for series in study.series)
    used += sum(len(study.extra_files) for study in index.studies)
    return used + index.duplicates + len(index.ignored) + index.files_quarantined


def quarantine(index: StudyIndex) -> dict[str, str]:
    return {one.path: one.code for one in index.quarantined}


def whole_study(folder: Path) -> None:
    save(nm(SeriesInstanceUID="1.2.3"), folder / "nm" / "a.dcm")
    save_all(slices(CT), folder / "ct")


def test_studies_and_series_are_told_by_uid_not_by_folder(tmp_path: Path) -> None:
    series = slices(CT)
    for number, data in enumerate(series):
        save(data, tmp_path / f"folder {number}" / "x" / "IM")
    save(nm(SeriesInstanceUID="1.2.3"), tmp_path / "y" / "IM0")
    save(nm(StudyInstanceUID="1.2.4", SOPInstanceUID="1.2.4.1"), tmp_path / "y" / "IM1")

    index = index_tree(tmp_path)

    assert [study.study_uid for study in index.studies] == ["1.2.4", STUDY]
    assert [one.modality for one in index.studies[1].series] == ["NM", "CT"]
    assert len(index.studies[1].by_modality("CT")[0].files) == 5
    assert accounted(index) == index.files_seen == 7


def test_input_hash_depends_on_contents_only(tmp_path: Path) -> None:
    whole_study(tmp_path / "one")
    for number, path in enumerate(sorted((tmp_path / "one").rglob("*.dcm"), reverse=True)):
        target = tmp_path / "two" / f"z{number}"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())

    one, two = (with_input_hash(index_tree(tmp_path / name).studies[0]) for name in ("one", "two"))

    assert one.input_hash == two.input_hash != ""
    assert [s.series_uid for s in one.series] == [s.series_uid for s in two.series]
    assert [f.sop_instance_uid for s in one.series for f in s.files] == [
        f.sop_instance_uid for s in two.series for f in s.files
    ]
    (tmp_path / "two" / "liver.nii").write_bytes(b"x")
    assert with_input_hash(index_tree(tmp_path / "two").studies[0]).input_hash != one.input_hash


def test_modality_goes_by_sop_class(tmp_path: Path) -> None:
    """GE writes OT into NM objects; a capture may call itself CT."""
    save(ge_nm(SeriesInstanceUID="1.2.3"), tmp_path / "a")
    capture = slices(CT)[0]
    changed(capture, SOPClassUID="1.2.840.10008.5.1.4.1.1.7", SOPInstanceUID="1.2.3.4")
    save(capture, tmp_path / "b")
    index = index_tree(tmp_path)
    assert [one.modality for one in index.studies[0].series] == ["NM"]
    assert [path.name for path in index.ignored] == ["b"]
    assert "NON_VOLUME" in {flag.code for flag in index.studies[0].flags}


def test_no_identity_is_kept_and_the_subject_key_depends_on_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_study(tmp_path)
    index = index_tree(tmp_path)
    text = repr(index)
    for canary in ("Secret", "SECRET", "19700101"):
        assert canary not in text
    first = index.studies[0].subject_key
    assert len(first) == 16
    assert int(first, 16)
    monkeypatch.setenv("QUANT_SUBJECT_KEY", "another")
    assert index_tree(tmp_path).studies[0].subject_key != first


def test_different_patients_in_one_study_are_flagged(tmp_path: Path) -> None:
    save_all(slices(CT), tmp_path)
    save(nm(SeriesInstanceUID="1.2.3", PatientID="other"), tmp_path / "nm.dcm")
    (study,) = index_tree(tmp_path).studies
    assert study.flags[0].code == "PATIENT_MIXED"
    assert study.flags[0].severity == "error"
    assert study.subject_key == ""


def test_files_without_an_identifier_or_its_issuer_agree_with_those_that_have_it(
    tmp_path: Path,
) -> None:
    save_all(slices(CT, IssuerOfPatientID="HOSPITAL"), tmp_path)
    save(nm(SeriesInstanceUID="1.2.3"), tmp_path / "nm.dcm")
    save(nm(SeriesInstanceUID="1.2.4", SOPInstanceUID="1.2.4", PatientID=""), tmp_path / "b.dcm")
    (study,) = index_tree(tmp_path).studies
    assert "PATIENT_MIXED" not in {flag.code for flag in study.flags}
    save_all(slices(CT, IssuerOfPatientID="HOSPITAL"), tmp_path / "alone")
    assert study.subject_key == index_tree(tmp_path / "alone").studies[0].subject_key != ""


def test_one_identifier_of_two_issuers_is_two_persons(tmp_path: Path) -> None:
    save_all(slices(CT, IssuerOfPatientID="HOSPITAL"), tmp_path)
    save(nm(SeriesInstanceUID="1.2.3", IssuerOfPatientID="OTHER"), tmp_path / "nm.dcm")
    (study,) = index_tree(tmp_path).studies
    assert study.flags[0].code == "PATIENT_MIXED"


# Junk


def test_junk_is_told_apart_and_every_file_is_accounted_for(tmp_path: Path) -> None:
    whole_study(tmp_path)
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "nothing").touch()
    (tmp_path / "text.dcm").write_text("not DICOM at all")
    (tmp_path / "zeros").write_bytes(b"\0" * 4096)
    (tmp_path / "README").write_text("hello")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "short").write_bytes(b"\x08\x00\x05\x00CS")
    (tmp_path / "magic.dcm").write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / "noise.dcm").write_bytes(b"\0" * 128 + b"DICM" + bytes(range(256)) * 8)

    index = index_tree(tmp_path)

    codes = quarantine(index)
    assert codes["empty.dcm"] == "TRUNCATED"
    assert codes["nothing"] == "TRUNCATED"
    assert codes["text.dcm"] == "FILE_SKIPPED"
    assert codes["zeros"] == "FILE_SKIPPED"
    assert codes["short"] == "FILE_SKIPPED"
    assert codes["magic.dcm"] in ("TRUNCATED", "DICOM_UNREADABLE")
    assert codes["noise.dcm"] in ("TRUNCATED", "DICOM_UNREADABLE")
    assert {path.name for path in index.ignored} == {"README", "notes.txt", "a.json"}
    assert accounted(index) == index.files_seen == 16
    assert len(index.studies) == 1


def test_links_loops_and_pipes_are_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    whole_study(root)
    outside = save(nm(StudyInstanceUID="1.2.4"), tmp_path / "outside.dcm")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "out.dcm").symlink_to(outside)
    (root / "dangling").symlink_to(root / "nowhere")
    os.mkfifo(root / "pipe")

    index = index_tree(root)

    assert len(index.studies) == 1
    assert {path.name for path in index.ignored} == {"loop", "out.dcm", "dangling", "pipe"}
    assert accounted(index) == index.files_seen == 10


def test_names_in_unicode_and_without_it_are_printable(tmp_path: Path) -> None:
    save_all(slices(CT), tmp_path / "Ärzte 患者")
    with open(os.fsencode(tmp_path) + b"/bad\xff\x1b.dcm", "wb") as stream:  # noqa: PTH123 - bytes
        stream.write(b"text")
    index = index_tree(tmp_path)
    (entry,) = index.quarantined
    assert entry.path.isprintable()
    assert entry.path.encode("utf-8")


@pytest.mark.parametrize("cut", [140, 300, 500, 700, -1, -100])
def test_a_file_cut_short_anywhere_is_noticed(tmp_path: Path, cut: int) -> None:
    path = save(nm(), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:cut])
    index = index_tree(tmp_path)
    assert index.studies == ()
    assert quarantine(index) == {"a.dcm": "TRUNCATED"}


def test_every_cut_inside_a_header_is_noticed(tmp_path: Path) -> None:
    whole = save(nm(letter_f(2, 4, 4)), tmp_path / "a.dcm").read_bytes()
    for cut in range(132, len(whole), 7):
        (tmp_path / "a.dcm").write_bytes(whole[:cut])
        index = index_tree(tmp_path)
        assert index.studies == (), cut
        codes = ("TRUNCATED", "DICOM_UNREADABLE", "PIXELS_MISSING")
        assert index.quarantined[0].code in codes, cut


@pytest.mark.parametrize(("pixels", "said"), [(None, "no pixel data"), (b"", "are empty")])
def test_a_whole_file_without_pixel_data_is_not_called_truncated(
    tmp_path: Path, pixels: bytes | None, said: str
) -> None:
    save(nm(PixelData=pixels), tmp_path / "a.dcm")
    (entry,) = index_tree(tmp_path).quarantined
    assert entry.code == "PIXELS_MISSING"
    assert said in entry.message


def test_a_file_that_may_not_be_read_is_to_be_made_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(nm(), tmp_path / "a.dcm")
    whole = Path.open

    def refuse(self: Path, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - any file
        if self == path:
            raise PermissionError(13, "Permission denied")
        return whole(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    (entry,) = index_tree(tmp_path).quarantined
    assert entry.code == "NO_PERMISSION"
    assert "readable" in entry.message


def test_a_cut_slice_costs_its_series_and_says_so(tmp_path: Path) -> None:
    whole_study(tmp_path)
    victim = sorted((tmp_path / "ct").iterdir())[2]
    victim.write_bytes(victim.read_bytes()[:-10])

    index = index_tree(tmp_path)

    (study,) = index.studies
    assert [one.modality for one in study.series] == ["NM"]
    assert set(quarantine(index).values()) == {"TRUNCATED"}
    bad, series = sorted(index.quarantined, key=lambda one: one.path, reverse=True)
    assert bad.path == victim.relative_to(tmp_path).as_posix()
    assert series.path == "ct"
    assert "4 good files" in series.message
    assert "1 of 5 files" in series.message
    assert index.files_quarantined == 5
    (flag,) = [flag for flag in study.flags if flag.code == "TRUNCATED"]
    assert "CT series" in flag.detail
    assert "1 of 5 files" in flag.detail
    assert accounted(index) == index.files_seen == 6


@pytest.mark.parametrize("undefined", [False, True])
def test_a_region_file_cut_anywhere_costs_itself_only(tmp_path: Path, *, undefined: bool) -> None:
    """Also at the border of an element or an item, where pydicom takes it for the end."""
    save(nm(SeriesInstanceUID="1.2.3"), tmp_path / "nm.dcm")
    contours = [item(ContourData=[1.0, 2.0, 3.0]) for _ in range(2)]
    data = item(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.3",
        SOPInstanceUID="1.2.9.1",
        StudyInstanceUID=STUDY,
        SeriesInstanceUID="1.2.9",
        PatientID="SECRET-ID",
        Modality="RTSTRUCT",
        ROIContourSequence=[item(ReferencedROINumber=1, ContourSequence=contours)],
    )
    data["ROIContourSequence"].is_undefined_length = undefined
    for one in data.ROIContourSequence:
        one.is_undefined_length_sequence_item = undefined
        one["ContourSequence"].is_undefined_length = undefined
        for contour in one.ContourSequence:
            contour.is_undefined_length_sequence_item = undefined
    path = save(data, tmp_path / "rs.dcm")
    assert len(index_tree(tmp_path).studies[0].series) == 2
    content = path.read_bytes()
    start = content.index(b"\x06\x30\x39\x00") + 1
    for cut in range(start, len(content)):
        path.write_bytes(content[:cut])
        index = index_tree(tmp_path)
        assert quarantine(index) == {"rs.dcm": "TRUNCATED"}, (cut - start, len(content) - cut)
        assert len(index.studies[0].series) == 1


def test_deep_nesting_and_a_length_of_4_gb_are_quarantined(tmp_path: Path) -> None:
    whole = save(nm(), tmp_path / "a.dcm").read_bytes()
    nested = struct.pack("<HH2sHI", 0x0054, 0x0022, b"SQ", 0, 0xFFFFFFFF)
    nested += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    (tmp_path / "a.dcm").write_bytes(whole[:400] + nested * 10_000)
    head = b"\0" * 128 + b"DICM" + struct.pack("<HH2sHI", 0x0008, 0x0008, b"UN", 0, 0xFFFFFFF0)
    (tmp_path / "b.dcm").write_bytes(head + b"x" * 200)
    index = index_tree(tmp_path)
    assert index.studies == ()
    assert set(quarantine(index)) == {"a.dcm", "b.dcm"}


def test_a_deflated_bomb_is_refused_and_a_deflated_file_is_read(tmp_path: Path) -> None:
    import zlib

    save(nm(), tmp_path / "good.dcm", DeflatedExplicitVRLittleEndian)
    assert read(tmp_path, "NM").values.max() > 0
    content = (tmp_path / "good.dcm").read_bytes()
    start = 144 + int.from_bytes(content[140:144], "little")
    squeezer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = squeezer.compress(b"\0" * 80_000_000) + squeezer.flush()
    (tmp_path / "good.dcm").write_bytes(content[:start] + bomb)
    assert quarantine(index_tree(tmp_path)) == {"good.dcm": "DICOM_UNREADABLE"}


def test_a_file_without_preamble_is_read_and_flagged(tmp_path: Path) -> None:
    without_preamble(save(nm(), tmp_path / "a.dcm"))
    (study,) = index_tree(tmp_path).studies
    assert "NO_PREAMBLE" in {flag.code for flag in study.flags}
    assert read(tmp_path, "NM").grid.shape == (5, 7, 6)


@pytest.mark.parametrize("uid", ["../../../../etc", "1.2/3", "a b", ".."])
def test_uids_that_are_none_are_quarantined(tmp_path: Path, uid: str) -> None:
    save(nm(SeriesInstanceUID=uid, FrameOfReferenceUID=None), tmp_path / "a.dcm")
    assert quarantine(index_tree(tmp_path)) == {"a.dcm": "DICOM_UNREADABLE"}


def test_blanked_uids_are_stood_in_for_by_the_frame_of_reference(tmp_path: Path) -> None:
    for index, data in enumerate([*slices(CT), nm()]):
        changed(data, StudyInstanceUID=None, SeriesInstanceUID=None)
        save(data, tmp_path / f"{index}.dcm")
    (study,) = index_tree(tmp_path).studies
    assert sorted(len(one.files) for one in study.series) == [1, 5]
    assert "UID_ASSUMED" in {flag.code for flag in study.flags}


def test_blanked_uids_never_join_two_persons(tmp_path: Path) -> None:
    """A dummy frame of reference is common to all that one anonymiser wrote."""
    for number, person in enumerate(("p1", "p2"), start=1):
        blank: dict[str, object] = {"StudyInstanceUID": None, "SeriesInstanceUID": None}
        blank["PatientID"] = person
        for index, data in enumerate(slices(CT, letter_f() + number, None, **blank)):
            save(data, tmp_path / person / f"{index}.dcm")
        save(nm(letter_f() * number, **blank), tmp_path / person / "nm.dcm")
    studies = index_tree(tmp_path).studies
    assert len(studies) == len({study.subject_key for study in studies} - {""}) == 2
    for study in studies:
        folders = {one.path.parent.name for series in study.series for one in series.files}
        assert len(folders) == 1
        assert sorted(len(series.files) for series in study.series) == [1, 5]


@pytest.mark.parametrize("persons", [("p1",), ("p1", "p2")])
def test_a_nameless_file_joins_an_assumed_study_only_where_one_person_is(
    tmp_path: Path, persons: tuple[str, ...]
) -> None:
    blank: dict[str, object] = {"StudyInstanceUID": None, "SeriesInstanceUID": None}
    for person in persons:
        save(nm(PatientID=person, **blank), tmp_path / f"{person}.dcm")
    for index, data in enumerate(slices(CT, PatientID=None, **blank)):
        save(data, tmp_path / f"{index}.dcm")
    studies = index_tree(tmp_path).studies
    kinds = sorted(sorted(series.modality for series in study.series) for study in studies)
    assert kinds == ([["CT", "NM"]] if len(persons) == 1 else [["CT"], ["NM"], ["NM"]])


# Duplicates


def test_equal_files_count_once(tmp_path: Path) -> None:
    whole_study(tmp_path / "a")
    whole_study(tmp_path / "b")
    index = index_tree(tmp_path)
    assert index.duplicates == 6
    assert accounted(index) == index.files_seen == 12
    assert len(index.studies[0].series) == 2


def test_the_same_image_exported_twice_counts_once(tmp_path: Path) -> None:
    save(nm(), tmp_path / "a.dcm")
    save(nm(PatientBirthDate="", SeriesDescription="again"), tmp_path / "b.dcm")
    index = index_tree(tmp_path)
    assert index.duplicates == 1
    assert len(index.studies[0].series[0].files) == 1


def test_two_images_under_one_uid_cost_their_series(tmp_path: Path) -> None:
    save_all(slices(CT), tmp_path / "ct")
    save(nm(SeriesInstanceUID="1.2.3"), tmp_path / "nm.dcm")
    twin = slices(CT, letter_f() + 1)[2]
    save(twin, tmp_path / "twin.dcm")
    index = index_tree(tmp_path)
    assert [one.modality for one in index.studies[0].series] == ["NM"]
    assert set(quarantine(index).values()) == {"DUP_CONFLICT"}
    assert accounted(index) == index.files_seen == 7


def test_a_copy_under_another_study_is_another_study(tmp_path: Path) -> None:
    save(nm(), tmp_path / "a.dcm")
    save(nm(StudyInstanceUID="1.2.4"), tmp_path / "b.dcm")
    assert len(index_tree(tmp_path).studies) == 2


# Files that are not DICOM


def test_loose_region_files_belong_to_the_one_study_near_them(tmp_path: Path) -> None:
    for case, uid in (("case7", "1.2.7"), ("case8", "1.2.8")):
        save(nm(StudyInstanceUID=uid), tmp_path / case / "nm" / "a.dcm")
        save_all(slices(PT, StudyInstanceUID=uid), tmp_path / case / "pt")
        seg = tmp_path / case / "segmentations"
        seg.mkdir()
        (seg / "liver.nii.gz").write_bytes(b"liver of " + case.encode())
    (tmp_path / "atlas.nrrd").write_bytes(b"whose?")
    (tmp_path / "case7" / "points.mrk.json").write_text("{}")
    (tmp_path / "case7" / "settings.json").write_text("{}")

    index = index_tree(tmp_path)

    names = {study.study_uid: [p.name for p in study.extra_files] for study in index.studies}
    assert names == {"1.2.7": ["points.mrk.json", "liver.nii.gz"], "1.2.8": ["liver.nii.gz"]}
    assert quarantine(index) == {"atlas.nrrd": "ROI_NO_STUDY"}
    assert [path.name for path in index.ignored] == ["settings.json"]
    assert accounted(index) == index.files_seen


@pytest.mark.parametrize("inside", [False, True])
def test_a_folder_of_regions_by_study_uid(tmp_path: Path, *, inside: bool) -> None:
    root = tmp_path / "in"
    save(nm(), root / "a.dcm")
    save(nm(StudyInstanceUID="1.2.4"), root / "b.dcm")
    rois = root / "rois" if inside else tmp_path / "rois"
    for uid in ("1.2.4", "1.2.5"):
        (rois / uid / "deep").mkdir(parents=True)
        (rois / uid / "deep" / "liver.seg.nrrd").write_bytes(uid.encode())

    index = index_tree(root, rois=rois)

    names = {study.study_uid: [p.name for p in study.extra_files] for study in index.studies}
    assert names == {"1.2.4": ["liver.seg.nrrd"], STUDY: []}
    assert [one.code for one in index.quarantined] == ["ROI_NO_STUDY"]
    assert accounted(index) == index.files_seen == 4


def test_progress_is_told(tmp_path: Path) -> None:
    whole_study(tmp_path)
    seen: list[tuple[int, int]] = []
    index_tree(tmp_path, tick=lambda done, total: seen.append((done, total)))
    assert seen == [(number, 6) for number in range(1, 7)]


def test_nothing_is_written_into_the_input(tmp_path: Path) -> None:
    whole_study(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    index_tree(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_random_damage_never_raises_and_never_loses_a_file(tmp_path: Path) -> None:
    """Seeded single-byte damage over the whole header of an NM object."""
    import random

    generator = random.Random(20200101)
    whole = save(nm(letter_f(2, 4, 4)), tmp_path / "x.dcm").read_bytes()
    for number in range(400):
        damaged = bytearray(whole)
        for _ in range(generator.randint(1, 6)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        (tmp_path / f"{number:03d}.dcm").write_bytes(bytes(damaged))
    index = index_tree(tmp_path)
    assert accounted(index) == index.files_seen == 401


def _input_hash(folder: Path) -> str:
    return with_input_hash(index_tree(folder).studies[0]).input_hash


def test_the_name_of_a_region_file_and_its_label_table_are_part_of_the_input(
    tmp_path: Path,
) -> None:
    """A name says what a region means: renaming one must measure the study anew."""
    save(nm(), tmp_path / "nm.dcm")
    region = tmp_path / "mask.nii.gz"
    region.write_bytes(b"content")
    hashes = {_input_hash(tmp_path)}

    (tmp_path / "mask.json").write_text('{"1": "liver"}', encoding="utf-8")
    hashes.add(_input_hash(tmp_path))
    (tmp_path / "mask.json").write_text('{"1": "tumour"}', encoding="utf-8")
    hashes.add(_input_hash(tmp_path))
    region.rename(tmp_path / "tumour.nii.gz")
    hashes.add(_input_hash(tmp_path))

    assert len(hashes) == 4


def test_a_truncated_copy_beside_the_whole_object_costs_only_itself(tmp_path: Path) -> None:
    whole = save(nm(), tmp_path / "nm.dcm")
    (tmp_path / "copy.dcm").write_bytes(whole.read_bytes()[:-100])

    index = index_tree(tmp_path)

    (study,) = index.studies
    assert [one.files[0].path.name for one in study.by_modality("NM")] == ["nm.dcm"]
    assert quarantine(index) == {"copy.dcm": "TRUNCATED"}
    assert accounted(index) == index.files_seen
