"""The report in a real browser: opened from disk, without network, looked at pixel by pixel."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.report.site import batch
from quant.report.site.build import Form
from tests.support.browser import SWITCHES, chromium
from tests.support.reports import HOT, HOT_MM, page_set

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

GEOMETRIES = ("axial", "head_to_feet", "oblique")
EVIL = """<script>window.broken=1</script><img src=x onerror="window.broken=2">'"&amp;"""
TUMOUR_LINE = (0xCC, 0x79, 0xA7)
"""Colour of the tumour's outline, as the legend shows it."""

START_MS = 60_000
"""A viewer without a graphics card, on a machine that others use, may take long to start."""

AXIAL, CORONAL, SAGITTAL = "0", "1", "2"


@dataclass
class Opened:
    """A page and everything that it asked for or complained of."""

    page: "Page"
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def viewer(self) -> "Locator":
        """Wait for the viewer; return its stage."""
        self.page.locator(".viewer[data-state=ready]").wait_for(timeout=START_MS)
        return self.page.locator(".stage")

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => "
                           "requestAnimationFrame(() => setTimeout(done, 30))))")  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A browser, and reports on disk that it opens."""

    browser: "Browser"
    folder: Path
    single: Path
    names: list[str]
    kept: "dict[str, Opened]"

    def study(self, number: int) -> str:
        """Address of a study's page."""
        return (self.folder / "report" / f"{self.names[number]}.html").as_uri()

    @property
    def index(self) -> str:
        """Address of the first page."""
        return (self.folder / "report.html").as_uri()

    def open(self, address: str, **more: Any) -> Opened:  # noqa: ANN401 - of the browser
        """Open an address with the network off; what is asked for and complained of is kept."""
        settings = {"offline": True, "viewport": {"width": 760, "height": 800}, **more}
        opened = Opened(self.browser.new_context(**settings).new_page())
        opened.page.on("request", lambda request: opened.asked.append(request.url))
        opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.page.on("console", lambda message: opened.said.append(message.text))
        opened.page.goto(address)
        return opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    from playwright.sync_api import sync_playwright

    where = chromium()
    folder, single = tmp_path_factory.mktemp("folder"), tmp_path_factory.mktemp("single")
    names = page_set(folder, Form.FOLDER, EVIL, GEOMETRIES)
    page_set(single, Form.SINGLE, EVIL, GEOMETRIES[:1])
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=where, args=SWITCHES)
        yield Site(browser, folder, single, names, {})
        browser.close()


@pytest.fixture
def opened_pages(site: Site) -> Iterator[Site]:
    """Close what a test opened, but the page that is kept."""
    yield site
    kept = [one.page.context for one in site.kept.values()]
    for context in site.browser.contexts:
        if context not in kept:
            context.close()


@pytest.fixture
def viewed(site: Site) -> Opened:
    """Return the page of the first study with its viewer as it was at the start.

    Viewers start slowly without a graphics card: one is kept for several tests.
    """
    if not site.kept:
        site.kept["first"] = site.open(site.study(0))
    opened = site.kept["first"]
    opened.viewer().scroll_into_view_if_needed()
    opened.page.evaluate(
        """() => {
        const { viewer } = document.querySelector('.viewer');
        const set = (name, value) => {
          const input = document.querySelector(`input[name=${name}]`);
          if (input.type === 'checkbox' ? input.checked === value : input.value === value) return;
          if (input.type === 'checkbox') input.click();
          else { input.value = value; input.dispatchEvent(new Event('input')); }
        };
        set('opacity', '0.6');
        set('outlines', true);
        document.querySelector('input[value=all]').click();
        viewer.goTo(viewer.study.places[0].at); }"""
    )
    opened.settle()
    return opened


def shot(what: "Locator") -> NDArray[np.int16]:
    """(H, W, 3) int16: a picture of a part of the page."""
    from PIL import Image

    image = Image.open(io.BytesIO(what.screenshot())).convert("RGB")
    return np.asarray(image).astype(np.int16)


def tile(opened: Opened, stage: "Locator", plane: str) -> NDArray[np.int16]:
    """Return the picture of one slice."""
    whole = shot(stage)
    box = opened.page.locator(f".tile[data-plane='{plane}']").evaluate(
        "one => [one.offsetLeft, one.offsetTop, one.offsetWidth, one.offsetHeight]"
    )
    left, top, width, height = box
    return whole[top : top + height, left : left + width]


def hot(picture: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return which pixels have the colour of high uptake: yellow, and nothing else is."""
    red, green, blue = np.moveaxis(picture, -1, 0)
    yellow: NDArray[np.bool_] = (red > 150) & (green > 150) & (blue < 130)
    return yellow


def line(picture: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return which pixels have the colour of the tumour's outline."""
    near: NDArray[np.bool_] = (np.abs(picture - np.array(TUMOUR_LINE)) < 40).all(axis=-1)
    return near


def middle(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(2,) float64: mean row and column of the pixels, as parts of the picture."""
    rows_and_columns = np.argwhere(mask).mean(axis=0) / np.array(mask.shape)
    return np.asarray(rows_and_columns)


def cells(opened: Opened, column: int) -> list[str]:
    """Return the texts of a column of the table, of the rows that are shown."""
    rows = opened.page.locator("#studies tbody tr:visible")
    return [one.strip() for one in rows.locator(f":scope > :nth-child({column})").all_inner_texts()]


def outside(opened: Opened, folder: Path) -> list[str]:
    """Return what a page asked for that lies neither in itself nor in its own folder."""
    inside = ("data:", "blob:", folder.as_uri())
    return [one for one in opened.asked if not one.startswith(inside)]


def check_sides(opened: Opened) -> None:
    """Find the tumour to the patient's left, front and head, and its outline around it."""
    stage = opened.page.locator(".stage")
    for plane in (AXIAL, CORONAL, SAGITTAL):
        picture = tile(opened, stage, plane)
        yellow = hot(picture)
        assert yellow.mean() > 0.002, plane
        row, column = middle(yellow)
        assert row < 0.48, f"{plane}: front or head is at the top"
        assert column < 0.48 if plane == SAGITTAL else column > 0.52, f"{plane}: A left, L right"
        ring = line(picture)
        assert ring.sum() > 30, plane
        np.testing.assert_allclose(middle(ring), (row, column), atol=0.012)
    spans = opened.page.locator(".tile span").all()
    found = [(one.get_attribute("class"), one.inner_text()) for one in spans]
    sides = ("left", "right", "top", "bottom")
    expected = {AXIAL: "RLAP", CORONAL: "RLHF", SAGITTAL: "APHF"}
    planes = [one.get_attribute("data-plane") for one in opened.page.locator(".tile").all()]
    assert sorted(planes, key=str) == [AXIAL, CORONAL, SAGITTAL]
    assert found == [
        pair for plane in planes for pair in zip(sides, expected[str(plane)], strict=True)
    ]


def test_the_viewer_shows_the_tumour_where_it_is_within_its_outline(
    viewed: Opened, site: Site
) -> None:
    check_sides(viewed)
    assert viewed.said == []
    assert outside(viewed, site.folder) == []


@pytest.mark.parametrize("number", [1, 2], ids=GEOMETRIES[1:])
def test_so_it_does_of_volumes_that_lie_otherwise(opened_pages: Site, number: int) -> None:
    opened = opened_pages.open(opened_pages.study(number))
    opened.viewer()
    opened.settle()

    check_sides(opened)
    assert opened.said == []
    assert outside(opened, opened_pages.folder) == []


def test_the_slider_of_opacity_changes_the_picture(viewed: Opened) -> None:
    stage = viewed.viewer()
    before = tile(viewed, stage, CORONAL)

    viewed.page.locator("input[name=opacity]").focus()
    viewed.page.keyboard.press("Home")
    viewed.settle()
    after = tile(viewed, stage, CORONAL)

    assert hot(before).sum() > 100
    assert hot(after).sum() == 0
    assert np.abs(after - before)[hot(before)].max() > 60
    assert viewed.page.locator("label:has(input[name=opacity]) output").inner_text() == "0\u202f%"
    assert (np.ptp(after, axis=-1) < 12).mean() > 0.9, "the CT is left, grey"


def test_outlines_can_be_taken_off_and_views_chosen(viewed: Opened) -> None:
    stage = viewed.viewer()
    assert viewed.page.locator(".tile").count() == 3

    viewed.page.locator("label:has(input[value=coronal])").click()
    viewed.settle()
    with_lines = line(tile(viewed, stage, CORONAL)).sum()
    viewed.page.locator("input[name=outlines]").uncheck()
    viewed.settle()

    assert viewed.page.locator(".tile").count() == 1
    assert with_lines > 50
    assert line(tile(viewed, stage, CORONAL)).sum() < 0.1 * with_lines


def place_of(opened: Opened) -> list[float]:
    """Return where the crosshair is, LPS mm."""
    return list(opened.page.evaluate("document.querySelector('.viewer').viewer.at"))


def test_the_crosshair_says_place_and_value_and_arrow_keys_move_it(viewed: Opened) -> None:
    place = viewed.page.locator(".place")
    start = place_of(viewed)

    assert np.linalg.norm(np.array(start) - HOT_MM) < 4.0
    assert f"{HOT:g} counts" in place.inner_text()
    assert "display copy" in place.inner_text()
    assert f"x {start[0]:.1f}, y {start[1]:.1f}, z {start[2]:.1f} mm" in place.inner_text()
    viewed.page.locator(".stage canvas").first.focus()
    for key in ("ArrowLeft", "ArrowUp", "PageDown", "PageDown"):
        viewed.page.keyboard.press(key)
    np.testing.assert_allclose(np.array(place_of(viewed)) - start, [-4.0, 8.0, 4.0], atol=0.1)
    for _ in range(2):
        viewed.page.keyboard.press("Shift+ArrowLeft")
    assert place_of(viewed)[0] == pytest.approx(start[0] - 84.0, abs=0.2)
    assert f"{HOT:g} counts" not in place.inner_text()


def test_a_click_places_the_crosshair_where_it_is(viewed: Opened) -> None:
    box = viewed.page.locator(f".tile[data-plane='{CORONAL}']").bounding_box()
    assert box is not None

    viewed.page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    viewed.settle()
    x, _, z = place_of(viewed)

    assert x < -20.0, "on the left of the picture is the patient's right, and x points to the left"
    assert abs(z) < 12.0


def bar_mm(opened: Opened, plane: str) -> tuple[float, float, float]:
    """Length of a slice's scale bar by its text and by NiiVue's field, and that field, mm."""
    opened.settle()
    words, bar, wide, field = opened.page.evaluate(
        """plane => {
          const tile = document.querySelector(`.tile[data-plane='${plane}']`);
          const bar = tile.querySelector(".bar");
          const slices = document.querySelector(".viewer").viewer.nv.screenSlices;
          return [bar.textContent, bar.offsetWidth, tile.offsetWidth,
            slices.find(one => one.axCorSag === Number(plane)).fovMM[0]];
        }""",
        plane,
    )
    return float(words.split()[0]), bar * abs(field) / wide, abs(field)


def test_the_wheel_leafs_and_with_ctrl_zooms_and_the_scale_bar_stays_right(viewed: Opened) -> None:
    viewed.page.locator("label:has(input[value=all])").click()
    viewed.page.locator(".tile").first.scroll_into_view_if_needed()
    viewed.settle()
    box = viewed.page.locator(f".tile[data-plane='{AXIAL}']").bounding_box()
    assert box is not None
    start, before = place_of(viewed), bar_mm(viewed, AXIAL)
    middle = box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"]

    viewed.page.mouse.move(*middle)
    viewed.page.evaluate("document.activeElement.blur()")
    viewed.page.mouse.wheel(0, 1)
    assert place_of(viewed) == start, "without focus the page is scrolled"
    viewed.page.evaluate("document.querySelector('.stage canvas').focus({preventScroll: true})")
    for _ in range(2):
        viewed.page.mouse.wheel(0, 100)
        viewed.settle()
    np.testing.assert_allclose(np.array(place_of(viewed)) - start, [0, 0, -8.0], atol=0.1)
    assert bar_mm(viewed, AXIAL) == pytest.approx(before)

    viewed.page.keyboard.down("Control")
    for _ in range(3):
        viewed.page.mouse.wheel(0, -100)
    viewed.page.keyboard.up("Control")
    zoomed = bar_mm(viewed, AXIAL)
    viewed.page.keyboard.press("Home")
    viewed.settle()

    assert before[0] == pytest.approx(before[1], rel=0.02)
    assert zoomed[2] < 0.8 * before[2]
    assert zoomed[0] == pytest.approx(zoomed[1], rel=0.02)
    assert bar_mm(viewed, AXIAL) == pytest.approx(before)


def test_sorting_orders_numbers_as_numbers_and_keeps_absent_values_last(
    opened_pages: Site,
) -> None:
    opened = opened_pages.open(opened_pages.index)
    head = opened.page.locator("#studies thead th").nth(3)

    head.locator("button").click()
    assert cells(opened, 4) == ["2.500", "5.000", "6.250", "7.500", "\u2013"]
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").focus()
    opened.page.keyboard.press("Enter")
    assert cells(opened, 4) == ["7.500", "6.250", "5.000", "2.500", "\u2013"]
    assert head.get_attribute("aria-sort") == "descending"
    assert opened.said == []


def test_filters_of_text_flag_and_status_work_together(opened_pages: Site) -> None:
    opened = opened_pages.open(opened_pages.index)
    shown = opened.page.locator("#shown")
    assert shown.inner_text() == "5 studies"

    opened.page.fill("#find", "subject3")
    assert cells(opened, 2) == ["subject3"]
    assert shown.inner_text() == "1 of 5 studies"
    opened.page.fill("#find", "")
    opened.page.select_option("#by-flag", "FOCI_SCREENED")
    assert cells(opened, 2) == ["subject1", "subject3"]
    opened.page.select_option("#by-status", "partial")
    assert cells(opened, 2) == ["subject1"]
    opened.page.fill("#find", "subject3")
    assert cells(opened, 2) == []


def test_a_flag_says_its_sentence_to_pointer_and_keyboard(opened_pages: Site) -> None:
    opened = opened_pages.open(opened_pages.index)
    flag = opened.page.locator("#studies a.flag", has_text="NM_UNCALIBRATED").first
    tip = opened.page.locator("#tip")
    assert not tip.is_visible()

    flag.hover()
    assert "states no physical unit" in tip.inner_text()
    opened.page.keyboard.press("Escape")
    assert not tip.is_visible()
    flag.focus()
    assert "states no physical unit" in tip.inner_text()
    assert flag.get_attribute("aria-describedby") == "tip"


def test_markup_in_subject_and_region_is_text_everywhere(
    opened_pages: Site, viewed: Opened
) -> None:
    one, two = opened_pages.open(opened_pages.index), viewed
    three = opened_pages.open(f"{(opened_pages.single / 'report.html').as_uri()}")

    for opened in (one, two, three):
        assert opened.page.evaluate("window.broken") is None
        assert opened.page.locator("img").count() == 0
        assert opened.said == []
    assert EVIL in one.page.locator("#studies").inner_text()
    assert EVIL in two.page.locator("h2").all_inner_texts()[1]
    assert EVIL in two.page.locator(".legend").inner_text()


def test_a_single_file_holds_everything_and_runs_nothing_else(opened_pages: Site) -> None:
    address = (opened_pages.single / "report.html").as_uri()
    opened = opened_pages.open(address)
    assert [path.name for path in opened_pages.single.iterdir()] != []

    opened.page.locator("#studies tbody a").first.click()
    opened.viewer()
    opened.settle()
    assert hot(tile(opened, opened.page.locator(".stage"), CORONAL)).any()
    assert not opened.page.locator("#index").is_visible()
    assert {one.split("#")[0] for one in opened.asked if not one.startswith("data:")} == {address}
    assert opened.said == []
    opened.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.broken = 3';"
        " document.body.append(s); }"
    )
    assert opened.page.evaluate("window.broken") is None
    assert "Content Security Policy" in opened.said[0]
    opened.page.go_back()
    opened.page.locator("#studies").wait_for()


def test_a_page_cannot_reach_the_network_even_when_it_is_on(opened_pages: Site) -> None:
    opened = opened_pages.open(opened_pages.index, offline=False)

    reached = opened.page.evaluate(
        "() => fetch('http://127.0.0.1:9/').then(() => 'reached', error => error.message)"
    )

    assert reached == "Failed to fetch"
    assert any("Content Security Policy" in one for one in opened.said)
    assert any("connect-src" in one or "default-src" in one for one in opened.said)


def test_the_report_is_readable_at_the_width_of_a_phone(opened_pages: Site) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2,
             "has_touch": True, "is_mobile": True}  # fmt: skip
    for address in (opened_pages.index, opened_pages.study(0)):
        opened = opened_pages.open(address, **phone)
        if address != opened_pages.index:
            stage = opened.viewer()
            opened.settle()
            box = stage.bounding_box()
            assert box is not None
            assert 340 <= box["width"] <= 360
            assert hot(shot(stage)).any()
        wide = opened.page.evaluate("document.documentElement.scrollWidth")
        size = opened.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
        assert wide <= 360
        assert size >= 14
        assert opened.said == []


def test_without_scripts_the_report_is_a_plain_table_with_pages(opened_pages: Site) -> None:
    opened = opened_pages.open(opened_pages.index, java_script_enabled=False)

    assert opened.page.locator("#studies tbody tr:visible").count() == 5
    assert not opened.page.locator(".tools").is_visible()
    opened.page.locator("#studies tbody a").first.click()
    assert "needs a browser that runs scripts" in opened.page.locator(".viewer").inner_text()
    assert "2.500" in opened.page.locator("table").first.inner_text()


def test_without_webgl2_the_page_says_so_and_keeps_its_numbers(opened_pages: Site) -> None:
    opened = Opened(opened_pages.browser.new_context(offline=True).new_page())
    opened.page.add_init_script(
        "HTMLCanvasElement.prototype.getContext = new Proxy("
        "HTMLCanvasElement.prototype.getContext, { apply: (get, canvas, [kind, ...more]) => "
        "kind === 'webgl2' ? null : get.call(canvas, kind, ...more) });"
    )
    opened.page.goto(opened_pages.study(0))

    opened.page.locator(".viewer[data-state=absent]").wait_for()
    assert "no WebGL2" in opened.page.locator(".viewer").inner_text()
    assert "2.500" in opened.page.locator("table").first.inner_text()


def test_a_long_table_shows_more_rows_as_it_is_scrolled(
    opened_pages: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "SHOWN_AT_FIRST", 2)
    page_set(tmp_path, Form.FOLDER, "", ())
    rows = "#studies tbody tr"
    late = opened_pages.open((tmp_path / "report.html").as_uri()).page
    assert late.locator(rows).count() == 2
    monkeypatch.setattr(batch, "SHOWN_AT_FIRST", 1)
    page_set(tmp_path, Form.FOLDER, "", ())
    plain = opened_pages.open((tmp_path / "report.html").as_uri(), java_script_enabled=False).page
    assert plain.locator(f"{rows}:visible").count() == 2, "without scripts all rows are there"
    again = opened_pages.open((tmp_path / "report.html").as_uri()).page
    again.locator("#studies").scroll_into_view_if_needed()
    again.wait_for_function(f"document.querySelectorAll('{rows}:not(.late)').length === 2")


def test_the_printed_report_holds_every_row_and_no_tools(opened_pages: Site) -> None:
    opened = opened_pages.open(opened_pages.index)
    opened.page.emulate_media(media="print")

    assert opened.page.locator("#studies tbody tr:visible").count() == 5
    assert not opened.page.locator(".tools").is_visible()
    box = opened.page.locator(".scroll").first.evaluate(
        "one => [one.scrollHeight, one.clientHeight]"
    )
    assert box[0] <= box[1] + 1, "nothing is cut off"


def test_dots_and_lines_of_the_distributions_stand_where_their_values_are(
    opened_pages: Site,
) -> None:
    opened = opened_pages.open(opened_pages.index)
    figure = opened.page.locator("figure").first

    words = figure.locator("figcaption").inner_text()
    assert words.startswith("Tmax/Lmax, ratio: 4 studies, median 5.625")
    assert "1 without a value" in words
    places = figure.evaluate(
        "one => [...one.querySelectorAll('circle')].map(dot => +dot.getAttribute('cx'))"
    )
    cut = figure.evaluate("one => +one.querySelector('.cut').getAttribute('x1')")
    assert places == sorted(places), "values rise with the number of the study"
    assert places[2] < cut < places[3], "6.25 < 6.278 < 7.5"
    assert "not advice" in opened.page.locator("#h-charts + p").inner_text()
