"""Balls on a voxel grid: what the estimators of shape make of a perfect shape."""

import numpy as np
from numpy.typing import NDArray


def digital_ball(
    radius_mm: float, spacing_mm: NDArray[np.float64], offset: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Fill the voxels whose centre lies in a ball.

    Parameters
    ----------
    radius_mm : float
        Radius of the ball.
    spacing_mm : (3,) float64
        Voxel size (dk, dj, di).
    offset : (3,) float64
        Centre of the ball from the centre of a voxel, in voxels, 0 to 1.

    Returns
    -------
    (K, J, I) uint8
        1 inside; the array holds the whole ball.
    """
    squares = [
        ((np.arange(-reach, reach + 2) - shift) * step) ** 2
        for reach, shift, step in zip(
            np.ceil(radius_mm / spacing_mm).astype(int), offset, spacing_mm, strict=True
        )
    ]
    k, j, i = squares
    rest = radius_mm**2 - k[:, None] - j[None, :]
    ball: NDArray[np.uint8] = (i <= rest[:, :, None]).astype(np.uint8)
    return ball


def spread_points(count: int, dimensions: int) -> NDArray[np.float64]:
    """(count, dimensions) float64 in 0 to 1: a fixed, evenly spread sequence of points.

    Multiples of the powers of the root of x^(d + 1) = x + 1, modulo 1: the golden ratio's sequence
    in d dimensions.
    """
    root = 2.0
    for _ in range(64):
        root = (1.0 + root) ** (1.0 / (dimensions + 1.0))
    steps = root ** -np.arange(1.0, dimensions + 1.0)
    points: NDArray[np.float64] = (0.5 + np.arange(count)[:, None] * steps) % 1.0
    return points
