"""The sheet of one study: all that a reader needs to trust, or not to trust, its numbers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.domain.flags import CODES, Severity
from quant.domain.region import Role
from quant.domain.text import plain
from quant.domain.units import Unit
from quant.report.pictures.canvas import INK, RULE, SOFT, Box, Canvas, Colour, Style
from quant.report.pictures.charts import histogram, sweep_chart
from quant.report.pictures.layout import Panel, Sheet
from quant.report.pictures.light_row import draw_lights
from quant.report.pictures.lights import primary_passport
from quant.report.pictures.numbers import (
    SHAPE_ROWS,
    TUMOUR_ROWS,
    found,
    number,
    ratio_table,
    sphere_table,
    value_table,
)
from quant.report.pictures.planes import VIEWS, plane_at
from quant.report.pictures.scene import Scene
from quant.report.pictures.views import (
    BLUE,
    CYAN,
    GREEN,
    MINT,
    PINK,
    WHITE,
    box_size,
    colour_bar,
    ct_panel,
    empty_panel,
    fused_panel,
    projection_panels,
)

if TYPE_CHECKING:
    from quant.domain.record import StudyRecord
    from quant.report.pictures.copies import Copies

WIDTH, HEIGHT = 2000, 1414
"""A4 across, about 170 dots an inch."""

MARGIN = 40
PICTURES_TOP = 222
ROW_HEIGHT, PANEL_WIDTH, PANEL_HEIGHT, GAP = 290, 306, 256, 8
RIGHT = 1092
"""Where the right half of the sheet begins."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of fused cuts: through what, its name, its code when it is absent, and its colours."""

    name: str
    title: str
    role: Role
    on_dark: Colour
    on_light: Colour


ROWS = (
    Row("liver", "Liver sphere", Role.LIVER, CYAN, BLUE),
    Row("muscle_left", "Muscle sphere, patient's left", Role.MUSCLE_LEFT, MINT, GREEN),
    Row("muscle_right", "Muscle sphere, patient's right", Role.MUSCLE_RIGHT, MINT, GREEN),
    Row("tumour", "Tumour maximum", Role.TUMOUR, WHITE, PINK),
)

OVERVIEW_PAIR = 422
"""Width of a coronal and a sagittal picture together."""

LEAST_TALL, MOST_TALL = 200, 396
BODY_MARGIN_MM, FINEST_MM = 8.0, 0.4
MIP_TITLES = ("Maximum, anterior", "Maximum, left")
LEGEND = (
    "Solid: tumour, spheres, and L2 on the CT. Dashed: liver, muscles, further lesions. "
    "Projections are black from the hottest 0.2 % of voxels up."
)
TABLES_TALL, NOTES_TALL = 330, 200
LEAST_CHART, MOST_CHART = 210, 270
LABEL, FINE = Style(15, INK, "Bold"), Style(13, SOFT)

FOR_LOOKING_ONLY = (
    "Cuts are resampled linearly to the patient's axes; the patient's right is on the left. "
    "Pictures are for looking: numbers are those of the record. Not for diagnosis."
)

TOP_OVER_MAX = {"liver": 1.3, "muscle_left": 3.0, "muscle_right": 3.0, "tumour": 1.0}
"""The bright end of a row's ramp, over the maximum of its sphere or tumour."""


def draw_sheet(record: "StudyRecord", copies: "Copies") -> Sheet:
    """Draw the sheet of a study; what is missing leaves a panel that says why.

    Parameters
    ----------
    record : StudyRecord
    copies : Copies
        From :func:`quant.report.pictures.copies.read_copies`.

    Returns
    -------
    Sheet
        The same record and copies give the same bytes.
    """
    canvas, scene = Canvas.blank(WIDTH, HEIGHT), Scene(record, copies)
    panels = [_header(canvas, record)]
    panels.append(draw_lights(canvas, (MARGIN, 106, WIDTH - MARGIN, 190), record))
    panels += _fused_rows(canvas, scene)
    overview, below = _overview(canvas, scene)
    room = HEIGHT - MARGIN - NOTES_TALL - TABLES_TALL - below - 36
    tall = max(LEAST_CHART, min(MOST_CHART, room))
    panels += overview + _charts(canvas, scene, (below + 12, tall))
    below += 12 + tall + 24
    panels += _tables(canvas, record, below)
    panels.append(_notes(canvas, record, below + TABLES_TALL))
    return Sheet(canvas.webp(), (WIDTH, HEIGHT), {panel.name: panel for panel in panels})


def _header(canvas: Canvas, record: "StudyRecord") -> Panel:
    box = (MARGIN, 30, WIDTH - MARGIN, 92)
    title = Style(28, INK, "Bold")
    canvas.text((MARGIN, 62), "Quality check", title)
    at = MARGIN + canvas.width("Quality check", title) + 22
    kind = " ".join(filter(None, (record.modality, record.radionuclide)))
    kind = kind or "no emission volume"
    canvas.text((at, 62), f"{kind}, {record.unit or 'no unit'}", Style(22, SOFT))
    right = WIDTH - MARGIN
    version = record.versions.get("spectct-quant", "")
    canvas.text((right, 52), f"study {plain(record.study_uid)}", Style(15, INK), "rs")
    words = f"subject {plain(record.subject_key)[:16] or 'unknown'}   status {record.status}"
    words += f"   protocol {plain(record.protocol_name)}   spectct-quant {version}"
    canvas.text((right, 76), words, Style(15, SOFT), "rs")
    canvas.rule(MARGIN, right, 92, RULE)
    return Panel("header", box)


def _fused_rows(canvas: Canvas, scene: Scene) -> list[Panel]:
    panels = []
    for n, row in enumerate(ROWS):
        top = PICTURES_TOP + n * ROW_HEIGHT
        panels += _fused_row(canvas, scene, row, top)
    return panels


def _fused_row(canvas: Canvas, scene: Scene, row: Row, top: int) -> list[Panel]:
    """Draw the three cuts through a sphere's centre or through the tumour's maximum."""
    _row_title(canvas, scene.record, row, top)
    boxes = {
        view: (x, top + 8, x + PANEL_WIDTH, top + 8 + PANEL_HEIGHT)
        for view, x in zip(VIEWS, _columns(), strict=True)
    }
    sphere = scene.sphere(row.role)
    point = scene.hottest_mm if row.name == "tumour" else None
    if sphere is not None:
        point = np.array(sphere.centre_mm)
    if point is None or scene.copies.emission is None:
        why = _why_absent(scene, row)
        whole = (boxes["axial"][0], top + 8, boxes["sagittal"][2], top + 8 + PANEL_HEIGHT)
        empty_panel(canvas, row.name, whole, why)
        return [Panel(f"{row.name}_{view}", box, empty=why) for view, box in boxes.items()]
    size = (PANEL_HEIGHT, PANEL_WIDTH)
    mm, bright = scene.scale(size), _bright_end(scene, row)
    panels = []
    for view, box in boxes.items():
        plane = plane_at(view, _through(scene, view, point, mm), mm, size)
        panels.append(fused_panel(canvas, f"{row.name}_{view}", box, (scene, plane, bright)))
    bar = (boxes["sagittal"][2] + 14, top + 26, boxes["sagittal"][2] + 28, top + 8 + PANEL_HEIGHT)
    colour_bar(canvas, bar, bright, scene.record.unit)
    return panels


def _columns() -> list[int]:
    return [MARGIN + n * (PANEL_WIDTH + GAP) for n in range(3)]


def _through(scene: Scene, view: str, point: np.ndarray, mm: float) -> np.ndarray:
    """Return the middle of a cut through a point: the point itself along the line of sight."""
    right, down = (np.array(vector) for vector in VIEWS[view])
    reach = np.abs(right) * PANEL_WIDTH * mm / 2.0 + np.abs(down) * PANEL_HEIGHT * mm / 2.0
    sight = np.abs(np.cross(right, down)) > 0.5
    return np.where(sight, point, scene.centred(point, np.where(sight, 1.0, reach)))


def _bright_end(scene: Scene, row: Row) -> float:
    """Return the value at the bright end of a row's ramp: a round number."""
    value = scene.record.value(f"{row.name}_max")
    emission = scene.copies.emission
    window = emission.window[1] if emission is not None else 1.0
    top = TOP_OVER_MAX[row.name] * float(value) if value and value > 0 else window
    return float(f"{top:.2g}") or 1.0


def _row_title(canvas: Canvas, record: "StudyRecord", row: Row, top: int) -> None:
    canvas.drawing(
        (MARGIN, top - 14, MARGIN + 18, top + 4),
        lambda pen: pen.ellipse((6, 6, 48, 48), outline=row.on_light, width=9),
    )
    strong = Style(17, INK, "Bold")
    canvas.text((MARGIN + 26, top), row.title, strong)
    at = MARGIN + 26 + canvas.width(row.title, strong) + 16
    sphere = next((one for one in record.spheres if one.role == row.role), None)
    unit = "" if record.unit == Unit.RELATIVE else f" {record.unit}"
    largest, mean = found(record, (f"{row.name}_max",)), found(record, (f"{row.name}_mean",))
    words = f"max {largest.text}{unit}, mean {mean.text}{unit}"
    if sphere is not None:
        radius = f"{sphere.source}, radius {sphere.radius_mm:.1f} mm"
        words = f"{radius}; {words}"
    elif row.role is not Role.TUMOUR or record.primary is None:
        return
    else:
        name = canvas.fitted(plain(record.primary.name), 260, Style(15, SOFT))
        words = f"{name}, {number(record.primary.volume_ml)} ml; {words}"
    canvas.text((at, top), canvas.fitted(words, RIGHT - 40 - at, Style(15, SOFT)), Style(15, SOFT))


def _why_absent(scene: Scene, row: Row) -> str:
    """Say why a row has no pictures."""
    record = scene.record
    if record.quarantine and not record.measurements:
        code = record.quarantine[-1].code
        return f"The study was not measured ({code}): {CODES[code].sentence}"
    if scene.copies.emission is None:
        return f"No picture: {scene.copies.missing.get('emission', 'no emission volume')}."
    value = found(record, (f"{row.name}_max",))
    sentence = CODES[value.why].sentence if value.why in CODES else "It is not there."
    return f"{row.title}: {sentence} ({value.why})" if value.why else f"{row.title}: none"


def _overview(canvas: Canvas, scene: Scene) -> tuple[list[Panel], int]:
    """Draw two projections and two cuts of the CT, at one scale and height; say where they end."""
    low, high = scene.body_mm
    wide, deep = (high - low)[:2] + BODY_MARGIN_MM
    share = float(np.clip(wide / (wide + deep), 0.5, 0.64))
    widths = [round(share * OVERVIEW_PAIR), OVERVIEW_PAIR - round(share * OVERVIEW_PAIR)]
    bottom, top = scene.extent_mm
    mm = max(wide / widths[0], deep / widths[1], (top - bottom) / MOST_TALL, FINEST_MM)
    tall = int(np.clip(np.ceil((top - bottom) / mm), LEAST_TALL, MOST_TALL))
    centre, y = scene.level_mm, PICTURES_TOP + 8
    lefts = np.cumsum([RIGHT, widths[0] + GAP, widths[1] + GAP, widths[0] + GAP]).tolist()
    boxes = [(x, y, x + w, y + tall) for x, w in zip(lefts, widths * 2, strict=True)]
    names = ("mip_anterior", "mip_lateral", "ct_coronal", "ct_sagittal")
    middle = np.append(scene.middle_mm[:2], (bottom + top) / 2.0)
    cuts = {}
    for name, title, box in zip(names, (*MIP_TITLES, *_ct_titles(scene)), boxes, strict=True):
        canvas.text((box[0], y - 8), canvas.fitted(title, box[2] - box[0], LABEL), LABEL)
        view = "coronal" if name in ("mip_anterior", "ct_coronal") else "sagittal"
        at = middle.copy()
        at[1 if view == "coronal" else 0] = centre[1 if view == "coronal" else 0]
        cuts[name] = (box, plane_at(view, at, mm, box_size(box)))
    panels = projection_panels(canvas, {name: cuts[name] for name in names[:2]}, scene)
    for name in names[2:]:
        box, plane = cuts[name]
        panels.append(ct_panel(canvas, name, box, (scene, plane, 0.0)))
    for n, line in enumerate(canvas.wrapped(LEGEND, OVERVIEW_PAIR * 2, 2, FINE)):
        canvas.text((RIGHT, y + tall + 19 + 17 * n), line, FINE)
    return panels, y + tall + 40


def _ct_titles(scene: Scene) -> tuple[str, str]:
    through = "L2" if scene.regions(Role.VERTEBRA_L2) else "liver sphere"
    if not scene.regions(Role.VERTEBRA_L2) and scene.sphere(Role.LIVER) is None:
        through = "the middle"
    return f"CT, coronal at {through}", f"CT, sagittal at {through}"


def _charts(canvas: Canvas, scene: Scene, place: tuple[int, int]) -> list[Panel]:
    """Draw the histograms of the spheres and the asphericity against the threshold."""
    top, tall = place
    widths, lefts = (196, 196, 196, 254), (RIGHT, RIGHT + 200, RIGHT + 400, RIGHT + 614)
    boxes: list[Box] = [(x, top, x + w, top + tall) for x, w in zip(lefts, widths, strict=True)]
    record, panels = scene.record, []
    titles = ("Liver sphere", "Muscle sphere, left", "Muscle sphere, right")
    for row, title, box in zip(ROWS[:3], titles, boxes, strict=False):
        values = [one for one in scene.copies.spheres if one.role == row.role]
        if not values:
            why = f"{title}: no sphere" if scene.sphere(row.role) is None else "no display copy"
            panels.append(empty_panel(canvas, f"histogram_{row.name}", _shrunk(box), why))
            continue
        marks = (_float(record, f"{row.name}_mean"), _float(record, f"{row.name}_max"))
        said = (title, record.unit, row.on_light)
        panels.append(histogram(canvas, box, values[0], said, marks))
    drawn = _float(record, "asphericity")
    panels.append(sweep_chart(canvas, boxes[3], primary_passport(record), drawn))
    return panels


def _shrunk(box: Box) -> Box:
    return box[0], box[1], box[2] - 12, box[3] - 12


def _float(record: "StudyRecord", name: str) -> float | None:
    try:
        value = record.value(name)
    except KeyError:
        return None
    return None if value is None else float(value)


def _tables(canvas: Canvas, record: "StudyRecord", top: int) -> list[Panel]:
    middle, right = RIGHT + 446, WIDTH - MARGIN
    ratios = ratio_table(canvas, (RIGHT, top, middle - 22, top + 190), record)
    spheres = sphere_table(canvas, (RIGHT, top + 206, middle - 22, top + 310), record)
    tumour = plain(record.primary.name) if record.primary else "Tumour: no region"
    box = (middle, top, right, top + 160)
    value_table(canvas, box, (tumour, record, TUMOUR_ROWS))
    shape = (middle, top + 166, right, top + 326)
    value_table(canvas, shape, ("Shape", record, SHAPE_ROWS))
    return [ratios, spheres, Panel("tumour", box), Panel("shape", shape)]


def _notes(canvas: Canvas, record: "StudyRecord", top: int) -> Panel:
    """Write the study's flags in words, as many as there is room for, and what pictures are for."""
    right, bottom = WIDTH - MARGIN, HEIGHT - MARGIN
    said = canvas.wrapped(FOR_LOOKING_ONLY, right - RIGHT, 2, FINE)
    for n, line in enumerate(said):
        canvas.text((RIGHT, bottom - 17 * (len(said) - 1 - n)), line, FINE)
    canvas.rule(RIGHT, right, top)
    codes, y = codes_of(record), top + 21
    room = max(1, (bottom - 17 * len(said) - 8 - y) // 20 + 1)
    shown = codes if len(codes) <= room else codes[: room - 1]
    for code in shown:
        strong = Style(13, INK, "Bold")
        canvas.text((RIGHT, y), code, strong)
        at = RIGHT + canvas.width(code, strong) + 10
        canvas.text((at, y), canvas.fitted(CODES[code].sentence, right - at, FINE), FINE)
        y += 20
    if len(shown) < len(codes):
        rest = f"and {len(codes) - len(shown)} more: {', '.join(codes[len(shown) :])}"
        canvas.text((RIGHT, y), canvas.fitted(rest, right - RIGHT, FINE), FINE)
    return Panel("notes", (RIGHT, top, right, HEIGHT - 30))


def codes_of(record: "StudyRecord") -> list[str]:
    """Return every code of a study once, errors first, then warnings, then information."""
    flags = [*record.flags, *(flag for one in record.measurements for flag in one.flags)]
    codes = dict.fromkeys([flag.code for flag in flags] + [one.code for one in record.quarantine])
    weights = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFORMATION: 2}
    return sorted(codes, key=lambda code: (weights[CODES[code].severity], code))
