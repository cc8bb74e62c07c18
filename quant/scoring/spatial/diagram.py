"""The scored skeleton: one SVG with both views, every segment coloured and numbered.

Seen from the front, the patient's left is on the viewer's right; seen from the back, on the
viewer's left; both are marked. Colours run from light to dark, so that their order survives any
kind of colour vision and a grey printer; each segment carries its number as well, and what was not
assessable is hatched. The same scores give the same bytes.
"""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from quant.domain.text import plain
from quant.scoring.segments import LEVELS, SEGMENTS, Segment, System
from quant.scoring.spatial.figure import Part, back, front
from quant.scoring.totals import total_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quant.scoring.totals import Reading, SegmentScore

WIDTH, HEIGHT = 1180, 830

INK, FAINT, LINE = "#1d2733", "#5d6b7a", "#c9d1d9"

RAMP = ("#ffffff", "#fdebc8", "#f9cb86", "#f09d51", "#d8613c", "#a5304b", "#561a4b")
"""Colours of 0 to 6; three-level scores use every second one."""

DARK_FROM = 4
"""From this place of the ramp on, numbers are white."""

FRONT_X, BACK_X, TOP, TABLE_X, TABLE_END = 190.0, 480.0, 84.0, 690, 1140

NAMES = {
    System.CURIE: "Modified Curie score",
    System.SIOPEN: "SIOPEN score",
    System.CURIE_INTENSITY: "Curie intensity (original)",
}

_CURIE_GROUPS = {
    "head": ("skull",),
    "cervical_thoracic_spine": ("cervical", "thoracic"),
    "chest": ("cage",),
    "lumbar_spine_sacrum": ("lumbar", "sacrum"),
    "pelvis": ("pelvis",),
    "upper_arms": ("upper_arm_left", "upper_arm_right"),
    "forearms_hands": ("forearm_left", "forearm_right"),
    "thighs": ("thigh_left", "thigh_right"),
    "lower_legs_feet": ("lower_leg_left", "lower_leg_right"),
}
_SIOPEN_GROUPS = {
    "skull": ("skull",),
    "thoracic_cage": ("cage",),
    "spine": ("cervical", "thoracic", "lumbar", "sacrum"),
    "pelvis": ("pelvis",),
    **{
        f"{side}_{limb}_limb_{part}": (f"{group}_{side}",)
        for side in ("left", "right")
        for limb, part, group in (
            ("upper", "proximal", "upper_arm"), ("upper", "distal", "forearm"),
            ("lower", "proximal", "thigh"), ("lower", "distal", "lower_leg"),
        )
    },
}  # fmt: skip

_PLACES: dict[str, tuple[float, float]] = {
    "skull": (0, 22), "thoracic": (0, 232), "cervical": (0, 92), "lumbar": (0, 300),
    "cage": (46, 172), "pelvis": (44, 346), "upper_arm": (87, 186), "forearm": (100, 302),
    "thigh": (63, 446), "lower_leg": (46, 594),
}  # fmt: skip
"""Where a group's number stands, on the viewer's right."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a segment is drawn: its fill, its number and the colour of the number."""

    fill: str
    text: str
    ink: str
    border: bool


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
            "</pattern></defs>"
        ),
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
        _text(40, 44, plain(title), size=22, weight=700),
        _text(40, 68, plain(subtitle), size=13, fill=FAINT),
        *_view(system, looks, FRONT_X, from_back=False),
        *_view(system, looks, BACK_X, from_back=True),
        f'<line x1="660" y1="30" x2="660" y2="{HEIGHT - 40}" stroke="{LINE}"/>',
        _text(TABLE_X, 44, NAMES[system], size=16, weight=700),
        _text(TABLE_X, 82, said, size=size, weight=700),
        _text(after, 82, reach, size=13, fill=FAINT),
        *_table(rows, given, looks),
        *_legend(system),
    ]


def _look(segment: Segment, score: "SegmentScore") -> Look:
    if score.score is None:
        return Look("url(#unseen)", "n/a", INK, border=False)
    place = score.score if segment.maximum > 3 else 2 * score.score
    if segment.maximum == 1:
        place = 3 * score.score
    text = str(score.score)
    if score.alternative is not None:
        text = f"{min(score.admissible)}\u2013{max(score.admissible)}"
    ink = "#ffffff" if place >= DARK_FROM else INK
    return Look(RAMP[place], text, ink, border=score.alternative is not None)


def _groups(system: System) -> dict[str, str]:
    """Return the segment of every drawn group."""
    table = _SIOPEN_GROUPS if system is System.SIOPEN else _CURIE_GROUPS
    return {group: key for key, groups in table.items() for group in groups}


def _view(system: System, looks: dict[str, Look], x: float, *, from_back: bool) -> list[str]:
    """Draw one view with its numbers, and the marks of the sides."""
    sides = {"one": "right" if from_back else "left", "two": "left" if from_back else "right"}
    owner = _groups(system)
    lines = [f'<g transform="translate({x:g} {TOP:g})" stroke-linejoin="round">']
    for part in back() if from_back else front():
        group = _sided(part.group, sides)
        lines += _draw(part, looks[owner[group]].fill if group in owner else "")
    lines += _numbers(system, looks, sides)
    lines.append("</g>")
    left, right = ("L", "R") if from_back else ("R", "L")
    lines += [
        _text(x - 118, TOP + 60, left, size=20, weight=700, anchor="middle"),
        _text(x + 118, TOP + 60, right, size=20, weight=700, anchor="middle"),
        _text(
            x, HEIGHT - 14, "Posterior" if from_back else "Anterior",
            size=14, weight=700, anchor="middle", fill=FAINT,
        ),
    ]  # fmt: skip
    return lines


def _sided(group: str, sides: dict[str, str]) -> str:
    stem, _, side = group.rpartition("_")
    return f"{stem}_{sides[side]}" if side in sides else group


def _draw(part: Part, fill: str) -> list[str]:
    """Draw one part: an outline that is filled, or a line with an edge."""
    if not fill:
        return [
            (
                f'<path d="{part.path}" fill="none" stroke="{INK}" stroke-opacity="0.55" '
                f'stroke-width="{part.width:g}" stroke-linecap="round"/>'
            )
        ]
    if part.width:
        common = f'd="{part.path}" fill="none" stroke-linecap="round"'
        common += ' opacity="0.35"' if part.faint else ""
        return [
            f'<path {common} stroke="{INK}" stroke-width="{part.width:g}"/>',
            f'<path {common} stroke="{fill}" stroke-width="{part.width - 1.8:g}"/>',
        ]
    return [
        (
            f'<path d="{part.path}" fill="{fill}" fill-rule="evenodd" stroke="{INK}" '
            'stroke-width="0.9"/>'
        )
    ]


def _numbers(system: System, looks: dict[str, Look], sides: dict[str, str]) -> list[str]:
    """Write each segment's number where it is seen: once a segment, for limbs on both sides."""
    lines = []
    owner = _groups(system)
    for stem, (x, y) in _PLACES.items():
        if stem == "cervical" or (stem == "lumbar" and system is System.SIOPEN):
            continue
        limb = f"{stem}_left" in owner
        for side, sign in (("one", 1.0), ("two", -1.0)):
            group = f"{stem}_{sides[side]}" if limb else stem
            if limb or side == "one":
                lines += _badge(looks[owner[group]], sign * x, y)
    return lines


def _badge(look: Look, x: float, y: float) -> list[str]:
    half = 10.5 + 3.6 * max(len(look.text) - 1, 0)
    unseen = look.fill.startswith("url")
    fill = "#ffffff" if unseen else look.fill
    dash = ' stroke-dasharray="3 2"' if look.border else ""
    return [
        (
            f'<rect x="{x - half:g}" y="{y - 10.5:g}" width="{2 * half:g}" height="21" rx="10.5" '
            f'fill="{fill}" stroke="{INK}" stroke-width="1.5"{dash}/>'
        ),
        _text(x, y + 4.6, look.text, size=13, weight=700, anchor="middle", fill=look.ink),
    ]


def _table(
    rows: list[Segment], given: "dict[str, SegmentScore]", looks: dict[str, Look]
) -> list[str]:
    """List every segment with its number, what was in the field, and what is noteworthy."""
    lines = [
        _text(TABLE_X, 122, "Segment", size=11, weight=700, fill=FAINT),
        _text(1000, 122, "Score", size=11, weight=700, fill=FAINT, anchor="middle"),
        _text(TABLE_END, 122, "In the field", size=11, weight=700, fill=FAINT, anchor="end"),
        f'<line x1="{TABLE_X}" y1="130" x2="{TABLE_END}" y2="130" stroke="{LINE}"/>',
    ]
    for n, segment in enumerate(rows):
        y, score = 152 + 29 * n, given[segment.key]
        lines.append(_text(TABLE_X, y, segment.label, size=13))
        lines += _badge(looks[segment.key], 1000, y - 4.6)
        seen = "\u2013" if score.in_field is None else f"{100 * score.in_field:.0f} %"
        lines.append(_text(TABLE_END, y, seen, size=13, anchor="end", fill=FAINT))
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
    entries.append(("url(#unseen)", "", "n/a: not assessable; never counted as 0"))
    entries.append(("#ffffff", ' stroke-dasharray="3 2"', "dashed: border case, both scores given"))
    for n, (fill, dash, text) in enumerate(entries):
        at = y + 22 * n
        lines.append(
            f'<rect x="{TABLE_X}" y="{at - 12}" width="24" height="15" rx="3" fill="{fill}" '
            f'stroke="{INK}"{dash}/>'
        )
        lines.append(_text(724, at, text, size=12))
    return lines


def _short(meaning: str) -> str:
    """Cut what a level means down to one line."""
    return meaning.partition(" (")[0]


def _text(  # noqa: PLR0913 - the attributes of a piece of text
    x: float,
    y: float,
    text: str,
    *,
    size: int,
    weight: int = 400,
    anchor: str = "start",
    fill: str = INK,
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
    )
