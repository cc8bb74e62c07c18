"""Points that a reader set in 3D Slicer."""

import json
from pathlib import Path

import pytest

from quant.errors import ReadError
from quant.images.markups import read_markups

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/"
    "Schema/markups-schema-v1.0.3.json#"
)


def write(path: Path, *points: dict[str, object], schema: str = SCHEMA, **fields: object) -> Path:
    markup = {"type": "Fiducial", **fields, "controlPoints": list(points)}
    path.write_text(json.dumps({"@schema": schema, "markups": [markup]}), encoding="utf-8")
    return path


def point(label: str, *position: float, **fields: object) -> dict[str, object]:
    return {"id": "1", "label": label, "position": list(position), **fields}


LPS = {"coordinateSystem": "LPS", "coordinateUnits": "mm"}
RAS = {"coordinateSystem": "RAS", "coordinateUnits": "mm"}


def test_points_come_in_order_with_name_and_place(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mrk.json", point("liver", 1, 2, 3), point("muscle_left", 4, 5, 6.5),
                 **LPS)  # fmt: skip

    marks = read_markups(path)

    assert [(mark.name, mark.position_mm) for mark in marks] == [
        ("liver", (1.0, 2.0, 3.0)),
        ("muscle_left", (4.0, 5.0, 6.5)),
    ]


def test_ras_is_turned_to_lps(tmp_path: Path) -> None:
    (mark,) = read_markups(write(tmp_path / "a.mrk.json", point("liver", 1, 2, 3), **RAS))

    assert mark.position_mm == (-1.0, -2.0, 3.0)


@pytest.mark.parametrize("label", ["", "F-1", "F_12", "1", "P 3", "F"])
def test_a_lone_point_without_a_name_of_its_own_is_named_by_the_file(
    tmp_path: Path, label: str
) -> None:
    path = write(tmp_path / "muscle_left.mrk.json", point(label, 1, 2, 3), **LPS)

    assert read_markups(path)[0].name == "muscle_left"


@pytest.mark.parametrize("label", ["liver", "L2-1", "muscle_left-1"])
def test_a_lone_point_with_a_name_keeps_it(tmp_path: Path, label: str) -> None:
    path = write(tmp_path / "file.mrk.json", point(label, 1, 2, 3), **LPS)

    assert read_markups(path)[0].name == label


def test_several_nameless_points_stay_nameless(tmp_path: Path) -> None:
    path = write(tmp_path / "liver.mrk.json", point("F-1", 1, 2, 3), point("", 4, 5, 6), **LPS)

    assert [mark.name for mark in read_markups(path)] == ["F-1", ""]


@pytest.mark.parametrize("status", ["undefined", "preview", "missing"])
def test_points_that_were_never_placed_are_left_out(tmp_path: Path, status: str) -> None:
    path = write(tmp_path / "a.mrk.json", point("a", 0, 0, 0, positionStatus=status),
                 point("liver", 1, 2, 3, positionStatus="defined"), **LPS)  # fmt: skip

    assert [mark.name for mark in read_markups(path)] == ["liver"]


def test_a_coded_unit_is_understood(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mrk.json", point("liver", 1, 2, 3), coordinateSystem="LPS",
                 coordinateUnits=["mm", "UCUM", "millimeter"])  # fmt: skip

    assert len(read_markups(path)) == 1


def test_what_the_schema_defines_counts_where_the_file_names_the_schema(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mrk.json", point("liver", 1, 2, 3))

    assert read_markups(path)[0].position_mm == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    "fields",
    [
        {"coordinateSystem": "LPS", "coordinateUnits": "um"},
        {"coordinateSystem": "LPS"},
        {"coordinateUnits": "mm"},
        {"coordinateSystem": "IJK", "coordinateUnits": "mm"},
    ],
)
def test_points_without_a_sure_place_are_refused(tmp_path: Path, fields: dict[str, object]) -> None:
    path = write(tmp_path / "a.mrk.json", point("liver", 1, 2, 3), schema="", **fields)

    with pytest.raises(ReadError) as caught:
        read_markups(path)

    assert caught.value.code == "ROI_UNREADABLE"
    assert "mm" in caught.value.needed


def test_a_missing_unit_is_called_missing(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.mrk.json", point("liver", 1, 2, 3), schema="", coordinateSystem="LPS"
    )

    with pytest.raises(ReadError) as caught:
        read_markups(path)

    assert caught.value.found == "no coordinateUnits"
    assert "coordinateUnits mm" in caught.value.needed


def markup_with(points: str) -> str:
    fields = '"coordinateSystem": "LPS", "coordinateUnits": "mm"'
    return f'{{"markups": [{{{fields}, "controlPoints": {points}}}]}}'


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "{}", '{"markups": 3}', '{"markups": [3]}',
        '{"markups": [{"controlPoints": 1}]}',
        markup_with('[{"label": "x"}]'),
        markup_with('[{"position": [1, 2]}]'),
        markup_with('[{"position": [1, 2, NaN]}]'),
        markup_with('[{"position": "here"}]'),
        markup_with('[{"position": [1e308, 0, 0]}]'),
    ],
)  # fmt: skip
def test_what_is_no_markups_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.mrk.json"
    path.write_text(content)

    with pytest.raises(ReadError) as caught:
        read_markups(path)

    assert caught.value.code == "ROI_UNREADABLE"
