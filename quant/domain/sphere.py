"""A reference sphere and the values over all positions that it might have taken."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.region import Role


class SphereSource(StrEnum):
    """Where a sphere's centre and radius came from."""

    PLACED = "placed"
    MARKED = "marked"
    ADAPTIVE = "adaptive"


@dataclass(frozen=True, slots=True)
class Sphere:
    """A reference sphere in the patient.

    Parameters
    ----------
    role : Role
        ``liver``, ``muscle_left`` or ``muscle_right``.
    centre_mm : (x, y, z) tuple of float
        LPS, mm.
    radius_mm : float
        Radius of the exact sphere.
    source : SphereSource
        Placed by the criterion, marked by a person, or placed with an adaptive radius.
    inside_fraction : float or None
        Fraction of the sphere inside its organ region; None when no region was supplied.
    wall_distance_mm : float or None
        From the centre to the nearest wall (edge of the organ, of the lobe, or of the margin around
        tumour, lesions and excluded regions); None when no region was supplied.
    """

    role: Role
    centre_mm: tuple[float, float, float]
    radius_mm: float
    source: SphereSource
    inside_fraction: float | None = None
    wall_distance_mm: float | None = None


@dataclass(frozen=True, slots=True)
class SphereStatistics:
    """Values inside a sphere; weights are the occupied fractions of voxels.

    ``mean`` and ``sd`` are weighted; ``maximum`` is over voxels with weight of at least one half;
    ``volume_ml`` is the realised volume on the grid (the part inside the volume).
    """

    mean: float
    sd: float
    maximum: float
    volume_ml: float
    voxels: int


@dataclass(frozen=True, slots=True, eq=False)
class PlacedSphere:
    """A sphere with its values and with the values at every admissible position.

    Parameters
    ----------
    sphere : Sphere
    statistics : SphereStatistics
        Values at the chosen centre.
    position_means, position_maxima : (N,) float64
        Mean and maximum of the sphere at each admissible position, in the order of the grid (k, j,
        i); empty for a marked sphere without a region.
    flags : tuple of Flag
    position_indices : (N, 3) int64
        Voxel (k, j, i) of the centre at each admissible position.
    """

    sphere: Sphere
    statistics: SphereStatistics
    position_means: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    position_maxima: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    flags: tuple[Flag, ...] = ()
    position_indices: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 3), np.int64))
