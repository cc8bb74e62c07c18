"""Segments against dcmqi's NRRD twins and highdicom's own reading of what highdicom wrote."""

import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highdicom
import nrrd
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, generate_uid

from quant.dicom.regions.segmentation import read_segmentation
from quant.domain.grid import Grid
from quant.domain.shapes import LabelShape
from quant.errors import ReadError

DATA = Path(__file__).parents[2] / "data" / "dicom_seg"
SHAPE = (6, 38, 24)


def on_whole(shape: LabelShape, whole: Grid) -> NDArray[np.float64]:
    """Put every voxel of a shape where it lies on a grid of the same voxels, in any order."""
    index = np.stack(np.meshgrid(*map(np.arange, shape.weights.shape), indexing="ij"), axis=-1)
    places = whole.to_index(shape.grid.to_mm(index))
    at = np.rint(places).astype(int)
    np.testing.assert_allclose(places, at, atol=1e-3)
    full = np.zeros(whole.shape)
    full[tuple(np.moveaxis(at, -1, 0))] = shape.weights
    return full


def nrrd_twin(name: str) -> tuple[NDArray[np.int16], Grid]:
    """Labels (K, J, I) and grid of a NRRD file in LPS, by pynrrd and nothing of ours."""
    data, header = nrrd.read(str(DATA / name))
    affine = np.eye(4)
    affine[:3, :3] = np.asarray(header["space directions"])[::-1].T
    affine[:3, 3] = header["space origin"]
    labels = np.asarray(data, dtype=np.int16).T
    return labels, Grid((labels.shape[0], labels.shape[1], labels.shape[2]), affine)


@pytest.mark.parametrize(
    ("seg", "twin", "voxels"),
    [
        ("liver.dcm", "liver_seg.nrrd", 107098),
        ("label_24.dcm", "label_24.nrrd", 315),
        ("label_23.dcm", "label_23.nrrd", 322),
        ("sparse-labelmap-noppv.dcm", "sparse_labelmap_noppv_seg.nrrd", 630),
        ("sparse-labelmap-ppv5.dcm", "sparse_labelmap_ppv5_seg.nrrd", 630),
    ],
)
def test_one_segment_equals_its_nrrd_twin(seg: str, twin: str, voxels: int) -> None:
    """Frames of 23 x 38 bits are no whole bytes; the sparse label maps leave a slice out."""
    labels, whole = nrrd_twin(twin)

    (shape,) = read_segmentation(DATA / seg)

    assert shape.name == "Liver"
    assert shape.source == "SEG"
    assert shape.weights.dtype == np.uint8
    assert int(shape.weights.sum()) == voxels
    np.testing.assert_array_equal(on_whole(shape, whole), labels == 1)


def test_overlapping_segments_equal_their_nrrd_twins() -> None:
    twins = [nrrd_twin(f"partial_overlaps-{number}.nrrd") for number in (1, 2, 3)]

    shapes = read_segmentation(DATA / "partial_overlaps.dcm")

    assert [shape.name for shape in shapes] == ["GREEN", "ORANGE", "PURPLE", "LIGHT_BLUE",
                                                "DARK_BLUE"]  # fmt: skip
    for number, shape in enumerate(shapes, start=1):
        expected = np.max([labels == number for labels, _ in twins], axis=0)
        np.testing.assert_array_equal(on_whole(shape, twins[0][1]), expected)
        assert shape.weights.any(axis=(1, 2)).all()


@dataclass(frozen=True)
class Stack:
    """How slices are stacked: orientation, step, and whether in reverse."""

    orientation: tuple[float, ...]
    spacing_mm: float = 3.0


STACKS = {
    "axial": Stack((1, 0, 0, 0, 1, 0)),
    "feet_up": Stack((-1, 0, 0, 0, 1, 0)),
    "sagittal": Stack((0, 1, 0, 0, 0, -1)),
    "coronal": Stack((1, 0, 0, 0, 0, -1), 2.5),
    "oblique": Stack((0.8, 0.6, 0, -0.48, 0.64, 0.6), 1.7),
}


def images(stack: Stack) -> list[pydicom.Dataset]:
    """Six CT slices in the given stack, made of the three shipped ones."""
    template = pydicom.dcmread(sorted((DATA / "image_24").iterdir())[0])
    cosines = np.array(stack.orientation)
    normal = np.cross(cosines[:3], cosines[3:])
    series = generate_uid(entropy_srcs=[str(stack)])
    slices: list[pydicom.Dataset] = []
    for number in range(SHAPE[0]):
        item = pydicom.dcmread(sorted((DATA / "image_24").iterdir())[0])
        place = np.array([-20.0, 30.0, -40.0]) + number * stack.spacing_mm * normal
        item.ImagePositionPatient = [f"{value:.6f}" for value in place]
        item.ImageOrientationPatient = [float(value) for value in cosines]
        item.PixelSpacing = [0.75, 1.25]
        item.SliceThickness = stack.spacing_mm
        item.SeriesInstanceUID = series
        item.SOPInstanceUID = generate_uid(entropy_srcs=[str(stack), str(number)])
        item.file_meta.MediaStorageSOPInstanceUID = item.SOPInstanceUID
        item.InstanceNumber = number + 1
        item.PatientName = "Nobody^"
        item.StudyInstanceUID = template.StudyInstanceUID
        slices.append(item)
    return slices


def describe(count: int) -> list[highdicom.seg.SegmentDescription]:
    return [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=f"organ {number}",
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=codes.SCT.Liver,
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number in range(1, count + 1)
    ]


def write(
    path: Path,
    sources: list[pydicom.Dataset],
    pixels: NDArray[Any],
    kind: str,
    **options: Any,  # noqa: ANN401 (handed on to highdicom)
) -> highdicom.seg.Segmentation:
    """Write a segmentation with highdicom."""
    highest = pixels.shape[3] if pixels.ndim == 4 else int(pixels.max())
    written = highdicom.seg.Segmentation(
        source_images=sources,
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=describe(max(1, highest)),
        series_instance_uid=generate_uid(entropy_srcs=["series"]),
        series_number=9,
        sop_instance_uid=generate_uid(entropy_srcs=["sop"]),
        instance_number=1,
        manufacturer="tests",
        manufacturer_model_name="tests",
        software_versions="1",
        device_serial_number="1",
        **options,
    )
    written.save_as(path)
    return written


def blobs(count: int) -> NDArray[np.uint8]:
    """(K, J, I, count) overlapping ragged segments, not all in every slice."""
    values = np.random.default_rng(7).random((*SHAPE, count)) > 0.6
    for segment in range(count):
        values[segment, :, :, segment] = False
        values[:, : 3 + segment, :, segment] = False
    return values.astype(np.uint8)


def highdicom_volumes(path: Path) -> tuple[NDArray[Any], Grid]:
    """Segments (K, J, I, N) and grid as highdicom reads them."""
    read = highdicom.seg.segread(path)
    volume = read.get_volume(combine_segments=False, rescale_fractional=True)
    shape = (volume.spatial_shape[0], volume.spatial_shape[1], volume.spatial_shape[2])
    return volume.array, Grid(shape, volume.affine)


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless], ids=["plain", "RLE"])
def test_what_highdicom_wrote_reads_as_highdicom_reads_it(
    tmp_path: Path, name: str, syntax: pydicom.uid.UID
) -> None:
    """FRACTIONAL (which may be compressed), three overlapping segments, sparse frames."""
    pixels = blobs(3).astype(np.float32) * np.random.default_rng(1).random((*SHAPE, 3))
    write(
        tmp_path / "seg.dcm", images(STACKS[name]), pixels.astype(np.float32), "FRACTIONAL",
        fractional_type="OCCUPANCY", max_fractional_value=200, transfer_syntax_uid=syntax,
    )  # fmt: skip
    expected, whole = highdicom_volumes(tmp_path / "seg.dcm")

    shapes = read_segmentation(tmp_path / "seg.dcm")

    assert [shape.name for shape in shapes] == ["organ 1", "organ 2", "organ 3"]
    for number, shape in enumerate(shapes):
        assert shape.weights.dtype == np.float32
        assert shape.flags == ()
        np.testing.assert_allclose(on_whole(shape, whole), expected[..., number], atol=1e-7)
        np.testing.assert_allclose(
            expected[..., number].sum(), pixels[..., number].sum(), rtol=0.01
        )


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_binary_and_label_maps_read_as_highdicom_reads_them(
    tmp_path: Path, name: str, kind: str
) -> None:
    pixels = blobs(3)
    if kind == "LABELMAP":
        pixels = (pixels * np.arange(1, 4, dtype=np.uint8)).max(axis=3)
    write(tmp_path / "seg.dcm", images(STACKS[name]), pixels, kind)
    expected, whole = highdicom_volumes(tmp_path / "seg.dcm")

    shapes = read_segmentation(tmp_path / "seg.dcm")

    assert [shape.name for shape in shapes] == ["organ 1", "organ 2", "organ 3"]
    for number, shape in enumerate(shapes):
        np.testing.assert_array_equal(on_whole(shape, whole), expected[..., number])
        assert np.linalg.det(shape.grid.axes_mm) != 0.0
        assert shape.grid.spacing_mm[0] == pytest.approx(STACKS[name].spacing_mm, rel=1e-5)
        np.testing.assert_allclose(shape.grid.spacing_mm[1:], [0.75, 1.25])


def binary(tmp_path: Path) -> tuple[Path, pydicom.Dataset]:
    path = tmp_path / "seg.dcm"
    write(path, images(STACKS["axial"]), blobs(2), "BINARY")
    return path, pydicom.dcmread(path)


def test_frames_in_any_order_make_the_same_segments(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    before = read_segmentation(path)
    bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
    count, size = int(dataset.NumberOfFrames), SHAPE[1] * SHAPE[2]
    order = np.random.default_rng(2).permutation(count)
    frames = bits[: count * size].reshape(count, size)[order]
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    dataset.PerFrameFunctionalGroupsSequence = [groups[number] for number in order]
    dataset.PixelData = np.packbits(frames.ravel(), bitorder="little").tobytes()
    dataset.save_as(path)

    after = read_segmentation(path)

    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        np.testing.assert_allclose(one.grid.affine, other.grid.affine)


def test_a_probability_map_is_flagged(tmp_path: Path) -> None:
    pixels = blobs(1).astype(np.float32) / 2
    write(tmp_path / "seg.dcm", images(STACKS["axial"]), pixels, "FRACTIONAL",
          fractional_type="PROBABILITY", max_fractional_value=255)  # fmt: skip

    (shape,) = read_segmentation(tmp_path / "seg.dcm")

    assert [flag.code for flag in shape.flags] == ["ROI_PROBABILITY"]


def test_a_segment_without_a_voxel_is_there_and_empty(tmp_path: Path) -> None:
    pixels = blobs(2)
    pixels[..., 1] = 0
    write(tmp_path / "seg.dcm", images(STACKS["axial"]), pixels, "BINARY")

    full, empty = read_segmentation(tmp_path / "seg.dcm")

    assert full.weights.any()
    assert not empty.weights.any()
    assert empty.name == "organ 2"


def test_the_frame_of_reference_comes_from_the_object(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)

    assert read_segmentation(path)[0].frame_of_reference_uid == dataset.FrameOfReferenceUID

    del dataset.FrameOfReferenceUID
    dataset.save_as(path)
    assert read_segmentation(path)[0].frame_of_reference_uid == ""


def test_without_stated_spacing_the_positions_give_it(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    if "SpacingBetweenSlices" in measures:
        del measures.SpacingBetweenSlices
    measures.SliceThickness = 7.0  # nominal, and of no account where there are positions
    dataset.save_as(path)

    assert read_segmentation(path)[0].grid.spacing_mm[0] == pytest.approx(3.0)


def test_positions_outweigh_a_stated_spacing_that_contradicts_them(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.SpacingBetweenSlices = 2.0
    dataset.save_as(path)

    assert read_segmentation(path)[0].grid.spacing_mm[0] == pytest.approx(3.0)


def refusal(path: Path) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read_segmentation(path)
    return caught.value


def test_unevenly_spaced_frames_are_refused(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    group = dataset.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0]
    group.ImagePositionPatient[2] = float(group.ImagePositionPatient[2]) + 1.3
    dataset.save_as(path)

    error = refusal(path)

    assert error.code == "ROI_UNREADABLE"
    assert "slice distances" in error.found


def test_two_frames_of_one_segment_at_one_position_are_refused(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    groups = dataset.PerFrameFunctionalGroupsSequence
    groups[1].PlanePositionSequence = groups[0].PlanePositionSequence
    dataset.save_as(path)

    error = refusal(path)

    assert error.code == "ROI_UNREADABLE"
    assert error.found == "two frames of segment 1 at one position"


def test_a_frame_of_a_segment_that_is_not_described_is_refused(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    group = dataset.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0]
    group.ReferencedSegmentNumber = 77
    dataset.save_as(path)

    assert "segment 77, which is not described" in refusal(path).found


def test_a_frame_beyond_any_scanner_is_refused(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    group = dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0]
    group.ImagePositionPatient = [1e300, 0, 0]
    dataset.save_as(path)

    assert refusal(path).found == "a frame without a place in the scanner"


@pytest.mark.parametrize("keyword", ["Rows", "Columns"])
def test_frames_without_a_pixel_are_unreadable_not_empty(tmp_path: Path, keyword: str) -> None:
    path, dataset = binary(tmp_path)
    setattr(dataset, keyword, 0)
    dataset.save_as(path)

    assert refusal(path).code == "ROI_UNREADABLE"
    assert "Rows and Columns" in refusal(path).found


def test_frames_that_turn_or_drift_are_refused(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    turned = pydicom.Dataset()
    turned.ImageOrientationPatient = [0.8, 0.6, 0, -0.6, 0.8, 0]
    groups = dataset.PerFrameFunctionalGroupsSequence
    groups[1].PlaneOrientationSequence = [turned]
    assert "PlaneOrientationSequence" in shared
    dataset.save_as(path)
    assert "orientation" in refusal(path).found

    del groups[1].PlaneOrientationSequence
    place = groups[1].PlanePositionSequence[0]
    place.ImagePositionPatient[0] = float(place.ImagePositionPatient[0]) + 2.0
    dataset.save_as(path)
    assert "off a straight stack" in refusal(path).found


def test_a_single_frame_takes_its_slice_thickness_and_never_a_guess(tmp_path: Path) -> None:
    pixels = blobs(1)[:1]
    pixels[:] = 1
    write(tmp_path / "seg.dcm", images(STACKS["axial"])[:1], pixels, "BINARY")
    path, dataset = tmp_path / "seg.dcm", pydicom.dcmread(tmp_path / "seg.dcm")
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    if "SpacingBetweenSlices" in measures:
        del measures.SpacingBetweenSlices
    measures.SliceThickness = 4.5
    dataset.save_as(path)
    assert read_segmentation(path)[0].grid.spacing_mm[0] == pytest.approx(4.5)

    del measures.SliceThickness
    dataset.save_as(path)
    assert "SliceThickness 0" in refusal(path).found


@pytest.mark.parametrize(
    "keyword", ["PixelMeasuresSequence", "PlaneOrientationSequence", "PlanePositionSequence",
                "SegmentIdentificationSequence"],
)  # fmt: skip
def test_a_missing_functional_group_is_named(tmp_path: Path, keyword: str) -> None:
    path, dataset = binary(tmp_path)
    groups = [*dataset.PerFrameFunctionalGroupsSequence, *dataset.SharedFunctionalGroupsSequence]
    for group in groups:
        if keyword in group:
            delattr(group, keyword)
    dataset.save_as(path)

    error = refusal(path)

    assert error.code == "ROI_UNREADABLE"
    assert keyword in error.found


@pytest.mark.parametrize("keyword", ["SegmentSequence", "PerFrameFunctionalGroupsSequence",
                                     "PixelData", "SegmentationType", "SOPClassUID"])  # fmt: skip
def test_a_missing_part_is_refused(tmp_path: Path, keyword: str) -> None:
    path, dataset = binary(tmp_path)
    delattr(dataset, keyword)
    dataset.save_as(path)

    assert refusal(path).code == "ROI_UNREADABLE"


def test_pixels_cut_short_are_refused_whoever_cut_them(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert refusal(path).code == "TRUNCATED"

    dataset.PixelData = dataset.PixelData[:-100]
    dataset.save_as(path)
    assert refusal(path).code == "ROI_UNREADABLE"


def test_a_syntax_without_decoder_is_named(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.MPEG2MPML
    dataset.PixelData = pydicom.encaps.encapsulate([bytes(dataset.PixelData)])
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path)

    error = refusal(path)

    assert error.code == "DECODE"
    assert "MPEG2" in error.found


@pytest.mark.parametrize("content", [b"", b"not dicom at all", b"\0" * 500])
def test_what_is_no_segmentation_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "seg.dcm"
    path.write_bytes(content)

    assert refusal(path).code in ("ROI_UNREADABLE", "TRUNCATED")


def test_an_image_is_not_taken_for_a_segmentation() -> None:
    assert "SOP class" in refusal(sorted((DATA / "image_24").iterdir())[0]).found


# What hospitals and tools send beside the plain case


def test_a_number_of_frames_that_disagrees_with_the_functional_groups_is_refused(
    tmp_path: Path,
) -> None:
    path, dataset = binary(tmp_path)
    count = len(dataset.PerFrameFunctionalGroupsSequence)
    dataset.NumberOfFrames = count + 2
    dataset.save_as(path)

    assert refusal(path).code == "ROI_UNREADABLE"
    assert refusal(path).found == (
        f"NumberOfFrames {count + 2}, functional groups of {count} frames"
    )


def test_functional_groups_cut_off_are_refused_though_pixels_are_there(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    del dataset.PerFrameFunctionalGroupsSequence[-1]
    dataset.save_as(path)

    assert "NumberOfFrames" in refusal(path).found


def test_pixels_of_more_frames_than_there_are_groups_are_refused(tmp_path: Path) -> None:
    """Else frames padded to whole bytes, as an old tool wrote them, would shift every mask."""
    path, dataset = binary(tmp_path)
    dataset.PixelData += bytes(500)
    dataset.save_as(path)

    assert "bytes of pixels" in refusal(path).found


def test_frames_of_different_pixel_size_are_refused(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    other = pydicom.Dataset()
    other.PixelSpacing = [0.75, 1.5]
    other.SliceThickness = 3.0
    dataset.PerFrameFunctionalGroupsSequence[2].PixelMeasuresSequence = [other]
    dataset.save_as(path)

    assert refusal(path).found == "frames of different PixelSpacing"


def test_functional_groups_may_stand_in_every_frame(tmp_path: Path) -> None:
    """Orientation and pixel size repeated per frame read as when they are shared."""
    path, dataset = binary(tmp_path)
    before = read_segmentation(path)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    for keyword in ("PixelMeasuresSequence", "PlaneOrientationSequence"):
        for frame in dataset.PerFrameFunctionalGroupsSequence:
            setattr(frame, keyword, getattr(shared, keyword))
        delattr(shared, keyword)
    dataset.save_as(path)

    for one, other in zip(before, read_segmentation(path), strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        np.testing.assert_allclose(one.grid.affine, other.grid.affine)


def test_indices_and_derivations_are_not_needed(tmp_path: Path) -> None:
    """Without dimension indices and derivation images, or with several of them: the same."""
    path, dataset = binary(tmp_path)
    before = read_segmentation(path)
    for keyword in ("DimensionIndexSequence", "DimensionOrganizationSequence"):
        delattr(dataset, keyword)
    for number, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        del frame.FrameContentSequence
        images = list(frame.get("DerivationImageSequence") or [])
        frame.DerivationImageSequence = images * 3 if number % 2 else []
    dataset.save_as(path)

    for one, other in zip(before, read_segmentation(path), strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        np.testing.assert_allclose(one.grid.affine, other.grid.affine)


@pytest.mark.parametrize("stated", [True, False])
def test_slices_left_out_between_frames_stay_empty(tmp_path: Path, *, stated: bool) -> None:
    """Two of six slices stored, two apart; the least distance or SpacingBetweenSlices counts."""
    pixels = np.zeros((*SHAPE, 1), dtype=np.uint8)
    pixels[[0, 1, 4], 5:30, 3:20] = 1
    write(tmp_path / "seg.dcm", images(STACKS["oblique"]), pixels, "BINARY")
    path, dataset = tmp_path / "seg.dcm", pydicom.dcmread(tmp_path / "seg.dcm")
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    if stated:
        measures.SpacingBetweenSlices = 1.7
    elif "SpacingBetweenSlices" in measures:
        del measures.SpacingBetweenSlices
    dataset.save_as(path)

    (shape,) = read_segmentation(path)

    assert dataset.NumberOfFrames == 3
    assert shape.weights.any(axis=(1, 2)).tolist() == [True, True, False, False, True]
    assert shape.grid.spacing_mm[0] == pytest.approx(1.7, rel=1e-5)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless], ids=["plain", "RLE"])
@pytest.mark.parametrize("highest", [3, 300], ids=["8 bits", "16 bits"])
def test_label_maps_of_one_and_two_bytes_read_as_they_were_written(
    tmp_path: Path, highest: int, syntax: pydicom.uid.UID
) -> None:
    """As highdicom reads them, too, up to 255: label 256 onwards it takes for 0 onwards (0.28)."""
    pixels = np.zeros(SHAPE, dtype=np.uint16)
    pixels[1:4, 5:30, 3:20] = np.random.default_rng(3).integers(1, highest + 1, (3, 25, 17))
    pixels[2, 7, 4] = highest
    write(tmp_path / "seg.dcm", images(STACKS["oblique"]), pixels, "LABELMAP",
          transfer_syntax_uid=syntax)  # fmt: skip
    stored = pydicom.dcmread(tmp_path / "seg.dcm", stop_before_pixels=True)
    expected, part = highdicom_volumes(tmp_path / "seg.dcm")
    places = np.array([one.ImagePositionPatient for one in images(STACKS["oblique"])], dtype=float)
    affine = part.affine.copy()
    affine[:3, 0], affine[:3, 3] = (places[-1] - places[0]) / (len(places) - 1), places[0]
    whole = Grid(SHAPE, affine)

    shapes = read_segmentation(tmp_path / "seg.dcm")

    assert stored.BitsAllocated == (16 if highest > 255 else 8)
    assert len(shapes) == highest
    for number, shape in enumerate(shapes):
        np.testing.assert_array_equal(on_whole(shape, whole), pixels == number + 1)
        if highest < 256:
            np.testing.assert_array_equal(on_whole(shape, part), expected[..., number])


@pytest.mark.parametrize("most", [1, 100, 255])
@pytest.mark.parametrize("kind", ["OCCUPANCY", "PROBABILITY"])
def test_fractions_are_parts_of_the_largest_value(tmp_path: Path, kind: str, most: int) -> None:
    rng = np.random.default_rng(1)
    stored = rng.integers(0, most + 1, (*SHAPE, 1))
    pixels = (stored / most).astype(np.float32)
    write(tmp_path / "seg.dcm", images(STACKS["axial"]), pixels, "FRACTIONAL",
          fractional_type=kind, max_fractional_value=most)  # fmt: skip

    (shape,) = read_segmentation(tmp_path / "seg.dcm")

    np.testing.assert_allclose(shape.weights, pixels[..., 0], atol=1e-6)
    assert [flag.code for flag in shape.flags] == ["ROI_PROBABILITY"] * (kind == "PROBABILITY")


@pytest.mark.parametrize("most", [0, 100])
def test_fractions_above_the_largest_value_are_refused_not_cut(tmp_path: Path, most: int) -> None:
    pixels = blobs(1).astype(np.float32)
    write(tmp_path / "seg.dcm", images(STACKS["axial"]), pixels, "FRACTIONAL",
          fractional_type="OCCUPANCY", max_fractional_value=200)  # fmt: skip
    dataset = pydicom.dcmread(tmp_path / "seg.dcm")
    dataset.MaximumFractionalValue = most
    dataset.save_as(tmp_path / "seg.dcm")

    assert f"MaximumFractionalValue {most}" in refusal(tmp_path / "seg.dcm").found


def test_a_label_that_is_not_described_is_refused(tmp_path: Path) -> None:
    pixels = np.zeros(SHAPE, dtype=np.uint8)
    pixels[1:4, 5:30, 3:20] = 1
    pixels[2, 6, 6] = 2
    write(tmp_path / "seg.dcm", images(STACKS["axial"]), pixels, "LABELMAP")
    dataset = pydicom.dcmread(tmp_path / "seg.dcm")
    dataset.SegmentSequence = [
        item for item in dataset.SegmentSequence if int(item.SegmentNumber) != 2
    ]
    dataset.save_as(tmp_path / "seg.dcm")

    assert refusal(tmp_path / "seg.dcm").found == "label 2, which is not described"


def test_two_segments_of_one_number_are_refused(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    dataset.SegmentSequence[1].SegmentNumber = 1
    dataset.save_as(path)

    assert refusal(path).found == "two segments of one number"


@pytest.mark.parametrize("keyword", ["TotalPixelMatrixRows", "ImageOrientationSlide"])
def test_tiles_of_a_slide_are_refused_by_name(tmp_path: Path, keyword: str) -> None:
    path, dataset = binary(tmp_path)
    setattr(dataset, keyword, 100 if "Rows" in keyword else [1, 0, 0, 0, 1, 0])
    dataset.save_as(path)

    assert refusal(path).found == "tiles of a slide"


def test_unwanted_segments_are_not_unpacked_and_the_wanted_are_the_same(tmp_path: Path) -> None:
    path, _ = binary(tmp_path)
    first, second = read_segmentation(path)
    asked: list[str] = []

    def wanted(name: str) -> bool:
        asked.append(name)
        return "2" in name

    (only,) = read_segmentation(path, wanted)

    assert asked == ["organ 1", "organ 2"]
    assert only.name == second.name
    np.testing.assert_array_equal(only.weights, second.weights)
    np.testing.assert_allclose(only.grid.affine, second.grid.affine)
    assert first.name == "organ 1"


def bomb(path: Path, rows: int, frames: int) -> None:
    """Write an RLE object of a few kilobytes that says it unpacks to much more."""
    pixels = np.ones((*SHAPE, 1), dtype=np.float32)
    write(path, images(STACKS["axial"]), pixels, "FRACTIONAL", fractional_type="OCCUPANCY",
          max_fractional_value=255, transfer_syntax_uid=RLELossless)  # fmt: skip
    dataset = pydicom.dcmread(path)
    dataset.Rows = dataset.Columns = rows
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    dataset.PerFrameFunctionalGroupsSequence = (groups * frames)[:frames]
    dataset.NumberOfFrames = frames
    dataset.save_as(path)


@pytest.mark.parametrize(("rows", "frames"), [(60000, 6), (8000, 40), (4000, 2000)])
def test_compressed_frames_that_unpack_without_measure_are_refused_unread(
    tmp_path: Path, rows: int, frames: int
) -> None:
    bomb(tmp_path / "seg.dcm", rows, frames)
    tracemalloc.start()
    try:
        error = refusal(tmp_path / "seg.dcm")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert error.code == "ROI_UNREADABLE"
    assert "unpack" in error.found or "Rows and Columns" in error.found
    assert peak < 1 << 26


def test_a_frame_whose_data_do_not_fit_its_size_is_not_decoded(tmp_path: Path) -> None:
    bomb(tmp_path / "seg.dcm", 100, 6)

    assert refusal(tmp_path / "seg.dcm").code == "DECODE"


def test_two_frames_a_hundred_metres_apart_are_refused_not_filled_up(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.SpacingBetweenSlices = 0.0001
    for number, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        place = frame.PlanePositionSequence[0]
        place.ImagePositionPatient = [0.0, 0.0, 9000.0 * number]
    dataset.save_as(path)

    assert "voxels from end to end" in refusal(path).found


def test_the_study_of_other_images_is_known_where_the_object_says_so(tmp_path: Path) -> None:
    path, dataset = binary(tmp_path)
    assert read_segmentation(path)[0].study_uid == ""

    other = pydicom.Dataset()
    other.StudyInstanceUID = "1.2.99"
    other.ReferencedSeriesSequence = dataset.ReferencedSeriesSequence
    del dataset.ReferencedSeriesSequence
    dataset.StudiesContainingOtherReferencedInstancesSequence = [other]
    dataset.save_as(path)

    assert read_segmentation(path)[0].study_uid == "1.2.99"
