"""RECIST 1.1: what must hold for any patient."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.scoring.response.answers import RECIST_1_1, RecistSettings, Response
from quant.scoring.response.lesions.history import LesionHistory
from quant.scoring.response.lesions.table import lesions_of
from quant.scoring.response.recist.answer import RecistAnswer, answer_recist
from quant.scoring.response.recist.baseline import baseline_problems
from quant.scoring.response.recist.time_points import combine
from tests.support.response_cases import lesion_rows, sheet

RANK = [Response.CR, Response.PR, Response.SD, Response.NON_CR_NON_PD, Response.NE, Response.PD]
"""From better to worse."""

SIZES = st.integers(30, 900).map(lambda tenths: f"{tenths / 10:g}")
LATER = st.one_of(SIZES, st.sampled_from(["absent", "small", "NE", "-"]))
OTHERS = st.sampled_from(["present", "absent", "NE", "-", "progressed"])
FEW = settings(max_examples=40, deadline=None)


@st.composite
def patients(draw: st.DrawFn) -> list[str]:
    """Lines of a patient: targets in several organs, a node, non-targets, three later visits."""
    visits = 3
    lines = []
    for number in range(draw(st.integers(1, 3))):
        first = draw(st.integers(100, 900)) / 10
        later = " | ".join(draw(LATER) for _ in range(visits))
        lines.append(f"L{number} organ{number} target: {first:g} | {later}")
    if draw(st.booleans()):
        first = draw(st.integers(150, 500)) / 10
        later = " | ".join(draw(LATER) for _ in range(visits))
        lines.append(f"N1 neck target node: {first:g} | {later}")
    for number in range(draw(st.integers(0, 2))):
        later = " | ".join(draw(OTHERS) for _ in range(visits))
        lines.append(f"P{number} pleura non-target: present | {later}")
    return lines


DAYS = [0, 56, 112, 168]


def _answer(rows: list[dict[str, str]], criteria: RecistSettings = RECIST_1_1) -> RecistAnswer:
    (history,) = lesions_of(sheet(rows))
    assert baseline_problems(history, criteria, "") == []
    return answer_recist(history, criteria)


def _found(answer: RecistAnswer) -> list[Response | None]:
    return [one.response for one in answer.points] + [
        answer.best.unconfirmed,
        answer.best.confirmed,
    ]


@FEW
@given(patients(), st.randoms(use_true_random=False))
def test_order_of_rows_and_lesions_does_not_matter(lines: list[str], random: object) -> None:
    rows = lesion_rows(lines, DAYS)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert _found(_answer(shuffled)) == _found(_answer(rows))


@FEW
@given(patients(), st.sampled_from([Fraction(1, 4), Fraction(3), Fraction(7, 2)]))
def test_lengths_and_thresholds_scaled_together_give_the_same_answer(
    lines: list[str], factor: Fraction
) -> None:
    rows = lesion_rows(lines, DAYS)
    scaled = [
        {
            name: f"{float(Fraction(cell) * factor):.6g}" if name.endswith("_mm") and cell else cell
            for name, cell in row.items()
        }
        for row in rows
    ]

    assert _found(_answer(scaled, RECIST_1_1.scaled(factor))) == _found(_answer(rows))


@FEW
@given(patients(), st.integers(1, 3), st.sampled_from(["present", "equivocal", "12", "small"]))
def test_a_new_lesion_never_improves_an_answer(lines: list[str], place: int, state: str) -> None:
    cells = ["-"] * 4
    cells[place] = state
    with_new = [*lines, "X1 brain new: " + " | ".join(cells)]

    without = _answer(lesion_rows(lines, DAYS))
    added = _answer(lesion_rows(with_new, DAYS))

    for before, after in zip(without.points[1:], added.points[1:], strict=True):
        assert before.response is not None
        assert after.response is not None
        assert RANK.index(after.response) >= RANK.index(before.response)
    if state != "equivocal":
        assert added.points[place].response is Response.PD


@FEW
@given(patients(), st.integers(0, 2))
def test_a_missing_assessment_is_never_complete_response(lines: list[str], which: int) -> None:
    number = which % len(lines)
    head, _, tail = lines[number].partition(": ")
    first, *_ = tail.split("|")
    lines = [*lines]
    lines[number] = f"{head}: {first}| NE | NE | NE"

    points = _answer(lesion_rows(lines, DAYS)).points[1:]

    assert all(point.response is not Response.CR for point in points)


@FEW
@given(patients())
def test_confirmation_never_improves_the_best_response(lines: list[str]) -> None:
    best = _answer(lesion_rows(lines, DAYS)).best

    assert RANK.index(best.confirmed) >= RANK.index(best.unconfirmed) or (
        best.unconfirmed is Response.NE
    )


@FEW
@given(patients())
def test_the_nadir_never_rises_and_is_at_most_the_baseline(lines: list[str]) -> None:
    points = _answer(lesion_rows(lines, DAYS)).points

    nadirs = [point.nadir_mm for point in points]
    assert nadirs == sorted(nadirs, reverse=True)
    assert all(nadir <= points[0].baseline_mm for nadir in nadirs)


@FEW
@given(patients())
def test_progression_of_the_sum_means_twenty_percent_and_five_millimetres(
    lines: list[str],
) -> None:
    for point in _answer(lesion_rows(lines, DAYS)).points[1:]:
        total = point.targets.known_mm
        rise = total - point.nadir_mm
        naive = rise >= 5 and float(total) >= 1.2 * float(point.nadir_mm) - 1e-9
        if point.target is Response.PD:
            assert naive
        elif point.target in {Response.PR, Response.SD}:
            assert not naive


def test_every_combination_of_table_1_and_2() -> None:
    """Tables 1 and 2 of the paper, written out."""
    cr, pr, sd, pd, ne, non = (Response(one) for one in
                               ("CR", "PR", "SD", "PD", "NE", "non-CR/non-PD"))  # fmt: skip
    table = {
        (cr, cr): cr, (cr, None): cr, (cr, non): pr, (cr, ne): pr,
        (pr, cr): pr, (pr, None): pr, (pr, non): pr, (pr, ne): pr,
        (sd, cr): sd, (sd, None): sd, (sd, non): sd, (sd, ne): sd,
        (ne, cr): ne, (ne, None): ne, (ne, non): ne, (ne, ne): ne,
        (None, cr): cr, (None, non): non, (None, ne): ne,
    }  # fmt: skip
    for (target, non_target), wanted in table.items():
        assert combine(target, non_target, new=False) is wanted
        assert combine(target, non_target, new=True) is pd
    for other in (cr, pr, sd, ne, non, None):
        assert combine(pd, other, new=False) is pd
        assert combine(other, pd, new=False) is pd


def test_history_without_lesions_at_baseline_is_not_evaluable_until_a_new_lesion() -> None:
    rows = lesion_rows(["P1 pleura non-target: present | absent"], [0, 56])
    (history,) = lesions_of(sheet(rows))
    visits = tuple(type(one)(one.label, one.day, one.when_written, {}) for one in history.visits)

    answer = answer_recist(LesionHistory("p1", visits))

    assert answer.points[1].response is Response.NE


@pytest.mark.parametrize("factor", [Fraction(1, 2), Fraction(2)])
def test_scaled_settings_change_lengths_only(factor: Fraction) -> None:
    scaled = RECIST_1_1.scaled(factor)

    assert scaled.progression_mm == 5 * factor
    assert scaled.progression_percent == 20
    assert scaled.confirm_days == RECIST_1_1.confirm_days
