"""What the surface of a binary mask adds up to: areas, volumes, diameter, parts and cavities.

Everything but the diameter and the counts of parts and cavities comes from one histogram of
2 x 2 x 2 cubes (:mod:`quant_kernels.surface`) and the tables of
:mod:`quant.measure.shape.cube_tables`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.domain.arrays import (
    Spacing,
    as_labels,
    as_mask,
    as_values,
    narrow_labels,
    require_finite,
    require_levels,
    require_spacing,
)
from quant.measure.shape.cube_tables import cube_tables
from quant.measure.shape.digital_ball import digital_ball, spread_points
from quant.mesh.lorensen import triangle_table

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
    face_area_mm2 : float
        Voxel faces between inside and outside.
    voxels : int
        Number of voxels.
    crofton_area_mm2 : float
        Area by intersections with lines along thirteen directions.
    """

    mesh_area_mm2: float
    mesh_volume_mm3: float
    fitted_area_mm2: float
    fitted_scatter: float
    voxels_mm3: float
    euler_number: int
    face_area_mm2: float
    voxels: int
    crofton_area_mm2: float


def measure_surface(
    mask: NDArray[Any], spacing_mm: Spacing, *, label: int | None = None
) -> Surface:
    """Measure areas, volumes and Euler number of a region, wherever it lies in the array.

    Parameters
    ----------
    mask : (K, J, I) bool or integer
        A mask or a label map; voxels beyond the array are outside. C-contiguous arrays are read as
        they are, others are copied.
    spacing_mm : (dk, dj, di) tuple of float
        Voxel size, mm; the axes stand at right angles.
    label : int, optional
        The region is all voxels of this value; without it, all that are not 0.

    Raises
    ------
    GeometryError
        ``GRID_INVALID`` if the voxel size is not three finite lengths above 0.
    TypeError, ValueError
        If the array is no mask, or the label no value that it can hold.
    """
    from quant_kernels.surface import region_histogram

    require_spacing(spacing_mm)
    labels = as_labels(mask)
    greatest = (1 << 8 * labels.dtype.itemsize) - 1
    if label is not None and not 0 <= label <= greatest:
        raise ValueError(f"a label of this map is a whole number 0 to {greatest}, not {label}")
    kind = labels.dtype.type
    low, high = (1, greatest) if label is None else (label, label)
    return _added_up(region_histogram(labels, kind(low), kind(high))[0], spacing_mm)


def _added_up(histogram: NDArray[np.int64], spacing_mm: Spacing) -> Surface:
    """Weigh the 255 fillings that hold a voxel."""
    tables = cube_tables(spacing_mm)
    sums = (histogram.astype(np.float64) @ tables.columns).tolist()
    mesh_area, mesh_volume, fitted_area, face_area, crofton_area, euler, voxels = sums
    return Surface(
        mesh_area_mm2=mesh_area,
        mesh_volume_mm3=mesh_volume,
        fitted_area_mm2=fitted_area,
        fitted_scatter=tables.fitted_scatter,
        voxels_mm3=voxels / 8.0 * math.prod(spacing_mm),
        euler_number=int(euler) // 8,
        face_area_mm2=face_area,
        voxels=int(voxels) // 8,
        crofton_area_mm2=crofton_area,
    )


def measure_label_surfaces(labels: NDArray[Any], spacing_mm: Spacing) -> dict[int, Surface]:
    """Measure the surface of every label of a label map in one sweep.

    Each is what :func:`measure_surface` gives for that label alone; where labels touch, each has
    its own surface.

    Parameters
    ----------
    labels : (K, J, I) integer
        0 is background, as are voxels beyond the array.
    spacing_mm : (dk, dj, di) tuple of float
        Voxel size, mm; the axes stand at right angles.

    Returns
    -------
    dict of int to Surface
        By label, ascending. 2 kB of memory for each label while it is made.

    Raises
    ------
    GeometryError
        ``GRID_INVALID`` if the voxel size is not three finite lengths above 0.
    TypeError, ValueError
        If the array is no label map, or a label is negative.
    """
    from quant_kernels.label_surfaces import label_histograms

    require_spacing(spacing_mm)
    narrow, names = narrow_labels(labels)
    numbers, histograms = label_histograms(narrow, len(names) - 1)
    found = np.flatnonzero(numbers[1:]) + 1
    return {
        int(names[label]): _added_up(histograms[numbers[label] - 1], spacing_mm) for label in found
    }


def isosurface_area_volume(
    values: NDArray[Any], level: float, spacing_mm: Spacing, *, outside: float = 0.0
) -> tuple[float, float]:
    """Measure the closed isosurface of a grey-level volume, without a mesh.

    Marching cubes by the Lorensen table of :mod:`quant.mesh.lorensen`, with linear interpolation
    along the edges. A voxel is inside when its value is greater than the level.

    Parameters
    ----------
    values : (K, J, I) float32, or real numbers that are turned into it
    level : float
        In the unit of the values.
    spacing_mm : (dk, dj, di) tuple of float
        Voxel size, mm; the axes stand at right angles.
    outside : float
        Value of all voxels beyond the array: less than the level, so that the surface is closed.

    Returns
    -------
    area_mm2, volume_mm3 : float
        Both 0 when no value is above the level.

    Raises
    ------
    GeometryError
        ``GRID_INVALID`` if the voxel size is not three finite lengths above 0.
    StudyError
        ``VALUES_NOT_FINITE`` if a voxel is NaN or infinite.
    ValueError
        If the level is not finite, or ``outside`` is not below it.

    References
    ----------
    Lorensen and Cline 1987, doi:10.1145/37402.37422
    """
    from quant_kernels.isosurface import inside_box, isosurface_sums

    require_spacing(spacing_mm)
    volume = as_values(values)
    levels = require_levels(level, outside)
    box, finite = inside_box(volume, levels[0])
    require_finite(finite, "The volume")
    area_mm2, volume_mm3 = isosurface_sums(
        volume, box, levels, np.array(spacing_mm, dtype=np.float64), triangle_table()
    )
    return float(area_mm2), float(volume_mm3)


def asphericity(area_mm2: float, volume_mm3: float) -> float:
    """Relative excess of a surface over the sphere of the same volume, a fraction.

    ``(S^3 / (36 pi V^2))^(1/3) - 1``: 0 for a ball, 0.34 for a third more surface. It cannot be
    negative when surface and volume belong to the same closed mesh.

    References
    ----------
    IBSI 25C7; Apostolova et al. 2014, doi:10.1186/1471-2407-14-896
    """
    return area_mm2 / math.cbrt(36.0 * math.pi * volume_mm3**2) - 1.0


def max_diameter_mm(mask: NDArray[Any], spacing_mm: Spacing) -> float:
    """Largest distance between two vertices of the region's mesh, mm; 0 for an empty region.

    Parameters
    ----------
    mask : (K, J, I) bool or integer
        What is not 0 is inside.
    spacing_mm : (dk, dj, di) tuple of float
        Voxel size, mm; the axes stand at right angles.

    Raises
    ------
    GeometryError
        ``GRID_INVALID`` if the voxel size is not three finite lengths above 0.
    TypeError, ValueError
        If the array is no mask.

    References
    ----------
    IBSI L0JK
    """
    from quant_kernels.diameter import farthest_distance, hull_candidates

    require_spacing(spacing_mm)
    points = hull_candidates(as_mask(mask)) * (np.array(spacing_mm) / 2.0)
    if len(points) == 0:
        return 0.0
    middle = (points.min(axis=0) + points.max(axis=0)) / 2.0
    squared = ((points - middle) ** 2).sum(axis=1)
    order = np.argsort(-squared)
    return float(farthest_distance(points[order], np.sqrt(squared[order])))


def count_parts(mask: NDArray[Any]) -> tuple[int, int]:
    """Count the parts of a region (26 neighbours) and the cavities that it encloses (6 neighbours).

    Parameters
    ----------
    mask : (K, J, I) bool or integer
        What is not 0 is inside.

    Raises
    ------
    TypeError, ValueError
        If the array is no mask.
    """
    from quant_kernels.components import count_components

    inside = as_mask(mask)
    outside_and_cavities = count_components(as_mask(np.pad(inside, 1)), 0, 6)
    return int(count_components(inside, 1, 26)), int(outside_and_cavities) - 1


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
