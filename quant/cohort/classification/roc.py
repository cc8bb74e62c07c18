"""ROC analysis of markers against an event that was or was not seen.

The direction is a statement of the caller ("higher values go with the event" unless told), never
chosen by the data: an area below 0.5 is reported as such, with the reversed reading beside it.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import require_choice, require_level
from quant.cohort.classification.cutoffs import Curve, best, curve
from quant.cohort.classification.delong import (
    Area,
    area,
    logit_interval,
    newcombe_interval,
    plain_interval,
)
from quant.cohort.classification.proportions import Counts, likelihood_ratios, limits, shares
from quant.cohort.data.binary import HIGHER, LOWER, SIGN, Sample, sample
from quant.cohort.data.columns import Notes, as_list, numbers
from quant.cohort.data.columns import events as event_column
from quant.cohort.distributions import normal_p, normal_quantile

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FEW = 10
"""Below so many events or others, intervals for large samples are flagged."""

TIE_RULE = "of cuts with the same Youden index, the one with the highest sensitivity"
CONTRACT: tuple[str, ...] = (
    "auc",
    "se",
    "low",
    "high",
    "cutoff",
    "operator",
    "sensitivity",
    "specificity",
    "ppv",
)
CONTRACT += ("npv", "tp", "fp", "fn", "tn")
"""Columns that others bind to; they stand first."""

COUNTS = ("n", "events", "others", "left_out", "cuts_tied", "tp", "fp", "fn", "tn")


def roc(
    frame: "pd.DataFrame",
    *,
    event: str,
    marker: str | Sequence[str],
    time: str | None = None,
    level: float = 0.95,
    direction: str = HIGHER,
) -> "pd.DataFrame":
    """Measure how well a marker tells events from others, and where Youden would cut it.

    Parameters
    ----------
    frame : DataFrame
        One row per subject.
    event : str
        Column of 0, 1, true, false.
    marker : str or sequence of str
        Column, or columns (one row of the answer each), of finite numbers.
    time : str, optional
        Column of time to event or censoring. The curve does not use it: with it, rows that left
        follow-up before the last event are counted and flagged (CENSORED_EARLY).
    level : float
        Coverage of every interval.
    direction : {"higher", "lower"}
        Which values go with the event. Never turned by the data.

    Returns
    -------
    DataFrame
        One row per marker. ``auc, se, low, high``: area, DeLong's standard error and plain
        interval cut to 0..1 (pROC's default); ``low_logit, high_logit`` and ``low_newcombe,
        high_newcombe`` beside it; ``z, p``: Wald test of 0.5. ``cutoff``: Youden's cut midway
        between neighbouring values, unrounded, used with ``operator``; ``cutoff_observed`` the
        last value called negative (same operator) and ``cutoff_inclusive`` the first called
        positive (same operator with equality). ``sensitivity, specificity, ppv, npv`` as
        fractions, each with ``_low, _high`` (Clopper-Pearson) and ``_wilson_low, _wilson_high``;
        ``lr_positive, lr_negative`` with limits (log method); ``tp, fp, fn, tn``. ``flags`` joins
        the codes of the row by ``;``. Values that cannot be computed are missing, with a code.

    Raises
    ------
    CohortError
        EVENT_NOT_BINARY, COLUMN_NOT_NUMERIC.
    UsageError
        COLUMN_MISSING; USAGE for a level or direction that is none.

    Notes
    -----
    Of cuts with the same index, the one with the highest sensitivity is given and their number
    stands in ``cuts_tied``.
    """
    import pandas as pd

    require_level(level)
    require_choice("The direction", direction, (HIGHER, LOWER))
    rows: list[dict[str, object]] = []
    all_notes = Notes()
    for name in as_list(marker):
        notes = Notes()
        found = sample(frame, event, [name], notes)
        if time is not None:
            _note_censored(frame, event, time, notes)
        row = {"marker": name, **_row(found, level, direction, notes)}
        rows.append({**row, "flags": ";".join(notes.codes)})
        all_notes.take(notes)
    names = [*CONTRACT, *(name for name in rows[0] if name not in CONTRACT)] if rows else CONTRACT
    answer = pd.DataFrame(
        {
            name: pd.Series([row[name] for row in rows], dtype="Int64" if name in COUNTS else None)
            for name in names
        }
    )
    stamp = {"method": "DeLong", "level": level, "direction": direction, "tie_rule": TIE_RULE}
    return all_notes.on(answer, **stamp)


def _note_censored(frame: "pd.DataFrame", event: str, time: str, notes: Notes) -> None:
    status, times = event_column(frame, event), numbers(frame, time)
    known = ~np.isnan(status) & ~np.isnan(times)
    if not (status[known] == 1.0).any():
        return
    last = times[known & (status == 1.0)].max()
    early = int((known & (status == 0.0) & (times < last)).sum())
    if early:
        notes.add("CENSORED_EARLY", f"{early} rows of {int(known.sum())}")


def _row(found: Sample, level: float, direction: str, notes: Notes) -> dict[str, object]:
    events, others = split(found, direction)
    row: dict[str, object] = {
        "n": events.size + others.size,
        "events": events.size,
        "others": others.size,
        "left_out": found.left_out,
        "direction": direction,
        "level": level,
    }
    if events.size and others.size:
        _note_sizes(events, others, notes)
        return {**_area_columns(area(events, others), level, notes), **row} | _cut_columns(
            curve(events, others), level, direction, notes
        )
    return {**_no_area(), **row, **_no_cut(direction)}


def split(
    found: Sample, direction: str, column: int = 0
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Markers of events and of others, turned so that higher values go with the event."""
    values = SIGN[direction] * found.markers[:, column]
    return values[found.event], values[~found.event]


def _note_sizes(events: "NDArray[np.float64]", others: "NDArray[np.float64]", notes: Notes) -> None:
    if min(events.size, others.size) < 2:
        notes.add("AUC_SE_UNDEFINED", f"{events.size} events, {others.size} others")
    if min(events.size, others.size) < FEW:
        notes.add("FEW_PER_CLASS", f"{events.size} events, {others.size} others")
    lowest, highest = min(events.min(), others.min()), max(events.max(), others.max())
    if lowest == highest:
        notes.add("MARKER_CONSTANT")
    elif events.min() > others.max() or events.max() < others.min():
        notes.add("PERFECT_SEPARATION")


def _area_columns(found: Area, level: float, notes: Notes) -> dict[str, object]:
    z = normal_quantile(level)
    variance = found.variance
    se = math.sqrt(variance) if variance == variance else math.nan  # noqa: PLR0124 - NaN
    low, high = plain_interval(found.auc, se, z)
    logit = logit_interval(found.auc, se, z)
    newcombe = newcombe_interval(found.auc, found.of_events.size, found.of_others.size, z)
    statistic = (found.auc - 0.5) / se if se > 0.0 else math.nan
    if found.auc < 0.5:
        notes.add("AUC_BELOW_HALF", f"{found.auc:.6g}, reversed {1.0 - found.auc:.6g}")
    return {
        "auc": found.auc,
        "se": se,
        "low": low,
        "high": high,
        "low_logit": logit[0],
        "high_logit": logit[1],
        "low_newcombe": newcombe[0],
        "high_newcombe": newcombe[1],
        "z": statistic,
        "p": normal_p(statistic),
        "auc_reversed": 1.0 - found.auc,
    }


def _no_area() -> dict[str, object]:
    names: tuple[str, ...] = ("auc", "se", "low", "high", "low_logit", "high_logit", "low_newcombe")
    names += ("high_newcombe", "z", "p", "auc_reversed")
    return dict.fromkeys(names, math.nan)


def _cut_columns(cuts: Curve, level: float, direction: str, notes: Notes) -> dict[str, object]:
    chosen, tied = best(cuts)
    if chosen is None:
        notes.add("NO_CUT")
        return _no_cut(direction)
    notes.add("CUT_SAME_DATA")
    if tied > 1:
        notes.add("CUT_TIES", f"{tied} cuts")
    sign = SIGN[direction]
    tp, fp = int(cuts.tp[chosen]), int(cuts.fp[chosen])
    table = (tp, fp, cuts.events - tp, cuts.others - fp)
    return {  # adding 0.0 turns a negative zero of the turned marker back
        "cutoff": sign * float(cuts.middle[chosen]) + 0.0,
        "operator": operator(direction),
        "cutoff_observed": sign * float(cuts.below[chosen]) + 0.0,
        "cutoff_inclusive": sign * float(cuts.above[chosen]) + 0.0,
        "cuts_tied": tied,
        **_table_columns(table, level, notes),
    }


def operator(direction: str) -> str:
    """Comparison under which a subject is called positive."""
    return ">" if direction == HIGHER else "<"


def _table_columns(table: Counts, level: float, notes: Notes) -> dict[str, object]:
    columns: dict[str, object] = {}
    for measure, (x, n) in shares(table).items():
        exact, score = (limits(x, n, level, m) for m in ("clopper-pearson", "wilson"))
        columns[measure] = x / n if n else math.nan
        columns[f"{measure}_low"], columns[f"{measure}_high"] = exact
        columns[f"{measure}_wilson_low"], columns[f"{measure}_wilson_high"] = score
    for measure, values in likelihood_ratios(table, level).items():
        columns[measure] = values[0]
        columns[f"{measure}_low"], columns[f"{measure}_high"] = values[1:]
        if math.isnan(values[1]):
            notes.add("ZERO_CELL", measure)
    tp, fp, fn, tn = table
    columns["youden"] = (tp * (fp + tn) - fp * (tp + fn)) / ((tp + fn) * (fp + tn))
    columns |= {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
    return columns


def _no_cut(direction: str) -> dict[str, object]:
    names: tuple[str, ...] = (
        "cutoff",
        "operator",
        "cutoff_observed",
        "cutoff_inclusive",
        "cuts_tied",
    )
    names += tuple(_table_columns((1, 1, 1, 1), 0.95, Notes()))
    empty = {name: None if name in COUNTS else math.nan for name in names}
    return empty | {"operator": operator(direction)}


def roc_curve(
    frame: "pd.DataFrame", *, event: str, marker: str, direction: str = HIGHER
) -> "pd.DataFrame":
    """List every cut of a marker: the points of its ROC curve.

    Returns
    -------
    DataFrame
        ``cutoff, operator, sensitivity, specificity, youden, tp, fp, fn, tn``, from "everyone is
        positive" to "nobody is" (cuts of -inf and inf). Empty, with a code, where only one outcome
        occurs.
    """
    import pandas as pd

    require_choice("The direction", direction, (HIGHER, LOWER))
    notes = Notes()
    found = sample(frame, event, [marker], notes)
    events, others = split(found, direction)
    names = ("cutoff", "operator", "sensitivity", "specificity", "youden", "tp", "fp", "fn", "tn")
    if not events.size or not others.size:
        return notes.on(pd.DataFrame(columns=list(names)), marker=marker, direction=direction)
    cuts = curve(events, others)
    scale = cuts.events * cuts.others
    table = pd.DataFrame(
        {
            "cutoff": SIGN[direction] * cuts.middle + 0.0,
            "operator": operator(direction),
            "sensitivity": cuts.tp / cuts.events,
            "specificity": (cuts.others - cuts.fp) / cuts.others,
            "youden": cuts.youden_scaled / scale,
            "tp": cuts.tp,
            "fp": cuts.fp,
            "fn": cuts.events - cuts.tp,
            "tn": cuts.others - cuts.fp,
        }
    )
    return notes.on(table, marker=marker, direction=direction)
