"""One row a patient: totals by phase as columns, ready to be joined with outcomes."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from quant.domain.text import plain
from quant.report.columns import Cell, ColumnType
from quant.scoring.analysis.relative import RelativeScore
from quant.scoring.readings.order import by_patient
from quant.scoring.readings.segments import System
from quant.scoring.readings.totals import Reading

NAME = "patients"

PARTS = (
    ("", "total", ColumnType.INTEGER),
    ("_reachable", "highest sum that the segments assessed allow", ColumnType.INTEGER),
    ("_relative", "score / score at the baseline", ColumnType.NUMBER),
)


def write_patients(
    out: Path, readings: Iterable[Reading], relative: Iterable[RelativeScore]
) -> int:
    """Write ``patients.csv`` and ``patients.parquet``; return the number of rows.

    A column is named after system, phase, modality, nuclide and reader, such as
    ``curie_diagnosis_planar_i_123_a``. A cell is empty where the patient has no such reading, and
    where the phase has several time points (their values stand in ``scores.csv``; the column
    ``several`` names the columns left empty so).
    """
    from quant.report.tables import as_csv, write_parquet
    from quant.report.writing import write_text

    columns, rows = patient_table(readings, relative)
    write_text(out / f"{NAME}.csv", as_csv([name for name, *_ in columns], rows))
    write_parquet(out / f"{NAME}.parquet", columns, rows)
    return len(rows)


def patient_table(
    readings: Iterable[Reading], relative: Iterable[RelativeScore]
) -> tuple[list[tuple[str, str, ColumnType, str]], list[tuple[Cell, ...]]]:
    """Return columns (name, unit, type, description) and rows of the table."""
    known = list(readings)
    related = {(one.reading.key, one.reading.system): one.value for one in relative}
    stems = _stems(known)
    columns = [("patient", "", ColumnType.TEXT, "pseudonym as in the input")]
    columns += [
        (f"{stem}{ending}", "1", kind, f"{words}: {what}")
        for stem, words in sorted(set(stems.values()))
        for ending, what, kind in PARTS
    ]
    columns.append(("several", "", ColumnType.TEXT, "columns with several time points, by ;"))
    rows = []
    for patient, group in by_patient(known).items():
        cells: dict[str, list[tuple[Cell, ...]]] = defaultdict(list)
        for one in group:
            total = one.total
            values = total.total, total.reachable, related.get((one.key, one.system))
            cells[stems[_what(one)][0]].append(values)
        single: dict[str, Cell] = {
            f"{stem}{ending}": value
            for stem, found in cells.items()
            if len(found) == 1
            for (ending, *_), value in zip(PARTS, found[0], strict=True)
        }
        several = ";".join(sorted(stem for stem, found in cells.items() if len(found) > 1))
        single |= {"patient": patient, "several": several}
        rows.append(tuple(single.get(name) for name, *_ in columns))
    return columns, rows


def _what(one: Reading) -> tuple[System, str, str, str, str]:
    key = one.key
    return one.system, str(key.phase), str(key.modality), key.nuclide, key.reader


def _stems(readings: list[Reading]) -> dict[tuple[System, str, str, str, str], tuple[str, str]]:
    """Name of the columns of each kind of reading, told apart by a number where names collide."""
    stems: dict[tuple[System, str, str, str, str], tuple[str, str]] = {}
    taken: set[str] = set()
    for what in sorted({_what(one) for one in readings}):
        stem = "_".join(_slug(part) for part in what)
        number = 2
        name = stem
        while any(f"{name}{ending}" in taken for ending, *_ in PARTS):
            name, number = f"{stem}_{number}", number + 1
        taken |= {f"{name}{ending}" for ending, *_ in PARTS}
        stems[what] = (name, ", ".join(map(plain, what)))
    return stems


def _slug(text: str) -> str:
    return "_".join(
        "".join(c if c.isascii() and c.isalnum() else " " for c in text.lower()).split()
    )
