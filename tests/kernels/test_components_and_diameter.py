"""Parts, cavities and the largest diameter against scipy and against all pairs of vertices."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.distance import pdist

from quant.measure.surface import max_diameter_mm
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
