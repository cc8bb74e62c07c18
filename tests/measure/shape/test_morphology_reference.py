"""Shape and intensity against the values of the IBSI and of the teams that took part."""

import csv
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from quant.dicom.index import index_tree
from quant.dicom.regions.rtstruct import read_rtstruct
from quant.dicom.volumes import read_volume
from quant.domain.grid import Grid
from quant.domain.protocol import MorphologySettings
from quant.domain.region import RasterRule, Region
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.intensity import measure_intensity
from quant.measure.resample import resample_mask
from quant.measure.shape.morphology import measure_morphology
from quant.regions.rasterise import rasterise
from tests.support.reference import reference_dir

DATA = Path(__file__).parents[2] / "data"
PHANTOM = DATA / "ibsi_digital_phantom"
TUMOURS = DATA / "ibsi_validation"

INTENSITY = {
    "Q4LE": "mean",
    "ECT3": "variance",
    "KE2A": "skewness",
    "IPH6": "excess_kurtosis",
    "Y12H": "median",
    "1GSF": "minimum",
    "QG58": "percentile_10",
    "8DWT": "percentile_90",
    "84IY": "maximum",
    "SALO": "interquartile_range",
    "2OJQ": "range",
    "4FUA": "mean_absolute_deviation",
    "1128": "robust_mean_absolute_deviation",
    "N72L": "median_absolute_deviation",
    "7TET": "coefficient_of_variation",
    "9S40": "quartile_coefficient_of_dispersion",
    "N8CA": "energy",
    "5ZWQ": "root_mean_square",
}


def reference_values(data_set: str, family: str) -> dict[str, tuple[float, float]]:
    """Value and tolerance by IBSI tag."""
    with (PHANTOM / "reference_values.csv").open(encoding="utf-8", newline="") as stream:
        return {
            row["ibsi_tag"]: (float(row["value"]), float(row["tolerance"]))
            for row in csv.DictReader(stream)
            if row["data_set"] == data_set and row["family"] == family
        }


def require_agreement(
    found: dict[str, float], expected: dict[str, tuple[float, float]], tags: int
) -> None:
    """Round to three significant digits; then within the standard's own tolerance."""
    assert set(found) == set(expected)
    assert len(found) == tags
    for tag, value in found.items():
        reference, tolerance = expected[tag]
        # the slack is that of decimal fractions in binary: 0.187 - 0.186 exceeds 0.001
        slack = 1e-9 * abs(reference)
        assert abs(float(f"{value:.3g}") - reference) <= tolerance + slack, (tag, value, reference)


def nifti(path: Path) -> tuple[NDArray[np.float32], Grid]:
    """Values (K, J, I) and grid in LPS, by nibabel and nothing of ours."""
    image = nibabel.load(path)
    assert isinstance(image, nibabel.Nifti1Image)
    values = np.asarray(image.dataobj).T.astype(np.float32)
    affine = (np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.asarray(image.affine))[:, [2, 1, 0, 3]]
    k, j, i = values.shape
    return values, Grid((k, j, i), affine)


def shape_by_tag(region: Region) -> dict[str, float]:
    """Morphology by IBSI tag; those that we do not report follow from area and volume."""
    rows = {row.name: row.value for row in measure_morphology(region, MorphologySettings())}
    volume, area = rows["mesh_volume_ml"], rows["surface_area_mm2"]
    asphericity, sphericity = rows["asphericity"], rows["sphericity"]
    diameter = rows["max_diameter_mm"]
    assert volume is not None
    assert area is not None
    assert asphericity is not None
    assert sphericity is not None
    assert diameter is not None
    return {
        "RNU0": volume * 1000.0,
        "YEKZ": region.voxels * region.grid.voxel_volume_ml * 1000.0,
        "C0JK": area,
        "2PR5": area / (volume * 1000.0),
        "BQWJ": sphericity**3,
        "KRCK": asphericity + 1.0,
        "QCFX": sphericity,
        "25C7": asphericity,
        "L0JK": diameter,
    }


def intensity_by_tag(
    volume: Volume, region: Region, interval: tuple[float, float] | None
) -> dict[str, float]:
    """Intensity statistics by IBSI tag; all of them must be there."""
    rows = {row.name: row.value for row in measure_intensity(volume, region, interval)}
    found = {}
    for tag, name in INTENSITY.items():
        value = rows[f"intensity_{name}"]
        assert value is not None
        found[tag] = float(value)
    return found


def test_the_digital_phantom_has_its_reference_values() -> None:
    mask, grid = nifti(PHANTOM / "mask.nii.gz")
    values, _ = nifti(PHANTOM / "phantom.nii.gz")
    region = Region.from_full(grid, mask, "phantom")
    volume = Volume(grid, values, Unit.RELATIVE)

    assert region.voxels == 74
    require_agreement(
        shape_by_tag(region), reference_values("digital_phantom", "morphology"), tags=9
    )
    require_agreement(
        intensity_by_tag(volume, region, None),
        reference_values("digital_phantom", "intensity_statistics"),
        tags=18,
    )


@pytest.mark.reference
def test_the_ct_phantom_has_the_reference_values_of_configuration_a() -> None:
    """From DICOM, by voxel centres; re-segmentation acts on the intensity mask only."""
    folder = reference_dir("ibsi") / "ct_phantom" / "dicom"
    (study,) = index_tree(folder).studies
    (series,) = [one for one in study.series if one.modality == "CT"]
    volume = read_volume(series)
    (shape,) = [
        one for one in read_rtstruct(folder / "mask" / "DCM_RS_00060.dcm") if one.name == "GTV-1"
    ]
    region, _ = rasterise(shape, volume.grid, RasterRule.CENTRE)

    assert volume.unit is Unit.HU
    require_agreement(
        shape_by_tag(region), reference_values("ct_phantom_pat1", "morphology"), tags=9
    )
    require_agreement(
        intensity_by_tag(volume, region, (-500.0, 400.0)),
        reference_values("ct_phantom_pat1", "intensity_statistics"),
        tags=18,
    )


# IBSI name: ours, factor to IBSI's unit, relative tolerance (limits of issue and text of the sheet)
CONSENSUS = {
    "morph_volume": ("mesh_volume_ml", 1000.0, 1e-4),
    "morph_area_mesh": ("surface_area_mm2", 1.0, 2e-4),
    "morph_asphericity": ("asphericity", 1.0, 5e-4),
    "morph_sphericity": ("sphericity", 1.0, 1e-4),
    "morph_diam": ("max_diameter_mm", 1.0, 1e-4),
}


@pytest.mark.parametrize(("patient", "features"), [("STS_001", 7), ("STS_002", 7), ("STS_003", 6)])
def test_pet_tumours_on_a_3_mm_grid_have_the_values_of_the_teams(
    patient: str, features: int
) -> None:
    """Count of voxels exact; STS_003 has no agreed asphericity, but an agreed sphericity."""
    mask, grid = nifti(TUMOURS / patient / "PET_mask.nii.gz")
    region = Region.from_full(grid, (mask > 0).astype(np.float32), patient)
    with (TUMOURS / "pet_consensus.csv").open(encoding="utf-8", newline="") as stream:
        agreed = {
            row["feature"]: float(row["value"])
            for row in csv.DictReader(stream)
            if row["patient"] == patient
        }
    assert len(agreed) == features

    rows = {
        row.name: row.value for row in measure_morphology(region, MorphologySettings(grid_mm=3.0))
    }

    voxels = int(resample_mask(region, 3.0).sum())
    assert voxels == agreed.pop("morph_mask_vox_count_interp_roi")
    assert voxels == agreed.pop("int_mask_vox_count_interp_roi")
    for feature, value in agreed.items():
        name, factor, tolerance = CONSENSUS[feature]
        found = rows[name]
        assert found is not None
        assert found * factor == pytest.approx(value, rel=tolerance), feature
