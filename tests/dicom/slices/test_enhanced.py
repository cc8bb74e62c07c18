"""Enhanced and legacy-converted multi-frame CT and PET read as the same slices in files do."""

import time
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from quant.dicom.index import index_tree
from quant.dicom.pairing import select
from quant.dicom.volumes import place_volume, read_volume
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.errors import StudyError
from tests.support.ct_truth import ORIENTATIONS, along, centres_mm, linear, stack
from tests.support.dicom_builder import CT, PT, changed, item, letter_f, save, save_all, slices
from tests.support.enhanced_builder import LEGACY, enhanced, groups_of, mapping, shuffled
from tests.support.reading import only_series, only_study, read

ORDERS = {"as they lie": [0, 1, 2, 3, 4], "downwards": [4, 3, 2, 1, 0], "shuffled": [3, 0, 4, 1, 2]}


def pet(count: int = 5) -> list[Dataset]:
    """Return a PET series with a slope a slice."""
    series = slices(PT, letter_f(count))
    return [
        changed(one, RescaleSlope=str(0.25 + 0.5 * number)) for number, one in enumerate(series)
    ]


def same(one: Volume, other: Volume) -> None:
    np.testing.assert_array_equal(one.values, other.values)
    np.testing.assert_allclose(one.grid.affine, other.grid.affine, atol=1e-9)
    assert one.grid.frame_of_reference_uid == other.grid.frame_of_reference_uid
    assert one.unit is other.unit


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_an_enhanced_ct_equals_its_slices_in_single_files(
    tmp_path: Path, orientation: tuple[float, ...], order: list[int]
) -> None:
    series = slices(CT, orientation=orientation, RescaleIntercept="-1024")
    save_all(series, tmp_path / "single")
    save(enhanced(series, order), tmp_path / "multi" / "a.dcm")

    volume = read(tmp_path / "multi", "CT")

    same(volume, read(tmp_path / "single", "CT"))
    assert volume.unit is Unit.HU
    assert volume.flags == ()
    assert volume.provenance.facts["geometry_source"] == "PlanePositionSequence"


@pytest.mark.parametrize("syntax", ["big", "implicit", "deflated", "rle"])
def test_frames_are_found_in_every_encoding(tmp_path: Path, syntax: str) -> None:
    from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

    series = slices(CT, letter_f().astype(np.int16) - np.int16(900))
    save_all(series, tmp_path / "single")
    data = enhanced(series, ORDERS["shuffled"])
    path = tmp_path / "multi" / "a.dcm"
    if syntax == "big":
        data.PixelData = np.frombuffer(data.PixelData, dtype="<u2").astype(">u2").tobytes()
        save(data, path, ExplicitVRBigEndian)
    elif syntax == "rle":
        save(data, path)
        data.compress(RLELossless)
        data.save_as(path)
    else:
        deflated = syntax == "deflated"
        save(data, path, DeflatedExplicitVRLittleEndian if deflated else ImplicitVRLittleEndian)
    same(read(tmp_path / "multi", "CT"), read(tmp_path / "single", "CT"))


def test_every_frame_of_an_enhanced_pet_has_its_own_slope(tmp_path: Path) -> None:
    series = pet()
    save_all(series, tmp_path / "single")
    data = enhanced(series, ORDERS["shuffled"])
    for groups in groups_of(data):
        groups.PixelValueTransformationSequence[0].RescaleType = "BQML"
    save(data, tmp_path / "multi" / "a.dcm")

    volume = read(tmp_path / "multi", "PT")

    same(volume, read(tmp_path / "single", "PT"))
    assert volume.unit is Unit.BQ_PER_ML
    assert volume.provenance.facts["slopes"] == "5"


def test_the_real_world_values_of_a_frame_go_before_its_rescale(tmp_path: Path) -> None:
    data = enhanced(pet(), ORDERS["shuffled"])
    for number, groups in zip(ORDERS["shuffled"], groups_of(data), strict=True):
        groups.RealWorldValueMappingSequence = [mapping("Bq/ml", 2.0 + number)]
    save(data, tmp_path / "a.dcm")

    volume = read(tmp_path, "PT")

    assert volume.unit is Unit.BQ_PER_ML
    assert volume.provenance.facts["slope_source"] == "RealWorldValueMapping"
    expected = letter_f() * (2.0 + np.arange(5))[:, None, None]
    np.testing.assert_array_equal(volume.values, expected.astype(np.float32))


def test_a_shared_mapping_holds_for_every_frame(tmp_path: Path) -> None:
    data = enhanced(pet())
    data.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence = [mapping("Bq/ml", 3.0)]
    save(data, tmp_path / "a.dcm")
    volume = read(tmp_path, "PT")
    assert volume.unit is Unit.BQ_PER_ML
    np.testing.assert_array_equal(volume.values, letter_f() * np.float32(3.0))


def test_an_enhanced_pet_without_a_unit_is_relative_and_says_so(tmp_path: Path) -> None:
    save(enhanced(pet()), tmp_path / "a.dcm")
    volume = read(tmp_path, "PT")
    assert volume.unit is Unit.RELATIVE
    assert "PET_UNIT_UNKNOWN" in {flag.code for flag in volume.flags}


def test_corrections_of_an_enhanced_pet_stand_in_its_own_attributes(tmp_path: Path) -> None:
    data = enhanced(pet(), AttenuationCorrected="YES", ScatterCorrected="NO", DecayCorrected="YES")
    save(data, tmp_path / "a.dcm")
    study = only_study(tmp_path)
    assert study.series[0].facts["CorrectedImage"] == ("ATTN", "DECY")
    selection = select(study)
    assert selection.emission is not None
    assert any("ATTN" in reason for reason in selection.candidates[0].reasons)


@pytest.mark.parametrize("modality", ["CT", "PT"])
def test_what_another_library_converted_equals_its_source(tmp_path: Path, modality: str) -> None:
    """Made by highdicom; Units and the like stand among unassigned attributes."""
    import pydicom
    from highdicom.legacy import LegacyConvertedEnhancedCTImage, LegacyConvertedEnhancedPETImage

    series = pet() if modality == "PT" else slices(CT, RescaleIntercept="-1024")
    needed = {
        "StudyDate": "20200101", "StudyTime": "000000", "StudyID": "1", "SeriesNumber": 1,
        "AccessionNumber": "", "ReferringPhysicianName": "", "PatientSex": "O",
        "PositionReferenceIndicator": "", "AcquisitionNumber": 1,
    }  # fmt: skip
    paths = save_all([changed(one, **needed) for one in series], tmp_path / "single")
    sources = [pydicom.dcmread(path) for path in paths]
    maker = {"CT": LegacyConvertedEnhancedCTImage, "PT": LegacyConvertedEnhancedPETImage}[modality]
    converted = maker(sources, "1.2.826.0.1.88", 2, "1.2.826.0.1.88.1", 1)
    (tmp_path / "multi").mkdir()
    converted.save_as(tmp_path / "multi" / "a.dcm")

    volume = read(tmp_path / "multi", modality)

    assert converted.SOPClassUID == LEGACY[{"CT": CT, "PT": PT}[modality]]
    same(volume, read(tmp_path / "single", modality))
    assert volume.unit is {"CT": Unit.HU, "PT": Unit.BQ_PER_ML}[modality]


# Several volumes in one object


@pytest.mark.parametrize("keyword", ["StackID", "TemporalPositionIndex", "FrameAcquisitionNumber"])
def test_stacks_and_temporal_positions_are_volumes_of_their_own(
    tmp_path: Path, keyword: str
) -> None:
    early, late = pet(), pet()
    for one in late:
        one.PixelData = np.frombuffer(one.PixelData, dtype="<u2").__add__(1).astype("<u2").tobytes()
    save_all(early, tmp_path / "early")
    save_all(late, tmp_path / "late")
    content = [{keyword: "1" if keyword == "StackID" else 1}] * 5
    content += [{keyword: "2" if keyword == "StackID" else 2}] * 5
    data = enhanced([*early, *late], shuffled(10), content)
    save(data, tmp_path / "multi" / "a.dcm")

    index = index_tree(tmp_path / "multi")
    (study,) = index.studies

    assert len(study.series) == 2
    assert index.files_seen == 1
    for part, name in zip(study.series, ("early", "late"), strict=True):
        np.testing.assert_array_equal(read_volume(part).values, read(tmp_path / name, "PT").values)
        assert len(part.frames) == 5
    assert [part.part[-1] for part in study.series] == ["1", "2"]
    (flag,) = [flag for flag in study.flags if flag.code == "SERIES_MIXED"]
    assert "2 parts" in flag.detail
    assert all(part.part in flag.detail for part in study.series)


def test_gates_of_an_enhanced_pet_are_told_apart_by_their_phase(tmp_path: Path) -> None:
    series = [*pet(), *pet(), *pet()]
    data = enhanced(series, shuffled(15))
    for number, groups in zip(shuffled(15), groups_of(data), strict=True):
        phase = item(NominalPercentageOfCardiacPhase=30.0 * (number // 5))
        groups.CardiacSynchronizationSequence = [phase]
    save(data, tmp_path / "a.dcm")
    parts = only_study(tmp_path).series
    assert [part.part for part in parts] == [f"cardiac phase {n}" for n in (0, 30, 60)]
    assert all(place_volume(part).grid.shape == (5, 7, 6) for part in parts)


def test_two_images_in_one_place_that_nothing_tells_apart_are_refused(tmp_path: Path) -> None:
    save(enhanced([*pet(), *pet()]), tmp_path / "a.dcm")
    with pytest.raises(StudyError) as error:
        read(tmp_path, "PT")
    assert error.value.code == "DUP_CONFLICT"


def test_a_frame_of_another_orientation_is_set_apart(tmp_path: Path) -> None:
    scout = slices(CT, letter_f(1), [0.0])
    data = enhanced([*scout, *slices(CT)])
    groups_of(data)[0].PlaneOrientationSequence = [
        item(ImageOrientationPatient=[1.0, 0.0, 0.0, 0.0, 0.0, -1.0])
    ]
    save(data, tmp_path / "a.dcm")
    volume, rest = only_study(tmp_path).series
    np.testing.assert_array_equal(read_volume(volume).values, letter_f())
    assert rest.frames == (0,)
    assert "1 slice only" in rest.part


# The same rules as for single files


def test_a_gap_and_a_tilt_are_undone_in_an_enhanced_ct_too(tmp_path: Path) -> None:
    series = stack(along([0, 2.5, 5, 12.5, 15]))
    save(enhanced(series, ORDERS["shuffled"]), tmp_path / "a.dcm")
    volume = read(tmp_path, "CT")
    np.testing.assert_allclose(volume.values, linear(centres_mm(volume)), atol=0.01)
    assert {flag.code for flag in volume.flags} == {"CT_GAP"}


def test_a_single_frame_in_every_enhanced_object_makes_a_series(tmp_path: Path) -> None:
    series = slices(CT)
    save_all(series, tmp_path / "single")
    for number, one in enumerate(series):
        data = enhanced([one], SOPInstanceUID=f"1.2.3.{number + 1}")
        save(data, tmp_path / "multi" / f"{9 - number}.dcm")
    same(read(tmp_path / "multi", "CT"), read(tmp_path / "single", "CT"))


UNREAD = {
    "no functional groups": {"PerFrameFunctionalGroupsSequence": None},
    "one frame without groups": {"NumberOfFrames": 4},
    "a part of a concatenation": {"InConcatenationTotalNumber": 3},
    "a classic class with frames": {
        "SOPClassUID": CT,
        "PerFrameFunctionalGroupsSequence": None,
    },
}


@pytest.mark.parametrize("changes", UNREAD.values(), ids=UNREAD.keys())
def test_frames_of_unknown_place_are_refused_by_name(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    data = changed(enhanced(slices(CT)), **changes)
    if changes.get("NumberOfFrames"):
        data.PixelData = data.PixelData[: 4 * 7 * 6 * 2]
    save(data, tmp_path / "a.dcm")
    with pytest.raises(StudyError) as error:
        read(tmp_path, "CT")
    assert error.value.code == "ENHANCED_UNREAD"
    assert ("concatenation" in error.value.found) == ("InConcatenationTotalNumber" in changes)


@pytest.mark.parametrize("lost", ["PlanePositionSequence", "PixelValueTransformationSequence"])
def test_a_frame_that_lacks_what_the_others_have_costs_the_volume(
    tmp_path: Path, lost: str
) -> None:
    data = enhanced(slices(CT))
    delattr(groups_of(data)[2], lost)
    save(data, tmp_path / "a.dcm")
    with pytest.raises(StudyError) as error:
        read(tmp_path, "CT")
    assert error.value.code == ("NO_POSITION" if lost.startswith("Plane") else "SERIES_MIXED")


def test_pixels_that_do_not_fill_the_frames_are_refused(tmp_path: Path) -> None:
    data = enhanced(slices(CT))
    data.PixelData += b"\0" * 84
    save(data, tmp_path / "a.dcm")
    with pytest.raises(StudyError) as error:
        read(tmp_path, "CT")
    assert error.value.code == "DECODE"


def test_thousands_of_frames_are_read_in_seconds(tmp_path: Path) -> None:
    """1500 shuffled frames in three temporal positions: no limit on items."""
    stored = (np.arange(1500) % 4000).astype(np.uint16)[:, None, None] * np.ones((1, 4, 4), "u2")
    series = slices(PT, stored, [2.0 * (number % 500) for number in range(1500)])
    content = [{"TemporalPositionIndex": 1 + number // 500} for number in range(1500)]
    save(enhanced(series, shuffled(1500), content), tmp_path / "a.dcm")
    start = time.process_time()
    parts = only_study(tmp_path).series
    volumes = [read_volume(part) for part in parts]
    assert time.process_time() - start < 20.0
    assert [volume.grid.shape for volume in volumes] == [(500, 4, 4)] * 3
    for number, volume in enumerate(volumes):
        np.testing.assert_array_equal(
            volume.values[:, 1, 2], stored[500 * number : 500 * (number + 1), 0, 0]
        )


def test_frames_inside_an_archive_are_unpacked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zipfile import ZIP_DEFLATED, ZipFile

    from quant.domain.archive import ArchiveMember

    series = slices(CT)
    save_all(series, tmp_path / "single")
    path = save(enhanced(series, ORDERS["shuffled"]), tmp_path / "a.dcm")
    (tmp_path / "zip").mkdir()
    with ZipFile(tmp_path / "zip" / "a.zip", "w", ZIP_DEFLATED) as archive:
        archive.write(path, "a.dcm")
    packed = only_series(tmp_path / "zip", "CT")
    opened: list[str] = []
    unpack = ArchiveMember.open

    def counted(member: ArchiveMember, *how: object, **more: object) -> object:
        opened.append(member.name)
        return unpack(member, *how, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(ArchiveMember, "open", counted)
    volume = read_volume(packed)
    assert len(opened) == 1
    same(volume, read(tmp_path / "single", "CT"))


def test_the_series_of_an_enhanced_object_can_be_placed_without_its_file(tmp_path: Path) -> None:
    path = save(enhanced(slices(CT), ORDERS["shuffled"]), tmp_path / "a.dcm")
    series = only_series(tmp_path, "CT")
    path.unlink()
    assert place_volume(series).grid.shape == (5, 7, 6)
