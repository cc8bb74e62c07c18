"""Lesion tables: what is refused, by row and with what is allowed; what is read and kept."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from quant.errors import UsageError
from quant.scoring.response import respond
from tests.support.response_cases import FOLDER

REFUSED = tomllib.loads((FOLDER / "lesions_refused.toml").read_text())
CASES: list[dict[str, Any]] = REFUSED["case"]
HEADER: str = REFUSED["header"]
GOOD = [
    "p,baseline,2024-01-01,L1,liver,target,no,,20,,,,",
    "p,t1,2024-03-01,L1,,,,,10,,,,",
]


def _write(folder: Path, rows: list[str], header: str = HEADER) -> Path:
    path = folder / "lesions.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def _line(error: UsageError, row: int) -> str:
    lines = [line for line in error.found.splitlines() if f"row {row}:" in line]
    assert lines, error.found
    return " ".join(lines)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_wrong_row_is_refused_with_its_number_and_what_is_allowed(
    case: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        respond(_write(tmp_path, case["rows"]))

    assert caught.value.code == "SCORE_TABLE_INVALID"
    assert case["says"] in _line(caught.value, case["row"])


def test_all_wrong_rows_are_named_at_once(tmp_path: Path) -> None:
    rows = ["p,baseline,2024-01-01,L1,liver,target,no,,abc,,,,",
            "p,baseline,2024-01-01,L2,lung,targ,no,,20,,,,"]  # fmt: skip

    with pytest.raises(UsageError) as caught:
        respond(_write(tmp_path, rows))

    assert "row 2:" in caught.value.found
    assert "row 3:" in caught.value.found


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (HEADER.replace("slice_thickness_mm", "slice_thicknes_mm"), "did you mean slice_thickness"),
        (HEADER.replace("longest_mm", "longest_cm"), "column 'longest_cm' is unknown"),
        (HEADER.replace("node,", "nod,"), "columns are missing: node"),
        (HEADER.replace("date,", "note,"), "exactly one of the two"),
    ],
)
def test_columns_that_are_missing_or_unknown_are_named(
    header: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="refused") as caught:
        respond(_write(tmp_path, GOOD, header))

    assert says in caught.value.found


def test_messages_hold_row_numbers_and_never_the_patient(tmp_path: Path) -> None:
    rows = [one.replace("p,", "Mary-Smith,", 1).replace("20", "abc") for one in GOOD]

    with pytest.raises(UsageError) as caught:
        respond(_write(tmp_path, rows))

    assert "Mary" not in str(caught.value)


def test_follow_up_rows_take_kind_node_and_organ_from_the_baseline(tmp_path: Path) -> None:
    (answer,) = respond(_write(tmp_path, GOOD)).recist

    row = answer.history.visits[1].rows["L1"]
    assert (row.kind, row.node, row.organ) == ("target", False, "liver")
    assert [one.response for one in answer.points] == [None, "PR"]


def test_time_points_are_ordered_by_date_and_those_before_the_baseline_are_kept(
    tmp_path: Path,
) -> None:
    rows = ["p,late,2024-09-01,L1,,,,,40,,,,", "p,screening,2023-11-01,L1,liver,target,no,,60,,,,",
            "p,early,2024-03-01,L1,,,,,30,,,,",
            "p,baseline,2024-01-01,L1,liver,target,no,,50,,,,"]  # fmt: skip

    report = respond(_write(tmp_path, rows))

    shown = [
        (one["time_point"], one["day"], one["stage"], one["response"])
        for one in report.tables()["recist"]
    ]
    assert shown == [
        ("screening", -61, "before baseline", None),
        ("baseline", 0, "baseline", None),
        ("early", 60, "on study", "PR"),
        ("late", 244, "on study", "PD"),
    ]
    assert "RECIST_BEFORE_BASELINE" in report.recist[0].baseline_notes.flags


def test_the_first_time_point_is_the_baseline_when_none_is_called_so(tmp_path: Path) -> None:
    rows = [one.replace("baseline", "scan 1") for one in GOOD]

    (answer,) = respond(_write(tmp_path, rows)).recist

    assert answer.points[0].visit.label == "scan 1"
    assert "RECIST_BASELINE_ASSUMED" in answer.baseline_notes.flags


def test_days_may_stand_for_dates_and_json_for_csv(tmp_path: Path) -> None:
    base = {"patient": "p", "lesion": "L1", "organ": "liver", "kind": "target", "node": "no"}
    rows = [{**base, "time_point": "baseline", "day": -3, "longest_mm": 20.5},
            {**base, "time_point": "t1", "day": 60, "longest_mm": 10}]  # fmt: skip
    path = tmp_path / "lesions.json"
    path.write_text(json.dumps(rows))

    (answer,) = respond(path).recist

    assert answer.points[1].visit.day == 63
    assert answer.points[1].response == "PR"


def test_nothing_is_dropped_every_row_of_the_table_is_in_the_evidence(tmp_path: Path) -> None:
    rows = [*GOOD, *(one.replace("p,", "q,", 1) for one in GOOD),
            "q,t1,2024-03-01,X1,lung,new,no,present,,,,,"]  # fmt: skip

    report = respond(_write(tmp_path, rows))

    listed = [
        row
        for patient in report.evidence()["recist"]  # type: ignore[attr-defined]
        for point in patient["time_points"]
        for row in point["rows"]
    ]
    assert sorted(listed) == [2, 3, 4, 5, 6]


def test_written_files_hold_one_row_a_time_point_and_valid_json(tmp_path: Path) -> None:
    report = respond(_write(tmp_path, GOOD))

    files = report.write(tmp_path / "out")

    assert [one.name for one in files] == ["recist.csv", "recist_best.csv", "response.json"]
    lines = (tmp_path / "out" / "recist_best.csv").read_text().splitlines()
    best = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert (best["best_response"], best["best_response_confirmed"]) == ("PR", "SD")
    assert (best["progressed"], best["progression_days"]) == ("0", "60")
    evidence = json.loads((tmp_path / "out" / "response.json").read_text())
    assert evidence["recist"][0]["time_points"][1]["derivation"]
