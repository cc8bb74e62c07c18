"""Place the three reference spheres of the method: liver, and muscle on both sides of L2."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from quant.anatomy.choice import largest_of_role, of_role, right_segments
from quant.anatomy.places import (
    centroid_mm,
    is_on_side,
    region_centroid_mm,
    world_axis,
    z_range_mm,
)
from quant.domain.flags import Flag
from quant.domain.region import INSIDE_WEIGHT, Region, Role
from quant.domain.sphere import PlacedSphere, Sphere, SphereStatistics
from quant.errors import GeometryError
from quant.reference.boxes import as_index, sum_over
from quant.reference.ladder import Found, Search
from quant.reference.marked import place_marked
from quant.reference.organ import Task, make_organ
from quant.reference.stencil import require_right_angles, sphere_stencil

if TYPE_CHECKING:
    from quant.domain.protocol import StudyProtocol
    from quant.domain.shapes import Mark
    from quant.domain.volume import Volume

SPHERE_ROLES = (Role.LIVER, Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT)
MUSCLE_ROLES = (Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT)
MOST_SPREAD = 0.5
"""A sphere whose SD is a larger part of its mean is flagged: noise alone rarely reaches it."""
MOST_ASYMMETRY = 2.0
"""A muscle sphere hotter than the other by more than this factor is flagged."""
OBSTACLE_ROLES = (Role.TUMOUR, Role.LESION, Role.EXCLUDE)


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceSpheres:
    """The reference spheres of a study.

    Parameters
    ----------
    placed : dict of Role to PlacedSphere
        Liver, muscle_left and muscle_right, as far as they could be placed.
    flags : dict of Role to tuple of Flag
        For each of the three: why it is absent, or what to know about it.
    """

    placed: dict[Role, PlacedSphere]
    flags: dict[Role, tuple[Flag, ...]]


def place_spheres(
    volume: "Volume",
    regions: Sequence[Region],
    marks: Sequence["Mark"],
    protocol: "StudyProtocol",
) -> ReferenceSpheres:
    """Place the liver sphere and the two muscle spheres.

    Parameters
    ----------
    volume : Volume
        The emission volume, finite values, axes at right angles in any orientation.
    regions : sequence of Region
        All regions of the study on ``volume.grid``, with their roles. Of several of one role the
        largest counts; tumour, lesion and exclude regions are kept away from, all of them.
    marks : sequence of Mark
        A mark named ``liver``, ``muscle_left`` or ``muscle_right`` (any case) fixes that centre.
    protocol : StudyProtocol

    Returns
    -------
    ReferenceSpheres

    Raises
    ------
    GeometryError
        ``BAD_IOP`` if the grid is sheared; ``GRID_INVALID`` if a region lies on another grid.

    Notes
    -----
    Over all voxel centres of the grid; the rules, and what gives way when an organ does not hold
    its sphere, stand in :mod:`quant.reference.ladder`, the choice among admissible positions in
    :mod:`quant.reference.criteria`. Everything is decided in world coordinates, so the order and
    the orientation of the voxels do not matter.
    """
    require_right_angles(volume.grid.axes_mm)
    for region in regions:
        _require_grid(volume, region)
    obstacles = of_role(regions, *OBSTACLE_ROLES)
    placed: dict[Role, PlacedSphere] = {}
    flags: dict[Role, tuple[Flag, ...]] = {}
    for role in SPHERE_ROLES:
        if role is Role.LIVER:
            task, notes = _liver_task(regions, protocol)
        else:
            task, notes = _muscle_task(role, regions, protocol)
        one, found = _place(volume, replace(task, obstacles=obstacles), notes, (regions, marks))
        if one is not None:
            found = (*found, *_uneven(role, one.statistics))
            placed[role] = replace(one, flags=found)
        flags[role] = found
    for role in _asymmetric(placed):
        flags[role] = (*flags[role], Flag("MUSCLE_ASYMMETRY", _both_means(placed)))
        placed[role] = replace(placed[role], flags=flags[role])
    return ReferenceSpheres(placed, flags)


def _uneven(role: Role, values: SphereStatistics) -> tuple[Flag, ...]:
    """Flag a sphere whose values spread too much for one tissue."""
    if values.sd <= MOST_SPREAD * abs(values.mean):
        return ()
    return (Flag("SPHERE_UNEVEN", f"{role}: SD {values.sd:.4g}, mean {values.mean:.4g}"),)


def _asymmetric(placed: dict[Role, PlacedSphere]) -> tuple[Role, ...]:
    """Return both muscle roles when their means differ by more than a factor of two."""
    if not all(role in placed for role in MUSCLE_ROLES):
        return ()
    low, high = sorted(placed[role].statistics.mean for role in MUSCLE_ROLES)
    return MUSCLE_ROLES if high > MOST_ASYMMETRY * low else ()


def _both_means(placed: dict[Role, PlacedSphere]) -> str:
    left, right = (placed[role].statistics.mean for role in MUSCLE_ROLES)
    return f"mean {left:.4g} on the left, {right:.4g} on the right"


def _require_grid(volume: "Volume", region: Region) -> None:
    if region.grid is volume.grid or region.grid.matches(volume.grid):
        return
    raise GeometryError(
        "GRID_INVALID",
        f"The region '{region.name}' does not lie on the grid of the emission volume.",
        found=f"shape {region.grid.shape}",
        needed=f"shape {volume.grid.shape} in the same place",
        next_step="lay the region on the emission grid first",
    )


def _liver_task(
    regions: Sequence[Region], protocol: "StudyProtocol"
) -> tuple[Task, tuple[Flag, ...]]:
    """Liver, and what limits its right lobe: Couinaud 5 to 8 where supplied, else the centroid."""
    liver, flags = largest_of_role(regions, Role.LIVER)
    segments = right_segments(regions)
    if segments:
        names = ", ".join(one.name for one in segments)
        flags = (*flags, Flag("SEGMENTS_USED", f"right lobe: {names}"))
        liver = liver or _joined(segments)
    plane = None if liver is None or segments else float(region_centroid_mm(liver)[0])
    task = Task(Role.LIVER, protocol.liver_sphere, liver, segments=segments, lobe_x_mm=plane)
    return task, flags


def _joined(segments: Sequence[Region]) -> Region:
    """Make one region of several that share borders."""
    grid = segments[0].grid
    return Region.from_full(
        grid, sum_over(segments, (0, 0, 0), grid.shape), "liver segments", Role.LIVER
    )


def _muscle_task(
    role: Role, regions: Sequence[Region], protocol: "StudyProtocol"
) -> tuple[Task, tuple[Flag, ...]]:
    muscle, flags = largest_of_role(regions, role)
    vertebra, more = largest_of_role(regions, Role.VERTEBRA_L2)
    level = None if vertebra is None else z_range_mm(vertebra)
    return Task(role, protocol.muscle_sphere, muscle, level_mm=level), flags + more


def _place(
    volume: "Volume",
    task: Task,
    notes: tuple[Flag, ...],
    given: tuple[Sequence[Region], Sequence["Mark"]],
) -> tuple[PlacedSphere | None, tuple[Flag, ...]]:
    """Place one sphere where it is marked, or else by the search; refuse a side that is wrong."""
    regions, marks = given
    named = [mark for mark in marks if marked_role(mark.name) == task.role]
    if len(named) > 1:
        notes = (*notes, Flag("ROLE_SEVERAL", f"{len(named)} marks {task.role}; the first counts"))
    mark = named[0] if named else None
    wrong = _wrong_side(task, regions, mark)
    if wrong:
        return None, (*notes, wrong)
    if mark is not None:
        one, flags = place_marked(volume, mark, task)
        return one, notes + flags
    if task.region is None:
        return None, (*notes, _missing(task.role))
    if task.role is not Role.LIVER and task.level_mm is None:
        return None, (*notes, Flag("L2_MISSING", f"{task.role} is not placed"))
    search = Search(make_organ(task, task.region), volume.values, task.settings)
    found = search.climb()
    if found is None:
        return None, (*notes, search.why_not())
    return _as_placed(volume, task.role, found), notes + found.flags


def marked_role(name: str) -> str:
    """Role that a markup point's name means: ``Muscle Left``, ``liver-1`` (3D Slicer numbers)."""
    words = re.sub(r"[\s_.\-]+", "_", name.strip().lower())
    return re.sub(r"_?\d+$", "", words)


def unused_marks(marks: Sequence["Mark"]) -> tuple[Flag, ...]:
    """Name the points that mean no sphere."""
    unused = [mark.name for mark in marks if marked_role(mark.name) not in SPHERE_ROLES]
    return (Flag("MARK_UNUSED", ", ".join(sorted(unused))),) if unused else ()


def _missing(role: Role) -> Flag:
    if role is Role.LIVER:
        return Flag("LIVER_MISSING")
    return Flag("MUSCLE_MISSING", f"no region and no mark {role}")


def _wrong_side(task: Task, regions: Sequence[Region], mark: "Mark | None") -> Flag | None:
    """Flag a muscle, or its mark, that lies on the other side of L2 than its name says."""
    vertebra, _ = largest_of_role(regions, Role.VERTEBRA_L2)
    if task.role is Role.LIVER or vertebra is None:
        return None
    if mark is not None:
        x, what = mark.position_mm[0], f"the mark '{mark.name}'"
    elif task.region is not None:
        x, what = _x_at_level(task, task.region), f"the region '{task.region.name}'"
    else:
        return None
    middle = float(region_centroid_mm(vertebra)[0])
    if is_on_side(x, task.role, middle):
        return None
    detail = f"{what} lies at x {x:.1f} mm, the middle of L2 at {middle:.1f} mm (LPS, +x is left)"
    return Flag("MUSCLE_SIDE_MISMATCH", detail)


def _x_at_level(task: Task, region: Region) -> float:
    """World x of the muscle's centre of gravity at the level of L2; of all of it if none is."""
    weights = region.weights
    if task.level_mm is not None:
        z = world_axis(region.grid, region.corner, as_index(weights.shape), 2)
        at_level = np.where((z >= task.level_mm[0]) & (z <= task.level_mm[1]), weights, 0)
        if at_level.any():
            weights = at_level.astype(np.float32)
    return float(centroid_mm(region.grid, region.corner, weights)[0])


def _as_placed(volume: "Volume", role: Role, found: Found) -> PlacedSphere:
    sweep, place, grid = found.sweep, found.place, volume.grid
    offset = place.index - sweep.indices[found.at]
    stencil = sphere_stencil(grid.axes_mm, found.radius_mm, grid.axes_mm @ offset)
    x, y, z = (float(c) for c in grid.to_mm(place.index))
    sphere = Sphere(
        role,
        (x, y, z),
        found.radius_mm,
        found.source,
        min(1.0, float(place.sweep.inside[0])),
        place.depth_mm,
    )
    statistics = SphereStatistics(
        mean=float(place.sweep.means[0]),
        sd=float(place.sweep.sds[0]),
        maximum=float(place.sweep.maxima[0]),
        volume_ml=stencil.total * grid.voxel_volume_ml,
        voxels=int(np.count_nonzero(stencil.weights >= INSIDE_WEIGHT)),
    )
    return PlacedSphere(
        sphere, statistics, sweep.means, sweep.maxima, position_indices=sweep.indices
    )
