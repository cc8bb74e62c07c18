"""The protocol's wish reaches the record, with every input or with the reason."""

from pathlib import Path

import pytest

from quant.errors import ProtocolError
from quant.pipeline.protocols import load_protocol, settings_of
from quant.pipeline.study import measure_study
from tests.support.dicom_builder import save_all
from tests.support.reading import only_study
from tests.support.suv_cases import Scan, pet


def protocol(folder: Path, text: str) -> Path:
    path = folder / "suv.toml"
    path.write_text(f'extends = "zhou2025"\n[calibration]\n{text}\n', encoding="utf-8")
    return path


def test_a_protocol_that_wants_suv_gets_it_into_the_record(tmp_path: Path) -> None:
    """No regions here: nothing is measured, but unit, inputs and flags stand."""
    save_all(pet(Scan()), tmp_path / "dicom")
    wanted = load_protocol(protocol(tmp_path, 'quantity = "SUVbw"'))
    record = measure_study(only_study(tmp_path / "dicom"), wanted).record
    assert record.unit == "SUVbw"
    assert record.facts["calibration"] == "SUVbw from Bq/ml"
    assert float(record.facts["dose_bq"]) == Scan().dose_bq


def test_a_wish_that_cannot_be_met_leaves_unit_and_reason(tmp_path: Path) -> None:
    save_all(pet(Scan(changes={"PatientWeight": None})), tmp_path / "dicom")
    wanted = load_protocol(protocol(tmp_path, 'quantity = "SUVbw"'))
    record = measure_study(only_study(tmp_path / "dicom"), wanted).record
    assert record.unit == "Bq/ml"
    assert "SUV_INPUT_MISSING" in {flag.code for flag in record.flags}


@pytest.mark.parametrize(
    "text",
    [
        'quantity = "SUV"',
        "sensitivity_cps_per_mbq = -1",
        "heads = 0",
        'dose_unit = "mCi"',
        "suv = true",
    ],
)
def test_settings_that_mean_nothing_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProtocolError):
        load_protocol(protocol(tmp_path, text))


def test_every_setting_of_the_calibration_is_shown_with_its_source() -> None:
    rows = [
        row for row in settings_of(load_protocol("zhou2025")) if row[0].startswith("calibration.")
    ]
    assert len(rows) == 9
    assert all(description and source for _, _, description, source in rows)
