"""What a run writes: tidy tables, evidence, drawings, an overview; safe, and always the same."""

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from quant.scoring.drawings.timeline import timeline_svg
from quant.scoring.output.writing import write_results
from quant.scoring.results import evaluate
from quant.scoring.tables.reader_table import read_scores
from tests.support.score_tables import Row, reading, write_csv

SVG = "{http://www.w3.org/2000/svg}"


def _course(patient: str = "P1") -> list[Row]:
    """Planar and SPECT/CT at diagnosis and after induction, distal limbs out of the SPECT."""
    trunk = {"forearms_hands": "not assessable", "lower_legs_feet": "not assessable"}
    later = {"time_point": "t2", "phase": "post-induction", "patient": patient}
    first = {"patient": patient}
    return [
        *reading("curie", {"head": 2, "pelvis": 3, "thighs": 1}, **first),
        *reading("curie", {"head": 2, "pelvis": 3, "thighs": 2, **trunk}, modality="SPECT/CT",
                 **first),
        *reading("curie", {"pelvis": 3}, **later),
        *reading("curie", {"pelvis": 2, "chest": 1, **trunk}, modality="SPECT/CT", **later),
        *reading("siopen", {"spine": 4, "skull": 2}, **first),
        *reading("siopen", {"spine": 1}, **later),
    ]  # fmt: skip


def _write(tmp_path: Path, rows: list[Row], name: str = "out") -> Path:
    out = tmp_path / name
    write_results(evaluate(read_scores([write_csv(tmp_path / "scores.csv", rows)])), out)
    return out


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_scores_stand_beside_what_could_be_reached(tmp_path: Path) -> None:
    out = _write(tmp_path, _course())

    rows = {(r["time_point"], r["modality"], r["system"]): r for r in _rows(out / "scores.csv")}

    spect = rows["t2", "SPECT/CT", "curie"]
    assert [spect[k] for k in ("total", "reachable", "maximum", "low", "high", "upper_bound")] == [
        "3", "24", "30", "3", "3", "9",
    ]  # fmt: skip
    assert spect["not_assessable"] == "forearms_hands;lower_legs_feet"
    assert [spect[k] for k in ("baseline", "relative_now", "relative_then")] == ["t1", "3", "7"]
    assert float(spect["relative"]) == pytest.approx(3 / 7)
    assert spect["relative_left_out"] == "forearms_hands;lower_legs_feet"
    assert rows["t1", "planar", "curie"]["relative"] == ""


def test_segments_keep_every_row_and_no_blank_becomes_zero(tmp_path: Path) -> None:
    out = _write(tmp_path, _course())

    rows = _rows(out / "segments.csv")

    assert len(rows) == len(_course())
    unseen = [row for row in rows if row["assessable"] == "no"]
    assert len(unseen) == 4
    assert {row["score"] for row in unseen} == {""}
    assert sum(int(row["score"]) for row in rows if row["score"]) == sum(
        int(row["score"]) for row in _course() if row["score"].isdigit()
    )


def test_csv_and_parquet_hold_the_same(tmp_path: Path) -> None:
    import pandas as pd

    out = _write(tmp_path, [*_course("P1"), *_course("P2")])

    for path in sorted(out.glob("*.csv")):
        stored = pd.read_parquet(path.with_suffix(".parquet"))
        text = _rows(path)
        assert len(stored) == len(text)
        assert ",".join(stored.columns) == path.read_text(encoding="utf-8").splitlines()[0]
        for name in stored.columns:
            cells = ["" if pd.isna(one) else one for one in stored[name]]
            shown = [row[name] for row in text]
            assert [
                str(int(one)) if isinstance(one, float) and one.is_integer() and "." not in two
                else str(one)
                for one, two in zip(cells, shown, strict=True)
            ] == shown, name  # fmt: skip


def test_the_same_input_gives_the_same_bytes_whatever_the_order_of_rows(tmp_path: Path) -> None:
    rows = [*_course("P1"), *_course("P2")]
    first = _write(tmp_path, rows, "one")
    second = _write(tmp_path, rows, "two")
    turned = _write(tmp_path, rows[::-1], "three")

    names = sorted(p.relative_to(first) for p in first.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(second) for p in second.rglob("*") if p.is_file())
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
        if name.name != "evidence.json":  # it names the row of each score
            assert (first / name).read_bytes() == (turned / name).read_bytes(), name


def test_the_evidence_traces_every_score_to_file_and_row(tmp_path: Path) -> None:
    rows = _course()
    out = _write(tmp_path, rows)

    evidence = json.loads((out / "evidence.json").read_text(encoding="utf-8"))

    seen = 0
    for one in evidence["patients"][0]["readings"]:
        total = [s["score"] for s in one["segments"] if s["score"] is not None]
        assert one["total"]["total"] == sum(total)
        for segment in one["segments"]:
            (basis,) = segment["evidence"]
            row = rows[int(basis["source"].removeprefix("scores.csv row ")) - 2]
            assert (row["segment"], row["time_point"]) == (segment["segment"], one["time_point"])
            seen += 1
    assert seen == len(rows)
    assert evidence["systems"]["curie"]["levels"]["3"].startswith("diffuse: more than 50 %")
    assert "SCORE_NOT_ASSESSABLE" in evidence["codes"]
    assert {one["worse"] for one in evidence["directions_of_uptake"]} == {"low", "high"}


def test_one_row_a_patient_is_read_by_the_cohort_tables(tmp_path: Path) -> None:
    from quant.cohort.data.reading import read_table

    out = _write(tmp_path, [*_course("P1"), *_course("P2")])

    table = read_table(out / "patients.csv")

    assert list(table["patient"]) == ["P1", "P2"]
    assert table["curie_diagnosis_planar_i_123_a"].tolist() == [6, 6]
    assert table["curie_post_induction_planar_i_123_a_relative"].tolist() == [0.5, 0.5]
    assert table["curie_diagnosis_spect_ct_i_123_a_reachable"].tolist() == [24, 24]


def test_several_time_points_of_one_phase_are_not_chosen_from(tmp_path: Path) -> None:
    rows = reading("curie", {"head": 1}, phase="follow-up", time_point="t1")
    rows += reading("curie", {"head": 2}, phase="follow-up", time_point="t2")

    (row,) = _rows(_write(tmp_path, rows) / "patients.csv")

    assert row["curie_follow_up_planar_i_123_a"] == ""
    assert row["several"] == "curie_follow_up_planar_i_123_a"


def test_cells_cannot_run_as_formulas_and_markup_stays_text(tmp_path: Path) -> None:
    evil = "=HYPERLINK(1)<script>alert(1)</script>"
    rows = [{**row, "note": "@SUM(1)"} for row in _course(evil)]
    out = _write(tmp_path, rows)

    for path in out.glob("*.csv"):
        cells = [cell for row in _rows(path) for cell in row.values()]
        words = [cell for cell in cells if not re.fullmatch(r"-\d+(\.\d+)?", cell)]
        assert not [cell for cell in words if cell.startswith(("=", "+", "-", "@"))], path.name
    page = (out / "score.html").read_text(encoding="utf-8")
    assert "<script" not in page
    for path in (out / "figures").iterdir():
        assert re.fullmatch(r"[0-9a-f]{16}-(timeline|skeleton)\.svg", path.name)
        root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - our own drawing
        assert not list(root.iter(f"{SVG}script"))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.images: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "img":
            self.images.append(str(dict(attrs)["src"]))


def test_the_page_shows_its_drawings_and_loads_nothing_else(tmp_path: Path) -> None:
    out = _write(tmp_path, [*_course("P1"), *_course("P2")])
    page = _Page()
    page.feed((out / "score.html").read_text(encoding="utf-8"))

    assert len([one for one in page.images if "timeline" in one]) == 2
    assert all((out / one).is_file() for one in page.images)
    assert not page.tags & {"script", "iframe", "object", "link"}


def test_drawings_of_an_earlier_run_are_removed_and_other_files_kept(tmp_path: Path) -> None:
    out = _write(tmp_path, _course("P1"))
    (out / "figures" / "mine.svg").write_text("mine", encoding="utf-8")
    before = {path.name for path in (out / "figures").iterdir()}

    _write(tmp_path, _course("P2"))

    after = {path.name for path in (out / "figures").iterdir()}
    assert "mine.svg" in after
    assert before & after == {"mine.svg"}


def _timeline(tmp_path: Path, rows: list[Row]) -> ET.Element:
    readings = read_scores([write_csv(tmp_path / "scores.csv", rows)])
    return ET.fromstring(timeline_svg(readings))  # noqa: S314 - our own drawing


def test_the_time_line_is_spaced_by_days_and_fills_complete_totals_only(tmp_path: Path) -> None:
    rows = []
    for time, day, phase in (("a", 0, "diagnosis"), ("b", 30, "relapse"), ("c", 90, "follow-up")):
        rows += reading("curie", {"head": 3}, time_point=time, phase=phase)
        rows[-1]["score"] = "not assessable" if time == "b" else "0"
        for row in rows[-10:]:
            row["day"] = str(day)

    root = _timeline(tmp_path, rows)

    markers = list(root.iter(f"{SVG}circle"))[1:]  # the first is the legend's
    places = [float(one.attrib["cx"]) for one in markers]
    assert (places[1] - places[0]) / (places[2] - places[0]) == pytest.approx(1 / 3, abs=0.01)
    assert [one.attrib["fill"] == "#ffffff" for one in markers] == [False, True, False]
    assert len({one.attrib["cy"] for one in markers}) == 1


def test_without_days_time_points_follow_their_numbers(tmp_path: Path) -> None:
    rows = [
        row
        for time, phase in (("t10", "relapse"), ("t2", "post-induction"), ("t1", "diagnosis"))
        for row in reading("curie", {"head": 1}, time_point=time, phase=phase)
    ]

    texts = [one.text or "" for one in _timeline(tmp_path, rows).iter(f"{SVG}text")]

    assert [one for one in texts if re.fullmatch(r"t\d+", one)] == ["t1", "t2", "t10"]
    assert any("by the number in the label" in one for one in texts)


def test_a_time_line_is_of_one_patient(tmp_path: Path) -> None:
    rows = [*_course("P1"), *_course("P2")]

    with pytest.raises(ValueError, match="of one patient, not of 2"):
        _timeline(tmp_path, rows)


def test_numbers_of_a_time_line_lie_above_every_line(tmp_path: Path) -> None:
    rows = [*_course(), *({**row, "reader": "Z"} for row in _course())]
    drawn = list(_timeline(tmp_path, rows).iter())
    headings = [n for n, one in enumerate(drawn) if "(0 to" in (one.text or "")]

    assert len(headings) == 2
    for start, end in zip(headings, [*headings[1:], len(drawn)], strict=True):
        panel = list(enumerate(drawn[start:end]))
        lines = [n for n, one in panel if one.tag == f"{SVG}polyline"]
        numbers = [n for n, one in panel if one.get("font-size") == "11"]
        assert len(lines) >= 2
        assert max(lines) < min(numbers)
