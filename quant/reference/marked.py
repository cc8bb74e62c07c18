"""A sphere whose centre a person marked."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.region import INSIDE_WEIGHT, Role
from quant.domain.sphere import PlacedSphere, Sphere, SphereSource, SphereStatistics
from quant.reference.boxes import Index, as_index, cut, sum_over
from quant.reference.ladder import Search
from quant.reference.organ import Task, make_organ
from quant.reference.stencil import Stencil, sphere_stencil
from quant.reference.walls import surface_points_mm, whole

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.region import Region
    from quant.domain.shapes import Mark
    from quant.domain.volume import Volume


SAME_VISIBLE = 1e-6
"""A sphere is clipped when more than this fraction of it lies outside of the volume."""


@dataclass(frozen=True, slots=True, eq=False)
class MarkedPlace:
    """The sphere on the grid: its stencil, the voxel that holds its centre, and the centre."""

    stencil: Stencil
    voxel: Index
    centre_mm: NDArray[np.float64]

    @property
    def first(self) -> Index:
        """Index of the stencil's first voxel."""
        return as_index(a + b for a, b in zip(self.voxel, self.stencil.lower, strict=True))

    @property
    def shape(self) -> Index:
        """Shape of the stencil's box."""
        return as_index(self.stencil.weights.shape)


def place_marked(
    volume: "Volume", mark: "Mark", task: Task
) -> tuple[PlacedSphere | None, tuple[Flag, ...]]:
    """Measure the sphere around a marked centre, exactly there.

    The values at all positions that keep every rule stand beside it when the organ is known.

    Returns
    -------
    placed : PlacedSphere or None
        None when the mark lies outside of the volume.
    flags : tuple of Flag
    """
    role, settings = task.role, task.settings
    place = _locate(volume.grid, mark, task.radius_mm)
    if place is None:
        detail = f"{role}: the mark '{mark.name}' lies outside of the emission volume"
        return None, (Flag("SPHERE_NO_POSITION", detail),)
    statistics, visible = _statistics(volume, place)
    flags = [Flag("SPHERE_MARKED", f"{role}: centre from the mark '{mark.name}'")]
    if visible < 1.0 - SAME_VISIBLE:
        flags.append(Flag("SPHERE_CLIPPED", f"{role}: {visible:.3f} of the sphere is visible"))
    near, margin = _near_obstacles(volume.grid, place, task)
    flags += near
    inside, wall, sweep = None, None, None
    if task.region is not None:
        inside, edge = _inside(volume.grid, place, task.region)
        wall = min(edge, margin, _to_border(volume.grid, place.centre_mm))
        search = Search(make_organ(task, task.region), volume.values, settings)
        flags += _organ_flags(search, task, place, (inside, statistics.maximum))
        if role is Role.LIVER or task.level_mm is not None:
            found = search.keeping_all_rules()
            sweep = None if found is None else found.sweep
    x, y, z = (float(c) for c in place.centre_mm)
    radius = place.stencil.radius_mm
    sphere = Sphere(role, (x, y, z), radius, SphereSource.MARKED, inside, wall)
    one = PlacedSphere(sphere, statistics, flags=tuple(flags))
    if sweep is not None:
        one = replace(
            one,
            position_means=sweep.means,
            position_maxima=sweep.maxima,
            position_indices=sweep.indices,
        )
    return one, tuple(flags)


def _locate(grid: "Grid", mark: "Mark", radius: float) -> MarkedPlace | None:
    centre = np.array(mark.position_mm, dtype=np.float64)
    index = grid.to_index(centre)
    voxel = np.floor(index + 0.5)
    if not np.isfinite(index).all() or (voxel < 0).any() or (voxel >= grid.shape).any():
        return None
    stencil = sphere_stencil(grid.axes_mm, radius, grid.axes_mm @ (index - voxel))
    return MarkedPlace(stencil, as_index(voxel), centre)


def _statistics(volume: "Volume", place: MarkedPlace) -> tuple[SphereStatistics, float]:
    """Weighted statistics over the visible part, and how much of the sphere that is."""
    weights = place.stencil.weights
    zero = (0, 0, 0)
    values = cut(volume.values, zero, place.first, place.shape).astype(np.float64)
    visible = cut(np.ones_like(volume.values), zero, place.first, place.shape) * weights
    total = float(visible.sum())
    mean = float((visible * values).sum()) / total
    sd = float(np.sqrt((visible * np.square(values - mean)).sum() / total))
    half = visible >= INSIDE_WEIGHT
    maximum = float(values[half if half.any() else visible >= visible.max()].max())
    volume_ml = total * volume.grid.voxel_volume_ml
    statistics = SphereStatistics(mean, sd, maximum, volume_ml, int(np.count_nonzero(half)))
    return statistics, total / place.stencil.total


def _inside(grid: "Grid", place: MarkedPlace, region: "Region") -> tuple[float, float]:
    """Fraction inside the organ, and distance of the centre to its edge (negative outside)."""
    weights = cut(region.weights, region.corner, place.first, place.shape)
    inside = float((weights * place.stencil.weights).sum()) / place.stencil.total
    return inside, _to_surface(grid, place, whole(region).full_weights())


def _to_surface(grid: "Grid", place: MarkedPlace, weights: NDArray[np.float32]) -> float:
    """Distance of the centre to the surface of full weights (K, J, I), positive inside, mm."""
    points = surface_points_mm(grid, weights, (0, 0, 0))
    sign = 1.0 if weights[place.voxel] >= INSIDE_WEIGHT else -1.0
    if len(points) == 0:
        return sign * np.inf
    return sign * float(np.linalg.norm(points - place.centre_mm, axis=1).min())


def _near_obstacles(grid: "Grid", place: MarkedPlace, task: Task) -> tuple[list[Flag], float]:
    """Flag the obstacles that the sphere comes too near to; distance to their margin, mm."""
    radius, limit = place.stencil.radius_mm, task.settings.lesion_distance_mm
    near, margin = [], np.inf
    for one in task.obstacles:
        away = -_to_surface(grid, place, whole(one).full_weights())
        margin = min(margin, away - limit)
        if away - radius < limit:
            gap = max(away - radius, 0.0)
            detail = f"{task.role}: {gap:.1f} mm from '{one.name}' ({limit:g} mm are set)"
            near.append(Flag("SPHERE_NEAR_LESION", detail))
    return near, margin


def _to_border(grid: "Grid", centre_mm: NDArray[np.float64]) -> float:
    index = grid.to_index(centre_mm) + 0.5
    return float((np.minimum(index, np.array(grid.shape) - index) * grid.spacing_mm).min())


def _organ_flags(
    search: Search, task: Task, place: MarkedPlace, seen: tuple[float, float]
) -> list[Flag]:
    """Raise the flags that need the organ: not inside, a focus, beyond the right lobe."""
    role, (inside, maximum) = task.role, seen
    flags = []
    if inside < task.settings.inside_fraction:
        flags.append(Flag("SPHERE_NOT_INSIDE", f"{role}: {inside:.3f} of the sphere is inside"))
    if maximum > search.threshold:
        detail = f"{role}: maximum {maximum:g} is above {search.threshold:g}"
        flags.append(Flag("SPHERE_FOCUS", detail))
    if _to_lobe(place, task) < place.stencil.radius_mm:
        flags.append(Flag("SPHERE_LEFT_LOBE", f"{role}: centre x {place.centre_mm[0]:.1f} mm"))
    return flags


def _to_lobe(place: MarkedPlace, task: Task) -> float:
    """Distance of the centre to the cut of the right lobe, positive to its right, mm."""
    if task.segments:
        grid = task.segments[0].grid
        return _to_surface(grid, place, sum_over(task.segments, (0, 0, 0), grid.shape))
    if task.lobe_x_mm is None:
        return np.inf
    return task.lobe_x_mm - float(place.centre_mm[0])
