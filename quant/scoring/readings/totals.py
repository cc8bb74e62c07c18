"""One reading of one image: scores of segments, and totals that know what could be seen."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.scoring.readings.segments import Segment, System, maximum_of, segment_of, total_segments

if TYPE_CHECKING:
    from collections.abc import Iterable


class Modality(StrEnum):
    """What was looked at."""

    PLANAR = "planar"
    SPECT_CT = "SPECT/CT"
    COMBINED = "combined"
    PLANAR_EQUIVALENT = "planar-equivalent"
    """Projected from SPECT by rule; never accepted from a reader's table."""


class Phase(StrEnum):
    """When in the treatment."""

    DIAGNOSIS = "diagnosis"
    DURING_INDUCTION = "during-induction"
    POST_INDUCTION = "post-induction"
    POST_TRANSPLANT = "post-transplant"
    END_OF_TREATMENT = "end-of-treatment"
    RELAPSE = "relapse"
    PRE_MIBG_THERAPY = "pre-MIBG-therapy"
    POST_MIBG_THERAPY = "post-MIBG-therapy"
    FOLLOW_UP = "follow-up"
    NOT_STATED = "not-stated"
    """Of a study whose phase nobody stated; never accepted from a table, meets no cut-off."""


@dataclass(frozen=True, slots=True)
class ReadingKey:
    """Whose image, when, of what, and who read it.

    Parameters
    ----------
    patient : str
        Pseudonym as in the table.
    time : str
        Label of the time point.
    modality : Modality
    nuclide : str
        As the engine writes it: ``I-123``, ``I-131``.
    phase : Phase
    reader : str
        A person's code, or ``rule`` for a score from lesions in 3D.
    """

    patient: str
    time: str
    modality: Modality
    nuclide: str
    phase: Phase
    reader: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a score rests on.

    Parameters
    ----------
    text : str
        One sentence.
    lesions : tuple of str
        Identifiers of the lesions behind it.
    fraction : float or None
        Part of ``structure`` that is involved, 0 to 1.
    structure : str
        The bone or the segment that the fraction is of.
    source : str
        Where it was found: file and row, or the record.
    """

    text: str
    lesions: tuple[str, ...] = ()
    fraction: float | None = None
    structure: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class SegmentScore:
    """Score of one segment, or that it could not be assessed.

    Parameters
    ----------
    system : System
    segment : str
        Key of the segment.
    score : int or None
        None means not assessable, never zero.
    in_field : float or None
        Fraction of the segment inside the field of view, 0 to 1; None where not stated.
    reason : str
        Why it was not assessable, in words.
    alternative : int or None
        The other admissible score of a border case; a flag says which border.
    evidence : tuple of Evidence
    flags : tuple of Flag
    further : int or None
        A third admissible score: the lowest, where ``alternative`` is the highest.

    Raises
    ------
    KeyError
        If the system has no such segment.
    ValueError
        If a score is out of range, or the fraction contradicts it.
    """

    system: System
    segment: str
    score: int | None
    in_field: float | None = None
    reason: str = ""
    alternative: int | None = None
    evidence: tuple[Evidence, ...] = ()
    flags: tuple[Flag, ...] = ()
    further: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no reader can mean."""
        top = segment_of(self.system, self.segment).maximum
        for one in (self.score, self.alternative, self.further):
            whole = isinstance(one, int) and not isinstance(one, bool)
            if one is not None and not (whole and 0 <= one <= top):
                message = f"{self.system} {self.segment}: {one!r} is not one of 0 to {top}"
                raise ValueError(message)
        if self.in_field is not None and not 0 <= self.in_field <= 1:
            message = f"in-field fraction {self.in_field!r} is not between 0 and 1"
            raise ValueError(message)
        if self.score is not None and self.in_field == 0:
            message = f"{self.system} {self.segment}: scored, but wholly outside the field"
            raise ValueError(message)

    @property
    def assessable(self) -> bool:
        """Whether there is a score."""
        return self.score is not None

    @property
    def admissible(self) -> tuple[int, ...]:
        """Score and, in a border case, its alternatives; empty when not assessable."""
        found = (self.score, self.alternative, self.further)
        return tuple(one for one in found if one is not None)


@dataclass(frozen=True, slots=True)
class ScoreTotal:
    """Sum over the segments that were assessed, with what it could have reached.

    Parameters
    ----------
    system : System
    total : int or None
        Sum over the assessed segments; None when there is none.
    reachable : int
        Highest sum that the assessed segments allow.
    maximum : int
        Highest total of the system.
    not_assessable : tuple of str
        Keys of the segments without a score, in the order of the system.
    in_field : float or None
        Mean in-field fraction over all segments; None unless every one is stated.
    low, high : int or None
        Least and greatest sum over border cases; equal to ``total`` without any.
    upper_bound : int
        What the sum could be at most, had all of every segment been seen: segments that were not
        assessed or seen in part only count with their highest level.
    flags : tuple of Flag
    """

    system: System
    total: int | None
    reachable: int
    maximum: int
    not_assessable: tuple[str, ...] = ()
    in_field: float | None = None
    low: int | None = None
    high: int | None = None
    upper_bound: int = 0
    flags: tuple[Flag, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every segment was assessed."""
        return self.reachable == self.maximum

    @property
    def assessed_fraction(self) -> float:
        """Part of the system's range that was assessed, 0 to 1."""
        return self.reachable / self.maximum


@dataclass(frozen=True, slots=True)
class Reading:
    """All segments of one system in one reading, in the order of the system.

    Parameters
    ----------
    key : ReadingKey
    system : System
    segments : tuple of SegmentScore
        One for each segment of the total; items apart (SIOPEN soft tissue) may be absent.
    day : float or None
        Days from the patient's own day zero; None where not stated.
    source : str
        File and rows, or the record.
    """

    key: ReadingKey
    system: System
    segments: tuple[SegmentScore, ...]
    day: float | None = None
    source: str = ""

    @property
    def total(self) -> ScoreTotal:
        """Total of the reading."""
        return total_of(self.system, self.segments)

    def score(self, segment: str) -> int | None:
        """Score of one segment by its key; None when not assessable or absent."""
        found = [one.score for one in self.segments if one.segment == segment]
        return found[0] if found else None


def total_of(system: System, segments: "Iterable[SegmentScore]") -> ScoreTotal:
    """Add the scores of the segments that were assessed.

    Parameters
    ----------
    system : System
    segments : iterable of SegmentScore
        In any order; each segment of the total exactly once. Items apart are left out of the sum.

    Raises
    ------
    ValueError
        If a segment is missing, twice there, or of another system.
    """
    given = list(segments)
    by_key = {one.segment: one for one in given}
    needed = total_segments(system)
    missing = [one.key for one in needed if one.key not in by_key]
    foreign = [one.segment for one in given if one.system is not system]
    if missing or foreign or len(by_key) != len(given):
        message = f"{system}: missing {missing}, of another system {foreign}, or twice there"
        raise ValueError(message)
    ordered = [by_key[one.key] for one in needed]
    scored = [(seg, one) for seg, one in zip(needed, ordered, strict=True) if one.assessable]
    unseen = tuple(one.segment for one in ordered if not one.assessable)
    fields = [one.in_field for one in ordered if one.in_field is not None]
    partly = [one.segment for _, one in scored if one.in_field is not None and one.in_field < 1]
    flags = [Flag("SCORE_NOT_ASSESSABLE", ", ".join(unseen))] if unseen else []
    flags += [Flag("SCORE_PARTLY_SEEN", ", ".join(partly))] if partly else []
    return ScoreTotal(
        system,
        sum(one.score or 0 for _, one in scored) if scored else None,
        sum(seg.maximum for seg, _ in scored),
        maximum_of(system),
        unseen,
        sum(fields) / len(ordered) if len(fields) == len(ordered) else None,
        sum(min(one.admissible) for _, one in scored) if scored else None,
        sum(max(one.admissible) for _, one in scored) if scored else None,
        sum(_most(seg, one) for seg, one in zip(needed, ordered, strict=True)),
        tuple(flags),
    )


def _most(segment: Segment, one: SegmentScore) -> int:
    whole = one.in_field is None or one.in_field == 1
    return max(one.admissible) if one.assessable and whole else segment.maximum
