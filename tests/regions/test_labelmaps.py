"""Label maps on other grids against naive oracles and SimpleITK."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.region import RasterRule, crop_to_box
from quant.domain.shapes import LabelShape
from quant.images.labels import read_label_file
from quant.regions.labelmaps import label_weights
from quant.regions.rasterise import rasterise
from tests.support.geometry import AFFINES, grid

TORSO = (
    Path(__file__).parents[2] / "quant" / "phantom" / "data" / "example_seg_fast_force_split.nii.gz"
)


def blob(seed: int = 1) -> LabelShape:
    """Return a ragged label map on an anisotropic grid that is not centred on the others."""
    values = np.random.default_rng(seed).random((9, 11, 13)) > 0.4
    affine = np.array([[0, 0, -2.3, 9.1], [0, 3.1, 0, -14.2], [4.7, 0, 0, -20.3], [0, 0, 0, 1.0]])
    return LabelShape("blob", Grid((9, 11, 13), affine), values.astype(np.uint8))


def naive_overlap(shape: LabelShape, on: Grid) -> NDArray[np.float64]:
    """Sum, box by box, the overlap of every source voxel with every target voxel (axes agree)."""
    weights = np.zeros(on.shape)
    half_on = np.abs(on.axes_mm).sum(axis=1) / 2
    half_own = np.abs(shape.grid.axes_mm).sum(axis=1) / 2
    middles = on.to_mm(np.stack(np.meshgrid(*map(np.arange, on.shape), indexing="ij"), axis=-1))
    for place in np.argwhere(shape.weights):
        at = shape.grid.to_mm(place)
        low = np.maximum(middles - half_on, at - half_own)
        high = np.minimum(middles + half_on, at + half_own)
        weights += np.prod(np.clip(high - low, 0, None), axis=-1)
    return np.asarray(weights / (8 * np.prod(half_on)))


@pytest.mark.parametrize("name", ["axial", "head_to_feet", "anisotropic", "sagittal", "coronal"])
def test_overlap_equals_a_naive_sum_over_boxes(name: str) -> None:
    on = grid(name)

    weights = label_weights(blob(), on, centres=False)

    np.testing.assert_allclose(weights, naive_overlap(blob(), on), atol=1e-12)


@pytest.mark.parametrize("source", sorted(AFFINES))
@pytest.mark.parametrize("target", sorted(AFFINES))
def test_between_any_two_grids_the_volume_is_kept_to_rounding(source: str, target: str) -> None:
    """Parallel, turned, anisotropic, oblique; 1e-6 is asked for."""
    values = np.random.default_rng(1).random((9, 10, 11)).astype(np.float32)
    at = grid(source, (9, 10, 11))
    affine = at.affine.copy()
    affine[:3, 3] += (0.7, -1.3, 2.9)
    shape = LabelShape("block", Grid(at.shape, affine), values)
    on = grid(target)

    weights = label_weights(shape, on, centres=False)

    drawn = float(values.sum(dtype=np.float64)) * shape.grid.voxel_volume_ml
    assert weights.sum() * on.voxel_volume_ml == pytest.approx(drawn, rel=1e-12)


def test_a_real_liver_keeps_its_volume_to_a_millionth() -> None:
    """TotalSegmentator's liver, 1125.7 ml at 3 mm, on a 4.42 mm grid."""
    liver = next(s for s in read_label_file(TORSO) if s.name == "liver")
    affine = np.diag([4.42, 4.42, 4.42, 1.0])[[2, 1, 0, 3]]
    middle = liver.grid.to_mm((np.array(liver.grid.shape) - 1) / 2)
    affine[:3, 3] = middle + np.array([0.7, 0.3, 1.1]) - 4.42 * 31.5
    drawn = float(liver.weights.sum()) * liver.grid.voxel_volume_ml

    region, flags = rasterise(liver, Grid((64, 64, 64), affine), RasterRule.FRACTIONAL)

    assert drawn == pytest.approx(1125.7, abs=0.05)
    assert region.volume_ml == pytest.approx(drawn, rel=1e-6)
    assert flags == ()


@pytest.mark.parametrize("name", sorted(AFFINES))
def test_on_its_own_grid_a_label_map_is_itself(name: str) -> None:
    on = grid(name)
    labels = (np.random.default_rng(2).random(on.shape) > 0.7).astype(np.uint8)
    shape = LabelShape("self", on, labels, "1.2.3")

    for rule in RasterRule:
        region, flags = rasterise(shape, on, rule)

        np.testing.assert_array_equal(region.full_weights(), labels)
        assert flags == ()


def test_a_crop_of_its_own_grid_lands_where_it_was_cut() -> None:
    on = grid("sagittal")
    labels = np.random.default_rng(2).random((4, 5, 6)).astype(np.float32)
    shape = LabelShape("crop", on.cropped((3, 7, 11), (4, 5, 6)), labels)

    region, _ = rasterise(shape, on, RasterRule.FRACTIONAL)

    assert region.corner == (3, 7, 11)
    np.testing.assert_array_equal(region.weights, labels)


@pytest.mark.parametrize("name", sorted(AFFINES))
def test_centre_rule_equals_nearest_neighbour_of_simpleitk(name: str) -> None:
    on, shape = grid(name), blob()
    sitk: Any = SimpleITK
    image = sitk.GetImageFromArray(np.asarray(shape.weights))
    place(image, shape.grid)
    target = sitk.GetImageFromArray(np.zeros(on.shape, dtype=np.uint8))
    place(target, on)
    nearest = sitk.Resample(image, target, sitk.Transform(), sitk.sitkNearestNeighbor, 0)

    weights = label_weights(shape, on, centres=True)

    np.testing.assert_array_equal(weights, sitk.GetArrayFromImage(nearest))


def place(image: Any, on: Grid) -> None:  # noqa: ANN401 (SimpleITK carries no types)
    """Give an image the place of a grid: SimpleITK counts x, y, z."""
    columns = on.axes_mm[:, ::-1] / on.spacing_mm[::-1]
    image.SetSpacing(tuple(float(v) for v in on.spacing_mm[::-1]))
    image.SetDirection(tuple(float(v) for v in columns.ravel()))
    image.SetOrigin(tuple(float(v) for v in on.affine[:3, 3]))


@pytest.mark.parametrize("centres", [False, True])
def test_a_whole_map_and_its_crop_give_the_same_weights(*, centres: bool) -> None:
    labels = np.zeros((30, 30, 30), dtype=np.float32)
    labels[8:20, 9:21, 10:24] = 1.0
    whole = LabelShape("whole", grid("head_to_feet", (30, 30, 30)), labels)
    corner, block = crop_to_box(labels)
    crop = LabelShape("crop", whole.grid.cropped(corner, (12, 12, 14)), block)
    on = grid("anisotropic")

    np.testing.assert_allclose(
        label_weights(whole, on, centres=centres), label_weights(crop, on, centres=centres),
        atol=1e-12,
    )  # fmt: skip
