"""The drawn skeleton: outlines of every part, in units of the drawing, seen from front and back.

An own schematic drawing. The middle of the body is x = 0, y grows downwards, a side's x is positive
on the viewer's right. Each part carries the name of the group that a segment colours.
"""

import re
from dataclasses import dataclass
from math import hypot
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Point = tuple[float, float]

THORACIC_TOP, THORACIC_STEP = 112.0, 12.4
"""Top of T1 and distance of the thoracic vertebrae."""


@dataclass(frozen=True, slots=True)
class Part:
    """One outline.

    Parameters
    ----------
    group : str
        ``skull``, ``cervical``, ``thoracic``, ``lumbar``, ``sacrum``, ``cage``, ``pelvis``, or
        ``upper_arm``, ``forearm``, ``thigh``, ``lower_leg`` with ``_one`` (viewer's right) or
        ``_two``; ``detail`` for lines that are never filled.
    path : str
        SVG path data.
    width : float
        Width of a part drawn as a line (a rib); 0 for a filled outline.
    faint : bool
        Whether it lies behind others and is drawn weakly.
    """

    group: str
    path: str
    width: float = 0.0
    faint: bool = False


def front() -> tuple[Part, ...]:
    """Parts of the view from the front, the farthest first."""
    return (
        *_both(_scapula), *_limbs(), *_back_ribs(faint=True), *_spine(), *_pelvis(),
        *_front_ribs(), *_sternum(),
        *_both(_clavicle), *_skull(), *_face(), *_both(_patella),
    )  # fmt: skip


def back() -> tuple[Part, ...]:
    """Parts of the view from the back, the farthest first."""
    return (
        *_both(_clavicle), *_back_ribs(faint=False), *_limbs(), *_pelvis(), *_spine(),
        *_spines_of_vertebrae(), *_both(_scapula), *_skull(), *_nape(),
    )  # fmt: skip


def _n(value: float) -> str:
    """Write a coordinate: one decimal, no trailing zero, no minus zero."""
    text = f"{value:.1f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def _path(commands: str, side: float = 1.0) -> str:
    """Return path data with the x of every point turned to a side of the body.

    ``commands`` holds absolute M, L, C, Q and Z commands with x,y pairs.
    """
    words = []
    for word in commands.split():
        if "," in word:
            x, y = word.split(",")
            words.append(f"{_n(side * float(x))},{_n(float(y))}")
        else:
            words.append(word)
    return re.sub(r" ?([A-Z]) ?", r"\1", " ".join(words))


def _both(make: "Callable[[float], tuple[Part, ...]]") -> tuple[Part, ...]:
    """Draw a part on both sides."""
    return (*make(1.0), *make(-1.0))


def _side(side: float) -> str:
    return "one" if side > 0 else "two"


def _box(group: str, x: float, y: float, width: float, height: float) -> Part:
    """Draw a rounded box about (x, y) that is drawn in at its waist, as a vertebra is."""
    a, b, r = width / 2.0, height / 2.0, min(width, height) / 4.0
    waist = a * 0.84
    return Part(
        group,
        _path(
            f"M {x - a + r},{y - b} L {x + a - r},{y - b} Q {x + a},{y - b} {x + a},{y - b + r} "
            f"Q {x + waist},{y} {x + a},{y + b - r} Q {x + a},{y + b} {x + a - r},{y + b} "
            f"L {x - a + r},{y + b} Q {x - a},{y + b} {x - a},{y + b - r} "
            f"Q {x - waist},{y} {x - a},{y - b + r} Q {x - a},{y - b} {x - a + r},{y - b} Z"
        ),
    )


def _spine() -> tuple[Part, ...]:
    cervical = [_box("cervical", 0.0, 76.0 + 5.4 * n, 12.5 + 0.6 * n, 4.8) for n in range(7)]
    thoracic = [
        _box("thoracic", 0.0, THORACIC_TOP + THORACIC_STEP * (n + 0.5), 16.0 + 0.5 * n, 10.8)
        for n in range(12)
    ]
    lumbar = [_box("lumbar", 0.0, 269.5 + 15.4 * n, 23.0 + 0.9 * n, 13.4) for n in range(5)]
    processes = [
        Part(
            "lumbar",
            _path(
                f"M 11.5,{267.0 + 15.4 * n} Q 19,{263.0 + 15.4 * n} 21,{267.5 + 15.4 * n} "
                f"Q 18,{272.5 + 15.4 * n} 11.5,{272.0 + 15.4 * n} Z",
                side,
            ),
        )
        for n in range(5)
        for side in (1.0, -1.0)
    ]
    sacrum = Part(
        "sacrum",
        _path(
            "M -22,340 Q 0,332 22,340 Q 26,346 19,356 Q 12,374 5,385 Q 0,389 -5,385 "
            "Q -12,374 -19,356 Q -26,346 -22,340 Z"
        ),
    )
    holes = [
        Part("detail", _path(f"M {x - 1.3},{y} L {x + 1.3},{y}"), 2.2)
        for y, out in ((350.0, 9.5), (359.0, 8.0), (368.0, 6.0))
        for x in (out, -out)
    ]
    return (*processes, *cervical, *thoracic, *lumbar, sacrum, *holes)


def _spines_of_vertebrae() -> tuple[Part, ...]:
    """Draw the spinous processes, which are seen from the back."""
    tops = [
        *(THORACIC_TOP + THORACIC_STEP * (n + 0.5) for n in range(12)),
        *(269.5 + 15.4 * n for n in range(5)),
    ]
    return tuple(Part("detail", _path(f"M 0,{y - 3} L 0,{y + 3.4}"), 2.4) for y in tops)


OUT = (33.0, 46.0, 54.0, 59.5, 63.0, 65.5, 67.0, 67.5, 66.5, 63.0, 57.0, 44.0)
FALL = (8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 31.0, 34.0, 36.0, 36.0, 26.0, 16.0)
"""How far each rib reaches outwards, and how far it falls on its way there."""

END_X = (10.0, 10.0, 9.5, 9.5, 9.5, 9.5, 10.0, 17.0, 24.0, 31.0)
END_Y = (123.0, 135.0, 148.0, 160.0, 171.0, 181.0, 190.0, 201.0, 213.0, 226.0)
"""Where the front part of each rib ends: at the sternum, or at the costal arch."""


def _start(number: int) -> float:
    return THORACIC_TOP + THORACIC_STEP * (number + 0.4)


def _back_ribs(*, faint: bool) -> tuple[Part, ...]:
    """Draw twelve pairs from the spine outwards."""
    parts = []
    for n in range(12):
        y, out = _start(n), OUT[n]
        path = f"M 11,{y} C {out * 0.45},{y - 9} {out * 0.92},{y - 4} {out},{y + FALL[n] * 0.62}"
        parts += [Part("cage", _path(path, side), 4.6, faint) for side in (1.0, -1.0)]
    return tuple(parts)


def _front_ribs() -> tuple[Part, ...]:
    """Draw ten pairs from the flank to the front."""
    parts = []
    for n in range(10):
        x, y = END_X[n], END_Y[n]
        out, low = OUT[n], _start(n) + FALL[n] * 0.62
        path = (
            f"M {out},{low} C {out + 0.5},{low + 9} {out * 0.86},{max(low + 14, y + 8)} "
            f"{out * 0.62 + x * 0.3},{max(low + 12, y + 9)} "
            f"Q {x + 10},{y + 8} {x},{y}"
        )
        parts += [Part("cage", _path(path, side), 4.6) for side in (1.0, -1.0)]
    return tuple(parts)


def _sternum() -> tuple[Part, ...]:
    return (
        Part("cage", _path("M -11,114 Q 0,119 11,114 L 9,126 L 7,134 L -7,134 L -9,126 Z")),
        Part("cage", _path("M -6.5,135.5 L 6.5,135.5 L 8,180 Q 5,190 0,191 Q -5,190 -8,180 Z")),
        Part("cage", _path("M -3,191 L 3,191 L 1.5,203 Q 0,206 -1.5,203 Z")),
    )


def _clavicle(side: float) -> tuple[Part, ...]:
    return (Part("cage", _path("M 9,117 C 26,114 36,104 49,108 Q 58,112 68,112", side), 6.2),)


def _scapula(side: float) -> tuple[Part, ...]:
    return (
        Part(
            "cage",
            _path(
                "M 37,124 Q 48,114 72,113 Q 78,114 77,120 L 71,127 Q 70,138 64,156 "
                "Q 58,178 51,185 Q 46,184 44,172 Q 39,146 37,124 Z",
                side,
            ),
        ),
        Part("detail", _path("M 40,131 Q 56,124 73,118", side), 1.6),
    )


def _skull() -> tuple[Part, ...]:
    return (
        Part(
            "skull",
            _path(
                "M 0,2 C 24,2 36,18 35,36 Q 34,46 30,52 Q 29,62 22,70 Q 14,77 0,78 "
                "Q -14,77 -22,70 Q -29,62 -30,52 Q -34,46 -35,36 C -36,18 -24,2 0,2 Z"
            ),
        ),
    )


def _face() -> tuple[Part, ...]:
    return (
        Part("detail", _path("M 6,38 Q 14,33 21,38 Q 21,46 14,47 Q 7,46 6,38 Z"), 1.4),
        Part("detail", _path("M -6,38 Q -14,33 -21,38 Q -21,46 -14,47 Q -7,46 -6,38 Z"), 1.4),
        Part("detail", _path("M 0,45 L 4,54 L -4,54 Z"), 1.4),
        Part("detail", _path("M -12,62 Q 0,65.5 12,62"), 1.4),
    )


def _nape() -> tuple[Part, ...]:
    return (Part("detail", _path("M -26,50 Q -12,38 0,30 Q 12,38 26,50"), 1.4),)


def _pelvis() -> tuple[Part, ...]:
    parts = []
    for side in (1.0, -1.0):
        wing = (
            "M 19,345 Q 26,326 48,320 Q 64,318 69,329 Q 71,346 63,360 Q 60,370 63,380 "
            "Q 64,392 54,396 Q 46,412 36,421 Q 28,424 25,416 Q 18,404 3,404 Q 2,397 4,393 "
            "Q 22,389 31,383 Q 24,372 21,360 Z "
            "M 26,399 Q 36,393 44,397 Q 42,408 34,413 Q 29,410 26,399 Z"
        )
        parts.append(Part("pelvis", _path(wing, side)))
    return tuple(parts)


def _limbs() -> tuple[Part, ...]:
    parts: list[Part] = []
    for side in (1.0, -1.0):
        name = _side(side)
        arm, forearm = f"upper_arm_{name}", f"forearm_{name}"
        thigh, leg = f"thigh_{name}", f"lower_leg_{name}"
        parts += [
            _bone(forearm, (99, 254), (110, 348), 5.6, side),
            _bone(forearm, (91, 254), (100, 349), 5.0, side),
            *_hand(forearm, side),
            _bone(arm, (80, 122), (94, 248), 10.0, side),
            _bone(leg, (58, 536), (55.5, 648), 5.0, side),
            _bone(leg, (45, 536), (43, 652), 10.5, side),
            *_foot(leg, side),
            _femur(thigh, side),
        ]
    return tuple(parts)


def _bone(group: str, top: Point, bottom: Point, width: float, side: float) -> Part:
    """Draw a long bone: a shaft with thicker ends."""
    (x1, y1), (x2, y2) = top, bottom
    length = hypot(x2 - x1, y2 - y1)
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    shaft, end, knob = width * 0.36, width * 0.78, width * 0.9

    def at(along: float, across: float) -> str:
        return f"{x1 + ux * along - uy * across:.2f},{y1 + uy * along + ux * across:.2f}"

    path = (
        f"M {at(0, -end * 0.7)} Q {at(-knob * 0.7, 0)} {at(0, end * 0.7)} "
        f"Q {at(knob * 0.5, end * 1.2)} {at(knob * 1.6, shaft)} "
        f"L {at(length - knob * 1.6, shaft)} Q {at(length - knob * 0.5, end * 1.2)} "
        f"{at(length, end * 0.7)} Q {at(length + knob * 0.7, 0)} {at(length, -end * 0.7)} "
        f"Q {at(length - knob * 0.5, -end * 1.2)} {at(length - knob * 1.6, -shaft)} "
        f"L {at(knob * 1.6, -shaft)} Q {at(knob * 0.5, -end * 1.2)} {at(0, -end * 0.7)} Z"
    )
    return Part(group, _path(path, side))


def _femur(group: str, side: float) -> Part:
    return Part(
        group,
        _path(
            "M 55,372 Q 49,376 50,383 Q 52,390 60,390 L 66,400 Q 62,420 57,460 L 51,508 "
            "Q 48,516 37,523 Q 35,532 43,533 Q 48,530 51,530 Q 57,534 62,531 Q 66,524 60,512 "
            "L 64,470 Q 69,430 76,404 Q 82,392 77,384 Q 70,380 66,383 Q 65,373 55,372 Z",
            side,
        ),
    )


def _patella(side: float) -> tuple[Part, ...]:
    group = f"lower_leg_{_side(side)}"
    path = "M 50,512 Q 58,513 57,521 Q 54,528 50,528 Q 45,527 43,521 Q 43,513 50,512 Z"
    return (Part(group, _path(path, side)),)


def _hand(group: str, side: float) -> tuple[Part, ...]:
    wrist = Part(
        group,
        _path(
            "M 98,357 Q 105,353 113,356 Q 117,361 115,367 Q 107,371 99,369 Q 95,363 98,357 Z", side
        ),
    )
    fingers = [
        Part(group, _path(f"M {x},371 L {tip_x},{tip_y}", side), 3.4)
        for x, tip_x, tip_y in (
            (100, 97, 402), (104.5, 103.5, 410), (109, 110, 411), (113, 116, 404),
        )
    ]  # fmt: skip
    thumb = Part(group, _path("M 97,365 Q 91,371 90,382", side), 3.4)
    return (thumb, *fingers, wrist)


def _foot(group: str, side: float) -> tuple[Part, ...]:
    heel = Part(
        group,
        _path("M 37,660 Q 47,655 57,660 Q 62,668 59,676 Q 50,681 39,677 Q 34,669 37,660 Z", side),
    )
    toes = [
        Part(group, _path(f"M {x},678 L {tip_x},{tip_y}", side), 3.6)
        for x, tip_x, tip_y in (
            (41, 38, 702), (45.5, 44.5, 704), (50, 51, 703), (54, 57, 700), (58, 63, 695),
        )
    ]  # fmt: skip
    return (*toes, heel)
