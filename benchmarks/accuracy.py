"""Bias of shape and volume on digital solids; exits 1 when a value leaves its committed band."""

import sys

import numpy as np

from quant.measure.surface import asphericity, measure_surface
from quant.phantom.solids import Ball, Ellipsoid, Solid, rotation_deg

BALLS_ML = (5.0, 20.0, 50.0, 200.0)
VOXELS_MM = ((3.0, 3.0, 3.0), (4.8, 4.8, 4.8), (3.0, 4.8, 4.8))
POSITIONS = 12

IBSI_BAND = (0.075, 0.150)
"""Mean error of the IBSI estimator on balls: it never goes away."""

CORRECTED_BAND = 0.010
"""Largest mean error of the corrected estimator for balls of 20 ml or more."""

SMALL_CORRECTED_BAND = 0.030
"""The same for balls of 5 ml."""


def _errors(solid: Solid, spacing_mm: tuple[float, float, float]) -> tuple[float, float]:
    """Asphericity by both estimators, minus the truth, on voxel centres at one place."""
    reach = int(np.ceil(60.0 / min(spacing_mm)))
    index = np.mgrid[-reach : reach + 1, -reach : reach + 1, -reach : reach + 1]
    points = np.moveaxis(index, 0, -1)[..., ::-1] * np.array(spacing_mm[::-1])
    mask = solid.inside(points.reshape(-1, 3)).reshape(points.shape[:3]).astype(np.uint8)
    one = measure_surface(np.ascontiguousarray(mask), spacing_mm)
    truth = solid.asphericity
    return (
        asphericity(one.mesh_area_mm2, one.mesh_volume_mm3) - truth,
        asphericity(one.fitted_area_mm2, one.voxels_mm3) - truth,
    )


def _solids(volume_ml: float, rng: np.random.Generator) -> tuple[Solid, Solid]:
    radius = (3000.0 * volume_ml / (4.0 * np.pi)) ** (1.0 / 3.0)
    x, y, z = (float(v) for v in rng.uniform(-2.4, 2.4, 3))
    turn = rotation_deg(*(float(v) for v in rng.uniform(0.0, 360.0, 3)))
    scale = radius / 2.0 ** (1.0 / 3.0)
    return Ball((x, y, z), radius), Ellipsoid((x, y, z), (2 * scale, scale, scale), turn)


def main() -> None:
    """Print mean error and SD; exit 1 outside the bands."""
    rng = np.random.default_rng(20251121)
    failures = 0
    print("solid, ml, voxel mm: error of asphericity, mean +- SD over positions")  # noqa: T201
    for spacing in VOXELS_MM:
        for volume_ml in BALLS_ML:
            found = [_solids(volume_ml, rng) for _ in range(POSITIONS)]
            for kind, name in enumerate(("ball", "2:1:1 spheroid")):
                errors = np.array([_errors(pair[kind], spacing) for pair in found])
                ibsi, corrected = errors.mean(axis=0)
                spread = errors.std(axis=0)
                band = CORRECTED_BAND if volume_ml >= 20.0 else SMALL_CORRECTED_BAND
                good = abs(corrected) <= band and IBSI_BAND[0] <= ibsi <= IBSI_BAND[1]
                failures += not good
                print(  # noqa: T201
                    f"{name:15} {volume_ml:6.0f} {'x'.join(f'{s:g}' for s in spacing):12} "
                    f"IBSI {ibsi:+.3f} +- {spread[0]:.3f}   corrected {corrected:+.3f} +- "
                    f"{spread[1]:.3f}   {'' if good else 'OUTSIDE ITS BAND'}"
                )
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
