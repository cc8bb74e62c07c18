"""Random binary masks, and what scikit-image makes of a mask."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Spacing = tuple[float, float, float]


def noise(shape: tuple[int, int, int], density: float, seed: int) -> Mask:
    """Fill voxels at random: every filling of a cube occurs, ambiguous ones too."""
    rng = np.random.default_rng(seed)
    return (rng.random(shape) < density).astype(np.uint8)


def blob(shape: tuple[int, int, int], seed: int) -> Mask:
    """Return a smooth random shape of several parts that may touch the border."""
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.standard_normal(shape), 1.6, mode="wrap")
    return np.asarray(smooth > np.quantile(smooth, 0.6)).astype(np.uint8)


def ball(radius_mm: float, spacing_mm: Spacing, shift: NDArray[np.float64]) -> Mask:
    """Fill the voxels whose centre lies in a ball, ``shift`` (3,) voxels off a voxel's centre."""
    reach = int(np.ceil(radius_mm / min(spacing_mm))) + 2
    index = np.indices((2 * reach + 1,) * 3) - reach
    offsets = (index - shift[:, None, None, None]) * np.array(spacing_mm)[:, None, None, None]
    return np.asarray((offsets**2).sum(axis=0) <= radius_mm**2).astype(np.uint8)


def torus(shape: tuple[int, int, int] = (9, 25, 25), ring: float = 8.0, tube: float = 3.0) -> Mask:
    """Fill a ring about the k axis."""
    k, j, i = np.indices(shape) - (np.array(shape)[:, None, None, None] - 1) / 2.0
    return np.asarray((np.hypot(j, i) - ring) ** 2 + k**2 <= tube**2).astype(np.uint8)


def skimage_mesh(mask: Mask, spacing_mm: Spacing) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mesh a zero-padded mask with scikit-image's Lorensen marching cubes.

    scikit-image keeps vertices in float32, which would limit every comparison to about 1e-7. On a
    grid of unit voxels they are whole multiples of a half, so they are rounded to those and scaled
    in float64.
    """
    from skimage import measure

    mesh: Any = measure.marching_cubes
    vertices, faces, _, _ = mesh(np.pad(mask, 1).astype(np.float32), 0.5, method="lorensen")
    halves = np.rint(2.0 * vertices)
    assert np.abs(2.0 * vertices - halves).max() < 1e-4
    return halves / 2.0 * np.array(spacing_mm), np.asarray(faces, dtype=np.int64)


def skimage_area_and_volume(mask: Mask, spacing_mm: Spacing) -> tuple[float, float]:
    """Area by scikit-image, volume by the signed tetrahedra of its mesh."""
    from skimage import measure

    vertices, faces = skimage_mesh(mask, spacing_mm)
    area: Any = measure.mesh_surface_area
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    volume = np.einsum("ij,ij->", first, np.cross(second, third)) / 6.0
    return float(area(vertices, faces)), abs(float(volume))
