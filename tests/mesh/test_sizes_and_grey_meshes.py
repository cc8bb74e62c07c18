"""Meshes of known size: all 256 cubes, grey levels, orientation, and the numbers of the kernels."""

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.region import Region
from quant.errors import StudyError
from quant.measure.shape.surface import isosurface_area_volume, measure_surface
from quant.mesh import as_trimesh, isosurface_mesh, region_mesh, to_trimesh
from quant.mesh.lorensen import CORNERS, cube_bits, mesh_size, triangle_table
from quant_kernels.surface import region_histogram
from tests.support.geometry import AFFINES
from tests.support.masks import Mask, blob, noise, skimage_mesh

UNIT = np.eye(4)[:, [2, 1, 0, 3]]
Faces = NDArray[np.int32]


def is_closed(faces: Faces) -> bool:
    """Tell whether each edge is run along once in each sense: closed, and of one orientation."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).tolist()
    there, back = {(a, b) for a, b in edges}, {(b, a) for a, b in edges}
    return len(there) == len(edges) and there == back


def binary_mesh(mask: Mask) -> tuple[NDArray[np.float64], Faces]:
    return region_mesh(Region(Grid(mask.shape, UNIT), (0, 0, 0), mask.astype(np.float32), "r"))


@pytest.mark.parametrize("code", range(1, 256))
def test_each_filling_of_a_cube_has_a_closed_mesh(code: int) -> None:
    mask = np.zeros((2, 2, 2), dtype=np.uint8)
    mask[tuple(CORNERS.T)] = cube_bits(code)

    vertices, faces = binary_mesh(mask)
    surface = measure_surface(mask, (1.0, 1.0, 1.0))
    mesh = as_trimesh(vertices, faces)

    assert is_closed(faces)
    assert len(np.unique(vertices, axis=0)) == len(vertices)
    assert mesh.volume == pytest.approx(surface.mesh_volume_mm3, rel=1e-9)
    assert mesh.area == pytest.approx(surface.mesh_area_mm2, rel=1e-9)


@pytest.mark.parametrize("density", [0.02, 0.2, 0.5, 0.8])
def test_sizes_are_known_from_the_histogram(density: float) -> None:
    """As many vertices and faces as scikit-image makes."""
    mask = noise((7, 8, 19), density, 3)
    one = np.uint8(1)
    vertices, faces = skimage_mesh(mask, (1.0, 1.0, 1.0))

    size = mesh_size(region_histogram(mask, one, one)[0])

    assert size == (len(vertices), len(faces))
    assert tuple(len(part) for part in binary_mesh(mask)) == size


def test_every_vertex_is_used_and_made_once() -> None:
    vertices, faces = binary_mesh(noise((7, 8, 19), 0.5, 4))

    np.testing.assert_array_equal(np.unique(faces), np.arange(len(vertices)))
    assert len(np.unique(vertices, axis=0)) == len(vertices)


def test_the_flipped_table_turns_every_triangle_over() -> None:
    plain, flipped = triangle_table(), triangle_table(flipped=True)

    np.testing.assert_array_equal(plain[:, 0], flipped[:, 0])
    for row, other in zip(plain, flipped, strict=True):
        for corner in range(1, 1 + 3 * row[0], 3):
            assert row[corner : corner + 3].tolist() == other[corner : corner + 3].tolist()[::-1]
    assert not plain.flags.writeable


@pytest.mark.parametrize("name", AFFINES)
@pytest.mark.parametrize("kind", ["smooth", "noise"])
def test_grey_meshes_are_closed_and_look_outwards_in_every_geometry(name: str, kind: str) -> None:
    """The signed volume of trimesh is positive, and area and volume are those without a mesh."""
    from scipy import ndimage

    rough = np.random.default_rng(2).random((7, 9, 8))
    values = (rough if kind == "noise" else ndimage.gaussian_filter(rough, 1.2)).astype(np.float32)
    level = float(np.median(values))
    grid = Grid(values.shape, AFFINES[name])
    k, j, i = grid.spacing_mm

    vertices, faces = isosurface_mesh(values, grid, level)
    mesh = as_trimesh(vertices, faces)
    area, volume = isosurface_area_volume(values, level, (k, j, i))

    assert is_closed(faces)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume == pytest.approx(volume, rel=1e-9)
    assert mesh.area == pytest.approx(area, rel=1e-9)


def test_vertices_of_a_grey_mesh_are_those_of_scikit_image() -> None:
    from skimage.measure import marching_cubes

    values = np.random.default_rng(3).random((6, 7, 8), dtype=np.float32)
    padded = np.pad(values, 1)
    theirs, their_faces, _, _ = marching_cubes(padded, 0.6, method="lorensen")  # type: ignore[no-untyped-call]
    grid = Grid(values.shape, UNIT)

    vertices, faces = isosurface_mesh(values, grid, 0.6)
    ours = grid.to_index(vertices) + 1.0

    assert len(ours) == len(theirs)
    assert len(faces) == len(their_faces)
    order, their_order = (np.lexsort(np.round(points, 4).T) for points in (ours, theirs))
    np.testing.assert_allclose(ours[order], theirs[their_order], atol=2e-5)


def test_a_level_that_voxels_have_leaves_the_mesh_closed() -> None:
    """Whole numbers at a whole level: triangles without area, and nothing open."""
    values = np.random.default_rng(4).integers(0, 4, (6, 7, 8)).astype(np.float32)

    vertices, faces = isosurface_mesh(values, Grid(values.shape, UNIT), 2.0)

    assert is_closed(faces)
    assert np.isfinite(vertices).all()


def test_a_grey_mesh_of_nothing_is_empty() -> None:
    values = np.zeros((3, 4, 5), np.float32)

    vertices, faces = isosurface_mesh(values, Grid(values.shape, UNIT), 1.0)

    assert vertices.shape == (0, 3)
    assert faces.shape == (0, 3)


def test_bad_grey_input_is_refused() -> None:
    values = np.zeros((3, 4, 5), np.float32)
    grid = Grid(values.shape, UNIT)
    broken = values.copy()
    broken[1, 1, 1] = np.nan

    with pytest.raises(StudyError, match="VALUES_NOT_FINITE"):
        isosurface_mesh(broken, grid, 1.0)
    with pytest.raises(ValueError, match="on a grid of shape"):
        isosurface_mesh(values[1:], grid, 1.0)
    with pytest.raises(ValueError, match="below the finite level"):
        isosurface_mesh(values, grid, -1.0)


@pytest.mark.parametrize("corner", [(0, 0, 0), (3, 5, 7)])
def test_a_region_at_the_border_of_its_grid_has_a_closed_mesh(corner: tuple[int, int, int]) -> None:
    """The grid ends where the region's box ends; the mesh reaches half a voxel beyond."""
    mask = blob((7, 9, 8), 5)
    shape = tuple(c + n for c, n in zip(corner, mask.shape, strict=True))
    grid = Grid((shape[0], shape[1], shape[2]), UNIT)

    mesh = to_trimesh(Region(grid, corner, mask.astype(np.float32), "r"))

    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(measure_surface(mask, (1.0,) * 3).mesh_volume_mm3)
