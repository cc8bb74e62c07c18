"""A page to draw on: text in the sheet's type, panels of pixels, and smooth line drawings."""

import importlib.util
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom; right and bottom are the first pixels beyond."""

PAPER: Colour = (255, 255, 255)
INK: Colour = (24, 32, 42)
SOFT: Colour = (92, 104, 118)
RULE: Colour = (214, 219, 226)
TINT: Colour = (245, 247, 249)

FINER = 3
"""Line drawings are made so many times larger and then averaged."""


FOREIGN = re.compile(r"[^\u0000-\u058f\u1e00-\u22ff\u2500-\u25ff]+")
"""What the sheet's type cannot write, or not in the right order and form."""


def in_type(words: str) -> str:
    """Return text with all that the sheet's type cannot write as Unicode numbers.

    Chinese, for example, would be a row of boxes, and Arabic would stand in the wrong order:
    ``[U+80BF 7624]`` is at least the same text. Done twice it is as done once.
    """
    if words.isascii():
        return words
    return FOREIGN.sub(
        lambda found: "[U+" + " ".join(f"{ord(one):04X}" for one in found[0]) + "]",
        unicodedata.normalize("NFC", words),
    )


@cache
def type_face(size: int, weight: str = "") -> "FreeTypeFont | ImageFont":
    """Return DejaVu Sans, as matplotlib brings it along; else the type that Pillow has built in.

    Parameters
    ----------
    size : int
        Pixels.
    weight : str
        Empty or ``Bold``.
    """
    from PIL import ImageFont

    found = importlib.util.find_spec("matplotlib")  # does not import it
    for place in (found.submodule_search_locations or []) if found else []:
        path = Path(place) / "mpl-data/fonts/ttf" / f"DejaVuSans{'-' * bool(weight)}{weight}.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
    return ImageFont.load_default(size)


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks: size in pixels, colour, bold or not, and the rim around it in a picture."""

    size: int = 17
    colour: Colour = INK
    weight: str = ""
    rim: Colour | None = None


BODY, SMALL = Style(17), Style(14, SOFT)
STRONG = Style(17, weight="Bold")
LABEL, FINE = Style(15, INK, "Bold"), Style(13, SOFT)


@dataclass(slots=True, eq=False)
class Canvas:
    """The page.

    Parameters
    ----------
    image : PIL.Image.Image
        RGB.
    """

    image: "Image"
    _pen: "ImageDraw" = field(init=False)

    def __post_init__(self) -> None:
        """Make the pen that writes on it."""
        from PIL import ImageDraw

        self._pen = ImageDraw.Draw(self.image)

    @classmethod
    def blank(cls, width: int, height: int) -> "Canvas":
        """Return an empty page."""
        from PIL import Image

        return cls(Image.new("RGB", (width, height), PAPER))

    def text(self, at: tuple[float, float], words: str, style: Style = BODY, anchor: str = "ls"
             ) -> None:  # fmt: skip
        """Write one line; ``anchor`` as Pillow has it: l, m or r, and s (baseline), m, t or b."""
        font = type_face(style.size, style.weight)
        rim = style.rim
        self._pen.text(
            at, in_type(words), fill=style.colour, font=font, anchor=anchor,
            stroke_width=2 if rim is not None else 0, stroke_fill=rim,
        )  # fmt: skip

    def width(self, words: str, style: Style = BODY) -> float:
        """Return how wide a line of text is, pixels."""
        return float(type_face(style.size, style.weight).getlength(in_type(words)))

    def fitted(self, words: str, width: float, style: Style = BODY) -> str:
        """Return the text, shortened with an ellipsis where it is wider than ``width``."""
        if self.width(words, style) <= width:
            return words
        low, high = 0, len(words)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self.width(f"{words[:middle].rstrip()}…", style) <= width
            low, high = (middle, high) if fits else (low, middle - 1)
        return f"{words[:low].rstrip()}…" if low else ""

    def wrapped(self, words: str, width: float, lines: int, style: Style = BODY) -> list[str]:
        """Break text into at most so many lines; the last one is shortened if need be."""
        found: list[str] = []
        rest = words.split()
        while rest and len(found) < lines - 1:
            count = 1
            while count < len(rest) and self.width(" ".join(rest[: count + 1]), style) <= width:
                count += 1
            found.append(self.fitted(" ".join(rest[:count]), width, style))
            rest = rest[count:]
        return [*found, self.fitted(" ".join(rest), width, style)] if rest else found

    def rectangle(self, box: Box, fill: Colour | None = None, line: Colour | None = None) -> None:
        """Fill a box, or draw its border of one pixel."""
        left, top, right, bottom = box
        self._pen.rectangle((left, top, right - 1, bottom - 1), fill=fill, outline=line)

    def rule(self, left: int, right: int, y: int, colour: Colour = RULE) -> None:
        """Draw a horizontal line of one pixel."""
        self._pen.line((left, y, right - 1, y), fill=colour)

    def pixels(self, corner: tuple[int, int], pixels: NDArray[np.float32]) -> None:
        """Paste (R, C, 3) pixels, 0 to 255."""
        from PIL import Image

        self.image.paste(Image.fromarray(np.rint(pixels).clip(0, 255).astype(np.uint8)), corner)

    def drawing(self, box: Box, draw: "Callable[[ImageDraw], None]", paper: Colour = PAPER) -> None:
        """Let ``draw`` draw a part of the page, ``FINER`` times larger, and put it there smooth."""
        from PIL import Image, ImageDraw

        size = ((box[2] - box[0]) * FINER, (box[3] - box[1]) * FINER)
        part = Image.new("RGB", size, paper)
        draw(ImageDraw.Draw(part))
        self.image.paste(part.reduce(FINER), (box[0], box[1]))

    def webp(self, quality: int = 88) -> bytes:
        """Return the page as WebP."""
        import io

        stream = io.BytesIO()
        self.image.save(stream, "WEBP", quality=quality, method=2)
        return stream.getvalue()
