"""Rules that turn foci and fractions into levels, every number of them named and sourced.

The levels are those of the papers. What the papers leave open (where a focus ends and a diffuse
lesion begins, what counts as near a bone, how near a border counts as a border) is a setting of
:class:`LesionRules`: a choice of this engine, *unverified* until readers have compared it.

References
----------
.. [1] Yanik et al. 2013, doi:10.2967/jnumed.112.112334 (modified Curie).
.. [2] Lewington et al. 2017, Eur J Nucl Med Mol Imaging 44:234 (SIOPEN).
.. [3] Ladenstein et al. 2018, doi:10.1007/s00259-017-3829-7 (SIOPEN).
.. [4] Matthay et al. 2010, Br J Cancer 102:1319 (soft tissue of the modified Curie, unverified).
"""

from dataclasses import dataclass, fields
from math import isfinite
from typing import Literal

from quant.errors import UsageError
from quant.scoring.readings.segments import System

Extent = Literal["segment", "bone"]

HALF, WHOLE = 0.5, 0.95
"""Fractions at which the levels change: more than half (Curie 3), from half (SIOPEN 5), more than
95 % (SIOPEN 6)."""

MANY_FOCI = 3
"""SIOPEN counts foci up to three; more of them are level 4."""


@dataclass(frozen=True, slots=True)
class LesionRules:
    """Settings of scores from lesions in 3D.

    Parameters
    ----------
    psf_fwhm_mm : float or None
        Resolution of the emission images (FWHM). Foci whose edges lie no farther apart than this
        are border cases. None: only foci that touch are.
    planar_fwhm_mm : float
        Resolution of a planar image (FWHM), for the planar-equivalent.
    near_bone_mm : float
        How far beside a bone a lesion may be drawn and still belong to it (registration).
    near_share : float
        A lesion belongs to bone when at least this part of it lies on a bone or no farther from
        one than ``near_bone_mm``; else it is soft tissue. A region of the role ``tumour`` (the
        primary) must lie on bone itself by this part.
    near_margin : float
        Half width of that border.
    on_bone_sure : float
        A lesion that belongs to bone by nearness, but lies on bone by less than this part of it,
        is a border case.
    across_from : float
        A lesion is across two segments when at least this part of what lies on bone is in the
        second one.
    diffuse_from : float
        A lesion is diffuse, not a focus, when it takes at least this part of the segment.
    half_margin, whole_margin, diffuse_margin : float
        Half widths of the borders at 50 %, at 95 % and at ``diffuse_from``.
    same_lesion : float
        Two regions are one lesion drawn twice when they share this part of the smaller one.
    least_in_field : float
        A segment without any focus is assessable when at least this part of it is in the field.
    siopen_extent : str
        What SIOPEN's fractions are of where a segment has many bones: ``segment`` (its bones taken
        together) or ``bone`` (the most involved one). For limbs and skull both are the same.

    Raises
    ------
    UsageError
        ``USAGE`` when a setting is out of its range.
    """

    psf_fwhm_mm: float | None = None
    planar_fwhm_mm: float = 12.0
    near_bone_mm: float = 5.0
    near_share: float = 0.5
    near_margin: float = 0.1
    on_bone_sure: float = 0.05
    across_from: float = 0.2
    diffuse_from: float = 0.25
    half_margin: float = 0.05
    whole_margin: float = 0.02
    diffuse_margin: float = 0.05
    same_lesion: float = 0.5
    least_in_field: float = 0.5
    siopen_extent: Extent = "segment"

    def __post_init__(self) -> None:
        """Refuse lengths and fractions that mean nothing."""
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "siopen_extent":
                good, needed = value in ("segment", "bone"), "segment or bone"
            elif field.name.endswith("_mm"):
                good = value is None if field.name == "psf_fwhm_mm" and value is None else (
                    isfinite(value) and 0 <= value <= 1000
                )  # fmt: skip
                needed = "a length of 0 to 1000 mm"
            else:
                good, needed = isfinite(value) and 0 <= value <= 1, "a fraction of 0 to 1"
            if not good:
                raise UsageError(
                    "USAGE",
                    f"Setting {field.name} of the scores from lesions is out of range.",
                    found=str(value),
                    needed=needed,
                    next_step="docs/scoring.md lists the settings",
                )


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a level, what makes it, and where that is written.

    Parameters
    ----------
    key : str
        Stable name, ``curie-2`` or ``siopen-5``.
    system : System
    level : int
    text : str
        The condition; fractions are those of the involved volume.
    source : str
        Paper, or ``choice of this engine``.
    verified : bool
        Whether the condition was read in the source itself.
    """

    key: str
    system: System
    level: int
    text: str
    source: str
    verified: bool


_YANIK = "Yanik 2013, doi:10.2967/jnumed.112.112334"
_LEWINGTON = (
    "Lewington 2017, Eur J Nucl Med Mol Imaging 44:234; "
    "Ladenstein 2018, doi:10.1007/s00259-017-3829-7"
)
_MATTHAY = "Matthay 2010, Br J Cancer 102:1319"


def _rule(system: System, level: int, text: str, source: str, verified: bool = True) -> Rule:  # noqa: FBT001, FBT002 - a fact of the rule, not a switch
    return Rule(f"{system}-{level}", system, level, text, source, verified)


RULES: tuple[Rule, ...] = (
    _rule(System.CURIE, 0, "no focus in the segment", _YANIK),
    _rule(System.CURIE, 1, "one focus, of 50 % of the segment or less", _YANIK),
    _rule(System.CURIE, 2, "more than one focus, together 50 % of the segment or less", _YANIK),
    _rule(System.CURIE, 3, "more than 50 % of the segment involved", _YANIK),
    _rule(System.SIOPEN, 0, "no focus in the segment", _LEWINGTON),
    _rule(System.SIOPEN, 1, "one discrete focus", _LEWINGTON),
    _rule(System.SIOPEN, 2, "two discrete foci", _LEWINGTON),
    _rule(System.SIOPEN, 3, "three discrete foci", _LEWINGTON),
    _rule(
        System.SIOPEN, 4,
        "more than three foci, or one diffuse lesion, together less than 50 % of the segment",
        f"{_LEWINGTON}; where a diffuse lesion begins is a choice of this engine", verified=False,
    ),
    _rule(System.SIOPEN, 5, "50 % to 95 % involved, both included", _LEWINGTON),
    _rule(System.SIOPEN, 6, "more than 95 % involved", _LEWINGTON),
    Rule("curie-soft-3", System.CURIE, 3, "more than 50 % of chest or abdomen involved",
         _MATTHAY, verified=False),
    Rule("siopen-soft-1", System.SIOPEN, 1, "any soft tissue lesion; outside the total",
         "recorded apart, as sources disagree", verified=False),
)  # fmt: skip
"""Every rule by which a level is given."""


def rule_of(key: str) -> Rule:
    """Return a rule by its key."""
    return next(rule for rule in RULES if rule.key == key)


@dataclass(frozen=True, slots=True)
class Involvement:
    """What of a segment is involved, in one way of reading it.

    Parameters
    ----------
    foci : int
        Foci that count.
    fraction : float
        Part of the segment (SIOPEN: or bone) involved, 0 to 1.
    largest : float
        Part taken by the largest single focus.
    """

    foci: int
    fraction: float
    largest: float


def level_of(system: System, seen: Involvement, rules: LesionRules, lean: int = 0) -> int:
    """Level of a segment by the rules.

    Parameters
    ----------
    system : System
        Curie or SIOPEN.
    seen : Involvement
    rules : LesionRules
    lean : int
        0: borders where the papers put them. 1: as high, -1: as low, as the margins allow.

    Returns
    -------
    int
        Never falls when there are more foci or more is involved.
    """
    if seen.foci == 0:
        return 0
    half, whole = HALF - lean * rules.half_margin, WHOLE - lean * rules.whole_margin
    if system is System.CURIE:
        return 3 if seen.fraction > half else min(seen.foci, 2)
    if seen.fraction > whole:
        return 6
    if seen.fraction >= half:
        return 5
    diffuse = seen.largest >= rules.diffuse_from - lean * rules.diffuse_margin
    return 4 if diffuse or seen.foci > MANY_FOCI else seen.foci
