"""Which of the admissible positions is taken, the same on every grid."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant.domain.protocol import Criterion

SAME_MM = 1e-3
"""Places and distances that differ by less are the same."""

SAME_VARIATION = 1e-6
"""Coefficients of variation that differ by less are the same."""

DEPTH_TOLERANCE_VOXELS = 0.5
"""Depths that differ by less, in voxels, are the same.

Along the ridge of a long muscle the true depth is constant, but the lattice of voxel centres misses
the ridge by up to about half a voxel: with less tolerance the centre would wander along it.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """N admissible positions with what the criteria look at.

    ``points_mm`` (N, 3) centres, LPS; ``depths_mm`` (N,) to the nearest wall; ``means`` and
    ``sds`` (N,); ``centroid_mm`` (3,) of the part in which centres may lie; ``spacing_mm`` (3,).
    """

    points_mm: NDArray[np.float64]
    depths_mm: NDArray[np.float64]
    means: NDArray[np.float64]
    sds: NDArray[np.float64]
    centroid_mm: NDArray[np.float64]
    spacing_mm: NDArray[np.float64]


def chosen(positions: Positions, criterion: Criterion, among: NDArray[np.bool_]) -> int:
    """Index of the position that a criterion takes among some of the positions.

    ``uniform`` keeps the least coefficient of variation; then, and for ``deepest`` at once, the
    deepest are kept, then the nearest to the centroid, then the first by x, y and z in the patient:
    never by the order of the voxels.
    """
    left = np.flatnonzero(among)
    if criterion is Criterion.UNIFORM:
        left = left[_uniform(positions, left)]
    depths = positions.depths_mm[left]
    left = left[depths >= depths.max() - depth_tolerance_mm(positions.spacing_mm)]
    away = np.linalg.norm(positions.points_mm[left] - positions.centroid_mm, axis=1)
    left = left[away <= away.min() + SAME_MM]
    return int(left[first_in_world(positions.points_mm[left])])


def depth_tolerance_mm(spacing_mm: NDArray[np.float64]) -> float:
    """Depths that differ by less are the same: half a voxel, by the mean of its edges."""
    return DEPTH_TOLERANCE_VOXELS * math.prod(float(one) for one in spacing_mm) ** (1.0 / 3.0)


def _uniform(positions: Positions, left: NDArray[np.intp]) -> NDArray[np.bool_]:
    means, sds = np.abs(positions.means[left]), positions.sds[left]
    variation = np.full(left.size, np.inf)
    np.divide(sds, means, out=variation, where=means > 0.0)
    best: NDArray[np.bool_] = variation <= variation.min() + SAME_VARIATION
    return best


def first_in_world(points_mm: NDArray[np.float64]) -> int:
    """Index of the first of (N, 3) points by x, then y, then z."""
    left = np.arange(len(points_mm))
    for axis in range(3):
        along = points_mm[left, axis]
        left = left[along <= along.min() + SAME_MM]
    return int(left[0])
