"""Times of SUV: days before, midnight, missing dates, offsets; half-lives that contradict."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from quant.dicom.calibrate import calibrated
from quant.domain.protocol import CalibrationSettings, WantedQuantity
from quant.domain.units import Unit
from quant.domain.volume import Volume
from tests.support.dicom_builder import item, save_all
from tests.support.reading import only_series, read
from tests.support.suv_cases import NOON, SUV, Scan, ge_time, pet, stamps

WANTED = CalibrationSettings(quantity=WantedQuantity.SUV_BW)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NO_DATE: dict[str, object] = {"RadiopharmaceuticalStartDateTime": None}


def measured(folder: Path, series: list[Dataset], settings: CalibrationSettings = WANTED) -> Volume:
    save_all(series, folder)
    return calibrated(read(folder, "PT"), only_series(folder, "PT"), settings)


def require_truth(volume: Volume) -> None:
    assert volume.unit is Unit.SUV_BW
    expected = np.broadcast_to(SUV, volume.values.shape)
    np.testing.assert_allclose(volume.values, expected, rtol=1e-6)


def codes(volume: Volume) -> set[str]:
    return {flag.code for flag in volume.flags}


DAY_SIX = Scan(nuclide="I-131", dose_bq=3.7e9, given=NOON - 6 * DAY - 5 * HOUR)
WEEK = Scan(nuclide="Lu-177", dose_bq=7.4e9, given=NOON - 7 * DAY + HOUR)


@pytest.mark.parametrize("scan", [DAY_SIX, WEEK], ids=["I-131 on day 6", "Lu-177 after a week"])
@pytest.mark.parametrize("decay", ["START", "NONE", "ADMIN"])
def test_decay_runs_over_days_not_over_the_rest_of_one(
    tmp_path: Path, scan: Scan, decay: str
) -> None:
    """An exported SPECT: six days of 131I are a factor of 1.7, their hours alone 1.02."""
    volume = measured(tmp_path, pet(replace(scan, decay_correction=decay)))
    require_truth(volume)
    days = "on day -6" if scan is DAY_SIX else "on day -7"
    assert decay == "ADMIN" or days in volume.provenance.facts["administered"]


def test_a_time_without_a_date_is_of_the_day_of_the_scan(tmp_path: Path) -> None:
    volume = measured(tmp_path, pet(Scan(), **NO_DATE))
    require_truth(volume)
    assert codes(volume) == {"TIME_DATE_ASSUMED"}


MIDNIGHT = NOON + 12 * HOUR


def test_a_time_without_a_date_after_the_scan_is_of_the_day_before(tmp_path: Path) -> None:
    scan = Scan(given=MIDNIGHT - 40 * MINUTE, started=MIDNIGHT + 20 * MINUTE)
    volume = measured(tmp_path, pet(scan, **NO_DATE))
    require_truth(volume)
    assert codes(volume) == {"TIME_IMPLAUSIBLE"}


def test_midnight_between_the_beds_needs_no_other_day(tmp_path: Path) -> None:
    """The scan began on the day of the injection: its second bed is not what counts."""
    scan = Scan(given=MIDNIGHT - 61 * MINUTE, started=MIDNIGHT - MINUTE)
    volume = measured(tmp_path, pet(scan, **NO_DATE))
    require_truth(volume)
    assert codes(volume) == {"TIME_DATE_ASSUMED"}


@pytest.mark.parametrize(
    "scan",
    [
        DAY_SIX,
        Scan(nuclide="Zr-89", given=NOON - HOUR),
        Scan(nuclide="I-124", given=NOON - HOUR),
    ],
    ids=lambda scan: scan.nuclide,
)
def test_a_time_without_a_date_is_refused_when_more_days_are_possible(
    tmp_path: Path, scan: Scan
) -> None:
    volume = measured(tmp_path, pet(scan, **NO_DATE))
    (flag,) = volume.flags
    assert flag.code == "SUV_INPUT_MISSING"
    assert "RadiopharmaceuticalStartDateTime (0018,1078)" in flag.detail
    assert volume.unit is Unit.BQ_PER_ML


def test_the_protocol_may_say_that_the_day_of_the_scan_is_meant(tmp_path: Path) -> None:
    scan = Scan(nuclide="Zr-89", given=NOON - 3 * HOUR)
    settings = CalibrationSettings(quantity=WantedQuantity.SUV_BW, assume_scan_day=True)
    volume = measured(tmp_path, pet(scan, **NO_DATE), settings)
    require_truth(volume)
    assert codes(volume) == {"TIME_DATE_ASSUMED"}


def shifted(days: int) -> dict[str, object]:
    moment = Scan().given + days * DAY
    return {"RadiopharmaceuticalStartDateTime": f"{moment:%Y%m%d%H%M%S}"}


@pytest.mark.parametrize("days", [-1, 1, -400, 3000], ids=str)
@pytest.mark.parametrize("decay", ["START", "ADMIN", "NONE"])
def test_an_administration_after_the_scan_or_long_before_gives_no_suv(
    tmp_path: Path, days: int, decay: str
) -> None:
    """Also with ADMIN: the scanner corrected to a time that cannot be."""
    volume = measured(tmp_path, pet(Scan(decay_correction=decay), **shifted(days)))
    assert codes(volume) == {"TIME_IMPLAUSIBLE"}
    assert volume.unit is Unit.BQ_PER_ML


def test_seven_half_lives_are_the_limit(tmp_path: Path) -> None:
    inside = Scan(given=NOON - timedelta(seconds=6.99 * 6586.2))
    require_truth(measured(tmp_path / "a", pet(inside)))
    beyond = Scan(given=NOON - timedelta(seconds=7.01 * 6586.2))
    assert codes(measured(tmp_path / "b", pet(beyond))) == {"TIME_IMPLAUSIBLE"}


def test_a_private_time_that_an_anonymiser_left_behind_gives_no_suv(tmp_path: Path) -> None:
    scan = Scan(every=(ge_time(NOON - 900 * DAY),))
    assert "TIME_IMPLAUSIBLE" in codes(measured(tmp_path, pet(scan)))


def test_injections_in_another_time_zone_are_brought_to_that_of_the_file(tmp_path: Path) -> None:
    given = Scan().given + 6 * HOUR
    scan = Scan(changes={"TimezoneOffsetFromUTC": "-0500"})
    stated = {"RadiopharmaceuticalStartDateTime": f"{given:%Y%m%d%H%M%S}+0100"}
    require_truth(measured(tmp_path, pet(scan, **stated)))


def test_times_with_colons_are_read(tmp_path: Path) -> None:
    changes: dict[str, object] = {"SeriesTime": "12:00:00"}
    stated = {"RadiopharmaceuticalStartTime": "10:58:00", "RadiopharmaceuticalStartDateTime": None}
    require_truth(measured(tmp_path, pet(Scan(changes=changes), **stated)))


def coded(name: str) -> dict[str, object]:
    return {"RadionuclideCodeSequence": [item(CodeMeaning=name, CodeValue="x")]}


def test_a_half_life_in_minutes_is_replaced_and_flagged(tmp_path: Path) -> None:
    volume = measured(tmp_path, pet(Scan(), RadionuclideHalfLife="109.77"))
    require_truth(volume)
    assert codes(volume) == {"HALF_LIFE_MISMATCH"}
    assert volume.provenance.facts["half_life_source"] == "ICRP-107"


def test_a_half_life_within_two_percent_is_the_one_used(tmp_path: Path) -> None:
    """After 3720 s, 1.5 % of the half-life are 0.6 % of the dose."""
    volume = measured(tmp_path, pet(Scan(), RadionuclideHalfLife=str(6586.2 * 1.015)))
    stated = np.log(2.0) / (6586.2 * 1.015)
    off = np.exp((stated - Scan().constant) * 3720.0)
    expected = np.broadcast_to(SUV * off, volume.values.shape)
    np.testing.assert_allclose(volume.values, expected, rtol=1e-6)
    assert codes(volume) == set()


def test_a_half_life_of_another_radionuclide_gives_no_suv(tmp_path: Path) -> None:
    """Ga-68 measured with the preset of F-18, or the other way round: nobody can tell."""
    volume = measured(tmp_path, pet(Scan(nuclide="Ga-68"), **coded("^18^Fluorine")))
    assert codes(volume) == {"HALF_LIFE_MISMATCH"}
    assert volume.unit is Unit.BQ_PER_ML


def test_the_half_life_of_a_radionuclide_without_a_name_is_the_stated_one(tmp_path: Path) -> None:
    volume = measured(tmp_path, pet(Scan(nuclide="C-11", given=NOON - HOUR), **coded("unknown")))
    require_truth(volume)
    assert volume.provenance.facts["half_life_source"] == "RadionuclideHalfLife"


def test_a_named_radionuclide_has_the_half_life_of_the_table(tmp_path: Path) -> None:
    volume = measured(tmp_path, pet(Scan(), RadionuclideHalfLife=None))
    require_truth(volume)
    assert volume.provenance.facts["half_life_source"].startswith("ICRP-107")


def test_two_injections_are_not_one(tmp_path: Path) -> None:
    series = pet(Scan())
    for data in series:
        items = data.RadiopharmaceuticalInformationSequence
        data.RadiopharmaceuticalInformationSequence = [*items, items[0]]
    assert codes(measured(tmp_path, series)) == {"SUV_INPUT_MISSING"}


def test_an_unusable_series_date_leaves_the_rest_of_the_chain(tmp_path: Path) -> None:
    volume = measured(tmp_path, pet(Scan(changes={"SeriesDate": "unknown"})))
    require_truth(volume)
    assert "FrameReferenceTime" in volume.provenance.facts["reference_step"]


def test_without_frame_times_the_earliest_acquisition_counts(tmp_path: Path) -> None:
    """As IBSI's objects want it, also when beds differ: the second bed is not decayed again."""
    scan = Scan(changes={**stamps("Series", NOON + HOUR), "FrameReferenceTime": None})
    volume = measured(tmp_path, pet(scan))
    require_truth(volume)
    assert volume.provenance.facts["reference_step"] == "earliest AcquisitionTime"
