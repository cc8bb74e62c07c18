"""Whatever headers say, the report of SUV answers and never raises."""

from pathlib import Path

import numpy as np
import pytest

from quant.dicom.calibrate import calibrated, suv_report
from quant.dicom.files.wanted import NODES
from quant.dicom.values.suv import ALIKE
from quant.domain.flags import CODES
from quant.domain.protocol import CalibrationSettings, WantedQuantity
from quant.domain.study import FileEntry, SeriesEntry
from tests.support.dicom_builder import save_all
from tests.support.reading import only_series, read
from tests.support.suv_cases import Scan, pet, philips

VALUES: tuple[object, ...] = (
    "", "0", "-1", "nan", "\\", "19000101", "99991231", "00010101", "235960", "99991231235959",
    "START", "NONE", "ADMIN", "CNTS", "GML", "LBM", "O", "+2359", 0, -1, 1, 1e-320, 1e-9, 1e15,
    1e308, -1e308, float("nan"), float("inf"), (), (1.0, 2.0), ("a", "b"), 2**70,
)  # fmt: skip
EXTRA = ("GEScanDateTime", "PhilipsSUVScaleFactor", "PhilipsActivityScaleFactor", *ALIKE)
ENDS = ("first", "last")
WISHES = [CalibrationSettings(quantity=wish) for wish in WantedQuantity]


@pytest.mark.parametrize("modality", ["PT", "NM"])
def test_headers_of_any_content_are_judged_not_raised(tmp_path: Path, modality: str) -> None:
    """2000 headers with up to six facts spoiled, seed 5."""
    save_all(pet(Scan()), tmp_path)
    good = only_series(tmp_path, "PT")
    keywords = sorted({*(node.keyword for node in NODES), *EXTRA})
    chance = np.random.default_rng(5)
    protocols = [
        *WISHES,
        CalibrationSettings.model_validate(
            {"quantity": "SUVbw", "nm_decay_reference": "acquisition_start", "dose_unit": "MBq"}
        ),
    ]
    verdicts = set()
    for _ in range(2000):
        spoiled = {
            str(chance.choice(keywords if chance.random() < 0.5 else EXTRA)): VALUES[
                int(chance.integers(len(VALUES)))
            ]
            for _ in range(int(chance.integers(1, 7)))
        }
        files = tuple(
            FileEntry(one.path, one.sop_class_uid, one.sop_instance_uid, one.facts | spoiled)
            for one in good.files
        )
        series = SeriesEntry(good.series_uid, modality, files)
        report = suv_report(series, protocols[int(chance.integers(len(protocols)))])
        code = str(report["code"])
        assert code in CODES or (report["available"] and not code)
        if report["available"]:
            assert all(np.isfinite(float(str(report[f"factor_{end}"]))) for end in ENDS)
        verdicts.add(code)
    assert len(verdicts) > 3


def test_a_ct_has_no_suv() -> None:
    series = SeriesEntry("1.2", "CT", (FileEntry(Path("a"), "1.2.3", "1.2.4"),))
    report = suv_report(series, CalibrationSettings())
    assert (report["available"], report["code"]) == (False, "CALIBRATION_INPUT_MISSING")


def test_values_beyond_32_bits_are_refused_not_infinite(tmp_path: Path) -> None:
    factor = philips(0, 9e37)
    save_all(pet(Scan(units="CNTS", every=(factor,))), tmp_path)
    stored = read(tmp_path, "PT")
    wanted = CalibrationSettings(quantity=WantedQuantity.SUV_BW)
    volume = calibrated(stored, only_series(tmp_path, "PT"), wanted)
    np.testing.assert_array_equal(volume.values, stored.values)
    assert {flag.code for flag in volume.flags} == {"CALIBRATION_INPUT_MISSING"}
