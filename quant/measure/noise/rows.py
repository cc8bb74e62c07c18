"""References and ratios under noise, and under noise and placement together, as measurements."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.measurement import Interval, Measurement
from quant.domain.record import LESION_ROLES
from quant.domain.region import Role
from quant.domain.units import Quantity
from quant.measure.noise.bootstrap import SPREADING, StudyNoise, study_noise
from quant.measure.noise.level import NoiseLevel
from quant.measure.noise.replicates import Changes, Replicates, region_changes
from quant.measure.ratios import RATIOS, Ratio, chance_name, why_absent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from quant.domain.protocol import StudyProtocol, UptakeSettings
    from quant.domain.region import Region
    from quant.domain.sphere import PlacedSphere
    from quant.domain.volume import Volume

NOISE, BOTH = "_noise", "_placement_noise"
"""Suffixes of what holds under noise, and under placement and noise together."""


def noise_rows(noise: StudyNoise, unit: str) -> "Iterator[Measurement]":
    """Yield level and width of the noise, and each reference under noise."""
    if isinstance(noise.level, Flag):
        for name, one in (("noise_cov", Quantity.NONE), ("noise_fwhm_mm", Quantity.MM)):
            yield Measurement(name, None, one, "liver", flags=(noise.level,))
        return
    level = noise.level
    yield Measurement(
        "noise_cov", level.cov, Quantity.NONE, "liver", f"SD / mean of a voxel, {level.method}",
        flags=level.flags,
    )  # fmt: skip
    yield Measurement(
        "noise_fwhm_mm", level.fwhm_mm, Quantity.MM, "liver", f"Gaussian, {level.method}",
        flags=level.flags,
    )  # fmt: skip
    for name, draws in noise.references.items():
        roi = name.rpartition("_")[0]
        yield _summary(f"{name}{NOISE}", draws.noise, noise, (unit, roi))
        if name.endswith(SPREADING):
            yield _bias(name, draws.bias, (unit, roi))


def under_noise(
    volume: "Volume",
    regions: "Sequence[Region]",
    placed: "Mapping[Role, PlacedSphere]",
    protocol: "StudyProtocol",
    measured: "Sequence[Measurement]",
    seed: str,
) -> tuple[Measurement, ...]:
    """Resample a study: its references and the ratios of all its tumours and lesions.

    Parameters
    ----------
    volume : Volume
    regions : sequence of Region
        Of every role; tumours and lesions count.
    placed : mapping of Role to PlacedSphere
    protocol : StudyProtocol
    measured : sequence of Measurement
        What was measured of the study: uptake of the regions and reference values.
    seed : str
        The same text gives the same bytes; best the hashes of protocol and input.

    Returns
    -------
    tuple of Measurement
        Of :func:`noise_rows`, then of :func:`ratios_under_noise` for each region; without a
        tumour, its values as absent.
    """
    noise = study_noise(volume, placed, protocol.intervals, seed)
    rows = list(noise_rows(noise, str(volume.unit)))
    lesions: list[Region | None] = [one for one in regions if str(one.role) in LESION_ROLES]
    if not any(one is not None and one.role is Role.TUMOUR for one in lesions):
        lesions.append(None)
    references = [one for one in measured if not one.name.startswith("tumour_")]
    for region in lesions:
        roi = "" if region is None else region.name
        own = [one for one in measured if one.name.startswith("tumour_") and one.roi == roi]
        rows.extend(ratios_under_noise(volume, region, noise, protocol.uptake, own + references))
    return tuple(rows)


def ratios_under_noise(
    volume: "Volume",
    region: "Region | None",
    noise: StudyNoise,
    uptake: "UptakeSettings",
    rows: "Sequence[Measurement]",
) -> tuple[Measurement, ...]:
    """Give the ratios of a region under noise, and under placement and noise together.

    Parameters
    ----------
    volume : Volume
    region : Region or None
        None when there is none: its values in ``rows`` are absent.
    noise : StudyNoise
        From :func:`study_noise`.
    uptake : UptakeSettings
        Rule of the peak.
    rows : sequence of Measurement
        Uptake of the region, and the reference values.

    Returns
    -------
    tuple of Measurement
        ``<name>_noise`` for each of the region's maximum, mean and peak and for each ratio,
        ``<name>_placement_noise`` for each ratio: the median of the draws, which is free of the
        bias by noise, with the interval; ``tumour_max_noise_bias`` and ``tumour_peak_noise_bias``;
        and for each ratio with a cut-off the part of the draws that exceed it, as
        ``P(tmax_lmax > 3.5)_noise`` and ``..._placement_noise``.
    """
    terms = {one.name: one for one in rows}
    changes: Changes = {}
    if region is not None and isinstance(noise.level, NoiseLevel):
        replicates = Replicates(noise.level, noise.settings.replicates, noise.seed)
        changes = region_changes(volume, region, uptake, replicates)
    found: list[Measurement] = []
    draws: dict[str, NDArray[np.float64]] = {}
    for what in ("max", "mean", "peak"):
        term = terms[f"tumour_{what}"]
        if term.value is not None and what in changes:
            draws[term.name] = float(term.value) - changes[what]
        found.extend(_term_rows(term, changes.get(what), noise))
    for ratio in RATIOS:
        found.extend(_ratio_rows(ratio, terms, draws, noise))
    return tuple(found)


def _term_rows(
    term: Measurement, change: NDArray[np.float64] | None, noise: StudyNoise
) -> "Iterator[Measurement]":
    """Yield a tumour value under noise, and its bias where noise shifts it."""
    spreads = term.name.endswith(SPREADING)
    if term.value is None or change is None:
        why = term.flags if term.value is None else _unknown(noise)
        names = [f"{term.name}{NOISE}", *([f"{term.name}{NOISE}_bias"] if spreads else [])]
        for name in names:
            yield Measurement(name, None, term.unit, term.roi, flags=why)
        return
    where = (term.unit, term.roi)
    yield _summary(f"{term.name}{NOISE}", float(term.value) - change, noise, where)
    if spreads:
        yield _bias(term.name, float(change.mean()), where)


def _ratio_rows(
    ratio: Ratio,
    terms: "Mapping[str, Measurement]",
    draws: "Mapping[str, NDArray[np.float64]]",
    noise: StudyNoise,
) -> "Iterator[Measurement]":
    tumour, reference = terms[ratio.tumour], terms[ratio.reference]
    known = noise.references.get(ratio.reference)
    for suffix in (NOISE, BOTH):
        below = None if known is None else known.noise if suffix == NOISE else known.both
        absent = why_absent(tumour, reference) or _unknown(noise)
        if below is None and not absent:
            absent = (Flag("INTERVAL_ABSENT", "not at least two admissible positions"),)
        names = [f"{ratio.name}{suffix}"]
        cutoff = noise.settings.cutoffs.get(ratio.name)
        if cutoff is not None:
            names.append(f"{chance_name(ratio.name, cutoff)}{suffix}")
        if absent or below is None:
            for name in names:
                yield Measurement(name, None, Quantity.NONE, tumour.roi, flags=absent)
            continue
        quotient = quotients(draws[ratio.tumour], below)
        yield _summary(names[0], quotient, noise, (Quantity.NONE, tumour.roi))
        if cutoff is not None:
            chance = float(np.count_nonzero(quotient > cutoff)) / quotient.size
            method = f"part of {quotient.size} replicates, {_what(suffix)}"
            yield Measurement(names[1], chance, Quantity.NONE, tumour.roi, method)


def quotients(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide draws; over zero or less the quotient is unbounded, with the sign of the numerator."""
    found = np.where(above < 0, -np.inf, np.inf)
    np.divide(above, below, out=found, where=below > 0)
    return found


def _what(name: str) -> str:
    return "placement and noise" if name.endswith(BOTH) else "noise"


def _unknown(noise: StudyNoise) -> tuple[Flag, ...]:
    return (noise.level,) if isinstance(noise.level, Flag) else ()


def _summary(
    name: str, draws: NDArray[np.float64], noise: StudyNoise, where: tuple[str, str]
) -> Measurement:
    """Median and interval of draws; absent when an end is not finite."""
    unit, roi = where
    coverage = noise.settings.coverage
    tail = (1.0 - coverage) / 2.0
    ordered = np.sort(draws)
    places = [round((ordered.size - 1) * part) for part in (tail, 0.5, 1.0 - tail)]
    low, median, high = (float(ordered[at]) for at in places)
    method = f"parametric bootstrap, {draws.size} replicates"
    if not np.isfinite([low, high]).all():
        why = (Flag("INTERVAL_ABSENT", "unbounded: the reference may be 0 or less by noise"),)
        return Measurement(name, None, unit, roi, method, flags=why)
    covers = f"{coverage:.0%} under {_what(name)}, noise-free value"
    return Measurement(name, median, unit, roi, method, Interval(low, high, covers, median))


def _bias(name: str, bias: float, where: tuple[str, str]) -> Measurement:
    unit, roi = where
    method = "mean change by noise over the replicates"
    return Measurement(f"{name}{NOISE}_bias", bias, unit, roi, method)
