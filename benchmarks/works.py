"""Our own work at any size: what growth, memory and asv look at."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.region import Region
from quant.domain.shapes import LabelShape
from quant.domain.units import Unit
from quant.domain.volume import Volume

STEP_MM = 3.0
SPACING_MM = (STEP_MM, STEP_MM, STEP_MM)
LABELS = 40
RADIUS_VOXELS = 6.0


class Prepared(NamedTuple):
    """Work that is ready to be done, and the bytes of the arrays that it reads."""

    call: Callable[[], object]
    input_bytes: int


def grid(size: int) -> Grid:
    """Return a cube of voxels of 3 mm."""
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = STEP_MM
    affine[3, 3] = 1.0
    return Grid((size, size, size), affine, "")


def weights(size: int) -> NDArray[np.float32]:
    """Return a lobed body that fills most of its box; weight 0 to 1 at its edge."""
    at = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    k, j, i = at[:, None, None], at[None, :, None], at[None, None, :]
    ripple = 0.1 * np.cos(7.0 * k) * np.cos(5.0 * j) * np.cos(9.0 * i)
    depth = 0.5 * size * (0.92 - np.sqrt(k * k + j * j + i * i) + ripple)
    soft: NDArray[np.float32] = np.clip(depth + 0.5, 0.0, 1.0).astype(np.float32)
    return soft


def mask(size: int) -> NDArray[np.uint8]:
    """Return the body as a mask."""
    return (weights(size) >= 0.5).astype(np.uint8)


def labels(size: int, count: int = LABELS) -> NDArray[np.uint16]:
    """Return balls on a lattice, one label each, with half of the voxels in a label."""
    side = int(np.ceil(np.cbrt(count)))
    cell = (np.arange(size) * side // size).astype(np.int64)
    within = (np.arange(size) * side / size) % 1.0 - 0.5
    k, j, i = within[:, None, None], within[None, :, None], within[None, None, :]
    number = 1 + (cell[:, None, None] * side + cell[None, :, None]) * side + cell[None, None, :]
    inside = (k * k + j * j + i * i < 0.49**2) & (number <= count)
    return np.where(inside, number, 0).astype(np.uint16)


def volume(size: int) -> Volume:
    """Return noisy uptake."""
    rng = np.random.default_rng(size)
    values = rng.normal(100.0, 10.0, (size, size, size)).astype(np.float32)
    return Volume(grid(size), values, Unit.RELATIVE)


def surface(size: int) -> Prepared:
    """Area, volume and Euler number of a mask."""
    from quant.measure.shape.surface import measure_surface

    one = mask(size)
    return Prepared(lambda: measure_surface(one, SPACING_MM), one.nbytes)


def label_surfaces(size: int, count: int = LABELS) -> Prepared:
    """Areas and volumes of all labels."""
    from quant.measure.shape.surface import measure_label_surfaces

    one = labels(size, count)
    return Prepared(lambda: measure_label_surfaces(one, SPACING_MM), one.nbytes)


def isosurface(size: int) -> Prepared:
    """Area and volume of a grey-level isosurface."""
    from quant.measure.shape.surface import isosurface_area_volume

    one = weights(size)
    return Prepared(lambda: isosurface_area_volume(one, 0.5, SPACING_MM), one.nbytes)


def mesh(size: int) -> Prepared:
    """Make the indexed mesh of a grey-level isosurface."""
    from quant.mesh.build import isosurface_mesh

    one, place = weights(size), grid(size)
    return Prepared(lambda: isosurface_mesh(one, place, 0.5), one.nbytes)


def diameter(size: int) -> Prepared:
    """Measure the maximum 3D diameter."""
    from quant.measure.shape.surface import max_diameter_mm

    one = mask(size)
    return Prepared(lambda: max_diameter_mm(one, SPACING_MM), one.nbytes)


def parts(size: int) -> Prepared:
    """Count parts and cavities."""
    from quant.measure.shape.surface import count_parts

    one = mask(size)
    return Prepared(lambda: count_parts(one), one.nbytes)


def label_statistics(size: int, count: int = LABELS) -> Prepared:
    """Measure count, mean, SD and extrema of all labels."""
    from quant.measure.statistics import measure_label_statistics

    one, values = labels(size, count), volume(size)
    return Prepared(
        lambda: measure_label_statistics(one, values), one.nbytes + values.values.nbytes
    )


def region_statistics(size: int) -> Prepared:
    """Measure weighted mean, SD and maximum of a region."""
    from quant.measure.statistics import region_statistics as measure

    values, place = volume(size), grid(size)
    one = Region.from_full(place, weights(size), "body")
    return Prepared(lambda: measure(values, one), one.weights.nbytes + values.values.nbytes)


def distance(size: int) -> Prepared:
    """Measure the distance of every voxel to the body's surface."""
    from quant.reference.walls import surface_distance

    one, place = weights(size), grid(size)
    return Prepared(lambda: surface_distance(place, one), one.nbytes)


def sweep(size: int, radius_voxels: float = RADIUS_VOXELS) -> Prepared:
    """Mean, SD, maximum and inside fraction of a sphere at all positions inside the body."""
    from quant.reference.stencil import sphere_stencil
    from quant.reference.sweep import swept

    values, place, body = volume(size), grid(size), weights(size)
    stencil = sphere_stencil(place.axes_mm, radius_voxels * STEP_MM)
    k, j, i = np.ogrid[:size, :size, :size]
    middle = (size - 1) / 2.0
    reach = max(0.38 * size, 1.0)
    inside = (k - middle) ** 2 + (j - middle) ** 2 + (i - middle) ** 2 < reach * reach
    candidates = ((0, 0, 0), inside)
    return Prepared(
        lambda: swept(values.values, ((0, 0, 0), body), candidates, stencil),
        values.values.nbytes + body.nbytes + inside.nbytes,
    )


def overlap(size: int) -> Prepared:
    """Lay a label map on a grid of voxels 1.6 times as large, box by box."""
    from quant.regions.labelmaps import label_weights

    one = mask(size)
    shape = LabelShape("body", grid(size), one)
    coarse = round(size / 1.6)
    affine = grid(size).affine.copy()
    affine[:3, :3] *= 1.6
    target = Grid((coarse, coarse, coarse), affine, "")
    return Prepared(lambda: label_weights(shape, target, centres=False), one.nbytes)


def resampling(size: int) -> Prepared:
    """Interpolate a volume on as many voxels, turned by 10 degrees."""
    from quant.measure.resample import resample_linear

    one, turn = volume(size), np.deg2rad(10.0)
    affine = grid(size).affine.copy()
    affine[:2, :3] = (
        np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ affine[:2, :3]
    )
    target = Grid((size, size, size), affine, "")
    return Prepared(lambda: resample_linear(one, target, outside=0.0), one.values.nbytes)


WORKS: dict[str, Callable[[int], Prepared]] = {
    "surface of a mask": surface,
    "surfaces of 40 labels": label_surfaces,
    "isosurface": isosurface,
    "indexed mesh": mesh,
    "maximum diameter": diameter,
    "parts and cavities": parts,
    "statistics of 40 labels": label_statistics,
    "statistics of a region": region_statistics,
    "distance to the surface": distance,
    "sphere at all positions": sweep,
    "label map on another grid": overlap,
    "volume on another grid": resampling,
}
