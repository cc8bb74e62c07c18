"""A CT read coarsely, for pictures: as few pixels and slices as a display needs."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.files.facts import text
from quant.dicom.files.streams import NATIVE
from quant.dicom.pixels.filling import SliceSource
from quant.dicom.slices.reading import place_slices, read_slices
from quant.dicom.values.calibration import slice_scales
from quant.domain.grid import Grid
from quant.domain.volume import Provenance, Volume
from quant.errors import GeometryError

if TYPE_CHECKING:
    from quant.dicom.geometry.planes import Placement
    from quant.domain.study import SeriesEntry

MOST_DECODED = 96
"""Compressed slices that are decoded at most: each takes some 20 ms."""

Range = tuple[int, int]


def read_thinned(series: "SeriesEntry", box: Grid, spacing_mm: float) -> Volume:
    """Read what a CT shows of a box, in voxels of up to ``spacing_mm`` (or its own, if larger).

    Parameters
    ----------
    series : SeriesEntry
        A CT.
    box : Grid
        What lies outside is left out, up to whole voxels.
    spacing_mm : float
        Pixels are averaged over squares no wider than this; of slices that are closer, some are
        left out.

    Returns
    -------
    Volume
        On the CT's own axes; for pictures, not for numbers.

    Raises
    ------
    StudyError
        See :func:`quant.dicom.slices.reading.read_slices`; ``GRID_INVALID`` when the CT does not
        reach the box.
    """
    placement = place_slices(series)
    ranges = _ranges(placement.grid, box)
    steps = [
        max(1, min(high - low, int(spacing_mm / mm)))
        for (low, high), mm in zip(ranges, placement.grid.spacing_mm, strict=True)
    ]
    if any(text(one.facts, "TransferSyntaxUID") not in NATIVE for one in placement.files):
        steps[0] = max(steps[0], -(-(ranges[0][1] - ranges[0][0]) // MOST_DECODED))
    chosen = range(ranges[0][0] + (steps[0] - 1) // 2, ranges[0][1], steps[0])
    if placement.resampling is None:
        scales = list(slice_scales(series.modality, placement.files))
        source = SliceSource(placement.files, scales, with_peaks=False)
        slices = [_squares(source.slice(k), ranges[1:], steps[1:]) for k in chosen]
        unit = scales[0].unit
    else:
        whole = read_slices(series)
        slices = [_squares(whole.values[k], ranges[1:], steps[1:]) for k in chosen]
        unit = whole.unit
    grid = _thinned_grid(placement, chosen, ranges, steps)
    return Volume(grid, np.stack(slices), unit, Provenance(series.series_uid, series.modality))


def _thinned_grid(
    placement: "Placement", chosen: range, ranges: list[Range], steps: list[int]
) -> Grid:
    """Return the grid of the squares' middles on the chosen slices."""
    sizes = [(high - low) // step for (low, high), step in zip(ranges, steps, strict=True)]
    middles = [low + (step - 1) / 2.0 for (low, _), step in zip(ranges, steps, strict=True)]
    affine = placement.grid.affine.copy()
    affine[:3, :3] *= steps
    affine[:3, 3] = placement.grid.to_mm([chosen[0], *middles[1:]])
    shape = (len(chosen), sizes[1], sizes[2])
    return Grid(shape, affine, placement.grid.frame_of_reference_uid)


def _ranges(grid: Grid, box: Grid) -> list[Range]:
    """Return the range of indices, along each axis of ``grid``, that holds ``box``."""
    index = grid.to_index(box.corners_mm())
    low = np.clip(np.floor(index.min(axis=0) + 0.5), 0, None).astype(int)
    high = np.minimum(np.ceil(index.max(axis=0) + 0.5).astype(int), grid.shape)
    if (high <= low).any():
        raise GeometryError(
            "GRID_INVALID",
            "The CT does not reach the emission volume.",
            found="no overlap",
            needed="a CT of the same part of the body",
            next_step="nothing, if no CT is meant to be shown",
        )
    return [(int(a), int(b)) for a, b in zip(low, high, strict=True)]


def _squares(
    pixels: NDArray[np.float32], ranges: list[Range], steps: list[int]
) -> NDArray[np.float32]:
    """Average the pixels of a slice over rectangles of so many rows and columns."""
    (top, bottom), (left, right) = ranges
    rows, columns = (bottom - top) // steps[0], (right - left) // steps[1]
    part = pixels[top : top + rows * steps[0], left : left + columns * steps[1]]
    mean: NDArray[np.float32] = part.reshape(rows, steps[0], columns, steps[1]).mean(axis=(1, 3))
    return mean
