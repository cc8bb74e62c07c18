"""RealWorldValueMapping of PET and NM: in place of Rescale, by unit, within its range."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from quant.dicom.calibrate import calibrated
from quant.domain.protocol import CalibrationSettings, WantedQuantity
from quant.domain.units import Unit
from quant.domain.volume import Volume
from tests.support.dicom_builder import PT, item, letter_f, nm, save, save_all, slices
from tests.support.reading import only_series, read

SUV_BW = CalibrationSettings(quantity=WantedQuantity.SUV_BW)


def mapping(unit: str, slope: float | None = 0.5, first: int = 0, last: int = 65535) -> Dataset:
    data = item(
        RealWorldValueFirstValueMapped=first,
        RealWorldValueLastValueMapped=last,
        RealWorldValueSlope=slope,
        RealWorldValueIntercept=0.0,
        MeasurementUnitsCodeSequence=[item(CodeValue=unit, CodingSchemeDesignator="UCUM")],
    )
    for keyword in ("RealWorldValueFirstValueMapped", "RealWorldValueLastValueMapped"):
        data[keyword].VR = "US"
    return data


def pet(*units: str, **changes: object) -> list[Dataset]:
    """Return a PET whose mappings have another slope in every slice; Rescale says 7."""
    series = slices(PT, **({"RescaleSlope": "7", "CorrectedImage": ["ATTN", "DECY"]} | changes))
    for index, data in enumerate(series):
        data.RealWorldValueMappingSequence = [
            mapping(unit, (index + 1) * 0.5 + number) for number, unit in enumerate(units)
        ]
    return series


def by_mapping(offset: float = 0.0) -> NDArray[np.float64]:
    slopes = 0.5 * np.arange(1, 6) + offset
    return np.asarray(letter_f() * slopes[:, None, None], dtype=np.float64)


def saved(folder: Path, series: list[Dataset]) -> Volume:
    save_all(series, folder)
    return read(folder, "PT")


def codes(volume: Volume) -> set[str]:
    return {flag.code for flag in volume.flags}


@pytest.mark.parametrize("units", ["BQML", None, "CNTS"], ids=str)
def test_a_mapping_of_pet_acts_in_place_of_the_rescale(tmp_path: Path, units: str | None) -> None:
    volume = saved(tmp_path, pet("Bq/ml", Units=units))
    assert volume.unit is Unit.BQ_PER_ML
    np.testing.assert_allclose(volume.values, by_mapping(), rtol=1e-6)
    assert volume.provenance.facts["slope_source"] == "RealWorldValueMapping"
    assert codes(volume) == set()


def test_a_mapping_with_a_factor_of_a_thousand_is_in_becquerel(tmp_path: Path) -> None:
    volume = saved(tmp_path / "k", pet("kBq/ml"))
    np.testing.assert_allclose(volume.values, by_mapping() * 1e3, rtol=1e-6)
    volume = saved(tmp_path / "M", pet("MBq/mL"))
    np.testing.assert_allclose(volume.values, by_mapping() * 1e6, rtol=1e-6)
    assert saved(tmp_path / "m", pet("mBq/ml", Units=None)).unit is Unit.RELATIVE


def test_counts_do_not_push_aside_what_the_rescale_states(tmp_path: Path) -> None:
    volume = saved(tmp_path, pet("{counts}"))
    assert volume.unit is Unit.BQ_PER_ML
    np.testing.assert_allclose(volume.values, letter_f() * 7.0, rtol=1e-6)


def test_each_wish_takes_the_mapping_of_its_unit(tmp_path: Path) -> None:
    """Bq/ml by Rescale 7, SUV by the mapping: neither is multiplied with the other."""
    volume = saved(tmp_path, pet("g/ml{SUVbw}", "cm2/ml{SUVbsa}"))
    assert volume.unit is Unit.BQ_PER_ML
    np.testing.assert_allclose(volume.values, letter_f() * 7.0, rtol=1e-6)
    series = only_series(tmp_path, "PT")
    suv = calibrated(volume, series, SUV_BW)
    assert suv.unit is Unit.SUV_BW
    np.testing.assert_allclose(suv.values, by_mapping(), rtol=1e-6)
    surface = CalibrationSettings(quantity=WantedQuantity.SUV_BSA)
    np.testing.assert_allclose(
        calibrated(volume, series, surface).values, by_mapping(1.0), rtol=1e-6
    )


def test_a_mapped_suv_needs_its_corrections_too(tmp_path: Path) -> None:
    volume = saved(tmp_path, pet("g/ml{SUVbw}", CorrectedImage=["DECY"]))
    refused = calibrated(volume, only_series(tmp_path, "PT"), SUV_BW)
    assert refused.unit is Unit.BQ_PER_ML
    assert "PET_NOT_CORRECTED" in codes(refused)


@pytest.mark.parametrize(
    "broken",
    [
        mapping("Bq/ml", -1.0),
        mapping("Bq/ml", 0.0),
        mapping("Bq/ml", None),
        mapping("Bq/ml", last=1000),
        mapping("Bq/ml", first=500),
    ],
    ids=["negative", "zero", "none", "last below", "first above"],
)
@pytest.mark.parametrize("index", [0, 4])
def test_one_broken_mapping_leaves_the_rescale_to_all_slices(
    tmp_path: Path, broken: Dataset, index: int
) -> None:
    """The smallest stored value is 0, the largest above 1000: both must be covered."""
    series = pet("Bq/ml")
    series[index].RealWorldValueMappingSequence = [broken]
    volume = saved(tmp_path, series)
    assert "RWVM_BAD" in codes(volume)
    assert volume.unit is Unit.BQ_PER_ML
    np.testing.assert_allclose(volume.values, letter_f() * 7.0, rtol=1e-6)


def test_a_broken_mapping_without_units_calibrates_nothing(tmp_path: Path) -> None:
    series = pet("Bq/ml", Units=None)
    series[0].RealWorldValueMappingSequence = [mapping("Bq/ml", -1.0)]
    volume = saved(tmp_path, series)
    assert volume.unit is Unit.RELATIVE
    assert {"RWVM_BAD", "PET_UNIT_UNKNOWN"} <= codes(volume)


def test_a_broken_mapping_of_nm_is_not_replaced_by_a_private_unit(tmp_path: Path) -> None:
    broken = mapping("Bq/ml", -1.0)
    data = nm(Units="BQML", RescaleSlope="3", RealWorldValueMappingSequence=[broken])
    save(data, tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    assert volume.unit is Unit.RELATIVE
    assert {"RWVM_BAD", "NM_UNCALIBRATED"} <= codes(volume)


def test_a_usable_mapping_beside_a_broken_one_is_used_and_the_other_named(tmp_path: Path) -> None:
    items = [mapping("Bq/ml", -1.0), mapping("{counts}", 2.0)]
    save(nm(RealWorldValueMappingSequence=items), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    assert volume.unit is Unit.COUNTS
    np.testing.assert_allclose(volume.values, letter_f() * 2.0)
    (flag,) = [one for one in volume.flags if one.code == "RWVM_BAD"]
    assert "item 1, Bq/ml: slope -1" in flag.detail
