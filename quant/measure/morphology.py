"""Shape of a region: mesh area and volume, asphericity, diameter, topology.

Everything but the diameter and the counts of parts and cavities comes from one histogram of
2 x 2 x 2 cubes (:mod:`quant_kernels.surface`) and the tables of :mod:`quant.measure.cube_tables`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.measurement import Measurement
from quant.domain.protocol import MorphologySettings
from quant.domain.region import Region
from quant.domain.units import Quantity
from quant.errors import GeometryError
from quant.measure.cube_tables import cube_tables
from quant.measure.digital_ball import digital_ball, spread_points
from quant.measure.resample import resample_mask

SMALL_VOXELS = 64
"""Below this many voxels, shape is flagged as unreliable."""

NEGATIVE_TOLERANCE = 1e-6
"""Asphericity of one closed mesh below minus this is a defect, not rounding."""

SCATTERS_ALLOWED = 3.0
"""The corrected asphericity may fall below 0 by this many SD of its area over directions."""

FLOOR_POSITIONS = 8
"""Sub-voxel positions of the digital spheres whose mean asphericity is the floor."""

_UNITS = {
    "mesh_volume_ml": Quantity.ML,
    "surface_area_mm2": Quantity.MM2,
    "asphericity": Quantity.NONE,
    "sphericity": Quantity.NONE,
    "asphericity_corrected": Quantity.NONE,
    "surface_area_corrected_mm2": Quantity.MM2,
    "asphericity_floor": Quantity.NONE,
    "max_diameter_mm": Quantity.MM,
    "components": Quantity.NONE,
    "holes": Quantity.NONE,
    "euler_number": Quantity.NONE,
}


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

    outside_and_cavities = count_components(np.pad(mask, 1), 0, False)
    return int(count_components(mask, 1, True)), int(outside_and_cavities) - 1


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
        which a tiny sphere holds no voxel centre do not count.
    """
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


def measure_morphology(
    region: Region, settings: MorphologySettings
) -> tuple[Measurement, ...]:
    """Measure the shape of a region's binary form (weight of at least one half).

    Parameters
    ----------
    region : Region
    settings : MorphologySettings
        With ``grid_mm`` the binary region is resampled first
        (:func:`~quant.measure.resample.resample_mask`), and all values are those of the new grid.

    Returns
    -------
    tuple of Measurement
        ``mesh_volume_ml``, ``surface_area_mm2``, ``asphericity``, ``sphericity``,
        ``asphericity_corrected``, ``surface_area_corrected_mm2``, ``asphericity_floor``,
        ``max_diameter_mm``, ``components``, ``holes`` (enclosed cavities) and ``euler_number``.

    Raises
    ------
    GeometryError
        ``BAD_IOP`` if the axes of the grid do not stand at right angles.

    References
    ----------
    Zwanenburg et al., IBSI reference manual, arXiv:1612.07003: RNU0, C0JK, 25C7, QCFX, L0JK
    """
    _require_right_angles(region.grid)
    if settings.grid_mm is None:
        mask = np.ascontiguousarray(region.mask).view(np.uint8)
        k, j, i = (float(step) for step in region.grid.spacing_mm)
        grid_text = ""
    else:
        mask = resample_mask(region, settings.grid_mm)
        k, j, i = (settings.grid_mm,) * 3
        grid_text = f"; mask resampled to {settings.grid_mm:g} mm, linear, kept where >= 0.5"
    if not mask.any():
        return _all_absent(region, grid_text)
    return _measure(region, mask, (k, j, i), grid_text)


def _measure(
    region: Region,
    mask: NDArray[np.uint8],
    spacing_mm: tuple[float, float, float],
    grid_text: str,
) -> tuple[Measurement, ...]:
    """Measure a mask that holds at least one voxel."""
    surface = measure_surface(mask, spacing_mm)
    components, holes = count_parts(mask)
    flags = _shape_flags(region, components)

    def one(
        name: str, value: float | None, method: str, extra: tuple[Flag, ...] = ()
    ) -> Measurement:
        own = flags if name != "asphericity_floor" else ()
        return Measurement(
            name, value, _UNITS[name].value, region.name, method + grid_text, flags=extra + own
        )

    mesh = "marching cubes (Lorensen) at 0.5 of the zero-padded binary region"
    floor = asphericity_floor(int(np.count_nonzero(mask)), spacing_mm)
    return (
        one("mesh_volume_ml", surface.mesh_volume_mm3 / 1000.0, f"IBSI RNU0: {mesh}"),
        one("surface_area_mm2", surface.mesh_area_mm2, f"IBSI C0JK: {mesh}"),
        *_mesh_asphericity(surface, mesh, one),
        *_corrected(surface, one),
        one(
            "asphericity_floor",
            floor,
            "IBSI 25C7 of a digital sphere with the region's number of voxels, "
            f"mean of {FLOOR_POSITIONS} sub-voxel positions",
        ),
        one(
            "max_diameter_mm",
            max_diameter_mm(mask, spacing_mm),
            "IBSI L0JK: largest distance of two mesh vertices",
        ),
        one("components", components, "parts of the binary region, 26 neighbours"),
        one("holes", holes, "cavities enclosed by the binary region, 6 neighbours"),
        one("euler_number", surface.euler_number, "26 neighbours: components - tunnels + holes"),
    )


_Make = Callable[..., Measurement]


def _mesh_asphericity(surface: Surface, mesh: str, one: _Make) -> list[Measurement]:
    """Asphericity and sphericity of the closed mesh; absent, never clipped, if impossible."""
    value = asphericity(surface.mesh_area_mm2, surface.mesh_volume_mm3)
    pairs = [
        ("asphericity", value, f"IBSI 25C7: (S^3 / (36 pi V^2))^(1/3) - 1; {mesh}"),
        ("sphericity", 1.0 / (value + 1.0), f"IBSI QCFX: 1 / (1 + asphericity); {mesh}"),
    ]
    if value >= -NEGATIVE_TOLERANCE:
        return [one(name, number, method) for name, number, method in pairs]
    flag = Flag("ASPHERICITY_NEGATIVE", f"{value:.6g}")
    return [one(name, None, method, (flag,)) for name, _, method in pairs]


def _corrected(surface: Surface, one: _Make) -> list[Measurement]:
    """Corrected asphericity and area, with what its scatter allows below 0."""
    value = asphericity(surface.fitted_area_mm2, surface.voxels_mm3)
    allowed = SCATTERS_ALLOWED * surface.fitted_scatter
    weights = (
        "plane-fitted 2x2x2 weights (Lindblad, any voxel size); area of planes varies by "
        f"{100.0 * surface.fitted_scatter:.1f} % (SD) with direction"
    )
    method = f"plane-fitted area over voxel-count volume; {weights}"
    found = f"{value:.4f}, scatter allows {-allowed:.4f}"
    area: float | None = surface.fitted_area_mm2
    extra: tuple[Flag, ...] = ()
    shown: float | None = value
    if value < -allowed:
        area, shown, extra = None, None, (Flag("ASP_BELOW_SCATTER", found),)
    elif value < 0.0:
        extra = (Flag("ASP_WITHIN_SCATTER", found),)
    return [
        one("asphericity_corrected", shown, method, extra),
        one("surface_area_corrected_mm2", area, weights, extra if area is None else ()),
    ]


def _shape_flags(region: Region, components: int) -> tuple[Flag, ...]:
    """Flags of everything that is measured on this region's shape."""
    flags = []
    if region.voxels < SMALL_VOXELS:
        flags.append(Flag("ROI_SMALL", f"{region.voxels} voxels, fewer than {SMALL_VOXELS}"))
    if components > 1:
        flags.append(Flag("SEVERAL_COMPONENTS", f"{components} parts"))
    if _touches_edge(region):
        flags.append(Flag("ROI_TOUCHES_EDGE", region.name))
    return tuple(flags)


def _touches_edge(region: Region) -> bool:
    """Tell whether a voxel of the binary region lies in the outermost layer of the grid."""
    mask = region.mask
    for axis in range(3):
        layers = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        start = region.corner[axis]
        if layers[0] + start == 0 or layers[-1] + start == region.grid.shape[axis] - 1:
            return True
    return False


def _all_absent(region: Region, grid_text: str) -> tuple[Measurement, ...]:
    """Every measurement, absent with the reason."""
    flag = Flag("REGION_BELOW_HALF", region.name)
    method = f"binary region: weight >= 0.5{grid_text}"
    return tuple(
        Measurement(name, None, unit.value, region.name, method, flags=(flag,))
        for name, unit in _UNITS.items()
    )


def _require_right_angles(grid: Grid) -> None:
    """Refuse a sheared grid: the tables hold for right angles."""
    if not grid.is_orthogonal:
        raise GeometryError(
            "BAD_IOP",
            "The shape of a region cannot be measured on a sheared grid.",
            found=f"axes {grid.axes_mm.round(4).tolist()}",
            needed="three axes at right angles",
            next_step="resample the volume onto a right-angled grid",
        )
