"""Overlap of voxel grids against analytic solids, dense sampling and numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quant_kernels.label_overlap import box_sums, label_coverage

Matrix = NDArray[np.float64]


def _turned(rng: np.random.Generator, sizes: tuple[float, float, float]) -> Matrix:
    """Axes of a random direction and handedness, with the given lengths as columns."""
    return np.asarray(np.linalg.qr(rng.normal(size=(3, 3)))[0] * np.array(sizes))


def _about(axes: Matrix, centre: Matrix, count: int) -> Matrix:
    """Frame (3, 4) of ``count``^3 target voxels about a point of the source."""
    return np.column_stack([axes, centre - axes @ np.full(3, (count - 1) / 2.0)])


def _covered(source: NDArray[np.float32], frame: Matrix, count: int) -> Matrix:
    coverage = np.full((count, count, count), np.nan)
    by_centres = False
    label_coverage(source, frame, by_centres, coverage)
    return coverage


def _dense(source: NDArray[np.float32], frame: Matrix, at: Matrix, fine: int) -> float:
    """Mean of the source over one target voxel by fine^3 points."""
    line = (np.arange(fine) + 0.5) / fine - 0.5
    cells = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
    place = np.floor((at + cells) @ frame[:, :3].T + frame[:, 3] + 0.5).astype(int)
    inside = ((place >= 0) & (place < source.shape)).all(axis=1)
    return float(source[tuple(place[inside].T)].sum() / len(cells))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("sizes", [(0.3, 0.4, 0.35), (1.0, 1.0, 1.0), (0.6, 2.4, 1.7), (4.0,) * 3])
def test_at_any_angle_the_volume_is_kept_to_rounding(
    seed: int, sizes: tuple[float, float, float]
) -> None:
    """Random weights that the target covers as a whole; 1e-12 where 1e-6 is asked for."""
    rng = np.random.default_rng(seed)
    source = np.where(rng.random((5, 7, 6)) < 0.5, rng.random((5, 7, 6)), 0).astype(np.float32)
    axes, count = _turned(rng, sizes), int(14 / min(sizes)) + 2
    frame = _about(axes, np.array([2.0, 3.0, 2.5]) + rng.uniform(-0.5, 0.5, 3), min(count, 44))

    coverage = _covered(source, frame, min(count, 44))

    total = coverage.sum() * abs(np.linalg.det(axes))
    assert total == pytest.approx(source.sum(dtype=np.float64), rel=1e-12)
    assert coverage.min() >= -1e-13
    assert coverage.max() <= source.max() + 1e-12


@pytest.mark.parametrize("seed", range(4))
def test_each_voxel_at_an_angle_is_the_mean_of_dense_samples(seed: int) -> None:
    """48^3 points a voxel; their own error is about 1e-3."""
    rng = np.random.default_rng(seed)
    source = (rng.random((9, 9, 9)) > 0.6).astype(np.float32)
    frame = _about(_turned(rng, (2.1, 1.3, 0.7)), np.array([4.0, 4.0, 4.0]), 8)

    coverage = _covered(source, frame, 8)

    for at in rng.integers(0, 8, (40, 3)):
        assert coverage[tuple(at)] == pytest.approx(_dense(source, frame, at, 48), abs=2e-3)


def test_a_cube_cut_by_a_diagonal_plane_has_the_volume_of_a_corner() -> None:
    """Target voxel |x| + |y| <= s, |z| <= 1/2 (turned by 45 degrees) over the half space x < 0.

    Moved by ``d`` along x, the covered part is that of a square cut across its diagonal: the
    triangle of area (s - d)^2 of 2 s^2.
    """
    size = 1.0
    for shift in (0.0, 0.2, 0.5, 0.9):
        source = np.zeros((12, 12, 3), np.float32)
        source[:6] = 1.0
        edge = np.sqrt(2.0) * size
        turn = np.array([[1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        axes = turn / np.sqrt(2.0) * np.array([edge, edge, 1.0])
        frame = np.column_stack([axes, [5.5 + shift, 5.3, 1.0]])

        found = _covered(source, frame, 1)[0, 0, 0]

        assert found == pytest.approx((size - shift) ** 2 / (2.0 * size**2), abs=1e-12)


def test_a_corner_of_a_cube_in_a_half_space_is_a_tetrahedron() -> None:
    """A cube on its corner, dipped ``h`` deep: sqrt(3) / 2 h^3 of its volume (h < 1 / sqrt(3))."""
    down = np.ones(3) / np.sqrt(3.0)
    across = np.array([1.0, -1.0, 0.0]) / np.sqrt(2.0)
    to_frame = np.stack([down, across, np.cross(down, across)])  # rows: source axes in the cube
    for depth in (0.1, 0.3, 0.55):
        source = np.zeros((12, 12, 12), np.float32)
        source[6:] = 1.0
        # lowest corner of the cube lies sqrt(3) / 2 along ``down`` from its centre
        centre = np.array([5.5 + depth - np.sqrt(3.0) / 2.0, 5.1, 6.2])

        found = _covered(source, np.column_stack([to_frame, centre]), 1)[0, 0, 0]

        assert found == pytest.approx(np.sqrt(3.0) / 2.0 * depth**3, abs=1e-12)


def test_askew_to_a_uniform_block_whole_voxels_are_whole() -> None:
    source = np.ones((30, 30, 30), np.float32)
    frame = _about(_turned(np.random.default_rng(2), (1.2, 1.5, 2.0)), np.full(3, 14.5), 5)

    np.testing.assert_array_equal(_covered(source, frame, 5), 1.0)


def test_parallel_grids_give_the_same_both_ways() -> None:
    rng = np.random.default_rng(7)
    source = rng.random((6, 7, 8)).astype(np.float32)
    steps, start = np.array([1.3, 0.7, 2.1]), np.array([0.2, -0.4, 1.1])
    coverage = _covered(source, np.column_stack([np.diag(steps), start]), 6)
    k, j, i = (a + s * (np.arange(7) - 0.5) + 0.5 for a, s in zip(start, steps, strict=True))
    sums = np.empty((6, 6, 6))

    box_sums(source, (k, j, i), sums)

    np.testing.assert_allclose(sums / np.prod(steps), coverage, atol=1e-13)


def test_the_centre_rule_looks_up_the_voxel_that_holds_the_centre() -> None:
    source = np.random.default_rng(3).random((5, 6, 7)).astype(np.float32)
    coverage = np.zeros((5, 6, 7))
    by_centres = True

    label_coverage(source, np.eye(3, 4), by_centres, coverage)
    np.testing.assert_array_equal(coverage.astype(np.float32), source)

    moved = np.eye(3, 4)
    moved[0, 3] = 2.2
    label_coverage(source, moved, by_centres, coverage)
    np.testing.assert_array_equal(coverage[:3].astype(np.float32), source[2:])
    np.testing.assert_array_equal(coverage[3:], 0.0)


def _naive_sums(source: NDArray[np.float32], edges: tuple[Matrix, Matrix, Matrix]) -> Matrix:
    """Overlap matrices of both grids along each axis, applied in float64."""
    total: Matrix = source.astype(np.float64)
    for axis, edge in enumerate(edges):
        cells = np.arange(source.shape[axis])
        low = np.maximum(edge[:-1, None], cells)
        high = np.minimum(edge[1:, None], cells + 1.0)
        total = np.moveaxis(np.tensordot(np.clip(high - low, 0, None), total, (1, axis)), 0, axis)
    return total


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_boxes_equal_a_product_of_overlaps_wherever_they_lie(data: st.DataObject) -> None:
    """Coarser and finer, beside the source, over its border, one voxel; also read-only."""
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    shape = data.draw(st.tuples(*[st.integers(1, 7)] * 3))
    source = rng.random(shape).astype(np.float32)
    source.flags.writeable = data.draw(st.booleans())
    k, j, i = (
        data.draw(st.floats(-5.0, 8.0))
        + data.draw(st.floats(0.1, 9.0)) * np.arange(data.draw(st.integers(2, 7)), dtype=np.float64)
        for _ in range(3)
    )
    sums = np.full((k.size - 1, j.size - 1, i.size - 1), np.nan)

    box_sums(source, (k, j, i), sums)

    np.testing.assert_allclose(sums, _naive_sums(source, (k, j, i)), atol=1e-11)


def test_boxes_that_cover_the_source_keep_its_sum() -> None:
    source = np.random.default_rng(1).random((20, 30, 40)).astype(np.float32)
    k, j, i = (np.linspace(-1.7, n + 2.3, m) for n, m in ((20, 7), (30, 50), (40, 13)))
    sums = np.empty((6, 49, 12))

    box_sums(source, (k, j, i), sums)

    assert sums.sum() == pytest.approx(source.sum(dtype=np.float64), rel=1e-13)
