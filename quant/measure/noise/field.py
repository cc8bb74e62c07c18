"""Spatially correlated noise: white noise smoothed by a Gaussian, as a post-filter leaves it.

Everything is elementwise or a sum in a fixed order, without BLAS, so the same seed gives the same
bytes on any number of threads.
"""

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
"""Full width at half maximum of a Gaussian over its standard deviation."""

REACH_SIGMAS = 3.0
"""The Gaussian is cut there."""

Taps = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Weights of a separable filter along k, j, i; odd lengths, the middle one at the voxel itself."""


def generator(seed: str, label: str) -> np.random.Generator:
    """Make a generator from a seed text and what it is used for; order of use does not matter."""
    digest = hashlib.sha256(f"{seed}\n{label}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def gaussian_taps(spacing_mm: NDArray[np.float64], fwhm_mm: float) -> Taps:
    """Sample a Gaussian along each axis, scaled so that white noise keeps its variance.

    Parameters
    ----------
    spacing_mm : (3,) float64
        Along k, j, i.
    fwhm_mm : float
        Full width at half maximum; 0 leaves white noise as it is.
    """
    taps = []
    for spacing in spacing_mm:
        sigma = fwhm_mm / FWHM_PER_SIGMA / float(spacing)
        half = math.ceil(REACH_SIGMAS * sigma)
        at = np.arange(-half, half + 1, dtype=np.float64)
        weights = np.exp(-0.5 * (at / sigma) ** 2) if sigma > 0 else np.ones(1)
        taps.append(weights / math.sqrt(float((weights * weights).sum())))
    return taps[0], taps[1], taps[2]


def autocorrelation_taps(taps: Taps) -> Taps:
    """Autocorrelation, along each axis, of white noise after a filter."""
    k, j, i = (np.convolve(one, one[::-1]) for one in taps)
    return k, j, i


def averaging_taps(taps: Taps) -> Taps:
    """Scale a filter so that it keeps a constant."""
    k, j, i = (one / one.sum() for one in taps)
    return k, j, i


def filtered(values: NDArray[np.float64], taps: Taps) -> NDArray[np.float64]:
    """Filter the last three axes where the whole filter fits: each loses its length less one."""
    for axis, weights in zip((-3, -2, -1), taps, strict=True):
        lines = np.moveaxis(values, axis, -1)
        size = lines.shape[-1] - weights.size + 1
        total = weights[0] * lines[..., :size]
        for at in range(1, weights.size):
            total += weights[at] * lines[..., at : at + size]
        values = np.moveaxis(total, -1, axis)
    return values


def padded(values: NDArray[np.float64], taps: Taps) -> NDArray[np.float64]:
    """Put zeros around the last three axes, so that :func:`filtered` gives back their size."""
    rim = [(0, 0)] * (values.ndim - 3) + [(one.size // 2, one.size // 2) for one in taps]
    return np.pad(values, rim)


def smoothed(
    values: NDArray[np.float64], known: NDArray[np.float64], taps: Taps
) -> NDArray[np.float64]:
    """Local mean (k, j, i) of the known voxels (weight 1, else 0); 0 where none is in reach."""
    total = filtered(padded(values * known, taps), taps)
    share = filtered(padded(known, taps), taps)
    return np.divide(total, share, out=np.zeros_like(total), where=share > 0)


def noise_fields(
    random: np.random.Generator, count: int, shape: "Sequence[int]", taps: Taps
) -> NDArray[np.float64]:
    """(count, k, j, i) float64: normal noise of variance 1 with the correlation of a filter."""
    size = [n + one.size - 1 for n, one in zip(shape, taps, strict=True)]
    return filtered(random.standard_normal((count, *size)), taps)
