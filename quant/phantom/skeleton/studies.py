"""Studies of the digital skeleton: bones, lesions and an emission volume, with both scores."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from quant.phantom.bodies.occupancy import centre_mask
from quant.phantom.bodies.solids import Body, Solid
from quant.phantom.geometry import OBLIQUE_TURN, FieldOfView, Layout, layout_grid
from quant.phantom.scene import Painted, Truth, paint
from quant.phantom.skeleton.bones import close_box
from quant.phantom.skeleton.cases import (
    LESION_SETS,
    PLANAR_FWHM_MM,
    PSF_FWHM_MM,
    Expected,
    LesionSet,
    PlannedLesion,
)
from quant.phantom.writing.header import Identity, SeriesLabel
from quant.phantom.writing.nm import NMSettings, write_nm
from quant.phantom.writing.seg import Segment, write_seg

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.phantom.skeleton.cases import Score

BONE_VOXEL_MM = 2.0
"""Voxel size of bones and lesions."""

EMISSION_VOXEL_MM = 5.0

HALF_WIDTH_MM, HALF_DEPTH_MM, MIDDLE_Y_MM = 140.0, 115.0, -10.0

SHORTER_FOR_SEGMENTS_MM = (-420.0, 415.0)
"""Bones are drawn at least over this range of height, whatever the camera saw."""

SOFT, UPTAKE = 200.0, 20000.0
"""Painted uptake of the body and of lesions, relative units."""


@dataclass(frozen=True, slots=True)
class SkeletonCase:
    """One study: a set of lesions in one layout, its regions as DICOM SEG or as NIfTI."""

    lesions: LesionSet
    layout: Layout
    regions_as: str = "SEG"

    @property
    def name(self) -> str:
        """Folder and name of the study."""
        return f"skeleton_{self.lesions.name}_{self.layout}"


def skeleton_cases() -> tuple[SkeletonCase, ...]:
    """Return every case of the kind ``skeleton``."""
    spatial = (Layout.AXIAL, Layout.HEAD_TO_FEET, Layout.OBLIQUE)
    return (
        *(SkeletonCase(LESION_SETS["clear"], layout) for layout in spatial),
        *(SkeletonCase(LESION_SETS["borders"], layout) for layout in spatial),
        SkeletonCase(LESION_SETS["projection"], Layout.OBLIQUE),
        SkeletonCase(LESION_SETS["projection"], Layout.SAGITTAL),
        SkeletonCase(LESION_SETS["partly_seen"], Layout.NEGATIVE_SPACING),
        SkeletonCase(LESION_SETS["limbs"], Layout.AXIAL, "NIfTI"),
    )


def skeleton_grid(
    lesions: LesionSet, layout: Layout, spacing_mm: float, frame_of_reference_uid: str = ""
) -> "Grid":
    """Return the grid on which bones and lesions of a set are drawn: it holds all of them."""
    low = min(lesions.z_mm[0], SHORTER_FOR_SEGMENTS_MM[0])
    high = max(lesions.z_mm[1], SHORTER_FOR_SEGMENTS_MM[1])
    return layout_grid(layout, _view(low, high, layout), spacing_mm, frame_of_reference_uid)


def field_grid(
    lesions: LesionSet, layout: Layout, spacing_mm: float, frame_of_reference_uid: str = ""
) -> "Grid":
    """Return the grid of the emission volume: what the camera saw."""
    view = _view(*lesions.z_mm, layout)
    return layout_grid(layout, view, spacing_mm, frame_of_reference_uid)


def _view(low: float, high: float, layout: Layout) -> FieldOfView:
    """Return a field of view over a range of height; wide enough for a turned grid to hold it."""
    half = np.array([HALF_WIDTH_MM, HALF_DEPTH_MM, (high - low) / 2.0])
    if layout is Layout.OBLIQUE:
        half = np.abs(np.array(OBLIQUE_TURN)).T @ half
    x, y, z = (float(value) for value in half)
    return FieldOfView((0.0, MIDDLE_Y_MM, (low + high) / 2.0), (x, y, z))


def write_skeleton_study(folder: Path, case: SkeletonCase, seed: int) -> Truth:
    """Write one study and return its truth.

    Parameters
    ----------
    folder : Path
        Gets ``nm.dcm``, and bones and lesions as ``bones.dcm`` and ``lesions.dcm`` (SEG) or as
        ``bones.nii.gz`` and ``lesions.nii.gz`` with a table of labels beside each.
    case : SkeletonCase
    seed : int
        Makes the identity; the skeleton is the same for every seed.
    """
    identity = Identity(seed, case.name)
    frame = identity.frame_of_reference_uid
    emission = field_grid(case.lesions, case.layout, EMISSION_VOXEL_MM, frame)
    scene = tuple(Painted(close_box(one.body), UPTAKE) for one in case.lesions.lesions)
    values = SOFT + paint(emission, scene, 1)
    label = SeriesLabel("nm", f"SPECT AC {case.layout}", 1)
    series = write_nm(folder / "nm.dcm", values, emission, identity, NMSettings(label))
    grid = skeleton_grid(case.lesions, case.layout, BONE_VOXEL_MM, frame)
    drawn = {one.name: one.body for one in case.lesions.lesions}
    if case.regions_as == "NIfTI":
        _write_labels(folder, "bones", case.lesions.bones, grid)
        _write_labels(folder, "lesions", drawn, grid)
    else:
        for number, (stem, bodies) in enumerate(
            (("bones", case.lesions.bones), ("lesions", drawn)), start=2
        ):
            segments = tuple(
                Segment(name, centre_mask(close_box(body), grid)) for name, body in bodies.items()
            )
            label = SeriesLabel(stem, stem, number)
            write_seg(folder / f"{stem}.dcm", segments, grid, identity, label)
    return _truth(case, identity, series.series_uid, emission)


def _write_labels(folder: Path, stem: str, bodies: dict[str, Body], grid: "Grid") -> None:
    """Write a NIfTI label map and its table; where bodies overlap, the later one wins."""
    import gzip
    import json

    import nibabel

    labels = np.zeros(grid.shape, dtype=np.uint8)
    for value, body in enumerate(bodies.values(), start=1):
        labels[centre_mask(close_box(body), grid)] = value
    lps_to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    affine = lps_to_ras @ grid.affine[:, [2, 1, 0, 3]]
    image = nibabel.Nifti1Image(labels.transpose(2, 1, 0), affine)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")  # type: ignore[no-untyped-call]
    packed = gzip.compress(image.to_bytes(), mtime=0)
    (folder / f"{stem}.nii.gz").write_bytes(packed)
    names = {str(value): name for value, name in enumerate(bodies, start=1)}
    text = json.dumps(names, indent=2) + "\n"
    (folder / f"{stem}.json").write_text(text, encoding="utf-8", newline="\n")


def _truth(case: SkeletonCase, identity: Identity, series_uid: str, emission: "Grid") -> Truth:
    lesions = case.lesions
    return {
        "name": case.name,
        "study_uid": identity.study_uid,
        "series_uid": series_uid,
        "layout": case.layout.value,
        "voxel_mm": [float(value) for value in emission.spacing_mm],
        "shape": list(emission.shape),
        "field_z_mm": list(lesions.z_mm),
        "regions_as": case.regions_as,
        "bones": {name: _body_truth(body) for name, body in lesions.bones.items()},
        "lesions": {one.name: _lesion_truth(one) for one in lesions.lesions},
        "scores": {
            "psf_fwhm_mm": PSF_FWHM_MM,
            "planar_fwhm_mm": PLANAR_FWHM_MM,
            "curie": _scores(lesions.curie),
            "siopen": _scores(lesions.siopen),
            "planar_totals": lesions.planar,
        },
    }


def _body_truth(body: Body) -> Truth:
    low, high = close_box(body).bounds_mm()
    truth: Truth = {
        "low_mm": [float(value) for value in low],
        "high_mm": [float(value) for value in high],
    }
    return truth | ({"volume_ml": body.volume_ml} if isinstance(body, Solid) else {})


def _lesion_truth(lesion: PlannedLesion) -> Truth:
    return _body_truth(lesion.body) | {"fraction_of_bone": lesion.fractions}


def _scores(expected: Expected) -> Truth:
    """Score, lowest and highest admissible score of the segments that are not plainly 0."""
    return {
        "not_assessable": list(expected.unseen),
        "otherwise": 0,
        "segments": {key: _one(score) for key, score in expected.scores.items()},
    }


def _one(score: "Score") -> Truth:
    value, low, high = score if isinstance(score, tuple) else (score,) * 3
    return {"score": value, "low": low, "high": high}
