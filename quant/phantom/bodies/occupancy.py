"""How much of each voxel lies inside a body."""

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.phantom.bodies.solids import Body

LEVELS = 4
"""Halvings of a boundary voxel: its smallest cells are 1/16 of it along each axis."""

CHUNK = 262_144
"""Cells evaluated at once."""

_CORNERS = np.array([[-1, -1, -1], [-1, -1, 1], [-1, 1, -1], [-1, 1, 1]], dtype=np.float64)
_OCTANTS = np.array(np.meshgrid(*[[-0.25, 0.25]] * 3, indexing="ij")).reshape(3, -1).T


def occupancy(body: Body, grid: Grid, levels: int = LEVELS) -> NDArray[np.float64]:
    """Fraction of each voxel that lies inside the body.

    A voxel whose centre is further from the surface than its half diagonal is wholly in or out, so
    its fraction is exactly 1 or 0. Others are halved along each axis, again and again; the smallest
    cells count by their centre.

    Parameters
    ----------
    body : Body
    grid : Grid
        Any grid: oblique, anisotropic, of either handedness.
    levels : int
        Number of halvings.

    Returns
    -------
    (K, J, I) float64
        Fractions in 0..1.
    """
    full = np.zeros(grid.shape)
    corner, shape = _index_box(body, grid)
    if min(shape) < 1:
        return full
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    centres = (index.reshape(-1, 3) + np.array(corner)).astype(np.float64)
    fractions = np.concatenate(
        [
            _fractions(body, grid, centres[start : start + CHUNK], levels)
            for start in range(0, len(centres), CHUNK)
        ]
    )
    box = tuple(slice(c, c + n) for c, n in zip(corner, shape, strict=True))
    full[box] = fractions.reshape(shape)
    return full


def centre_mask(body: Body, grid: Grid) -> NDArray[np.bool_]:
    """(K, J, I) bool: voxels whose centre lies inside the body."""
    mask = np.zeros(grid.shape, dtype=bool)
    corner, shape = _index_box(body, grid)
    if min(shape) < 1:
        return mask
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    box = tuple(slice(c, c + n) for c, n in zip(corner, shape, strict=True))
    mask[box] = body.inside(grid.to_mm(index + np.array(corner)))
    return mask


def _fractions(
    body: Body, grid: Grid, centres: NDArray[np.float64], levels: int
) -> NDArray[np.float64]:
    """Fraction of the cells of one voxel's size around (N, 3) indices."""
    result = np.zeros(len(centres))
    cells, owner, size = centres, np.arange(len(centres)), 1.0
    for level in range(levels + 1):
        field = body.field_mm(grid.to_mm(cells))
        reach = _half_diagonal_mm(grid) * size
        decided = np.abs(field) >= reach if level < levels else np.ones(len(field), dtype=bool)
        counted = owner[decided & (field <= 0.0)]
        result += np.bincount(counted, minlength=len(centres)) * size**3
        if decided.all():
            break
        cells = (cells[~decided][:, None, :] + _OCTANTS * size).reshape(-1, 3)
        owner, size = np.repeat(owner[~decided], 8), size / 2.0
    return result


def _half_diagonal_mm(grid: Grid) -> float:
    """From the centre of a voxel to its farthest corner, mm."""
    return float(np.linalg.norm(_CORNERS @ grid.axes_mm.T, axis=1).max()) / 2.0


def _index_box(body: Body, grid: Grid) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """First index and size of the box of voxels that the body can reach."""
    low, high = body.bounds_mm()
    picks = np.array(np.meshgrid(*[[0, 1]] * 3, indexing="ij")).reshape(3, -1).T
    index = grid.to_index(np.where(picks == 0, low, high))
    first = np.maximum(np.floor(index.min(axis=0)).astype(int) - 1, 0)
    last = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 1, np.array(grid.shape) - 1)
    k, j, i = (int(n) for n in first)
    sk, sj, si = (max(int(n), 0) for n in last - first + 1)
    return (k, j, i), (sk, sj, si)
