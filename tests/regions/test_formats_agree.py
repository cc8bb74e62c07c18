"""One region in every format: the same voxels, on its own grid and on any other.

Files that other programs wrote (dcmqi, 3D Slicer), and the same labels written here by highdicom,
nibabel, SimpleITK and pynrrd.
"""

from pathlib import Path
from typing import Any

import highdicom
import nibabel
import nrrd
import numpy as np
import pydicom
import pytest
import SimpleITK
from numpy.typing import NDArray
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from quant.dicom.regions.rtstruct import read_rtstruct
from quant.dicom.regions.segmentation import read_segmentation
from quant.domain.grid import Grid
from quant.domain.region import RasterRule
from quant.domain.shapes import LabelShape, Shape
from quant.images.labels import read_label_file
from quant.regions.rasterise import rasterise
from tests.support.dicom_builder import CT, save_all, slices
from tests.support.rt_builder import Roi, structure_set

DATA = Path(__file__).parents[1] / "data"
DCMQI, SLICER = DATA / "dicom_seg", DATA / "slicer_seg_nrrd"

# their calls carry no types
sitk: Any = SimpleITK
new_nifti: Any = nibabel.Nifti1Image

Labels = NDArray[np.uint8]


def parts(path: Path) -> list[LabelShape]:
    if path.suffix == ".dcm":
        return list(read_segmentation(path))
    return list(read_label_file(path))


def judged(path: Path) -> tuple[NDArray[Any], Grid]:
    """Labels (K, J, I) and grid of a file as SimpleITK places them."""
    image = sitk.ReadImage(str(path))
    labels = sitk.GetArrayFromImage(image)
    affine = np.eye(4)
    directions = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, :3], affine[:3, 3] = directions[:, ::-1], image.GetOrigin()
    return labels, Grid((labels.shape[0], labels.shape[1], labels.shape[2]), affine)


def weights(shape: Shape, on: Grid) -> NDArray[np.float32]:
    return rasterise(shape, on, RasterRule.FRACTIONAL)[0].full_weights()


def camera(on: Grid) -> Grid:
    """Return a SPECT grid of 4.42 mm, a little askew in place, about another grid."""
    middle = on.to_mm((np.array(on.shape) - 1) / 2.0)
    reach = np.ptp(on.corners_mm(), axis=0)[::-1]
    count = np.ceil(reach / 4.42).astype(int) + 2
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = 4.42
    affine[:3, 3] = middle + np.array([0.7, -1.3, 0.4]) - 4.42 * ((count - 1) / 2.0)[::-1]
    affine[3, 3] = 1.0
    return Grid((int(count[0]), int(count[1]), int(count[2])), affine)


TWINS = {
    "liver": [("liver.dcm", 0), ("liver_seg.nrrd", 0), ("liver_spine_seg.nrrd", 0),
              ("liver_spine_gapped_seg.nrrd", 0)],
    "spine": [("spine_seg.nrrd", 0), ("spine_seg_label5.nrrd", 0), ("liver_spine_seg.nrrd", 1),
              ("liver_spine_gapped_seg.nrrd", 1)],
    "heart": [("heart_seg.nrrd", 0)],
    "green": [("partial_overlaps.dcm", 0), ("partial_overlaps-1.nrrd", 0)],
    "orange": [("partial_overlaps.dcm", 1), ("partial_overlaps-2.nrrd", 0)],
    "purple": [("partial_overlaps.dcm", 2), ("partial_overlaps-3.nrrd", 0)],
    "light blue": [("partial_overlaps.dcm", 3), ("partial_overlaps-1.nrrd", 1)],
    "dark blue": [("partial_overlaps.dcm", 4), ("partial_overlaps-1.nrrd", 2)],
    "24 columns": [("label_24.dcm", 0), ("label_24.nrrd", 0)],
    "23 columns": [("label_23.dcm", 0), ("label_23.nrrd", 0)],
    "sparse": [("sparse-labelmap-noppv.dcm", 0), ("sparse_labelmap_noppv_seg.nrrd", 0)],
    "padded": [("sparse-labelmap-ppv5.dcm", 0), ("sparse_labelmap_ppv5_seg.nrrd", 0)],
}  # fmt: skip
"""Region: files that hold it, and which of their labels it is."""

VOXELS = {
    "liver": 107098, "spine": 12439, "heart": 41449, "green": 9602, "orange": 11888,
    "purple": 117 + 117 + 10509, "light blue": 6693, "dark blue": 4713, "24 columns": 315,
    "23 columns": 322, "sparse": 630, "padded": 630,
}  # fmt: skip
"""As the reference set states them."""


@pytest.mark.parametrize("region", TWINS)
def test_a_region_of_dcmqi_is_the_same_in_each_of_its_files(region: str) -> None:
    """On the CT's grid voxel for voxel, on a camera's weight for weight; SimpleITK is the judge."""
    nrrd_name, number = next(row for row in TWINS[region][::-1] if row[0].endswith("nrrd"))
    labels, on = judged(DCMQI / nrrd_name)
    value = np.unique(labels[labels > 0])[number]
    expected = labels == value
    coarse = camera(on)
    truth = weights(LabelShape("truth", on, expected.astype(np.uint8)), coarse)

    assert int(expected.sum()) == VOXELS[region]
    for name, which in TWINS[region]:
        shape = parts(DCMQI / name)[which]
        np.testing.assert_allclose(weights(shape, on), expected, atol=2e-4, err_msg=name)
        assert int(np.count_nonzero(weights(shape, on) >= 0.5)) == VOXELS[region]
        np.testing.assert_allclose(weights(shape, coarse), truth, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("name", ["Segmentation", "SegmentationOverlapping"])
def test_every_slicer_segment_is_the_same_as_nifti_mha_and_nrrd(tmp_path: Path, name: str) -> None:
    """All 15 segments, both layers; nibabel, SimpleITK and pynrrd write what SimpleITK reads."""
    path = SLICER / f"{name}.seg.nrrd"
    segments = read_label_file(path)
    image = sitk.ReadImage(str(path))
    layers = [sitk.VectorIndexSelectionCast(image, n)
              for n in range(image.GetNumberOfComponentsPerPixel())] \
        if image.GetNumberOfComponentsPerPixel() > 1 else [image]  # fmt: skip
    found = 0
    for layer in layers:
        sitk.WriteImage(layer, str(tmp_path / "a.mha"), useCompression=True)
        sitk.WriteImage(layer, str(tmp_path / "a.nii.gz"))
        sitk.WriteImage(layer, str(tmp_path / "a.nrrd"))
        _, on = judged(tmp_path / "a.mha")
        rows = [read_label_file(tmp_path / f"a{end}") for end in (".mha", ".nii.gz", ".nrrd")]
        for same in zip(*rows, strict=True):
            one = weights(segments[found], on)
            assert set(np.unique(one)) == {0.0, 1.0}
            for shape in same:
                np.testing.assert_allclose(weights(shape, on), one, atol=1e-4)
            found += 1

    assert found == len(segments)


SHAPE = (6, 20, 14)


def some_labels() -> Labels:
    """(K, J, I): two ragged regions, one of a single voxel, one in two places."""
    rng = np.random.default_rng(3)
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[1:5, 3:15, 2:9] = rng.random((4, 12, 7)) > 0.4
    labels[2:6, 4:18, 9:13] = 2 * (rng.random((4, 14, 4)) > 0.5)
    labels[0, 19, 13] = 3
    labels[0, 0, 0] = labels[5, 19, 0] = 4
    return labels


def segment(number: int) -> highdicom.seg.SegmentDescription:
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=f"part {number}",
        segmented_property_category=codes.SCT.Organ,
        segmented_property_type=codes.SCT.Liver,
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
    )


def write_seg(path: Path, sources: list[pydicom.Dataset], labels: Labels, kind: str) -> None:
    """Write labels as a DICOM Segmentation, with highdicom."""
    options: dict[str, Any] = {}
    pixels: NDArray[Any] = labels
    if kind == "FRACTIONAL":
        pixels = np.stack([labels == n for n in range(1, 5)], axis=-1).astype(np.float32)
        options = {"fractional_type": "OCCUPANCY", "max_fractional_value": 250}
    highdicom.seg.Segmentation(
        source_images=sources,
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=[segment(number) for number in range(1, 5)],
        series_instance_uid=generate_uid(entropy_srcs=[kind]),
        series_number=9,
        sop_instance_uid=generate_uid(entropy_srcs=[kind, "sop"]),
        instance_number=1,
        manufacturer="tests",
        manufacturer_model_name="tests",
        software_versions="1",
        device_serial_number="1",
        **options,
    ).save_as(path)


def outlines(labels: Labels, on: Grid, value: int) -> list[NDArray[np.float64]]:
    """Draw a label as rectangles along voxel edges, one for each run of voxels in a row."""
    contours = []
    for k, j in np.argwhere((labels == value).any(axis=2)):
        row = np.concatenate([[False], labels[k, j] == value, [False]])
        starts, ends = np.flatnonzero(~row[:-1] & row[1:]), np.flatnonzero(row[:-1] & ~row[1:])
        for start, end in zip(starts - 0.5, ends - 0.5, strict=True):
            corners = [[k, j - 0.5, start], [k, j - 0.5, end], [k, j + 0.5, end],
                       [k, j + 0.5, start]]  # fmt: skip
            contours.append(on.to_mm(corners))
    return contours


@pytest.mark.parametrize("turn", ["axial", "coronal", "oblique"])
def test_one_region_is_the_same_in_nine_formats(tmp_path: Path, turn: str) -> None:
    """Non-square pixels of 3 x 2 mm, slices 2.5 mm apart; FRACTIONAL and contours included."""
    turns = {
        "axial": (1.0, 0, 0, 0, 1.0, 0),
        "coronal": (1.0, 0, 0, 0, 0, -1.0),
        "oblique": (0.8, 0.6, 0, -0.48, 0.64, 0.6),
    }
    labels = some_labels()
    sources = slices(CT, np.zeros(SHAPE, np.int16), orientation=turns[turn], PatientSex="O",
                     PatientBirthDate="", StudyID="1", StudyDate="20200101", StudyTime="120000",
                     AccessionNumber="", ReferringPhysicianName="", FrameOfReferenceUID="1.2.3",
                     PositionReferenceIndicator="", PatientName="Nobody^")  # fmt: skip
    save_all(sources, tmp_path / "ct")
    cosines = np.array(turns[turn])
    affine = np.eye(4)
    affine[:3, :3] = np.stack(
        [2.5 * np.cross(cosines[:3], cosines[3:]), 3.0 * cosines[3:], 2.0 * cosines[:3]], axis=1
    )
    affine[:3, 3] = (-10.0, -20.0, 30.0)
    on = Grid(SHAPE, affine, "1.2.3")
    coarse = camera(on)
    files = write_all(tmp_path, sources, labels, on)
    truth = [weights(LabelShape("t", on, (labels == n).astype(np.uint8)), coarse)
             for n in range(1, 5)]  # fmt: skip

    for path in files:
        shapes: list[Any] = list(read_rtstruct(path)) if path.stem == "rt" else parts(path)
        assert len(shapes) == 4, path.name
        for value, shape in enumerate(shapes, start=1):
            own, there = weights(shape, on), weights(shape, coarse)
            np.testing.assert_allclose(own, labels == value, atol=2e-4, err_msg=path.name)
            volume = float(there.sum(dtype=np.float64))
            assert volume == pytest.approx(float(truth[value - 1].sum()), rel=1e-5), path.name
            if turn == "axial":
                np.testing.assert_allclose(there, truth[value - 1], atol=2e-4, err_msg=path.name)


def write_all(folder: Path, sources: list[pydicom.Dataset], labels: Labels, on: Grid) -> list[Path]:
    """Write the labels in every format; each file has four regions in ascending order."""
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing([float(v) for v in on.spacing_mm[::-1]])
    image.SetOrigin([float(v) for v in on.affine[:3, 3]])
    image.SetDirection((on.axes_mm / on.spacing_mm)[:, ::-1].ravel().tolist())
    files = [folder / name for name in ("a.mha", "a.nrrd", "b.nii", "c.nii.gz", "d.seg.nrrd")]
    sitk.WriteImage(image, str(files[0]))
    sitk.WriteImage(image, str(files[1]), useCompression=True)
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ on.affine[:, [2, 1, 0, 3]]
    floating = new_nifti(labels.T.astype(np.float32), ras)
    nibabel.save(floating, files[2])
    mirrored = new_nifti(labels.T[::-1], ras @ np.array(
        [[-1.0, 0, 0, SHAPE[2] - 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))  # fmt: skip
    mirrored.set_qform(mirrored.affine, 1)
    mirrored.set_sform(None, 0)
    nibabel.save(mirrored, files[3])
    # two layers, the same value in both: layer 0 has parts 1 and 2, layer 1 parts 3 and 4
    layers = np.stack([np.where(labels <= 2, labels, 0), np.where(labels > 2, labels - 2, 0)])
    header: dict[str, Any] = {
        "space": "right-anterior-superior",
        "kinds": ["list", "domain", "domain", "domain"],
        "space directions": np.vstack([np.full(3, np.nan), ras[:3, :3].T]),
        "space origin": ras[:3, 3],
    }
    for number in range(4):
        header |= {f"Segment{number}_Name": f"part {number + 1}",
                   f"Segment{number}_ID": f"{number}", f"Segment{number}_Layer": f"{number // 2}",
                   f"Segment{number}_LabelValue": f"{number % 2 + 1}"}  # fmt: skip
    nrrd.write(str(files[4]), layers.transpose(0, 3, 2, 1).astype(np.uint8), header)
    for kind in ("BINARY", "LABELMAP", "FRACTIONAL"):
        files.append(folder / f"{kind}.dcm")
        write_seg(files[-1], sources, labels, kind)
    rois = [Roi(f"part {n}", outlines(labels, on, n)) for n in range(1, 5)]
    drawn = structure_set(rois)
    for contour in (one for roi in drawn.ROIContourSequence for one in roi.ContourSequence):
        contour.ContourSlabThickness = "2.5"
    files.append(folder / "rt.dcm")
    drawn.save_as(files[-1], enforce_file_format=True)
    return files
