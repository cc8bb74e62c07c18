"""The passport: analytic solids, floors, invariance, topology, borders, what is absent and why."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quant.domain.flags import CODES
from quant.domain.grid import Grid
from quant.domain.passport import Passport
from quant.domain.protocol import MorphologySettings
from quant.domain.region import Region
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.errors import GeometryError, StudyError
from quant.measure.passport import estimators
from quant.measure.passport.estimators import NAMES
from quant.measure.passport.floor import SphereAsked, blurred_floors, brightest, sphere_floors
from quant.measure.passport.passport import measure_passport
from quant.measure.passport.rows import MEASURED_ELSEWHERE, PASSPORT_UNITS, passport_rows
from quant.measure.shape.asphericity import closed_asphericity, mixed_asphericity
from quant.measure.shape.morphology import measure_morphology
from quant.measure.shape.surface import Surface, asphericity_floor
from quant.phantom.bodies.compounds import MultiPart
from quant.phantom.bodies.occupancy import occupancy
from quant.phantom.bodies.solids import Ball, Ellipsoid, Solid, Torus, rotation_deg
from tests.support.geometry import AFFINES, grid
from tests.support.masks import Mask, Spacing, blob, noise, torus

CUBIC = (4.0, 4.0, 4.0)
PLAIN = MorphologySettings()


def flat_grid(shape: tuple[int, ...], spacing_mm: Spacing = CUBIC) -> Grid:
    """Axial grid of a voxel size, centred on the origin."""
    affine = np.diag([*spacing_mm[::-1], 1.0])[:, [2, 1, 0, 3]]
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2.0)
    k, j, i = shape
    return Grid((k, j, i), affine, "1.2.3")


def passport_of(
    weights: NDArray[np.generic],
    spacing_mm: Spacing = CUBIC,
    choice: MorphologySettings = PLAIN,
    margin: int = 3,
) -> Passport:
    """Measure weights that lie ``margin`` voxels inside a volume of the same values."""
    filled = np.pad(np.asarray(weights, dtype=np.float32), margin)
    on = flat_grid(filled.shape, spacing_mm)
    region = Region.from_full(on, filled, "roi")
    return measure_passport(Volume(on, filled, Unit.COUNTS), region, choice)


def passport_of_solid(solid: Solid, spacing_mm: Spacing = CUBIC) -> Passport:
    """Measure a solid about the origin by its exact fractions."""
    shape = tuple(int(2 * 46 / step) + 1 for step in spacing_mm)
    weights = occupancy(solid, flat_grid(shape, spacing_mm), 3)
    return passport_of(weights, spacing_mm)


def values_of(passport: Passport) -> dict[str, float | None]:
    """Asphericity by estimator."""
    return {one.estimator: one.asphericity for one in passport.estimates}


TURN = rotation_deg(20.0, 40.0, 70.0)
SOLIDS = {
    "ball": Ball((0.7, 0.2, -0.9), 24.0),
    "ellipsoid": Ellipsoid((0.7, 0.2, -0.9), (40.0, 20.0, 20.0), TURN),
    "torus": Torus((0.7, 0.2, -0.9), 28.0, 11.0, TURN),
}
ALLOWED = {
    # (1 + asphericity) / (1 + truth) - 1 of a ball, a turned 2:1:1 ellipsoid and a ring of 58 to
    # 67 ml on 4 mm: small for the estimators that converge, what they are known for of the others
    "ibsi_mesh": (0.08, 0.11),
    "plane_fitted": (-0.015, 0.01),
    "smoothed_isosurface": (-0.015, 0.01),
    "weights_isosurface": (0.0, 0.015),
    "crofton": (-0.02, 0.0),
    "voxel_faces": (0.46, 0.54),
    "mesh_over_voxel_volume": (0.06, 0.09),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_every_estimator_has_the_bias_that_it_is_known_for(name: str) -> None:
    solid = SOLIDS[name]
    passport = passport_of_solid(solid)

    assert passport.volume_ml == pytest.approx(solid.volume_ml, rel=0.002)
    for estimator, value in values_of(passport).items():
        low, high = ALLOWED[estimator]
        assert value is not None
        assert low <= (1.0 + value) / (1.0 + solid.asphericity) - 1.0 <= high, estimator


def test_areas_and_volumes_are_those_of_their_asphericity() -> None:
    passport = passport_of_solid(SOLIDS["ellipsoid"])

    for one in passport.estimates:
        assert one.area_mm2 is not None
        assert one.volume_ml is not None
        cube = one.area_mm2**3 / (36.0 * math.pi * (1000.0 * one.volume_ml) ** 2)
        assert one.asphericity == pytest.approx(math.cbrt(cube) - 1.0, abs=1e-12)
        assert one.estimator in one.method


@pytest.mark.parametrize("count", [2, 3, 8])
def test_equal_balls_apart_have_the_cube_root_of_their_number_less_one(count: int) -> None:
    """2 give 0.26, 3 give 0.44; through the bias of each estimator on one ball."""
    places = [
        (-24.0, -24.0, -24.0),
        (24.0, -24.0, -24.0),
        (-24.0, 24.0, -24.0),
        (24.0, 24.0, -24.0),
    ]
    places += [(x, y, 24.0) for x, y, _ in places]
    one = values_of(passport_of_solid(Ball(places[0], 16.0)))
    several = MultiPart(tuple(Ball(place, 16.0) for place in places[:count]))
    passport = passport_of_solid(several)

    assert several.asphericity == pytest.approx(math.cbrt(count) - 1.0, rel=1e-9)
    assert passport.components == count
    assert f"{count} equal balls have {math.cbrt(count) - 1.0:.2f}" in passport.words
    for estimator, value in values_of(passport).items():
        single = one[estimator]
        assert value is not None
        assert single is not None
        assert 1.0 + value == pytest.approx(math.cbrt(count) * (1.0 + single), abs=1e-3)


def test_a_ring_has_a_tunnel_and_a_hollow_ball_a_cavity() -> None:
    shell = np.zeros((9, 9, 9), np.uint8)
    shell[1:8, 1:8, 1:8] = 1
    shell[4, 4, 4] = 0
    ring, hollow = passport_of(torus()), passport_of(shell)

    assert (ring.components, ring.cavities, ring.tunnels, ring.euler_number) == (1, 0, 1, 0)
    assert (hollow.components, hollow.cavities, hollow.tunnels) == (1, 1, 0)
    assert "tunnels: 1" in ring.words
    assert "cavities: 1" in hollow.words


def test_the_floor_is_what_the_same_estimator_makes_of_a_ball() -> None:
    """Of a ball the excess is nothing but the scatter between positions."""
    passport = passport_of_solid(SOLIDS["ball"])

    for one in passport.estimates:
        assert one.excess is not None
        assert one.floor_sd is not None
        assert abs(one.excess) <= 4.0 * one.floor_sd + 5e-4, one.estimator
    assert passport.estimate("ibsi_mesh").floor == pytest.approx(
        asphericity_floor(passport.voxels, CUBIC), abs=1e-12
    )


def test_balls_at_places_of_our_own_lie_about_the_floor() -> None:
    """Mean of 40 other positions within three standard errors of both."""
    asked = SphereAsked(305, 305 * 64.0, CUBIC, fractional=False)
    radius = math.cbrt(305 * 64.0 * 0.75 / math.pi)
    index = np.indices((15, 15, 15)) - 7
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for shift in np.random.default_rng(3).random((40, 3)):
        mask = (((index - shift[:, None, None, None]) * 4.0) ** 2).sum(axis=0) <= radius**2
        shape = estimators.Shape(mask.astype(np.uint8), None, CUBIC)
        for name, one in estimators.estimated(shape).items():
            if one.asphericity is not None:
                found[name].append(one.asphericity)

    floors = sphere_floors(asked)

    assert set(floors) == set(NAMES) - {"weights_isosurface"}
    for name, (mean, sd) in floors.items():
        error = math.hypot(np.std(found[name]) / math.sqrt(40), sd / math.sqrt(4))
        assert mean == pytest.approx(float(np.mean(found[name])), abs=3.0 * error), name


def test_a_blurred_and_segmented_sphere_is_nearly_that_sphere_again() -> None:
    """A level set of a blurred ball is a ball: the blurred floor adds the grid's share only."""
    asked = SphereAsked(305, 305 * 64.0, CUBIC, fractional=False)
    plain, blurred = sphere_floors(asked), blurred_floors(asked, 12.0)

    assert set(blurred) == set(plain)
    for name, (mean, _) in blurred.items():
        assert mean == pytest.approx(plain[name][0], abs=0.02), name


def test_the_brightest_voxels_are_as_many_as_asked_for() -> None:
    values = np.arange(27.0).reshape(3, 3, 3)

    assert brightest(values, 5).sum() == 5
    assert brightest(values, 5)[2, 2, 2] == 1
    assert brightest(values, 99).sum() == 27


def test_a_stated_resolution_gives_verdict_ratio_and_floor() -> None:
    ball = occupancy(SOLIDS["ball"], flat_grid((25, 25, 25)), 3)
    fine, coarse, unstated = (
        passport_of(ball, choice=MorphologySettings(psf_fwhm_mm=fwhm))
        for fwhm in (12.0, 30.0, None)
    )

    assert fine.verdict.code == "ASP_RESOLVED"
    assert coarse.verdict.code == "ASP_UNRELIABLE"
    assert unstated.verdict.code == "ASP_RESOLUTION_UNSTATED"
    assert fine.equivalent_diameter_mm == pytest.approx(48.0, rel=0.001)
    assert fine.diameter_over_fwhm == pytest.approx(4.0, rel=0.001)
    assert fine.estimate("ibsi_mesh").floor_psf == pytest.approx(0.09, abs=0.02)
    assert unstated.estimate("ibsi_mesh").floor_psf is None
    rows = {row.name: row for row in passport_rows(unstated)}
    assert rows["asphericity_floor_psf"].flags[0].code == "ASP_RESOLUTION_UNSTATED"
    assert rows["diameter_over_fwhm"].flags[0].code == "ASP_RESOLUTION_UNSTATED"
    assert "4.0 times the resolution of 12 mm" in fine.words
    assert "less than 2 times" in coarse.words


@pytest.mark.parametrize(
    ("voxels", "code"), [(63, "ASP_UNRELIABLE"), (64, "ASP_RESOLUTION_UNSTATED")]
)
def test_below_64_voxels_a_value_is_shown_and_called_unreliable(voxels: int, code: str) -> None:
    mask = np.zeros((4, 4, 4), np.uint8)
    mask.ravel()[:voxels] = 1
    passport = passport_of(mask)
    rows = {row.name: row for row in passport_rows(passport)}

    assert passport.verdict.code == code
    assert rows["asphericity_smoothed"].value is not None
    codes = {flag.code for flag in rows["asphericity_smoothed"].flags}
    assert ("ASP_UNRELIABLE" in codes) is (voxels < 64)


def test_one_voxel_has_values_and_the_reason_where_two_bodies_are_mixed() -> None:
    """Mesh over voxel volume of one voxel is -0.64: the literature's negative values."""
    passport = passport_of(np.ones((1, 1, 1), np.uint8))
    mixed = passport.estimate("mesh_over_voxel_volume")

    assert mixed.asphericity == pytest.approx(-0.64, abs=0.005)
    assert [flag.code for flag in mixed.flags] == ["ASP_MIXED_NEGATIVE"]
    for name in ("ibsi_mesh", "smoothed_isosurface", "voxel_faces"):
        value = passport.estimate(name).asphericity
        assert value is not None
        assert value > 0.0
    assert passport.verdict.code == "ASP_UNRELIABLE"


@pytest.mark.parametrize("weight", [0.5, 0.6, 0.9])
def test_a_region_of_part_of_a_voxel_has_a_passport(weight: float) -> None:
    """A ball as small as that falls between the voxels at some of the floor's positions."""
    found = passport_of(np.full((1, 1, 1), weight))
    assert found.voxels == 1
    assert {one.estimator for one in found.estimates} == set(NAMES)
    assert passport_of(np.full((1, 1, 1), 0.4)).estimates[0].asphericity is None


def test_whole_voxels_have_no_isosurface_of_their_weights() -> None:
    one = passport_of(blob((8, 9, 10), 1)).estimate("weights_isosurface")

    assert one.asphericity is None
    assert [flag.code for flag in one.flags] == ["ASP_NO_FRACTIONS"]


def test_a_region_without_a_voxel_half_inside_is_absent_with_its_code() -> None:
    passport = passport_of(np.full((2, 2, 2), 0.4, np.float32))

    assert passport.components is None
    assert all(one.asphericity is None for one in passport.estimates)
    assert {flag.code for one in passport.estimates for flag in one.flags} == {"REGION_BELOW_HALF"}
    assert passport.sweep.maximum is None
    rows = passport_rows(passport)
    assert all(row.flags for row in rows if row.value is None)


@pytest.mark.parametrize("margin", [0, 1])
def test_a_region_at_the_border_is_told_and_measured_like_any_other(margin: int) -> None:
    mask = blob((8, 9, 10), 4)
    mask[0, 4, 4] = 1
    at, inside = passport_of(mask, margin=margin), passport_of(mask)

    assert at.touches_edge is (margin == 0)
    assert ("edge of the image" in at.words) is (margin == 0)
    assert values_of(at) == values_of(inside)


def test_a_whole_volume_is_measured() -> None:
    passport = passport_of(np.ones((6, 7, 8), np.uint8), margin=0)

    assert passport.touches_edge
    assert passport.voxels == 336
    assert all(v is not None for name, v in values_of(passport).items() if "weights" not in name)


@pytest.mark.parametrize("name", AFFINES)
def test_every_geometry_of_a_scanner_gives_the_values_of_its_voxel_size(name: str) -> None:
    """1e-9: voxel sizes of turned axes are off by rounding."""
    mask = 0.8 * blob((8, 9, 10), 4).astype(np.float32)
    on = grid(name)
    full = np.zeros(on.shape, np.float32)
    full[3:11, 3:12, 3:13] = mask
    found = measure_passport(
        Volume(on, full, Unit.COUNTS), Region.from_full(on, full, "roi"), PLAIN
    )
    k, j, i = (float(step) for step in on.spacing_mm)
    plain = passport_of(mask, (k, j, i))

    for one, other in zip(found.estimates, plain.estimates, strict=True):
        assert one.asphericity == pytest.approx(other.asphericity, rel=1e-9)
        assert one.floor == pytest.approx(other.floor, rel=1e-9)
    assert found.sweep.asphericity == pytest.approx(plain.sweep.asphericity, rel=1e-9)


def test_mirrors_and_exchanged_axes_change_no_estimate_and_no_floor() -> None:
    """Isosurfaces to 2e-3: their ambiguous cubes have no mirror images, levels end at 1e-5."""
    weights = occupancy(SOLIDS["torus"], flat_grid((21, 21, 21)), 2)
    spacing = (4.0, 5.0, 3.0)
    plain = passport_of(weights, spacing)
    for order in permutations(range(3)):
        a, b, c = (spacing[axis] for axis in order)
        turned = passport_of(
            np.ascontiguousarray(weights.transpose(order)[::-1, :, ::-1]), (a, b, c)
        )

        assert turned.tunnels == plain.tunnels
        for one, other in zip(turned.estimates, plain.estimates, strict=True):
            near = 2e-3 if "isosurface" in one.estimator else 1e-9
            assert one.asphericity == pytest.approx(other.asphericity, abs=near)
            assert one.floor == pytest.approx(other.floor, abs=1e-12)


seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 8))
few = settings(derandomize=True, deadline=None, max_examples=25)


@few
@given(seeds, sizes, st.sampled_from([0.1, 0.4, 0.9]), st.sampled_from([CUBIC, (5.0, 1.2, 0.7)]))
def test_any_region_gets_a_whole_passport(
    seed: int, shape: tuple[int, int, int], density: float, spacing_mm: Spacing
) -> None:
    """Values finite, absent ones coded, closed bodies never negative; moved, they stay."""
    mask = noise(shape, density, seed)
    mask.flat[0] = 1
    passport, moved = passport_of(mask, spacing_mm), passport_of(np.pad(mask, 2), spacing_mm)

    assert values_of(moved) == values_of(passport)
    assert moved.sweep == passport.sweep
    for name in ("ibsi_mesh", "smoothed_isosurface", "voxel_faces"):
        value = passport.estimate(name).asphericity
        assert value is None or value >= -1e-6
    rows = passport_rows(passport)
    assert [row.name for row in rows] == list(PASSPORT_UNITS)
    assert [row.unit for row in rows] == [str(unit) for unit in PASSPORT_UNITS.values()]
    assert all(row.flags for row in rows if row.value is None)
    assert all(flag.code in CODES for row in rows for flag in row.flags)


def test_rows_name_their_estimator_and_repeat_none_of_morphology() -> None:
    filled = np.pad(blob((8, 9, 10), 4).astype(np.float32), 2)
    on = flat_grid(filled.shape)
    region = Region.from_full(on, filled, "roi")
    passport = measure_passport(Volume(on, filled, Unit.COUNTS), region, PLAIN)
    shape = {row.name: row.value for row in measure_morphology(region, PLAIN)}
    rows = {row.name: row for row in passport_rows(passport)}

    assert not set(rows) & set(shape)
    assert set(shape) >= MEASURED_ELSEWHERE
    assert shape["asphericity"] == passport.estimate("ibsi_mesh").asphericity
    assert shape["asphericity_corrected"] == passport.estimate("plane_fitted").asphericity
    assert shape["asphericity_floor"] == pytest.approx(passport.estimate("ibsi_mesh").floor)
    assert rows["asphericity_crofton"].method.startswith("crofton: ")
    assert "4.00 x 4.00 x 4.00 mm" in rows["asphericity_smoothed"].method
    assert rows["asphericity_excess"].method.startswith("ibsi_mesh: ")


def test_on_another_grid_the_region_is_measured_there() -> None:
    mask = np.zeros((9, 9, 9), np.float32)
    mask[2:7, 2:7, 2:7] = 1.0
    mask[2, 2, 2] = 0.6
    passport = passport_of(mask, choice=MorphologySettings(grid_mm=2.0))

    assert passport.spacing_mm == (2.0, 2.0, 2.0)
    assert passport.estimate("weights_isosurface").flags[0].code == "ASP_NO_FRACTIONS"
    assert passport.estimate("plane_fitted").volume_ml == pytest.approx(8.0, rel=0.05)


def test_a_closed_body_below_the_ball_raises() -> None:
    volume = 4.0 / 3.0 * math.pi * 27000.0
    area = 4.0 * math.pi * 900.0

    assert closed_asphericity(area, volume) == pytest.approx(0.0, abs=1e-12)
    assert closed_asphericity(area * (1.0 - 9e-7), volume) < 0.0
    with pytest.raises(StudyError) as caught:
        closed_asphericity(area * (1.0 - 2e-6), volume)
    assert caught.value.code == "ASPHERICITY_NEGATIVE"


def test_two_bodies_below_the_ball_keep_their_value_with_the_reason() -> None:
    value, flags = mixed_asphericity(4.0 * math.pi * 100.0, 8.0 / 3.0 * math.pi * 1000.0)

    assert value == pytest.approx(2.0 ** (-2.0 / 3.0) - 1.0)
    assert [flag.code for flag in flags] == ["ASP_MIXED_NEGATIVE"]
    assert mixed_asphericity(4.0 * math.pi * 100.0, 1000.0)[1] == ()


def test_a_defect_of_the_closed_mesh_costs_its_value_only(monkeypatch: pytest.MonkeyPatch) -> None:
    area, volume = 4 * math.pi * 900.0, 4 / 3 * math.pi * 27000.0
    wrong = Surface(area * 0.9, volume, area, 0.014, volume, 1, area * 1.5, 421, area)
    monkeypatch.setattr(estimators, "measure_surface", lambda *_: wrong)
    passport = passport_of(np.ones((5, 5, 5), np.uint8))
    mesh = passport.estimate("ibsi_mesh")

    assert mesh.asphericity is None
    assert [flag.code for flag in mesh.flags] == ["ASPHERICITY_NEGATIVE"]
    assert passport.estimate("voxel_faces").asphericity == pytest.approx(0.5)
    assert all(row.value is not None or row.flags for row in passport_rows(passport))


def test_a_sheared_grid_is_refused() -> None:
    affine = np.eye(4)[:, [2, 1, 0, 3]].copy()
    affine[1, 0] = 0.2
    on = Grid((5, 5, 5), affine)
    filled = np.ones((5, 5, 5), np.float32)

    with pytest.raises(GeometryError) as caught:
        measure_passport(Volume(on, filled, Unit.COUNTS), Region.from_full(on, filled, "r"), PLAIN)
    assert caught.value.code == "BAD_IOP"


def test_an_estimator_is_found_by_its_name_only() -> None:
    passport = passport_of(np.ones((3, 3, 3), np.uint8))

    assert tuple(one.estimator for one in passport.estimates) == NAMES
    with pytest.raises(KeyError, match="there are: ibsi_mesh"):
        passport.estimate("lewiner")


def read_only(mask: Mask) -> Mask:
    """Return the same mask, write-protected and laid out by columns."""
    turned = np.asfortranarray(mask)
    turned.flags.writeable = False
    return turned


def test_arrays_of_any_layout_give_the_same_passport() -> None:
    mask = blob((8, 9, 10), 6)

    assert passport_of(read_only(mask)) == passport_of(mask)
