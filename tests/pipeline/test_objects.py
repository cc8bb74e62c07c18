"""DICOM objects in a run: written beside the record, whom they name, what a failure costs."""

import logging
import shutil
from pathlib import Path
from unittest import mock

import pydicom
import pytest

import quant.dicom.objects.segmentation as seg_writer
from quant.dicom.index import index_tree
from quant.domain.record import StudyRecord
from quant.domain.region import Role
from quant.domain.study import StudyIndex
from quant.errors import GeometryError
from quant.pipeline.batch import BatchResult, run_in
from quant.pipeline.folder import OBJECTS, opened_folder
from quant.pipeline.how import How, Reuse
from quant.pipeline.protocols import load_protocol
from tests.support.dicom_builder import nm, save
from tests.support.objects import complaints
from tests.support.seeds import write_study

PROTOCOL = load_protocol("zhou2025")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyIndex:
    folder = tmp_path_factory.mktemp("study")
    write_study(folder)
    return index_tree(folder)


def run(
    index: StudyIndex, out: Path, *, identifiers: bool = False, objects: bool = True
) -> BatchResult:
    how = How(Reuse(), identifiers=identifiers, objects=objects, pictures=False)
    with opened_folder(out) as place:
        return run_in(place, index, PROTOCOL, how)


def objects_in(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("studies/*/*.dcm")}


def named(found: dict[str, bytes]) -> set[bool]:
    return {b"Secret^Person" in content for content in found.values()}


def test_objects_are_written_valid_and_no_part_of_the_digest(
    study: StudyIndex, tmp_path: Path
) -> None:
    plain = run(study, tmp_path / "a")
    found = objects_in(tmp_path / "a")
    without = run(study, tmp_path / "b", objects=False)

    assert set(found) == set(OBJECTS)
    assert [complaints(content, tmp_path / "out") for content in found.values()] == [[], []]
    assert named(found) == {False}
    assert objects_in(tmp_path / "b") == {}
    assert plain.digest == without.digest


def test_names_come_and_go_with_the_option(study: StudyIndex, tmp_path: Path) -> None:
    """No run leaves objects behind that name another than it was asked to name."""
    run(study, tmp_path)
    plain = objects_in(tmp_path)
    run(study, tmp_path, identifiers=True)
    assert named(objects_in(tmp_path)) == {True}
    (tmp_path / "ledger.sqlite").unlink()
    run(study, tmp_path)
    assert objects_in(tmp_path) == plain
    assert run(study, tmp_path).reused == 1
    run(study, tmp_path, identifiers=True)
    run(study, tmp_path, objects=False)
    assert named(objects_in(tmp_path)) <= {False}
    assert not list(tmp_path.glob("**/*.part"))


@pytest.mark.parametrize("error", [GeometryError("BAD_IOP", "no plane"), ValueError("x")])
def test_a_failure_costs_the_objects_and_never_the_record(
    error: Exception, study: StudyIndex, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        mock.patch.object(seg_writer, "write_segmentation", side_effect=error),
        caplog.at_level(logging.WARNING),
    ):
        result = run(study, tmp_path)

    assert objects_in(tmp_path) == {}
    assert (result.failed, len(result.records)) == (0, 1)
    (line,) = [one for one in caplog.messages if one.startswith("OBJECTS_FAILED")]
    assert line.endswith("(BAD_IOP)" if isinstance(error, GeometryError) else "(ValueError)")


def test_without_the_extra_there_are_no_objects_which_is_said_once(
    study: StudyIndex, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        mock.patch("quant.pipeline.objects.can_write_objects", return_value=False),
        caplog.at_level(logging.INFO),
    ):
        result = run(study, tmp_path)

    assert result.failed == 0
    assert objects_in(tmp_path) == {}
    assert len([one for one in caplog.messages if one.startswith("OBJECTS_UNAVAILABLE")]) == 1


def test_a_study_in_which_nothing_was_measured_has_no_objects(tmp_path: Path) -> None:
    save(nm(), tmp_path / "in" / "nm.dcm")
    result = run(index_tree(tmp_path / "in"), tmp_path / "out")

    assert result.failed == 1
    assert objects_in(tmp_path / "out") == {}


def test_a_folder_with_our_segmentation_is_measured_by_its_roles(
    study: StudyIndex, tmp_path: Path
) -> None:
    """The tumour has the same voxels; spheres are not taken for the organs in which they lie."""
    first = run(study, tmp_path / "first").records[0]
    again = tmp_path / "again"
    again.mkdir()
    (emission,) = study.studies[0].by_modality("NM")
    shutil.copy(str(emission.files[0].path), again / "nm.dcm")
    written = next((tmp_path / "first").glob("studies/*/segmentation.dcm"))
    shutil.copy(written, again / "seg.dcm")
    second = run(index_tree(again), tmp_path / "second").records[0]

    def lesions(record: StudyRecord) -> list[tuple[str, str, int]]:
        return [
            (one.name, one.role, one.voxels)
            for one in record.regions
            if one.role in (Role.TUMOUR, Role.LESION)
        ]

    assert lesions(second) == lesions(first) != []
    assert {one.role for one in second.regions} <= {"tumour", "lesion"}
    assert second.spheres == ()
    assert second.value("tumour_max") == first.value("tumour_max")
    labels = [one.SegmentLabel for one in pydicom.dcmread(written).SegmentSequence]
    assert [one for one in labels if one.startswith("Reference sphere")]
