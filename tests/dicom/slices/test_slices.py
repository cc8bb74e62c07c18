"""PT and CT series: sorted by position, spacing from positions, one slope a slice."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quant.domain.units import Unit
from quant.errors import StudyError
from tests.support.dicom_builder import AXIAL, CT, PT, changed, letter_f, save_all, slices
from tests.support.reading import read
from tests.support.reference import reference_dir

ORIENTATIONS = {
    "axial": AXIAL,
    "feet first": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "coronal": (1.0, 0.0, 0.0, 0.0, 0.0, -1.0),
    "sagittal": (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
    "oblique": (0.8, 0.6, 0.0, -0.36, 0.48, 0.8),
}


def code_of(folder: Path, modality: str) -> str:
    with pytest.raises(StudyError) as error:
        read(folder, modality)
    assert error.value.found
    assert error.value.next_step
    return error.value.code


@pytest.mark.parametrize("order", [1, -1], ids=["ascending", "descending"])
@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_slices_lie_where_their_positions_say(
    tmp_path: Path, orientation: tuple[float, ...], order: int
) -> None:
    """SpacingBetweenSlices of -9 and SliceThickness of 7 must not count; nor file names."""
    stored = letter_f()
    heights = [2.5 * order * index for index in range(5)]
    save_all(slices(CT, stored, heights, orientation=orientation), tmp_path)

    volume = read(tmp_path, "CT")

    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    normal = np.cross(row, column)
    for k, j, i in [(0, 0, 0), (4, 6, 5), (2, 1, 3)]:
        place = (
            np.array([-10.0, -20.0, 30.0]) + heights[k] * normal + 2.0 * i * row + 3.0 * j * column
        )
        index = volume.grid.to_index(place)
        np.testing.assert_allclose(index, np.rint(index), atol=1e-6)
        assert volume.values[tuple(np.rint(index).astype(int))] == stored[k, j, i]
    np.testing.assert_allclose(volume.grid.spacing_mm, [2.5, 3.0, 2.0], atol=1e-9)


def test_geometry_and_values_agree_with_another_reader(tmp_path: Path) -> None:
    """SimpleITK is right for uniform axial CT; it is the oracle here, in tests only."""
    import SimpleITK

    paths = save_all(slices(CT, RescaleSlope="2", RescaleIntercept="-1024"), tmp_path)
    image: Any = SimpleITK.ReadImage([str(path) for path in paths])

    volume = read(tmp_path, "CT")

    np.testing.assert_allclose(volume.grid.to_mm((0, 0, 0)), image.GetOrigin())
    np.testing.assert_allclose(volume.grid.spacing_mm[::-1], image.GetSpacing())
    np.testing.assert_array_equal(volume.values, SimpleITK.GetArrayFromImage(image))
    assert volume.unit is Unit.HU


def test_every_pet_slice_has_its_own_slope(tmp_path: Path) -> None:
    """A reader that types the volume by the first slice would truncate 60.3 to 60."""
    series = slices(PT)
    slopes = [1.0, 0.3, 0.5, 7.25e-5, 1.1]
    for data, slope in zip(series, slopes, strict=True):
        changed(data, RescaleSlope=str(slope))
    save_all(series, tmp_path)

    volume = read(tmp_path, "PT")

    expected = letter_f().astype(np.float64) * np.array(slopes)[:, None, None]
    np.testing.assert_array_equal(volume.values, expected.astype(np.float32))
    assert volume.provenance.facts["slopes"] == "5"


@pytest.mark.parametrize(("voxels", "one_slope"), [(2, True), (2, False), (3, False)])
def test_pet_cut_at_the_ceiling_is_flagged_and_slices_stretched_to_it_are_not(
    tmp_path: Path, voxels: int, *, one_slope: bool
) -> None:
    """Every slice of an own scaling reaches the ceiling in one voxel, by rounding in two."""
    stored = letter_f().astype(np.int16)
    stored[:, 2, 2] = 32767 if not one_slope else 5
    stored[3, 2, 2] = 5
    stored[1, 2, :voxels] = 32767
    stored[1, 2, 2] = 32767 if voxels > 2 else stored[1, 2, 2]
    if voxels == 2 and not one_slope:
        stored[1, 2, 1] = 5
    series = slices(PT, stored)
    for index, data in enumerate(series):
        changed(data, RescaleSlope="1" if one_slope else str(1 + index))
    save_all(series, tmp_path)
    flagged = "VALUES_SATURATED" in {flag.code for flag in read(tmp_path, "PT").flags}
    assert flagged == (one_slope or voxels == 3)


def test_slices_that_are_all_stretched_to_the_ceiling_are_not_cut(tmp_path: Path) -> None:
    """A noise-free phantom: plateaus at the maximum of every slice."""
    series = slices(PT, np.full_like(letter_f(), 32767))
    for index, data in enumerate(series):
        changed(data, RescaleSlope=str(1 + index))
    save_all(series, tmp_path)
    assert "VALUES_SATURATED" not in {flag.code for flag in read(tmp_path, "PT").flags}


def test_a_ct_may_be_clipped(tmp_path: Path) -> None:
    save_all(slices(CT, np.full_like(letter_f(), 4095), BitsStored=12, HighBit=11), tmp_path)
    assert read(tmp_path, "CT").flags == ()


def test_slices_a_kilometre_apart_are_refused(tmp_path: Path) -> None:
    save_all(slices(CT, None, [0, 1001, 2002, 3003, 4004]), tmp_path)
    assert code_of(tmp_path, "CT") == "SPACING_INVALID"


def test_monochrome1_is_no_reason_to_invert_values(tmp_path: Path) -> None:
    save_all(slices(PT, PhotometricInterpretation="MONOCHROME1"), tmp_path)
    np.testing.assert_array_equal(read(tmp_path, "PT").values, letter_f())


def test_rounded_positions_are_even_enough(tmp_path: Path) -> None:
    # a spacing of 3.27 mm, printed to a tenth of a millimetre
    save_all(slices(CT, None, [0.0, 3.3, 6.5, 9.8, 13.1]), tmp_path)
    np.testing.assert_allclose(read(tmp_path, "CT").grid.spacing_mm[0], 13.1 / 4)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ImagePositionPatient": None}, "NO_POSITION"),
        ({"PixelSpacing": None}, "SPACING_MISSING"),
        ({"RescaleSlope": "0"}, "VALUES_INVALID"),
        ({"RescaleSlope": None}, "SERIES_MIXED"),
    ],
    ids=str,
)
def test_one_odd_slice_costs_the_series(
    tmp_path: Path, changes: dict[str, object], code: str
) -> None:
    series = slices(CT)
    changed(series[3], **changes)
    save_all(series, tmp_path)
    assert code_of(tmp_path, "CT") == code


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    save_all(slices(CT, letter_f() + np.uint16(60000), RescaleSlope="1e35"), tmp_path)
    assert code_of(tmp_path, "CT") == "VALUES_INVALID"


# Real files


@pytest.mark.reference
@pytest.mark.parametrize("patient", ["STS_001", "STS_002", "STS_003"])
def test_pet_with_a_slope_a_slice_equals_its_nifti(patient: str) -> None:
    """NIfTI of the same data by the data set's authors; RAS there, LPS here."""
    import nibabel

    folder = reference_dir("ibsi_validation") / patient
    image: Any = nibabel.load(folder / "PET_image.nii.gz")
    expected = np.asarray(image.dataobj, dtype=np.float64)

    volume = read(folder / "dicom" / "image", "PT")

    assert volume.unit is Unit.SUV_BW
    assert int(volume.provenance.facts["slopes"]) == volume.grid.shape[0]
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.grid.affine
    to_other = np.linalg.inv(image.affine) @ ras
    corner = to_other @ np.array([0.0, 0.0, 0.0, 1.0])
    far = to_other @ np.array([*(np.array(volume.grid.shape) - 1.0), 1.0])
    low, high = np.rint(np.minimum(corner, far)[:3]), np.rint(np.maximum(corner, far)[:3])
    np.testing.assert_allclose(low, 0.0, atol=1e-3)
    np.testing.assert_allclose(high, np.array(expected.shape) - 1, atol=1e-3)
    signs = [1 if to_other[axis, 2 - axis] > 0 else -1 for axis in range(3)]
    aligned = expected[:: signs[0], :: signs[1], :: signs[2]].transpose(2, 1, 0)
    np.testing.assert_allclose(volume.values, aligned, rtol=1e-6, atol=1e-6)


@pytest.mark.reference
def test_nema_phantom_in_monochrome1_has_hot_spheres() -> None:
    """The README says about 10 : 1; inverted values would make the spheres cold.

    The background is taken half-way between the 10 mm and the 13 mm sphere.
    """
    import csv

    folder = reference_dir("nema_iec_pet")
    volume = read(folder, "PT")
    assert volume.unit is Unit.RELATIVE
    assert "PET_UNIT_UNKNOWN" in {flag.code for flag in volume.flags}
    with (folder / "spheres.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    centres = np.array([[float(row[f"centre_{axis}_lps_mm"]) for axis in "xyz"] for row in rows])
    index = np.rint(volume.grid.to_index(centres)).astype(int)
    hot = volume.values[tuple(index.T)]
    middle = np.rint(volume.grid.to_index((centres[0] + centres[1]) / 2)).astype(int)
    k, j, i = (slice(value - 1, value + 2) for value in middle)
    background = float(volume.values[k, j, i].mean())
    assert background > 0.0
    assert hot[-1] / background == pytest.approx(10.0, rel=0.3)
    assert hot.min() > 2.0 * background


@pytest.mark.reference
def test_spect_exported_as_pt_keeps_its_maximum(tmp_path: Path) -> None:
    """Maximum of lesion 2 as the reference README measured it: 2281200 Bq/ml, slope 100."""
    import tarfile

    with tarfile.open(reference_dir("lu177_spect_pt") / "SCAN_001.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    volume = read(tmp_path, "PT")
    assert volume.unit is Unit.BQ_PER_ML
    assert volume.grid.shape == (199, 256, 256)
    assert float(volume.values.max()) == 2281200.0
    np.testing.assert_allclose(volume.grid.to_mm((0, 0, 0))[2], 1156.93)
    np.testing.assert_allclose(volume.grid.to_mm((198, 0, 0))[2], 1543.65, atol=0.005)
    assert volume.provenance.facts["Radionuclide"] == "Lu-177"


@pytest.mark.reference
def test_jpeg_2000_ct_with_blanked_uids_is_read_at_2_mm() -> None:
    """SliceThickness says 3; the label map of the same CT, made by others, says 2 mm."""
    import nibabel

    pytest.importorskip("openjpeg")
    folder = reference_dir("totalsegmentator")
    volume = read(folder / "example_ct_dicom", "CT")
    label: Any = nibabel.load(folder / "example_seg_dicom.nii.gz")
    np.testing.assert_allclose(volume.grid.spacing_mm, [2.0, 0.9765625, 0.9765625])
    np.testing.assert_allclose(volume.grid.spacing_mm[::-1], label.header.get_zooms(), rtol=1e-6)
    liver = np.asarray(label.dataobj)
    assert volume.grid.shape == liver.shape[::-1]
    assert volume.unit is Unit.HU
    assert volume.values.min() == -1024.0


def test_slices_without_a_place_are_counted(tmp_path: Path) -> None:
    files = slices(CT)
    del files[1].ImagePositionPatient
    save_all(files, tmp_path)

    with pytest.raises(StudyError) as error:
        read(tmp_path, "CT")

    assert error.value.code == "NO_POSITION"
    assert error.value.found.startswith(f"1 of {len(files)} slices without usable ")
