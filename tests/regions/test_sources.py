"""All regions of a study, in one order, whatever is broken among them."""

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from quant.domain.protocol import RegionSettings
from quant.domain.shapes import ContourShape, LabelShape, Wanted, every
from quant.domain.study import FileEntry, SeriesEntry, StudyFiles
from quant.regions.sources import ShapesFound, gather_shapes
from tests.support.dicom_builder import item
from tests.support.rt_builder import RT_STRUCTURE_SET, Roi, structure_set, write_structure_set

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


# Only what can mean something is read


def masks(folder: Path, *names: str) -> tuple[Path, ...]:
    mask = np.zeros((4, 5, 6), dtype=np.uint8)
    mask[1:3, 2:4, 1:5] = 1
    return tuple(write_nifti(folder / f"{name}.nii.gz", mask) for name in names)


def names(found: ShapesFound) -> list[str]:
    return [shape.name for shape in found.shapes]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the label files that were read whole."""
    import quant.images.labels as module

    whole: list[str] = []
    before = module.read_label_file

    def watched(path: Path, wanted: Wanted = every) -> tuple[LabelShape, ...]:
        whole.append(path.name)
        return before(path, wanted)

    monkeypatch.setattr(module, "read_label_file", watched)
    return whole


def test_files_whose_names_mean_nothing_are_not_read_but_listed(
    tmp_path: Path, read: list[str]
) -> None:
    paths = masks(tmp_path, "liver", "spleen", "vertebrae_L2", "vertebrae_L1", "rib_left_4", "GTV")

    found = gather_shapes(StudyFiles("1", "", (), paths), RegionSettings())

    assert read == ["GTV.nii.gz", "liver.nii.gz", "vertebrae_L2.nii.gz"]
    assert names(found) == ["GTV", "liver", "vertebrae_L2"]
    assert found.unread == ("rib_left_4", "spleen", "vertebrae_L1")


def test_without_settings_everything_is_read(tmp_path: Path, read: list[str]) -> None:
    paths = masks(tmp_path, "liver", "spleen")

    found = gather_shapes(StudyFiles("1", "", (), paths))

    assert read == ["liver.nii.gz", "spleen.nii.gz"]
    assert names(found) == ["liver", "spleen"]
    assert found.unread == ()


def test_the_words_of_the_protocol_decide(tmp_path: Path, read: list[str]) -> None:
    paths = masks(tmp_path, "spleen", "liver")

    gather_shapes(StudyFiles("1", "", (), paths), RegionSettings(liver=("spleen",)))

    assert read == ["spleen.nii.gz"]


@pytest.mark.parametrize("kind", ["header", "json", "csv"])
def test_a_label_map_is_read_where_its_table_names_a_role(
    tmp_path: Path, read: list[str], kind: str
) -> None:
    """Whatever the file is called; only the labels that mean something become shapes."""
    labels = np.zeros((4, 5, 6), dtype=np.uint8)
    labels[0, 0], labels[1, 1], labels[2, 2] = 1, 2, 3
    table = {1: "spleen", 2: "liver", 3: "aorta"}
    path = write_nifti(tmp_path / "organs.nii.gz", labels)
    if kind == "header":
        rows = "".join(f"<Label Key='{key}'>{name}</Label>" for key, name in table.items())
        image: Any = nibabel.load(path)
        extension: Any = nibabel.nifti1.Nifti1Extension
        image.header.extensions.append(extension(0, f"<LabelTable>{rows}</LabelTable>".encode()))
        nibabel.save(image, path)
    elif kind == "json":
        (tmp_path / "organs.json").write_text(json.dumps({str(k): v for k, v in table.items()}))
    else:
        (tmp_path / "organs.csv").write_text("".join(f"{k},{v}\n" for k, v in table.items()))

    found = gather_shapes(StudyFiles("1", "", (), (path,)), RegionSettings())
    other = gather_shapes(StudyFiles("1", "", (), (path,)), RegionSettings(liver=("Leber",)))

    assert names(found) == ["liver"]
    assert found.unread == ("aorta", "spleen")
    assert read == ["organs.nii.gz"]
    assert names(other) == []
    assert other.unread == ("aorta", "liver", "spleen")


def test_slicers_segments_are_known_from_the_header(read: list[str]) -> None:
    path = DATA / "slicer_seg_nrrd" / "Segmentation.seg.nrrd"
    study = StudyFiles("1", "", (), (path,))

    assert names(gather_shapes(study, RegionSettings())) == []
    assert read == []
    found = gather_shapes(study, RegionSettings(liver=("left lung",)))
    assert names(found) == ["left lung"]
    assert "ribs" in found.unread


@pytest.mark.parametrize("name", ["couinaud", "T"])
def test_a_number_that_completes_a_role_is_not_missed(tmp_path: Path, name: str) -> None:
    """Label 5 of a file ``couinaud.nii.gz`` is liver segment 5; ``T:1`` is the protocol's T1."""
    labels = np.zeros((4, 5, 6), dtype=np.uint8)
    labels[0, 0], labels[1, 1] = 1, 5
    path = write_nifti(tmp_path / f"{name}.nii.gz", labels)

    found = gather_shapes(StudyFiles("1", "", (), (path,)), RegionSettings(tumour=("T 1",)))

    assert names(found) == {"couinaud": ["couinaud:1", "couinaud:5"], "T": ["T:1"]}[name]


def test_a_file_that_cannot_say_what_it_holds_is_read_and_refused(tmp_path: Path) -> None:
    """A broken header may have named a tumour."""
    (tmp_path / "organs.nii.gz").write_bytes(b"nonsense" * 50)
    (tmp_path / "scene.seg.nrrd").write_bytes(b"nonsense" * 50)
    paths = (tmp_path / "organs.nii.gz", tmp_path / "scene.seg.nrrd")

    found = gather_shapes(StudyFiles("1", "", (), paths), RegionSettings())

    assert [one.code for one in found.quarantined] == ["ROI_UNREADABLE"] * 2


def test_an_image_named_like_a_region_is_refused_and_another_is_passed_over(
    tmp_path: Path,
) -> None:
    image = np.full((4, 5, 6), -1000, dtype=np.int16)
    make: Any = nibabel.Nifti1Image
    for name in ("liver", "ct"):
        nibabel.save(make(image, np.eye(4)), tmp_path / f"{name}.nii.gz")
    paths = (tmp_path / "ct.nii.gz", tmp_path / "liver.nii.gz")

    found = gather_shapes(StudyFiles("1", "", (), paths), RegionSettings())

    assert [(one.path, one.code) for one in found.quarantined] == [
        ("liver.nii.gz", "ROI_NOT_LABELS")
    ]
    assert found.unread == ("ct",)


def test_contours_and_segments_without_a_role_are_not_looked_at_but_listed(
    study: StudyFiles,
) -> None:
    found = gather_shapes(study, RegionSettings())

    assert names(found) == ["liver", "Liver", "liver (2)"]
    assert found.unread[0] == "cervical vertebral column"
    assert {"empty", "ribs", "tissue"} <= set(found.unread)


# Where contours were drawn


def referring(folder: Path, heights: list[float], series_uid: str) -> StudyFiles:
    """Return a study of an axial CT and a structure set that refers to a series."""
    rt = structure_set([Roi("GTV", [SQUARE + np.array([0, 0, h]) for h in heights])])
    frame = rt.ReferencedFrameOfReferenceSequence[0]
    frame.RTReferencedStudySequence = [
        item(
            ReferencedSOPInstanceUID="1.9",
            RTReferencedSeriesSequence=[item(SeriesInstanceUID=series_uid)],
        )
    ]
    rt.save_as(folder / "rt.dcm", enforce_file_format=True)
    facts: list[dict[str, object]] = [
        {
            "ImagePositionPatient": (0.0, 0.0, 2.5 * number),
            "ImageOrientationPatient": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        }
        for number in range(9)
    ]
    ct = tuple(
        FileEntry(folder / f"{n}.dcm", "1.2.840.10008.5.1.4.1.1.2", f"1.1.{n}", one)
        for n, one in enumerate(facts)
    )
    rts = series("1.2", "RTSTRUCT", (RT_STRUCTURE_SET, "1.2.1", folder / "rt.dcm"))
    return StudyFiles("1.9", "", (SeriesEntry("1.1", "CT", ct), rts))


def test_contours_know_the_slices_of_the_series_to_which_they_refer(tmp_path: Path) -> None:
    (shape,) = gather_shapes(referring(tmp_path, [2.5, 5.0], "1.1")).shapes

    assert isinstance(shape, ContourShape)
    assert (shape.study_uid, shape.series_uid) == ("1.9", "1.1")
    assert shape.drawn_on is not None
    np.testing.assert_allclose(shape.drawn_on.normal, [0, 0, 1])
    np.testing.assert_allclose(np.sort(shape.drawn_on.positions_mm[:, 2]), 2.5 * np.arange(9))


def test_contours_on_a_series_that_is_not_here_are_taken_without_its_slices(
    tmp_path: Path,
) -> None:
    (shape,) = gather_shapes(referring(tmp_path, [2.5, 5.0], "1.77")).shapes

    assert isinstance(shape, ContourShape)
    assert shape.series_uid == "1.77"
    assert shape.drawn_on is None
    assert len(shape.contours_mm) == 2
