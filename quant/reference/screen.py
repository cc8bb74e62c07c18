"""The screen for foci: what stands out of an organ's robust distribution."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.reference.boxes import Index, as_index, cut, grown

if TYPE_CHECKING:
    from quant.domain.grid import Grid

MAD_TO_SD = 1.4826
"""SD of a normal distribution over its median absolute deviation."""


def focus_threshold(values: NDArray[np.float32], sigma: float, contrast: float) -> float:
    """Value above which a voxel stands out of an organ.

    Median + the larger of ``sigma`` robust SD (1.4826 x the median absolute deviation) and
    ``contrast`` x the median's size. In uniform tissue without noise the robust SD is 0 and the
    contrast alone decides. Where more than half of the values are the same and that value is 0 or
    less (few counts, relative scales), neither says anything: then the plain SD stands in for the
    robust one.

    Parameters
    ----------
    values : (N,) float32
        Values of the organ, N > 0.
    sigma, contrast : float
        :attr:`SphereSettings.focus_sigma`, :attr:`SphereSettings.focus_contrast`.
    """
    sample = values.astype(np.float64)
    median = float(np.median(sample))
    spread = MAD_TO_SD * float(np.median(np.abs(sample - median)))
    if spread == 0.0 and median <= 0.0:
        spread = float(sample.std())
    return median + max(sigma * spread, contrast * abs(median))


def focus_distance(
    grid: "Grid",
    values: NDArray[np.float32],
    box: tuple[Index, Index],
    threshold: float,
    reach_mm: float,
) -> NDArray[np.float64]:
    """Measure the distance of each voxel of a box (corner, shape) to the nearest focus, mm.

    A focus is any voxel above the threshold, in the organ or beside it, within ``reach_mm`` of the
    box; from voxel centre to voxel centre, infinite where there is none.
    """
    corner, shape = box
    by = as_index(np.ceil(reach_mm / grid.spacing_mm).astype(int) + 1)
    first, size = grown(corner, shape, by, grid.shape)
    hot = cut(values, (0, 0, 0), first, size) > threshold
    if not hot.any():
        return np.full(shape, np.inf)
    from quant_kernels.distance import distance_to_forbidden

    distance = distance_to_forbidden(hot.astype(np.uint8), grid.spacing_mm, 0)
    return cut(distance, first, corner, shape)
