"""Label files against nibabel, pynrrd and SimpleITK, and files that are not sound."""

import csv
import gzip
import json
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import nibabel
import nrrd
import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.shapes import LabelShape
from quant.errors import ReadError
from quant.images.labels import read_label_file
from quant.images.names import label_names
from quant.images.refusal import require_size

ROOT = Path(__file__).parents[2]
SLICER = ROOT / "tests" / "data" / "slicer_seg_nrrd"
DCMQI = ROOT / "tests" / "data" / "dicom_seg"
TORSO = ROOT / "quant" / "phantom" / "data" / "example_seg_fast_force_split.nii.gz"

# SimpleITK's and nibabel's calls carry no types
sitk: Any = SimpleITK
new_nifti: Any = nibabel.Nifti1Image

DIRECTIONS = {
    "identity": np.eye(3),
    "feet_up": np.diag([1.0, 1.0, -1.0]),
    "mirrored": np.diag([-1.0, 1.0, 1.0]),
    "sagittal": np.array([[0, 0, 1.0], [1, 0, 0], [0, -1, 0]]),
    "oblique": np.array([[0.8, 0.6, 0], [-0.48, 0.64, 0.6], [0.36, -0.48, 0.8]]),
}
SPACING = (1.5, 2.25, 4.0)
ORIGIN = (-31.5, 12.25, 70.0)


def some_labels() -> NDArray[np.uint8]:
    """(K, J, I) labels 0, 1, 2 and 5 that touch no symmetric place."""
    labels = np.zeros((7, 9, 11), dtype=np.uint8)
    labels[1:4, 2:8, 3:10] = 1
    labels[2, 3, 4:6] = 2
    labels[6, 8, 10] = 5
    return labels


def itk_image(labels: NDArray[Any], direction: str) -> Any:  # noqa: ANN401
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing(SPACING)
    image.SetOrigin(ORIGIN)
    image.SetDirection(DIRECTIONS[direction].ravel().tolist())
    return image


def itk_points(image: Any, labels: NDArray[Any], value: int) -> NDArray[np.float64]:  # noqa: ANN401
    """LPS points of all voxels of a label, as SimpleITK places them."""
    return np.array(
        [
            image.TransformIndexToPhysicalPoint((int(i), int(j), int(k)))
            for k, j, i in np.argwhere(labels == value)
        ]
    )


def points(shape: LabelShape) -> NDArray[np.float64]:
    """LPS points of all voxels of a shape."""
    return shape.grid.to_mm(np.argwhere(shape.weights))


def assert_same_points(one: NDArray[np.float64], other: NDArray[np.float64]) -> None:
    first, second = (p[np.lexsort(np.round(p, 3).T)] for p in (one, other))
    np.testing.assert_allclose(first, second, atol=1e-4)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_every_format_lands_where_simpleitk_puts_it(
    tmp_path: Path, ending: str, direction: str
) -> None:
    labels = some_labels()
    image = itk_image(labels, direction)
    path = tmp_path / f"organs{ending}"
    sitk.WriteImage(image, str(path))

    shapes = read_label_file(path)

    assert [shape.name for shape in shapes] == ["organs:1", "organs:2", "organs:5"]
    for shape, value in zip(shapes, (1, 2, 5), strict=True):
        assert shape.weights.dtype == np.uint8
        assert shape.frame_of_reference_uid == ""
        assert_same_points(points(shape), itk_points(image, labels, value))
    source = {".nrrd": "NRRD", ".mha": "MHA"}.get(ending, "NIfTI")
    assert {shape.source for shape in shapes} == {source}


def test_shapes_are_cropped_to_their_box(tmp_path: Path) -> None:
    sitk.WriteImage(itk_image(some_labels(), "identity"), str(tmp_path / "a.nrrd"))

    first, second, third = read_label_file(tmp_path / "a.nrrd")

    assert first.weights.shape == first.grid.shape == (3, 6, 7)
    assert second.weights.shape == (1, 1, 2)
    assert third.weights.shape == (1, 1, 1)
    assert third.weights.all()


@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd", ".mha"])
@pytest.mark.parametrize("value", [1, 255])
def test_a_mask_is_named_by_its_file(tmp_path: Path, ending: str, value: int) -> None:
    mask = (some_labels() == 1).astype(np.uint8) * value
    sitk.WriteImage(itk_image(mask, "identity"), str(tmp_path / f"GTV.v2{ending}"))

    (shape,) = read_label_file(tmp_path / f"GTV.v2{ending}")

    assert shape.name == "GTV.v2"
    assert int(shape.weights.sum()) == int((mask > 0).sum())


@pytest.mark.parametrize("value", [1.0000001, 0.9995, 1.0005])
@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd", ".mha"])
def test_labels_that_are_almost_whole_are_rounded(
    tmp_path: Path, ending: str, value: float
) -> None:
    values = (some_labels() == 1) * value
    sitk.WriteImage(itk_image(values, "identity"), str(tmp_path / f"liver{ending}"))

    (shape,) = read_label_file(tmp_path / f"liver{ending}")

    assert shape.flags == ()
    assert shape.weights.dtype == np.uint8
    assert int(shape.weights.sum()) == int((values > 0).sum())


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("ending", [".nii", ".nrrd", ".mha"])
@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "int64", "float32", "float64"])
def test_packed_and_plain_files_of_simpleitk_read_the_same(
    tmp_path: Path, dtype: str, ending: str, *, packed: bool
) -> None:
    ending = ".nii.gz" if packed and ending == ".nii" else ending
    image = itk_image(some_labels().astype(dtype), "oblique")
    sitk.WriteImage(image, str(tmp_path / f"a{ending}"), packed)

    shapes = read_label_file(tmp_path / f"a{ending}")

    for shape, value in zip(shapes, (1, 2, 5), strict=True):
        assert_same_points(points(shape), itk_points(image, some_labels(), value))


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "int32", "float32", "float64"])
def test_any_number_type_of_whole_labels_is_read(tmp_path: Path, dtype: str) -> None:
    sitk.WriteImage(itk_image(some_labels().astype(dtype), "identity"), str(tmp_path / "a.nii"))

    assert [int(s.weights.sum()) for s in read_label_file(tmp_path / "a.nii")] == [124, 2, 1]


def test_scaled_integers_are_the_labels_that_they_stand_for(tmp_path: Path) -> None:
    image = new_nifti(some_labels().T.astype(np.int16), np.eye(4))
    image.header.set_slope_inter(2.0, 0.0)
    nibabel.save(image, tmp_path / "a.nii")

    shapes = read_label_file(tmp_path / "a.nii")

    expected = np.asarray(nibabel.load(tmp_path / "a.nii").dataobj)  # type: ignore[attr-defined]
    for shape in shapes:
        value = int(shape.name.partition(":")[2])
        assert int(shape.weights.sum()) == int((expected == value).sum())


def test_fractions_are_one_region_of_weights(tmp_path: Path) -> None:
    values = np.zeros((5, 6, 7), dtype=np.float32)
    values[1:4, 2:5, 3:6] = np.random.default_rng(1).random((3, 3, 3)).astype(np.float32)
    sitk.WriteImage(itk_image(values, "identity"), str(tmp_path / "liver.nii.gz"))

    (shape,) = read_label_file(tmp_path / "liver.nii.gz")

    assert shape.name == "liver"
    assert [flag.code for flag in shape.flags] == ["ROI_PROBABILITY"]
    np.testing.assert_array_equal(shape.weights, values[1:4, 2:5, 3:6])


def test_a_file_without_a_label_is_an_empty_region(tmp_path: Path) -> None:
    """TotalSegmentator writes such a file for every organ that it did not find."""
    empty = np.zeros((5, 6, 7), dtype=np.uint8)
    sitk.WriteImage(itk_image(empty, "identity"), str(tmp_path / "spleen.nii.gz"))

    (shape,) = read_label_file(tmp_path / "spleen.nii.gz")

    assert shape.name == "spleen"
    assert not shape.weights.any()


def test_totalsegmentators_names_come_from_the_header() -> None:
    """Volumes as the reference set states them: 1125.7, 60.4, 419.6 and 408.9 ml."""
    shapes = {shape.name: shape for shape in read_label_file(TORSO)}

    volumes = {
        name: float(shape.weights.sum()) * shape.grid.voxel_volume_ml
        for name, shape in shapes.items()
    }
    assert volumes["liver"] == pytest.approx(1125.7, abs=0.05)
    assert volumes["vertebrae_L2"] == pytest.approx(60.4, abs=0.05)
    assert volumes["autochthon_left"] == pytest.approx(419.6, abs=0.05)
    assert volumes["autochthon_right"] == pytest.approx(408.9, abs=0.05)
    left = shapes["autochthon_left"].grid.corners_mm().mean(axis=0)
    assert left[0] > shapes["autochthon_right"].grid.corners_mm().mean(axis=0)[0]  # LPS: x to left


def nifti_with_extension(path: Path, content: bytes) -> None:
    image = new_nifti(some_labels().T, np.eye(4))
    extension: Any = nibabel.nifti1.Nifti1Extension
    image.header.extensions.append(extension(0, content))
    nibabel.save(image, path)


@pytest.mark.parametrize(
    "content",
    [
        b"<LabelTable><Label Key='1'>liver",
        b"<!DOCTYPE x [<!ENTITY a 'liver'>]><LabelTable><Label Key='1'>&a;</Label></LabelTable>",
        b"<CaretExtension><LabelTable><Label Key='one'>liver</Label></LabelTable></CaretExtension>",
    ],
    ids=["broken", "entity", "key"],
)
def test_a_label_table_that_cannot_be_trusted_gives_no_names(
    tmp_path: Path, content: bytes
) -> None:
    nifti_with_extension(tmp_path / "a.nii", content)

    assert [s.name for s in read_label_file(tmp_path / "a.nii")] == ["a:1", "a:2", "a:5"]


def test_a_label_table_names_what_it_knows(tmp_path: Path) -> None:
    table = b"<X><LabelTable><Label Key='5'> liver </Label><Label Key='2'/></LabelTable></X>"
    nifti_with_extension(tmp_path / "a.nii", table)

    assert [s.name for s in read_label_file(tmp_path / "a.nii")] == ["a:1", "a:2", "liver"]


COMPANIONS: dict[str, object] = {
    "value to name": {"1": "liver", "2": "tumour", "5": "L2"},
    "name to value": {"labels": {"background": 0, "liver": 1, "tumour": 2, "L2": 5}},
    "inner values": {"labels": {"1": "liver", "2": "tumour", "5": "L2"}, "other": 3},
}


@pytest.mark.parametrize("kind", COMPANIONS)
@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd", ".mha"])
def test_names_come_from_a_json_file_of_the_same_stem(
    tmp_path: Path, kind: str, ending: str
) -> None:
    sitk.WriteImage(itk_image(some_labels(), "identity"), str(tmp_path / f"a{ending}"))
    (tmp_path / "a.json").write_text(json.dumps(COMPANIONS[kind]))

    shapes = read_label_file(tmp_path / f"a{ending}")

    assert [shape.name for shape in shapes] == ["liver", "tumour", "L2"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_names_come_from_a_csv_file_of_the_same_stem(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    sitk.WriteImage(itk_image(some_labels(), "identity"), str(tmp_path / "a.nii.gz"))
    rows = [("label", "name"), ("1", "liver"), ("2", "tumour"), ("5", "L2")]
    with (tmp_path / "a.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([[row[order[0]], row[order[1]]] for row in rows])

    shapes = read_label_file(tmp_path / "a.nii.gz")

    assert [shape.name for shape in shapes] == ["liver", "tumour", "L2"]


def test_facts_of_an_image_beside_it_are_not_names(tmp_path: Path) -> None:
    """A dcm2niix side file: numbers by name, of which 5 is no label name."""
    sitk.WriteImage(itk_image(some_labels(), "identity"), str(tmp_path / "a.nii.gz"))
    (tmp_path / "a.json").write_text(json.dumps({"Modality": "CT", "SeriesNumber": 5}))

    assert [s.name for s in read_label_file(tmp_path / "a.nii.gz")] == ["a:1", "a:2", "a:5"]


SEGMENTS = [("ribs", 8487), ("cervical vertebral column", 1216),
            ("thoracic vertebral column", 2712), ("lumbar vertebral column", 3259),
            ("right lung", 34450), ("left lung", 33700), ("tissue", 154589)]  # fmt: skip


def test_slicer_segments_of_one_layer_have_names_and_voxels() -> None:
    shapes = read_label_file(SLICER / "Segmentation.seg.nrrd")

    assert [(shape.name, int(shape.weights.sum())) for shape in shapes] == SEGMENTS
    assert {shape.source for shape in shapes} == {"seg.nrrd"}


def test_slicer_segments_equal_the_file_voxel_for_voxel() -> None:
    """Both layers, at their place: label 1 means ribs in one and the sphere in the other."""
    path = SLICER / "SegmentationOverlapping.seg.nrrd"
    data, header = nrrd.read(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.asarray(header["space directions"])[:0:-1].T
    affine[:3, 3] = header["space origin"]
    whole = Grid((34, 128, 128), affine)

    shapes = read_label_file(path)

    found = {shape.name: int(shape.weights.sum()) for shape in shapes}
    assert found == dict([*SEGMENTS, ("overlapping sphere", 19139)])
    for shape, (layer, value) in zip(shapes, [*((0, n) for n in range(1, 8)), (1, 1)], strict=True):
        stored = data[layer].T
        expected = whole.to_mm(np.argwhere(stored == value))
        assert_same_points(points(shape), expected)


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("right-anterior-superior", (-1.0, -1.0, 1.0)),
        ("RAS", (-1.0, -1.0, 1.0)),
        ("left-anterior-superior", (1.0, -1.0, 1.0)),
        ("LAS", (1.0, -1.0, 1.0)),
        ("LPS", (1.0, 1.0, 1.0)),
    ],
)
def test_every_space_is_turned_to_lps(tmp_path: Path, space: str, signs: tuple[float, ...]) -> None:
    data, header = nrrd.read(str(SLICER / "Segmentation.seg.nrrd"))
    turned = dict(header)
    turned["space"] = space
    turned["space directions"] = header["space directions"] * np.array(signs)
    turned["space origin"] = header["space origin"] * np.array(signs)
    nrrd.write(str(tmp_path / "a.seg.nrrd"), data, turned)

    there = read_label_file(tmp_path / "a.seg.nrrd")
    back = read_label_file(SLICER / "Segmentation.seg.nrrd")

    for one, other in zip(there, back, strict=True):
        assert one.name == other.name
        np.testing.assert_allclose(one.grid.affine, other.grid.affine, atol=1e-9)
        np.testing.assert_array_equal(one.weights, other.weights)


def edited_segmentation(tmp_path: Path, **changes: str | None) -> Path:
    data, header = nrrd.read(str(SLICER / "Segmentation.seg.nrrd"))
    for key, value in changes.items():
        if value is None:
            header.pop(key.replace("__", " "))
        else:
            header[key.replace("__", " ")] = value
    nrrd.write(str(tmp_path / "a.seg.nrrd"), data, header)
    return tmp_path / "a.seg.nrrd"


def test_a_segment_without_a_voxel_is_there_and_empty(tmp_path: Path) -> None:
    shapes = read_label_file(edited_segmentation(tmp_path, Segment3_LabelValue="99"))

    empty = [shape.name for shape in shapes if not shape.weights.any()]
    assert empty == ["lumbar vertebral column"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"Segment3_Layer": "4"}, "layer 4"),
        ({"Segmentation_MasterRepresentation": "Fractional labelmap"}, "fractional"),
        ({"space": None}, "space ''"),
        ({"space__origin": None}, "origin False"),
    ],
)
def test_a_segmentation_that_contradicts_itself_is_refused(
    tmp_path: Path, changes: dict[str, str | None], found: str
) -> None:
    assert found in refusal(edited_segmentation(tmp_path, **changes)).found


def refusal(path: Path) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read_label_file(path)
    assert caught.value.code in {"ROI_UNREADABLE", "ROI_NOT_LABELS"}
    assert caught.value.next_step
    return caught.value


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.full((3, 3, 3), 1.5, dtype=np.float32), "between 0 and 1.5"),
        (np.full((3, 3, 3), np.nan, dtype=np.float32), "not finite"),
        (np.full((3, 3, 3), -1000, dtype=np.int16), "between -1000"),
        (np.arange(3000, dtype=np.int16).reshape(10, 15, 20), "2999 different"),
        (np.full((3, 3, 3), 70000, dtype=np.int32), "70000"),
        (np.full((3, 3, 3), -0.5, dtype=np.float32), "between -0.5"),
    ],
    ids=["fractions above 1", "not finite", "CT", "an image", "large", "negative fractions"],
)
@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd", ".mha"])
def test_an_image_is_not_taken_for_labels(
    tmp_path: Path, values: NDArray[Any], found: str, ending: str
) -> None:
    path = tmp_path / f"a{ending}"
    sitk.WriteImage(itk_image(values, "identity"), str(path))

    error = refusal(path)

    assert found in error.found


def test_a_nifti_file_without_a_place_is_refused(tmp_path: Path) -> None:
    image = new_nifti(some_labels().T, None)
    image.header.set_sform(None, 0)
    image.header.set_qform(None, 0)
    nibabel.save(image, tmp_path / "a.nii")

    assert "neither qform nor sform" in refusal(tmp_path / "a.nii").found


@pytest.mark.parametrize(("s_code", "q_code"), [(1, 2), (2, 1), (1, 1), (2, 4), (0, 1), (1, 0)])
def test_of_two_places_the_scanners_own_counts(tmp_path: Path, s_code: int, q_code: int) -> None:
    """Where sform and qform differ, code 1 decides; where it cannot, the file is refused."""
    image = new_nifti(some_labels().T, np.eye(4))
    near, far = np.diag([2.0, 2, 2, 1]), np.diag([2.0, 2, 2, 1])
    far[:3, 3] = [100.0, 0, 0]
    image.set_sform(near, s_code)
    image.set_qform(far, q_code)
    nibabel.save(image, tmp_path / "a.nii")

    if s_code == q_code or 1 not in (s_code, q_code):
        assert "differ" in refusal(tmp_path / "a.nii").found
        return
    expected = far if q_code == 1 else near
    shape = read_label_file(tmp_path / "a.nii")[0]
    first = np.argwhere(some_labels() == 1).min(axis=0)[::-1]
    ras = expected @ [*first, 1.0]
    np.testing.assert_allclose(shape.grid.affine[:3, 3], ras[:3] * [-1, -1, 1])


@pytest.mark.parametrize(("unit", "scale"), [("mm", 1.0), ("meter", 1000.0), ("micron", 1e-3)])
def test_lengths_of_a_nifti_file_become_mm(tmp_path: Path, unit: str, scale: float) -> None:
    image = new_nifti(some_labels().T, np.diag([0.5, 0.5, 0.5, 1]))
    image.header.set_xyzt_units(unit)
    nibabel.save(image, tmp_path / "a.nii")

    np.testing.assert_allclose(read_label_file(tmp_path / "a.nii")[0].grid.spacing_mm, 0.5 * scale)


def test_four_dimensions_are_refused_unless_the_last_is_one(tmp_path: Path) -> None:
    one = some_labels().T[..., None]
    nibabel.save(new_nifti(one, np.eye(4)), tmp_path / "one.nii")
    nibabel.save(new_nifti(np.concatenate([one, one], axis=3), np.eye(4)), tmp_path / "two.nii")

    assert len(read_label_file(tmp_path / "one.nii")) == 3
    assert "4 dimensions" in refusal(tmp_path / "two.nii").found


def test_a_header_that_claims_too_much_is_refused_before_reading(tmp_path: Path) -> None:
    image = new_nifti(some_labels().T, np.eye(4))
    nibabel.save(image, tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[42:48] = np.array([30000, 30000, 30000], dtype="<i2").tobytes()
    (tmp_path / "a.nii").write_bytes(content)

    assert "30000" in refusal(tmp_path / "a.nii").found


def test_nrrd_in_other_units_than_mm_is_refused(tmp_path: Path) -> None:
    data, header = nrrd.read(str(DCMQI / "label_24.nrrd"))
    header["space units"] = ["cm", "cm", "cm"]
    nrrd.write(str(tmp_path / "a.nrrd"), data, header)

    assert "cm" in refusal(tmp_path / "a.nrrd").found


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_broken_files_are_refused_and_never_break(tmp_path: Path, ending: str) -> None:
    """Cut at many places, and filled with nonsense: a refusal with a code, nothing else."""
    path = tmp_path / f"a{ending}"
    sitk.WriteImage(itk_image(some_labels(), "oblique"), str(path))
    whole = path.read_bytes()
    contents = [whole[:end] for end in range(0, len(whole) - 20, max(1, len(whole) // 60))]
    contents += [b"nonsense" * 50, bytes(range(256)) * 8]
    if ending == ".nii.gz":
        contents.append(gzip.compress(b"nonsense" * 50))
    for content in contents:
        path.write_bytes(content)
        refusal(path)


def secret(tmp_path: Path) -> Path:
    """1000 bytes that would make a fine label map of 10 x 10 x 10."""
    path = tmp_path / "elsewhere.raw"
    path.write_bytes(bytes([0, 1] * 500))
    return path


MHA = """ObjectType = Image
NDims = 3
BinaryData = True
BinaryDataByteOrderMSB = False
CompressedData = False
TransformMatrix = 1 0 0 0 1 0 0 0 1
Offset = 0 0 0
ElementSpacing = 1 1 1
DimSize = 10 10 10
ElementType = MET_UCHAR
ElementDataFile = """

NRRD = """NRRD0004
type: uint8
dimension: 3
sizes: 10 10 10
encoding: raw
space: left-posterior-superior
space directions: (1,0,0) (0,1,0) (0,0,1)
space origin: (0,0,0)
"""


@pytest.mark.parametrize("value", ["{other}", "elsewhere.raw", "LIST", "list", "x%d.raw 1 9 1", ""])
def test_a_metaimage_never_leads_to_another_file(tmp_path: Path, value: str) -> None:
    other = secret(tmp_path)
    path = tmp_path / "a.mha"
    path.write_text(f"{MHA}{value.format(other=other)}\nelsewhere.raw\n")

    error = refusal(path)

    assert "another file" in error.found
    assert str(tmp_path) not in str(error)
    path.write_bytes(f"{MHA}LOCAL\n".encode() + other.read_bytes())
    assert int(read_label_file(path)[0].weights.sum()) == 500  # the same data inside it are fine


@pytest.mark.parametrize("key", ["data file", "datafile", "Data File", "DATAFILE", "data  file"])
@pytest.mark.parametrize("value", ["{other}", "elsewhere.raw", "LIST", "x%d.raw 1 9 1"])
@pytest.mark.parametrize("ending", [".nrrd", ".seg.nrrd"])
def test_a_nrrd_file_never_leads_to_another_file(
    tmp_path: Path, ending: str, value: str, key: str
) -> None:
    other = secret(tmp_path)
    path = tmp_path / f"a{ending}"
    path.write_text(f"{NRRD}{key}: {value.format(other=other)}\n\n")

    error = refusal(path)

    assert "another file" in error.found
    assert str(tmp_path) not in str(error)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("NDims = 3", "NDims = 2000000000", "ndims"),
        ("NDims = 3\n", "", "no NDims"),
        ("DimSize = 10 10 10", "DimSize = 1e9 1e9 1e9", "x 1000000000"),
        ("DimSize = 10 10 10", "DimSize = 10 10 -10", "-10"),
        ("DimSize = 10 10 10", "DimSize = 10 10 inf", "not whole"),
        ("DimSize = 10 10 10", "DimSize = 10 10 11", "1000 bytes"),
        ("DimSize = 10 10 10", "DimSize = 10 10 9", "1000 bytes"),
        ("DimSize = 10 10 10", "DimSize = 10 10", "dimsize"),
        ("MET_UCHAR", "MET_UCHAR_ARRAY", "MET_UCHAR_ARRAY"),
        ("Offset = 0 0 0\n", "", "no offset"),
        ("Offset = 0 0 0", "Offset = 0 0 1e30", "beyond"),
        ("Offset = 0 0 0", "Offset = 0 0 nan", "affine"),
        ("ElementSpacing = 1 1 1", "ElementSpacing = 1 1 0", "not positive"),
        ("ElementSpacing = 1 1 1\n", "", "no elementspacing"),
        ("TransformMatrix = 1 0 0", "TransformMatrix = 0 0 1", "affine"),
        ("CompressedData = False", "CompressedData = True", "damaged"),
        ("BinaryData = True", "BinaryData = False", "binarydata"),
        ("Offset", "DimSize", "header"),
        ("Offset = 0", "Offset: 0", "header"),
        ("Offset", "ElementNumberOfChannels = 3\nOffset", "channels"),
    ],
)
def test_a_metaimage_header_that_cannot_be_true_is_refused(
    tmp_path: Path, old: str, new: str, found: str
) -> None:
    path = tmp_path / "a.mha"
    assert old in MHA
    path.write_bytes(f"{MHA.replace(old, new, 1)}LOCAL\n".encode() + secret(tmp_path).read_bytes())

    assert found in refusal(path).found


def test_big_endian_metaimages_read_as_simpleitk_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "a.mha"
    head = MHA.replace("MSB = False", "MSB = True").replace("UCHAR", "USHORT")
    labels = np.arange(1000, dtype=">u2") % 3
    path.write_bytes(f"{head}LOCAL\n".encode() + labels.astype(">u2").tobytes())

    stored = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))

    for shape, value in zip(read_label_file(path), (1, 2), strict=True):
        assert int(shape.weights.sum()) == int((stored == value).sum()) == 333


def nifti_bomb(path: Path, size: int, slope: float = 0.0) -> None:
    """Write 4 MB of zeros, packed, that say they are an array of size cubed."""
    image = new_nifti(np.zeros((1, 1, 1), dtype=np.uint8), np.eye(4))
    image.header.set_data_shape((size, size, size))
    start = bytearray(image.header.binaryblock + bytes(4))
    start[112:120] = np.array([slope, 0.0], dtype=np.float32).tobytes()
    path.write_bytes(gzip.compress(bytes(start) + bytes(1 << 22)))


@pytest.mark.parametrize(("size", "slope"), [(1200, 0.0), (32767, 0.0), (900, 3.0)])
def test_a_packed_nifti_that_unpacks_without_end_is_refused_unread(
    tmp_path: Path, size: int, slope: float
) -> None:
    nifti_bomb(tmp_path / "a.nii.gz", size, slope)
    read_label_file(TORSO)  # what the first reading imports is not the bomb's
    tracemalloc.start()
    try:
        error = refusal(tmp_path / "a.nii.gz")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert f"{size} x {size} x {size} voxels" in error.found
    assert peak < 1 << 24


@pytest.mark.parametrize("ending", [".nrrd", ".mha"])
@pytest.mark.parametrize("much", [1 << 25, 999])
def test_packed_data_are_unpacked_no_further_than_the_header_says(
    tmp_path: Path, ending: str, much: int
) -> None:
    path = tmp_path / f"a{ending}"
    if ending == ".mha":
        head = MHA.replace("CompressedData = False", "CompressedData = True") + "LOCAL\n"
        path.write_bytes(head.encode() + zlib.compress(bytes(much)))
    else:
        head = NRRD.replace("encoding: raw", "encoding: gzip") + "\n"
        path.write_bytes(head.encode() + gzip.compress(bytes(much)))
    read_label_file(TORSO)
    tracemalloc.start()
    try:
        error = refusal(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert "after unpacking" in error.found
    assert peak < 1 << 22


def test_a_label_map_as_large_as_a_whole_body_ct_is_not_called_a_bomb() -> None:
    """512 x 512 x 1200 labels of one organ, of one or two bytes, shrunk a thousandfold."""
    for itemsize in (1, 2):
        decoded = 512 * 512 * 1200 * itemsize
        shape = (512, 512, 1200)
        found = require_size(Path("a.nii.gz"), shape, itemsize, packed_bytes=decoded // 1000)
        assert found == decoded
    with pytest.raises(ReadError, match="ratio"):
        require_size(Path("a.nii.gz"), (512, 512, 1200), 4, packed_bytes=1 << 20)


@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd", ".mha"])
def test_a_packed_file_with_a_wrong_byte_is_refused(tmp_path: Path, ending: str) -> None:
    """Wherever it stands: the checksum at the end is looked at."""
    path = tmp_path / f"a{ending}"
    sitk.WriteImage(itk_image(some_labels(), "identity"), str(path), useCompression=True)
    whole = path.read_bytes()
    for place in range(-1, -24, -3):
        turned = bytearray(whole)
        turned[place] ^= 0x55
        path.write_bytes(turned)
        refusal(path)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_values_are_refused_without_a_word_from_numpy(tmp_path: Path, dtype: str) -> None:
    """Warnings are errors here."""
    nibabel.save(new_nifti(some_labels().T.astype(dtype), np.eye(4)), tmp_path / "a.nii.gz")

    assert "complex" in refusal(tmp_path / "a.nii.gz").found


def test_messages_do_not_depend_on_the_place_or_the_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for ending in (".nii", ".nii.gz", ".nrrd", ".mha"):
        sitk.WriteImage(itk_image(some_labels(), "oblique"), str(tmp_path / f"a{ending}"))
        whole = (tmp_path / f"a{ending}").read_bytes()
        for content in (b"", b"nonsense" * 50, whole[: len(whole) // 2], whole[:-30]):
            messages = set()
            for folder in ("one", "two"):
                path = tmp_path / folder / f"a\x1b[31m{ending}"
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
                messages.add(str(refusal(path)))
            (message,) = messages
            assert message.isprintable()
            for word in (str(tmp_path), "0x", "Error", "itk", "nibabel", "nrrd.", "<class"):
                assert word not in message
    assert capfd.readouterr() == ("", "")


def test_other_endings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("labels")

    assert ".txt" in refusal(tmp_path / "a.txt").found


# Names without voxels, labels that are wanted


def test_only_wanted_labels_become_shapes(tmp_path: Path) -> None:
    sitk.WriteImage(itk_image(some_labels(), "oblique"), str(tmp_path / "a.mha"))
    (tmp_path / "a.json").write_text(json.dumps({"1": "liver", "2": "spleen", "5": "L2"}))
    whole = {shape.name: shape for shape in read_label_file(tmp_path / "a.mha")}

    some = read_label_file(tmp_path / "a.mha", lambda name: name != "spleen")

    assert [shape.name for shape in some] == ["liver", "L2"]
    for shape in some:
        np.testing.assert_array_equal(shape.weights, whole[shape.name].weights)
        np.testing.assert_allclose(shape.grid.affine, whole[shape.name].grid.affine)


def test_an_unwanted_map_of_fractions_is_no_shape(tmp_path: Path) -> None:
    values = np.full((3, 3, 3), 0.5, dtype=np.float32)
    sitk.WriteImage(itk_image(values, "identity"), str(tmp_path / "spleen.nii"))

    assert read_label_file(tmp_path / "spleen.nii", lambda name: name == "liver") == ()


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_names_in_a_nifti_header_are_known_without_the_voxels(
    tmp_path: Path,
    kind: Any,  # noqa: ANN401
    order: str,
    ending: str,
) -> None:
    """Cut right behind the header, the file still tells; nibabel wrote it."""
    table = b"<X><LabelTable><Label Key='5'>liver</Label><Label Key='2'>L2</Label></LabelTable></X>"
    header = kind.header_class(endianness=order)
    image = kind(some_labels().T, np.eye(4), header)
    extension: Any = nibabel.nifti1.Nifti1Extension
    image.header.extensions.append(extension(4, b"some words before"))
    image.header.extensions.append(extension(0, table))
    nibabel.save(image, tmp_path / f"a{ending}")

    assert set(label_names(tmp_path / f"a{ending}") or ()) == {"liver", "L2"}

    content = (tmp_path / f"a{ending}").read_bytes()
    plain_bytes = gzip.decompress(content) if ending == ".nii.gz" else content
    short = plain_bytes[: len(plain_bytes) - some_labels().size]
    (tmp_path / f"b{ending}").write_bytes(gzip.compress(short) if ending == ".nii.gz" else short)
    assert set(label_names(tmp_path / f"b{ending}") or ()) == {"liver", "L2"}


def test_totalsegmentators_names_are_known_without_the_voxels() -> None:
    names = label_names(TORSO)

    assert names is not None
    assert {shape.name for shape in read_label_file(TORSO)} <= set(names)


@pytest.mark.parametrize("path", sorted(SLICER.glob("*.seg.nrrd")), ids=lambda path: path.name)
def test_names_of_segments_are_known_without_the_voxels(path: Path) -> None:
    assert label_names(path) == tuple(shape.name for shape in read_label_file(path))


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_a_file_without_a_table_gives_no_names(tmp_path: Path, ending: str) -> None:
    sitk.WriteImage(itk_image(some_labels(), "identity"), str(tmp_path / f"a{ending}"))

    assert label_names(tmp_path / f"a{ending}") == ()

    (tmp_path / "a.csv").write_text("1,liver\n2,spleen\n")
    assert label_names(tmp_path / f"a{ending}") == ("liver", "spleen")


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".nrrd", ".seg.nrrd"])
@pytest.mark.parametrize("content", [b"", b"nonsense" * 50, b"\x5c\x01\0\0" + b"\xff" * 600])
def test_names_of_a_broken_file_cannot_be_told(tmp_path: Path, ending: str, content: bytes) -> None:
    (tmp_path / f"a{ending}").write_bytes(content)

    assert label_names(tmp_path / f"a{ending}") is None


def test_a_broken_table_cannot_be_told(tmp_path: Path) -> None:
    sitk.WriteImage(itk_image(some_labels(), "identity"), str(tmp_path / "a.mha"))
    (tmp_path / "a.json").write_text("{")

    assert label_names(tmp_path / "a.mha") is None


@pytest.mark.parametrize(
    ("table", "content"), [("a.json", b"{"), ("a.json", b"\xff"), ("a.csv", b"1,\xff\n")]
)
def test_a_broken_table_is_refused_by_its_own_name(
    tmp_path: Path, table: str, content: bytes
) -> None:
    """The label file is sound; without their names its labels would be other regions."""
    sitk.WriteImage(itk_image(some_labels(), "identity"), str(tmp_path / "a.mha"))
    (tmp_path / table).write_bytes(content)

    error = refusal(tmp_path / "a.mha")

    assert error.code == "ROI_UNREADABLE"
    assert f"'{table}'" in error.what
    assert "'a.mha'" in error.needed


def test_an_encoding_that_is_not_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.nrrd").write_text(NRRD.replace("encoding: raw", "encoding: ascii") + "\n1 1\n")

    assert refusal(tmp_path / "a.nrrd").found == "encoding 'ascii'"


# Segments of 3D Slicer


def layered(path: Path, last: bool, **segments: str) -> None:  # noqa: FBT001
    """Write two overlapping layers whose list axis comes last or first."""
    layers = np.zeros((2, *some_labels().T.shape), dtype=np.uint16)
    layers[0], layers[1, 3:6, 2:5, 1:3] = some_labels().T, 300
    directions = np.vstack([np.full(3, np.nan), np.diag([1.5, 2.0, 4.0])])
    kinds = ["list", "domain", "domain", "domain"]
    if last:
        layers, directions, kinds = (
            np.moveaxis(layers, 0, -1),
            directions[[1, 2, 3, 0]],
            kinds[::-1],
        )
    header = {"space": "LPS", "space directions": directions, "kinds": kinds,
              "space origin": np.array([1.0, 2.0, 3.0]), **segments}  # fmt: skip
    nrrd.write(str(path), layers, header)


TWO = {"Segment0_Name": "liver", "Segment0_Layer": "0", "Segment0_LabelValue": "1",
       "Segment1_Name": "mets", "Segment1_Layer": "1", "Segment1_LabelValue": "300"}  # fmt: skip


@pytest.mark.parametrize("last", [False, True])
def test_layers_may_stand_on_the_first_or_last_axis_and_labels_go_beyond_255(
    tmp_path: Path, *, last: bool
) -> None:
    layered(tmp_path / "a.seg.nrrd", last, **TWO)

    liver, mets = read_label_file(tmp_path / "a.seg.nrrd")

    assert (liver.name, int(liver.weights.sum())) == ("liver", 124)
    assert (mets.name, int(mets.weights.sum())) == ("mets", 3 * 3 * 2)
    np.testing.assert_allclose(mets.grid.affine[:3, 3], [1 + 3 * 1.5, 2 + 2 * 2.0, 3 + 1 * 4.0])


def test_two_segments_of_one_value_in_one_layer_are_refused(tmp_path: Path) -> None:
    """Else one of them would take the other's place."""
    layered(tmp_path / "a.seg.nrrd", False, **(TWO | {"Segment1_Layer": "0",  # noqa: FBT003
                                                      "Segment1_LabelValue": "1"}))  # fmt: skip

    assert refusal(tmp_path / "a.seg.nrrd").found == "two segments of value 1 in layer 0"


def test_a_segment_of_one_voxel_lies_where_it_was_painted(tmp_path: Path) -> None:
    labels = np.zeros((7, 9, 11), dtype=np.uint8)
    labels[6, 8, 10] = 1
    header = {"space": "LPS", "space directions": np.diag([1.5, 2.0, 4.0]),
              "space origin": np.zeros(3), "Segment0_Name": "lesion",
              "Segment0_LabelValue": "1"}  # fmt: skip
    nrrd.write(str(tmp_path / "a.seg.nrrd"), labels.T, header)

    (shape,) = read_label_file(tmp_path / "a.seg.nrrd")

    assert shape.weights.tolist() == [[[1]]]
    np.testing.assert_allclose(shape.grid.affine[:3, 3], [10 * 1.5, 8 * 2.0, 6 * 4.0])


def test_a_cropped_extent_lies_where_its_origin_says(tmp_path: Path) -> None:
    """3D Slicer crops the array and moves the origin; the extent's offset is not added again."""
    labels = some_labels()[1:4, 2:8, 3:10]
    directions = np.diag([1.5, 2.0, 4.0])
    header = {"space": "LPS", "space directions": directions,
              "space origin": directions @ [3.0, 2.0, 1.0], "Segment0_Name": "liver",
              "Segment0_LabelValue": "1", "Segment0_Extent": "0 6 0 5 0 2",
              "Segmentation_ReferenceImageExtentOffset": "3 2 1"}  # fmt: skip
    nrrd.write(str(tmp_path / "a.seg.nrrd"), labels.T, header)

    (shape,) = read_label_file(tmp_path / "a.seg.nrrd")

    np.testing.assert_allclose(shape.grid.affine[:3, 3], [4.5, 4.0, 4.0])


@pytest.mark.parametrize("name", ["a.nhdr", "a.seg.nhdr", "a.mhd", "a.hdr"])
def test_a_header_whose_data_lie_elsewhere_is_no_label_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(f"{NRRD}data file: elsewhere.raw\n\n")
    secret(tmp_path)

    assert refusal(tmp_path / name).code == "ROI_UNREADABLE"
