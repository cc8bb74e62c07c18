"""Exact fractions of boxes inside a ball.

For planes at distances a, b, c >= 0 from the centre of the unit ball, the part of the ball beyond
all three is bounded by a triangle of three small circles on the sphere and by three flat faces.
Gauss and Bonnet give the area of the triangle, the divergence theorem the volume: a third of the
sum, over the faces, of area times distance from the centre. What is not elementary in it depends on
two of the three distances only, so a whole lattice of planes costs three tables of angles. The
weight of a voxel is the difference of that volume over its eight corners.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ball_weights(edges: tuple[Floats, Floats, Floats]) -> Floats:
    """Fraction of each box of a lattice inside the unit ball around the origin.

    Parameters
    ----------
    edges : tuple of (n + 1,) float64
        Where the boxes begin and end along each axis, increasing.

    Returns
    -------
    (n_0, n_1, n_2) float64
        Exact to about 1e-16 of the ball's volume, 1 where the box is wholly inside and 0 where it
        is wholly outside.
    """
    planes, places = [], []
    for along in edges:
        unique, inverse = np.unique(np.abs(np.append(0.0, along)), return_inverse=True)
        planes.append(unique)
        places.append(inverse)
    volume = _beyond(planes[0], planes[1], planes[2])
    for axis, along in enumerate(edges):
        volume = np.take(volume, places[axis], axis=axis)
        beyond = np.moveaxis(volume, axis, 0)
        signed = np.sign(along)[:, None, None] * (beyond[:1] - beyond[1:])
        volume = np.moveaxis(np.diff(signed, axis=0), 0, axis)
    sizes = _outer(np.diff(edges[0]), np.diff(edges[1]), np.diff(edges[2]), np.multiply)
    weights = np.clip(volume / sizes, 0.0, 1.0)
    squares = [_squares(along) for along in edges]
    nearest, farthest = (_outer(k, j, i, np.add) for k, j, i in zip(*squares, strict=True))
    weights[nearest >= 1.0] = 0.0
    weights[farthest <= 1.0] = 1.0
    return np.ascontiguousarray(weights)


def _outer(k: Floats, j: Floats, i: Floats, join: np.ufunc) -> Floats:
    joined: Floats = join(join(k[:, None, None], j[None, :, None]), i[None, None, :])
    return joined


def _squares(edges: Floats) -> tuple[Floats, Floats]:
    """Squared distance of the origin from the nearest and farthest point of each interval."""
    ends = np.square(np.stack([edges[:-1], edges[1:]]))
    holds = (edges[:-1] < 0.0) & (edges[1:] > 0.0)
    return np.where(holds, 0.0, ends.min(axis=0)), ends.max(axis=0)


def _beyond(k: Floats, j: Floats, i: Floats) -> Floats:
    """Volume of the unit ball beyond planes at distances k, j and i: all of them at once."""
    three = _pairs(k, j)[:, :, None] + _pairs(k, i)[:, None, :] + _pairs(j, i)[None, :, :]
    three += _outer(_single(k), _single(j), _single(i), np.add) - np.pi
    three -= 3.0 * _outer(k, j, i, np.multiply)
    reached = _outer(k * k, j * j, i * i, np.add) < 1.0
    return np.where(reached, np.maximum(three, 0.0) / 3.0, 0.0)


def _single(a: Floats) -> Floats:
    return np.pi * a * (0.75 - 0.25 * a * a)


def _pairs(a: Floats, b: Floats) -> Floats:
    """Angle between two small circles, and what their arcs and faces owe to one another."""
    rest_a, rest_b = np.maximum(1.0 - a * a, 0.0)[:, None], np.maximum(1.0 - b * b, 0.0)[None, :]
    a, b = a[:, None], b[None, :]
    met = a * a + b * b < 1.0
    side_a, side_b = np.sqrt(np.where(met, rest_a, 1.0)), np.sqrt(np.where(met, rest_b, 1.0))
    height = np.sqrt(np.where(met, 1.0 - a * a - b * b, 0.0))
    angle = np.arctan2(height, a * b)
    arc_a = a * (1.0 + 0.5 * side_a**2) * np.arctan2(height, b * np.ones_like(height))
    arc_b = b * (1.0 + 0.5 * side_b**2) * np.arctan2(height, a * np.ones_like(height))
    both: Floats = angle - arc_a - arc_b + a * b * height
    return both
