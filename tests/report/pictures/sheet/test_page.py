"""The sheet shows the right side of the patient, and its outlines lie on the structures."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.record import Status, StudyRecord
from quant.domain.region import Role
from quant.domain.study import QuarantineEntry
from quant.phantom.geometry import Layout
from quant.phantom.solid_studies import TUMOUR_AT
from quant.report.pictures.display.copies import Copies
from quant.report.pictures.sheet.canvas import SMALL, Canvas, in_type
from quant.report.pictures.sheet.layout import Panel, Sheet
from quant.report.pictures.sheet.light_row import reasons_in_two_lines
from quant.report.pictures.sheet.numbers import found
from quant.report.pictures.sheet.overview import LEAST_TALL
from quant.report.pictures.sheet.page import draw_sheet
from quant.report.pictures.sheet.planes import VIEWS, plane_at
from quant.report.pictures.sheet.scene import Scene
from quant.report.pictures.sheet.strokes import Pen, stroke_region, stroke_sphere
from tests.support.pictured import TUMOUR_RADIUS_MM, Pictured, ball_in, pixels_of

LAYOUTS = (
    Layout.AXIAL, Layout.HEAD_TO_FEET, Layout.NEGATIVE_SPACING, Layout.OBLIQUE, Layout.SAGITTAL,
)  # fmt: skip
VIEW_NAMES = tuple(VIEWS)
WHITE_PEN = Pen((255, 255, 255), 2.0)
HOT_BLUE = 40
"""The bright end of the ramp is pale yellow: less blue than red by more than this."""

EXPECTED = {
    "axial": {"left": "R", "right": "L", "top": "A", "bottom": "P"},
    "coronal": {"left": "R", "right": "L", "top": "H", "bottom": "F"},
    "sagittal": {"left": "A", "right": "P", "top": "H", "bottom": "F"},
}


@cache
def sheet_of(layout: Layout) -> Sheet:
    study = ball_in(layout)
    return draw_sheet(study.record, study.copies)


def part_of(sheet: Sheet, panel: Panel) -> NDArray[np.int16]:
    left, top, right, bottom = panel.box
    return pixels_of(sheet.webp)[top:bottom, left:right]


def hot_middle(pixels: NDArray[np.int16]) -> NDArray[np.float64]:
    """(x, y) of the middle of what is pale yellow."""
    hot = (pixels[..., 0] > 225) & (pixels[..., 0] - pixels[..., 2] > HOT_BLUE)
    rows, columns = np.nonzero(hot)
    assert len(rows) > 100
    return np.array([columns.mean(), rows.mean()])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("view", VIEW_NAMES)
def test_letters_stand_on_the_sides_of_the_radiological_convention(
    layout: Layout, view: str
) -> None:
    panel = sheet_of(layout).panels[f"liver_{view}"]
    left, top, right, bottom = panel.box

    assert panel.letters is not None
    assert {side: letter for side, (letter, _) in panel.letters.items()} == EXPECTED[view]
    middle = (left + right) / 2, (top + bottom) / 2
    assert panel.letters["left"][1][0] < middle[0] < panel.letters["right"][1][0]
    assert panel.letters["top"][1][1] < middle[1] < panel.letters["bottom"][1][1]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("view", ["axial", "coronal"])
def test_a_hot_ball_on_the_patients_left_appears_under_the_l(layout: Layout, view: str) -> None:
    """Found by its colour in the finished picture, not by what the sheet says of itself."""
    sheet = sheet_of(layout)
    panel = sheet.panels[f"tumour_{view}"]
    assert panel.letters is not None

    x = panel.box[0] + hot_middle(part_of(sheet, panel))[0]

    letters = {letter: place[0] for letter, place in panel.letters.values()}
    assert abs(x - letters["L"]) < abs(x - letters["R"])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("view", VIEW_NAMES)
def test_the_hot_ball_lies_where_the_patient_has_it(layout: Layout, view: str) -> None:
    """To 3 mm in 4.4 mm voxels, whose grid is shifted against the ball at random."""
    sheet = sheet_of(layout)
    panel = sheet.panels[f"tumour_{view}"]
    assert panel.plane is not None

    x, y = hot_middle(part_of(sheet, panel)) + panel.box[:2]

    expected = panel.at(TUMOUR_AT)
    assert math.hypot(x - expected[0], y - expected[1]) * panel.plane.mm < 3.0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_liver_right_of_the_tumour_and_above_it_on_the_anterior_projection(layout: Layout) -> None:
    sheet = sheet_of(layout)
    panel = sheet.panels["mip_anterior"]
    liver = next(one for one in ball_in(layout).record.spheres if one.role == Role.LIVER)

    tumour_x, tumour_y = panel.at(TUMOUR_AT)
    liver_x, liver_y = panel.at(liver.centre_mm)

    assert liver_x < tumour_x  # the patient's right is on the left
    assert liver_y < tumour_y  # towards the head is up
    grey = pixels_of(sheet.webp).mean(axis=2)
    assert grey[round(tumour_y), round(tumour_x)] < 60  # black on white
    mirrored = panel.box[0] + panel.box[2] - round(tumour_x)
    assert grey[round(tumour_y), mirrored] > 200


def ring(
    pixels: NDArray[np.float32], centre: tuple[float, float], mm: float
) -> NDArray[np.float64]:
    """Return the radius of a line around a centre, mm, in each of 36 directions."""
    weight = pixels.mean(axis=2).astype(np.float64)
    rows, columns = np.nonzero(weight > 1.0)
    across, down = columns - centre[0], rows - centre[1]
    sector = np.floor((np.arctan2(down, across) + math.pi) / (2 * math.pi) * 36).astype(int) % 36
    drawn = weight[rows, columns]
    total = np.bincount(sector, drawn, 36)
    assert (total > 0).all(), "the outline has gaps"
    radius: NDArray[np.float64] = np.bincount(sector, drawn * np.hypot(across, down), 36) / total
    return radius * mm


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("view", VIEW_NAMES)
def test_the_outline_of_the_tumour_lies_on_the_ball(layout: Layout, view: str) -> None:
    """Within a third of a voxel everywhere, within a tenth on average.

    Between voxels half the weight lies a little inside of a curved surface.
    """
    region = ball_in(layout).outcome.primary
    assert region is not None
    plane = plane_at(view, np.array(TUMOUR_AT), 0.8, (90, 110))
    pixels = np.zeros((90, 110, 3), dtype=np.float32)

    stroke_region(pixels, plane, region, WHITE_PEN)

    radii = ring(pixels, plane.pixel(TUMOUR_AT), plane.mm)
    assert np.abs(radii - TUMOUR_RADIUS_MM).max() < 4.42 / 3.0
    assert radii.mean() == pytest.approx(TUMOUR_RADIUS_MM, abs=4.42 / 10.0)


@pytest.mark.parametrize("layout", [Layout.AXIAL, Layout.OBLIQUE])
@pytest.mark.parametrize("offset_mm", [0.0, 8.0])
def test_the_outline_of_a_sphere_is_the_circle_in_which_the_plane_cuts_it(
    layout: Layout, offset_mm: float
) -> None:
    sphere = ball_in(layout).record.spheres[0]
    centre = np.array(sphere.centre_mm)
    plane = plane_at("coronal", centre + np.array([0.0, offset_mm, 0.0]), 0.5, (120, 120))
    pixels = np.zeros((120, 120, 3), dtype=np.float32)

    stroke_sphere(pixels, plane, sphere, WHITE_PEN)

    expected = math.sqrt(sphere.radius_mm**2 - offset_mm**2)
    radii = ring(pixels, plane.pixel(sphere.centre_mm), plane.mm)
    assert np.abs(radii - expected).max() < 0.05


def test_no_circle_where_the_plane_misses_the_sphere() -> None:
    sphere = ball_in(Layout.AXIAL).record.spheres[0]
    beyond = np.array(sphere.centre_mm) + np.array([0.0, sphere.radius_mm + 0.1, 0.0])
    pixels = np.zeros((50, 50, 3), dtype=np.float32)

    stroke_sphere(pixels, plane_at("coronal", beyond, 1.0, (50, 50)), sphere, WHITE_PEN)

    assert not pixels.any()


@pytest.mark.parametrize("layout", [Layout.AXIAL, Layout.HEAD_TO_FEET, Layout.OBLIQUE])
@pytest.mark.parametrize("name", ["mip_anterior", "mip_lateral"])
def test_outlines_on_the_finished_projection_lie_around_tumour_and_sphere(
    layout: Layout, name: str
) -> None:
    """What changes in the picture when the outlines are left out: rings at the known radii."""
    study = ball_in(layout)
    bare = draw_sheet(
        replace(study.record, spheres=()), replace(study.copies, regions=(), spheres=())
    )
    sheet = sheet_of(layout)
    panel = sheet.panels[name]
    assert panel.plane is not None
    change = np.abs(pixels_of(sheet.webp) - pixels_of(bare.webp)).max(axis=2) > 70

    liver = next(one for one in study.record.spheres if one.role == Role.LIVER)
    structures = ((TUMOUR_AT, TUMOUR_RADIUS_MM), (liver.centre_mm, liver.radius_mm))
    for centre, radius in structures:
        x, y = panel.at(centre)
        rows, columns = np.nonzero(change)
        distance = np.hypot(columns - x, rows - y) * panel.plane.mm
        near = distance < 1.35 * radius
        assert np.count_nonzero(near) > 40
        assert np.median(distance[near]) == pytest.approx(radius, abs=1.5 * panel.plane.mm)


def test_the_same_record_and_copies_give_the_same_bytes() -> None:
    study = ball_in(Layout.AXIAL)

    again = draw_sheet(study.record, study.copies)

    assert again.webp == sheet_of(Layout.AXIAL).webp


@pytest.mark.parametrize("layout", LAYOUTS)
def test_panels_lie_on_the_page_and_do_not_overlap(layout: Layout) -> None:
    sheet = sheet_of(layout)
    page = np.zeros(sheet.size[::-1], dtype=np.uint8)

    for panel in sheet.panels.values():
        left, top, right, bottom = panel.box
        assert 0 <= left < right <= sheet.size[0]
        assert 0 <= top < bottom <= sheet.size[1]
        page[top:bottom, left:right] += 1

    assert page.max() == 1
    assert pixels_of(sheet.webp).shape == (*sheet.size[::-1], 3)


def study_without(what: str) -> tuple[StudyRecord, Copies]:
    study: Pictured = ball_in(Layout.AXIAL)
    record, copies = study.record, study.copies
    nothing = QuarantineEntry("", record.study_uid, "NO_EMISSION", "none")
    made: dict[str, tuple[StudyRecord, Copies]] = {
        "copies": (record, Copies(missing={"emission": "lost", "ct": "lost"})),
        "emission": (record, replace(copies, emission=None, missing={"emission": "lost"})),
        "regions": (record, replace(copies, regions=())),
        "spheres": (replace(record, spheres=()), replace(copies, spheres=())),
        "unit": (replace(record, unit=""), copies),
        "passports": (replace(record, passports=()), copies),
        "tumour": (
            replace(record, regions=tuple(r for r in record.regions if not r.is_primary),
                    passports=()),
            replace(copies, regions=tuple(r for r in copies.regions if r.role != Role.TUMOUR)),
        ),
        "anything": (
            StudyRecord(record.study_uid, "", Status.FAILED, quarantine=(nothing,),
                        flags=(Flag("NO_CT"),)),
            Copies(missing={"emission": "none", "ct": "none"}),
        ),
    }  # fmt: skip
    return made[what]


EMPTY = {
    "copies": {"liver_axial", "tumour_coronal", "mip_anterior", "ct_coronal", "histogram_liver"},
    "emission": {"liver_coronal", "tumour_coronal", "mip_lateral"},
    "regions": {"tumour_axial"},
    "spheres": {"liver_axial", "muscle_left_coronal", "histogram_muscle_right"},
    "unit": set(),
    "passports": {"sweep"},
    "tumour": {"tumour_axial", "sweep"},
    "anything": {"liver_axial", "tumour_axial", "mip_anterior", "ct_sagittal", "histogram_liver",
                 "sweep"},
}  # fmt: skip


@pytest.mark.parametrize("what", EMPTY)
def test_what_is_missing_leaves_a_panel_that_says_why(what: str) -> None:
    sheet = draw_sheet(*study_without(what))

    for name in EMPTY[what]:
        panel = sheet.panels[name]
        assert panel.empty
        if "_axial" not in name:  # the reason of a row stands in its middle
            assert part_of(sheet, panel).min() < 200, f"{name} says nothing"
    assert set(sheet.panels) == set(sheet_of(Layout.AXIAL).panels)


def test_a_study_without_ct_is_told_so_and_shows_its_emission() -> None:
    panels = sheet_of(Layout.AXIAL).panels

    assert "NO_CT" in panels["ct_coronal"].empty
    assert not panels["liver_axial"].empty
    assert panels["mip_anterior"].box[3] - panels["mip_anterior"].box[1] >= LEAST_TALL


def test_the_maximum_of_an_even_tumour_is_shown_at_its_middle() -> None:
    """All voxels of the painted ball are equal: the first of them would lie at its pole."""
    study = ball_in(Layout.AXIAL)

    shown = Scene(study.record, study.copies).hottest_mm

    assert shown is not None
    assert np.linalg.norm(shown - np.array(TUMOUR_AT)) < 4.42


def test_without_a_primary_tumour_the_hottest_lesion_is_shown_by_its_own_name() -> None:
    study = ball_in(Layout.AXIAL)
    regions = tuple(
        replace(one, role=Role.LESION, is_primary=False) if one.is_primary else one
        for one in study.record.regions
    )
    drawn = tuple(
        replace(one, role=Role.LESION) if one.role == Role.TUMOUR else one
        for one in study.copies.regions
    )
    record, copies = replace(study.record, regions=regions), replace(study.copies, regions=drawn)

    scene = Scene.of(record, copies)

    assert scene.by_lesion
    assert scene.hottest_mm is not None
    assert np.linalg.norm(scene.hottest_mm - np.array(TUMOUR_AT)) < 4.42
    assert record.primary is None, "lights and ratios still ask for the primary tumour"
    panels = draw_sheet(record, copies).panels
    assert not panels["tumour_axial"].empty
    assert not panels["sweep"].empty
    assert not Scene.of(study.record, study.copies).by_lesion


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Größe, Łódź, Ω, Опухоль", "Größe, Łódź, Ω, Опухоль"),
        ("tumour \u80bf\u7624", "tumour [U+80BF 7624]"),
        ("\u05e0\u05d2\u05e2 \u0648", "[U+05E0 05D2 05E2] [U+0648]"),
        ("\U0001f9e0 lesion", "[U+1F9E0] lesion"),
    ],
)
def test_what_the_type_cannot_write_is_written_as_unicode_numbers(name: str, written: str) -> None:
    assert in_type(name) == written
    assert in_type(written) == written


def test_a_spread_has_the_decimals_of_its_value() -> None:
    record = ball_in(Layout.AXIAL).record

    text = found(record, ("asphericity_floor", "asphericity_floor_sd")).text

    value, spread = text.split(" ± ")
    assert len(value.partition(".")[2]) == len(spread.partition(".")[2]) > 0
    assert float(spread) == pytest.approx(record.value("asphericity_floor_sd"), abs=1e-4)


def test_a_light_says_as_many_reasons_as_it_holds() -> None:
    canvas = Canvas.blank(10, 10)

    both = reasons_in_two_lines(canvas, ("no liver", "no muscle"), 240, SMALL)
    some = reasons_in_two_lines(canvas, ("no liver region",) * 9, 240, SMALL)

    assert " ".join(both) == "no liver; no muscle"
    assert len(some) == 2
    shown = " ".join(some).count("no liver region")
    assert 1 < shown < 9
    assert some[-1].endswith(f"(+{9 - shown} more)")


def test_a_ct_narrower_than_the_body_does_not_narrow_the_pictures() -> None:
    study = ball_in(Layout.AXIAL)
    emission = study.copies.emission
    assert emission is not None
    k, j, i = (size // 3 for size in emission.grid.shape)
    narrow = replace(
        emission,
        grid=emission.grid.cropped((k, j, i), (k, j, i)),
        values=np.full((k, j, i), 255, dtype=np.uint8),
    )

    low, high = Scene.of(study.record, replace(study.copies, ct=narrow)).body_mm

    for one in study.record.spheres:
        centre = np.array(one.centre_mm)
        assert (centre - one.radius_mm >= low).all()
        assert (centre + one.radius_mm <= high).all()
    assert low[0] < TUMOUR_AT[0] - TUMOUR_RADIUS_MM
    assert high[0] > TUMOUR_AT[0]
