"""Wrong tables are refused with the row and what is allowed; nothing is dropped."""

from pathlib import Path

import pytest

from quant.errors import UsageError
from quant.scoring.readings.segments import System
from quant.scoring.readings.totals import Modality, Phase
from quant.scoring.tables.reader_table import Missing, check_scores, read_scores
from quant.scoring.tables.sheet import read_sheet
from tests.support.score_tables import Row, reading, wide_row, write_csv, write_json


def _refusal(path: Path, missing: Missing = Missing.REFUSE) -> str:
    with pytest.raises(UsageError) as caught:
        read_scores([path], missing)
    assert caught.value.code == "SCORE_TABLE_INVALID"
    return str(caught.value)


def _with(row: int, **cells: str) -> list[Row]:
    """Return a sound reading with other cells in one row (as a spreadsheet counts)."""
    rows = reading("curie")
    rows[row - 2].update(cells)
    return rows


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            {"score": "4"},
            "the score 4 of curie chest is out of range; allowed: whole numbers 0 to 3",
        ),
        ({"score": "-1"}, "the score -1 of curie chest is out of range"),
        (
            {"score": "1.5"},
            "the score '1.5' of curie chest is not a whole number; allowed: whole numbers",
        ),
        ({"score": "two"}, "the score 'two' of curie chest is not a whole number"),
        ({"score": "1e0"}, "the score '1e0' of curie chest is not a whole number"),
        ({"score": "nan"}, "the score 'nan' of curie chest is not a whole number"),
        ({"score": "1,5"}, "the score '1,5' of curie chest is not a whole number"),
        ({"score": ""}, "the score of curie chest is empty (an empty cell is not a zero)"),
        ({"segment": "elbow"}, "segment 'elbow' is not one of curie; allowed: 1 head, 2 cerv"),
        ({"segment": "11"}, "segment '11' is not one of curie"),
        ({"segment": ""}, "segment is empty"),
        ({"segment": "skull"}, "segment 'skull' is not one of curie"),
        ({"system": "curi"}, "system 'curi' is unknown (did you mean curie?); allowed: curie"),
        ({"system": ""}, "system is empty; allowed: curie, siopen, curie_intensity"),
        ({"modality": "plannar"}, "modality 'plannar' is unknown (did you mean planar?); allowed"),
        ({"modality": "SPECT"}, "modality 'SPECT' is unknown"),
        ({"modality": "planar-equivalent"}, "modality 'planar-equivalent' is unknown"),
        ({"nuclide": "I-122"}, "nuclide 'I-122' is unknown"),
        ({"phase": "later"}, "phase 'later' is unknown"),
        ({"phase": "not-stated"}, "phase 'not-stated' is unknown"),
        ({"reader": ""}, "empty: reader; fill every one of these columns"),
        ({"patient": "", "time_point": " "}, "empty: patient, time_point"),
        ({"in_field": "80"}, "in_field '80' is not a fraction; write a fraction from 0 to 1"),
        ({"in_field": "0", "score": "1"}, "curie chest is scored 1, but in_field is 0"),
        ({"day": "2024-05-01"}, "day '2024-05-01' is not a number of days"),
    ],
)
def test_a_wrong_cell_is_refused_with_its_row_and_what_is_allowed(
    tmp_path: Path, cells: Row, said: str
) -> None:
    assert f"row 4: {said}" in _refusal(write_csv(tmp_path / "scores.csv", _with(4, **cells)))


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    rows = reading("siopen")
    rows[0]["score"], rows[1]["segment"], rows[2]["modality"] = "7", "knee", "planr"
    rows[3]["score"] = ""

    told = _refusal(write_csv(tmp_path / "scores.csv", rows))

    for row in (2, 3, 4, 5):
        assert f"scores.csv row {row}: " in told


def test_two_rows_for_one_slot_are_refused(tmp_path: Path) -> None:
    rows = reading("curie", {"head": 1})
    same, other = dict(rows[0]), {**rows[1], "score": "3"}

    told = _refusal(write_csv(tmp_path / "scores.csv", [*rows, same, other]))

    assert "row 12: curie head of this reading" in told
    assert "scored already in row 2, with the same score" in told
    assert "row 13: curie cervical_thoracic_spine of this reading" in told
    assert "scored already in row 3, with another score" in told


def test_a_second_readers_row_in_another_readers_slot_is_refused(tmp_path: Path) -> None:
    rows = reading("curie", {"head": 1}, reader="A")
    rows.append({**rows[0], "reader": "B", "score": "2"})
    path = write_csv(tmp_path / "scores.csv", rows)

    for missing in Missing:
        told = _refusal(path, missing)
        assert "row 12: this reading of curie (row 12) has no row for" in told
        assert "another reader has scored the same slot (row 2)" in told


def test_two_readers_sharing_one_reading_are_refused(tmp_path: Path) -> None:
    rows = reading("curie")
    for row in rows[5:]:
        row["reader"] = "B"

    path = write_csv(tmp_path / "scores.csv", rows)

    for missing in Missing:
        told = _refusal(path, missing)
        assert "row 2: this reading of curie" in told
        assert "another reader has scored the same images (rows 7, 8, 9, 10, 11)" in told
        assert "row 7: this reading of curie" in told
        assert "another reader has scored the same images (rows 2, 3, 4, 5, 6)" in told
        assert "run with --missing" not in told


def test_a_row_that_is_there_twice_in_the_wide_layout_is_one_problem(tmp_path: Path) -> None:
    rows = [wide_row(), wide_row(scores={"head": 1})]

    told = _refusal(write_csv(tmp_path / "scores.csv", rows))

    assert "1 problem," in told
    assert "row 3: curie head, cervical_thoracic_spine" in told


def test_a_missing_row_is_refused_or_as_asked_not_assessable(tmp_path: Path) -> None:
    rows = [row for row in reading("curie", {"pelvis": 2}) if row["segment"] != "thighs"]
    path = write_csv(tmp_path / "scores.csv", rows)

    assert "has no row for thighs" in _refusal(path)
    (one,) = read_scores([path], Missing.NOT_ASSESSABLE)

    assert one.score("thighs") is None
    assert (one.total.total, one.total.reachable, one.total.upper_bound) == (2, 27, 5)
    codes = [flag.code for score in one.segments for flag in score.flags]
    assert codes == ["SCORE_ROW_MISSING"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reader": "a"}, "reader is spelt otherwise than in row 2"),
        ({"patient": "p 1"}, "patient is spelt otherwise than in row 2"),
        ({"phase": "relapse"}, "phase differs from that of row 2 for the same time point"),
        ({"day": "5"}, "day differs from that of row 2 for the same patient and time point"),
    ],
)
def test_rows_that_contradict_each_other_are_refused(
    tmp_path: Path, change: Row, said: str
) -> None:
    rows = [{**row, "day": "0"} for row in reading("curie")]
    rows += [{**row, **change} for row in reading("siopen", modality="combined", day="0")]

    assert said in _refusal(write_csv(tmp_path / "scores.csv", rows))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no header"),
        ("patient,patient\nP1,P1\n", "columns that stand twice: patient"),
        ("patient,,segment\n", "column 2 has no name"),
        ("patient,segment,score\nP1,head\n", "row 2: 2 cells for 3 columns"),
        ('patient,segment,score\nP1,"head,1\n', "cannot be read as CSV"),
        ("patient,segment,score\nP1,head,1\n", "there is no column time_point; add it"),
        ("patient,segment,score,scor\n", "column scor is unknown (did you mean score?)"),
        ("time,time_point,segment,score\n", "column time_point is there under two names"),
        ("patient,curie_head\n", "columns of curie are missing: curie_cervical_thoracic_spine"),
        ("patient,curie_head,curie_1\n", "curie head has two columns; keep one"),
        ("patient,reader\n", "there are no scores"),
    ],
)
def test_a_wrong_layout_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text, encoding="utf-8")

    assert said in _refusal(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "not a list of objects"),
        ("[1]", "not a list of objects"),
        ("[{", "cannot be read as JSON"),
        ('[{"score": 1, "Score": 2}]', "a name stands twice"),
        ('[{"segment": "head", "score": true}]', "entry 1: no plain value in score"),
        ('[{"segment": "head", "score": [1]}]', "no plain value in score"),
    ],
)
def test_wrong_json_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "scores.json"
    path.write_text(text, encoding="utf-8")

    assert said.removeprefix("entry 1: ") in _refusal(path)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes("patient,segment,score\nMüller,head,1\n".encode("latin-1"))

    assert "it is not UTF-8" in _refusal(path)


def test_a_patients_name_is_never_in_a_message(tmp_path: Path) -> None:
    rows = _with(4, score="9")
    for row in rows:
        row["patient"] = "Secretname"

    assert "Secretname" not in _refusal(write_csv(tmp_path / "scores.csv", rows))


def test_json_numbers_and_null_are_taken_for_what_they_are(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [dict(row) for row in reading("curie")]
    rows[0]["score"], rows[1]["score"] = 2, None
    path = write_json(tmp_path / "scores.json", rows)

    assert "row 2: the score of curie cervical_thoracic_spine is empty" in _refusal(path)
    rows[1]["score"] = 3.0
    (one,) = read_scores([write_json(path, rows)])
    assert (one.score("head"), one.score("cervical_thoracic_spine")) == (2, 3)


def test_spellings_that_are_documented_are_one_reading(tmp_path: Path) -> None:
    rows = reading("curie", modality="SPECT/CT", phase="post-induction")
    for row, modality, nuclide, phase in zip(
        rows,
        ("SPECT/CT", "spect-ct", "SPECT_CT") * 4,
        ("I-123", "123I", "i123", "123-I") * 3,
        ("post-induction", "Post induction", "POST_INDUCTION") * 4,
        strict=False,
    ):
        row.update(modality=modality, nuclide=nuclide, phase=phase)

    (one,) = read_scores([write_csv(tmp_path / "scores.csv", rows)])

    assert (one.key.modality, one.key.nuclide, one.key.phase) == (
        Modality.SPECT_CT, "I-123", Phase.POST_INDUCTION,
    )  # fmt: skip


def test_a_wide_row_may_leave_out_a_whole_system_but_not_a_segment(tmp_path: Path) -> None:
    both = {**wide_row(), **wide_row("siopen", {"spine": 4})}
    one_system = {**both, "time_point": "t2", "phase": "relapse"}
    one_system.update({name: "" for name in both if name.startswith("siopen_")})
    path = write_csv(tmp_path / "scores.csv", [both, one_system])

    found = read_scores([path])

    assert [(one.key.time, one.system) for one in found] == [
        ("t1", System.CURIE), ("t1", System.SIOPEN), ("t2", System.CURIE),
    ]  # fmt: skip
    one_system["siopen_skull"] = "0"
    assert "row 3: the score of siopen spine is empty" in _refusal(
        write_csv(path, [both, one_system])
    )


def test_tables_are_joined_and_their_problems_name_the_file(tmp_path: Path) -> None:
    first = write_csv(tmp_path / "a.csv", reading("curie", reader="A"))
    second = write_csv(tmp_path / "b.csv", reading("curie", {"head": 3}, reader="B"))

    assert len(read_scores([first, second])) == 2
    write_csv(second, reading("curie", {"head": 4}, reader="B"))
    readings, problems = check_scores([read_sheet(first), read_sheet(second)])
    assert readings == ()
    assert [(one.source, one.row) for one in problems] == [("b.csv", 2)]


def test_the_evidence_names_file_row_and_note(tmp_path: Path) -> None:
    rows = [{**row, "note": "faint"} for row in reading("curie", {"head": 1})]

    (one,) = read_scores([write_csv(tmp_path / "scores.csv", rows)])

    evidence = one.segments[0].evidence[0]
    assert evidence.source == "scores.csv row 2"
    assert evidence.text == "scored 1 by the reader: faint"


def test_soft_tissue_of_siopen_is_recorded_apart(tmp_path: Path) -> None:
    rows = reading("siopen", {"spine": 1, "soft_tissue": 1})

    (one,) = read_scores([write_csv(tmp_path / "scores.csv", rows)])

    assert one.score("soft_tissue") == 1
    assert (one.total.total, one.total.maximum) == (1, 72)
    rows[-1]["score"] = "2"
    assert "siopen soft_tissue is out of range" in _refusal(
        write_csv(tmp_path / "scores.csv", rows)
    )
