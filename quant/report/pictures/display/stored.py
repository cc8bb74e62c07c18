"""Images as whole numbers for display: the emission volume, and a coarse CT around it."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.report.pictures.display.nifti import Stored

if TYPE_CHECKING:
    from quant.domain.study import SeriesEntry
    from quant.domain.volume import Volume

MOST_VOXELS = 2**24
"""An emission volume with more is shown in larger voxels."""

CT_SPACING_MM = 2.5
CT_WINDOW_HU = (-210.0, 290.0)
"""Centre 40, width 500: soft tissue, with some of the lung and of the bone."""

WINDOW_TOP = 0.998
"""Part of the voxels that lie below the top of the emission's first window."""

_SIXTEEN_BITS, _EIGHT_BITS = 65535, 255


def as_stored(volume: "Volume") -> Stored:
    """Return an emission volume as uint16 from its smallest to its largest value."""
    factors = thinning(volume.grid.shape)
    values = block_means(volume.values, factors)
    low, high = float(values.min()), float(values.max())
    slope = float(np.float32((high - low) / _SIXTEEN_BITS)) or 1.0
    low = float(np.float32(low))
    stored = np.empty(values.shape, dtype=np.uint16)
    for k in range(len(values)):
        stored[k] = np.rint((values[k] - low) * (1.0 / slope)).clip(0, _SIXTEEN_BITS)
    top = _top(values)
    words = f"emission for display, {volume.unit}; LPS grid, sform RAS; not for measuring"
    return Stored(thinned_grid(volume.grid, factors), stored, slope, low, words, (0.0, top))


def _top(values: NDArray[np.float32]) -> float:
    """Return what nearly all voxels lie below, of every so many of them."""
    some = values.reshape(-1)[:: max(1, values.size // 2**20)]
    kept = max(1, round((1.0 - WINDOW_TOP) * some.size))
    top = float(np.partition(some, some.size - kept)[some.size - kept])
    return top if top > 0.0 else float(values.max())


def stored_ct(series: "SeriesEntry", grid: Grid) -> Stored:
    """Return the CT around an emission grid as uint8 within :data:`CT_WINDOW_HU`.

    Raises
    ------
    StudyError
        If the CT cannot be read.
    """
    from quant.dicom.slices.thinned import read_thinned

    ct = read_thinned(series, grid, CT_SPACING_MM)
    low, high = CT_WINDOW_HU
    slope = float(np.float32((high - low) / _EIGHT_BITS))
    stored = np.rint((ct.values - low) * np.float32(1.0 / slope)).clip(0, _EIGHT_BITS)
    words = f"CT for display, {low:g} to {high:g} HU; sform RAS; not for measuring"
    return Stored(ct.grid, stored.astype(np.uint8), slope, low, words, CT_WINDOW_HU)


def thinning(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return how many voxels of a volume are taken together along each axis: mostly one."""
    factors = [1, 1, 1]
    sizes = list(shape)
    while np.prod(sizes, dtype=float) > MOST_VOXELS:
        axis = int(np.argmax(sizes))
        factors[axis] += 1
        sizes[axis] = max(1, shape[axis] // factors[axis])
    return factors[0], factors[1], factors[2]


def block_means(values: NDArray[np.float32], factors: tuple[int, int, int]) -> NDArray[np.float32]:
    """Average (K, J, I) values over whole blocks; what is left over at the end is dropped."""
    if factors == (1, 1, 1):
        return values
    k, j, i = (size // factor for size, factor in zip(values.shape, factors, strict=True))
    fk, fj, fi = factors
    mean = np.empty((k, j, i), dtype=np.float32)
    for n in range(k):  # a slab at a time: no copy of the whole
        slab = values[n * fk : (n + 1) * fk, : j * fj, : i * fi]
        mean[n] = slab.reshape(fk, j, fj, i, fi).mean(axis=(0, 2, 4), dtype=np.float64)
    return mean


def thinned_grid(grid: Grid, factors: tuple[int, int, int]) -> Grid:
    """Return the grid of blocks of so many voxels."""
    if factors == (1, 1, 1):
        return grid
    affine = grid.affine.copy()
    affine[:3, :3] *= factors
    affine[:3, 3] = grid.to_mm([(factor - 1) / 2.0 for factor in factors])
    k, j, i = (size // factor for size, factor in zip(grid.shape, factors, strict=True))
    return Grid((k, j, i), affine, grid.frame_of_reference_uid)
