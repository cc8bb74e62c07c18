"""Analytic studies: exact solids as tumours beside uniform organs, in every layout.

Neither blurred nor noisy. The tumour's uptake reaches ``UPTAKE_MARGIN_MM`` beyond the drawn solid,
so that no voxel that the region touches holds anything else: maximum, mean and peak are then the
painted value exactly, while volume and shape are those of the drawn solid.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quant.domain.grid import Grid
from quant.phantom.bodies.ball_unions import BallUnion
from quant.phantom.bodies.compounds import Clipped, Dumbbell, Grown, Hollow, MultiPart
from quant.phantom.bodies.contours import Plane, axial_planes, contours, slice_planes
from quant.phantom.bodies.occupancy import centre_mask
from quant.phantom.bodies.solids import (
    Ball,
    Box,
    Capsule,
    Cylinder,
    Ellipsoid,
    Solid,
    Torus,
    rotation_deg,
)
from quant.phantom.geometry import FieldOfView, Layout, layout_grid
from quant.phantom.scene import Painted, Truth, drawn_volume_ml, paint, ratios, solid_truth
from quant.phantom.writing.header import Identity, SeriesLabel, WrittenSeries
from quant.phantom.writing.nm import NMSettings, write_nm
from quant.phantom.writing.rtstruct import DrawnRegion, write_rtstruct
from quant.phantom.writing.seg import Segment, write_seg

VOXEL_MM = 4.41806
"""Voxel size of the simulated SPECT (a common 128 x 128 matrix)."""

ORGAN_VOXEL_MM = 2.5
"""Voxel size of the organ segmentation."""

TUMOUR_PLANES_MM, ORGAN_PLANES_MM = 1.0, 2.5
"""Distance between the planes in which tumour and organs are drawn."""

UPTAKE_MARGIN_MM = 12.0
"""The tumour's uptake goes on that far beyond its drawing (peak sphere 6.2 mm and a voxel)."""

LOBE_OFFSET_MM = 8.0
"""The hot left lobe begins that far to the left of the liver's centroid."""

UPTAKE = {
    "body": 300.0,
    "vertebrae_L2": 2000.0,
    "liver": 9000.0,
    "liver_left_lobe": 14400.0,
    "autochthon_left": 1400.0,
    "autochthon_right": 1600.0,
    "tumour": 54000.0,
}
"""Painted uptake, relative units; stored one to one, so uniform tissue is exact."""

TUMOUR_AT = (75.0, -25.0, -10.0)

ORGANS: dict[str, Solid] = {
    "liver": Ellipsoid((-60.0, -25.0, 75.0), (92.0, 68.0, 58.0)),
    "vertebrae_L2": Box((0.0, 38.0, 0.0), (16.0, 16.0, 17.0)),
    "autochthon_left": Cylinder((38.0, 71.0, 0.0), 26.0, 95.0),
    "autochthon_right": Cylinder((-38.0, 71.0, 0.0), 26.0, 95.0),
}
BODY = Ellipsoid((-10.0, 5.0, 20.0), (178.0, 128.0, 420.0))
VIEW = FieldOfView((-10.0, 5.0, 20.0), (190.0, 136.0, 152.0))


@dataclass(frozen=True, slots=True)
class SolidCase:
    """One study: a tumour solid, the layout of the volume, and how the organs are supplied."""

    name: str
    layout: Layout
    tumour: Solid
    organs_as: str = "SEG"


def solid_cases() -> tuple[SolidCase, ...]:
    """Return every case of the kind ``solids``."""
    x, y, z = TUMOUR_AT
    lobes = ((x, y, z), (x + 16.0, y + 4.0, z + 5.0), (x - 12.0, y + 9.0, z + 12.0))
    pair = (Ball((x - 18.0, y, z), 14.0), Ball((x + 19.0, y + 3.0, z - 4.0), 17.0))
    turned = rotation_deg(35.0, 20.0, -15.0)
    return (
        SolidCase("ball_axial", Layout.AXIAL, Ball(TUMOUR_AT, 20.0)),
        SolidCase(
            "ellipsoid_head_to_feet",
            Layout.HEAD_TO_FEET,
            Ellipsoid(TUMOUR_AT, (30.0, 18.0, 15.0), turned),
        ),
        SolidCase(
            "dumbbell_negative_spacing",
            Layout.NEGATIVE_SPACING,
            Dumbbell(TUMOUR_AT, 15.0, 22.0, 6.0, turned),
            "RTSTRUCT",
        ),
        SolidCase("torus_oblique", Layout.OBLIQUE, Torus(TUMOUR_AT, 22.0, 9.0, turned)),
        SolidCase(
            "lobulated_anisotropic", Layout.ANISOTROPIC, BallUnion(lobes, (17.0, 13.0, 11.0))
        ),
        SolidCase("two_balls_coronal", Layout.CORONAL, MultiPart(pair), "RTSTRUCT"),
        SolidCase(
            "hollow_sagittal",
            Layout.SAGITTAL,
            Hollow(Ball(TUMOUR_AT, 25.0), Ball((x + 3.0, y, z - 2.0), 11.0)),
        ),
        SolidCase(
            "capsule_oblique", Layout.OBLIQUE, Capsule(TUMOUR_AT, 9.0, 14.0, turned), "RTSTRUCT"
        ),
    )


def scene_of(case: SolidCase) -> tuple[Painted, ...]:
    """Return what is painted where, in order."""
    liver = ORGANS["liver"]
    lobe = Clipped(liver, (1.0, 0.0, 0.0), left_lobe_begins_mm())
    organs = tuple(Painted(body, UPTAKE[name]) for name, body in ORGANS.items())
    return (
        Painted(BODY, UPTAKE["body"]),
        *organs,
        Painted(lobe, UPTAKE["liver_left_lobe"]),
        Painted(Grown(case.tumour, UPTAKE_MARGIN_MM), UPTAKE["tumour"]),
    )


def left_lobe_begins_mm() -> float:
    """LPS x at which the hot left lobe begins, mm."""
    low, high = ORGANS["liver"].bounds_mm()
    return float(low[0] + high[0]) / 2.0 + LOBE_OFFSET_MM


def write_solid_study(folder: Path, case: SolidCase, seed: int) -> Truth:
    """Write one study and return its truth.

    Parameters
    ----------
    folder : Path
        Gets ``nm.dcm``, ``rtstruct.dcm`` and, unless the organs are contours, ``seg.dcm``.
    case : SolidCase
    seed : int
        Shifts the voxel grid by less than a voxel against the bodies.

    Returns
    -------
    dict
        Truth of the study.
    """
    identity = Identity(seed, case.name)
    grid = _shifted_grid(case, identity)
    values = paint(grid, scene_of(case))
    series = write_nm(
        folder / "nm.dcm",
        values,
        grid,
        identity,
        NMSettings(SeriesLabel("nm", f"SPECT AC {case.layout}", 1)),
    )
    drawn_ml = _write_regions(folder, case, grid, identity, series)
    return _truth(case, identity, grid, series, drawn_ml)


def _shifted_grid(case: SolidCase, identity: Identity) -> Grid:
    random = np.random.Generator(np.random.PCG64(identity.seed))
    x, y, z = (
        float(centre + shift)
        for centre, shift in zip(
            VIEW.centre_mm, random.uniform(-0.5, 0.5, 3) * VOXEL_MM, strict=True
        )
    )
    view = FieldOfView((x, y, z), VIEW.half_mm)
    return layout_grid(case.layout, view, VOXEL_MM, identity.frame_of_reference_uid)


def _write_regions(
    folder: Path, case: SolidCase, grid: Grid, identity: Identity, series: WrittenSeries
) -> float:
    """Write tumour contours and organs; return the volume of the tumour as drawn, ml."""
    outline = contours(case.tumour, _planes(case, TUMOUR_PLANES_MM))
    regions = [DrawnRegion("Tumour", outline)]
    if case.organs_as == "RTSTRUCT":
        planes = _planes(case, ORGAN_PLANES_MM)
        regions += [DrawnRegion(name, contours(body, planes, 1.0)) for name, body in ORGANS.items()]
    else:
        organ_grid = layout_grid(Layout.AXIAL, VIEW, ORGAN_VOXEL_MM, grid.frame_of_reference_uid)
        segments = tuple(
            Segment(name, centre_mask(body, organ_grid)) for name, body in ORGANS.items()
        )
        label = SeriesLabel("seg", "organs", 3)
        write_seg(folder / "seg.dcm", segments, organ_grid, identity, label)
    label = SeriesLabel("rtstruct", "regions", 2)
    write_rtstruct(folder / "rtstruct.dcm", tuple(regions), identity, label, series)
    return drawn_volume_ml(outline, TUMOUR_PLANES_MM)


def _planes(case: SolidCase, spacing_mm: float) -> tuple[Plane, ...]:
    """Axial planes; parallel to the slices where these are oblique."""
    if case.layout is Layout.OBLIQUE:
        fine = layout_grid(Layout.OBLIQUE, VIEW, spacing_mm)
        return slice_planes(fine)
    (_, _, z), (_, _, half) = VIEW.centre_mm, VIEW.half_mm
    return axial_planes(np.arange(z - half, z + half, spacing_mm) + 0.37 * spacing_mm)


def _truth(
    case: SolidCase, identity: Identity, grid: Grid, series: WrittenSeries, drawn_ml: float
) -> Truth:
    muscle = (UPTAKE["autochthon_left"] + UPTAKE["autochthon_right"]) / 2.0
    return {
        "name": case.name,
        "study_uid": identity.study_uid,
        "series_uid": series.series_uid,
        "layout": case.layout.value,
        "voxel_mm": [float(value) for value in grid.spacing_mm],
        "shape": list(grid.shape),
        "psf_fwhm_mm": 0.0,
        "noise": "none",
        "uptake": UPTAKE,
        "uptake_margin_mm": UPTAKE_MARGIN_MM,
        "liver_left_lobe_begins_x_mm": left_lobe_begins_mm(),
        "ratios": ratios(UPTAKE["tumour"], UPTAKE["liver"], muscle),
        "tumour": {**solid_truth(case.tumour), "drawn_volume_ml": drawn_ml},
        "organs": {
            name: {
                "volume_ml": body.volume_ml,
                "low_mm": [float(v) for v in body.bounds_mm()[0]],
                "high_mm": [float(v) for v in body.bounds_mm()[1]],
            }
            for name, body in ORGANS.items()
        },
        "organs_as": case.organs_as,
    }
