"""Surface area by Crofton's formula: intersections with lines along thirteen directions.

A straight line that crosses a surface does so the more often the more surface there is. Of a binary
region the lines along the 13 directions to a voxel's neighbours are counted exactly, from the
histogram of its 2 x 2 x 2 cubes; each direction stands for its cell of the sphere (Voronoi), as the
voxel's size makes it.
"""

import itertools
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quant.mesh.lorensen import CORNERS, cube_bits

STEPS = np.array(
    [step for step in itertools.product((-1, 0, 1), repeat=3) if step > (0, 0, 0)], dtype=np.int64
)
"""(13, 3) int64: steps (dk, dj, di) to half of the 26 neighbours of a voxel; read-only."""
STEPS.flags.writeable = False


def crofton_areas(
    spacing_mm: NDArray[np.float64], shares: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Area that each filling of a 2 x 2 x 2 cube adds by Crofton's formula.

    Parameters
    ----------
    spacing_mm : (3,) float64
        Voxel size (dk, dj, di), mm; the axes stand at right angles.
    shares : (13,) float64, optional
        Part of all directions that each of :data:`STEPS` stands for, sum 1; by default the Voronoi
        cells of this voxel size (:func:`direction_shares`).

    Returns
    -------
    (256,) float64
        mm2. The area is twice the number of intersections per mm2 of cross-section, averaged over
        directions; there is one line of a direction per ``voxel volume / step length``.

    Notes
    -----
    Never convergent to the truth for planes of single directions (cubic voxels: up to 7 % off), but
    unbiased over all of them.

    References
    ----------
    Lehmann and Legland 2012, Efficient N-dimensional surface estimation using Crofton formula and
    run-length encoding, Insight Journal, hdl:10380/3342 (cubic voxels; the code in ITK)
    """
    lengths = np.linalg.norm(STEPS * spacing_mm, axis=1)
    if shares is None:
        first, second, third = (float(step) for step in spacing_mm)
        shares = direction_shares((first, second, third))
    return np.asarray(_crossings() @ (2.0 * shares * spacing_mm.prod() / lengths))


@lru_cache(maxsize=1)
def _crossings() -> NDArray[np.float64]:
    """(256, 13) float64: crossings of each direction that a cube has; shared pairs by their part.

    A pair of corners along an axis belongs to four cubes, along the diagonal of a face to two.
    """
    crossings = np.zeros((256, len(STEPS)))
    bits = np.array([cube_bits(code) for code in range(256)])
    where = {tuple(corner): bit for bit, corner in enumerate(CORNERS.tolist())}
    for column, step in enumerate(STEPS.tolist()):
        cubes = 2 ** (2 - int(np.count_nonzero(step) - 1))
        for corner, bit in where.items():
            other = tuple(int(c) + int(s) for c, s in zip(corner, step, strict=True))
            if other in where:
                crossings[:, column] += (bits[:, bit] != bits[:, where[other]]) / cubes
    crossings.flags.writeable = False
    return crossings


@lru_cache(maxsize=32)
def direction_shares(spacing_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """Part of all directions that lies nearest to each of the thirteen.

    Parameters
    ----------
    spacing_mm : (dk, dj, di) tuple of float

    Returns
    -------
    (13,) float64, read-only
        In the order of :data:`STEPS`; the sum is 1.
    """
    half = STEPS * np.array(spacing_mm)
    half = half / np.linalg.norm(half, axis=1)[:, None]
    germs = np.concatenate([half, -half])
    shares = np.array([_cell_area(germs, index) for index in range(len(half))]) / (2.0 * np.pi)
    shares.flags.writeable = False
    return shares


def _cell_area(germs: NDArray[np.float64], index: int) -> float:
    """Area on the unit sphere of the points nearest to one of the germs (N, 3).

    The corners of the cell are equally far from the germ and from two others, and no nearer to any;
    it is cut into triangles about the germ.
    """
    germ = germs[index]
    walls = germ - np.delete(germs, index, axis=0)
    first, second = np.triu_indices(len(walls), 1)
    corners = np.cross(walls[first], walls[second])
    lengths = np.linalg.norm(corners, axis=1)
    corners = corners[lengths > 1e-9] / lengths[lengths > 1e-9, None]
    corners = np.concatenate([corners, -corners])
    corners = corners[(corners @ walls.T >= -1e-9).all(axis=1)]
    across = np.cross(germ, np.eye(3)[np.argmin(np.abs(germ))])
    angles = np.arctan2(corners @ np.cross(germ, across), corners @ across)
    corners = corners[np.argsort(angles, kind="stable")]
    after = np.roll(corners, -1, axis=0)
    # solid angle of a triangle of unit vectors (Van Oosterom and Strackee 1983)
    triple = np.cross(corners, after) @ germ
    rest = 1.0 + corners @ germ + after @ germ + (corners * after).sum(axis=1)
    return float(2.0 * np.arctan2(triple, rest).sum())
