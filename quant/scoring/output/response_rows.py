"""All answers on response in one tidy table: relative scores, RECIST 1.1, INRC 2017."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.report.columns import Cell, ColumnType
from quant.scoring.output.columns import ScoreColumn, ScoreTable, codes

if TYPE_CHECKING:
    from quant.scoring.results import ScoreResults

RECIST, INRC, RELATIVE = "RECIST 1.1", "INRC 2017", "relative score"

OVERALL = "overall"
"""Item of the answer on the patient as a whole."""

ENDING = "_response"
"""Columns of the tables of RECIST and INRC that hold the answer on a component."""


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """One answer."""

    patient: str
    time: str
    criterion: str
    item: str
    answer: str
    value: float | None
    flags: str


_C = ScoreColumn[ResponseRow]

RESPONSE_TABLE: ScoreTable[ResponseRow] = ScoreTable(
    "response",
    "one answer on response: a patient, time point, criterion and item",
    (
        _C("patient", "", ColumnType.TEXT, "pseudonym as in the input", lambda one: one.patient),
        _C("time_point", "", ColumnType.TEXT, "label; empty for a best response",
           lambda one: one.time),
        _C("criterion", "", ColumnType.TEXT, "RECIST 1.1, INRC 2017 or relative score",
           lambda one: one.criterion),
        _C("item", "", ColumnType.TEXT, "overall, a component, or what was scored by whom",
           lambda one: one.item),
        _C("answer", "", ColumnType.TEXT, "such as PR; empty where there is a value only",
           lambda one: one.answer),
        _C("value", "1", ColumnType.NUMBER, "relative score", lambda one: one.value),
        _C("flags", "", ColumnType.TEXT, "codes joined by ;", lambda one: one.flags),
    ),
)  # fmt: skip


def response_rows(results: "ScoreResults") -> list[ResponseRow]:
    """List every answer: relative scores first, then RECIST, then INRC."""
    return [*_relative(results), *_derived(results)]


def _relative(results: "ScoreResults") -> Iterator[ResponseRow]:
    for one in results.relative:
        key = one.reading.key
        item = f"{one.reading.system}, {key.modality}, {key.nuclide}, reader {key.reader}"
        answer = "" if one.value is not None else "not defined"
        yield ResponseRow(
            key.patient, key.time, RELATIVE, item, answer, one.value, codes(one.flags)
        )


def _derived(results: "ScoreResults") -> Iterator[ResponseRow]:
    if results.response is None:
        return
    tables = results.response.tables()
    for name, criterion in (("recist", RECIST), ("inrc", INRC)):
        for row in tables.get(name, []):
            yield from _answers(row, criterion)
    for row in tables.get("recist_best", []):
        for item, cell in row.items():
            if item.startswith("best") and isinstance(cell, str) and cell:
                yield ResponseRow(_text(row, "patient"), "", RECIST, item, str(cell), None, "")


def _answers(row: Mapping[str, Cell], criterion: str) -> Iterator[ResponseRow]:
    flags = _text(row, "flags")
    for item, cell in row.items():
        if item != "response" and not item.endswith(ENDING):
            continue
        if cell is not None and cell != "":
            name = OVERALL if item == "response" else item.removesuffix(ENDING)
            who = (_text(row, "patient"), _text(row, "time_point"))
            yield ResponseRow(*who, criterion, name, str(cell), None, flags)


def _text(row: Mapping[str, Cell], name: str) -> str:
    cell = row.get(name)
    return "" if cell is None else str(cell)
