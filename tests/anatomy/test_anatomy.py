"""Choosing regions, levels, sides and lobes, on every geometry."""

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.anatomy.choice import largest_of_role, of_role, right_segments, segment_number
from quant.anatomy.places import is_on_side, region_centroid_mm, world_axis, z_range_mm
from quant.domain.grid import Grid
from quant.domain.region import Region, Role
from tests.support.geometry import AFFINES, grid


def _cube(at: Grid, name: str, role: Role, size: int = 2, weight: float = 1.0) -> Region:
    weights = np.zeros(at.shape, np.float32)
    weights[3 : 3 + size, 4 : 4 + size, 5 : 5 + size] = weight
    return Region.from_full(at, weights, name, role)


def _corners(region: Region) -> NDArray[np.float64]:
    """Outer corners of the region's box, LPS mm."""
    shape = region.weights.shape
    cropped = region.grid.cropped(region.corner, (shape[0], shape[1], shape[2]))
    return cropped.corners_mm()


@pytest.mark.parametrize("name", AFFINES)
def test_the_level_of_a_region_is_the_world_z_that_its_voxels_reach(name: str) -> None:
    region = _cube(grid(name), "vertebrae_L2", Role.VERTEBRA_L2, size=5)

    low, high = z_range_mm(region)

    corners = _corners(region)[:, 2]
    assert (low, high) == pytest.approx((corners.min(), corners.max()), abs=1e-9)


def test_rim_voxels_below_half_do_not_widen_the_level() -> None:
    weights = np.zeros((20, 24, 28), np.float32)
    weights[8:12, 5, 5] = 1.0
    weights[12, 5, 5] = 0.4
    region = Region.from_full(grid("axial"), weights, "L2")

    low, high = z_range_mm(region)

    assert high - low == pytest.approx(16.0)
    faint = Region.from_full(grid("axial"), weights * 0.3, "L2")
    assert z_range_mm(faint)[1] - z_range_mm(faint)[0] == pytest.approx(20.0)


@pytest.mark.parametrize("name", AFFINES)
def test_the_centroid_is_weighted_and_in_world_coordinates(name: str) -> None:
    at = grid(name)
    weights = np.zeros(at.shape, np.float32)
    weights[4, 5, 6], weights[8, 9, 10] = 0.75, 0.25

    centroid = region_centroid_mm(Region.from_full(at, weights, "liver"))

    np.testing.assert_allclose(centroid, at.to_mm((5.0, 6.0, 7.0)), atol=1e-6)


@pytest.mark.parametrize("name", AFFINES)
def test_world_coordinates_of_a_box_are_those_of_the_grid(name: str) -> None:
    at = grid(name)
    index = np.moveaxis(np.indices((3, 4, 5)), 0, -1) + np.array((2, 7, 1))

    for axis in range(3):
        ours = world_axis(at, (2, 7, 1), (3, 4, 5), axis)
        np.testing.assert_allclose(ours, at.to_mm(index)[..., axis], atol=1e-9)


def test_left_is_plus_x_in_lps() -> None:
    assert is_on_side(5.0, Role.MUSCLE_LEFT, 0.0)
    assert not is_on_side(-5.0, Role.MUSCLE_LEFT, 0.0)
    assert is_on_side(-5.0, Role.MUSCLE_RIGHT, 0.0)
    assert not is_on_side(0.0, Role.MUSCLE_RIGHT, 0.0)


def test_the_largest_region_of_a_role_is_taken_and_the_choice_is_flagged() -> None:
    at = grid("axial")
    small = _cube(at, "a liver", Role.LIVER, 2)
    faint = _cube(at, "z liver", Role.LIVER, 5, weight=0.01)
    large = _cube(at, "liver", Role.LIVER, 3)
    other = _cube(at, "tumour", Role.TUMOUR, 6)

    best, flags = largest_of_role([small, faint, other, large], Role.LIVER)

    assert best is large
    assert [flag.code for flag in flags] == ["ROLE_SEVERAL"]
    assert "'liver'" in flags[0].detail
    assert largest_of_role([large, other], Role.LIVER) == (large, ())
    assert largest_of_role([other], Role.LIVER) == (None, ())
    assert of_role([small, other, large], Role.LIVER) == (small, large)


def test_equal_regions_are_taken_by_name_whatever_their_order() -> None:
    at = grid("axial")
    one, two = _cube(at, "liver a", Role.LIVER), _cube(at, "liver b", Role.LIVER)

    assert largest_of_role([one, two], Role.LIVER)[0] is one
    assert largest_of_role([two, one], Role.LIVER)[0] is one


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("liver_segment_5", 5),
        ("Liver Segment 8", 8),
        ("liver_segment_4a", 4),
        ("couinaud-1", 1),
        ("2 segment 7", 7),
        ("liver_segment_10", None),
        ("liver", None),
    ],
)
def test_the_couinaud_number_is_read_from_the_end_of_the_name(
    name: str, number: int | None
) -> None:
    assert segment_number(name) == number


def test_segments_5_to_8_are_the_right_lobe() -> None:
    at = grid("axial")
    regions = [_cube(at, f"liver_segment_{n}", Role.LIVER_SEGMENT) for n in (8, 2, 5, 1, 6)]
    regions.append(_cube(at, "liver_7", Role.LIVER))

    assert [one.name[-1] for one in right_segments(regions)] == ["5", "6", "8"]
