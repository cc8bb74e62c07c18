"""The rules of the INRC of 2017 as tables: what each component is, and the overall response.

All are pure: numbers and states in, a response out. Where the criteria leave a case open, or a
piece is not known, all possible responses stand beside the answer.

References
----------
.. [1] Park et al. 2017, doi:10.1200/JCO.2016.72.0177. Read again: the components, and that at most
   5 % of marrow infiltration is minimal disease. The other thresholds are unverified.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import product

from quant.scoring.response.answers import Response

NORMAL_MM = Fraction(10)
"""Lesions and short axes of nodes below this are no measurable residue."""
PROGRESSION_MM = Fraction(5)
PROGRESSION_PERCENT = Fraction(20)
"""Progression: a rise of more than 20 % and of at least 5 mm above the smallest sum."""
RESPONSE_PERCENT = Fraction(30)
"""Partial response: a fall of at least 30 % below the baseline."""
BONE_RESPONSE = Fraction(1, 2)
"""Relative score at or below which bone responds partially."""
BONE_RESPONSE_LOWEST = Fraction(1, 10)
"""The criteria give partial response from 0.1 on; between 0 and 0.1 they name no answer."""
BONE_PROGRESSION = Fraction(6, 5)
"""Relative MIBG score from which bone has progressed."""
MINIMAL_PERCENT = Fraction(5)
MARROW_PROGRESSION_PERCENT = Fraction(20)
MARROW_PROGRESSION_FOLD = 2

CR, PR, MR, MD, SD, PD, NE, NI = (
    Response.CR, Response.PR, Response.MR, Response.MD, Response.SD, Response.PD, Response.NE,
    Response.NI,
)  # fmt: skip
_ORDER = (NI, CR, PR, SD, PD)
"""From better to worse, for parts of one component."""


class UptakeNow(StrEnum):
    """Uptake against the baseline."""

    RESOLVED = "resolved"
    KEPT = "stable or improved"
    INCREASED = "increased"
    UNKNOWN = "unknown"


KNOWN_UPTAKE = (UptakeNow.RESOLVED, UptakeNow.KEPT, UptakeNow.INCREASED)


def size_response(now: Fraction, baseline: Fraction, nadir: Fraction) -> Response:
    """PR, SD or PD of a sum; PD is more than 20 % and at least 5 mm above the nadir."""
    rise = now - nadir
    if now * 100 > nadir * (100 + PROGRESSION_PERCENT) and rise >= PROGRESSION_MM:
        return PD
    return PR if now * 100 <= baseline * (100 - RESPONSE_PERCENT) else SD


def primary_response(size: Response, uptake: UptakeNow, *, small: bool) -> Response:
    """Response of the primary tumour.

    Parameters
    ----------
    size : Response
        PR, SD or PD of its longest diameter.
    uptake : UptakeNow
        Known.
    small : bool
        Whether the residue is below 10 mm.
    """
    if small and uptake is UptakeNow.RESOLVED:
        return CR
    if size is PR and uptake is UptakeNow.INCREASED:
        return SD
    return size


def soft_response(size: Response, uptake: UptakeNow, *, small: bool, targets: bool) -> Response:
    """Response of soft-tissue metastases without new lesions.

    Parameters
    ----------
    size : Response
        PR, SD or PD of the sum of diameters (SD without targets).
    uptake : UptakeNow
        Known; partial response does not need it to resolve.
    small : bool
        Whether every target and non-target is below 10 mm.
    targets : bool
        Whether there are target lesions.
    """
    if small and uptake is UptakeNow.RESOLVED:
        return CR
    return size if targets else SD


@dataclass(frozen=True, slots=True)
class Finding:
    """A response, and what else it could be.

    Parameters
    ----------
    response : Response
        What is answered; NE when the table does not say enough.
    possible : frozenset of Response
        All that the criteria and the table allow; holds the response unless that is NE.
    """

    response: Response
    possible: frozenset[Response]

    @classmethod
    def of(cls, response: Response, *others: Response) -> "Finding":
        """Make a finding of an answer and of others that are possible."""
        found = {response, *others} - {NE}
        return cls(response, frozenset(found))

    @property
    def text(self) -> str:
        """Response for a sentence, with what is possible beside it."""
        others = [str(one) for one in Response if one in self.possible - {self.response}]
        return str(self.response) + (f" (possible: {', '.join(others)})" if others else "")


def unknown(*possible: Response) -> Finding:
    """Make the finding of a component that was not evaluated."""
    return Finding.of(NE, *possible)


def mibg_response(now: Fraction, baseline: Fraction, least: Fraction) -> Finding:
    """Response of bone by the MIBG score.

    Parameters
    ----------
    now, baseline, least : Fraction
        Scores of one method; ``least`` is the smallest before now, the baseline included. Uptake
        after a score of 0 is answered as progression (a site that is avid again is new), with what
        the relative score gives beside it.
    """
    if baseline == 0:
        return Finding.of(NI) if now == 0 and least == 0 else Finding.of(PD)
    if now == 0:
        return Finding.of(CR)
    relative = now / baseline
    if relative >= BONE_PROGRESSION:
        return Finding.of(PD)
    found = PR if relative <= BONE_RESPONSE else SD
    return Finding.of(PD, found) if least == 0 else Finding.of(found)


def fdg_response(now: Fraction, baseline: Fraction) -> Finding:
    """Response of bone by the number of FDG-avid lesions of an MIBG-non-avid tumour.

    A higher number means new sites, which are progression only with imaging or histology to match:
    SD is answered, and PD possible.
    """
    if baseline == 0:
        return Finding.of(NI) if now == 0 else Finding.of(SD, PD)
    if now == 0:
        return Finding.of(CR)
    if now > baseline:
        return Finding.of(SD, PD)
    return Finding.of(PR if now <= baseline * BONE_RESPONSE else SD)


def marrow_response(now: Fraction, reference: Fraction) -> Response:
    """Response of the marrow against a reference infiltration, percent.

    0: CR. Above 0 up to 5: minimal disease. From 0 to above 5, or more than doubled to above 20:
    PD. Else SD. (A fall from above 5 up to 20 to at most 5 is not named: minimal disease.)
    """
    if now == 0:
        return CR
    if now <= MINIMAL_PERCENT:
        return MD
    if reference == 0:
        return PD
    doubled = now > MARROW_PROGRESSION_FOLD * reference
    return PD if doubled and now > MARROW_PROGRESSION_PERCENT else SD


def worst(parts: Iterable[Response]) -> Response:
    """Return the worst of the parts of one component: NI, CR, PR, SD, PD; NE unless one is PD."""
    found = set(parts)
    if PD in found:
        return PD
    if NE in found:
        return NE
    return max(found, key=_ORDER.index)


def overall_response(primary: Response, metastatic: Response, marrow: Response) -> Response:
    """Overall response from the three components.

    Any PD: PD. Else any NE: NE. All CR (or not involved): CR. CR, PR or minimal disease with at
    least one PR: PR. SD beside CR or PR: MR. Else SD. Minimal disease beside CR without any PR is
    not named: PR, as the disease is not gone; alone it is SD.
    """
    found = {primary, metastatic, marrow}
    if PD in found:
        return PD
    if NE in found:
        return NE
    involved = found - {NI}
    if not involved:
        return NI
    if involved == {CR}:
        return CR
    if SD in involved:
        return MR if involved & {CR, PR} else SD
    return PR if involved & {CR, PR} else SD


def is_open(primary: Response, metastatic: Response, marrow: Response) -> bool:
    """Tell whether the criteria name no overall response: minimal disease without PR or SD."""
    found = {primary, metastatic, marrow} - {NI}
    return MD in found and not found & {PR, SD, PD, NE}


def both(soft: Finding, bone: Finding) -> Finding:
    """Metastatic component: the worse of soft tissue and bone."""
    possible = {worst(pair) for pair in product(soft.possible, bone.possible)}
    return _settled(worst((soft.response, bone.response)), possible)


def overall(primary: Finding, metastatic: Finding, marrow: Finding) -> Finding:
    """Overall response, and all that are possible given those of the components."""
    parts = (primary, metastatic, marrow)
    possible = {overall_response(*one) for one in product(*(part.possible for part in parts))}
    main = overall_response(*(part.response for part in parts))
    if is_open(*(part.response for part in parts)):
        possible |= {PR, SD} if main is SD else {main}
    return _settled(main, possible)


def _settled(main: Response, possible: set[Response]) -> Finding:
    """Answer what is the only possibility, even when a part was not evaluated."""
    if main is NE and len(possible) == 1:
        main = next(iter(possible))
    return Finding.of(main, *possible)
