"""NM reconstructions: every geometry against coordinates computed by hand, values, refusals."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, JPEG2000Lossless

from quant.domain.units import Unit
from quant.errors import GeometryError, QuantError, ReadError, UnitError
from tests.support.dicom_builder import (
    AXIAL,
    changed,
    ge_nm,
    item,
    letter_f,
    nm,
    save,
    save_big_endian,
)
from tests.support.reading import read

S = np.sqrt(0.5)
ORIENTATIONS = {
    "axial": AXIAL,
    "feet first": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "coronal": (1.0, 0.0, 0.0, 0.0, 0.0, -1.0),
    "sagittal": (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
    "oblique": (S, S, 0.0, 0.0, 0.0, -1.0),
    "doubly oblique": (0.8, 0.6, 0.0, -0.36, 0.48, 0.8),
}
POSITION = (-10.0, -20.0, 30.0)


def codes(error: pytest.ExceptionInfo[QuantError]) -> str:
    return error.value.code


def expected_mm(
    frame: int,
    row: int,
    column: int,
    orientation: tuple[float, ...],
    spacing: float,
    vector: list[int],
) -> NDArray[np.float64]:
    """C.8.4.11 and C.8.4.15 written out for one pixel: rows 3 mm, columns 2 mm apart."""
    along, down = np.array(orientation[:3]), np.array(orientation[3:])
    normal = np.array(
        [
            along[1] * down[2] - along[2] * down[1],
            along[2] * down[0] - along[0] * down[2],
            along[0] * down[1] - along[1] * down[0],
        ]
    )
    stack = (vector[frame] - vector[0]) * spacing * normal
    return np.array(POSITION) + column * 2.0 * along + row * 3.0 * down + stack


VECTORS = {
    "1 to N": [1, 2, 3, 4, 5],
    "N to 1": [5, 4, 3, 2, 1],
    "from 0": [0, 1, 2, 3, 4],
    "shuffled": [3, 1, 2, 5, 4],
}


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
@pytest.mark.parametrize("spacing", [4.0, -4.0], ids=["positive", "negative"])
@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_every_voxel_lies_where_the_header_says(
    tmp_path: Path, orientation: tuple[float, ...], spacing: float, vector: list[int]
) -> None:
    """Each stored value is unique, so a value found at its world place proves the whole way."""
    stored = letter_f()
    data = nm(
        stored, orientation=orientation, SpacingBetweenSlices=spacing, SliceVector=list(vector)
    )
    save(data, tmp_path / "a.dcm")

    volume = read(tmp_path, "NM")

    for frame, row, column in [(0, 0, 0), (0, 1, 1), (1, 3, 2), (2, 5, 1), (4, 6, 5), (3, 0, 4)]:
        place = expected_mm(frame, row, column, orientation, spacing, vector)
        index = volume.grid.to_index(place)
        nearest = tuple(int(value) for value in np.rint(index))
        assert np.abs(index - nearest).max() < 1e-6
        assert volume.values[nearest] == stored[frame, row, column]
        np.testing.assert_allclose(volume.grid.to_mm(nearest), place, atol=1e-6)
    assert ("NM_SBS_NEGATIVE" in {flag.code for flag in volume.flags}) == (spacing < 0)
    assert ("NM_VECTOR_ODD" in {flag.code for flag in volume.flags}) == (vector[0] != 1)


def test_frames_are_not_flipped_by_a_negative_spacing(tmp_path: Path) -> None:
    save(nm(SpacingBetweenSlices=-4.0), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_array_equal(volume.values, letter_f())
    np.testing.assert_allclose(volume.grid.affine[:3, 0], [0.0, 0.0, -4.0])


def test_ge_object_with_modality_ot_is_an_nm_volume_that_descends(tmp_path: Path) -> None:
    """After nm_headers: 278.33778 - 63 * 8.83612 = -278.33778."""
    save(ge_nm(), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_allclose(volume.grid.to_mm((63, 0, 0))[2], -278.33778, atol=1e-4)
    assert volume.unit is Unit.RELATIVE
    assert volume.provenance.facts["Radionuclide"] == "I-131"
    assert volume.provenance.facts["EnergyWindowKeV"] == "327.6-400.4"
    assert volume.provenance.facts["CollimatorGridName"] == "LEHR"
    assert volume.provenance.facts["geometry_source"] == "DetectorInformationSequence"


@pytest.mark.parametrize(
    "stored",
    [
        (letter_f() % 251).astype(np.uint8),
        letter_f().astype(np.int16) - 600,
        letter_f().astype(np.uint16),
        letter_f().astype(np.uint32) * 1000,
        letter_f().astype(np.int32) * -1000,
        letter_f().astype(np.float32) / 7,
    ],
    ids=lambda array: str(array.dtype),
)
def test_stored_types_are_read_as_they_are(tmp_path: Path, stored: NDArray[np.generic]) -> None:
    save(nm(stored), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_array_equal(volume.values, stored.astype(np.float32))
    assert volume.values.dtype.isnative
    assert volume.values.flags.c_contiguous


def test_big_endian_pixels_come_out_native(tmp_path: Path) -> None:
    save_big_endian(nm(), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_array_equal(volume.values, letter_f())


@pytest.mark.parametrize("padded", ["with the sign", "with zeros"])
def test_signed_pixels_of_12_bits_keep_their_sign(tmp_path: Path, padded: str) -> None:
    signed = ((letter_f() % 4096).astype(np.int16) - 2048).astype(np.int16)
    packed = signed if padded == "with the sign" else (signed & 0x0FFF).astype(np.int16)
    save(nm(packed, BitsStored=12, HighBit=11), tmp_path / "a.dcm")
    np.testing.assert_array_equal(read(tmp_path, "NM").values, signed)


def test_unsigned_pixels_of_12_bits_are_read_as_they_are(tmp_path: Path) -> None:
    stored = letter_f() % 4096
    save(nm(stored, BitsStored=12, HighBit=11), tmp_path / "a.dcm")
    np.testing.assert_array_equal(read(tmp_path, "NM").values, stored)


BITS: dict[str, tuple[NDArray[np.generic], int, int]] = {
    "values of 13 bits in 12": (letter_f(), 12, 11),
    "bits above the stored ones": ((letter_f() % 4096) | 0x8000, 12, 11),
    "signed values of 13 bits in 12": (letter_f().astype(np.int16) - 2500, 12, 11),
    "more bits than there are": (letter_f(), 32, 31),
    "no bits": (letter_f(), 0, 15),
    "high bit of another place": (letter_f(), 16, 14),
    "high bit at the top": (letter_f() % 4096, 12, 15),
}


@pytest.mark.parametrize(("stored", "bits", "high"), BITS.values(), ids=BITS.keys())
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_values_that_contradict_their_bits_are_refused_not_masked(
    tmp_path: Path, stored: NDArray[np.generic], bits: int, high: int, syntax: str
) -> None:
    save(nm(stored, BitsStored=bits, HighBit=high), tmp_path / "a.dcm", syntax)
    with pytest.raises(ReadError) as error:
        read(tmp_path, "NM")
    assert codes(error) == "BITS_INVALID"


def test_an_intercept_is_applied_and_flagged(tmp_path: Path) -> None:
    save(nm(RescaleSlope="2", RescaleIntercept="-1000"), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_array_equal(volume.values, letter_f() * 2.0 - 1000.0)
    assert "NM_INTERCEPT" in {flag.code for flag in volume.flags}


def test_an_intercept_of_0_is_not_worth_a_flag(tmp_path: Path) -> None:
    save(nm(RescaleSlope="2", RescaleIntercept="0"), tmp_path / "a.dcm")
    assert "NM_INTERCEPT" not in {flag.code for flag in read(tmp_path, "NM").flags}


@pytest.mark.parametrize(
    ("dtype", "bits", "ceiling"),
    [
        (np.uint16, 16, 65535),
        (np.uint16, 16, 32767),
        (np.int16, 16, 32767),
        (np.uint16, 12, 4095),
        (np.int16, 12, 2047),
        (np.uint8, 8, 255),
        (np.int32, 32, 2**31 - 1),
    ],
)
@pytest.mark.parametrize("voxels", [1, 2])
def test_a_stretch_to_full_range_leaves_one_voxel_at_the_ceiling_a_cut_several(
    tmp_path: Path, dtype: type[np.generic], bits: int, ceiling: int, voxels: int
) -> None:
    stored = (letter_f() % 200).astype(dtype)
    for voxel in range(voxels):
        stored[voxel, 2, 2] = ceiling
    save(nm(stored, BitsStored=bits, HighBit=bits - 1), tmp_path / "a.dcm")
    flagged = "VALUES_SATURATED" in {flag.code for flag in read(tmp_path, "NM").flags}
    assert flagged == (voxels == 2)


def test_equal_maxima_below_the_ceiling_are_no_saturation(tmp_path: Path) -> None:
    for index, stored in enumerate((np.full_like(letter_f(), 65534), letter_f() * 0.0 + 65535)):
        save(nm(stored.astype([np.uint16, np.float32][index])), tmp_path / f"{index}" / "a.dcm")
        assert "VALUES_SATURATED" not in {
            flag.code for flag in read(tmp_path / f"{index}", "NM").flags
        }


@pytest.mark.parametrize("value", [2e30, -2e30, 3e38, np.inf, np.nan])
def test_values_beyond_anything_measured_are_refused(tmp_path: Path, value: float) -> None:
    stored = letter_f().astype(np.float32)
    stored[2, 2, 2] = value
    save(nm(stored), tmp_path / "a.dcm")
    with pytest.raises(ReadError) as error:
        read(tmp_path, "NM")
    assert codes(error) == "VALUES_INVALID"


def test_geometry_at_the_top_level_is_used_and_flagged(tmp_path: Path) -> None:
    data = nm(position=None, orientation=None)
    changed(data, ImagePositionPatient=list(POSITION), ImageOrientationPatient=list(AXIAL))
    save(data, tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_allclose(volume.grid.to_mm((0, 0, 0)), POSITION)
    assert "NM_GEOM_TOPLEVEL" in {flag.code for flag in volume.flags}


def test_the_detector_item_goes_before_the_top_level(tmp_path: Path) -> None:
    data = changed(nm(), ImagePositionPatient=[9, 9, 9], ImageOrientationPatient=list(AXIAL))
    save(data, tmp_path / "a.dcm")
    np.testing.assert_allclose(read(tmp_path, "NM").grid.to_mm((0, 0, 0)), POSITION)


def test_missing_spacing_comes_from_the_thickness_with_a_flag(tmp_path: Path) -> None:
    save(nm(SpacingBetweenSlices=None), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_allclose(volume.grid.spacing_mm, [4.0, 3.0, 2.0])
    assert "NM_SPACING_GUESSED" in {flag.code for flag in volume.flags}


def test_missing_spacing_of_a_cubic_isotropic_matrix_is_its_pixel_spacing(tmp_path: Path) -> None:
    stored = letter_f(7, 7, 7)
    save(
        nm(stored, SpacingBetweenSlices=0.0, SliceThickness=None, PixelSpacing=[5.0, 5.0]),
        tmp_path / "a.dcm",
    )
    volume = read(tmp_path, "NM")
    np.testing.assert_allclose(volume.grid.spacing_mm, [5.0, 5.0, 5.0])
    assert "NM_SPACING_GUESSED" in {flag.code for flag in volume.flags}


def test_a_thickness_that_differs_is_noted_and_not_used(tmp_path: Path) -> None:
    save(nm(SliceThickness=8.0), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_allclose(volume.grid.spacing_mm[0], 4.0)
    assert "NM_THICKNESS_DIFF" in {flag.code for flag in volume.flags}


REFUSED: dict[str, tuple[str, dict[str, object]]] = {
    "no slice spacing": (
        "SPACING_MISSING",
        {"SpacingBetweenSlices": None, "SliceThickness": None},
    ),
    "no pixel spacing": ("SPACING_MISSING", {"PixelSpacing": None}),
    "pixel spacing 0": ("SPACING_INVALID", {"PixelSpacing": [0.0, 2.0]}),
    "pixel spacing NaN": ("SPACING_INVALID", {"PixelSpacing": ["NaN", "2"]}),
    "one pixel spacing": ("SPACING_INVALID", {"PixelSpacing": "3"}),
    "slice spacing NaN": ("SPACING_INVALID", {"SpacingBetweenSlices": "NaN"}),
    "no position": ("NO_POSITION", {"position": None}),
    "no orientation": ("NO_POSITION", {"orientation": None}),
    "pixel spacing tiny": ("SPACING_INVALID", {"PixelSpacing": ["1e-300", "1e-300"]}),
    "pixel spacing huge": ("SPACING_INVALID", {"PixelSpacing": ["1001", "1001"]}),
    "slice spacing huge": ("SPACING_INVALID", {"SpacingBetweenSlices": "1e300"}),
    "slice spacing tiny": ("SPACING_INVALID", {"SpacingBetweenSlices": "-0.001"}),
    "thickness huge": (
        "SPACING_INVALID",
        {"SpacingBetweenSlices": None, "SliceThickness": "1e300"},
    ),
    "position far": ("NO_POSITION", {"position": ("0", "0", "-100001")}),
    "position huge": ("NO_POSITION", {"position": ("1e308", "1e308", "1e308")}),
    "orientation huge": ("BAD_IOP", {"orientation": ("1e300", "0", "0", "0", "1e300", "0")}),
    "position NaN": ("NO_POSITION", {"position": ("NaN", "0", "0")}),
    "orientation askew": ("BAD_IOP", {"orientation": (1.0, 0.0, 0.0, 0.1, 1.0, 0.0)}),
    "orientation zero": ("BAD_IOP", {"orientation": (0.0,) * 6}),
    "slice left out": ("CT_GAP", {"SliceVector": [1, 2, 3, 4, 6]}),
    "two windows": ("NM_MULTI", {"EnergyWindowVector": [1, 1, 1, 2, 2]}),
    "two detectors": ("NM_MULTI", {"DetectorVector": [1, 1, 1, 2, 2]}),
    "time slots": ("NM_MULTI", {"TimeSlotVector": [1, 2, 1, 2, 1]}),
    "slices repeated": ("NM_MULTI", {"SliceVector": [1, 2, 3, 1, 2]}),
    "short vector": ("NM_MULTI", {"SliceVector": [1, 2, 3]}),
    "frames and slices": ("NM_MULTI", {"SliceVector": None, "NumberOfSlices": 3}),
    "projections": ("NM_NOT_RECON", {"ImageType": ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]}),
    "gated projections": ("NM_NOT_RECON", {"ImageType": ["ORIGINAL", "PRIMARY", "GATED TOMO"]}),
    "planar": ("NM_NOT_RECON", {"ImageType": ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]}),
    "whole body": ("NM_NOT_RECON", {"ImageType": ["ORIGINAL", "PRIMARY", "WHOLE BODY"]}),
    "slope 0": ("VALUES_INVALID", {"RescaleSlope": "0"}),
    "slope negative": ("VALUES_INVALID", {"RescaleSlope": "-1"}),
    "slope tiny": ("VALUES_INVALID", {"RescaleSlope": "1e-300"}),
    "slope huge": ("VALUES_INVALID", {"RescaleSlope": "1e300"}),
    "slope infinite": ("VALUES_INVALID", {"RescaleSlope": "1e400"}),
    "colour": ("DECODE", {"PhotometricInterpretation": "PALETTE COLOR"}),
    "64 bits": ("DECODE", {"BitsAllocated": 64}),
    "fewer bytes": ("TRUNCATED", {"Rows": 8}),
    "more bytes": ("DECODE", {"Rows": 6}),
    "no rows": ("DECODE", {"Rows": 0}),
}


@pytest.mark.parametrize(("code", "changes"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_a_placed_volume_is_refused_by_name(
    tmp_path: Path, code: str, changes: dict[str, object]
) -> None:
    save(nm(**changes), tmp_path / "a.dcm")
    with pytest.raises((ReadError, GeometryError, UnitError)) as error:
        read(tmp_path, "NM")
    assert codes(error) == code
    assert error.value.found
    assert error.value.needed
    assert error.value.next_step


def test_a_comma_as_decimal_point_counts_as_missing_and_is_named(tmp_path: Path) -> None:
    path = save(nm(SliceThickness=None, SpacingBetweenSlices="4.25"), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes().replace(b"4.25", b"4,25"))
    with pytest.raises(GeometryError) as error:
        read(tmp_path, "NM")
    assert codes(error) == "SPACING_MISSING"


def test_detector_items_that_disagree_about_the_place_are_refused(tmp_path: Path) -> None:
    data = nm()
    other = item(ImagePositionPatient=[0, 0, 0], ImageOrientationPatient=list(AXIAL))
    data.DetectorInformationSequence.append(other)
    save(data, tmp_path / "a.dcm")
    with pytest.raises(ReadError) as error:
        read(tmp_path, "NM")
    assert codes(error) == "NM_MULTI"


def test_a_second_energy_window_that_is_only_listed_does_no_harm(tmp_path: Path) -> None:
    """A scatter-corrected reconstruction may list the scatter window of its acquisition."""
    save(nm(NumberOfEnergyWindows=2, NumberOfDetectors=2), tmp_path / "a.dcm")
    assert read(tmp_path, "NM").grid.shape == (5, 7, 6)


def test_an_odd_image_type_with_a_slice_vector_is_a_reconstruction(tmp_path: Path) -> None:
    save(nm(ImageType=["DERIVED", "SECONDARY"]), tmp_path / "a.dcm")
    assert "NM_TYPE_GUESSED" in {flag.code for flag in read(tmp_path, "NM").flags}


def test_a_missing_frame_of_reference_is_legal(tmp_path: Path) -> None:
    save(nm(FrameOfReferenceUID=None), tmp_path / "a.dcm")
    assert read(tmp_path, "NM").grid.frame_of_reference_uid == ""


@pytest.mark.parametrize("stated", [4, 5, 9])
def test_a_slice_vector_that_contradicts_number_of_slices_is_flagged(
    tmp_path: Path, stated: int
) -> None:
    """Slices may be missing at either end, where the vector shows no gap."""
    save(nm(NumberOfSlices=stated), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    details = {flag.code: flag.detail for flag in volume.flags}
    expected = f"NumberOfSlices {stated}, SliceVector numbers 5" if stated != 5 else ""
    assert details.get("NM_VECTOR_ODD", "") == expected


def test_a_missing_slice_vector_means_frames_as_stored(tmp_path: Path) -> None:
    save(nm(SliceVector=None), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_array_equal(volume.values, letter_f())
    assert "NM_VECTOR_ODD" in {flag.code for flag in volume.flags}


@pytest.mark.parametrize("descending", [False, True])
def test_one_file_a_slice_is_sorted_by_position(tmp_path: Path, *, descending: bool) -> None:
    """File names and instance numbers run against the positions."""
    stored = letter_f()
    for index, frame in enumerate(stored):
        height = 30.0 + (-3.5 if descending else 3.5) * index
        data = nm(
            frame[None],
            position=(-10.0, -20.0, height),
            SOPInstanceUID=f"1.2.3.{index + 1}",
            InstanceNumber=9 - index,
            NumberOfFrames=None,
            SliceVector=None,
            FrameIncrementPointer=None,
        )
        save(data, tmp_path / f"{9 - index}.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_array_equal(volume.values, stored[::-1] if descending else stored)
    np.testing.assert_allclose(volume.grid.affine[:3, 0], [0.0, 0.0, 3.5], atol=1e-9)
    np.testing.assert_allclose(
        volume.grid.to_mm((0, 0, 0)), [-10.0, -20.0, 16.0 if descending else 30.0]
    )
    assert "NM_SINGLEFRAME" in {flag.code for flag in volume.flags}


def test_two_multi_frame_objects_in_one_series_are_two_volumes(tmp_path: Path) -> None:
    from tests.support.reading import only_study

    save(nm(SOPInstanceUID="1.2.3.1"), tmp_path / "a.dcm")
    save(nm(SOPInstanceUID="1.2.3.2", CorrectedImage=["UNIF"]), tmp_path / "b.dcm")
    assert [len(series.files) for series in only_study(tmp_path).series] == [1, 1]


@pytest.mark.parametrize("there", [True, False])
def test_pixels_that_cannot_be_decoded_name_the_package_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, there: bool
) -> None:
    data = nm()
    data.PixelData = encapsulate([b"no JPEG 2000 at all."] * 5)
    data["PixelData"].is_undefined_length = True
    save(data, tmp_path / "a.dcm", JPEG2000Lossless)
    monkeypatch.setattr("quant.dicom.pixels.decoding.find_spec", lambda _: there or None)
    with pytest.raises(ReadError) as error:
        read(tmp_path, "NM")
    assert codes(error) == "DECODE"
    assert ("pip install pylibjpeg-openjpeg" in error.value.next_step) != there
    assert "Error" not in error.value.found
