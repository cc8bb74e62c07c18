"""Tables of reader scores: long (one row a segment) or wide (one row a reading).

The layout is told by the header alone: ``segment`` and ``score`` make it long, columns such as
``curie_head`` make it wide. A table with any problem is refused as a whole, with every problem;
no row is ever left out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from quant.scoring.readings.segments import SEGMENTS, Segment, System, total_segments
from quant.scoring.readings.totals import Reading, ReadingKey
from quant.scoring.tables.assemble import assemble
from quant.scoring.tables.cells import Entry, RowReader
from quant.scoring.tables.sheet import Problem, Sheet, read_sheet, refuse
from quant.scoring.tables.words import (
    COLUMN_ALIASES,
    KEY_COLUMNS,
    LONG_COLUMNS,
    LONG_OPTIONAL,
    OPTIONAL_COLUMNS,
    near,
)


class Missing(StrEnum):
    """What to do with a segment for which a reading has no row."""

    REFUSE = "refuse"
    NOT_ASSESSABLE = "not-assessable"


WIDE: Mapping[str, Segment] = {
    f"{system}_{word}": one
    for system, segments in SEGMENTS.items()
    for one in segments
    for word in (one.key, *([str(one.number)] if one.number else []))
}
"""Columns of the wide layout: ``curie_head`` or ``curie_1``, and so on for every segment."""

WIDE_SUFFIXES = ("_in_field", "_reason")


def is_reader_table(header: Iterable[str]) -> bool:
    """Tell a table of reader scores by its header."""
    names = {COLUMN_ALIASES.get(name, name) for name in header}
    return {"segment", "score"} <= names or bool(names & set(WIDE))


def read_scores(paths: Iterable[Path], missing: Missing = Missing.REFUSE) -> tuple[Reading, ...]:
    """Read tables of reader scores and join them.

    Parameters
    ----------
    paths : iterable of Path
        CSV or JSON files.
    missing : Missing
        Whether a segment without a row is a problem, or not assessable (and flagged).

    Returns
    -------
    tuple of Reading
        In the order of :mod:`quant.scoring.readings.order`, whatever the order of the rows.

    Raises
    ------
    UsageError
        ``SCORE_TABLE_INVALID`` with every problem of every table: file, row, what is allowed.
    """
    readings, problems = check_scores([read_sheet(path) for path in paths], missing)
    if problems:
        raise refuse(problems)
    return readings


def check_scores(
    sheets: Iterable[Sheet], missing: Missing = Missing.REFUSE
) -> tuple[tuple[Reading, ...], tuple[Problem, ...]]:
    """Turn sheets into readings, or into all their problems; one of the two is empty."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    for sheet in sheets:
        problems += sheet.problems
        entries += _entries(sheet, problems)
    readings = assemble(entries, problems, fill=missing is Missing.NOT_ASSESSABLE)
    return ((), tuple(problems)) if problems else (readings, ())


def _entries(sheet: Sheet, problems: list[Problem]) -> Iterator[Entry]:
    names = {name: COLUMN_ALIASES.get(name, name) for name in sheet.header}
    long = {"segment", "score"} <= set(names.values())
    found = _header_problems(sheet.source, list(names.values()), long=long)
    problems += found
    if found:
        return
    parse: Callable[[RowReader], Iterator[Entry]] = _long if long else _wide
    for row, cells in sheet.rows:
        yield from parse(
            RowReader(sheet.source, row, {names[k]: v for k, v in cells.items()}, problems)
        )


def _header_problems(source: str, names: list[str], *, long: bool) -> list[Problem]:
    wide = [name for name in names if name in WIDE]
    need = [*KEY_COLUMNS, *(LONG_COLUMNS if long else ())]
    known = {*need, *OPTIONAL_COLUMNS, *(LONG_OPTIONAL if long else ())}
    if not long:
        known |= {f"{name}{suffix}" for name in wide for suffix in ("", *WIDE_SUFFIXES)}
    said: list[tuple[str, str]] = []
    said += [(f"there is no column {name}", "add it") for name in need if name not in names]
    if not long and not wide:
        fix = "write columns segment and score, or one column a segment such as curie_head"
        said.append(("there are no scores", fix))
    for name in names:
        if name not in known:
            fix = "rename or remove it; text for people goes into note"
            said.append((f"column {name} is unknown{near(name, (*known, *WIDE))}", fix))
    said += [] if long else _incomplete_systems(wide)
    twice = sorted({name for name in names if names.count(name) > 1})
    said += [(f"column {name} is there under two names", "keep one") for name in twice]
    return [Problem(1, text, fix, source) for text, fix in said]


def _incomplete_systems(wide: list[str]) -> Iterator[tuple[str, str]]:
    for system in System:
        keys = [WIDE[name].key for name in wide if WIDE[name].system is system]
        if not keys:
            continue
        lacking = [one.key for one in total_segments(system) if one.key not in keys]
        if lacking:
            columns = ", ".join(f"{system}_{key}" for key in lacking)
            yield f"columns of {system} are missing: {columns}", "add them"
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            yield f"{system} {key} has two columns", "keep one"


def _long(reader: RowReader) -> Iterator[Entry]:
    key, system = reader.key(), reader.system()
    segment = reader.segment(system) if system else None
    day = reader.day()
    if segment is not None:
        yield from _entry(reader, key, day, segment, ("score", "in_field", "reason"))


def _wide(reader: RowReader) -> Iterator[Entry]:
    key, day = reader.key(), reader.day()
    read = [name for name in reader.cells if name in WIDE and _is_read(reader, WIDE[name].system)]
    if not read:
        reader.wrong("there is no score in this row", "fill the columns of one system at least")
    for name in read:
        segment = WIDE[name]
        if segment.in_total or reader.cells[name]:
            columns = (name, f"{name}_in_field", f"{name}_reason")
            yield from _entry(reader, key, day, segment, columns)


def _entry(
    reader: RowReader,
    key: ReadingKey | None,
    day: float | None,
    segment: Segment,
    columns: tuple[str, str, str],
) -> Iterator[Entry]:
    """Read a score, its in-field fraction and its reason; nothing where the key is wrong."""
    score = reader.score(segment, columns[0])
    part = reader.fraction(columns[1], segment, score)
    reason, note = reader.cells.get(columns[2], ""), reader.cells.get("note", "")
    if key is not None:
        place = (reader.source, reader.row)
        yield Entry(*place, key, segment.system, segment.key, score, part, reason, note, day)


def _is_read(reader: RowReader, system: System) -> bool:
    """Tell whether a wide row holds a reading of a system: any of its cells is filled."""
    return any(
        text
        for name, text in reader.cells.items()
        if name.removesuffix("_in_field").removesuffix("_reason") in WIDE
        and WIDE[name.removesuffix("_in_field").removesuffix("_reason")].system is system
    )
