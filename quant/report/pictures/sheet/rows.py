"""The rows of fused cuts: through each sphere's centre and through the tumour's maximum."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import CODES
from quant.domain.region import Role
from quant.domain.text import plain
from quant.domain.units import Unit
from quant.report.pictures.sheet.canvas import INK, SOFT, Canvas, Colour, Style
from quant.report.pictures.sheet.layout import GAP, MARGIN, PICTURES_TOP, RIGHT, Panel
from quant.report.pictures.sheet.numbers import found, number
from quant.report.pictures.sheet.planes import VIEWS, plane_at
from quant.report.pictures.sheet.views import (
    BLUE,
    GREEN,
    PINK,
    colour_bar,
    empty_panel,
    fused_panel,
)

if TYPE_CHECKING:
    from quant.domain.record import StudyRecord
    from quant.report.pictures.sheet.scene import Scene

Floats = NDArray[np.float64]

ROW_HEIGHT, PANEL_WIDTH, PANEL_HEIGHT = 290, 306, 256


@dataclass(frozen=True, slots=True)
class Row:
    """A row of fused cuts: its name and title, through what, and its colour on paper."""

    name: str
    title: str
    role: Role
    colour: Colour


ROWS = (
    Row("liver", "Liver sphere", Role.LIVER, BLUE),
    Row("muscle_left", "Muscle sphere, patient's left", Role.MUSCLE_LEFT, GREEN),
    Row("muscle_right", "Muscle sphere, patient's right", Role.MUSCLE_RIGHT, GREEN),
    Row("tumour", "Tumour maximum", Role.TUMOUR, PINK),
)

TOP_OVER_MAX = {"liver": 1.3, "muscle_left": 3.0, "muscle_right": 3.0, "tumour": 1.0}
"""The bright end of a row's ramp, over the maximum of its sphere or tumour."""


def fused_rows(canvas: Canvas, scene: "Scene") -> list[Panel]:
    """Draw all four rows; one whose sphere or tumour is missing says why."""
    panels = []
    for n, row in enumerate(ROWS):
        top = PICTURES_TOP + n * ROW_HEIGHT
        panels += _fused_row(canvas, scene, row, top)
    return panels


def _fused_row(canvas: Canvas, scene: "Scene", row: Row, top: int) -> list[Panel]:
    """Draw the three cuts through a sphere's centre or through the tumour's maximum."""
    if row.name == "tumour" and scene.by_lesion:
        row = replace(row, title="Hottest lesion")
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
        panels.append(
            fused_panel(canvas, f"{row.name}_{view}", box, (scene, plane, bright), row.role)
        )
    bar = (boxes["sagittal"][2] + 14, top + 26, boxes["sagittal"][2] + 28, top + 8 + PANEL_HEIGHT)
    colour_bar(canvas, bar, bright, scene.record.unit)
    return panels


def _columns() -> list[int]:
    return [MARGIN + n * (PANEL_WIDTH + GAP) for n in range(3)]


def _through(scene: "Scene", view: str, point: Floats, mm: float) -> Floats:
    """Return the middle of a cut through a point: the point itself along the line of sight."""
    right, down = (np.array(vector) for vector in VIEWS[view])
    reach = np.abs(right) * PANEL_WIDTH * mm / 2.0 + np.abs(down) * PANEL_HEIGHT * mm / 2.0
    sight = np.abs(np.cross(right, down)) > 0.5
    return np.where(sight, point, scene.centred(point, np.where(sight, 1.0, reach)))


def _bright_end(scene: "Scene", row: Row) -> float:
    """Return the value at the bright end of a row's ramp: a round number."""
    value = scene.record.value(f"{row.name}_max")
    emission = scene.copies.emission
    window = emission.window[1] if emission is not None else 1.0
    top = TOP_OVER_MAX[row.name] * float(value) if value and value > 0 else window
    return float(f"{top:.2g}") or 1.0


def _row_title(canvas: Canvas, record: "StudyRecord", row: Row, top: int) -> None:
    canvas.drawing(
        (MARGIN, top - 14, MARGIN + 18, top + 4),
        lambda pen: pen.ellipse((6, 6, 48, 48), outline=row.colour, width=9),
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


def _why_absent(scene: "Scene", row: Row) -> str:
    """Say why a row has no pictures."""
    record = scene.record
    if record.quarantine and not record.measurements:
        code = record.quarantine[-1].code
        return f"The study was not measured ({code}): {CODES[code].sentence}"
    if scene.copies.emission is None:
        return f"No picture: {scene.why_no('emission')}."
    value = found(record, (f"{row.name}_max",))
    sentence = CODES[value.why].sentence if value.why in CODES else "It is not there."
    return f"{row.title}: {sentence} ({value.why})" if value.why else f"{row.title}: none"
