"""Every segment, every level, every border: cases written from the definitions."""

import csv
from pathlib import Path

import pytest

from quant.scoring.readings.totals import Reading
from quant.scoring.tables.reader_table import read_scores
from tests.support.score_tables import reading, wide_row, write_csv, write_json

DATA = Path(__file__).parents[2] / "data" / "scoring" / "reader_cases.csv"

with DATA.open(encoding="utf-8", newline="") as stream:
    CASES = list(csv.DictReader(stream))


def _scores(case: dict[str, str]) -> dict[str, str]:
    pairs = [one.split("=") for one in case["scores"].split(";") if one]
    return {name: "not assessable" if level == "na" else level for name, level in pairs}


def _check(case: dict[str, str], one: Reading) -> None:
    total = one.total
    found = {
        "total": "" if total.total is None else str(total.total),
        "reachable": str(total.reachable),
        "maximum": str(total.maximum),
        "upper_bound": str(total.upper_bound),
    }
    assert found == {name: case[name] for name in found}, case["definition"]
    unseen = [name for name, level in _scores(case).items() if level == "not assessable"]
    assert sorted(total.not_assessable) == sorted(unseen)
    assert total.complete == (not unseen)


def test_there_are_enough_cases_and_each_level_of_each_segment_is_among_them() -> None:
    seen = {
        (case["system"], *one.split("="))
        for case in CASES
        for one in case["scores"].split(";")
        if one
    }

    assert len(CASES) >= 60
    assert len({one for one in seen if one[0] == "curie" and one[2] != "na"}) == 10 * 3
    assert len({one for one in seen if one[0] == "siopen" and one[2] != "na"}) == 12 * 6 + 1


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_each_case_scores_as_its_definition_says_in_every_layout(
    case: dict[str, str], tmp_path: Path
) -> None:
    rows, row = reading(case["system"], _scores(case)), wide_row(case["system"], _scores(case))

    for path in (
        write_csv(tmp_path / "long.csv", rows),
        write_csv(tmp_path / "wide.csv", [row], delimiter=";"),
        write_json(tmp_path / "long.json", rows),
    ):
        (one,) = read_scores([path])
        _check(case, one)


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    rows = reading("siopen", {"spine": 4}) + reading("curie", {"head": 2}, reader="B")

    forward = read_scores([write_csv(tmp_path / "scores.csv", rows)])
    backward = read_scores([write_csv(tmp_path / "scores.csv", rows[::-1])])

    assert [(one.key, one.system, one.total) for one in forward] == [
        (one.key, one.system, one.total) for one in backward
    ]


def test_segments_may_be_named_by_number_or_label(tmp_path: Path) -> None:
    rows = reading("curie", {"thighs": 2})
    for number, row in enumerate(rows, start=1):
        row["segment"] = str(number) if number != 8 else "Thighs (femora)"

    (one,) = read_scores([write_csv(tmp_path / "scores.csv", rows)])

    assert one.score("thighs") == 2
    assert one.total.total == 2
