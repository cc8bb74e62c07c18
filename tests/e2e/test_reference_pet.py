"""Published values from real DICOM: three PET tumours, and a real 177Lu SPECT."""

import tarfile
from pathlib import Path

import pytest

from tests.support.reference import reference_dir
from tests.support.run import PLAIN, run_here

TUMOURS = Path(__file__).parents[1] / "data" / "ibsi_validation"

# patient: voxels, mean SUV, max SUV, mesh volume mm3, mesh area mm2, asphericity (3 mm grid):
# values on which several radiomics teams agree (theibsi/ibsi_1_data_analysis, see the README there)
CONSENSUS = {
    "STS_001": (5095, 2.55513, 7.91067, 362944.125, 29156.340, 0.18492),
    "STS_002": (555, 7.36962, 21.67575, 53124.750, 8014.912, 0.17278),
    "STS_003": (817, 5.81629, 10.26530, 79660.125, 10863.277, 0.21325),
}


@pytest.mark.parametrize("patient", CONSENSUS)
def test_a_pet_tumour_has_the_values_on_which_the_teams_agree(patient: str, tmp_path: Path) -> None:
    protocol = tmp_path / "ibsi3.toml"
    protocol.write_text('extends = "ibsi"\n[morphology]\ngrid_mm = 3.0\n', encoding="utf-8")

    outcome = run_here(
        TUMOURS / patient / "dicom", tmp_path / "out", "--protocol", protocol, *PLAIN
    )
    (row,) = outcome.rows("studies.csv")

    voxels, mean, maximum, volume_mm3, area_mm2, asphericity = CONSENSUS[patient]
    assert outcome.status == 0
    assert row["unit"] == "SUVbw"
    assert int(row["tumour_voxels"]) == voxels
    assert float(row["tumour_mean"]) == pytest.approx(mean, rel=2e-6)  # printed to 6 digits
    assert float(row["tumour_max"]) == pytest.approx(maximum, rel=2e-6)
    assert float(row["mesh_volume_ml"]) * 1000 == pytest.approx(volume_mm3, rel=1e-4)
    assert float(row["surface_area_mm2"]) == pytest.approx(area_mm2, rel=2e-4)
    assert float(row["asphericity"]) == pytest.approx(asphericity, rel=5e-4)
    assert row["tmax_lmax"] == ""
    assert "LIVER_MISSING" in row["flags"]


LESIONS = ("lesion1 liver R lobe", "lesion2 liver L lateral")

# rule: volumes in ml. By voxel centres, 106.98 and 2.86 as counted by a separate script; the exact
# volume of the contours (area of the polygons times the slice spacing) is 106.94 and 2.80.
VOLUMES_ML = {"ibsi": (106.98, 2.86), "zhou2025": (106.94, 2.804)}
MAXIMA_BQ_PER_ML = (2252800.0, 2281200.0)


@pytest.mark.reference
@pytest.mark.parametrize("protocol", VOLUMES_ML)
def test_a_real_177lu_spect_is_measured_from_its_dicom(protocol: str, tmp_path: Path) -> None:
    archive = reference_dir("lu177_spect_pt") / "SCAN_001.tar.xz"
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "in", filter="data")

    outcome = run_here(tmp_path / "in", tmp_path / "out", "--protocol", protocol, *PLAIN)
    rows = {row["roi"]: row for row in outcome.rows("lesions.csv")}

    assert set(rows) == set(LESIONS)
    for name, volume_ml, maximum in zip(
        LESIONS, VOLUMES_ML[protocol], MAXIMA_BQ_PER_ML, strict=True
    ):
        row = rows[name]
        assert (row["unit"], row["role"]) == ("Bq/ml", "lesion")
        assert float(row["tumour_volume_ml"]) == pytest.approx(volume_ml, rel=0.002)
        assert float(row["tumour_max"]) == maximum
