"""The NEMA IEC body phantom in PET: six hot spheres in a warm body, with a cold lung insert."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.phantom.bodies.blur import gaussian_blur
from quant.phantom.bodies.contours import contours, slice_planes
from quant.phantom.bodies.occupancy import occupancy
from quant.phantom.bodies.solids import Ball, Cylinder, Points, Solid
from quant.phantom.scene import Painted, Truth, drawn_volume_ml, paint, solid_truth
from quant.phantom.writing.header import Identity, SeriesLabel
from quant.phantom.writing.rtstruct import DrawnRegion, write_rtstruct
from quant.phantom.writing.slices import PTSettings, write_pt

DIAMETERS_MM = (10.0, 13.0, 17.0, 22.0, 28.0, 37.0)
"""Inner diameters of the spheres (NEMA NU 2)."""

RING_RADIUS_MM = 57.2
"""The spheres' centres lie on a circle of this radius, 60 degrees apart."""

BACKGROUND_BQ_PER_ML, SPHERES_BQ_PER_ML = 5_300.0, 21_200.0
"""Activity concentrations, 1 to 4."""

SHAPE = (60, 126, 160)
SPACING_MM = (2.5, 2.0, 2.0)

BLURRED_FWHM_MM = 6.0
"""Point spread of the blurred study."""


class IECBody(Solid):
    """The body's cross-section: a half disc of 147 mm above, corners of 77 mm below; 180 mm long.

    Inner measures of the phantom; the anterior half is the round one.
    """

    _half_length_mm = 90.0

    def field_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Signed distance inside, a lower bound of it outside, mm."""
        x, y, z = np.abs(points_mm[..., 0]), points_mm[..., 1] - 35.0, points_mm[..., 2]
        # deep in the upper half the flat bottom is nearer than the arc
        top = np.maximum(np.hypot(x, y) - 147.0, y - 77.0)
        bottom = np.hypot(np.maximum(x - 70.0, 0.0), y) - 77.0
        outline = np.where(y < 0.0, top, bottom)
        body: NDArray[np.float64] = np.maximum(outline, np.abs(z) - self._half_length_mm)
        return body

    def bounds_mm(self) -> tuple[Points, Points]:
        """Return the box around the body."""
        return np.array([-147.0, -112.0, -90.0]), np.array([147.0, 112.0, 90.0])

    @property
    def _section_mm2(self) -> float:
        return float(np.pi * (147.0**2 + 77.0**2) / 2.0 + 140.0 * 77.0)

    @property
    def volume_ml(self) -> float:
        """Cross-section times length, ml."""
        return self._section_mm2 * 2.0 * self._half_length_mm / 1000.0

    @property
    def surface_area_mm2(self) -> float:
        """Mantle and two ends, mm2."""
        outline = np.pi * (147.0 + 77.0) + 140.0
        return float(2.0 * self._section_mm2 + outline * 2.0 * self._half_length_mm)


def spheres() -> dict[str, Ball]:
    """Return the six spheres by their region names."""
    found = {}
    for number, diameter in enumerate(DIAMETERS_MM):
        angle = np.radians(60.0 * number)
        centre = (float(RING_RADIUS_MM * np.cos(angle)), float(RING_RADIUS_MM * np.sin(angle)), 0.0)
        found[f"Lesion sphere {diameter:.0f} mm"] = Ball(centre, diameter / 2.0)
    return found


def write_nema_sharp(folder: Path, seed: int) -> Truth:
    """Write the phantom as it is: no blur, no noise."""
    return _write(folder, Identity(seed, "nema_sharp"), 0.0)


def write_nema_blurred(folder: Path, seed: int) -> Truth:
    """Write the phantom blurred by ``BLURRED_FWHM_MM``, without noise."""
    return _write(folder, Identity(seed, "nema_blurred"), BLURRED_FWHM_MM)


def _write(folder: Path, identity: Identity, fwhm_mm: float) -> Truth:
    grid = _grid(identity)
    lesions = spheres()
    scene = (
        Painted(IECBody(), BACKGROUND_BQ_PER_ML),
        Painted(Cylinder((0.0, 0.0, 0.0), 25.5, 90.0), 0.0),
    )
    values = paint(grid, scene)
    shares = {name: occupancy(ball, grid) for name, ball in lesions.items()}
    for share in shares.values():
        values += share * (SPHERES_BQ_PER_ML - values)
    if fwhm_mm > 0.0:
        values = gaussian_blur(values, grid, fwhm_mm)
    label = SeriesLabel("pt", f"PET AC {identity.name}", 1)
    series = write_pt(folder / "pt", values, grid, identity, PTSettings(label, weight_kg=70.0))
    planes = slice_planes(grid)
    drawn = {name: contours(ball, planes, 0.3) for name, ball in lesions.items()}
    regions = tuple(DrawnRegion(name, outline) for name, outline in drawn.items())
    label = SeriesLabel("rtstruct", "spheres", 2)
    write_rtstruct(folder / "rtstruct.dcm", regions, identity, label, series)
    return {
        "name": identity.name,
        "study_uid": identity.study_uid,
        "series_uid": series.series_uid,
        "voxel_mm": list(SPACING_MM),
        "psf_fwhm_mm": fwhm_mm,
        "noise": "none",
        "unit": "Bq/ml",
        "background_bq_per_ml": BACKGROUND_BQ_PER_ML,
        "spheres_bq_per_ml": SPHERES_BQ_PER_ML,
        "lesions": {
            name: {
                **solid_truth(ball),
                "centre_mm": list(ball.centre_mm),
                "radius_mm": ball.radius_mm,
                "drawn_volume_ml": drawn_volume_ml(drawn[name], SPACING_MM[0]),
                **_uptake(values, shares[name]),
            }
            for name, ball in lesions.items()
        },
    }


def _uptake(values: NDArray[np.float64], share: NDArray[np.float64]) -> dict[str, float]:
    """Mean under the exact occupancy, and maximum where at least half of the voxel is inside."""
    return {
        "mean_fractional_bq_per_ml": float((values * share).sum() / share.sum()),
        "max_bq_per_ml": float(values[share >= 0.5].max()),
    }


def _grid(identity: Identity) -> Grid:
    """Axial grid around the spheres; the seed shifts it by less than a voxel."""
    shift = np.random.Generator(np.random.PCG64(identity.seed)).uniform(-0.5, 0.5, 3)
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = (*SPACING_MM, 1.0)
    centre = (np.array(SHAPE) - 1) / 2.0 + shift
    affine[:3, 3] = -affine[:3, :3] @ centre
    return Grid(SHAPE, affine, identity.frame_of_reference_uid)
