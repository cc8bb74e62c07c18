"""Statistics of label maps and the 1 ml peak of lesions against other packages, in one run.

``python benchmarks/label_statistics.py [--json FILE]``. Ratios are to the first contender. Peers
see the same arrays; those that are not installed are left out.
"""

import warnings
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from rows import Row, json_option, write_rows
from surface import ellipsoid, floors, lesions, table

from quant.domain.grid import Grid
from quant.domain.protocol import PeakRule
from quant.domain.region import Region
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.statistics import (
    measure_label_peaks,
    measure_label_statistics,
    region_statistics,
)
from quant.reference.stencil import peak

Labels = NDArray[np.generic]
Values = NDArray[np.float32]
Contenders = dict[str, Callable[[], object]]

PERCENTS = (5.0, 25.0, 50.0, 75.0, 95.0)


def volume(shape: tuple[int, int, int], spacing_mm: float) -> Volume:
    """Make noisy uptake on an axial grid."""
    values = np.random.default_rng(1).gamma(4.0, 25.0, shape).astype(np.float32)
    affine = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])[:, [2, 1, 0, 3]]
    return Volume(Grid(shape, affine), values, Unit.COUNTS)


def simple_itk(labels: Labels, values: Values) -> list[tuple[float, ...]]:
    """Mean, SD, extrema of every label."""
    import SimpleITK as sitk  # noqa: N813 - its usual short name

    found = sitk.LabelIntensityStatisticsImageFilter()
    found.Execute(sitk.GetImageFromArray(labels), sitk.GetImageFromArray(values))
    return [
        (found.GetMean(n), found.GetStandardDeviation(n), found.GetMinimum(n), found.GetMaximum(n))
        for n in found.GetLabels()
    ]


def simple_itk_plain(labels: Labels, values: Values) -> list[tuple[float, ...]]:
    """Mean, SD, extrema of every label by the filter without shape."""
    import SimpleITK as sitk  # noqa: N813 - its usual short name

    found = sitk.LabelStatisticsImageFilter()
    found.Execute(sitk.GetImageFromArray(values), sitk.GetImageFromArray(labels))
    return [
        (found.GetMean(n), found.GetSigma(n), found.GetMinimum(n), found.GetMaximum(n))
        for n in found.GetLabels()
    ]


def scikit_image(labels: Labels, values: Values) -> dict[str, NDArray[np.float64]]:
    """Mean, SD, extrema of every label as a table."""
    from skimage.measure import regionprops_table

    what = ("label", "intensity_mean", "intensity_std", "intensity_min", "intensity_max")
    found: dict[str, NDArray[np.float64]] = regionprops_table(labels, values, properties=what)
    return found


def numpy_crops(labels: Labels, values: Values, percents: tuple[float, ...]) -> list[object]:
    """Mean, SD, extrema and percentiles of every label on its box (boxes by SciPy)."""
    from scipy.ndimage import find_objects

    found: list[object] = []
    for number, box in enumerate(find_objects(labels), start=1):
        own = values[box][labels[box] == number]
        if own.size:
            found.append((own.mean(), own.std(), own.min(), own.max()))
            found.append(np.percentile(own, percents) if percents else None)
    return found


def all_labels(labels: Labels, on: Volume, name: str) -> list[Row]:
    """Count, mean, SD, extrema and box of all labels, then percentiles too."""
    values = on.values
    plain: Contenders = {
        "ours: count, mean, SD, extrema, box": lambda: measure_label_statistics(labels, on),
        "scikit-image: regionprops_table": lambda: scikit_image(labels, values),
        "SimpleITK: LabelIntensityStatistics": lambda: simple_itk(labels, values),
        "SimpleITK: LabelStatistics": lambda: simple_itk_plain(labels, values),
        "numpy: on each label's box": lambda: numpy_crops(labels, values, ()),
        **floors(labels),
    }
    more: Contenders = {
        "ours: and 5 exact percentiles": lambda: measure_label_statistics(labels, on, PERCENTS),
        "numpy: and 5 exact percentiles": lambda: numpy_crops(labels, values, PERCENTS),
        **floors(labels),
    }
    return [
        *table("statistics of all labels", name, plain, 5, 3),
        *table("statistics and percentiles of all labels", name, more, 5, 2),
    ]


def mirp_peaks(mask: NDArray[np.uint8], values: Values, spacing_mm: float) -> object:
    """Means about every voxel of the region, without the rest that mirp's own entry does."""
    from mirp._features.local_intensity_features import (
        DataLocalIntensity,
    )
    from mirp._images.pet_image import PETImage
    from mirp._masks.base_mask import BaseMask

    place = {
        "image_spacing": (spacing_mm,) * 3,
        "image_origin": (0.0, 0.0, 0.0),
        "image_orientation": np.eye(3),
        "image_dimensions": values.shape,
    }
    image = PETImage(image_data=values, **place)
    region = BaseMask(roi_name="r", image_data=mask > 0, **place)
    region.roi_intensity = region.roi
    data = DataLocalIntensity()
    data.compute(image=image, mask=region)
    return data.data


def peaks(name: str, size: int, spacing_mm: float, radius_mm: float) -> list[Row]:
    """Highest mean over 1 ml centred in a lesion, from a whole volume."""
    from scipy.ndimage import correlate
    from scipy.signal import fftconvolve

    on = volume((size, size, size), spacing_mm)
    mask = ellipsoid((size, size, size), (spacing_mm,) * 3, (radius_mm,) * 3)
    region = Region.from_full(on.grid, mask.astype(np.float32), "lesion")
    margin = int(6.2 / spacing_mm) + 1
    box = tuple(slice(part.start - margin, part.stop + margin) for part in region.box)
    reach = np.arange(-margin, margin + 1) * spacing_mm
    away = reach[:, None, None] ** 2 + reach[:, None] ** 2 + reach**2
    ball = (away <= 6.2035**2).astype(np.float32)
    ball /= ball.sum()
    cut_mask, cut_values = np.ascontiguousarray(mask[box]), np.ascontiguousarray(on.values[box])
    contenders: Contenders = {
        "ours: fractional weights": lambda: peak(on, region, 1.0, PeakRule.FRACTIONAL),
        "ours: voxel centres, as all others": lambda: peak(on, region, 1.0, PeakRule.CENTRES),
        "scipy: correlate on the box": lambda: correlate(cut_values, ball)[cut_mask > 0].max(),  # noqa: PLW0108
        "scipy: fftconvolve on the box": lambda: fftconvolve(cut_values, ball, "same").max(),
    }
    if find_spec("mirp") is not None:
        contenders["mirp: on the box"] = lambda: mirp_peaks(cut_mask, cut_values, spacing_mm)
        contenders["mirp: on the volume"] = lambda: mirp_peaks(mask, on.values, spacing_mm)
    return table("1 ml peak of a lesion", f"{name}, {size}^3", contenders, 3)


def all_peaks(labels: NDArray[np.uint16], on: Volume, name: str) -> list[Row]:
    """Peaks of all labels in one call."""
    found = measure_label_statistics(labels, on)
    contenders: Contenders = {
        "ours: fractional weights": lambda: measure_label_peaks(
            labels, on, found, 1.0, PeakRule.FRACTIONAL
        ),
        **floors(labels),
    }
    return table("1 ml peaks of all labels", name, contenders, 3)


def one_region() -> list[Row]:
    """Weighted mean, SD and maximum under fractional weights."""
    on = volume((128, 128, 128), 3.0)
    weights = np.random.default_rng(2).random((80, 50, 60)).astype(np.float32)
    region = Region(on.grid, (20, 30, 40), weights, "liver")

    def by_numpy() -> tuple[float, float, float]:
        wide = region.weights.astype(np.float64)
        values = on.values[region.box].astype(np.float64)
        total = wide.sum()
        mean = (wide * values).sum() / total
        spread = np.sqrt((wide * (values - mean) ** 2).sum() / total)
        return float(mean), float(spread), float(values[region.mask].max())

    contenders: Contenders = {
        "ours: weighted mean, SD, maximum": lambda: region_statistics(on, region),
        "numpy: the same in passes": by_numpy,
        **floors(region.weights),
    }
    return table("statistics under weights", "80x50x60 of 128^3", contenders, 7, 5)


def main() -> None:
    """Print all tables."""
    warnings.simplefilter("ignore")
    options = json_option(__doc__).parse_args()
    on, labels = volume((256, 256, 256), 2.0), lesions()
    rows = [
        *all_labels(labels, on, "40 lesions, 256^3, uint16"),
        *all_peaks(labels, on, "40 lesions, 256^3, uint16"),
        *peaks("30 ml", 128, 3.0, 19.3),
        *peaks("1.1 l", 128, 3.0, 64.0),
        *one_region(),
    ]
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()
