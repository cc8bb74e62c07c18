"""Bodies in space, and solids whose volume and surface are known exactly.

Every body is given by a field in mm: negative inside, zero on the surface, positive outside, and
never steeper than 1 (Lipschitz constant 1), so that ``abs(field)`` is a lower bound of the distance
to the surface. Membership, fractional occupancy and contours are all read from that one field.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(..., 3) float64, LPS mm."""

Vector = tuple[float, float, float]
"""(x, y, z), LPS, mm."""

Rotation = tuple[Vector, Vector, Vector]
"""Rows of a rotation matrix whose columns are the solid's own axes in LPS."""

UPRIGHT: Rotation = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def rotation_deg(about_x: float, about_y: float, about_z: float) -> Rotation:
    """Return the rotation about x, then y, then z (LPS axes), angles in degrees."""
    (cx, cy, cz), (sx, sy, sz) = (
        f(np.radians([about_x, about_y, about_z])) for f in (np.cos, np.sin)
    )
    turn_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    turn_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    turn_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    rows = (turn_z @ turn_y @ turn_x).tolist()
    return tuple(rows[0]), tuple(rows[1]), tuple(rows[2])


def asphericity(surface_area_mm2: float, volume_ml: float) -> float:
    """Asphericity of a body with this surface and volume, as a fraction (IBSI 25C7)."""
    volume_mm3 = volume_ml * 1000.0
    return float((surface_area_mm2**3 / (36.0 * pi * volume_mm3**2)) ** (1.0 / 3.0) - 1.0)


class Body(ABC):
    """Anything that can be asked whether a point lies inside."""

    @abstractmethod
    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Map (..., 3) LPS mm to (...) mm: negative inside, slope at most 1."""

    @abstractmethod
    def bounds_mm(self) -> tuple[Points, Points]:
        """Return the low and the high corner, (3,) LPS mm, of a box that holds the body."""

    def inside(self, points_mm: Points) -> NDArray[np.bool_]:
        """Tell for (..., 3) LPS mm whether each point lies inside or on the surface."""
        return self.field_mm(points_mm) <= 0.0


class Solid(Body):
    """A body whose volume and surface are known."""

    components = 1
    """Number of separate parts."""

    @property
    @abstractmethod
    def volume_ml(self) -> float:
        """Exact volume, ml."""

    @property
    @abstractmethod
    def surface_area_mm2(self) -> float:
        """Exact area of the whole surface, mm2."""

    @property
    def asphericity(self) -> float:
        """Asphericity, a fraction: 0 for a ball."""
        return asphericity(self.surface_area_mm2, self.volume_ml)


@dataclass(frozen=True)
class Ball(Solid):
    """A ball."""

    centre_mm: Vector
    radius_mm: float

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Signed distance to the surface, mm."""
        return _length(points_mm - np.array(self.centre_mm)) - self.radius_mm

    def bounds_mm(self) -> tuple[Points, Points]:
        """Return the box around the ball."""
        centre = np.array(self.centre_mm)
        return centre - self.radius_mm, centre + self.radius_mm

    @property
    def volume_ml(self) -> float:
        """4/3 pi r^3, ml."""
        return 4.0 / 3.0 * pi * self.radius_mm**3 / 1000.0

    @property
    def surface_area_mm2(self) -> float:
        """4 pi r^2, mm2."""
        return 4.0 * pi * self.radius_mm**2


@dataclass(frozen=True)
class _Turned(Solid):
    """A solid with a centre and axes of its own."""

    centre_mm: Vector

    @property
    @abstractmethod
    def _reach_mm(self) -> float:
        """Radius of a ball about the centre that holds the solid."""

    @property
    @abstractmethod
    def rotation(self) -> Rotation:
        """Rotation of the solid's own axes."""

    def _own(self, points_mm: Points) -> NDArray[np.float64]:
        """Coordinates along the solid's own axes, mm."""
        own: NDArray[np.float64] = (points_mm - np.array(self.centre_mm)) @ np.array(self.rotation)
        return own

    def bounds_mm(self) -> tuple[Points, Points]:
        """Return the box around the ball that holds the solid."""
        centre = np.array(self.centre_mm)
        return centre - self._reach_mm, centre + self._reach_mm


@dataclass(frozen=True)
class Ellipsoid(_Turned):
    """An ellipsoid with three semi-axes."""

    semi_axes_mm: Vector
    rotation: Rotation = UPRIGHT

    @property
    def _reach_mm(self) -> float:
        return max(self.semi_axes_mm)

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Scaled radius minus 1, times the shortest semi-axis: a lower bound of the distance."""
        scaled = self._own(points_mm) / np.array(self.semi_axes_mm)
        return (_length(scaled) - 1.0) * min(self.semi_axes_mm)

    @property
    def volume_ml(self) -> float:
        """4/3 pi a b c, ml."""
        return 4.0 / 3.0 * pi * float(np.prod(self.semi_axes_mm)) / 1000.0

    @cached_property
    def _area(self) -> float:
        nodes, weights = np.polynomial.legendre.leggauss(160)
        angles = np.arange(320) * (2.0 * pi / 320)
        ring = np.sqrt(1.0 - nodes**2)[:, None]
        a, b, c = self.semi_axes_mm
        stretch = np.sqrt(
            (ring * np.cos(angles) / a) ** 2
            + (ring * np.sin(angles) / b) ** 2
            + (nodes[:, None] / c) ** 2
        )
        return float(a * b * c * (weights @ stretch.mean(axis=1)) * 2.0 * pi)

    @property
    def surface_area_mm2(self) -> float:
        """Area by quadrature over the unit sphere (Gauss-Legendre by trapezoid), mm2.

        The area element is ``a b c sqrt(x^2/a^2 + y^2/b^2 + z^2/c^2)`` on the unit sphere; the
        rule converges geometrically and is at rounding for axis ratios up to 4.
        """
        return self._area


@dataclass(frozen=True)
class Box(_Turned):
    """A box with three half-edges."""

    half_edges_mm: Vector
    rotation: Rotation = UPRIGHT

    @property
    def _reach_mm(self) -> float:
        return float(np.linalg.norm(self.half_edges_mm))

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Signed distance to the surface, mm."""
        return _corner_distance(np.abs(self._own(points_mm)) - np.array(self.half_edges_mm))

    @property
    def volume_ml(self) -> float:
        """Product of the edges, ml."""
        return 8.0 * float(np.prod(self.half_edges_mm)) / 1000.0

    @property
    def surface_area_mm2(self) -> float:
        """Sum of the six faces, mm2."""
        a, b, c = self.half_edges_mm
        return 8.0 * (a * b + b * c + c * a)


@dataclass(frozen=True)
class Cylinder(_Turned):
    """A cylinder with flat ends, along its own z axis."""

    radius_mm: float
    half_length_mm: float
    rotation: Rotation = UPRIGHT

    @property
    def _reach_mm(self) -> float:
        return sqrt(self.radius_mm**2 + self.half_length_mm**2)

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Signed distance to the surface, mm."""
        own = self._own(points_mm)
        radial = _length(own[..., :2]) - self.radius_mm
        return _corner_distance(
            np.stack([radial, np.abs(own[..., 2]) - self.half_length_mm], axis=-1)
        )

    @property
    def volume_ml(self) -> float:
        """Base times length, ml."""
        return 2.0 * pi * self.radius_mm**2 * self.half_length_mm / 1000.0

    @property
    def surface_area_mm2(self) -> float:
        """Mantle and two ends, mm2."""
        return 2.0 * pi * self.radius_mm * (2.0 * self.half_length_mm + self.radius_mm)


@dataclass(frozen=True)
class Capsule(_Turned):
    """A cylinder with half balls as ends, along its own z axis."""

    radius_mm: float
    half_length_mm: float
    rotation: Rotation = UPRIGHT

    @property
    def _reach_mm(self) -> float:
        return self.radius_mm + self.half_length_mm

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Signed distance to the surface, mm."""
        own = self._own(points_mm).copy()
        own[..., 2] -= np.clip(own[..., 2], -self.half_length_mm, self.half_length_mm)
        return _length(own) - self.radius_mm

    @property
    def volume_ml(self) -> float:
        """Cylinder and ball, ml."""
        r, half = self.radius_mm, self.half_length_mm
        return (2.0 * pi * r**2 * half + 4.0 / 3.0 * pi * r**3) / 1000.0

    @property
    def surface_area_mm2(self) -> float:
        """Mantle and sphere, mm2."""
        return 4.0 * pi * self.radius_mm * (self.half_length_mm + self.radius_mm)


@dataclass(frozen=True)
class Torus(_Turned):
    """A ring about its own z axis."""

    ring_radius_mm: float
    tube_radius_mm: float
    rotation: Rotation = UPRIGHT

    def __post_init__(self) -> None:
        """Refuse a ring that has no hole: the closed forms need one."""
        if not 0.0 < self.tube_radius_mm < self.ring_radius_mm:
            message = (
                f"tube {self.tube_radius_mm} mm must be thinner than ring {self.ring_radius_mm}"
            )
            raise ValueError(message)

    @property
    def _reach_mm(self) -> float:
        return self.ring_radius_mm + self.tube_radius_mm

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Signed distance to the surface, mm."""
        own = self._own(points_mm)
        radial = _length(own[..., :2]) - self.ring_radius_mm
        return np.hypot(radial, own[..., 2]) - self.tube_radius_mm

    @property
    def volume_ml(self) -> float:
        """2 pi^2 R r^2, ml."""
        return 2.0 * pi**2 * self.ring_radius_mm * self.tube_radius_mm**2 / 1000.0

    @property
    def surface_area_mm2(self) -> float:
        """4 pi^2 R r, mm2."""
        return 4.0 * pi**2 * self.ring_radius_mm * self.tube_radius_mm


def _length(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    length: NDArray[np.float64] = np.sqrt((vectors * vectors).sum(axis=-1))
    return length


def _corner_distance(excess: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance to a box-like corner from the excess (..., n) over each of its walls."""
    outer = _length(np.maximum(excess, 0.0))
    inner: NDArray[np.float64] = np.minimum(excess.max(axis=-1), 0.0)
    return outer + inner
