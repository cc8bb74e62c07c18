"""The maximum 3D diameter against other packages, and its growth over shapes hard to prune.

``python benchmarks/diameter.py [--json FILE]``. Ratios are to the first contender of a table; the
floor is one reading of the mask. pyradiomics measures four diameters beside area and volume.
"""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from rows import Row, json_option, speed_rows, write_rows
from surface import BALL_30_ML, CT, LIVER_1_6_L, LIVER_1_L, Mask, Spacing, cut_out, floors, table
from timing import fastest_s

from quant.measure.shape.surface import max_diameter_mm, measure_surface

Contenders = dict[str, Callable[[], object]]

SIZES = (24, 48, 96, 192)


def scipy_hull(mask: Mask, spacing_mm: Spacing) -> float:
    """Mesh by scikit-image, convex hull and all its pairs by SciPy."""
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist
    from skimage.measure import marching_cubes

    padded = np.pad(mask, 1).astype(np.float32)
    vertices, _, _, _ = marching_cubes(padded, 0.5, spacing=spacing_mm, method="lorensen")
    return float(pdist(vertices[ConvexHull(vertices).vertices]).max())


def simple_itk(mask: Mask, spacing_mm: Spacing) -> float:
    """Feret diameter between voxel centres."""
    import SimpleITK as sitk  # noqa: N813 - its usual short name

    image = sitk.GetImageFromArray(mask)
    image.SetSpacing(spacing_mm[::-1])
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.ComputePerimeterOff()
    shape.ComputeFeretDiameterOn()
    shape.Execute(image)
    return float(shape.GetFeretDiameter(1))


def pyradiomics(mask: Mask, spacing_mm: Spacing) -> object:
    """Area, volume and diameters by its C extension."""
    from radiomics import cShape

    return cShape.calculate_coefficients(np.pad(mask, 1).astype(np.int32), np.array(spacing_mm))


def region(name: str, spacing_mm: Spacing, radii_mm: Spacing, *, slow: bool) -> list[Row]:
    """Diameter alone, and with area and volume, of a region on its box."""
    mask = cut_out(spacing_mm, radii_mm)

    def with_surface() -> tuple[object, float]:
        return measure_surface(mask, spacing_mm), max_diameter_mm(mask, spacing_mm)

    alone: Contenders = {
        "ours: maximum diameter": lambda: max_diameter_mm(mask, spacing_mm),
        "scipy: hull and pairs of scikit-image's mesh": lambda: scipy_hull(mask, spacing_mm),
    }
    both: Contenders = {"ours: area, volume, maximum diameter": with_surface}
    if slow:
        alone["SimpleITK: Feret of voxel centres"] = lambda: simple_itk(mask, spacing_mm)
        if find_spec("radiomics") is not None:
            both["pyradiomics: area, volume, diameters"] = lambda: pyradiomics(mask, spacing_mm)
    size = f"{name}, {'x'.join(str(n) for n in mask.shape)}"
    return [
        *table("maximum diameter", size, {**alone, **floors(mask)}, 3, 2),
        *table("surface with maximum diameter", size, {**both, **floors(mask)}, 3, 2),
    ]


def hard_shape(name: str, n: int) -> Mask:
    """Shapes that are all alike, or where nothing lies opposite, or that are thin."""
    at = np.linspace(-1.0, 1.0, n)
    k, j, i = at[:, None, None], at[:, None], at
    away = k * k + j * j + i * i
    step = 2.0 / n
    inside = {
        "ball": away <= 1.0,
        "hollow shell": (away <= 1.0) & (away >= (1.0 - 2.0 * step) ** 2),
        "three quarters of a ball": (away <= 1.0) & (k >= -0.5),
        "box": away >= 0.0,
        "disc, one slice": (j * j + i * i <= 1.0) & (np.abs(k) < step),
        "line along slices": (np.abs(j) < step) & (np.abs(i) < step) & (away >= 0.0),
        "noise": np.random.default_rng(1).random((n, n, n)) < 0.3,
    }
    return np.ascontiguousarray(inside[name]).astype(np.uint8)


def growth(name: str) -> list[Row]:
    """Time by size; the exponent over bytes of the box is 1 where growth is linear."""
    rows: list[Row] = []
    seconds = []
    for n in SIZES:
        mask = hard_shape(name, n)
        contenders: Contenders = {
            "ours: maximum diameter": lambda mask=mask: max_diameter_mm(mask, (1.5, 0.98, 0.98)),  # type: ignore[misc]
            **floors(mask),
        }
        times = fastest_s(contenders, 5, 2)
        floor = times["numba: read every byte"]
        seconds.append(times["ours: maximum diameter"])
        rows += speed_rows("maximum diameter of hard shapes", f"{name}, {n}^3", times, floor)
    exponent = np.polyfit(3.0 * np.log(SIZES[-3:]), np.log(seconds[-3:]), 1)[0]
    shown = "  ".join(f"{1e3 * one:8.3f}" for one in seconds)
    print(f"  {name:28} {shown} ms   exponent {exponent:.2f}")  # noqa: T201
    return rows


def main() -> None:
    """Print all tables."""
    options = json_option(__doc__).parse_args()
    rows = [
        *region("30 ml ball, 3 mm", (3.0,) * 3, BALL_30_ML, slow=True),
        *region("1 l, 3 mm", (3.0,) * 3, LIVER_1_L, slow=True),
        *region("1.6 l, 1.95 mm", (1.95,) * 3, LIVER_1_6_L, slow=True),
        *region("1.6 l, CT", CT, LIVER_1_6_L, slow=False),
    ]
    print(f"maximum diameter of hard shapes in boxes of {SIZES} voxels a side")  # noqa: T201
    for name in (
        "ball", "hollow shell", "three quarters of a ball", "box", "disc, one slice",
        "line along slices", "noise",
    ):  # fmt: skip
        rows += growth(name)
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()
