"""How much of a sphere's noise is left in the average over all its admissible positions."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.measure.noise.field import gaussian_taps
from quant.reference.stencil import sphere_stencil

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.sphere import PlacedSphere


def noise_kept(grid: "Grid", placed: "PlacedSphere", fwhm_mm: float) -> float:
    """Variance of the average of the sphere's means over all positions, over that of one mean.

    For stationary noise of a given width. Positions overlap, so their noise is shared: near 1 when
    they all lie close together, near 0 in an organ much larger than the sphere.

    Parameters
    ----------
    grid : Grid
    placed : PlacedSphere
    fwhm_mm : float
        Width of the Gaussian that makes the noise's correlation.

    Returns
    -------
    float
        0 to 1; 1 without positions.

    Notes
    -----
    A weighted sum of the noise has the variance of the weights smoothed by the Gaussian, squared
    and added. The weights of the average are the stencil laid at all positions: a convolution,
    made with numpy's FFT (one thread).
    """
    if len(placed.position_indices) == 0:
        return 1.0
    low = placed.position_indices.min(axis=0)
    where = placed.position_indices - low
    stencil = sphere_stencil(grid.axes_mm, placed.sphere.radius_mm)
    taps = gaussian_taps(grid.spacing_mm, fwhm_mm)
    extent = where.max(axis=0) + 1
    rim = np.array(stencil.weights.shape) + [one.size for one in taps]
    shape = [int(n) for n in extent + rim]
    centres = np.zeros(shape)
    centres[tuple(where.T)] = 1.0 / len(where)
    sphere = np.zeros(shape)
    k, j, i = stencil.weights.shape
    sphere[:k, :j, :i] = stencil.weights
    power = _power(sphere) * _gaussian_power(taps, shape)
    return float((power * _power(centres)).sum() / power.sum())


def _power(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power spectrum (k, j, i // 2 + 1), the half that is left out counted by doubling."""
    spectrum = np.fft.rfftn(values)
    power: NDArray[np.float64] = spectrum.real**2 + spectrum.imag**2
    return power


def _gaussian_power(taps: tuple[NDArray[np.float64], ...], shape: list[int]) -> NDArray[np.float64]:
    """Power spectrum of the separable filter, times how often each half-spectrum line counts."""
    k, j, i = (np.abs(np.fft.fft(one, size)) ** 2 for one, size in zip(taps, shape, strict=True))
    half = shape[2] // 2 + 1
    twice = np.full(half, 2.0)
    twice[0] = 1.0
    if shape[2] % 2 == 0:
        twice[-1] = 1.0
    found: NDArray[np.float64] = k[:, None, None] * j[None, :, None] * (i[:half] * twice)
    return found
