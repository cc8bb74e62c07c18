"""Regions in whole arrays and label maps: the same numbers wherever and however they lie."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as some
from numpy.typing import NDArray

from quant.errors import GeometryError
from quant.measure.shape.surface import Surface, measure_label_surfaces, measure_surface
from tests.support.masks import Mask, Spacing, blob, noise, skimage_area_and_volume

SPACING: Spacing = (3.0, 4.8, 2.0)
few = settings(derandomize=True, deadline=None, max_examples=60)
shapes = some.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=11)


def placed(mask: Mask, shape: tuple[int, int, int], corner: tuple[int, int, int]) -> Mask:
    """Put a mask into an empty array."""
    array = np.zeros(shape, dtype=np.uint8)
    k, j, i = (slice(c, c + n) for c, n in zip(corner, mask.shape, strict=True))
    array[k, j, i] = mask
    return array


@pytest.mark.parametrize("density", [0.1, 0.5, 0.8])
def test_mirrored_and_turned_axes_give_the_same_surface(density: float) -> None:
    """All 48 ways to lay a region along the axes, with the voxel size laid alike."""
    mask = noise((6, 7, 9), density, 1)
    alone = measure_surface(mask, SPACING)

    for order in permutations(range(3)):
        for k, j, i in product((1, -1), repeat=3):
            turned = mask.transpose(order)[::k, ::j, ::i]
            found = measure_surface(turned, tuple(SPACING[axis] for axis in order))  # type: ignore[arg-type]

            assert found.mesh_area_mm2 == pytest.approx(alone.mesh_area_mm2, rel=1e-12)
            assert found.mesh_volume_mm3 == pytest.approx(alone.mesh_volume_mm3, rel=1e-12)
            assert found.fitted_area_mm2 == pytest.approx(alone.fitted_area_mm2, rel=1e-9)
            assert found.face_area_mm2 == pytest.approx(alone.face_area_mm2, rel=1e-12)
            assert (found.euler_number, found.voxels) == (alone.euler_number, alone.voxels)


@pytest.mark.parametrize("corner", [(0, 0, 0), (3, 0, 11), (12, 25, 38), (5, 13, 7)])
def test_a_region_in_a_whole_array_is_the_region_cut_out(corner: tuple[int, int, int]) -> None:
    """In every corner, and in the middle: bit for bit."""
    mask = noise((8, 5, 7), 0.5, 2)
    array = placed(mask, (20, 30, 45), corner)

    assert measure_surface(array, SPACING) == measure_surface(mask, SPACING)


def test_two_parts_at_opposite_corners_make_a_box_as_large_as_the_array() -> None:
    """Later slices widen the box to the left and to the front, too."""
    mask = placed(noise((3, 3, 3), 0.6, 1), (9, 10, 41), (0, 7, 36))
    mask |= placed(noise((3, 4, 5), 0.6, 2), (9, 10, 41), (6, 0, 1))

    area, volume = skimage_area_and_volume(mask, SPACING)
    found = measure_surface(mask, SPACING)

    assert found.mesh_area_mm2 == pytest.approx(area, rel=1e-9)
    assert found.mesh_volume_mm3 == pytest.approx(volume, rel=1e-9)
    assert found.voxels == np.count_nonzero(mask)


@pytest.mark.parametrize("kind", ["?", "u1", "u2", "i4", ">i2", "i8"])
def test_a_mask_is_all_that_is_not_0_whatever_its_type(kind: str) -> None:
    mask = blob((9, 11, 23), 3)
    alone = measure_surface(mask, SPACING)

    assert measure_surface(mask.astype(kind), SPACING) == alone
    if kind != "?":
        assert measure_surface(mask.astype(kind) * 100, SPACING) == alone


def test_a_label_is_the_mask_of_its_voxels() -> None:
    labels = np.random.default_rng(5).integers(0, 5, (6, 7, 19)).astype(np.int16)

    for label in range(5):
        mask = labels == label
        assert measure_surface(labels, SPACING, label=label) == measure_surface(mask, SPACING)
    assert measure_surface(labels, SPACING, label=9).voxels == 0


@pytest.mark.parametrize("label", [-1, 256, 1 << 20])
def test_a_label_that_the_map_cannot_hold_is_refused(label: int) -> None:
    with pytest.raises(ValueError, match="0 to 255"):
        measure_surface(np.ones((2, 2, 2), dtype=np.uint8), SPACING, label=label)


@given(labels=some.arrays(np.uint8, shapes, elements=st.integers(0, 4)))
@few
def test_all_labels_in_one_sweep_are_each_label_alone(labels: NDArray[np.uint8]) -> None:
    """Exactly: areas, volumes, Euler number and the rest."""
    found = measure_label_surfaces(labels, SPACING)

    assert list(found) == np.unique(labels[labels > 0]).tolist()
    for label, surface in found.items():
        assert surface == measure_surface(labels == label, SPACING)


@pytest.mark.parametrize("kind", ["u1", "u2", ">u2", "i4", "i8"])
def test_a_label_map_of_any_type_and_layout(kind: str) -> None:
    labels = np.random.default_rng(5).integers(0, 5, (6, 7, 19)).astype(kind)
    expected = measure_label_surfaces(labels.astype(np.uint8), SPACING)

    assert measure_label_surfaces(labels, SPACING) == expected
    assert measure_label_surfaces(np.asfortranarray(labels), SPACING) == expected
    if labels.dtype.itemsize > 2:
        large = measure_label_surfaces(labels * 1_000_000, SPACING)
        assert large == {label * 1_000_000: one for label, one in expected.items()}


def test_read_only_and_strided_masks_are_measured_and_left_alone() -> None:
    wide = np.repeat(noise((5, 6, 7), 0.5, 4), 2, axis=2)
    wide.flags.writeable = False

    found = measure_surface(wide[:, :, ::2], SPACING)

    assert found == measure_surface(noise((5, 6, 7), 0.5, 4), SPACING)
    assert not wide.flags.writeable


@given(
    mask=some.arrays(np.bool_, shapes),
    room=st.tuples(*[st.integers(0, 3)] * 6),
)
@few
def test_any_mask_has_a_surface_that_room_does_not_change(
    mask: NDArray[np.bool_], room: tuple[int, ...]
) -> None:
    """Empty, single, full and at the border; volume and area are both 0 or both above."""
    found = measure_surface(mask, SPACING)
    pairs = list(zip(room[:3], room[3:], strict=True))

    assert measure_surface(np.pad(mask, pairs), SPACING) == found
    assert found.voxels == np.count_nonzero(mask)
    assert (found.mesh_volume_mm3 > 0) == (found.mesh_area_mm2 > 0) == mask.any()
    assert found.mesh_volume_mm3 <= found.voxels_mm3 + 1e-9


def test_an_empty_label_map_has_no_surface() -> None:
    assert measure_label_surfaces(np.zeros((3, 4, 5), dtype=np.uint16), SPACING) == {}


@pytest.mark.parametrize("spacing", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, float("nan"))])
def test_a_voxel_without_a_size_is_refused(spacing: Spacing) -> None:
    mask = np.ones((2, 2, 2), dtype=np.uint8)

    with pytest.raises(GeometryError, match="GRID_INVALID"):
        measure_surface(mask, spacing)
    with pytest.raises(GeometryError, match="GRID_INVALID"):
        measure_label_surfaces(mask, spacing)


def test_weights_are_no_mask() -> None:
    """A fraction would have to be cut somewhere; the caller says where."""
    with pytest.raises(TypeError, match="float32"):
        measure_surface(np.ones((2, 2, 2), dtype=np.float32), SPACING)
    with pytest.raises(TypeError, match="float64"):
        measure_label_surfaces(np.ones((2, 2, 2)), SPACING)


def test_a_surface_knows_its_voxels_and_faces() -> None:
    found = measure_surface(np.ones((1, 1, 2), dtype=np.uint8), (1.0, 2.0, 3.0))

    assert isinstance(found, Surface)
    assert found.voxels == 2
    assert found.voxels_mm3 == pytest.approx(12.0)
    assert found.face_area_mm2 == pytest.approx(2 * (2 * 6) + 2 * (1 * 6) + 2 * (1 * 2))
