"""Parts, cavities and the largest diameter against scipy and against all pairs of vertices."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from quant.measure.shape.surface import max_diameter_mm
from quant_kernels.components import count_components
from quant_kernels.diameter import farthest_distance, hull_candidates
from tests.support.masks import Mask, Spacing, blob, noise, skimage_mesh, torus

DENSITIES = (0.05, 0.15, 0.3, 0.5, 0.8, 0.97)
SHAPES = ((6, 7, 8), (1, 9, 9), (9, 1, 9), (9, 9, 1), (1, 1, 12), (12, 1, 1), (1, 1, 1))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("density", DENSITIES)
@pytest.mark.parametrize("value", [0, 1])
def test_components_are_as_many_as_scipy_finds(
    shape: tuple[int, int, int], density: float, value: int
) -> None:
    for seed in range(4):
        mask = noise(shape, density, seed)
        for neighbours, rank in ((6, 1), (26, 3)):
            structure = ndimage.generate_binary_structure(3, rank)
            _, expected = ndimage.label(mask == value, structure)

            assert count_components(mask, value, neighbours) == expected


@pytest.mark.parametrize(
    ("mask", "six", "twentysix"),
    [
        (np.ones((3, 4, 5), dtype=np.uint8), 1, 1),
        (np.zeros((3, 4, 5), dtype=np.uint8), 0, 0),
        (np.eye(4, dtype=np.uint8)[None], 4, 1),
        (np.array([[[1, 0, 0]], [[0, 1, 0]], [[0, 0, 1]]], dtype=np.uint8), 3, 1),
        (np.array([[[1, 0]], [[0, 0]], [[0, 1]]], dtype=np.uint8), 2, 2),
        (np.array([[[1, 0, 1, 1, 0, 1]]], dtype=np.uint8), 3, 3),
    ],
    ids=["full", "empty", "diagonal in a plane", "diagonal in space", "apart", "row"],
)
def test_neighbours_by_edge_or_corner_join_only_where_they_are_told_to(
    mask: Mask, six: int, twentysix: int
) -> None:
    assert count_components(mask, 1, 6) == six
    assert count_components(mask, 1, 26) == twentysix


def test_a_ring_whose_ends_meet_late_is_one_part() -> None:
    """Several provisional parts must be merged into one; a spiral is worse than a ring."""
    spiral = np.zeros((1, 9, 9), dtype=np.uint8)
    rows = (
        "111111111 000000001 111111101 100000101 101110101 101000101 101111101 100000001 111111111"
    )
    for j, row in enumerate(rows.split()):
        spiral[0, j] = [int(letter) for letter in row]

    assert count_components(torus(), 1, 6) == 1
    assert count_components(spiral, 1, 6) == ndimage.label(spiral)[1] == 1


def all_pairs_diameter(mask: Mask, spacing_mm: Spacing) -> float:
    """Largest distance over all pairs of vertices of scikit-image's mesh."""
    vertices, _ = skimage_mesh(mask, spacing_mm)
    return float(pdist(vertices).max())


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (3.0, 4.8, 4.8), (1.0, 2.5, 0.4)])
@pytest.mark.parametrize("seed", range(4))
def test_the_diameter_is_the_largest_distance_of_two_vertices(
    spacing_mm: Spacing, seed: int
) -> None:
    masks = [
        noise((6, 7, 5), 0.02 + 0.15 * seed, seed),
        noise((1, 1, 9), 0.5, seed),
        noise((1, 8, 9), 0.2, seed),
        noise((7, 1, 9), 0.2, seed),
        blob((10, 12, 9), seed),
    ]
    for mask in masks:
        if not mask.any():
            continue
        expected = all_pairs_diameter(mask, spacing_mm)

        assert max_diameter_mm(mask, spacing_mm) == pytest.approx(expected, rel=1e-12)


def _solid(shape: tuple[int, int, int], name: str) -> Mask:
    """Shapes that are hard to prune: everything equally far away, ties, nothing opposite."""
    lines = [np.linspace(-1.0, 1.0, n) if n > 1 else np.zeros(1) for n in shape]
    k, j, i = np.meshgrid(*lines, indexing="ij")
    away = k * k + j * j + i * i
    held = {
        "ball": away <= 1.0,
        "hollow shell": (away <= 1.0) & (away >= 0.7),
        "half a ball": (away <= 1.0) & (j >= 0.0),
        "three quarters of a ball": (away <= 1.0) & (k >= -0.5),
        "octant": (away <= 1.0) & (k >= 0) & (j >= 0) & (i >= 0),
        "box": away >= 0.0,
        "box with noise": np.random.default_rng(1).random(shape) < 0.3,
        "slanted box": np.abs(k + j - i) <= 0.4,
        "cylinder": j * j + i * i <= 1.0,
        "points far apart": (away >= 0.99 * away.max()) & (k + j + i >= 0),
    }
    return np.asarray(held[name]).astype(np.uint8)


SOLIDS = (
    "ball", "hollow shell", "half a ball", "three quarters of a ball", "octant", "box",
    "box with noise", "slanted box", "cylinder", "points far apart",
)  # fmt: skip


@pytest.mark.parametrize("name", SOLIDS)
@pytest.mark.parametrize(
    "shape", [(31, 31, 31), (12, 40, 25), (25, 12, 40), (1, 41, 41), (41, 1, 41), (41, 41, 1)]
)
def test_hard_shapes_have_the_diameter_of_scipys_hull(
    name: str, shape: tuple[int, int, int]
) -> None:
    """All pairs of the hull's corners where there is a hull, of all vertices where it is flat."""
    mask, spacing_mm = _solid(shape, name), (1.5, 0.98, 1.1)
    vertices, _ = skimage_mesh(mask, spacing_mm)
    expected = float(pdist(vertices[ConvexHull(vertices).vertices]).max())

    assert max_diameter_mm(mask, spacing_mm) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", SOLIDS)
def test_every_corner_of_the_hull_is_among_the_candidates(name: str) -> None:
    mask = _solid((15, 21, 18), name)
    vertices, _ = skimage_mesh(mask, (2.0, 2.0, 2.0))
    corners = vertices[ConvexHull(vertices).vertices]
    halves = {tuple(np.rint(c).astype(int) - 1) for c in corners}

    assert halves <= {tuple(p) for p in hull_candidates(mask)}


@pytest.mark.parametrize("name", ["ball", "hollow shell", "three quarters of a ball", "cylinder"])
def test_candidates_grow_slower_than_the_surface(name: str) -> None:
    """Eight times the voxels: a hull of a round body has about 2^1.5 as many corners.

    All pairs of them would be as many as voxels, and only a few pairs are looked at.
    """
    counts = [len(hull_candidates(_solid((n, n, n), name))) for n in (21, 41, 81)]

    assert counts[2] < 3.6 * counts[1] < 3.6**2 * counts[0]
    assert counts[2] ** 2 < 10 * 81**3


def test_a_box_has_few_candidates_however_large_it_is() -> None:
    """Every corner of a box is cut by three faces: 24 vertices, whatever the size."""
    for shape in ((3, 4, 5), (40, 50, 60), (120, 7, 9)):
        assert len(hull_candidates(np.ones(shape, dtype=np.uint8))) == 24


def test_a_single_voxel_is_as_long_as_its_longest_edge() -> None:
    """The mesh of one voxel is an octahedron with a corner in the middle of each face."""
    assert max_diameter_mm(np.ones((1, 1, 1), dtype=np.uint8), (2.0, 3.0, 5.0)) == 5.0


def test_a_box_has_its_diameter_by_the_theorem_of_pythagoras() -> None:
    """A box of 4 x 5 x 6: vertices on a face may lie anywhere but on the edge of the box."""
    mask = np.ones((4, 5, 6), dtype=np.uint8)
    along = [np.hypot(np.hypot(3, 4), 6), np.hypot(np.hypot(4, 4), 5), np.hypot(np.hypot(3, 5), 5)]

    assert max_diameter_mm(mask, (1.0, 1.0, 1.0)) == pytest.approx(max(along), rel=1e-12)


def test_an_empty_region_has_no_diameter() -> None:
    assert max_diameter_mm(np.zeros((3, 4, 5), dtype=np.uint8), (1.0, 1.0, 1.0)) == 0.0
    assert hull_candidates(np.zeros((3, 4, 5), dtype=np.uint8)).shape == (0, 3)


@pytest.mark.parametrize("seed", range(6))
def test_pairs_are_skipped_only_where_they_cannot_win(seed: int) -> None:
    """The radii may be taken from any point; the result is that of all pairs."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(60, 3)) * (1.0, 3.0, 9.0)
    for middle in (points.mean(axis=0), points[0], np.array([100.0, 0.0, 0.0])):
        radii = np.linalg.norm(points - middle, axis=1)
        order = np.argsort(-radii, kind="stable")
        found = farthest_distance(np.ascontiguousarray(points[order]), radii[order])

        assert found == pytest.approx(pdist(points).max(), rel=1e-12)
    assert farthest_distance(points[:1].copy(), np.array([1.0])) == 0.0
