"""Figures as files: one look for all, the same bytes for the same input."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""The colours of Okabe and Ito, told apart with every kind of colour vision; and, beside them,"""

STROKES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))
"""line styles, so that no figure rests on colour alone."""

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": False,
    "figure.dpi": 100.0,
    "savefig.dpi": 200.0,
    "svg.hashsalt": "spectct-quant",
    "svg.fonttype": "path",
}


@contextmanager
def canvas(width: float, height: float) -> "Iterator[Figure]":
    """Give an empty figure, inches wide and high, in the style of all figures."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(rc=STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def as_files(figure: "Figure") -> dict[str, bytes]:
    """Return the figure as SVG and WebP, without date, by ending."""
    figure.draw_without_rendering()  # lays out once; both formats share the places
    figure.set_layout_engine("none")
    out = {}
    for ending, extra in (("svg", {"metadata": {"Date": None, "Creator": None}}), ("webp", {})):
        stream = io.BytesIO()
        figure.savefig(stream, format=ending, facecolor="white", **extra)  # type: ignore[arg-type]
        out[ending] = stream.getvalue()
    return out


def label(text: str) -> str:
    """Return text from a table as matplotlib draws it literally: no dollar starts a formula."""
    return text.replace("$", r"\$")


def bare(axes: "Axes") -> None:
    """Take frame and ticks off axes that hold text only."""
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelbottom=False)
