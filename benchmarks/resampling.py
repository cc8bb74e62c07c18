"""Label maps and volumes on other grids against other packages, in one run.

``python benchmarks/resampling.py [--json FILE]``. Ratios are to the first contender of a table.
Ours runs on one thread, SimpleITK on two. For masks, what becomes of the
volume stands in the table too.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rows import Row, json_option, write_rows
from surface import ellipsoid, floors, table

from quant.domain.grid import Grid
from quant.domain.shapes import LabelShape
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.resample import resample_linear
from quant.regions.labelmaps import label_weights

Contenders = dict[str, Callable[[], object]]
Spacing = tuple[float, float, float]

CT_SHAPE, CT_MM = (200, 512, 512), (2.0, 0.977, 0.977)
SPECT_SHAPE, SPECT_MM = (128, 128, 128), (3.9, 3.9, 3.9)


def grid(shape: tuple[int, int, int], spacing_mm: Spacing, degrees: float = 0.0) -> Grid:
    """Make a grid about the origin, turned about an oblique axis."""
    x, y, z = np.array([1.0, 2.0, 3.0]) / np.sqrt(14.0)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = np.deg2rad(degrees)
    turn = np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag(spacing_mm[::-1])[:, ::-1]
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2.0)
    return Grid(shape, affine)


def image(values: NDArray[np.generic], on: Grid) -> object:
    """Make a SimpleITK image of an array in its place."""
    import SimpleITK as sitk  # noqa: N813 - its usual short name

    made = sitk.GetImageFromArray(values)
    columns = on.axes_mm[:, ::-1] / on.spacing_mm[::-1]
    made.SetSpacing(tuple(float(v) for v in on.spacing_mm[::-1]))
    made.SetDirection(tuple(float(v) for v in columns.ravel()))
    made.SetOrigin(tuple(float(v) for v in on.affine[:3, 3]))
    return made


def volumes(name: str, source: Grid, target: Grid) -> list[Row]:
    """Resample a volume by trilinear interpolation."""
    import SimpleITK as sitk  # noqa: N813 - its usual short name

    rng = np.random.default_rng(0)
    values = rng.normal(0.0, 500.0, source.shape).astype(np.float32)
    volume = Volume(source, values, Unit.HU)
    still = image(values, source)
    like = image(np.zeros(target.shape, np.float32), target)

    def peer() -> object:
        return sitk.Resample(still, like, sitk.Transform(), sitk.sitkLinear, -1000.0)

    contenders: Contenders = {
        "ours: trilinear, one thread": lambda: resample_linear(volume, target, outside=-1000.0),
        "SimpleITK: trilinear, two threads": peer,
        **floors(values),
    }
    apart = np.abs(
        resample_linear(volume, target, outside=-1000.0).values - sitk.GetArrayFromImage(peer())
    ).max()
    print(f"largest difference to SimpleITK: {apart:.1e} HU")  # noqa: T201
    return table("volume on another grid", name, contenders, 3)


def masks(name: str, source: Grid, target: Grid, mask: NDArray[np.uint8]) -> list[Row]:
    """Lay a mask on a coarser grid."""
    import SimpleITK as sitk  # noqa: N813 - its usual short name

    shape = LabelShape("mask", source, mask)
    still = image(mask, source)
    like = image(np.zeros(target.shape, np.float32), target)

    def by(method: int, *, blurred: bool) -> NDArray[np.float32]:
        given = sitk.Cast(still, sitk.sitkFloat32)
        if blurred:
            given = sitk.SmoothingRecursiveGaussian(given, float(target.spacing_mm[0]) / 2.355)
        laid = sitk.Resample(given, like, sitk.Transform(), method, 0.0, sitk.sitkFloat32)
        found: NDArray[np.float32] = sitk.GetArrayFromImage(laid)
        return found

    contenders: dict[str, Callable[[], NDArray[np.generic]]] = {
        "ours: exact overlap, one thread": lambda: label_weights(shape, target, centres=False),
        "SimpleITK: nearest neighbour": lambda: by(sitk.sitkNearestNeighbor, blurred=False),
        "SimpleITK: trilinear": lambda: by(sitk.sitkLinear, blurred=False),
        "SimpleITK: Gaussian, then trilinear": lambda: by(sitk.sitkLinear, blurred=True),
    }
    drawn = float(mask.sum()) * source.voxel_volume_ml
    rows = table("mask on another grid", name, {**contenders, **floors(mask)}, 3)
    for row in rows:
        call = contenders.get(str(row["contender"]))
        if call is not None:
            kept = float(call().sum(dtype=np.float64)) * target.voxel_volume_ml / drawn - 1.0
            row["volume_error"] = kept
            print(f"  volume kept by {row['contender']:38} {kept:+.1e}")  # noqa: T201
    return rows


def main() -> None:
    """Print all tables."""
    import SimpleITK as sitk  # noqa: N813 - its usual short name

    options = json_option(__doc__).parse_args()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(2)
    ct, spect = grid(CT_SHAPE, CT_MM), grid(SPECT_SHAPE, SPECT_MM)
    turned = grid(SPECT_SHAPE, SPECT_MM, 7.0)
    liver = ellipsoid(CT_SHAPE, CT_MM, (54.0, 75.0, 94.0))
    rows = [
        *volumes("CT 512x512x200 to 128^3", ct, spect),
        *volumes("CT 512x512x200 to 128^3, turned by 7 degrees", ct, turned),
        *volumes("128^3 to CT 512x512x200", spect, ct),
        *volumes("128^3 to CT 512x512x200, turned by 7 degrees", turned, ct),
        *masks("1.6 l in CT 512x512x200 to 128^3", ct, spect, liver),
        *masks("1.6 l in CT 512x512x200 to 128^3, turned by 7 degrees", ct, turned, liver),
    ]
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()
