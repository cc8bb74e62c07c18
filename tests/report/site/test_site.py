"""The report on disk: its forms, its policy, what it carries along and what it leaves alone."""

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from quant.domain.grid import Grid
from quant.domain.record import StudyRecord
from quant.errors import OutputError
from quant.report.pictures.display.copies import read_copies
from quant.report.pictures.display.nifti import Stored
from quant.report.pictures.viewer import covering, viewer_json
from quant.report.site.build import MOST_IN_ONE, Form, Source, is_there, write_site
from quant.report.site.charts import Point, chart
from quant.report.site.parts import HERE, SCRIPTS
from quant.report.site.published import PUBLISHED
from quant.report.site.security import hash_source
from tests.support.browser import chromium
from tests.support.geometry import grid
from tests.support.reports import HOT_MM, LIVER_MM, made_record, page_set, study_folder

NIIVUE = "47b896b77ec4a5be3ef1949c33ad393b6f45629921f326c279000bcf51bdb4af"


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def shown_of(record: StudyRecord, folder: Path) -> str:
    return viewer_json(record, folder, read_copies(folder))


def test_the_viewer_is_the_published_file_with_its_licences() -> None:
    vendor = HERE / "vendor"
    digest = hashlib.sha256((vendor / "niivue.umd.js").read_bytes()).hexdigest()

    assert digest == NIIVUE
    assert NIIVUE in text(vendor / "README.md")
    assert "BSD 2-Clause" in text(vendor / "LICENSE-niivue.txt")
    bundled = text(vendor / "LICENSES-bundled.txt")
    assert all(one in bundled for one in ("gl-matrix", "fflate", "nifti-reader-js", "numcodecs"))


def test_no_part_of_the_report_can_end_a_script_or_call_a_server() -> None:
    for name in (*SCRIPTS, "report.css"):
        part = text(HERE / "static" / name)
        assert "</script" not in part
        assert "<!--" not in part
        assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest|\beval\(|innerHTML", part), name
    assert "</script" not in text(HERE / "vendor" / "niivue.umd.js")


def test_a_few_studies_make_one_file_and_more_make_a_folder(tmp_path: Path) -> None:
    pages, names = 0, [""]
    for count in (MOST_IN_ONE, MOST_IN_ONE + 1):
        names = [f"{n:032x}" for n in range(count)]
        records = [made_record(n) for n in range(count)]
        pages = write_site(Source(tmp_path, names, records))
        assert (tmp_path / "report").is_dir() == (count > MOST_IN_ONE)
        assert is_there(tmp_path, pages)
    (tmp_path / "report" / f"{names[2]}.html").unlink()
    assert not is_there(tmp_path, pages)


def test_the_policy_of_a_single_file_names_every_script_and_style_by_its_hash(
    tmp_path: Path,
) -> None:
    page_set(tmp_path, Form.SINGLE, "", ("axial",))
    page = text(tmp_path / "report.html")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    allowed = policy[1].replace("&#39;", "'")

    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", page.split("<body>")[0], re.DOTALL)
    assert (len(scripts), len(styles)) == (5, 1)
    assert all(hash_source(one) in allowed for one in (*scripts, *styles))
    assert allowed.startswith("default-src 'none'; ")
    assert "unsafe" not in allowed
    assert not re.search(r"\son[a-z]+=|\sstyle=|(src|href)=\"http", page.split("<script>")[0])


def test_the_same_records_make_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        page_set(tmp_path / name, Form.FOLDER, "", ("axial",))
        page_set(tmp_path / f"{name}1", Form.SINGLE, "", ("axial",))

    for one, other in (("a", "b"), ("a1", "b1")):
        files = sorted(p.relative_to(tmp_path / one) for p in (tmp_path / one).rglob("*.*"))
        assert len(files) > 5
        for path in files:
            assert (tmp_path / one / path).read_bytes() == (tmp_path / other / path).read_bytes()


def test_pages_of_an_earlier_report_go_and_other_files_stay(tmp_path: Path) -> None:
    names = page_set(tmp_path, Form.FOLDER, "", ("axial",))
    own = tmp_path / "report" / "notes.txt"
    own.write_text("of a person", encoding="utf-8")
    write_site(Source(tmp_path, names[1:], [made_record(n) for n in (1, 2)]), Form.FOLDER)
    assert not (tmp_path / "report" / f"{names[0]}.html").exists()
    assert (tmp_path / "report" / f"{names[1]}.html").is_file()

    write_site(Source(tmp_path, names[1:], [made_record(n) for n in (1, 2)]), Form.SINGLE)
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["notes.txt"]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "report").symlink_to(elsewhere)

    with pytest.raises(OutputError, match="OUT_LINK"):
        write_site(Source(out, ["0" * 32], [made_record(0)]), Form.FOLDER)
    assert list(elsewhere.iterdir()) == []


def test_the_viewer_is_given_places_in_the_patient(tmp_path: Path) -> None:
    record = made_record(0)
    study_folder(tmp_path, "one", record, "oblique")

    data = json.loads(shown_of(record, tmp_path / "studies" / "one"))

    first, sphere, *_ = data["places"]
    assert np.linalg.norm(np.array(first["at"]) - HOT_MM) < 4.0
    assert sphere["at"] == list(LIVER_MM)
    assert data["regions"][0]["primary"]
    assert data["emission"]["largest"] == pytest.approx(1000.0, rel=1e-4)
    assert base64.b64decode(data["mesh"])[80:84] != b"\0\0\0\0"
    assert shown_of(record, tmp_path / "nowhere") == ""


@pytest.mark.parametrize("geometry", ["axial", "head_to_feet", "sagittal", "oblique"])
def test_a_ct_that_is_too_small_is_made_to_cover_the_emission(geometry: str) -> None:
    on = grid(geometry, (20, 24, 28))
    part = on.cropped((3, 0, 5), (10, 24, 20))
    values = np.arange(10 * 24 * 20, dtype=np.uint32).reshape(10, 24, 20).astype(np.uint8)
    small = Stored(part, values, 2.0, -210.0, "", (-210.0, 290.0))

    whole = covering(small, on)

    assert whole.grid.matches(on)
    np.testing.assert_array_equal(whole.values[3:13, :, 5:25], values)
    assert whole.values.sum() == values.sum()
    assert covering(whole, part) is whole
    fine = Grid((40, 48, 56), on.affine @ np.diag([0.5, 0.5, 0.5, 1.0]))
    inside = covering(whole, fine).grid
    index = inside.to_index(fine.corners_mm())
    assert index.min() > -1.0
    assert (index.max(axis=0) < np.array(inside.shape)).all()


@pytest.mark.parametrize("count", [1, 3, 8, 60, 500])
def test_a_distribution_counts_every_study_once(count: int) -> None:
    values = np.random.default_rng(3).lognormal(1.0, 1.0, count)
    points = [Point(float(value), f"<{n}>", f"#s{n}") for n, value in enumerate(values)]

    made = chart("ratio", "tmax_lmax", points, 2)

    assert made.svg.count("<circle") == (count if count <= 400 else 0)
    bars = [int(one) for one in re.findall(r": (\d+) studies</title>", made.svg)]
    assert sum(bars) == (count if count >= 8 else 0)
    assert made.median == pytest.approx(float(np.median(values)))
    assert made.svg.count('class="cut"') == 1
    assert "<0>" not in made.svg


def test_an_axis_takes_equal_negative_and_wide_values() -> None:
    for values in ([2.0, 2.0], [-0.3, 0.0, 1.5], [0.001, 1000.0], [0.0, 0.0]):
        made = chart("x", "other", [Point(one, "", "") for one in values], 0)
        places = [float(x) for x in re.findall(r'cx="([\d.]+)"', made.svg)]
        assert len(places) == len(values)
        assert all(40.0 <= x <= 390.0 for x in places)
        assert 'class="tick"' in made.svg
    assert chart("x", "other", [], 3).svg == ""


def test_every_published_cut_off_has_setting_caution_and_source() -> None:
    assert len({one.letter for one in PUBLISHED}) == len(PUBLISHED)
    for one in PUBLISHED:
        assert one.setting
        assert one.caution
        assert one.source
        digits = re.findall(r"[\d.]+", one.words)
        assert float(digits[-1]) in (one.value, round(100 * one.value, 6))


def test_a_missing_browser_is_a_reason_to_skip_but_an_error_in_continuous_integration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("QUANT_CHROMIUM", raising=False)
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        chromium()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no Chromium"):
        chromium()
