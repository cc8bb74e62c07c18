"""Figures of survival: Kaplan-Meier curves with numbers at risk, and forest plots."""

from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.data.columns import Notes, by_names
from quant.cohort.data.times import follow_up_rows
from quant.cohort.report.drawing import COLOURS, STROKES, as_files, bare, canvas, label
from quant.cohort.survival.curve import GroupCurve, group_curves, limits

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from quant.cohort.report.plan import Plan

MOST_GROUPS = len(COLOURS)
MOST_BANDS = 3
"""Intervals of more groups would cover one another: the curves are drawn alone."""

ENDS = (1e-3, 1e3)
"""Hazard ratios beyond these are drawn as arrows."""


def curves_figure(
    frame: "pd.DataFrame", plan: "Plan", by: str | None, said: str
) -> dict[str, bytes] | None:
    """Draw the curves of groups with intervals, censoring marks and numbers at risk.

    Parameters
    ----------
    frame : DataFrame
        The cohort.
    plan : Plan
        Columns, unit and type of interval.
    by : str, optional
        Column of groups.
    said : str
        A line below the curves, for instance the log-rank test.

    Returns
    -------
    dict of str to bytes, or None
        The files by ending; None when there is nothing, or there are more groups than colours.
    """
    rows = follow_up_rows(frame, plan.time, plan.event, by_names(by), Notes())
    groups = group_curves(rows, by)
    if not groups or len(groups) > MOST_GROUPS:
        return None
    end = max(one.largest_time for one in groups) or 1.0
    with canvas(6.4, 3.9 + 0.2 * len(groups)) as figure:
        above, below = figure.subplots(
            2, 1, sharex=True, height_ratios=[3.0, 0.35 + 0.22 * len(groups)]
        )
        shaded = plan.conf_type if len(groups) <= MOST_BANDS else None
        for number, one in enumerate(groups):
            _draw_curve(above, one, number, shaded)
        above.set_ylim(0.0, 1.03)
        above.set_xlim(-0.02 * end, 1.02 * end)
        above.set_ylabel("Survival without event")
        late = max(float(one.curve.survival[-1]) for one in groups)
        place = "lower left" if late > 0.5 else "upper right"
        above.legend(loc=place, frameon=False, title=None if by is None else label(by))
        above.text(1.0, 1.01, label(said), transform=above.transAxes, ha="right", va="bottom",
                   fontsize=8)  # fmt: skip
        above.tick_params(labelbottom=True)
        above.set_xlabel(f"Time ({plan.unit})")
        _draw_at_risk(below, groups, np.asarray(above.get_xticks()), end)
        return as_files(figure)


def _draw_curve(axes: "Axes", one: GroupCurve, number: int, conf_type: str | None) -> None:
    curve = one.curve
    colour, stroke = COLOURS[number], STROKES[number]
    time = np.concatenate(([0.0], curve.time))
    level = np.concatenate(([1.0], curve.survival))
    name = "all" if one.group == "all" else one.group
    axes.step(time, level, where="post", color=colour, linestyle=stroke, linewidth=1.6,
              label=label(f"{name} ({one.n_events} events of {one.n})"))  # fmt: skip
    if conf_type is not None:
        low, high = (np.concatenate(([1.0], edge)) for edge in limits(curve, conf_type))
        axes.fill_between(time, low, high, step="post", color=colour, alpha=0.13, linewidth=0.0)
    lost = curve.n_censor > 0
    axes.plot(curve.time[lost], curve.survival[lost], linestyle="", marker="|", markersize=6.0,
              markeredgewidth=0.9, color=colour)  # fmt: skip


def _draw_at_risk(
    axes: "Axes", groups: list[GroupCurve], ticks: "NDArray[np.float64]", end: float
) -> None:
    bare(axes)
    shown = ticks[(ticks >= 0.0) & (ticks <= end)]
    axes.set_ylim(len(groups) - 0.4, -0.9)
    axes.set_yticks(range(len(groups)))
    names = axes.set_yticklabels([label(one.group) for one in groups])
    for number, (one, name) in enumerate(zip(groups, names, strict=True)):
        name.set_color(COLOURS[number])
        place = np.searchsorted(one.curve.time, shown, side="left")
        at_risk = np.append(one.curve.n_risk, 0)[place]
        for at, count in zip(shown, at_risk, strict=True):
            axes.text(float(at), number, str(int(count)), ha="center", va="center", fontsize=8)
    axes.text(0.0, 1.0, "At risk", transform=axes.transAxes, fontsize=8, va="top", ha="left")


def forest_figure(table: "pd.DataFrame", title: str) -> dict[str, bytes] | None:
    """Draw hazard ratios with intervals on a logarithmic scale, numbers beside.

    Parameters
    ----------
    table : DataFrame
        As from :func:`quant.cohort.cox`.
    title : str
        What the model is.

    Returns
    -------
    dict of str to bytes, or None
        The files by ending; None without rows.
    """
    rows = table.to_dict("records")
    if not rows:
        return None
    with canvas(7.2, 1.3 + 0.3 * len(rows)) as figure:
        _draw_forest(figure, rows, title)
        return as_files(figure)


def _draw_forest(figure: "Figure", rows: "list[dict[Hashable, object]]", title: str) -> None:
    axes = figure.subplots()
    ends = []
    for number, row in enumerate(rows):
        ratio, low, high = (float(str(row[name])) for name in ("hazard_ratio", "low", "high"))
        ends += [one for one in (ratio, low, high) if ENDS[0] < one < ENDS[1]]
        _draw_ratio(axes, number, (ratio, low, high))
        axes.text(1.02, number, _numbers(row), transform=axes.get_yaxis_transform(), va="center",
                  fontsize=8)  # fmt: skip
    axes.axvline(1.0, color="#666666", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlim(min([0.8, *ends]) / 1.3, max([1.25, *ends]) * 1.3)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels([label(str(row["variable"])) for row in rows])
    axes.set_xlabel("Hazard ratio, 95 % interval (above 1: higher is worse)")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_title(label(title), loc="left", fontsize=9)


def _draw_ratio(axes: "Axes", number: int, values: tuple[float, float, float]) -> None:
    ratio, low, high = values
    if not np.isfinite(values).all() or not ENDS[0] < ratio < ENDS[1]:
        axes.text(1.0, number, "no finite estimate", ha="center", va="bottom", fontsize=7)
        return
    axes.plot([max(low, ENDS[0]), min(high, ENDS[1])], [number, number], color=COLOURS[0],
              linewidth=1.4)  # fmt: skip
    axes.plot([ratio], [number], marker="s", markersize=5.5, color=COLOURS[0])
    for end, mark, beyond in ((low, "<", low < ENDS[0]), (high, ">", high > ENDS[1])):
        if beyond:
            axes.plot([min(max(end, ENDS[0]), ENDS[1])], [number], marker=mark, color=COLOURS[0])


def _numbers(row: "dict[Hashable, object]") -> str:
    ratio, low, high, p = (float(str(row[name])) for name in ("hazard_ratio", "low", "high", "p"))
    if not np.isfinite([ratio, low, high]).all():
        return str(row.get("flags") or "")
    return f"{ratio:#.4g} ({low:#.4g}, {high:#.4g}), {p_text(p)}"


def p_text(p: float) -> str:
    """Write p for a reader: never as 0."""
    if np.isnan(p):
        return "p not defined"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
