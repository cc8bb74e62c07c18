"""What each series is worth as the volume to measure: scored from headers, with its reasons.

Attenuation correction 100, or 60 when only the description or the method says so; 5 more or less
when the description of a volume with ATTN agrees or denies it; scatter correction 10; not corrected
0, unknown 30. What cannot be read stays far below.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.dicom.choice.evidence import (
    NOT_AN_IMAGE,
    Correction,
    correction_of,
    described_correction,
    describing,
    map_evidence,
    suspected_map,
)
from quant.dicom.files.facts import text, whole, words
from quant.dicom.nm.kinds import VOLUMES, nm_kind
from quant.dicom.values.calibration import slice_unit
from quant.dicom.volumes import place_volume
from quant.domain.study import Candidate
from quant.domain.units import SUV_UNITS, Unit
from quant.errors import StudyError

if TYPE_CHECKING:
    from quant.dicom.geometry.planes import Placement
    from quant.domain.study import SeriesEntry

AC_POINTS, AC_SAID_POINTS, UNKNOWN_POINTS, SCATTER_POINTS = 100.0, 60.0, 30.0, 10.0
SAID_TOO_POINTS = 5.0
SUSPECT_POINTS = -200.0
REFUSED_POINTS = -1000.0

UNIT_ORDER = {Unit.BQ_PER_ML: 0, **dict.fromkeys(SUV_UNITS, 0), Unit.COUNTS: 1}


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """A candidate with its score and, if its geometry can be read, its place.

    ``code`` is that of the error which refuses it, ``next_step`` what that error advises.
    """

    series: "SeriesEntry"
    score: float
    reasons: tuple[str, ...]
    placement: "Placement | None" = None
    correction: Correction = Correction.UNKNOWN
    code: str = ""
    eligible: bool = True

    def order(self) -> tuple[object, ...]:
        """Return the key by which candidates are sorted, best first, whatever their files' names.

        What can be placed, then the score; then NM before PT, a known unit before counts before
        none, more slices, the lower SeriesNumber, the UIDs and the frames.
        """
        slices = self.placement.grid.shape[0] if self.placement else 0
        return (
            not self.eligible,
            self.placement is None,
            -self.score,
            self.series.modality != "NM",
            self.unit_rank(),
            -slices,
            whole(self.series.facts, "SeriesNumber") or 0,
            self.series.series_uid,
            self.series.files[0].sop_instance_uid,
            self.series.frames,
            self.series.part,
        )

    def unit_rank(self) -> int:
        """0 for activity or SUV, 1 for counts, 2 for values of unknown unit."""
        unit, _, _ = slice_unit(self.series.modality, self.series.facts)
        return UNIT_ORDER.get(unit, 2) if self.series.modality == "PT" else 0

    def candidate(self, purpose: str, *, chosen: bool) -> Candidate:
        """Return what a record keeps of it."""
        one = self.series
        return Candidate(purpose, one.series_uid, self.score, chosen, self.reasons, one.part)


def rate_emission(series: "SeriesEntry") -> Rated:
    """Rate a series as the volume to measure; one that can never be is not eligible."""
    facts = series.facts
    why_not = map_evidence(facts)
    if why_not:
        return Rated(series, REFUSED_POINTS, (f"attenuation map: {why_not}",), eligible=False)
    if series.modality == "NM":
        kind, _ = nm_kind(series)
        if kind not in VOLUMES:
            reason = f"{kind}: ImageType {text(facts, 'ImageType') or 'missing'}"
            return Rated(series, REFUSED_POINTS, (reason,), code="NM_NOT_RECON", eligible=False)
    if NOT_AN_IMAGE & set(words(facts, "ImageType")):
        reason = f"a picture of a volume: ImageType {text(facts, 'ImageType')}"
        return Rated(series, REFUSED_POINTS, (reason,), eligible=False)
    correction, reasons = correction_of(facts)
    score = _correction_points(series, correction)
    if suspected_map(facts):
        score += SUSPECT_POINTS
        reasons = (*reasons, "its radiopharmaceutical text names attenuation maps")
    reasons = (f"{series.modality}, {correction}", *reasons)
    try:
        placement = place_volume(series)
    except StudyError as error:
        refused = f"refused, {error.code}: {error.found}"
        if error.code == "NM_MULTI":
            refused = f"{refused}; {error.next_step}"
        score += REFUSED_POINTS
        return Rated(series, score, (*reasons, refused), None, correction, error.code)
    return Rated(series, score, reasons, placement, correction)


def _correction_points(series: "SeriesEntry", correction: Correction) -> float:
    corrected = words(series.facts, "CorrectedImage")
    if correction is Correction.UNKNOWN:
        return UNKNOWN_POINTS
    if correction is Correction.NO:
        return 0.0
    points = SCATTER_POINTS if "SCAT" in corrected else 0.0
    if "ATTN" not in corrected:
        return points + AC_SAID_POINTS
    said, _ = described_correction(describing(series.facts))
    agrees = {Correction.YES: SAID_TOO_POINTS, Correction.NO: -SAID_TOO_POINTS}
    return points + AC_POINTS + agrees.get(said, 0.0)
