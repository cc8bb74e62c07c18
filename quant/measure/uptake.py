"""Uptake in a tumour or lesion region: maximum, mean, peak, volume."""

from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.domain.measurement import Measurement, negative_flags
from quant.domain.units import Quantity
from quant.measure.statistics import RegionStatistics, region_statistics
from quant.reference.stencil import peak

if TYPE_CHECKING:
    from quant.domain.protocol import UptakeSettings
    from quant.domain.region import Region
    from quant.domain.volume import Volume

MEAN_METHOD = "sum(weight x value) / sum(weight)"
INSIDE_METHOD = "voxels at least half inside"


def measure_uptake(
    volume: "Volume", region: "Region", settings: "UptakeSettings"
) -> tuple[Measurement, ...]:
    """Measure the uptake of one region on the emission volume.

    Parameters
    ----------
    volume : Volume
        Emission volume.
    region : Region
        Region on the volume's own grid.
    settings : UptakeSettings
        Volume and rule of the peak sphere.

    Returns
    -------
    tuple of Measurement
        ``tumour_max``, ``tumour_mean``, ``tumour_sd``, ``tumour_peak`` in the volume's unit,
        ``tumour_voxels`` and ``tumour_volume_ml``, for tumours and lesions alike. Maximum and
        peak need a voxel at least half inside the region; without one they are absent with
        ``REGION_BELOW_HALF``.

    Notes
    -----
    The mean and the standard deviation weigh every voxel by the part of it that lies inside the
    region; with the rule ``centre`` that is the plain mean over the voxels of the region.
    """
    found = region_statistics(volume, region)
    unit, roi = str(volume.unit), region.name
    return (
        *_maximum_and_peak(volume, region, found, settings),
        Measurement(
            "tumour_mean", found.mean, unit, roi, MEAN_METHOD, flags=negative_flags(found.mean)
        ),
        Measurement("tumour_sd", found.sd, unit, roi, "weighted, population"),
        Measurement("tumour_voxels", found.voxels, Quantity.NONE, roi, INSIDE_METHOD),
        Measurement(
            "tumour_volume_ml",
            region.volume_ml,
            Quantity.ML,
            roi,
            "sum of weights x voxel volume",
        ),
    )


def _maximum_and_peak(
    volume: "Volume", region: "Region", found: RegionStatistics, settings: "UptakeSettings"
) -> tuple[Measurement, Measurement]:
    unit, roi = str(volume.unit), region.name
    peak_method = f"{settings.peak_volume_ml:g} ml sphere, {settings.peak_rule}, best position"
    if found.voxels == 0:
        flags = (Flag("REGION_BELOW_HALF", f"largest weight {region.weights.max():.3f}"),)
        return (
            Measurement("tumour_max", None, unit, roi, INSIDE_METHOD, flags=flags),
            Measurement("tumour_peak", None, unit, roi, peak_method, flags=flags),
        )
    maximum = found.maximum
    best, _ = peak(volume, region, settings.peak_volume_ml, settings.peak_rule)
    return (
        Measurement("tumour_max", maximum, unit, roi, INSIDE_METHOD, flags=negative_flags(maximum)),
        Measurement("tumour_peak", float(best), unit, roi, peak_method, flags=negative_flags(best)),
    )
