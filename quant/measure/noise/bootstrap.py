"""References under counting noise, and under noise and placement together: a parametric bootstrap.

Three intervals answer three questions. Over positions: what would another admissible placement of
the reference sphere give on this image? Under noise: what would the chosen placement give on an
image without noise? Under both: what would an admissible placement, whichever, give on an image
without noise? Only the last one is meant to hold the ratio of the patient's uptake (at the image's
resolution: no interval knows of partial volume).

The draws of a noise-free value are the measured value less what made noise changed, so the bias of
a maximum is taken off. Between positions, measured means differ by uneven uptake and by noise; for
the interval under both, their spread is reduced to the part that noise does not explain, and the
noise of the average over all positions is added.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.region import Role
from quant.measure.noise.field import generator
from quant.measure.noise.level import NoiseLevel, noise_level
from quant.measure.noise.positions import noise_kept
from quant.measure.noise.replicates import Changes, Replicates, sphere_changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quant.domain.protocol import IntervalSettings
    from quant.domain.sphere import PlacedSphere
    from quant.domain.volume import Volume

SPREADING = ("max", "peak")
"""Values that noise shifts, not only spreads."""


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Plausible noise-free values of one reference, (R,) float64 each.

    ``noise``: at the chosen position. ``both``: at any admissible position; None when there are
    not at least two. ``bias``: what noise adds on average.
    """

    noise: NDArray[np.float64]
    both: NDArray[np.float64] | None
    bias: float


@dataclass(frozen=True, slots=True, eq=False)
class StudyNoise:
    """The noise of a study and what it does to the reference values; or why it is not known."""

    settings: "IntervalSettings"
    seed: str
    level: NoiseLevel | Flag
    references: dict[str, Draws]


def study_noise(
    volume: "Volume",
    placed: "Mapping[Role, PlacedSphere]",
    settings: "IntervalSettings",
    seed: str,
) -> StudyNoise:
    """Find the noise of a study and resample its reference spheres.

    Parameters
    ----------
    volume : Volume
    placed : mapping of Role to PlacedSphere
    settings : IntervalSettings
    seed : str
        The same text gives the same bytes; best the hashes of protocol and input.
    """
    seed = f"{settings.seed}\n{seed}"
    level = noise_level(volume, placed.get(Role.LIVER), settings, seed)
    if isinstance(level, Flag):
        return StudyNoise(settings, seed, level, {})
    replicates = Replicates(level, settings.replicates, seed)
    found: dict[str, Draws] = {}
    for role, one in placed.items():
        changes = sphere_changes(volume, one, replicates)
        kept = noise_kept(volume.grid, one, level.fwhm_mm)
        order = generator(seed, f"positions {role}").permutation(settings.replicates)
        for what, positions in (("mean", one.position_means), ("max", one.position_maxima)):
            value = one.statistics.mean if what == "mean" else one.statistics.maximum
            found[f"{role}_{what}"] = _sphere_draws(
                value, positions, (changes, what), (kept, order)
            )
    for what in ("mean", "max"):
        sides = [found.get(f"{role}_{what}") for role in (Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT)]
        left, right = sides
        if left is not None and right is not None:
            found[f"muscle_{what}"] = _average(left, right)
    return StudyNoise(settings, seed, level, found)


def _sphere_draws(
    value: float,
    positions: NDArray[np.float64],
    changed: tuple[Changes, str],
    spread: tuple[float, NDArray[np.int64]],
) -> Draws:
    """Draws of one sphere's mean or maximum.

    ``spread`` is the part of a sphere's noise variance that the average over all positions keeps,
    and the order in which evenly spread positions are taken.
    """
    changes, what = changed
    change = changes[what]
    bias = float(change.mean()) if what in SPREADING else 0.0
    noise = value - change
    ordered = np.sort(positions[np.isfinite(positions)])
    if ordered.size < 2:
        return Draws(noise, None, bias)
    kept, order = spread
    by_noise = (1.0 - kept) * float(change.var())
    seen = float(ordered.var())
    real = np.sqrt(max(0.0, 1.0 - by_noise / seen)) if seen > 0 else 0.0
    part = (order + 0.5) / order.size
    average = float(ordered.mean())
    anywhere = average + real * (np.quantile(ordered, part) - average)
    both = anywhere - bias - np.sqrt(kept) * (change - bias)
    return Draws(noise, both, bias)


def _average(left: Draws, right: Draws) -> Draws:
    """Average both sides, replicate by replicate: noise and positions are drawn apart."""
    both = None
    if left.both is not None or right.both is not None:
        one = left.noise if left.both is None else left.both
        other = right.noise if right.both is None else right.both
        both = (one + other) / 2.0
    return Draws((left.noise + right.noise) / 2.0, both, (left.bias + right.bias) / 2.0)
