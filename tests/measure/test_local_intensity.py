"""Local and global intensity peak against the IBSI's values and a plain loop."""

import csv
from pathlib import Path

import nibabel
import numpy as np
import pytest

from quant.dicom.index import index_tree
from quant.dicom.regions.rtstruct import read_rtstruct
from quant.dicom.volumes import read_volume
from quant.domain.grid import Grid
from quant.domain.region import RasterRule, Region
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.intensity import measure_intensity
from quant.regions.rasterise import rasterise
from tests.support.geometry import AFFINES, grid
from tests.support.reference import reference_dir

PHANTOM = Path(__file__).parents[1] / "data" / "ibsi_digital_phantom"


def _peaks(
    volume: Volume, region: Region, interval: tuple[float, float] | None = None
) -> dict[str, float | None]:
    """Both peaks by IBSI tag."""
    rows = {row.name: row for row in measure_intensity(volume, region, interval)}
    assert rows["intensity_peak_local"].unit == rows["intensity_peak_global"].unit == volume.unit
    return {
        "VJGA": rows["intensity_peak_local"].value,
        "0F91": rows["intensity_peak_global"].value,
    }


def _expected(data_set: str) -> dict[str, tuple[float, float]]:
    with (PHANTOM / "reference_values.csv").open(encoding="utf-8", newline="") as stream:
        return {
            row["ibsi_tag"]: (float(row["value"]), float(row["tolerance"]))
            for row in csv.DictReader(stream)
            if row["data_set"] == data_set and row["family"] == "local_intensity"
        }


def _require_agreement(found: dict[str, float | None], data_set: str) -> None:
    """Values of the manual are rounded to two or three digits; then its own tolerance."""
    expected = _expected(data_set)
    assert set(found) == set(expected)
    for tag, (reference, tolerance) in expected.items():
        value = found[tag]
        assert value is not None
        digits = len(f"{abs(reference):g}".replace(".", ""))
        assert abs(float(f"{value:.{digits}g}") - reference) <= tolerance + 1e-9


def test_the_digital_phantom_has_its_reference_peaks() -> None:
    mask, values = (
        np.asarray(nibabel.Nifti1Image.from_filename(PHANTOM / name).dataobj).T.astype(np.float32)
        for name in ("mask.nii.gz", "phantom.nii.gz")
    )
    at = Grid((4, 4, 5), np.diag([2.0, 2.0, 2.0, 1.0]))

    found = _peaks(Volume(at, values, Unit.RELATIVE), Region.from_full(at, mask, "phantom"))

    _require_agreement(found, "digital_phantom")


@pytest.mark.reference
def test_the_ct_phantom_has_the_reference_peaks_of_configuration_a() -> None:
    """-277 and 189 HU: what is about the highest voxel is not what is highest."""
    folder = reference_dir("ibsi") / "ct_phantom" / "dicom"
    (study,) = index_tree(folder).studies
    (series,) = [one for one in study.series if one.modality == "CT"]
    volume = read_volume(series)
    (shape,) = [
        one for one in read_rtstruct(folder / "mask" / "DCM_RS_00060.dcm") if one.name == "GTV-1"
    ]
    region, _ = rasterise(shape, volume.grid, RasterRule.CENTRE)

    _require_agreement(_peaks(volume, region, (-500.0, 400.0)), "ct_phantom_pat1")


@pytest.mark.parametrize("name", AFFINES)
def test_both_peaks_equal_a_plain_search_within_the_interval(name: str) -> None:
    """Centres are voxels inside with a value in the interval; all voxels near them count."""
    at = grid(name, (9, 10, 11))
    rng = np.random.default_rng(3)
    values = rng.gamma(2.0, 40.0, at.shape).astype(np.float32)
    weights = np.zeros(at.shape, np.float32)
    weights[2:6, 3:, 4:8] = rng.random((4, 7, 4))
    low, high = 20.0, 150.0
    inside = (weights >= 0.5) & (values >= low) & (values <= high)
    radius = (3000.0 / (4.0 * np.pi)) ** (1.0 / 3.0)
    places = at.to_mm(np.argwhere(np.ones(at.shape)))
    means = {}
    for centre in np.argwhere(inside):
        near = np.linalg.norm(places - at.to_mm(centre), axis=1) <= radius
        means[tuple(centre)] = values.ravel()[near].mean(dtype=np.float64)
    hottest = np.unravel_index(np.where(inside, values, -np.inf).argmax(), at.shape)

    found = _peaks(
        Volume(at, values, Unit.COUNTS), Region.from_full(at, weights, "mass"), (low, high)
    )

    assert found["VJGA"] == pytest.approx(means[tuple(hottest)], rel=1e-9)
    assert found["0F91"] == pytest.approx(max(means.values()), rel=1e-9)
    assert found["VJGA"] != found["0F91"]


def test_peaks_that_would_reach_a_voxel_without_a_value_are_absent() -> None:
    at = grid("axial", (9, 9, 9))
    values = np.ones(at.shape, np.float32)
    values[4, 4, 6] = np.nan
    weights = np.zeros(at.shape, np.float32)
    weights[4, 4, 3:6] = 1.0

    rows = measure_intensity(
        Volume(at, values, Unit.COUNTS), Region.from_full(at, weights, "mass"), None
    )

    absent = {row.name: [flag.code for flag in row.flags] for row in rows if row.value is None}
    assert (
        absent["intensity_peak_local"] == absent["intensity_peak_global"] == ["VALUES_NOT_FINITE"]
    )
    assert "intensity_mean" not in absent
