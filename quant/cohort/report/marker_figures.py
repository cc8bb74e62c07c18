"""Figures of markers and of selection: ROC curves, and the trace of a stepwise search."""

from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.report.drawing import COLOURS, STROKES, as_files, canvas, label

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pandas as pd
    from matplotlib.axes import Axes

BRIGHT = 0.4
"""Share of black behind the smallest p: the text stays readable."""


def roc_figure(areas: "pd.DataFrame", points: "pd.DataFrame") -> dict[str, bytes] | None:
    """Draw the ROC curves of markers with the chosen cuts.

    Parameters
    ----------
    areas : DataFrame
        As from :func:`quant.cohort.roc`, one row per marker.
    points : DataFrame
        As from :func:`quant.cohort.roc_curve`, with a column ``marker``.

    Returns
    -------
    dict of str to bytes, or None
        The files by ending; None without a curve.
    """
    if not len(points):
        return None
    with canvas(4.8, 4.6) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
        for number, row in enumerate(areas.to_dict("records")[: len(COLOURS)]):
            own = points[points["marker"] == row["marker"]]
            name = f"{row['marker']}: {row['auc']:.3f} ({row['low']:.3f}, {row['high']:.3f})"
            axes.plot(
                1.0 - own["specificity"], own["sensitivity"], color=COLOURS[number],
                linestyle=STROKES[number], linewidth=1.6, label=label(name),
            )  # fmt: skip
            axes.plot([1.0 - row["specificity"]], [row["sensitivity"]], marker="o", markersize=6,
                      markerfacecolor="white", color=COLOURS[number])  # fmt: skip
        axes.set_xlabel("1 - specificity")
        axes.set_ylabel("Sensitivity")
        axes.set_xlim(-0.01, 1.01)
        axes.set_ylim(-0.01, 1.01)
        axes.set_aspect("equal")
        axes.legend(title="Area (95 % interval); circle: Youden's cut", frameon=False, fontsize=7.5,
                    title_fontsize=7.5, loc="lower right")  # fmt: skip
        return as_files(figure)


def trace_figure(trace: "pd.DataFrame", title: str) -> dict[str, bytes] | None:
    """Draw a stepwise search: p of every candidate at every step, and what moved.

    Parameters
    ----------
    trace : DataFrame
        As from :func:`quant.cohort.stepwise_cox`.
    title : str
        The rule of the search.

    Returns
    -------
    dict of str to bytes, or None
        The files by ending; None without candidates.
    """
    tested = trace[trace["action"] == "candidate"]
    if not len(tested):
        return None
    names = list(dict.fromkeys(tested["variable"]))
    steps = sorted(set(tested["step"]))
    moves = trace[trace["action"].isin(["enter", "remove"])]
    width = max(1.9 + 1.05 * len(steps), 5.0)  # the title needs that much
    with canvas(width, 1.2 + 0.28 * len(names)) as figure:
        axes = figure.subplots()
        for row in tested.to_dict("records"):
            at = (steps.index(row["step"]), names.index(row["variable"]))
            p = float(row["p"])
            dark = (
                BRIGHT * min(max(-np.log10(max(p, 1e-12)) / 4.0, 0.0), 1.0)
                if np.isfinite(p)
                else 0.0
            )
            shade = str(1.0 - dark)
            axes.fill_between([at[0] - 0.48, at[0] + 0.48], at[1] - 0.44, at[1] + 0.44,
                              color=shade, linewidth=0)  # fmt: skip
            axes.text(*at, _p(p), ha="center", va="center", fontsize=8)
        for row in moves.to_dict("records"):
            _mark(axes, steps, names, row)
        axes.set_xticks(range(len(steps)))
        axes.set_xticklabels([f"after step {step}" if step else "empty model" for step in steps])
        axes.set_yticks(range(len(names)))
        axes.set_yticklabels([label(name) for name in names])
        axes.set_xlim(-0.55, len(steps) - 0.45)
        axes.set_ylim(len(names) - 0.45, -0.55)
        axes.tick_params(length=0)
        axes.set_title(label(title), loc="left", fontsize=9)
        return as_files(figure)


def _p(p: float) -> str:
    if np.isnan(p):
        return "none"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _mark(axes: "Axes", steps: list[int], names: list[str], row: "dict[Hashable, object]") -> None:
    """Frame what enters, in the column it was chosen from; strike out what leaves."""
    entered = row["action"] == "enter"
    before = [number for number, step in enumerate(steps) if step < int(str(row["step"]))]
    if not before or row["variable"] not in names:
        return
    x, y = before[-1], names.index(str(row["variable"]))
    colour = COLOURS[0] if entered else COLOURS[1]
    frame = ([x - 0.48, x + 0.48, x + 0.48, x - 0.48, x - 0.48],
             [y - 0.44, y - 0.44, y + 0.44, y + 0.44, y - 0.44])  # fmt: skip
    axes.plot(*frame, color=colour, linewidth=2.0, linestyle="-" if entered else ":")
    axes.text(x + 0.46, y + 0.42, "enters" if entered else "leaves", color="black", fontsize=6,
              ha="right", va="bottom")  # fmt: skip
