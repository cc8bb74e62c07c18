"""Totals: within range, symmetric, and never a zero for what was not seen."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.scoring.analysis.relative import common_segments, relative_scores
from quant.scoring.readings.segments import SEGMENTS, System, maximum_of, segment_of, total_segments
from quant.scoring.readings.totals import (
    Modality,
    Phase,
    Reading,
    ReadingKey,
    SegmentScore,
    total_of,
)

KEY = ReadingKey("P1", "t1", Modality.PLANAR, "I-123", Phase.DIAGNOSIS, "A")


@st.composite
def segment_scores(draw: st.DrawFn, system: System) -> tuple[SegmentScore, ...]:
    """One score, or none, a segment; some seen in part, some at a border."""
    found = []
    for segment in total_segments(system):
        levels = st.integers(0, segment.maximum)
        score = draw(st.none() | levels)
        part = draw(st.none() | st.floats(0.01, 1.0))
        other = draw(st.none() | levels) if score is not None else None
        found.append(SegmentScore(system, segment.key, score, part, alternative=other))
    return tuple(found)


readings = st.sampled_from(list(System)).flatmap(
    lambda system: st.tuples(st.just(system), segment_scores(system))
)


@given(readings)
def test_totals_lie_within_what_the_assessed_segments_allow(
    given_scores: tuple[System, tuple[SegmentScore, ...]],
) -> None:
    system, scores = given_scores

    total = total_of(system, scores)

    assert 0 <= total.reachable <= total.maximum == maximum_of(system)
    assert total.upper_bound <= total.maximum
    if total.total is None:
        assert total.reachable == 0
        return
    assert total.low is not None
    assert total.high is not None
    assert 0 <= total.low <= total.total <= total.high <= total.reachable
    assert total.high <= total.upper_bound


@given(readings)
def test_a_segment_that_is_not_assessable_is_never_a_zero(
    given_scores: tuple[System, tuple[SegmentScore, ...]],
) -> None:
    """Taking a score away lowers the reachable maximum by the segment's own, and not the bound."""
    system, scores = given_scores
    before = total_of(system, scores)
    seen = next((n for n, one in enumerate(scores) if one.score is not None), None)
    if seen is None:
        assert before.total is None
        return
    lost = scores[seen]
    blank = replace(lost, score=None, alternative=None)

    after = total_of(system, (*scores[:seen], blank, *scores[seen + 1 :]))

    assert after.reachable == before.reachable - segment_of(system, lost.segment).maximum
    assert lost.segment in after.not_assessable
    assert after.upper_bound >= before.upper_bound
    if after.total is not None:
        assert after.total == (before.total or 0) - (lost.score or 0)
    else:
        assert len([one for one in scores if one.score is not None]) == 1


@given(segment_scores(System.SIOPEN))
def test_siopen_is_symmetric_in_left_and_right(scores: tuple[SegmentScore, ...]) -> None:
    swap = {"left": "right", "right": "left"}

    def mirrored(one: SegmentScore) -> SegmentScore:
        side, _, rest = one.segment.partition("_")
        return replace(one, segment=f"{swap[side]}_{rest}") if side in swap else one

    first = total_of(System.SIOPEN, scores)
    second = total_of(System.SIOPEN, [mirrored(one) for one in scores])

    assert (first.total, first.reachable, first.low, first.high, first.upper_bound) == (
        second.total, second.reachable, second.low, second.high, second.upper_bound,
    )  # fmt: skip


@given(readings, st.data())
def test_a_higher_score_anywhere_never_lowers_the_total(
    given_scores: tuple[System, tuple[SegmentScore, ...]], data: st.DataObject
) -> None:
    system, scores = given_scores
    plain = [replace(one, alternative=None) for one in scores]
    place = data.draw(st.integers(0, len(plain) - 1))
    one = plain[place]
    if one.score is None or one.score == segment_of(system, one.segment).maximum:
        return
    raised = [*plain[:place], replace(one, score=one.score + 1), *plain[place + 1 :]]

    assert total_of(system, raised).total == (total_of(system, plain).total or 0) + 1


@given(segment_scores(System.CURIE), segment_scores(System.CURIE))
def test_a_relative_score_uses_the_segments_of_both_times_only(
    then: tuple[SegmentScore, ...], now: tuple[SegmentScore, ...]
) -> None:
    later = replace(KEY, time="t2", phase=Phase.POST_INDUCTION)
    base = Reading(KEY, System.CURIE, then)
    one = Reading(later, System.CURIE, now)

    (found,) = relative_scores([base, one])

    both = [a.segment for a, b in zip(then, now, strict=True) if a.assessable and b.assessable]
    assert list(found.segments) == both == list(common_segments(base, one)[0])
    below = sum(base.score(key) or 0 for key in both)
    above = sum(one.score(key) or 0 for key in both)
    if below:
        assert found.value == pytest.approx(above / below, rel=1e-15)
    else:
        assert found.value is None
        assert found.flags
    assert (len(both) < 10) == any(
        flag.code in {"SCORE_RELATIVE_REDUCED", "SCORE_NOTHING_COMMON"} for flag in found.flags
    )


def test_the_systems_have_the_segments_and_maxima_of_their_definitions() -> None:
    assert len(total_segments(System.CURIE)) == 10
    assert len(total_segments(System.SIOPEN)) == 12
    assert [maximum_of(system) for system in System] == [30, 72, 30]
    limbs = [one for one in total_segments(System.SIOPEN) if one.side]
    assert len(limbs) == 8
    assert {one.side for one in limbs} == {"left", "right"}
    assert not any(one.side for one in SEGMENTS[System.CURIE])


@pytest.mark.parametrize("score", [-1, 4, True])
def test_a_score_out_of_range_cannot_be_made(score: int) -> None:
    with pytest.raises(ValueError, match="not one of 0 to 3"):
        SegmentScore(System.CURIE, "head", score)


def test_a_score_outside_the_field_of_view_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="wholly outside"):
        SegmentScore(System.CURIE, "head", 1, in_field=0.0)


def test_an_unknown_segment_cannot_be_made() -> None:
    with pytest.raises(KeyError, match="elbow"):
        SegmentScore(System.CURIE, "elbow", 1)


@pytest.mark.parametrize("left_out", [0, 11])
def test_a_total_needs_every_segment_once(left_out: int) -> None:
    scores = [SegmentScore(System.SIOPEN, one.key, 1) for one in total_segments(System.SIOPEN)]

    with pytest.raises(ValueError, match="missing"):
        total_of(System.SIOPEN, [one for n, one in enumerate(scores) if n != left_out])
    with pytest.raises(ValueError, match="twice"):
        total_of(System.SIOPEN, [*scores, scores[left_out]])


def test_the_in_field_fraction_is_the_mean_over_all_segments_when_all_state_it() -> None:
    keys = [one.key for one in total_segments(System.CURIE)]
    stated = [SegmentScore(System.CURIE, key, 1, 1.0) for key in keys[:8]]
    stated += [SegmentScore(System.CURIE, key, None, 0.0) for key in keys[8:]]

    assert total_of(System.CURIE, stated).in_field == pytest.approx(0.8)
    unstated = [*stated[:-1], SegmentScore(System.CURIE, keys[-1], None)]
    assert total_of(System.CURIE, unstated).in_field is None


def test_a_segment_seen_in_part_bounds_the_total_from_below_only() -> None:
    scores = [SegmentScore(System.CURIE, one.key, 0, 1.0) for one in total_segments(System.CURIE)]
    scores[4] = replace(scores[4], score=1, in_field=0.5)

    total = total_of(System.CURIE, scores)

    assert (total.total, total.low, total.upper_bound, total.reachable) == (1, 1, 3, 30)
    assert [flag.code for flag in total.flags] == ["SCORE_PARTLY_SEEN"]
