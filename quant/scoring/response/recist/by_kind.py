"""Response of target lesions, non-target lesions, and new lesions at one time point."""

from dataclasses import dataclass
from fractions import Fraction

from quant.scoring.response.answers import RecistSettings, Response
from quant.scoring.response.derivation import Derivation, mm, names, percent
from quant.scoring.response.lesions.history import Kind, LesionHistory, LesionRow, State, Visit
from quant.scoring.response.recist.sums import TargetSum

THERE = (State.PRESENT, State.MEASURED, State.TOO_SMALL)
"""States of a new lesion that is unequivocally there."""


def judge_target(
    total: TargetSum,
    references: tuple[Fraction, Fraction],
    settings: RecistSettings,
    notes: Derivation,
) -> Response:
    """Compare the sum of diameters with baseline and nadir.

    Parameters
    ----------
    total : TargetSum
    references : (baseline_mm, nadir_mm)
        Nadir: the smallest complete sum before this time point, the baseline included.
    settings : RecistSettings
    notes : Derivation

    Returns
    -------
    Response
        CR, PR, SD, PD or NE.
    """
    baseline, nadir = references
    now, rise = total.known_mm, total.known_mm - nadir
    numbers = {"baseline_mm": baseline, "nadir_mm": nadir, "sum_mm": now, "rise_mm": rise}
    if total.gone:
        notes.say(
            "RECIST-TARGET",
            "Every target is gone; nodes among them have a short axis below "
            f"{mm(settings.node_normal_mm)}: CR.",
            numbers,
        )
        return Response.CR
    over = now * 100 >= nadir * (100 + settings.progression_percent)
    far = rise >= settings.progression_mm
    against = f"{mm(now)} against the nadir {mm(nadir)}: {percent(now, nadir)}, {_signed(rise)}"
    if over and far and now > nadir:
        also = " by the assessed targets alone, whatever the missing ones add" * bool(total.missing)
        notes.say("RECIST-MISSING" if total.missing else "RECIST-NADIR",
                  f"{against}; at least {mm(settings.progression_mm)} and "
                  f"{float(settings.progression_percent):g} %{also}: PD.", numbers)  # fmt: skip
        return Response.PD
    if total.missing:
        notes.say("RECIST-MISSING", f"{names(total.missing)} not assessed, and the others do not "
                  f"show progression ({against}): NE.", numbers)  # fmt: skip
        return Response.NE
    if over and now > nadir:
        notes.say("RECIST-NADIR", f"{against}; less than {mm(settings.progression_mm)}: "
                  "not progression.", numbers)  # fmt: skip
    change = f"{mm(now)} against the baseline {mm(baseline)}: {percent(now, baseline)}"
    if now * 100 <= baseline * (100 - settings.response_percent):
        notes.say("RECIST-TARGET", f"{change}; at least {float(settings.response_percent):g} % "
                  "below: PR.", numbers)  # fmt: skip
        return Response.PR
    notes.say("RECIST-TARGET", f"{change}; {against}; neither PR nor PD: SD.", numbers)
    return Response.SD


def _signed(value: Fraction) -> str:
    return ("+" if value >= 0 else "-") + mm(abs(value))


def judge_non_target(
    history: LesionHistory, visit: Visit, settings: RecistSettings, notes: Derivation
) -> Response | None:
    """Judge the non-target lesions: CR, non-CR/non-PD, PD or NE; None when there are none."""
    lesions = history.of_kind(Kind.NON_TARGET)
    if not lesions:
        return None
    rows = {one.lesion: visit.rows.get(one.lesion) for one in lesions}
    worse = [name for name, row in rows.items() if row and row.state is State.PROGRESSED]
    unseen = [
        name for name, row in rows.items() if row is None or row.state is State.NOT_ASSESSABLE
    ]
    left = [name for name, row in rows.items() if row and still_there(row, settings)]
    for name in left:
        _note_growth(history, visit, name, settings, notes)
    if worse:
        text, found = f"Unequivocal progression of {names(worse)}: PD", Response.PD
    elif unseen:
        text, found = f"{names(unseen)} not assessed: not all evaluated (NE)", Response.NE
    elif left:
        text, found = f"{names(left)} persist: non-CR/non-PD", Response.NON_CR_NON_PD
    else:
        text = f"All of {names(rows)} are gone (nodes below {mm(settings.node_normal_mm)}): CR"
        found = Response.CR
    notes.say("RECIST-NON-TARGET", f"Non-target lesions. {text}.")
    return found


def still_there(row: LesionRow, settings: RecistSettings) -> bool:
    """Tell whether an assessed lesion is still disease: nodes of normal size are not."""
    if row.state in {State.ABSENT, State.NOT_ASSESSABLE, State.MERGED}:
        return False
    if not row.node:
        return True
    size = row.short_mm
    if size is None:
        return row.state is not State.TOO_SMALL or settings.too_small_mm >= settings.node_normal_mm
    return size >= settings.node_normal_mm


def _note_growth(
    history: LesionHistory, visit: Visit, name: str, settings: RecistSettings, notes: Derivation
) -> None:
    """Flag a measured non-target that grew as a target would have to: people decide on it."""
    before = [one for one in history.visits if one.day < visit.day and name in one.rows]
    sizes = [one.rows[name].diameter_mm for one in before]
    known = [size for size in sizes if size is not None]
    now = visit.rows[name].diameter_mm
    if now is None or not known:
        return
    least = min(known)
    grew = now * 100 >= least * (100 + settings.progression_percent)
    if grew and now - least >= settings.progression_mm:
        notes.flag("RECIST_NON_TARGET_GREW", f"{name}: {mm(least)} to {mm(now)}")


@dataclass(frozen=True, slots=True)
class NewLesions:
    """New lesions that count at one time point."""

    sure: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    dated_back: tuple[str, ...] = ()
    """Of the sure ones: equivocal here, and shown to be there later."""

    def say(self, notes: Derivation) -> None:
        """Add the step that says what was found."""
        if self.sure:
            notes.say("RECIST-NEW", f"New lesion: {names(self.sure)}: PD.")
        if self.dated_back:
            notes.say("RECIST-EQUIVOCAL", f"{names(self.dated_back)} was equivocal here and is "
                      "unequivocal later: progression is dated here.")  # fmt: skip
            notes.flag("RECIST_DATED_BACK", names(self.dated_back))
        if self.doubtful:
            notes.say("RECIST-EQUIVOCAL", f"Equivocal new lesion: {names(self.doubtful)}: not "
                      "counted; the answer if it is counted stands beside.")  # fmt: skip
            notes.flag("RECIST_EQUIVOCAL", names(self.doubtful))
        if not self.sure and not self.doubtful:
            notes.say("RECIST-NEW", "No new lesion is recorded.")


def find_new(history: LesionHistory) -> tuple[NewLesions, ...]:
    """Find the new lesions that count at each time point.

    A lesion counts from the first time it is unequivocal, or from the equivocal scans right before
    that, until it is recorded as absent; a time point without a row changes nothing.
    """
    lesions = dict.fromkeys(
        row.lesion for visit in history.visits for row in visit.rows.values()
        if row.kind is Kind.NEW
    )  # fmt: skip
    found = [NewLesions() for _ in history.visits]
    for lesion in lesions:
        states = [_state(visit, lesion) for visit in history.visits]
        for place, status in enumerate(_statuses(states)):
            old = found[place]
            found[place] = NewLesions(
                old.sure + (lesion,) * (status in {"sure", "back"}),
                old.doubtful + (lesion,) * (status == "doubtful"),
                old.dated_back + (lesion,) * (status == "back"),
            )
    return tuple(found)


def _state(visit: Visit, lesion: str) -> State | None:
    row = visit.rows.get(lesion)
    return row.state if row else None


def _statuses(states: list[State | None]) -> list[str]:
    """Status of one new lesion over time: none, doubtful, back (dated back) or sure."""
    found, status = [], "none"
    for state in states:
        if state in THERE:
            status = "sure"
        elif state is State.ABSENT:
            status = "none"
        elif state is State.EQUIVOCAL and status == "none":
            status = "doubtful"
        found.append(status)
    for place in range(len(found) - 2, -1, -1):
        if found[place] == "doubtful" and found[place + 1] in {"sure", "back"}:
            found[place] = "back"
    return found
