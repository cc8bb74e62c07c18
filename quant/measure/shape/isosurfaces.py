"""Isosurfaces that keep a volume, and the smoothing before them: plain arrays, no SciPy."""

import math

import numpy as np
from numpy.typing import NDArray

from quant.measure.shape.surface import isosurface_area_volume

GAUSSIAN_REACH = 4.0
"""A Gaussian ends after so many standard deviations."""

VOLUME_TOLERANCE = 1e-5
"""Relative difference of volumes at which the search for a level ends."""

NEAREST_VOLUME = 0.1
"""A surface whose volume is off by more than this fraction does not keep it."""

LEAST_SIGMA = 0.1
"""Below this many voxels a sampled Gaussian is its own middle (to 1e-21)."""

_TRIALS = 40


def gaussian_smoothed(
    values: NDArray[np.generic], sigma_voxels: tuple[float, float, float]
) -> NDArray[np.float64]:
    """Smooth an array by a sampled Gaussian, with zeros beyond it.

    Parameters
    ----------
    values : (K, J, I) real
    sigma_voxels : (sk, sj, si) tuple of float
        Standard deviation along each axis, in voxels; below 0.1 that axis stays as it is.

    Returns
    -------
    (K + 2 rk, J + 2 rj, I + 2 ri) float64
        Longer at each end by the reach r of the Gaussian, so that nothing is lost. Sums are made in
        a fixed order: the same bits on any number of threads.
    """
    smooth: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    for axis, sigma in enumerate(sigma_voxels):
        if sigma < LEAST_SIGMA:
            continue
        reach = math.ceil(GAUSSIAN_REACH * sigma)
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        weights /= weights.sum()
        along = np.moveaxis(smooth, axis, 0)
        total = np.zeros((len(along) + 2 * reach, *along.shape[1:]))
        for start, weight in enumerate(weights):
            total[start : start + len(along)] += weight * along
        smooth = np.moveaxis(total, 0, axis)
    return np.ascontiguousarray(smooth)


def volume_keeping_surface(
    values: NDArray[np.generic], volume_mm3: float, spacing_mm: tuple[float, float, float]
) -> tuple[float, float, float] | None:
    """Find the isosurface that encloses a given volume.

    Parameters
    ----------
    values : (K, J, I) real
        At least 0, and 0 beyond the array.
    volume_mm3 : float
        Above 0.
    spacing_mm : (dk, dj, di) tuple of float

    Returns
    -------
    (level, area_mm2, volume_mm3) tuple of float, or None
        Volume and area of one closed mesh; the volume is the one asked for within
        :data:`VOLUME_TOLERANCE`, or the nearest there is where the mesh's volume jumps (diagonal
        voxels join at a level; only regions of few voxels notice). None when that is off by more
        than :data:`NEAREST_VOLUME`.
    """
    field = np.ascontiguousarray(values, dtype=np.float32)
    top = float(field.max())
    if not top > 0.0:
        return None
    search = _Search(field, volume_mm3, spacing_mm)
    guess = _level_by_count(field, volume_mm3 / math.prod(spacing_mm))
    low, high = search.bracket(min(max(guess, 1e-6 * top), top * (1.0 - 1e-6)), top)
    search.close_in(low, high)
    off = abs(search.best[2] / volume_mm3 - 1.0)
    return search.best if off <= NEAREST_VOLUME else None


def _level_by_count(field: NDArray[np.float32], voxels: float) -> float:
    """Value that as many voxels exceed as the volume has."""
    rank = min(max(round(voxels), 1), field.size)
    return float(np.partition(field.ravel(), field.size - rank)[field.size - rank])


class _Search:
    """A search for the level at which the mesh has a volume: bracket, then false position."""

    def __init__(
        self,
        field: NDArray[np.float32],
        volume_mm3: float,
        spacing_mm: tuple[float, float, float],
    ) -> None:
        self.field, self.volume_mm3, self.spacing_mm = field, volume_mm3, spacing_mm
        self.best = (math.nan, math.nan, math.inf)

    def excess(self, level: float) -> float:
        """Relative volume in excess at a level; the best trial is kept."""
        area, volume = isosurface_area_volume(self.field, level, self.spacing_mm)
        if abs(volume - self.volume_mm3) < abs(self.best[2] - self.volume_mm3):
            self.best = (level, area, volume)
        return volume / self.volume_mm3 - 1.0

    def bracket(self, guess: float, top: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Go from the guess by growing steps until the excess changes its sign."""
        here = (guess, self.excess(guess))
        step = 0.02 * top
        lowest = 1e-6 * top
        while True:
            there = guess + step if here[1] > 0.0 else guess - step
            there = min(max(there, lowest), top)
            other = (there, self.excess(there) if there < top else -1.0)
            if (other[1] > 0.0) != (here[1] > 0.0) or there in (lowest, top):
                return (here, other) if here[1] > other[1] else (other, here)
            here, step = other, 2.0 * step
            guess = there

    def close_in(self, low: tuple[float, float], high: tuple[float, float]) -> None:
        """Illinois variant of false position between too much volume and too little."""
        if not low[1] > 0.0 > high[1]:
            return
        side = 0
        for _ in range(_TRIALS):
            level = (low[0] * high[1] - high[0] * low[1]) / (high[1] - low[1])
            if abs(self.best[2] - self.volume_mm3) <= VOLUME_TOLERANCE * self.volume_mm3:
                return
            found = self.excess(level)
            if found > 0.0:
                low, high = (level, found), (high[0], high[1] / 2.0 if side > 0 else high[1])
                side = 1
            else:
                high, low = (level, found), (low[0], low[1] / 2.0 if side < 0 else low[1])
                side = -1
