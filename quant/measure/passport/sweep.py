"""How the shape of the emission in a region's neighbourhood depends on the threshold."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.arrays import as_mask
from quant.domain.flags import Flag
from quant.domain.passport import ThresholdSweep
from quant.errors import StudyError
from quant.measure.shape.asphericity import closed_asphericity, fitted_asphericity
from quant.measure.shape.surface import measure_surface

if TYPE_CHECKING:
    from quant.domain.region import Region
    from quant.domain.volume import Volume

    Box = tuple[slice, slice, slice]

FRACTIONS = tuple(percent / 100.0 for percent in range(20, 71, 5))
"""Thresholds, as fractions of the region's maximum."""

REACH_MM = 10.0
"""How far the neighbourhood goes beyond the region along each axis, mm: about one SPECT FWHM."""

RULE = (
    "part (26 neighbours) connected with the region's maximum, of the voxels at or above the "
    f"threshold in the region grown by {REACH_MM:g} mm along each axis (at least one voxel)"
)


def threshold_sweep(volume: "Volume", region: "Region") -> ThresholdSweep:
    """Measure the shape of what is above 20 to 70 % of a region's maximum.

    Parameters
    ----------
    volume : Volume
        The emission.
    region : Region
        Its maximum is that of the voxels at least half inside, as ``tumour_max``.

    Returns
    -------
    ThresholdSweep
        Without a curve (and flagged) when the maximum is not above 0, or is none.

    Notes
    -----
    The neighbourhood keeps other organs out as far as the supplied region allows, and lets the
    outline grow beyond it; where the part would go on past its end, ``open`` says so. Only the part
    of the maximum is measured: specks of noise and neighbours raise asphericity by their number
    alone (``parts`` counts them).
    """
    box = _grown_box(region)
    values = volume.values[box]
    inside = _in_box(region, box)
    peak = _brightest_inside(values, inside)
    top = float(values[peak]) if peak is not None else float("nan")
    if peak is None or not (0.0 < top < np.inf):
        return ThresholdSweep(None, rule=RULE, flags=(Flag("SWEEP_ABSENT", region.name),))
    near = _grown(inside, _reach(region))
    spacing = region.grid.spacing_mm
    k, j, i = (float(step) for step in spacing)
    points = [_point(values, near, peak, fraction * top, (k, j, i)) for fraction in FRACTIONS]
    return ThresholdSweep(
        maximum=top,
        fractions=FRACTIONS,
        volume_ml=tuple(point[0] for point in points),
        asphericity=tuple(point[1] for point in points),
        asphericity_corrected=tuple(point[2] for point in points),
        parts=tuple(point[3] for point in points),
        open=tuple(point[4] for point in points),
        rule=RULE,
    )


_Point = tuple[float, float | None, float | None, int, bool]


def _point(
    values: NDArray[np.float32],
    near: NDArray[np.bool_],
    peak: tuple[int, int, int],
    level: float,
    spacing_mm: tuple[float, float, float],
) -> _Point:
    """Volume in ml, asphericity, corrected asphericity, parts, and whether it goes on outside."""
    from quant_kernels.components import connected_part, count_components

    above = values >= level
    mask = as_mask(above & near)
    part = connected_part(mask, peak[0], peak[1], peak[2])
    surface = measure_surface(part, spacing_mm)
    try:
        by_mesh: float | None = closed_asphericity(surface.mesh_area_mm2, surface.mesh_volume_mm3)
    except StudyError:
        by_mesh = None
    return (
        surface.voxels_mm3 / 1000.0,
        by_mesh,
        fitted_asphericity(surface)[0],
        int(count_components(mask, 1, 26)),
        _touch(part.view(np.bool_), above & ~near),
    )


def _touch(part: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    """Tell whether a voxel of one lies beside a voxel of the other, face to face."""
    for axis in range(3):
        one, two = np.moveaxis(part, axis, 0), np.moveaxis(other, axis, 0)
        if (one[1:] & two[:-1]).any() or (one[:-1] & two[1:]).any():
            return True
    return False


def _reach(region: "Region") -> tuple[int, int, int]:
    """Voxels by which the region grows along each axis."""
    k, j, i = (max(1, round(REACH_MM / float(step))) for step in region.grid.spacing_mm)
    return k, j, i


def _grown_box(region: "Region") -> "Box":
    """Box of the neighbourhood and one voxel more, within the grid."""
    bounds = zip(region.corner, region.weights.shape, region.grid.shape, strict=True)
    k, j, i = (
        slice(max(0, start - reach - 1), min(size, start + length + reach + 1))
        for (start, length, size), reach in zip(bounds, _reach(region), strict=True)
    )
    return k, j, i


def _in_box(region: "Region", box: "Box") -> NDArray[np.bool_]:
    """Binary region within a box that holds its own."""
    inside = np.zeros(tuple(part.stop - part.start for part in box), dtype=np.bool_)
    k, j, i = (
        slice(corner - part.start, corner - part.start + length)
        for corner, part, length in zip(region.corner, box, region.weights.shape, strict=True)
    )
    inside[k, j, i] = region.mask
    return inside


def _grown(mask: NDArray[np.bool_], reach: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Grow a mask by so many voxels along each axis: every voxel becomes a box."""
    for axis, steps in enumerate(reach):
        along = np.moveaxis(mask, axis, 0)
        total = along.copy()
        for step in range(1, min(steps, len(along) - 1) + 1):
            total[step:] |= along[:-step]
            total[:-step] |= along[step:]
        mask = np.moveaxis(total, 0, axis)
    return np.ascontiguousarray(mask)


def _brightest_inside(
    values: NDArray[np.float32], inside: NDArray[np.bool_]
) -> tuple[int, int, int] | None:
    """Index of the greatest value in the region; None without one, or with a NaN among them."""
    if not inside.any():
        return None
    found = np.where(inside, values, -np.inf)
    k, j, i = (int(one) for one in np.unravel_index(int(np.argmax(found)), found.shape))
    return (k, j, i) if found[k, j, i] > -np.inf else None
