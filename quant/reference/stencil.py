"""Spheres on a voxel grid: partial-volume weights, and the peak over a small sphere."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant.domain.arrays import require_finite
from quant.domain.grid import ORTHOGONAL_TOLERANCE
from quant.domain.protocol import PeakRule
from quant.errors import GeometryError
from quant.reference.ball_weights import ball_weights
from quant.reference.boxes import Index, as_index, cut
from quant.reference.criteria import first_in_world
from quant.reference.sweep import SweepTable, sweep_table

if TYPE_CHECKING:
    from quant.domain.region import Region
    from quant.domain.volume import Volume


@dataclass(frozen=True, slots=True, eq=False)
class Stencil:
    """Weights of a sphere on a grid, relative to the voxel that holds its centre.

    Parameters
    ----------
    lower : (k, j, i) tuple of int
        Index of the first voxel of ``weights``, relative to the centre's voxel.
    weights : (k, j, i) float64
        Fraction of each voxel inside the sphere; made read-only.
    radius_mm : float
        Radius of the exact sphere.
    """

    lower: Index
    weights: NDArray[np.float64]
    radius_mm: float

    def __post_init__(self) -> None:
        """Freeze the weights."""
        self.weights.flags.writeable = False

    @property
    def total(self) -> float:
        """Sum of the weights, voxels."""
        return float(self.weights.sum())

    @property
    def table(self) -> SweepTable | None:
        """The stencil folded, as the sweep takes it; None unless it mirrors itself on each axis."""
        return _table(self)


@lru_cache(maxsize=64)
def _table(stencil: Stencil) -> SweepTable | None:
    return sweep_table(stencil.weights)


def radius_of(volume_ml: float) -> float:
    """Radius in mm of a sphere of the given volume in ml."""
    return float((3000.0 * volume_ml / (4.0 * math.pi)) ** (1.0 / 3.0))


def sphere_stencil(
    axes_mm: ArrayLike, radius_mm: float, offset_mm: ArrayLike = (0.0, 0.0, 0.0)
) -> Stencil:
    """Fraction of each voxel inside a sphere, exact (:mod:`quant.reference.ball_weights`).

    Weights live on the grid's own axes, so oblique grids are no different. Spheres centred on a
    voxel are cached.

    Parameters
    ----------
    axes_mm : (3, 3) float64
        Steps in mm along the index axes k, j, i, as columns (:attr:`Grid.axes_mm`), at right angles
        in any orientation.
    radius_mm : float
        Radius of the sphere.
    offset_mm : (3,) float64
        From the voxel's centre to the sphere's centre, mm, in the frame of ``axes_mm``.

    Raises
    ------
    ValueError
        If the radius is not positive and finite.
    GeometryError
        ``BAD_IOP`` if the axes are not at right angles.
    """
    if not (radius_mm > 0 and math.isfinite(radius_mm)):
        message = f"sphere radius {radius_mm} mm is not positive and finite"
        raise ValueError(message)
    axes = np.asarray(axes_mm, dtype=np.float64)
    require_right_angles(axes)
    spacing = np.linalg.norm(axes, axis=0)
    centre = np.asarray(offset_mm, dtype=np.float64) @ np.linalg.inv(axes).T
    if centre.any():
        return _sphere_stencil(spacing, float(radius_mm), centre)
    return _centred_stencil(tuple(float(x) for x in spacing), float(radius_mm))


def require_right_angles(axes_mm: NDArray[np.float64]) -> None:
    """Raise ``GeometryError`` (``BAD_IOP``) unless the columns stand at right angles."""
    unit = axes_mm / np.linalg.norm(axes_mm, axis=0)
    skew = float(np.abs(unit.T @ unit - np.eye(3)).max())
    if not skew <= ORTHOGONAL_TOLERANCE:
        raise GeometryError(
            "BAD_IOP",
            "A sphere cannot be placed on a sheared grid.",
            found=f"axes with a cosine of {skew:.4f} between them",
            needed="three axes at right angles",
            next_step="resample the volume to a right-angled grid",
        )


@lru_cache(maxsize=64)
def _centred_stencil(spacing: tuple[float, ...], radius: float) -> Stencil:
    return _sphere_stencil(np.array(spacing), radius, np.zeros(3))


def _sphere_stencil(
    spacing: NDArray[np.float64], radius: float, centre: NDArray[np.float64]
) -> Stencil:
    """Make the stencil of a sphere around ``centre``, in voxels from the middle of one."""
    lower = np.floor(centre - radius / spacing + 0.5)
    upper = np.ceil(centre + radius / spacing - 0.5)
    k, j, i = (
        (np.arange(low, high + 2) - 0.5 - at) * (step / radius)
        for low, high, at, step in zip(lower, upper, centre, spacing, strict=True)
    )
    return Stencil(as_index(lower), ball_weights((k, j, i)), radius)


@lru_cache(maxsize=16)
def _whole_stencil(spacing: tuple[float, ...], radius: float) -> Stencil:
    """Weight 1 for voxels whose centre lies within the radius (closed), else 0."""
    half = [math.floor(radius / s + 1e-9) for s in spacing]
    offsets = [np.arange(-h, h + 1) * s for h, s in zip(half, spacing, strict=True)]
    squared = sum(np.square(axis) for axis in np.meshgrid(*offsets, indexing="ij"))
    weights = (squared <= radius * radius * (1.0 + 1e-9)).astype(np.float64)
    return Stencil((-half[0], -half[1], -half[2]), weights, radius)


def peak_stencil(axes_mm: NDArray[np.float64], volume_ml: float, rule: PeakRule) -> Stencil:
    """Weights of the peak sphere under a rule (:class:`~quant.domain.protocol.PeakRule`)."""
    radius = radius_of(volume_ml)
    if rule is PeakRule.FRACTIONAL:
        return sphere_stencil(axes_mm, radius)
    require_right_angles(axes_mm)
    spacing = tuple(float(s) for s in np.linalg.norm(axes_mm, axis=0))
    return _whole_stencil(spacing, radius)


def peak(
    volume: "Volume", region: "Region", volume_ml: float, rule: PeakRule
) -> tuple[float, Index]:
    """Find the highest mean over a small sphere centred on any voxel of a region.

    Parameters
    ----------
    volume : Volume
    region : Region
        Centres are its voxels with weight of at least one half; when there are none, all its
        voxels.
    volume_ml : float
        Volume of the sphere, ml.
    rule : PeakRule
        Which voxels count, and how much.

    Returns
    -------
    value : float
        In the volume's unit. Voxels beyond the volume are left out of the mean.
    index : (k, j, i) tuple of int
        The best centre; of equal ones the first in world coordinates x, y, z.

    References
    ----------
    IBSI 0F91, global intensity peak (arXiv:1612.07003); Wahl et al. 2009,
    doi:10.2967/jnumed.108.057307.
    """
    mask = region.mask
    if not mask.any():
        mask = region.weights > 0
    return _best_peak(volume, region, mask, peak_stencil(volume.grid.axes_mm, volume_ml, rule))


def local_peak(
    volume: "Volume", region: "Region", volume_ml: float, rule: PeakRule
) -> tuple[float, Index]:
    """Mean over a small sphere centred on the region's hottest voxel (IBSI VJGA).

    When several voxels share the maximum, the highest of their means. Parameters and results as for
    :func:`peak`.
    """
    mask = region.mask
    if not mask.any():
        mask = region.weights > 0
    values = volume.values[region.box]
    mask = mask & (values == values[mask].max())
    return _best_peak(volume, region, mask, peak_stencil(volume.grid.axes_mm, volume_ml, rule))


def _best_peak(
    volume: "Volume", region: "Region", mask: NDArray[np.bool_], stencil: Stencil
) -> tuple[float, Index]:
    first = as_index(np.array(region.corner) + stencil.lower)
    shape = as_index(np.array(mask.shape) + stencil.weights.shape - 1)
    block = cut(volume.values, (0, 0, 0), first, shape)
    ends = zip(first, shape, volume.values.shape, strict=True)
    found = _stencil_sums(block, stencil)[mask]
    if min(first) >= 0 and all(f + n <= m for f, n, m in ends):
        found /= stencil.total
    else:  # only what lies in the volume counts
        there = cut(np.ones_like(volume.values), (0, 0, 0), first, shape)
        found /= _stencil_sums(there, stencil)[mask]
    require_finite(bool(np.isfinite(found).all()), "A volume whose peak is wanted")
    top = float(found.max())
    scale = max(abs(top), abs(float(found.min())))
    highest = found >= top - 1e-12 * scale
    best = np.argwhere(mask)[highest] + region.corner
    chosen = first_in_world(volume.grid.to_mm(best))
    return float(found[highest][chosen]), as_index(best[chosen])


def _stencil_sums(block: NDArray[np.float32], stencil: Stencil) -> NDArray[np.float64]:
    """Sum a block under a stencil, at every place of its centre for which the block was cut."""
    from quant_kernels.statistics import stencil_sums

    k, j, i = (n - w + 1 for n, w in zip(block.shape, stencil.weights.shape, strict=True))
    sums = np.empty((k, j, block.shape[2]))
    stencil_sums(block, stencil.weights, sums)
    return sums[:, :, :i]
