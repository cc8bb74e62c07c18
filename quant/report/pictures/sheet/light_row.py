"""The row of traffic lights: each a sign of its own shape, its word and its reasons."""

from typing import TYPE_CHECKING

from quant.report.pictures.sheet.canvas import INK, SOFT, TINT, Box, Canvas, Colour, Style
from quant.report.pictures.sheet.layout import Panel
from quant.report.pictures.sheet.lights import Light, State, lights

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

    from quant.domain.record import StudyRecord

INKS: dict[State, Colour] = {
    State.FINE: (0, 110, 84),
    State.UNKNOWN: (92, 104, 118),
    State.LOOK: (176, 98, 0),
    State.PROBLEM: (176, 22, 40),
}
"""Dark enough to be read in grey; the sign's shape says the same."""

SIGN = 34
WHITE: Colour = (255, 255, 255)


def draw_lights(canvas: Canvas, box: Box, record: "StudyRecord") -> Panel:
    """Draw the six lights side by side."""
    found = lights(record)
    gap = 10
    wide = (box[2] - box[0] - gap * (len(found) - 1)) / len(found)
    for n, light in enumerate(found):
        left = round(box[0] + n * (wide + gap))
        _light(canvas, (left, box[1], round(left + wide), box[3]), light)
    return Panel("lights", box)


def _light(canvas: Canvas, box: Box, light: Light) -> None:
    left, top, right, bottom = box
    ink = INKS[light.state]
    canvas.rectangle(box, fill=TINT)
    canvas.rectangle((left, top, left + 5, bottom), fill=ink)
    canvas.drawing(
        (left + 16, top + 10, left + 16 + SIGN, top + 10 + SIGN),
        lambda pen: _sign(pen, light.state),
        TINT,
    )
    at = left + 16 + SIGN + 12
    canvas.text((at, top + 24), light.title, Style(16, INK, "Bold"))
    canvas.text((right - 12, top + 24), light.state.upper(), Style(13, ink, "Bold"), "rs")
    style = Style(14, SOFT if light.state is State.FINE else INK)
    for n, line in enumerate(reasons_in_two_lines(canvas, light.reasons, right - 12 - at, style)):
        canvas.text((at, top + 47 + 18 * n), line, style)


def reasons_in_two_lines(
    canvas: Canvas, reasons: tuple[str, ...], width: int, style: Style
) -> list[str]:
    """Return two lines with as many reasons as they hold, and how many more there are."""
    lines: list[str] = []
    for count in range(len(reasons), 0, -1):
        more = f" (+{len(reasons) - count} more)" if count < len(reasons) else ""
        words = "; ".join(reasons[:count]) + more
        lines = canvas.wrapped(words, width, 2, style)
        if " ".join(lines) == words:
            break
    return lines


def _sign(pen: "ImageDraw", state: State) -> None:
    """Draw a check in a disc, a question mark in a ring, a triangle, or a cross in an octagon."""
    ink, size = INKS[state], SIGN * 3
    end = size - 1
    if state is State.FINE:
        pen.ellipse((0, 0, end, end), fill=ink)
        pen.line([(26, 54), (45, 73), (78, 33)], fill=WHITE, width=11, joint="curve")
    elif state is State.PROBLEM:
        cut = 30
        pen.polygon(
            [(cut, 0), (end - cut, 0), (end, cut), (end, end - cut), (end - cut, end),
             (cut, end), (0, end - cut), (0, cut)], fill=ink,
        )  # fmt: skip
        pen.line([(32, 32), (end - 32, end - 32)], fill=WHITE, width=12)
        pen.line([(end - 32, 32), (32, end - 32)], fill=WHITE, width=12)
    elif state is State.LOOK:
        pen.polygon([(size / 2, 4), (end, end - 8), (0, end - 8)], fill=ink)
        pen.line([(size / 2, 36), (size / 2, 66)], fill=WHITE, width=11)
        pen.ellipse((size / 2 - 6, 74, size / 2 + 6, 86), fill=WHITE)
    else:
        pen.ellipse((3, 3, end - 3, end - 3), outline=ink, width=8)
        pen.arc((34, 24, 68, 56), 170, 90 + 360, fill=ink, width=9)
        pen.line([(51, 53), (51, 66)], fill=ink, width=9)
        pen.ellipse((45, 74, 57, 86), fill=ink)
