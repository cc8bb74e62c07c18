"""One grid for bones and lesions of any grids: the bones' own voxels where they allow it."""

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from quant.domain.grid import Grid
from quant.domain.region import RasterRule, Region, Role
from quant.domain.shapes import ContourShape, LabelShape, Shape
from quant.errors import RegionError
from quant.regions.rasterise import rasterise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FINEST_MM = 1.5
"""Bones of finer voxels are laid on voxels of this size: fractions do not need finer ones."""

CONTOUR_MM = 2.0
"""Voxel size where all bones are contours."""

ROOM_VOXELS = 2
"""Empty voxels around everything."""

LATTICE_DIGITS = 4
"""Digits to which the axes of two grids must agree to be one lattice."""


def as_shape(region: Region) -> LabelShape:
    """Return a region as a label shape on its own grid."""
    size = region.weights.shape
    grid = region.grid.cropped(region.corner, (size[0], size[1], size[2]))
    return LabelShape(
        region.name, grid, region.weights, region.grid.frame_of_reference_uid, region.source
    )


def common_grid(bones: "Sequence[Shape]", others: "Sequence[Shape]") -> Grid:
    """Make the grid that holds every bone and lesion.

    Parameters
    ----------
    bones : sequence of Shape
        At least one. The axes are those of the grid that most bones share (the first of equals,
        by their axes); voxels finer than ``FINEST_MM`` are made that large. Bones that are all
        contours are laid on upright voxels of ``CONTOUR_MM``.
    others : sequence of Shape
        What must lie in the grid as well.

    Returns
    -------
    Grid
        With the frame of reference that the shapes name; empty when none does.

    Raises
    ------
    RegionError
        ``ROI_FOR_MISMATCH`` when shapes name several frames of reference.
    """
    shapes = [*bones, *others]
    frames = sorted({shape.frame_of_reference_uid.strip(" \0") for shape in shapes} - {""})
    if len(frames) > 1:
        raise RegionError(
            "ROI_FOR_MISMATCH",
            "Bones and lesions were drawn in different frames of reference.",
            found=" and ".join(f"...{uid[-24:]}" for uid in frames),
            needed="one frame of reference",
            next_step="transfer the regions to one frame and export them again",
        )
    axes, origin = _axes(bones)
    inverse = np.linalg.inv(axes)
    index = np.concatenate([(_corners_mm(shape) - origin) @ inverse.T for shape in shapes])
    low = np.floor(index.min(axis=0) + 0.5).astype(int) - ROOM_VOXELS
    high = np.ceil(index.max(axis=0) - 0.5).astype(int) + ROOM_VOXELS
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes, origin + axes @ low
    k, j, i = (int(n) for n in high - low + 1)
    return Grid((k, j, i), affine, frames[0] if frames else "")


def lay(shape: Shape, grid: Grid, role: Role = Role.OTHER) -> Region:
    """Lay a shape on the common grid, by the part of each voxel that it covers.

    Raises
    ------
    RegionError
        ``ROI_EMPTY`` when it covers nothing.
    """
    plain_shape = replace(shape, source="made") if isinstance(shape, LabelShape) else shape
    return rasterise(plain_shape, grid, RasterRule.FRACTIONAL, role)[0]


def _axes(bones: "Sequence[Shape]") -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return steps (3, 3) and the place of one voxel centre of the grid most bones share."""
    lattices: dict[tuple[float, ...], list[LabelShape]] = {}
    for shape in bones:
        if isinstance(shape, LabelShape):
            key = tuple(np.round(shape.grid.axes_mm, LATTICE_DIGITS).ravel() + 0.0)
            lattices.setdefault(key, []).append(shape)
    if not lattices:
        upright = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
        return upright * CONTOUR_MM, _corners_mm(bones[0]).min(axis=0)
    key = max(sorted(lattices), key=lambda one: len(lattices[one]))
    first = min(lattices[key], key=lambda shape: tuple(shape.grid.affine[:3, 3]))
    spacing = first.grid.spacing_mm
    stretch = np.where(spacing < FINEST_MM - 0.01, FINEST_MM / spacing, 1.0)
    return first.grid.axes_mm * stretch, np.array(first.grid.affine[:3, 3])


def _corners_mm(shape: Shape) -> "NDArray[np.float64]":
    """(8, 3) float64: corners of a box that holds the shape, LPS mm."""
    if isinstance(shape, ContourShape):
        points = np.concatenate(shape.contours_mm)
        thick = shape.slice_spacing_mm or 10.0
        low, high = points.min(axis=0) - thick, points.max(axis=0) + thick
        return np.array(list(product(*zip(low, high, strict=True))))
    return shape.grid.corners_mm()
