"""A patient's scores over time as a drawing of our own (SVG)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

from quant.scoring.readings.order import TimeRule, ordered, time_points
from quant.scoring.readings.segments import System, maximum_of
from quant.scoring.readings.totals import Modality, Reading

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 760, 190, 56, 24, 64, 46
LEGEND_LINE = 20
ROW_OF_TICKS = 40
MARGIN = 70
DODGE_PX = 18.0
"""Courses stand this far apart at a time point."""

NEAREST_PX = 120.0
"""Time points closer than this get their labels on alternating lines."""

COLOURS = {
    Modality.PLANAR: "#0072b2",
    Modality.SPECT_CT: "#d55e00",
    Modality.COMBINED: "#00785a",
    Modality.PLANAR_EQUIVALENT: "#8e4585",
}
"""Told apart also by people who see few colours; the marker differs as well."""

MARKERS = {
    Modality.PLANAR: "circle",
    Modality.SPECT_CT: "square",
    Modality.COMBINED: "diamond",
    Modality.PLANAR_EQUIVALENT: "triangle",
}

DASHES = ("none", "6 3", "2 3", "8 3 2 3")
"""Lines of the first, second, third reader, and so on."""

TITLES = {
    System.CURIE: "Modified Curie",
    System.SIOPEN: "SIOPEN",
    System.CURIE_INTENSITY: "Intensity (original Curie)",
}


SVG_START = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
    'height="{height}" role="img" font-family="sans-serif" font-size="12">'
)


@dataclass(frozen=True, slots=True)
class Course:
    """Readings that may be joined by a line: same modality, nuclide, reader and system."""

    modality: Modality
    nuclide: str
    reader: str
    points: tuple[Reading, ...]

    @property
    def label(self) -> str:
        """For the legend."""
        return f"{self.modality}, {self.nuclide}, reader {self.reader}"


@dataclass(frozen=True, slots=True)
class Axis:
    """Where time points lie, in px, and the words below them."""

    rule: TimeRule
    places: dict[str, float]
    words: dict[str, tuple[str, str]]


def timeline_svg(readings: Iterable[Reading]) -> str:
    """Draw the totals of one patient over time, a panel for each system.

    Parameters
    ----------
    readings : iterable of Reading
        Of one patient.

    Returns
    -------
    str
        An SVG document: no script, no link, the same bytes for the same readings. A filled marker
        is a total of all segments; a hollow one leaves some out, and a bar reaches from the least
        to the most that it could be.

    Raises
    ------
    ValueError
        If there are no readings, or those of more than one patient.
    """
    mine = ordered(readings)
    patients = {one.key.patient for one in mine}
    if len(patients) != 1:
        message = f"a time line is of one patient, not of {len(patients)}"
        raise ValueError(message)
    axis = _axis(mine)
    systems = [one for one in System if any(reading.system is one for reading in mine)]
    courses = {system: _courses(one for one in mine if one.system is system) for system in systems}
    named = list(dict.fromkeys(one.label for group in courses.values() for one in group))
    readers = sorted({one.key.reader for one in mine})
    head = TOP + LEGEND_LINE * len(named) + 14
    height = head + len(systems) * (PANEL + GAP + ROW_OF_TICKS)
    title = f"Scores over time of patient {mine[0].key.patient}"
    parts = [
        SVG_START.format(width=WIDTH, height=height),
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(_description(mine))}</desc>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(LEFT, 24, title, size=15, weight="bold"),
        _text(LEFT, 42, f"Time points {axis.rule}. Hollow: not all segments were assessed; "
              "bar: the least and the most that the total could be."),
    ]  # fmt: skip
    known = {one.label: one for group in courses.values() for one in group}
    parts += [_legend(known[name], n, readers) for n, name in enumerate(named)]
    for n, system in enumerate(systems):
        top = head + n * (PANEL + GAP + ROW_OF_TICKS)
        parts += _panel(system, courses[system], axis, top, readers)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _description(readings: Sequence[Reading]) -> str:
    """Say every total in words, for those who do not see the drawing."""
    return "; ".join(
        f"{one.key.time} {one.key.modality} {one.key.nuclide} {one.key.reader} {one.system} "
        f"{'not assessable' if one.total.total is None else one.total.total} of "
        f"{one.total.reachable}"
        for one in readings
    )


def _axis(readings: Sequence[Reading]) -> Axis:
    rule, times = time_points(readings)
    days = {one.key.time: one.day for one in readings}
    inner = WIDTH - LEFT - RIGHT - 2 * MARGIN
    first, last = days[times[0]] or 0.0, days[times[-1]] or 0.0
    places = {}
    for n, time in enumerate(times):
        share = n / (len(times) - 1) if len(times) > 1 else 0.5
        if rule is TimeRule.DAY and last > first:
            share = ((days[time] or 0.0) - first) / (last - first)
        places[time] = LEFT + MARGIN + share * inner
    phases: dict[str, list[str]] = {time: [] for time in times}
    for one in readings:
        if str(one.key.phase) not in phases[one.key.time]:
            phases[one.key.time].append(str(one.key.phase))
    words = {}
    for time in times:
        day = days[time]
        below = ", ".join(phases[time]) + ("" if day is None else f", day {day:g}")
        words[time] = (time, below)
    return Axis(rule, places, words)


def _courses(readings: Iterable[Reading]) -> list[Course]:
    groups: dict[tuple[Modality, str, str], list[Reading]] = {}
    for one in readings:
        key = (one.key.modality, one.key.nuclide, one.key.reader)
        groups.setdefault(key, []).append(one)
    places = list(Modality)
    return [
        Course(*key, tuple(points))
        for key, points in sorted(
            groups.items(), key=lambda item: (places.index(item[0][0]), *item[0][1:])
        )
    ]


def _legend(course: Course, line: int, readers: list[str]) -> str:
    y = TOP + LEGEND_LINE * line
    colour = COLOURS[course.modality]
    dash = DASHES[readers.index(course.reader) % len(DASHES)]
    return (
        f'<line x1="{LEFT}" y1="{y}" x2="{LEFT + 34}" y2="{y}" stroke="{colour}" '
        f'stroke-width="2" stroke-dasharray="{dash}"/>'
        + _marker(course.modality, LEFT + 17, y, hollow=False)
        + _text(LEFT + 44, y + 4, course.label)
    )


def _panel(
    system: System, courses: list[Course], axis: Axis, top: int, readers: list[str]
) -> list[str]:
    most = maximum_of(system)
    bottom = top + PANEL

    def height(score: float) -> float:
        return bottom - score / most * (PANEL - 24)

    parts = [_text(LEFT, top, f"{TITLES[system]} (0 to {most})", weight="bold")]
    for tick in range(0, most + 1, most // 6):
        y = height(tick)
        parts.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#d8dee4"/>'
            + _text(LEFT - 8, y + 4, str(tick), anchor="end")
        )
    parts += _time_labels(axis, bottom)
    above: list[str] = []
    for n, course in enumerate(courses):
        shift = (n - (len(courses) - 1) / 2) * DODGE_PX
        dash = DASHES[readers.index(course.reader) % len(DASHES)]
        lines, marks = _course(course, axis, height, shift, dash)
        parts += lines
        above += marks
    return [*parts, *above]


def _time_labels(axis: Axis, bottom: int) -> list[str]:
    parts, previous, low = [], float("-inf"), False
    for time, x in axis.places.items():
        low = x - previous < NEAREST_PX and not low
        previous = x
        y = bottom + 16 + (26 if low else 0)
        parts.append(
            f'<line x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 5}" stroke="#57606a"/>'
            + _text(x, y, _short(axis.words[time][0]), anchor="middle", weight="bold")
            + _text(x, y + 12, _short(axis.words[time][1]), anchor="middle", size=10)
        )
    return parts


def _short(text: str) -> str:
    return text if len(text) <= 28 else text[:27] + "\u2026"


def _course(
    course: Course, axis: Axis, height: Callable[[float], float], shift: float, dash: str
) -> tuple[list[str], list[str]]:
    """Draw a course: its lines, and what lies above the lines of every course."""
    colour = COLOURS[course.modality]
    bars, marks, line = [], [], []
    for one in course.points:
        total = one.total
        if total.total is None:
            continue
        x, y = axis.places[one.key.time] + shift, height(total.total)
        line.append(f"{x:.1f},{y:.1f}")
        least, most = total.low or 0, total.upper_bound
        if least < most:
            bars.append(
                f'<line x1="{x:.1f}" y1="{height(least):.1f}" x2="{x:.1f}" '
                f'y2="{height(most):.1f}" stroke="{colour}" stroke-opacity="0.45" '
                'stroke-width="3"/>'
            )
        marks.append(_marker(course.modality, x, y, hollow=not total.complete))
        marks.append(_text(x, y - 8, str(total.total), size=11, anchor="middle", colour=colour))
    if len(line) > 1:
        joined = " ".join(line)
        bars.append(
            f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/>'
        )
    return bars, marks


def _marker(modality: Modality, x: float, y: float, *, hollow: bool) -> str:
    colour = COLOURS[modality]
    style = f'fill="{"#ffffff" if hollow else colour}" stroke="{colour}" stroke-width="2"'
    kind = MARKERS[modality]
    if kind == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" {style}/>'
    if kind == "square":
        return f'<rect x="{x - 4.2:.1f}" y="{y - 4.2:.1f}" width="8.4" height="8.4" {style}/>'
    corners = {
        "diamond": ((0.0, -6.0), (6.0, 0.0), (0.0, 6.0), (-6.0, 0.0)),
        "triangle": ((0.0, -6.0), (5.5, 4.5), (-5.5, 4.5)),
    }[kind]
    points = " ".join(f"{x + a:.1f},{y + b:.1f}" for a, b in corners)
    return f'<polygon points="{points}" {style}/>'


def _text(  # noqa: PLR0913 - one attribute of the drawing each
    x: float,
    y: float,
    text: str,
    *,
    size: int = 12,
    anchor: str = "start",
    weight: str = "normal",
    colour: str = "#24292f",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
        f'font-weight="{weight}" fill="{colour}" stroke="#ffffff" stroke-width="3" '
        f'paint-order="stroke">{escape(text)}</text>'
    )
