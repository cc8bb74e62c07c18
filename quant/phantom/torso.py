"""The torso study: a real CT that carries simulated 123I-MIBG uptake.

Uptake is constant within each 3 mm voxel of the label map (tumour and foci by occupied fraction).
It is blurred by a Gaussian, averaged over SPECT voxels, given Poisson noise and smoothed as a
reconstruction would be. The uncorrected volume is a first-order one: uptake times the mean
transmission to the skin over directions in the transaxial plane.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.phantom.anatomy import (
    LESIONS,
    LIVER_LEFT,
    LIVER_RIGHT,
    MUSCLE,
    ORGANS,
    TUMOUR,
    TUMOUR_SOLID,
    Anatomy,
    left_lobe,
    read_anatomy,
    uptake_map,
)
from quant.phantom.blur import gaussian_blur, resample_blurred
from quant.phantom.contours import axial_planes, contours
from quant.phantom.geometry import FieldOfView, Layout, layout_grid
from quant.phantom.header import Identity, SeriesLabel, WrittenSeries
from quant.phantom.occupancy import occupancy
from quant.phantom.scene import Truth, drawn_volume_ml, ratios, solid_truth
from quant.phantom.solids import Ball, Vector
from quant.phantom.write_nm import NMSettings, write_nm
from quant.phantom.write_rtstruct import DrawnRegion, write_rtstruct
from quant.phantom.write_seg import Segment, write_seg
from quant.phantom.write_slices import write_ct

VOXEL_MM = 4.41806
"""Voxel of a 128 x 128 matrix on a large field of view; 96 x 96 of it are kept."""

MATRIX = 96

SYSTEM_FWHM_MM, FILTER_FWHM_MM = 9.0, 7.0
"""Point spread before the noise, and of the smoothing after it: 11.4 mm together."""

COUNTS_PER_UPTAKE = 3.0
"""Mean counts of a voxel per unit of uptake: 18 in the liver."""

STORED_PER_COUNT = 100.0

WATER_PER_MM = 0.0148
"""Attenuation of water at 159 keV, 1/mm."""

DIRECTIONS = 16
"""Directions over which the transmission is averaged."""

LIVER_RADIUS_MM, MUSCLE_RADIUS_MM = 19.276, 13.365
"""Spheres of 30 and 10 ml."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """The volumes of the study on the SPECT grid, in counts per voxel.

    ``expected`` is corrected and free of noise, ``corrected`` and ``uncorrected`` are noisy.
    """

    grid: Grid
    expected: NDArray[np.float64]
    corrected: NDArray[np.float64]
    uncorrected: NDArray[np.float64]


def write_torso_study(folder: Path, seed: int) -> Truth:
    """Write the study and return its truth.

    Parameters
    ----------
    folder : Path
        Gets ``nm_ac.dcm``, ``nm_nac.dcm``, ``ct/``, ``rtstruct.dcm`` and ``seg.dcm``.
    seed : int
        Seed of the noise.

    Returns
    -------
    dict
        Truth of the study.
    """
    identity = Identity(seed, "torso")
    anatomy = read_anatomy(identity.frame_of_reference_uid)
    simulated = simulate(anatomy, seed)
    ct = write_ct(folder / "ct", anatomy.hu, anatomy.grid, identity, SeriesLabel("ct", "CT", 1))
    emission = _write_emission(folder, simulated, identity)
    drawn_ml = _write_regions(folder, anatomy, identity, ct)
    return {
        "name": identity.name,
        "study_uid": identity.study_uid,
        "series_uid": emission.series_uid,
        **_acquisition_truth(simulated.grid),
        **_uptake_truth(anatomy, simulated, drawn_ml),
    }


def simulate(anatomy: Anatomy, seed: int) -> Simulated:
    """Blur, attenuate, add noise and smooth.

    Expected counts are rounded to 1e-6 before the noise is drawn, so that the last bits of a
    machine's arithmetic do not change the draw.
    """
    grid = spect_grid(anatomy)
    system = resample_blurred(uptake_map(anatomy), anatomy.grid, grid, SYSTEM_FWHM_MM)
    mean_counts = np.round(np.maximum(system, 0.0) * COUNTS_PER_UPTAKE, 6)
    seen = np.round(mean_counts * transmission(anatomy, grid), 6)
    streams = np.random.SeedSequence(seed).spawn(2)
    noisy = [
        np.random.Generator(np.random.PCG64(stream)).poisson(mean).astype(np.float64)
        for stream, mean in zip(streams, (mean_counts, seen), strict=True)
    ]
    smooth = [
        np.maximum(gaussian_blur(volume, grid, FILTER_FWHM_MM), 0.0)
        for volume in (mean_counts, *noisy)
    ]
    return Simulated(grid, *smooth)


def spect_grid(anatomy: Anatomy) -> Grid:
    """SPECT grid within the CT's length: frame 1 at the head, slices against the normal."""
    corners = anatomy.grid.corners_mm()
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y, z = (float(value) for value in (low + high) / 2.0)
    slices = int((high[2] - low[2]) / VOXEL_MM)
    half = (MATRIX * VOXEL_MM / 2.0, MATRIX * VOXEL_MM / 2.0, slices * VOXEL_MM / 2.0)
    view = FieldOfView((x, y, z), tuple(value - 1e-6 for value in half))  # type: ignore[arg-type]
    return layout_grid(
        Layout.NEGATIVE_SPACING, view, VOXEL_MM, anatomy.grid.frame_of_reference_uid
    )


def transmission(anatomy: Anatomy, grid: Grid) -> NDArray[np.float64]:
    """Mean share (K, J, I) of photons that leave the body, over directions in the slice."""
    from scipy.ndimage import rotate

    water = np.maximum(1.0 + anatomy.hu / 1000.0, 0.0) * WATER_PER_MM
    attenuation = resample_blurred(water, anatomy.grid, grid, 0.0)
    total = np.zeros(grid.shape)
    for angle in np.arange(DIRECTIONS) * (360.0 / DIRECTIONS):
        turned = rotate(attenuation, angle, axes=(1, 2), reshape=False, order=1)
        depth = (np.cumsum(turned, axis=1) - 0.5 * turned) * float(grid.spacing_mm[1])
        total += rotate(np.exp(-depth), -angle, axes=(1, 2), reshape=False, order=1, cval=1.0)
    return total / DIRECTIONS


def _write_emission(folder: Path, simulated: Simulated, identity: Identity) -> WrittenSeries:
    """Write both reconstructions; return the corrected one."""
    written = [
        write_nm(
            folder / f"nm_{key}.dcm",
            values,
            simulated.grid,
            identity,
            NMSettings(
                SeriesLabel(f"nm_{key}", f"123I-MIBG SPECT {text}", number),
                corrected_image=corrections,
                scale=STORED_PER_COUNT,
                counts=int(values.sum()),
            ),
        )
        for key, text, number, corrections, values in (
            ("ac", "IRACSC", 2, ("UNIF", "COR", "ATTN", "SCAT"), simulated.corrected),
            ("nac", "IRNC", 3, ("UNIF", "COR"), simulated.uncorrected),
        )
    ]
    return written[0]


def _write_regions(
    folder: Path, anatomy: Anatomy, identity: Identity, ct: WrittenSeries
) -> float:
    """Write contours of tumour and foci, and the organs; return the drawn tumour volume, ml."""
    heights = np.array(ct.positions_mm)[:, 2]
    planes = axial_planes(heights)
    outline = contours(TUMOUR_SOLID, planes)
    regions = [DrawnRegion("Tumour", outline)]
    regions += [DrawnRegion(name, contours(ball, planes)) for name, (ball, _) in LESIONS.items()]
    label = SeriesLabel("rtstruct", "tumour and lesions", 4)
    write_rtstruct(folder / "rtstruct.dcm", tuple(regions), identity, label, ct)
    segments = tuple(Segment(name, anatomy.mask(name)) for name in ORGANS)
    label = SeriesLabel("seg", "organs", 5)
    write_seg(folder / "seg.dcm", segments, anatomy.grid, identity, label, ct)
    return drawn_volume_ml(outline, float(anatomy.grid.spacing_mm[0]))


def _acquisition_truth(grid: Grid) -> Truth:
    return {
        "voxel_mm": VOXEL_MM,
        "shape": list(grid.shape),
        "layout": Layout.NEGATIVE_SPACING.value,
        "psf_fwhm_mm": float(np.hypot(SYSTEM_FWHM_MM, FILTER_FWHM_MM)),
        "psf": {"before_noise_fwhm_mm": SYSTEM_FWHM_MM, "after_noise_fwhm_mm": FILTER_FWHM_MM},
        "noise": "Poisson, before the smoothing",
        "counts_per_voxel_per_uptake": COUNTS_PER_UPTAKE,
        "stored_per_count": STORED_PER_COUNT,
        "attenuation_of_water_per_mm": WATER_PER_MM,
    }


def _uptake_truth(anatomy: Anatomy, simulated: Simulated, drawn_ml: float) -> Truth:
    spheres = reference_spheres(anatomy)
    liver_points = anatomy.points_mm()[anatomy.mask("liver")]
    return {
        "uptake": {
            "tumour": TUMOUR,
            "liver": LIVER_RIGHT,
            "liver_left_lobe": LIVER_LEFT,
            "muscle": MUSCLE,
        },
        "liver_left_lobe": {
            "begins_x_mm": float(anatomy.points_mm()[left_lobe(anatomy)][:, 0].min()),
            "liver_centroid_mm": [float(value) for value in liver_points.mean(axis=0)],
        },
        "ratios": ratios(TUMOUR, LIVER_RIGHT, MUSCLE),
        "ratios_note": "of the uptake itself, before blur and noise",
        "ratios_blurred": _blurred_ratios(simulated, spheres),
        "ratios_blurred_note": "noise free, in the spheres listed here and the exact tumour solid",
        "tumour": {
            **solid_truth(TUMOUR_SOLID),
            "drawn_volume_ml": drawn_ml,
            "balls": [
                {"centre_mm": list(centre), "radius_mm": radius}
                for centre, radius in zip(
                    TUMOUR_SOLID.centres_mm, TUMOUR_SOLID.radii_mm, strict=True
                )
            ],
        },
        "lesions": {
            name: {
                "centre_mm": list(ball.centre_mm),
                "radius_mm": ball.radius_mm,
                "volume_ml": ball.volume_ml,
                "uptake": uptake,
            }
            for name, (ball, uptake) in LESIONS.items()
        },
        "spheres": {
            name: {"centre_mm": list(ball.centre_mm), "radius_mm": ball.radius_mm}
            for name, ball in spheres.items()
        },
    }


def reference_spheres(anatomy: Anatomy) -> dict[str, Ball]:
    """Spheres at the deepest places on the CT grid: right lobe without its focus, muscle at L2."""
    points = anatomy.points_mm()
    liver = anatomy.mask("liver")
    middle = float(points[liver][:, 0].mean())
    focus, _ = LESIONS["Lesion 1"]
    right = liver & (points[..., 0] < middle) & (focus.field_mm(points) > 0.0)
    level = anatomy.mask("vertebrae_L2").any(axis=(1, 2))[:, None, None]
    places = {"liver": (_deepest_mm(anatomy.grid, right, right), LIVER_RADIUS_MM)}
    for side in ("left", "right"):
        muscle = anatomy.mask(f"autochthon_{side}")
        centre = _deepest_mm(anatomy.grid, muscle, muscle & level)
        places[f"muscle_{side}"] = (centre, MUSCLE_RADIUS_MM)
    return {name: Ball(centre, radius) for name, (centre, radius) in places.items()}


def _deepest_mm(grid: Grid, organ: NDArray[np.bool_], allowed: NDArray[np.bool_]) -> Vector:
    """Allowed voxel that lies farthest from the organ's wall; beyond the grid there is no organ."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(np.pad(organ, 1), sampling=grid.spacing_mm)[1:-1, 1:-1, 1:-1]
    index = np.unravel_index(np.where(allowed, depth, -1.0).argmax(), grid.shape)
    x, y, z = (float(value) for value in grid.to_mm(index))
    return x, y, z


def _blurred_ratios(simulated: Simulated, spheres: dict[str, Ball]) -> dict[str, float]:
    """Ratios of the noise-free blurred volume in the stated spheres and the exact tumour."""
    mean, peak = {}, {}
    for name, solid in {"tumour": TUMOUR_SOLID, **spheres}.items():
        share = occupancy(solid, simulated.grid)
        mean[name] = float((share * simulated.expected).sum() / share.sum())
        peak[name] = float(simulated.expected[share >= 0.5].max())
    muscle_mean = (mean["muscle_left"] + mean["muscle_right"]) / 2.0
    muscle_peak = (peak["muscle_left"] + peak["muscle_right"]) / 2.0
    return {
        "tmax_lmax": peak["tumour"] / peak["liver"],
        "tmean_lmean": mean["tumour"] / mean["liver"],
        "tmax_lmean": peak["tumour"] / mean["liver"],
        "tmax_mmax": peak["tumour"] / muscle_peak,
        "tmean_mmean": mean["tumour"] / muscle_mean,
    }
