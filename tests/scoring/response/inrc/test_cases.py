"""INRC 2017: sequences worked by hand, in tests/data/scoring/inrc.toml."""

from typing import Any

import pytest

from quant.scoring.response.derivation import RULES
from quant.scoring.response.inrc.answer import evidence_of, inrc_rows, inrg_rows
from quant.scoring.response.inrc.joining import join_histories
from quant.scoring.response.inrc.time_points import InrcAnswer, answer_inrc
from tests.support.response_cases import cases, days_of, disease_history, history_of

CASES = cases("inrc.toml")


def _answer(case: dict[str, Any]) -> InrcAnswer:
    days = days_of(case, "bone")
    histories = [history_of(case["lesions"], days)] if "lesions" in case else []
    (joined,) = join_histories(histories, disease_history(case, days), "disease.csv")
    return answer_inrc(*joined)


def test_there_are_at_least_forty_sequences_and_no_name_twice() -> None:
    assert len(CASES) >= 40
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_sequence_is_answered_as_worked_by_hand(case: dict[str, Any]) -> None:
    answer = _answer(case)

    found = [
        [one.response for one in (point.primary, point.metastatic, point.marrow, point.overall)]
        for point in answer.points
    ]
    assert found == case["expect"]
    for place, point in enumerate(answer.points):
        wanted = case["possible"][place] if "possible" in case else [case["expect"][place][3]]
        assert set(point.overall.possible) == set(wanted)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_every_open_or_missing_answer_is_flagged_and_derived(case: dict[str, Any]) -> None:
    answer = _answer(case)

    points = evidence_of(answer)["time_points"]
    assert isinstance(points, list)
    for point, shown in zip(answer.points, points, strict=True):
        assert all(step["rule"] in RULES and step["source"] for step in shown["derivation"])
        if len(point.overall.possible) > 1:
            assert point.notes.flags, "several answers without a flag"


def test_rows_have_one_for_every_time_point_and_the_names_of_the_inrg_dictionary() -> None:
    answer = _answer(CASES[0])

    rows = inrc_rows(answer)
    terms = {row["RESPONSE_CATEGORY"]: row["RESPONSE"] for row in inrg_rows(answer)}

    assert [row["stage"] for row in rows] == ["baseline", "on study"]
    assert rows[1]["overall_response"] == "CR"
    assert rows[1]["relative_score"] == 0.0
    assert terms == {
        "Overall Response": "INRC Park 2017, Complete Response",
        "Primary Site Response": "INRC Park 2017, Complete Response",
        "Metastatic Soft Tissue and Bone Response": "INRC Park 2017, Complete Response",
        "Bone Marrow Response": "INRC Park 2017, Complete Response",
    }
