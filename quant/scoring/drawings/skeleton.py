"""The scored skeleton: one SVG with both views, every segment coloured and numbered.

Seen from the front, the patient's left is on the viewer's right; seen from the back, on the
viewer's left; both are marked. Colours run from light to dark, so that their order survives any
kind of colour vision and a grey printer; each segment carries its number as well, and what was not
assessable is hatched. The same scores give the same bytes.
"""

from html import escape
from typing import TYPE_CHECKING

from quant.domain.text import plain
from quant.scoring.drawings.views import (
    FAINT,
    INK,
    LINE,
    UNSEEN,
    Look,
    badge,
    definitions,
    text_line,
    view_lines,
)
from quant.scoring.readings.segments import LEVELS, SEGMENTS, Segment, System
from quant.scoring.readings.totals import total_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quant.scoring.readings.totals import Reading, SegmentScore

WIDTH, HEIGHT = 1180, 830

RAMP = ("#ffffff", "#fdebc8", "#f9cb86", "#f09d51", "#d8613c", "#a5304b", "#561a4b")
"""Colours of 0 to 6; three-level scores use every second one."""

DARK_FROM = 4
"""From this place of the ramp on, numbers are white."""

FRONT_X, BACK_X, TABLE_X, TABLE_END = 190.0, 480.0, 690, 1140

NAMES = {
    System.CURIE: "Modified Curie score",
    System.SIOPEN: "SIOPEN score",
    System.CURIE_INTENSITY: "Curie intensity (original)",
}


def skeleton_svg(
    system: System, segments: "Iterable[SegmentScore]", title: str, subtitle: str = ""
) -> str:
    """Draw one scored skeleton.

    Parameters
    ----------
    system : System
        Curie, its intensity, or SIOPEN.
    segments : iterable of SegmentScore
        Every segment of the total once; items apart are shown where given.
    title : str
        Pseudonym and time point; never a name.
    subtitle : str
        Modality, nuclide and so on.

    Returns
    -------
    str
        A whole SVG document. Everything that comes from outside is escaped.
    """
    return _document([_panel(system, list(segments), title, subtitle)], title)


def skeletons_svg(readings: "Iterable[Reading]") -> str:
    """Draw the readings of one patient at one time, one below the other.

    Parameters
    ----------
    readings : iterable of Reading
        At least one; drawn in the order given.

    Returns
    -------
    str
        A whole SVG document.
    """
    drawn = list(readings)
    panels = []
    for one in drawn:
        key = one.key
        words = (key.modality.value, key.nuclide, key.phase.value, f"reader {key.reader}")
        about = ", ".join(word for word in words if word)
        panels.append(_panel(one.system, list(one.segments), _title(one), about))
    return _document(panels, _title(drawn[0]))


def _title(reading: "Reading") -> str:
    return f"{reading.key.patient}, {reading.key.time}"


def _document(panels: list[list[str]], title: str) -> str:
    """Put panels one below the other into one document."""
    height = HEIGHT * len(panels)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" '
            'font-family="Helvetica, Arial, sans-serif">'
        ),
        f"<title>{escape(plain(title))}</title>",
        (
            '<defs><pattern id="unseen" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><rect width="6" height="6" fill="#ffffff"/>'
            '<line x1="0" y1="0" x2="0" y2="6" stroke="#8c98a5" stroke-width="2.4"/>'
            "</pattern>"
        ),
        *definitions(),
        "</defs>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for n, panel in enumerate(panels):
        lines += [f'<g transform="translate(0 {HEIGHT * n})">', *panel, "</g>"]
    return "\n".join([*lines, "</svg>", ""])


def _panel(system: System, segments: "list[SegmentScore]", title: str, subtitle: str) -> list[str]:
    """Draw one reading: two views, the table of segments and the legend."""
    given = {one.segment: one for one in segments}
    total = total_of(system, segments)
    rows = [segment for segment in SEGMENTS[system] if segment.key in given]
    looks = {segment.key: _look(segment, given[segment.key]) for segment in rows}
    said = "not assessable" if total.total is None else str(total.total)
    span = f" ({total.low} to {total.high} with border cases)" if total.low != total.high else ""
    reach = f"of {total.reachable} reachable; maximum {total.maximum}{span}"
    size = 34 if total.total is not None else 20
    after = TABLE_X + (21 if size == 34 else 11) * len(said) + 8
    return [
        text_line(40, 44, plain(title), size=22, weight=700),
        text_line(40, 68, plain(subtitle), size=13, fill=FAINT),
        *view_lines(system, looks, FRONT_X, from_back=False),
        *view_lines(system, looks, BACK_X, from_back=True),
        f'<line x1="660" y1="30" x2="660" y2="{HEIGHT - 40}" stroke="{LINE}"/>',
        text_line(TABLE_X, 44, NAMES[system], size=16, weight=700),
        text_line(TABLE_X, 82, said, size=size, weight=700),
        text_line(after, 82, reach, size=13, fill=FAINT),
        *_table(rows, given, looks),
        *_legend(system),
    ]


def _look(segment: Segment, score: "SegmentScore") -> Look:
    if score.score is None:
        return Look(UNSEEN, "n/a", INK, border=False)
    place = score.score if segment.maximum > 3 else 2 * score.score
    if segment.maximum == 1:
        place = 3 * score.score
    text = str(score.score)
    if score.alternative is not None:
        text = f"{min(score.admissible)}\u2013{max(score.admissible)}"
    ink = "#ffffff" if place >= DARK_FROM else INK
    return Look(RAMP[place], text, ink, border=score.alternative is not None)


def _table(
    rows: list[Segment], given: "dict[str, SegmentScore]", looks: dict[str, Look]
) -> list[str]:
    """List every segment with its number, what was in the field, and what is noteworthy."""
    lines = [
        text_line(TABLE_X, 122, "Segment", size=11, weight=700, fill=FAINT),
        text_line(1000, 122, "Score", size=11, weight=700, fill=FAINT, anchor="middle"),
        text_line(TABLE_END, 122, "In the field", size=11, weight=700, fill=FAINT, anchor="end"),
        f'<line x1="{TABLE_X}" y1="130" x2="{TABLE_END}" y2="130" stroke="{LINE}"/>',
    ]
    for n, segment in enumerate(rows):
        y, score = 152 + 29 * n, given[segment.key]
        lines.append(text_line(TABLE_X, y, segment.label, size=13))
        lines += badge(looks[segment.key], 1000, y - 4.6)
        seen = "\u2013" if score.in_field is None else f"{100 * score.in_field:.0f} %"
        lines.append(text_line(TABLE_END, y, seen, size=13, anchor="end", fill=FAINT))
    return lines


def _legend(system: System) -> list[str]:
    """Explain the colours, the hatching and the dashed edge."""
    meanings = LEVELS[system]
    lines, y = [], 572
    lines.append(
        f'<line x1="{TABLE_X}" y1="{y - 26}" x2="{TABLE_END}" y2="{y - 26}" stroke="{LINE}"/>'
    )
    entries = [
        (RAMP[n if len(meanings) > 4 else 2 * n], "", f"{n}: {_short(text)}")
        for n, text in enumerate(meanings)
    ]
    entries.append((UNSEEN, "", "n/a: not assessable; never counted as 0"))
    entries.append(("#ffffff", ' stroke-dasharray="3 2"', "dashed: border case, both scores given"))
    for n, (fill, dash, text) in enumerate(entries):
        at = y + 22 * n
        lines.append(
            f'<rect x="{TABLE_X}" y="{at - 12}" width="24" height="15" rx="3" fill="{fill}" '
            f'stroke="{INK}"{dash}/>'
        )
        lines.append(text_line(724, at, text, size=12))
    return lines


def _short(meaning: str) -> str:
    """Cut what a level means down to one line."""
    return meaning.partition(" (")[0]
