"""Kernels against SciPy on phantom volumes, all in one run."""

import numpy as np
from timing import as_lines, fastest_s

from quant.domain.region import Region, Role
from quant.phantom.bodies.occupancy import occupancy
from quant.phantom.bodies.solids import Ellipsoid, Solid
from quant.phantom.geometry import FieldOfView, Layout, layout_grid
from quant.reference.stencil import sphere_stencil
from quant.reference.sweep import swept

SPACING_MM = 3.0
VIEW = FieldOfView((0.0, 0.0, 0.0), (192.0, 192.0, 192.0))
LIVER = Ellipsoid((-40.0, 0.0, 0.0), (80.0, 65.0, 46.0))


def _region(body: Solid) -> Region:
    grid = layout_grid(Layout.AXIAL, VIEW, SPACING_MM)
    weights = occupancy(body, grid, 2).astype(np.float32)
    return Region.from_full(grid, weights, "phantom", Role.TUMOUR)


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
        *sphere(),
    ]
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    main()
