"""What each filling of a cube adds, against scikit-image and against geometry by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.arrays import as_labels
from quant.measure.shape.cube_geometry import face_areas, mesh_areas, unit_volumes
from quant.measure.shape.cube_tables import cube_tables
from quant.measure.shape.plane_fit import fit_planes
from quant.measure.shape.surface import asphericity, measure_surface
from quant.mesh.lorensen import CORNERS, EDGES, cube_triangles, derive_triangles, table_text
from quant_kernels.surface import region_histogram
from tests.support.masks import Mask, Spacing, ball, blob, noise, skimage_area_and_volume, torus

SPACINGS: tuple[Spacing, ...] = (
    (1.0, 1.0, 1.0),
    (4.8, 4.8, 4.8),
    (3.0, 4.8, 4.8),
    (5.0, 1.17, 0.98),
    (0.7, 2.0, 6.0),
)
CODES = np.arange(256)


def masks() -> list[Mask]:
    """Smooth, noisy, thin, full and single; all of them may touch the border."""
    found = [blob((9, 12, 17), seed) for seed in range(3)]
    found += [noise((6, 7, 9), density, 5) for density in (0.02, 0.1, 0.3, 0.5, 0.7, 0.95)]
    found += [noise(shape, 0.6, 6) for shape in ((1, 1, 9), (1, 8, 9), (8, 9, 1))]
    found += [np.ones((4, 5, 6), dtype=np.uint8), np.ones((1, 1, 1), dtype=np.uint8)]
    return [mask for mask in found if mask.any()]


def test_the_triangle_table_is_that_of_scikit_image() -> None:
    """The table of the package equals the one that scikit-image's marching cubes gives today."""
    from quant.mesh import lorensen

    ours = ["".join("abcdefghijkl"[edge] for edge in one.ravel()) for one in cube_triangles()]

    assert ours == ["".join(row) for row in derive_triangles()]
    assert lorensen._TABLE.read_text(encoding="ascii") == table_text()  # noqa: SLF001


def test_every_triangle_lies_on_edges_that_the_region_leaves() -> None:
    for code, triangles in enumerate(cube_triangles()):
        for edge in np.unique(triangles):
            axis = int(np.flatnonzero(EDGES[edge] == 1)[0])
            ends = [EDGES[edge].copy(), EDGES[edge].copy()]
            ends[0][axis], ends[1][axis] = 0, 2
            inside = [
                code >> int(np.flatnonzero((end == 2 * CORNERS).all(axis=1))[0]) & 1 for end in ends
            ]

            assert sorted(inside) == [0, 1]


@pytest.mark.parametrize("spacing_mm", SPACINGS)
def test_area_and_volume_are_those_of_scikit_images_mesh(spacing_mm: Spacing) -> None:
    """The same triangles, so no more than rounding of sums lies between the two."""
    for mask in masks():
        area, volume = skimage_area_and_volume(mask, spacing_mm)
        found = measure_surface(mask, spacing_mm)

        assert found.mesh_area_mm2 == pytest.approx(area, rel=1e-9)
        assert found.mesh_volume_mm3 == pytest.approx(volume, rel=1e-9)
        assert asphericity(found.mesh_area_mm2, found.mesh_volume_mm3) == pytest.approx(
            (area**3 / (36 * np.pi * volume**2)) ** (1 / 3) - 1, rel=1e-9, abs=1e-9
        )


def test_area_as_scikit_image_gives_it_without_help() -> None:
    """Spacing left to scikit-image, whose vertices are float32: equal to seven digits."""
    from skimage import measure

    mask = blob((9, 12, 17), 1)
    padded = np.pad(mask, 1).astype(np.float32)
    vertices, faces, _, _ = measure.marching_cubes(  # type: ignore[no-untyped-call]
        padded, 0.5, spacing=(3.0, 4.8, 4.8), method="lorensen"
    )
    area = measure.mesh_surface_area(vertices, faces)  # type: ignore[no-untyped-call]

    assert measure_surface(mask, (3.0, 4.8, 4.8)).mesh_area_mm2 == pytest.approx(area, rel=1e-6)


@pytest.mark.parametrize("spacing_mm", SPACINGS)
def test_a_single_voxel_is_an_octahedron(spacing_mm: Spacing) -> None:
    """Corners in the middle of the faces: volume abc / 6; twelve edges halve nothing else."""
    a, b, c = spacing_mm
    found = measure_surface(np.ones((1, 1, 1), dtype=np.uint8), spacing_mm)

    assert found.mesh_volume_mm3 == pytest.approx(a * b * c / 6, rel=1e-12)
    face = np.sqrt((a * b) ** 2 + (b * c) ** 2 + (c * a) ** 2) / 8
    assert found.mesh_area_mm2 == pytest.approx(8 * face, rel=1e-12)
    assert found.voxels_mm3 == pytest.approx(a * b * c)
    assert found.euler_number == 1


def test_two_voxels_are_an_octahedron_cut_and_drawn_apart() -> None:
    """A prism of one voxel over the rhombus of the middle plane (area 1/2) joins two halves."""
    found = measure_surface(np.ones((1, 1, 2), dtype=np.uint8), (1.0, 1.0, 1.0))

    assert found.mesh_volume_mm3 == pytest.approx(1 / 6 + 1 / 2, rel=1e-12)
    assert found.mesh_area_mm2 == pytest.approx(np.sqrt(3) + 4 * np.sqrt(0.5), rel=1e-12)


def test_an_empty_mask_has_nothing() -> None:
    found = measure_surface(np.zeros((3, 4, 5), dtype=np.uint8), (1.0, 2.0, 3.0))

    assert (found.mesh_area_mm2, found.mesh_volume_mm3, found.fitted_area_mm2) == (0.0, 0.0, 0.0)
    assert (found.voxels_mm3, found.euler_number) == (0.0, 0)


def test_the_place_in_the_array_changes_nothing() -> None:
    """A full array, the same region with room about it, and at every border."""
    mask = noise((5, 6, 9), 0.5, 4)
    alone = measure_surface(mask, (3.0, 4.8, 4.8))

    for before in [(0, 0, 1), (1, 0, 0), (3, 2, 4), (0, 5, 0)]:
        moved = np.pad(mask, [(place, 5 - place) for place in before])

        assert measure_surface(moved, (3.0, 4.8, 4.8)) == alone


def test_cubes_full_and_empty_add_the_whole_volume_and_nothing() -> None:
    volumes = unit_volumes()

    assert volumes[0] == 0.0
    assert volumes[255] == pytest.approx(1.0)
    assert (volumes >= -1e-12).all()
    assert (volumes <= 1.0 + 1e-12).all()
    assert mesh_areas(np.ones(3))[[0, 255]].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("spacing_mm", SPACINGS)
def test_voxel_faces_are_those_that_a_difference_of_neighbours_finds(spacing_mm: Spacing) -> None:
    table = face_areas(np.array(spacing_mm))
    for mask in masks():
        padded = np.pad(mask, 1).astype(np.int64)
        faces = [np.abs(np.diff(padded, axis=axis)).sum() for axis in range(3)]
        a, b, c = spacing_mm
        expected = float(np.dot(faces, [b * c, a * c, a * b]))

        histogram, _ = region_histogram(as_labels(mask), np.uint8(1), np.uint8(1))

        assert float(histogram @ table) == pytest.approx(expected, rel=1e-12)
        assert measure_surface(mask, spacing_mm).face_area_mm2 == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("density", [0.05, 0.3, 0.5, 0.8])
def test_the_euler_number_is_that_of_scikit_image(seed: int, density: float) -> None:
    from skimage.measure import euler_number

    mask = noise((6, 7, 8), density, seed)
    expected = euler_number(mask, connectivity=3)  # type: ignore[no-untyped-call]

    assert measure_surface(mask, (1.0, 2.0, 3.0)).euler_number == expected


def test_tunnels_and_cavities_have_their_euler_number() -> None:
    hollow = np.pad(ball(4.0, (1.0, 1.0, 1.0), np.zeros(3)), 1)
    middle = hollow.shape[0] // 2
    hollow[middle, middle, middle] = 0

    assert measure_surface(torus(), (1.0, 1.0, 1.0)).euler_number == 0
    assert measure_surface(hollow, (1.0, 1.0, 1.0)).euler_number == 2
    hollow[middle, middle, :middle] = 0  # a way in: the cavity becomes a pit
    assert measure_surface(hollow, (1.0, 1.0, 1.0)).euler_number == 1


def test_tables_are_shared_and_cannot_be_written() -> None:
    tables = cube_tables((3.0, 4.8, 4.8))

    assert cube_tables((3.0, 4.8, 4.8)) is tables
    for table in (tables.mesh_area_mm2, tables.mesh_volume_mm3, tables.fitted_area_mm2):
        with pytest.raises(ValueError, match="read-only"):
            table[3] = 1.0


# Lindblad 2005, doi:10.1016/j.imavis.2004.06.012: area of the fillings that planes give, in unit
# voxels. Those of two corners on an edge and of a half-full cube cut straight follow from planes
# alone. One combination of the others, the Euler number, is zero on every plane, so planes leave it
# open; here it is settled by digital balls, there by another choice, hence the wider tolerance.
LINDBLAD = {
    "one corner": (0b00000001, 0.636, 0.002),
    "two on an edge": (0b00000011, 0.669, 0.001),
    "three in a plane": (0b00000111, 0.554, 0.003),
    "four in a plane": (0b00001111, 0.927, 0.001),
    "a corner with its three neighbours": (0b00010111, 0.421, 0.005),
}


@pytest.mark.parametrize("name", LINDBLAD)
def test_weights_for_cubic_voxels_are_those_of_lindblad(name: str) -> None:
    code, published, tolerance = LINDBLAD[name]
    areas, scatter = fit_planes(np.ones(3))

    assert areas[code] == pytest.approx(published, abs=tolerance)
    assert areas[255 - code] == areas[code]
    assert scatter == pytest.approx(0.014, abs=0.0005)


def test_weights_know_no_left_and_no_inside() -> None:
    """Mirror images and an exchange of inside and outside have the same area."""
    areas, _ = fit_planes(np.array([3.0, 4.8, 2.0]))
    bits = (CODES[:, None] >> np.arange(8)) & 1

    np.testing.assert_allclose(areas[255 - CODES], areas, rtol=1e-12)
    for flip in (1, 2, 4):
        mirrored = (bits << (np.arange(8) ^ flip)).sum(axis=1)
        np.testing.assert_allclose(areas[mirrored], areas, rtol=1e-12)


@pytest.mark.parametrize("spacing_mm", SPACINGS)
def test_weights_follow_the_axes_and_the_unit(spacing_mm: Spacing) -> None:
    """Voxels on their side have their table on its side; twice as large, four times the area."""
    areas, scatter = fit_planes(np.array(spacing_mm))
    turned, turned_scatter = fit_planes(np.array(spacing_mm[::-1]))
    larger, _ = fit_planes(2.0 * np.array(spacing_mm))
    bit_of = {tuple(corner): bit for bit, corner in enumerate(CORNERS.tolist())}
    swap = [bit_of[corner[::-1]] for corner in map(tuple, CORNERS.tolist())]
    bits = (CODES[:, None] >> np.arange(8)) & 1

    np.testing.assert_allclose(turned[(bits << np.array(swap)).sum(axis=1)], areas, rtol=1e-6)
    np.testing.assert_allclose(larger, 4.0 * areas, rtol=1e-9)
    assert turned_scatter == pytest.approx(scatter, rel=1e-6)


def plane_area(
    normal: NDArray[np.float64], spacing_mm: Spacing, areas: NDArray[np.float64]
) -> float:
    """Area by cubes over true area of a plane, on a large block, counted without our theory.

    Two planes of the same normal, halfway apart in the block; all cubes whose centre lies in a
    tube about the normal count, and the tube cuts a known area out of a plane.
    """
    size = 56
    spacing = np.array(spacing_mm)
    index = np.indices((size,) * 3).reshape(3, -1).T - (size - 1) / 2.0
    inside = ((index * spacing) @ normal <= 0.123).reshape((size,) * 3).astype(np.uint8)
    codes = np.zeros((size - 1,) * 3, dtype=np.int64)
    for bit, (k, j, i) in enumerate(CORNERS):
        codes |= inside[k : k + size - 1, j : j + size - 1, i : i + size - 1].astype(int) << bit
    centres = (np.indices(codes.shape).reshape(3, -1).T - (size - 2) / 2.0) * spacing
    away = np.linalg.norm(centres - np.outer(centres @ normal, normal), axis=1)
    radius = 0.42 * size * spacing.min()
    return float(areas[codes.ravel()[away <= radius]].sum() / (np.pi * radius**2))


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (3.0, 4.8, 4.8)])
def test_planes_of_random_directions_have_their_true_area(spacing_mm: Spacing) -> None:
    """Mean 1 and the stated scatter over directions, counted on real arrays of voxels."""
    areas, scatter = fit_planes(np.array(spacing_mm))
    rng = np.random.default_rng(11)
    normals = rng.normal(size=(24, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    found = np.array([plane_area(normal, spacing_mm, areas) for normal in normals])

    # 24 directions: the mean is known to scatter / 5, and the tube adds up to 0.3 %
    assert found.mean() == pytest.approx(1.0, abs=scatter)
    assert found.std() < 1.7 * scatter
    assert found.std() > 0.4 * scatter
