"""RECIST 1.1: sequences worked by hand, in tests/data/scoring/recist.toml."""

from dataclasses import replace
from typing import Any

import pytest

from quant.scoring.response.answers import RECIST_1_1
from quant.scoring.response.derivation import RULES
from quant.scoring.response.recist.answer import RecistAnswer, answer_recist, evidence_of
from quant.scoring.response.recist.baseline import baseline_problems
from tests.support.response_cases import cases, days_of, history_of

CASES = cases("recist.toml")


def _answer(case: dict[str, Any]) -> RecistAnswer:
    settings = replace(RECIST_1_1, confirm_through_ne=case.get("through_ne", True))
    history = history_of(case["lesions"], days_of(case))
    assert baseline_problems(history, settings, "cases.csv") == []
    return answer_recist(history, settings)


def test_there_are_at_least_forty_sequences_and_no_name_twice() -> None:
    assert len(CASES) >= 40
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_sequence_is_answered_as_worked_by_hand(case: dict[str, Any]) -> None:
    answer = _answer(case)

    assert [one.response for one in answer.points[1:]] == case["expect"]
    assert answer.best.unconfirmed == case["best"]
    assert answer.best.confirmed == case["confirmed"]
    for name, points in (("equivocal", answer.if_equivocal), ("revised", answer.if_cr_revised)):
        assert ([one.response for one in points[1:]] if points else None) == case.get(name)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_every_time_point_is_derived_by_rules_that_have_a_source(case: dict[str, Any]) -> None:
    found = evidence_of(_answer(case))

    points = found["time_points"]
    assert isinstance(points, list)
    for point in points:
        assert point["derivation"], point["time_point"]
        for step in point["derivation"]:
            assert step["rule"] in RULES
            assert step["sentence"].endswith(".")
            assert step["source"]
        if point["stage"] != "baseline":
            said = " ".join(step["sentence"] for step in point["derivation"])
            assert str(point["response"]) in said
