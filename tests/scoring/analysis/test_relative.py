"""Relative scores: only against an alike baseline, over segments of both times."""

from dataclasses import replace
from typing import Any

import pytest

from quant.errors import UsageError
from quant.scoring.analysis.relative import RelativeScore, relative_scores
from quant.scoring.readings.segments import System, total_segments
from quant.scoring.readings.totals import Modality, Phase, Reading, ReadingKey, SegmentScore

KEY = ReadingKey("P1", "t1", Modality.PLANAR, "I-123", Phase.DIAGNOSIS, "A")
LATER = replace(KEY, time="t2", phase=Phase.POST_INDUCTION)


def _reading(key: ReadingKey, system: System = System.CURIE, **scores: int | None) -> Reading:
    segments = [
        SegmentScore(system, one.key, scores.get(one.key, 0)) for one in total_segments(system)
    ]
    return Reading(key, system, tuple(segments))


def _only(*readings: Reading, baseline: str | None = None) -> RelativeScore:
    (found,) = relative_scores(readings, baseline)
    return found


def test_a_later_score_is_divided_by_that_of_the_diagnosis() -> None:
    found = _only(_reading(KEY, head=3, chest=3), _reading(LATER, head=2, pelvis=1))

    assert (found.value, found.now, found.then, found.left_out, found.flags) == (0.5, 3, 6, (), ())


def test_segments_not_assessed_at_both_times_are_left_out_of_both_sums() -> None:
    found = _only(
        _reading(KEY, head=3, chest=2, pelvis=None), _reading(LATER, chest=1, head=None, pelvis=3)
    )

    assert (found.value, found.now, found.then) == (0.5, 1, 2)
    assert found.left_out == ("head", "pelvis")
    assert [flag.code for flag in found.flags] == ["SCORE_RELATIVE_REDUCED"]


def test_a_baseline_of_zero_gives_no_relative_score() -> None:
    found = _only(_reading(KEY), _reading(LATER, head=2))

    assert found.value is None
    assert [flag.code for flag in found.flags] == ["SCORE_BASELINE_ZERO"]


def test_nothing_in_common_gives_no_relative_score() -> None:
    blank: dict[str, int | None] = {one.key: None for one in total_segments(System.CURIE)}

    found = _only(_reading(KEY, head=2), _reading(LATER, System.CURIE, **blank))

    assert found.value is None
    assert [flag.code for flag in found.flags] == ["SCORE_NOTHING_COMMON"]


@pytest.mark.parametrize(
    "other",
    [
        {"modality": Modality.SPECT_CT}, {"nuclide": "I-131"}, {"reader": "B"},
        {"patient": "P2"},
    ],
)  # fmt: skip
def test_another_modality_nuclide_reader_or_patient_is_no_baseline(
    other: dict[str, Any],
) -> None:
    found = _only(_reading(KEY, head=2), _reading(replace(LATER, **other), head=1))

    assert found.value is None
    assert [flag.code for flag in found.flags] == ["SCORE_NO_BASELINE"]


def test_without_a_diagnosis_nothing_is_guessed_until_a_baseline_is_named() -> None:
    before = _reading(replace(KEY, phase=Phase.PRE_MIBG_THERAPY), head=2)
    after = _reading(replace(KEY, time="t2", phase=Phase.POST_MIBG_THERAPY), head=1)

    guessed = relative_scores([before, after])

    assert [one.value for one in guessed] == [None, None]
    assert _only(before, after, baseline="t1").value == 0.5


def test_two_diagnoses_are_ambiguous() -> None:
    found = relative_scores(
        [_reading(KEY, head=2), _reading(replace(KEY, time="t0")), _reading(LATER, head=1)]
    )

    assert {flag.code for one in found for flag in one.flags} == {"SCORE_BASELINE_AMBIGUOUS"}
    assert not any(one.value for one in found)


def test_a_time_point_called_baseline_comes_before_the_diagnosis() -> None:
    base = _reading(replace(KEY, time="Baseline", phase=Phase.RELAPSE), head=3)

    found = relative_scores([base, _reading(KEY, head=2), _reading(LATER, head=1)])

    assert [one.value for one in found] == pytest.approx([2 / 3, 1 / 3])


def test_an_unknown_baseline_is_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError, match="t1, t2"):
        relative_scores([_reading(KEY), _reading(LATER)], "t9")


def test_intensity_has_no_relative_score() -> None:
    pair = [_reading(key, System.CURIE_INTENSITY, head=2) for key in (KEY, LATER)]

    assert relative_scores(pair) == ()
