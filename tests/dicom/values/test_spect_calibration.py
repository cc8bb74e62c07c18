"""SPECT: counts, count rate, activity concentration and SUV, each with what must be stated."""

import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from quant.dicom.calibrate import calibrated, suv_report
from quant.dicom.volumes import read_volume
from quant.domain.protocol import CalibrationSettings
from quant.domain.units import Unit
from quant.domain.volume import Volume
from tests.support.dicom_builder import item, nm, save
from tests.support.reading import only_series, read
from tests.support.suv_cases import NOON, STORED, SUV, Person, Scan, spect

VOXEL_ML = 3.0 * 2.0 * 4.0 / 1000.0
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def settings(**changes: object) -> CalibrationSettings:
    return CalibrationSettings.model_validate(changes)


def measured(folder: Path, data: Dataset, **changes: object) -> Volume:
    save(data, folder / "a.dcm")
    return calibrated(read(folder, "NM"), only_series(folder, "NM"), settings(**changes))


def codes(volume: Volume) -> set[str]:
    return {flag.code for flag in volume.flags}


def counted(unit: str = "{counts}", slope: float = 1.0, **rotation: object) -> Dataset:
    """Return a reconstruction of counts: 60 frames of 25 s in the rotation."""
    mapping = item(
        RealWorldValueFirstValueMapped=0,
        RealWorldValueLastValueMapped=65535,
        RealWorldValueSlope=slope,
        RealWorldValueIntercept=0.0,
        MeasurementUnitsCodeSequence=[item(CodeValue=unit, CodingSchemeDesignator="UCUM")],
    )
    for keyword in ("RealWorldValueFirstValueMapped", "RealWorldValueLastValueMapped"):
        mapping[keyword].VR = "US"
    base: dict[str, object] = {"ActualFrameDuration": "25000", "NumberOfFramesInRotation": 60}
    return nm(
        np.tile(STORED, (4, 2, 1)),
        RealWorldValueMappingSequence=[mapping] if unit else None,
        RotationInformationSequence=[item(**(base | rotation))],
    )


RATES: list[tuple[dict[str, Any], float]] = [
    ({"frames_in_rotation": "per_head", "voxel_counts": "total"}, 1.0 / (25.0 * 60)),
    ({"frames_in_rotation": "all_heads", "heads": 2, "voxel_counts": "total"}, 2.0 / (25.0 * 60)),
    ({"frames_in_rotation": "all_heads", "heads": 1, "voxel_counts": "total"}, 1.0 / (25.0 * 60)),
    (
        {"frames_in_rotation": "per_head", "heads": 2, "voxel_counts": "per_projection"},
        120.0 / (25.0 * 60),
    ),
    (
        {"frames_in_rotation": "all_heads", "heads": 2, "voxel_counts": "per_projection"},
        60.0 / (25.0 * 30),
    ),
]
"""counts/s a count: two heads that take 60 frames each need 25 min, together 12.5 min."""


@pytest.mark.parametrize(("stated", "factor"), RATES, ids=str)
def test_count_rate_follows_the_stated_convention_of_heads(
    tmp_path: Path, stated: dict[str, Any], factor: float
) -> None:
    volume = measured(tmp_path, counted(slope=0.5), quantity="counts/s", **stated)
    assert volume.unit is Unit.COUNT_RATE
    expected = np.broadcast_to(STORED * 0.5 * factor, volume.values.shape)
    np.testing.assert_allclose(volume.values, expected, rtol=1e-6)
    assert "acquisition_duration_s" in volume.provenance.facts
    assert "NM_UNCALIBRATED" in codes(volume)


COMPLETE: dict[str, Any] = {
    "quantity": "Bq/ml",
    "frames_in_rotation": "all_heads",
    "heads": 2,
    "voxel_counts": "total",
    "sensitivity_cps_per_mbq": 92.5,
}


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1)], ids=str)
def test_a_sensitivity_makes_activity_of_count_rate(
    tmp_path: Path, orientation: tuple[float, ...]
) -> None:
    """A = C / (S T V): 1000 counts in 750 s and 24 mm3 at 92.5 cps/MBq."""
    data = counted()
    data.DetectorInformationSequence[0].ImageOrientationPatient = list(orientation)
    volume = measured(tmp_path, data, **COMPLETE)
    assert volume.unit is Unit.BQ_PER_ML
    expected = STORED / (92.5e-6 * 750.0 * VOXEL_ML)
    np.testing.assert_allclose(
        volume.values, np.broadcast_to(expected, volume.values.shape), rtol=1e-6
    )
    assert "NM_UNCALIBRATED" not in codes(volume)
    assert volume.provenance.facts["calibration"] == "Bq/ml from counts"


def test_a_stated_count_rate_needs_no_duration(tmp_path: Path) -> None:
    data = counted("{counts}/s", slope=0.01)
    volume = measured(tmp_path, data, quantity="Bq/ml", sensitivity_cps_per_mbq=92.5)
    expected = STORED * 0.01 / (92.5e-6 * VOXEL_ML)
    np.testing.assert_allclose(
        volume.values, np.broadcast_to(expected, volume.values.shape), rtol=1e-6
    )


@pytest.mark.parametrize(
    ("unstated", "name"),
    [
        ("frames_in_rotation", "calibration.frames_in_rotation"),
        ("heads", "calibration.heads"),
        ("voxel_counts", "calibration.voxel_counts"),
        ("sensitivity_cps_per_mbq", "calibration.sensitivity_cps_per_mbq"),
    ],
)
def test_nothing_is_assumed_about_heads_counts_and_sensitivity(
    tmp_path: Path, unstated: str, name: str
) -> None:
    rest = {key: value for key, value in COMPLETE.items() if key != unstated}
    volume = measured(tmp_path, counted(), **rest)
    assert volume.unit is Unit.COUNTS
    (flag,) = [one for one in volume.flags if one.code == "CALIBRATION_INPUT_MISSING"]
    assert name in flag.detail
    np.testing.assert_array_equal(volume.values[0, 0], STORED)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (counted(ActualFrameDuration=None), "ActualFrameDuration"),
        (counted(NumberOfFramesInRotation=None), "NumberOfFramesInRotation"),
        (counted(NumberOfFramesInRotation=0), "NumberOfFramesInRotation"),
        (nm(np.tile(STORED, (4, 2, 1)), Units="CNTS", RescaleSlope="1"), "with 0 items"),
        (counted("g/ml{SUVbw}"), "SUVbw"),
    ],
    ids=["duration", "frames", "no frames", "no rotation", "SUV"],
)
def test_a_missing_rotation_is_named(tmp_path: Path, data: Dataset, name: str) -> None:
    volume = measured(tmp_path, data, **COMPLETE)
    (flag,) = [one for one in volume.flags if one.code == "CALIBRATION_INPUT_MISSING"]
    assert name in flag.detail
    assert volume.unit in (Unit.COUNTS, Unit.SUV_BW)


def test_two_rotations_are_not_one(tmp_path: Path) -> None:
    data = counted()
    data.RotationInformationSequence = [*data.RotationInformationSequence] * 2
    assert "CALIBRATION_INPUT_MISSING" in codes(measured(tmp_path, data, **COMPLETE))


def test_values_without_a_unit_are_counts_only_when_the_protocol_says_so(tmp_path: Path) -> None:
    data = counted(unit="")
    refused = measured(tmp_path, data, **COMPLETE)
    assert refused.unit is Unit.RELATIVE
    assert {"NM_UNCALIBRATED", "CALIBRATION_INPUT_MISSING"} <= codes(refused)
    accepted = measured(tmp_path, data, **COMPLETE, nm_unstated_values="counts")
    assert accepted.unit is Unit.BQ_PER_ML
    expected = STORED / (92.5e-6 * 750.0 * VOXEL_ML)
    np.testing.assert_allclose(accepted.values[1, 1], expected, rtol=1e-6)


LU = Scan(Person(70.5, 1.8, "F"), "Lu-177", 7.4e9, NOON - 4 * DAY, NOON)
SUV_1_AT_INJECTION = LU.dose_bq / LU.person.grams()
DURATION_S = 25.0 * 30


def frame_mean() -> float:
    decays = LU.constant * DURATION_S
    return (1.0 - math.exp(-decays)) / decays


def rotation() -> dict[str, object]:
    inner = item(ActualFrameDuration="25000", NumberOfFramesInRotation=60)
    return {"RotationInformationSequence": [inner]}


HEADS = {"frames_in_rotation": "all_heads", "heads": 2}
REFERENCES: dict[str, tuple[float, dict[str, object]]] = {
    "administration": (1.0, {"CorrectedImage": ["ATTN", "SCAT", "DECY"]}),
    "acquisition_start": (LU.left(NOON), {}),
    "uncorrected": (LU.left(NOON) * frame_mean(), rotation()),
}


@pytest.mark.parametrize(("reference", "case"), REFERENCES.items(), ids=REFERENCES.keys())
def test_spect_in_activity_has_the_suv_of_its_stated_decay_reference(
    tmp_path: Path, reference: str, case: tuple[float, dict[str, object]]
) -> None:
    """177Lu after four days, dose in MBq: 1.5 times less activity than was given."""
    left, changes = case
    data = spect(LU, "7400", SUV_1_AT_INJECTION * left, **changes)
    volume = measured(tmp_path, data, quantity="SUVbw", nm_decay_reference=reference, **HEADS)
    assert volume.unit is Unit.SUV_BW
    np.testing.assert_allclose(volume.values, np.broadcast_to(SUV, volume.values.shape), rtol=1e-6)
    assert codes(volume) == set()
    assert float(volume.provenance.facts["dose_bq"]) == 7.4e9


def test_spect_without_a_stated_decay_reference_has_no_suv(tmp_path: Path) -> None:
    volume = measured(tmp_path, spect(LU, "7400", SUV_1_AT_INJECTION), quantity="SUVbw")
    (flag,) = volume.flags
    assert flag.code == "SUV_INPUT_MISSING"
    assert "calibration.nm_decay_reference" in flag.detail
    assert volume.unit is Unit.BQ_PER_ML


def test_a_dose_in_becquerel_is_wrong_in_an_nm_object(tmp_path: Path) -> None:
    data = spect(LU, "7400000000", SUV_1_AT_INJECTION)
    wanted = {"quantity": "SUVbw", "nm_decay_reference": "administration"}
    refused = measured(tmp_path, data, **wanted)
    assert "DOSE_UNIT" in codes(refused)
    assert refused.unit is Unit.BQ_PER_ML
    accepted = measured(tmp_path, data, **wanted, dose_unit="Bq")
    np.testing.assert_allclose(accepted.values[0, 0], SUV, rtol=1e-6)
    assert "DOSE_UNIT" in codes(accepted)


@pytest.mark.parametrize(
    ("reference", "corrected", "contradicted"),
    [
        ("administration", ["ATTN"], True),
        ("administration", ["ATTN", "DECY"], False),
        ("uncorrected", ["ATTN", "DECY"], True),
        ("uncorrected", ["ATTN"], False),
    ],
)
def test_a_protocol_that_contradicts_the_header_is_flagged(
    tmp_path: Path, reference: str, corrected: list[str], *, contradicted: bool
) -> None:
    data = spect(LU, "7400", 1e5, CorrectedImage=corrected, **rotation())
    volume = measured(tmp_path, data, quantity="SUVbw", nm_decay_reference=reference, **HEADS)
    assert volume.unit is Unit.SUV_BW
    assert ("DECAY_CONTRADICTED" in codes(volume)) == contradicted


def test_relative_values_never_become_suv(tmp_path: Path) -> None:
    data = nm(np.tile(STORED, (4, 2, 1)), RescaleSlope="3", RescaleIntercept="0")
    volume = measured(tmp_path, data, quantity="SUVbw", nm_decay_reference="administration")
    assert volume.unit is Unit.RELATIVE
    assert {"NM_UNCALIBRATED", "CALIBRATION_INPUT_MISSING"} <= codes(volume)


def test_counts_become_suv_when_everything_is_stated(tmp_path: Path) -> None:
    """From counts over Bq/ml: SUV 1 is dose / weight Bq/ml."""
    data = spect(LU, "7400", 1.0, **rotation())
    data.RealWorldValueMappingSequence = counted().RealWorldValueMappingSequence
    stated = COMPLETE | {"quantity": "SUVbw", "nm_decay_reference": "administration"}
    volume = measured(tmp_path, data, **stated)
    expected = STORED / (92.5e-6 * 750.0 * VOXEL_ML) / SUV_1_AT_INJECTION
    np.testing.assert_allclose(volume.values[2, 1], expected, rtol=1e-6)


def test_a_file_that_maps_to_the_wanted_unit_needs_no_calculation(tmp_path: Path) -> None:
    """Two items, Bq/ml and SUV: each wish takes its own, on stored values."""
    data = spect(LU, "7400", SUV_1_AT_INJECTION)
    suv = spect(LU, "7400", 1.0).RealWorldValueMappingSequence[0]
    suv.MeasurementUnitsCodeSequence[0].CodeValue = "g/ml{SUVbw}"
    data.RealWorldValueMappingSequence = [*data.RealWorldValueMappingSequence, suv]
    for quantity, unit, one in (
        ("stored", Unit.BQ_PER_ML, SUV_1_AT_INJECTION),
        ("Bq/ml", Unit.BQ_PER_ML, SUV_1_AT_INJECTION),
        ("SUVbw", Unit.SUV_BW, 1.0),
    ):
        volume = measured(tmp_path, data, quantity=quantity)
        assert volume.unit is unit
        np.testing.assert_allclose(volume.values[0, 0], SUV * one, rtol=1e-6)


def test_a_mapping_that_does_not_cover_the_stored_values_is_not_taken(tmp_path: Path) -> None:
    data = spect(LU, "7400", SUV_1_AT_INJECTION)
    suv = spect(LU, "7400", 1.0).RealWorldValueMappingSequence[0]
    suv.MeasurementUnitsCodeSequence[0].CodeValue = "g/ml{SUVbw}"
    suv.RealWorldValueLastValueMapped = 19999
    data.RealWorldValueMappingSequence = [*data.RealWorldValueMappingSequence, suv]
    volume = measured(tmp_path, data, quantity="SUVbw")
    assert volume.unit is Unit.BQ_PER_ML
    assert "RWVM_BAD" in codes(volume)


def test_the_report_of_spect_names_what_the_protocol_must_state(tmp_path: Path) -> None:
    save(spect(LU, "7400", SUV_1_AT_INJECTION), tmp_path / "a.dcm")
    series = only_series(tmp_path, "NM")
    report = suv_report(series, CalibrationSettings())
    assert (report["available"], report["unit"]) == (False, "Bq/ml")
    assert "nm_decay_reference" in str(report["reason"])
    stated = suv_report(series, settings(nm_decay_reference="administration"))
    assert stated["factor_first"] == pytest.approx(1.0 / SUV_1_AT_INJECTION, rel=1e-9)


def test_a_volume_without_a_place_is_calibrated_like_any_other(tmp_path: Path) -> None:
    data = counted()
    detector = data.DetectorInformationSequence[0]
    del detector.ImagePositionPatient, detector.ImageOrientationPatient
    save(data, tmp_path / "a.dcm")
    series = only_series(tmp_path, "NM")
    volume = calibrated(read_volume(series, native_only=True), series, settings(**COMPLETE))
    assert volume.unit is Unit.BQ_PER_ML
    expected = STORED / (92.5e-6 * 750.0 * VOXEL_ML)
    np.testing.assert_allclose(volume.values[3, 1], expected, rtol=1e-6)
