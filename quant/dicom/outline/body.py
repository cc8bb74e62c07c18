"""The outline of the body on a CT, coarsely: enough to tell which way up a volume lies."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.files.facts import text
from quant.dicom.files.streams import NATIVE
from quant.dicom.geometry.planes import plane_of
from quant.dicom.pixels.stored import PixelReader
from quant.dicom.values.calibration import rescale_of
from quant.dicom.volumes import read_volume

if TYPE_CHECKING:
    from quant.dicom.geometry.planes import Placement
    from quant.domain.grid import Grid
    from quant.domain.study import SeriesEntry

BODY_HU = -300.0
"""What is denser belongs to the body, or to the table."""

FINE_MM, COARSE_MM = 4.0, 8.0
"""Pixels are looked at every 4 mm and counted in squares of 8 mm."""

MOST_SLICES, MOST_DECODED = 40, 8
"""Slices that are read, stored as they are or compressed."""

MOST_VOXELS = 2**24
"""A CT that cannot be read slice by slice is looked at when it is not larger than that."""

HALF = 0.5

THICK = 3
"""The body is somewhere thicker than that many squares; the shells of a table are not."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """Where the body is, on a lattice of points that has the axes of the CT.

    Parameters
    ----------
    points_mm : (K, J, I, 3) float64
        LPS mm.
    body : (K, J, I) bool
        Air inside (lungs, gut) counts as body.
    """

    points_mm: NDArray[np.float64]
    body: NDArray[np.bool_]


def outline_of_ct(series: "SeriesEntry", placement: "Placement") -> Outline | None:
    """Read as few slices of a CT as its outline needs; None where that would take too long.

    Stored slices are looked at where they lie, also when the CT is resampled to be read (gaps,
    uneven slices, gantry tilt).

    Parameters
    ----------
    series : SeriesEntry
        A CT that can be read.
    placement : Placement
        Where it lies.

    Raises
    ------
    StudyError
        See :func:`quant.dicom.volumes.read_volume`.
    """
    files = placement.files
    rows, columns = pixel_steps(placement.grid)
    planes = [plane_of(one.facts) for one in files]
    positions = np.array([plane[0] for plane in planes if plane is not None])
    if placement.frames or len(positions) < max(2, len(files)):
        return _outline_of_whole(series, placement.grid)
    native = all(text(one.facts, "TransferSyntaxUID") in NATIVE for one in files)
    length_mm = float(np.linalg.norm(positions[-1] - positions[0]))
    chosen = _evenly(len(files), length_mm, MOST_SLICES if native else MOST_DECODED)
    reader, hu = PixelReader(), []
    for k in chosen:
        slope, intercept = rescale_of(files[k].facts)
        stored = reader.read(files[k])[0][::rows, ::columns].astype(np.float32)
        hu.append(stored * np.float32(1.0 if slope is None else slope) + np.float32(intercept))
    return outline_of(np.stack(hu), positions[chosen], placement.grid)


def _outline_of_whole(series: "SeriesEntry", grid: "Grid") -> Outline | None:
    if np.prod(grid.shape) > MOST_VOXELS:
        return None
    chosen = _evenly(grid.shape[0], grid.shape[0] * float(grid.spacing_mm[0]), MOST_SLICES)
    rows, columns = pixel_steps(grid)
    hu = read_volume(series).values[chosen][:, ::rows, ::columns]
    return outline_of(hu, grid.to_mm([(k, 0, 0) for k in chosen]), grid)


def _evenly(slices: int, length_mm: float, most: int) -> NDArray[np.intp]:
    """Return slices that are evenly spread, about 8 mm apart or farther, at most so many."""
    count = max(2, min(most, round(length_mm / COARSE_MM)))
    return np.unique(np.rint(np.linspace(0, slices - 1, count)).astype(np.intp))


def outline_of(hu: NDArray[np.float32], positions_mm: NDArray[np.float64], grid: "Grid") -> Outline:
    """Find the body on some slices of a CT.

    Parameters
    ----------
    hu : (K, J, I) float32
        Hounsfield units of the slices, every :func:`pixel_steps`-th pixel.
    positions_mm : (K, 3) float64
        Centre of the first pixel of each slice, LPS mm.
    grid : Grid
        Of the whole CT: gives the directions and spacings within a slice.
    """
    steps = pixel_steps(grid)
    factors = [
        max(1, min(size, round(COARSE_MM / (step * mm))))
        for size, step, mm in zip(hu.shape[1:], steps, grid.spacing_mm[1:], strict=True)
    ]
    share = block_mean((hu > BODY_HU).astype(np.float32), (1, factors[0], factors[1]))
    rows, columns = (
        (np.arange(size) * factor + (factor - 1) / 2.0) * step
        for size, factor, step in zip(share.shape[1:], factors, steps, strict=True)
    )
    down = rows[:, None, None] * grid.axes_mm[:, 1]
    along = columns[None, :, None] * grid.axes_mm[:, 2]
    points = positions_mm[:, None, None, :] + (down + along)[None]
    return Outline(points, _filled(_thick_parts(share >= HALF)))


def pixel_steps(grid: "Grid") -> tuple[int, int]:
    """Return how many rows and columns to go from one pixel looked at to the next."""
    rows, columns = (max(1, round(FINE_MM / mm)) for mm in grid.spacing_mm[1:])
    return rows, columns


def block_mean(values: NDArray[np.float32], factors: tuple[int, int, int]) -> NDArray[np.float32]:
    """Average (K, J, I) over blocks; what does not fill a block at the end is left out."""
    shape = [size // factor for size, factor in zip(values.shape, factors, strict=True)]
    k, j, i = (size * factor for size, factor in zip(shape, factors, strict=True))
    parts = [part for pair in zip(shape, factors, strict=True) for part in pair]
    blocks = values[:k, :j, :i].reshape(parts)
    return np.asarray(blocks.mean(axis=(1, 3, 5), dtype=np.float32))


def _thick_parts(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep what is connected to something thick: the table's shells are thin."""
    seed = mask.copy()
    for _ in range(THICK // 2):
        for axis in (1, 2):
            seed &= _shifted(seed, axis, 1) & _shifted(seed, axis, -1)
    return _flooded(seed, mask, (0, 1, 2))


def _filled(body: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill, slice by slice, the air that the border of the picture does not reach."""
    border = np.zeros_like(body)
    border[:, [0, -1], :] = True
    border[:, :, [0, -1]] = True
    return ~_flooded(border & ~body, ~body, (1, 2))


def _flooded(
    seed: NDArray[np.bool_], mask: NDArray[np.bool_], axes: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Return the parts of ``mask`` that ``seed`` touches, going along the given axes."""
    flood = seed & mask
    size = -1
    while size != (size := int(np.count_nonzero(flood))):
        for axis in axes:
            _spread(flood, mask, axis)
    return flood


def _spread(flood: NDArray[np.bool_], mask: NDArray[np.bool_], axis: int) -> None:
    """Go one step both ways along an axis, in place."""
    flood, mask = np.moveaxis(flood, axis, 0), np.moveaxis(mask, axis, 0)
    flood[1:] |= flood[:-1] & mask[1:]
    flood[:-1] |= flood[1:] & mask[:-1]


def _shifted(mask: NDArray[np.bool_], axis: int, by: int) -> NDArray[np.bool_]:
    """Shift by one along an axis; what comes in is False."""
    moved = np.roll(mask, by, axis)
    np.moveaxis(moved, axis, 0)[0 if by > 0 else -1] = False
    return moved
