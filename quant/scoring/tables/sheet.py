"""A table from a CSV or JSON file as text cells, each row with the number that a person sees."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from quant.domain.text import plain
from quant.errors import UsageError

DELIMITERS = (",", ";", "\t")
LONGEST_LIST = 200
"""Problems printed at most; the count of all is always said."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one row, and the fix.

    Parameters
    ----------
    row : int
        Row as a spreadsheet counts it: the header is row 1. Of JSON: the entry, from 1. 0: the
        whole file.
    text : str
        What was found.
    fix : str
        What is allowed, or what to write.
    source : str
        Name of the file.
    """

    row: int
    text: str
    fix: str
    source: str = ""

    def __str__(self) -> str:
        """One line for people."""
        where = f"row {self.row}: " if self.row else ""
        return f"{self.source}{' ' if self.source else ''}{where}{self.text}; {self.fix}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Header and rows of a table; every cell is text.

    Parameters
    ----------
    source : str
        Name of the file, without its folder.
    header : tuple of str
        Canonical names: lower case, spaces and hyphens as underscores.
    rows : tuple of (int, dict)
        Row number and cells by column; a cell that is absent is ``""``.
    problems : tuple of Problem
        Rows whose cells do not fit the header.
    """

    source: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    problems: tuple[Problem, ...] = ()


def refuse(problems: list[Problem] | tuple[Problem, ...]) -> UsageError:
    """Make one error of all problems, ordered by file and row."""
    ordered = sorted(set(problems), key=lambda one: (one.source, one.row, one.text))
    lines = [str(one) for one in ordered[:LONGEST_LIST]]
    if len(ordered) > LONGEST_LIST:
        lines.append(f"and {len(ordered) - LONGEST_LIST} further problems")
    count = f"{len(ordered)} problem" + ("s" if len(ordered) > 1 else "")
    return UsageError(
        "SCORE_TABLE_INVALID",
        f"The table is refused as a whole: {count}, nothing was scored.",
        found="\n  " + "\n  ".join(lines),
        needed="a table as docs/scoring.md shows it",
        next_step="correct the named rows and run again",
    )


def column_name(text: str) -> str:
    """Canonical name of a column: lower case, spaces and hyphens as underscores."""
    return "_".join(plain(text).lower().replace("-", " ").replace("_", " ").split())


def read_sheet(path: Path, source: str = "") -> Sheet:
    """Read a table: CSV (comma, semicolon or tab, UTF-8) or JSON (a list of objects).

    Parameters
    ----------
    path : Path
    source : str
        Name of the table in messages; the file's name unless given.

    Raises
    ------
    UsageError
        ``SCORE_TABLE_INVALID`` if the file is no such table at all; problems of single rows are
        kept in the sheet.
    """
    name = source or path.name
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"it is not UTF-8 (byte {error.start})"
        raise refuse([Problem(0, found, "save it as UTF-8", name)]) from error
    return _from_json(name, text) if path.suffix.lower() == ".json" else _from_csv(name, text)


def _from_csv(source: str, text: str) -> Sheet:
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    stream = io.StringIO(text, newline="")
    try:
        lines = list(csv.reader(stream, delimiter=delimiter, strict=True))
    except csv.Error as error:
        fix = "write it as CSV: quotes closed, cells of ordinary length"
        raise refuse([Problem(0, f"it cannot be read as CSV ({error})", fix, source)]) from error
    if not lines or not any(cell.strip() for cell in lines[0]):
        raise refuse([Problem(1, "there is no header", "name the columns in row 1", source)])
    header = _header([plain(cell) for cell in lines[0]], source)
    rows, problems = [], []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            found = f"{len(cells)} cells for {len(header)} columns"
            problems.append(Problem(number, found, "write one cell for each column", source))
            continue
        rows.append((number, dict(zip(header, map(plain, cells), strict=True))))
    return Sheet(source, header, tuple(rows), tuple(problems))


def _header(names: list[str], source: str) -> tuple[str, ...]:
    header = tuple(column_name(name) for name in names)
    twice = sorted({name for name in header if header.count(name) > 1})
    if "" in header:
        found = f"column {header.index('') + 1} has no name"
        raise refuse([Problem(1, found, "name every column", source)])
    if twice:
        found = f"columns that stand twice: {', '.join(twice)}"
        raise refuse([Problem(1, found, "name each column once", source)])
    return header


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [column_name(name) for name, _ in pairs]
    if len(set(names)) != len(names):
        message = f"a name stands twice in one entry: {', '.join(names)}"
        raise ValueError(message)
    return dict(zip(names, (value for _, value in pairs), strict=True))


def _from_json(source: str, text: str) -> Sheet:
    fix = "write a list of objects, one for each row, with text, numbers or null as values"
    try:
        data = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        found = f"it cannot be read as JSON ({error})"
        raise refuse([Problem(0, found, fix, source)]) from error
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        raise refuse([Problem(0, "it is not a list of objects", fix, source)])
    header = tuple(dict.fromkeys(name for entry in data for name in entry))
    rows, problems = [], []
    for number, entry in enumerate(data, start=1):
        nested = [name for name, value in entry.items() if isinstance(value, dict | list | bool)]
        if nested:
            found = f"no plain value in {', '.join(nested)}"
            problems.append(Problem(number, found, "write text, a number or null", source))
            continue
        cells = {name: _cell(entry.get(name)) for name in header}
        rows.append((number, cells))
    return Sheet(source, header, tuple(rows), tuple(problems))


def _cell(value: object) -> str:
    return "" if value is None else plain(str(value))
