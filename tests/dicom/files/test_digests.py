"""The digest of a study's input: which bytes count, and which names do."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from quant.dicom.files.digests import file_digest, same_bytes, with_input_hash
from quant.dicom.index import index_tree
from quant.domain.record import Status
from quant.domain.study import StudyFiles
from quant.errors import ReadError
from quant.pipeline.batch import run_batch
from quant.pipeline.protocols import load_protocol
from quant.pipeline.study import measure_study
from tests.support.dicom_builder import CT, letter_f, nm, save, save_all, slices

ZHOU = load_protocol("zhou2025")


def only_study(folder: Path) -> StudyFiles:
    (study,) = index_tree(folder).studies
    return study


def test_looking_at_headers_takes_no_digest_and_reads_no_whole_file(tmp_path: Path) -> None:
    save(nm(), tmp_path / "a.dcm")
    assert only_study(tmp_path).input_hash == ""


def test_the_digest_is_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 9000
    (tmp_path / "a").write_bytes(content)
    assert file_digest(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_the_input_hash_is_over_the_sorted_digests_and_named_ones(tmp_path: Path) -> None:
    """Computed here from the definition: DICOM files by content, region files by name as well."""
    save_all(slices(CT), tmp_path)
    save(nm(SeriesInstanceUID="1.2.3"), tmp_path / "nm.dcm")
    (tmp_path / "liver.nii").write_bytes(b"region")
    (tmp_path / "liver.json").write_text("{}", encoding="utf-8")
    lines = [hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.glob("*.dcm")]
    lines += [
        f"{name}\0{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}"
        for name in ("liver.nii", "liver.json")
    ]
    expected = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
    assert with_input_hash(only_study(tmp_path)).input_hash == expected


def test_a_renamed_file_is_the_same_input_and_a_changed_pixel_another(tmp_path: Path) -> None:
    path = save(nm(), tmp_path / "a.dcm")
    first = with_input_hash(only_study(tmp_path)).input_hash
    path = path.rename(tmp_path / "b")
    assert with_input_hash(only_study(tmp_path)).input_hash == first
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    assert with_input_hash(only_study(tmp_path)).input_hash != first


def test_a_file_that_holds_several_volumes_counts_once(tmp_path: Path) -> None:
    save(nm(letter_f(4)), tmp_path / "a.dcm")
    study = only_study(tmp_path)
    one = study.series[0]
    parts = tuple(replace(one, part=f"part {n}", frames=(2 * n, 2 * n + 1)) for n in range(2))
    assert with_input_hash(replace(study, series=parts)) == replace(
        study, series=parts, input_hash=with_input_hash(study).input_hash
    )


def test_a_study_that_has_its_hash_keeps_it(tmp_path: Path) -> None:
    save(nm(), tmp_path / "a.dcm")
    study = replace(only_study(tmp_path), input_hash="known")
    assert with_input_hash(study) is study


def test_the_record_of_one_study_bears_its_input_hash(tmp_path: Path) -> None:
    """Whoever measures a study without a batch gets the same hash."""
    save(nm(), tmp_path / "a.dcm")
    study = only_study(tmp_path)
    assert measure_study(study, ZHOU).record.input_hash == with_input_hash(study).input_hash


def test_a_file_lost_after_indexing_fails_its_study_only(tmp_path: Path) -> None:
    lost = save(nm(), tmp_path / "in" / "a.dcm")
    other = {"StudyInstanceUID": "1.2.9", "SOPInstanceUID": "1.2.9.1", "SeriesInstanceUID": "1.2.8"}
    save(nm(**other), tmp_path / "in" / "b.dcm")
    index = index_tree(tmp_path / "in")
    lost.unlink()
    with pytest.raises(ReadError, match="DICOM_UNREADABLE"):
        with_input_hash(next(one for one in index.studies if one.study_uid != "1.2.9"))
    result = run_batch(index, tmp_path / "out", ZHOU)
    by_uid = {record.study_uid: record for record in result.records}
    assert by_uid.pop("1.2.9").input_hash != ""
    (record,) = by_uid.values()
    assert record.status is Status.FAILED
    assert [one.code for one in record.quarantine] == ["DICOM_UNREADABLE"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b"", b"", True),
        (b"a", b"b", False),
        (b"a", b"ab", False),
        (b"x" * 3**14, b"x" * 3**14, True),
    ],
)
def test_files_are_compared_byte_by_byte(
    tmp_path: Path, one: bytes, other: bytes, *, same: bool
) -> None:
    (tmp_path / "a").write_bytes(one)
    (tmp_path / "b").write_bytes(other)
    assert same_bytes(tmp_path / "a", tmp_path / "b") is same
    assert not same_bytes(tmp_path / "a", tmp_path / "missing")
