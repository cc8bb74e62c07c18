"""Distributions over a batch as small pictures: bars, one dot a study, published cut-offs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from quant.domain.text import counted
from quant.report.page import number
from quant.report.site.published import Published, published_for

WIDTH, HEIGHT, LOW_HEIGHT = 400, 176, 104
LEFT, RIGHT, TOP, BASE = 42, 388, 26, 126
STRIP = 16
"""Height of the strip of dots above the axis."""

MOST_DOTS = 400
FEWEST_FOR_BARS = 8
LOG_FROM = 20.0
"""Positive values of which the largest is so many times the smallest stand on a log axis."""

LETTER_ROOM = 12.0
"""Letters of lines that stand closer than this step aside."""

GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Point:
    """A study's value, and where its page is."""

    value: float
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The distribution of one quantity.

    ``missing`` counts studies without a value; ``svg`` is empty when none has one.
    """

    title: str
    count: int
    missing: int
    median: float | None
    quartiles: tuple[float, float] | None
    svg: Markup
    cutoffs: tuple[Published, ...]


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    is_log: bool

    def at(self, value: float) -> float:
        """Return the place of a value, in the picture's units."""
        low, high, one = self.low, self.high, value
        if self.is_log:
            low, high, one = math.log(low), math.log(high), math.log(value)
        return LEFT + (RIGHT - LEFT) * (one - low) / (high - low)

    def edges(self, count: int) -> list[float]:
        """Return the ends of so many equal bars."""
        space = np.geomspace if self.is_log else np.linspace
        return [float(x) for x in space(self.low, self.high, count + 1)]

    def ticks(self) -> list[float]:
        """Return round numbers inside the axis."""
        if self.is_log:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            some = [m * 10.0**d for d in decades for m in (1, 2, 5)]
            inside = [x for x in some if self.low <= x <= self.high]
            return inside if len(inside) <= 8 else [x for x in inside if f"{x:e}"[0] == "1"]
        rough = (self.high - self.low) / 5
        step = min(
            (m * 10.0 ** math.floor(math.log10(rough)) for m in (1, 2, 5, 10)),
            key=lambda x: abs(x - rough),
        )
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(n * step, 10) for n in range(first, last + 1)]


def chart(title: str, quantity: str, points: Sequence[Point], missing: int) -> Chart:
    """Draw the distribution of a quantity over a batch.

    Parameters
    ----------
    title : str
        What the axis says, with the unit.
    quantity : str
        Column name, for the published cut-offs.
    points : sequence of Point
        Studies that have a value.
    missing : int
        Studies that have none.
    """
    cutoffs = published_for(quantity)
    values = np.array([one.value for one in points])
    if not len(values):
        return Chart(title, 0, missing, None, None, Markup(), cutoffs)
    first, median, third = (float(x) for x in np.quantile(values, (0.25, 0.5, 0.75)))
    axis = _axis([*values.tolist(), *(one.value for one in cutoffs)])
    parts = [_frame(axis, title)]
    if len(values) >= FEWEST_FOR_BARS:
        parts += _bars(axis, values.tolist())
    if len(values) <= MOST_DOTS:
        parts += [_dot(axis, n, one) for n, one in enumerate(points)]
    parts += _cuts(axis, cutoffs, TOP if len(values) >= FEWEST_FOR_BARS else BASE - STRIP - 14)
    words = f"{title}: {counted(len(values), 'study', 'studies')}, median {number(median)}"
    height = HEIGHT if len(values) >= FEWEST_FOR_BARS else LOW_HEIGHT
    svg = Markup('<svg viewBox="0 {} {} {}" role="img" aria-label="{}">{}</svg>').format(
        HEIGHT - height, WIDTH, height, words, Markup("").join(parts)
    )
    return Chart(title, len(values), missing, median, (first, third), svg, cutoffs)


def _axis(values: Sequence[float]) -> _Axis:
    low, high = min(values), max(values)
    if low > 0.0 and high / low >= LOG_FROM:
        return _Axis(low / 1.1, high * 1.1, is_log=True)
    if low >= 0.0 and low < 0.5 * high:
        low = 0.0
    room = 0.04 * (high - low) or 0.5 * abs(high) or 1.0
    return _Axis(low - (room if low else 0.0), high + room, is_log=False)


def _text(x: float, y: float, words: str, kind: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>').format(x, y, kind, words)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>').format(
        x1, y1, x2, y2, kind
    )


def _frame(axis: _Axis, title: str) -> Markup:
    parts = [_line(LEFT, BASE, RIGHT, BASE, "axis")]
    for value in axis.ticks():
        x = axis.at(value)
        parts += [_line(x, BASE, x, BASE + 4, "axis"), _text(x, BASE + 17, f"{value:g}", "tick")]
    words = f"{title}, log scale" if axis.is_log else title
    parts.append(_text((LEFT + RIGHT) / 2, BASE + 38, words, "name"))
    return Markup("").join(parts)


def _bars(axis: _Axis, values: Sequence[float]) -> list[Markup]:
    edges = axis.edges(min(40, max(6, round(3 * len(values) ** (1 / 3)))))
    counts, _ = np.histogram(values, bins=edges)
    most, floor = int(counts.max()), BASE - STRIP
    parts = [
        _line(LEFT, TOP, LEFT, floor, "axis"),
        _text(LEFT - 5, TOP + 4, str(most), "count"),
        _text(LEFT - 5, floor + 4, "0", "count"),
        Markup('<text transform="translate(12 {:.0f}) rotate(-90)" class="name">studies</text>')
        .format((TOP + floor) / 2),
    ]  # fmt: skip
    for count, low, high in zip(counts.tolist(), edges, edges[1:], strict=False):
        x, height = axis.at(low), (floor - TOP) * count / most
        parts.append(
            Markup(
                '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="bar">'
                "<title>{} to {}: {} studies</title></rect>"
            ).format(x + 0.5, floor - height, max(0.5, axis.at(high) - x - 1), height,
                     number(low), number(high), count)
        )  # fmt: skip
    return parts


def _dot(axis: _Axis, at: int, point: Point) -> Markup:
    y = BASE - 3 - (STRIP - 6) * (at * GOLDEN % 1.0)
    return Markup(
        '<a href="{}" tabindex="-1"><circle cx="{:.1f}" cy="{:.1f}" r="2.6" class="dot"/>'
        "<title>{}: {}</title></a>"
    ).format(point.href, axis.at(point.value), y, point.label, number(point.value))


def _cuts(axis: _Axis, cutoffs: Sequence[Published], top: float) -> list[Markup]:
    parts = []
    places = {one.letter: axis.at(one.value) for one in cutoffs}
    for letter, x in places.items():
        near = [other - x for other in places.values() if 0.0 < abs(other - x) < LETTER_ROOM]
        side = "" if not near else " before" if near[0] > 0.0 else " after"
        parts.append(_line(x, top - 8, x, BASE, "cut"))
        parts.append(_text(x, top - 12, letter, f"letter{side}"))
    return parts
