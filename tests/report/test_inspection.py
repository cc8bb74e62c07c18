"""The report on a folder: JSON-ready, complete, and about no one."""

import json
from pathlib import Path
from typing import Any

import pytest

from quant.dicom.index import index_tree
from quant.dicom.pairing import select
from quant.dicom.volumes import read_volume
from quant.domain.protocol import RegionSettings
from quant.report.inspection import inspect_index, inspect_study
from tests.support.dicom_builder import CT, PT, ge_nm, nm, save, save_all, slices


def report_of(folder: Path) -> Any:  # noqa: ANN401 - parsed JSON
    report = inspect_index(index_tree(folder), _regions())
    return json.loads(json.dumps(report, allow_nan=False))


def _regions() -> RegionSettings:
    from quant.pipeline.protocols import load_protocol

    return load_protocol("zhou2025").regions


def test_what_is_shown_is_what_is_measured(tmp_path: Path) -> None:
    """Geometry, unit and choice of the report equal those of the volume that is read."""
    save(nm(SeriesInstanceUID="1.2.3", SpacingBetweenSlices=-4.0), tmp_path / "nm.dcm")
    save_all(slices(CT), tmp_path / "ct")

    (study,) = report_of(tmp_path)["studies"]

    volume = read_volume(select(index_tree(tmp_path).studies[0]).emission)  # type: ignore[arg-type]
    (shown,) = [one for one in study["series"] if one["chosen_as"] == "emission"]
    assert shown["series_uid"] == volume.provenance.series_uid == "1.2.3"
    assert shown["unit"] == str(volume.unit)
    assert shown["geometry"]["shape_kji"] == list(volume.grid.shape)
    assert shown["geometry"]["first_voxel_lps_mm"] == [-10.0, -20.0, 30.0]
    assert shown["geometry"]["directions_kji_lps"][0] == [0.0, 0.0, -1.0]
    assert "slices run to the feet" in shown["geometry"]["orientation"]
    assert {flag["code"] for flag in shown["flags"]} == {flag.code for flag in volume.flags}
    assert all(flag["action"] for flag in shown["flags"])
    assert study["verdict"] == "can be measured"
    assert {one["purpose"] for one in study["candidates"]} == {"emission", "ct"}


@pytest.mark.parametrize("canary", ["Secret", "SECRET", "19700101", "Rosa Canary"])
def test_no_name_identifier_or_description_is_shown(tmp_path: Path, canary: str) -> None:
    save(ge_nm(SeriesInstanceUID="1.2.3", SeriesDescription="Rosa Canary AC"), tmp_path / "a.dcm")
    save_all(slices(PT, SeriesDescription="Rosa Canary"), tmp_path / "pt")
    assert canary not in json.dumps(report_of(tmp_path))


def test_a_refused_series_names_the_problem_and_the_remedy(tmp_path: Path) -> None:
    save(nm(PixelSpacing=None), tmp_path / "a.dcm")
    (study,) = report_of(tmp_path)["studies"]
    (series,) = study["series"]
    assert series["verdict"] == "refused"
    assert series["problem"]["code"] == "SPACING_MISSING"
    assert series["problem"]["action"]
    assert study["verdict"].startswith("cannot be measured: [SPACING_MISSING]")


def test_projections_are_called_projections(tmp_path: Path) -> None:
    save(nm(ImageType=["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]), tmp_path / "a.dcm")
    (study,) = report_of(tmp_path)["studies"]
    assert study["series"][0]["what"] == "NM projections"
    assert study["verdict"] == "cannot be measured: no emission volume"


def test_files_and_quarantine_are_counted(tmp_path: Path) -> None:
    save(nm(), tmp_path / "a.dcm")
    (tmp_path / "b.dcm").write_text("text")
    report = report_of(tmp_path)
    assert report["files"] == {
        "seen": 2, "used": 1, "duplicates": 0, "ignored": 0, "quarantined": 1,
    }  # fmt: skip
    assert report["quarantined"][0]["code"] == "FILE_SKIPPED"


def test_without_settings_regions_are_not_read(tmp_path: Path) -> None:
    save(nm(), tmp_path / "a.dcm")
    assert "regions" not in inspect_study(index_tree(tmp_path).studies[0])
