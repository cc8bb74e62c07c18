"""Response of patients: from tables of lesions and of disease to answers with their derivation.

>>> report = respond(Path("lesions.csv"), disease=Path("disease.csv"))  # doctest: +SKIP
>>> report.write(Path("out"))  # doctest: +SKIP
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from quant.scoring.response.answers import RECIST_1_1, RecistSettings
from quant.scoring.response.inrc.answer import evidence_of as inrc_evidence
from quant.scoring.response.inrc.answer import inrc_best_row, inrc_rows, inrg_rows
from quant.scoring.response.inrc.disease_table import read_disease
from quant.scoring.response.inrc.joining import join_histories
from quant.scoring.response.inrc.time_points import InrcAnswer, answer_inrc
from quant.scoring.response.lesions.history import LesionHistory
from quant.scoring.response.lesions.table import REQUIRED, read_lesions
from quant.scoring.response.recist.answer import (
    Cell,
    RecistAnswer,
    answer_recist,
    best_row,
    time_point_rows,
)
from quant.scoring.response.recist.answer import evidence_of as recist_evidence
from quant.scoring.response.recist.baseline import baseline_problems
from quant.scoring.tables.sheet import refuse


@dataclass(frozen=True, slots=True)
class ResponseReport:
    """Answers for all patients of a table.

    Parameters
    ----------
    recist : tuple of RecistAnswer
        One for each patient of the lesion table.
    inrc : tuple of InrcAnswer
        One for each patient of the disease table.
    """

    recist: tuple[RecistAnswer, ...]
    inrc: tuple[InrcAnswer, ...] = ()

    def tables(self) -> dict[str, list[dict[str, Cell]]]:
        """Tidy tables by name: ``recist`` and ``inrc`` by time point, others by patient.

        Every row of a table has the same columns; ``None`` is an empty cell.
        """
        found: dict[str, list[dict[str, Cell]]] = {}
        if self.recist:
            found["recist"] = [row for one in self.recist for row in time_point_rows(one)]
            found["recist_best"] = [best_row(one) for one in self.recist]
        if self.inrc:
            found["inrc"] = [row for one in self.inrc for row in inrc_rows(one)]
            found["inrc_best"] = [inrc_best_row(one) for one in self.inrc]
            found["inrc_inrg"] = [row for one in self.inrc for row in inrg_rows(one)]
        return {name: _squared(rows) for name, rows in found.items()}

    def evidence(self) -> dict[str, object]:
        """Every answer with its derivation, as JSON holds it."""
        found: dict[str, object] = {"recist": [recist_evidence(one) for one in self.recist]}
        if self.inrc:
            found["inrc"] = [inrc_evidence(one) for one in self.inrc]
        return found

    def write(self, out: Path) -> tuple[Path, ...]:
        """Write each table as CSV and the evidence as ``response.json``; return the files."""
        from quant.report.tables import as_csv
        from quant.report.writing import write_text

        files = []
        for name, rows in self.tables().items():
            header = list(rows[0]) if rows else []
            cells = [tuple(row.values()) for row in rows]
            write_text(out / f"{name}.csv", as_csv(header, cells))
            files.append(out / f"{name}.csv")
        text = json.dumps(self.evidence(), indent=2, ensure_ascii=False, sort_keys=False)
        write_text(out / "response.json", text + "\n")
        return (*files, out / "response.json")


def respond(
    lesions: Path,
    *,
    disease: Path | None = None,
    settings: RecistSettings = RECIST_1_1,
) -> ResponseReport:
    """Answer response by RECIST 1.1 and, with a disease table, by the INRC of 2017.

    Parameters
    ----------
    lesions : Path
        Lesion table, CSV or JSON: :func:`~quant.scoring.response.lesions.table.read_lesions`.
    disease : Path or None
        Table of MIBG scores and marrow: see :mod:`quant.scoring.response.inrc.disease_table`.
    settings : RecistSettings
        Thresholds of RECIST 1.1.

    Returns
    -------
    ResponseReport

    Raises
    ------
    UsageError
        ``SCORE_TABLE_INVALID``, listing every wrong row with what is allowed; nothing is answered.

    References
    ----------
    .. [1] Eisenhauer et al. 2009, doi:10.1016/j.ejca.2008.10.026.
    .. [2] Park et al. 2017, doi:10.1200/JCO.2016.72.0177.
    """
    histories = _checked(lesions, settings)
    recist = tuple(answer_recist(one, settings) for one in histories)
    if disease is None:
        return ResponseReport(recist)
    joined = join_histories(histories, read_disease(disease), disease.name)
    return ResponseReport(recist, tuple(answer_inrc(*one) for one in joined))


def respond_disease(disease: Path) -> ResponseReport:
    """Answer the INRC for patients of whom only a disease table is there."""
    found = join_histories((), read_disease(disease), disease.name)
    return ResponseReport((), tuple(answer_inrc(*one) for one in found))


def is_lesion_table(header: Iterable[str]) -> bool:
    """Tell by its canonical column names whether a table is one of lesions."""
    names = set(header)
    return set(REQUIRED) - {"time_point", "node"} <= names


def is_disease_table(header: Iterable[str]) -> bool:
    """Tell by its canonical column names whether a table is one of disease for the INRC."""
    return bool({"marrow_percent", "bone_score", "bone_state", "marrow_state"} & set(header))


def _checked(path: Path, settings: RecistSettings) -> Sequence[LesionHistory]:
    histories = read_lesions(path)
    problems = [
        problem for one in histories for problem in baseline_problems(one, settings, path.name)
    ]
    if problems:
        raise refuse(problems)
    return histories


def _squared(rows: list[dict[str, Cell]]) -> list[dict[str, Cell]]:
    """Give every row the columns of all, in the order of the longest row."""
    columns = max((list(row) for row in rows), key=len, default=[])
    return [{name: row.get(name) for name in columns} for row in rows]
