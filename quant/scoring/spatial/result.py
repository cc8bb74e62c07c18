"""What scoring by rule returns: lesions, bones, segments of both systems, and the planar views."""

from dataclasses import dataclass

from quant.domain.flags import Flag
from quant.scoring.readings.segments import System
from quant.scoring.readings.totals import (
    Modality,
    Reading,
    ReadingKey,
    ScoreTotal,
    SegmentScore,
    total_of,
)
from quant.scoring.spatial.rules import LesionRules

READER = "rule"
"""Reader of every score from lesions in 3D."""


@dataclass(frozen=True, slots=True)
class BoneShare:
    """How a lesion and a bone overlap.

    Parameters
    ----------
    bone : str
    of_lesion : float
        Part of the lesion that lies on the bone, 0 to 1.
    of_bone : float
        Part of the bone (what of it is in the field) that the lesion takes, 0 to 1.
    """

    bone: str
    of_lesion: float
    of_bone: float


@dataclass(frozen=True, slots=True)
class Placement:
    """To which segment of a system a lesion belongs.

    Parameters
    ----------
    segments : tuple of str
        Where it counts: one key; several only where it takes half of each, or equal parts.
    also : tuple of str
        Where it may count as well or instead: a border case.
    why : str
        One sentence.
    """

    segments: tuple[str, ...]
    also: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class LesionEvidence:
    """One focus: a connected part of a lesion region.

    Parameters
    ----------
    key : str
        Name of the region, with ``#2``, ``#3`` for its further parts.
    role : str
        ``lesion`` or ``tumour``.
    volume_ml : float
    centroid_mm : tuple of float
        LPS, mm.
    on_bone, near_bone : float
        Part of it that lies on bone, and no farther from bone than the rules' distance.
    bones : tuple of BoneShare
        Bones that it touches, the largest share first.
    nearest_bone : str
    distance_mm : float
        From its edge to that bone's; 0 where it touches.
    places : dict of System to Placement
    flags : tuple of Flag
    """

    key: str
    role: str
    volume_ml: float
    centroid_mm: tuple[float, float, float]
    on_bone: float
    near_bone: float
    bones: tuple[BoneShare, ...]
    nearest_bone: str
    distance_mm: float
    places: dict[System, Placement]
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class BoneEvidence:
    """One bone as it was found.

    Parameters
    ----------
    bone : str
        Canonical name.
    volume_ml : float
        Of the whole mask.
    in_field : float
        Part of it inside the emission volume, 0 to 1.
    """

    bone: str
    volume_ml: float
    in_field: float


@dataclass(frozen=True, slots=True)
class SegmentByRule:
    """One segment scored by rule.

    Parameters
    ----------
    score : SegmentScore
        Score, border alternative, in-field fraction, evidence and flags.
    low, high : int or None
        Least and greatest score that the borders admit; None when not assessable.
    rule : str
        Key of the rule that gave the score.
    foci : int
        Foci that count, as drawn.
    foci_apart : int
        The most foci that are pairwise farther apart than the resolution.
    fraction : float
        Part of the segment involved, 0 to 1, of what is in the field.
    bone, bone_fraction
        The most involved bone and the part of it involved; empty and 0 without any.
    """

    score: SegmentScore
    low: int | None
    high: int | None
    rule: str
    foci: int
    foci_apart: int
    fraction: float
    bone: str = ""
    bone_fraction: float = 0.0


@dataclass(frozen=True, slots=True)
class SystemByRule:
    """All segments of one system, in its order, with the total.

    Parameters
    ----------
    system : System
    segments : tuple of SegmentByRule
    """

    system: System
    segments: tuple[SegmentByRule, ...]

    @property
    def total(self) -> ScoreTotal:
        """Sum over the segments assessed."""
        return total_of(self.system, [one.score for one in self.segments])

    @property
    def foci(self) -> int:
        """Foci counted over all segments of the total."""
        apart = "soft_tissue" if self.system is System.SIOPEN else ""
        return sum(one.foci for one in self.segments if one.score.segment != apart)

    def segment(self, key: str) -> SegmentByRule:
        """Return one segment by its key."""
        return next(one for one in self.segments if one.score.segment == key)


@dataclass(frozen=True, slots=True)
class PlanarView:
    """The lesions projected into one view, scored again.

    Parameters
    ----------
    view : str
        ``anterior`` or ``posterior``.
    systems : dict of System to SystemByRule
    hidden : dict of str to str
        Lesions that lie behind another segment's lesion in this view: whose shadow hides them.
    merged : tuple of tuple of str
        Pairs of lesions whose shadows lie within one planar resolution, or that 3D cannot tell
        apart.
    """

    view: str
    systems: dict[System, SystemByRule]
    hidden: dict[str, str]
    merged: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LesionScores:
    """Both scores from lesions in 3D, and the planar-equivalent, with all evidence.

    Parameters
    ----------
    rules : LesionRules
    systems : dict of System to SystemByRule
        Curie and SIOPEN.
    planar : tuple of PlanarView
        Anterior and posterior.
    lesions : tuple of LesionEvidence
    bones : tuple of BoneEvidence
    flags : tuple of Flag
        Of the study as a whole.
    study_uid : str
        Empty for regions without a study.
    """

    rules: LesionRules
    systems: dict[System, SystemByRule]
    planar: tuple[PlanarView, ...]
    lesions: tuple[LesionEvidence, ...]
    bones: tuple[BoneEvidence, ...]
    flags: tuple[Flag, ...] = ()
    study_uid: str = ""

    @property
    def curie(self) -> SystemByRule:
        """Modified Curie in 3D."""
        return self.systems[System.CURIE]

    @property
    def siopen(self) -> SystemByRule:
        """SIOPEN in 3D."""
        return self.systems[System.SIOPEN]

    def planar_equivalent(self, system: System) -> PlanarView:
        """Return the view with the higher total (anterior when equal): what planar could show."""
        return max(self.planar, key=lambda view: view.systems[system].total.total or 0)

    def readings(self, key: ReadingKey, day: float | None = None) -> tuple[Reading, ...]:
        """Return both systems as readings: from 3D, and the planar-equivalent.

        Parameters
        ----------
        key : ReadingKey
            Patient, time, nuclide and phase are kept; modality and reader are set here.
        day : float, optional
        """
        found = []
        for system in self.systems:
            projected = self.planar_equivalent(system)
            for modality, scored in (
                (Modality.SPECT_CT, self.systems[system]),
                (Modality.PLANAR_EQUIVALENT, projected.systems[system]),
            ):
                own = ReadingKey(key.patient, key.time, modality, key.nuclide, key.phase, READER)
                segments = tuple(one.score for one in scored.segments)
                found.append(Reading(own, system, segments, day, self.study_uid))
        return tuple(found)
