"""A region of interest as weights on the emission grid."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.errors import RegionError

Number = TypeVar("Number", bound=np.generic)


class Role(StrEnum):
    """What a region means to the method."""

    TUMOUR = "tumour"
    LESION = "lesion"
    LIVER = "liver"
    LIVER_SEGMENT = "liver_segment"
    VERTEBRA_L2 = "vertebra_l2"
    MUSCLE_LEFT = "muscle_left"
    MUSCLE_RIGHT = "muscle_right"
    EXCLUDE = "exclude"
    OTHER = "other"


class RasterRule(StrEnum):
    """How a shape becomes weights.

    ``fractional``: the weight is the fraction of the voxel that lies inside the shape.
    ``centre``: the weight is 1 where the voxel's centre lies inside, else 0 (IBSI, 3D Slicer).
    """

    FRACTIONAL = "fractional"
    CENTRE = "centre"


INSIDE_WEIGHT = 0.5
"""A voxel belongs to the binary region when at least this much of it lies inside."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A named region: how much of each voxel belongs to it.

    Parameters
    ----------
    grid : Grid
        The whole emission grid.
    corner : (k, j, i) tuple of int
        Index, in ``grid``, of the first voxel of ``weights``.
    weights : (k, j, i) float32 in 0..1, C-contiguous
        Weights of the box that holds the region; zero elsewhere. Made read-only.
    name : str
        The region's own name (segment label, ROI name, file stem).
    role : Role
        What the region means to the method.
    rule : RasterRule
        How the weights were made.
    source : str
        ``RTSTRUCT``, ``SEG``, ``NIfTI``, ``NRRD``, ``seg.nrrd``, ``MHA`` or ``made``.
    clipped_fraction : float
        Fraction of the shape's own volume that lies outside the grid.

    Raises
    ------
    RegionError
        ``ROI_EMPTY`` if no voxel has any weight.
    """

    grid: Grid
    corner: tuple[int, int, int]
    weights: NDArray[np.float32]
    name: str
    role: Role = Role.OTHER
    rule: RasterRule = RasterRule.FRACTIONAL
    source: str = "made"
    clipped_fraction: float = 0.0

    def __post_init__(self) -> None:
        """Check the box and the range of the weights."""
        weights = np.ascontiguousarray(self.weights, dtype=np.float32)
        if weights.size == 0 or not weights.any():
            raise RegionError(
                "ROI_EMPTY",
                "The region holds no voxel of the emission volume.",
                found="no weight above 0",
                needed="at least one voxel partly inside the region",
                next_step="check that the region is drawn, and on this study",
            )
        ends = [c + n for c, n in zip(self.corner, weights.shape, strict=True)]
        if min(self.corner) < 0 or any(e > s for e, s in zip(ends, self.grid.shape, strict=True)):
            message = f"region box {self.corner} + {weights.shape} leaves grid {self.grid.shape}"
            raise ValueError(message)
        if not (weights.min() >= 0.0 and weights.max() <= 1.0):
            message = f"region weights leave 0..1: {weights.min()} to {weights.max()}"
            raise ValueError(message)
        if weights is self.weights and weights.flags.writeable:
            weights = weights.view()
        weights.flags.writeable = False
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "corner", tuple(int(c) for c in self.corner))

    @classmethod
    def from_full(
        cls,
        grid: Grid,
        weights: NDArray[np.float32],
        name: str,
        role: Role = Role.OTHER,
    ) -> "Region":
        """Make a region from weights (K, J, I) over the whole grid; the box is found here."""
        corner, block = crop_to_box(weights)
        return cls(grid=grid, corner=corner, weights=block, name=name, role=role)

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Slices that cut the region's box out of an array on ``grid``."""
        k, j, i = (slice(c, c + n) for c, n in zip(self.corner, self.weights.shape, strict=True))
        return k, j, i

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(k, j, i) bool over the box: voxels with weight of at least one half."""
        return self.weights >= INSIDE_WEIGHT

    @property
    def voxels(self) -> int:
        """Number of voxels with weight of at least one half."""
        return int(np.count_nonzero(self.mask))

    @property
    def volume_ml(self) -> float:
        """Sum of the weights times the voxel volume, ml."""
        return float(self.weights.sum(dtype=np.float64)) * self.grid.voxel_volume_ml

    def full_weights(self) -> NDArray[np.float32]:
        """(K, J, I) float32: the weights over the whole grid."""
        full = np.zeros(self.grid.shape, dtype=np.float32)
        full[self.box] = self.weights
        return full


def crop_to_box(weights: NDArray[Number]) -> tuple[tuple[int, int, int], NDArray[Number]]:
    """Cut (K, J, I) weights down to the box of what is not zero (empty if nothing is)."""
    corner, ends = [], []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        used = np.flatnonzero(weights.any(axis=others))
        corner.append(int(used[0]) if used.size else 0)
        ends.append(int(used[-1]) + 1 if used.size else 0)
    k, j, i = (slice(a, b) for a, b in zip(corner, ends, strict=True))
    return (corner[0], corner[1], corner[2]), weights[k, j, i]
