"""Which volume is measured and which CT goes with it: chosen from headers, never in silence.

Emission: a volume whose geometry can be read goes before one whose cannot; then the score of
:mod:`quant.dicom.choice.rating`. Equal scores: NM before PT, then a known unit before counts before
none, then more slices, then the lower SeriesNumber, then the UIDs, and ``PAIR_AMBIGUOUS`` says so.
Of an object that holds several volumes the protocol says which one is meant
(:mod:`quant.dicom.choice.nm`). The CT: :mod:`quant.dicom.choice.ct`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from quant.dicom.choice.ct import CLOSE_POINTS, choose_ct, covered
from quant.dicom.choice.evidence import Correction, contradicts
from quant.dicom.choice.nm import resolve
from quant.dicom.choice.rating import REFUSED_POINTS, Rated, rate_emission
from quant.dicom.files.facts import tail
from quant.domain.flags import Flag, Severity
from quant.domain.protocol import EmissionSettings
from quant.domain.study import Selection

if TYPE_CHECKING:
    from quant.domain.study import SeriesEntry, StudyFiles

SAME_PLACE = 0.5
"""Two volumes show the same part of the body when one covers at least that much of the other."""


def select(study: "StudyFiles", settings: EmissionSettings | None = None) -> Selection:
    """Choose the emission volume and its CT from header facts.

    Parameters
    ----------
    study : StudyFiles
    settings : EmissionSettings, optional
        Which volume is meant of an object that holds several; by default gates are summed, and
        several energy windows, detectors or rotations refused.

    Returns
    -------
    Selection
        Every NM, PT and CT volume is among the candidates, with its part, score and reasons.
        Without an emission volume the flags say what was found instead. When the only
        reconstruction cannot be placed, it is chosen all the same, so that reading it names the
        reason. Nothing is chosen in a study whose files bear different patient identifiers.
    """
    mixed = tuple(flag for flag in study.flags if flag.code == "PATIENT_MIXED")
    found = resolve(study.by_modality("NM", "PT"), settings or EmissionSettings())
    rated = sorted((rate_emission(one) for one in found.volumes), key=Rated.order)
    aside = [Rated(one, REFUSED_POINTS, (why,), eligible=False) for one, why in found.aside]
    chosen = rated[0] if rated and rated[0].eligible and not mixed else None
    listed = [*rated, *aside]
    if chosen is None:
        cts = [
            Rated(one, 0.0, ("no emission volume to go with",)) for one in study.by_modality("CT")
        ]
        candidates = tuple(one.candidate("emission", chosen=False) for one in listed)
        candidates += tuple(one.candidate("ct", chosen=False) for one in cts)
        return Selection(None, None, candidates, mixed or _nothing_found(study, rated))
    ct, ct_rated, ct_flags = choose_ct(study, chosen)
    candidates = tuple(one.candidate("emission", chosen=one is chosen) for one in listed)
    candidates += tuple(one.candidate("ct", chosen=one is ct) for one in ct_rated)
    flags = (*_emission_flags(chosen, rated), *ct_flags)
    return Selection(chosen.series, ct.series if ct else None, candidates, flags)


def _emission_flags(chosen: Rated, rated: list[Rated]) -> tuple[Flag, ...]:
    flags = []
    where = _named(chosen.series)
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
    close = [chosen, *(one for one in rated if one is not chosen and _rivals(chosen, one))]
    if chosen.placement is not None and len(close) > 1:
        flags.append(Flag("PAIR_AMBIGUOUS", _ambiguity(close)))
    flags += [
        Flag("NM_MULTI", f"{_named(one.series)} was passed over: {one.reasons[-1]}")
        for one in rated
        if one.code == "NM_MULTI" and one is not chosen
    ]
    return tuple(flags)


def _rivals(chosen: Rated, other: Rated) -> bool:
    """Tell whether another volume could as well be the one that is meant."""
    if not other.eligible or other.placement is None:
        return False
    if other.score == chosen.score:
        return True
    close = chosen.score - other.score <= CLOSE_POINTS
    return close and not contradicts(other.series.facts)


def _ambiguity(close: "Sequence[Rated]") -> str:
    """Say which volumes rival one another, and whether they show different parts of the body."""
    chosen = close[0]
    scores = ", ".join(f"{_named(one.series)} {one.score:g}" for one in close)
    elsewhere = [tail(one.series.series_uid) for one in close[1:] if _lies_elsewhere(chosen, one)]
    places = (
        f"; {', '.join(elsewhere)} lies in another place than the one taken (another bed?): what "
        "it shows is not measured"
        if elsewhere
        else ""
    )
    return (
        f"{len(close)} emission volumes with about equal scores: {scores}; taken is the first by "
        "the rule score, NM before PT, known unit, more slices, lower SeriesNumber, UID" + places
    )


def _lies_elsewhere(chosen: Rated, other: Rated) -> bool:
    if chosen.placement is None or other.placement is None:
        return False
    grids = (chosen.placement.grid, other.placement.grid)
    frames = [grid.frame_of_reference_uid for grid in grids]
    if all(frames) and frames[0] != frames[1]:
        return False
    return max(covered(*grids), covered(*grids[::-1])) < SAME_PLACE


def _named(series: "SeriesEntry") -> str:
    part = f", {series.part}" if series.part else ""
    return f"{series.modality} series {tail(series.series_uid)}{part}"


def _nothing_found(study: "StudyFiles", rated: list[Rated]) -> tuple[Flag, ...]:
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
