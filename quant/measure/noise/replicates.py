"""What made noise does to maximum, mean and peak of a region, and to mean and maximum of a sphere.

Every replicate adds noise to an estimate of the noise-free image and measures again; the result is
the change. The noise-free image of a region is the image smoothed by the noise's own width; that of
a reference sphere is its linear trend.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.region import INSIDE_WEIGHT
from quant.measure.noise.field import (
    Taps,
    averaging_taps,
    filtered,
    gaussian_taps,
    generator,
    noise_fields,
    padded,
    smoothed,
)
from quant.measure.noise.level import NoiseLevel, along_columns, trend_columns
from quant.reference.boxes import as_index, cut
from quant.reference.stencil import peak_stencil, sphere_stencil

if TYPE_CHECKING:
    from collections.abc import Callable

    from quant.domain.protocol import UptakeSettings
    from quant.domain.region import Region
    from quant.domain.sphere import PlacedSphere
    from quant.domain.volume import Volume

MOST_AT_ONCE = 2_000_000
"""Voxels of noise that are held at one time."""

Changes = dict[str, NDArray[np.float64]]
"""By ``mean``, ``max`` and ``peak``: (R,) float64, replicate minus noise-free value."""


@dataclass(frozen=True, slots=True)
class Replicates:
    """How many noise images are made, of which noise, and from which seed."""

    level: NoiseLevel
    count: int
    seed: str

    def groups(self) -> list[tuple[float, float, int]]:
        """Level, width and number of replicates of each plausible noise."""
        kinds = self.level.plausible
        ends = np.arange(len(kinds) + 1) * self.count // len(kinds)
        return [
            (level, width, int(n))
            for (level, width), n in zip(kinds, np.diff(ends), strict=True)
            if n > 0
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A box of voxels: the noise-free image there and what is measured on it.

    Parameters
    ----------
    mean_image : (k, j, i) float64
    weights : (k, j, i) float64
        Of the mean.
    inside : (N,) int64
        Flat indices of the voxels that enter the maximum; may be empty.
    around : (N, P) int64
        Flat indices of the voxels of the peak sphere around each of these; P = 0 for none.
    shares : (N, P) float64
        Their weights; each row sums to 1.
    spacing_mm : (3,) float64
    """

    mean_image: NDArray[np.float64]
    weights: NDArray[np.float64]
    inside: NDArray[np.int64]
    around: NDArray[np.int64]
    shares: NDArray[np.float64]
    spacing_mm: NDArray[np.float64]


def region_changes(
    volume: "Volume", region: "Region", uptake: "UptakeSettings", replicates: Replicates
) -> Changes:
    """Change of a region's ``mean``, ``max`` and ``peak`` by noise, one per replicate.

    Without a voxel at least half inside the region, ``max`` and ``peak`` are left out.
    """
    scene = region_scene(volume, region, uptake, replicates.level.fwhm_mm)
    return _changes(scene, replicates, f"region {region.name}")


def region_scene(
    volume: "Volume", region: "Region", uptake: "UptakeSettings", smooth_mm: float
) -> Scene:
    """Lay out a region and what its peak may reach; the image is smoothed by a Gaussian (FWHM)."""
    stencil = peak_stencil(volume.grid.axes_mm, uptake.peak_volume_ml, uptake.peak_rule)
    offsets = np.argwhere(stencil.weights > 0)
    share = stencil.weights[tuple(offsets.T)]
    offsets = offsets + np.array(stencil.lower)
    rim = np.abs(offsets).max(axis=0)
    first = as_index(np.array(region.corner) - rim)
    shape = as_index(np.array(region.weights.shape) + 2 * rim)
    values = cut(volume.values, (0, 0, 0), first, shape).astype(np.float64)
    known = cut(np.ones_like(volume.values), (0, 0, 0), first, shape).astype(np.float64)
    taps = averaging_taps(gaussian_taps(volume.grid.spacing_mm, smooth_mm))
    flat = _flat(shape)
    inside = flat(np.argwhere(region.mask) + rim)
    around = inside[:, None] + flat(offsets)[None, :]
    shares = share * known.ravel()[around]
    return Scene(
        smoothed(values, known, taps),
        cut(region.weights, region.corner, first, shape).astype(np.float64),
        inside,
        around,
        shares / shares.sum(axis=1, keepdims=True),
        volume.grid.spacing_mm,
    )


def sphere_changes(volume: "Volume", placed: "PlacedSphere", replicates: Replicates) -> Changes:
    """Change of a reference sphere's ``mean`` and ``max`` by noise, one per replicate."""
    grid, sphere = volume.grid, placed.sphere
    at = grid.to_index(sphere.centre_mm)
    voxel = np.floor(at + 0.5)
    stencil = sphere_stencil(grid.axes_mm, sphere.radius_mm, grid.axes_mm @ (at - voxel))
    first = as_index(voxel.astype(int) + np.array(stencil.lower))
    shape = as_index(stencil.weights.shape)
    values = cut(volume.values, (0, 0, 0), first, shape).astype(np.float64)
    weights = cut(np.ones_like(volume.values), (0, 0, 0), first, shape) * stencil.weights
    scene = Scene(
        _even(values, weights, replicates.level, grid.spacing_mm),
        weights,
        np.flatnonzero(weights >= min(INSIDE_WEIGHT, weights.max())),
        np.empty((0, 0), np.int64),
        np.empty((0, 0)),
        grid.spacing_mm,
    )
    return _changes(scene, replicates, f"sphere {sphere.role}")


def _even(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    level: NoiseLevel,
    spacing_mm: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Estimate the noise-free image (k, j, i) of a reference sphere: its mean and linear trend.

    The trend is reduced by the part of its squares that noise alone is expected to make.
    """
    root = np.sqrt(weights)
    columns = trend_columns(root)
    mean = along_columns(values * root, columns[:1])
    trend = along_columns(values * root, columns[1:])
    taps = gaussian_taps(spacing_mm, level.fwhm_mm)
    spread = filtered(padded(padded(columns[1:] * root, taps), taps), taps)
    variance = level.per_mean * max(float((values * weights).sum() / weights.sum()), 0.0)
    expected, seen = variance * float((spread * spread).sum()), float((trend * trend).sum())
    real = max(0.0, 1.0 - expected / seen) if seen > 0 else 0.0
    even = mean + real * trend
    return np.divide(even, root, out=np.zeros_like(root), where=root > 0)


def _flat(shape: tuple[int, int, int]) -> "Callable[[NDArray[np.int64]], NDArray[np.int64]]":
    """Make flat indices of (..., 3) indices, which may be offsets."""
    steps = np.array([shape[1] * shape[2], shape[2], 1], dtype=np.int64)

    def flat(index: NDArray[np.int64]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = (index * steps).sum(axis=-1)
        return found

    return flat


def _changes(scene: Scene, replicates: Replicates, label: str) -> Changes:
    """Draw noise group by group, in pieces that fit into memory."""
    random = generator(replicates.seed, label)
    pieces: list[Changes] = []
    still = _measured(scene, scene.mean_image[None])
    for per_mean, width, count in replicates.groups():
        sd = np.sqrt(per_mean * np.maximum(scene.mean_image, 0.0))
        taps = gaussian_taps(scene.spacing_mm, width)
        for size in _pieces(scene.mean_image.shape, taps, count):
            noise = noise_fields(random, size, scene.mean_image.shape, taps)
            noise *= sd
            noise += scene.mean_image
            found = _measured(scene, noise)
            pieces.append({name: found[name] - still[name] for name in found})
    return {name: np.concatenate([one[name] for one in pieces]) for name in still}


def _pieces(shape: tuple[int, ...], taps: Taps, count: int) -> list[int]:
    """Split a number of replicates so that no piece holds too many voxels."""
    voxels = int(np.prod([n + one.size - 1 for n, one in zip(shape, taps, strict=True)]))
    size = max(1, min(count, MOST_AT_ONCE // voxels))
    return [min(size, count - done) for done in range(0, count, size)]


def _measured(scene: Scene, images: NDArray[np.float64]) -> Changes:
    """Mean, maximum and peak of images (R, k, j, i)."""
    flat = images.reshape(len(images), -1)
    weights = scene.weights.ravel()
    found = {"mean": np.einsum("rx,x->r", flat, weights) / float(weights.sum())}
    if scene.inside.size:
        found["max"] = flat[:, scene.inside].max(axis=1)
    if scene.around.size:
        means = np.zeros((len(images), len(scene.around)))
        for at in range(scene.around.shape[1]):
            means += flat[:, scene.around[:, at]] * scene.shares[:, at]
        found["peak"] = means.max(axis=1)
    return found
