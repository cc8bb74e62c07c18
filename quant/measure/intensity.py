"""First-order statistics of the values inside a region: the 18 of the IBSI, and its two peaks."""

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.measurement import Measurement
from quant.domain.protocol import PeakRule
from quant.domain.region import Region
from quant.domain.units import Quantity
from quant.domain.volume import Volume
from quant.errors import StudyError
from quant.reference.stencil import local_peak, peak

_POWERS = {
    "variance": 2,
    "energy": 2,
    "skewness": 0,
    "excess_kurtosis": 0,
    "coefficient_of_variation": 0,
    "quartile_coefficient_of_dispersion": 0,
}
_NAMES = (
    "mean", "variance", "skewness", "excess_kurtosis", "median", "minimum", "percentile_10",
    "percentile_90", "maximum", "interquartile_range", "range", "mean_absolute_deviation",
    "robust_mean_absolute_deviation", "median_absolute_deviation", "coefficient_of_variation",
    "quartile_coefficient_of_dispersion", "energy", "root_mean_square",
)  # fmt: skip
_PEAKS = {
    "peak_local": "IBSI VJGA: mean about the voxel with the highest value",
    "peak_global": "IBSI 0F91: highest mean about any voxel",
}

PEAK_ML = 1.0
"""Volume of the IBSI peak sphere."""


def intensity_statistics(values: NDArray[np.float64]) -> dict[str, float]:
    """Compute the IBSI intensity statistics of a set of values.

    Parameters
    ----------
    values : (N,) float64
        At least one finite value, any unit ``u``.

    Returns
    -------
    dict of str to float
        By name, in this order, with the IBSI tag and the unit:

        ``mean`` (Q4LE, u), ``variance`` (ECT3, u^2, over N), ``skewness`` (KE2A, 1),
        ``excess_kurtosis`` (IPH6, 1), ``median`` (Y12H, u), ``minimum`` (1GSF, u),
        ``percentile_10`` (QG58, u), ``percentile_90`` (8DWT, u), ``maximum`` (84IY, u),
        ``interquartile_range`` (SALO, u), ``range`` (2OJQ, u), ``mean_absolute_deviation``
        (4FUA, u), ``robust_mean_absolute_deviation`` (1128, u, of the values between the 10th and
        90th percentiles), ``median_absolute_deviation`` (N72L, u: mean distance from the median),
        ``coefficient_of_variation`` (7TET, 1), ``quartile_coefficient_of_dispersion`` (9S40, 1),
        ``energy`` (N8CA, u^2), ``root_mean_square`` (5ZWQ, u).

        NaN where a denominator is 0: skewness and kurtosis of equal values, variation about a mean
        of 0, dispersion with quartiles that add up to 0, robust deviation when no value lies
        between the percentiles (two values). Percentiles are interpolated linearly.

    Raises
    ------
    ValueError
        If there is no value, or one is not finite.

    References
    ----------
    Zwanenburg et al., IBSI reference manual, arXiv:1612.07003, section "Intensity-based
    statistical features"
    """
    values = np.asarray(values, dtype=np.float64).ravel()
    if values.size == 0 or not np.isfinite(values).all():
        message = f"intensity statistics need finite values, got {values.size} with a gap or none"
        raise ValueError(message)
    mean = float(values.mean())
    minimum, maximum = float(values.min()), float(values.max())
    deviations = values - mean
    # rounding of the mean must not make equal values differ
    variance = float((deviations**2).mean()) if maximum > minimum else 0.0
    p10, p25, median, p75, p90 = (float(p) for p in np.percentile(values, [10, 25, 50, 75, 90]))
    middle = values[(values >= p10) & (values <= p90)]
    energy = float(values @ values)
    numbers = (
        mean,
        variance,
        _ratio(float((deviations**3).mean()), variance**1.5),
        _ratio(float((deviations**4).mean()), variance**2) - 3.0,
        median,
        minimum,
        p10,
        p90,
        maximum,
        p75 - p25,
        maximum - minimum,
        float(np.abs(deviations).mean()),
        float(np.abs(middle - middle.mean()).mean()) if middle.size else float("nan"),
        float(np.abs(values - median).mean()),
        _ratio(float(np.sqrt(variance)), mean),
        _ratio(p75 - p25, p75 + p25),
        energy,
        float(np.sqrt(energy / values.size)),
    )
    return dict(zip(_NAMES, numbers, strict=True))


def _ratio(numerator: float, denominator: float) -> float:
    """Quotient, or NaN when the denominator is 0."""
    return numerator / denominator if denominator != 0.0 else float("nan")


def measure_intensity(
    volume: Volume, region: Region, interval: tuple[float, float] | None
) -> tuple[Measurement, ...]:
    """Measure the intensity statistics over the voxels at least half inside a region.

    Parameters
    ----------
    volume : Volume
    region : Region
        On the volume's grid.
    interval : (low, high) tuple of float, or None
        Re-segmentation: only voxels with a value from ``low`` to ``high``, both included.

    Returns
    -------
    tuple of Measurement
        ``intensity_<name>`` for each name of :func:`intensity_statistics`, then
        ``intensity_peak_local`` (VJGA: about the voxel with the highest value) and
        ``intensity_peak_global`` (0F91: the highest of all). Peaks are means over the voxels whose
        centre lies within a sphere of 1 cm3, in the region or beside it, whatever rule the protocol
        has for ``tumour_peak``. Absent with ``REGION_BELOW_HALF``, ``INTERVAL_EMPTY`` or
        ``VALUES_INVALID`` when there is nothing to measure, with ``STATISTIC_UNDEFINED`` where the
        quotient does not exist, with ``VALUES_NOT_FINITE`` where a peak would reach such a voxel.

    Raises
    ------
    GeometryError
        ``BAD_IOP`` if the grid is sheared.
    ValueError
        If the region does not lie on the volume's grid.
    """
    if not region.grid.matches(volume.grid):
        message = f"region {region.name!r} does not lie on the grid of the volume"
        raise ValueError(message)
    mask = region.mask
    values = volume.values[region.box][mask].astype(np.float64)
    method = "voxels with weight >= 0.5"
    reason = Flag("REGION_BELOW_HALF", region.name)
    if interval is not None:
        method += f" and value from {interval[0]:g} to {interval[1]:g} {volume.unit}"
    if values.size and not np.isfinite(values).all():
        reason = Flag("VALUES_INVALID", f"{np.count_nonzero(~np.isfinite(values))} voxels")
        values = values[:0]
    elif values.size and interval is not None:
        reason = Flag("INTERVAL_EMPTY", f"values from {values.min():g} to {values.max():g}")
        kept = (values >= interval[0]) & (values <= interval[1])
        mask[mask] = kept
        values = values[kept]
    numbers = intensity_statistics(values) if values.size else dict.fromkeys(_NAMES, np.nan)
    if values.size:
        reason = Flag("STATISTIC_UNDEFINED", "spread, mean, quartiles or middle of the values")
    statistics = tuple(
        Measurement(
            f"intensity_{name}",
            number if np.isfinite(number) else None,
            _unit(name, volume.unit),
            region.name,
            method,
            flags=() if np.isfinite(number) else (reason,),
        )
        for name, number in numbers.items()
    )
    if not values.size:
        mask = np.zeros_like(mask)
    return statistics + _peaks(volume, region, mask, (method, reason))


def _peaks(
    volume: Volume, region: Region, mask: NDArray[np.bool_], why: tuple[str, Flag]
) -> tuple[Measurement, ...]:
    """Measure both IBSI peaks with their centre in a mask over the region's box."""
    method, reason = why
    found: dict[str, float | None] = dict.fromkeys(_PEAKS)
    if mask.any():
        centres = Region(region.grid, region.corner, mask.astype(np.float32), region.name)
        try:
            for name, function in (("peak_local", local_peak), ("peak_global", peak)):
                found[name], _ = function(volume, centres, PEAK_ML, PeakRule.CENTRES)
        except StudyError as error:
            if error.code != "VALUES_NOT_FINITE":
                raise
            reason = Flag(error.code, "a voxel within reach of the peak")
            found = dict.fromkeys(_PEAKS)
    return tuple(
        Measurement(
            f"intensity_{name}",
            value,
            str(volume.unit),
            region.name,
            f"{_PEAKS[name]}, {PEAK_ML:g} cm3 by voxel centres; {method}",
            flags=() if value is not None else (reason,),
        )
        for name, value in found.items()
    )


def _unit(name: str, unit: str) -> str:
    """Return the unit of a statistic of values in ``unit``."""
    power = _POWERS.get(name, 1)
    if power == 0:
        return Quantity.NONE.value
    return f"{unit}^2" if power == 2 else str(unit)
