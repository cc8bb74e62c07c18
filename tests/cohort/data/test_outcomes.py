"""Outcomes are joined to results row by row; nothing goes missing in silence."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quant.cohort import join_outcomes, read_table
from quant.cohort.data.outcomes import Joined
from quant.errors import UsageError

RESULTS = pd.DataFrame({"subject_key": ["a", "b", "c", "d"], "asp": [0.1, 0.2, 0.3, 0.4]})


def joined(outcomes: dict[str, list[object]], results: pd.DataFrame = RESULTS) -> Joined:
    return join_outcomes(results, pd.DataFrame(outcomes), time="efs", event="died", unit="days")


def test_rows_are_joined_by_subject_in_any_order() -> None:
    out = joined({"subject_key": ["d", "b"], "efs": [4, "2"], "died": ["true", 0], "age": [9, 8]})

    assert out.table["subject_key"].tolist() == ["b", "d"]
    assert out.table["asp"].tolist() == [0.2, 0.4]
    assert out.table["efs"].tolist() == [2.0, 4.0]
    assert out.table["died"].tolist() == [0, 1]
    assert out.table["age"].tolist() == [8, 9]
    assert out.refused["code"].tolist() == ["OUTCOME_UNMATCHED", "OUTCOME_UNMATCHED"]
    assert out.refused[["table", "row", "key"]].to_numpy().tolist() == [
        ["results", 1, "a"], ["results", 3, "c"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("time", "unit"),
    [
        ("efs_days", "days"), ("OS (months)", "months"), ("Years", "years"), ("time", "years"),
        ("holidays", "months"), ("follow_up_day", "days"), ("months_to_event", "days"),
    ],
)  # fmt: skip
def test_a_unit_may_stand_in_the_columns_name(time: str, unit: str) -> None:
    outcomes = pd.DataFrame({"subject_key": ["a", "b"], time: [1, 2], "e": [0, 1]})

    assert len(join_outcomes(RESULTS, outcomes, time=time, event="e", unit=unit).table) == 2


@pytest.mark.parametrize(
    ("time", "unit"), [("efs_months", "days"), ("OS (months)", "years"), ("Day", "months")]
)
def test_a_unit_that_the_columns_name_contradicts_is_refused(time: str, unit: str) -> None:
    outcomes = pd.DataFrame({"subject_key": ["a", "b"], time: [1, 2], "e": [0, 1]})

    with pytest.raises(UsageError, match="not that of the column's name"):
        join_outcomes(RESULTS, outcomes, time=time, event="e", unit=unit)


@pytest.mark.parametrize("coded", [[1, 2, 1, 2], [1.0, 2.0, None, 1.0], ["1", "2", "1", "2"]])
def test_events_of_one_and_two_are_not_taken_for_seen_and_refused(coded: list[object]) -> None:
    out = joined({"subject_key": list("abcd"), "efs": [1, 2, 3, 4], "died": coded})

    assert len(out.table) == 0
    assert set(out.refused["code"]) <= {"EVENT_NOT_BINARY", "EVENT_MISSING"}


def test_levels_of_the_dictionary_stand_in_their_order() -> None:
    out = joined({"subject_key": ["a", "b"], "efs": [1, 2], "died": [0, 1], "age": [160, 87]})

    assert out.dictionary.set_index("column").loc["age", "levels"] == "87; 160"


@pytest.mark.parametrize(
    ("time", "event", "code"),
    [
        (-1, 1, "TIME_NEGATIVE"),
        (None, 1, "TIME_MISSING"),
        (" ", 1, "TIME_MISSING"),
        ("12,5", 1, "TIME_UNREADABLE"),
        ("inf", 1, "TIME_UNREADABLE"),
        (3, 2, "EVENT_NOT_BINARY"),
        (3, "alive", "EVENT_NOT_BINARY"),
        (3, None, "EVENT_MISSING"),
    ],
)
def test_a_wrong_row_is_refused_and_the_others_stay(time: object, event: object, code: str) -> None:
    out = joined(
        {"subject_key": ["a", "b", "c", "d"], "efs": [1, time, 3, 0], "died": [1, event, 0, 0]}
    )

    assert out.table["subject_key"].tolist() == ["a", "c", "d"]
    assert out.refused[["table", "row", "key", "code"]].to_numpy().tolist() == [
        ["outcomes", 2, "b", code]
    ]
    assert out.refused["sentence"].str.len().min() > 10


def test_a_row_with_several_faults_says_all_of_them() -> None:
    out = joined({"subject_key": [None, "b"], "efs": [-1, 2], "died": [7, 1]})

    assert sorted(out.refused.loc[out.refused["table"] == "outcomes", "code"]) == [
        "EVENT_NOT_BINARY", "KEY_MISSING", "TIME_NEGATIVE",
    ]  # fmt: skip


def test_a_key_that_stands_twice_is_refused_wherever_it_stands() -> None:
    out = joined({"subject_key": ["a", "a", "b"], "efs": [1, 2, 3], "died": [0, 1, 1]})
    assert out.table["subject_key"].tolist() == ["b"]
    assert out.refused["code"].tolist().count("KEY_DUPLICATE") == 2

    twice = pd.concat([RESULTS, RESULTS.iloc[:1]])
    out = joined({"subject_key": ["a", "b"], "efs": [1, 3], "died": [0, 1]}, twice)
    assert out.table["subject_key"].tolist() == ["b"]
    duplicates = out.refused[out.refused["code"] == "KEY_DUPLICATE"]
    assert duplicates[["table", "row"]].to_numpy().tolist() == [["results", 1], ["results", 5]]


def test_keys_may_be_numbers_and_bear_another_name() -> None:
    out = join_outcomes(
        pd.DataFrame({"id": [1.0, 2.0], "x": [5, 6]}),
        pd.DataFrame({"patient": ["2", "1"], "t": [1, 2], "e": [0, 1]}),
        time="t", event="e", unit="months", key="id", outcome_key="patient",
    )  # fmt: skip
    assert out.table[["id", "x", "t"]].to_numpy().tolist() == [["1", 5, 2.0], ["2", 6, 1.0]]
    assert out.table.attrs["time_unit"] == "months"
    assert out.refused.empty


def test_tables_without_a_common_key_and_unknown_units_are_refused() -> None:
    with pytest.raises(UsageError, match="COLUMN_MISSING"):
        join_outcomes(RESULTS, pd.DataFrame({"t": [1], "e": [1]}), time="t", event="e", unit="days")
    with pytest.raises(UsageError, match="unit"):
        join_outcomes(RESULTS, RESULTS, time="asp", event="asp", unit="weeks")


def test_the_dictionary_describes_every_column_and_shows_no_key() -> None:
    out = joined({"subject_key": ["a", "b"], "efs": [1, 2], "died": [0, 1], "sex": ["f", None]})
    book = out.dictionary.set_index("column").astype(object)

    assert book.index.tolist() == ["subject_key", "asp", "efs", "died", "sex"]
    assert book["role"].tolist() == ["key", "covariate", "time", "event", "covariate"]
    assert book.loc["efs", "unit"] == "days"
    assert book[["n", "missing", "levels"]].to_numpy().tolist()[4] == [1, 1, "f"]
    assert book[["minimum", "maximum"]].to_numpy().tolist()[1] == [0.1, 0.2]
    assert book.loc["subject_key", "levels"] == ""


def test_csv_and_parquet_give_the_same_table(tmp_path: Path) -> None:
    text = "subject_key;efs;died;note\r\n007;1.5;1;=a\r\n008;NA;0;\r\n"
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    table = read_table(tmp_path / "t.csv")
    table.to_parquet(tmp_path / "t.parquet")

    assert table["subject_key"].tolist() == ["007", "008"]
    assert table["efs"].tolist()[0] == 1.5
    assert np.isnan(table["efs"].tolist()[1])
    assert table["died"].tolist() == [1, 0]
    again = read_table(tmp_path / "t.parquet")
    assert again.notna().to_numpy().tolist() == table.notna().to_numpy().tolist()
    assert (
        again.astype(object).fillna(0).to_numpy().tolist()
        == table.astype(object).fillna(0).to_numpy().tolist()
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none.csv", None),
        ("empty.csv", b""),
        ("twice.csv", b"a,a\n1,2\n"),
        ("ragged.csv", b"a,b\n1\n"),
        ("latin.csv", b"a,b\n\xe4,2\n"),
        ("bad.parquet", b"PAR1"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match="TABLE_UNREADABLE"):
        read_table(tmp_path / name)
