"""Boxes of voxels: cutting and growing them, in index space."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from quant.domain.region import Region

Index = tuple[int, int, int]
T = TypeVar("T", bound=np.generic)


def as_index(parts: Iterable[int]) -> Index:
    """Make a tuple (k, j, i) of plain integers."""
    k, j, i = parts
    return int(k), int(j), int(i)


def cut(
    array: NDArray[T], corner: Index, first: Index, shape: Index, beyond: float = 0.0
) -> NDArray[T]:
    """Cut a box out of an array whose first voxel has index ``corner``; C-contiguous, a copy.

    ``first`` is the index of the box's first voxel; it may lie outside of the array, where the box
    is filled with ``beyond``.
    """
    block = np.full(shape, beyond, dtype=array.dtype)
    target, source = [], []
    for axis in range(3):
        low = max(first[axis], corner[axis])
        high = max(low, min(first[axis] + shape[axis], corner[axis] + array.shape[axis]))
        target.append(slice(low - first[axis], high - first[axis]))
        source.append(slice(low - corner[axis], high - corner[axis]))
    block[tuple(target)] = array[tuple(source)]
    return block


def grown(corner: Index, shape: Index, by: Sequence[int], limits: Index) -> tuple[Index, Index]:
    """Grow a box by whole voxels on each side, as far as the volume goes."""
    low = [max(0, c - n) for c, n in zip(corner, by, strict=True)]
    high = [min(m, c + s + n) for c, s, n, m in zip(corner, shape, by, limits, strict=True)]
    return as_index(low), as_index(b - a for a, b in zip(low, high, strict=True))


def union_over(regions: "Sequence[Region]", first: Index, shape: Index) -> NDArray[np.float32]:
    """(k, j, i) float32: the largest weight of any region in each voxel of a box."""
    union = np.zeros(shape, dtype=np.float32)
    for region in regions:
        np.maximum(union, cut(region.weights, region.corner, first, shape), out=union)
    return union


def sum_over(regions: "Sequence[Region]", first: Index, shape: Index) -> NDArray[np.float32]:
    """(k, j, i) float32: the regions' weights added up in each voxel of a box, at most 1.

    For parts of one whole that share their borders, where each holds a fraction of a voxel.
    """
    total = np.zeros(shape, dtype=np.float32)
    for region in regions:
        total += cut(region.weights, region.corner, first, shape)
    return np.minimum(total, np.float32(1.0), out=total)
