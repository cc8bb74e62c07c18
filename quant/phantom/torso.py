"""A torso study: simulated 123I-MIBG uptake on a real CT, as a hospital would send it.

Uptake is painted on the CT's grid from the label map and from exact solids (primary tumour, liver
focus, bone lesions), blurred by a Gaussian point spread, averaged over SPECT voxels and made noisy
by Poisson counts. The attenuation-corrected volume is the blurred uptake; the uncorrected one is
weakened by the CT's attenuation, to first order.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.phantom.anatomy import Torso, read_torso
from quant.phantom.bodies.ball_unions import BallUnion
from quant.phantom.bodies.blur import resample_blurred
from quant.phantom.bodies.contours import contours, slice_planes
from quant.phantom.bodies.occupancy import occupancy
from quant.phantom.bodies.solids import Ball, Solid
from quant.phantom.scene import Truth, drawn_volume_ml, ratios, solid_truth
from quant.phantom.writing.header import Identity, SeriesLabel, WrittenSeries
from quant.phantom.writing.nm import NMSettings, write_nm
from quant.phantom.writing.rtstruct import DrawnRegion, write_rtstruct
from quant.phantom.writing.seg import Segment, write_seg
from quant.phantom.writing.slices import write_ct

PSF_FWHM_MM = 11.0
"""Gaussian point spread, full width at half maximum."""

SPECT_VOXEL_MM, SPECT_SHAPE = 4.41806, (77, 96, 96)
"""Cubic voxels; slices, rows, columns."""

COUNTS_PER_UPTAKE = 2.0
"""Expected counts in a voxel per unit of uptake, before noise."""

UPTAKE: dict[str, float] = {
    "body": 8.0,
    "lung": 10.0,
    "bone": 9.0,
    "muscle": 14.0,
    "gut": 25.0,
    "kidney": 35.0,
    "spleen": 45.0,
    "bladder": 140.0,
    "liver": 100.0,
    "liver_left_lobe": 160.0,
    "liver_focus": 320.0,
    "tumour": 420.0,
    "bone_lesion": 260.0,
}
"""Simulated uptake, relative units."""

CLASSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("lung", ("lung_",)),
    ("bone", ("vertebrae_", "hip_", "sacrum", "rib_", "femur_", "sternum", "costal_")),
    ("muscle", ("autochthon_", "gluteus_", "iliopsoas_")),
    ("gut", ("colon", "small_bowel", "duodenum", "stomach")),
    ("kidney", ("kidney_right", "kidney_left")),
    ("spleen", ("spleen",)),
    ("bladder", ("urinary_bladder",)),
    ("liver", ("liver",)),
)
"""Which classes of the label map take up what; later rows cover earlier ones."""

LEFT_LOBE_OFFSET_MM = 12.0
"""The hotter left lobe begins that far to the left of the liver's centroid."""

PRIMARY = BallUnion(
    ((46.0, -168.0, 366.0), (61.0, -160.0, 379.0), (33.0, -177.0, 379.0), (49.0, -181.0, 352.0)),
    (19.0, 14.0, 13.0, 12.0),
)
"""Lobulated primary tumour at the left adrenal gland, LPS mm."""

FOCUS = Ball((-106.0, -184.0, 351.0), 9.0)
"""A focus in the right lobe: the screen must keep the sphere away from it."""

BONE_LESIONS: dict[str, Ball] = {
    "Lesion L4": Ball((4.0, -148.0, 279.0), 10.0),
    "Lesion right ilium": Ball((-55.0, -80.0, 225.0), 11.0),
}

ORGANS = ("liver", "vertebrae_L2", "autochthon_left", "autochthon_right")

MU_WATER_PER_MM = 0.01499
"""Linear attenuation of water at 159 keV (NIST XCOM, 0.1499 per cm)."""


def write_torso_study(folder: Path, seed: int) -> Truth:
    """Write one torso study and return its truth.

    Parameters
    ----------
    folder : Path
        Gets ``spect_ac.dcm``, ``spect_nac.dcm``, ``ct/``, ``regions.dcm`` and ``organs.dcm``.
    seed : int
        Seed of the Poisson noise and of all UIDs.

    Returns
    -------
    dict
        Truth of the study.
    """
    identity = Identity(seed, "torso")
    torso = read_torso(identity.frame_of_reference_uid)
    grid = spect_grid(torso.grid)
    blurred = resample_blurred(painted(torso), torso.grid, grid, PSF_FWHM_MM)
    expected = COUNTS_PER_UPTAKE * np.maximum(blurred, 0.0)
    weakened = expected * attenuation_factor(torso, grid)
    random = np.random.Generator(np.random.PCG64(seed))
    counts = {"ac": random.poisson(expected), "nac": random.poisson(weakened)}
    series = _write_spect(folder, counts, grid, identity)
    reference = write_ct(
        folder / "ct", torso.hu, torso.grid, identity, SeriesLabel("ct", "CT for SPECT", 3)
    )
    drawn = _write_regions(folder, torso, identity, reference)
    return _truth(identity, torso, grid, series, (expected, drawn))


def spect_grid(ct: Grid) -> Grid:
    """Return the SPECT grid: centred on the CT, slices from head to feet as GE stores them."""
    k, j, i = SPECT_SHAPE
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2] = -SPECT_VOXEL_MM, SPECT_VOXEL_MM, SPECT_VOXEL_MM
    affine[3, 3] = 1.0
    middle = ct.to_mm((np.array(ct.shape) - 1) / 2.0)
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(SPECT_SHAPE) - 1) / 2.0)
    affine[:3, 3] = np.round(affine[:3, 3], 5)
    return Grid((k, j, i), affine, ct.frame_of_reference_uid)


def left_lobe_begins_mm(torso: Torso) -> float:
    """LPS x at which the hotter left lobe begins, mm."""
    centroid = torso.grid.to_mm(np.argwhere(torso.mask("liver")).mean(axis=0))
    return float(centroid[0]) + LEFT_LOBE_OFFSET_MM


def painted(torso: Torso) -> NDArray[np.float64]:
    """Uptake (K, J, I) on the CT's grid, relative units; solids by occupied fraction."""
    uptake = np.where(torso.body(), UPTAKE["body"], 0.0)
    for name, classes in CLASSES:
        uptake[torso.any_of(*classes)] = UPTAKE[name]
    x = torso.grid.to_mm(np.argwhere(torso.mask("liver")))[:, 0]
    liver = np.where(x > left_lobe_begins_mm(torso), UPTAKE["liver_left_lobe"], UPTAKE["liver"])
    uptake[torso.mask("liver")] = liver
    solids: list[tuple[Solid, float]] = [(FOCUS, UPTAKE["liver_focus"])]
    solids += [(ball, UPTAKE["bone_lesion"]) for ball in BONE_LESIONS.values()]
    solids.append((PRIMARY, UPTAKE["tumour"]))
    for solid, value in solids:
        uptake += occupancy(solid, torso.grid) * (value - uptake)
    return uptake


def attenuation_factor(torso: Torso, grid: Grid) -> NDArray[np.float64]:
    """Part of the photons that leave the body (K, J, I), mean over four directions in the slice.

    First order: exp(-integral of mu) towards the left, right, front and back, mu from the CT at
    159 keV as that of water times density.
    """
    mu = MU_WATER_PER_MM * np.clip(1.0 + torso.hu / 1000.0, 0.0, None) * torso.body()
    on_grid = resample_blurred(mu, torso.grid, grid, 0.0)
    total = np.zeros(grid.shape)
    for axis in (1, 2):
        path = np.cumsum(on_grid, axis=axis) - on_grid / 2.0
        back = np.sum(on_grid, axis=axis, keepdims=True) - path
        total += np.exp(-path * SPECT_VOXEL_MM) + np.exp(-back * SPECT_VOXEL_MM)
    return total / 4.0


def _write_spect(
    folder: Path, counts: dict[str, NDArray[np.int64]], grid: Grid, identity: Identity
) -> WrittenSeries:
    """Write both reconstructions; return the corrected one."""
    corrected = {
        "ac": ("SPECT MIBG AC", ("UNIF", "COR", "ATTN")),
        "nac": ("SPECT MIBG NAC", ("UNIF", "COR")),
    }
    written = {}
    for number, (key, (name, corrections)) in enumerate(corrected.items(), start=1):
        settings = NMSettings(
            SeriesLabel(f"spect {key}", name, number), corrections, 1.0, int(counts[key].sum())
        )
        values = counts[key].astype(np.float64)
        written[key] = write_nm(folder / f"spect_{key}.dcm", values, grid, identity, settings)
    return written["ac"]


def _write_regions(
    folder: Path, torso: Torso, identity: Identity, reference: WrittenSeries
) -> dict[str, float]:
    """Write tumour and lesions as contours and organs as SEG; return the drawn volumes, ml."""
    planes = slice_planes(torso.grid)
    solids: dict[str, Solid] = {"Primary tumour": PRIMARY, **BONE_LESIONS}
    outlines = {name: contours(solid, planes, 1.0) for name, solid in solids.items()}
    write_rtstruct(
        folder / "regions.dcm",
        tuple(DrawnRegion(name, outline) for name, outline in outlines.items()),
        identity,
        SeriesLabel("rtstruct", "tumour and lesions", 4),
        reference,
    )
    segments = tuple(Segment(name, torso.mask(name)) for name in ORGANS)
    label = SeriesLabel("seg", "organs", 5)
    write_seg(folder / "organs.dcm", segments, torso.grid, identity, label, reference)
    step = float(torso.grid.spacing_mm[0])
    return {name: drawn_volume_ml(outline, step) for name, outline in outlines.items()}


def _truth(
    identity: Identity,
    torso: Torso,
    grid: Grid,
    series: WrittenSeries,
    made: tuple[NDArray[np.float64], dict[str, float]],
) -> Truth:
    expected, drawn = made
    solids: dict[str, Solid] = {"Primary tumour": PRIMARY, **BONE_LESIONS}
    return {
        "name": identity.name,
        "study_uid": identity.study_uid,
        "series_uid": series.series_uid,
        "voxel_mm": [float(value) for value in grid.spacing_mm],
        "shape": list(grid.shape),
        "psf_fwhm_mm": PSF_FWHM_MM,
        "noise": "Poisson",
        "counts_per_uptake": COUNTS_PER_UPTAKE,
        "expected_counts": float(expected.sum()),
        "uptake": UPTAKE,
        "ratios_before_blur": ratios(UPTAKE["tumour"], UPTAKE["liver"], UPTAKE["muscle"]),
        "liver_left_lobe_begins_x_mm": left_lobe_begins_mm(torso),
        "liver_focus": {"centre_mm": list(FOCUS.centre_mm), "radius_mm": FOCUS.radius_mm},
        "regions": {
            name: {
                **solid_truth(solid),
                "drawn_volume_ml": drawn[name],
                **_noise_free(solid, expected, grid),
            }
            for name, solid in solids.items()
        },
    }


def _noise_free(solid: Solid, expected: NDArray[np.float64], grid: Grid) -> dict[str, float]:
    """Return mean and maximum of the blurred volume in a region before noise, counts."""
    share = occupancy(solid, grid)
    return {
        "noise_free_mean_counts": float((expected * share).sum() / share.sum()),
        "noise_free_max_counts": float(expected[share >= 0.5].max()),
    }
