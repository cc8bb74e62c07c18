"""INRC 2017: components and overall response of one patient at every time point.

References
----------
.. [1] Park et al. 2017, doi:10.1200/JCO.2016.72.0177 (what is unverified: ``docs/response.md``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from quant.scoring.response.answers import Response
from quant.scoring.response.derivation import Derivation
from quant.scoring.response.inrc.bone import judge_bone, judge_marrow
from quant.scoring.response.inrc.disease_table import Disease
from quant.scoring.response.inrc.joining import JointVisit
from quant.scoring.response.inrc.lesions import LesionPart, judge_lesions, split_history
from quant.scoring.response.inrc.rules import Finding, both, is_open, overall
from quant.scoring.response.lesions.history import LesionHistory

BETTER_FIRST = (
    Response.CR, Response.PR, Response.MR, Response.SD, Response.PD, Response.NE, Response.NI,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class InrcPoint:
    """The answer at one time point after baseline.

    Parameters
    ----------
    visit : JointVisit
    primary, soft, bone, metastatic, marrow, overall : Finding
        ``metastatic`` is the worse of ``soft`` and ``bone``.
    relative_score : Fraction or None
        MIBG score (or number of FDG-avid lesions) of the bones over that at baseline.
    primary_mm, soft_mm : Fraction or None
        Sums of diameters.
    after_progression : bool
        Whether progression was found at an earlier time point.
    notes : Derivation
    """

    visit: JointVisit
    primary: Finding
    soft: Finding
    bone: Finding
    metastatic: Finding
    marrow: Finding
    overall: Finding
    relative_score: Fraction | None
    primary_mm: Fraction | None
    soft_mm: Fraction | None
    after_progression: bool
    notes: Derivation = field(repr=False)


@dataclass(frozen=True, slots=True)
class InrcAnswer:
    """The answer of the INRC for one patient.

    Parameters
    ----------
    patient : str
    visits : tuple of JointVisit
        The baseline first.
    points : tuple of InrcPoint
        One for each time point after the baseline.
    best : Response
        Best overall response until progression, without confirmation; not part of the criteria.
    """

    patient: str
    visits: tuple[JointVisit, ...]
    points: tuple[InrcPoint, ...]
    best: Response

    @property
    def progression_day(self) -> int | None:
        """Day of the first PD from baseline; None without one."""
        days = [one.visit.day for one in self.points if one.overall.response is Response.PD]
        return days[0] if days else None


def answer_inrc(
    history: LesionHistory | None, visits: Sequence[JointVisit], patient: str
) -> InrcAnswer:
    """Answer all time points of a patient by the INRC of 2017.

    Parameters
    ----------
    history : LesionHistory or None
        Soft tissue; every row says its component. None: nothing is known of it.
    visits : sequence of JointVisit
        The baseline first (:func:`~quant.scoring.response.inrc.disease_table.join_histories`).
    patient : str
    """
    parts = split_history(history, visits)
    points: list[InrcPoint] = []
    for place in range(1, len(visits)):
        after = any(one.overall.response is Response.PD for one in points)
        points.append(replace(_answer_visit(parts, visits, place), after_progression=after))
    counted = [one.overall.response for one in points if not one.after_progression]
    best = min(counted, key=BETTER_FIRST.index, default=Response.NE)
    return InrcAnswer(patient, tuple(visits), tuple(points), best)


def _answer_visit(
    parts: tuple[LesionPart, LesionPart, LesionPart], visits: Sequence[JointVisit], place: int
) -> InrcPoint:
    notes = Derivation()
    rows = [one.disease or Disease(0) for one in visits]
    primary, primary_mm = judge_lesions(parts[0], place, rows[place].primary_state, notes)
    soft, soft_mm = judge_lesions(parts[1], place, rows[place].soft_state, notes)
    bone = judge_bone(rows, place, parts[2], notes)
    metastatic = both(soft, bone.finding)
    notes.say(
        "INRC-METASTATIC",
        f"Metastases: soft tissue {soft.response}, bone {bone.finding.response}; the worse of the "
        f"two: {metastatic.text}.",
    )
    marrow = judge_marrow(rows, place, notes)
    found = overall(primary, metastatic, marrow)
    parts_text = (
        f"Primary {primary.response}, metastases {metastatic.response}, marrow {marrow.response}"
    )
    notes.say("INRC-OVERALL", f"{parts_text}: {found.text}.")
    if is_open(primary.response, metastatic.response, marrow.response):
        text = "Minimal disease without PR or SD elsewhere is not named in the criteria."
        notes.say("ENGINE", f"{text} It is answered as {found.response}.")
        notes.flag("INRC_OPEN", parts_text)
    return InrcPoint(
        visits[place], primary, soft, bone.finding, metastatic, marrow, found,
        bone.relative, primary_mm, soft_mm, after_progression=False, notes=notes,
    )  # fmt: skip
