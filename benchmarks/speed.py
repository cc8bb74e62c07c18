"""Kernels against scikit-image and SciPy on phantom volumes, all in one run."""

import numpy as np
from numpy.typing import NDArray
from timing import as_lines, fastest_s

from quant.domain.protocol import MorphologySettings
from quant.domain.region import Region, Role
from quant.measure.morphology import measure_morphology
from quant.measure.surface import measure_surface
from quant.phantom.geometry import FieldOfView, Layout, layout_grid
from quant.phantom.occupancy import occupancy
from quant.phantom.solids import Ball, Ellipsoid, Solid
from quant.reference.stencil import sphere_stencil
from quant.reference.sweep import swept

SPACING_MM = 3.0
VIEW = FieldOfView((0.0, 0.0, 0.0), (192.0, 192.0, 192.0))
TUMOUR = Ellipsoid((20.0, -30.0, 10.0), (38.0, 27.0, 23.0))
LIVER = Ellipsoid((-40.0, 0.0, 0.0), (80.0, 65.0, 46.0))


def _region(body: Solid) -> Region:
    grid = layout_grid(Layout.AXIAL, VIEW, SPACING_MM)
    weights = occupancy(body, grid, 2).astype(np.float32)
    return Region.from_full(grid, weights, "phantom", Role.TUMOUR)


def _scikit_image(mask: NDArray[np.uint8]) -> float:
    from skimage.measure import marching_cubes, mesh_surface_area

    vertices, faces, _, _ = marching_cubes(
        np.pad(mask, 1).astype(np.float32), 0.5, spacing=(SPACING_MM,) * 3, method="lorensen"
    )
    return float(mesh_surface_area(vertices, faces))


def surface(body: Solid, name: str) -> list[str]:
    """Area and volume of the mesh, and the whole morphology of a region."""
    region = _region(body)
    mask = np.ascontiguousarray(region.mask.astype(np.uint8))
    spacing = (SPACING_MM,) * 3
    times = fastest_s(
        {
            "ours: area, volume, Euler number": lambda: measure_surface(mask, spacing),
            "ours: everything that a record holds": lambda: measure_morphology(
                region, MorphologySettings()
            ),
            "scikit-image: marching cubes, area only": lambda: _scikit_image(mask),
        }
    )
    return as_lines(f"surface of {name}, {region.voxels} voxels", times)


def sphere() -> list[str]:
    """Mean, SD, maximum and inside fraction of a 30 ml sphere at every position in a liver."""
    from scipy.ndimage import binary_erosion
    from scipy.signal import fftconvolve

    region = _region(LIVER)
    rng = np.random.default_rng(1)
    values = rng.poisson(50.0, region.grid.shape).astype(np.float32)
    stencil = sphere_stencil(region.grid.axes_mm, 19.275)
    ball = stencil.weights >= 0.5
    block = values[region.box].astype(np.float64)
    inside = binary_erosion(region.mask, ball)
    candidates = (region.corner, np.ascontiguousarray(inside))
    body = (region.corner, region.weights)

    def peer() -> object:
        fits = binary_erosion(region.mask, ball)
        mean = fftconvolve(block, stencil.weights, "same")
        square = fftconvolve(block * block, stencil.weights, "same")
        return fits, mean, square

    times = fastest_s(
        {
            "ours: mean, SD, maximum, inside fraction": lambda: swept(
                values, body, candidates, stencil
            ),
            "SciPy: erosion, mean and SD by FFT (no maximum)": peer,
        }
    )
    count = int(inside.sum())
    return as_lines(f"30 ml sphere at {count} positions in {region.volume_ml:.0f} ml", times)


def main() -> None:
    """Print all tables."""
    lines = [
        *surface(Ball((0.0, 0.0, 0.0), 19.275), "a 30 ml ball, 3 mm"),
        *surface(TUMOUR, "a 99 ml ellipsoid, 3 mm"),
        *surface(LIVER, "a 1 l ellipsoid, 3 mm"),
        *sphere(),
    ]
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    main()
