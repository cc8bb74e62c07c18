"""A digital skeleton: a child's bones as plain solids, named as TotalSegmentator names them.

Sizes are those of a small child in round numbers; every bone is a solid of known volume, so that a
cut through it takes a known part of it. The patient lies supine: LPS, mm, with +x to the left, +y
to the back and +z to the head.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant.phantom.bodies.compounds import Clipped
from quant.phantom.bodies.solids import (
    UPRIGHT,
    Body,
    Box,
    Capsule,
    Cylinder,
    Ellipsoid,
    Points,
    Torus,
    Vector,
    rotation_deg,
)

SIDES = {"left": 1.0, "right": -1.0}
"""Sign of x (LPS) of each side."""

SPINE_Y, SPINE_TOP = 45.0, 255.0
HEIGHTS_MM = {"C": (7, 10.0), "T": (12, 14.0), "L": (5, 19.0)}
"""Number and height of the vertebrae of each part of the spine; 1 mm between them."""

RIB_Y, RIB_RADIUS, RIB_TUBE, RIB_FROM_X = -25.0, 75.0, 4.0, 14.0
"""Ribs are half rings about the chest, from ``RIB_FROM_X`` on either side of the midline."""


@dataclass(frozen=True)
class Within(Body):
    """A body whose box is known more closely than its own class knows it: drawing it is quick."""

    body: Body
    low_mm: Vector
    high_mm: Vector

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Field of the body, mm."""
        return self.body.field_mm(points_mm)

    def bounds_mm(self) -> tuple[Points, Points]:
        """Return the box that was given."""
        return np.array(self.low_mm), np.array(self.high_mm)


def close_box(body: Body) -> Body:
    """Return a body with the closest upright box that its kind allows."""
    low, high = (corner.copy() for corner in body.bounds_mm())
    inner = body
    while isinstance(inner, Clipped):
        for axis, step in enumerate(inner.normal):
            if step > 0:
                low[axis] = max(low[axis], inner.offset_mm)
            elif step < 0:
                high[axis] = min(high[axis], -inner.offset_mm)
        inner = inner.body
    half = _half_mm(inner)
    if half is not None:
        centre, reach = half
        low, high = np.maximum(low, centre - reach), np.minimum(high, centre + reach)
    (x, y, z), (u, v, w) = low.tolist(), high.tolist()
    return Within(body, (x, y, z), (u, v, w))


def _half_mm(body: Body) -> tuple[Points, Points] | None:
    """Return centre and half extents of an upright solid; None for other bodies."""
    if isinstance(body, Within):
        low, high = body.bounds_mm()
        return (low + high) / 2.0, (high - low) / 2.0
    if not isinstance(body, Box | Cylinder | Torus | Ellipsoid) or body.rotation != UPRIGHT:
        return None
    half: Vector
    if isinstance(body, Box):
        half = body.half_edges_mm
    elif isinstance(body, Cylinder):
        half = (body.radius_mm, body.radius_mm, body.half_length_mm)
    elif isinstance(body, Ellipsoid):
        half = body.semi_axes_mm
    else:
        outer = body.ring_radius_mm + body.tube_radius_mm
        half = (outer, outer, body.tube_radius_mm)
    return np.array(body.centre_mm), np.array(half)


_ACROSS = rotation_deg(0.0, 90.0, 0.0)


def vertebra_z(name: str) -> float:
    """Height of the centre of a vertebra, ``T5``, mm."""
    top = SPINE_TOP
    for part, (count, height) in HEIGHTS_MM.items():
        for number in range(1, count + 1):
            if name == f"{part}{number}":
                return top - height / 2.0
            top -= height + 1.0
    message = f"no vertebra {name}"
    raise KeyError(message)


def _spine() -> dict[str, Body]:
    return {
        f"vertebrae_{part}{number}": Box(
            (0.0, SPINE_Y, vertebra_z(f"{part}{number}")), (12.0, 12.0, height / 2.0)
        )
        for part, (count, height) in HEIGHTS_MM.items()
        for number in range(1, count + 1)
    }


def _sided(side: str) -> dict[str, Body]:
    """Bones of the trunk and the proximal limbs of one side."""
    x = SIDES[side]
    ribs: dict[str, Body] = {
        f"rib_{side}_{number}": Clipped(
            Torus((0.0, RIB_Y, vertebra_z(f"T{number}")), RIB_RADIUS, RIB_TUBE),
            (x, 0.0, 0.0),
            RIB_FROM_X,
        )
        for number in range(1, 13)
    }
    return ribs | {
        f"clavicula_{side}": Capsule((55.0 * x, -85.0, 186.0), 5.0, 30.0, _ACROSS),
        f"scapula_{side}": Box((70.0 * x, 70.0, 120.0), (25.0, 4.0, 35.0)),
        f"humerus_{side}": Cylinder((115.0 * x, 10.0, 90.0), 9.0, 80.0),
        f"hip_{side}": Ellipsoid((52.0 * x, 25.0, -150.0), (32.0, 20.0, 40.0)),
        f"femur_{side}": Cylinder((60.0 * x, 10.0, -300.0), 11.0, 100.0),
    }


def _distal(side: str) -> dict[str, Body]:
    """Forearm, hand, lower leg and foot of one side."""
    x = SIDES[side]
    return {
        f"ulna_{side}": Cylinder((109.0 * x, 10.0, -58.0), 5.0, 60.0),
        f"radius_{side}": Cylinder((121.0 * x, 10.0, -58.0), 5.0, 60.0),
        f"carpal_{side}": Box((115.0 * x, 10.0, -128.0), (12.0, 5.0, 6.0)),
        f"metacarpal_{side}": Box((115.0 * x, 10.0, -150.0), (12.0, 4.0, 12.0)),
        f"phalanges_hand_{side}": Box((115.0 * x, 10.0, -182.0), (12.0, 4.0, 16.0)),
        f"tibia_{side}": Cylinder((56.0 * x, 6.0, -488.0), 9.0, 80.0),
        f"fibula_{side}": Cylinder((72.0 * x, 14.0, -488.0), 4.0, 80.0),
        f"patella_{side}": Box((60.0 * x, -16.0, -402.0), (9.0, 4.0, 9.0)),
        f"tarsal_{side}": Box((60.0 * x, 0.0, -584.0), (12.0, 24.0, 12.0)),
        f"metatarsal_{side}": Box((60.0 * x, -44.0, -586.0), (12.0, 16.0, 8.0)),
        f"phalanges_feet_{side}": Box((60.0 * x, -74.0, -588.0), (12.0, 12.0, 6.0)),
    }


SKULL = Ellipsoid((0.0, 0.0, 330.0), (62.0, 75.0, 64.0))
STERNUM = Box((0.0, -100.0, 90.0), (10.0, 5.0, 45.0))

BONES: dict[str, Body] = {
    "skull": SKULL,
    **_spine(),
    "sacrum": Box((0.0, SPINE_Y, -124.0), (16.0, 12.0, 20.0)),
    "sternum": STERNUM,
    **_sided("left"),
    **_sided("right"),
}
"""What the free segmentation model delineates."""

DISTAL_BONES: dict[str, Body] = {**_distal("left"), **_distal("right")}
"""What it does not: forearms, hands, lower legs, feet."""
