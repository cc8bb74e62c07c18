"""The surface of a region or of a grey-level volume as a closed triangle mesh, LPS mm."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.domain.arrays import as_labels, as_values, require_finite, require_levels
from quant.domain.grid import Grid
from quant.domain.region import Region
from quant.mesh.files import CONVENTION
from quant.mesh.lorensen import mesh_size, triangle_table

Mesh = tuple[NDArray[np.float64], NDArray[np.int32]]


def region_mesh(region: Region) -> Mesh:
    """Mesh the zero-padded binary region (weight of at least one half) at level 0.5.

    Marching cubes by the Lorensen table of :mod:`quant.mesh.lorensen`; each vertex is shared, every
    edge belongs to two faces, and the faces look outwards whatever the handedness of the grid.

    Parameters
    ----------
    region : Region

    Returns
    -------
    vertices_mm : (V, 3) float64
        LPS, mm.
    faces : (F, 3) int32
        Rows of ``vertices_mm``, anticlockwise seen from outside. Both are empty when no voxel lies
        at least half inside.

    References
    ----------
    Lorensen and Cline 1987, doi:10.1145/37402.37422
    """
    from quant_kernels.surface import region_histogram

    mask = as_labels(region.mask)
    histogram, box = region_histogram(mask, np.uint8(1), np.uint8(255))
    vertices, faces = _filled(as_values(mask), (histogram, box), (0.5, 0.0), region.grid)
    return region.grid.to_mm(vertices + region.corner), faces


def isosurface_mesh(
    values: NDArray[np.generic], grid: Grid, level: float, *, outside: float = 0.0
) -> Mesh:
    """Mesh the isosurface of a grey-level volume, closed and looking outwards.

    Parameters
    ----------
    values : (K, J, I) float32, or real numbers that are turned into it
        A voxel is inside when its value is greater than the level.
    grid : Grid
        Where the voxels lie.
    level : float
        In the unit of the values.
    outside : float
        Value of all voxels beyond the array: less than the level, so that the surface is closed.

    Returns
    -------
    vertices_mm, faces
        As of :func:`region_mesh`. Where a voxel has the very value of the level, several vertices
        lie on its centre.

    Raises
    ------
    StudyError
        ``VALUES_NOT_FINITE`` if a voxel is NaN or infinite.
    ValueError
        If values and grid differ in shape, the level is not finite, or ``outside`` is not below it.
    """
    from quant_kernels.isosurface import inside_box
    from quant_kernels.surface import region_histogram

    volume = as_values(values)
    levels = require_levels(level, outside)
    if volume.shape != grid.shape:
        raise ValueError(f"values of shape {volume.shape} on a grid of shape {grid.shape}")
    require_finite(inside_box(volume, levels[0])[1], "The volume")
    least = np.float32(level)
    if least <= level:
        least = np.nextafter(least, np.float32(np.inf))
    # float32, which the kernel takes as it takes whole numbers
    search: Any = (volume, least, np.finfo(np.float32).max)
    vertices, faces = _filled(volume, region_histogram(*search), levels, grid)
    return grid.to_mm(vertices), faces


def _filled(
    values: NDArray[np.float32],
    counted: tuple[NDArray[np.int64], NDArray[np.int64]],
    levels: tuple[float, float],
    grid: Grid,
) -> Mesh:
    """Fill a mesh of the counted size, its vertices in indices of the array."""
    from quant_kernels import isosurface

    histogram, box = counted
    size = mesh_size(histogram)
    if size[1] == 0:
        return np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int32)
    flipped = bool(np.linalg.det(grid.axes_mm) < 0.0)
    table = triangle_table(flipped=flipped)
    vertices, faces = isosurface.isosurface_mesh(values, box, levels, table, size)
    return vertices, faces


def to_trimesh(region: Region) -> Any:  # noqa: ANN401 - trimesh has no types
    """Return the mesh of a region as a ``trimesh.Trimesh``, vertices as they are.

    ``metadata["convention"]`` says how the coordinates are meant.
    """
    return as_trimesh(*region_mesh(region))


def as_trimesh(vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> Any:  # noqa: ANN401 - trimesh has no types
    """Return a mesh as a ``trimesh.Trimesh``, nothing merged or moved."""
    import trimesh

    return trimesh.Trimesh(
        vertices=vertices, faces=faces, process=False, metadata={"convention": CONVENTION}
    )
