"""One series, several volumes: what is kept apart, what stays together, what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from quant.dicom.index import index_tree
from quant.dicom.pairing import select
from quant.dicom.volumes import place_volume, read_volume
from quant.domain.study import SeriesEntry, StudyFiles
from quant.errors import StudyError
from tests.support.dicom_builder import CT, PT, changed, letter_f, nm, save, save_all, slices
from tests.support.reading import only_study, read

CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def second(
    sop_class: str = CT,
    heights: list[float] | None = None,
    orientation: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    **changes: object,
) -> list[Dataset]:
    """Return more slices of the same series, with other values and UIDs of their own."""
    count = 5 if heights is None else len(heights)
    more = slices(sop_class, letter_f(count) + np.uint16(7), heights, orientation=orientation)
    for number, data in enumerate(more):
        changed(data, SOPInstanceUID=f"1.2.826.0.5.{number + 1}", InstanceNumber=50 + number)
        changed(data, **changes)
    return more


def sizes(study: StudyFiles) -> list[int]:
    return [len(part.files) for part in study.series]


def mixed(study: StudyFiles) -> str:
    (flag,) = [flag for flag in study.flags if flag.code == "SERIES_MIXED"]
    assert str(flag.severity) == "warning"
    return flag.detail


def code_of(part: SeriesEntry) -> str:
    with pytest.raises(StudyError) as error:
        read_volume(part)
    assert error.value.next_step
    return error.value.code


# What never forms one volume


UNLIKE: dict[str, dict[str, object]] = {
    "matrix": {"Rows": 6, "Columns": 7},
    "pixel spacing": {"PixelSpacing": [3.0, 2.5]},
    "orientation": {"ImageOrientationPatient": list(CORONAL)},
    "frame of reference": {"FrameOfReferenceUID": "1.2.3"},
}


@pytest.mark.parametrize("modality", ["CT", "PT"])
@pytest.mark.parametrize("changes", UNLIKE.values(), ids=UNLIKE.keys())
def test_stacks_of_another_kind_in_one_series_are_volumes_of_their_own(
    tmp_path: Path, changes: dict[str, object], modality: str
) -> None:
    sop_class = {"CT": CT, "PT": PT}[modality]
    other = CORONAL if "ImageOrientationPatient" in changes else (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    save_all([*slices(sop_class), *second(sop_class, None, other, **changes)], tmp_path)

    study = only_study(tmp_path)

    assert sizes(study) == [5, 5]
    first, other_part = (read_volume(part) for part in study.series)
    np.testing.assert_array_equal(first.values, letter_f())
    values = (letter_f() + np.uint16(7)).reshape(other_part.values.shape)
    assert sorted(other_part.values.ravel()) == sorted(values.ravel())
    assert first.grid.affine.tolist() != other_part.grid.affine.tolist() or (
        first.grid.shape != other_part.grid.shape or "FrameOfReferenceUID" in changes
    )
    detail = mixed(study)
    assert all(part.part and part.part in detail for part in study.series)
    assert "SERIES_MIXED" in {flag.code for flag in first.flags}


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("changes", UNLIKE.values(), ids=UNLIKE.keys())
def test_stray_slices_of_another_kind_are_set_apart(
    tmp_path: Path, changes: dict[str, object], count: int
) -> None:
    """For instance a localizer that does not call itself one."""
    save_all(
        [*slices(CT), *(changed(one, **changes) for one in second(CT, [0.0, 2.5][:count]))],
        tmp_path,
    )
    volume, rest = only_study(tmp_path).series
    np.testing.assert_array_equal(read_volume(volume).values, letter_f())
    assert f"{count} slice" in rest.part
    assert code_of(rest) == "SERIES_MIXED"


def test_a_localizer_inside_the_series_is_set_apart_by_name(tmp_path: Path) -> None:
    scout = second(CT, [0.0], CORONAL, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    save_all([*slices(CT), *scout], tmp_path)
    study = only_study(tmp_path)
    assert sizes(study) == [5, 1]
    assert study.series[1].part == "localizer"
    assert "localizer" in mixed(study)
    np.testing.assert_array_equal(read_volume(study.series[0]).values, letter_f())


def test_the_ct_of_a_study_is_the_stack_not_its_localizer(tmp_path: Path) -> None:
    stored, heights = letter_f(30), [4.0 * number - 20.0 for number in range(30)]
    scout = second(CT, [0.0], CORONAL)
    save_all([*scout, *slices(CT, stored, heights)], tmp_path)
    save(nm(SeriesInstanceUID="1.2.3"), tmp_path / "nm.dcm")
    selection = select(only_study(tmp_path))
    assert selection.ct is not None
    assert len(selection.ct.files) == 30


def test_a_slice_of_another_kind_inside_a_ct_leaves_a_gap(tmp_path: Path) -> None:
    series = slices(CT)
    changed(series[3], ImageOrientationPatient=list(CORONAL))
    save_all(series, tmp_path)
    volume = read_volume(only_study(tmp_path).series[0])
    assert {flag.code for flag in volume.flags} == {"SERIES_MIXED", "CT_GAP"}
    assert volume.grid.shape[0] == 5


@pytest.mark.parametrize("sop_class", [CT, PT])
@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_slices_are_no_volume(tmp_path: Path, count: int, sop_class: str) -> None:
    save_all(slices(sop_class)[:count], tmp_path)
    (part,) = only_study(tmp_path).series
    assert code_of(part) == "SERIES_MIXED"


def test_images_that_all_differ_are_refused_as_one_series(tmp_path: Path) -> None:
    """A radial reformat: every slice has an orientation of its own."""
    series = slices(CT)
    for number, data in enumerate(series):
        c, s = np.cos(0.3 * number), np.sin(0.3 * number)
        changed(data, ImageOrientationPatient=[c, s, 0.0, 0.0, 0.0, -1.0])
    save_all(series, tmp_path)
    (part,) = only_study(tmp_path).series
    assert code_of(part) == "SERIES_MIXED"


def test_one_slice_without_a_place_still_costs_the_series(tmp_path: Path) -> None:
    """Where it belongs nobody knows: without it the volume may be short of a slice."""
    series = slices(CT)
    changed(series[4], ImagePositionPatient=None)
    save_all([*series, *second(CT, None, PixelSpacing=[1.0, 1.0])], tmp_path)
    (part,) = only_study(tmp_path).series
    assert code_of(part) == "SERIES_MIXED"


# Two images in one place


TELLING: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "acquisition": ({"AcquisitionNumber": 1}, {"AcquisitionNumber": 2}, "acquisition 2"),
    "temporal position": (
        {"TemporalPositionIdentifier": 1},
        {"TemporalPositionIdentifier": 2},
        "temporal position 2",
    ),
    "image type": (
        {"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]},
        {"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]},
        "image type DERIVED",
    ),
    "kernel": ({"ConvolutionKernel": "B30f"}, {"ConvolutionKernel": "B70f"}, "kernel B70f"),
    "acquisition time": (
        {"AcquisitionTime": "101500.5"},
        {"AcquisitionTime": "101700"},
        "acquisition time 101700",
    ),
    "content time": (
        {"ContentTime": "101500"},
        {"ContentTime": "101700"},
        "content time 101700",
    ),
    "tube voltage": ({"KVP": "80"}, {"KVP": "140"}, "tube voltage 140"),
    "heart phase": (
        {"NominalPercentageOfCardiacPhase": 0.0},
        {"NominalPercentageOfCardiacPhase": 50.0},
        "cardiac phase 50",
    ),
}


@pytest.mark.parametrize("shift", [0.0, 2.5], ids=["same places", "overlapping"])
@pytest.mark.parametrize(("one", "other", "name"), TELLING.values(), ids=TELLING.keys())
def test_two_images_in_one_place_are_told_apart(
    tmp_path: Path, one: dict[str, object], other: dict[str, object], name: str, shift: float
) -> None:
    heights = [2.5 * number + shift for number in range(5)]
    save_all(
        [*slices(CT, **one), *(changed(data, **other) for data in second(CT, heights))], tmp_path
    )

    study = only_study(tmp_path)

    assert sizes(study) == [5, 5]
    values = [read_volume(part).values for part in study.series]
    where = [part.part.startswith(name) for part in study.series].index(True)
    np.testing.assert_array_equal(values[where], letter_f() + 7)
    np.testing.assert_array_equal(values[1 - where], letter_f())
    assert name in mixed(study)


@pytest.mark.parametrize("kind", ["acquisition", "kernel"])
def test_volumes_half_a_step_apart_are_told_apart(tmp_path: Path, kind: str) -> None:
    """Together they make an even stack of half the spacing, in which two volumes alternate."""
    one, other, name = TELLING[kind]
    first = slices(CT, letter_f(5), [5.0 * number for number in range(5)], **one)
    between = second(CT, [5.0 * number + 2.5 for number in range(5)])
    save_all([*first, *(changed(data, **other) for data in between)], tmp_path)

    study = only_study(tmp_path)

    assert sizes(study) == [5, 5]
    assert name in mixed(study)
    values = [read_volume(part).values for part in study.series]
    np.testing.assert_array_equal(values[0], letter_f())
    np.testing.assert_array_equal(values[1], letter_f() + 7)


def test_what_tells_nothing_apart_does_not_split_a_volume(tmp_path: Path) -> None:
    """Helical CT: every slice with a time of its own; two acquisitions, one above the other."""
    series = slices(CT, letter_f(8))
    for number, data in enumerate(series):
        changed(
            data,
            AcquisitionNumber=1 + number // 4,
            AcquisitionTime=f"1015{number:02d}",
            ContentTime=f"1016{number:02d}",
            KVP=str(120 + number % 2),
        )
    save_all(series, tmp_path)
    study = only_study(tmp_path)
    assert sizes(study) == [8]
    assert study.series[0].part == ""
    assert "SERIES_MIXED" not in {flag.code for flag in study.flags}
    np.testing.assert_array_equal(read(tmp_path, "CT").values, letter_f(8))


@pytest.mark.parametrize("keyword", ["AcquisitionTime", "ContentTime"])
def test_sweeps_one_after_the_other_are_passes(tmp_path: Path, keyword: str) -> None:
    """Every slice has a time of its own: no value groups them, but the sweeps do not overlap."""
    images = [*slices(CT), *second(CT)]
    for number, data in enumerate(images):
        changed(data, **{keyword: f"10{15 + number}00.25"})
    save_all(images, tmp_path)
    study = only_study(tmp_path)
    assert [part.part for part in study.series] == ["pass 1 of 2", "pass 2 of 2"]
    np.testing.assert_array_equal(read_volume(study.series[0]).values, letter_f())
    np.testing.assert_array_equal(read_volume(study.series[1]).values, letter_f() + 7)


def test_times_that_run_through_both_stacks_tell_nothing(tmp_path: Path) -> None:
    """Cine at each table position: the n-th images do not belong to one moment."""
    images = [one for pair in zip(slices(CT), second(CT), strict=True) for one in pair]
    for number, data in enumerate(images):
        changed(data, AcquisitionTime=f"10{15 + number}00")
    save_all(images, tmp_path)
    (part,) = only_study(tmp_path).series
    assert code_of(part) == "DUP_CONFLICT"


@pytest.mark.parametrize("sop_class", [CT, PT])
def test_two_images_in_one_place_that_nothing_tells_apart_are_refused(
    tmp_path: Path, sop_class: str
) -> None:
    save_all([*slices(sop_class), *second(sop_class)], tmp_path)
    (part,) = only_study(tmp_path).series
    assert code_of(part) == "DUP_CONFLICT"


def test_one_slice_taken_again_is_set_apart(tmp_path: Path) -> None:
    again = second(CT, [5.0], AcquisitionNumber=2)
    save_all([*slices(CT, AcquisitionNumber=1), *again], tmp_path)
    volume, rest = only_study(tmp_path).series
    np.testing.assert_array_equal(read_volume(volume).values, letter_f())
    assert rest.part == "acquisition 2 (1 slice only)"


def test_several_attributes_together_tell_volumes_apart(tmp_path: Path) -> None:
    """Two kernels of each of two acquisitions: four volumes in the same places."""
    images = []
    for number in range(4):
        more = slices(CT, letter_f() + np.uint16(number))
        for index, data in enumerate(more):
            changed(
                data,
                SOPInstanceUID=f"1.2.826.0.6.{number}.{index}",
                AcquisitionNumber=1 + number // 2,
                ConvolutionKernel=["B30f", "B70f"][number % 2],
            )
        images += more
    save_all(images, tmp_path)
    study = only_study(tmp_path)
    assert [part.part for part in study.series] == [
        "acquisition 1, kernel B30f",
        "acquisition 1, kernel B70f",
        "acquisition 2, kernel B30f",
        "acquisition 2, kernel B70f",
    ]
    for number, part in enumerate(study.series):
        np.testing.assert_array_equal(read_volume(part).values, letter_f() + number)


@pytest.mark.parametrize(
    "moment",
    [
        lambda n: {"FrameReferenceTime": str(30000.0 * (n + 1))},
        lambda n: {"AcquisitionTime": f"1015{10 * n:02d}", "FrameReferenceTime": "15000"},
        lambda n: {"TriggerTime": str(125.0 * n)},
    ],
    ids=["frame reference time", "acquisition time", "trigger time"],
)
def test_a_dynamic_or_gated_pet_is_one_volume_a_frame(
    tmp_path: Path, moment: Callable[[int], dict[str, object]]
) -> None:
    images = []
    for frame in range(4):
        more = slices(PT, letter_f() + np.uint16(frame), RescaleSlope="0.5")
        for index, data in enumerate(more):
            changed(data, SOPInstanceUID=f"1.2.826.0.7.{frame}.{index}", **moment(frame))
        images += more
    save_all(images, tmp_path)
    study = only_study(tmp_path)
    assert sizes(study) == [5, 5, 5, 5]
    for frame, part in enumerate(study.series):
        expected = (letter_f() + np.uint16(frame)) * np.float32(0.5)
        np.testing.assert_array_equal(read_volume(part).values, expected)
    selection = select(study)
    assert selection.emission is not None
    assert "PAIR_AMBIGUOUS" in {flag.code for flag in selection.flags}
    assert "4 parts" in mixed(study)


def test_acquisitions_between_one_another_are_not_one_uneven_stack(tmp_path: Path) -> None:
    """No two images in one place, yet a volume of both would alternate between two scans."""
    other = second(CT, [1.0 + 2.5 * number for number in range(5)], AcquisitionNumber=2)
    save_all([*slices(CT, AcquisitionNumber=1), *other], tmp_path)
    study = only_study(tmp_path)
    assert [part.part for part in study.series] == ["acquisition 1", "acquisition 2"]
    for part, expected in zip(study.series, (letter_f(), letter_f() + 7), strict=True):
        volume = read_volume(part)
        np.testing.assert_array_equal(volume.values, expected)
        np.testing.assert_allclose(volume.grid.spacing_mm[0], 2.5)


def test_stacks_side_by_side_in_the_same_planes_are_told_apart(tmp_path: Path) -> None:
    other = second(CT)
    for data in other:
        x, y, z = data.ImagePositionPatient
        changed(data, ImagePositionPatient=[x + 100.0, y, z])
    save_all([*slices(CT), *other], tmp_path)
    study = only_study(tmp_path)
    assert sizes(study) == [5, 5]
    gap = place_volume(study.series[1]).grid.affine - place_volume(study.series[0]).grid.affine
    assert gap[0, 3] == pytest.approx(100.0)


# The books


def test_every_file_of_a_split_series_is_accounted_for_once(tmp_path: Path) -> None:
    save_all([*slices(CT, AcquisitionNumber=1), *second(CT, AcquisitionNumber=2)], tmp_path)
    index = index_tree(tmp_path)
    assert index.files_seen == 10
    assert sum(len(part.files) for study in index.studies for part in study.series) == 10
    assert index == index_tree(tmp_path)


def test_parts_do_not_depend_on_file_names(tmp_path: Path) -> None:
    images = [*slices(CT, AcquisitionNumber=1), *second(CT, AcquisitionNumber=2)]
    save_all(images, tmp_path / "one")
    save_all(images[::-1], tmp_path / "other")
    parts = [
        [(part.part, [entry.sop_instance_uid for entry in part.files]) for part in study.series]
        for study in (only_study(tmp_path / "one"), only_study(tmp_path / "other"))
    ]
    assert parts[0] == parts[1]


def test_names_of_parts_hold_nothing_unprintable(tmp_path: Path) -> None:
    save_all(
        [*slices(CT, ConvolutionKernel="B30f"), *second(CT, ConvolutionKernel="B\x1b[31m70")],
        tmp_path,
    )
    for part in only_study(tmp_path).series:
        assert part.part.isprintable()
