"""Cells of a table of reader scores: from text to what it means, or the problem and its fix."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from quant.scoring.readings.segments import LEVELS, Segment, System
from quant.scoring.readings.totals import Modality, Phase, ReadingKey
from quant.scoring.tables.sheet import Problem
from quant.scoring.tables.words import (
    KEY_COLUMNS,
    MODALITIES,
    STATED_PHASES,
    UNASSESSED,
    allowed,
    modality_of,
    near,
    nuclide_of,
    phase_of,
    segment_by_word,
    segment_list,
    system_of,
)

Meaning = TypeVar("Meaning")

ALLOWED: dict[str, tuple[str, ...]] = {
    "modality": tuple(map(str, dict.fromkeys(MODALITIES.values()))),
    "nuclide": ("I-123", "I-124", "I-131", "F-18"),
    "phase": tuple(map(str, STATED_PHASES)),
    "system": tuple(map(str, System)),
}
"""Words of each column, as errors list them."""

MOST_DAYS = 40000
"""A day further from day zero than a lifetime is a typing error, or a date as a number."""

_WHOLE = re.compile(r"[+-]?\d{1,6}(\.0*)?")


@dataclass(frozen=True, slots=True)
class Entry:
    """One segment's score as a row of a table states it."""

    source: str
    row: int
    key: ReadingKey
    system: System
    segment: str
    score: int | None
    in_field: float | None
    reason: str
    note: str
    day: float | None


@dataclass(slots=True)
class RowReader:
    """Cells of one row; every problem is kept, none hides another.

    Parameters
    ----------
    source : str
        Name of the file.
    row : int
        Row number.
    cells : dict
        Text by column.
    problems : list of Problem
        Shared by all rows of a table.
    """

    source: str
    row: int
    cells: dict[str, str]
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, text: str, fix: str) -> None:
        """Keep a problem of this row."""
        self.problems.append(Problem(self.row, text, fix, self.source))

    def key(self) -> ReadingKey | None:
        """Whose image, when, of what, read by whom; None when a cell is wrong."""
        empty = [name for name in KEY_COLUMNS if not self.cells.get(name)]
        if empty:
            self.wrong(f"empty: {', '.join(empty)}", "fill every one of these columns")
        modality: Modality | None = self.word("modality", modality_of)
        nuclide: str | None = self.word("nuclide", nuclide_of)
        phase: Phase | None = self.word("phase", phase_of)
        if empty or modality is None or nuclide is None or phase is None:
            return None
        patient, time, reader = (self.cells[name] for name in ("patient", "time_point", "reader"))
        return ReadingKey(patient, time, modality, nuclide, phase, reader)

    def system(self) -> System | None:
        """Scoring system of a long row."""
        if not self.cells["system"]:
            self.wrong("system is empty", allowed(System))
        found: System | None = self.word("system", system_of)
        return found

    def segment(self, system: System) -> Segment | None:
        """Segment of a long row."""
        text = self.cells["segment"]
        found = segment_by_word(system, text) if text else None
        if found is None:
            said = f"segment {text!r} is not one of {system}" if text else "segment is empty"
            self.wrong(said, f"allowed: {segment_list(system)}")
        return found

    def score(self, segment: Segment, column: str) -> int | None:
        """Score of a segment; None when not assessable, or when the cell is wrong."""
        text = self.cells[column]
        if text.lower() in UNASSESSED:
            return None
        name = f"{segment.system} {segment.key}"
        fix = f"allowed: whole numbers 0 to {segment.maximum}, or 'not assessable'"
        if not text:
            self.wrong(f"the score of {name} is empty (an empty cell is not a zero)", fix)
        elif not _WHOLE.fullmatch(text):
            self.wrong(f"the score {text!r} of {name} is not a whole number", fix)
        elif not 0 <= int(float(text)) <= segment.maximum or text.startswith("-"):
            levels = "; ".join(f"{n} {word}" for n, word in enumerate(LEVELS[segment.system]))
            self.wrong(f"the score {text} of {name} is out of range", f"{fix} ({levels})")
        else:
            return int(float(text))
        return None

    def fraction(self, column: str, segment: Segment, score: int | None) -> float | None:
        """In-field fraction of a segment; None when not stated, or when the cell is wrong."""
        text = self.cells.get(column, "")
        value = _number(text)
        if text and (value is None or not 0 <= value <= 1):
            fix = "write a fraction from 0 to 1 (80 % is 0.8), or leave it empty if not known"
            self.wrong(f"{column} {text!r} is not a fraction", fix)
            return None
        if score is not None and value == 0:
            fix = "write 'not assessable', or the fraction that was seen"
            self.wrong(f"{segment.system} {segment.key} is scored {score}, but {column} is 0", fix)
        return value

    def day(self) -> float | None:
        """Day of the image; None when not stated, or when the cell is wrong."""
        text = self.cells.get("day", "")
        value = _number(text)
        if text and (value is None or abs(value) > MOST_DAYS):
            fix = "write days as a number, counted from a day of the patient's own (no dates)"
            self.wrong(f"day {text!r} is not a number of days", fix)
            return None
        return value

    def word(self, column: str, meaning: Callable[[str], Meaning | None]) -> Meaning | None:
        """Meaning of a cell that must hold a known word; None when it is empty or wrong."""
        text = self.cells.get(column, "")
        found = meaning(text) if text else None
        if text and found is None:
            known = ALLOWED[column]
            self.wrong(f"{column} {text!r} is unknown{near(text, known)}", allowed(known))
        return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None
