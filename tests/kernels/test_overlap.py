"""Polygon and prism coverage, boxes of labels, against naive oracles and other software."""

from typing import Any

import numpy as np
import pytest
from matplotlib.path import Path as Outline
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import polygon2mask

from quant_kernels.overlap import label_boxes, polygon_coverage, prism_coverage

SHAPE = (17, 23)


def scan_edges(*polygons: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges of closed polygons (N, 2) of (row, column) in the kernel's order."""
    rows = []
    for polygon in polygons:
        for (v0, x0), (v1, x1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            if v0 != v1:
                low, high = ((v0, x0), (v1, x1)) if v0 < v1 else ((v1, x1), (v0, x0))
                slope = (high[1] - low[1]) / (high[0] - low[0])
                rows.append((low[0], high[0], low[1], slope))
    return np.array(sorted(rows), dtype=np.float64).reshape(-1, 4)


def all_lines(shape: tuple[int, int], *polygons: NDArray[np.float64]) -> NDArray[np.float64]:
    sub_rows = np.arange(shape[0] * 8 + 1) / 8 - 0.5
    return np.unique(np.concatenate([sub_rows, *(polygon[:, 0] for polygon in polygons)]))


def shoelace(polygon: NDArray[np.float64]) -> float:
    v, x = polygon.T
    return float(abs(np.sum(v * np.roll(x, -1) - x * np.roll(v, -1))) / 2)


def star(
    seed: int, centre: tuple[float, float] = (8.1, 11.2), size: float = 7.0
) -> NDArray[np.float64]:
    """Return a random polygon that does not cross itself, wholly inside SHAPE."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 31))
    radius = size * rng.uniform(0.3, 1.0, 31)
    return np.stack([centre[0] + radius * np.sin(angle), centre[1] + radius * np.cos(angle)], 1)


def fractions(*polygons: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    coverage = np.zeros(SHAPE)
    by_centres = False
    lines = all_lines(SHAPE, *polygons)
    area = polygon_coverage(scan_edges(*polygons), lines, by_centres, coverage)
    return area, coverage


def centres(*polygons: NDArray[np.float64]) -> NDArray[np.float64]:
    coverage = np.zeros(SHAPE)
    by_centres = True
    lines: NDArray[np.float64] = np.arange(SHAPE[0] + 1, dtype=np.float64) - 0.5
    polygon_coverage(scan_edges(*polygons), lines, by_centres, coverage)
    return coverage


@pytest.mark.parametrize("seed", range(12))
def test_area_of_a_random_polygon_is_exact(seed: int) -> None:
    """Crossings are linear between vertices, so strips between them are exact: the shoelace."""
    polygon = star(seed)

    area, coverage = fractions(polygon)

    assert area == pytest.approx(shoelace(polygon), rel=1e-12)
    assert coverage.sum() == pytest.approx(area, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_each_pixel_holds_its_share_of_a_random_polygon(seed: int) -> None:
    """Against 64 x 64 points a pixel: their own scatter is about 0.01."""
    polygon = star(seed)
    fine = (np.arange(64) + 0.5) / 64 - 0.5
    rows = (np.arange(SHAPE[0])[:, None] + fine).ravel()
    columns = (np.arange(SHAPE[1])[:, None] + fine).ravel()
    grid = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
    inside = Outline(polygon).contains_points(grid).reshape(SHAPE[0], 64, SHAPE[1], 64)

    _, coverage = fractions(polygon)

    assert np.abs(coverage - inside.mean(axis=(1, 3))).max() < 0.02


@pytest.mark.parametrize("seed", range(12))
def test_centre_rule_equals_matplotlib_and_scikit_image(seed: int) -> None:
    polygon = star(seed)
    grid = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1).reshape(-1, 2)

    mask = centres(polygon)

    np.testing.assert_array_equal(mask, Outline(polygon).contains_points(grid).reshape(SHAPE))
    other: Any = polygon2mask  # carries no types
    np.testing.assert_array_equal(mask, other(SHAPE, polygon))


def test_centre_rule_is_half_open_where_edges_pass_through_centres() -> None:
    """Two boxes that share an edge through pixel centres share no pixel and leave none out."""
    left = np.array([[2.0, 3.0], [2.0, 7.0], [9.0, 7.0], [9.0, 3.0]])
    right = left + np.array([0.0, 4.0])

    first, second = centres(left), centres(right)

    assert first.sum() == second.sum() == 7 * 4
    assert (first * second).sum() == 0
    assert (first + second)[2:9, 3:11].all()


def test_a_polygon_inside_another_is_a_hole() -> None:
    outer, inner = star(1), star(2, size=2.0)

    area, _ = fractions(outer, inner)

    assert area == pytest.approx(shoelace(outer) - shoelace(inner), rel=1e-12)


def test_a_keyhole_is_a_hole() -> None:
    """Outer and inner square joined by a channel of no width, as some systems export holes."""
    keyhole = np.array(
        [[2, 2], [2, 12], [12, 12], [12, 2], [7, 2], [7, 5], [9, 5], [9, 9], [5, 9], [5, 5],
         [7, 5], [7, 2]], dtype=np.float64,
    )  # fmt: skip

    area, coverage = fractions(keyhole)

    assert area == pytest.approx(100 - 16, rel=1e-12)
    assert coverage[7, 7] == 0.0
    assert coverage[7, 3] == pytest.approx(1.0)


def test_what_lies_outside_the_array_counts_as_area_but_not_as_coverage() -> None:
    square = np.array([[-10.5, -20.5], [-10.5, 30.5], [9.5, 30.5], [9.5, -20.5]])

    area, coverage = fractions(square)

    assert area == pytest.approx(20 * 51)
    assert coverage.sum() == pytest.approx(10 * SHAPE[1])


def prism_total(frame: NDArray[np.float64], sub_rows: int) -> NDArray[np.float64]:
    """Lay a box (along -4..4, across -3..3, height -2..2.5) on an 11 x 13 x 15 grid."""
    box = np.array([[-3.0, -4.0], [-3.0, 4.0], [3.0, 4.0], [3.0, -4.0]])
    edges = scan_edges(box)
    planes = np.array([[-2.0, 0.5, 0, len(edges), 6.0], [0.5, 2.5, 0, len(edges), 6.0]])
    coverage = np.zeros((11, 13, 15))
    prism_coverage(edges, planes, frame, sub_rows, coverage)
    return coverage


def turned_frame(tilt: float) -> NDArray[np.float64]:
    """(k, j, i, 1) to (along, across, height), tilted about the across axis."""
    c, s = np.cos(tilt), np.sin(tilt)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    axes = turn @ np.array([[0.0, 0, 1], [0, 1, 0], [1, 0, 0]])
    return np.column_stack([axes, -axes @ [5.2, 6.1, 7.3]])


@pytest.mark.parametrize("tilt", [0.0, 0.3, 1.0])
def test_prisms_keep_their_volume_at_any_tilt(tilt: float) -> None:
    """8 x 6 x 4.5; 64 scattered lines a voxel leave a fraction of a per cent."""
    coverage = prism_total(turned_frame(tilt), 8)

    assert coverage.sum() == pytest.approx(8 * 6 * 4.5, rel=0.004)
    assert coverage.max() <= 1.0 + 1e-12


@pytest.mark.parametrize("tilt", [0.0, 0.3, 1.0])
def test_prisms_by_centres_hold_the_voxels_whose_centre_is_inside(tilt: float) -> None:
    frame = turned_frame(tilt)
    index = np.stack(np.meshgrid(*map(np.arange, (11, 13, 15)), indexing="ij"), axis=-1)
    along, across, height = np.moveaxis(index @ frame[:, :3].T + frame[:, 3], -1, 0)
    inside = (abs(along) < 4) & (abs(across) < 3) & (height >= -2) & (height < 2.5)

    coverage = prism_total(frame, 0)

    np.testing.assert_array_equal(coverage, inside)


def test_prisms_do_not_depend_on_what_was_laid_before() -> None:
    frame = turned_frame(0.3)

    np.testing.assert_array_equal(prism_total(frame, 8), prism_total(frame, 8))


def test_label_boxes_equal_scipy_find_objects() -> None:
    labels = np.random.default_rng(5).integers(0, 40, (6, 7, 8), dtype=np.int32)
    labels[labels > 9] = 0
    boxes = np.zeros((10, 7), dtype=np.int64)
    boxes[:, :3] = 1 << 40

    label_boxes(labels[:4], 0, boxes)
    label_boxes(labels[4:], 4, boxes)

    found = ndimage.find_objects(labels)
    for value in range(1, 10):
        low, high = boxes[value, :3], boxes[value, 3:6] + 1
        assert found[value - 1] == tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        assert boxes[value, 6] == (labels == value).sum()
