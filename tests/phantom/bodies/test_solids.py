"""Solids: volume and surface by other formulas, by counting points and by a fine mesh."""

from collections.abc import Callable
from math import acos, asin, pi, sqrt
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.phantom.bodies.ball_unions import QUADRATURE_NODES, BallUnion, exposed_surface
from quant.phantom.bodies.compounds import Clipped, Dumbbell, Grown, Hollow, MultiPart
from quant.phantom.bodies.solids import (
    Ball,
    Body,
    Box,
    Capsule,
    Cylinder,
    Ellipsoid,
    Solid,
    Torus,
    asphericity,
    rotation_deg,
)
from quant.phantom.nema import IECBody

TURN = rotation_deg(35.0, 20.0, -15.0)
AT = (3.0, -2.0, 5.0)
LOBES = BallUnion(((0.0, 0.0, 0.0), (14.0, 4.0, 5.0), (-10.0, 9.0, 8.0)), (16.0, 12.0, 10.0))
FOUR_LOBES = BallUnion(
    ((46.0, -168.0, 366.0), (61.0, -160.0, 379.0), (33.0, -177.0, 379.0), (49.0, -181.0, 352.0)),
    (19.0, 14.0, 13.0, 12.0),
)
"""A lobulated mass far from the origin, as in a patient's coordinates."""

SOLIDS: dict[str, Solid] = {
    "ball": Ball(AT, 17.0),
    "ellipsoid": Ellipsoid(AT, (24.0, 15.0, 10.0), TURN),
    "box": Box(AT, (18.0, 12.0, 9.0), TURN),
    "cylinder": Cylinder(AT, 12.0, 19.0, TURN),
    "capsule": Capsule(AT, 9.0, 14.0, TURN),
    "torus": Torus(AT, 18.0, 8.0, TURN),
    "dumbbell": Dumbbell(AT, 13.0, 18.0, 6.0, TURN),
    "lobes": LOBES,
    "four lobes": FOUR_LOBES,
    "two parts": MultiPart((Ball((-18.0, 0.0, 0.0), 12.0), Box((12.0, 3.0, 2.0), (8.0, 9.0, 7.0)))),
    "hollow": Hollow(Ball(AT, 20.0), Ellipsoid((4.0, 0.0, 4.0), (9.0, 7.0, 6.0), TURN)),
}
SHARP = {"box", "cylinder", "two parts", "lobes", "four lobes"}
"""Solids with edges or creases: a mesh cuts them off, by an area in proportion to its step."""

BODIES: dict[str, Body] = {
    **SOLIDS,
    "body of the IEC phantom": IECBody(),
    "grown": Grown(SOLIDS["ellipsoid"], 5.0),
    "clipped": Clipped(SOLIDS["torus"], (0.6, 0.0, 0.8), 3.0),
}


def _raster(body: Body, step_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First corner and (X, Y, Z) field of a raster that holds the body with room around it."""
    low, high = body.bounds_mm()
    start = low - 2.3 * step_mm
    count = np.ceil((high - low) / step_mm).astype(int) + 6
    points = np.stack(np.meshgrid(*(np.arange(n) for n in count), indexing="ij"), axis=-1)
    return start, body.field_mm(start + points * step_mm)


def _mesh_area_and_volume(solid: Solid, step_mm: float) -> tuple[float, float]:
    """Area and volume of scikit-image's mesh of the field's zero surface."""
    from skimage import measure

    _, field = _raster(solid, step_mm)
    marching_cubes: Any = measure.marching_cubes
    vertices, faces, _, _ = marching_cubes(field, 0.0, spacing=(step_mm,) * 3)
    a, b, c = (vertices.astype(np.float64)[faces[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    volume = abs(float(np.einsum("ij,ij->", a, np.cross(b, c)))) / 6.0
    return float(np.linalg.norm(across, axis=1).sum()) / 2.0, volume


@pytest.mark.parametrize("name", SOLIDS)
def test_volume_is_the_number_of_fine_points_inside(name: str) -> None:
    """0.5 mm raster: the error of counting is far below 0.2 % for these sizes."""
    solid = SOLIDS[name]
    _, field = _raster(solid, 0.5)

    counted_ml = float((field <= 0.0).sum()) * 0.5**3 / 1000.0

    assert solid.volume_ml == pytest.approx(counted_ml, rel=2e-3)


@pytest.mark.parametrize("name", SOLIDS)
def test_surface_and_volume_are_those_of_a_fine_mesh(name: str) -> None:
    """Linear interpolation errs by the square of the step; cut-off edges by the step itself."""
    solid = SOLIDS[name]

    tolerance = 1.2e-2 if name in SHARP else 2e-3

    area, volume = _mesh_area_and_volume(solid, 0.5)

    assert solid.surface_area_mm2 == pytest.approx(area, rel=tolerance)
    assert solid.volume_ml * 1000.0 == pytest.approx(volume, rel=tolerance / 2.0)


def test_a_finer_mesh_of_a_solid_with_edges_comes_nearer() -> None:
    """The gap of the box is that of cut-off edges: it shrinks with the step."""
    solid = SOLIDS["box"]
    gaps = [1.0 - _mesh_area_and_volume(solid, step)[0] / solid.surface_area_mm2 for step in (1, 2)]

    assert 0.0 < gaps[0] < 0.7 * gaps[1]


def test_closed_forms_of_the_simple_solids() -> None:
    """Textbook formulas, written out once more."""
    expected: dict[str, tuple[float, float]] = {
        "ball": (4.0 / 3.0 * pi * 4913.0, 4.0 * pi * 289.0),
        "box": (36.0 * 24.0 * 18.0, 2.0 * (36.0 * 24.0 + 24.0 * 18.0 + 18.0 * 36.0)),
        "cylinder": (pi * 144.0 * 38.0, 2.0 * pi * 144.0 + 2.0 * pi * 12.0 * 38.0),
        "capsule": (pi * 81.0 * 28.0 + 4.0 / 3.0 * pi * 729.0, 2.0 * pi * 9.0 * 28.0 + 324.0 * pi),
        "torus": (pi * 64.0 * 2.0 * pi * 18.0, 2.0 * pi * 8.0 * 2.0 * pi * 18.0),
    }
    for name, (volume_mm3, area_mm2) in expected.items():
        assert SOLIDS[name].volume_ml * 1000.0 == pytest.approx(volume_mm3, rel=1e-12), name
        assert SOLIDS[name].surface_area_mm2 == pytest.approx(area_mm2, rel=1e-12), name


def test_spheroids_have_their_closed_form_surface() -> None:
    """Prolate and oblate spheroids of axis ratio 3 have surfaces in elementary functions."""
    a, c = 10.0, 30.0
    e = sqrt(1.0 - (a / c) ** 2)
    prolate = 2.0 * pi * a**2 * (1.0 + c / (a * e) * asin(e))
    oblate = 2.0 * pi * c**2 * (1.0 + (1.0 - e**2) / e * np.arctanh(e))

    assert Ellipsoid(AT, (a, a, c), TURN).surface_area_mm2 == pytest.approx(prolate, rel=1e-10)
    assert Ellipsoid(AT, (a, c, a)).surface_area_mm2 == pytest.approx(prolate, rel=1e-10)
    assert Ellipsoid(AT, (c, c, a), TURN).surface_area_mm2 == pytest.approx(oblate, rel=1e-10)
    assert Ellipsoid(AT, (a, a, a)).surface_area_mm2 == pytest.approx(4.0 * pi * a**2, rel=1e-12)


@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.48, -0.6, 0.64)])
def test_two_overlapping_balls_have_the_volume_and_surface_of_the_lens_formula(
    direction: tuple[float, float, float],
) -> None:
    r, s, d = 16.0, 11.0, 19.0
    union = BallUnion(
        (AT, tuple(np.array(AT) + d * np.array(direction))),
        (r, s),
    )
    plane = (d * d + r * r - s * s) / (2.0 * d)
    caps = (r - plane, s - (d - plane))
    lens = sum(pi * h**2 * (3.0 * ball - h) / 3.0 for h, ball in zip(caps, (r, s), strict=True))
    covered = 2.0 * pi * (r * caps[0] + s * caps[1])

    balls = 4.0 / 3.0 * pi * (r**3 + s**3)
    assert union.volume_ml * 1000.0 == pytest.approx(balls - lens, rel=1e-6)
    area = 4.0 * pi * (r**2 + s**2) - covered
    assert union.surface_area_mm2 == pytest.approx(area, rel=1e-6)


def test_a_ball_inside_another_adds_nothing_and_balls_apart_add_up() -> None:
    swallowed = BallUnion((AT, (5.0, -2.0, 5.0)), (17.0, 6.0))
    apart = BallUnion((AT, (60.0, 0.0, 0.0)), (17.0, 6.0))

    assert swallowed.volume_ml == pytest.approx(Ball(AT, 17.0).volume_ml, rel=1e-6)
    assert swallowed.surface_area_mm2 == pytest.approx(Ball(AT, 17.0).surface_area_mm2, rel=1e-6)
    total = 4.0 / 3.0 * pi * (17.0**3 + 6.0**3) / 1000.0
    assert apart.volume_ml == pytest.approx(total, rel=1e-6)
    assert (swallowed.components, apart.components, LOBES.components) == (1, 2, 1)


@pytest.mark.parametrize("union", [LOBES, FOUR_LOBES])
def test_doubling_the_quadrature_of_a_union_moves_it_by_less_than_a_millionth(
    union: BallUnion,
) -> None:
    for nodes in (QUADRATURE_NODES, 2 * QUADRATURE_NODES):
        parts = np.array([exposed_surface(union, n, nodes) for n in range(len(union.radii_mm))])
        area, flux = parts.sum(axis=0)

        assert union.surface_area_mm2 == pytest.approx(area, rel=1e-6)
        assert union.volume_ml * 1000.0 == pytest.approx(flux / 3.0, rel=1e-6)


@pytest.mark.parametrize("union", [LOBES, FOUR_LOBES])
def test_the_surface_of_a_union_is_the_share_of_sphere_points_left_bare(union: BallUnion) -> None:
    """Points on a golden spiral, each for the same area; those inside another ball are covered."""
    count = 400_000
    z = 1.0 - (2.0 * np.arange(count) + 1.0) / count
    turn = np.arange(count) * pi * (3.0 - sqrt(5.0))
    ring = np.sqrt(1.0 - z**2)
    unit = np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=-1)
    balls = list(zip(union.centres_mm, union.radii_mm, strict=True))
    area = 0.0
    for number, (centre, radius) in enumerate(balls):
        others = [Ball(*ball) for other, ball in enumerate(balls) if other != number]
        points = np.array(centre) + radius * unit
        bare = ~np.any([ball.inside(points) for ball in others], axis=0)
        area += 4.0 * pi * radius**2 * float(bare.mean())

    assert union.surface_area_mm2 == pytest.approx(area, rel=1e-4)


def test_moving_a_union_does_not_change_it() -> None:
    """The divergence theorem uses positions: its flux must not depend on the origin."""
    away = BallUnion(tuple((x + 900.0, y - 700.0, z + 1500.0) for x, y, z in LOBES.centres_mm),
                     LOBES.radii_mm)  # fmt: skip

    assert away.volume_ml == pytest.approx(LOBES.volume_ml, rel=1e-6)


@pytest.mark.parametrize("name", SOLIDS)
def test_asphericity_is_zero_for_a_ball_and_positive_otherwise(name: str) -> None:
    solid = SOLIDS[name]
    by_sphericity = solid.surface_area_mm2 / (
        pi ** (1 / 3) * (6.0 * solid.volume_ml * 1000.0) ** (2 / 3)
    )

    assert solid.asphericity == pytest.approx(by_sphericity - 1.0, abs=1e-12)
    if name == "ball":
        assert solid.asphericity == pytest.approx(0.0, abs=1e-14)
    else:
        assert solid.asphericity > 0.02


def test_asphericity_of_a_cube_is_that_of_the_textbook() -> None:
    """Cube: (6 / pi)^(1/3) - 1."""
    assert asphericity(6.0 * 400.0, 8.0) == pytest.approx((6.0 / pi) ** (1 / 3) - 1.0, rel=1e-12)


@pytest.mark.parametrize("name", BODIES)
def test_the_field_is_never_steeper_than_one(name: str) -> None:
    """The promise on which occupancy rests: far from zero means far from the surface."""
    body = BODIES[name]
    random = np.random.default_rng(11)
    low, high = body.bounds_mm()
    here = random.uniform(low - 15.0, high + 15.0, (20_000, 3))
    there = here + random.normal(0.0, 1.0, here.shape) * random.choice(
        [1e-3, 0.5, 20.0], (20_000, 1)
    )

    rise = np.abs(body.field_mm(there) - body.field_mm(here))

    assert (rise <= np.linalg.norm(there - here, axis=1) * (1.0 + 1e-9) + 1e-12).all()


@pytest.mark.parametrize("name", BODIES)
def test_the_box_of_bounds_holds_the_whole_body(name: str) -> None:
    body = BODIES[name]
    low, high = body.bounds_mm()
    wide = np.random.default_rng(5).uniform(low - 30.0, high + 30.0, (200_000, 3))

    inside = wide[body.inside(wide)]

    assert len(inside) > 100
    assert ((inside >= low) & (inside <= high)).all()


def test_membership_is_that_of_the_defining_inequalities() -> None:
    """Written out per solid, with the rotation undone by its inverse."""
    points = np.random.default_rng(3).uniform(-30.0, 34.0, (100_000, 3))
    own = np.linalg.solve(np.array(TURN), (points - np.array(AT)).T).T
    x, y, z = own.T
    ring = np.sqrt(x**2 + y**2)
    balls = [(np.abs(z - side) ** 2 + ring**2) <= 169.0 for side in (18.0, -18.0)]
    expected = {
        "ellipsoid": (x / 24.0) ** 2 + (y / 15.0) ** 2 + (z / 10.0) ** 2 <= 1.0,
        "box": (np.abs(x) <= 18.0) & (np.abs(y) <= 12.0) & (np.abs(z) <= 9.0),
        "cylinder": (ring <= 12.0) & (np.abs(z) <= 19.0),
        "capsule": ring**2 + np.maximum(np.abs(z) - 14.0, 0.0) ** 2 <= 81.0,
        "torus": (ring - 18.0) ** 2 + z**2 <= 64.0,
        "dumbbell": balls[0] | balls[1] | ((ring <= 6.0) & (np.abs(z) <= 18.0)),
    }
    for name, inside in expected.items():
        assert inside.any(), name
        assert np.array_equal(SOLIDS[name].inside(points), inside), name


def test_rotations_are_proper_and_turn_about_x_then_y_then_z() -> None:
    turn = np.array(rotation_deg(90.0, 0.0, 90.0))

    assert np.allclose(turn @ turn.T, np.eye(3))
    assert np.linalg.det(turn) == pytest.approx(1.0)
    # about x: y goes to z; about z: x goes to y
    assert np.allclose(turn @ [0.0, 1.0, 0.0], [0.0, 0.0, 1.0])
    assert np.allclose(turn @ [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    assert np.allclose(np.array(rotation_deg(0.0, 90.0, 0.0)) @ [1.0, 0.0, 0.0], [0.0, 0.0, -1.0])


def test_a_turned_solid_points_where_its_axis_says() -> None:
    """A capsule along z, turned by 90 degrees about y, lies along x."""
    lying = Capsule((0.0, 0.0, 0.0), 5.0, 20.0, rotation_deg(0.0, 90.0, 0.0))

    assert lying.inside(np.array([[24.0, 0.0, 0.0], [-24.0, 0.0, 0.0]])).all()
    assert not lying.inside(np.array([[0.0, 0.0, 24.0], [0.0, 24.0, 0.0]])).any()


def test_the_iec_body_has_its_measures() -> None:
    """Cross-section counted on a 0.5 mm raster; widest 294 mm, 224 mm front to back."""
    body = IECBody()
    x, y = np.meshgrid(np.arange(-150.0, 150.0, 0.5) + 0.1, np.arange(-120.0, 120.0, 0.5) + 0.1)
    section = body.inside(np.stack([x, y, np.zeros_like(x)], axis=-1)).sum() * 0.25

    assert body.volume_ml == pytest.approx(section * 0.18, rel=1e-3)
    edge = np.array([[146.9, 35.0, 0.0], [0.0, -111.9, 0.0], [0.0, 111.9, 0.0], [0.0, 0.0, 89.9]])
    assert body.inside(edge).all()
    assert not body.inside(edge * 1.01).any()


@pytest.mark.parametrize("clipped_from_mm", [-4.0, 0.0, 7.0])
def test_clipping_keeps_the_far_side_of_the_plane(clipped_from_mm: float) -> None:
    part = Clipped(Ball((0.0, 0.0, 0.0), 10.0), (1.0, 0.0, 0.0), clipped_from_mm)
    points = np.random.default_rng(2).uniform(-11.0, 11.0, (20_000, 3))

    expected = (np.linalg.norm(points, axis=1) <= 10.0) & (points[:, 0] >= clipped_from_mm)

    assert np.array_equal(part.inside(points), expected)


def test_growing_a_ball_gives_a_larger_ball_with_the_same_centre() -> None:
    points = np.random.default_rng(2).uniform(-25.0, 25.0, (20_000, 3))

    grown = Grown(Ball((1.0, 2.0, 3.0), 10.0), 6.0)

    assert np.array_equal(grown.inside(points), Ball((1.0, 2.0, 3.0), 16.0).inside(points))


@pytest.mark.parametrize(
    "refused",
    [
        lambda: Torus(AT, 8.0, 8.0),
        lambda: Dumbbell(AT, 13.0, 12.0, 6.0),
        lambda: Dumbbell(AT, 13.0, 18.0, 13.0),
        lambda: BallUnion((AT,), (1.0, 2.0)),
        lambda: BallUnion((AT, (0.0, 0.0, 0.0)), (1.0, -2.0)),
        lambda: BallUnion((AT, AT), (4.0, 4.0)),
        lambda: MultiPart((Ball(AT, 5.0), Ball((6.0, -2.0, 5.0), 4.0))),
        lambda: Hollow(Ball(AT, 10.0), Ball(AT, 10.0)),
    ],
)
def test_solids_whose_formulas_would_not_hold_are_refused(refused: Callable[[], Solid]) -> None:
    with pytest.raises(ValueError, match=r"must|needs|centres|meet|twice"):
        refused()


def test_a_lens_of_equal_balls_has_the_solid_angle_of_its_cap() -> None:
    """Exposed part of a sphere whose neighbour covers a cap of half angle acos(d / 2r)."""
    r, d = 10.0, 12.0
    union = BallUnion(((0.0, 0.0, 0.0), (0.0, d, 0.0)), (r, r))
    half_angle = acos(d / (2.0 * r))

    area, _ = exposed_surface(union, 0, QUADRATURE_NODES)

    assert area == pytest.approx(2.0 * pi * r**2 * (1.0 + np.cos(half_angle)), rel=1e-6)
