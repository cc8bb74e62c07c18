"""The skeleton of one patient: bones on the common grid, cut to what was in the field."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from quant.anatomy.places import region_centroid_mm
from quant.domain.region import Region, crop_to_box
from quant.errors import RegionError
from quant.scoring.readings.segments import SEGMENTS, Segment, System
from quant.scoring.spatial.apart import Cloud
from quant.scoring.spatial.bone_names import needed_bones, segment_of_bone
from quant.scoring.spatial.laying import lay

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from quant.domain.grid import Grid
    from quant.domain.shapes import Shape


@dataclass(frozen=True, eq=False)
class Bone:
    """One bone on the common grid.

    Parameters
    ----------
    name : str
        Canonical name.
    whole : Region
        All of its mask.
    seen : Region or None
        What of it lies in the field; None when nothing does.
    """

    name: str
    whole: Region
    seen: Region | None

    @property
    def in_field(self) -> float:
        """Part of the bone's volume in the field, 0 to 1."""
        return min(self.seen_voxels / self.whole_voxels, 1.0)

    @cached_property
    def whole_voxels(self) -> float:
        """Sum of the weights of all of it."""
        return float(self.whole.weights.sum(dtype=np.float64))

    @cached_property
    def seen_voxels(self) -> float:
        """Sum of the weights of what lies in the field."""
        return 0.0 if self.seen is None else float(self.seen.weights.sum(dtype=np.float64))

    @cached_property
    def surface(self) -> Cloud:
        """Outermost voxels of what is in the field (of all of it where nothing is)."""
        return surface_cloud(self.seen or self.whole)

    @cached_property
    def centroid_mm(self) -> tuple[float, float, float]:
        """Centre of gravity of the whole bone, LPS mm."""
        x, y, z = (float(value) for value in region_centroid_mm(self.whole))
        return x, y, z


@dataclass(frozen=True, eq=False)
class Skeleton:
    """All bones of a patient, by canonical name, and the grid on which they lie.

    ``cavities`` holds chest and abdomen, where they were supplied.
    """

    grid: "Grid"
    bones: dict[str, Bone]
    cavities: dict[str, Region]

    @property
    def centroids_mm(self) -> dict[str, tuple[float, float, float]]:
        """Centre of gravity of every bone, LPS mm."""
        return {bone.name: bone.centroid_mm for bone in self.bones.values()}

    def of_segment(self, system: System, key: str) -> list[Bone]:
        """Bones of a segment that were supplied, in the order of their names."""
        return [
            bone for name, bone in sorted(self.bones.items())
            if segment_of_bone(system, name) == key
        ]  # fmt: skip

    def in_field(self, segment: Segment) -> float | None:
        """Fraction of a segment in the field: the mean over its bones, one that is missing as 0.

        All bones weigh the same, since the volume of one that was not seen is not known. None
        when no bone of the segment was supplied, so that nothing is known of it.
        """
        found = {bone.name: bone.in_field for bone in self.of_segment(segment.system, segment.key)}
        if not found:
            return None
        needed = needed_bones(segment)
        return sum(found.get(name, 0.0) for name in needed) / len(needed) if needed else None

    def missing(self, segment: Segment) -> tuple[str, ...]:
        """Bones of a segment of which some were supplied, but not these."""
        found = {bone.name for bone in self.of_segment(segment.system, segment.key)}
        return tuple(name for name in needed_bones(segment) if found and name not in found)

    def missing_anywhere(self) -> tuple[str, ...]:
        """Bones missing in segments of Curie of which others were supplied."""
        return tuple(name for one in SEGMENTS[System.CURIE] for name in self.missing(one))


def gather_bones(
    shapes: "Mapping[str, Sequence[Shape]]",
    cavities: "Mapping[str, Shape]",
    grid: "Grid",
    field: "Grid | None",
) -> Skeleton:
    """Lay all bones on the common grid and cut them to the field.

    Parameters
    ----------
    shapes : mapping of str to sequence of Shape
        By canonical bone; several masks of one bone are joined.
    cavities : mapping of str to Shape
    grid : Grid
    field : Grid or None
        Grid of the emission volume; None when everything was seen.

    Raises
    ------
    RegionError
        ``SCORE_NO_BONES`` when no bone has a voxel.
    """
    bones: dict[str, Bone] = {}
    for name, parts in sorted(shapes.items()):
        laid = [region for region in (_laid(part, grid) for part in parts) if region is not None]
        if laid:
            whole = joined(name, laid)
            bones[name] = Bone(name, whole, whole if field is None else within(whole, field))
    if not bones:
        raise no_bones()
    spaces = {name: _laid(shape, grid) for name, shape in cavities.items()}
    return Skeleton(grid, bones, {name: one for name, one in spaces.items() if one is not None})


def joined(name: str, regions: "Sequence[Region]") -> Region:
    """Return the union of regions on one grid: of each voxel, the largest weight."""
    if len(regions) == 1:
        only = regions[0]
        return Region(only.grid, only.corner, only.weights, name, only.role)
    low = np.min([one.corner for one in regions], axis=0)
    high = np.max([np.add(one.corner, one.weights.shape) for one in regions], axis=0)
    union = np.zeros(high - low, dtype=np.float32)
    for one in regions:
        k, j, i = (
            slice(c - a, c - a + n)
            for c, a, n in zip(one.corner, low, one.weights.shape, strict=True)
        )
        np.maximum(union[k, j, i], one.weights, out=union[k, j, i])
    corner = (int(low[0]), int(low[1]), int(low[2]))
    return Region(regions[0].grid, corner, union, name, regions[0].role)


def within(region: Region, field: "Grid") -> Region | None:
    """Keep the voxels of a region whose centres lie in a field; None when none does."""
    weights = np.where(_seen(region, field), region.weights, np.float32(0.0))
    if not weights.any():
        return None
    moved, block = crop_to_box(weights)
    k, j, i = (c + m for c, m in zip(region.corner, moved, strict=True))
    return Region(region.grid, (k, j, i), np.ascontiguousarray(block), region.name, region.role)


def centres_mm(region: Region, chosen: "NDArray[np.bool_]") -> "NDArray[np.float64]":
    """(N, 3) float64: centres of chosen voxels of a region's box, LPS mm."""
    return region.grid.to_mm(np.argwhere(chosen) + np.array(region.corner))


def core(region: Region) -> "NDArray[np.bool_]":
    """(k, j, i) bool: voxels of weight one half or more; where there is none, the heaviest."""
    mask = region.mask
    return mask if mask.any() else region.weights == region.weights.max()


def surface_cloud(region: Region) -> Cloud:
    """Return the voxels of a region that have a face towards the outside."""
    full = np.pad(core(region), 1)
    inner = full.copy()
    for axis in range(3):
        inner &= np.roll(full, 1, axis) & np.roll(full, -1, axis)
    outer = (full & ~inner)[1:-1, 1:-1, 1:-1]
    return Cloud(centres_mm(region, outer), np.array(region.grid.axes_mm))


def _seen(region: Region, field: "Grid") -> "NDArray[np.bool_]":
    """Tell for every voxel of a region's box whether its centre lies in the field."""
    steps = np.linalg.inv(field.axes_mm) @ region.grid.axes_mm
    start = field.to_index(region.grid.to_mm(region.corner))
    seen = np.ones(region.weights.shape, dtype=bool)
    k, j, i = (np.arange(n) for n in region.weights.shape)
    for axis in range(3):
        index = (
            start[axis] + (steps[axis, 0] * k)[:, None, None]
            + (steps[axis, 1] * j)[None, :, None] + (steps[axis, 2] * i)[None, None, :]
        )  # fmt: skip
        seen &= (index >= -0.5) & (index <= field.shape[axis] - 0.5)
    return seen


def no_bones() -> RegionError:
    """Return the error for a study without any bone."""
    return RegionError(
        "SCORE_NO_BONES",
        "No bone with a voxel was found.",
        found="no region that is named as a bone",
        needed="bones by TotalSegmentator's names, such as vertebrae_L2 and rib_left_4",
        next_step="supply a bone segmentation of the CT (SEG, NIfTI, NRRD, MHA or RTSTRUCT)",
    )


def _laid(shape: "Shape", grid: "Grid") -> Region | None:
    """Lay a bone; None for an empty mask, which tools write for what is not in view."""
    try:
        return lay(shape, grid)
    except RegionError as error:
        if error.code == "ROI_EMPTY":
            return None
        raise
