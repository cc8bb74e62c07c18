"""Cuts show what lies there, in any orientation."""

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.report.pictures.sheet.planes import VIEWS, plane_at, sample, side_letter
from quant.report.pictures.sheet.projection import projected, upright
from quant.report.pictures.sheet.views import ticks
from tests.support.geometry import AFFINES, grid

GRADIENT = np.array([0.7, -1.1, 1.3])


def field_on(there: Grid) -> NDArray[np.float32]:
    index = np.stack(np.meshgrid(*map(np.arange, there.shape), indexing="ij"), axis=-1)
    return np.asarray(there.to_mm(index) @ GRADIENT, dtype=np.float32)


@pytest.mark.parametrize("name", AFFINES)
@pytest.mark.parametrize("view", VIEWS)
def test_a_linear_field_is_cut_exactly(name: str, view: str) -> None:
    there = grid(name)
    plane = plane_at(view, np.array([3.3, -2.1, 5.7]), 1.7, (30, 34))

    values, inside = sample(there, field_on(there), plane)

    rows, columns = np.mgrid[:30, :34]
    places = plane.origin_mm + 1.7 * (
        columns[..., None] * plane.right + rows[..., None] * plane.down
    )
    index = there.to_index(places)
    within = ((index >= 0) & (index <= np.array(there.shape) - 1)).all(axis=-1)
    assert within.any()
    assert inside[within].all()
    np.testing.assert_allclose(values[within], (places @ GRADIENT)[within], atol=2e-3)
    beyond = ((index < -0.51) | (index > np.array(there.shape) - 0.49)).any(axis=-1)
    assert not inside[beyond].any()


@pytest.mark.parametrize("view", VIEWS)
def test_the_point_asked_for_is_the_middle_of_the_plane(view: str) -> None:
    point = np.array([12.0, -30.0, 7.0])

    plane = plane_at(view, point, 1.5, (41, 61))

    assert plane.pixel(point) == pytest.approx((30.0, 20.0))
    part = plane.part(slice(5, 30), slice(7, 50))
    assert part.pixel(point) == pytest.approx((23.0, 15.0))
    assert part.shape == (25, 43)


def test_a_plane_beside_the_volume_is_wholly_outside() -> None:
    there = grid("axial")

    for view in VIEWS:
        _, inside = sample(there, field_on(there), plane_at(view, np.full(3, 500.0), 2.0, (9, 9)))
        assert not inside.any()


@pytest.mark.parametrize("name", AFFINES)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_only_hot_voxel_is_projected_to_its_place(name: str, axis: int) -> None:
    there = grid(name)
    values = np.zeros(there.shape, dtype=np.float32)
    values[14, 6, 20] = 1.0
    place = there.to_mm((14, 6, 20))

    flat_grid, flat = projected(*upright(there, values), axis)

    hottest = np.argwhere(flat == flat.max()).mean(axis=0)
    found = flat_grid.to_mm(hottest)
    others = [a for a in range(3) if a != axis]
    assert flat.shape[int(np.abs(flat_grid.axes_mm[axis]).argmax())] == 1
    assert np.abs(found - place)[others].max() < (0.1 if name != "oblique" else 2.5)


def test_letters_name_the_side_that_a_direction_points_to() -> None:
    named = {"L": [1, 0.2, 0.1], "R": [-1, 0, 0], "P": [0, 1, 0], "A": [0.3, -0.9, 0],
             "H": [0, 0, 1], "F": [0.1, 0.2, -0.8]}  # fmt: skip
    for letter, direction in named.items():
        assert side_letter(np.array(direction, dtype=float)) == letter


def test_ticks_are_round_and_within_the_range() -> None:
    assert ticks(330.0) == [0.0, 100.0, 200.0, 300.0]
    assert ticks(1.0, 4, -0.3) == [0.0, 0.5, 1.0]
    assert ticks(0.0) == [0.0]
    assert ticks(3e-9)[-1] <= 3e-9
