"""Parts of the drawn skeleton, and path data that turns to either side of the body.

The middle of the body is x = 0, y grows downwards, a side's x is positive on the viewer's right.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Point = tuple[float, float]


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


def _n(value: float) -> str:
    """Write a coordinate: one decimal, no trailing zero, no minus zero."""
    text = f"{value:.1f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def path_of(commands: str, side: float = 1.0) -> str:
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


def both(make: "Callable[[float], tuple[Part, ...]]") -> tuple[Part, ...]:
    """Draw a part on both sides."""
    return (*make(1.0), *make(-1.0))


def side_name(side: float) -> str:
    """Return the ending of a group of one side: ``one`` is the viewer's right."""
    return "one" if side > 0 else "two"
