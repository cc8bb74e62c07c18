"""Maximum projections along the patient's axes."""

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.report.pictures.sheet.planes import STRAIGHT, interpolated

MOST_POINTS = 600_000
"""An oblique volume is first brought onto so many points along the patient's axes."""


def upright(grid: Grid, values: NDArray[np.generic]) -> tuple[Grid, NDArray[np.generic]]:
    """Return an image on a grid whose axes are the patient's; resampled when it is oblique.

    Parameters
    ----------
    grid : Grid
    values : (K, J, I) array
    """
    way = np.abs(grid.axes_mm) * np.array(grid.shape) / grid.spacing_mm
    main = way.argmax(axis=0)
    way[main, [0, 1, 2]] = 0.0
    if len(set(main.tolist())) == 3 and way.max() <= STRAIGHT * 10:
        return grid, values
    corners = grid.corners_mm()
    low, high = corners.min(axis=0), corners.max(axis=0)
    step = max(float(grid.spacing_mm.min()), float(np.prod(high - low) / MOST_POINTS) ** (1 / 3))
    x, y, z = (max(1, int(size)) for size in np.ceil((high - low) / step))
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, step], [0, step, 0], [step, 0, 0]])
    affine[:3, 3] = low + step / 2.0
    there = Grid((z, y, x), affine)
    straight = np.zeros((z, y, x), dtype=np.float32)
    lattice = np.stack(np.meshgrid(np.arange(y), np.arange(x), indexing="ij"), axis=-1)
    for k in range(z):
        index = np.concatenate([np.full((y, x, 1), k), lattice], axis=-1)
        at = grid.to_index(there.to_mm(index)).reshape(-1, 3)
        inside = ((at >= -0.5) & (at <= np.array(grid.shape) - 0.5)).all(axis=1)
        straight[k].reshape(-1)[inside] = interpolated(values, at[inside])
    return there, straight


def projected(
    grid: Grid, values: NDArray[np.generic], axis: int
) -> tuple[Grid, NDArray[np.generic]]:
    """Project the maximum along a patient axis.

    Parameters
    ----------
    grid : Grid
        With the patient's axes (:func:`upright`), in any order and direction.
    values : (K, J, I) array
    axis : int
        0, 1 or 2: along x, y or z of LPS.

    Returns
    -------
    Grid, array
        One voxel thick along that axis, through the middle of the volume.
    """
    along = int(np.abs(grid.axes_mm / grid.spacing_mm)[axis].argmax())
    flat = values.max(axis=along, keepdims=True)
    affine = grid.affine.copy()
    middle = [0.0, 0.0, 0.0]
    middle[along] = (grid.shape[along] - 1) / 2.0
    affine[:3, along] *= grid.shape[along]
    affine[:3, 3] = grid.to_mm(middle)
    k, j, i = flat.shape
    return Grid((k, j, i), affine), flat
