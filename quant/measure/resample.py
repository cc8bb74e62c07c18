"""Linear interpolation: a mask on an isotropic grid, and a whole volume on any other grid."""

import math

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.region import Region
from quant.domain.volume import Volume

SIZE_TOLERANCE = 1e-6
"""A grid that fills the image to this part of a voxel is not made one voxel larger."""

LEVEL_TOLERANCE = 1e-9
"""Interpolated masks keep exact halves in spite of rounding."""


def resample_mask(region: Region, grid_mm: float) -> NDArray[np.uint8]:
    """Lay the binary region on an isotropic grid by trilinear interpolation, kept where >= 0.5.

    The new grid shares its centre with the region's whole image grid, and its size is rounded up so
    that it covers the image: the recipe of the IBSI reference manual. Beyond the outermost voxel
    centres the outermost values hold.

    Parameters
    ----------
    region : Region
        The binary region is ``region.mask``.
    grid_mm : float
        Voxel size of the new grid, mm.

    Returns
    -------
    (k, j, i) uint8
        1 inside, 0 outside, cut to the part of the new grid where the region can lie; empty along
        an axis when nothing of it remains.

    References
    ----------
    Zwanenburg et al., IBSI reference manual, arXiv:1612.07003, section "Interpolation"
    """
    values = region.mask.astype(np.float64)
    spacing = region.grid.spacing_mm
    for axis in range(3):
        positions = grid_positions(region.grid.shape[axis], float(spacing[axis]), grid_mm)
        start = region.corner[axis]
        values = _interpolate(values, axis, positions - start, _at_edges(region, axis))
    return (values >= 0.5 - LEVEL_TOLERANCE).astype(np.uint8)


def resample_linear(volume: Volume, grid: Grid, *, outside: float) -> Volume:
    """Lay a volume on another grid by trilinear interpolation: a picture, not a measurement.

    Emission values are never measured on another grid (``DECISIONS.md``, 20); this is for what is
    shown side by side.

    Parameters
    ----------
    volume : Volume
    grid : Grid
        In the volume's frame of reference; any spacing, order and direction of axes.
    outside : float
        Value of voxels whose centre lies outside the volume, for instance -1000 HU or NaN.

    Returns
    -------
    Volume
        On ``grid``, in the volume's unit, with its provenance and flags. Beyond the outermost voxel
        centres the outermost values hold, to the outer faces of the voxels. A value that is not
        finite spoils the voxels that it has a weight in, and may spoil those next to them.

    Raises
    ------
    ValueError
        If both have a frame of reference and they differ.
    """
    from quant_kernels.resampling import resample_linear as kernel

    own, other = volume.grid.frame_of_reference_uid, grid.frame_of_reference_uid
    if own and other and own != other:
        message = f"volume and grid lie in different frames of reference: {own}, {other}"
        raise ValueError(message)
    # target index -> source index
    frame = np.linalg.inv(volume.grid.affine) @ grid.affine
    values = np.empty(grid.shape, dtype=np.float32)
    kernel(volume.values, np.ascontiguousarray(frame[:3]), outside, values)
    return Volume(grid, values, volume.unit, volume.provenance, volume.flags)


def grid_positions(size: int, spacing_mm: float, grid_mm: float) -> NDArray[np.float64]:
    """Place the voxel centres of the new grid along one axis.

    Parameters
    ----------
    size : int
        Number of voxels of the image along this axis.
    spacing_mm, grid_mm : float
        Voxel size of the image and of the new grid.

    Returns
    -------
    (N,) float64
        Positions in voxels of the image, 0 at the centre of the first one.
    """
    step = grid_mm / spacing_mm
    count = max(1, math.ceil(size / step - SIZE_TOLERANCE))
    steps = np.arange(count, dtype=np.float64) - (count - 1) / 2.0
    return (size - 1) / 2.0 + steps * step


def _at_edges(region: Region, axis: int) -> tuple[bool, bool]:
    """Tell whether the region's box begins and ends with the image along an axis."""
    start, size = region.corner[axis], region.weights.shape[axis]
    return start == 0, start + size == region.grid.shape[axis]


def _interpolate(
    values: NDArray[np.float64],
    axis: int,
    positions: NDArray[np.float64],
    at_edges: tuple[bool, bool],
) -> NDArray[np.float64]:
    """Interpolate linearly along one axis; outside the box is 0, outside the image the edge."""
    size = values.shape[axis]
    if at_edges[0]:
        positions = np.maximum(positions, 0.0)
    if at_edges[1]:
        positions = np.minimum(positions, size - 1.0)
    positions = positions[(positions > -1.0) & (positions < size)]
    pad = [(1, 1) if other == axis else (0, 0) for other in range(3)]
    padded = np.pad(values, pad)
    lower = np.floor(positions).astype(np.int64)
    shape = [-1 if other == axis else 1 for other in range(3)]
    upper_part = (positions - lower).reshape(shape)
    below = np.take(padded, lower + 1, axis=axis)
    above = np.take(padded, np.minimum(lower + 2, size + 1), axis=axis)
    mixed: NDArray[np.float64] = below * (1.0 - upper_part) + above * upper_part
    return mixed
