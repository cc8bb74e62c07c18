"""Connected components of a binary array, counted by runs of voxels."""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel


@kernel
def _find_runs(
    mask: NDArray[np.uint8], value: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """List the runs of ``value`` along the last axis: first run of each row, starts, ends."""
    slices, rows, columns = mask.shape
    first_run = np.zeros(slices * rows + 1, dtype=np.int64)
    for row in range(slices * rows):
        line = mask[row // rows, row % rows]
        runs = 1 if line[0] == value else 0
        for i in range(1, columns):
            runs += line[i] == value and line[i - 1] != value
        first_run[row + 1] = first_run[row] + runs
    starts = np.empty(first_run[-1], dtype=np.int64)
    ends = np.empty(first_run[-1], dtype=np.int64)
    for row in range(slices * rows):
        line = mask[row // rows, row % rows]
        run = first_run[row] - 1
        inside = False
        for i in range(columns):
            if line[i] != value:
                inside = False
                continue
            if not inside:
                run += 1
                starts[run] = i
                inside = True
            ends[run] = i + 1
    return first_run, starts, ends


@kernel
def _root(parents: NDArray[np.int64], run: int) -> int:
    """Root of a run's tree; the path to it is halved on the way."""
    while parents[run] != run:
        parents[run] = parents[parents[run]]
        run = parents[run]
    return run


@kernel
def count_components(mask: NDArray[np.uint8], value: int, neighbours: int) -> int:
    """Count the connected components of the voxels that have one value.

    Parameters
    ----------
    mask : (K, J, I) uint8, C-contiguous
        At least one column; not checked here.
    value : int
        The value whose voxels are counted, 0 or 1.
    neighbours : int
        26: voxels touch by face, edge or corner. 6: by face.

    Returns
    -------
    int
        Number of components.
    """
    slices, rows, _ = mask.shape
    first_run, starts, ends = _find_runs(mask, value)
    parents = np.arange(starts.shape[0])
    diagonal = neighbours == 26
    reach = 1 if diagonal else 0
    components: int = starts.shape[0]
    for row in range(slices * rows):
        k, j = row // rows, row % rows
        for dk, dj in ((0, -1), (-1, -1), (-1, 0), (-1, 1)):
            outside = k + dk < 0 or j + dj < 0 or j + dj >= rows
            if outside or (dk * dj != 0 and not diagonal):
                continue
            other_row = row + dk * rows + dj
            one, other = first_run[row], first_run[other_row]
            while one < first_run[row + 1] and other < first_run[other_row + 1]:
                if starts[one] < ends[other] + reach and starts[other] < ends[one] + reach:
                    root, other_root = _root(parents, one), _root(parents, other)
                    if root != other_root:
                        parents[root] = other_root
                        components -= 1
                if ends[one] < ends[other]:
                    one += 1
                else:
                    other += 1
    return components


@kernel
def connected_part(mask: NDArray[np.uint8], k: int, j: int, i: int) -> NDArray[np.uint8]:
    """Keep of a mask only what is connected with one voxel (26 neighbours).

    Parameters
    ----------
    mask : (K, J, I) uint8, C-contiguous
        1 inside, 0 outside.
    k, j, i : int
        The voxel; empty unless it lies inside.

    Returns
    -------
    (K, J, I) uint8
    """
    slices, rows, columns = mask.shape
    part = np.zeros(mask.shape, dtype=np.uint8)
    if mask[k, j, i] == 0:
        return part
    waiting = np.empty((int(np.count_nonzero(mask)), 3), dtype=np.int64)
    waiting[0, 0], waiting[0, 1], waiting[0, 2] = k, j, i
    part[k, j, i] = 1
    left = 1
    while left > 0:
        left -= 1
        k, j, i = waiting[left, 0], waiting[left, 1], waiting[left, 2]
        for z in range(max(k - 1, 0), min(k + 2, slices)):
            for y in range(max(j - 1, 0), min(j + 2, rows)):
                for x in range(max(i - 1, 0), min(i + 2, columns)):
                    if mask[z, y, x] == 1 and part[z, y, x] == 0:
                        part[z, y, x] = 1
                        waiting[left, 0], waiting[left, 1], waiting[left, 2] = z, y, x
                        left += 1
    return part
