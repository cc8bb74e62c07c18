"""Which series is measured and which CT goes with it: scored from headers, never in silence.

Emission: a series whose geometry can be read goes before one whose cannot; then the score
(attenuation correction 100, or 60 when only the description or the method says so; 5 more or less
when the description of a volume with ATTN agrees or denies it; scatter correction 10; not corrected
0, unknown 30). Equal scores: NM before PT, then a known unit
before counts before none, then more slices, then the
lower SeriesNumber, then the UIDs, and ``PAIR_AMBIGUOUS`` says so.

CT: same frame of reference, axial, no localizer; 100 for the emission box covered (in percent), 20
for ORIGINAL/PRIMARY, up to 10 for thin slices. Equal scores: the lower SeriesNumber, then the UID.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.dicom.calibration import slice_unit
from quant.dicom.evidence import (
    NOT_AN_IMAGE,
    Correction,
    contradicts,
    correction_of,
    described_correction,
    describing,
    map_evidence,
    suspected_map,
)
from quant.dicom.facts import tail, text, whole, words
from quant.dicom.geometry import Placement
from quant.dicom.nm_kinds import NMKind, nm_kind
from quant.dicom.volumes import place_volume
from quant.domain.flags import Flag, Severity
from quant.domain.study import Candidate, Selection
from quant.domain.units import SUV_UNITS, Unit
from quant.errors import StudyError

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.study import SeriesEntry, StudyFiles

AC_POINTS, AC_SAID_POINTS, UNKNOWN_POINTS, SCATTER_POINTS = 100.0, 60.0, 30.0, 10.0
SAID_TOO_POINTS = 5.0
SUSPECT_POINTS = -200.0
REFUSED_POINTS = -1000.0
COVERAGE_POINTS, ORIGINAL_POINTS, THIN_POINTS = 100.0, 20.0, 10.0

AXIAL_COSINE = 0.9
"""An image is axial when its normal is this close to the patient's long axis."""

ASSUMED_OVERLAP = 0.5
"""Least overlap of CT and emission at which a missing frame of reference is taken as the same."""

UNIT_ORDER = {
    **dict.fromkeys((Unit.BQ_PER_ML, *SUV_UNITS), 0),
    Unit.COUNT_RATE: 1,
    Unit.COUNTS: 1,
}

SAMPLES = 9
"""Points along each axis of the emission box at which its coverage by the CT is sampled."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rated:
    """A candidate with its score and, if its geometry can be read, its place."""

    series: "SeriesEntry"
    score: float
    reasons: tuple[str, ...]
    placement: Placement | None = None
    correction: Correction = Correction.UNKNOWN
    code: str = ""
    eligible: bool = True

    def order(self) -> tuple[object, ...]:
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
        )

    def unit_rank(self) -> int:
        """0 for activity or SUV, 1 for counts, 2 for values of unknown unit."""
        unit, _, _ = slice_unit(self.series.modality, self.series.facts)
        return UNIT_ORDER.get(unit, 2) if self.series.modality == "PT" else 0

    def candidate(self, purpose: str, *, chosen: bool) -> Candidate:
        return Candidate(purpose, self.series.series_uid, self.score, chosen, self.reasons)


def select(study: "StudyFiles") -> Selection:
    """Choose the emission volume and its CT from header facts.

    Parameters
    ----------
    study : StudyFiles

    Returns
    -------
    Selection
        Every NM, PT and CT series is among the candidates, with its score and reasons. Without
        an emission volume the flags say what was found instead. When the only reconstruction
        cannot be placed, it is chosen all the same, so that reading it names the reason. Nothing is
        chosen in a study whose files bear different patient identifiers.
    """
    mixed = tuple(flag for flag in study.flags if flag.code == "PATIENT_MIXED")
    rated = sorted((_rate_emission(one) for one in study.by_modality("NM", "PT")), key=_Rated.order)
    chosen = rated[0] if rated and rated[0].eligible and not mixed else None
    if chosen is None:
        cts = [
            _Rated(one, 0.0, ("no emission volume to go with",)) for one in study.by_modality("CT")
        ]
        candidates = tuple(one.candidate("emission", chosen=False) for one in rated)
        candidates += tuple(one.candidate("ct", chosen=False) for one in cts)
        return Selection(None, None, candidates, mixed or _nothing_found(study, rated))
    ct, ct_rated, ct_flags = _select_ct(study, chosen.placement)
    candidates = tuple(one.candidate("emission", chosen=one is chosen) for one in rated)
    candidates += tuple(one.candidate("ct", chosen=one is ct) for one in ct_rated)
    flags = (*_emission_flags(chosen, rated), *ct_flags)
    return Selection(chosen.series, ct.series if ct else None, candidates, flags)


def _rate_emission(series: "SeriesEntry") -> _Rated:
    facts = series.facts
    why_not = map_evidence(facts)
    if why_not:
        return _Rated(series, REFUSED_POINTS, (f"attenuation map: {why_not}",), eligible=False)
    if series.modality == "NM":
        kind, _ = nm_kind(series)
        if kind not in (NMKind.RECON, NMKind.GATED):
            reason = f"{kind}: ImageType {text(facts, 'ImageType') or 'missing'}"
            return _Rated(series, REFUSED_POINTS, (reason,), code="NM_NOT_RECON", eligible=False)
    if NOT_AN_IMAGE & set(words(facts, "ImageType")):
        reason = f"a picture of a volume: ImageType {text(facts, 'ImageType')}"
        return _Rated(series, REFUSED_POINTS, (reason,), eligible=False)
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
        return _Rated(
            series, score + REFUSED_POINTS, (*reasons, refused), None, correction, error.code
        )
    return _Rated(series, score, reasons, placement, correction)


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


def _emission_flags(chosen: _Rated, rated: list[_Rated]) -> tuple[Flag, ...]:
    flags = []
    where = f"{chosen.series.modality} series {tail(chosen.series.series_uid)}"
    if chosen.correction is Correction.NO:
        flags.append(Flag("NOT_ATTENUATION_CORRECTED", where))
    if chosen.correction is Correction.UNKNOWN:
        flags.append(Flag("AC_UNKNOWN", where))
    denied = contradicts(chosen.series.facts)
    if denied:
        detail = f"{where}: CorrectedImage has ATTN, its description says {denied}"
        flags.append(Flag("AC_CONTRADICTED", detail))
    kinds = {one.series.modality for one in rated if one.eligible and one.placement}
    if len(kinds) > 1:
        flags.append(Flag("EMISSION_SEVERAL", f"measured is {where}"))
    equal = [one for one in rated if one.eligible and one.placement and one.score == chosen.score]
    if chosen.placement is not None and len(equal) > 1:
        detail = (
            f"{len(equal)} emission volumes with score {chosen.score:g}; taken is {where} by the "
            "rule NM before PT, known unit, more slices, lower SeriesNumber, UID"
        )
        flags.append(Flag("PAIR_AMBIGUOUS", detail))
    return tuple(flags)


def _nothing_found(study: "StudyFiles", rated: list[_Rated]) -> tuple[Flag, ...]:
    flags = []
    found = [
        f"{one.series.modality} {tail(one.series.series_uid)}: {one.reasons[0]}" for one in rated
    ]
    not_recon = [text for one, text in zip(rated, found, strict=True) if one.code]
    if not_recon:
        flags.append(Flag("NM_NOT_RECON", "; ".join(not_recon)))
    found += [f"{f.code}: {f.detail}" for f in study.flags if f.severity is Severity.ERROR]
    kinds = sorted({series.modality for series in study.series})
    detail = "; ".join(found) or f"series of {', '.join(kinds) or 'no kind'} only"
    flags.append(Flag("NO_EMISSION", detail))
    return tuple(flags)


def _select_ct(
    study: "StudyFiles", emission: Placement | None
) -> tuple[_Rated | None, list[_Rated], tuple[Flag, ...]]:
    series = study.by_modality("CT")
    if emission is None:
        return None, [_Rated(one, 0.0, ("the emission volume has no place",)) for one in series], ()
    rated = sorted((_rate_ct(one, emission.grid) for one in series), key=_Rated.order)
    if not rated or not rated[0].eligible:
        detail = "; ".join(f"CT {tail(one.series.series_uid)}: {one.reasons[-1]}" for one in rated)
        code = "CT_UNUSABLE" if any(one.code for one in rated) else "NO_CT"
        if not rated and (lost := _lost_ct(study)):
            code, detail = "CT_UNUSABLE", lost
        return None, rated, (Flag(code, detail or "no CT series"),)
    chosen = rated[0]
    flags = []
    equal = [one for one in rated if one.eligible and one.score == chosen.score]
    if len(equal) > 1:
        detail = (
            f"{len(equal)} CT series with score {chosen.score:g}; taken is "
            f"{tail(chosen.series.series_uid)} by the rule more slices, lower SeriesNumber, UID"
        )
        flags.append(Flag("PAIR_AMBIGUOUS", detail))
    if chosen.placement is not None and not (
        chosen.placement.grid.frame_of_reference_uid and emission.grid.frame_of_reference_uid
    ):
        flags.append(Flag("FOR_ASSUMED", f"emission and CT {tail(chosen.series.series_uid)}"))
    return chosen, rated, tuple(flags)


def _lost_ct(study: "StudyFiles") -> str:
    """Return what the index said about a CT series that it set aside."""
    said = [part for flag in study.flags for part in flag.detail.split("; ")]
    return "; ".join(part for part in said if part.startswith("CT series "))


def _rate_ct(series: "SeriesEntry", emission: "Grid") -> _Rated:
    types = words(series.facts, "ImageType")
    if "LOCALIZER" in types:
        return _Rated(series, REFUSED_POINTS, ("a localizer",), eligible=False)
    try:
        placement = place_volume(series)
    except StudyError as error:
        reason = f"refused, {error.code}: {error.found}"
        return _Rated(series, REFUSED_POINTS, (reason,), code=error.code, eligible=False)
    grid = placement.grid
    coverage = covered(emission, grid)
    why_not = _ct_obstacle(grid, emission, coverage)
    if why_not:
        return _Rated(series, REFUSED_POINTS, (why_not,), placement, eligible=False)
    original = types[:2] == ("ORIGINAL", "PRIMARY")
    thickness = float(grid.spacing_mm[0])
    score = COVERAGE_POINTS * round(coverage, 2) + (ORIGINAL_POINTS if original else 0.0)
    score += THIN_POINTS / (1.0 + thickness)
    reasons = (
        f"covers {coverage:.0%} of the emission box",
        "original" if original else f"ImageType {text(series.facts, 'ImageType') or 'missing'}",
        f"slices {thickness:g} mm apart",
    )
    return _Rated(series, round(score, 6), reasons, placement)


def _ct_obstacle(grid: "Grid", emission: "Grid", coverage: float) -> str:
    normal = grid.axes_mm[:, 0] / grid.spacing_mm[0]
    if abs(float(normal[2])) < AXIAL_COSINE:
        return "not axial"
    frames = (grid.frame_of_reference_uid, emission.frame_of_reference_uid)
    if all(frames) and frames[0] != frames[1]:
        return "in another frame of reference"
    if coverage == 0.0:
        return "does not overlap the emission volume"
    if not all(frames) and coverage < ASSUMED_OVERLAP:
        return f"no frame of reference, and overlap of {coverage:.0%} only"
    return ""


def covered(inner: "Grid", outer: "Grid") -> float:
    """Return the fraction of ``inner``'s box that lies in ``outer``'s, sampled on a lattice."""
    fractions = (np.arange(SAMPLES) + 0.5) / SAMPLES
    axes = [size * fractions - 0.5 for size in inner.shape]
    lattice = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    index = outer.to_index(inner.to_mm(lattice))
    inside = (index >= -0.5) & (index <= np.array(outer.shape) - 0.5)
    return float(inside.all(axis=1).mean())
