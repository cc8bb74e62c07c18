"""What every estimator makes of a perfect sphere of a region's volume on the region's grid."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quant.measure.passport.estimators import ESTIMATORS, Shape, Spacing, estimated
from quant.measure.shape.digital_ball import digital_ball, spread_points
from quant.measure.shape.isosurfaces import gaussian_smoothed
from quant.measure.shape.surface import FLOOR_POSITIONS, asphericity, measure_surface

ISOSURFACE_POSITIONS = 4
"""Sub-voxel positions for the isosurfaces, whose scatter is ten times smaller."""

PSF_POSITIONS = 8
"""Sub-voxel positions of the sphere that is blurred and segmented again."""

SIGMA_PER_FWHM = 1.0 / (2.0 * math.sqrt(2.0 * math.log(2.0)))
"""Standard deviation of a Gaussian over its full width at half maximum."""

Floors = dict[str, tuple[float, float]]
"""Mean and SD over positions, by the estimator's name."""


@dataclass(frozen=True, slots=True)
class SphereAsked:
    """Which sphere stands for a region.

    Parameters
    ----------
    voxels : int
        The digital sphere has the volume of as many voxels.
    volume_mm3 : float
        Volume of the sphere whose weights are fractions.
    spacing_mm : (dk, dj, di) tuple of float
    fractional : bool
        The region has fractional weights, so the sphere has.
    """

    voxels: int
    volume_mm3: float
    spacing_mm: Spacing
    fractional: bool

    @classmethod
    def like(cls, shape: Shape) -> "SphereAsked":
        """Ask for the sphere of a region's size; which axis of the grid is which does not count."""
        a, b, c = sorted(shape.spacing_mm)
        voxels = int(np.count_nonzero(shape.mask))
        return cls(voxels, shape.volume_mm3, (a, b, c), shape.weights is not None)


@lru_cache(maxsize=64)
def sphere_floors(asked: SphereAsked) -> Floors:
    """Measure the sphere at fixed sub-voxel positions by every estimator.

    Positions at which a tiny sphere holds no voxel centre do not count.
    """
    values: dict[str, list[float]] = {one.name: [] for one in ESTIMATORS}
    for mask in _digital_spheres(asked):
        _add_binary(values, mask, asked.spacing_mm)
    for shape in _weighted_spheres(asked):
        for name, one in estimated(shape).items():
            if name.endswith("_isosurface") and one.asphericity is not None:
                values[name].append(one.asphericity)
    return _mean_and_sd(values)


@lru_cache(maxsize=64)
def blurred_floors(asked: SphereAsked, psf_fwhm_mm: float) -> Floors:
    """Measure the sphere after blurring and segmenting it again, by every estimator.

    The exact sphere is blurred by a Gaussian of that full width at half maximum; the region is the
    brightest voxels, as many as the sphere had: the level that keeps the volume.
    """
    values: dict[str, list[float]] = {one.name: [] for one in ESTIMATORS}
    sigma = tuple(psf_fwhm_mm * SIGMA_PER_FWHM / step for step in asked.spacing_mm)
    radius = _radius_mm(asked.voxels * math.prod(asked.spacing_mm))
    for number, offset in enumerate(spread_points(PSF_POSITIONS, 3)):
        sphere = sphere_weights(radius, asked.spacing_mm, offset)
        mask = brightest(gaussian_smoothed(sphere, (sigma[0], sigma[1], sigma[2])), asked.voxels)
        _add_binary(values, mask, asked.spacing_mm)
        if number < ISOSURFACE_POSITIONS:
            one = estimated(Shape(mask, None, asked.spacing_mm))["smoothed_isosurface"]
            if one.asphericity is not None:
                values["smoothed_isosurface"].append(one.asphericity)
    return _mean_and_sd(values)


def brightest(values: NDArray[np.float64], voxels: int) -> NDArray[np.uint8]:
    """(K, J, I) uint8: 1 in the brightest voxels, as many as asked for, more only if equal."""
    place = values.size - min(voxels, values.size)
    least = np.partition(values.ravel(), place)[place]
    return np.ascontiguousarray(values >= least).view(np.uint8)


def sphere_weights(
    radius_mm: float, spacing_mm: Spacing, offset: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(K, J, I) float64: part of each voxel inside a ball ``offset`` (3,) off a voxel's centre."""
    from quant.reference.ball_weights import ball_weights

    edges = []
    for step, shift in zip(spacing_mm, offset, strict=True):
        reach = math.ceil(radius_mm / step) + 1
        edges.append((np.arange(-reach, reach + 2) - 0.5 - shift) * step / radius_mm)
    return ball_weights((edges[0], edges[1], edges[2]))


def _radius_mm(volume_mm3: float) -> float:
    return math.cbrt(volume_mm3 * 0.75 / math.pi)


def _digital_spheres(asked: SphereAsked) -> Iterator[NDArray[np.uint8]]:
    """Yield spheres by voxel centres; the centred one if a tiny sphere falls between all others."""
    spacing = np.array(asked.spacing_mm)
    radius = _radius_mm(asked.voxels * math.prod(asked.spacing_mm))
    balls = [digital_ball(radius, spacing, at) for at in spread_points(FLOOR_POSITIONS, 3)]
    yield from [ball for ball in balls if ball.any()] or [
        digital_ball(radius, spacing, np.zeros(3))
    ]


def _weighted_spheres(asked: SphereAsked) -> Iterator[Shape]:
    """Yield spheres for the isosurfaces: with fractions where the region has them.

    A sphere so small that no voxel lies half inside of it has no surface and is left out.
    """
    if asked.fractional:
        for offset in spread_points(ISOSURFACE_POSITIONS, 3):
            weights = sphere_weights(_radius_mm(asked.volume_mm3), asked.spacing_mm, offset)
            mask = np.ascontiguousarray(weights >= 0.5).view(np.uint8)
            if mask.any():
                yield Shape(mask, weights, asked.spacing_mm)
        return
    for number, mask in enumerate(_digital_spheres(asked)):
        if number < ISOSURFACE_POSITIONS:
            yield Shape(mask, None, asked.spacing_mm)


def _add_binary(
    values: dict[str, list[float]], mask: NDArray[np.uint8], spacing_mm: Spacing
) -> None:
    surface = measure_surface(mask, spacing_mm)
    for one in ESTIMATORS:
        if one.read is not None:
            values[one.name].append(asphericity(*one.read(surface)))


def _mean_and_sd(values: dict[str, list[float]]) -> Floors:
    return {
        name: (float(np.mean(found)), float(np.std(found)))
        for name, found in values.items()
        if found
    }
