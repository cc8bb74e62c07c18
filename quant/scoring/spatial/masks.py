"""Arrays become regions, or are refused by code."""

from typing import TYPE_CHECKING

import numpy as np

from quant.domain.region import Region, Role, crop_to_box
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
    corner, block = crop_to_box(weights)
    if not np.isfinite(block).all():
        raise _invalid(name, "values that are not finite", "finite weights")
    low, high = float(block.min(initial=0)), float(block.max(initial=0))
    if low < 0.0 or high > 1.0:
        found = f"values of {low:g} to {high:g}"
        raise _invalid(name, found, "weights of 0 to 1; one mask for each label")
    return Region(grid, corner, block.astype(np.float32), plain(name), role)


def _invalid(name: str, found: str, needed: str) -> RegionError:
    return RegionError(
        "SCORE_MASK_INVALID",
        f"Mask '{plain(name)}' does not describe a region.",
        found=found,
        needed=needed,
        next_step="supply one mask of weights for each bone and lesion, on its own grid",
    )
