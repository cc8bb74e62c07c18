"""What the writers write, read back by pydicom, SimpleITK and highdicom."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.uid import UID

from quant.domain.grid import Grid
from quant.errors import GeometryError
from quant.phantom.geometry import FieldOfView, Layout, layout_grid
from quant.phantom.writing.header import Identity, SeriesLabel, WrittenSeries, uid_of
from quant.phantom.writing.nm import NMSettings, nm_dataset, write_nm
from quant.phantom.writing.rtstruct import DrawnRegion, write_rtstruct
from quant.phantom.writing.seg import Segment, write_seg
from quant.phantom.writing.slices import PTSettings, write_ct, write_pt
from tests.support.geometry import AFFINES, grid

IDENTITY = Identity(5, "writers")
LABEL = SeriesLabel("series", "a series", 1)
ORTHOGONAL = sorted(AFFINES)
SMALL = (5, 6, 7)


def _unique(where: Grid) -> NDArray[np.float64]:
    """Return values that differ in every voxel, so no mirror goes unseen."""
    return np.arange(np.prod(where.shape), dtype=np.float64).reshape(where.shape)


def _nm_world(data: pydicom.Dataset) -> NDArray[np.float64]:
    """Affine of an NM object after PS3.3 C.7.6.2 and C.8.4.15, written out by hand."""
    detector = data.DetectorInformationSequence[0]
    row = np.array(detector.ImageOrientationPatient[:3], dtype=float)
    column = np.array(detector.ImageOrientationPatient[3:], dtype=float)
    affine = np.eye(4)
    affine[:3, 0] = np.cross(row, column) * float(data.SpacingBetweenSlices)
    affine[:3, 1] = column * float(data.PixelSpacing[0])
    affine[:3, 2] = row * float(data.PixelSpacing[1])
    affine[:3, 3] = np.array(detector.ImagePositionPatient, dtype=float)
    return affine


@pytest.mark.parametrize("layout", list(Layout))
def test_an_nm_object_gives_back_its_voxels_and_their_places(
    layout: Layout, tmp_path: Path
) -> None:
    where = layout_grid(layout, FieldOfView((11.0, -7.0, 30.0), (20.0, 16.0, 12.0)), 4.0, "1.2")
    values = _unique(where)

    write_nm(tmp_path / "nm.dcm", values, where, IDENTITY, NMSettings(LABEL, scale=3.0))
    data = pydicom.dcmread(tmp_path / "nm.dcm")

    assert np.array_equal(data.pixel_array, values * 3.0)
    assert _nm_world(data) == pytest.approx(where.affine, abs=1e-6)
    assert list(data.SliceVector) == list(range(1, where.shape[0] + 1))


HAND = {
    # origin of voxel (0, 0, 0); steps along slice, row index, column index; sign of the spacing
    Layout.AXIAL: ((-6.0, -8.0, -10.0), (0, 0, 4), (0, 4, 0), (4, 0, 0), 1),
    Layout.HEAD_TO_FEET: ((6.0, -8.0, 10.0), (0, 0, -4), (0, 4, 0), (-4, 0, 0), 1),
    Layout.NEGATIVE_SPACING: ((-6.0, -8.0, 10.0), (0, 0, -4), (0, 4, 0), (4, 0, 0), -1),
    Layout.CORONAL: ((-6.0, -8.0, 10.0), (0, 4, 0), (0, 0, -4), (4, 0, 0), 1),
    Layout.SAGITTAL: ((-6.0, -8.0, 10.0), (4, 0, 0), (0, 0, -4), (0, 4, 0), -1),
}
"""A box of 16 x 20 x 24 mm about the origin in 4 mm voxels, worked out by hand."""


@pytest.mark.parametrize("layout", list(HAND))
def test_each_layout_lies_where_it_was_worked_out_by_hand(layout: Layout) -> None:
    origin, slices, down, along, sign = HAND[layout]
    where = layout_grid(layout, FieldOfView((0.0, 0.0, 0.0), (8.0, 10.0, 12.0)), 4.0, "1.2")

    data = nm_dataset(_unique(where), where, IDENTITY, NMSettings(LABEL))

    detector = data.DetectorInformationSequence[0]
    assert [float(v) for v in detector.ImagePositionPatient] == pytest.approx(origin)
    row, column = np.array(along) / 4.0, np.array(down) / 4.0
    assert [float(v) for v in detector.ImageOrientationPatient] == [*row, *column]
    assert float(data.SpacingBetweenSlices) == 4.0 * sign
    assert np.cross(row, column) * 4.0 * sign == pytest.approx(np.array(slices))
    assert where.to_mm((1, 2, 3)) == pytest.approx(
        np.array(origin) + np.array(slices) + 2 * np.array(down) + 3 * np.array(along)
    )


def test_the_oblique_and_anisotropic_layouts_are_centred_and_as_spaced_as_they_say() -> None:
    view = FieldOfView((5.0, 6.0, 7.0), (20.0, 20.0, 20.0))
    for layout, spacing in ((Layout.OBLIQUE, (4.0,) * 3), (Layout.ANISOTROPIC, (5.2, 4.1, 3.3))):
        where = layout_grid(layout, view, 4.0)

        assert where.spacing_mm == pytest.approx(spacing)
        assert where.is_orthogonal
        assert where.corners_mm().mean(axis=0) == pytest.approx(view.centre_mm)
        assert (np.array(where.shape) * where.spacing_mm >= 40.0 - 1e-9).all()
    assert np.abs(layout_grid(Layout.OBLIQUE, view, 4.0).axes_mm).min() > 0.1


@pytest.mark.parametrize("bad", [-1.0, 65_535.6, float("nan")])
def test_nm_values_that_do_not_fit_are_refused_not_clipped(bad: float) -> None:
    where = grid("axial", SMALL)
    values = np.zeros(SMALL)
    values[2, 3, 4] = bad

    with pytest.raises(ValueError, match="leave 0 to 65535"):
        nm_dataset(values, where, IDENTITY, NMSettings(LABEL))


def test_the_largest_stored_integer_is_kept() -> None:
    where = grid("axial", SMALL)
    values = np.full(SMALL, 65_535.0)

    data = nm_dataset(values, where, IDENTITY, NMSettings(LABEL))

    assert set(np.frombuffer(data.PixelData, "<u2")) == {65_535}


def test_values_that_do_not_fill_the_grid_and_sheared_grids_are_refused(tmp_path: Path) -> None:
    where = grid("axial", SMALL)
    wrong = np.zeros((5, 7, 6))
    sheared = where.affine.copy()
    sheared[1, 0] = 1.0

    with pytest.raises(ValueError, match="do not fill"):
        nm_dataset(wrong, where, IDENTITY, NMSettings(LABEL))
    with pytest.raises(ValueError, match="do not fill"):
        write_ct(tmp_path, wrong, where, IDENTITY, LABEL)
    with pytest.raises(ValueError, match="do not fill"):
        write_pt(tmp_path, wrong, where, IDENTITY, PTSettings(LABEL))
    with pytest.raises(GeometryError, match="BAD_IOP"):
        nm_dataset(np.zeros(SMALL), Grid(SMALL, sheared), IDENTITY, NMSettings(LABEL))
    assert not list(tmp_path.iterdir())


def _itk(series: WrittenSeries) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read a series with SimpleITK: (K, J, I) values and affine of (k, j, i) to LPS."""
    import SimpleITK as sitk  # noqa: N813 - its usual name

    image: Any = sitk.ReadImage([str(path) for path in series.paths])
    direction = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine = np.eye(4)
    affine[:3, :3] = direction[:, ::-1]
    affine[:3, 3] = image.GetOrigin()
    return np.asarray(sitk.GetArrayFromImage(image), dtype=np.float64), affine


def _by_hand(series: WrittenSeries) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read a series with pydicom: (K, J, I) values, and the affine from its first two slices."""
    slices = [pydicom.dcmread(path) for path in series.paths]
    values = [
        one.pixel_array * float(one.RescaleSlope) + float(one.RescaleIntercept) for one in slices
    ]
    first, second = (np.array(one.ImagePositionPatient, dtype=float) for one in slices[:2])
    cosines = np.array(slices[0].ImageOrientationPatient, dtype=float)
    affine = np.eye(4)
    affine[:3, 0] = second - first
    affine[:3, 1] = cosines[3:] * float(slices[0].PixelSpacing[0])
    affine[:3, 2] = cosines[:3] * float(slices[0].PixelSpacing[1])
    affine[:3, 3] = first
    return np.stack(values), affine


@pytest.mark.parametrize("geometry", ORTHOGONAL)
def test_a_ct_series_gives_back_whole_hounsfield_units_and_its_grid(
    geometry: str, tmp_path: Path
) -> None:
    where = grid(geometry, SMALL)
    values = _unique(where) * 17.0 - 1024.0

    series = write_ct(tmp_path, values, where, IDENTITY, LABEL)
    read, affine = _by_hand(series)

    assert np.array_equal(read, values)
    assert affine == pytest.approx(where.affine, abs=1e-6)
    assert series.positions_mm[3] == pytest.approx(where.to_mm((3, 0, 0)))


@pytest.mark.parametrize("geometry", ["axial", "anisotropic", "oblique"])
def test_simpleitk_reads_the_same_ct(geometry: str, tmp_path: Path) -> None:
    where = grid(geometry, SMALL)
    values = np.rint(np.random.default_rng(1).uniform(-1000.0, 2000.0, SMALL))

    read, affine = _itk(write_ct(tmp_path, values, where, IDENTITY, LABEL))

    assert np.array_equal(read, values)
    assert affine == pytest.approx(where.affine, abs=1e-4)


def test_hounsfield_units_out_of_range_are_refused(tmp_path: Path) -> None:
    where = grid("axial", SMALL)
    for bad in (31_744.0, -40_000.0, float("nan")):
        with pytest.raises(ValueError, match="16-bit"):
            write_ct(tmp_path, np.full(SMALL, bad), where, IDENTITY, LABEL)


@pytest.mark.parametrize("geometry", ORTHOGONAL)
def test_a_pet_series_has_a_slope_of_its_own_in_every_slice(geometry: str, tmp_path: Path) -> None:
    where = grid(geometry, SMALL)
    values = np.random.default_rng(2).uniform(0.0, 1.0, SMALL) * 10.0 ** np.arange(5)[:, None, None]
    values[4] = 0.0

    series = write_pt(tmp_path, values, where, IDENTITY, PTSettings(LABEL))
    read, affine = _by_hand(series)
    slopes = [float(pydicom.dcmread(path).RescaleSlope) for path in series.paths]

    assert slopes[:4] == pytest.approx(values.max(axis=(1, 2))[:4] / 32_767.0, rel=1e-9)
    assert slopes[4] == 1.0
    half_step = np.array(slopes)[:, None, None] * 0.5000001
    assert (np.abs(read - values) <= half_step).all()
    assert affine == pytest.approx(where.affine, abs=1e-6)


def test_simpleitk_reads_the_same_pet_slices(tmp_path: Path) -> None:
    """One file at a time: its series reader would lay the first slope on all slices."""
    where = grid("axial", SMALL)
    values = np.random.default_rng(2).uniform(0.0, 1.0, SMALL) * 10.0 ** np.arange(5)[:, None, None]

    series = write_pt(tmp_path, values, where, IDENTITY, PTSettings(LABEL))

    for k, path in enumerate(series.paths):
        alone = WrittenSeries((path,), "", "", (), ())
        read, _ = _itk(alone)
        assert read[0] == pytest.approx(values[k], abs=values[k].max() / 32_767.0)


def test_negative_pet_values_are_refused(tmp_path: Path) -> None:
    values = np.ones(SMALL)
    values[1, 1, 1] = -0.5

    with pytest.raises(ValueError, match="negative"):
        write_pt(tmp_path, values, grid("axial", SMALL), IDENTITY, PTSettings(LABEL))


@pytest.mark.parametrize("geometry", ORTHOGONAL)
def test_highdicom_reads_the_segments_and_their_places(geometry: str, tmp_path: Path) -> None:
    import highdicom

    where = grid(geometry, SMALL)
    random = np.random.default_rng(8)
    masks = [random.uniform(size=SMALL) < share for share in (0.3, 0.7)]
    masks[0][2] = False
    segments = (Segment("liver", masks[0]), Segment("autochthon_left", masks[1]))

    write_seg(tmp_path / "seg.dcm", segments, where, IDENTITY, LABEL)
    read = highdicom.seg.segread(tmp_path / "seg.dcm")

    assert [read.get_segment_description(n).segment_label for n in (1, 2)] == [
        "liver",
        "autochthon_left",
    ]
    assert read.number_of_segments == 2
    assert read.NumberOfFrames == 4 + 5, "the slice without liver has no frame"
    volume = read.get_volume(combine_segments=False)
    assert volume.array.shape == (*SMALL, 2)
    back = np.linalg.inv(where.affine) @ volume.affine
    index = np.argwhere(volume.array[..., 0] > 0)
    ours = np.rint(index @ back[:3, :3].T + back[:3, 3]).astype(int)
    assert {tuple(one) for one in ours} == {tuple(one) for one in np.argwhere(masks[0])}
    assert int(volume.array[..., 1].sum()) == int(masks[1].sum())
    assert np.abs(back[:3, :3]) == pytest.approx(np.eye(3), abs=1e-6)


def test_segments_refer_to_the_images_they_lie_on(tmp_path: Path) -> None:
    where = grid("axial", SMALL)
    series = write_ct(tmp_path / "ct", np.zeros(SMALL), where, IDENTITY, LABEL)
    mask = np.zeros(SMALL, dtype=bool)
    mask[3, 2, 2] = True

    label = SeriesLabel("seg", "organs", 2)
    write_seg(tmp_path / "seg.dcm", (Segment("liver", mask),), where, IDENTITY, label, series)
    data = pydicom.dcmread(tmp_path / "seg.dcm")

    frame = data.PerFrameFunctionalGroupsSequence[0]
    source = frame.DerivationImageSequence[0].SourceImageSequence[0]
    assert source.ReferencedSOPInstanceUID == pydicom.dcmread(series.paths[3]).SOPInstanceUID
    assert data.SeriesInstanceUID != series.series_uid


def test_empty_and_misshapen_segments_are_refused(tmp_path: Path) -> None:
    where = grid("axial", SMALL)
    for mask in (np.zeros(SMALL, dtype=bool), np.ones((5, 7, 6), dtype=bool)):
        with pytest.raises(ValueError, match="segment liver"):
            write_seg(tmp_path / "seg.dcm", (Segment("liver", mask),), where, IDENTITY, LABEL)


def _drawn(z: float) -> NDArray[np.float64]:
    return np.array([[0.0, 0.0, z], [10.12345, 0.0, z], [10.0, -7.25, z], [-0.00001, 6.0, z]])


def test_contours_come_back_to_a_ten_thousandth_of_a_millimetre(tmp_path: Path) -> None:
    where = grid("axial", SMALL)
    series = write_ct(tmp_path / "ct", np.zeros(SMALL), where, IDENTITY, LABEL)
    heights = [float(where.to_mm((2, 0, 0))[2]), 1.234]
    regions = (
        DrawnRegion("first", tuple(_drawn(z) for z in heights)),
        DrawnRegion("empty", ()),
    )

    write_rtstruct(tmp_path / "rt.dcm", regions, IDENTITY, SeriesLabel("rt", "r", 3), series)
    data = pydicom.dcmread(tmp_path / "rt.dcm")

    assert [roi.ROIName for roi in data.StructureSetROISequence] == ["first", "empty"]
    drawn = data.ROIContourSequence[0].ContourSequence
    for contour, z in zip(drawn, heights, strict=True):
        points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
        assert contour.NumberOfContourPoints == len(points) == 4
        assert np.abs(points - _drawn(z)).max() <= 0.5001e-4
        assert "-0.0000" not in str(contour.ContourData)
    assert "ContourSequence" not in data.ROIContourSequence[1]
    on_slice = drawn[0].ContourImageSequence[0].ReferencedSOPInstanceUID
    assert on_slice == pydicom.dcmread(series.paths[2]).SOPInstanceUID
    assert "ContourImageSequence" not in drawn[1], "between slices there is no image to refer to"
    frame = data.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID
    assert frame == IDENTITY.frame_of_reference_uid


def test_a_contour_across_a_coronal_series_refers_to_no_image(tmp_path: Path) -> None:
    """All its images begin at the same height, but none lies in an axial plane."""
    where = grid("coronal", SMALL)
    series = write_ct(tmp_path / "ct", np.zeros(SMALL), where, IDENTITY, LABEL)
    height = float(where.affine[2, 3])

    region = DrawnRegion("axial", (_drawn(height),))
    write_rtstruct(tmp_path / "rt.dcm", (region,), IDENTITY, SeriesLabel("rt", "r", 3), series)

    data = pydicom.dcmread(tmp_path / "rt.dcm")
    assert "ContourImageSequence" not in data.ROIContourSequence[0].ContourSequence[0]


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_uids_are_valid_whatever_the_seed_and_text_fits_its_fields(
    seed: int, tmp_path: Path
) -> None:
    where = grid("axial", SMALL)
    identity = Identity(seed, "a study with a long name")

    write_nm(tmp_path / "nm.dcm", np.ones(SMALL), where, identity, NMSettings(LABEL))
    data = pydicom.dcmread(tmp_path / "nm.dcm")

    for keyword in (
        "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID",
    ):  # fmt: skip
        uid = UID(data[keyword].value)
        assert uid.is_valid, keyword
        assert len(uid) <= 64
    assert len(data.StudyID) <= 16
    assert len(data.PatientID) <= 64


def test_uids_depend_on_seed_name_and_part() -> None:
    uids = {
        uid_of("a"), Identity(1, "a").study_uid, Identity(2, "a").study_uid,
        Identity(1, "b").study_uid, Identity(1, "a").frame_of_reference_uid,
    }  # fmt: skip

    assert len(uids) == 5
    assert all(UID(uid).is_valid and len(uid) <= 64 for uid in uids)
    assert Identity(1, "a").study_uid == Identity(1, "a").study_uid
