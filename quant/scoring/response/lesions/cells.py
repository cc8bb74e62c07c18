"""Cells of a lesion table: from text to what it means, or the problem with what is allowed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from quant.scoring.response.lesions.history import (
    Component,
    Kind,
    Method,
    Proof,
    State,
    Tracer,
    Uptake,
)
from quant.scoring.tables.sheet import Problem
from quant.scoring.tables.words import allowed, near

LARGEST_MM = 1000
"""Nothing in a patient is larger; such a figure is in another unit."""

_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_DAY = re.compile(r"[+-]?[0-9]{1,6}(\.0+)?")

_ALIASES: Mapping[str, str] = {
    "nontarget": "non target", "too small to measure": "too small", "disappeared": "absent",
    "ne": "not assessable", "not evaluable": "not assessable", "not evaluated": "not assessable",
    "unequivocal progression": "progressed", "metastatic": "metastasis", "met": "metastasis",
    "mr": "mri", "xray": "x ray",
}  # fmt: skip

_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(slots=True)
class Cells:
    """Cells of one row; every problem is kept, none hides another."""

    source: str
    row: int
    cells: Mapping[str, str]
    problems: list[Problem]

    def text(self, column: str) -> str:
        """Cell as text; empty when the table has no such column."""
        return self.cells.get(column, "").strip()

    def wrong(self, found: str, fix: str) -> None:
        """Keep a problem of this row."""
        self.problems.append(Problem(self.row, found, fix, self.source))

    def needed(self, column: str) -> str:
        """Text of a cell that must not be empty."""
        text = self.text(column)
        if not text:
            self.wrong(f"{column} is empty", f"fill {column}")
        return text

    def word(self, column: str, words: type[_Word]) -> _Word | None:
        """One of the words of an enumeration; None when empty or wrong."""
        text = self.text(column)
        if not text:
            return None
        known = {normal(one.value): one for one in words}
        plain = normal(text)
        found = known.get(plain) or known.get(_ALIASES.get(plain, ""))
        if found is None:
            self.wrong(f"{column} {text!r} is unknown{near(text, words)}", allowed(words))
        return found

    def yes_no(self, column: str) -> bool | None:
        """Yes or no; None when empty or wrong."""
        text = self.text(column).lower()
        if text in {"yes", "y", "true", "1"}:
            return True
        if text in {"no", "n", "false", "0"}:
            return False
        if text:
            self.wrong(f"{column} {text!r} is neither yes nor no", "allowed: yes, no")
        return None

    def length(self, column: str) -> Fraction | None:
        """Millimetres above 0, exactly as written; None when empty or wrong."""
        value = self.number(column)
        if value is None:
            return None
        if value == 0:
            fix = "write state absent for a lesion that is gone, with an empty diameter"
            self.wrong(f"{column} is 0", fix)
            return None
        if value > LARGEST_MM:
            self.wrong(f"{column} {self.text(column)} is no length in mm", "write millimetres")
            return None
        return value

    def number(self, column: str) -> Fraction | None:
        """Return a number of at least 0 without a unit; None when empty or wrong."""
        text = self.text(column)
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            fix = "write a number without a unit and with a decimal point, at least 0"
            self.wrong(f"{column} {text!r} is no such number", fix)
            return None
        return Fraction(text)

    def moment(self) -> date | int | None:
        """Date (ISO 8601) or day; None when wrong."""
        text, day = self.text("date"), self.text("day")
        if text:
            try:
                return date.fromisoformat(text)
            except ValueError:
                self.wrong(f"date {text!r} is no date", "write it as YYYY-MM-DD")
                return None
        if day and _DAY.fullmatch(day):
            return int(float(day))
        self.wrong(
            f"day {day!r} is no whole number" if day else "there is no date and no day",
            "write a date as YYYY-MM-DD, or a whole number of days",
        )
        return None


def normal(text: str) -> str:
    """Word in lower case, with single spaces for hyphens and underscores."""
    return " ".join(text.lower().replace("-", " ").replace("_", " ").split())


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a lesion table, cell by cell; what it leaves empty is filled from the baseline."""

    cells: Cells
    patient: str
    label: str
    when: date | int
    lesion: str
    organ: str
    kind: Kind | None
    node: bool | None
    state: State | None
    longest_mm: Fraction | None
    short_mm: Fraction | None
    slice_mm: Fraction | None
    method: Method | None
    soft_tissue: bool | None
    belongs_to: str
    component: Component | None
    uptake: Uptake | None
    tracer: Tracer | None
    proof: Proof | None

    @property
    def has_diameter(self) -> bool:
        """Whether a diameter is given."""
        return self.longest_mm is not None or self.short_mm is not None


def read_entry(cells: Cells) -> Entry | None:
    """Read one row; None (with problems kept) when it cannot stand for a lesion."""
    before = len(cells.problems)
    patient, lesion = cells.needed("patient"), cells.needed("lesion")
    when = cells.moment()
    label = cells.text("time_point") or (str(when) if when is not None else "")
    entry = Entry(
        cells,
        patient,
        label,
        when if when is not None else 0,
        lesion,
        cells.text("organ"),
        cells.word("kind", Kind),
        cells.yes_no("node"),
        cells.word("state", State),
        cells.length("longest_mm"),
        cells.length("short_mm"),
        cells.length("slice_thickness_mm"),
        cells.word("method", Method),
        cells.yes_no("soft_tissue"),
        cells.text("belongs_to"),
        cells.word("component", Component),
        cells.word("uptake", Uptake),
        cells.word("tracer", Tracer),
        cells.word("proof", Proof),
    )
    _check_diameters(entry)
    return entry if len(cells.problems) == before else None


def _check_diameters(entry: Entry) -> None:
    longest, short = entry.longest_mm, entry.short_mm
    if longest is not None and short is not None and short > longest:
        fix = "the short axis is at most the longest diameter: check whether they are swapped"
        entry.cells.wrong(f"short_mm {float(short):g} above longest_mm {float(longest):g}", fix)
    if entry.has_diameter and entry.state in {
        State.ABSENT, State.NOT_ASSESSABLE, State.MERGED, State.SPLIT,
    }:  # fmt: skip
        fix = "leave the diameters empty, or write state measured"
        entry.cells.wrong(f"a diameter beside state {entry.state}", fix)
