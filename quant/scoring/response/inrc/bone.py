"""INRC 2017: bone by the relative MIBG score or FDG-avid lesions, and bone marrow."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from quant.scoring.response.derivation import Derivation
from quant.scoring.response.inrc.disease_table import BoneMethod, Disease, Involvement
from quant.scoring.response.inrc.lesions import LesionPart, rows_so_far, with_new
from quant.scoring.response.inrc.rules import (
    BONE_RESPONSE_LOWEST,
    CR,
    MD,
    MINIMAL_PERCENT,
    NI,
    PD,
    PR,
    SD,
    Finding,
    fdg_response,
    marrow_response,
    mibg_response,
    unknown,
)
from quant.scoring.response.lesions.history import Proof, Tracer, Uptake

NOT_INVOLVED = Involvement.NOT_INVOLVED


@dataclass(frozen=True, slots=True)
class BoneFinding:
    """Bone at one time point, with the relative score where there is one."""

    finding: Finding
    relative: Fraction | None = None


def judge_bone(
    rows: Sequence[Disease], place: int, part: LesionPart, notes: Derivation
) -> BoneFinding:
    """Judge bone at one time point by its score and by new bone lesions.

    Parameters
    ----------
    rows : sequence of Disease
        By time point, the baseline first.
    place : int
    part : LesionPart
        Lesions of bone, of which only the new ones count here.
    notes : Derivation
    """
    found = _by_score(rows, place, notes)
    method = rows[place].method or rows[0].method

    def is_proven(part: LesionPart, name: str, place: int) -> bool:
        return _is_proven(part, name, place, method)

    return BoneFinding(with_new(found.finding, part, place, notes, is_proven), found.relative)


def _by_score(rows: Sequence[Disease], place: int, notes: Derivation) -> BoneFinding:
    first, now = rows[0], rows[place]
    started_free = first.bone_state is NOT_INVOLVED or first.bone_score == 0
    if now.bone_state is NOT_INVOLVED or (now.bone_score == 0 and started_free):
        notes.say("INRC-BONE", "Bone: not involved at baseline, and free: NI.")
        return BoneFinding(Finding.of(NI))
    if now.bone_score is None or (first.bone_score is None and not started_free):
        found = unknown(NI, PD) if started_free else unknown(CR, PR, SD, PD)
        missing = "now" if now.bone_score is None else "at baseline"
        notes.say("INRC-MISSING", f"Bone: no score {missing}: {found.text}.")
        notes.flag("INRC_NOT_EVALUABLE", f"bone, no score {missing}")
        return BoneFinding(found)
    baseline = first.bone_score or Fraction(0)
    if not started_free and _differ(first, now):
        found = unknown(CR, PR, SD, PD)
        shown = f"{_method(first)} at baseline, {_method(now)} now"
        notes.say("INRC-SAME-METHOD", f"Bone: {shown}: no relative score: {found.text}.")
        notes.flag("INRC_METHOD_CHANGED", shown)
        return BoneFinding(found)
    return _scored(rows, place, (now.bone_score, baseline), notes)


def _scored(
    rows: Sequence[Disease], place: int, scores: tuple[Fraction, Fraction], notes: Derivation
) -> BoneFinding:
    now, baseline = scores
    alike = [one for one in rows[1:place] if not _differ(rows[place], one)]
    earlier = [one.bone_score for one in alike if one.bone_score is not None]
    least = min([baseline, *earlier])
    by_fdg = rows[place].method is BoneMethod.FDG
    found = fdg_response(now, baseline) if by_fdg else mibg_response(now, baseline, least)
    relative = now / baseline if baseline else None
    what = "number of FDG-avid lesions" if by_fdg else f"{rows[place].method} score"
    shown = f"relative {float(relative):.3f}" if relative is not None else "no relative score"
    notes.say(
        "INRC-BONE",
        f"Bone: {what} {now} against {baseline} at baseline, {shown}: {found.text}.",
        {"score": now, "baseline": baseline, "relative": relative, "smallest": least},
    )
    if not by_fdg and least == 0 and baseline and found.response is PD:
        text = "Bone takes up again after a score of 0: this is answered as progression."
        notes.say("ENGINE", text)
    if relative is not None and 0 < relative < BONE_RESPONSE_LOWEST and found.response is PR:
        text = "Between 0 and 0.1 the criteria name no answer; it is a partial response here."
        notes.say("ENGINE", text)
    if now > least and found.response in {PR, SD}:
        notes.flag("INRC_ROSE", f"{least} to {now}")
    if len(found.possible) > 1:
        notes.flag("INRC_OPEN", f"bone {found.text}")
    return BoneFinding(found, relative)


def _differ(one: Disease, other: Disease) -> bool:
    """Tell whether two scores were found by different methods or on different images."""
    return one.method is not other.method or one.modality is not other.modality


def _method(row: Disease) -> str:
    return f"{row.method or 'no method'} on {row.modality or 'unstated images'}"


def _is_proven(part: LesionPart, name: str, place: int, method: BoneMethod | None) -> bool:
    """Tell whether a new bone lesion is MIBG-avid, biopsied, or FDG-avid with imaging to match."""
    usual = {None: None, BoneMethod.FDG: Tracer.FDG}.get(method, Tracer.MIBG)
    rows = rows_so_far(part, name, place)
    avid = [row.tracer or usual for row in rows if row.uptake not in {
        None, Uptake.NONE, Uptake.NOT_ASSESSABLE}]  # fmt: skip
    proofs = {row.proof for row in rows}
    if Proof.BIOPSY in proofs or Tracer.MIBG in avid:
        return True
    return Tracer.FDG in avid and Proof.IMAGING in proofs


def judge_marrow(rows: Sequence[Disease], place: int, notes: Derivation) -> Finding:
    """Judge the marrow: compared with the smallest infiltration so far, the baseline included."""
    first, now = rows[0], rows[place]
    known = [one.marrow_percent for one in rows[:place] if one.marrow_percent is not None]
    if first.marrow_state is NOT_INVOLVED:
        known.append(Fraction(0))
    started_free = first.marrow_state is NOT_INVOLVED or first.marrow_percent == 0
    always_free = started_free and not any(known)
    level = now.marrow_percent
    if now.marrow_state is NOT_INVOLVED or (level == 0 and always_free):
        notes.say("INRC-MARROW", "Marrow: not involved at baseline, and free: NI.")
        return Finding.of(NI)
    if level is None:
        found = unknown(NI, MD, PD) if always_free else unknown(CR, MD, SD, PD)
        notes.say("INRC-MISSING", f"Marrow: not evaluated: {found.text}.")
        notes.flag("INRC_NOT_EVALUABLE", "marrow")
        return found
    baseline = Fraction(0) if started_free else first.marrow_percent
    found = _marrow(level, baseline, known, notes)
    rule = "INRC-MARROW-MINIMAL" if found.response is MD else "INRC-MARROW"
    least = min(known, default=None)
    shown = "unknown" if baseline is None else f"{float(baseline):g} %"
    notes.say(
        rule,
        f"Marrow: {float(level):g} % infiltrated, baseline {shown}: {found.text}.",
        {"percent": level, "baseline_percent": baseline, "smallest_percent": least},
    )
    if len(found.possible) > 1:
        notes.flag("INRC_OPEN", f"marrow {found.text}")
    return found


def _marrow(
    level: Fraction, baseline: Fraction | None, known: Sequence[Fraction], notes: Derivation
) -> Finding:
    if baseline is None:
        if level <= MINIMAL_PERCENT:
            return Finding.of(CR if level == 0 else MD)
        notes.flag("INRC_NOT_EVALUABLE", "marrow at baseline")
        return unknown(SD, PD)
    found = marrow_response(level, min(known))
    by_baseline = marrow_response(level, baseline)
    if found is not by_baseline:
        text = f"Against the smallest infiltration {found}, against the baseline {by_baseline}: "
        notes.say("ENGINE", text + "the criteria do not say which; the former is answered.")
    if found is MD and MINIMAL_PERCENT < baseline <= 20:
        notes.say("ENGINE", "A fall from above 5 up to 20 % to at most 5 % is not named: it is "
                  "minimal disease here.")  # fmt: skip
        return Finding.of(MD, SD)
    return Finding.of(found, by_baseline)
