"""Placement on an analytic study: the same places and values in every geometry, every rule kept."""

from collections.abc import Sequence

import numpy as np
import pytest

from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.protocol import Criterion, SphereSettings, StudyProtocol
from quant.domain.region import Region, Role
from quant.domain.shapes import Mark
from quant.domain.sphere import PlacedSphere, SphereSource
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.errors import GeometryError
from quant.reference.placement import ReferenceSpheres, place_spheres, unused_marks
from quant.reference.stencil import sphere_stencil
from tests.reference.analytic import (
    GRIDS,
    LIVER_CENTRE,
    Organ,
    ball,
    box,
    column,
    ellipsoid,
    lay,
    left_hotter,
    torso,
)

ZHOU = StudyProtocol(name="zhou2025")
NO_SCREEN = StudyProtocol(
    name="no_screen",
    muscle_sphere=SphereSettings(volume_ml=10.0, focus_sigma=1e6, focus_contrast=1e6),
)
ADAPTIVE = StudyProtocol(
    name="adaptive",
    liver_sphere=SphereSettings(volume_ml=30.0, edge_distance_mm=5.0, adaptive=True),
    muscle_sphere=SphereSettings(volume_ml=10.0, adaptive=True),
)
UPTAKE = {Role.LIVER: 10.0, Role.MUSCLE_LEFT: 1.0, Role.MUSCLE_RIGHT: 2.0}
AXIAL = GRIDS["axial"]
TUMOUR = np.array([48.0, 5.0, -5.0])


def _codes(flags: Sequence[Flag]) -> set[str]:
    return {flag.code for flag in flags}


def _place(
    organs: list[Organ],
    grid: Grid = AXIAL,
    protocol: StudyProtocol = ZHOU,
    marks: Sequence[Mark] = (),
) -> ReferenceSpheres:
    volume, regions = lay(grid, organs)
    return place_spheres(volume, regions, marks, protocol)


def _liver(spheres: ReferenceSpheres) -> PlacedSphere:
    return spheres.placed[Role.LIVER]


@pytest.fixture(scope="module")
def axial() -> ReferenceSpheres:
    return _place(torso())


@pytest.mark.parametrize("name", GRIDS)
def test_every_geometry_gives_the_same_values_in_the_same_places(
    name: str, axial: ReferenceSpheres
) -> None:
    """Uniform tissue to 0.1 %; centres within one voxel diagonal of the axial ones."""
    spheres = _place(torso(), GRIDS[name])

    assert set(spheres.placed) == set(UPTAKE)
    for role, one in spheres.placed.items():
        assert one.statistics.mean == pytest.approx(UPTAKE[role], rel=1e-3)
        assert one.statistics.maximum == pytest.approx(UPTAKE[role], rel=1e-3)
        assert one.statistics.sd < 1e-3 * UPTAKE[role]
        away = np.array(one.sphere.centre_mm) - axial.placed[role].sphere.centre_mm
        assert np.linalg.norm(away) <= np.linalg.norm(GRIDS[name].spacing_mm)
        assert one.sphere.inside_fraction == pytest.approx(1.0, abs=1e-3)
        assert not _codes(one.flags) - {"FOCI_SCREENED"}


@pytest.mark.parametrize("name", ["head_to_feet", "mirrored", "prone", "sagittal", "coronal"])
def test_turning_the_same_voxels_about_moves_nothing(name: str, axial: ReferenceSpheres) -> None:
    """Grids with the same voxel centres in another order: the very same centres."""
    spheres = _place(torso(), GRIDS[name])

    for role, one in spheres.placed.items():
        same = axial.placed[role]
        np.testing.assert_allclose(one.sphere.centre_mm, same.sphere.centre_mm, atol=1e-6)
        assert one.position_means.size == same.position_means.size
        assert sorted(one.position_maxima) == pytest.approx(sorted(same.position_maxima))


def test_spheres_have_the_volume_of_the_method(axial: ReferenceSpheres) -> None:
    assert _liver(axial).statistics.volume_ml == pytest.approx(30.0, rel=1e-3)
    for role in (Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT):
        assert axial.placed[role].statistics.volume_ml == pytest.approx(10.0, rel=1e-3)
        assert axial.placed[role].sphere.radius_mm == pytest.approx(13.365, abs=1e-3)
        assert axial.placed[role].sphere.source is SphereSource.PLACED


@pytest.mark.parametrize("name", ["axial", "anisotropic", "oblique"])
def test_every_admissible_position_keeps_every_rule(name: str) -> None:
    """Against a plain loop over all voxels of the volume with its own stencil arithmetic.

    Walls that the loop knows analytically (lobe, level, tumour) are left with a band of half a
    voxel in which either answer is right; foci do not occur (uniform organs).
    """
    grid = GRIDS[name]
    organs = torso(hot_from_x=1000.0)
    volume, regions = lay(grid, organs)

    spheres = place_spheres(volume, regions, (), ZHOU)

    z = grid.to_mm(np.argwhere(regions[1].full_weights() >= 0.5))[:, 2]
    half = 0.5 * np.abs(grid.axes_mm[2]).sum()
    for role, muscle, side in ((Role.MUSCLE_LEFT, 2, 1.0), (Role.MUSCLE_RIGHT, 3, -1.0)):
        stencil = sphere_stencil(grid.axes_mm, 13.365046)
        full = regions[muscle].full_weights()
        certain, possible = 0, 0
        for centre in np.argwhere(full >= 0.5):
            point = grid.to_mm(centre)
            gap = np.linalg.norm(point - TUMOUR) - 24.0 - 13.365 - 10.0
            low = centre + np.array(stencil.lower)
            cut = tuple(slice(a, a + n) for a, n in zip(low, stencil.weights.shape, strict=True))
            if not z.min() - half <= point[2] <= z.max() + half or (low < 0).any():
                continue
            inside = float((stencil.weights * full[cut]).sum()) / stencil.total
            if inside < 0.999 or point[0] * side < 0:
                continue
            possible += int(gap >= -2.0)
            certain += int(gap >= 2.0)
        assert 0 < certain <= spheres.placed[role].position_means.size <= possible


def test_the_liver_sphere_keeps_its_distances_at_every_admissible_position() -> None:
    """Uptake that counts up voxel by voxel gives every position away by its mean."""
    volume, regions = lay(AXIAL, torso())
    x = AXIAL.to_mm(np.moveaxis(np.indices(AXIAL.shape), 0, -1))[..., 0]
    volume = Volume(AXIAL, x.astype(np.float32), Unit.COUNTS)
    loose = ZHOU.liver_sphere.model_copy(update={"focus_sigma": 100.0})
    protocol = ZHOU.model_copy(update={"liver_sphere": loose})

    one = _liver(place_spheres(volume, regions, (), protocol))

    assert one.position_means.max() <= LIVER_CENTRE[0] - 19.27
    assert one.position_means.max() >= LIVER_CENTRE[0] - 19.27 - 4.0
    assert one.position_means.min() >= LIVER_CENTRE[0] - 85.0 + 19.27 + 5.0
    # partly covered voxels count at their own centre: 0.05 mm for a sphere between voxel centres
    assert one.statistics.mean == pytest.approx(one.sphere.centre_mm[0], abs=0.05)


@pytest.mark.parametrize("hot_from_x", [-45.0, -49.0, -55.0, -62.0])
@pytest.mark.parametrize("name", ["axial", "oblique", "coarse"])
def test_the_liver_sphere_is_never_in_the_hot_left_lobe(name: str, hot_from_x: float) -> None:
    """Also when the hot part begins at the centroid, or right of it."""
    one = _liver(_place(torso(hot_from_x), GRIDS[name]))

    assert one.statistics.mean == pytest.approx(10.0, rel=1e-3)
    assert one.statistics.maximum == pytest.approx(10.0, rel=1e-3)
    assert one.position_means.max() <= 10.0 * 1.001
    assert one.sphere.centre_mm[0] + one.sphere.radius_mm <= hot_from_x + 2.0


def test_a_focus_in_the_right_lobe_is_avoided_and_flagged(axial: ReferenceSpheres) -> None:
    """A 14 mm focus, ten times as hot, exactly where the sphere would lie."""
    x, y, z = _liver(axial).sphere.centre_mm
    organs = [*torso(), Organ(ball((x, y, z), 7.0), Role.OTHER, "unnamed", 100.0)]

    one = _liver(_place(organs))

    assert "FOCI_SCREENED" in _codes(one.flags)
    assert one.statistics.mean == pytest.approx(10.0, rel=1e-3)
    assert one.position_maxima.max() <= 10.5
    assert one.position_means.size < _liver(axial).position_means.size


def test_noise_alone_screens_nothing() -> None:
    """Normal noise of 15 % in a million voxels: nothing in the organ reaches five SD."""
    organs = torso(hot_from_x=1000.0)
    volume, regions = lay(AXIAL, organs)
    noise = np.random.default_rng(7).normal(1.0, 0.15, AXIAL.shape)
    noisy = Volume(AXIAL, (volume.values * noise).astype(np.float32), Unit.COUNTS)

    spheres = place_spheres(noisy, regions[:4], (), ZHOU)

    for role, uptake in UPTAKE.items():
        assert not spheres.flags[role]
        assert spheres.placed[role].statistics.mean == pytest.approx(uptake, rel=0.03)
        assert spheres.placed[role].statistics.sd == pytest.approx(0.15 * uptake, rel=0.15)


@pytest.mark.parametrize("shift", [0.0, -10.0, -200.0])
def test_zero_and_negative_organs_are_placed_all_the_same(shift: float) -> None:
    volume, regions = lay(AXIAL, torso(hot_from_x=1000.0))
    moved = Volume(AXIAL, volume.values + np.float32(shift), Unit.RELATIVE)

    one = _liver(place_spheres(moved, regions, (), ZHOU))

    assert one.statistics.mean == pytest.approx(10.0 + shift, abs=1e-3)


def test_sparse_counts_with_a_zero_median_do_not_screen_everything() -> None:
    """Poisson counts of 0.3 a voxel: the median and the robust SD are 0."""
    counts = np.random.default_rng(3).poisson(0.3, AXIAL.shape).astype(np.float32)
    _, regions = lay(AXIAL, torso())

    spheres = place_spheres(Volume(AXIAL, counts, Unit.COUNTS), regions, (), ZHOU)

    assert set(spheres.placed) == set(UPTAKE)


def test_couinaud_segments_define_the_right_lobe() -> None:
    """Segments that end 25 mm right of the centroid; hot beyond them."""
    edge = LIVER_CENTRE[0] - 15.0
    solid = ellipsoid(LIVER_CENTRE, (85.0, 58.0, 54.0))
    upper = Organ(
        lambda p: solid(p) & (p[..., 0] <= edge) & (p[..., 2] > 30.0),
        Role.LIVER_SEGMENT,
        "liver_segment_8",
        10.0,
    )
    lower = Organ(
        lambda p: solid(p) & (p[..., 0] <= edge) & (p[..., 2] <= 30.0),
        Role.LIVER_SEGMENT,
        "liver_segment_5",
        10.0,
    )
    left = Organ(
        lambda p: solid(p) & (p[..., 0] > edge), Role.LIVER_SEGMENT, "liver_segment_4", 10.2
    )
    liver = Organ(solid, Role.LIVER, "liver", 10.0)

    for organs in ([liver, left, upper, lower], [left, upper, lower]):
        one = _liver(_place(organs))
        assert "SEGMENTS_USED" in _codes(one.flags)
        assert "LIVER_MISSING" not in _codes(one.flags)
        assert one.sphere.centre_mm[0] + one.sphere.radius_mm <= edge + 0.5
        assert one.statistics.maximum == pytest.approx(10.0, rel=1e-3)
        assert one.sphere.centre_mm[2] == pytest.approx(30.0, abs=8.0)


@pytest.mark.parametrize("role", [Role.TUMOUR, Role.LESION, Role.EXCLUDE])
@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_distance_is_kept_from_tumour_lesion_and_exclude(role: Role, weight: float) -> None:
    """One voxel's worth of lesion in the deepest place, also when it fills no voxel by half."""
    volume, regions = lay(AXIAL, torso(hot_from_x=1000.0))
    before = place_spheres(volume, regions, (), ZHOU)
    index = np.rint(AXIAL.to_index(_liver(before).sphere.centre_mm)).astype(int)
    weights = np.zeros(AXIAL.shape, np.float32)
    weights[tuple(index)] = weight
    lesion = Region.from_full(AXIAL, weights, "small", role)

    after = _liver(place_spheres(volume, [*regions, lesion], (), ZHOU))

    gap = np.linalg.norm(np.array(after.sphere.centre_mm) - AXIAL.to_mm(index))
    assert gap - after.sphere.radius_mm >= 10.0
    assert after.position_means.size < _liver(before).position_means.size


def test_the_edge_distance_gives_way_first() -> None:
    """A liver whose right half holds a 19.3 mm sphere, but not 5 mm more."""
    organs = [Organ(ellipsoid((-30.0, 0.0, 0.0), (70.0, 24.5, 24.5)), Role.LIVER, "liver", 10.0)]

    one = _liver(_place(organs))

    assert _codes(one.flags) == {"SPHERE_EDGE_RELAXED"}
    assert one.sphere.inside_fraction is not None
    assert one.sphere.inside_fraction >= 0.999
    assert one.sphere.centre_mm[0] + one.sphere.radius_mm <= -30.0 + 0.1


def test_then_only_the_centre_lies_in_the_right_lobe() -> None:
    organs = [Organ(ellipsoid((-30.0, 0.0, 0.0), (45.0, 32.0, 28.0)), Role.LIVER, "liver", 10.0)]

    one = _liver(_place(organs))

    assert _codes(one.flags) == {"SPHERE_EDGE_RELAXED", "SPHERE_LOBE_RELAXED"}
    assert one.sphere.centre_mm[0] < -30.0 - 10.0


def test_a_small_liver_with_a_hot_left_lobe_never_gives_a_hot_sphere() -> None:
    """From 400 to 60 ml: pure, or flagged as not inside, or absent; smaller where allowed."""
    for axes in ((60.0, 42.0, 38.0), (45.0, 32.0, 28.0), (40.0, 28.0, 25.0), (32.0, 22.0, 20.0)):
        liver = Organ(
            ellipsoid((-30.0, 0.0, 0.0), axes), Role.LIVER, "liver", left_hotter(-30.0, 1.5)
        )
        fixed, shrunk = _place([liver]), _liver(_place([liver], protocol=ADAPTIVE))
        if Role.LIVER in fixed.placed:
            assert _liver(fixed).statistics.maximum <= 10.0 * 1.001
            inside = _liver(fixed).sphere.inside_fraction
            assert inside is not None
            assert ("SPHERE_NOT_INSIDE" in _codes(fixed.flags[Role.LIVER])) == (inside < 0.999)
        else:
            assert "SPHERE_NO_POSITION" in _codes(fixed.flags[Role.LIVER])
        assert shrunk.statistics.mean == pytest.approx(10.0, rel=1e-3)
        assert shrunk.statistics.maximum == pytest.approx(10.0, rel=1e-3)


def _infant(radius: float) -> list[Organ]:
    return [
        Organ(box((-20.0, 20.0, -16.0), (20.0, 60.0, 16.0)), Role.VERTEBRA_L2, "L2", 0.8),
        Organ(column(34.0, 60.0, radius, (-60.0, 60.0)), Role.MUSCLE_LEFT, "autochthon_left", 1.0),
    ]


def test_a_muscle_too_thin_reports_the_fraction_inside() -> None:
    spheres = _place(_infant(12.0))

    one = spheres.placed[Role.MUSCLE_LEFT]
    assert _codes(one.flags) == {"SPHERE_NOT_INSIDE"}
    assert one.sphere.inside_fraction is not None
    assert 0.75 <= one.sphere.inside_fraction < 0.999
    assert one.statistics.mean == pytest.approx(
        one.sphere.inside_fraction + 0.2 * (1.0 - one.sphere.inside_fraction), abs=0.08
    )
    assert one.sphere.radius_mm == pytest.approx(13.365, abs=1e-3)
    assert _codes(spheres.flags[Role.MUSCLE_RIGHT]) == {"MUSCLE_MISSING"}


def test_a_muscle_far_too_thin_gives_no_sphere_and_says_how_far_off() -> None:
    flags = _place(_infant(8.0)).flags[Role.MUSCLE_LEFT]

    assert [flag.code for flag in flags] == ["SPHERE_NO_POSITION"]
    assert "0.4" in flags[0].detail


@pytest.mark.parametrize("radius", [14.0, 12.0, 10.0])
def test_an_adaptive_sphere_is_the_largest_that_fits(radius: float) -> None:
    one = _place(_infant(radius), protocol=ADAPTIVE).placed[Role.MUSCLE_LEFT]

    assert one.sphere.source is SphereSource.ADAPTIVE
    assert _codes(one.flags) == {"SPHERE_ADAPTIVE"}
    assert radius - 5.0 <= one.sphere.radius_mm < radius
    assert one.sphere.inside_fraction == pytest.approx(1.0, abs=1.1e-3)
    assert one.statistics.mean == pytest.approx(1.0, rel=2e-3)
    exact = 4.0 / 3.0 * np.pi * one.sphere.radius_mm**3 / 1000.0
    assert one.statistics.volume_ml == pytest.approx(exact, rel=2e-3)


def test_an_adaptive_protocol_leaves_full_spheres_alone(axial: ReferenceSpheres) -> None:
    spheres = _place(torso(), protocol=ADAPTIVE)

    for role, one in spheres.placed.items():
        assert one.sphere == axial.placed[role].sphere


def test_a_liver_cut_by_the_field_of_view_keeps_the_sphere_in_the_volume() -> None:
    """The volume ends 10 mm above the liver's middle."""
    low = GRIDS["axial"].to_index((0.0, 0.0, 40.0))
    grid = Grid((round(low[0]), *AXIAL.shape[1:]), AXIAL.affine)
    top = grid.to_mm((grid.shape[0] - 0.5, 0, 0))[2]

    one = _liver(_place(torso(), grid))

    assert one.sphere.centre_mm[2] + one.sphere.radius_mm <= top + 1e-6
    assert one.sphere.wall_distance_mm is not None
    assert one.sphere.wall_distance_mm <= top - one.sphere.centre_mm[2] + 1e-6
    assert one.statistics.mean == pytest.approx(10.0, rel=1e-3)


def test_no_sphere_leaves_the_volume_even_when_it_leaves_its_organ() -> None:
    """12 mm of muscle in the field of view: too little, and never made up for from outside."""
    organs = _infant(13.0)
    low = GRIDS["axial"].to_index((0.0, 0.0, 6.0))
    grid = Grid((round(low[0]), *AXIAL.shape[1:]), AXIAL.affine)
    top = grid.to_mm((grid.shape[0] - 0.5, 0, 0))[2]

    one = _place(organs, grid).placed[Role.MUSCLE_LEFT]

    assert one.sphere.centre_mm[2] + one.sphere.radius_mm <= top + 1e-6
    assert _codes(one.flags) == {"SPHERE_NOT_INSIDE"}
    slab = grid.cropped((grid.shape[0] - 4, 0, 0), (4, *AXIAL.shape[1:]))
    flags = _place(organs, slab).flags[Role.MUSCLE_LEFT]
    assert _codes(flags) == {"SPHERE_NO_POSITION"}


def test_a_dumbbell_of_two_parts_takes_the_deeper_one_not_the_middle() -> None:
    """Right of the centroid: a thin bridge near the middle, a thick part far from it."""
    solids = [
        ball((-100.0, 0.0, 0.0), 36.0),
        ball((60.0, 0.0, 0.0), 44.0),
        ellipsoid((-20.0, 0.0, 0.0), (90.0, 26.0, 26.0)),
    ]
    liver = Organ(lambda p: solids[0](p) | solids[1](p) | solids[2](p), Role.LIVER, "liver", 10.0)

    one = _liver(_place([liver]))

    assert np.linalg.norm(np.array(one.sphere.centre_mm) - (-100.0, 0.0, 0.0)) <= 7.0
    assert one.sphere.wall_distance_mm == pytest.approx(36.0, abs=3.0)


def test_muscle_spheres_stay_at_the_level_of_l2() -> None:
    """A muscle that is thickest well above L2."""
    bulge = ball((44.0, 66.0, 60.0), 32.0)
    long = column(44.0, 66.0, 18.0, (-90.0, 80.0))
    organs = [
        Organ(box((-22.0, 20.0, -18.0), (22.0, 62.0, 16.0)), Role.VERTEBRA_L2, "L2", 0.8),
        Organ(lambda p: bulge(p) | long(p), Role.MUSCLE_LEFT, "autochthon_left", 1.0),
    ]
    for name in ("axial", "head_to_feet", "sagittal", "oblique"):
        one = _place(organs, GRIDS[name]).placed[Role.MUSCLE_LEFT]
        assert -22.0 <= one.sphere.centre_mm[2] <= 20.0


def test_what_is_missing_is_named() -> None:
    everything = torso()

    nothing = _place(everything[4:])
    no_l2 = _place([everything[0], *everything[2:]])
    no_right = _place([*everything[:3], everything[4]])

    assert not nothing.placed
    assert _codes(nothing.flags[Role.LIVER]) == {"LIVER_MISSING"}
    assert _codes(nothing.flags[Role.MUSCLE_LEFT]) == {"MUSCLE_MISSING"}
    assert set(no_l2.placed) == {Role.LIVER}
    assert _codes(no_l2.flags[Role.MUSCLE_RIGHT]) == {"L2_MISSING"}
    assert set(no_right.placed) == {Role.LIVER, Role.MUSCLE_LEFT}
    assert _codes(no_right.flags[Role.MUSCLE_RIGHT]) == {"MUSCLE_MISSING"}


def test_muscles_named_for_the_wrong_side_are_refused() -> None:
    organs = torso()
    organs[2], organs[3] = (
        Organ(organs[3].solid, Role.MUSCLE_LEFT, "autochthon_left", 1.0),
        Organ(organs[2].solid, Role.MUSCLE_RIGHT, "autochthon_right", 1.0),
    )

    for name in ("axial", "mirrored", "oblique"):
        spheres = _place(organs, GRIDS[name])
        assert set(spheres.placed) == {Role.LIVER}
        for role in (Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT):
            assert _codes(spheres.flags[role]) == {"MUSCLE_SIDE_MISMATCH"}


def test_of_several_livers_the_largest_is_used_and_flagged() -> None:
    organs = [*torso(), Organ(ball((60.0, -60.0, 60.0), 22.0), Role.LIVER, "liver two", 10.0)]

    one = _liver(_place(organs))

    assert "ROLE_SEVERAL" in _codes(one.flags)
    assert one.sphere.centre_mm[0] < LIVER_CENTRE[0]


def test_the_order_of_regions_does_not_matter(axial: ReferenceSpheres) -> None:
    volume, regions = lay(AXIAL, torso())

    again = place_spheres(volume, regions[::-1], (), ZHOU)

    for role, one in axial.placed.items():
        assert again.placed[role].sphere == one.sphere
        assert again.placed[role].position_means.tobytes() == one.position_means.tobytes()


def test_uniform_takes_the_least_variation_and_then_the_deepest() -> None:
    """The SD of the liver grows to the patient's left; elsewhere all is equal."""
    volume, regions = lay(AXIAL, torso(hot_from_x=1000.0))
    x = AXIAL.to_mm(np.moveaxis(np.indices(AXIAL.shape), 0, -1))[..., 0]
    ripple = 0.2 * np.where(np.indices(AXIAL.shape).sum(axis=0) % 2 == 0, 1.0, -1.0)
    values = volume.values + ripple * np.clip((x + 100.0) / 50.0, 0.0, 1.0)
    rippled = Volume(AXIAL, values.astype(np.float32), Unit.COUNTS)
    settings = ZHOU.liver_sphere.model_copy(update={"criterion": Criterion.UNIFORM})
    uniform = ZHOU.model_copy(update={"liver_sphere": settings})

    by_variation = _liver(place_spheres(rippled, regions, (), uniform))
    by_depth = _liver(place_spheres(rippled, regions, (), ZHOU))
    without_ripple = _liver(place_spheres(volume, regions, (), uniform))

    assert by_variation.sphere.centre_mm[0] < by_depth.sphere.centre_mm[0]
    assert by_variation.statistics.sd < by_depth.statistics.sd
    assert without_ripple.sphere == _liver(place_spheres(volume, regions, (), ZHOU)).sphere


def test_regions_of_another_grid_and_sheared_grids_are_refused() -> None:
    volume, _ = lay(AXIAL, torso()[:1])
    _, foreign = lay(GRIDS["coarse"], torso()[:1])
    affine = AXIAL.affine.copy()
    affine[1, 0] = 1.5
    sheared = Volume(Grid(AXIAL.shape, affine), volume.values, Unit.COUNTS)

    with pytest.raises(GeometryError, match="GRID_INVALID"):
        place_spheres(volume, foreign, (), ZHOU)
    with pytest.raises(GeometryError, match="BAD_IOP"):
        place_spheres(sheared, (), (), ZHOU)


def test_a_sphere_of_two_tissues_is_flagged_as_uneven_and_the_sides_as_unlike() -> None:
    """A tumour that nobody drew spills over the left muscle."""
    volume, regions = lay(AXIAL, torso(hot_from_x=1000.0))
    values = volume.values.copy()
    left = next(region for region in regions if region.role is Role.MUSCLE_LEFT)
    x = AXIAL.to_mm(np.argwhere(np.ones(AXIAL.shape)))[:, 0].reshape(AXIAL.shape)
    middle = AXIAL.to_mm(np.argwhere(left.full_weights() > 0.5)).mean(axis=0)[0]
    values[(x > middle) & (left.full_weights() > 0)] = 30.0

    spheres = place_spheres(Volume(AXIAL, values, Unit.RELATIVE), regions, (), NO_SCREEN)

    assert "SPHERE_UNEVEN" in _codes(spheres.flags[Role.MUSCLE_LEFT])
    for role in (Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT):
        assert "MUSCLE_ASYMMETRY" in _codes(spheres.flags[role])
        assert "MUSCLE_ASYMMETRY" in _codes(spheres.placed[role].flags)


@pytest.mark.parametrize("name", ["liver", "Liver", " liver-1 ", "LIVER_2", "liver 3"])
def test_slicer_numbers_and_capitals_do_not_hide_a_mark(name: str) -> None:
    volume, regions = lay(AXIAL, torso())
    mark = Mark(name, _liver(place_spheres(volume, regions, (), ZHOU)).sphere.centre_mm)

    spheres = place_spheres(volume, regions, (mark,), ZHOU)

    assert _liver(spheres).sphere.source is SphereSource.MARKED
    assert unused_marks((mark,)) == ()


def test_a_mark_that_names_no_sphere_is_said_to_be_unused() -> None:
    (flag,) = unused_marks((Mark("F-1", (0.0, 0.0, 0.0)), Mark("Muscle Left", (0.0, 0.0, 0.0))))

    assert flag.code == "MARK_UNUSED"
    assert flag.detail == "F-1"
