"""Which CT goes with the emission volume: scored from headers, with its reasons.

Same frame of reference, axial, no localizer. 100 for the emission box covered (in percent), 40 for
ORIGINAL/PRIMARY, up to 10 for thin slices, up to 10 for little time between the acquisitions.

The emission box is often wider than the field of view of a CT (565 and 500 mm: 78 % covered), and
a CT resampled to the emission grid covers all of it: the original one is preferred all the same.
"""

from typing import TYPE_CHECKING

import numpy as np

from quant.dicom.choice.rating import REFUSED_POINTS, Rated
from quant.dicom.files.facts import tail, text, words
from quant.dicom.values.times import moment_of
from quant.dicom.volumes import place_volume
from quant.domain.flags import Flag
from quant.errors import StudyError

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.study import SeriesEntry, StudyFiles

COVERAGE_POINTS, ORIGINAL_POINTS, THIN_POINTS, SOON_POINTS = 100.0, 40.0, 10.0, 10.0

CLOSE_POINTS = 5.0
"""Scores nearer than that do not settle which one is meant."""

AXIAL_COSINE = 0.9
"""An image is axial when its normal is this close to the patient's long axis."""

ASSUMED_OVERLAP = 0.5
"""Least overlap of CT and emission at which a missing frame of reference is taken as the same."""

SAMPLES = 9
"""Points along each axis of the emission box at which its coverage by the CT is sampled."""


def choose_ct(
    study: "StudyFiles", emission: Rated
) -> tuple[Rated | None, list[Rated], tuple[Flag, ...]]:
    """Choose the CT of the emission volume.

    Returns
    -------
    chosen : Rated or None
    rated : list of Rated
        Every CT of the study, best first.
    flags : tuple of Flag
        ``NO_CT``, ``CT_UNUSABLE``, ``PAIR_AMBIGUOUS`` when another is nearly as good,
        ``FOR_ASSUMED``.
    """
    series = study.by_modality("CT")
    if emission.placement is None:
        return None, [Rated(one, 0.0, ("the emission volume has no place",)) for one in series], ()
    grid = emission.placement.grid
    rated = sorted((_rate_ct(one, emission.series, grid) for one in series), key=Rated.order)
    if not rated or not rated[0].eligible:
        return None, rated, (_none_usable(study, rated),)
    chosen = rated[0]
    flags = []
    close = [one for one in rated if one.eligible and chosen.score - one.score <= CLOSE_POINTS]
    if len(close) > 1:
        scores = ", ".join(f"{tail(one.series.series_uid)} {one.score:g}" for one in close)
        detail = (
            f"{len(close)} CT volumes that fit about equally well, with scores {scores}; taken is "
            "the first by score, more slices, lower SeriesNumber, UID"
        )
        flags.append(Flag("PAIR_AMBIGUOUS", detail))
    if chosen.placement is not None and not (
        chosen.placement.grid.frame_of_reference_uid and grid.frame_of_reference_uid
    ):
        flags.append(Flag("FOR_ASSUMED", f"emission and CT {tail(chosen.series.series_uid)}"))
    return chosen, rated, tuple(flags)


def _none_usable(study: "StudyFiles", rated: list[Rated]) -> Flag:
    detail = "; ".join(f"CT {tail(one.series.series_uid)}: {one.reasons[-1]}" for one in rated)
    code = "CT_UNUSABLE" if any(one.code for one in rated) else "NO_CT"
    if not rated and (lost := _lost_ct(study)):
        code, detail = "CT_UNUSABLE", lost
    return Flag(code, detail or "no CT series")


def _lost_ct(study: "StudyFiles") -> str:
    """Return what the index said about a CT series that it set aside."""
    said = [part for flag in study.flags for part in flag.detail.split("; ")]
    return "; ".join(part for part in said if part.startswith("CT series "))


def _rate_ct(series: "SeriesEntry", emission: "SeriesEntry", box: "Grid") -> Rated:
    types = words(series.facts, "ImageType")
    if "LOCALIZER" in types:
        return Rated(series, REFUSED_POINTS, ("a localizer",), eligible=False)
    try:
        placement = place_volume(series)
    except StudyError as error:
        reason = f"refused, {error.code}: {error.found}"
        return Rated(series, REFUSED_POINTS, (reason,), code=error.code, eligible=False)
    grid = placement.grid
    coverage = covered(box, grid)
    why_not = _ct_obstacle(grid, box, coverage)
    if why_not:
        return Rated(series, REFUSED_POINTS, (why_not,), placement, eligible=False)
    original = types[:2] == ("ORIGINAL", "PRIMARY")
    thickness = float(grid.spacing_mm[0])
    points, when = _soon(series, emission)
    score = COVERAGE_POINTS * round(coverage, 2) + (ORIGINAL_POINTS if original else 0.0)
    score += THIN_POINTS / (1.0 + thickness) + points
    reasons = (
        f"covers {coverage:.0%} of the emission box",
        "original" if original else f"ImageType {text(series.facts, 'ImageType') or 'missing'}",
        f"slices {thickness:g} mm apart",
        when,
        *(f"{flag.code}: {flag.detail}" for flag in placement.flags),
    )
    return Rated(series, round(score, 6), reasons, placement)


def _soon(series: "SeriesEntry", emission: "SeriesEntry") -> tuple[float, str]:
    """Return points for little time between CT and emission, and the time in words."""
    moments = [
        moment_of(one.facts, "Acquisition") or moment_of(one.facts, "Series")
        for one in (series, emission)
    ]
    if moments[0] is None or moments[1] is None:
        return 0.0, "time between CT and emission unknown"
    minutes = abs((moments[0] - moments[1]).total_seconds()) / 60.0
    return SOON_POINTS / (1.0 + minutes / 60.0), f"{minutes:.0f} min from the emission acquisition"


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
