"""The choice among positions: depth, centroid, place in the patient; never the voxels' order."""

import numpy as np
import pytest

from quant.domain.protocol import Criterion
from quant.reference.criteria import Positions, chosen, first_in_world


def _positions(
    points: list[tuple[float, float, float]],
    depths: list[float],
    sds: list[float] | None = None,
    mean: float = 1.0,
) -> Positions:
    count = len(points)
    return Positions(
        points_mm=np.array(points),
        depths_mm=np.array(depths),
        means=np.full(count, mean),
        sds=np.array(sds or [0.0] * count),
        centroid_mm=np.zeros(3),
        spacing_mm=np.array([4.0, 4.0, 4.0]),
    )


def _chosen(positions: Positions, criterion: Criterion = Criterion.DEEPEST) -> int:
    return chosen(positions, criterion, np.ones(len(positions.depths_mm), dtype=np.bool_))


def test_depth_beats_the_distance_to_the_centroid() -> None:
    assert _chosen(_positions([(0, 0, 0), (60, 0, 0), (9, 0, 0)], [20.0, 23.0, 20.5])) == 1


def test_within_half_a_voxel_of_depth_the_nearest_to_the_centroid_is_taken() -> None:
    points: list[tuple[float, float, float]] = [(30, 0, 0), (0, 8, 0), (0, 0, 0)]
    assert _chosen(_positions(points, [23.0, 21.5, 20.5])) == 1


def test_equal_positions_are_taken_by_x_then_y_then_z_in_any_order() -> None:
    points: list[tuple[float, float, float]] = [(5, 0, 0), (0, 0, 5), (-5, 0, 0), (0, -5, 0)]
    for turn in range(4):
        turned = points[turn:] + points[:turn]
        assert turned[_chosen(_positions(turned, [9.0] * 4))] == (-5, 0, 0)
    assert first_in_world(np.array([(0.0, 2.0, 1.0), (1e-5, 1.0, 3.0), (0.0, 1.0, 2.0)])) == 2


def test_uniform_takes_the_least_variation_whatever_the_sign_of_the_mean() -> None:
    points: list[tuple[float, float, float]] = [(0, 0, 0), (4, 0, 0), (8, 0, 0)]
    for mean in (2.0, -2.0):
        positions = _positions(points, [30.0, 20.0, 20.0], [0.3, 0.1, 0.2], mean)
        assert _chosen(positions, Criterion.UNIFORM) == 1


def test_uniform_of_an_organ_without_any_uptake_falls_back_on_depth() -> None:
    points: list[tuple[float, float, float]] = [(0, 0, 0), (4, 0, 0)]
    positions = _positions(points, [10.0, 20.0], [0.0, 0.0], mean=0.0)
    assert _chosen(positions, Criterion.UNIFORM) == 1


def test_only_what_is_asked_for_is_considered() -> None:
    positions = _positions([(0, 0, 0), (4, 0, 0)], [30.0, 10.0])
    among = np.array([False, True])
    assert chosen(positions, Criterion.DEEPEST, among) == 1


@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_ties_hold_for_tiny_rounding_only(scale: float) -> None:
    points: list[tuple[float, float, float]] = [(scale, 0, 0), (scale - 0.5, 0, 0)]
    assert _chosen(_positions(points, [9.0, 9.0])) == 1
