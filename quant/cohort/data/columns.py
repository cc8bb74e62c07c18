"""Columns of a table, checked: numbers, events, groups, complete rows; and flags on frames."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.domain.flags import CODES
from quant.domain.text import plain
from quant.errors import CohortError, UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

TRUE, FALSE = {"1", "true", "1.0"}, {"0", "false", "0.0"}
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+").fullmatch
SHOWN_ROWS = 10
"""How many rows a message lists before it says how many more there are."""


class Notes:
    """Codes and sentences gathered while an estimate is made.

    ``codes`` keeps the order of appearance without repeats; ``sentences`` holds, for each note,
    the code, what the registry says of it, and what was found.
    """

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.sentences: list[str] = []

    def add(self, code: str, detail: str = "") -> None:
        """Note a registered code; an unknown one is a mistake of ours (KeyError)."""
        sentence = f"{code}: {CODES[code].sentence}" + (
            f" Found: {plain(detail)}" if detail else ""
        )
        if code not in self.codes:
            self.codes.append(code)
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def take(self, other: "Notes") -> None:
        """Add the codes and sentences of another."""
        self.codes += [code for code in other.codes if code not in self.codes]
        self.sentences += [note for note in other.sentences if note not in self.sentences]

    def on(self, frame: "pd.DataFrame", **stamp: object) -> "pd.DataFrame":
        """Put codes, sentences and ``stamp`` (method, n, ...) on a frame's ``attrs``.

        Values must be such as JSON holds: pandas writes ``attrs`` into Parquet files.
        """
        frame.attrs.update(stamp)
        frame.attrs["flags"] = list(self.codes)
        frame.attrs["notes"] = list(self.sentences)
        return frame


def require_columns(frame: "pd.DataFrame", names: Sequence[str]) -> None:
    """Raise a UsageError (COLUMN_MISSING) when a named column is not in the frame."""
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise UsageError(
            "COLUMN_MISSING",
            "A column is not in the table.",
            found=", ".join(str(name) for name in frame.columns),
            needed=", ".join(str(name) for name in absent),
            next_step="name a column of the table",
        )
    twice = [name for name in names if list(frame.columns).count(name) > 1]
    if twice:
        raise UsageError(
            "USAGE",
            "A column stands twice in the table.",
            found=", ".join(twice),
            needed="one column of that name",
            next_step="rename one of them",
        )


def numbers(frame: "pd.DataFrame", name: str) -> "NDArray[np.float64]":
    """Return a column as float64; missing cells are NaN.

    Raises
    ------
    CohortError
        COLUMN_NOT_NUMERIC, when a cell is text that is no number, or infinite.
    """
    import pandas as pd

    require_columns(frame, [name])
    column = frame[name]
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = (np.isnan(values) & ~blank_cells(column)) | np.isinf(values)
    if wrong.any():
        raise CohortError(
            "COLUMN_NOT_NUMERIC",
            f"Column {plain(name)} holds cells that are no finite numbers.",
            found=rows_text(frame, wrong),
            needed="numbers or empty cells",
            next_step="write decimals with a point"
            if decimal_commas(column)
            else "correct the cells, or code the categories",
        )
    return values


def events(frame: "pd.DataFrame", name: str) -> "NDArray[np.float64]":
    """Return an event column as 0.0 and 1.0; missing cells are NaN.

    Accepted are 0, 1, true and false, as numbers, booleans or text in any case. A column that
    codes 1 and 2 without any 0 is refused as a whole: its 1 means "not seen".

    Raises
    ------
    CohortError
        EVENT_NOT_BINARY, naming the rows.
    """
    require_columns(frame, [name])
    values, wrong = parse_events(frame[name])
    if wrong.any():
        raise CohortError(
            "EVENT_NOT_BINARY",
            f"Column {plain(name)} holds cells that are no event status.",
            found=rows_text(frame, wrong),
            needed="0, 1, true or false",
            next_step="recode the column: 1 where the event was seen, 0 where it was not",
        )
    return values


def parse_events(column: "pd.Series") -> "tuple[NDArray[np.float64], NDArray[np.bool_]]":
    """Parse event cells: values (NaN where missing or unreadable) and where unreadable."""
    import pandas as pd

    blank = column.isna().to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = ~blank & (values != 0.0) & (values != 1.0)
        if (values == 2.0).any() and not (values == 0.0).any():
            wrong = ~blank
        return np.where(wrong, np.nan, values), wrong
    values, wrong = np.full(len(column), np.nan), np.zeros(len(column), dtype=bool)
    for row, cell in enumerate(column):
        text = str(cell).strip().lower()
        if blank[row] or not text:
            continue
        if text in TRUE:
            values[row] = 1.0
        elif text in FALSE:
            values[row] = 0.0
        else:
            wrong[row] = True
    twos = {str(cell).strip() for cell in column} & {"2", "2.0"}
    if twos and not (values == 0.0).any():
        values[:], wrong = np.nan, wrong | ~blank_cells(column)
    return values, wrong


def blank_cells(column: "pd.Series") -> "NDArray[np.bool_]":
    """Tell which cells are missing: none, NaN, or text of blanks."""
    import pandas as pd

    blank = column.isna().to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return blank
    empty = [isinstance(cell, str) and not cell.strip() for cell in column]
    return np.asarray(blank | np.array(empty, dtype=bool), dtype=bool)


def decimal_commas(column: "pd.Series") -> bool:
    """Tell whether a column of text holds numbers written with a decimal comma."""
    cells = [cell.strip() for cell in column if isinstance(cell, str) and cell.strip()]
    return any(DECIMAL_COMMA(cell) for cell in cells) and all(
        DECIMAL_COMMA(cell) or cell.lstrip("+-").isdigit() for cell in cells
    )


def as_categories(frame: "pd.DataFrame", names: Sequence[str]) -> "pd.DataFrame":
    """Return the table with some columns as named categories: numbers first, then text."""
    import pandas as pd

    table = frame.copy()
    for name in names:
        column = table[name]
        labels = [None if gone else group_label(cell).strip() for cell, gone in
                  zip(column, blank_cells(column), strict=True)]  # fmt: skip
        levels = sorted({label for label in labels if label is not None}, key=_natural)
        table[name] = pd.Categorical(labels, categories=levels)
    return table


def _natural(label: str) -> list[tuple[int, float, str]]:
    """Order by numbers as numbers: 2 before 10, 4 before 4S."""
    parts = re.split(r"([0-9]+(?:\.[0-9]+)?)", label)
    return [(0, float(part), "") if at % 2 else (1, 0.0, part) for at, part in enumerate(parts)]


def rows_text(frame: "pd.DataFrame", wrong: "NDArray[np.bool_]") -> str:
    """Name rows by position (first row = 1), the first ten and how many more."""
    where = (np.flatnonzero(wrong) + 1).tolist()
    shown = ", ".join(str(row) for row in where[:SHOWN_ROWS])
    more = f" and {len(where) - SHOWN_ROWS} more" if len(where) > SHOWN_ROWS else ""
    return f"row {shown}{more} of {len(frame)}"


def complete_rows(frame: "pd.DataFrame", names: Sequence[str], notes: Notes) -> "NDArray[np.bool_]":
    """Tell which rows have every named cell; note how many do not (ROWS_LEFT_OUT)."""
    require_columns(frame, names)
    there = np.ones(len(frame), dtype=bool)
    for name in names:
        there &= ~blank_cells(frame[name])
    if not there.all():
        notes.add("ROWS_LEFT_OUT", f"{int((~there).sum())}: {rows_text(frame, ~there)}")
    if not there.any():
        notes.add("NO_ROWS", f"{len(frame)} rows in the table")
    return there


def group_rows(
    frame: "pd.DataFrame", by: str | Sequence[str] | None
) -> "list[tuple[str, NDArray[np.bool_]]]":
    """Split rows into groups: label and mask, ordered by value (numbers as numbers).

    ``by=None`` is one group ``all``. Rows whose group cell is missing belong to no group.
    Several columns make labels like ``a=1, b=x``.
    """
    if by is None:
        return [("all", np.ones(len(frame), dtype=bool))]
    names = [by] if isinstance(by, str) else list(by)
    require_columns(frame, names)
    ranks = frame.groupby(names, sort=True, observed=True, dropna=True).ngroup()
    codes = ranks.fillna(-1).to_numpy(dtype=np.int64)
    found = []
    for code in range(int(codes.max(initial=-1)) + 1):
        mask = codes == code
        first = frame[names].iloc[int(np.flatnonzero(mask)[0])]
        label = (
            group_label(first[names[0]])
            if len(names) == 1
            else ", ".join(f"{name}={group_label(first[name])}" for name in names)
        )
        found.append((label, mask))
    return found


def group_label(value: object) -> str:
    """Write a group's value: 1.0 as 1, True as True, text without control characters."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return plain(str(value))


def as_list(names: str | Sequence[str]) -> list[str]:
    """Take one name or several."""
    return [names] if isinstance(names, str) else list(names)


def by_names(by: str | Sequence[str] | None) -> list[str]:
    """Return the grouping columns as a list; without grouping it is empty."""
    return [] if by is None else as_list(by)
