"""Regions that other people drew, with counts that other people published."""

import tarfile
from collections.abc import Iterable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from quant.dicom.regions.rtstruct import read_rtstruct
from quant.domain.grid import Grid
from quant.domain.region import RasterRule
from quant.domain.shapes import ContourShape
from quant.images.labels import read_label_file
from quant.regions.rasterise import rasterise
from tests.support.reference import reference_dir

DATA = Path(__file__).parents[1] / "data"


def image_grid(files: Iterable[Path]) -> Grid:
    """Grid of an evenly spaced axial series, from its headers."""
    slices = [pydicom.dcmread(path, stop_before_pixels=True) for path in files]
    slices.sort(key=lambda item: float(item.ImagePositionPatient[2]))
    places = np.array([item.ImagePositionPatient for item in slices], dtype=np.float64)
    first = slices[0]
    cosines = np.array(first.ImageOrientationPatient, dtype=np.float64)
    affine = np.eye(4)
    affine[:3, 0] = (places[-1] - places[0]) / (len(places) - 1)
    affine[:3, 1] = cosines[3:] * float(first.PixelSpacing[0])
    affine[:3, 2] = cosines[:3] * float(first.PixelSpacing[1])
    affine[:3, 3] = places[0]
    shape = (len(slices), int(first.Rows), int(first.Columns))
    return Grid(shape, affine, str(first.FrameOfReferenceUID))


def nifti_mask(path: Path) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Mask (K, J, I) and LPS affine, by nibabel and nothing of ours."""
    image = nibabel.load(path)
    assert isinstance(image, nibabel.Nifti1Image)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.asarray(image.affine)
    return np.asarray(image.dataobj).T > 0, affine[:, [2, 1, 0, 3]]


@pytest.mark.parametrize(("patient", "voxels"), [("001", 5095), ("002", 555), ("003", 817)])
def test_pet_sarcomas_by_centres_equal_the_published_masks(patient: str, voxels: int) -> None:
    """IBSI validation: the RTSTRUCT by the centre rule is the NIfTI mask, voxel for voxel."""
    folder = DATA / "ibsi_validation" / f"STS_{patient}"
    if not (folder / "dicom" / "mask" / "RS.dcm").is_file():
        folder = reference_dir("ibsi_validation") / f"STS_{patient}"
    on = image_grid((folder / "dicom" / "image").iterdir())
    (drawn,) = read_rtstruct(folder / "dicom" / "mask" / "RS.dcm")
    mask, _ = nifti_mask(folder / "PET_mask.nii.gz")
    (labels,) = read_label_file(folder / "PET_mask.nii.gz")

    region, flags = rasterise(drawn, on, RasterRule.CENTRE)
    from_labels, _ = rasterise(labels, on, RasterRule.FRACTIONAL)

    assert region.voxels == voxels
    assert flags == ()
    np.testing.assert_array_equal(region.full_weights(), mask)
    # the same mask by its own affine, which NIfTI keeps in single precision
    np.testing.assert_allclose(from_labels.full_weights(), mask, atol=1e-4)


@pytest.mark.reference
def test_the_ct_phantom_by_centres_equals_its_published_mask() -> None:
    """IBSI 1 CT phantom: 125256 voxels, none of them elsewhere."""
    folder = reference_dir("ibsi") / "ct_phantom"
    mask, affine = nifti_mask(folder / "mask.nii.gz")
    (drawn,) = read_rtstruct(folder / "dicom" / "mask" / "DCM_RS_00060.dcm")
    shape = (mask.shape[0], mask.shape[1], mask.shape[2])
    on = Grid(shape, affine, drawn.frame_of_reference_uid)

    region, flags = rasterise(drawn, on, RasterRule.CENTRE)

    assert region.voxels == 125256
    assert flags == ()
    np.testing.assert_array_equal(region.full_weights(), mask)


def shoelace_ml(shape: ContourShape, spacing_mm: float) -> float:
    """Volume of axial contours that do not overlap, by the shoelace formula."""
    area = 0.0
    for contour in shape.contours_mm:
        x, y = contour[:, 0], contour[:, 1]
        area += abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))) / 2
    return area * spacing_mm / 1000


@pytest.mark.reference
def test_the_lesions_of_a_lutetium_spect_have_their_volumes(tmp_path: Path) -> None:
    """106.98 and 2.86 ml were counted in voxels (14359, 384), so the centre rule gives them.

    By the fractional rule the volume is that of the contours themselves: 106.94 and 2.80 ml.
    """
    with tarfile.open(reference_dir("lu177_spect_pt") / "SCAN_001.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    on = image_grid((tmp_path / "SCAN_001" / "image").iterdir())
    large, small = read_rtstruct(next((tmp_path / "SCAN_001" / "mask").iterdir()))

    for shape, counted_ml, voxels in ((large, 106.98, 14359), (small, 2.86, 384)):
        by_centre, flags = rasterise(shape, on, RasterRule.CENTRE)
        fractional, _ = rasterise(shape, on, RasterRule.FRACTIONAL)

        assert flags == ()
        assert by_centre.volume_ml == pytest.approx(counted_ml, rel=0.001)
        assert by_centre.voxels == pytest.approx(voxels, rel=0.0005)
        drawn_ml = shoelace_ml(shape, float(on.spacing_mm[0]))
        assert fractional.volume_ml == pytest.approx(drawn_ml, rel=1e-3)
        assert fractional.clipped_fraction == 0.0
