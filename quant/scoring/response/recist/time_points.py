"""RECIST 1.1: the answer at every time point of one patient, with its derivation.

References
----------
.. [1] Eisenhauer et al. 2009, doi:10.1016/j.ejca.2008.10.026.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from quant.scoring.response.answers import RecistSettings, Response
from quant.scoring.response.derivation import Derivation, mm, names
from quant.scoring.response.lesions.history import Kind, LesionHistory, State, Visit
from quant.scoring.response.recist.by_kind import (
    NewLesions,
    find_new,
    judge_non_target,
    judge_target,
    still_there,
)
from quant.scoring.response.recist.sums import TargetSum, sum_targets


@dataclass(frozen=True, slots=True)
class Reading:
    """How the two cases are read that the criteria leave to the future.

    Parameters
    ----------
    count_equivocal : bool
        Whether equivocal new lesions count as new.
    revise_cr : bool
        Whether a CR after which disease is seen is read as PR that was never complete, rather than
        the disease as progression.
    """

    count_equivocal: bool = False
    revise_cr: bool = False


MAIN = Reading()
"""Equivocal lesions do not count; disease seen after CR is progression."""


@dataclass(frozen=True, slots=True)
class TimePoint:
    """The answer at one time point.

    Parameters
    ----------
    visit : Visit
    targets : TargetSum
    baseline_mm, nadir_mm : Fraction
        References of the sum: at baseline, and the smallest before this time point.
    target, non_target : Response or None
        None where there are no such lesions.
    new : NewLesions
    response : Response or None
        None at baseline.
    after_progression : bool
        Whether progression was found at an earlier time point.
    notes : Derivation
    by_reappearance : bool
        Whether this is PD only because disease is seen after CR.
    """

    visit: Visit
    targets: TargetSum
    baseline_mm: Fraction
    nadir_mm: Fraction
    target: Response | None
    non_target: Response | None
    new: NewLesions
    response: Response | None
    after_progression: bool
    notes: Derivation = field(repr=False)
    by_reappearance: bool = False


def assess(
    history: LesionHistory, settings: RecistSettings, reading: Reading = MAIN
) -> tuple[TimePoint, ...]:
    """Answer every time point of a patient in order of date.

    Parameters
    ----------
    history : LesionHistory
        Checked (:func:`~quant.scoring.response.lesions.table.lesions_of`).
    settings : RecistSettings
    reading : Reading

    Returns
    -------
    tuple of TimePoint
        The baseline first, with its sum and without a response.
    """
    new = find_new(history)
    start = _baseline(history, settings)
    found, nadir = [start], start.baseline_mm
    for visit, seen in zip(history.visits[1:], new[1:], strict=True):
        point = _judge(history, visit, seen, (start.baseline_mm, nadir), settings)
        point = _overall(history, point, reading, tuple(found), settings)
        found.append(point)
        total = point.targets.total_mm
        nadir = nadir if total is None else min(nadir, total)
    return _revised(tuple(found)) if reading.revise_cr else tuple(found)


def _baseline(history: LesionHistory, settings: RecistSettings) -> TimePoint:
    notes, visit = Derivation(), history.baseline
    notes.say(
        "RECIST-TARGETS",
        f"Baseline is {visit.when}: {len(history.of_kind(Kind.TARGET))} target and "
        f"{len(history.of_kind(Kind.NON_TARGET))} non-target lesions.",
    )
    total = sum_targets(history, visit, settings, notes)
    return TimePoint(
        visit, total, total.known_mm, total.known_mm, None, None, NewLesions(), None,
        after_progression=False, notes=notes,
    )  # fmt: skip


def _judge(
    history: LesionHistory,
    visit: Visit,
    new: NewLesions,
    references: tuple[Fraction, Fraction],
    settings: RecistSettings,
) -> TimePoint:
    notes = Derivation()
    total = sum_targets(history, visit, settings, notes)
    target = judge_target(total, references, settings, notes) if total.parts else None
    non_target = judge_non_target(history, visit, settings, notes)
    new.say(notes)
    return TimePoint(
        visit, total, *references, target, non_target, new, None, after_progression=False,
        notes=notes,
    )  # fmt: skip


def _overall(
    history: LesionHistory,
    point: TimePoint,
    reading: Reading,
    before: tuple[TimePoint, ...],
    settings: RecistSettings,
) -> TimePoint:
    """Combine targets, non-targets and new lesions; then what the past demands."""
    counted = bool(point.new.sure or (reading.count_equivocal and point.new.doubtful))
    response = combine(point.target, point.non_target, new=counted)
    after = any(one.response is Response.PD for one in before)
    rule = "RECIST-TIME-POINT" if point.target is not None else "RECIST-NON-TARGET-ONLY"
    shown = "counted" if counted else "not counted" if point.new.doubtful else "none"
    if point.target is None and point.non_target is None and not counted:
        text = "No disease at baseline and no new lesion: there is nothing to respond (NE)."
        point.notes.say("ENGINE", text)
    else:
        point.notes.say(
            rule,
            f"Target {point.target or 'none'}, non-target {point.non_target or 'none'}, "
            f"new lesions {shown}: {response}.",
        )
    reappeared = _seen_after_cr(history, point, before, settings)
    by_reappearance = bool(reappeared) and response is not Response.PD and not reading.revise_cr
    if by_reappearance:
        point.notes.say(
            "RECIST-AFTER-CR",
            f"Disease is seen after CR ({names(reappeared)}): PD. If the CR was never complete, "
            f"it was PR, and this time point is {response}: that answer stands beside.",
        )
        point.notes.flag("RECIST_AFTER_CR", names(reappeared))
        response = Response.PD
    return replace(
        point, response=response, after_progression=after, by_reappearance=by_reappearance
    )


def combine(target: Response | None, non_target: Response | None, *, new: bool) -> Response:
    """Response at a time point (Table 1; Table 2 without target lesions).

    Parameters
    ----------
    target : Response or None
        CR, PR, SD, PD, NE; None without target lesions.
    non_target : Response or None
        CR, non-CR/non-PD, PD, NE; None without non-target lesions.
    new : bool
        Whether a new lesion counts.
    """
    if new or Response.PD in {target, non_target}:
        return Response.PD
    if target is None:
        return non_target or Response.NE
    if target is Response.CR and non_target not in {None, Response.CR}:
        return Response.PR
    return target


def _seen_after_cr(
    history: LesionHistory,
    point: TimePoint,
    before: tuple[TimePoint, ...],
    settings: RecistSettings,
) -> list[str]:
    """Find lesions of the baseline that are seen again although an earlier response was CR."""
    if not any(one.response is Response.CR for one in before):
        return []
    hosts = {row.belongs_to for row in point.visit.rows.values() if row.is_fragment}
    found = []
    for name in history.baseline.rows:
        row = point.visit.rows.get(name)
        seen = row is not None and row.state is not State.SPLIT and still_there(row, settings)
        if seen or (name in hosts and name not in _gone(point)):
            found.append(name)
    return found


def _gone(point: TimePoint) -> set[str]:
    return {part.lesion for part in point.targets.parts if part.gone}


def _revised(points: tuple[TimePoint, ...]) -> tuple[TimePoint, ...]:
    """Read every CR as PR after which disease was seen without progression."""
    seen = (Response.PR, Response.SD, Response.NON_CR_NON_PD)
    found = []
    for place, point in enumerate(points):
        later = any(one.response in seen for one in points[place + 1 :])
        if point.response is Response.CR and later:
            kind = Response.PR if point.target is not None else Response.NON_CR_NON_PD
            point.notes.say("RECIST-AFTER-CR", f"Disease is seen later: this CR is read as {kind}.")
            found.append(replace(point, response=kind))
        else:
            found.append(point)
    return tuple(found)


def progression_of(points: tuple[TimePoint, ...]) -> TimePoint | None:
    """Return the first time point with PD; None without one."""
    return next((one for one in points if one.response is Response.PD), None)


def say_nadir(points: tuple[TimePoint, ...]) -> str:
    """Sentence on the smallest complete sum on study."""
    sums = [(one.targets.total_mm, one.visit.when) for one in points]
    known = [(total, when) for total, when in sums if total is not None]
    least, when = min(known, key=lambda one: one[0])
    return f"smallest sum on study {mm(least)} at {when}"
