"""Solids put together from others, with their exact volume and surface."""

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from quant.phantom.bodies.solids import UPRIGHT, Body, Points, Rotation, Solid, Vector


@dataclass(frozen=True)
class Dumbbell(Solid):
    """Two equal balls joined by a cylindrical neck along the solid's own z axis."""

    centre_mm: Vector
    ball_radius_mm: float
    half_distance_mm: float
    neck_radius_mm: float
    rotation: Rotation = UPRIGHT

    def __post_init__(self) -> None:
        """Refuse balls that touch, and a neck that is no neck: the closed forms need both."""
        if not 0.0 < self.neck_radius_mm < self.ball_radius_mm < self.half_distance_mm:
            raise ValueError("a dumbbell needs neck radius < ball radius < half distance")

    @property
    def _depth_mm(self) -> float:
        """From a ball's centre to the plane in which the neck meets its surface."""
        return sqrt(self.ball_radius_mm**2 - self.neck_radius_mm**2)

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Least of the distances to the balls and to the neck, mm."""
        own = (points_mm - np.array(self.centre_mm)) @ np.array(self.rotation)
        radial, along = np.hypot(own[..., 0], own[..., 1]), np.abs(own[..., 2])
        ball = np.hypot(radial, along - self.half_distance_mm) - self.ball_radius_mm
        neck = np.maximum(radial - self.neck_radius_mm, along - self.half_distance_mm)
        least: NDArray[np.float64] = np.minimum(ball, neck)
        return least

    def bounds_mm(self) -> tuple[Points, Points]:
        """Return the box around both balls."""
        axis = np.array(self.rotation)[:, 2] * self.half_distance_mm
        reach = np.abs(axis) + self.ball_radius_mm
        return np.array(self.centre_mm) - reach, np.array(self.centre_mm) + reach

    @property
    def volume_ml(self) -> float:
        """Two balls without their caps, and the neck between, ml."""
        r, cap = self.ball_radius_mm, self.ball_radius_mm - self._depth_mm
        balls = 2.0 * (4.0 / 3.0 * pi * r**3 - pi * cap**2 * (3.0 * r - cap) / 3.0)
        neck = 2.0 * pi * self.neck_radius_mm**2 * (self.half_distance_mm - self._depth_mm)
        return (balls + neck) / 1000.0

    @property
    def surface_area_mm2(self) -> float:
        """Two spheres without their caps, and the neck's mantle, mm2."""
        r, cap = self.ball_radius_mm, self.ball_radius_mm - self._depth_mm
        balls = 2.0 * (4.0 * pi * r**2 - 2.0 * pi * r * cap)
        return balls + 4.0 * pi * self.neck_radius_mm * (self.half_distance_mm - self._depth_mm)


@dataclass(frozen=True)
class MultiPart(Solid):
    """Several solids that lie apart."""

    parts: tuple[Solid, ...]

    def __post_init__(self) -> None:
        """Refuse parts whose boxes meet: volume and surface are sums only if parts lie apart."""
        boxes = [part.bounds_mm() for part in self.parts]
        for index, (low, high) in enumerate(boxes):
            for other_low, other_high in boxes[:index]:
                if (np.minimum(high, other_high) >= np.maximum(low, other_low)).all():
                    raise ValueError("the boxes around two parts meet: use BallUnion, or part them")

    @property
    def components(self) -> int:  # type: ignore[override]
        """Number of separate parts."""
        return sum(part.components for part in self.parts)

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Least of the parts' fields, mm."""
        least: NDArray[np.float64] = np.min(
            [part.field_mm(points_mm) for part in self.parts], axis=0
        )
        return least

    def bounds_mm(self) -> tuple[Points, Points]:
        """Return the box around all parts."""
        boxes = [part.bounds_mm() for part in self.parts]
        low, high = np.min([b[0] for b in boxes], axis=0), np.max([b[1] for b in boxes], axis=0)
        return low, high

    @property
    def volume_ml(self) -> float:
        """Sum of the parts, ml."""
        return sum(part.volume_ml for part in self.parts)

    @property
    def surface_area_mm2(self) -> float:
        """Sum of the parts, mm2."""
        return sum(part.surface_area_mm2 for part in self.parts)


@dataclass(frozen=True)
class Hollow(Solid):
    """A solid with a cavity wholly inside it; its surface counts both walls."""

    outer: Solid
    cavity: Solid

    def __post_init__(self) -> None:
        """Refuse a cavity whose box pokes out of the outer solid."""
        low, high = self.cavity.bounds_mm()
        picks = np.array(np.meshgrid(*[[0, 1]] * 3, indexing="ij")).reshape(3, -1).T
        if (self.outer.field_mm(np.where(picks == 0, low, high)) >= 0.0).any():
            raise ValueError("the cavity must lie wholly inside the outer solid")

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Inside the outer solid and outside the cavity, mm."""
        hollow: NDArray[np.float64] = np.maximum(
            self.outer.field_mm(points_mm), -self.cavity.field_mm(points_mm)
        )
        return hollow

    def bounds_mm(self) -> tuple[Points, Points]:
        """Return the box of the outer solid."""
        return self.outer.bounds_mm()

    @property
    def volume_ml(self) -> float:
        """Outer volume without the cavity, ml."""
        return self.outer.volume_ml - self.cavity.volume_ml

    @property
    def surface_area_mm2(self) -> float:
        """Outer and inner wall, mm2."""
        return self.outer.surface_area_mm2 + self.cavity.surface_area_mm2


@dataclass(frozen=True)
class Grown(Body):
    """A body and what lies within a margin of its field (its uptake may reach beyond its drawing).

    For bodies whose field is the true distance this is every point within ``margin_mm``; otherwise
    the reach is at least that far.
    """

    body: Body
    margin_mm: float

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Field of the body less the margin, mm."""
        return self.body.field_mm(points_mm) - self.margin_mm

    def bounds_mm(self) -> tuple[Points, Points]:
        """Return the box of the body, widened.

        A field that grows slower than the distance reaches further than the margin, so the box is
        widened by four margins: enough for ellipsoids of axis ratio up to 4.
        """
        low, high = self.body.bounds_mm()
        return low - 4.0 * self.margin_mm, high + 4.0 * self.margin_mm


@dataclass(frozen=True)
class Clipped(Body):
    """The part of a body on one side of a plane: where ``normal . x >= offset``."""

    body: Body
    normal: Vector
    offset_mm: float

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Inside the body and beyond the plane, mm."""
        beyond: NDArray[np.float64] = np.maximum(
            self.body.field_mm(points_mm), self.offset_mm - points_mm @ np.array(self.normal)
        )
        return beyond

    def bounds_mm(self) -> tuple[Points, Points]:
        """Return the box of the body."""
        return self.body.bounds_mm()
