"""Arrays become regions, or are refused by code."""

from typing import TYPE_CHECKING

import numpy as np

from quant.domain.region import Region, Role
from quant.domain.text import plain
from quant.errors import RegionError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from quant.domain.grid import Grid


def mask_region(name: str, mask: "ArrayLike", grid: "Grid", role: Role = Role.OTHER) -> Region:
    """Make a region of a mask on a grid.

    Parameters
    ----------
    name : str
        Bone or lesion.
    mask : (K, J, I) array of bool or number
        Weights 0 to 1 over the whole grid.
    grid : Grid
    role : Role
        ``lesion`` or ``tumour`` for what is scored.

    Returns
    -------
    Region

    Raises
    ------
    RegionError
        ``SCORE_MASK_INVALID`` for a shape other than the grid's, values that are not finite, or
        not within 0 to 1; ``ROI_EMPTY`` for a mask without a voxel.
    """
    weights = np.asarray(mask)
    if weights.shape != grid.shape:
        raise _invalid(name, f"an array of shape {weights.shape}", f"{grid.shape}, as its grid")
    if weights.dtype.kind not in "biuf":
        raise _invalid(name, f"values of the type {weights.dtype}", "numbers")
    values = weights.astype(np.float64)
    if not np.isfinite(values).all():
        raise _invalid(name, "values that are not finite", "finite weights")
    if values.min() < 0.0 or values.max() > 1.0:
        found = f"values of {values.min():g} to {values.max():g}"
        raise _invalid(name, found, "weights of 0 to 1; one mask for each label")
    return Region.from_full(grid, values.astype(np.float32), plain(name), role)


def _invalid(name: str, found: str, needed: str) -> RegionError:
    return RegionError(
        "SCORE_MASK_INVALID",
        f"Mask '{plain(name)}' does not describe a region.",
        found=found,
        needed=needed,
        next_step="supply one mask of weights for each bone and lesion, on its own grid",
    )
