"""The sheet of one study: all that a reader needs to trust, or not to trust, its numbers."""

from typing import TYPE_CHECKING

from quant.domain.flags import CODES
from quant.domain.text import plain
from quant.report.flagged import codes_of
from quant.report.pictures.sheet.canvas import FINE, INK, RULE, SOFT, Box, Canvas, Style
from quant.report.pictures.sheet.charts import histogram, sweep_chart
from quant.report.pictures.sheet.layout import HEIGHT, MARGIN, RIGHT, WIDTH, Panel, Sheet
from quant.report.pictures.sheet.light_row import draw_lights
from quant.report.pictures.sheet.lights import primary_passport
from quant.report.pictures.sheet.numbers import (
    SHAPE_ROWS,
    TUMOUR_ROWS,
    ratio_table,
    sphere_table,
    value_table,
)
from quant.report.pictures.sheet.overview import draw_overview
from quant.report.pictures.sheet.rows import ROWS, fused_rows
from quant.report.pictures.sheet.scene import Scene
from quant.report.pictures.sheet.views import empty_panel

if TYPE_CHECKING:
    from quant.domain.record import StudyRecord
    from quant.report.pictures.display.copies import Copies

TABLES_TALL, NOTES_TALL = 330, 200
LEAST_CHART, MOST_CHART = 210, 270

FOR_LOOKING_ONLY = (
    "Cuts are resampled linearly to the patient's axes; the patient's right is on the left. "
    "Pictures are for looking: numbers are those of the record. Not for diagnosis."
)


def draw_sheet(record: "StudyRecord", copies: "Copies") -> Sheet:
    """Draw the sheet of a study; what is missing leaves a panel that says why.

    Parameters
    ----------
    record : StudyRecord
    copies : Copies
        From :func:`quant.report.pictures.display.copies.read_copies`.

    Returns
    -------
    Sheet
        The same record and copies give the same bytes.
    """
    canvas, scene = Canvas.blank(WIDTH, HEIGHT), Scene.of(record, copies)
    panels = [_header(canvas, record)]
    panels.append(draw_lights(canvas, (MARGIN, 106, WIDTH - MARGIN, 190), record))
    panels += fused_rows(canvas, scene)
    overview, below = draw_overview(canvas, scene)
    room = HEIGHT - MARGIN - NOTES_TALL - TABLES_TALL - below - 36
    tall = max(LEAST_CHART, min(MOST_CHART, room))
    panels += overview + _charts(canvas, scene, (below + 12, tall))
    below += 12 + tall + 24
    panels += _tables(canvas, record, scene, below)
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


def _charts(canvas: Canvas, scene: Scene, place: tuple[int, int]) -> list[Panel]:
    """Draw the histograms of the spheres and the asphericity against the threshold."""
    top, tall = place
    widths, lefts = (190, 190, 190, 254), (RIGHT, RIGHT + 204, RIGHT + 408, RIGHT + 614)
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
        said = (title, record.unit, row.colour)
        panels.append(histogram(canvas, box, values[0], said, marks))
    passport, drawn = primary_passport(record), _float(record, "asphericity")
    box = boxes[3] if passport is not None else _shrunk(boxes[3])
    panels.append(sweep_chart(canvas, box, passport, drawn))
    return panels


def _shrunk(box: Box) -> Box:
    return box[0], box[1], box[2], box[3] - 12


def _float(record: "StudyRecord", name: str) -> float | None:
    try:
        value = record.value(name)
    except KeyError:
        return None
    return None if value is None else float(value)


def _tables(canvas: Canvas, record: "StudyRecord", scene: Scene, top: int) -> list[Panel]:
    middle, right = RIGHT + 446, WIDTH - MARGIN
    ratios = ratio_table(canvas, (RIGHT, top, middle - 22, top + 190), record)
    spheres = sphere_table(canvas, (RIGHT, top + 206, middle - 22, top + 310), record)
    shown = scene.record
    tumour = plain(shown.primary.name) if shown.primary else "Tumour: no region"
    box = (middle, top, right, top + 160)
    title = f"Hottest lesion: {tumour}" if scene.by_lesion else tumour
    value_table(canvas, box, (title, shown, TUMOUR_ROWS))
    shape = (middle, top + 166, right, top + 326)
    value_table(canvas, shape, ("Shape", shown, SHAPE_ROWS))
    return [ratios, spheres, Panel("tumour", box), Panel("shape", shape)]


def _notes(canvas: Canvas, record: "StudyRecord", top: int) -> Panel:
    """Write the study's flags in words, as many as there is room for, and what pictures are for."""
    right, bottom = WIDTH - MARGIN, HEIGHT - MARGIN
    said = canvas.wrapped(FOR_LOOKING_ONLY, right - RIGHT, 2, FINE)
    for n, line in enumerate(said):
        canvas.text((RIGHT, bottom - 17 * (len(said) - 1 - n)), line, FINE)
    canvas.rule(RIGHT, right, top)
    codes, others = codes_of(record)
    y, room = top + 21, (bottom - 17 * len(said) - 8 - top - 21) // 20 + 1
    apart = f"Of other lesions: {', '.join(others)}" if others else ""
    apart_lines = canvas.wrapped(apart, right - RIGHT, 3, FINE)
    room = max(1, room - len(apart_lines))
    shown = codes if len(codes) <= room else codes[: room - 1]
    for code in shown:
        strong = Style(13, INK, "Bold")
        canvas.text((RIGHT, y), code, strong)
        at = RIGHT + canvas.width(code, strong) + 10
        canvas.text((at, y), canvas.fitted(CODES[code].sentence, right - at, FINE), FINE)
        y += 20
    rest = codes[len(shown) :]
    lines = [f"and {len(rest)} more: {', '.join(rest)}"] if rest else []
    for line in (*lines, *apart_lines):
        canvas.text((RIGHT, y), canvas.fitted(line, right - RIGHT, FINE), FINE)
        y += 20
    return Panel("notes", (RIGHT, top, right, HEIGHT - 30))
