"""What each of the 256 fillings of a 2 x 2 x 2 cube adds to area, volume and Euler number.

A binary region's mesh area, mesh volume, voxel faces, Euler number and plane-fitted area are dot
products of these tables with the histogram of :mod:`quant_kernels.surface`. Voxel axes stand at
right angles; how they lie in the patient does not matter.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quant.measure.shape.crofton import crofton_areas
from quant.measure.shape.cube_geometry import (
    euler_eighths,
    face_areas,
    mesh_areas,
    unit_volumes,
    voxel_eighths,
)
from quant.measure.shape.plane_fit import fit_planes


@dataclass(frozen=True, slots=True, eq=False)
class CubeTables:
    """Tables for one voxel size; each is (256,), read-only, by cube code.

    Parameters
    ----------
    mesh_area_mm2 : (256,) float64
        Area of the cube's triangles in the Lorensen mesh at level 0.5, mm2.
    mesh_volume_mm3 : (256,) float64
        Part of the cube inside that mesh, mm3. The sum over all cubes is the volume of the closed
        mesh, wherever it lies.
    face_area_mm2 : (256,) float64
        The cube's share of the voxel faces between inside and outside, mm2.
    fitted_area_mm2 : (256,) float64
        Area by plane-fitted weights, mm2; see :func:`~quant.measure.shape.plane_fit.fit_planes`.
    fitted_scatter : float
        SD of the fitted area of digitised planes over their directions, as a fraction.
    euler_eighths : (256,) int64
        Eight times the cube's share of the Euler number of the region as a union of closed voxels:
        inside voxels touch by face, edge or corner (26 neighbours), outside voxels by face.
    voxel_eighths : (256,) int64
        Eight times the cube's share of the number of voxels.
    crofton_area_mm2 : (256,) float64
        Area by intersections with lines, mm2; see :mod:`quant.measure.shape.crofton`.
    columns : (256, 7) float64
        Mesh area and volume, fitted, face and Crofton area, eighths of the Euler number and of the
        voxels: one product with a histogram gives all of them.
    """

    mesh_area_mm2: NDArray[np.float64]
    mesh_volume_mm3: NDArray[np.float64]
    face_area_mm2: NDArray[np.float64]
    fitted_area_mm2: NDArray[np.float64]
    fitted_scatter: float
    euler_eighths: NDArray[np.int64]
    voxel_eighths: NDArray[np.int64]
    crofton_area_mm2: NDArray[np.float64]
    columns: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the tables read-only: they are shared by all who ask for the same voxel size."""
        tables = (
            self.mesh_area_mm2,
            self.mesh_volume_mm3,
            self.fitted_area_mm2,
            self.face_area_mm2,
            self.crofton_area_mm2,
            self.euler_eighths,
            self.voxel_eighths,
        )
        object.__setattr__(self, "columns", np.column_stack(tables).astype(np.float64))
        for table in (*tables, self.columns):
            table.flags.writeable = False


@lru_cache(maxsize=32)
def cube_tables(spacing_mm: tuple[float, float, float]) -> CubeTables:
    """Make the tables for a voxel size (dk, dj, di), mm; kept for the next call."""
    spacing = np.array(spacing_mm, dtype=np.float64)
    fitted, scatter = fit_planes(spacing)
    return CubeTables(
        mesh_area_mm2=mesh_areas(spacing),
        mesh_volume_mm3=unit_volumes() * spacing.prod(),
        face_area_mm2=face_areas(spacing),
        fitted_area_mm2=fitted,
        fitted_scatter=scatter,
        euler_eighths=euler_eighths(),
        voxel_eighths=voxel_eighths(),
        crofton_area_mm2=crofton_areas(spacing),
    )
