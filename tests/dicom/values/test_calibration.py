"""Units: what a file states, never what it does not."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from quant.dicom.acquisition import nuclide
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.errors import QuantError, ReadError
from tests.support.dicom_builder import CT, PT, item, letter_f, nm, save, save_all, slices
from tests.support.reading import read


def mapping(unit: str, slope: float = 0.5, **changes: object) -> Dataset:
    """Return a RealWorldValueMapping item over all 16-bit values."""
    base: dict[str, object] = {
        "RealWorldValueFirstValueMapped": 0,
        "RealWorldValueLastValueMapped": 65535,
        "RealWorldValueSlope": slope,
        "RealWorldValueIntercept": 0.0,
        "MeasurementUnitsCodeSequence": [
            item(CodeValue=unit, CodingSchemeDesignator="UCUM", CodeMeaning=unit)
        ],
    }
    data = item(**(base | changes))
    for keyword in ("RealWorldValueFirstValueMapped", "RealWorldValueLastValueMapped"):
        if keyword in data:
            data[keyword].VR = "US"
    return data


def volume_of(folder: Path, *items: Dataset, **changes: object) -> Volume:
    save(nm(RealWorldValueMappingSequence=list(items), **changes), folder / "a.dcm")
    return read(folder, "NM")


def flags_of(volume: Volume) -> set[str]:
    return {flag.code for flag in volume.flags}


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("Bq/ml", Unit.BQ_PER_ML),
        ("Bq/mL", Unit.BQ_PER_ML),
        ("{counts}", Unit.COUNTS),
        ("{counts}/s", Unit.COUNT_RATE),
        ("g/ml{SUVbw}", Unit.SUV_BW),
        ("{SUVbw}g/ml", Unit.SUV_BW),
        ("g/ml{SUVlbm}", Unit.SUV_LBM),
        ("g/ml{SUVlbm(James128)}", Unit.SUV_LBM_JAMES128),
        ("g/ml{SUVlbm(Janma)}", Unit.SUV_LBM_JANMA),
        ("cm2/ml{SUVbsa}", Unit.SUV_BSA),
        ("g/ml{SUVibw}", Unit.SUV_IBW),
    ],
)
def test_a_mapping_acts_on_stored_values_and_replaces_the_rescale(
    tmp_path: Path, unit: str, expected: Unit
) -> None:
    """With RescaleSlope 7 beside it, 0.5 alone must act (PS3.3 C.7.6.16.2.11)."""
    volume = volume_of(tmp_path, mapping(unit), RescaleSlope="7", RescaleIntercept="0")
    np.testing.assert_allclose(volume.values, letter_f() * 0.5)
    assert volume.unit is expected
    assert volume.provenance.facts["slope_source"] == "RealWorldValueMapping"
    is_count = expected in (Unit.COUNTS, Unit.COUNT_RATE)
    assert ("NM_UNCALIBRATED" in flags_of(volume)) == is_count


def test_of_several_mappings_the_physical_one_is_taken(tmp_path: Path) -> None:
    volume = volume_of(tmp_path, mapping("{counts}", 3.0), mapping("Bq/ml", 2.0))
    np.testing.assert_allclose(volume.values, letter_f() * 2.0)
    assert volume.unit is Unit.BQ_PER_ML


@pytest.mark.parametrize("other", [{"slope": 0.75}, {"RealWorldValueIntercept": 3.0}])
def test_mappings_of_one_unit_that_contradict_each_other_are_not_used(
    tmp_path: Path, other: dict[str, float]
) -> None:
    """Which of them is meant cannot be known, so neither is taken."""
    rival = mapping("kBq/ml", **({"slope": 0.5} | other))
    rival.RealWorldValueSlope = rival.RealWorldValueSlope / 1000.0
    rival.RealWorldValueIntercept = rival.RealWorldValueIntercept / 1000.0

    volume = volume_of(tmp_path, mapping("Bq/ml", 0.5), rival)

    np.testing.assert_array_equal(volume.values, letter_f())
    assert volume.unit is Unit.RELATIVE
    details = {flag.code: flag.detail for flag in volume.flags}
    assert "two mappings to Bq/ml with slopes 0.5 and" in details["RWVM_BAD"]


def test_mappings_of_one_unit_that_say_the_same_are_one(tmp_path: Path) -> None:
    volume = volume_of(tmp_path, mapping("Bq/ml", 500.0), mapping("kBq/ml", 0.5))

    np.testing.assert_allclose(volume.values, letter_f() * 500.0)
    assert volume.unit is Unit.BQ_PER_ML
    assert "RWVM_BAD" not in flags_of(volume)


def test_of_mappings_for_different_ranges_the_one_for_the_stored_values_is_taken(
    tmp_path: Path,
) -> None:
    small = mapping("Bq/ml", 9.0, RealWorldValueLastValueMapped=1)

    volume = volume_of(tmp_path, small, mapping("Bq/ml", 0.5))

    np.testing.assert_allclose(volume.values, letter_f() * 0.5)
    assert volume.unit is Unit.BQ_PER_ML


def test_a_rescale_that_makes_no_sense_is_refused_by_its_name(tmp_path: Path) -> None:
    save(nm(RescaleSlope=0.0), tmp_path / "a.dcm")

    with pytest.raises(QuantError) as error:
        read(tmp_path, "NM")

    assert (error.value.code, error.value.found) == ("VALUES_INVALID", "RescaleSlope 0.0")


BAD = {
    "unknown unit": mapping("furlong"),
    "negative slope": mapping("Bq/ml", -1.0),
    "no slope": mapping("Bq/ml", RealWorldValueSlope=None),
    "no range": mapping("Bq/ml", RealWorldValueLastValueMapped=None),
    "range too small": mapping("Bq/ml", RealWorldValueLastValueMapped=100),
    "table": mapping("Bq/ml", RealWorldValueLUTData=[1.0, 2.0]),
    "slope NaN": mapping("Bq/ml", float("nan")),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_broken_mapping_leaves_relative_values(tmp_path: Path, bad: Dataset) -> None:
    volume = volume_of(tmp_path, bad)
    np.testing.assert_array_equal(volume.values, letter_f())
    assert volume.unit is Unit.RELATIVE
    assert {"RWVM_BAD", "NM_UNCALIBRATED"} <= flags_of(volume)


def test_a_rescale_without_a_unit_scales_relative_values(tmp_path: Path) -> None:
    save(nm(RescaleSlope="0.25", RescaleIntercept="0"), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_array_equal(volume.values, letter_f() * np.float32(0.25))
    assert volume.unit is Unit.RELATIVE
    assert "NM_UNCALIBRATED" in flags_of(volume)


def test_an_nm_rescale_with_stated_units_is_calibrated(tmp_path: Path) -> None:
    save(nm(RescaleSlope="0.25", RescaleIntercept="0", Units="BQML"), tmp_path / "a.dcm")
    assert read(tmp_path, "NM").unit is Unit.BQ_PER_ML


def test_units_without_a_slope_calibrate_nothing(tmp_path: Path) -> None:
    save(nm(Units="BQML"), tmp_path / "a.dcm")
    assert read(tmp_path, "NM").unit is Unit.RELATIVE


@pytest.mark.parametrize(
    ("changes", "unit"),
    [
        ({"Units": "BQML"}, Unit.BQ_PER_ML),
        ({"Units": "CNTS"}, Unit.COUNTS),
        ({"Units": "GML"}, Unit.SUV_BW),
        ({"Units": "GML", "SUVType": "BW"}, Unit.SUV_BW),
        ({"Units": "GML", "SUVType": "LBM"}, Unit.SUV_LBM),
        ({"Units": "GML", "SUVType": "LBMJAMES128"}, Unit.SUV_LBM_JAMES128),
        ({"Units": "GML", "SUVType": "LBMJANMA"}, Unit.SUV_LBM_JANMA),
        ({"Units": "GML", "SUVType": "IBW"}, Unit.SUV_IBW),
        ({"Units": "GML", "SUVType": "BSA"}, Unit.SUV_BSA),
        ({"Units": "CM2ML", "SUVType": "BSA"}, Unit.SUV_BSA),
        ({"Units": "CM2ML"}, Unit.SUV_BSA),
        ({"Units": "CM2ML", "SUVType": "BW"}, Unit.RELATIVE),
        ({"Units": "GML", "SUVType": "FAT"}, Unit.RELATIVE),
        ({"Units": "PROPCNTS"}, Unit.RELATIVE),
        ({"Units": "CPS"}, Unit.COUNT_RATE),
        ({"Units": None}, Unit.RELATIVE),
        ({"Units": "BQML", "RescaleSlope": None}, Unit.RELATIVE),
    ],
    ids=str,
)
def test_pet_units_are_those_stated(tmp_path: Path, changes: dict[str, object], unit: Unit) -> None:
    save_all(slices(PT, **changes), tmp_path)
    volume = read(tmp_path, "PT")
    assert volume.unit is unit
    assert ("PET_UNIT_UNKNOWN" in flags_of(volume)) == (unit is Unit.RELATIVE)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"RescaleIntercept": "5"}, "PET_INTERCEPT"), ({"Units": "CNTS"}, "SERIES_MIXED")],
    ids=str,
)
def test_pet_with_an_intercept_or_mixed_units_is_refused(
    tmp_path: Path, changes: dict[str, object], code: str
) -> None:
    series = slices(PT)
    for keyword, value in changes.items():
        setattr(series[2], keyword, value)
    save_all(series, tmp_path)
    with pytest.raises(ReadError) as error:
        read(tmp_path, "PT")
    assert error.value.code == code


def test_a_ct_without_a_rescale_is_not_in_hounsfield_units(tmp_path: Path) -> None:
    save_all(slices(CT, RescaleSlope=None, RescaleIntercept=None), tmp_path)
    assert read(tmp_path, "CT").unit is Unit.RELATIVE


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("^123^Iodine", "I-123"),
        ("123-Iodine", "I-123"),
        ("I123", "I-123"),
        ("123I-MIBG", "I-123"),
        ("I131_EM", "I-131"),
        ("Technetium Tc99m", "Tc-99m"),
        ("^99m^Technetium", "Tc-99m"),
        ("177 Lutetium", "Lu-177"),
        ("F^18^", "F-18"),
        ("18F", "F-18"),
        ("FDG -- fluorodeoxyglucose", ""),
        ("Solution", ""),
        ("ATTENUATION MAPS", ""),
    ],
)
def test_radionuclides_are_read_in_the_spellings_of_vendors(words: str, expected: str) -> None:
    assert nuclide(words) == expected
