"""Lesion regions fall into foci; each focus knows how it lies on the bones."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from quant.anatomy.places import region_centroid_mm
from quant.domain.region import Region, Role
from quant.domain.shapes import LabelShape
from quant.scoring.spatial.apart import Cloud, Pairs, gap_mm, voxel_reach
from quant.scoring.spatial.bones import Bone, Skeleton, centres_mm, core, surface_cloud
from quant.scoring.spatial.laying import as_shape, lay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from quant.domain.grid import Grid
    from quant.domain.shapes import Shape

Box = tuple[slice, slice, slice]

PART = 1e-3
"""Less of a voxel than this is none of it, more than all but this is all of it."""


@dataclass(frozen=True, eq=False)
class Focus:
    """One connected part of a lesion region, on the common grid.

    Parameters
    ----------
    key : str
        Name of the region, ``#2`` and so on for its further parts, the largest first.
    role : Role
        ``lesion`` or ``tumour``.
    region : Region
    """

    key: str
    role: Role
    region: Region

    @cached_property
    def voxels(self) -> float:
        """Sum of the weights."""
        return float(self.region.weights.sum(dtype=np.float64))

    @cached_property
    def surface(self) -> Cloud:
        """Outermost voxels."""
        return surface_cloud(self.region)

    @cached_property
    def cloud(self) -> Cloud:
        """All voxels of weight one half or more."""
        mask = core(self.region)
        return Cloud(centres_mm(self.region, mask), np.array(self.region.grid.axes_mm))

    @cached_property
    def centroid_mm(self) -> tuple[float, float, float]:
        """Centre of gravity, LPS mm."""
        x, y, z = (float(value) for value in region_centroid_mm(self.region))
        return x, y, z


@dataclass(frozen=True, eq=False)
class Overlap:
    """What a focus covers of a bone: weights over a part of the bone's box.

    ``bone`` holds the bone's own weights there. Where bone and lesion were drawn on different
    grids, some voxels are covered in part: whether these count is a matter of half a voxel.
    """

    box: Box
    weights: "NDArray[np.float32]"
    bone: "NDArray[np.float32]"

    @cached_property
    def covered(self) -> "dict[int, NDArray[np.float32]]":
        """Covered weights by leaning: 0 as they are, -1 and 1 half a voxel less and more."""
        least = np.where(self.weights > (1.0 - PART) * self.bone, self.bone, np.float32(0.0))
        most = np.where(self.weights > PART * self.bone, self.bone, np.float32(0.0))
        half = np.float32(0.5)
        return {
            -1: half * (self.weights + least),
            0: self.weights,
            1: half * (self.weights + most),
        }

    @cached_property
    def sums(self) -> dict[int, float]:
        """Sums of the covered weights."""
        return {lean: float(one.sum(dtype=np.float64)) for lean, one in self.covered.items()}

    @property
    def voxels(self) -> float:
        """Sum of the weights."""
        return self.sums[0]


@dataclass(frozen=True, eq=False)
class Lie:
    """How one focus lies on the skeleton.

    Parameters
    ----------
    on : dict of str to Overlap
        Bones that it touches.
    on_bone, near_bone : float
        Part of the focus on any bone, and no farther from one than the rules' distance.
    nearest, distance_mm
        The bone it touches most; if none, the nearest one and the distance between edges.
    """

    on: dict[str, Overlap]
    on_bone: float
    near_bone: float
    nearest: str
    distance_mm: float


def foci_of(shape: "Shape", role: Role, grid: "Grid") -> list[Focus]:
    """Split a lesion region into its connected parts and lay them on the common grid.

    Parameters
    ----------
    shape : Shape
    role : Role
    grid : Grid

    Returns
    -------
    list of Focus
        The largest first. Voxels that touch by a face, an edge or a corner on the region's own
        grid are connected; voxels of less than half weight go with the nearest part.

    Raises
    ------
    RegionError
        ``ROI_EMPTY`` for an empty mask.
    """
    own = shape if isinstance(shape, LabelShape) else as_shape(lay(shape, grid, role))
    laid = [lay(part, grid, role) for part in _parts(own)]
    laid.sort(key=lambda one: (-one.volume_ml, *np.round(region_centroid_mm(one), 3)))
    return [
        Focus(shape.name if n == 1 else f"{shape.name}#{n}", role, region)
        for n, region in enumerate(laid, start=1)
    ]


def _parts(shape: LabelShape) -> list[LabelShape]:
    """Return the connected parts of a mask, as masks of their own."""
    from scipy import ndimage

    weights = np.asarray(shape.weights, dtype=np.float32)
    mask = weights >= 0.5 if (weights >= 0.5).any() else weights > 0.0
    labels, count = ndimage.label(mask, structure=np.ones((3, 3, 3), dtype=int))
    if count <= 1:
        return [shape]
    if (weights[labels == 0] > 0.0).any():
        nearest = ndimage.distance_transform_edt(
            labels == 0, return_distances=False, return_indices=True
        )
        labels = labels[tuple(nearest)]
    return [
        LabelShape(
            shape.name, shape.grid, np.where(labels == n, weights, np.float32(0.0)),
            shape.frame_of_reference_uid, shape.source,
        )
        for n in range(1, count + 1)
    ]  # fmt: skip


def same_pairs(foci: "Sequence[Focus]", share: float) -> Pairs:
    """Return pairs of foci that share at least this part of the smaller one: drawn twice."""
    found = set()
    for i, one in enumerate(foci):
        for j in range(i + 1, len(foci)):
            boxes = common_box(one.region, foci[j].region)
            if boxes is None:
                continue
            shared = np.minimum(one.region.weights[boxes[0]], foci[j].region.weights[boxes[1]]).sum(
                dtype=np.float64
            )
            smaller = min(one.voxels, foci[j].voxels)
            if shared > 0.0 and shared >= share * smaller:
                found.add((i, j))
    return frozenset(found)


def common_box(one: Region, other: Region) -> tuple[Box, Box] | None:
    """Return the shared voxels of two regions on one grid, in each one's own box."""
    low = np.maximum(one.corner, other.corner)
    high = np.minimum(
        np.add(one.corner, one.weights.shape), np.add(other.corner, other.weights.shape)
    )
    if (high <= low).any():
        return None

    def own(region: Region) -> Box:
        k, j, i = (
            slice(int(a - c), int(b - c)) for a, b, c in zip(low, high, region.corner, strict=True)
        )
        return k, j, i

    return own(one), own(other)


def lie_of(focus: Focus, skeleton: Skeleton, near_mm: float) -> Lie:
    """Find out how a focus lies on the bones.

    Parameters
    ----------
    focus : Focus
    skeleton : Skeleton
    near_mm : float
        What is no farther from a bone than this counts as near it.
    """
    on: dict[str, Overlap] = {}
    cover = np.zeros(focus.region.weights.shape, dtype=np.float32)
    for name, bone in skeleton.bones.items():
        boxes = common_box(focus.region, bone.seen) if bone.seen is not None else None
        if boxes is None or bone.seen is None:
            continue
        mine, its = boxes
        shared = np.minimum(focus.region.weights[mine], bone.seen.weights[its])
        if shared.any():
            on[name] = Overlap(its, shared, bone.seen.weights[its])
            np.maximum(cover[mine], bone.seen.weights[its], out=cover[mine])
    covered = float(np.minimum(cover, focus.region.weights).sum(dtype=np.float64))
    near = _near_share(focus, cover, skeleton, near_mm)
    if on:
        nearest = max(sorted(on), key=lambda name: on[name].voxels)
        return Lie(on, covered / focus.voxels, near, nearest, 0.0)
    nearest, distance = _nearest_bone(focus, skeleton)
    return Lie(on, 0.0, near, nearest, distance)


def _near_share(
    focus: Focus, cover: "NDArray[np.float32]", skeleton: Skeleton, near_mm: float
) -> float:
    """Part of a focus on bone or no farther from it than a distance."""
    from scipy.spatial import cKDTree

    region = focus.region
    used = region.weights > 0.0
    beside = used & (cover < 0.5)
    weights = region.weights.astype(np.float64)
    near = float(weights[used & ~beside].sum())
    points = centres_mm(region, beside)
    bones = [bone for bone in skeleton.bones.values() if bone.seen is not None]
    close = [bone.surface for bone in bones if _box_gap_mm(focus.surface, bone.surface) <= near_mm]
    if len(points) and close:
        surface = np.concatenate([cloud.points_mm for cloud in close])
        distances, nearest = cKDTree(surface).query(points)
        reach = voxel_reach(close[0].steps_mm, surface[nearest] - points)
        near += float(weights[beside][distances - reach <= near_mm + 1e-6].sum())
    return min(near / focus.voxels, 1.0)


def _box_gap_mm(one: Cloud, other: Cloud) -> float:
    """Distance between the boxes that hold two clouds, less a voxel of each; mm."""
    low = one.points_mm.min(axis=0) - other.points_mm.max(axis=0)
    high = other.points_mm.min(axis=0) - one.points_mm.max(axis=0)
    gap = float(np.linalg.norm(np.maximum(np.maximum(low, high), 0.0)))
    room = np.linalg.norm(one.steps_mm, axis=0).sum() + np.linalg.norm(other.steps_mm, axis=0).sum()
    return gap - float(room) / 2.0


def _nearest_bone(focus: Focus, skeleton: Skeleton) -> tuple[str, float]:
    """Return the bone nearest to a focus that touches none, and the distance of their edges."""
    best, least = "", float("inf")
    seen = [bone for bone in skeleton.bones.values() if bone.seen is not None]
    order: list[Bone] = sorted(
        seen or skeleton.bones.values(),
        key=lambda bone: (_box_gap_mm(focus.surface, bone.surface), bone.name),
    )
    for bone in order:
        if _box_gap_mm(focus.surface, bone.surface) > least:
            break
        gap = gap_mm(focus.surface, bone.surface, least)
        if gap < least - 1e-6:
            best, least = bone.name, gap
    return best, least
