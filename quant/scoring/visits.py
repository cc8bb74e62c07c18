"""Whose study is whose, and when in the treatment: a table of visits for folders of studies."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from quant.scoring.readings.totals import Modality, Phase, ReadingKey
from quant.scoring.spatial.result import READER
from quant.scoring.tables.cells import RowReader
from quant.scoring.tables.sheet import Problem, Sheet, read_sheet, refuse
from quant.scoring.tables.words import COLUMN_ALIASES, nuclide_of, phase_of

if TYPE_CHECKING:
    from quant.domain.study import StudyFiles

NOT_STATED = "not-stated"
REQUIRED = ("study_uid", "patient", "time_point", "phase")
OPTIONAL = ("nuclide", "day", "note")


@dataclass(frozen=True, slots=True)
class Visit:
    """Patient, time point and phase of one study, as a person states them."""

    row: int
    study_uid: str
    patient: str
    time: str
    phase: Phase
    nuclide: str
    day: float | None


def read_visits(path: Path) -> dict[str, Visit]:
    """Read a table of visits: ``study_uid``, ``patient``, ``time_point``, ``phase``.

    Optional: ``nuclide`` (else that of the images), ``day``, ``note``.

    Raises
    ------
    UsageError
        ``SCORE_TABLE_INVALID``, listing every wrong row with what is allowed.
    """
    sheet = read_sheet(path)
    names = {name: COLUMN_ALIASES.get(name, name) for name in sheet.header}
    problems = list(sheet.problems)
    problems += [
        Problem(1, f"there is no column {name}", "add it", sheet.source)
        for name in REQUIRED
        if name not in names.values()
    ]
    problems += [
        Problem(1, f"column {name} is unknown", f"allowed: {', '.join((*REQUIRED, *OPTIONAL))}",
                sheet.source)
        for name in names.values()
        if name not in {*REQUIRED, *OPTIONAL}
    ]  # fmt: skip
    if problems:
        raise refuse(problems)
    visits: dict[str, Visit] = {}
    slots: dict[tuple[str, str], Visit] = {}
    for one in _visits(sheet, names, problems):
        first = visits.setdefault(one.study_uid, one)
        if first is not one:
            text = f"this study stands already in row {first.row}"
            problems.append(Problem(one.row, text, "keep one row a study", sheet.source))
        first = slots.setdefault((one.patient, one.time), one)
        if first.study_uid != one.study_uid:
            text = f"row {first.row} is of another study of this patient and time point"
            problems.append(Problem(one.row, text, "name time points apart", sheet.source))
    if problems:
        raise refuse(problems)
    return visits


def require_match(visits: dict[str, Visit], studies: "Sequence[StudyFiles]", source: str) -> None:
    """Refuse visits without a study, and studies without a visit.

    Raises
    ------
    UsageError
        ``SCORE_TABLE_INVALID``.
    """
    known = {one.study_uid for one in studies}
    problems = [
        Problem(
            one.row, "INPUT holds no such study", "correct study_uid, or remove the row", source
        )
        for one in visits.values()
        if one.study_uid not in known
    ]
    problems += [
        Problem(0, f"study {uid} has no row", "add one", source)
        for uid in sorted(known - set(visits))
    ]
    if problems:
        raise refuse(problems)


def key_of(study: "StudyFiles", visit: Visit | None) -> tuple[ReadingKey, float | None]:
    """Key of a study's readings: as the visit states it, else from the study's own facts.

    Without a visit the patient is the keyed hash of the identifier (or the study, when there is
    none), the time point is the end of the study's UID, and the phase is not stated.
    """
    nuclide = (visit.nuclide if visit else "") or _nuclide(study)
    if visit is not None:
        key = (visit.patient, visit.time, Modality.SPECT_CT, nuclide, visit.phase, READER)
        return ReadingKey(*key), visit.day
    patient = study.subject_key or study.study_uid
    time = study.study_uid[-12:]
    return ReadingKey(patient, time, Modality.SPECT_CT, nuclide, Phase.NOT_STATED, READER), None


def _nuclide(study: "StudyFiles") -> str:
    """Nuclide of the emission series, when all state the same one."""
    from quant.dicom.acquisition import radionuclide

    found = {radionuclide(one.facts)[0] for one in study.by_modality("NM", "PT")} - {""}
    return found.pop() if len(found) == 1 else NOT_STATED


def _visits(sheet: Sheet, names: dict[str, str], problems: list[Problem]) -> list[Visit]:
    found = []
    for row, cells in sheet.rows:
        reader = RowReader(sheet.source, row, {names[k]: v for k, v in cells.items()}, problems)
        before = len(problems)
        phase = reader.word("phase", phase_of)
        nuclide = reader.word("nuclide", nuclide_of) or ""
        day = reader.day()
        empty = [name for name in REQUIRED if not reader.cells[name]]
        if empty:
            reader.wrong(f"empty: {', '.join(empty)}", "fill every one of these columns")
        if phase is not None and len(problems) == before:
            who = (reader.cells["study_uid"], reader.cells["patient"], reader.cells["time_point"])
            found.append(Visit(row, *who, phase, nuclide, day))
    return found
