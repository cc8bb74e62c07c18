"""RECIST 1.1 for one patient: all time points, best responses, and the other readings."""

from dataclasses import dataclass
from fractions import Fraction

from quant.scoring.response.answers import RECIST_1_1, RecistSettings, Response
from quant.scoring.response.derivation import Derivation
from quant.scoring.response.lesions.history import Kind, LesionHistory
from quant.scoring.response.recist.baseline import note_baseline
from quant.scoring.response.recist.best import Answer, best_response
from quant.scoring.response.recist.time_points import (
    MAIN,
    Reading,
    TimePoint,
    assess,
    progression_of,
    say_nadir,
)

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Best:
    """Best overall response of one reading of the time points."""

    unconfirmed: Response
    confirmed: Response
    notes: Derivation
    notes_confirmed: Derivation


@dataclass(frozen=True, slots=True)
class RecistAnswer:
    """The answer of RECIST 1.1 for one patient.

    Parameters
    ----------
    history : LesionHistory
    points : tuple of TimePoint
        The baseline first.
    best : Best
    if_equivocal : tuple of TimePoint or None
        The same with equivocal new lesions counted; None when there are none.
    if_cr_revised : tuple of TimePoint or None
        The same with PR in place of a CR after which disease is seen; None when there is none.
    best_if_equivocal, best_if_cr_revised : Best or None
    baseline_notes : Derivation
        Measurability, and what the table leaves open.
    settings : RecistSettings
    """

    history: LesionHistory
    points: tuple[TimePoint, ...]
    best: Best
    if_equivocal: tuple[TimePoint, ...] | None
    if_cr_revised: tuple[TimePoint, ...] | None
    best_if_equivocal: Best | None
    best_if_cr_revised: Best | None
    baseline_notes: Derivation
    settings: RecistSettings

    @property
    def progression_day(self) -> int | None:
        """Day of the first PD from baseline; None without one."""
        point = progression_of(self.points)
        return point.visit.day if point else None

    @property
    def last_evaluable_day(self) -> int:
        """Last day on which the response was evaluable (0: none after baseline)."""
        known = [one for one in self.points if one.response not in {None, Response.NE}]
        return known[-1].visit.day if known else 0


def answer_recist(history: LesionHistory, settings: RecistSettings = RECIST_1_1) -> RecistAnswer:
    """Answer all time points of a patient by RECIST 1.1.

    Parameters
    ----------
    history : LesionHistory
        Checked: :func:`~quant.scoring.response.lesions.table.lesions_of` and
        :func:`~quant.scoring.response.recist.baseline.baseline_problems`.
    settings : RecistSettings

    References
    ----------
    Eisenhauer et al. 2009, doi:10.1016/j.ejca.2008.10.026
    """
    notes = Derivation()
    note_baseline(history, settings, notes)
    note_visits(history, notes)
    points = assess(history, settings, MAIN)
    equivocal = any(one.new.doubtful for one in points)
    reappeared = any(one.by_reappearance for one in points)
    counted = assess(history, settings, Reading(count_equivocal=True)) if equivocal else None
    revised = assess(history, settings, Reading(revise_cr=True)) if reappeared else None
    return RecistAnswer(
        history,
        points,
        _best(history, points, settings),
        counted,
        revised,
        _best(history, counted, settings) if counted else None,
        _best(history, revised, settings) if revised else None,
        notes,
        settings,
    )


def note_visits(history: LesionHistory, notes: Derivation) -> None:
    """Flag a baseline that is not called so, and time points before it."""
    from quant.scoring.response.lesions.cells import normal

    if normal(history.baseline.label) != "baseline":
        notes.flag("RECIST_BASELINE_ASSUMED", history.baseline.when)
    if history.earlier:
        notes.flag("RECIST_BEFORE_BASELINE", ", ".join(one.when for one in history.earlier))


def _best(history: LesionHistory, points: tuple[TimePoint, ...], settings: RecistSettings) -> Best:
    answers = [Answer(one.visit.day, one.response) for one in points if one.response is not None]
    measurable = bool(history.of_kind(Kind.TARGET))
    plain, notes = best_response(answers, settings, confirmed=False, has_targets=measurable)
    sure, sure_notes = best_response(answers, settings, confirmed=True, has_targets=measurable)
    return Best(plain, sure, notes, sure_notes)


def time_point_rows(answer: RecistAnswer) -> list[dict[str, Cell]]:
    """Rows of ``recist.csv``: one for each time point, those before the baseline included."""
    rows: list[dict[str, Cell]] = [
        {"patient": answer.history.patient, "time_point": one.label, "date": _date(one.date),
         "day": one.day, "stage": "before baseline"}
        for one in answer.history.earlier
    ]  # fmt: skip
    for place, point in enumerate(answer.points):
        total = point.targets.total_mm
        rows.append({
            "patient": answer.history.patient,
            "time_point": point.visit.label,
            "date": _date(point.visit.date),
            "day": point.visit.day,
            "stage": _stage(point),
            "sum_mm": number(total),
            "baseline_sum_mm": number(point.baseline_mm) if point.targets.parts else None,
            "nadir_sum_mm": number(point.nadir_mm) if point.targets.parts else None,
            "change_from_baseline_percent": _change(total, point.baseline_mm),
            "change_from_nadir_percent": _change(total, point.nadir_mm),
            "targets_missing": len(point.targets.missing),
            "target_response": point.target,
            "non_target_response": point.non_target,
            "new_lesions": _new(point),
            "response": point.response,
            "response_if_equivocal_counts": _other(answer.if_equivocal, place),
            "response_if_cr_revised": _other(answer.if_cr_revised, place),
            "flags": ";".join(sorted(point.notes.flags)),
        })  # fmt: skip
    return rows


def _stage(point: TimePoint) -> str:
    if point.response is None:
        return "baseline"
    return "after progression" if point.after_progression else "on study"


def _new(point: TimePoint) -> str:
    return "yes" if point.new.sure else "equivocal" if point.new.doubtful else "no"


def _other(points: tuple[TimePoint, ...] | None, place: int) -> Response | None:
    return points[place].response if points else None


def best_row(answer: RecistAnswer) -> dict[str, Cell]:
    """Row of ``recist_best.csv``: one for each patient, as ``quant cohort`` reads it."""
    counted, revised = answer.best_if_equivocal, answer.best_if_cr_revised
    day = answer.progression_day
    flags = {code for point in answer.points for code in point.notes.flags}
    return {
        "patient": answer.history.patient,
        "best_response": answer.best.unconfirmed,
        "best_response_confirmed": answer.best.confirmed,
        "best_if_equivocal_counts": counted.unconfirmed if counted else None,
        "best_confirmed_if_equivocal_counts": counted.confirmed if counted else None,
        "best_if_cr_revised": revised.unconfirmed if revised else None,
        "best_confirmed_if_cr_revised": revised.confirmed if revised else None,
        "baseline_sum_mm": number(answer.points[0].baseline_mm),
        "smallest_sum_mm": number(_smallest(answer)),
        "best_change_percent": _change(_smallest(answer, later=True), answer.points[0].baseline_mm),
        "progressed": int(day is not None),
        "progression_days": day if day is not None else answer.last_evaluable_day,
        "time_points": len(answer.points) - 1,
        "flags": ";".join(sorted(flags | set(answer.baseline_notes.flags))),
    }


def _smallest(answer: RecistAnswer, *, later: bool = False) -> Fraction | None:
    points = answer.points[1:] if later else answer.points
    known = [one.targets.total_mm for one in points if one.targets.parts]
    return min((one for one in known if one is not None), default=None)


def _date(value: object) -> str | None:
    return str(value) if value is not None else None


def number(value: Fraction | None) -> float | None:
    """Return the float nearest to an exact number."""
    return float(value) if value is not None else None


def _change(now: Fraction | None, before: Fraction) -> float | None:
    return float((now - before) / before * 100) if now is not None and before else None


def evidence_of(answer: RecistAnswer) -> dict[str, object]:
    """Everything behind the answer, as JSON holds it."""
    best = answer.best
    found: dict[str, object] = {
        "patient": answer.history.patient,
        "criteria": "RECIST 1.1",
        "settings": answer.settings.as_dict(),
        "baseline": answer.baseline_notes.as_list(),
        "flags": dict(answer.baseline_notes.flags),
        "nadir": say_nadir(answer.points),
        "time_points": [
            {**row, "derivation": point.notes.as_list(), "flags": dict(point.notes.flags),
             "rows": [one.row for one in point.visit.rows.values()]}
            for row, point in zip(_shown_rows(answer), answer.points, strict=True)
        ],
        "best_response": {
            "response": best.unconfirmed, "derivation": best.notes.as_list(),
        },
        "best_response_confirmed": {
            "response": best.confirmed, "derivation": best.notes_confirmed.as_list(),
        },
        "summary": best_row(answer),
    }  # fmt: skip
    return found


def _shown_rows(answer: RecistAnswer) -> list[dict[str, Cell]]:
    rows = time_point_rows(answer)[len(answer.history.earlier) :]
    kept = ("time_point", "date", "day", "stage", "sum_mm", "nadir_sum_mm", "target_response",
            "non_target_response", "new_lesions", "response", "response_if_equivocal_counts",
            "response_if_cr_revised")  # fmt: skip
    return [{name: row[name] for name in kept} for row in rows]
