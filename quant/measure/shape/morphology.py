"""Shape of a region: every value with its method and flags, or the reason why there is none."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.measurement import Measurement
from quant.domain.protocol import MorphologySettings
from quant.domain.region import Region
from quant.domain.units import Quantity
from quant.errors import GeometryError, StudyError
from quant.measure.resample import resample_mask
from quant.measure.shape.asphericity import closed_asphericity, fitted_asphericity
from quant.measure.shape.surface import (
    FLOOR_POSITIONS,
    Surface,
    asphericity_floor,
    count_parts,
    max_diameter_mm,
    measure_surface,
)
from quant.measure.shape.verdict import SMALL_VOXELS, unreliable_flags

SHAPE_UNITS = {
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
"""Names and units of everything that is measured on a region's shape."""


def measure_morphology(region: Region, settings: MorphologySettings) -> tuple[Measurement, ...]:
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
    mask, spacing_mm, grid_text = binary_region(region, settings)
    if not mask.any():
        return _all_absent(region, grid_text)
    diameter = math.cbrt(6000.0 * region.volume_ml / math.pi)
    doubts = unreliable_flags(region.voxels, diameter, settings.psf_fwhm_mm)
    return _measure(region, (mask, spacing_mm, grid_text), doubts)


def binary_region(
    region: Region, settings: MorphologySettings
) -> tuple[NDArray[np.uint8], tuple[float, float, float], str]:
    """Return the binary region whose shape is measured.

    Returns
    -------
    mask : (K, J, I) uint8, C-contiguous
        1 where at least half of the voxel lies inside, on the region's grid or on that of
        ``settings.grid_mm``; possibly empty.
    spacing_mm : (dk, dj, di) tuple of float
    text : str
        What was done to the grid, to stand behind a method; empty if nothing.

    Raises
    ------
    GeometryError
        ``BAD_IOP`` if the axes of the grid do not stand at right angles.
    """
    _require_right_angles(region.grid)
    if settings.grid_mm is not None:
        text = f"; mask resampled to {settings.grid_mm:g} mm, linear, kept where >= 0.5"
        return resample_mask(region, settings.grid_mm), (settings.grid_mm,) * 3, text
    k, j, i = (float(step) for step in region.grid.spacing_mm)
    return np.ascontiguousarray(region.mask).view(np.uint8), (k, j, i), ""


def _measure(
    region: Region,
    binary: tuple[NDArray[np.uint8], tuple[float, float, float], str],
    doubts: tuple[Flag, ...],
) -> tuple[Measurement, ...]:
    """Measure a mask that holds at least one voxel; ``doubts`` go with each asphericity."""
    mask, spacing_mm, grid_text = binary
    surface = measure_surface(mask, spacing_mm)
    components, holes = count_parts(mask)
    flags = _shape_flags(region, components)

    def one(
        name: str, value: float | None, method: str, extra: tuple[Flag, ...] = ()
    ) -> Measurement:
        own = flags if name != "asphericity_floor" else ()
        own += doubts if name in ("asphericity", "asphericity_corrected") else ()
        return Measurement(
            name, value, SHAPE_UNITS[name].value, region.name, method + grid_text, flags=extra + own
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
    methods = [
        ("asphericity", f"IBSI 25C7: (S^3 / (36 pi V^2))^(1/3) - 1; {mesh}"),
        ("sphericity", f"IBSI QCFX: 1 / (1 + asphericity); {mesh}"),
    ]
    try:
        value = closed_asphericity(surface.mesh_area_mm2, surface.mesh_volume_mm3)
    except StudyError as error:
        flag = Flag(error.code, error.found)
        return [one(name, None, method, (flag,)) for name, method in methods]
    numbers = (value, 1.0 / (value + 1.0))
    return [
        one(name, number, method) for (name, method), number in zip(methods, numbers, strict=True)
    ]


def _corrected(surface: Surface, one: _Make) -> list[Measurement]:
    """Corrected asphericity and area, with what its scatter allows below 0."""
    shown, extra = fitted_asphericity(surface)
    weights = (
        "plane-fitted 2x2x2 weights (Lindblad, any voxel size); area of planes varies by "
        f"{100.0 * surface.fitted_scatter:.1f} % (SD) with direction"
    )
    method = f"plane-fitted area over voxel-count volume; {weights}"
    area = surface.fitted_area_mm2 if shown is not None else None
    return [
        one("asphericity_corrected", shown, method, extra),
        one("surface_area_corrected_mm2", area, weights, extra if area is None else ()),
    ]


def _shape_flags(region: Region, components: int) -> tuple[Flag, ...]:
    """Find the flags of everything that is measured on this region's shape."""
    flags = []
    if region.voxels < SMALL_VOXELS:
        flags.append(Flag("ROI_SMALL", f"{region.voxels} voxels, fewer than {SMALL_VOXELS}"))
    if components > 1:
        flags.append(Flag("SEVERAL_COMPONENTS", f"{components} parts"))
    if touches_edge(region):
        flags.append(Flag("ROI_TOUCHES_EDGE", region.name))
    return tuple(flags)


def touches_edge(region: Region) -> bool:
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
        for name, unit in SHAPE_UNITS.items()
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
