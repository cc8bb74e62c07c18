"""Volumes on other grids: linear functions, SimpleITK, and what lies outside."""

from typing import Any

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from quant.domain.grid import Grid
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.resample import resample_linear
from quant_kernels.resampling import resample_linear as kernel
from tests.support.geometry import AFFINES, grid

ITK: Any = SimpleITK  # carries no types


def _moved(name: str, shape: tuple[int, int, int], scale: float) -> Grid:
    """Return a grid of another spacing whose voxel centres miss the outer faces of all others."""
    affine = AFFINES[name].copy()
    affine[:3, :3] *= scale
    middle = (np.array(shape) - 1) / 2.0
    affine[:3, 3] = np.array([0.713, -1.379, 2.951]) - affine[:3, :3] @ middle
    return Grid(shape, affine, "1.2.3")


def _image(values: NDArray[np.float32], at: Grid) -> Any:  # noqa: ANN401 (SimpleITK carries no types)
    image = ITK.GetImageFromArray(values)
    columns = at.axes_mm[:, ::-1] / at.spacing_mm[::-1]
    image.SetSpacing(tuple(float(v) for v in at.spacing_mm[::-1]))
    image.SetDirection(tuple(float(v) for v in columns.ravel()))
    image.SetOrigin(tuple(float(v) for v in at.affine[:3, 3]))
    return image


@pytest.mark.parametrize("source", sorted(AFFINES))
@pytest.mark.parametrize("target", sorted(AFFINES))
@pytest.mark.parametrize("scale", [0.31, 1.7])
def test_values_are_those_of_simpleitk_between_any_two_grids(
    source: str, target: str, scale: float
) -> None:
    """CT-like numbers; 1e-3 HU is asked for. Coarser and finer, larger than the source."""
    own = grid(source, (11, 13, 17))
    rng = np.random.default_rng(3)
    values = rng.uniform(-1000.0, 3000.0, own.shape).astype(np.float32)
    on = _moved(target, (19, 23, 29), scale)
    expected = ITK.GetArrayFromImage(
        ITK.Resample(
            _image(values, own),
            _image(np.zeros(on.shape, np.float32), on),
            ITK.Transform(),
            ITK.sitkLinear,
            -1000.0,
        )
    )

    found = resample_linear(Volume(own, values, Unit.HU), on, outside=-1000.0)

    np.testing.assert_allclose(found.values, expected, atol=1e-3)
    assert np.mean(expected != -1000.0) > 0.02


@pytest.mark.parametrize("source", sorted(AFFINES))
@pytest.mark.parametrize("target", sorted(AFFINES))
def test_a_linear_function_of_place_stays_what_it_is(source: str, target: str) -> None:
    """Away from the outermost half voxel, where edge values hold; rounding of float32 alone."""
    own = grid(source)
    on = _moved(target, (9, 10, 11), 0.5)

    def function(at: Grid) -> NDArray[np.float64]:
        places = at.to_mm(np.moveaxis(np.indices(at.shape), 0, -1))
        return np.asarray(places @ [0.3, -0.7, 0.2] + 5.0)

    found = resample_linear(
        Volume(own, function(own).astype(np.float32), Unit.COUNTS), on, outside=np.nan
    )

    np.testing.assert_allclose(found.values, function(on), atol=1e-5)
    assert found.unit == Unit.COUNTS
    assert found.grid is on


@pytest.mark.parametrize("name", sorted(AFFINES))
def test_on_its_own_grid_a_volume_is_itself(name: str) -> None:
    at = grid(name)
    values = np.random.default_rng(1).normal(size=at.shape).astype(np.float32)

    found = resample_linear(Volume(at, values, Unit.COUNTS), at, outside=np.nan)

    np.testing.assert_allclose(found.values, values, rtol=1e-6)


def test_edge_values_hold_to_the_outer_faces_and_no_farther() -> None:
    values = np.array([[[2.0, 4.0]]], np.float32)
    affine = np.array([[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0],
                       [0.0, 0.0, 0.0, 1.0]])  # fmt: skip
    fine = affine.copy()
    fine[0, 2], fine[0, 3] = 0.2, -0.7
    volume = Volume(Grid((1, 1, 2), affine), values, Unit.COUNTS)

    found = resample_linear(volume, Grid((1, 1, 13), fine), outside=-9.0)

    expected = [-9, 2, 2, 2, 2.2, 2.6, 3.0, 3.4, 3.8, 4, 4, 4, -9]  # centres at -0.7, -0.5 ... 1.7
    np.testing.assert_allclose(found.values[0, 0], expected, rtol=1e-6)


def test_a_volume_that_does_not_reach_the_grid_is_all_outside() -> None:
    at = grid("axial")
    far = at.affine.copy()
    far[0, 3] += 1e4
    volume = Volume(at, np.ones(at.shape, np.float32), Unit.COUNTS)

    for affine in (far, AFFINES["oblique"] + (far - at.affine)):
        found = resample_linear(volume, Grid(at.shape, affine), outside=-7.0)
        np.testing.assert_array_equal(found.values, -7.0)


def test_another_frame_of_reference_is_refused() -> None:
    at = grid("axial")
    volume = Volume(at, np.ones(at.shape, np.float32), Unit.COUNTS)

    with pytest.raises(ValueError, match="different frames"):
        resample_linear(volume, Grid(at.shape, at.affine, "9.9"), outside=0.0)


def test_a_value_that_is_not_finite_stays_where_it_has_weight() -> None:
    at = grid("axial", (7, 7, 7))
    values = np.ones(at.shape, np.float32)
    values[3, 3, 3] = np.nan
    volume = Volume(at, values, Unit.COUNTS)

    itself = resample_linear(volume, at, outside=0.0)
    finer = resample_linear(volume, _moved("oblique", (20, 20, 20), 0.3), outside=0.0)

    np.testing.assert_array_equal(np.isnan(itself.values), np.isnan(values))
    away = finer.grid.to_mm(np.argwhere(np.isnan(finer.values))) - at.to_mm((3, 3, 3))
    assert len(away) > 0
    assert np.abs(away).max() <= 4.0


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_frame_agrees_with_scipy_inside(data: st.DataObject) -> None:
    """Any matrix, also degenerate; sizes from one voxel; read-only. scipy, nearest at the edges."""
    shape = data.draw(st.tuples(*[st.integers(1, 6)] * 3))
    number = st.floats(-2.0, 2.0).map(lambda x: round(x, 3))
    frame = np.array(data.draw(st.lists(number, min_size=12, max_size=12))).reshape(3, 4)
    if data.draw(st.booleans()):
        frame[:2, 2] = 0.0
    values = np.random.default_rng(2).random(shape).astype(np.float32)
    values.flags.writeable = data.draw(st.booleans())
    out = np.empty((4, 5, 6), np.float32)

    kernel(values, frame, -1.0, out)

    index = np.moveaxis(np.indices(out.shape), 0, -1)
    at = index @ frame[:, :3].T + frame[:, 3]
    margin = np.minimum(at + 0.5, np.array(shape) - 0.5 - at).min(axis=-1)
    near = ndimage.map_coordinates(
        values.astype(np.float64), np.moveaxis(at, -1, 0), order=1, mode="nearest"
    )
    inside, outside = margin > 1e-4, margin < -1e-4
    np.testing.assert_allclose(out[inside], near[inside], atol=1e-6)
    np.testing.assert_array_equal(out[outside], -1.0)
