"""``quant score`` as a person uses it."""

from pathlib import Path

import pytest

from quant.cli.exits import Exit
from quant.cli.score import HELP, score_input
from quant.errors import UsageError
from tests.support.score_tables import reading, write_csv


def _table(folder: Path, name: str = "scores.csv", **key: str) -> Path:
    folder.mkdir(exist_ok=True)
    return write_csv(folder / name, reading("curie", {"head": 2, "pelvis": 3}, **key))


def test_a_table_is_scored_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = score_input(_table(tmp_path), tmp_path / "out")

    assert status is Exit.OK
    said = capsys.readouterr().out
    assert "curie: 5 of 30" in said
    assert "1 reading of 1 patient;" in said
    for name in ("scores", "segments", "comparisons", "agreement", "cutoffs", "patients"):
        assert (tmp_path / "out" / f"{name}.csv").is_file()
        assert (tmp_path / "out" / f"{name}.parquet").is_file()
    assert (tmp_path / "out" / "score.html").is_file()


def test_a_lesion_table_says_its_answers_and_nothing_of_readings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "lesions.csv"
    table.write_text(
        "patient,time_point,day,lesion,organ,kind,node,longest_mm\n"
        "P1,baseline,0,L1,liver,target,no,50\n"
        "P1,t1,60,L1,liver,target,no,34.25\n"
        "P1,t2,120,L1,liver,target,no,42\n",
        encoding="utf-8",
    )

    assert score_input(table, tmp_path / "out") is Exit.OK
    said = capsys.readouterr().out.splitlines()
    assert said[:3] == [
        "P1  t1  RECIST 1.1: PR",
        "P1  t2  RECIST 1.1: PD",
        "response: 2 overall answers of 1 patient",
    ]
    assert "reading" not in " ".join(said)
    assert '<td class="text">34.25</td>' in (tmp_path / "out" / "score.html").read_text("utf-8")


def test_a_folder_of_tables_is_joined_and_other_files_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    _table(folder, "a.csv", reader="A")
    _table(folder, "b.csv", reader="B")
    (folder / "letter.pdf").write_bytes(b"%PDF")

    assert score_input(folder, tmp_path / "out") is Exit.OK
    said = capsys.readouterr().out
    assert "2 readings of 1 patient;" in said
    assert "not read: letter.pdf" in said


def test_a_table_of_another_kind_is_refused_with_what_is_allowed(tmp_path: Path) -> None:
    strange = tmp_path / "studies.csv"
    strange.write_text("study_uid,tmax_lmax\n1.2,3.4\n", encoding="utf-8")

    with pytest.raises(UsageError, match="a table of reader scores") as caught:
        score_input(strange, tmp_path / "out")
    assert caught.value.code == "SCORE_INPUT_UNKNOWN"
    folder = tmp_path / "in"
    _table(folder)
    strange.rename(folder / "studies.csv")
    with pytest.raises(UsageError, match=r"studies\.csv with columns study_uid, tmax_lmax"):
        score_input(folder, tmp_path / "out")


def test_a_workbook_is_refused_with_what_to_save_it_as(tmp_path: Path) -> None:
    book = tmp_path / "scores.xlsx"
    book.write_bytes(b"PK")

    with pytest.raises(UsageError, match="save the sheet as CSV"):
        score_input(book, tmp_path / "out")


def test_a_refused_table_writes_nothing(tmp_path: Path) -> None:
    table = write_csv(tmp_path / "scores.csv", reading("curie", {"head": 4}))

    with pytest.raises(UsageError, match="row 2"):
        score_input(table, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_table_without_rows_is_nothing_to_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "scores.csv"
    table.write_text(",".join(reading()[0]) + "\n", encoding="utf-8")

    assert score_input(table, tmp_path / "out") is Exit.NOTHING_TO_MEASURE
    assert "Nothing to score" in capsys.readouterr().out


def test_an_empty_folder_is_nothing_to_score(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()

    assert score_input(tmp_path / "in", tmp_path / "out") is Exit.NOTHING_TO_MEASURE


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"missing": "zero"}, "refuse or not-assessable"),
        ({"baseline": "t9"}, "one of t1"),
        ({"visits": Path("visits.csv")}, "--visits is for a folder of studies"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, options: dict[str, Path], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        score_input(_table(tmp_path), tmp_path / "out", **options)  # type: ignore[arg-type]


def test_out_may_not_be_the_input(tmp_path: Path) -> None:
    _table(tmp_path)

    with pytest.raises(UsageError, match="OUT is INPUT"):
        score_input(tmp_path, tmp_path)
    with pytest.raises(UsageError, match="not a folder, nor a file"):
        score_input(tmp_path / "nowhere", tmp_path / "out")


def test_what_help_shows_works(tmp_path: Path) -> None:
    lines = [line.strip() for line in HELP.splitlines()]
    start = lines.index("patient,time_point,modality,nuclide,phase,reader,system,segment,score")
    table = tmp_path / "scores.csv"
    table.write_text("\n".join(lines[start : start + 3]) + "\n", encoding="utf-8")

    assert score_input(table, tmp_path / "out", missing="not-assessable") is Exit.OK
