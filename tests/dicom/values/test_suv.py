"""SUV of PET against the truth of physics: every unit, vendor, decay correction and kind."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from quant.dicom.calibrate import calibrated, suv_report
from quant.domain.protocol import CalibrationSettings, WantedQuantity
from quant.domain.units import Unit
from quant.domain.volume import Volume
from tests.support.dicom_builder import save, save_all
from tests.support.reading import only_series, read
from tests.support.suv_cases import (
    NOON,
    SUV,
    Person,
    Scan,
    ge_time,
    in_suv,
    moved,
    pet,
    philips,
    rescaled,
    stamps,
)

WANTED = CalibrationSettings(quantity=WantedQuantity.SUV_BW)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def measured(folder: Path, series: list[Dataset], settings: CalibrationSettings = WANTED) -> Volume:
    """Write a series, read it and bring it to the wanted quantity."""
    save_all(series, folder)
    return calibrated(read(folder, "PT"), only_series(folder, "PT"), settings)


def require_truth(volume: Volume, unit: Unit = Unit.SUV_BW) -> None:
    """Background, muscle and tumour in every slice: 0.20, 1.00 and 4.00 within 1e-6."""
    assert volume.unit is unit
    expected = np.broadcast_to(SUV, volume.values.shape)
    np.testing.assert_allclose(volume.values, expected, rtol=1e-6)


def codes(volume: Volume) -> set[str]:
    return {flag.code for flag in volume.flags}


DEFAULT = Scan()
LATER = stamps("Series", NOON + 25 * MINUTE)
NO_FRAME_TIME: dict[str, object] = {"FrameReferenceTime": None}
EVERY_VENDOR = {
    "series time": DEFAULT,
    "administration": Scan(decay_correction="ADMIN"),
    "no decay correction, beds at different times": Scan(decay_correction="NONE"),
    "no decay correction, no DECY either": Scan(
        decay_correction="NONE", changes={"CorrectedImage": ["ATTN"]}
    ),
    "series time overwritten, computed back slice by slice": Scan(changes=LATER),
    "series time overwritten, no frame time, one bed": Scan(
        beds=(0.0, 0.0, 0.0, 0.0), changes=LATER | NO_FRAME_TIME
    ),
    "no series time": Scan(changes={"SeriesTime": None}),
    "acquisition date and time as one": Scan(
        beds=(0.0,) * 4,
        changes={
            "AcquisitionDate": None,
            "AcquisitionTime": None,
            "AcquisitionDateTime": f"{NOON:%Y%m%d%H%M%S}.000000",
        },
    ),
    "GE, series time overwritten, no frame time": Scan(
        changes=LATER | NO_FRAME_TIME, every=(ge_time(NOON),)
    ),
    "GE, block 11": Scan(changes=LATER | NO_FRAME_TIME, every=(ge_time(NOON, block=0x11),)),
    "GE, block C7": Scan(changes=LATER | NO_FRAME_TIME, every=(ge_time(NOON, block=0xC7),)),
    "GE, series time hours early": Scan(
        changes=stamps("Series", NOON - 2 * HOUR), every=(ge_time(NOON),)
    ),
    "Ga-68": Scan(nuclide="Ga-68"),
    "C-11": Scan(nuclide="C-11", given=NOON - 10 * MINUTE),
    "I-124 after four days": Scan(nuclide="I-124", given=NOON - 4 * DAY - 3 * HOUR),
    "Zr-89 after six days": Scan(nuclide="Zr-89", given=NOON - 6 * DAY),
    "across midnight": Scan(
        given=NOON + 11 * HOUR + 7 * MINUTE, started=NOON + 12 * HOUR + 13 * MINUTE
    ),
    "midnight between the beds": Scan(
        given=NOON + 11 * HOUR, started=NOON + 11 * HOUR + 58 * MINUTE
    ),
    "female": Scan(person=Person(61.0, 1.63, "F")),
    "sex unknown, not needed": moved(DEFAULT, PatientSex=None, PatientSize=None),
}


@pytest.mark.parametrize("scan", EVERY_VENDOR.values(), ids=EVERY_VENDOR.keys())
def test_activity_concentration_becomes_the_true_suv(tmp_path: Path, scan: Scan) -> None:
    require_truth(measured(tmp_path, pet(scan)))


BODY = Person(81.3, 1.76, "M")
KINDS = {
    "GML, BW": ("GML", "BW", Person.grams(BODY)),
    "GML, empty": ("GML", None, Person.grams(BODY)),
    "GML, LBM": ("GML", "LBM", BODY.lean_grams("LBM")),
    "GML, LBMJAMES128": ("GML", "LBMJAMES128", BODY.lean_grams("LBMJAMES128")),
    "GML, LBMJANMA": ("GML", "LBMJANMA", BODY.lean_grams("LBMJANMA")),
    "GML, IBW": ("GML", "IBW", BODY.lean_grams("IBW")),
    "GML, BSA": ("GML", "BSA", BODY.surface_cm2()),
    "CM2ML, BSA": ("CM2ML", "BSA", BODY.surface_cm2()),
    "CM2ML, empty": ("CM2ML", None, BODY.surface_cm2()),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_stated_suv_of_any_kind_is_inverted_to_body_weight(
    tmp_path: Path, kind: tuple[str, str | None, float]
) -> None:
    units, suv_type, size = kind
    scan = Scan(person=BODY, units=units, changes={"SUVType": suv_type})
    require_truth(measured(tmp_path, pet(replace(scan, every=(in_suv(scan, size),)))))


@pytest.mark.parametrize("sex", ["M", "F", "O"])
@pytest.mark.parametrize(
    ("quantity", "kind"),
    [
        (WantedQuantity.SUV_LBM, "LBM"),
        (WantedQuantity.SUV_LBM_JAMES128, "LBMJAMES128"),
        (WantedQuantity.SUV_LBM_JANMA, "LBMJANMA"),
        (WantedQuantity.SUV_IBW, "IBW"),
        (WantedQuantity.SUV_BSA, ""),
    ],
    ids=str,
)
def test_every_kind_of_suv_is_body_weight_times_its_size(
    tmp_path: Path, quantity: WantedQuantity, kind: str, sex: str
) -> None:
    """SUV of a kind / SUVbw = its size / weight, whatever the decay."""
    person = Person(66.0, 1.71, sex)
    size = person.lean_grams(kind) if kind else person.surface_cm2()
    volume = measured(tmp_path, pet(Scan(person=person)), CalibrationSettings(quantity=quantity))
    assert str(volume.unit) == str(quantity)
    expected = np.broadcast_to(SUV * size / person.grams(), volume.values.shape)
    np.testing.assert_allclose(volume.values, expected, rtol=1e-6)
    assert ("SUV_SEX_OTHER" in codes(volume)) == (sex == "O" and bool(kind))


def test_ideal_body_weight_of_a_person_of_sex_other_is_inverted(tmp_path: Path) -> None:
    person = Person(70.0, 1.8, "O")
    scan = Scan(person=person, units="GML", changes={"SUVType": "IBW"})
    scan = replace(scan, every=(in_suv(scan, person.lean_grams("IBW")),))
    volume = measured(tmp_path, pet(scan))
    require_truth(volume)
    assert "SUV_SEX_OTHER" in codes(volume)


def of_counts(element: int, scan: Scan, **private: object) -> Scan:
    """Return the scan in Philips' counts: 0.00037 Bq/ml or SUV of the scan a count."""
    suv = element == 0
    factor = 0.00037 if suv else 12.5
    to_suv = scan.person.grams() / (scan.dose_bq * scan.left(scan.started))
    every = (rescaled((to_suv if suv else 1.0) / factor), philips(element, factor, **private))  # type: ignore[arg-type]
    return replace(scan, units="CNTS", every=every)


@pytest.mark.parametrize("element", [0x00, 0x09], ids=["SUV factor", "activity factor"])
@pytest.mark.parametrize("private", [{}, {"block": 0x11}, {"block": 0xFE}, {"vr": "UN"}], ids=str)
@pytest.mark.parametrize("syntax", ["explicit", "implicit"])
def test_counts_of_philips_become_suv_by_its_private_factors(
    tmp_path: Path, element: int, private: dict[str, object], syntax: str
) -> None:
    """Block 11, a foreign creator in block 10 with the same element, and bytes of lost type."""
    series = pet(of_counts(element, DEFAULT, **private))
    for index, data in enumerate(series):
        path = tmp_path / f"{index}.dcm"
        if syntax == "implicit":
            save(data, path, ImplicitVRLittleEndian)
        else:
            save(data, path)
    volume = calibrated(read(tmp_path, "PT"), only_series(tmp_path, "PT"), WANTED)
    require_truth(volume)
    lost = private.get("vr") == "UN" and syntax == "explicit"
    assert ("PRIVATE_FALLBACK" in codes(volume)) == lost


def without_creators(data: Dataset) -> None:
    for group in (0x0009, 0x7053):
        for block in range(0x10, 0x100):
            if (group << 16 | block) in data:
                del data[group << 16 | block]


@pytest.mark.parametrize(
    "scan",
    [
        of_counts(0x00, DEFAULT),
        of_counts(0x09, DEFAULT),
        Scan(changes=LATER | NO_FRAME_TIME, every=(ge_time(NOON),)),
        Scan(changes=LATER | NO_FRAME_TIME, every=(ge_time(NOON, vr="UN"),)),
    ],
    ids=["Philips SUV", "Philips activity", "GE", "GE as bytes"],
)
def test_private_attributes_without_a_creator_are_used_and_flagged(
    tmp_path: Path, scan: Scan
) -> None:
    volume = measured(tmp_path, pet(replace(scan, every=(*scan.every, without_creators))))
    require_truth(volume)
    assert "PRIVATE_FALLBACK" in codes(volume)


def test_an_element_in_the_block_of_somebody_else_is_not_believed(tmp_path: Path) -> None:
    def renamed(data: Dataset) -> None:
        data.add_new(0x70530010, "LO", "SOMEBODY ELSE")

    scan = of_counts(0x00, DEFAULT)
    volume = measured(tmp_path, pet(replace(scan, every=(*scan.every, renamed))))
    assert volume.unit is Unit.COUNTS
    assert "SUV_INPUT_MISSING" in codes(volume)


def test_a_dose_in_another_unit_is_rescaled_only_by_the_protocol(tmp_path: Path) -> None:
    """Twice the same files: refused as they stand, true when the protocol says MBq."""
    series = pet(DEFAULT, RadionuclideTotalDose="340")
    refused = measured(tmp_path, series)
    assert refused.unit is Unit.BQ_PER_ML
    assert codes(refused) == {"DOSE_UNIT"}
    stated = CalibrationSettings(quantity=WantedQuantity.SUV_BW, dose_unit="MBq")
    accepted = measured(tmp_path, series, stated)
    require_truth(accepted)
    assert "DOSE_UNIT" in codes(accepted)


@pytest.mark.parametrize("unit", ["MBq", "kBq"])
def test_a_wrong_statement_about_the_dose_does_not_pass(tmp_path: Path, unit: str) -> None:
    """3.4e8 is Bq: in kBq or MBq nobody is given that much."""
    stated = CalibrationSettings.model_validate({"quantity": "SUVbw", "dose_unit": unit})
    assert "DOSE_UNIT" in codes(measured(tmp_path, pet(DEFAULT), stated))


MISSING: dict[str, tuple[Callable[[], list[Dataset]], str]] = {
    "weight": (lambda: pet(moved(DEFAULT, PatientWeight=None)), "PatientWeight (0010,1030)"),
    "weight zero": (lambda: pet(moved(DEFAULT, PatientWeight="0")), "PatientWeight (0010,1030)"),
    "weight in g": (lambda: pet(moved(DEFAULT, PatientWeight="81300")), "PatientWeight"),
    "dose": (lambda: pet(DEFAULT, RadionuclideTotalDose=None), "RadionuclideTotalDose (0018,1074)"),
    "dose zero": (lambda: pet(DEFAULT, RadionuclideTotalDose="0"), "RadionuclideTotalDose"),
    "times": (
        lambda: pet(
            DEFAULT, RadiopharmaceuticalStartDateTime=None, RadiopharmaceuticalStartTime=None
        ),
        "RadiopharmaceuticalStartDateTime (0018,1078)",
    ),
    "half-life of an unknown nuclide": (
        lambda: pet(DEFAULT, RadionuclideHalfLife=None, RadionuclideCodeSequence=None),
        "RadionuclideHalfLife (0018,1075)",
    ),
    "radiopharmaceutical": (
        lambda: pet(moved(DEFAULT, RadiopharmaceuticalInformationSequence=None)),
        "RadionuclideTotalDose",
    ),
    "acquisition": (
        lambda: pet(moved(DEFAULT, AcquisitionDate=None)),
        "AcquisitionDate (0008,0022)",
    ),
    "decay correction": (
        lambda: pet(moved(DEFAULT, DecayCorrection=None)),
        "DecayCorrection (0054,1102)",
    ),
    "duration of uncorrected frames": (
        lambda: pet(Scan(decay_correction="NONE", changes={"ActualFrameDuration": None})),
        "ActualFrameDuration (0018,1242)",
    ),
    "Philips factors": (lambda: pet(replace(DEFAULT, units="CNTS")), "(7053,xx00)"),
    "Philips factors of zero": (
        lambda: pet(replace(DEFAULT, units="CNTS", every=(philips(0, 0.0), philips(9, 0.0)))),
        "(7053,xx00)",
    ),
    "weight of one slice": (
        lambda: [*pet(DEFAULT)[:-1], pet(moved(DEFAULT, PatientWeight="50"))[-1]],
        "PatientWeight",
    ),
}


@pytest.mark.parametrize("case", MISSING.values(), ids=MISSING.keys())
def test_a_missing_input_leaves_the_stated_unit_and_is_named(
    tmp_path: Path, case: tuple[Callable[[], list[Dataset]], str]
) -> None:
    build, name = case
    save_all(build(), tmp_path)
    stored = read(tmp_path, "PT")
    volume = calibrated(stored, only_series(tmp_path, "PT"), WANTED)
    (flag,) = [one for one in volume.flags if one.code == "SUV_INPUT_MISSING"]
    assert name in flag.detail
    assert volume.unit is stored.unit
    assert volume.unit not in (Unit.SUV_BW, Unit.RELATIVE)
    np.testing.assert_array_equal(volume.values, stored.values)
    report = suv_report(only_series(tmp_path, "PT"), WANTED)
    assert (report["available"], report["code"]) == (False, "SUV_INPUT_MISSING")


@pytest.mark.parametrize(
    ("changes", "quantity"),
    [
        ({"PatientSize": None}, WantedQuantity.SUV_BSA),
        ({"PatientSize": "176"}, WantedQuantity.SUV_BSA),
        ({"PatientSize": None}, WantedQuantity.SUV_LBM_JANMA),
        ({"PatientSex": None}, WantedQuantity.SUV_IBW),
        ({"PatientSize": "0.6"}, WantedQuantity.SUV_IBW),
        ({"PatientWeight": "400"}, WantedQuantity.SUV_LBM_JAMES128),
    ],
    ids=str,
)
def test_kinds_of_suv_need_height_and_sex(
    tmp_path: Path, changes: dict[str, object], quantity: WantedQuantity
) -> None:
    """A height of 176 m or a lean mass below zero is no input either."""
    settings = CalibrationSettings(quantity=quantity)
    volume = measured(tmp_path, pet(moved(DEFAULT, **changes)), settings)
    assert volume.unit is Unit.BQ_PER_ML
    assert codes(volume) == {"SUV_INPUT_MISSING"}


@pytest.mark.parametrize(
    ("corrected", "decay"),
    [
        (["DECY", "SCAT"], "START"),
        (["ATTN"], "START"),
        (["ATTN"], "ADMIN"),
        (None, "START"),
        (["SCAT"], "NONE"),
    ],
    ids=str,
)
def test_pet_without_attenuation_or_decay_correction_has_no_suv(
    tmp_path: Path, corrected: list[str] | None, decay: str
) -> None:
    scan = Scan(decay_correction=decay, changes={"CorrectedImage": corrected})
    volume = measured(tmp_path, pet(scan))
    assert volume.unit is Unit.BQ_PER_ML
    assert codes(volume) == {"PET_NOT_CORRECTED"}


def test_a_series_time_off_the_frame_times_is_flagged_and_the_chain_is_used(
    tmp_path: Path,
) -> None:
    """61 s before the true start the chain takes the series time, as IBSI's objects want."""
    assert "PET_REFTIME" in codes(measured(tmp_path / "a", pet(Scan(changes=LATER))))
    near = Scan(changes=stamps("Series", NOON - timedelta(seconds=59)))
    assert "PET_REFTIME" not in codes(measured(tmp_path / "b", pet(near)))
    far = Scan(changes=stamps("Series", NOON - timedelta(seconds=61)))
    volume = measured(tmp_path / "c", pet(far))
    assert "PET_REFTIME" in codes(volume)
    assert volume.provenance.facts["reference_step"] == "SeriesDate and SeriesTime"
    off = np.broadcast_to(SUV * np.exp(-far.constant * 61.0), volume.values.shape)
    np.testing.assert_allclose(volume.values, off, rtol=1e-6)


def test_uncorrected_frames_that_claim_decay_correction_are_flagged(tmp_path: Path) -> None:
    volume = measured(tmp_path, pet(Scan(decay_correction="NONE")))
    assert "DECAY_CONTRADICTED" in codes(volume)


def test_without_a_wish_the_volume_stays_as_stated(tmp_path: Path) -> None:
    save_all(pet(DEFAULT), tmp_path)
    stored = read(tmp_path, "PT")
    assert calibrated(stored, only_series(tmp_path, "PT"), CalibrationSettings()) is stored


def test_every_input_is_kept_but_nothing_of_the_person(tmp_path: Path) -> None:
    volume = measured(tmp_path, pet(DEFAULT))
    facts = volume.provenance.facts
    assert facts["calibration"] == "SUVbw from Bq/ml"
    assert float(facts["dose_bq"]) == DEFAULT.dose_bq
    assert float(facts["half_life_s"]) == 6586.2
    assert facts["half_life_source"] == "RadionuclideHalfLife"
    assert facts["administered"] == "10:58:00.000"
    assert facts["reference_time"] == "12:00:00.000"
    assert facts["reference_step"] == "SeriesDate and SeriesTime"
    assert facts["decay_s"] == "3720.000000"
    whole = " ".join([*facts.values(), *(flag.detail for flag in volume.flags)])
    for own in ("81.3", "1.76", "2024", "03-14"):
        assert own not in whole


def test_the_report_from_headers_gives_the_factor_of_the_volume(tmp_path: Path) -> None:
    """Also before pixels are read, and for each slice of its own."""
    save_all(pet(Scan(decay_correction="NONE")), tmp_path)
    series = only_series(tmp_path, "PT")
    report = suv_report(series, CalibrationSettings())
    assert report["available"] is True
    assert (report["unit"], report["wanted"]) == ("Bq/ml", "SUVbw")
    scan = Scan(decay_correction="NONE")
    expected = [
        scan.person.grams() / (scan.dose_bq * scan.left(scan.acquired(index)) * scan.frame_mean())
        for index in (0, -1)
    ]
    found = sorted([report["factor_first"], report["factor_last"]], key=str)
    np.testing.assert_allclose(sorted(found), sorted(expected), rtol=1e-6)  # type: ignore[type-var]
    assert report["times"]["series"] == "2024-03-14T12:00:00"  # type: ignore[index]
    assert report["times"]["latest_acquisition"] == "2024-03-14T12:03:10"  # type: ignore[index]
