"""ZIP archives are folders: the same results as unpacked, and nothing unsafe is taken out."""

import io
import os
import pickle
import stat
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from quant.dicom.files import archives
from quant.dicom.files.digests import with_input_hash
from quant.dicom.index import index_tree
from quant.dicom.volumes import read_volume
from quant.domain.archive import ArchiveMember
from quant.domain.study import StudyIndex
from tests.support.dicom_builder import CT, letter_f, nm, save, save_all, slices
from tests.support.zips import lie, lie_about_size, spoil, zip_bytes, zip_folder


def study(folder: Path) -> Path:
    save(nm(SeriesInstanceUID="1.2.3"), folder / "nm" / "a.dcm")
    save_all(slices(CT), folder / "ct")
    return folder


def content(path: Path) -> bytes:
    return save(nm(), path).read_bytes()


def found(index: StudyIndex) -> list[tuple[object, ...]]:
    return [
        (one.study_uid, s.series_uid, s.modality, s.part, f.sop_instance_uid, f.facts, f.path.name)
        for one in index.studies
        for s in one.series
        for f in s.files
    ]


def quarantine(index: StudyIndex) -> dict[str, str]:
    return {one.path: one.code for one in index.quarantined}


# The same as unpacked


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("name", ["study.zip", "deep/Studie für 患者", "ct.dcm"])
def test_a_zipped_tree_gives_what_the_unpacked_tree_gives(
    tmp_path: Path, name: str, compression: int
) -> None:
    """Told by its content: an archive may be called anything."""
    plain = study(tmp_path / "plain")
    zip_folder(plain, tmp_path / "zipped" / name, compression)

    unpacked, packed = index_tree(plain), index_tree(tmp_path / "zipped")

    assert found(packed) == found(unpacked)
    assert packed.files_seen == unpacked.files_seen == 6
    assert packed.quarantined == ()
    assert all(isinstance(f.path, ArchiveMember) for f in packed.studies[0].series[0].files)
    hashes = [with_input_hash(one.studies[0]).input_hash for one in (packed, unpacked)]
    assert hashes[0] == hashes[1]
    for one, other in zip(packed.studies[0].series, unpacked.studies[0].series, strict=True):
        mine, theirs = read_volume(one), read_volume(other)
        assert np.array_equal(mine.values, theirs.values)
        assert np.array_equal(mine.grid.affine, theirs.grid.affine)


def test_the_input_may_be_the_archive_itself(tmp_path: Path) -> None:
    archive = zip_folder(study(tmp_path / "plain"), tmp_path / "a.zip")
    index = index_tree(archive)
    assert found(index) == found(index_tree(tmp_path / "plain"))
    assert index.root == archive.resolve()


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_large_members_are_streamed_and_read_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: int
) -> None:
    plain = tmp_path / "plain"
    stored = np.arange(40 * 64 * 64, dtype=np.uint16).reshape(40, 64, 64)
    save(nm(stored), plain / "a.dcm")
    archive = zip_folder(plain, tmp_path / "a.zip", compression)
    monkeypatch.setattr("quant.domain.archive.WHOLE_BYTES", 1000)
    monkeypatch.setattr("quant.domain.unpacking.WHOLE_BYTES", 1000)

    index = index_tree(archive)

    (series,) = index.studies[0].series
    assert np.array_equal(read_volume(series).values, stored)
    path = series.files[0].path
    whole = (plain / "a.dcm").read_bytes()
    with path.open("rb") as stream:
        assert not isinstance(stream, io.BytesIO)
        for start, length in ((300_000, 100), (128, 4), (0, 10), (len(whole) - 5, 50)):
            stream.seek(start)
            assert stream.read(length) == whole[start : start + length]
        assert stream.seek(-7, os.SEEK_END) == len(whole) - 7
        assert stream.read() == whole[-7:]
        stream.seek(len(whole) + 100)
        assert stream.tell() == len(whole) + 100
        assert stream.read(1) == b""
    assert path.read_bytes() == whole


def test_nothing_is_written_while_an_archive_is_read(tmp_path: Path) -> None:
    archive = zip_folder(study(tmp_path / "plain"), tmp_path / "in" / "a.zip")
    before = (archive.stat().st_mtime_ns, archive.read_bytes())
    for series in index_tree(tmp_path / "in").studies[0].series:
        read_volume(series)
    assert (archive.stat().st_mtime_ns, archive.read_bytes()) == before
    assert list((tmp_path / "in").iterdir()) == [archive]


def test_a_member_can_be_sent_to_another_process_sorted_and_compared(tmp_path: Path) -> None:
    archive = zip_folder(study(tmp_path / "plain"), tmp_path / "a.zip")
    members = archives.list_archive(archive).members
    sent = pickle.loads(pickle.dumps(members))  # noqa: S301 - our own bytes
    assert sent == members
    assert len(set(sent) | set(members)) == len(members) == 6
    assert [one.read_bytes() for one in sent] == [one.read_bytes() for one in members]
    places: list[Path | ArchiveMember] = [*reversed(members), tmp_path / "z", tmp_path / "a"]
    assert [str(one) for one in sorted(places)] == sorted(map(str, places))
    assert members[0].stat().st_size == len(members[0].read_bytes())
    assert (members[0].name, members[0].suffix) == ("0001.dcm", ".dcm")
    assert members[0].parent == archive / "ct"
    with pytest.raises(ValueError, match="only be read"):
        members[0].open("wb")


def test_an_archive_that_changed_is_not_read_by_its_old_directory(tmp_path: Path) -> None:
    archive = zip_folder(study(tmp_path / "plain"), tmp_path / "a.zip")
    member = archives.list_archive(archive).members[0]
    archive.write_bytes(archive.read_bytes() + b"more")
    with pytest.raises(OSError, match="changed"):
        member.read_bytes()


def test_loose_region_files_in_an_archive_belong_to_the_study_in_it(tmp_path: Path) -> None:
    """The archive counts as a folder, and so do the folders in it."""
    for case, uid in (("case7", "1.2.7"), ("case8", "1.2.8")):
        folder = tmp_path / "plain" / case
        save(nm(StudyInstanceUID=uid), folder / "nm.dcm")
        (folder / "seg").mkdir()
        (folder / "seg" / "liver.nii.gz").write_bytes(case.encode())
        zip_folder(folder, tmp_path / "in" / f"{case}.zip")
    zip_folder(tmp_path / "plain", tmp_path / "both.zip")

    for root in (tmp_path / "in", tmp_path / "both.zip", tmp_path / "plain"):
        index = index_tree(root)
        extras = {
            one.study_uid: [path.read_bytes() for path in one.extra_files] for one in index.studies
        }
        assert extras == {"1.2.7": [b"case7"], "1.2.8": [b"case8"]}


# What is refused, by name, while the rest is used


def test_names_that_lead_out_of_the_archive_are_refused_by_name(tmp_path: Path) -> None:
    inside = content(tmp_path / "a.dcm")
    names = ["../up.dcm", "a/../../up.dcm", "/etc/x.dcm", "C:\\x.dcm", "C:x.dcm", "a\\b.dcm", ".."]
    archive = zip_bytes(tmp_path / "in" / "a.zip", {**dict.fromkeys(names, inside), "ok": inside})

    index = index_tree(tmp_path / "in")

    assert len(index.quarantined) == len(names)
    assert set(quarantine(index).values()) == {"ZIP_LIMIT"}
    assert all(one.path.startswith("a.zip/") for one in index.quarantined)
    assert len(index.studies) == 1
    assert index.files_seen == len(names) + 1
    assert list((tmp_path / "in").iterdir()) == [archive]


def test_a_nul_in_a_name_is_refused(tmp_path: Path) -> None:
    archive = zip_bytes(tmp_path / "a.zip", {"ok.dcm": content(tmp_path / "a.dcm"), "b.dcm_x": b""})
    archive.write_bytes(archive.read_bytes().replace(b"b.dcm_x", b"b.dcm\0x"))
    index = index_tree(archive)
    assert [(one.code, "NUL" in one.message) for one in index.quarantined] == [("ZIP_LIMIT", True)]
    assert len(index.studies) == 1


def test_an_archive_in_an_archive_is_named_and_not_opened(tmp_path: Path) -> None:
    inner = zip_folder(study(tmp_path / "plain"), tmp_path / "inner.zip").read_bytes()
    ok = content(tmp_path / "a.dcm")
    archive = zip_bytes(tmp_path / "a.zip", {"x/inner.zip": inner, "IM1": inner, "ok.dcm": ok})
    index = index_tree(archive)
    assert quarantine(index) == {"x/inner.zip": "ZIP_LIMIT", "IM1": "ZIP_LIMIT"}
    assert index.files_seen == 3
    assert len(index.studies[0].series) == 1


def test_a_member_that_unpacks_to_a_multiple_of_its_size_is_refused(tmp_path: Path) -> None:
    bomb = b"\0" * (archives.MEMBER_RATIO_ABOVE + 10**6)
    ok = content(tmp_path / "a.dcm")
    archive = zip_bytes(tmp_path / "a.zip", {"bomb.dcm": bomb, "ok.dcm": ok, "liver.nii": bomb})
    assert archive.stat().st_size < 10**6

    index = index_tree(archive)

    assert quarantine(index) == {"bomb.dcm": "ZIP_LIMIT", "liver.nii": "ZIP_LIMIT"}
    (one,) = index.studies
    assert [len(series.files) for series in one.series] == [1]
    assert "ZIP_LIMIT" in {flag.code for flag in one.flags}  # a region of this study is lost
    assert index.files_seen == 3


def test_sizes_are_counted_while_unpacking_whatever_the_directory_says(tmp_path: Path) -> None:
    """The directory says 10 bytes and 50 MB come out: bounded, and refused."""
    bomb, ok = b"\0" * 50_000_000, content(tmp_path / "a.dcm")
    archive = zip_bytes(tmp_path / "a.zip", {"bomb.dcm": bomb, "ok.dcm": ok})
    lie_about_size(archive, "bomb.dcm", 10)
    index = index_tree(archive)
    assert quarantine(index) == {"bomb.dcm": "ZIP_LIMIT"}
    assert len(index.studies) == 1


@pytest.mark.parametrize("size", [2**32 - 2, 10**6])
def test_a_size_stated_too_large_is_found_out(tmp_path: Path, size: int) -> None:
    archive = zip_bytes(tmp_path / "a.zip", {"a.dcm": content(tmp_path / "a.dcm"), "b.txt": b""})
    lie_about_size(archive, "a.dcm", size)
    index = index_tree(archive)
    assert quarantine(index) == {"a.dcm": "TRUNCATED"}
    assert index.files_seen == 2


def test_limits_of_one_member_and_of_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = np.random.default_rng(1)
    members = {f"{n}.dcm": generator.bytes(1000) for n in range(5)}
    archive = zip_bytes(tmp_path / "a.zip", members | {"big.dcm": generator.bytes(3000)})
    monkeypatch.setattr(archives, "MOST_MEMBER_BYTES", 2000)
    assert quarantine(index_tree(archive))["big.dcm"] == "ZIP_LIMIT"
    monkeypatch.setattr(archives, "MOST_MEMBER_BYTES", 5000)
    monkeypatch.setattr(archives, "MOST_ARCHIVE_BYTES", 2500)
    codes = quarantine(index_tree(archive))
    assert [codes[f"{n}.dcm"] for n in range(5)] == ["FILE_SKIPPED"] * 2 + ["ZIP_LIMIT"] * 3
    monkeypatch.setattr(archives, "MOST_ARCHIVE_BYTES", 10**9)
    monkeypatch.setattr(archives, "ARCHIVE_RATIO_ABOVE", 100)
    monkeypatch.setattr(archives, "ARCHIVE_RATIO", 0)
    assert list(quarantine(index_tree(archive)).values()) == ["ZIP_LIMIT"] * 6
    monkeypatch.setattr(archives, "MOST_MEMBERS", 5)
    index = index_tree(archive)
    assert quarantine(index) == {"a.zip": "ZIP_LIMIT"}
    assert "6 members" in index.quarantined[0].message
    assert index.files_seen == 1
    monkeypatch.setattr(archives, "MOST_DIRECTORY_BYTES", 200)
    assert "directory of" in index_tree(archive).quarantined[0].message


def test_a_locked_member_is_named(tmp_path: Path) -> None:
    ok = content(tmp_path / "a.dcm")
    archive = zip_bytes(tmp_path / "a.zip", {"locked.dcm": ok, "ok.dcm": ok})
    lie(archive, "locked.dcm", flags=1)
    index = index_tree(archive)
    assert quarantine(index) == {"locked.dcm": "ZIP_LIMIT"}
    assert "password" in index.quarantined[0].message
    assert len(index.studies) == 1


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 9, 99])
def test_a_member_packed_in_another_way_is_named(tmp_path: Path, method: int) -> None:
    ok = content(tmp_path / "a.dcm")
    archive = zip_bytes(tmp_path / "a.zip", {"odd.dcm": ok, "ok.dcm": ok})
    lie(archive, "odd.dcm", method=method)
    index = index_tree(archive)
    assert quarantine(index) == {"odd.dcm": "ZIP_LIMIT"}
    assert str(method) in index.quarantined[0].message
    assert len(index.studies) == 1


def test_a_link_in_an_archive_is_not_followed(tmp_path: Path) -> None:
    save(nm(), tmp_path / "outside.dcm")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        link = zipfile.ZipInfo("link.dcm")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(link, str(tmp_path / "outside.dcm"))
    index = index_tree(tmp_path / "a.zip")
    assert quarantine(index) == {"link.dcm": "FILE_SKIPPED"}
    assert index.studies == ()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_refused_all(tmp_path: Path) -> None:
    ok = content(tmp_path / "a.dcm")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("x/a.dcm", ok)
        packed.writestr("./x/a.dcm", ok)
        packed.writestr("x/b.dcm", ok)
        packed.writestr("x/b.dcm", b"other")
        packed.writestr("x/c.dcm", ok)
    index = index_tree(tmp_path / "a.zip")
    paths = sorted(one.path for one in index.quarantined)
    assert paths == ["x/a.dcm", "x/a.dcm", "x/b.dcm", "x/b.dcm"]
    assert set(quarantine(index).values()) == {"ZIP_LIMIT"}
    assert index.files_seen == 5
    assert len(index.studies) == 1


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_slice_with_a_wrong_checksum_costs_its_series(tmp_path: Path, compression: int) -> None:
    archive = zip_folder(study(tmp_path / "plain"), tmp_path / "a.zip", compression)
    spoil(archive, "ct/0003.dcm", -4)

    index = index_tree(archive)

    assert [one.modality for one in index.studies[0].series] == ["NM"]
    (code,) = set(quarantine(index).values())
    assert code in ("DICOM_UNREADABLE", "TRUNCATED")
    assert index.files_quarantined == 5
    assert index.files_seen == 6
    assert any("CT series" in flag.detail for flag in index.studies[0].flags)


def test_damage_before_the_header_costs_the_member_by_name(tmp_path: Path) -> None:
    archive = zip_folder(study(tmp_path / "plain"), tmp_path / "a.zip")
    spoil(archive, "ct/0003.dcm", 0, 0x06)  # a block type that deflate does not have
    codes = quarantine(index_tree(archive))
    assert codes == {"ct/0003.dcm": "TRUNCATED"}


def test_a_damaged_region_file_is_a_loss_of_its_study(tmp_path: Path) -> None:
    study(tmp_path / "plain")
    (tmp_path / "plain" / "tumour.nrrd").write_bytes(bytes(range(256)) * 10)
    archive = zip_folder(tmp_path / "plain", tmp_path / "a.zip", zipfile.ZIP_STORED)
    spoil(archive, "tumour.nrrd", -1)
    index = index_tree(archive)
    (entry,) = index.quarantined
    (one,) = index.studies
    assert (entry.code, entry.study_uid) == ("ROI_UNREADABLE", one.study_uid)
    assert "ROI_UNREADABLE" in {flag.code for flag in one.flags}
    assert one.extra_files == ()


@pytest.mark.parametrize("cut", [4, 30, 1500, -1, -30])
def test_a_truncated_archive_is_named_and_the_rest_of_the_tree_used(
    tmp_path: Path, cut: int
) -> None:
    archive = zip_folder(study(tmp_path / "plain"), tmp_path / "in" / "a.zip")
    archive.write_bytes(archive.read_bytes()[:cut])
    save(nm(), tmp_path / "in" / "ok.dcm")
    index = index_tree(tmp_path / "in")
    assert quarantine(index) == {"a.zip": "TRUNCATED"}
    assert index.files_seen == 2
    assert len(index.studies) == 1


def test_a_damaged_directory_never_raises(tmp_path: Path) -> None:
    """Seeded damage over a whole archive: every file is accounted for (or index_tree raises)."""
    import random

    generator = random.Random(3)
    plain = tmp_path / "plain"
    save(nm(letter_f(2, 4, 4)), plain / "a.dcm")
    (plain / "liver.nii.gz").write_bytes(b"x" * 50)
    whole = zip_folder(plain, tmp_path / "x.zip").read_bytes()
    for number in range(150):
        damaged = bytearray(whole)
        for _ in range(generator.randint(1, 6)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        path = tmp_path / "in" / f"{number:03d}.zip"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(damaged))
    index = index_tree(tmp_path / "in")
    assert index.files_seen > 150


def test_documents_that_are_archives_by_their_bytes_are_passed_over(tmp_path: Path) -> None:
    for name, first in (
        ("letter.docx", "[Content_Types].xml"),
        ("sheet.ods", "mimetype"),
        ("tool.jar", "META-INF/MANIFEST.MF"),
        ("array.npz", "values.npy"),
    ):
        zip_bytes(tmp_path / "in" / name, {first: b"x", "word/a": b"y"})
    save(nm(), tmp_path / "in" / "nm.dcm")
    zip_folder(tmp_path / "in", tmp_path / "a.zip")
    for root in (tmp_path / "in", tmp_path / "a.zip"):
        index = index_tree(root)
        assert index.quarantined == ()
        assert len(index.ignored) == 4
        assert index.files_seen == 5


def test_an_empty_archive_is_an_empty_folder(tmp_path: Path) -> None:
    zip_bytes(tmp_path / "in" / "a.zip", {})
    index = index_tree(tmp_path / "in")
    assert (index.files_seen, index.quarantined, index.studies) == (0, (), ())


def test_the_order_of_members_does_not_matter(tmp_path: Path) -> None:
    plain = study(tmp_path / "plain")
    files = {str(p.relative_to(plain)): p.read_bytes() for p in plain.rglob("*.dcm")}
    one = zip_bytes(tmp_path / "1" / "a.zip", files)
    two = zip_bytes(tmp_path / "2" / "a.zip", dict(reversed(files.items())))
    assert found(index_tree(one)) == found(index_tree(two))


def test_an_archive_behind_other_bytes_keeps_its_members(tmp_path: Path) -> None:
    """Offsets count from the archive's start, which another archive's bytes may precede."""
    archive = zip_folder(study(tmp_path / "plain"), tmp_path / "a.zip")
    head = zip_bytes(tmp_path / "b.zip", {"x": b""}).read_bytes()
    archive.write_bytes(head + archive.read_bytes())
    assert len(index_tree(archive).studies[0].series) == 2


def test_progress_counts_members_too(tmp_path: Path) -> None:
    zip_folder(study(tmp_path / "plain"), tmp_path / "in" / "a.zip")
    save(nm(), tmp_path / "in" / "b.dcm")
    seen: list[tuple[int, int]] = []
    index_tree(tmp_path / "in", tick=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == list(range(1, 9))
    assert seen[-1] == (8, 8)
    assert all(done <= total for done, total in seen)


def test_each_member_is_unpacked_once_while_it_is_indexed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = zip_folder(study(tmp_path / "plain"), tmp_path / "a.zip")
    made: list[int] = []
    make = zlib.decompressobj

    def counted(wbits: int = 15) -> object:
        made.append(wbits)
        return make(wbits)

    monkeypatch.setattr("quant.domain.unpacking.zlib.decompressobj", counted)
    index_tree(archive)
    assert len(made) == 6


def test_what_is_an_archive_by_its_name_alone_is_named(tmp_path: Path) -> None:
    """A study may be lost in it, so it is not passed over in silence."""
    plain = study(tmp_path / "plain")
    (tmp_path / "in").mkdir()
    zip_folder(plain, tmp_path / "in" / "whole.zip", zipfile.ZIP_STORED)
    content_of_it = (tmp_path / "in" / "whole.zip").read_bytes()
    (tmp_path / "in" / "headless.zip").write_bytes(content_of_it[100:])
    (tmp_path / "in" / "page.ZIP").write_bytes(b"<html>Please log in</html>")
    (tmp_path / "in" / "empty.zip").write_bytes(b"")

    index = index_tree(tmp_path / "in")

    assert len(index.studies) == 1
    assert quarantine(index) == {
        "headless.zip": "FILE_SKIPPED",
        "page.ZIP": "FILE_SKIPPED",
        "empty.zip": "TRUNCATED",
    }
    assert index.files_quarantined == 3
