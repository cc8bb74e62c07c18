"""Tables follow the column table, keep absent values empty, and cannot run as formulas."""

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import quant
from quant.domain.flags import Flag
from quant.domain.measurement import Interval, Measurement
from quant.domain.record import RegionSummary, Status, StudyRecord
from quant.report.codes import codes_as_markdown
from quant.report.columns import LESION_COLUMNS, STUDY_COLUMNS, Column, columns_as_markdown
from quant.report.records import read_record, write_record
from quant.report.site.build import Source, write_site
from quant.report.tables import as_csv, write_tables

CONTRACT = [
    "study_uid",
    "series_uid",
    "subject_key",
    "status",
    "flags",
    "modality",
    "unit",
    "radionuclide",
    "tumour_max",
    "tumour_mean",
    "tumour_peak",
    "tumour_voxels",
    "tumour_volume_ml",
    "liver_max",
    "liver_mean",
    "liver_sd",
    "liver_x_mm",
    "liver_y_mm",
    "liver_z_mm",
    "liver_volume_ml",
    "liver_inside",
    "muscle_left_max",
    "muscle_left_mean",
    "muscle_left_sd",
    "muscle_left_x_mm",
    "muscle_left_y_mm",
    "muscle_left_z_mm",
    "muscle_left_volume_ml",
    "muscle_left_inside",
    "muscle_right_max",
    "muscle_right_mean",
    "muscle_right_sd",
    "muscle_right_x_mm",
    "muscle_right_y_mm",
    "muscle_right_z_mm",
    "muscle_right_volume_ml",
    "muscle_right_inside",
    "muscle_max",
    "muscle_mean",
    "tmax_lmax",
    "tmean_lmean",
    "tmax_lmean",
    "tmax_mmax",
    "tmean_mmean",
    "tpeak_lmean",
    "tmax_lmax_low",
    "tmax_lmax_high",
    "tmean_lmean_low",
    "tmean_lmean_high",
    "tmax_lmean_low",
    "tmax_lmean_high",
    "tmax_mmax_low",
    "tmax_mmax_high",
    "tmean_mmean_low",
    "tmean_mmean_high",
    "tpeak_lmean_low",
    "tpeak_lmean_high",
    "mesh_volume_ml",
    "surface_area_mm2",
    "asphericity",
    "asphericity_corrected",
    "surface_area_corrected_mm2",
    "asphericity_floor",
    "max_diameter_mm",
    "components",
    "euler_number",
]


def _record(name: str = "tumour") -> StudyRecord:
    summary = RegionSummary(name, "tumour", "SEG", "fractional", 12.5, 190, 0.0, is_primary=True)
    lesion = RegionSummary("lesion", "lesion", "SEG", "fractional", 1.5, 20, 0.0)
    why = (Flag("LIVER_MISSING"),)
    return StudyRecord(
        "1.2.3",
        "abcd",
        Status.PARTIAL,
        unit="counts",
        regions=(summary, lesion),
        measurements=(
            Measurement("tumour_max", 60.25, "counts", name),
            Measurement("tumour_voxels", 190, "1", name),
            Measurement("tumour_max", 7.0, "counts", "lesion"),
            Measurement("tmax_mmax", 10.0, "1", name, interval=Interval(9.0, 11.0, "90 %")),
            Measurement("tmax_lmax", None, "1", name, flags=why),
        ),
        flags=(Flag("LIVER_MISSING", "no region"),),
    )


def test_every_column_of_the_contract_is_there() -> None:
    assert set(CONTRACT) <= {column.name for column in STUDY_COLUMNS}


@pytest.mark.parametrize("table", [STUDY_COLUMNS, LESION_COLUMNS], ids=["studies", "lesions"])
def test_column_names_are_unique_and_described(table: tuple[Column, ...]) -> None:
    names = [column.name for column in table]

    assert len(set(names)) == len(names)
    assert all(column.description for column in table)


def test_the_page_of_columns_is_what_the_column_table_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "columns.md"

    assert page.read_text(encoding="utf-8") == columns_as_markdown()


def test_the_page_of_codes_is_what_the_registry_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "codes.md"

    assert page.read_text(encoding="utf-8") == codes_as_markdown()


def test_csv_and_parquet_hold_the_same_values_and_absent_ones_are_empty(tmp_path: Path) -> None:
    write_tables([_record()], tmp_path)

    with (tmp_path / "studies.csv").open(encoding="utf-8") as stream:
        row = next(iter(csv.DictReader(stream)))
    frame = quant.read_results(tmp_path)

    assert float(row["tumour_max"]) == frame["tumour_max"][0] == 60.25
    assert row["tmax_lmax"] == ""
    assert np.isnan(frame["tmax_lmax"][0])
    assert (float(row["tmax_mmax_low"]), float(row["tmax_mmax_high"])) == (9.0, 11.0)
    assert row["flags"] == "LIVER_MISSING"
    assert str(frame["tumour_voxels"].dtype) == "Int64"
    assert frame.attrs["units"]["tumour_volume_ml"] == "ml"


def test_each_lesion_has_its_own_row(tmp_path: Path) -> None:
    write_tables([_record()], tmp_path)

    with (tmp_path / "lesions.csv").open(encoding="utf-8") as stream:
        rows = {row["roi"]: row for row in csv.DictReader(stream)}

    assert rows["tumour"]["tumour_max"] == "60.25"
    assert rows["tumour"]["is_primary"] == "1"
    assert rows["lesion"]["tumour_max"] == "7.0"


def test_the_long_table_names_units_and_codes(tmp_path: Path) -> None:
    write_tables([_record()], tmp_path)

    rows = pq.read_table(tmp_path / "measurements.parquet").to_pylist()
    absent = next(row for row in rows if row["name"] == "tmax_lmax")

    assert len(rows) == 5
    assert absent["value"] is None
    assert absent["flags"] == "LIVER_MISSING"
    assert {row["unit"] for row in rows} == {"counts", "1"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_cell_cannot_start_a_formula(text: str) -> None:
    back = next(csv.reader(io.StringIO(as_csv(["x"], [(text,)]).split("\n", 1)[1])))

    assert back[0].startswith("'")


def test_line_breaks_and_escapes_in_names_do_not_reach_the_table() -> None:
    text = as_csv(["x"], [("a\r\nb\x1b[31m",)])

    assert text.count("\n") == 2
    assert "\x1b" not in text


def test_a_record_survives_the_way_to_disk_and_back(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_record(_record(), path)

    assert read_record(path) == _record()
    assert not list(tmp_path.glob("*.part"))


def test_a_damaged_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_record(_record(), path)
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(ValueError, match="damaged"):
        read_record(path)


def test_a_changed_number_in_a_record_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_record(_record(), path)
    path.write_bytes(path.read_bytes().replace(b"60.25", b"61.25"))

    with pytest.raises(ValueError, match="damaged"):
        read_record(path)


def test_the_page_shows_uptake_in_the_unit_of_the_volume(tmp_path: Path) -> None:
    write_site(Source(tmp_path, ["0" * 32], [_record()]))

    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<td class="main">60.25</td><td class="text unit">counts</td>' in html


def test_markup_in_a_region_name_is_text_in_the_page(tmp_path: Path) -> None:
    write_site(Source(tmp_path, ["0" * 32], [_record("<script>alert(1)</script>")]))
    html = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html
