"""INRC 2017: the primary tumour and soft-tissue metastases, from lesions and their uptake."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from quant.scoring.response.answers import RECIST_1_1, Response
from quant.scoring.response.derivation import Derivation, mm, names, percent
from quant.scoring.response.inrc.disease_table import Involvement
from quant.scoring.response.inrc.joining import JointVisit
from quant.scoring.response.inrc.rules import (
    CR,
    KNOWN_UPTAKE,
    NI,
    NORMAL_MM,
    PD,
    PR,
    SD,
    Finding,
    UptakeNow,
    primary_response,
    size_response,
    soft_response,
    unknown,
)
from quant.scoring.response.lesions.history import (
    Component,
    Kind,
    LesionHistory,
    LesionRow,
    Proof,
    State,
    Uptake,
    Visit,
)
from quant.scoring.response.recist.by_kind import NewLesions, find_new
from quant.scoring.response.recist.sums import TargetSum, sum_targets

Proven = Callable[["LesionPart", str, int], bool]
"""Whether a new lesion of a component is proven to be disease by a time point."""


@dataclass(frozen=True, slots=True)
class LesionPart:
    """The lesions of one component over the joint time points.

    Parameters
    ----------
    name : str
        ``primary``, ``soft`` or ``bone``.
    history : LesionHistory or None
        None when the patient is not in the lesion table.
    recorded : tuple of bool
        Whether the lesion table has any row of the patient at each time point.
    new : tuple of NewLesions
    """

    name: str
    history: LesionHistory | None
    recorded: tuple[bool, ...]
    new: tuple[NewLesions, ...]

    @property
    def rule(self) -> str:
        """Rule of the component."""
        return {"primary": "INRC-PRIMARY", "soft": "INRC-SOFT", "bone": "INRC-BONE"}[self.name]

    @property
    def title(self) -> str:
        """Name of the component for a sentence."""
        return {"primary": "Primary tumour", "soft": "Soft tissue", "bone": "Bone"}[self.name]


def split_history(
    history: LesionHistory | None, visits: Sequence[JointVisit]
) -> tuple[LesionPart, LesionPart, LesionPart]:
    """Split the lesions of a patient into primary tumour, soft tissue and bone."""
    recorded = tuple(one.lesions is not None for one in visits)

    def part(name: str) -> LesionPart:
        if history is None:
            return LesionPart(name, None, recorded, tuple(NewLesions() for _ in visits))
        own = LesionHistory(history.patient, tuple(_only(one, name) for one in visits))
        return LesionPart(name, own, recorded, find_new(own))

    return part("primary"), part("soft"), part("bone")


def _only(visit: JointVisit, name: str) -> Visit:
    rows = visit.lesions.rows if visit.lesions else {}
    kept = {lesion: row for lesion, row in rows.items() if _part_of(row) == name}
    return Visit(visit.label, visit.day, visit.date or visit.day, kept)


def _part_of(row: LesionRow) -> str:
    if row.component is Component.PRIMARY:
        return "primary"
    return "bone" if row.in_bone else "soft"


def judge_lesions(
    part: LesionPart, place: int, state: Involvement | None, notes: Derivation
) -> tuple[Finding, Fraction | None]:
    """Judge the primary tumour or the soft-tissue metastases at one time point.

    Parameters
    ----------
    part : LesionPart
    place : int
        Number of the time point, 0 being the baseline.
    state : Involvement or None
        What the disease table says of the component.
    notes : Derivation

    Returns
    -------
    finding : Finding
    sum_mm : Fraction or None
        Sum of diameters; None when a target is missing or there are none.
    """
    if part.history is None or not part.history.baseline.rows:
        found = _uninvolved(part, place, state, notes)
        return with_new(found, part, place, notes, _is_proven), None
    visit = part.history.visits[place]
    total = sum_targets(part.history, visit, RECIST_1_1, notes)
    found = _judge(part, part.history, visit, total, notes)
    notes.say(part.rule, f"{part.title}: {found.text}.")
    found = with_new(found, part, place, notes, _is_proven)
    return found, total.total_mm if total.parts else None


def _uninvolved(
    part: LesionPart, place: int, state: Involvement | None, notes: Derivation
) -> Finding:
    if state is Involvement.NOT_INVOLVED or (
        part.history is not None and part.recorded[place] and state is None
    ):
        notes.say(part.rule, f"{part.title}: not involved at baseline, and nothing recorded: NI.")
        return Finding.of(NI)
    known = part.history is not None
    found = unknown(NI, PD) if known else unknown(NI, CR, PR, SD, PD)
    notes.say("INRC-MISSING", f"{part.title}: not evaluated: {found.text}.")
    notes.flag("INRC_NOT_EVALUABLE", part.title)
    return found


def _judge(
    part: LesionPart, history: LesionHistory, visit: Visit, total: TargetSum, notes: Derivation
) -> Finding:
    """Size and uptake of the lesions of the baseline."""
    size = _size(history, visit, total, part.rule, notes)
    others = _non_targets(history, visit)
    if size is None or (others.missing and not total.parts):
        if size is PD:
            return Finding.of(PD)
        notes.flag("INRC_NOT_EVALUABLE", f"{part.title}: {names(total.missing) or 'non-targets'}")
        return unknown(CR, PR, SD, PD)
    uptakes = _uptakes(history, visit)
    shown = " or ".join(uptakes)
    notes.say(part.rule, f"Uptake against the baseline: {shown}.")
    small = all(one.known_mm < NORMAL_MM for one in total.parts) and others.small
    targets = bool(total.parts)
    found = {_rule(part, size, uptake, small, targets) for uptake in uptakes}
    main = found.pop() if len(found) == 1 else None
    if main is None:
        notes.flag("INRC_NOT_EVALUABLE", f"uptake of {part.title.lower()}")
        return unknown(*found)
    if others.worse and main is not PD:
        notes.flag("INRC_NON_TARGET_PROGRESSED", names(others.worse))
        return Finding.of(SD, PD)
    if others.missing and main is PR and all(p.known_mm < NORMAL_MM for p in total.parts):
        return Finding.of(PR, CR)
    return Finding.of(main)


def _rule(
    part: LesionPart, size: Response, uptake: UptakeNow, small: bool, targets: bool  # noqa: FBT001
) -> Response:  # fmt: skip
    if part.name == "primary":
        return primary_response(size, uptake, small=small)
    return soft_response(size, uptake, small=small, targets=targets)


def _size(
    history: LesionHistory, visit: Visit, total: TargetSum, rule: str, notes: Derivation
) -> Response | None:
    """PR, SD or PD of the sum; SD without targets; None when a target is missing."""
    if not total.parts:
        return SD
    quiet = Derivation()
    before = [one for one in history.visits if one.day < visit.day or one is history.baseline]
    sums = [sum_targets(history, one, RECIST_1_1, quiet) for one in before]
    known = [one.total_mm for one in sums if one.total_mm is not None]
    if not known or sums[0].total_mm is None:
        return None
    baseline, nadir, now = sums[0].total_mm, min(known), total.known_mm
    by_size = size_response(now, baseline, nadir)
    found = by_size if by_size is PD or not total.missing else None
    notes.say(
        rule,
        f"{mm(now)} against the baseline {mm(baseline)}: {percent(now, baseline)}; against the "
        f"nadir {mm(nadir)}: {percent(now, nadir)}, {mm(now - nadir)}"
        + (f"; {names(total.missing)} missing" if total.missing else "")
        + f": {found or 'unknown'} by size.",
        {"sum_mm": now, "baseline_mm": baseline, "nadir_mm": nadir, "rise_mm": now - nadir},
    )
    return found


@dataclass(frozen=True, slots=True)
class _NonTargets:
    worse: tuple[str, ...]
    missing: tuple[str, ...]
    small: bool


def _non_targets(history: LesionHistory, visit: Visit) -> _NonTargets:
    rows = {one.lesion: visit.rows.get(one.lesion) for one in history.of_kind(Kind.NON_TARGET)}
    return _NonTargets(
        tuple(name for name, row in rows.items() if row and row.state is State.PROGRESSED),
        tuple(
            name for name, row in rows.items() if row is None or row.state is State.NOT_ASSESSABLE
        ),
        all(row is not None and _is_small(row) for row in rows.values()),
    )


def _is_small(row: LesionRow) -> bool:
    if row.state in {State.ABSENT, State.TOO_SMALL}:
        return True
    size = row.diameter_mm
    return row.state is State.MEASURED and size is not None and size < NORMAL_MM


def _uptakes(history: LesionHistory, visit: Visit) -> tuple[UptakeNow, ...]:
    """Uptake of all lesions together against the baseline: one, or all that are possible."""
    seen = {
        _uptake(row, history.baseline.rows.get(row.belongs_to or row.lesion))
        for row in visit.rows.values()
        if row.kind is not Kind.NEW and row.state not in {State.MERGED, State.SPLIT}
    }
    hosts = {row.belongs_to for row in visit.rows.values() if row.belongs_to}
    if any(name not in visit.rows and name not in hosts for name in history.baseline.rows):
        seen.add(UptakeNow.UNKNOWN)
    worst_first = (UptakeNow.INCREASED, UptakeNow.KEPT, UptakeNow.RESOLVED)
    known = next((one for one in worst_first if one in seen), UptakeNow.RESOLVED)
    if UptakeNow.UNKNOWN not in seen or known is UptakeNow.INCREASED:
        return (known,)
    return KNOWN_UPTAKE[KNOWN_UPTAKE.index(known) :]


def _uptake(row: LesionRow, first: LesionRow | None) -> UptakeNow:
    if row.uptake is None or row.uptake is Uptake.NOT_ASSESSABLE:
        return UptakeNow.UNKNOWN
    if row.uptake is Uptake.NONE:
        return UptakeNow.RESOLVED
    was_none = first is not None and first.uptake is Uptake.NONE
    if row.uptake is Uptake.INCREASED or was_none:
        return UptakeNow.INCREASED
    return UptakeNow.KEPT


def with_new(
    found: Finding,
    part: LesionPart,
    place: int,
    notes: Derivation,
    is_proven: Proven,
) -> Finding:
    """Add the new lesions of the component to what its old lesions gave."""
    new = part.new[place]
    proven = [name for name in new.sure if is_proven(part, name, place)]
    if proven:
        notes.say("INRC-NEW", f"{part.title}: new lesion {names(proven)}, proven: PD.")
        return Finding.of(PD)
    open_ones = [name for name in new.sure if name not in proven]
    if open_ones:
        text = f"{part.title}: new lesion {names(open_ones)}, neither avid nor proven: "
        notes.say("INRC-NEW", text + "no response, and progression only if it is proven.")
        notes.flag("INRC_OPEN", f"{names(open_ones)} not proven")
        main = found.response if found.response is PD else SD
        return Finding.of(main, PD)
    if new.doubtful:
        notes.say("INRC-NEW", f"{part.title}: equivocal new lesion {names(new.doubtful)}: not "
                  "counted; progression is possible.")  # fmt: skip
        notes.flag("RECIST_EQUIVOCAL", names(new.doubtful))
        return Finding.of(found.response, *found.possible, PD)
    return found


def _is_proven(part: LesionPart, name: str, place: int) -> bool:
    """Tell whether a new soft-tissue lesion is avid, or was biopsied, at any time so far."""
    return any(
        row.uptake in {Uptake.AVID, Uptake.INCREASED, Uptake.STABLE, Uptake.IMPROVED}
        or row.proof is Proof.BIOPSY
        for row in rows_so_far(part, name, place)
    )


def rows_so_far(part: LesionPart, name: str, place: int) -> list[LesionRow]:
    """Rows of a lesion up to a time point."""
    visits = part.history.visits[: place + 1] if part.history else ()
    return [visit.rows[name] for visit in visits if name in visit.rows]
