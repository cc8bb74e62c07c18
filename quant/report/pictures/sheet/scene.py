"""What a study's pictures have in common: its structures, its middle, its scale and its windows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.record import LESION_ROLES, Status
from quant.domain.region import Region, Role
from quant.report.pictures.display.copies import Copies

if TYPE_CHECKING:
    from quant.domain.record import StudyRecord
    from quant.domain.sphere import Sphere
    from quant.report.pictures.display.nifti import Stored

Floats = NDArray[np.float64]

CT_BODY = 8
"""Stored CT numbers above this are body (or table): more than about -195 HU."""

EMISSION_BODY = 0.004
"""Without a CT, what is above this part of the display window: too much is better than a part."""

BODY_SHARE = 0.01
"""A plane belongs to the body when this part of its voxels does."""

MARGIN_MM = 16.0
FINEST_MM = 0.4


def led_by_hottest(record: "StudyRecord") -> "StudyRecord":
    """Return the record with its hottest lesion in the primary's place, if it has no primary.

    For pictures and values under the lesion's own name; ratios and lights ask for the primary.
    """
    lesions = {one.name for one in record.regions if one.role in LESION_ROLES}
    maxima = [
        (float(one.value), one.roi)
        for one in record.measurements
        if one.name == "tumour_max" and one.value is not None and one.roi in lesions
    ]
    if record.primary is not None or not maxima:
        return record
    hottest = max(maxima, key=lambda one: one[0])[1]
    regions = (replace(one, is_primary=one.name == hottest) for one in record.regions)
    return replace(record, regions=tuple(regions))


@dataclass(frozen=True, eq=False)
class Scene:
    """A study's record and copies, prepared for drawing.

    ``by_lesion``: the study has no primary tumour, and ``record`` is led by its hottest lesion.
    """

    record: "StudyRecord"
    copies: Copies
    by_lesion: bool = False

    @classmethod
    def of(cls, record: "StudyRecord", copies: Copies) -> "Scene":
        """Prepare a study."""
        led = led_by_hottest(record)
        return cls(led, copies, led is not record)

    def sphere(self, role: Role) -> "Sphere | None":
        """Return a reference sphere."""
        return next((one for one in self.record.spheres if one.role == role), None)

    def why_no(self, what: str) -> str:
        """Say why there is no ``emission`` or ``ct``."""
        record = self.record
        if record.status is Status.FAILED and record.quarantine and not record.measurements:
            return f"not measured ({record.quarantine[-1].code})"
        return self.copies.missing.get(what, "there is none")

    def regions(self, *roles: Role) -> tuple[Region, ...]:
        """Return the regions of some roles, the primary tumour left out."""
        primary = self.tumour
        return tuple(one for one in self.copies.regions if one.role in roles and one is not primary)

    @cached_property
    def tumour(self) -> Region | None:
        """The primary tumour."""
        primary = self.record.primary
        named = [one for one in self.copies.regions if primary and one.name == primary.name]
        return named[0] if named else None

    @cached_property
    def hottest_mm(self) -> Floats | None:
        """(3,) float64: the primary tumour's maximum on the display copy, LPS mm.

        Of several voxels with the maximum, the one nearest to their middle.
        """
        tumour, emission = self.tumour, self.copies.emission
        if tumour is None or emission is None:
            return None
        mask = tumour.mask if tumour.mask.any() else tumour.weights > 0
        places = np.argwhere(mask) + np.array(tumour.corner)
        points = tumour.grid.to_mm(places)
        index = np.rint(emission.grid.to_index(points)).astype(np.intp)
        k, j, i = np.clip(index, 0, np.array(emission.grid.shape) - 1).T
        values = emission.values[k, j, i]
        hottest = points[values == values.max()]
        found: Floats = hottest[int(((hottest - hottest.mean(axis=0)) ** 2).sum(axis=1).argmin())]
        return found

    @cached_property
    def body_mm(self) -> tuple[Floats, Floats]:
        """Lowest and highest LPS corner of the body, and of all structures where a CT is narrower.

        Of the emission volume where no body is seen.
        """
        image, least = self.copies.ct, float(CT_BODY)
        emission = self.copies.emission
        if image is None and emission is not None:
            image = emission
            least = (EMISSION_BODY * emission.window[1] - emission.intercept) / emission.slope
        if image is None:
            return np.zeros(3), np.zeros(3)
        low, high = _bounds(image, least)
        for one in self.copies.regions:
            corners = one.grid.cropped(one.corner, one.weights.shape).corners_mm()
            low = np.minimum(low, corners.min(axis=0))
            high = np.maximum(high, corners.max(axis=0))
        for sphere in self.record.spheres:
            low = np.minimum(low, np.array(sphere.centre_mm) - sphere.radius_mm)
            high = np.maximum(high, np.array(sphere.centre_mm) + sphere.radius_mm)
        return low, high

    @property
    def middle_mm(self) -> Floats:
        """(3,) float64: middle of the body, LPS mm."""
        low, high = self.body_mm
        middle: Floats = (low + high) / 2.0
        return middle

    @cached_property
    def extent_mm(self) -> tuple[float, float]:
        """Lowest and highest z of the emission volume, LPS mm."""
        emission = self.copies.emission
        if emission is None:
            return 0.0, 1.0
        z = emission.grid.corners_mm()[:, 2]
        return float(z.min()), float(z.max())

    @cached_property
    def level_mm(self) -> Floats:
        """(3,) float64: middle of L2; else of the liver sphere, else of the body, LPS mm."""
        for region in self.regions(Role.VERTEBRA_L2):
            places = np.argwhere(region.weights > 0) + np.array(region.corner)
            centre: Floats = region.grid.to_mm(places).mean(axis=0)
            return centre
        sphere = self.sphere(Role.LIVER)
        return np.array(sphere.centre_mm) if sphere is not None else self.middle_mm

    def scale(self, size: tuple[int, int]) -> float:
        """Return mm a pixel at which the body's width and depth fit into (rows, columns)."""
        low, high = self.body_mm
        wide, deep = (high - low)[:2] + MARGIN_MM
        needed = max(wide / size[1], deep / size[0], FINEST_MM)
        return float(np.ceil(needed * 20.0) / 20.0)

    def centred(self, point_mm: Sequence[float] | Floats, reach_mm: Floats) -> Floats:
        """Return the middle of a picture through a point that shows as much of the body as it can.

        Parameters
        ----------
        point_mm : (3,) float
            To be shown.
        reach_mm : (3,) float64
            How far the picture reaches from its middle along x, y and z.
        """
        low, high = self.body_mm
        point = np.asarray(point_mm, dtype=np.float64)
        fits = high - low <= 2.0 * reach_mm
        ends = np.sort(np.stack([low + reach_mm, high - reach_mm]), axis=0)
        middle = np.where(fits, (low + high) / 2.0, np.clip(point, ends[0], ends[1]))
        near = reach_mm * 0.75
        shown: Floats = np.clip(middle, point - near, point + near)
        return shown

    @property
    def lesions(self) -> tuple[Region, ...]:
        """Tumours and lesions beside the primary one."""
        return tuple(
            one
            for one in self.copies.regions
            if one.role in LESION_ROLES and one is not self.tumour
        )


def _bounds(image: "Stored", least: float) -> tuple[Floats, Floats]:
    """Return the LPS box of the planes that hold more than a few voxels above a stored number."""
    steps = tuple(slice(None, None, max(1, size // 96)) for size in image.grid.shape)
    body = image.values[steps] > least
    ends = np.empty((2, 3))
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        used = np.flatnonzero(body.mean(axis=others) > BODY_SHARE)
        step = steps[axis].step
        last = image.grid.shape[axis] - 1
        ends[:, axis] = (used[0] * step, used[-1] * step) if used.size else (0, last)
    picks = np.array(np.meshgrid(*[[0, 1]] * 3, indexing="ij")).reshape(3, -1).T
    corners = image.grid.to_mm(np.where(picks == 0, ends[0], ends[1]))
    return corners.min(axis=0), corners.max(axis=0)
