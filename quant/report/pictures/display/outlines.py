"""Weights of regions and values of spheres, packed small for drawing."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.region import RasterRule, Region, Role
from quant.report.writing import read_own

if TYPE_CHECKING:
    from quant.domain.sphere import Sphere
    from quant.domain.volume import Volume

STEPS = 255
"""A weight is kept as so many steps."""


@dataclass(frozen=True, slots=True, eq=False)
class SphereValues:
    """Voxels of a reference sphere as they were measured.

    Parameters
    ----------
    role : str
    values : (N,) float32
        In the unit of the volume.
    weights : (N,) float32
        Part of each voxel inside the sphere, above 0.
    """

    role: str
    values: NDArray[np.float32]
    weights: NDArray[np.float32]


def sphere_values(volume: "Volume", sphere: "Sphere") -> SphereValues:
    """Take the voxels of a sphere out of a volume; those beyond the volume are left out."""
    from quant.reference.boxes import as_index, cut
    from quant.reference.stencil import sphere_stencil

    grid = volume.grid
    index = grid.to_index(sphere.centre_mm)
    voxel = np.rint(index)
    stencil = sphere_stencil(grid.axes_mm, sphere.radius_mm, grid.axes_mm @ (index - voxel))
    first, shape = as_index(voxel + stencil.lower), as_index(stencil.weights.shape)
    values = cut(volume.values, (0, 0, 0), first, shape, beyond=np.nan)
    used = (stencil.weights > 0.0) & np.isfinite(values)
    return SphereValues(str(sphere.role), values[used], stencil.weights[used].astype(np.float32))


def pack(
    regions: Sequence[Region], spheres: Sequence[SphereValues]
) -> tuple[list[dict[str, object]], bytes]:
    """Return what is to be known of the regions, for JSON, and an ``npz`` file of the arrays."""
    known: list[dict[str, object]] = [
        {
            "name": region.name,
            "role": str(region.role),
            "rule": str(region.rule),
            "source": region.source,
            "corner": list(region.corner),
            "clipped_fraction": region.clipped_fraction,
        }
        for region in regions
    ]
    arrays: dict[str, NDArray[Any]] = {
        f"region_{n}": np.rint(region.weights * STEPS).astype(np.uint8)
        for n, region in enumerate(regions)
    }
    for one in spheres:
        arrays[f"sphere_{one.role}"] = np.stack([one.values, one.weights])
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **arrays)
    return known, stream.getvalue()


def unpack(
    path: Path, grid: Grid, known: Sequence[dict[str, Any]]
) -> tuple[tuple[Region, ...], tuple[SphereValues, ...]]:
    """Read what :func:`pack` made.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError, RegionError, zipfile.BadZipFile
        If it cannot be read, or is damaged.
    """
    regions = []
    with np.load(io.BytesIO(read_own(path)), allow_pickle=False) as arrays:
        for n, one in enumerate(known):
            weights = arrays[f"region_{n}"].astype(np.float32) / np.float32(STEPS)
            if not weights.any():  # all below half a step
                continue
            k, j, i = one["corner"]
            regions.append(
                Region(grid, (k, j, i), weights, one["name"], Role(one["role"]),
                       RasterRule(one["rule"]), one["source"], one["clipped_fraction"])
            )  # fmt: skip
        spheres = tuple(
            SphereValues(name.removeprefix("sphere_"), arrays[name][0], arrays[name][1])
            for name in arrays.files
            if name.startswith("sphere_")
        )
    return tuple(regions), spheres
