"""Small charts of the sheet: values within a sphere, and asphericity against the threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.report.pictures.sheet.canvas import (
    FINER,
    INK,
    SOFT,
    Box,
    Canvas,
    Colour,
    Style,
)
from quant.report.pictures.sheet.layout import Panel
from quant.report.pictures.sheet.views import BLUE, PINK, empty_panel, tick_text, ticks

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.ImageDraw import ImageDraw

    from quant.domain.passport import Passport
    from quant.report.pictures.display.outlines import SphereValues

TITLE, AXIS, NOTE = Style(15, INK, "Bold"), Style(13, SOFT), Style(13, INK)
BINS = 24
PALE = 0.28
GREY: Colour = (120, 130, 142)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chart's axes lie on the page, and what they run over."""

    box: Box
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point lies on the page."""
        left, top, right, bottom = self.box
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return left + across * (right - left), bottom - up * (bottom - top)

    def fine(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point lies in the finer drawing of the box."""
        across, down = self.at(x, y)
        return (across - self.box[0]) * FINER, (down - self.box[1]) * FINER


def histogram(
    canvas: Canvas,
    box: Box,
    sphere: "SphereValues",
    said: tuple[str, str, Colour],
    marks: tuple[float | None, float | None],
) -> Panel:
    """Draw the values within a sphere, each voxel by its part inside.

    Parameters
    ----------
    canvas : Canvas
    box : Box
        Of the whole chart.
    sphere : SphereValues
    said : (title, unit, colour)
    marks : (mean, maximum)
        Of the record.
    """
    title, unit, colour = said
    name = f"histogram_{sphere.role}"
    if not len(sphere.values):
        return empty_panel(canvas, name, box, f"{title}: no voxels")
    edges, shares = _shares(sphere)
    top = float(shares.max()) * 1.22
    frame = Frame(_inner(box), (float(edges[0]), float(edges[-1])), (0.0, top))
    red, green, blue = (round(255 - (255 - c) * PALE) for c in colour)

    def draw(pen: "ImageDraw") -> None:
        for left, right, share in zip(edges, edges[1:], shares, strict=False):
            if share > 0.0:
                x0, y0 = frame.fine(float(left), float(share))
                x1, y1 = frame.fine(float(right), 0.0)
                pen.rectangle((x0 + 1, y0, x1 - 1, y1), fill=(red, green, blue))
        for mark, dashed in zip(marks, (False, True), strict=True):
            if mark is not None:
                _upright(pen, frame, mark, colour, dashed=dashed)

    canvas.drawing(frame.box, draw)
    canvas.text((box[0], box[1] + 14), title, TITLE)
    _axes(canvas, frame, unit, "% of volume")
    _name_marks(canvas, frame, marks, colour)
    return Panel(name, box)


def _shares(sphere: "SphereValues") -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return the edges of the bins, and the part of the volume in each, percent."""
    low, high = float(sphere.values.min()), float(sphere.values.max())
    room = max(0.06 * (high - low), 0.02 * abs(high), 1e-6)
    edges = np.linspace(low - room, high + room, BINS + 1)
    shares, _ = np.histogram(sphere.values, edges, weights=sphere.weights)
    return edges, 100.0 * shares / sphere.weights.sum(dtype=np.float64)


def _name_marks(
    canvas: Canvas, frame: Frame, marks: tuple[float | None, float | None], colour: Colour
) -> None:
    """Write what the upright lines are, to the left of each, where there is room."""
    last = frame.box[0] - 6.0
    for mark, what in zip(marks, ("mean", "max"), strict=True):
        if mark is None:
            continue
        x, _ = frame.at(mark, 0.0)
        if x - canvas.width(what, NOTE) - 5 > last:
            canvas.text((x - 5, frame.box[1] + 11), what, Style(13, colour), "rs")
        last = x


def sweep_chart(canvas: Canvas, box: Box, passport: "Passport | None", value: float | None
                ) -> Panel:  # fmt: skip
    """Draw asphericity against the threshold: plain mesh and corrected, and the region as drawn."""
    title, name = "Asphericity against threshold", "sweep"
    if passport is None:
        return empty_panel(canvas, name, box, "no tumour: no threshold curve")
    sweep = passport.sweep
    curves = (
        ("mesh", sweep.asphericity, PINK),
        ("corrected", sweep.asphericity_corrected, BLUE),
    )
    known = [v for _, curve, _ in curves for v in curve if v is not None]
    if not known:
        return empty_panel(canvas, name, box, "no threshold curve (SWEEP_ABSENT)")
    levels = [100.0 * one for one in sweep.fractions]
    ends = [*known, 0.0, *([value] if value is not None else [])]
    room = (max(ends) - min(ends)) * 0.12 or 0.1
    low = min(ends) - (room if min(ends) < 0 else 0.0)
    inner = _inner(box, right=72)
    pad = max(1.0, 0.04 * (levels[-1] - levels[0]))
    frame = Frame(inner, (levels[0] - pad, levels[-1] + pad), (low, max(ends) + room))

    def draw(pen: "ImageDraw") -> None:
        if value is not None:
            _level(pen, frame, value)
        for _, curve, colour in curves:
            _curve(pen, frame, list(zip(levels, curve, sweep.open, strict=True)), colour)

    canvas.drawing(frame.box, draw)
    _axes(canvas, frame, "threshold, % of the maximum", "asphericity")
    canvas.text((box[0], box[1] + 14), title, TITLE)
    words = [(label, _last(curve), colour) for label, curve, colour in curves]
    _beside(canvas, frame, [*words, ("as drawn", value, INK)])
    if any(sweep.open):
        canvas.text((box[2], box[1] + 33), "hollow: cut off", AXIS, "rs")
    return Panel(name, box)


def _last(curve: Sequence[float | None]) -> float | None:
    known = [value for value in curve if value is not None]
    return known[-1] if known else None


def _beside(canvas: Canvas, frame: Frame, words: list[tuple[str, float | None, Colour]]) -> None:
    """Write what each line is to the right of its end, without overlap."""
    placed: list[tuple[float, str, Colour]] = sorted(
        (frame.at(0.0, value)[1], label, colour)
        for label, value, colour in words
        if value is not None
    )
    last = frame.box[1] - 8.0
    for y, label, colour in placed:
        last = max(y, last + 15.0)
        canvas.text((frame.box[2] + 5, last), label, Style(13, colour), "lm")


def _inner(box: Box, right: int = 8) -> Box:
    """Return the box of the axes within that of the chart."""
    return box[0] + 46, box[1] + 46, box[2] - right, box[3] - 40


def _axes(canvas: Canvas, frame: Frame, along: str, up: str) -> None:
    left, top, right, bottom = frame.box
    canvas.rule(left, right, bottom, SOFT)
    canvas.rectangle((left - 1, top, left, bottom + 1), fill=SOFT)
    last = left - 100.0
    for tick in ticks(frame.x[1], 4, frame.x[0]):
        x, _ = frame.at(tick, frame.y[0])
        canvas.rectangle((round(x), bottom, round(x) + 1, bottom + 5), fill=SOFT)
        words = tick_text(tick, frame.x[1])
        half = canvas.width(words, AXIS) / 2
        if x - half > last + 6:
            canvas.text((x, bottom + 7), words, AXIS, "mt")
            last = x + half
    for tick in ticks(frame.y[1], 4, frame.y[0]):
        _, y = frame.at(frame.x[0], tick)
        canvas.rule(left - 5, left, round(y), SOFT)
        canvas.text((left - 8, y), f"{tick:g}", AXIS, "rm")
    canvas.text(((left + right) / 2, bottom + 37), along, AXIS, "ms")
    canvas.text((left - 46, top - 13), up, AXIS, "ls")


def _upright(pen: "ImageDraw", frame: Frame, x: float, colour: Colour, *, dashed: bool) -> None:
    """Draw an upright line through the chart, below the words at its top."""
    at, bottom = frame.fine(x, frame.y[0])
    y, step = 16.0 * FINER, 5.0 * FINER
    while y < bottom:
        end = min(y + step, bottom) if dashed else bottom
        pen.line((at, y, at, end), fill=colour, width=round(1.6 * FINER))
        y = end + step if dashed else bottom


def _level(pen: "ImageDraw", frame: Frame, y: float) -> None:
    left, at = frame.fine(frame.x[0], y)
    right, _ = frame.fine(frame.x[1], y)
    while left < right:
        pen.line((left, at, min(left + 6 * FINER, right), at), fill=INK, width=FINER)
        left += 10 * FINER


def _curve(
    pen: "ImageDraw",
    frame: Frame,
    points: list[tuple[float, float | None, bool]],
    colour: Colour,
) -> None:
    """Draw a line through the points that have a value, with a dot at each; hollow where open."""
    line: list[tuple[float, float]] = []
    for x, y, _ in [*points, (0.0, None, False)]:
        if y is not None:
            line.append(frame.fine(x, y))
            continue
        if len(line) > 1:
            pen.line(line, fill=colour, width=round(1.8 * FINER), joint="curve")
        line = []
    reach = 3.2 * FINER
    for x, y, is_open in points:
        if y is not None:
            a, b = frame.fine(x, y)
            fill = (255, 255, 255) if is_open else colour
            pen.ellipse((a - reach, b - reach, a + reach, b + reach), fill=fill, outline=colour,
                        width=round(1.4 * FINER))  # fmt: skip
