"""All regions of a study, in one order, whatever is broken among them."""

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from quant.domain.shapes import ContourShape, LabelShape
from quant.domain.study import FileEntry, SeriesEntry, StudyFiles
from quant.regions.sources import gather_shapes
from tests.support.rt_builder import RT_STRUCTURE_SET, Roi, write_structure_set

DATA = Path(__file__).parents[1] / "data"
SQUARE = np.array([[0.0, 0, 0], [9, 0, 0], [9, 9, 0], [0, 9, 0]])
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


def series(uid: str, modality: str, *files: tuple[str, str, Path]) -> SeriesEntry:
    return SeriesEntry(uid, modality, tuple(FileEntry(path, sop, one) for sop, one, path in files))


def write_nifti(path: Path, values: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image: Any = nibabel.Nifti1Image  # carries no types
    nibabel.save(image(values, np.diag([2.0, 2.0, 2.0, 1.0])), path)
    return path


@pytest.fixture
def study(tmp_path: Path) -> StudyFiles:
    """One of everything: RTSTRUCT, SEG, CT, NIfTI, markups, and three that are broken."""
    rt = write_structure_set(tmp_path / "z.dcm", [Roi("liver", [SQUARE]), Roi("empty", None)])
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"nonsense" * 100)
    mask = np.zeros((4, 5, 6), dtype=np.uint8)
    mask[1:3, 2:4, 1:5] = 1
    liver = write_nifti(tmp_path / "rois" / "liver.nii.gz", mask)
    torn = tmp_path / "rois" / "torn.nii.gz"
    torn.write_bytes(liver.read_bytes()[:-30])
    marks = tmp_path / "rois" / "muscle_left.mrk.json"
    points = [{"label": "F-1", "position": [1, 2, 3]}]
    markup = {"coordinateSystem": "LPS", "coordinateUnits": "mm", "controlPoints": points}
    marks.write_text(json.dumps({"markups": [markup]}))
    note = tmp_path / "rois" / "note.txt"
    note.write_text("not a region")
    return StudyFiles(
        "1.9",
        "",
        (
            series("1.1", "CT", ("1.2.840.10008.5.1.4.1.1.2", "1.1.1", broken)),
            series("1.2", "RTSTRUCT", (RT_STRUCTURE_SET, "1.2.9", rt),
                   (RT_STRUCTURE_SET, "1.2.1", broken)),
            series("1.3", "SEG", (SEGMENTATION, "1.3.1", DATA / "dicom_seg" / "liver.dcm")),
        ),
        (liver, torn, marks, note, DATA / "slicer_seg_nrrd" / "Segmentation.seg.nrrd"),
    )  # fmt: skip


def test_every_region_and_mark_is_found_under_a_name_of_its_own(study: StudyFiles) -> None:
    found = gather_shapes(study)

    assert {"liver", "empty", "Liver", "liver (2)", "left lung"} <= {s.name for s in found.shapes}
    assert len({shape.name for shape in found.shapes}) == len(found.shapes) == 4 + 7
    assert [(mark.name, mark.position_mm) for mark in found.marks] == [
        ("muscle_left", (1.0, 2.0, 3.0))
    ]
    by_name = {shape.name: shape for shape in found.shapes}
    assert isinstance(by_name["liver"], ContourShape)
    assert isinstance(by_name["liver (2)"], LabelShape)
    assert by_name["Liver"].source == "SEG"
    assert isinstance(by_name["empty"], ContourShape)
    assert by_name["empty"].contours_mm == ()


def test_an_unreadable_file_costs_itself_only(study: StudyFiles) -> None:
    found = gather_shapes(study)

    assert [(q.path, q.code) for q in found.quarantined] == [
        ("broken.dcm", "TRUNCATED"),
        ("torn.nii.gz", "ROI_UNREADABLE"),
    ]
    assert all(entry.study_uid == "1.9" for entry in found.quarantined)


def test_the_order_of_files_does_not_matter(study: StudyFiles) -> None:
    turned = StudyFiles(
        study.study_uid,
        "",
        tuple(SeriesEntry(s.series_uid, s.modality, s.files[::-1]) for s in study.series[::-1]),
        study.extra_files[::-1],
    )

    there, back = gather_shapes(study), gather_shapes(turned)

    assert [s.name for s in there.shapes] == [s.name for s in back.shapes]
    assert there.quarantined == back.quarantined


def test_a_number_is_not_given_twice(tmp_path: Path) -> None:
    names = ["a", "a (2)", "a", "a"]
    path = write_structure_set(tmp_path / "rt.dcm", [Roi(name, [SQUARE]) for name in names])
    study = StudyFiles("1", "", (series("2", "RTSTRUCT", (RT_STRUCTURE_SET, "3", path)),))

    found = gather_shapes(study)

    assert [shape.name for shape in found.shapes] == ["a", "a (2)", "a (3)", "a (4)"]


def test_names_hold_nothing_that_cannot_be_printed(tmp_path: Path) -> None:
    """Escapes, line breaks and marks that turn the direction; made unique afterwards."""
    names = ["a\x1b[31mb", "a [31mb", "\u202eliver\u200b", "liver", "\u2066\u2069", "x" * 300]
    path = tmp_path / "rois" / "a.nii.gz"
    mask = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    write_nifti(path, np.minimum(mask, 6).astype(np.uint8))
    table = {str(value): name for value, name in enumerate(names, start=1)}
    (tmp_path / "rois" / "a.json").write_text(json.dumps(table))

    found = gather_shapes(StudyFiles("1", "", (), (path,)))

    assert [shape.name for shape in found.shapes] == [
        "a [31mb", "a [31mb (2)", "liver", "liver (2)", "unnamed", "x" * 120
    ]  # fmt: skip
