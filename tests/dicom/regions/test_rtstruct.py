"""Contours as they stand in the file, and files that are not sound."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ImplicitVRLittleEndian

from quant.dicom.regions.rtstruct import read_rtstruct
from quant.errors import ReadError
from tests.support.dicom_builder import item
from tests.support.rt_builder import Roi, structure_set, write_structure_set

SQUARE = np.array([[0.125, 0, 5], [9.5, 0, 5], [9.5, 9, 5], [0.125, 9, 5]])
TRIANGLE = np.array([[1.0, 1, 8], [3, 1, 8], [2, 4, 8]])
SARCOMA = Path(__file__).parents[2] / "data/ibsi_validation/STS_001/dicom/mask/RS.dcm"


def skipped(path: Path) -> list[str]:
    (shape,) = read_rtstruct(path)
    return [f"{flag.code}: {flag.detail}" for flag in shape.flags]


def test_names_frames_and_vertices_come_as_they_were_written(tmp_path: Path) -> None:
    rois = [Roi("GTV", [SQUARE, TRIANGLE]), Roi("Leber größer", [TRIANGLE], frame="1.2.77")]

    first, second = read_rtstruct(write_structure_set(tmp_path / "rt.dcm", rois))

    assert (first.name, first.frame_of_reference_uid, first.source) == ("GTV", "1.2.3", "RTSTRUCT")
    assert second.frame_of_reference_uid == "1.2.77"
    np.testing.assert_array_equal(first.contours_mm[0], SQUARE)
    np.testing.assert_array_equal(first.contours_mm[1], TRIANGLE)
    assert first.flags == second.flags == ()
    assert first.slice_spacing_mm is None


def test_vertices_equal_those_that_pydicom_converts() -> None:
    """The fast way past DS objects gives the same numbers, all 32 contours of a real file."""
    dataset = pydicom.dcmread(SARCOMA)
    items = dataset.ROIContourSequence[0].ContourSequence

    (shape,) = read_rtstruct(SARCOMA)

    assert len(shape.contours_mm) == len(items) == 32
    for contour, drawn in zip(shape.contours_mm, items, strict=True):
        expected = np.array([float(value) for value in drawn.ContourData]).reshape(-1, 3)
        np.testing.assert_array_equal(contour, expected)


def test_implicit_encoding_reads_the_same(tmp_path: Path) -> None:
    dataset = structure_set([Roi("GTV", [SQUARE])])
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.save_as(tmp_path / "rt.dcm", enforce_file_format=True)

    (shape,) = read_rtstruct(tmp_path / "rt.dcm")

    np.testing.assert_array_equal(shape.contours_mm[0], SQUARE)


@pytest.mark.parametrize(
    ("frames", "expected"), [(["1.2.9"], "1.2.9"), (["1.2.9", "1.2.8"], ""), ([], "")]
)
def test_a_region_without_frame_takes_the_only_one_of_the_file(
    tmp_path: Path, frames: list[str], expected: str
) -> None:
    """Where the file names two, neither is guessed."""
    rois = [Roi("GTV", [SQUARE], frame="")]

    (shape,) = read_rtstruct(write_structure_set(tmp_path / "rt.dcm", rois, frames))

    assert shape.frame_of_reference_uid == expected


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_both_closed_types_are_kept(tmp_path: Path, kind: str) -> None:
    path = write_structure_set(tmp_path / "rt.dcm", [Roi("GTV", [SQUARE], kind)])

    (shape,) = read_rtstruct(path)

    assert len(shape.contours_mm) == 1
    assert shape.flags == ()


@pytest.mark.parametrize("kind", ["POINT", "OPEN_PLANAR", "OPEN_NONPLANAR"])
def test_open_contours_are_left_out_and_counted(tmp_path: Path, kind: str) -> None:
    path = write_structure_set(tmp_path / "rt.dcm", [Roi("GTV", [SQUARE, TRIANGLE], kind)])

    assert skipped(path) == [f"ROI_CONTOUR_SKIPPED: 2 of type {kind}"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (["1", "2", "3", "4", "5", "6"], "on one line"),
        (["1", "2", "3"] * 4, "without extent"),
        (["1", "2", "3", "4", "5", "6", "7"], "whose ContourData is not a multiple of 3"),
        (["0", "0", "0", "1", "nan", "0", "1", "1", "0"], "with coordinates that are not finite"),
        (["0", "0", "0", "1", "inf", "0", "1", "1", "0"], "with coordinates that are not finite"),
        (
            ["0", "0", "0", "1e308", "0", "0", "-1e308", "1", "0"],
            "with coordinates beyond 1e+05 mm",
        ),
        (
            ["0", "0", "1e30", "1", "0", "1e30", "1", "1", "1e30"],
            "with coordinates beyond 1e+05 mm",
        ),
        ([], "without numbers"),
        (["0", "0", "0", "1", "1", "1", "2", "2", "2"], "on one line"),
    ],
)
def test_degenerate_contours_are_left_out_with_the_reason(
    tmp_path: Path, data: list[str], reason: str
) -> None:
    """The good contour beside them stays."""
    with pydicom.config.disable_value_validation():
        path = write_structure_set(tmp_path / "rt.dcm", [Roi("GTV", [data, SQUARE])])

    assert skipped(path) == [f"ROI_CONTOUR_SKIPPED: 1 {reason}"]
    assert len(read_rtstruct(path)[0].contours_mm) == 1


def test_decimal_commas_are_not_guessed_at(tmp_path: Path) -> None:
    path = write_structure_set(tmp_path / "rt.dcm", [Roi("GTV", [SQUARE])])
    path.write_bytes(path.read_bytes().replace(b"0.125", b"0,125"))

    assert skipped(path) == ["ROI_CONTOUR_SKIPPED: 1 without numbers"]


@pytest.mark.parametrize("contours", [None, []])
def test_a_region_without_contours_is_there_and_empty(
    tmp_path: Path, contours: list[list[str]] | None
) -> None:
    path = write_structure_set(tmp_path / "rt.dcm", [Roi("GTV", contours), Roi("b", [SQUARE])])

    shapes = read_rtstruct(path)

    assert [len(shape.contours_mm) for shape in shapes] == [0, 1]
    assert shapes[0].name == "GTV"


def test_a_region_that_no_contour_item_mentions_is_empty(tmp_path: Path) -> None:
    dataset = structure_set([Roi("GTV", [SQUARE]), Roi("lost", [SQUARE])])
    del dataset.ROIContourSequence[1]
    dataset.save_as(tmp_path / "rt.dcm", enforce_file_format=True)

    shapes = read_rtstruct(tmp_path / "rt.dcm")

    assert [len(shape.contours_mm) for shape in shapes] == [1, 0]


def test_a_nameless_region_is_called_by_its_number(tmp_path: Path) -> None:
    path = write_structure_set(tmp_path / "rt.dcm", [Roi("", [SQUARE])])

    assert read_rtstruct(path)[0].name == "ROI 1"


def test_a_stated_slab_thickness_is_kept(tmp_path: Path) -> None:
    dataset = structure_set([Roi("GTV", [SQUARE])])
    dataset.ROIContourSequence[0].ContourSequence[0].ContourSlabThickness = "2.5"
    dataset.save_as(tmp_path / "rt.dcm", enforce_file_format=True)

    assert read_rtstruct(tmp_path / "rt.dcm")[0].slice_spacing_mm == 2.5


def test_a_file_without_preamble_is_read(tmp_path: Path) -> None:
    path = write_structure_set(tmp_path / "rt.dcm", [Roi("GTV", [SQUARE])])
    path.write_bytes(path.read_bytes()[132:])

    np.testing.assert_array_equal(read_rtstruct(path)[0].contours_mm[0], SQUARE)


@pytest.mark.parametrize("content", [b"", b"not dicom at all", b"\0" * 500, bytes(range(256)) * 9])
def test_what_is_no_structure_set_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rt.dcm"
    path.write_bytes(content)

    with pytest.raises(ReadError) as caught:
        read_rtstruct(path)

    assert caught.value.code in ("ROI_UNREADABLE", "TRUNCATED")
    assert caught.value.next_step
    assert "Error" not in str(caught.value)


def test_a_truncated_file_never_loses_a_region_in_silence(tmp_path: Path) -> None:
    """Cut at every byte: refused, or every region there, those without their contours empty."""
    path = write_structure_set(tmp_path / "rt.dcm", [Roi("a", [SQUARE] * 3), Roi("b", [SQUARE])])
    whole = path.read_bytes()
    outcomes: set[object] = set()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        try:
            outcomes.add(tuple(len(shape.contours_mm) for shape in read_rtstruct(path)))
        except ReadError as error:
            outcomes.add(error.code)

    assert outcomes <= {"ROI_UNREADABLE", "TRUNCATED", (0, 0)}
    assert "TRUNCATED" in outcomes


def test_a_real_file_cut_short_is_refused(tmp_path: Path) -> None:
    whole = SARCOMA.read_bytes()
    path = tmp_path / "rt.dcm"
    for end in range(1000, len(whole) - 2000, len(whole) // 20):
        path.write_bytes(whole[:end])
        with pytest.raises(ReadError):
            read_rtstruct(path)


# The images on which a region was drawn


def named(study: str, *series: str) -> pydicom.Dataset:
    """Return an item of RTReferencedStudySequence."""
    return item(
        ReferencedSOPInstanceUID=study,
        RTReferencedSeriesSequence=[item(SeriesInstanceUID=uid) for uid in series],
    )


@pytest.mark.parametrize(
    ("studies", "study", "series"),
    [
        ([("1.8", ["1.8.1"])], "1.8", "1.8.1"),
        ([("1.8", ["1.8.1", "1.8.2"])], "1.8", ""),
        ([("1.8", ["1.8.1"]), ("1.7", ["1.7.1"])], "", ""),
        ([("1.8", [])], "1.8", ""),
        ([], "", ""),
    ],
    ids=["one", "two series", "two studies", "no series", "nothing"],
)
@pytest.mark.parametrize("frame", ["1.2.3", ""])
def test_study_and_series_are_taken_where_the_file_names_one(
    tmp_path: Path, studies: list[tuple[str, list[str]]], study: str, series: str, frame: str
) -> None:
    """Also for a region that takes its frame of reference from the file."""
    dataset = structure_set([Roi("GTV", [SQUARE], frame=frame)])
    holder = dataset.ReferencedFrameOfReferenceSequence[0]
    holder.RTReferencedStudySequence = [named(one, *uids) for one, uids in studies]
    dataset.save_as(tmp_path / "rt.dcm", enforce_file_format=True)

    (shape,) = read_rtstruct(tmp_path / "rt.dcm")

    assert (shape.frame_of_reference_uid, shape.study_uid, shape.series_uid) == (
        "1.2.3", study, series,
    )  # fmt: skip


def test_each_frame_of_reference_has_its_own_images(tmp_path: Path) -> None:
    rois = [Roi("GTV", [SQUARE], frame="1.2.3"), Roi("liver", [SQUARE], frame="1.2.4")]
    dataset = structure_set(rois, ["1.2.3", "1.2.4"])
    for holder, series in zip(
        dataset.ReferencedFrameOfReferenceSequence, ("1.8.1", "1.8.2"), strict=True
    ):
        holder.RTReferencedStudySequence = [named("1.8", series)]
    dataset.save_as(tmp_path / "rt.dcm", enforce_file_format=True)

    shapes = read_rtstruct(tmp_path / "rt.dcm")

    assert [shape.series_uid for shape in shapes] == ["1.8.1", "1.8.2"]


def test_images_without_a_frame_of_reference_are_known_all_the_same(tmp_path: Path) -> None:
    """An anonymiser took the frames away; the study is left to tell one from another."""
    dataset = structure_set([Roi("GTV", [SQUARE], frame="")], [""])
    dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence = [named("1.8", "1.9")]
    dataset.save_as(tmp_path / "rt.dcm", enforce_file_format=True)

    (shape,) = read_rtstruct(tmp_path / "rt.dcm")

    assert (shape.frame_of_reference_uid, shape.study_uid, shape.series_uid) == ("", "1.8", "1.9")


def test_a_real_structure_set_names_its_series() -> None:
    dataset = pydicom.dcmread(SARCOMA)
    holder = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]

    (shape,) = read_rtstruct(SARCOMA)

    assert shape.study_uid == holder.ReferencedSOPInstanceUID
    assert shape.series_uid == holder.RTReferencedSeriesSequence[0].SeriesInstanceUID


def test_regions_that_are_not_wanted_are_asked_for_and_left_out(tmp_path: Path) -> None:
    """Their contours are not looked at: broken ones do no harm."""
    dataset = structure_set([Roi("heart", [SQUARE]), Roi("GTV", [SQUARE]), Roi("", [TRIANGLE])])
    del dataset.ROIContourSequence[0].ContourSequence[0].ContourGeometricType
    dataset.save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    asked: list[str] = []

    def wanted(name: str) -> bool:
        asked.append(name)
        return name == "GTV"

    shapes = read_rtstruct(tmp_path / "rt.dcm", wanted)

    assert asked == ["heart", "GTV", "ROI 3"]
    assert [shape.name for shape in shapes] == ["GTV"]
    np.testing.assert_array_equal(shapes[0].contours_mm[0], SQUARE)
