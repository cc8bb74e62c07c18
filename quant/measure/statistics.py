"""Statistics of the values under all labels of a label map at once, and under one region."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quant.domain.arrays import as_values, narrow_labels
from quant.domain.region import INSIDE_WEIGHT, Region
from quant.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from quant.domain.protocol import PeakRule
    from quant.domain.volume import Volume


FIRST_ROWS = 256
"""Labels that there is room for at first."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelStatistics:
    """What N labels of a label map hold, in the order of their numbers.

    A label with a value that is not finite has NaN for all its statistics, and ``not_finite``
    says why.

    Parameters
    ----------
    labels : (N,) int64
        The labels that occur, without 0.
    unit : str
        Unit of the values.
    voxels : (N,) int64
    volumes_ml : (N,) float64
        Voxels times the volume of one.
    means, sds, minima, maxima : (N,) float64
        In ``unit``; SD over N.
    percentiles : (N, P) float64
        One column for each that was asked for, in ``unit``, interpolated linearly.
    not_finite : (N,) int64
        Number of voxels whose value is NaN or infinite.
    corners, shapes : (N, 3) int64
        Box of each label: index k, j, i of its first voxel, and its size.
    """

    labels: "NDArray[np.int64]"
    unit: str
    voxels: "NDArray[np.int64]"
    volumes_ml: "NDArray[np.float64]"
    means: "NDArray[np.float64]"
    sds: "NDArray[np.float64]"
    minima: "NDArray[np.float64]"
    maxima: "NDArray[np.float64]"
    percentiles: "NDArray[np.float64]"
    not_finite: "NDArray[np.int64]"
    corners: "NDArray[np.int64]"
    shapes: "NDArray[np.int64]"

    def box(self, row: int) -> tuple[slice, slice, slice]:
        """Slices that cut the box of the label in a row out of an array on the grid."""
        k, j, i = (
            slice(int(c), int(c + n))
            for c, n in zip(self.corners[row], self.shapes[row], strict=True)
        )
        return k, j, i


def measure_label_statistics(
    labels: "NDArray[Any]",
    volume: "Volume",
    percents: "Sequence[float]" = (),
) -> LabelStatistics:
    """Measure count, mean, SD, extrema and box of all labels in one pass over the label map.

    Parameters
    ----------
    labels : (K, J, I) integer or bool
        0 is background. Best uint8 or uint16 and C-contiguous; else a copy is made.
    volume : Volume
        Values on the same grid.
    percents : sequence of float
        Percentiles, 0 to 100, asked for; they cost a second pass.

    Returns
    -------
    LabelStatistics
        Without rows when no voxel has a label.

    Raises
    ------
    TypeError
        If the labels are not whole numbers.
    ValueError
        If the label map is not on the volume's grid, a label is negative, or a percentile leaves
        0..100.

    Notes
    -----
    Sums are made in float64, squares about the mean of each run of voxels, in the order of the
    array: the result does not depend on the number of threads, and a large offset of the values
    costs no digits.
    """
    from quant_kernels.statistics import label_statistics

    wanted = np.asarray(percents, dtype=np.float64).reshape(-1)
    if not ((wanted >= 0.0) & (wanted <= 100.0)).all():
        message = f"percentiles are 0 to 100, got {list(percents)}"
        raise ValueError(message)
    _require_grid(labels, volume)
    narrow, names = narrow_labels(labels)
    given = _with_words(narrow)
    rows = FIRST_ROWS
    while True:  # label maps hold few labels as a rule: no large tables in advance
        boxes, moments = np.zeros((rows, 7), dtype=np.int64), np.zeros((rows, 5))
        top = int(label_statistics(*given, volume.values, boxes, moments))
        if top < rows:
            break
        rows = max(16 * rows, top + 1)
    found = np.flatnonzero(boxes[: top + 1, 6])
    boxes, moments = boxes[found], moments[found]
    voxels, not_finite = boxes[:, 6], moments[:, 4].astype(np.int64)
    moments[not_finite > 0, :4] = np.nan
    return LabelStatistics(
        labels=names[found].astype(np.int64),
        unit=str(volume.unit),
        voxels=voxels,
        volumes_ml=voxels.astype(np.float64) * volume.grid.voxel_volume_ml,
        means=moments[:, 0] / voxels,
        sds=np.sqrt(moments[:, 1] / voxels),
        minima=moments[:, 2],
        maxima=moments[:, 3],
        percentiles=_percentiles(given, volume.values, (found, voxels, not_finite), wanted),
        not_finite=not_finite,
        corners=boxes[:, :3],
        shapes=boxes[:, 3:6] + 1 - boxes[:, :3],
    )


def measure_label_peaks(
    labels: "NDArray[Any]",
    volume: "Volume",
    found: LabelStatistics,
    volume_ml: float,
    rule: "PeakRule",
) -> "tuple[NDArray[np.float64], NDArray[np.int64]]":
    """Find the highest mean over a small sphere centred on any voxel of each label.

    Parameters
    ----------
    labels, volume
        As for :func:`measure_label_statistics`.
    found : LabelStatistics
        Its result for them; only the box of each label is searched.
    volume_ml : float
        Volume of the sphere, 1 ml for SUVpeak.
    rule : PeakRule
        Which voxels count, and how much.

    Returns
    -------
    peaks : (N,) float64
        In the volume's unit; NaN where a value within reach of the sphere is not finite.
    centres : (N, 3) int64
        Index k, j, i of the best centre; of equal ones the first in world coordinates x, y, z.

    References
    ----------
    IBSI 0F91; see :func:`quant.reference.stencil.peak`
    """
    from quant.reference.stencil import peak

    _require_grid(labels, volume)
    peaks, centres = np.full(found.labels.size, np.nan), np.zeros((found.labels.size, 3), np.int64)
    for row, label in enumerate(found.labels):
        weights = (labels[found.box(row)] == label).astype(np.float32)
        k, j, i = (int(c) for c in found.corners[row])
        region = Region(volume.grid, (k, j, i), weights, f"label {label}")
        try:
            peaks[row], centres[row] = peak(volume, region, volume_ml, rule)
        except StudyError as error:
            if error.code != "VALUES_NOT_FINITE":
                raise
    return peaks, centres


@dataclass(frozen=True, slots=True)
class RegionStatistics:
    """What a region with fractional weights holds.

    Parameters
    ----------
    mean, sd : float
        Every voxel weighs by the part of it inside; SD over the weights.
    voxels : int
        Voxels at least half inside.
    maximum : float
        Over those voxels; minus infinity without one.
    """

    mean: float
    sd: float
    voxels: int
    maximum: float


def region_statistics(volume: "Volume", region: Region) -> RegionStatistics:
    """Measure weighted mean and SD, and the maximum well inside, over a region's box.

    Parameters
    ----------
    volume : Volume
    region : Region
        On the volume's grid.

    Notes
    -----
    Values that are not finite make mean, SD and, well inside, the maximum not finite.
    """
    from quant_kernels.statistics import weighted_moments

    values = as_values(volume.values[region.box])
    mean, variance, voxels, most = weighted_moments(values, region.weights, INSIDE_WEIGHT)
    return RegionStatistics(float(mean), float(np.sqrt(variance)), int(voxels), float(most))


def _require_grid(labels: "NDArray[Any]", volume: "Volume") -> None:
    if labels.shape != volume.grid.shape:
        message = f"labels of shape {labels.shape} do not lie on the grid {volume.grid.shape}"
        raise ValueError(message)


def _with_words(labels: "NDArray[Any]") -> "tuple[NDArray[Any], NDArray[np.uint64]]":
    """Give the kernels a label map, and its memory as whole words."""
    if labels.ctypes.data % 8 != 0:
        labels = labels.copy()
        labels.flags.writeable = False
    flat = labels.reshape(-1)
    whole = flat.nbytes // 8 * 8 // flat.itemsize
    return labels, flat[:whole].view(np.uint64)


def _percentiles(
    given: "tuple[NDArray[Any], NDArray[np.uint64]]",
    values: "NDArray[np.float32]",
    found: "tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]",
    percents: "NDArray[np.float64]",
) -> "NDArray[np.float64]":
    """Exact percentiles (N, P) from the values of each label; NaN where one is not finite."""
    from quant_kernels.statistics import gather_by_label

    labels, voxels, not_finite = found
    table = np.full((labels.size, percents.size), np.nan)
    if table.size == 0:
        return table
    ends = np.cumsum(voxels)
    places = np.zeros(int(labels[-1]) + 1, dtype=np.int64)
    places[labels] = ends - voxels
    gathered = np.empty(int(ends[-1]), dtype=np.float32)
    gather_by_label(*given, values, places, gathered)
    for row in np.flatnonzero(not_finite == 0):
        own = gathered[ends[row] - voxels[row] : ends[row]]
        at = percents / 100.0 * (own.size - 1)
        below = np.floor(at).astype(np.int64)
        above = np.minimum(below + 1, own.size - 1)
        own.partition(np.unique(np.concatenate([below, above])))
        low, high = own[below].astype(np.float64), own[above].astype(np.float64)
        table[row] = low + (at - below) * (high - low)
    return table
