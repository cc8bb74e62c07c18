"""Whatever the grid, weights times voxel volume give the region's own volume.

Truth is the shoelace formula on the polygons, or the count of labelled voxels.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.region import RasterRule
from quant.domain.shapes import ContourShape, LabelShape
from quant.regions.rasterise import rasterise

Array = NDArray[np.float64]
FRACTIONAL = RasterRule.FRACTIONAL

SPECT_MM = 4.42


def turned(rng: np.random.Generator) -> Array:
    """(3, 3): columns of a random turn in space."""
    axes, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return np.asarray(axes)


def grid_about(reach_mm: float, spacing: Array, axes: Array, rng: np.random.Generator) -> Grid:
    """Return a grid that holds a ball about the origin, its voxels at a random place in it."""
    shape = np.ceil(2.0 * reach_mm / spacing).astype(int) + 3
    affine = np.eye(4)
    affine[:3, :3] = axes * spacing
    affine[:3, 3] = -affine[:3, :3] @ ((shape - 1) / 2.0 + rng.uniform(-0.5, 0.5, 3))
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def grid_axes(kind: str, rng: np.random.Generator) -> Array:
    straight = np.asarray(np.eye(3)[:, rng.permutation(3)] * rng.choice([-1.0, 1.0], 3))
    if kind == "straight":
        return straight
    if kind == "askew":
        return turned(rng)
    slight = turned_by(rng, 10.0 ** rng.uniform(-7, -1))
    return np.asarray(slight @ straight)


def turned_by(rng: np.random.Generator, angle: float) -> Array:
    """(3, 3): a turn by a small angle, rad, about an oblique axis."""
    x, y, z = np.array([2.0, -3.0, 6.0])[rng.permutation(3)] / 7.0
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def shoelace(polygon: Array) -> float:
    x, y = polygon.T
    return abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))) / 2.0


def star(rng: np.random.Generator, radius: float) -> Array:
    """Return a ragged polygon (N, 2) that does not cross itself."""
    count = int(rng.integers(5, 40))
    angle = 2 * np.pi * (np.arange(count) + rng.uniform(0, 0.9, count)) / count
    reach = radius * rng.uniform(0.4, 1.0, count)
    return np.asarray(reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))


def drawn(rng: np.random.Generator, radius: float) -> tuple[ContourShape, float]:
    """Return a region of stars, each with a hole, in random planes, and its volume, ml."""
    axes = turned(rng) if rng.random() < 0.5 else np.eye(3)
    count, spacing = int(rng.integers(2, 7)), float(rng.uniform(0.8, 5.0))
    contours, area = [], 0.0
    for height in (np.arange(count) - (count - 1) / 2.0) * spacing:
        outer = star(rng, radius)
        hole = outer * 0.3
        area += shoelace(outer) - shoelace(hole)
        contours += [np.column_stack([p, np.full(len(p), height)]) @ axes for p in (outer, hole)]
    return ContourShape("star", tuple(contours)), area * spacing / 1000.0


@pytest.mark.parametrize("kind", ["straight", "slightly turned", "askew"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), fine=st.floats(0.7, 9.0), coarse=st.floats(0.7, 9.0))
def test_contours_keep_their_volume_on_any_grid(
    kind: str, seed: int, fine: float, coarse: float
) -> None:
    """Weights are kept in float32, so that a sum is good to about 1e-7."""
    rng = np.random.default_rng(seed)
    shape, truth = drawn(rng, float(rng.uniform(2.0, 18.0)))
    spacing = np.array([fine, coarse, coarse * rng.uniform(0.8, 1.2)])
    on = grid_about(40.0, spacing, grid_axes(kind, rng), rng)

    region, _ = rasterise(shape, on, FRACTIONAL)

    assert region.clipped_fraction == 0.0
    assert region.volume_ml == pytest.approx(truth, rel=1e-6)


@pytest.mark.parametrize("kind", ["straight", "slightly turned", "askew"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), fine=st.floats(0.7, 9.0), coarse=st.floats(0.7, 9.0))
def test_labels_keep_their_volume_on_any_grid(
    kind: str, seed: int, fine: float, coarse: float
) -> None:
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 9, 3)
    labels = (rng.random(size) < 0.6).astype(np.uint8)
    labels[tuple(rng.integers(0, size))] = 1
    own = grid_about(1.0, rng.uniform(0.7, 4.0, 3), np.eye(3)[:, rng.permutation(3)], rng)
    shape = LabelShape("blob", Grid((int(size[0]), int(size[1]), int(size[2])), own.affine), labels)
    spacing = np.array([fine, coarse, coarse * rng.uniform(0.8, 1.2)])
    reach = float(np.linalg.norm(shape.grid.corners_mm(), axis=1).max())
    on = grid_about(reach, spacing, grid_axes(kind, rng), rng)

    region, _ = rasterise(shape, on, FRACTIONAL)

    assert region.clipped_fraction == 0.0
    truth = float(labels.sum()) * shape.grid.voxel_volume_ml
    assert region.volume_ml == pytest.approx(truth, rel=1e-6)


def sphere_labels(radius: float, centre: Array) -> LabelShape:
    """Fill a sphere on a CT of 0.98 x 0.98 x 1 mm by voxel centres, as segmenting tools do."""
    spacing = np.array([1.0, 0.98, 0.98])
    count = int(np.ceil(2 * (radius + 6.0)))
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]] = spacing
    affine[:3, 3] = -(spacing * (count - 1) / 2.0)[::-1]
    affine[3, 3] = 1.0
    own = Grid((count, count, count), affine)
    index = np.stack(np.meshgrid(*[np.arange(count)] * 3, indexing="ij"), axis=-1)
    inside = ((own.to_mm(index) - centre) ** 2).sum(axis=-1) <= radius**2
    return LabelShape("sphere", own, inside.astype(np.uint8))


def ratios(radius: float, rule: RasterRule) -> Array:
    """Volume over the formula's for spheres at 30 random places against both grids."""
    rng = np.random.default_rng(12)
    truth = 4 / 3 * np.pi * radius**3 / 1000.0
    found = []
    for _ in range(30):
        shape = sphere_labels(radius, rng.uniform(-0.5, 0.5, 3))
        on = grid_about(radius + 8.0, np.full(3, SPECT_MM), np.eye(3)[:, ::-1], rng)
        found.append(rasterise(shape, on, rule)[0].volume_ml / truth)
    return np.array(found)


@pytest.mark.parametrize(("radius", "spread"), [(12.0, 0.005), (6.0, 0.02)])
def test_a_sphere_drawn_on_ct_keeps_its_volume_on_a_spect_grid(
    radius: float, spread: float
) -> None:
    """Volume ratio 1.00 +- 0.005 for 12 mm and 1.00 +- 0.02 for 6 mm, whatever the place.

    Counting voxel centres is right on the average only: +- 0.06 and +- 0.17.
    """
    fractional, centres = ratios(radius, FRACTIONAL), ratios(radius, RasterRule.CENTRE)

    assert fractional.mean() == pytest.approx(1.0, abs=spread)
    assert fractional.std() <= spread
    assert centres.mean() == pytest.approx(1.0, abs=0.06)
    assert centres.std() > 4.0 * fractional.std()
