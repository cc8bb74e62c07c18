"""NM volumes without a place, and single-frame series: order, spacing, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from quant.dicom.pairing import select
from quant.dicom.volumes import place_volume, read_volume
from quant.domain.flags import CODES
from quant.domain.volume import Volume
from quant.errors import GeometryError, StudyError
from tests.support.dicom_builder import AXIAL, PT, item, letter_f, nm, save, save_all, slices
from tests.support.reading import only_series, only_study, read


def native(folder: Path) -> Volume:
    return read_volume(only_series(folder, "NM"), native_only=True)


def flag_codes(volume: Volume) -> set[str]:
    return {flag.code for flag in volume.flags}


LOST: dict[str, dict[str, object]] = {
    "no position": {"position": None},
    "no orientation": {"orientation": None},
    "neither": {"position": None, "orientation": None},
    "no detector item": {"DetectorInformationSequence": None},
    "position without sense": {"position": ("NaN", "0", "0")},
}


@pytest.mark.parametrize("changes", LOST.values(), ids=LOST.keys())
def test_a_volume_without_a_place_is_refused_for_mapping_and_read_natively(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    save(nm(**changes), tmp_path / "a.dcm")
    series = only_series(tmp_path, "NM")
    for look in (place_volume, read_volume):
        with pytest.raises(GeometryError) as error:
            look(series)
        assert error.value.code == "NO_POSITION"
    volume = native(tmp_path)
    np.testing.assert_array_equal(volume.values, letter_f())
    np.testing.assert_allclose(volume.grid.spacing_mm, [4.0, 3.0, 2.0])
    assert volume.grid.voxel_volume_ml == pytest.approx(0.024)
    assert volume.grid.frame_of_reference_uid == ""
    assert volume.provenance.facts["geometry_source"] == "none: a grid of its own"
    assert "NATIVE_ONLY" in flag_codes(volume)
    assert str(CODES["NATIVE_ONLY"].severity) == "warning"
    assert str(CODES["NO_POSITION"].severity) == "error"


def test_native_frames_are_ordered_by_the_vector_and_a_sign_means_nothing(tmp_path: Path) -> None:
    order = [3, 1, 2, 5, 4]
    save(nm(position=None, SliceVector=order, SpacingBetweenSlices=-4.0), tmp_path / "a.dcm")
    volume = native(tmp_path)
    np.testing.assert_array_equal(volume.values, letter_f()[np.argsort(order)])
    np.testing.assert_allclose(np.diag(volume.grid.axes_mm[::-1]), [4.0, 3.0, 2.0])
    assert "NM_VECTOR_ODD" in flag_codes(volume)
    assert "NM_SBS_NEGATIVE" not in flag_codes(volume)


def test_native_reading_of_a_volume_that_has_its_place_changes_nothing(tmp_path: Path) -> None:
    save(nm(), tmp_path / "a.dcm")
    volume = native(tmp_path)
    assert volume.grid.matches(read(tmp_path, "NM").grid)
    assert volume.grid.frame_of_reference_uid
    assert "NATIVE_ONLY" not in flag_codes(volume)


BAD: dict[str, tuple[dict[str, object], str]] = {
    "askew": ({"orientation": (1.0, 0.0, 0.0, 0.1, 1.0, 0.0)}, "BAD_IOP"),
    "no spacing": (
        {"position": None, "SpacingBetweenSlices": None, "SliceThickness": None},
        "SPACING_MISSING",
    ),
    "projections": (
        {"position": None, "ImageType": ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]},
        "NM_NOT_RECON",
    ),
}


@pytest.mark.parametrize(("changes", "code"), BAD.values(), ids=BAD.keys())
def test_native_reading_forgives_nothing_but_the_place(
    tmp_path: Path, changes: dict[str, object], code: str
) -> None:
    save(nm(**changes), tmp_path / "a.dcm")
    with pytest.raises(StudyError) as error:
        native(tmp_path)
    assert error.value.code == code


def test_a_pet_without_a_place_is_refused_natively_too(tmp_path: Path) -> None:
    save_all(slices(PT, ImagePositionPatient=None), tmp_path)
    with pytest.raises(GeometryError) as error:
        read_volume(only_series(tmp_path, "PT"), native_only=True)
    assert error.value.code == "NO_POSITION"


def test_a_study_whose_only_volume_has_no_place_fails_by_that_name(tmp_path: Path) -> None:
    save(nm(position=None), tmp_path / "a.dcm")
    emission = select(only_study(tmp_path)).emission
    assert emission is not None
    with pytest.raises(GeometryError) as error:
        read_volume(emission)
    assert error.value.code == "NO_POSITION"


# One file a slice


def save_slices(folder: Path, instances: list[int | None], **changes: object) -> None:
    """Write the F slice by slice; file names run against the slices, UIDs are shuffled."""
    for number, (frame, instance) in enumerate(zip(letter_f(), instances, strict=True)):
        one: dict[str, object] = {
            "SOPInstanceUID": f"1.2.3.{(number * 3) % 5 + 1}",
            "InstanceNumber": instance,
            "NumberOfFrames": None,
            "SliceVector": None,
            "FrameIncrementPointer": None,
            "position": (-10.0, -20.0, 30.0 - 3.5 * number),
        }
        save(nm(frame[None], **(one | changes)), folder / f"{9 - number}.dcm")


def test_single_frames_without_positions_go_by_instance_number_natively(tmp_path: Path) -> None:
    save_slices(tmp_path, [30, 10, 20, 50, 40], position=None)
    with pytest.raises(GeometryError) as error:
        read(tmp_path, "NM")
    assert error.value.code == "NO_POSITION"
    volume = native(tmp_path)
    np.testing.assert_array_equal(volume.values, letter_f()[[1, 2, 0, 4, 3]])
    np.testing.assert_allclose(volume.grid.spacing_mm, [4.0, 3.0, 2.0])
    (flag,) = [flag for flag in volume.flags if flag.code == "NM_SINGLEFRAME"]
    assert "InstanceNumber" in flag.detail
    assert "NATIVE_ONLY" in flag_codes(volume)


def test_their_spacing_falls_back_to_the_thickness(tmp_path: Path) -> None:
    save_slices(
        tmp_path, [1, 2, 3, 4, 5], position=None, SpacingBetweenSlices=None, SliceThickness=6.0
    )
    volume = native(tmp_path)
    np.testing.assert_allclose(volume.grid.spacing_mm[0], 6.0)
    assert "NM_SPACING_GUESSED" in flag_codes(volume)


@pytest.mark.parametrize("instances", [[1, 2, 3, 3, 4], [1, 2, None, 4, 5]])
def test_without_positions_and_numbers_the_order_is_unknown(
    tmp_path: Path, instances: list[int | None]
) -> None:
    save_slices(tmp_path, instances, position=None)
    with pytest.raises(GeometryError) as error:
        native(tmp_path)
    assert error.value.code == "NO_POSITION"
    assert "InstanceNumber" in error.value.found


def test_positions_go_before_instance_numbers(tmp_path: Path) -> None:
    save_slices(tmp_path, [30, 10, 20, 50, 40])
    volume = read(tmp_path, "NM")
    np.testing.assert_array_equal(volume.values, letter_f()[::-1])
    np.testing.assert_allclose(volume.grid.spacing_mm[0], 3.5)


def test_a_series_of_which_one_slice_lost_its_position_is_refused(tmp_path: Path) -> None:
    save_slices(tmp_path, [1, 2, 3, 4, 5])
    lost = nm(
        letter_f()[4:],
        position=None,
        SOPInstanceUID="1.2.3.6",
        InstanceNumber=6,
        NumberOfFrames=None,
        SliceVector=None,
    )
    save(lost, tmp_path / "lost.dcm")
    with pytest.raises(GeometryError) as error:
        read(tmp_path, "NM")
    assert error.value.code == "NO_POSITION"


# What kind of object it is, where ImageType does not say it


ODD_TYPES: dict[str, dict[str, object]] = {
    "missing": {"ImageType": None},
    "two values": {"ImageType": ["DERIVED", "SECONDARY"]},
    "vendor's word": {"ImageType": ["DERIVED", "PRIMARY", "VOLUME", "EMISSION"]},
    "pointer only": {"ImageType": None, "SliceVector": None},
}


@pytest.mark.parametrize("changes", ODD_TYPES.values(), ids=ODD_TYPES.keys())
def test_slices_that_are_counted_make_a_reconstruction(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    save(nm(**changes), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_array_equal(volume.values, letter_f())
    assert "NM_TYPE_GUESSED" in flag_codes(volume)


def test_without_type_vector_and_pointer_nothing_says_reconstruction(tmp_path: Path) -> None:
    save(nm(ImageType=None, SliceVector=None, FrameIncrementPointer=None), tmp_path / "a.dcm")
    with pytest.raises(StudyError) as error:
        read(tmp_path, "NM")
    assert error.value.code == "NM_NOT_RECON"


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("TOMO", "projections"),
        ("GATED TOMO", "projections"),
        ("STATIC", "planar"),
        ("WHOLE BODY", "planar"),
        ("DYNAMIC", "planar"),
        ("GATED", "planar"),
    ],
)
def test_what_is_no_reconstruction_is_refused_by_its_kind(
    tmp_path: Path, word: str, kind: str
) -> None:
    """Also with every attribute that a reconstruction has."""
    save(nm(ImageType=["ORIGINAL", "PRIMARY", word, "EMISSION"]), tmp_path / "a.dcm")
    with pytest.raises(StudyError) as error:
        read(tmp_path, "NM")
    assert error.value.code == "NM_NOT_RECON"
    assert kind in error.value.found


def test_detector_vector_says_whose_place_a_volume_has(tmp_path: Path) -> None:
    """Two items in different places are no obstacle where the object says which one it is."""
    data = nm(DetectorVector=[2] * 5, NumberOfDetectors=2)
    second = item(ImagePositionPatient=[40.0, 0.0, 0.0], ImageOrientationPatient=list(AXIAL))
    data.DetectorInformationSequence.append(second)
    save(data, tmp_path / "a.dcm")
    np.testing.assert_allclose(read(tmp_path, "NM").grid.to_mm((0, 0, 0)), [40.0, 0.0, 0.0])
