"""The centre within its voxel: it no longer follows the grid, and keeps every rule."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.protocol import Criterion, SphereSettings, StudyProtocol
from quant.domain.region import Region, Role
from quant.domain.sphere import PlacedSphere
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.reference.local_walls import LocalWalls, nearest_mm
from quant.reference.organ import Task, make_organ
from quant.reference.placement import place_spheres
from quant.reference.walls import surface_distance, surface_points_mm
from tests.reference.analytic import (
    GRIDS,
    LIVER_CENTRE,
    Organ,
    Points,
    column,
    ellipsoid,
    lay,
    torso,
)
from tests.support.geometry import AFFINES

AS_VOXELS = StudyProtocol(
    name="as_voxels",
    liver_sphere=SphereSettings(volume_ml=30.0, edge_distance_mm=5.0, refine=False),
    muscle_sphere=SphereSettings(volume_ml=10.0, refine=False),
)
REFINED = StudyProtocol(name="refined")
CENTRE_ROLES = (Role.LIVER, Role.MUSCLE_LEFT)


def _sloping() -> list[Organ]:
    """Make the uptake of liver and muscle depend on the place: a centre that moves is seen."""

    def liver(p: Points) -> Points:
        near = 0.04 * (p[..., 0] + 45.0) + 0.03 * (p[..., 1] + 20.0) + 0.02 * (p[..., 2] - 30.0)
        return np.asarray(10.0 + near + 8e-4 * np.square(p[..., 0] + 70.0))

    def muscle(p: Points) -> Points:
        return np.asarray(1.0 + 0.01 * p[..., 2] + 0.02 * (p[..., 0] - 44.0))

    organs = torso(hot_from_x=1000.0)
    organs[0] = Organ(ellipsoid(LIVER_CENTRE, (85.0, 58.0, 54.0)), Role.LIVER, "liver", liver)
    solid = column(44.0, 66.0, 22.0, (-90.0, 80.0))
    organs[2] = Organ(solid, Role.MUSCLE_LEFT, "autochthon_left", muscle)
    return organs


def _moved(grid: Grid, by: tuple[float, ...]) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ np.array(by)
    return Grid(grid.shape, affine)


@pytest.fixture(scope="module")
def on_eight_grids() -> dict[tuple[str, Role], NDArray[np.float64]]:
    """(8, 4): centre and mean of both spheres, on a grid moved by half a voxel along each axis."""
    found: dict[tuple[str, Role], list[list[float]]] = {}
    for by in itertools.product((0.0, 0.5), repeat=3):
        volume, regions = lay(_moved(GRIDS["coarse"], by), _sloping())
        for protocol in (AS_VOXELS, REFINED):
            spheres = place_spheres(volume, regions, (), protocol)
            for role in CENTRE_ROLES:
                one = spheres.placed[role]
                row = [*one.sphere.centre_mm, one.statistics.mean]
                found.setdefault((protocol.name, role), []).append(row)
    return {key: np.array(rows) for key, rows in found.items()}


@pytest.mark.parametrize(("role", "most"), [(Role.LIVER, 0.35), (Role.MUSCLE_LEFT, 0.65)])
def test_a_grid_moved_by_half_a_voxel_moves_a_refined_centre_far_less(
    on_eight_grids: dict[tuple[str, Role], NDArray[np.float64]], role: Role, most: float
) -> None:
    """The SD of centre and of mean over eight grids, against those of voxel centres.

    Along the muscle the level of L2, which is known by voxels, moves the centroid: more is left.
    """
    plain, refined = on_eight_grids["as_voxels", role], on_eight_grids["refined", role]

    def wander(rows: NDArray[np.float64]) -> float:
        return float(np.sqrt(rows[:, :3].var(axis=0).sum()))

    assert wander(refined) <= most * wander(plain)
    assert refined[:, 3].std() <= most * plain[:, 3].std()


def _sphere(role: Role, name: str, protocol: StudyProtocol) -> tuple[PlacedSphere, Grid]:
    grid = GRIDS[name]
    volume, regions = lay(grid, _sloping())
    return place_spheres(volume, regions, (), protocol).placed[role], grid


@pytest.mark.parametrize("name", ["anisotropic", "oblique", "sagittal"])
@pytest.mark.parametrize("role", CENTRE_ROLES)
def test_the_refined_centre_lies_in_an_admissible_voxel_and_no_shallower(
    name: str, role: Role
) -> None:
    """Within half a voxel of an admissible one; as deep as the tie allows; inside as asked for."""
    one, grid = _sphere(role, name, REFINED)
    plain, _ = _sphere(role, name, AS_VOXELS)

    away = grid.to_index(one.sphere.centre_mm) - one.position_indices
    assert (np.abs(away) <= 0.5 + 1e-6).all(axis=1).any()
    assert np.abs(grid.to_index(plain.sphere.centre_mm) % 1.0).round(9).max() in {0.0, 1.0}
    assert one.sphere.centre_mm != plain.sphere.centre_mm
    assert one.sphere.inside_fraction is not None
    assert one.sphere.inside_fraction >= 0.999
    assert one.sphere.wall_distance_mm is not None
    assert plain.sphere.wall_distance_mm is not None
    half = 0.5 * float(np.prod(grid.spacing_mm)) ** (1.0 / 3.0)
    assert one.sphere.wall_distance_mm >= plain.sphere.wall_distance_mm - half
    assert one.position_means.tobytes() == plain.position_means.tobytes()


def test_the_distance_to_the_wall_is_that_of_the_solid() -> None:
    """A column of 22 mm radius: its axis is as deep, less what sampling by thirds leaves open."""
    one, _ = _sphere(Role.MUSCLE_LEFT, "axial", REFINED)

    x, y, _ = one.sphere.centre_mm
    off_axis = np.hypot(x - 44.0, y - 66.0)
    assert one.sphere.wall_distance_mm is not None
    assert 22.0 - 4.0 / 3.0 <= one.sphere.wall_distance_mm <= 22.0 + 4.0 / 3.0
    assert off_axis < 0.6


@pytest.mark.parametrize("name", AFFINES)
def test_distances_in_a_voxel_are_those_to_all_points_of_the_surfaces(name: str) -> None:
    """Leaving far points out changes nothing, in voxels at the rim and deep inside."""
    rng = np.random.default_rng(3)
    grid = Grid((24, 26, 22), AFFINES[name])
    place = np.moveaxis(np.indices(grid.shape), 0, -1) - np.array([12.0, 13.0, 11.0])
    weights = np.clip(9.0 - np.linalg.norm(place * [1.0, 0.9, 1.1], axis=-1), 0.0, 1.0)
    region = Region.from_full(grid, weights.astype(np.float32), "organ", Role.LIVER)
    lesion = np.zeros(grid.shape, np.float32)
    lesion[12, 13, 19:21] = [0.3, 0.2]
    obstacle = Region.from_full(grid, lesion, "small", Role.LESION)
    settings = SphereSettings(volume_ml=1.0, lesion_distance_mm=2.0)
    task = Task(Role.LIVER, settings, region, (obstacle,), lobe_x_mm=500.0)
    organ = make_organ(task, region)
    surface = surface_points_mm(grid, region.full_weights(), (0, 0, 0))
    focus = surface_points_mm(grid, lesion / lesion.max(), (0, 0, 0))

    for voxel in ((12, 13, 11), (12, 13, 15), (6, 13, 11), (14, 9, 12)):
        index = np.array(voxel) + rng.uniform(-0.5, 0.5, (20, 3))
        edge, lobe, margin, border = LocalWalls.around(organ, voxel).distances_mm(index)

        places = grid.to_mm(index)
        np.testing.assert_allclose(edge, np.minimum(nearest_mm(surface, places), organ.cap_mm))
        np.testing.assert_allclose(lobe, 500.0 - places[:, 0])
        seen = margin < np.inf
        expected = nearest_mm(focus, places) - 2.0
        np.testing.assert_allclose(margin[seen], expected[seen])
        assert (expected[~seen] > edge[~seen]).all()
        assert (border > 0.0).all()


def test_points_of_the_surface_lie_where_the_distance_kernel_says() -> None:
    grid = Grid((9, 10, 11), AFFINES["anisotropic"])
    weights = np.random.default_rng(1).random(grid.shape).astype(np.float32)
    index = np.argwhere(weights >= 0.5)

    away = nearest_mm(surface_points_mm(grid, weights, (0, 0, 0)), grid.to_mm(index))

    np.testing.assert_allclose(away, surface_distance(grid, weights)[weights >= 0.5], atol=1e-9)


def test_under_uniform_the_refined_sphere_varies_no_more_than_the_best_voxel() -> None:
    volume, regions = lay(GRIDS["coarse"], _sloping())
    noise = np.random.default_rng(5).normal(1.0, 0.1, GRIDS["coarse"].shape)
    noisy = Volume(volume.grid, (volume.values * noise).astype(np.float32), Unit.COUNTS)
    variations = []
    for refine in (False, True):
        settings = SphereSettings(
            volume_ml=30.0, edge_distance_mm=5.0, criterion=Criterion.UNIFORM, refine=refine
        )
        protocol = StudyProtocol(name="uniform", liver_sphere=settings)
        one = place_spheres(noisy, regions, (), protocol).placed[Role.LIVER]
        variations.append(one.statistics.sd / one.statistics.mean)

    assert variations[1] < variations[0]


def test_the_deepest_ball_is_found_between_voxels() -> None:
    """A muscle whose axis lies between voxel centres: the sphere that fits there is not partial."""
    grid = GRIDS["coarse"]
    axis = grid.to_mm(np.rint(grid.to_index((44.0, 66.0, 0.0))) + np.array([0.0, 0.5, 0.5]))
    solid = column(float(axis[0]), float(axis[1]), 17.0, (-90.0, 80.0))
    organs = torso(hot_from_x=1000.0)
    organs[2] = Organ(solid, Role.MUSCLE_LEFT, "autochthon_left", 1.0)
    volume, regions = lay(grid, organs)

    plain = place_spheres(volume, regions, (), AS_VOXELS).placed[Role.MUSCLE_LEFT]
    refined = place_spheres(volume, regions, (), REFINED).placed[Role.MUSCLE_LEFT]

    assert plain.sphere.inside_fraction is not None
    assert refined.sphere.inside_fraction is not None
    assert refined.sphere.inside_fraction > plain.sphere.inside_fraction
    off_axis = np.hypot(*(np.array(refined.sphere.centre_mm[:2]) - axis[:2]))
    assert off_axis < 0.3
    assert abs(refined.statistics.mean - 1.0) <= abs(plain.statistics.mean - 1.0)
