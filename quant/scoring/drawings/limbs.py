"""The limbs of the drawn skeleton: long bones, kneecaps, hands and feet."""

from math import hypot

from quant.scoring.drawings.paths import Part, Point, path_of, side_name


def limbs() -> tuple[Part, ...]:
    """Draw arms and legs of both sides, without the kneecaps."""
    parts: list[Part] = []
    for side in (1.0, -1.0):
        name = side_name(side)
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
    return Part(group, path_of(path, side))


def _femur(group: str, side: float) -> Part:
    return Part(
        group,
        path_of(
            "M 55,372 Q 49,376 50,383 Q 52,390 60,390 L 66,400 Q 62,420 57,460 L 51,508 "
            "Q 48,516 37,523 Q 35,532 43,533 Q 48,530 51,530 Q 57,534 62,531 Q 66,524 60,512 "
            "L 64,470 Q 69,430 76,404 Q 82,392 77,384 Q 70,380 66,383 Q 65,373 55,372 Z",
            side,
        ),
    )


def kneecap(side: float) -> tuple[Part, ...]:
    """Draw the kneecap of one side, which lies before the thigh."""
    group = f"lower_leg_{side_name(side)}"
    path = "M 50,512 Q 58,513 57,521 Q 54,528 50,528 Q 45,527 43,521 Q 43,513 50,512 Z"
    return (Part(group, path_of(path, side)),)


def _hand(group: str, side: float) -> tuple[Part, ...]:
    wrist = Part(
        group,
        path_of(
            "M 98,357 Q 105,353 113,356 Q 117,361 115,367 Q 107,371 99,369 Q 95,363 98,357 Z", side
        ),
    )
    fingers = [
        Part(group, path_of(f"M {x},371 L {tip_x},{tip_y}", side), 3.4)
        for x, tip_x, tip_y in (
            (100, 97, 402), (104.5, 103.5, 410), (109, 110, 411), (113, 116, 404),
        )
    ]  # fmt: skip
    thumb = Part(group, path_of("M 97,365 Q 91,371 90,382", side), 3.4)
    return (thumb, *fingers, wrist)


def _foot(group: str, side: float) -> tuple[Part, ...]:
    heel = Part(
        group,
        path_of("M 37,660 Q 47,655 57,660 Q 62,668 59,676 Q 50,681 39,677 Q 34,669 37,660 Z", side),
    )
    toes = [
        Part(group, path_of(f"M {x},678 L {tip_x},{tip_y}", side), 3.6)
        for x, tip_x, tip_y in (
            (41, 38, 702), (45.5, 44.5, 704), (50, 51, 703), (54, 57, 700), (58, 63, 695),
        )
    ]  # fmt: skip
    return (*toes, heel)
