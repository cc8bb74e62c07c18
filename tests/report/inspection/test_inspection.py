"""The report on a folder: JSON-ready, of one layout, complete, and about no one."""

import json
import shutil
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter

from quant.dicom.index import index_tree
from quant.dicom.pairing import select
from quant.dicom.volumes import read_volume
from quant.domain.protocol import StudyProtocol
from quant.phantom.kinds import PhantomKind
from quant.phantom.studies import write_phantom
from quant.pipeline.protocols import load_protocol
from quant.pipeline.study import measure_study
from quant.report.inspection.folder import inspect_index
from quant.report.inspection.layout import InspectReport, json_schema, page
from tests.support.dicom_builder import CT, PT, changed, ge_nm, item, nm, save, save_all, slices
from tests.support.rt_builder import Roi, write_structure_set

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "data-samples"


def report_of(folder: Path, *, voxels: bool = True) -> Any:  # noqa: ANN401 - parsed JSON
    """Look at a folder; the report must survive JSON and fit its layout, key by key."""
    report = inspect_index(index_tree(folder), _protocol(), voxels=voxels)
    text = json.dumps(report, allow_nan=False)
    TypeAdapter(InspectReport).validate_json(text, strict=True)
    _require_exact_keys(json.loads(text), json_schema())
    return json.loads(text)


def _protocol() -> StudyProtocol:
    return load_protocol("zhou2025")


def _require_exact_keys(value: Any, schema: Any) -> None:  # noqa: ANN401 - JSON
    """Every object has the keys that the schema lists, all of them and no others."""
    defined = schema["$defs"]

    def check(one: Any, rule: Any) -> None:  # noqa: ANN401 - JSON
        choices = [c for c in rule.get("anyOf", ()) if (c.get("type") == "null") == (one is None)]
        rule = choices[0] if choices else rule
        rule = defined[rule["$ref"].rsplit("/", 1)[1]] if "$ref" in rule else rule
        if "properties" in rule:
            assert set(one) == set(rule["properties"]) == set(rule["required"])
        for key, inner in rule.get("properties", {}).items():
            check(one[key], inner)
        for each in one if rule.get("type") == "array" else ():
            check(each, rule.get("items", {}))

    check(value, schema)


def only(study: Any, **wanted: object) -> Any:  # noqa: ANN401 - parsed JSON
    """Return the one series of a study with the given values."""
    (found,) = [s for s in study["series"] if all(s[k] == v for k, v in wanted.items())]
    return found


def test_what_is_shown_is_what_is_measured(tmp_path: Path) -> None:
    """Geometry, unit and choice of the report equal those of the volume that is read."""
    save(nm(SeriesInstanceUID="1.2.3", SpacingBetweenSlices=-4.0), tmp_path / "nm.dcm")
    save_all(slices(CT), tmp_path / "ct")

    (study,) = report_of(tmp_path)["studies"]

    volume = read_volume(select(index_tree(tmp_path).studies[0]).emission)  # type: ignore[arg-type]
    shown = only(study, chosen_as="emission")
    assert shown["series_uid"] == volume.provenance.series_uid == "1.2.3"
    assert shown["unit"] == str(volume.unit)
    assert shown["geometry"]["shape_kji"] == list(volume.grid.shape)
    assert shown["geometry"]["first_voxel_lps_mm"] == [-10.0, -20.0, 30.0]
    assert shown["geometry"]["directions_kji_lps"][0] == [0.0, 0.0, -1.0]
    assert "slices run to the feet" in shown["geometry"]["orientation"]
    assert "negative: slices run against the image normal" in shown["geometry"]["spacing_from"]
    assert "DetectorInformationSequence" in shown["geometry"]["position_from"]
    assert {flag["code"] for flag in shown["flags"]} == {flag.code for flag in volume.flags}
    assert all(flag["action"] for flag in shown["flags"])
    assert {one["purpose"] for one in study["candidates"]} == {"emission", "ct"}


def test_the_sample_is_whole_and_needs_no_mending() -> None:
    (study,) = report_of(SAMPLE)["studies"]
    assert study["measurable"]
    assert study["verdict"] == "can be measured in full"
    assert study["missing"] == study["mend"] == []
    assert len(study["measured"]) == 5
    roles = {row["role"]: row for row in study["regions"]}
    assert roles["liver"]["voxels"] > 0
    assert roles["liver"]["contours"] is None
    assert roles["tumour"]["contours"] > 0
    assert all(row["frame"] == "same" and row["inside"] for row in study["regions"])
    emission = only(study, chosen_as="emission")
    assert emission["acquisition"] == {
        "radionuclide": "I-123", "radionuclide_from": "RadionuclideCodeSequence",
        "collimator": "LEHR", "energy_window_kev": "143.1-174.9", "frame_duration_s": 25.0,
        "frames_per_rotation": 60, "rotations": 1, "scan_arc_degrees": 360.0,
    }  # fmt: skip
    assert emission["corrections"] == ["uniformity", "centre of rotation", "attenuation"]
    assert not emission["suv"]["possible"]
    assert emission["suv"]["because"]


@pytest.mark.parametrize("canary", ["Secret", "SECRET", "19700101", "Rosa Canary", "20240229"])
def test_no_name_identifier_description_or_date_is_shown(tmp_path: Path, canary: str) -> None:
    dates = {"SeriesDate": "20240229", "AcquisitionDate": "20240229", "SeriesTime": "101112",
             "AcquisitionTime": "101112", "PatientWeight": 61.75}  # fmt: skip
    described = ge_nm(SeriesInstanceUID="1.2.3", SeriesDescription="Rosa Canary AC", **dates)
    save(described, tmp_path / "a.dcm")
    given = item(RadiopharmaceuticalStartDateTime="20240229080000", RadionuclideTotalDose=3.7e8)
    pet = slices(PT, SeriesDescription="Rosa Canary", **dates,
                 RadiopharmaceuticalInformationSequence=[given])  # fmt: skip
    save_all(pet, tmp_path / "pt")
    text = json.dumps(report_of(tmp_path))
    assert canary not in text
    assert "2024-02-29" not in text
    assert "61.75" not in text
    assert "10:11:12" in text  # the time of day is shown


def test_the_chain_of_times_says_days_not_dates(tmp_path: Path) -> None:
    """131I given two days before: the delay is 47 h, to the second, across two midnights."""
    given = item(
        RadiopharmaceuticalStartDateTime="20240227100000",
        RadionuclideTotalDose=100.0,
        RadionuclideHalfLife=692988.0,
        RadionuclideCodeSequence=[item(CodeMeaning="^131^Iodine")],
    )
    data = nm(AcquisitionDate="20240229", AcquisitionTime="090000", SeriesDate="20240229",
              SeriesTime="090000", RadiopharmaceuticalInformationSequence=[given])  # fmt: skip
    save(data, tmp_path / "a.dcm")
    (study,) = report_of(tmp_path)["studies"]
    suv = only(study, modality="NM")["suv"]
    assert "administration 10:00:00, 2 days before the acquisition" in suv["chain"]
    assert "acquisition began 09:00:00" in suv["chain"]
    assert not suv["possible"]
    assert [flag["code"] for flag in suv["flags"]]


def test_a_pet_that_has_all_it_needs_can_give_suv(tmp_path: Path) -> None:
    given = item(
        RadiopharmaceuticalStartDateTime="20240229080000",
        RadiopharmaceuticalStartTime="080000",
        RadionuclideTotalDose=3.7e8,
        RadionuclideHalfLife=6586.2,
        RadionuclideCodeSequence=[item(CodeMeaning="^18^Fluorine")],
    )
    stated: dict[str, object] = {
        "SeriesDate": "20240229", "SeriesTime": "090000", "AcquisitionDate": "20240229",
        "AcquisitionTime": "090000", "DecayCorrection": "START", "PatientWeight": 61.75,
        "CorrectedImage": ["ATTN", "DECY"], "ActualFrameDuration": 60000, "FrameReferenceTime": 0,
        "RadiopharmaceuticalInformationSequence": [given],
    }  # fmt: skip
    save_all(slices(PT, **stated), tmp_path / "good")
    suv = only(report_of(tmp_path / "good")["studies"][0], modality="PT")["suv"]
    assert suv["possible"], suv
    assert any("370 MBq given" in words for words in suv["chain"])
    assert any(words.startswith("1.000 h from administration") for words in suv["chain"])
    assert "61.75" not in json.dumps(suv)
    stated["PatientWeight"] = None
    save_all(slices(PT, **stated), tmp_path / "bad")
    suv = only(report_of(tmp_path / "bad")["studies"][0], modality="PT")["suv"]
    assert not suv["possible"]
    assert [flag["code"] for flag in suv["flags"]] == ["SUV_INPUT_MISSING"]
    assert "PatientWeight" in suv["because"]


def test_a_refused_series_names_the_problem_and_the_remedy(tmp_path: Path) -> None:
    save(nm(PixelSpacing=None), tmp_path / "a.dcm")
    (study,) = report_of(tmp_path)["studies"]
    (series,) = study["series"]
    assert series["verdict"] == "refused"
    assert series["problem"]["code"] == "SPACING_MISSING"
    assert series["problem"]["action"]
    assert series["geometry"] is None
    assert study["verdict"].startswith("cannot be measured: [SPACING_MISSING]")
    assert not study["measurable"]
    assert study["mend"][0]["code"] == "SPACING_MISSING"
    assert study["mend"][0]["where"] == "emission"


@pytest.mark.parametrize("voxels", [True, False])
def test_pixels_that_cannot_be_read_are_found_when_voxels_are_read(
    tmp_path: Path,
    voxels: bool,  # noqa: FBT001 - a parameter
) -> None:
    stored = np.full((5, 7, 6), 4096, dtype=np.uint16)
    save(changed(nm(stored), BitsStored=12, HighBit=11), tmp_path / "a.dcm")
    (study,) = report_of(tmp_path, voxels=voxels)["studies"]
    refused = study["verdict"].startswith("cannot be measured: [BITS_INVALID]")
    assert refused == voxels
    assert (only(study, modality="NM")["verdict"] == "refused") == voxels


def test_projections_are_called_projections(tmp_path: Path) -> None:
    save(nm(ImageType=["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]), tmp_path / "a.dcm")
    (study,) = report_of(tmp_path)["studies"]
    assert study["series"][0]["what"] == "NM projections"
    assert study["verdict"] == "cannot be measured: no emission volume"
    assert study["mend"][0]["code"] == "NM_NOT_RECON"


def test_each_part_of_a_series_is_looked_at(tmp_path: Path) -> None:
    """Two energy windows in one object: two volumes, each with its name; none is guessed."""
    data = nm(
        np.arange(8 * 7 * 6, dtype=np.uint16).reshape(8, 7, 6),
        SliceVector=[1, 2, 3, 4] * 2,
        NumberOfSlices=4,
        EnergyWindowVector=[1] * 4 + [2] * 4,
        NumberOfEnergyWindows=2,
        FrameIncrementPointer=[0x00540010, 0x00540080],
    )
    save(data, tmp_path / "a.dcm")
    (study,) = report_of(tmp_path)["studies"]
    parts = {one["part"]: one for one in study["series"]}
    assert len(parts) == len(study["series"]) == 3
    assert parts[""]["verdict"] == "refused"
    assert parts[""]["chosen_as"] == "emission"
    assert {one["verdict"] for part, one in parts.items() if part} == {"readable"}
    assert study["mend"][0]["code"] == "NM_MULTI"
    assert study["mend"][0]["severity"] == "error"
    assert not study["measurable"]


def test_a_sum_that_is_measured_stands_beside_its_parts(tmp_path: Path) -> None:
    data = nm(
        np.arange(8 * 7 * 6, dtype=np.uint16).reshape(8, 7, 6),
        ImageType=["DERIVED", "PRIMARY", "RECON GATED TOMO", "EMISSION"],
        SliceVector=[1, 2, 3, 4] * 2,
        NumberOfSlices=4,
        TimeSlotVector=[1] * 4 + [2] * 4,
        RRIntervalVector=[1] * 8,
        NumberOfTimeSlots=2,
        FrameIncrementPointer=[0x00540060, 0x00540070, 0x00540080],
    )
    save(data, tmp_path / "a.dcm")
    (study,) = report_of(tmp_path)["studies"]
    (chosen,) = [one for one in study["series"] if one["chosen_as"]]
    (candidate,) = [one for one in study["candidates"] if one["chosen"]]
    assert chosen["part"] == candidate["part"] != ""
    assert len(study["series"]) == 3


@pytest.mark.parametrize("voxels", [True, False])
def test_a_mirrored_volume_is_to_be_mended_first(
    tmp_path: Path,
    voxels: bool,  # noqa: FBT001 - a parameter
) -> None:
    shutil.copytree(SAMPLE / "torso", tmp_path / "torso")
    path = tmp_path / "torso" / "spect_ac.dcm"
    data = pydicom.dcmread(path)
    data.PixelData = data.pixel_array[::-1].tobytes()
    data.save_as(path)
    (study,) = report_of(tmp_path, voxels=voxels)["studies"]
    codes = [one["code"] for one in study["mend"]]
    assert codes == (["NM_FLIP_SUSPECT"] if voxels else [])


def test_an_image_beside_the_regions_is_named_and_needs_no_mending(tmp_path: Path) -> None:
    save(nm(), tmp_path / "nm.dcm")
    values = np.linspace(0.0, 9.7, 60).reshape(3, 4, 5)
    image = nib.Nifti1Image(values, np.eye(4))  # type: ignore[no-untyped-call]
    nib.save(image, tmp_path / "image.nii.gz")
    (tmp_path / "cut.nii.gz").write_bytes(b"no gzip")
    (study,) = report_of(tmp_path)["studies"]
    rows = {row["path"]: row for row in study["unreadable"]}
    assert set(rows) == {"image.nii.gz", "cut.nii.gz"}
    assert not rows["cut.nii.gz"]["message"].startswith("[")
    subjects = {one["subject"] for one in study["mend"] if one["where"] == "file"}
    assert subjects == {"cut.nii.gz"}


def test_files_and_quarantine_are_counted(tmp_path: Path) -> None:
    save(nm(), tmp_path / "a.dcm")
    (tmp_path / "b.dcm").write_text("text")
    report = report_of(tmp_path)
    assert report["files"] == {
        "seen": 2, "used": 1, "duplicates": 0, "ignored": 0, "quarantined": 1,
    }  # fmt: skip
    assert report["quarantined"][0]["code"] == "FILE_SKIPPED"


def test_missing_organs_are_said_with_what_they_are_for(tmp_path: Path) -> None:
    square = np.array([[-8, -18, 34], [-4, -18, 34], [-4, -10, 34], [-8, -10, 34]], dtype=float)
    frame = "1.2.826.0.1.9"

    def up(by_mm: float) -> NDArray[np.float64]:
        return np.asarray(square + np.array([0.0, 0.0, by_mm]))

    save(nm(), tmp_path / "a.dcm")
    rois = [
        Roi("GTV", [square, up(4)], frame=frame),
        Roi("liver", [square, up(4)], frame=frame),
        Roi("autochthon_left", [up(900), up(904)], frame=frame),
        Roi("autochthon_right", [square, up(4)], frame="1.2.999"),
    ]
    write_structure_set(tmp_path / "rt.dcm", rois, frames=(frame, "1.2.999"))
    data = pydicom.dcmread(tmp_path / "rt.dcm")
    changed(data, StudyInstanceUID="1.2.826.0.1.1", SeriesInstanceUID="1.5", SOPInstanceUID="1.5.1",
            PatientID="SECRET-ID", PatientName="Secret^Person")  # fmt: skip
    save(data, tmp_path / "rt.dcm")
    (study,) = report_of(tmp_path)["studies"]
    rows = {row["name"]: row for row in study["regions"]}
    assert rows["GTV"]["role"] == "tumour"
    assert rows["GTV"]["contours"] == 2
    assert rows["autochthon_left"]["inside"] is False
    assert rows["autochthon_right"]["frame"] == "another"
    assert study["verdict"] == "can be measured in part"
    (absent,) = study["missing"]
    assert absent.startswith("ratios to muscle")
    assert "muscle_left" in absent
    assert "muscle_right" in absent
    assert "L2" in absent
    codes = [one["code"] for one in study["mend"]]
    assert codes.index("MUSCLE_MISSING") < codes.index("ROI_OUTSIDE")
    assert {"L2_MISSING", "ROI_FOR_MISMATCH", "ROI_OUTSIDE"} <= set(codes)


def test_what_to_mend_is_ordered_by_weight(tmp_path: Path) -> None:
    """An uncorrected reconstruction goes before missing organs, these before bad files."""
    save(nm(CorrectedImage=["UNIF"], SpacingBetweenSlices=None), tmp_path / "a.dcm")
    broken = save(nm(SOPInstanceUID="1.9", SeriesInstanceUID="1.8"), tmp_path / "b.dcm")
    broken.write_bytes(broken.read_bytes()[:-100])
    (study,) = report_of(tmp_path)["studies"]
    codes = [one["code"] for one in study["mend"]]
    wanted = ["TRUNCATED", "NOT_ATTENUATION_CORRECTED", "TUMOUR_MISSING", "LIVER_MISSING",
              "NM_SPACING_GUESSED"]  # fmt: skip
    assert [code for code in codes if code in wanted] == wanted
    assert "NM_UNCALIBRATED" not in codes  # nothing to do about it for ratios
    assert all(one["severity"] != "information" for one in study["mend"])


def test_the_verdict_agrees_with_the_record_of_a_measurement(tmp_path: Path) -> None:
    """For each solid study: said to be measurable, and measured."""
    write_phantom(tmp_path, PhantomKind.NEMA, 3)
    index = index_tree(tmp_path)
    report = inspect_index(index, _protocol())
    for study, said in zip(index.studies, report["studies"], strict=True):
        record = measure_study(study, _protocol()).record
        assert said["measurable"] == (str(record.status) != "failed")
        shown = next(one for one in said["series"] if one["chosen_as"] == "emission")
        assert shown["series_uid"] == record.series_uid
        assert shown["unit"] == record.unit


def test_a_look_never_writes(tmp_path: Path) -> None:
    save(nm(), tmp_path / "a.dcm")
    save_all(slices(CT), tmp_path / "ct")
    before = {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.rglob("*.dcm")
    }
    report_of(tmp_path)
    after = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.rglob("*.dcm")}
    assert before == after
    assert len(list(tmp_path.rglob("*"))) == len(before) + 1


def test_the_page_of_the_layout_is_true() -> None:
    """``python -m quant.report.inspection.layout > docs/inspect.md``."""
    assert (ROOT / "docs" / "inspect.md").read_text(encoding="utf-8") == page()
