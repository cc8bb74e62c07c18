"""SUV of real series, against their headers by hand; the phantom's background and spheres.

The reference objects of the IBSI SUV benchmark are not at hand: their situations are rebuilt in
``tests/support/suv_cases.py``.
"""

import csv
import tarfile
from pathlib import Path

import numpy as np
import pytest

from quant.dicom.calibrate import calibrated, suv_report
from quant.domain.protocol import CalibrationSettings, WantedQuantity
from quant.domain.units import Unit
from tests.support.reading import only_series, read
from tests.support.reference import reference_dir

SUV_BW = CalibrationSettings(quantity=WantedQuantity.SUV_BW)


@pytest.mark.reference
def test_a_real_177lu_spect_exported_as_pet_has_the_suv_of_its_header(tmp_path: Path) -> None:
    """ADMIN, 92.987 kg, 7210425599.6395 Bq; the maximum is 2281200 Bq/ml by its own header."""
    with tarfile.open(reference_dir("lu177_spect_pt") / "SCAN_001.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    volume = calibrated(read(tmp_path, "PT"), only_series(tmp_path, "PT"), SUV_BW)
    assert volume.unit is Unit.SUV_BW
    expected = 2281200.0 * 92987.0 / 7210425599.6395
    assert float(volume.values.max()) == pytest.approx(expected, rel=1e-6)
    assert volume.provenance.facts["reference_step"] == "administration"
    assert "92.98" not in " ".join(volume.provenance.facts.values())


@pytest.mark.reference
@pytest.mark.parametrize("patient", ["STS_001", "STS_002", "STS_003"])
def test_a_real_pet_in_suv_stays_as_it_is_and_becomes_other_kinds(patient: str) -> None:
    """GML, BW. The ratio of kinds is that of the formulas by hand, for all three people."""
    import pydicom

    folder = reference_dir("ibsi_validation") / patient / "dicom" / "image"
    stored, series = read(folder, "PT"), only_series(folder, "PT")
    same = calibrated(stored, series, SUV_BW)
    np.testing.assert_array_equal(same.values, stored.values)
    assert suv_report(series, SUV_BW)["factor_first"] == 1.0
    header = pydicom.dcmread(next(folder.iterdir()), stop_before_pixels=True)
    weight, height = float(header.PatientWeight), float(header.PatientSize)
    base, rise = {"M": (6680.0, 216.0), "F": (8780.0, 244.0)}[header.PatientSex]
    share = 9270.0 / (base + rise * weight / height**2)
    wanted = CalibrationSettings(quantity=WantedQuantity.SUV_LBM_JANMA)
    lean = calibrated(stored, series, wanted)
    assert lean.unit is Unit.SUV_LBM_JANMA
    np.testing.assert_allclose(lean.values, stored.values * share, rtol=1e-6)


@pytest.mark.reference
def test_the_phantom_has_its_background_below_its_spheres_and_nothing_in_the_air() -> None:
    """Filled about 10 : 1. The histogram: mostly air, then background, then few hot voxels.

    MONOCHROME1 read upside down puts the air on top. Means over the inner quarter of each sphere
    carry the noise of few voxels and the scanner's blur: 9 to 12.
    """
    folder = reference_dir("nema_iec_pet")
    volume = read(folder / "pet_recon_1", "PT")
    with (folder / "spheres.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    centres = np.array([[float(row[f"centre_{axis}_lps_mm"]) for axis in "xyz"] for row in rows])
    index = np.stack(np.meshgrid(*map(np.arange, volume.grid.shape), indexing="ij"), axis=-1)
    places = volume.grid.to_mm(index.reshape(-1, 3))
    values = volume.values.reshape(-1).astype(np.float64)
    distances = [np.linalg.norm(places - centre, axis=1) for centre in centres]
    radius = np.linalg.norm(places[:, :2] - centres[:, :2].mean(axis=0), axis=1)
    ring = (np.min(distances, axis=0) > 30.0) & (radius > 30.0) & (radius < 85.0)
    background = float(values[ring & (np.abs(places[:, 2]) < 25.0)].mean())
    assert background > 0.0
    for row, distance in zip(rows, distances, strict=True):
        inner = values[distance < float(row["nominal_inner_diameter_mm"]) / 4.0].mean()
        assert 8.5 < inner / background < 12.0
    assert float(np.median(values[radius > 190.0])) == 0.0
    assert (values < background / 2.0).mean() > 0.7
    assert 0.0005 < (values > 5.0 * background).mean() < 0.005


@pytest.mark.reference
def test_the_phantom_without_units_has_no_suv() -> None:
    folder = reference_dir("nema_iec_pet") / "pet_recon_1"
    volume = calibrated(read(folder, "PT"), only_series(folder, "PT"), SUV_BW)
    assert volume.unit is Unit.RELATIVE
    assert "PET_NOT_CORRECTED" not in {flag.code for flag in volume.flags}
    assert "SUV_INPUT_MISSING" in {flag.code for flag in volume.flags}
