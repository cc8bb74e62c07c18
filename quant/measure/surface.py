"""What the surface of a binary mask adds up to: areas, volumes, diameter, parts and cavities.

Everything but the diameter and the counts of parts and cavities comes from one histogram of
2 x 2 x 2 cubes (:mod:`quant_kernels.surface`) and the tables of :mod:`quant.measure.cube_tables`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quant.measure.cube_tables import cube_tables
from quant.measure.digital_ball import digital_ball, spread_points

FLOOR_POSITIONS = 16
"""Sub-voxel positions of the digital spheres whose mean asphericity is the floor."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What the cubes of a binary region add up to.

    Parameters
    ----------
    mesh_area_mm2, mesh_volume_mm3 : float
        Closed Lorensen mesh at level 0.5 of the zero-padded region.
    fitted_area_mm2 : float
        Area by plane-fitted weights.
    fitted_scatter : float
        SD of that area over the directions of planes, as a fraction.
    voxels_mm3 : float
        Number of voxels times their volume.
    euler_number : int
        Of the region as a union of closed voxels (26 neighbours inside, 6 outside).
    """

    mesh_area_mm2: float
    mesh_volume_mm3: float
    fitted_area_mm2: float
    fitted_scatter: float
    voxels_mm3: float
    euler_number: int


def measure_surface(mask: NDArray[np.uint8], spacing_mm: tuple[float, float, float]) -> Surface:
    """Measure areas, volumes and Euler number of a binary region.

    Parameters
    ----------
    mask : (K, J, I) uint8, C-contiguous
        1 inside, 0 outside; voxels beyond the array are outside.
    spacing_mm : (dk, dj, di) tuple of float
        Voxel size, mm; the axes stand at right angles.
    """
    from quant_kernels.surface import cube_histogram

    tables = cube_tables(spacing_mm)
    histogram = cube_histogram(mask)
    return Surface(
        mesh_area_mm2=float(histogram @ tables.mesh_area_mm2),
        mesh_volume_mm3=float(histogram @ tables.mesh_volume_mm3),
        fitted_area_mm2=float(histogram @ tables.fitted_area_mm2),
        fitted_scatter=tables.fitted_scatter,
        voxels_mm3=float(np.count_nonzero(mask) * math.prod(spacing_mm)),
        euler_number=int(histogram @ tables.euler_eighths) // 8,
    )


def asphericity(area_mm2: float, volume_mm3: float) -> float:
    """Relative excess of a surface over the sphere of the same volume, a fraction.

    ``(S^3 / (36 pi V^2))^(1/3) - 1``: 0 for a ball, 0.34 for a third more surface. It cannot be
    negative when surface and volume belong to the same closed mesh.

    References
    ----------
    IBSI 25C7; Apostolova et al. 2014, doi:10.1186/1471-2407-14-896
    """
    return area_mm2 / math.cbrt(36.0 * math.pi * volume_mm3**2) - 1.0


def max_diameter_mm(mask: NDArray[np.uint8], spacing_mm: tuple[float, float, float]) -> float:
    """Largest distance between two vertices of the region's mesh, mm; 0 for an empty region.

    Parameters
    ----------
    mask : (K, J, I) uint8, C-contiguous
    spacing_mm : (dk, dj, di) tuple of float

    References
    ----------
    IBSI L0JK
    """
    from quant_kernels.diameter import farthest_distance, hull_candidates

    points = hull_candidates(mask) * (np.array(spacing_mm) / 2.0)
    if len(points) == 0:
        return 0.0
    middle = (points.min(axis=0) + points.max(axis=0)) / 2.0
    radii = np.linalg.norm(points - middle, axis=1)
    order = np.argsort(-radii, kind="stable")
    return float(farthest_distance(np.ascontiguousarray(points[order]), radii[order]))


def count_parts(mask: NDArray[np.uint8]) -> tuple[int, int]:
    """Count the parts of a region (26 neighbours) and the cavities that it encloses (6 neighbours).

    Parameters
    ----------
    mask : (K, J, I) uint8, C-contiguous
    """
    from quant_kernels.components import count_components

    outside_and_cavities = count_components(np.pad(mask, 1), 0, 6)
    return int(count_components(mask, 1, 26)), int(outside_and_cavities) - 1


@lru_cache(maxsize=64)
def asphericity_floor(voxels: int, spacing_mm: tuple[float, float, float]) -> float:
    """Asphericity that the binary mesh gives to a sphere of as many voxels on the same grid.

    Parameters
    ----------
    voxels : int
        Number of voxels of the region; the sphere has their volume.
    spacing_mm : (dk, dj, di) tuple of float

    Returns
    -------
    float
        Mean over :data:`FLOOR_POSITIONS` fixed sub-voxel positions of the sphere's centre; those at
        which a tiny sphere holds no voxel centre do not count. Which axis is which does not matter.
    """
    # a sphere looks alike from everywhere: the same positions whatever the order of the axes
    spacing_mm = (min(spacing_mm), sorted(spacing_mm)[1], max(spacing_mm))
    spacing = np.array(spacing_mm)
    radius = math.cbrt(voxels * math.prod(spacing_mm) * 0.75 / math.pi)
    balls = [digital_ball(radius, spacing, at) for at in spread_points(FLOOR_POSITIONS, 3)]
    centred = digital_ball(radius, spacing, np.zeros(3))
    surfaces = [
        measure_surface(ball, spacing_mm)
        for ball in [ball for ball in balls if ball.any()] or [centred]
    ]
    values = [asphericity(one.mesh_area_mm2, one.mesh_volume_mm3) for one in surfaces]
    return sum(values) / len(values)
