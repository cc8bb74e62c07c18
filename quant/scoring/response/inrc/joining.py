"""The joint time line of a disease table and a lesion table."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from quant.scoring.response.inrc.disease_table import Disease, DiseaseHistory
from quant.scoring.response.lesions.history import LesionHistory, Visit
from quant.scoring.response.lesions.table import as_number, baseline_place, order_visits
from quant.scoring.tables.sheet import Problem, refuse


@dataclass(frozen=True, slots=True)
class JointVisit:
    """One time point of both tables.

    Parameters
    ----------
    label : str
    day : int
        From the baseline.
    date : datetime.date or None
        The earlier one, where the tables differ.
    lesions : Visit or None
    disease : Disease or None
    """

    label: str
    day: int
    date: date | None
    lesions: Visit | None
    disease: Disease | None

    @property
    def when(self) -> str:
        """Label and date for a sentence."""
        return f"{self.label} ({self.date.isoformat() if self.date else f'day {self.day}'})"


def join_histories(
    lesions: Iterable[LesionHistory], disease: Iterable[DiseaseHistory], source: str
) -> list[tuple[LesionHistory | None, tuple[JointVisit, ...], str]]:
    """Join the two tables of every patient of the disease table by time point.

    Returns
    -------
    list of (LesionHistory or None, tuple of JointVisit, str)
        Lesions, time points (the baseline first), and the patient.

    Raises
    ------
    UsageError
        ``SCORE_TABLE_INVALID`` if the tables count time differently, have different baselines, or
        a lesion does not say to which component it belongs.
    """
    known = {one.patient: one for one in lesions}
    problems: list[Problem] = []
    found = []
    for one in disease:
        history = known.get(one.patient)
        visits = _joint(history, one, problems, source)
        found.append((history, visits, one.patient))
        problems.extend(_component_problems(history))
    if problems:
        raise refuse(problems)
    return found


def _component_problems(history: LesionHistory | None) -> list[Problem]:
    if history is None:
        return []
    fix = "the INRC need it; allowed: primary, metastasis"
    return [
        Problem(row.row, f"component of {row.lesion!r} is empty", fix, "lesion table")
        for visit in history.visits
        for row in visit.rows.values()
        if row.component is None
    ]


def _joint(
    history: LesionHistory | None,
    disease: DiseaseHistory,
    problems: list[Problem],
    source: str,
) -> tuple[JointVisit, ...]:
    _, when = order_visits(disease.entries)
    rows = {entry.label: entry.disease for entry in disease.entries}
    by_label: dict[str, Visit] = {}
    if history is not None:
        by_label = {one.label: one for one in (*history.earlier, *history.visits)}
        times = {label: visit.when_written for label, visit in by_label.items()}
        kinds = {isinstance(one, date) for one in (*times.values(), *when.values())}
        if len(kinds) > 1:
            fix = "write dates in both tables, or days in both"
            row = disease.entries[0].cells.row
            problems.append(Problem(row, "the lesion table counts time differently", fix, source))
            return ()
        for label, at in times.items():
            when[label] = min(when.get(label, at), at, key=as_number)
    order = sorted(when, key=lambda label: as_number(when[label]))
    for one, other in pairwise(order):
        if when[one] == when[other]:
            text = f"time points {one!r} and {other!r} of the two tables have one date"
            row = disease.entries[0].cells.row
            problems.append(Problem(row, text, "give them one label in both tables", source))
    start = order[baseline_place(order)]
    if history is not None and history.baseline.label != start:
        row = disease.entries[0].cells.row
        text = f"its baseline is {start!r}, that of the lesion table {history.baseline.label!r}"
        problems.append(Problem(row, text, "call one time point of both tables baseline", source))
        return ()
    zero = as_number(when[start])
    used = [label for label in order if as_number(when[label]) >= zero]
    return tuple(
        JointVisit(
            label,
            as_number(when[label]) - zero,
            _date(when[label]),
            by_label.get(label),
            rows.get(label),
        )
        for label in sorted(used, key=lambda one: (one != start, as_number(when[one])))
    )


def _date(when: date | int) -> date | None:
    return when if isinstance(when, date) else None
