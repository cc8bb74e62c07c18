"""A lesion table, read and checked: every row is used or refused by its number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Protocol

from quant.scoring.response.lesions.cells import Cells, Entry, normal, read_entry
from quant.scoring.response.lesions.history import (
    Kind,
    LesionHistory,
    LesionRow,
    Measured,
    State,
    Visit,
)
from quant.scoring.response.lesions.measured import measure_regions
from quant.scoring.tables.sheet import Problem, Sheet, read_sheet, refuse
from quant.scoring.tables.words import near

REQUIRED = ("patient", "time_point", "lesion", "organ", "kind", "node")
MOMENTS = ("date", "day")
OPTIONAL = (
    "state", "longest_mm", "short_mm", "slice_thickness_mm", "method", "soft_tissue",
    "belongs_to", "component", "uptake", "tracer", "proof", "note",
)  # fmt: skip
ALIASES = {"timepoint": "time_point", "time": "time_point", "lymph_node": "node"}

AT_BASELINE: Mapping[Kind, tuple[State, ...]] = {
    Kind.TARGET: (State.MEASURED,),
    Kind.NON_TARGET: (State.PRESENT, State.MEASURED, State.TOO_SMALL),
    Kind.NEW: (),
}
LATER: Mapping[Kind, tuple[State, ...]] = {
    Kind.TARGET: (
        State.MEASURED, State.ABSENT, State.TOO_SMALL, State.NOT_ASSESSABLE, State.MERGED,
        State.SPLIT,
    ),
    Kind.NON_TARGET: (
        State.PRESENT, State.MEASURED, State.TOO_SMALL, State.ABSENT, State.PROGRESSED,
        State.NOT_ASSESSABLE,
    ),
    Kind.NEW: (
        State.PRESENT, State.MEASURED, State.TOO_SMALL, State.EQUIVOCAL, State.ABSENT,
        State.NOT_ASSESSABLE,
    ),
}  # fmt: skip
"""States that a lesion of each kind may have."""


def read_lesions(path: Path) -> tuple[LesionHistory, ...]:
    """Read a lesion table (CSV or JSON): one row for each lesion and time point.

    Diameters of rows with a ``region`` are measured on it
    (:func:`~quant.scoring.response.lesions.measured.measure_regions`).

    Parameters
    ----------
    path : Path
        Columns ``patient``, ``time_point``, ``date`` (YYYY-MM-DD) or ``day``, ``lesion``,
        ``organ``, ``kind``, ``node``; further ones in ``docs/response.md``. Lengths in mm.

    Returns
    -------
    tuple of LesionHistory
        One for each patient, in the order of the table.

    Raises
    ------
    UsageError
        ``SCORE_TABLE_INVALID``, listing every wrong row with what is allowed.
    """
    sheet = with_aliases(read_sheet(path), ALIASES)
    return lesions_of(*measure_regions(sheet, path.parent))


def lesions_of(
    sheet: Sheet, measured: Mapping[int, Measured] | None = None
) -> tuple[LesionHistory, ...]:
    """Check a table and return the histories in it; see :func:`read_lesions`.

    ``measured`` says, by row, how diameters were measured on regions.
    """
    sheet = with_aliases(sheet, ALIASES)
    problems = list(sheet.problems)
    problems.extend(header_problems(sheet, REQUIRED, OPTIONAL))
    if problems and any(not one.row for one in problems):
        raise refuse(problems)
    found = [read_entry(Cells(sheet.source, row, cells, problems)) for row, cells in sheet.rows]
    entries = [one for one in found if one is not None]
    if not sheet.rows:
        problems.append(Problem(0, "there are no rows", "add one for each lesion", sheet.source))
    by_patient: dict[str, list[Entry]] = {}
    for entry in entries:
        by_patient.setdefault(entry.patient, []).append(entry)
    histories = [_history(patient, rows) for patient, rows in by_patient.items()]
    if problems:
        raise refuse(problems)
    for visit in (one for history in histories for one in (*history.earlier, *history.visits)):
        for name, row in visit.rows.items():
            visit.rows[name] = replace(row, measured=(measured or {}).get(row.row))
    return tuple(histories)


def with_aliases(sheet: Sheet, aliases: Mapping[str, str]) -> Sheet:
    """Return the sheet with other spellings of columns replaced by their names."""
    if not set(aliases) & set(sheet.header):
        return sheet
    header = tuple(aliases.get(name, name) for name in sheet.header)
    rows = tuple(
        (row, {aliases.get(name, name): cell for name, cell in cells.items()})
        for row, cells in sheet.rows
    )
    return replace(sheet, header=header, rows=rows)


def header_problems(
    sheet: Sheet, required: Sequence[str], optional: Sequence[str]
) -> list[Problem]:
    """Find columns that are missing, unknown, or both ``date`` and ``day``."""
    known = (*required, *MOMENTS, *optional)
    found: list[Problem] = []

    def wrong(text: str, fix: str) -> None:
        found.append(Problem(0, text, fix, sheet.source))

    missing = [name for name in required if name not in sheet.header]
    if missing:
        wrong(f"columns are missing: {', '.join(missing)}", "add them")
    moments = [name for name in MOMENTS if name in sheet.header]
    if len(moments) != 1:
        wrong(f"{len(moments)} of the columns date and day", "have exactly one of the two")
    for name in sheet.header:
        if name not in known:
            wrong(f"column {name!r} is unknown{near(name, known)}", f"allowed: {', '.join(known)}")
    if len(set(sheet.header)) != len(sheet.header):
        wrong("a column stands twice", "keep one of them")
    return found


class _Dated(Protocol):
    """A checked row of any table, with its time point."""

    @property
    def cells(self) -> Cells: ...
    @property
    def label(self) -> str: ...
    @property
    def when(self) -> date | int: ...


def order_visits(entries: Iterable[_Dated]) -> tuple[list[str], dict[str, date | int]]:
    """Order time points by date; a label with two dates, or a date with two, is a problem."""
    when: dict[str, date | int] = {}
    labels: dict[date | int, str] = {}
    for entry in entries:
        known = when.setdefault(entry.label, entry.when)
        if known != entry.when:
            fix = "give all rows of one time point one date (that of its first scan)"
            entry.cells.wrong(f"time point {entry.label!r} has two dates", fix)
        elif labels.setdefault(entry.when, entry.label) != entry.label:
            other = labels[entry.when]
            found = f"time points {other!r} and {entry.label!r} have one date"
            entry.cells.wrong(found, "give them one label, or each its own date")
    return sorted(when, key=lambda label: as_number(when[label])), when


def as_number(when: date | int) -> int:
    """Return a date as a count of days; a day as it is."""
    return when.toordinal() if isinstance(when, date) else when


def baseline_place(labels: Sequence[str]) -> int:
    """Position of the time point called baseline; the first one when none is."""
    named = [place for place, label in enumerate(labels) if normal(label) == "baseline"]
    return named[0] if named else 0


def _history(patient: str, entries: list[Entry]) -> LesionHistory:
    labels, when = order_visits(entries)
    start = baseline_place(labels)
    first = {entry.lesion: entry for entry in entries if entry.label == labels[start]}
    known = dict(first)
    for entry in sorted(entries, key=lambda one: (labels.index(one.label), one.cells.row)):
        if labels.index(entry.label) > start:
            known.setdefault(entry.lesion, entry)
    zero = as_number(when[labels[start]])
    visits = {label: Visit(label, as_number(when[label]) - zero, when[label]) for label in labels}
    for entry in entries:
        rows = visits[entry.label].rows
        if entry.lesion in rows:
            found = f"a second row for lesion {entry.lesion!r} at {entry.label!r}"
            entry.cells.wrong(f"{found} (first: row {rows[entry.lesion].row})", "keep one of them")
            continue
        place = labels.index(entry.label) - start
        row = _filled(entry, known.get(entry.lesion, entry), place)
        if row is not None:
            rows[entry.lesion] = row
    ordered = [visits[label] for label in labels]
    history = LesionHistory(patient, tuple(ordered[start:]), tuple(ordered[:start]))
    _check_relations(history, {entry.cells.row: entry for entry in entries}, set(first))
    return history


def _filled(entry: Entry, model: Entry, place: int) -> LesionRow | None:
    """Fill what a follow-up row leaves empty from the lesion's first row, and check the row."""
    cells, before = entry.cells, len(entry.cells.problems)
    kind, node = entry.kind or model.kind, entry.node if entry.node is not None else model.node
    organ, component = entry.organ or model.organ, entry.component or model.component
    for name, mine, first in (
        ("kind", entry.kind, model.kind), ("node", entry.node, model.node),
        ("organ", normal(entry.organ), normal(model.organ)),
        ("component", entry.component, model.component),
    ):  # fmt: skip
        if mine not in {None, ""} and first not in {None, ""} and mine != first:
            fix = f"a lesion keeps its {name} over time; or give it another name"
            cells.wrong(f"{name} differs from row {model.cells.row}", fix)
    if kind is None:
        cells.wrong("kind is empty", "allowed: target, non-target, new")
    if node is None:
        cells.wrong("node is empty", "allowed: yes, no")
    if not organ:
        cells.wrong("organ is empty", "fill organ")
    state = entry.state or (State.MEASURED if entry.has_diameter else None)
    if kind is None or node is None or len(cells.problems) > before:
        return None
    row = LesionRow(
        cells.row, entry.lesion, organ, kind, node, state or State.NOT_ASSESSABLE,
        entry.longest_mm, entry.short_mm, entry.slice_mm, entry.method,
        entry.soft_tissue if entry.soft_tissue is not None else model.soft_tissue,
        entry.belongs_to, component, entry.uptake, entry.tracer, entry.proof,
    )  # fmt: skip
    _check_state(row, cells, place, stated=state is not None)
    return row


def _check_state(row: LesionRow, cells: Cells, place: int, *, stated: bool) -> None:
    """Refuse a state that the kind cannot have at this time, or a missing diameter."""
    states = AT_BASELINE[row.kind] if place == 0 else LATER[row.kind]
    listed = "allowed: " + ", ".join(states)
    if place == 0 and row.kind is Kind.NEW:
        cells.wrong("a new lesion at baseline", "allowed at baseline: target, non-target")
    elif not stated:
        cells.wrong("neither a state nor a diameter", listed + " (measured needs a diameter)")
    elif row.state not in states:
        at = "at baseline" if place == 0 else "after baseline"
        cells.wrong(f"state {row.state} for a {row.kind} lesion {at}", listed)
    elif row.state is State.MEASURED and row.diameter_mm is None:
        name = "short_mm" if row.node else "longest_mm"
        what = "lymph node" if row.node else "lesion"
        cells.wrong(f"a measured {what} without {name}", f"fill {name}, or choose another state")
    if row.state is State.MERGED and not row.belongs_to:
        cells.wrong("state merged, but belongs_to is empty", "name the lesion that it merged into")


def _check_relations(
    history: LesionHistory, entries: Mapping[int, Entry], at_baseline: set[str]
) -> None:
    """Refuse lesions from nowhere, and merged or split lesions without a partner."""
    for visit in history.visits:
        for row in visit.rows.values():
            cells = entries[row.row].cells
            if row.belongs_to:
                _check_partner(row, visit, cells, history)
            elif row.lesion not in at_baseline and row.kind is not Kind.NEW:
                fix = "a lesion first seen after baseline has kind new, or belongs_to its parent"
                cells.wrong(f"{row.kind} lesion {row.lesion!r} is not there at baseline", fix)


def _check_partner(row: LesionRow, visit: Visit, cells: Cells, history: LesionHistory) -> None:
    partner = history.baseline.rows.get(row.belongs_to)
    targets = [one.lesion for one in history.of_kind(Kind.TARGET) if one.lesion != row.lesion]
    if partner is None or partner.kind is not Kind.TARGET or row.lesion == row.belongs_to:
        listed = "allowed: " + (", ".join(targets) or "no other target lesion there")
        cells.wrong(f"belongs_to {row.belongs_to!r} is no other target lesion at baseline", listed)
    elif row.kind is not Kind.TARGET:
        cells.wrong(f"a {row.kind} lesion with belongs_to", "only targets merge or split here")
    elif visit is history.baseline:
        cells.wrong("belongs_to at baseline", "leave it empty: lesions merge or split later")
    elif row.state is State.MERGED:
        host = visit.rows.get(row.belongs_to)
        if host is not None and host.state is State.MERGED:
            cells.wrong("merged into a lesion that has merged itself", "name the one measured")
