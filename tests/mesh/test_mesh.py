"""The mesh is closed, looks outwards in every geometry, and comes back from its files."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.protocol import MorphologySettings
from quant.domain.region import Region
from quant.measure.shape.morphology import measure_morphology
from quant.mesh import CONVENTION, ply_bytes, region_mesh, stl_bytes, to_trimesh
from quant.report.meshes import write_meshes
from tests.support.geometry import AFFINES, grid
from tests.support.masks import Mask, blob, noise, skimage_mesh, torus

UNIT = Grid((40, 40, 40), np.eye(4)[:, [2, 1, 0, 3]], "1.2.3")


def region(mask: Mask, on: Grid = UNIT, corner: tuple[int, int, int] = (0, 0, 0)) -> Region:
    """Place a mask on a grid."""
    return Region(on, corner, mask.astype(np.float32), "r")


def load(path: Path) -> Any:  # noqa: ANN401 - trimesh has no types
    """Read a mesh file as it is."""
    import trimesh

    return trimesh.load_mesh(path, process=False)


@pytest.mark.parametrize("density", [0.03, 0.2, 0.4, 0.5, 0.6, 0.8, 0.97])
@pytest.mark.parametrize("seed", range(3))
def test_the_mesh_is_closed_at_ambiguous_cubes(density: float, seed: int) -> None:
    """Each edge must belong to two faces, which run along it in opposite senses."""
    vertices, faces = region_mesh(region(noise((9, 10, 11), density, seed)))

    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    forward = np.sort(edges[:, 0] * len(vertices) + edges[:, 1])
    backward = np.sort(edges[:, 1] * len(vertices) + edges[:, 0])
    np.testing.assert_array_equal(forward, backward)
    assert np.unique(forward).size == forward.size
    assert np.unique(faces).size == len(vertices)
    assert to_trimesh(region(noise((9, 10, 11), density, seed))).is_watertight


@pytest.mark.parametrize("name", AFFINES)
@pytest.mark.parametrize("corner", [(0, 0, 0), (3, 5, 7)])
def test_the_mesh_looks_outwards_in_every_geometry(name: str, corner: tuple[int, int, int]) -> None:
    """Whatever the handedness: trimesh's signed volume is positive and ours to the last digits."""
    one = region(blob((7, 9, 8), 5), grid(name), corner)
    mesh = to_trimesh(one)
    rows = {row.name: row.value for row in measure_morphology(one, MorphologySettings())}

    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert mesh.volume / 1000.0 == pytest.approx(rows["mesh_volume_ml"], rel=1e-9)
    assert mesh.area == pytest.approx(rows["surface_area_mm2"], rel=1e-9)
    assert mesh.metadata["convention"] == CONVENTION


def test_both_handednesses_are_among_the_geometries() -> None:
    signs = {float(np.sign(np.linalg.det(affine[:3, :3]))) for affine in AFFINES.values()}

    assert signs == {-1.0, 1.0}


@pytest.mark.parametrize("name", AFFINES)
def test_vertices_lie_halfway_between_voxels_in_the_patient(name: str) -> None:
    """A single voxel: six vertices, half a step from its centre along each axis."""
    on = grid(name)
    vertices, faces = region_mesh(region(np.ones((1, 1, 1), np.uint8), on, (4, 6, 9)))
    centre = on.affine @ [4, 6, 9, 1]
    expected = [
        centre[:3] + sign * on.affine[:3, axis] / 2 for axis in range(3) for sign in (-1, 1)
    ]

    assert faces.shape == (8, 3)
    np.testing.assert_allclose(
        np.array(sorted(vertices.round(6).tolist())),
        np.array(sorted(np.round(expected, 6).tolist())),
    )


def test_triangles_are_those_of_scikit_image() -> None:
    """The same set of triangles, whatever their order and their first corner."""

    def keys(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> set[frozenset[Any]]:
        doubled = np.rint(2 * vertices).astype(int)
        return {frozenset(map(tuple, doubled[face].tolist())) for face in faces}

    mask = noise((6, 7, 8), 0.4, 2)
    theirs, their_faces = skimage_mesh(mask, (1.0, 1.0, 1.0))
    ours, our_faces = region_mesh(region(mask))
    back = np.round(UNIT.to_index(ours), 6) + 1.0  # scikit-image saw the padded array

    assert len(our_faces) == len(their_faces)
    assert keys(back, our_faces.astype(np.int64)) == keys(theirs, their_faces)


def test_a_torus_has_the_euler_number_of_a_torus() -> None:
    mesh = to_trimesh(region(torus()))

    assert mesh.is_watertight
    assert mesh.euler_number == 0


def test_a_region_below_half_has_an_empty_mesh_and_no_files(tmp_path: Path) -> None:
    weak = Region(UNIT, (0, 0, 0), np.full((2, 2, 2), 0.4, np.float32), "r")

    vertices, faces = region_mesh(weak)
    write_meshes(weak, tmp_path / "study")

    assert vertices.shape == (0, 3)
    assert faces.shape == (0, 3)
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize("name", ["axial", "oblique"])
def test_stl_comes_back_as_it_was_written(name: str, tmp_path: Path) -> None:
    vertices, faces = region_mesh(region(blob((7, 9, 8), 5), grid(name), (3, 5, 7)))
    (tmp_path / "a.stl").write_bytes(stl_bytes(vertices, faces))
    mesh = load(tmp_path / "a.stl")
    content = (tmp_path / "a.stl").read_bytes()

    # float32 keeps 1e-5 mm at 100 mm
    np.testing.assert_allclose(mesh.triangles, vertices[faces], atol=2e-5)
    cross = np.cross(
        vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]]
    )
    records = np.frombuffer(content[84:], np.dtype([("n", "<f4", 3), ("rest", "V38")]))
    unit = cross / np.linalg.norm(cross, axis=1, keepdims=True)
    np.testing.assert_allclose(records["n"], unit, atol=1e-6)
    assert len(content) == 84 + 50 * len(faces)
    assert b"SPACE=LPS" in content[:80]
    assert not content.startswith(b"solid")


@pytest.mark.parametrize("name", ["axial", "oblique"])
def test_ply_comes_back_as_it_was_written(name: str, tmp_path: Path) -> None:
    vertices, faces = region_mesh(region(blob((7, 9, 8), 5), grid(name), (3, 5, 7)))
    (tmp_path / "a.ply").write_bytes(ply_bytes(vertices, faces))
    mesh = load(tmp_path / "a.ply")

    np.testing.assert_allclose(mesh.vertices, vertices, atol=2e-5)
    np.testing.assert_array_equal(mesh.faces, faces)
    assert b"comment SPACE=LPS" in (tmp_path / "a.ply").read_bytes()
    assert mesh.is_watertight
    assert mesh.volume > 0


def test_both_files_of_a_study_hold_the_same_mesh(tmp_path: Path) -> None:
    one = region(blob((7, 9, 8), 5), grid("coronal"), (3, 5, 7))
    write_meshes(one, tmp_path / "study")

    volumes = [load(tmp_path / "study" / f"tumour.{kind}").volume for kind in ("stl", "ply")]

    assert volumes == pytest.approx([to_trimesh(one).volume] * 2, rel=1e-6)


def test_the_table_of_triangles_is_read_without_heavy_libraries() -> None:
    """What measures a shape must not wait for what draws it."""
    script = (
        "import sys, quant.mesh.lorensen, quant.measure.shape.morphology; "
        "print([m for m in ('trimesh', 'skimage', 'scipy', 'numba') if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
