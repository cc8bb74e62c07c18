"""The drawn skeleton: outlines of every part, in units of the drawing, seen from front and back.

An own schematic drawing. Each part carries the name of the group that a segment colours.
"""

from quant.scoring.drawings.limbs import kneecap, limbs
from quant.scoring.drawings.paths import Part, both, path_of

THORACIC_TOP, THORACIC_STEP = 112.0, 12.4
"""Top of T1 and distance of the thoracic vertebrae."""


def front() -> tuple[Part, ...]:
    """Parts of the view from the front, the farthest first."""
    return (
        *both(_scapula), *limbs(), *_back_ribs(faint=True), *_spine(), *_pelvis(),
        *_front_ribs(), *_sternum(),
        *both(_clavicle), *_skull(), *_face(), *both(kneecap),
    )  # fmt: skip


def back() -> tuple[Part, ...]:
    """Parts of the view from the back, the farthest first."""
    return (
        *both(_clavicle), *_back_ribs(faint=False), *limbs(), *_pelvis(), *_spine(),
        *_spines_of_vertebrae(), *both(_scapula), *_skull(), *_nape(),
    )  # fmt: skip


def _box(group: str, x: float, y: float, width: float, height: float) -> Part:
    """Draw a rounded box about (x, y) that is drawn in at its waist, as a vertebra is."""
    a, b, r = width / 2.0, height / 2.0, min(width, height) / 4.0
    waist = a * 0.84
    return Part(
        group,
        path_of(
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
            path_of(
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
        path_of(
            "M -22,340 Q 0,332 22,340 Q 26,346 19,356 Q 12,374 5,385 Q 0,389 -5,385 "
            "Q -12,374 -19,356 Q -26,346 -22,340 Z"
        ),
    )
    holes = [
        Part("detail", path_of(f"M {x - 1.3},{y} L {x + 1.3},{y}"), 2.2)
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
    return tuple(Part("detail", path_of(f"M 0,{y - 3} L 0,{y + 3.4}"), 2.4) for y in tops)


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
        parts += [Part("cage", path_of(path, side), 4.6, faint) for side in (1.0, -1.0)]
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
        parts += [Part("cage", path_of(path, side), 4.6) for side in (1.0, -1.0)]
    return tuple(parts)


def _sternum() -> tuple[Part, ...]:
    return (
        Part("cage", path_of("M -11,114 Q 0,119 11,114 L 9,126 L 7,134 L -7,134 L -9,126 Z")),
        Part("cage", path_of("M -6.5,135.5 L 6.5,135.5 L 8,180 Q 5,190 0,191 Q -5,190 -8,180 Z")),
        Part("cage", path_of("M -3,191 L 3,191 L 1.5,203 Q 0,206 -1.5,203 Z")),
    )


def _clavicle(side: float) -> tuple[Part, ...]:
    return (Part("cage", path_of("M 9,117 C 26,114 36,104 49,108 Q 58,112 68,112", side), 6.2),)


def _scapula(side: float) -> tuple[Part, ...]:
    return (
        Part(
            "cage",
            path_of(
                "M 37,124 Q 48,114 72,113 Q 78,114 77,120 L 71,127 Q 70,138 64,156 "
                "Q 58,178 51,185 Q 46,184 44,172 Q 39,146 37,124 Z",
                side,
            ),
        ),
        Part("detail", path_of("M 40,131 Q 56,124 73,118", side), 1.6),
    )


def _skull() -> tuple[Part, ...]:
    return (
        Part(
            "skull",
            path_of(
                "M 0,2 C 24,2 36,18 35,36 Q 34,46 30,52 Q 29,62 22,70 Q 14,77 0,78 "
                "Q -14,77 -22,70 Q -29,62 -30,52 Q -34,46 -35,36 C -36,18 -24,2 0,2 Z"
            ),
        ),
    )


def _face() -> tuple[Part, ...]:
    return (
        Part("detail", path_of("M 6,38 Q 14,33 21,38 Q 21,46 14,47 Q 7,46 6,38 Z"), 1.4),
        Part("detail", path_of("M -6,38 Q -14,33 -21,38 Q -21,46 -14,47 Q -7,46 -6,38 Z"), 1.4),
        Part("detail", path_of("M 0,45 L 4,54 L -4,54 Z"), 1.4),
        Part("detail", path_of("M -12,62 Q 0,65.5 12,62"), 1.4),
    )


def _nape() -> tuple[Part, ...]:
    return (Part("detail", path_of("M -26,50 Q -12,38 0,30 Q 12,38 26,50"), 1.4),)


def _pelvis() -> tuple[Part, ...]:
    parts = []
    for side in (1.0, -1.0):
        wing = (
            "M 19,345 Q 26,326 48,320 Q 64,318 69,329 Q 71,346 63,360 Q 60,370 63,380 "
            "Q 64,392 54,396 Q 46,412 36,421 Q 28,424 25,416 Q 18,404 3,404 Q 2,397 4,393 "
            "Q 22,389 31,383 Q 24,372 21,360 Z "
            "M 26,399 Q 36,393 44,397 Q 42,408 34,413 Q 29,410 26,399 Z"
        )
        parts.append(Part("pelvis", path_of(wing, side)))
    return tuple(parts)
