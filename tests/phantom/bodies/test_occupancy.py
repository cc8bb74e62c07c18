"""Fractional occupancy: sums to the volume whatever the grid, and agrees with membership."""

import numpy as np
import pytest

from quant.domain.grid import Grid
from quant.phantom.bodies.ball_unions import BallUnion
from quant.phantom.bodies.compounds import Dumbbell, Hollow
from quant.phantom.bodies.occupancy import centre_mask, occupancy
from quant.phantom.bodies.solids import Ball, Box, Ellipsoid, Solid, Torus, rotation_deg
from tests.support.geometry import AFFINES, grid

TURN = rotation_deg(35.0, 20.0, -15.0)
AT = (1.3, -2.2, 0.7)

SOLIDS: dict[str, Solid] = {
    "ball": Ball(AT, 17.0),
    "ellipsoid": Ellipsoid(AT, (24.0, 15.0, 10.0), TURN),
    "torus": Torus(AT, 18.0, 8.0, TURN),
    "dumbbell": Dumbbell(AT, 11.0, 15.0, 5.0, TURN),
    "lobes": BallUnion(((0.0, 0.0, 0.0), (14.0, 4.0, 5.0), (-10.0, 9.0, 8.0)), (16.0, 12.0, 10.0)),
    "hollow": Hollow(Ball(AT, 22.0), Ball((2.0, 0.0, 0.0), 9.0)),
}


@pytest.mark.parametrize("geometry", AFFINES)
@pytest.mark.parametrize("name", SOLIDS)
def test_fractions_sum_to_the_volume_on_every_geometry(name: str, geometry: str) -> None:
    """4 mm voxels, smallest cells of 0.25 mm: within 0.1 % of the exact volume."""
    where = grid(geometry)

    share = occupancy(SOLIDS[name], where)

    assert share.shape == where.shape
    assert share.min() >= 0.0
    assert share.max() <= 1.0
    total_ml = float(share.sum()) * where.voxel_volume_ml
    assert total_ml == pytest.approx(SOLIDS[name].volume_ml, rel=1e-3)


def test_the_geometries_have_both_signs_of_the_determinant() -> None:
    """What the test above rests on."""
    signs = {np.sign(np.linalg.det(affine[:3, :3])) for affine in AFFINES.values()}

    assert signs == {-1.0, 1.0}


def test_a_sheared_grid_counts_as_well() -> None:
    """A tilted gantry: slices step sideways."""
    affine = grid("axial").affine.copy()
    affine[1, 0] = 1.4

    tilted = Grid((20, 24, 28), affine)
    share = occupancy(SOLIDS["ball"], tilted)

    assert float(share.sum()) * tilted.voxel_volume_ml == pytest.approx(20.58, rel=1e-3)


@pytest.mark.parametrize("geometry", AFFINES)
def test_fractions_have_their_centroid_at_the_centre(geometry: str) -> None:
    """The sum alone would not notice a mirrored axis."""
    where = grid(geometry)
    share = occupancy(Ellipsoid((6.0, -9.0, 4.0), (20.0, 13.0, 10.0), TURN), where)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in where.shape), indexing="ij"), axis=-1)

    centroid = (where.to_mm(index) * share[..., None]).sum(axis=(0, 1, 2)) / share.sum()

    assert centroid == pytest.approx([6.0, -9.0, 4.0], abs=0.02)


def test_a_fraction_is_that_of_a_brute_force_count() -> None:
    """Every voxel of an oblique grid against 12^3 points of its own."""
    where = grid("oblique", (9, 10, 11))
    solid = Ellipsoid((1.0, 2.0, -1.0), (15.0, 11.0, 9.0), TURN)
    fine = (np.arange(12) + 0.5) / 12.0 - 0.5
    offsets = np.stack(np.meshgrid(fine, fine, fine, indexing="ij"), axis=-1).reshape(-1, 3)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in where.shape), indexing="ij"), axis=-1)

    counted = solid.inside(where.to_mm(index[..., None, :] + offsets)).mean(axis=-1)

    assert occupancy(solid, where) == pytest.approx(counted, abs=0.02)


def test_a_box_along_the_grid_has_its_products_of_fractions() -> None:
    """Covered to a half or a quarter along each axis: multiples of 1/16 are exact."""
    where = Grid((4, 4, 4), np.eye(4))
    share = occupancy(Box((1.5, 1.5, 1.5), (1.0, 1.0, 1.0)), where)

    assert share[1, 1, 1] == 1.0
    assert share.sum() == pytest.approx(8.0)
    halves = occupancy(Box((1.5, 1.5, 1.5), (1.5, 1.5, 1.5)), where)
    assert halves[0, 1, 1] == pytest.approx(0.5)
    assert halves[0, 0, 0] == pytest.approx(0.125)
    thin = occupancy(Box((1.5, 1.5, 1.5), (1.25, 1.25, 1.25)), where)
    assert thin[0, 1, 1] == pytest.approx(0.25)
    assert thin[0, 0, 1] == pytest.approx(0.25**2)
    assert thin[0, 0, 0] == pytest.approx(0.25**3)


@pytest.mark.parametrize("geometry", AFFINES)
@pytest.mark.parametrize("name", SOLIDS)
def test_the_centre_mask_is_membership_of_the_centres(name: str, geometry: str) -> None:
    where = grid(geometry)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in where.shape), indexing="ij"), axis=-1)

    mask = centre_mask(SOLIDS[name], where)

    assert mask.any()
    assert np.array_equal(mask, SOLIDS[name].inside(where.to_mm(index)))


def test_a_body_that_reaches_over_the_edge_is_cut_there_and_one_outside_leaves_nothing() -> None:
    where = grid("axial", (8, 8, 8))
    half = occupancy(Ball((0.0, 0.0, 16.0), 10.0), where)
    far = Ball((500.0, 0.0, 0.0), 10.0)

    assert float(half.sum()) * where.voxel_volume_ml == pytest.approx(2.0 / 3.0 * np.pi, rel=5e-3)
    assert occupancy(far, where).sum() == 0.0
    assert not centre_mask(far, where).any()


def test_a_body_smaller_than_a_voxel_is_not_lost() -> None:
    where = grid("anisotropic")
    small = Ball(AT, 1.5)

    total_ml = float(occupancy(small, where, levels=6).sum()) * where.voxel_volume_ml

    assert total_ml == pytest.approx(small.volume_ml, rel=0.01)
