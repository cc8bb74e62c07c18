"""Which volume is measured, which CT goes with it, and that the choice is never silent."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from quant.dicom.choice.evidence import Correction, described_correction, tokens
from quant.dicom.pairing import select
from quant.dicom.volumes import read_volume
from quant.domain.study import Selection
from quant.errors import StudyError
from tests.support.dicom_builder import CT, PT, ge_nm, item, letter_f, nm, save, save_all, slices
from tests.support.reading import only_study


def chosen(folder: Path, **series: Dataset) -> tuple[str, Selection]:
    """Write NM objects, one series each, and return the name of the one chosen."""
    for number, (name, data) in enumerate(series.items(), start=1):
        data.SeriesInstanceUID = f"1.2.{number}"
        data.SOPInstanceUID = f"1.2.{number}.1"
        save(data, folder / f"{name}.dcm")
    selection = select(only_study(folder))
    emission = selection.emission
    return (emission.files[0].path.name.removesuffix(".dcm") if emission else ""), selection


def flags_of(selection: Selection) -> list[str]:
    return [flag.code for flag in selection.flags]


def test_corrected_image_decides_before_the_description(tmp_path: Path) -> None:
    name, selection = chosen(
        tmp_path,
        nac=nm(CorrectedImage=["UNIF"], SeriesDescription="SPECT AC"),
        ac=nm(CorrectedImage=["UNIF", "ATTN"], SeriesDescription="SPECT NAC"),
    )
    assert name == "ac"
    assert len([one for one in selection.candidates if one.purpose == "emission"]) == 2
    assert all(one.reasons for one in selection.candidates)
    assert "PAIR_AMBIGUOUS" not in flags_of(selection)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("good", "bad"), [("IRAC", "IRNC"), ("SPECT AC", "SPECT NAC")])
def test_the_description_decides_between_two_that_both_claim_attn(
    tmp_path: Path, good: str, bad: str, order: int
) -> None:
    """Some systems copy CorrectedImage into both reconstructions."""
    pair = {
        "good": nm(CorrectedImage=["ATTN"], SeriesDescription=good),
        "bad": nm(CorrectedImage=["ATTN"], SeriesDescription=bad),
    }
    name, selection = chosen(tmp_path, **dict(list(pair.items())[::order]))
    assert name == "good"
    assert not {"PAIR_AMBIGUOUS", "AC_CONTRADICTED"} & set(flags_of(selection))


def test_a_tag_that_its_own_description_denies_is_flagged(tmp_path: Path) -> None:
    _, selection = chosen(tmp_path, only=nm(CorrectedImage=["ATTN"], SeriesDescription="SPECT NAC"))
    assert "AC_CONTRADICTED" in flags_of(selection)


def test_nothing_is_measured_in_a_study_of_two_persons(tmp_path: Path) -> None:
    name, selection = chosen(tmp_path, one=nm(), other=nm(PatientID="other"))
    assert name == ""
    assert selection.ct is None
    assert flags_of(selection) == ["PATIENT_MIXED"]
    assert len(selection.candidates) == 2


def test_a_mixed_study_fails_with_that_code_before_any_other(tmp_path: Path) -> None:
    from quant.pipeline.protocols import load_protocol
    from quant.pipeline.study import measure_study

    save(nm(SeriesInstanceUID="1.2.3"), tmp_path / "nm.dcm")
    save_all(slices(CT, PatientID="other"), tmp_path / "ct")
    cut = save(slices(PT)[0], tmp_path / "cut.dcm")
    cut.write_bytes(cut.read_bytes()[:-10])
    clash = slices(CT, letter_f() + 1, SeriesInstanceUID="1.2.9")[:2]
    for number, data in enumerate(clash):
        data.SOPInstanceUID = "1.2.9.1"
        save(data, tmp_path / "clash" / f"{number}.dcm")
    record = measure_study(only_study(tmp_path), load_protocol("zhou2025")).record
    assert record.status == "failed"
    assert record.quarantine[-1].code == "PATIENT_MIXED"
    assert [flag.code for flag in record.flags].count("PATIENT_MIXED") == 1


def test_scatter_correction_goes_before_none(tmp_path: Path) -> None:
    name, _ = chosen(tmp_path, plain=nm(CorrectedImage=["ATTN"]), scat=nm())
    assert name == "scat"


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("MIBG_CTAC", "MIBG_NC"),
        ("Liver IRAC", "Liver IRNC"),
        ("IRACSC", "IRNC"),
        ("Tomo [AC]", "Tomo [NAC]"),
        ("recon AC", "recon no AC"),
        ("attenuation corrected", "uncorrected"),
        ("AC", "without attenuation correction"),
        ("SPECTAC", "SPECTNAC"),
        ("MIBG mit AK", "MIBG ohne AK"),
        ("ACSC", "NoACSC"),
    ],
)
def test_descriptions_tell_by_whole_words(tmp_path: Path, good: str, bad: str, order: int) -> None:
    pair = {
        "good": nm(CorrectedImage=None, SeriesDescription=good),
        "bad": nm(CorrectedImage=None, SeriesDescription=bad),
    }
    name, selection = chosen(tmp_path, **dict(list(pair.items())[::order]))
    assert name == "good"
    assert not {"AC_UNKNOWN", "NOT_ATTENUATION_CORRECTED"} & set(flags_of(selection))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("VACUUM tracer back", Correction.UNKNOWN),
        ("SINCERE ACQ", Correction.UNKNOWN),
        ("SPECT AC", Correction.YES),
        ("SPECT_NAC", Correction.NO),
        ("non-AC", Correction.NO),
        ("", Correction.UNKNOWN),
    ],
)
def test_parts_of_words_say_nothing(words: str, expected: Correction) -> None:
    assert described_correction(tokens(words))[0] is expected


def test_without_correction_the_volume_is_taken_and_flagged(tmp_path: Path) -> None:
    name, selection = chosen(tmp_path, only=nm(CorrectedImage=["UNIF", "COR"]))
    assert name == "only"
    assert "NOT_ATTENUATION_CORRECTED" in flags_of(selection)


def test_when_nothing_says_it_is_flagged_as_unknown(tmp_path: Path) -> None:
    name, selection = chosen(tmp_path, only=nm(CorrectedImage=None))
    assert name == "only"
    assert "AC_UNKNOWN" in flags_of(selection)


def test_equal_candidates_are_flagged_and_the_rule_does_not_depend_on_names(
    tmp_path: Path,
) -> None:
    _, one = chosen(tmp_path / "one", a=nm(SeriesNumber=7), b=nm(SeriesNumber=3))
    _, two = chosen(tmp_path / "two", b=nm(SeriesNumber=7), a=nm(SeriesNumber=3))
    for selection in (one, two):
        assert "PAIR_AMBIGUOUS" in flags_of(selection)
        assert selection.emission is not None
        assert selection.emission.facts["SeriesNumber"] == 3


MAPS: dict[str, dict[str, object]] = {
    "transmission": {"ImageType": ["DERIVED", "PRIMARY", "RECON TOMO", "TRANSMISSION"]},
    "mu-map": {"SeriesDescription": "CT mu-map"},
    "umap": {"SeriesDescription": "AC_UMAP"},
    "greek": {"SpecificCharacterSet": "ISO_IR 192", "SeriesDescription": "\u00b5Map"},
    "AC map": {"SeriesDescription": "AC map"},
    "attenuation maps": {"SeriesDescription": "Attenuation Maps"},
    "radiopharmaceutical": {
        "CorrectedImage": ["UNIF"],
        "RadiopharmaceuticalInformationSequence": [item(Radiopharmaceutical="ATTENUATION MAPS")],
    },
}


@pytest.mark.parametrize("changes", MAPS.values(), ids=MAPS.keys())
def test_an_attenuation_map_never_wins(tmp_path: Path, changes: dict[str, object]) -> None:
    """Not even against an uncorrected volume, and not alone."""
    attenuation_map = nm(**({"CorrectedImage": ["ATTN", "SCAT"]} | changes))
    name, _ = chosen(tmp_path / "two", map=attenuation_map, nac=nm(CorrectedImage=["UNIF"]))
    assert name == "nac"
    name, selection = chosen(tmp_path / "alone", map=attenuation_map)
    assert name == ""
    assert "NO_EMISSION" in flags_of(selection)
    assert "attenuation map" in selection.flags[-1].detail


def test_ge_emission_whose_radiopharmaceutical_says_maps_is_taken_only_alone(
    tmp_path: Path,
) -> None:
    """The real object of nm_headers: EMISSION, ATTN, and the text ATTENUATION MAPS."""
    name, _ = chosen(tmp_path / "alone", ge=ge_nm())
    assert name == "ge"
    name, _ = chosen(tmp_path / "two", ge=ge_nm(), nac=nm(CorrectedImage=["UNIF"]))
    assert name == "nac"


def test_a_method_that_names_a_mu_map_makes_no_map(tmp_path: Path) -> None:
    """The real Lu-177 SPECT says AttenuationCorrectionMethod 'CT-derived mu-map'."""
    name, selection = chosen(
        tmp_path,
        spect=nm(CorrectedImage=None, AttenuationCorrectionMethod="CT-derived mu-map"),
    )
    assert name == "spect"
    assert "AC_UNKNOWN" not in flags_of(selection)


def test_projections_only_are_named(tmp_path: Path) -> None:
    name, selection = chosen(
        tmp_path,
        tomo=nm(ImageType=["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]),
        planar=nm(ImageType=["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]),
    )
    assert name == ""
    assert flags_of(selection) == ["NM_NOT_RECON", "NO_EMISSION"]
    for flag in selection.flags:
        assert "projections" in flag.detail
        assert "planar" in flag.detail


def test_projections_beside_a_reconstruction_do_no_harm(tmp_path: Path) -> None:
    name, selection = chosen(
        tmp_path,
        tomo=nm(ImageType=["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]),
        recon=nm(CorrectedImage=["UNIF"]),
    )
    assert name == "recon"
    assert "NM_NOT_RECON" not in flags_of(selection)


def test_a_volume_that_cannot_be_placed_loses_but_alone_its_reason_is_told(
    tmp_path: Path,
) -> None:
    lost: dict[str, object] = {"SpacingBetweenSlices": None, "SliceThickness": None}
    name, _ = chosen(tmp_path / "two", lost=nm(**lost), nac=nm(CorrectedImage=["UNIF"]))
    assert name == "nac"
    name, selection = chosen(tmp_path / "alone", lost=nm(**lost))
    assert name == "lost"
    assert selection.emission is not None
    with pytest.raises(StudyError) as error:
        read_volume(selection.emission)
    assert error.value.code == "SPACING_MISSING"


def test_a_cut_emission_file_is_named_as_the_reason(tmp_path: Path) -> None:
    save_all(slices(CT), tmp_path / "ct")
    path = save(nm(SeriesInstanceUID="1.2.3"), tmp_path / "nm.dcm")
    path.write_bytes(path.read_bytes()[:-4])
    selection = select(only_study(tmp_path))
    assert selection.emission is None
    assert "TRUNCATED" in selection.flags[-1].detail


def test_nm_goes_before_pt_at_equal_score(tmp_path: Path) -> None:
    save_all(slices(PT, CorrectedImage=["ATTN", "SCAT"]), tmp_path / "pt")
    save(nm(SeriesInstanceUID="1.2.3"), tmp_path / "nm.dcm")
    selection = select(only_study(tmp_path))
    assert selection.emission is not None
    assert selection.emission.modality == "NM"
    assert {"PAIR_AMBIGUOUS", "EMISSION_SEVERAL"} <= set(flags_of(selection))


@pytest.mark.parametrize("first", ["BQML", "PROPCPS", "CNTS"])
def test_a_known_unit_goes_before_counts_and_these_before_none(tmp_path: Path, first: str) -> None:
    units = sorted(("BQML", "PROPCPS", "CNTS"), key=lambda unit: unit != first)
    for number, unit in enumerate(units, start=1):
        series = slices(
            PT,
            CorrectedImage=["ATTN"],
            Units=unit,
            SeriesInstanceUID=f"1.2.{number}",
            SeriesNumber=number,
        )
        for data in series:
            data.SOPInstanceUID = f"{data.SOPInstanceUID}.{number}"
        save_all(series, tmp_path / unit)
    selection = select(only_study(tmp_path))
    assert selection.emission is not None
    assert selection.emission.files[0].path.parent.name == "BQML"
    assert "PAIR_AMBIGUOUS" in flags_of(selection)


# CT


def ct_series(uid: str, heights: list[float], **changes: object) -> list[Dataset]:
    """Return a CT that covers the built NM volume in-plane, slices ``heights`` above z = 30."""
    series = slices(CT, np.tile(letter_f(1, 12, 12), (len(heights), 1, 1)), heights, **changes)
    for number, data in enumerate(series):
        x, y, z = data.ImagePositionPatient
        data.ImagePositionPatient = [float(x) - 4.0, float(y) - 6.0, float(z)]
        data.SeriesInstanceUID = uid
        data.SOPInstanceUID = f"{uid}.{number + 1}"
    return series


WHOLE = [2.0 * index - 4.0 for index in range(13)]


def chosen_ct(folder: Path, *series: list[Dataset], **changes: object) -> Selection:
    save(nm(SeriesInstanceUID="1.2.3", **changes), folder / "nm.dcm")
    for number, one in enumerate(series):
        save_all(one, folder / f"ct{number}")
    return select(only_study(folder))


def ct_of(selection: Selection) -> str:
    return selection.ct.series_uid if selection.ct else ""


def test_the_ct_that_covers_the_emission_is_taken(tmp_path: Path) -> None:
    selection = chosen_ct(tmp_path, ct_series("1.2.8", WHOLE[:5]), ct_series("1.2.9", WHOLE))
    assert ct_of(selection) == "1.2.9"
    reasons = {one.series_uid: one.reasons[0] for one in selection.candidates}
    assert reasons["1.2.9"] == "covers 100% of the emission box"


def test_original_goes_before_derived_and_thin_before_thick(tmp_path: Path) -> None:
    derived = ct_series("1.2.7", WHOLE, ImageType=["DERIVED", "SECONDARY", "AXIAL"])
    thick = ct_series("1.2.8", [4.0 * index - 4.0 for index in range(7)])
    selection = chosen_ct(tmp_path, derived, thick, ct_series("1.2.9", WHOLE))
    assert ct_of(selection) == "1.2.9"
    scores = {one.series_uid: one.score for one in selection.candidates}
    assert scores["1.2.9"] > scores["1.2.8"] > scores["1.2.7"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"FrameOfReferenceUID": "1.2.99"}, "another frame of reference"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"orientation": (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)}, "not axial"),
        ({"PixelSpacing": None}, "SPACING_MISSING"),
    ],
    ids=str,
)
def test_a_ct_that_does_not_belong_is_not_taken(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    selection = chosen_ct(tmp_path, ct_series("1.2.9", WHOLE, **changes))
    assert selection.ct is None
    refused = "PixelSpacing" in changes
    assert flags_of(selection)[-1] == ("CT_UNUSABLE" if refused else "NO_CT")
    assert reason in selection.flags[-1].detail


def test_a_missing_frame_of_reference_is_assumed_only_where_they_overlap(tmp_path: Path) -> None:
    near = chosen_ct(tmp_path / "near", ct_series("1.2.9", WHOLE), FrameOfReferenceUID=None)
    assert ct_of(near) == "1.2.9"
    assert "FOR_ASSUMED" in flags_of(near)
    far = chosen_ct(
        tmp_path / "far", ct_series("1.2.9", [100 + h for h in WHOLE]), FrameOfReferenceUID=None
    )
    assert far.ct is None


def test_two_equal_cts_are_flagged(tmp_path: Path) -> None:
    pair = [
        ct_series("1.2.8", WHOLE, SeriesNumber=5),
        ct_series("1.2.9", WHOLE, SeriesNumber=4),
    ]
    selection = chosen_ct(tmp_path, *pair)
    assert ct_of(selection) == "1.2.9"
    assert "PAIR_AMBIGUOUS" in flags_of(selection)


def test_a_ct_that_lost_slices_is_said_to_be_unusable(tmp_path: Path) -> None:
    """By a file that was cut short, or by files that are not there at all."""
    from quant.domain.flags import CODES

    for name in ("cut", "gap"):
        save(nm(SeriesInstanceUID="1.2.3"), tmp_path / name / "nm.dcm")
        paths = save_all(slices(CT, letter_f(9)), tmp_path / name)
        if name == "cut":
            paths[2].write_bytes(paths[2].read_bytes()[:-10])
        else:
            for path in paths[3:6]:
                path.unlink()
        selection = select(only_study(tmp_path / name))
        assert selection.emission is not None
        assert selection.ct is None
        (flag,) = [flag for flag in selection.flags if flag.code in ("NO_CT", "CT_UNUSABLE")]
        assert flag.code == "CT_UNUSABLE"
        assert ("1 of 9 files" if name == "cut" else "CT_GAP") in flag.detail
        assert str(CODES[flag.code].severity) == "warning"
