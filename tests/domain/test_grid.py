"""Grids map indices to the patient and back, whatever the geometry."""

import numpy as np
import pytest

from quant.domain.grid import Grid
from quant.errors import GeometryError
from tests.support.geometry import AFFINES, grid


@pytest.mark.parametrize("name", AFFINES)
def test_index_to_mm_and_back_is_the_identity(name: str) -> None:
    one = grid(name)
    index = np.random.default_rng(1).uniform(-3, 30, (50, 3))

    assert one.to_index(one.to_mm(index)) == pytest.approx(index, abs=1e-9)


def test_axial_grid_places_voxels_by_hand() -> None:
    affine = np.array([[0, 0, 2, -10], [0, 3, 0, -20], [5, 0, 0, -30], [0, 0, 0, 1]], float)
    one = Grid((4, 5, 6), affine)

    assert one.to_mm((1, 2, 3)).tolist() == [-4.0, -14.0, -25.0]
    assert one.spacing_mm.tolist() == [5.0, 3.0, 2.0]
    assert one.voxel_volume_ml == pytest.approx(0.03)


@pytest.mark.parametrize("name", AFFINES)
def test_cropping_leaves_every_voxel_where_it_was(name: str) -> None:
    one = grid(name)
    part = one.cropped((2, 3, 4), (5, 6, 7))

    assert part.to_mm((1, 1, 1)) == pytest.approx(one.to_mm((3, 4, 5)))


@pytest.mark.parametrize("name", AFFINES)
def test_the_box_between_the_corners_holds_the_whole_volume(name: str) -> None:
    one = grid(name)
    corners = one.corners_mm()
    edges = corners[[1, 2, 4]] - corners[0]

    volume = abs(np.linalg.det(edges)) / 1000.0

    assert volume == pytest.approx(one.voxel_volume_ml * np.prod(one.shape))


def test_a_shifted_grid_is_another_grid() -> None:
    one = grid("axial")
    moved = Grid(one.shape, one.affine + np.array([[0, 0, 0, 0.1]] + [[0.0] * 4] * 3))

    assert one.matches(grid("axial"))
    assert not one.matches(moved)


def test_a_sheared_grid_is_not_orthogonal() -> None:
    affine = grid("axial").affine.copy()
    affine[1, 0] = 1.0

    assert grid("oblique").is_orthogonal
    assert not Grid((3, 3, 3), affine).is_orthogonal


@pytest.mark.parametrize(
    "affine", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.diag([1.0, 1.0, 0.0, 1.0])]
)
def test_an_affine_without_a_place_is_refused(affine: np.ndarray) -> None:
    with pytest.raises(GeometryError, match="GRID_INVALID"):
        Grid((3, 3, 3), affine)


def test_the_affine_cannot_be_changed_later() -> None:
    one = grid("axial")

    with pytest.raises(ValueError, match="read-only"):
        one.affine[0, 0] = 7.0
