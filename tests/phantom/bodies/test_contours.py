"""Contours: areas of analytic sections, holes, parts, planes that lie oblique."""

from math import pi, sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.phantom.bodies.compounds import Hollow, MultiPart
from quant.phantom.bodies.contours import (
    Plane,
    area_vector_mm2,
    axial_planes,
    contours,
    slice_planes,
)
from quant.phantom.bodies.solids import (
    Ball,
    Box,
    Cylinder,
    Ellipsoid,
    Solid,
    Torus,
    Vector,
    rotation_deg,
)
from quant.phantom.geometry import FieldOfView, Layout, layout_grid
from quant.phantom.scene import drawn_volume_ml
from tests.support.geometry import AFFINES, grid

TURN = rotation_deg(35.0, 20.0, -15.0)


def _plane(normal: tuple[float, float, float], through: tuple[float, float, float]) -> Plane:
    n = np.array(normal) / np.linalg.norm(normal)
    u = np.cross(n, [0.0, 0.0, 1.0] if abs(n[2]) < 0.9 else [0.0, 1.0, 0.0])
    u /= np.linalg.norm(u)
    return Plane(through, _vector(u), _vector(np.cross(n, u)))


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _areas(found: tuple[NDArray[np.float64], ...]) -> list[float]:
    return sorted(float(np.linalg.norm(area_vector_mm2(contour))) for contour in found)


@pytest.mark.parametrize("height", [-16.0, -7.3, 0.0, 12.0])
@pytest.mark.parametrize("normal", [(0, 0, 1), (1, 0, 0), (0, -1, 0), (1.0, -2.0, 4.0)])
def test_the_section_of_a_ball_is_its_disc(
    normal: tuple[float, float, float], height: float
) -> None:
    """An inscribed polygon with 0.5 mm steps: 0.1 % of pi (r^2 - h^2)."""
    centre = np.array([5.0, -8.0, 11.0])
    n = np.array(normal) / np.linalg.norm(normal)
    plane = _plane(normal, _vector(centre + height * n))

    (outline,) = contours(Ball(_vector(centre), 20.0), (plane,))

    assert np.linalg.norm(outline - centre, axis=1) == pytest.approx(20.0, abs=1e-6)
    assert np.abs((outline - centre) @ n - height).max() < 1e-9
    area = area_vector_mm2(outline)
    assert np.linalg.norm(area) == pytest.approx(pi * (400.0 - height**2), rel=1e-3)
    assert np.abs(area @ n) == pytest.approx(float(np.linalg.norm(area)), rel=1e-9)


def test_the_section_of_a_turned_ellipsoid_is_that_of_its_quadratic_form() -> None:
    """Area of {x' A x = 1} on a plane through the centre: pi / sqrt(n' adj(A) n)."""
    solid = Ellipsoid((1.0, 2.0, 3.0), (26.0, 17.0, 11.0), TURN)
    turn = np.array(TURN)
    form = turn @ np.diag(1.0 / np.array(solid.semi_axes_mm) ** 2) @ turn.T
    adjugate = np.linalg.det(form) * np.linalg.inv(form)
    for normal in ((0.0, 0.0, 1.0), (1.0, -2.0, 4.0), (3.0, 1.0, 0.5)):
        n = np.array(normal) / np.linalg.norm(normal)

        (outline,) = contours(solid, (_plane(normal, solid.centre_mm),))

        expected = pi / sqrt(n @ adjugate @ n)
        assert _areas((outline,)) == pytest.approx([expected], rel=1e-3)


def test_a_torus_across_its_ring_is_a_contour_inside_a_contour() -> None:
    torus = Torus((0.0, 0.0, 0.0), 20.0, 7.0)
    height = 3.0
    half = sqrt(49.0 - 9.0)

    found = contours(torus, axial_planes(np.array([height])))

    expected = [pi * (20.0 - half) ** 2, pi * (20.0 + half) ** 2]
    assert _areas(found) == pytest.approx(expected, rel=2e-3)
    total = sum(area_vector_mm2(contour) for contour in found)
    ring = expected[1] - expected[0]
    assert np.linalg.norm(total) == pytest.approx(ring, rel=2e-3), "the hole must run backwards"


def test_a_torus_along_its_axis_is_two_discs_side_by_side() -> None:
    torus = Torus((0.0, 0.0, 0.0), 20.0, 7.0)

    found = contours(torus, (_plane((0.0, 1.0, 0.0), (0.0, 0.0, 0.0)),))

    assert _areas(found) == pytest.approx([49.0 * pi] * 2, rel=2e-3)
    assert sorted(round(float(contour[:, 0].mean())) for contour in found) == [-20, 20]


def test_parts_and_cavities_are_contours_of_their_own() -> None:
    solid = MultiPart(
        (
            Hollow(Ball((-30.0, 0.0, 0.0), 15.0), Ball((-28.0, 0.0, 0.0), 6.0)),
            Box((20.0, 0.0, 0.0), (8.0, 9.0, 10.0)),
        )
    )

    found = contours(solid, axial_planes(np.array([0.0])), 0.25)

    assert _areas(found) == pytest.approx([36.0 * pi, 16.0 * 18.0, 225.0 * pi], rel=5e-3)


def test_planes_that_miss_the_body_get_nothing() -> None:
    found = contours(Ball((0.0, 0.0, 0.0), 5.0), axial_planes(np.array([-6.0, -5.01, 5.01, 9.0])))

    assert found == ()


@pytest.mark.parametrize("geometry", AFFINES)
def test_slice_planes_run_through_the_centres_of_the_slices(geometry: str) -> None:
    where = grid(geometry)

    planes = slice_planes(where)

    assert len(planes) == where.shape[0]
    for k in (0, 7, 19):
        offset = where.to_mm([(k, 0, 0), (k, 23, 5), (k, 3, 27)]) - np.array(planes[k].origin_mm)
        normal = np.cross(planes[k].u, planes[k].v)
        assert np.abs(offset @ normal).max() < 1e-9
        assert np.linalg.norm(normal) == pytest.approx(1.0)


SOLIDS: dict[str, Solid] = {
    "ball": Ball((1.0, -2.0, 0.5), 18.0),
    "ellipsoid": Ellipsoid((1.0, -2.0, 0.5), (24.0, 15.0, 12.0), TURN),
    "cylinder": Cylinder((1.0, -2.0, 0.5), 12.0, 17.0, TURN),
    "torus": Torus((1.0, -2.0, 0.5), 16.0, 7.0, TURN),
    "hollow": Hollow(Ball((0.0, 0.0, 0.0), 20.0), Ball((2.0, 0.0, 1.0), 8.0)),
}


@pytest.mark.parametrize("layout", [Layout.AXIAL, Layout.OBLIQUE, Layout.CORONAL])
@pytest.mark.parametrize("name", SOLIDS)
def test_contours_a_millimetre_apart_hold_the_volume(name: str, layout: Layout) -> None:
    """Area times distance, holes taken off: within 0.3 % of the exact volume."""
    view = FieldOfView((0.3, 0.2, 0.1), (32.0, 32.0, 32.0))
    planes = slice_planes(layout_grid(layout, view, 1.0))

    drawn_ml = drawn_volume_ml(contours(SOLIDS[name], planes), 1.0)

    assert drawn_ml == pytest.approx(SOLIDS[name].volume_ml, rel=3e-3)


def test_vertices_are_not_repeated_and_keep_a_distance() -> None:
    (outline,) = contours(Ball((0.0, 0.0, 0.0), 10.0), axial_planes(np.array([1.0])), 0.5)

    steps = np.linalg.norm(outline - np.roll(outline, -1, axis=0), axis=1)

    assert steps.max() < 1.0
    assert len(np.unique(outline.round(9), axis=0)) == len(outline)
