"""Cut-offs: data with sources, applied only where they were found."""

from dataclasses import replace
from pathlib import Path

import pytest

from quant.errors import UsageError
from quant.scoring.analysis.cutoffs import (
    Answer,
    Cutoff,
    apply_cutoffs,
    directions,
    put,
    read_cutoffs,
)
from quant.scoring.analysis.relative import relative_scores
from quant.scoring.readings.segments import System, total_segments
from quant.scoring.readings.totals import Modality, Phase, Reading, ReadingKey, SegmentScore

SHIPPED = read_cutoffs()
APPLICABLE = [
    one
    for one in SHIPPED
    if one.operator != "not stated" and not one.requires and one.quantity == "total"
]


def _reading(cutoff: Cutoff, total: int, unseen: int = 0) -> Reading:
    """Return a reading where the cut-off was found, the last segments not assessable."""
    key = ReadingKey(
        "P1", "t1", Modality(cutoff.modalities[0]), cutoff.nuclides[0], Phase(cutoff.phases[0]), "A"
    )
    segments, left = [], total
    wanted = total_segments(cutoff.system)
    for segment in wanted[: len(wanted) - unseen]:
        score = min(left, segment.maximum)
        left -= score
        segments.append(SegmentScore(cutoff.system, segment.key, score))
    segments += [
        SegmentScore(cutoff.system, one.key, None) for one in wanted[len(wanted) - unseen :]
    ]
    return Reading(key, cutoff.system, tuple(segments))


@pytest.mark.parametrize("cutoff", APPLICABLE, ids=[one.name for one in APPLICABLE])
def test_each_border_falls_on_the_side_of_its_operator(cutoff: Cutoff) -> None:
    value = int(cutoff.value)
    at, above = (put(_reading(cutoff, total), cutoff).answer for total in (value, value + 1))

    expected = {">": (Answer.NOT_MET, Answer.MET), "<=": (Answer.MET, Answer.NOT_MET)}
    assert (at, above) == expected[cutoff.operator]


@pytest.mark.parametrize("cutoff", APPLICABLE, ids=[one.name for one in APPLICABLE])
@pytest.mark.parametrize(
    ("field", "other", "said"),
    [
        ("phase", Phase.RELAPSE, "phase "),
        ("nuclide", "I-124", "nuclide "),
        ("modality", Modality.SPECT_CT, "modality planar (here SPECT/CT)"),
        ("modality", Modality.COMBINED, "modality planar (here combined)"),
        ("phase", Phase.NOT_STATED, "phase "),
    ],
)
def test_it_is_refused_by_name_elsewhere(cutoff: Cutoff, field: str, other: str, said: str) -> None:
    one = _reading(cutoff, 30)
    elsewhere = replace(one, key=replace(one.key, **{field: other}))  # type: ignore[arg-type]

    found = put(elsewhere, cutoff)

    assert found.answer is Answer.NOT_APPLIED
    assert found.why.startswith(f"needed: {said}")
    (flag,) = found.flags
    assert flag.code == "CUTOFF_NOT_APPLIED"
    assert flag.detail.startswith(cutoff.name)


def test_unseen_segments_that_could_turn_the_answer_leave_it_open() -> None:
    rule = next(one for one in SHIPPED if one.name == "curie_post_induction_2")

    assert put(_reading(rule, 1, unseen=1), rule).answer is Answer.UNDETERMINED
    assert put(_reading(rule, 3, unseen=5), rule).answer is Answer.MET
    assert put(_reading(rule, 0, unseen=10), rule).answer is Answer.UNDETERMINED
    (flag,) = put(_reading(rule, 1, unseen=1), rule).flags
    assert flag.code == "CUTOFF_UNDETERMINED"
    lower = next(one for one in SHIPPED if one.name == "siopen_post_induction_3")
    assert put(_reading(lower, 3, unseen=1), lower).answer is Answer.UNDETERMINED
    assert put(_reading(lower, 4, unseen=1), lower).answer is Answer.NOT_MET


def test_a_border_case_on_both_sides_leaves_it_open() -> None:
    rule = next(one for one in SHIPPED if one.name == "curie_post_induction_2")
    one = _reading(rule, 2)
    border = replace(one.segments[0], alternative=3)

    found = put(replace(one, segments=(border, *one.segments[1:])), rule)

    assert found.answer is Answer.UNDETERMINED


@pytest.mark.parametrize(
    ("now", "unseen", "answer"),
    [
        (4, 0, Answer.MET),
        (5, 0, Answer.NOT_MET),
        (0, 0, Answer.MET),
        (4, 1, Answer.UNDETERMINED),
    ],
)
def test_a_fall_by_half_is_judged_on_the_relative_score(
    now: int, unseen: int, answer: Answer
) -> None:
    rule = next(one for one in SHIPPED if one.quantity == "relative")
    later = _reading(rule, now, unseen)
    base = _reading(rule, 8)
    base = replace(base, key=replace(base.key, time="t0", phase=Phase.DIAGNOSIS))

    found = apply_cutoffs([base, later], [rule], relative_scores([base, later]))

    assert [one.answer for one in found] == [Answer.NOT_APPLIED, answer]
    assert "a relative score, which this reading does not have" in found[0].why


@pytest.mark.parametrize("name", ["curie_diagnosis_2", "curie_post_induction_0_mycn"])
def test_what_a_source_leaves_open_is_never_applied(name: str) -> None:
    rule = next(one for one in SHIPPED if one.name == name)

    for total in (0, 2, 3, 30):
        assert put(_reading(rule, total), rule).answer is Answer.NOT_APPLIED


def test_shipped_cutoffs_say_where_they_are_from() -> None:
    assert {(one.system, one.value) for one in APPLICABLE} == {
        (System.CURIE, 2), (System.CURIE, 0), (System.CURIE, 12), (System.SIOPEN, 3),
        (System.SIOPEN, 23),
    }  # fmt: skip
    assert all(one.source and one.endpoint and one.population for one in SHIPPED)
    assert not any(one.verified for one in SHIPPED if one.operator == "not stated")


def test_both_directions_of_uptake_are_kept_and_none_is_assumed() -> None:
    assert {one.worse for one in directions()} == {"low", "high"}
    assert not {one.quantity for one in directions()} & {str(one.system) for one in SHIPPED}


GOOD = """
[[cutoff]]
name = "own"
system = "curie"
operator = ">="
value = 5
worse = "above"
phases = ["diagnosis"]
nuclides = ["123I"]
modalities = ["SPECT/CT"]
endpoint = "ours"
population = "ours"
source = "ours"
verified = true
"""


def test_a_table_of_ones_own_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(GOOD, encoding="utf-8")

    (rule,) = read_cutoffs(path)

    assert (rule.nuclides, rule.modalities, rule.condition) == (
        ("I-123",), ("SPECT/CT",), "curie >= 5",
    )  # fmt: skip
    assert put(_reading(rule, 5), rule).answer is Answer.MET
    assert put(_reading(rule, 4), rule).answer is Answer.NOT_MET


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('">="', '"="', "operator is one of"),
        ('"curie"', '"curry"', "system is one of"),
        ("= 5", '= "5"', "value is a number"),
        ('"above"', '"up"', "worse is one of above"),
        ('["diagnosis"]', '["not-stated"]', "phases is a list of known words"),
        ('["123I"]', '"123I"', "nuclides is a list of known words"),
        ('source = "ours"', "", "source is missing"),
        ("value = 5", 'value = 5\nquantity = "sum"', "quantity is one of total, relative"),
        ("verified = true", "verified = 1", "verified is true or false"),
        ('endpoint = "ours"', 'endpoint = "ours"\nhazard = 2', "no such setting: hazard"),
        ("[[cutoff]]", "[cutoff]", "no tables"),
        ("[[cutoff]]", "[[cutof]]", "unknown: cutof"),
        ("[[cutoff]]", "[[cutoff", "own.toml"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")

    with pytest.raises(UsageError, match=said) as caught:
        read_cutoffs(path)
    assert caught.value.code == "CUTOFFS_INVALID"


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(GOOD + GOOD, encoding="utf-8")

    with pytest.raises(UsageError, match="own: there twice"):
        read_cutoffs(path)
