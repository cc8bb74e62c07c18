"""How noisy a reconstructed volume is: level and correlation, stated or estimated in the liver.

The model: noise is white noise smoothed by a Gaussian, its variance proportional to the local mean
(counting statistics after a linear post-filter). Level and width are found by the method of
moments from two sums over what is left of the liver's values after a slow trend: of squares, and
of products of voxels some millimetres apart. Their expectations account for what the trend takes
away and for the correlation itself, so they hold even where a sphere has a few grains of noise
only. How far such an estimate may be off is found by making it again from made noise.
"""

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.region import INSIDE_WEIGHT
from quant.measure.noise.field import (
    Taps,
    autocorrelation_taps,
    filtered,
    gaussian_taps,
    generator,
    noise_fields,
    padded,
)
from quant.reference.stencil import sphere_stencil

if TYPE_CHECKING:
    from quant.domain.protocol import IntervalSettings
    from quant.domain.sphere import PlacedSphere
    from quant.domain.volume import Volume

LEAST_VOXELS = 30
"""Fewer voxels than this say nothing about noise."""

REACH_RADII = 2.0
"""Admissible centres so many radii around the chosen one are looked at beside the sphere itself."""

TREND_ORDER = 2
"""A quadratic trend is taken off: a linear one leaves slow unevenness that counts as noise."""

WIDTHS_MM = np.linspace(0.0, 24.0, 17)
"""Widths at which expectations are computed; between them they are interpolated."""

PRODUCT_FWHM_MM = 6.0
"""Products are weighted by the autocorrelation of a Gaussian of this width (or 1.5 voxels)."""

PLAUSIBLE = 25
"""So many levels and widths, each as likely as the estimate, stand for its uncertainty."""


@dataclass(frozen=True, slots=True)
class NoiseLevel:
    """Level and correlation of the noise of a volume.

    Parameters
    ----------
    per_mean : float
        Variance of a voxel over its mean, in the volume's unit.
    fwhm_mm : float
        Width of the Gaussian that makes the noise's correlation out of white noise.
    cov : float
        SD over mean of single voxels in the liver.
    plausible : tuple of (per_mean, fwhm_mm)
        What both may be as well, given that they are estimates; the stated ones alone otherwise.
    method : str
    flags : tuple of Flag
    """

    per_mean: float
    fwhm_mm: float
    cov: float
    plausible: tuple[tuple[float, float], ...]
    method: str
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Voxels of the liver from which noise is estimated.

    Parameters
    ----------
    values : (k, j, i) float64
        0 beyond the sample.
    mask : (k, j, i) float64
        1 in the sample, else 0.
    trend : (T, k, j, i) float64
        Orthonormal columns of a slow trend; 0 beyond the sample.
    spacing_mm : (3,) float64
    """

    values: NDArray[np.float64]
    mask: NDArray[np.float64]
    trend: NDArray[np.float64]
    spacing_mm: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Mean of the values."""
        return float(self.values.sum() / self.mask.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Expected sums over a sample, for noise of variance 1, at each of the widths.

    ``weights`` are those of the products; ``squares`` the expected sum of squares after the trend
    was taken away, ``ratio`` the expected sum of products over it, made increasing.
    """

    weights: Taps
    squares: NDArray[np.float64]
    ratio: NDArray[np.float64]


def noise_level(
    volume: "Volume", liver: "PlacedSphere | None", settings: "IntervalSettings", seed: str
) -> NoiseLevel | Flag:
    """Find the noise's level and width, as far as the protocol does not state them.

    Parameters
    ----------
    volume : Volume
    liver : PlacedSphere or None
        The liver sphere and its admissible positions.
    settings : IntervalSettings
        ``noise_cov`` and ``noise_fwhm_mm``; None: estimated.
    seed : str
        Seeds the made noise that tells how far the estimate may be off.

    Returns
    -------
    NoiseLevel, or the Flag ``NOISE_UNKNOWN``
    """
    if liver is None:
        return Flag("NOISE_UNKNOWN", "no liver sphere")
    mean = liver.statistics.mean
    if not mean > 0:
        return Flag("NOISE_UNKNOWN", f"mean of the liver sphere {mean:.6g}")
    cov, fwhm = settings.noise_cov, settings.noise_fwhm_mm
    if cov is not None and fwhm is not None:
        one = (cov * cov * mean, fwhm)
        return NoiseLevel(*one, cov, (one,), "stated")
    sample = liver_sample(volume, liver)
    if sample is None or not sample.mean > 0:
        return Flag("NOISE_UNKNOWN", f"fewer than {LEAST_VOXELS} voxels in the liver sphere")
    return _estimated(sample, settings, liver, generator(seed, "level"))


def _estimated(
    sample: Sample, settings: "IntervalSettings", liver: "PlacedSphere", random: np.random.Generator
) -> NoiseLevel:
    mean, radius = liver.statistics.mean, liver.sphere.radius_mm
    moments = _moments(sample)
    variance, width = _fitted(sample, moments, sample.values, settings.noise_fwhm_mm)
    taps = gaussian_taps(sample.spacing_mm, width)
    made = noise_fields(random, PLAUSIBLE, sample.mask.shape, taps)
    fits = [
        _fitted(sample, moments, one * math.sqrt(variance), settings.noise_fwhm_mm) for one in made
    ]
    level = variance / sample.mean
    levels = [one / sample.mean for one, _ in fits]
    if settings.noise_cov is not None:
        level = settings.noise_cov**2 * mean
        levels = [level] * PLAUSIBLE
    flags: tuple[Flag, ...] = ()
    if settings.noise_fwhm_mm is None and width >= min(radius, float(WIDTHS_MM[-1])):
        detail = f"FWHM {width:.1f} mm in a sphere of radius {radius:.1f} mm"
        flags = (Flag("NOISE_UNRESOLVED", detail),)
    stated = "level stated, " if settings.noise_cov is not None else ""
    stated += "width stated, " if settings.noise_fwhm_mm is not None else ""
    method = (
        f"{stated}estimated from {int(sample.mask.sum())} voxels of the liver, quadratic trend off"
    )
    plausible = tuple(zip(levels, (one for _, one in fits), strict=True))
    cov = math.sqrt(level / mean)
    return NoiseLevel(level, width, cov, plausible, method, flags)


def liver_sample(volume: "Volume", liver: "PlacedSphere") -> Sample | None:
    """Take the voxels of the chosen sphere and the admissible centres around it.

    Returns
    -------
    Sample or None
        None with fewer than ``LEAST_VOXELS`` voxels.
    """
    grid, sphere = volume.grid, liver.sphere
    at = grid.to_index(sphere.centre_mm)
    voxel = np.floor(at + 0.5).astype(np.int64)
    stencil = sphere_stencil(grid.axes_mm, sphere.radius_mm, grid.axes_mm @ (at - voxel))
    inside = np.argwhere(stencil.weights >= INSIDE_WEIGHT) + np.array(stencil.lower) + voxel
    centres = liver.position_indices
    away = np.linalg.norm(grid.to_mm(centres) - np.array(sphere.centre_mm), axis=1)
    every = np.concatenate([inside, centres[away <= REACH_RADII * sphere.radius_mm]])
    every = every[((every >= 0) & (every < np.array(grid.shape))).all(axis=1)]
    if len(every) == 0:
        return None
    low = every.min(axis=0)
    mask = np.zeros(every.max(axis=0) - low + 1)
    mask[tuple((every - low).T)] = 1.0
    if mask.sum() < LEAST_VOXELS:
        return None
    box = tuple(slice(a, a + n) for a, n in zip(low, mask.shape, strict=True))
    values = volume.values[box].astype(np.float64) * mask
    return Sample(values, mask, trend_columns(mask, TREND_ORDER), grid.spacing_mm)


def trend_columns(weights: NDArray[np.float64], order: int = 1) -> NDArray[np.float64]:
    """Columns of a trend times weights (k, j, i), orthonormal; those that add nothing are left out.

    Parameters
    ----------
    weights : (k, j, i) float64
    order : int
        1 for a linear trend, 2 for a quadratic one.

    Returns
    -------
    (1 to 4 or 10, k, j, i) float64
    """
    middles = [np.arange(float(n)) - (n - 1) / 2.0 for n in weights.shape]
    places = np.meshgrid(*middles, indexing="ij")
    powers = itertools.chain.from_iterable(
        itertools.combinations_with_replacement(places, n) for n in range(order + 1)
    )
    columns: list[NDArray[np.float64]] = []
    for factors in powers:
        one = math.prod(factors, start=np.ones_like(weights))
        column = one * weights
        size = _length(column)
        for _ in range(2):  # twice is enough for rounding
            for earlier in columns:
                column = column - earlier * float((earlier * column).sum())
        if _length(column) > 1e-9 * size:
            columns.append(column / _length(column))
    return np.stack(columns)


def along_columns(values: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part of values (k, j, i) that lies along orthonormal columns."""
    total = np.zeros_like(values)
    for one in columns:
        total += one * float((one * values).sum())
    return total


def _length(column: NDArray[np.float64]) -> float:
    return math.sqrt(float((column * column).sum()))


def _fitted(
    sample: Sample, moments: Moments, values: NDArray[np.float64], fwhm_mm: float | None
) -> tuple[float, float]:
    """Variance and width of noise on the sample, from its two sums."""
    inside = values * sample.mask
    inside -= sample.mask * float(inside.sum() / sample.mask.sum())
    residual = inside - along_columns(inside, sample.trend)
    squares = float((residual * residual).sum())
    if squares == 0.0:
        return 0.0, fwhm_mm or 0.0
    width = fwhm_mm
    if width is None:
        beside = filtered(padded(residual, moments.weights), moments.weights)
        seen = float((beside * residual).sum()) / squares
        width = float(np.interp(seen, moments.ratio, WIDTHS_MM))
    return squares / float(np.interp(width, WIDTHS_MM, moments.squares)), width


def _moments(sample: Sample) -> Moments:
    """Compute the expected sums at each of the widths.

    With the trend's columns Q, M = 1 - QQ', the noise's correlation R and the products' weights A,
    the sums of squares and of products have expectations tr(MR) and tr(MAMR).
    """
    product_mm = max(PRODUCT_FWHM_MM, 1.5 * float(sample.spacing_mm.min()))
    weights = autocorrelation_taps(gaussian_taps(sample.spacing_mm, product_mm))
    mask, trend = sample.mask, sample.trend
    weighted = filtered(padded(trend, weights), weights) * mask
    inner_weighted = _inner(trend, weighted)
    squares, ratio = [], []
    for width in WIDTHS_MM:
        taps = autocorrelation_taps(gaussian_taps(sample.spacing_mm, float(width)))
        spread = filtered(padded(trend, taps), taps) * mask
        inner = _inner(trend, spread)
        both = _product(weights, taps)
        products = float((filtered(padded(mask, both), both) * mask).sum())
        products -= 2.0 * float(np.trace(_inner(weighted, spread)))
        products += float((inner_weighted * inner.T).sum())
        squares.append(float(mask.sum()) - float(np.trace(inner)))
        ratio.append(products / squares[-1])
    rising = np.maximum.accumulate(np.array(ratio)) + 1e-12 * np.arange(len(ratio))
    return Moments(weights, np.array(squares), rising)


def _inner(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum the products of columns, in a fixed order (no BLAS)."""
    found: NDArray[np.float64] = np.einsum("akji,bkji->ab", first, second)
    return found


def _product(first: Taps, second: Taps) -> Taps:
    """Product of two filters' weights, as far as both reach."""
    found = []
    for a, b in zip(first, second, strict=True):
        half = min(a.size, b.size) // 2
        here = slice(a.size // 2 - half, a.size // 2 + half + 1)
        there = slice(b.size // 2 - half, b.size // 2 + half + 1)
        found.append(a[here] * b[there])
    k, j, i = found
    return k, j, i
