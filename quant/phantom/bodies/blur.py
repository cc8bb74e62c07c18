"""Gaussian point spread, applied exactly to piecewise constant uptake."""

from math import erf, exp, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid

FWHM_PER_SIGMA = 2.0 * sqrt(2.0 * np.log(2.0))
"""Full width at half maximum of a Gaussian over its standard deviation."""


def sigma_mm(fwhm_mm: float) -> float:
    """Return the standard deviation of a Gaussian from its full width at half maximum, mm."""
    return float(fwhm_mm / FWHM_PER_SIGMA)


def blur_matrix(
    source_edges_mm: NDArray[np.float64], target_edges_mm: NDArray[np.float64], fwhm_mm: float
) -> NDArray[np.float64]:
    """Return the weights that blur boxes along one axis and average over other boxes.

    The source is constant within each of its boxes; it is convolved with a Gaussian and averaged
    over each target box, both in closed form. The first and last source boxes go on for ever, so
    uptake does not end at the edge of the source.

    Parameters
    ----------
    source_edges_mm : (N + 1,) float64
        Increasing edges of the source boxes.
    target_edges_mm : (M + 1,) float64
        Increasing edges of the target boxes.
    fwhm_mm : float
        Full width at half maximum; 0 averages without blur.

    Returns
    -------
    (M, N) float64
        Rows sum to 1.
    """
    inner = source_edges_mm[1:-1]
    sigma = sigma_mm(fwhm_mm)
    reached = np.array([[_ramp(t - s, sigma) for s in inner] for t in target_edges_mm])
    share = np.diff(reached, axis=0) / np.diff(target_edges_mm)[:, None]
    full = np.concatenate([np.ones((len(share), 1)), share, np.zeros((len(share), 1))], axis=1)
    return -np.diff(full, axis=1)


def resample_blurred(
    values: NDArray[np.float64], source: Grid, target: Grid, fwhm_mm: float
) -> NDArray[np.float64]:
    """Blur values (K, J, I) and average them over the voxels of another grid.

    Both grids must have the same axes directions up to sign, each along a patient axis in the
    order (z, y, x).

    Returns
    -------
    (K', J', I') float64
    """
    matrices = []
    for axis in range(3):
        here, there = _edges(source, axis), _edges(target, axis)
        weights = blur_matrix(np.sort(here), np.sort(there), fwhm_mm)
        weights = weights[:, ::-1] if here[0] > here[-1] else weights
        matrices.append(weights[::-1] if there[0] > there[-1] else weights)
    blurred = values
    for axis, weights in enumerate(matrices):
        blurred = np.moveaxis(np.tensordot(weights, blurred, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(blurred)


def gaussian_blur(values: NDArray[np.float64], grid: Grid, fwhm_mm: float) -> NDArray[np.float64]:
    """Blur values (K, J, I) on their own grid; voxels count as boxes of constant uptake."""
    return resample_blurred(values, grid, grid, fwhm_mm)


def _edges(grid: Grid, axis: int) -> NDArray[np.float64]:
    """Voxel edges along one array axis, as coordinates of the patient axis it runs along."""
    patient = 2 - axis
    step = grid.axes_mm[:, axis]
    if np.abs(np.delete(step, patient)).max() > 1e-9 * abs(step[patient]):
        raise ValueError("the grid's axes must run along z, y, x of the patient")
    index = np.arange(grid.shape[axis] + 1) - 0.5
    edges: NDArray[np.float64] = grid.affine[patient, 3] + step[patient] * index
    return edges


def _ramp(distance_mm: float, sigma: float) -> float:
    """Integral, up to a distance, of the share of a Gaussian that has been passed."""
    if sigma == 0.0:
        return max(distance_mm, 0.0)
    t = distance_mm / sigma
    passed = 0.5 * (1.0 + erf(t / sqrt(2.0)))
    return sigma * (t * passed + exp(-0.5 * t * t) / sqrt(2.0 * pi))
