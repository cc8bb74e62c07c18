"""From label maps to weights, exactly: sums of boxes where axes agree, cut faces elsewhere."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quant.domain.grid import Grid
    from quant.domain.shapes import LabelShape

PARALLEL_DRIFT = 0.02
"""Axes agree when, across the whole region, they drift apart by less than this many voxels."""

SAME_PLACE = 1e-3
"""Voxels coincide when they differ by less than this part of a voxel."""

DUST = 1e-7
"""Weights below this are rounding, not coverage."""


def box_mm(shape: "LabelShape") -> "NDArray[np.float64]":
    """(8, 3) float64: outer corners of the label map's voxels, LPS mm."""
    return shape.grid.corners_mm()


def volume_ml(shape: "LabelShape") -> float:
    """Volume of the label map on its own grid, ml."""
    return float(shape.weights.sum(dtype=np.float64)) * shape.grid.voxel_volume_ml


def label_weights(shape: "LabelShape", grid: "Grid", *, centres: bool) -> "NDArray[np.float64]":
    """Lay a label map on a grid.

    Parameters
    ----------
    shape : LabelShape
    grid : Grid
        The part of the emission grid that is wanted; the label map may reach beyond it.
    centres : bool
        True: 1 where the source voxel that holds the target voxel's centre has a weight of at
        least one half. False: the covered part of each voxel.

    Returns
    -------
    (K, J, I) float64

    Notes
    -----
    The overlap of voxels is exact at any angle, so what the grid covers keeps its volume. Where the
    axes of both grids agree, up to order and sign, boxes are summed; elsewhere each face of a voxel
    is cut by the voxels of the label map.
    """
    # target index -> source index
    frame = np.linalg.inv(shape.grid.affine) @ grid.affine
    order, drift = _axis_order(frame, grid.shape)
    if not centres and order is not None and drift <= PARALLEL_DRIFT:
        return _box_overlap(shape.weights, frame, order, grid.shape)
    return _askew(shape, grid, frame, centres=centres)


def _axis_order(
    frame: "NDArray[np.float64]", shape: tuple[int, int, int]
) -> tuple[list[int] | None, float]:
    """Return the source axis along each target axis, and the drift in source voxels."""
    matrix = frame[:3, :3]
    order = [int(axis) for axis in np.argmax(np.abs(matrix), axis=0)]
    if sorted(order) != [0, 1, 2]:
        return None, np.inf
    rest = np.abs(matrix) * np.array(shape)
    rest[order, [0, 1, 2]] = 0.0
    return order, float(rest.sum(axis=1).max())


def _box_overlap(
    weights: "NDArray[np.uint8] | NDArray[np.float32]",
    frame: "NDArray[np.float64]",
    order: list[int],
    shape: tuple[int, int, int],
) -> "NDArray[np.float64]":
    """Sum the overlap of boxes axis by axis, after turning the source onto the target's axes."""
    from quant_kernels.label_overlap import box_sums

    source = np.transpose(weights, order)
    middle = frame[:3, :3] @ ((np.array(shape) - 1) / 2.0) + frame[:3, 3]
    scale, edges = 1.0, []
    for axis, source_axis in enumerate(order):
        step = float(frame[source_axis, axis])
        centre = float(middle[source_axis])
        if step < 0:
            source = np.flip(source, axis)
            step, centre = -step, source.shape[axis] - 1 - centre
        offsets = np.arange(shape[axis] + 1) - shape[axis] / 2.0
        # edges of the target voxels, counted in source voxels from the source's outer edge
        edge = centre + step * offsets + 0.5
        whole = np.round(edge)
        edges.append(np.where(np.abs(edge - whole) <= SAME_PLACE * min(step, 1.0), whole, edge))
        scale *= step
    sums = np.empty(shape)
    box_sums(_read_only(source), (edges[0], edges[1], edges[2]), sums)
    return sums / scale


def _askew(
    shape: "LabelShape", grid: "Grid", frame: "NDArray[np.float64]", *, centres: bool
) -> "NDArray[np.float64]":
    """Cut target voxels by source voxels at any angle, or look up what lies at their centres."""
    from quant_kernels.label_overlap import label_coverage

    weights = np.empty(grid.shape)
    frame = np.ascontiguousarray(frame[:3])
    label_coverage(_read_only(shape.weights), frame, centres, weights)
    return (weights >= 0.5).astype(np.float64) if centres else weights


def _read_only(weights: "NDArray[np.generic]") -> "NDArray[np.float32]":
    """Bring weights into the one form for which kernels are compiled."""
    source = np.ascontiguousarray(weights, dtype=np.float32).view()
    source.flags.writeable = False
    return source
