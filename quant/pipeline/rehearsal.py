"""Every kernel called once, by those who call it in a study, on a small study made up in memory.

A kernel is compiled for the kinds of its arguments. Going through its real callers, a rehearsal
compiles what a study will ask for, and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.domain.grid import Grid
from quant.domain.region import RasterRule, Region, Role
from quant.domain.shapes import ContourShape, LabelShape
from quant.domain.units import Unit
from quant.domain.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP_MM = 5.0
SIZE = 36
BODIES = (
    (Role.LIVER, (-30.0, 0.0, 0.0), 38.0),
    (Role.MUSCLE_LEFT, (55.0, 50.0, -40.0), 22.0),
    (Role.MUSCLE_RIGHT, (-55.0, 50.0, -40.0), 22.0),
    (Role.VERTEBRA_L2, (0.0, 55.0, -40.0), 15.0),
    (Role.TUMOUR, (45.0, -30.0, 30.0), 20.0),
)
"""Role, centre (LPS mm) and radius (mm) of the balls of which the study is made."""

CALLED_BY_NO_STUDY = frozenset({
    "label_surfaces.label_histograms", "statistics.gather_by_label", "statistics.label_statistics",
})  # fmt: skip
"""Kernels for those who call the library; they are compiled when they are first called."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a rehearsal: what it is about, how it is done, and whether studies need it."""

    name: str
    perform: Callable[[], object]
    is_of_studies: bool = True


def rehearsal() -> tuple[Part, ...]:
    """Make the parts that together call every kernel, each in the form that studies need."""
    grid = _grid()
    volume = Volume(grid, _values(), Unit.RELATIVE)
    regions = tuple(
        Region.from_full(grid, _ball(grid, centre, radius), str(role), role)
        for role, centre, radius in BODIES
    )
    return (
        Part("regions from contours and label maps", lambda: _lay(grid)),
        Part("reference spheres", lambda: _place(volume, regions)),
        Part("uptake", lambda: _uptake(volume, regions[-1])),
        Part("shape", lambda: _shape(volume, regions[-1])),
        Part("surfaces and meshes", lambda: _surfaces(volume, regions[-1])),
        Part("label maps", lambda: _labels(volume)),
        Part("tables of labels, meshes of images", lambda: _tables(volume), is_of_studies=False),
    )


def _grid() -> Grid:
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = STEP_MM
    affine[:3, 3] = -0.5 * STEP_MM * (SIZE - 1)
    affine[3, 3] = 1.0
    return Grid((SIZE, SIZE, SIZE), affine, "1.2.3")


def _values() -> "NDArray[np.float32]":
    """Uneven values, the same in every run."""
    steps = np.arange(SIZE**3, dtype=np.float64).reshape(SIZE, SIZE, SIZE)
    return (100.0 + 10.0 * np.sin(0.37 * steps)).astype(np.float32)


def _ball(grid: Grid, centre: tuple[float, float, float], radius: float) -> "NDArray[np.float32]":
    """Weights with an edge of one voxel."""
    index = np.moveaxis(np.indices(grid.shape), 0, -1).reshape(-1, 3)
    away = np.linalg.norm(grid.to_mm(index) - np.array(centre), axis=1).reshape(grid.shape)
    weights: NDArray[np.float32] = np.clip((radius - away) / STEP_MM + 0.5, 0.0, 1.0).astype(
        np.float32
    )
    return weights


def _lay(grid: Grid) -> None:
    from quant.regions.rasterise import rasterise

    turn = np.array([[1.0, 0.0, 0.0], [0.0, 0.96, -0.28], [0.0, 0.28, 0.96]])
    for axes in (np.eye(3), turn):
        for rule in RasterRule:
            rasterise(_contours(axes), grid, rule)
            rasterise(_label_shape(axes), grid, rule)


def _contours(axes: "NDArray[np.float64]") -> ContourShape:
    """Two rings, each drawn on three planes; they cross, so that their overlap is looked at."""
    angle = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    rings = [
        np.stack([shift + 15.0 * np.cos(angle), 15.0 * np.sin(angle), np.full(12, height)], axis=1)
        for height in (-5.0, 0.0, 5.0)
        for shift in (0.0, 12.0)
    ]
    return ContourShape("rings", tuple(ring @ axes for ring in rings), "1.2.3")


def _label_shape(axes: "NDArray[np.float64]") -> LabelShape:
    affine = np.eye(4)
    affine[:3, :3] = axes.T @ (4.0 * np.eye(3)[:, ::-1])
    weights = np.zeros((7, 7, 7), dtype=np.uint8)
    weights[1:6, 1:6, 1:6] = 1
    return LabelShape("cube", Grid(weights.shape, affine, "1.2.3"), weights, "1.2.3")


def _place(volume: Volume, regions: tuple[Region, ...]) -> None:
    from quant.pipeline.protocols import load_protocol
    from quant.reference.placement import place_spheres
    from quant.reference.screen import focus_distance
    from quant.reference.stencil import sphere_stencil
    from quant.reference.sweep import swept

    place_spheres(volume, regions, (), load_protocol("zhou2025"))
    box = ((0, 0, 0), volume.grid.shape)
    focus_distance(volume.grid, volume.values, box, 109.0, STEP_MM)
    values = volume.values.copy()
    values[9, 9, 9] = 1e9  # so far from the others that it is added by itself
    swept(values, None, (box[0], values > 109.0), sphere_stencil(volume.grid.axes_mm, 2 * STEP_MM))


def _uptake(volume: Volume, region: Region) -> None:
    from quant.domain.protocol import UptakeSettings
    from quant.measure.intensity import measure_intensity
    from quant.measure.uptake import measure_uptake

    measure_uptake(volume, region, UptakeSettings())
    measure_intensity(volume, region, None)


def _shape(volume: Volume, region: Region) -> None:
    from quant.domain.protocol import MorphologySettings
    from quant.measure.passport.passport import measure_passport
    from quant.measure.shape.morphology import measure_morphology

    measure_morphology(region, MorphologySettings())
    measure_passport(volume, region, MorphologySettings())


def _surfaces(volume: Volume, region: Region) -> None:
    from quant.measure.shape.surface import isosurface_area_volume
    from quant.mesh.build import region_mesh

    region_mesh(region)
    isosurface_area_volume(volume.values, 105.0, (STEP_MM, STEP_MM, STEP_MM))


def _labels(volume: Volume) -> None:
    from quant.measure.resample import resample_linear
    from quant_kernels.overlap import label_boxes

    label_boxes(_two(volume), 0, np.zeros((2, 7), dtype=np.int64))
    resample_linear(volume, volume.grid, outside=0.0)


def _tables(volume: Volume) -> None:
    from quant.measure.shape.surface import measure_label_surfaces
    from quant.measure.statistics import measure_label_statistics
    from quant.mesh.build import isosurface_mesh

    labels = _two(volume).astype(np.uint16)
    measure_label_statistics(labels, volume, (50.0,))
    measure_label_surfaces(labels, (STEP_MM, STEP_MM, STEP_MM))
    isosurface_mesh(volume.values, volume.grid, 105.0)


def _two(volume: Volume) -> "NDArray[np.int32]":
    """Label map of one cube: 0 and 1."""
    labels = np.zeros(volume.grid.shape, dtype=np.int32)
    labels[2:4, 2:4, 2:4] = 1
    return labels
