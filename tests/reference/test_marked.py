"""Marked spheres: exactly where the mark is, with everything that is wrong with that place."""

from collections.abc import Sequence

import numpy as np
import pytest

from quant.domain.flags import Flag
from quant.domain.protocol import StudyProtocol
from quant.domain.region import Role
from quant.domain.shapes import Mark
from quant.domain.sphere import SphereSource
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.reference.placement import ReferenceSpheres, place_spheres
from tests.reference.analytic import GRIDS, Organ, ball, lay, torso

ZHOU = StudyProtocol(name="zhou2025")
AXIAL = GRIDS["axial"]


def _codes(flags: Sequence[Flag]) -> set[str]:
    return {flag.code for flag in flags}


def _place(marks: Sequence[Mark], organs: list[Organ], name: str = "axial") -> ReferenceSpheres:
    volume, regions = lay(GRIDS[name], organs)
    return place_spheres(volume, regions, marks, ZHOU)


@pytest.mark.parametrize("name", GRIDS)
def test_a_mark_fixes_the_centre_between_voxels_on_every_grid(name: str) -> None:
    """A linear gradient: the mean is the value at the mark, wherever it lies in its voxel."""
    grid = GRIDS[name]
    points = grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    values = 500.0 + points @ np.array([1.0, -0.5, 0.25])
    volume = Volume(grid, values.astype(np.float32), Unit.COUNTS)
    marks = [Mark("Liver", (-81.3, -18.2, 29.1)), Mark(" MUSCLE_LEFT ", (41.7, 63.3, 1.9))]

    spheres = place_spheres(volume, (), marks, ZHOU)

    for role, mark in zip((Role.LIVER, Role.MUSCLE_LEFT), marks, strict=True):
        one = spheres.placed[role]
        expected = 500.0 + np.array(mark.position_mm) @ np.array([1.0, -0.5, 0.25])
        assert one.statistics.mean == pytest.approx(expected, abs=0.05)
        assert one.sphere.centre_mm == pytest.approx(mark.position_mm)
        assert one.sphere.source is SphereSource.MARKED
        assert one.sphere.inside_fraction is None
        assert one.position_means.size == 0
        assert _codes(one.flags) == {"SPHERE_MARKED"}
    assert _codes(spheres.flags[Role.MUSCLE_RIGHT]) == {"MUSCLE_MISSING"}


def test_a_good_mark_in_its_organ_carries_the_positions_for_intervals() -> None:
    organs = torso(hot_from_x=1000.0)
    free = _place((), organs).placed[Role.LIVER]

    one = _place([Mark("liver", (-86.2, -19.1, 29.3))], organs).placed[Role.LIVER]

    assert _codes(one.flags) == {"SPHERE_MARKED"}
    assert one.sphere.inside_fraction == pytest.approx(1.0)
    assert one.sphere.wall_distance_mm == pytest.approx(41.0, abs=1.5)
    assert one.statistics.mean == pytest.approx(10.0, rel=1e-6)
    assert one.position_means.tobytes() == free.position_means.tobytes()


def test_a_mark_at_the_edge_is_taken_and_flagged_as_not_inside() -> None:
    """Centre on the tip of the ellipsoid: less than half of the sphere is liver.

    The tip is blunt on the grid: its place is known to about half a voxel.
    """
    one = _place([Mark("liver", (-130.0, -20.0, 30.0))], torso()).placed[Role.LIVER]

    assert "SPHERE_NOT_INSIDE" in _codes(one.flags)
    assert one.sphere.inside_fraction is not None
    assert 0.3 < one.sphere.inside_fraction < 0.55
    assert one.sphere.wall_distance_mm == pytest.approx(0.0, abs=2.1)


def test_a_mark_in_the_left_lobe_is_flagged_for_its_lobe_and_its_heat() -> None:
    one = _place([Mark("liver", (5.0, -25.0, 45.0))], torso()).placed[Role.LIVER]

    assert {"SPHERE_LEFT_LOBE", "SPHERE_FOCUS"} <= _codes(one.flags)
    assert one.statistics.maximum == pytest.approx(16.0)


def test_a_mark_near_the_tumour_is_flagged_with_its_distance() -> None:
    """24 + 13.4 mm away is touching; 5 mm between the two is less than the 10 mm that are set."""
    mark = Mark("muscle_left", (48.0, 5.0 + 24.0 + 13.365 + 5.0, -5.0))

    flags = _place([mark], torso()).flags[Role.MUSCLE_LEFT]

    near = [flag for flag in flags if flag.code == "SPHERE_NEAR_LESION"]
    assert len(near) == 1
    assert float(near[0].detail.split()[1]) == pytest.approx(5.0, abs=0.5)
    far = Mark("muscle_left", (48.0, 5.0 + 24.0 + 13.365 + 11.0, -5.0))
    assert "SPHERE_NEAR_LESION" not in _codes(_place([far], torso()).flags[Role.MUSCLE_LEFT])


def test_a_mark_inside_a_lesion_is_flagged() -> None:
    organs = [*torso(), Organ(ball((-85.0, -20.0, 28.0), 30.0), Role.LESION, "met", 50.0)]

    one = _place([Mark("liver", (-85.0, -20.0, 28.0))], organs).placed[Role.LIVER]

    assert {"SPHERE_NEAR_LESION", "SPHERE_FOCUS"} <= _codes(one.flags)
    assert one.sphere.wall_distance_mm is not None
    assert one.sphere.wall_distance_mm < -30.0


def test_a_clipped_sphere_is_measured_over_its_visible_part() -> None:
    """Centre on the volume's outer face: half of the sphere, values of the visible half only."""
    face = AXIAL.to_mm((-0.45, 0, 0))[2]
    volume = Volume(AXIAL, np.full(AXIAL.shape, 7.0, np.float32), Unit.COUNTS)

    one = place_spheres(volume, (), [Mark("liver", (0.0, 10.0, face))], ZHOU).placed[Role.LIVER]

    assert _codes(one.flags) == {"SPHERE_MARKED", "SPHERE_CLIPPED"}
    assert one.statistics.mean == pytest.approx(7.0)
    assert one.statistics.maximum == 7.0
    assert one.statistics.volume_ml == pytest.approx(15.0, rel=0.02)


def test_a_mark_outside_of_the_volume_places_nothing() -> None:
    spheres = _place([Mark("liver", (0.0, 10.0, 900.0))], torso())

    assert Role.LIVER not in spheres.placed
    assert _codes(spheres.flags[Role.LIVER]) == {"SPHERE_NO_POSITION"}


def test_muscle_marks_need_no_l2_but_are_checked_against_it() -> None:
    """Marks whose side contradicts L2 come from a file with x and y reversed (RAS as LPS)."""
    good = [Mark("muscle_left", (44.0, 66.0, 0.0)), Mark("muscle_right", (-42.0, 66.0, 0.0))]
    swapped = [Mark("muscle_left", (-44.0, 66.0, 0.0)), Mark("muscle_right", (42.0, 66.0, 0.0))]
    organs = torso()

    without_l2 = _place(good, [organs[0], *organs[2:]])
    wrong = _place(swapped, organs)

    assert {Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT} <= set(without_l2.placed)
    assert without_l2.placed[Role.MUSCLE_LEFT].position_means.size == 0
    assert without_l2.placed[Role.MUSCLE_LEFT].sphere.inside_fraction == pytest.approx(1.0)
    assert _codes(wrong.flags[Role.MUSCLE_LEFT]) == {"MUSCLE_SIDE_MISMATCH"}
    assert Role.MUSCLE_RIGHT not in wrong.placed


def test_of_two_marks_of_one_name_the_first_counts() -> None:
    marks = [Mark("liver", (-85.0, -20.0, 28.0)), Mark("Liver", (-80.0, -20.0, 28.0))]

    one = _place(marks, torso()).placed[Role.LIVER]

    assert one.sphere.centre_mm == (-85.0, -20.0, 28.0)
    assert "ROLE_SEVERAL" in _codes(one.flags)
