"""A disease table (MIBG or FDG of bone, marrow), read and checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from quant.scoring.response.lesions.cells import Cells
from quant.scoring.response.lesions.table import (
    header_problems,
    order_visits,
    with_aliases,
)
from quant.scoring.tables.sheet import Problem, Sheet, read_sheet, refuse

REQUIRED = ("patient", "time_point")
OPTIONAL = (
    "bone_method", "bone_modality", "bone_score", "bone_state", "marrow_percent", "marrow_state",
    "primary_state", "soft_state", "note",
)  # fmt: skip
ALIASES = {"timepoint": "time_point", "time": "time_point"}


class BoneMethod(StrEnum):
    """What a bone score counts."""

    CURIE = "curie"
    SIOPEN = "siopen"
    FDG = "fdg"
    """Number of FDG-avid bone lesions of an MIBG-non-avid tumour."""


class BoneModality(StrEnum):
    """What the bones were looked at with: that of a reader's score, or PET; never a projection."""

    PLANAR = "planar"
    SPECT_CT = "SPECT/CT"
    COMBINED = "combined"
    PET = "PET"


class Involvement(StrEnum):
    """State of a part of the disease that is not given as a number."""

    NOT_INVOLVED = "not involved"
    NOT_ASSESSABLE = "not assessable"


HIGHEST: Mapping[BoneMethod, int] = {BoneMethod.CURIE: 27, BoneMethod.SIOPEN: 72}
"""Highest score of the bones by each method: Curie's soft tissue is not among them."""


@dataclass(frozen=True, slots=True)
class Disease:
    """One row of a disease table: one patient at one time point.

    Parameters
    ----------
    row : int
    method : BoneMethod or None
    modality : BoneModality or None
    bone_score : Fraction or None
        MIBG score of the bones, or number of FDG-avid bone lesions.
    bone_state, marrow_state, primary_state, soft_state : Involvement or None
    marrow_percent : Fraction or None
        Tumour infiltration, percent: the highest of all samples.
    """

    row: int
    method: BoneMethod | None = None
    modality: BoneModality | None = None
    bone_score: Fraction | None = None
    bone_state: Involvement | None = None
    marrow_percent: Fraction | None = None
    marrow_state: Involvement | None = None
    primary_state: Involvement | None = None
    soft_state: Involvement | None = None


@dataclass(frozen=True, slots=True)
class DiseaseEntry:
    """A checked row with its place in the table."""

    cells: Cells
    patient: str
    label: str
    when: date | int
    disease: Disease


@dataclass(frozen=True, slots=True)
class DiseaseHistory:
    """All rows of one patient."""

    patient: str
    entries: tuple[DiseaseEntry, ...]


def read_disease(path: Path) -> tuple[DiseaseHistory, ...]:
    """Read a disease table (CSV or JSON): one row for each patient and time point.

    Parameters
    ----------
    path : Path
        Columns ``patient``, ``time_point``, ``date`` or ``day``, and any of ``bone_method``
        (curie, siopen, fdg), ``bone_modality``, ``bone_score``, ``bone_state``,
        ``marrow_percent``, ``marrow_state``, ``primary_state``, ``soft_state``, ``note``.

    Raises
    ------
    UsageError
        ``SCORE_TABLE_INVALID``, listing every wrong row with what is allowed.
    """
    return disease_of(read_sheet(path))


def disease_of(sheet: Sheet) -> tuple[DiseaseHistory, ...]:
    """Check a disease table; see :func:`read_disease`."""
    sheet = with_aliases(sheet, ALIASES)
    problems = [*sheet.problems, *header_problems(sheet, REQUIRED, OPTIONAL)]
    if any(not one.row for one in problems):
        raise refuse(problems)
    if not sheet.rows:
        raise refuse([Problem(0, "there are no rows", "add one for each visit", sheet.source)])
    by_patient: dict[str, list[DiseaseEntry]] = {}
    for row, cells in sheet.rows:
        entry = _entry(Cells(sheet.source, row, cells, problems))
        if entry is not None:
            by_patient.setdefault(entry.patient, []).append(entry)
    for entries in by_patient.values():
        order_visits(entries)
        _refuse_twice(entries)
    if problems:
        raise refuse(problems)
    return tuple(DiseaseHistory(key, tuple(rows)) for key, rows in by_patient.items())


def _entry(cells: Cells) -> DiseaseEntry | None:
    before = len(cells.problems)
    patient, when = cells.needed("patient"), cells.moment()
    label = cells.text("time_point") or (str(when) if when is not None else "")
    found = Disease(
        cells.row,
        cells.word("bone_method", BoneMethod),
        cells.word("bone_modality", BoneModality),
        cells.number("bone_score"),
        cells.word("bone_state", Involvement),
        cells.number("marrow_percent"),
        cells.word("marrow_state", Involvement),
        cells.word("primary_state", Involvement),
        cells.word("soft_state", Involvement),
    )
    _check_bone(found, cells)
    if found.marrow_percent is not None and found.marrow_percent > 100:
        cells.wrong(f"marrow_percent {cells.text('marrow_percent')}", "allowed: 0 to 100")
    if found.marrow_percent is not None and found.marrow_state is not None:
        cells.wrong("marrow_percent beside marrow_state", "leave one of them empty")
    if len(cells.problems) > before:
        return None
    return DiseaseEntry(cells, patient, label, when if when is not None else 0, found)


def _check_bone(found: Disease, cells: Cells) -> None:
    score = found.bone_score
    if score is None:
        return
    if found.bone_state is not None:
        cells.wrong("bone_score beside bone_state", "leave one of them empty")
    if found.method is None:
        cells.wrong("bone_score without bone_method", "allowed: curie, siopen, fdg")
        return
    highest = HIGHEST.get(found.method)
    if score.denominator != 1 or (highest is not None and score > highest):
        range_text = f"0 to {highest}" if highest is not None else "0, 1, 2 and so on"
        fix = f"allowed for {found.method}, bones only: whole numbers, {range_text}"
        cells.wrong(f"bone_score {cells.text('bone_score')}", fix)


def _refuse_twice(entries: Sequence[DiseaseEntry]) -> None:
    first: dict[str, int] = {}
    for entry in entries:
        row = first.setdefault(entry.label, entry.cells.row)
        if row != entry.cells.row:
            found = f"a second row for time point {entry.label!r} (first: row {row})"
            entry.cells.wrong(found, "keep one of them")
