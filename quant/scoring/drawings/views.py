"""Both views of the skeleton: every bone defined once in a document, and coloured where it is used.

A document may show several readings; each would otherwise repeat some 260 outlines.
"""

from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import groupby

from quant.scoring.drawings.outlines import back, front
from quant.scoring.drawings.paths import Part
from quant.scoring.readings.segments import System

INK, FAINT, LINE = "#1d2733", "#5d6b7a", "#c9d1d9"

EDGE = 0.9
"""Width of the edge of a bone."""

UNSEEN = "url(#unseen)"
"""Hatching of what was not assessable; the document defines it."""

TOP, FOOT = 84.0, 816.0
"""Where a view begins, and where its name stands."""

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


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive parts of one group and one kind, defined together.

    Parameters
    ----------
    name : str
        Identifier in the document.
    group : str
        As of :class:`~quant.scoring.drawings.paths.Part`.
    parts : tuple of Part
    """

    name: str
    group: str
    parts: tuple[Part, ...]


@cache
def runs() -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """Return the runs of the front and of the back view; what both show bears one name."""
    names: dict[tuple[Part, ...], str] = {}

    def named(parts: tuple[Part, ...]) -> Run:
        return Run(names.setdefault(parts, f"b{len(names)}"), parts[0].group, parts)

    def split(parts: tuple[Part, ...]) -> tuple[Run, ...]:
        kinds = groupby(parts, key=lambda part: (part.group, bool(part.width), part.faint))
        return tuple(named(tuple(alike)) for _, alike in kinds)

    return split(front()), split(back())


def definitions() -> list[str]:
    """Define every run of both views once, without the colours that segments give."""
    views = runs()
    return [_definition(run) for run in dict.fromkeys((*views[0], *views[1]))]


def _definition(run: Run) -> str:
    if run.group == "detail":
        common = f'fill="none" stroke="{INK}" stroke-opacity="0.55" stroke-linecap="round"'
        drawn = [f'<path d="{one.path}" stroke-width="{one.width:g}"/>' for one in run.parts]
    elif run.parts[0].width:
        common = 'fill="none" stroke-linecap="round"'
        drawn = [line for one in run.parts for line in _edged(one)]
    else:
        common = f'fill-rule="evenodd" stroke="{INK}" stroke-width="{EDGE:g}"'
        drawn = [f'<path d="{one.path}"/>' for one in run.parts]
    return f'<g id="{run.name}" {common}>{"".join(drawn)}</g>'


def _edged(part: Part) -> tuple[str, str]:
    """Draw a bone that is a line: its edge in ink, then its inside in the colour of its use."""
    common = f'd="{part.path}"' + (' opacity="0.35"' if part.faint else "")
    return (
        f'<path {common} stroke="{INK}" stroke-width="{part.width:g}"/>',
        f'<path {common} stroke-width="{part.width - 2.0 * EDGE:g}"/>',
    )


def view_lines(system: System, looks: dict[str, Look], x: float, *, from_back: bool) -> list[str]:
    """Draw one view about x with its numbers, and the marks of the sides."""
    sides = {"one": "right" if from_back else "left", "two": "left" if from_back else "right"}
    owner = _groups(system)
    lines = [f'<g transform="translate({x:g} {TOP:g})" stroke-linejoin="round">']
    for run in runs()[from_back]:
        key = owner.get(_sided(run.group, sides))
        lines.append(f'<use href="#{run.name}"{_colour(run, looks[key].fill) if key else ""}/>')
    lines += _numbers(system, looks, sides)
    lines.append("</g>")
    left, right = ("L", "R") if from_back else ("R", "L")
    name = "Posterior" if from_back else "Anterior"
    lines += [
        text_line(x - 118, TOP + 60, left, size=20, weight=700, anchor="middle"),
        text_line(x + 118, TOP + 60, right, size=20, weight=700, anchor="middle"),
        text_line(x, FOOT, name, size=14, weight=700, anchor="middle", fill=FAINT),
    ]
    return lines


def _colour(run: Run, fill: str) -> str:
    """Return the attribute that colours a run: the line of a rib, the inside of an outline."""
    return f' {"stroke" if run.parts[0].width else "fill"}="{fill}"'


def _groups(system: System) -> dict[str, str]:
    """Return the segment of every drawn group."""
    table = _SIOPEN_GROUPS if system is System.SIOPEN else _CURIE_GROUPS
    return {group: key for key, groups in table.items() for group in groups}


def _sided(group: str, sides: dict[str, str]) -> str:
    stem, _, side = group.rpartition("_")
    return f"{stem}_{sides[side]}" if side in sides else group


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
                lines += badge(looks[owner[group]], sign * x, y)
    return lines


def badge(look: Look, x: float, y: float) -> list[str]:
    """Draw a number in its round field."""
    half = 10.5 + 3.6 * max(len(look.text) - 1, 0)
    fill = "#ffffff" if look.fill == UNSEEN else look.fill
    dash = ' stroke-dasharray="3 2"' if look.border else ""
    return [
        (
            f'<rect x="{x - half:g}" y="{y - 10.5:g}" width="{2 * half:g}" height="21" rx="10.5" '
            f'fill="{fill}" stroke="{INK}" stroke-width="1.5"{dash}/>'
        ),
        text_line(x, y + 4.6, look.text, size=13, weight=700, anchor="middle", fill=look.ink),
    ]


def text_line(  # noqa: PLR0913 - the attributes of a piece of text
    x: float,
    y: float,
    text: str,
    *,
    size: int,
    weight: int = 400,
    anchor: str = "start",
    fill: str = INK,
) -> str:
    """Write one line of text, escaped; what is the default of SVG is left out."""
    about = (f' font-weight="{weight}"' if weight != 400 else "") + (
        f' text-anchor="{anchor}"' if anchor != "start" else ""
    )
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}"{about} fill="{fill}">{escape(text)}</text>'
    )
