"""The scored skeleton: well-formed, the same bytes, nothing from outside unescaped."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from quant.scoring.drawings.skeleton import RAMP, skeleton_svg, skeletons_svg
from quant.scoring.readings.segments import SEGMENTS, System
from quant.scoring.readings.totals import Modality, Phase, Reading, ReadingKey, SegmentScore

SVG = "{http://www.w3.org/2000/svg}"


def _segments(system: System, scores: dict[str, int | None]) -> list[SegmentScore]:
    return [
        SegmentScore(system, one.key, scores.get(one.key, 0), reason="outside" if one.key in scores
                     and scores[one.key] is None else "")
        for one in SEGMENTS[system]
    ]  # fmt: skip


def _root(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own drawing


def _fills(svg: str) -> list[str]:
    """Return the colours that bones are used with (of ribs, that of the line), in order."""
    uses = _root(svg).iter(f"{SVG}use")
    return [one.get("fill", "") or one.get("stroke", "") for one in uses]


def _texts(svg: str) -> list[str]:
    return [one.text or "" for one in _root(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("system", list(System))
def test_the_same_scores_give_the_same_bytes(system: System) -> None:
    drawn = [skeleton_svg(system, _segments(system, {}), "Case 1, baseline") for _ in range(2)]

    assert drawn[0] == drawn[1]
    assert _root(drawn[0]).tag == f"{SVG}svg"


@pytest.mark.parametrize("system", [System.CURIE, System.SIOPEN])
def test_every_segment_shows_its_own_score(system: System) -> None:
    """One segment after another gets the highest level: its colour appears, and its number."""
    for segment in SEGMENTS[system]:
        svg = skeleton_svg(system, _segments(system, {segment.key: segment.maximum}), "t")
        darkest = RAMP[6] if segment.maximum > 1 else RAMP[3]
        drawn = _fills(svg).count(darkest)
        if segment.key == "soft_tissue":
            assert drawn == 0, "soft tissue has no bone to colour"
        else:
            assert drawn >= 2, f"{segment.key} in both views"
        assert _texts(svg).count(str(segment.maximum)) >= 1


def test_left_is_on_the_right_of_the_front_view_and_on_the_left_of_the_back_view() -> None:
    svg = skeleton_svg(
        System.SIOPEN, _segments(System.SIOPEN, {"left_lower_limb_proximal": 6}), "t"
    )
    groups = [one for one in _root(svg).iter(f"{SVG}g") if "stroke-linejoin" in one.attrib]
    places = []
    for group in groups:
        middle = float(group.get("transform", "")[10:].split()[0])
        (used,) = [one for one in group.iter(f"{SVG}use") if one.get("fill") == RAMP[6]]
        (bone,) = [one for one in _root(svg).iter() if f"#{one.get('id')}" == used.get("href")]
        first = next(bone.iter(f"{SVG}path")).get("d", "").lstrip("M")
        places.append((middle, float(first.split(",")[0]) > 0))

    assert len(places) == 2
    (front, left_on_viewers_right), (back, left_on_viewers_right_from_back) = places
    assert front < back
    assert left_on_viewers_right
    assert not left_on_viewers_right_from_back
    marks = [one for one in _root(svg).iter(f"{SVG}text") if one.text in {"L", "R"}]
    across = sorted((float(one.get("x", "")), one.text) for one in marks)
    assert [text for _, text in across] == ["R", "L", "L", "R"]


def test_what_was_not_assessable_is_hatched_and_never_a_zero() -> None:
    keys = {one.key: None for one in SEGMENTS[System.SIOPEN]}
    svg = skeleton_svg(System.SIOPEN, _segments(System.SIOPEN, dict(keys)), "t")
    outlines = [fill for fill in _fills(svg) if fill in (*RAMP, "url(#unseen)")]

    assert set(outlines) == {"url(#unseen)"}
    assert "0" not in _texts(svg)
    assert "n/a" in _texts(svg)
    assert "not assessable" in _texts(svg)


def test_a_border_case_shows_its_range_with_a_dashed_edge() -> None:
    segments = _segments(System.SIOPEN, {"spine": 4})
    segments[2] = replace(segments[2], alternative=5, further=1)
    svg = skeleton_svg(System.SIOPEN, segments, "t")

    assert "1\u20135" in _texts(svg)
    assert svg.count("stroke-dasharray") > skeleton_svg(
        System.SIOPEN, _segments(System.SIOPEN, {"spine": 4}), "t"
    ).count("stroke-dasharray")


@pytest.mark.parametrize("system", list(System))
def test_every_bone_is_defined_once_and_each_use_has_its_bone(system: System) -> None:
    root = _root(skeleton_svg(system, _segments(system, {}), "t"))
    defined = [one.get("id", "") for one in root.iter(f"{SVG}g") if one.get("id")]
    used = [one.get("href", "").removeprefix("#") for one in root.iter(f"{SVG}use")]

    assert len(set(defined)) == len(defined)
    assert set(used) == set(defined)


def test_a_further_reading_adds_little_to_the_drawing() -> None:
    key = ReadingKey("P1", "t1", Modality.SPECT_CT, "I-123", Phase.DIAGNOSIS, "rule")
    one = Reading(key, System.SIOPEN, tuple(_segments(System.SIOPEN, {})))
    sizes = [len(skeletons_svg([one] * n)) for n in (1, 2)]

    assert sizes[0] < 50_000
    assert sizes[1] - sizes[0] < 18_000


def test_what_comes_from_outside_is_escaped() -> None:
    svg = skeleton_svg(
        System.CURIE, _segments(System.CURIE, {}), '<script>&"\x07', "</text><a href='x'>"
    )
    root = _root(svg)

    assert {one.tag for one in root.iter()} <= {
        SVG + name for name in ("svg", "title", "defs", "pattern", "rect", "line", "g", "path",
                                "text", "use")
    }  # fmt: skip
    assert "<script>" not in svg
    assert "\x07" not in svg


def test_several_readings_of_one_time_stand_below_each_other() -> None:
    key = ReadingKey("P1", "t1", Modality.SPECT_CT, "I-123", Phase.DIAGNOSIS, "rule")
    readings = [
        Reading(key, system, tuple(_segments(system, {})))
        for system in (System.CURIE, System.SIOPEN)
    ]
    svg = skeletons_svg(readings)

    root = _root(svg)
    assert float(root.get("height", "0")) == 2 * 830
    assert _texts(svg).count("P1, t1") == 2
    assert svg.count('id="unseen"') == 1
