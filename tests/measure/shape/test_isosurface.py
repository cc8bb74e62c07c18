"""Area and volume of a grey-level isosurface against scikit-image, geometry and bad input."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as some
from numpy.typing import NDArray

from quant.errors import GeometryError, StudyError
from quant.measure.shape.surface import isosurface_area_volume, measure_surface
from tests.support.masks import Spacing, blob, noise

Values = NDArray[np.float32]
SPACINGS: tuple[Spacing, ...] = ((1.0, 1.0, 1.0), (3.0, 4.8, 4.8), (0.7, 2.0, 6.0))
few = settings(derandomize=True, deadline=None, max_examples=60)
shapes = some.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=7)


def by_scikit_image(
    values: Values, level: float, spacing_mm: Spacing, outside: float = 0.0
) -> tuple[float, float]:
    """Area by scikit-image; volume by the signed tetrahedra of its mesh."""
    from skimage import measure

    padded = np.pad(values, 1, constant_values=outside)
    vertices, faces, _, _ = measure.marching_cubes(  # type: ignore[no-untyped-call]
        padded, level, spacing=spacing_mm, method="lorensen"
    )
    area = measure.mesh_surface_area(vertices, faces)  # type: ignore[no-untyped-call]
    exact = vertices.astype(np.float64)
    first, second, third = (exact[faces[:, corner]] for corner in range(3))
    return float(area), abs(float(np.einsum("ij,ij->", first, np.cross(second, third)))) / 6.0


def smooth(shape: tuple[int, int, int], seed: int) -> Values:
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    return np.asarray(ndimage.gaussian_filter(rng.random(shape), 1.3), dtype=np.float32)


def volumes() -> list[Values]:
    """Smooth, noisy, thin and single; all but the last reach the border."""
    rng = np.random.default_rng(7)
    found = [smooth((9, 12, 17), seed) for seed in range(2)]
    found += [rng.random(shape, dtype=np.float32) for shape in ((6, 7, 9), (1, 1, 9), (8, 9, 1))]
    found += [np.pad(rng.random((5, 6, 7), dtype=np.float32), 3)]
    return found


@pytest.mark.parametrize("spacing_mm", SPACINGS)
@pytest.mark.parametrize("quantile", [0.2, 0.5, 0.9])
def test_area_and_volume_are_those_of_scikit_images_mesh(
    spacing_mm: Spacing, quantile: float
) -> None:
    """Its vertices are float32: equal to six digits, or to a millionth of a voxel."""
    voxel = float(np.prod(spacing_mm))
    for values in volumes():
        level = float(np.quantile(values[values > 0], quantile))
        area, volume = by_scikit_image(values, level, spacing_mm)

        found = isosurface_area_volume(values, level, spacing_mm)

        assert found[0] == pytest.approx(area, rel=1e-6, abs=1e-6 * voxel / min(spacing_mm))
        assert found[1] == pytest.approx(volume, rel=1e-6, abs=1e-6 * voxel)


@pytest.mark.parametrize("spacing_mm", SPACINGS)
def test_a_mask_at_one_half_has_the_binary_mesh(spacing_mm: Spacing) -> None:
    for mask in (blob((9, 12, 17), 1), noise((6, 7, 9), 0.5, 2), np.ones((3, 4, 5), np.uint8)):
        binary = measure_surface(mask, spacing_mm)

        area, volume = isosurface_area_volume(mask.astype(np.float32), 0.5, spacing_mm)

        assert area == pytest.approx(binary.mesh_area_mm2, rel=1e-12)
        assert volume == pytest.approx(binary.mesh_volume_mm3, rel=1e-12)


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.5)])
def test_a_cone_of_values_has_a_ball_as_its_isosurface(spacing_mm: Spacing) -> None:
    """Values fall linearly with the distance: volume and area of a ball, within the chords."""
    radius = 12.0
    axes = [(np.arange(41) - 20.2) * step for step in spacing_mm]
    away = np.sqrt(sum(np.meshgrid(*[a**2 for a in axes], indexing="ij", sparse=True)))
    values = (100.0 - away).astype(np.float32)

    area, volume = isosurface_area_volume(values, 100.0 - radius, spacing_mm)

    # a chord of length h lies h^2 / 8 r below the sphere: at most 0.4 % of the radius here
    assert area == pytest.approx(4 * np.pi * radius**2, rel=0.008)
    assert volume == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.012)
    assert volume < 4 / 3 * np.pi * radius**3


@pytest.mark.parametrize("outside", [0.0, -1000.0])
def test_the_border_is_closed_towards_the_stated_value(outside: float) -> None:
    """CT in HU at -300, say: the surface at the border lies between the voxel and -1000."""
    values = (smooth((5, 6, 7), 3) * 800.0).astype(np.float32)
    level = float(np.median(values))

    found = isosurface_area_volume(values, level, (3.0, 2.0, 2.0), outside=outside)

    assert found == pytest.approx(
        by_scikit_image(values, level, (3.0, 2.0, 2.0), outside), rel=1e-6
    )


def test_mirrored_and_turned_axes_give_the_same_smooth_surface() -> None:
    """To a percent: four points of a cube need not lie in a plane, and one diagonal is drawn.

    A mirror image has the other diagonal. For a mask both are alike, and the surface is the same.
    """
    values, spacing = np.pad(smooth((7, 8, 9), 4), 2), (3.0, 4.8, 2.0)
    level = float(np.quantile(values[values > 0], 0.5))
    alone = isosurface_area_volume(values, level, spacing)

    for order in permutations(range(3)):
        for k, j, i in product((1, -1), repeat=3):
            turned = values.transpose(order)[::k, ::j, ::i]
            laid = tuple(spacing[axis] for axis in order)

            found = isosurface_area_volume(turned, level, laid)  # type: ignore[arg-type]

            assert found == pytest.approx(alone, rel=0.01)


@given(
    values=some.arrays(np.float32, shapes, elements=st.floats(0, 4, width=32)),
    level=st.floats(0.125, 4.5),
    room=st.integers(0, 3),
)
@few
def test_any_volume_has_a_surface_that_room_does_not_change(
    values: Values, level: float, room: int
) -> None:
    """Empty, single, full, at the border and values at the very level: finite and closed."""
    area, volume = isosurface_area_volume(values, level, (3.0, 4.8, 2.0))
    moved = isosurface_area_volume(np.pad(values, (room, 1)), level, (3.0, 4.8, 2.0))

    assert moved == pytest.approx((area, volume), rel=1e-9, abs=1e-12)
    # a peak above the level by rounding alone may add up to nothing, or to less by rounding
    assert min(area, volume) > (0.0 if (values > level + 1e-3).any() else -1e-12)
    if not (values > level).any():
        assert (area, volume) == (0.0, 0.0)
    # the body lies within one step of the voxels that are inside
    assert volume <= np.prod(np.array(values.shape) + 1) * 3.0 * 4.8 * 2.0


def test_nothing_above_the_level_has_no_surface() -> None:
    assert isosurface_area_volume(np.ones((3, 4, 5), np.float32), 1.0, (1.0, 1.0, 1.0)) == (0, 0)


def test_other_types_and_layouts_are_turned_into_float32() -> None:
    values, spacing = smooth((6, 7, 8), 1), (1.0, 2.0, 3.0)
    level = float(np.median(values))
    expected = isosurface_area_volume(values, level, spacing)
    values.flags.writeable = False

    assert isosurface_area_volume(values.astype(np.float64), level, spacing) == expected
    assert isosurface_area_volume(np.asfortranarray(values), level, spacing) == expected
    assert isosurface_area_volume(np.repeat(values, 2, 1)[:, ::2], level, spacing) == expected
    assert isosurface_area_volume(values.astype(">f4"), level, spacing) == expected


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf, 1e300])
def test_voxels_without_a_value_are_refused(strange: float) -> None:
    """The last is finite in float64 only."""
    values = np.zeros((3, 4, 5))
    values[1, 2, 3] = strange

    with pytest.raises(StudyError, match="VALUES_NOT_FINITE"):
        isosurface_area_volume(values, 0.5, (1.0, 1.0, 1.0))


def test_levels_and_voxel_sizes_that_make_no_sense_are_refused() -> None:
    values = np.ones((3, 4, 5), np.float32)

    with pytest.raises(ValueError, match="below the finite level"):
        isosurface_area_volume(values, -300.0, (1.0, 1.0, 1.0))
    with pytest.raises(GeometryError, match="GRID_INVALID"):
        isosurface_area_volume(values, 0.5, (1.0, 0.0, 1.0))
    with pytest.raises(ValueError, match="three axes"):
        isosurface_area_volume(values[0], 0.5, (1.0, 1.0, 1.0))
