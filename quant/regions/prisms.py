"""Lay a stack of prisms on a grid: the part of each voxel inside, or the voxels whose centre is.

Where the grid stands along the contours, prisms are cut exactly; where it stands askew, each voxel
row is sampled by lines that are cut exactly.
"""

from typing import TYPE_CHECKING

import numpy as np

from quant.regions.overlaps import area_mm2, scan_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quant.domain.grid import Grid
    from quant.regions.contours import Plane, Prisms

PARALLEL_SINE = 1e-3
"""Largest sine between a grid axis and the contours' frame that counts as parallel."""

SUB_ROWS = 8
"""Strips per voxel within which the edge of a polygon counts as straight."""

FEWEST_LINES, MOST_LINES = 8, 32
"""Sampled lines per voxel and direction where frames are askew: more for a small region."""

LINES_IN_ALL = 200_000
"""Sampled lines per region that are aimed at where frames are askew."""

CENTRE_TIE = 1e-6
"""A boundary this close to a voxel centre, in voxels, counts as lying on it."""


def volume_ml(prisms: "Prisms") -> float:
    """Return the volume of the prisms, ml, independent of any grid."""
    total = 0.0
    for plane in prisms.planes:
        total += area_mm2(plane.edges_mm) * (plane.top_mm - plane.bottom_mm)
    return total / 1000.0


def parallel_axis(prisms: "Prisms", grid: "Grid") -> int | None:
    """Return the grid axis that runs along the contours' normal, or None if none does."""
    unit = grid.axes_mm / grid.spacing_mm
    cosines = np.abs(prisms.axes[2] @ unit)
    along = int(np.argmax(cosines))
    others = np.delete(cosines, along)
    sine = float(np.linalg.norm(np.cross(prisms.axes[2], unit[:, along])))
    return along if max(sine, float(others.max())) <= PARALLEL_SINE else None


def parallel_weights(
    prisms: "Prisms", grid: "Grid", along: int, *, centres: bool
) -> "NDArray[np.float64]":
    """Lay prisms on a grid whose axis ``along`` runs along their normal.

    Parameters
    ----------
    prisms : Prisms
    grid : Grid
        The part of the emission grid that is wanted; prisms may reach beyond it.
    along : {0, 1, 2}
        Grid axis along the normal.
    centres : bool
        Weights by voxel centre (0 or 1) instead of by covered part.

    Returns
    -------
    (K, J, I) float64
    """
    from quant_kernels.overlap import polygon_coverage

    rows, columns = [axis for axis in range(3) if axis != along]
    n_rows, n_columns = grid.shape[rows], grid.shape[columns]
    share = _slab_shares(prisms, grid, along, centres=centres)
    weights = np.zeros((grid.shape[along], n_rows, n_columns))
    sub_rows = np.arange(n_rows * SUB_ROWS + 1) / SUB_ROWS - 0.5
    for number, plane in enumerate(prisms.planes):
        layers = np.flatnonzero(share[:, number])
        if not layers.size:
            continue
        index = _to_grid_plane(prisms, plane, grid)[:, :, [columns, rows]]
        lines: NDArray[np.float64] = np.arange(n_rows + 1, dtype=np.float64) - 0.5
        if centres:
            whole = np.round(index)
            index = np.where(np.abs(index - whole) <= CENTRE_TIE, whole, index)
        else:
            lines = np.unique(np.concatenate([sub_rows, index[:, :, 1].ravel()]))
        part = np.zeros((n_rows, n_columns))
        polygon_coverage(scan_edges(index), lines, centres, part)
        for layer in layers:
            weights[layer] += share[layer, number] * part
    return np.moveaxis(weights, 0, along)


def _to_grid_plane(prisms: "Prisms", plane: "Plane", grid: "Grid") -> "NDArray[np.float64]":
    """(E, 2, 3): start and end of a plane's edges as grid indices."""
    heights = np.full((*plane.edges_mm.shape[:2], 1), plane.height_mm)
    return grid.to_index(np.concatenate([plane.edges_mm, heights], axis=2) @ prisms.axes)


def _slab_shares(
    prisms: "Prisms", grid: "Grid", along: int, *, centres: bool
) -> "NDArray[np.float64]":
    """(N, P): part of each grid layer (or its middle) that lies in each slab."""
    normal = prisms.axes[2]
    step = float(normal @ grid.axes_mm[:, along])
    origin = float(normal @ grid.affine[:3, 3])
    bounds = np.array([[plane.bottom_mm, plane.top_mm] for plane in prisms.planes])
    ends = np.sort((bounds - origin) / step, axis=1)
    layers = np.arange(grid.shape[along], dtype=np.float64)[:, None]
    if centres:
        inside = (layers >= ends[:, 0] - CENTRE_TIE) & (layers < ends[:, 1] - CENTRE_TIE)
        return inside.astype(np.float64)
    overlap = np.minimum(layers + 0.5, ends[:, 1]) - np.maximum(layers - 0.5, ends[:, 0])
    shares: NDArray[np.float64] = np.maximum(overlap, 0.0)
    return shares


def askew_weights(prisms: "Prisms", grid: "Grid", *, centres: bool) -> "NDArray[np.float64]":
    """Lay prisms on a grid that stands askew to them; parameters as for parallel weights."""
    from quant_kernels.overlap import prism_coverage

    unit = grid.axes_mm / grid.spacing_mm
    line = int(np.argmin(np.abs(prisms.axes[2] @ unit)))
    order = [axis for axis in range(3) if axis != line] + [line]
    frame = prisms.axes @ grid.affine[:3, [*order, 3]]
    length = float(np.hypot(frame[0, 2], frame[1, 2]))
    cosine, sine = float(frame[0, 2]) / length, float(frame[1, 2]) / length
    turn = np.array([[cosine, sine], [-sine, cosine]], dtype=np.float64)
    frame[:2] = turn @ frame[:2]
    frame[1, 2] = 0.0
    tables, planes, first = [], [], 0
    for plane in prisms.planes:
        table = scan_edges(plane.edges_mm @ turn.T)
        reach = float((table[:, 1] - table[:, 0]).max()) if table.size else 0.0
        planes.append([plane.bottom_mm, plane.top_mm, first, first + len(table), reach])
        tables.append(table)
        first += len(table)
    weights = np.zeros(tuple(grid.shape[axis] for axis in order))
    per_row = np.sqrt(LINES_IN_ALL / (weights.shape[0] * weights.shape[1]))
    sub_rows = 0 if centres else int(np.clip(per_row, FEWEST_LINES, MOST_LINES))
    prism_coverage(
        np.concatenate(tables), np.array(planes), np.ascontiguousarray(frame), sub_rows, weights
    )
    stored: NDArray[np.float64] = np.transpose(weights, np.argsort(order))
    return stored
