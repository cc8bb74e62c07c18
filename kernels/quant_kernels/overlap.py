"""How much of each voxel a drawn region covers: polygons, stacked prisms and rotated label maps.

All coordinates here are voxel indices of the target box (voxel ``n`` reaches from ``n - 0.5`` to
``n + 0.5``) or a frame that the caller states. Every sum runs in a fixed order.
"""

import numpy as np
from numpy.typing import NDArray

from quant_kernels._jit import kernel

CENTRE_TIE = 1e-6
"""A boundary this close to a voxel centre, in voxels, counts as lying on it."""


@kernel
def _insert(crossings: NDArray[np.float64], count: int, position: float) -> int:
    """Insert ``position`` into the first ``count`` crossings, kept in ascending order."""
    slot = count
    while slot > 0 and crossings[slot - 1] > position:
        crossings[slot] = crossings[slot - 1]
        slot -= 1
    crossings[slot] = position
    return count + 1


@kernel
def _deposit(row: NDArray[np.float64], left: float, right: float, share: float) -> None:
    """Add ``share`` times the covered length of every voxel of ``row`` between two positions."""
    left = max(left, -0.5)
    right = min(right, row.shape[0] - 0.5)
    if right <= left:
        return
    first = int(np.floor(left + 0.5))
    last = min(int(np.floor(right + 0.5)), row.shape[0] - 1)
    if first == last:
        row[first] += share * (right - left)
        return
    row[first] += share * (first + 0.5 - left)
    for i in range(first + 1, last):
        row[i] += share
    row[last] += share * (right - (last - 0.5))


@kernel
def polygon_coverage(
    edges: NDArray[np.float64],
    lines: NDArray[np.float64],
    centres: bool,  # noqa: FBT001 (numba takes no keyword-only arguments)
    coverage: NDArray[np.float64],
) -> float:
    """Add the part of each pixel that lies inside polygons, by the even-odd rule.

    Parameters
    ----------
    edges : (E, 4) float64, C-contiguous
        Lower row position, upper row position, column position at the lower end, columns per row;
        without level edges, sorted by the lower row position.
    lines : (L,) float64
        Ascending boundaries of the strips that are scanned along their middle. Where every vertex
        is a boundary, the area of polygons that do not cross themselves is exact.
    centres : bool
        True: a pixel counts when its centre lies inside (half-open: a left edge through the centre
        counts, a right edge does not); strips must be the rows. False: by area.
    coverage : (J, I) float64, C-contiguous
        Added to.

    Returns
    -------
    float
        Area inside the polygons over all strips, in pixels, also outside ``coverage``.
    """
    active = np.empty(edges.shape[0], dtype=np.int64)
    crossings = np.empty(edges.shape[0], dtype=np.float64)
    area, waiting, alive = 0.0, 0, 0
    for strip in range(lines.shape[0] - 1):
        height = lines[strip + 1] - lines[strip]
        middle = 0.5 * (lines[strip] + lines[strip + 1])
        while waiting < edges.shape[0] and edges[waiting, 0] <= middle:
            active[alive] = waiting
            alive += 1
            waiting += 1
        kept, count = 0, 0
        for slot in range(alive):
            edge = active[slot]
            if edges[edge, 1] > middle:
                active[kept] = edge
                kept += 1
                position = edges[edge, 2] + (middle - edges[edge, 0]) * edges[edge, 3]
                if centres:
                    position = np.ceil(position - CENTRE_TIE) - 0.5
                count = _insert(crossings, count, position)
        alive = kept
        row = int(np.floor(middle + 0.5))
        for pair in range(0, count - 1, 2):
            area += (crossings[pair + 1] - crossings[pair]) * height
            if 0 <= row < coverage.shape[0]:
                _deposit(coverage[row], crossings[pair], crossings[pair + 1], height)
    return area


@kernel
def _plane_crossings(
    edges: NDArray[np.float64],
    first: int,
    across: float,
    crossings: NDArray[np.float64],
) -> int:
    """Collect, in ascending order, where a line meets the edges ``first`` onwards.

    ``edges`` ends where the plane ends; rows before ``first`` cannot reach ``across``.
    """
    count = 0
    for edge in range(first, edges.shape[0]):
        if edges[edge, 0] > across:
            break
        if edges[edge, 1] > across:
            position = edges[edge, 2] + (across - edges[edge, 0]) * edges[edge, 3]
            count = _insert(crossings, count, position)
    return count


@kernel
def prism_coverage(
    edges: NDArray[np.float64],
    planes: NDArray[np.float64],
    frame: NDArray[np.float64],
    sub_rows: int,
    coverage: NDArray[np.float64],
) -> None:
    """Add the part of each voxel inside a stack of prisms that stands askew to the voxels.

    Each voxel row (k, j) is sampled by ``sub_rows`` squared lines along i, one at a pseudo-random
    but fixed place of each sub-cell, so that no flat face can fall between all of them. Along a
    line the coverage is exact. ``sub_rows`` of 0 asks for the voxel centres instead: weights
    become 1 where the centre lies inside.

    Parameters
    ----------
    edges : (E, 4) float64, C-contiguous
        Lower across position, upper across position, along position at the lower end, along per
        across; sorted by the lower position within each plane.
    planes : (P, 5) float64
        Lower and upper height of the prism, first edge, last edge + 1, and the longest extent of
        its edges across.
    frame : (3, 4) float64
        Maps the index ``(k, j, i, 1)`` to (along, across, height); along must grow with i, across
        must not depend on i.
    sub_rows : int
        Lines per voxel and direction; 0 for voxel centres.
    coverage : (K, J, I) float64, C-contiguous
        Added to.
    """
    crossings = np.empty(max(edges.shape[0], 1), dtype=np.float64)
    step, rise = frame[0, 2], frame[2, 2]
    centres = sub_rows == 0
    sub = max(sub_rows, 1)
    share = 1.0 / (sub * sub)
    n_i = coverage.shape[2]
    counter = 0
    for row in range(coverage.shape[0] * coverage.shape[1] * sub * sub):
        k, j = row // (sub * sub) // coverage.shape[1], row // (sub * sub) % coverage.shape[1]
        at_k, at_j = float(k), float(j)
        if not centres:
            counter += 1
            cell = row % (sub * sub)
            at_k += (cell // sub + (counter * 0.7548776662466927) % 1.0) / sub - 0.5
            at_j += (cell % sub + (counter * 0.5698402909980532) % 1.0) / sub - 0.5
        along = frame[0, 0] * at_k + frame[0, 1] * at_j + frame[0, 3]
        across = frame[1, 0] * at_k + frame[1, 1] * at_j + frame[1, 3]
        height = frame[2, 0] * at_k + frame[2, 1] * at_j + frame[2, 3]
        ends = (height - 0.5 * rise, height + (n_i - 0.5) * rise)
        for plane in range(planes.shape[0]):
            bottom, top = planes[plane, 0], planes[plane, 1]
            if top <= min(ends[0], ends[1]) or bottom > max(ends[0], ends[1]):
                continue
            enter, leave = -0.5, n_i - 0.5
            if abs(rise) * n_i > 1e-9:
                one, two = (bottom - height) / rise, (top - height) / rise
                enter, leave = max(enter, min(one, two)), min(leave, max(one, two))
            first, end = int(planes[plane, 2]), int(planes[plane, 3])
            first += np.searchsorted(edges[first:end, 0], across - planes[plane, 4])
            count = _plane_crossings(edges[:end], first, across, crossings)
            for pair in range(0, count - 1, 2):
                left = max((crossings[pair] - along) / step, enter)
                right = min((crossings[pair + 1] - along) / step, leave)
                if centres:
                    left = np.ceil(left - CENTRE_TIE) - 0.5
                    right = np.ceil(right - CENTRE_TIE) - 0.5
                _deposit(coverage[k, j], left, right, share)


@kernel
def label_boxes(labels: NDArray[np.int32], first_slice: int, boxes: NDArray[np.int64]) -> None:
    """Widen the box of every label by one block of slices.

    Parameters
    ----------
    labels : (k, j, i) int32, C-contiguous
        A block of slices; values 0 to ``boxes.shape[0] - 1``.
    first_slice : int
        Index of the block's first slice in the whole map.
    boxes : (N, 7) int64
        Lowest k, j, i, highest k, j, i, and the number of voxels, for each label; changed in place.
    """
    for k in range(labels.shape[0]):
        for j in range(labels.shape[1]):
            for i in range(labels.shape[2]):
                value = labels[k, j, i]
                if value > 0:
                    box = boxes[value]
                    box[0] = min(box[0], first_slice + k)
                    box[1] = min(box[1], j)
                    box[2] = min(box[2], i)
                    box[3] = max(box[3], first_slice + k)
                    box[4] = max(box[4], j)
                    box[5] = max(box[5], i)
                    box[6] += 1
