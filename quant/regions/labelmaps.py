"""From label maps to weights: box overlap where axes agree, sampling where they do not."""

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

FEWEST_SAMPLES, MOST_SAMPLES = 6, 12
"""Samples per voxel and axis where the frames stand askew."""

SAMPLES_IN_ALL = 2_000_000
"""Samples per region that are aimed at where frames stand askew."""

CHUNK_VOXELS = 1 << 20
"""Voxels of a label map that are summed at a time."""

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
    Where the axes of both grids agree, up to order and sign, the overlap of boxes is exact and the
    volume is kept. Elsewhere each voxel is the mean of at least 6 x 6 x 6 samples.
    """
    # target index -> source index
    frame = np.linalg.inv(shape.grid.affine) @ grid.affine
    order, drift = _axis_order(frame, grid.shape)
    if not centres and order is not None and drift <= PARALLEL_DRIFT:
        return _box_overlap(shape.weights, frame, order, grid.shape)
    return _sampled(shape, grid, frame, centres=centres)


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
    source = np.transpose(weights, order)
    middle = frame[:3, :3] @ ((np.array(shape) - 1) / 2.0) + frame[:3, 3]
    scale, edges = [], []
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
        scale.append(step)
    per_slice = max(1, source.shape[1] * source.shape[2])
    chunk = max(1, CHUNK_VOXELS // per_slice)
    layers = np.zeros((source.shape[0], shape[1], shape[2]))
    for start in range(0, source.shape[0], chunk):
        block = source[start : start + chunk]
        layers[start : start + chunk] = _rebin(_rebin(block, edges[2], 2), edges[1], 1)
    return _rebin(layers, edges[0], 0) / float(np.prod(scale))


def _rebin(
    values: "NDArray[np.generic]", edges: "NDArray[np.float64]", axis: int
) -> "NDArray[np.float64]":
    """Integrate along one axis between ascending edges, counted in voxels from the outer edge."""
    size = values.shape[axis]
    edges = np.clip(edges, 0.0, size)
    sums = np.zeros([n + (a == axis) for a, n in enumerate(values.shape)])
    after = [slice(None)] * values.ndim
    after[axis] = slice(1, None)
    np.cumsum(values, axis=axis, dtype=np.float64, out=sums[tuple(after)])
    below = np.minimum(np.floor(edges).astype(np.intp), size - 1)
    low, high = np.take(sums, below, axis=axis), np.take(sums, below + 1, axis=axis)
    spread = [1] * values.ndim
    spread[axis] = edges.size
    at_edges = low + (edges - below).reshape(spread) * (high - low)
    return np.diff(at_edges, axis=axis)


def _sampled(
    shape: "LabelShape", grid: "Grid", frame: "NDArray[np.float64]", *, centres: bool
) -> "NDArray[np.float64]":
    """Average samples of the label map over each target voxel, or look up its centre."""
    from quant_kernels.overlap import label_coverage

    finer = float(grid.spacing_mm.max() / shape.grid.spacing_mm.min())
    many = max(finer, np.cbrt(SAMPLES_IN_ALL / np.prod(grid.shape)))
    samples = 1 if centres else int(np.clip(np.ceil(many), FEWEST_SAMPLES, MOST_SAMPLES))
    weights = np.zeros(grid.shape)
    source = np.ascontiguousarray(shape.weights, dtype=np.float32)
    label_coverage(source, np.ascontiguousarray(frame[:3]), samples, weights)
    return (weights >= 0.5).astype(np.float64) if centres else weights
