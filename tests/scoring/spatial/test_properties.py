"""What must hold for any lesions on any part of the skeleton."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quant.domain.grid import Grid
from quant.domain.region import Region, Role
from quant.phantom.bodies.solids import Ball
from quant.phantom.geometry import FieldOfView, Layout, layout_grid
from quant.phantom.skeleton.bones import BONES
from quant.phantom.skeleton.cases import LESION_SETS
from quant.phantom.skeleton.studies import skeleton_grid
from quant.scoring.readings.segments import SEGMENTS, System, segment_of
from quant.scoring.spatial import LesionRules, LesionScores, score_regions
from tests.support.skeletons import FRAME, bones_of, drawn

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

SPACING_MM = 6.0
RULES = LesionRules(psf_fwhm_mm=9.0)
GRID = skeleton_grid(LESION_SETS["clear"], Layout.AXIAL, SPACING_MM, FRAME)

SOME = settings(
    max_examples=10, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip

Seen = tuple[str, tuple[float, float, float], float, bool]


@cache
def _names() -> tuple[str, ...]:
    return tuple(BONES)


@st.composite
def lesions(draw: "DrawFn", least: int = 1, most: int = 5) -> list[Seen]:
    """Draw balls about points of bones, or anywhere in the body."""
    found: list[Seen] = []
    for n in range(draw(st.integers(least, most))):
        low, high = BONES[draw(st.sampled_from(_names()))].bounds_mm()
        parts = [draw(st.integers(0, 4)) / 4.0 for _ in range(3)]
        x, y, z = (float(a + p * (b - a)) for a, b, p in zip(low, high, parts, strict=True))
        inside = (max(min(x, 125.0), -125.0), max(min(y, 95.0), -110.0), max(min(z, 400.0), -400.0))
        radius = float(draw(st.sampled_from([7, 11, 16, 30, 60])))
        found.append((f"lesion_{n}", inside, radius, draw(st.integers(0, 9)) == 0))
    return found


def _region(one: Seen, *, mirrored: bool = False) -> Region:
    name, (x, y, z), radius, primary = one
    centre = (-x if mirrored else x, y, z)
    role = Role.TUMOUR if primary else Role.LESION
    return drawn(name, Ball(centre, radius), GRID, role)


def _score(found: list[Seen], field: Grid | None = None, *, mirrored: bool = False) -> LesionScores:
    regions = [_region(one, mirrored=mirrored) for one in found]
    return score_regions(bones_of("clear", Layout.AXIAL, SPACING_MM), regions, RULES, field=field)


@SOME
@given(lesions(2))
def test_no_score_falls_when_a_lesion_is_added(found: list[Seen]) -> None:
    """Score, lowest, highest and number of foci of every segment of both systems."""
    fewer, more = _score(found[:-1]), _score(found)

    for system in (System.CURIE, System.SIOPEN):
        for before, after in zip(
            fewer.systems[system].segments, more.systems[system].segments, strict=True
        ):
            if before.score.score is None:
                continue
            assert after.score.score is not None
            assert after.score.score >= before.score.score, before.score.segment
            assert (after.low or 0) >= (before.low or 0)
            assert (after.high or 0) >= (before.high or 0)
            assert after.foci >= before.foci
            assert after.foci_apart >= before.foci_apart
        assert (more.systems[system].total.total or 0) >= (fewer.systems[system].total.total or 0)


@SOME
@given(lesions())
def test_left_and_right_are_alike(found: list[Seen]) -> None:
    """The mirrored patient has the mirrored scores: the skeleton of the phantom is symmetric."""
    own, mirrored = _score(found), _score(found, mirrored=True)

    for system in (System.CURIE, System.SIOPEN):
        for one in own.systems[system].segments:
            other = mirrored.systems[system].segment(_swapped(one.score.segment))
            assert (one.score.score, one.low, one.high, one.foci) == (
                other.score.score, other.low, other.high, other.foci,
            ), one.score.segment  # fmt: skip


@SOME
@given(lesions())
def test_totals_keep_their_range_and_a_projection_shows_no_more_foci(found: list[Seen]) -> None:
    scores = _score(found)

    for system, solid in scores.systems.items():
        total = solid.total
        assert total.total is not None
        assert total.low is not None
        assert total.high is not None
        assert 0 <= total.low <= total.total <= total.high <= total.reachable <= total.maximum
        for one in solid.segments:
            top = segment_of(system, one.score.segment).maximum
            if one.score.score is not None:
                assert 0 <= (one.low or 0) <= one.score.score <= (one.high or 0) <= top
            assert one.foci_apart <= one.foci <= len(scores.lesions)
        for view in scores.planar:
            flat = view.systems[system]
            assert flat.foci <= solid.foci <= len(scores.lesions)
            for mine, theirs in zip(flat.segments, solid.segments, strict=True):
                assert mine.foci <= theirs.foci
                assert (mine.score.score is None) == (theirs.score.score is None)


@SOME
@given(lesions(0, 3), st.integers(-400, 300), st.integers(60, 400))
def test_what_was_not_seen_never_counts_as_zero(found: list[Seen], low: int, height: int) -> None:
    """A segment without a bone in the field has no score, and is not in the reachable total."""
    middle = low + height / 2.0
    view = FieldOfView((0.0, -10.0, middle), (140.0, 115.0, height / 2.0))
    scores = _score(found, layout_grid(Layout.AXIAL, view, 6.0, FRAME))

    for system, solid in scores.systems.items():
        for one in solid.segments:
            unseen = one.score.in_field in (None, 0.0) and one.score.segment != "soft_tissue"
            if unseen:
                assert one.score.score is None
                assert one.score.reason
            if one.score.score == 0 and one.score.segment != "soft_tissue":
                assert (one.score.in_field or 0.0) >= RULES.least_in_field
        seen = [one for one in solid.segments if one.score.score is not None]
        assert solid.total.reachable == sum(
            segment_of(system, one.score.segment).maximum
            for one in seen
            if segment_of(system, one.score.segment).in_total
        )


def test_a_bridge_between_two_foci_does_not_lower_the_score() -> None:
    """Three foci in a row, the outer two farther apart than the resolution."""
    femur = (60.0, 10.0)
    ends = [("a", (*femur, -240.0), 8.0, False), ("b", (*femur, -300.0), 8.0, False)]
    two = _score(ends)
    three = _score([*ends, ("bridge", (*femur, -270.0), 24.0, False)])

    key = "left_lower_limb_proximal"
    assert two.siopen.segment(key).foci_apart == 2
    assert three.siopen.segment(key).foci_apart == 2
    assert (three.siopen.segment(key).score.score or 0) >= 2
    both, shaft = 2.0 * 4.0 / 3.0 * np.pi * 8.0**3, np.pi * 11.0**2 * 200.0
    assert np.isclose(two.siopen.segment(key).fraction, both / shaft, atol=0.01)


def _swapped(key: str) -> str:
    if key.startswith("left_"):
        return key.replace("left_", "right_", 1)
    return key.replace("right_", "left_", 1)


def test_swapping_sides_of_segments_is_its_own_inverse() -> None:
    keys = [one.key for one in SEGMENTS[System.SIOPEN]]

    assert [_swapped(_swapped(key)) for key in keys] == keys
