"""How far a chosen cut is known, and how much its sensitivity and specificity owe to the choice."""

import math
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import SEED, require_choice, require_level, require_replicates
from quant.cohort.classification.chosen_cut import REPLICATES
from quant.cohort.classification.cutoffs import Curve, best, curve
from quant.cohort.classification.delong import area
from quant.cohort.data.binary import HIGHER, LOWER, SIGN, sample
from quant.cohort.data.columns import Notes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def bootstrap_cut(  # noqa: PLR0913 - the names of roc, and the plan of resampling
    frame: "pd.DataFrame",
    *,
    event: str,
    marker: str,
    direction: str = HIGHER,
    level: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> "pd.DataFrame":
    """Resample subjects and choose the cut anew each time.

    Events and others are resampled apart, so each sample has the counts of the data.

    Returns
    -------
    DataFrame
        Rows ``cutoff, auc, auc_either_way, youden, sensitivity, specificity``: ``apparent`` on the
        data, ``low, high`` percentiles over samples, ``optimism`` the mean of (sample judged by
        what was chosen on it) minus (data judged by the same), ``corrected`` = apparent -
        optimism. ``auc`` has no optimism: nothing is chosen; ``auc_either_way`` lets each sample
        choose its direction. Same seed, same numbers.
    """
    import pandas as pd

    require_level(level)
    require_choice("The direction", direction, (HIGHER, LOWER))
    require_replicates(replicates, 2)
    notes = Notes()
    found = sample(frame, event, [marker], notes)
    values = SIGN[direction] * found.markers[:, 0]
    groups = (values[found.event], values[~found.event])
    rows: list[dict[str, object]] = []
    if groups[0].size and groups[1].size:
        rows = _bootstrap_rows(groups, level, (replicates, seed), notes)
        rows[0] |= _turned(rows[0], direction)
    names = ["quantity", "apparent", "low", "high", "optimism", "corrected", "replicates"]
    table = pd.DataFrame(rows, columns=names)
    table["flags"] = ";".join(notes.codes)
    return notes.on(table, marker=marker, direction=direction, level=level, seed=seed)


Groups = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


def _turned(row: dict[str, object], direction: str) -> dict[str, object]:
    if direction == HIGHER:
        return {}
    apparent, low, high = (-float(str(row[name])) for name in ("apparent", "low", "high"))
    return {"apparent": apparent, "low": high, "high": low}


QUANTITIES = ("cutoff", "auc", "auc_either_way", "youden", "sensitivity", "specificity")


def _bootstrap_rows(
    groups: Groups, level: float, plan: tuple[int, int], notes: Notes
) -> list[dict[str, object]]:
    replicates, seed = plan
    generator = np.random.default_rng(seed)
    events, others = groups
    data_curve, data_auc = curve(events, others), area(events, others).auc
    draws = np.full((replicates, len(QUANTITIES)), math.nan)
    gains = np.full((replicates, len(QUANTITIES)), math.nan)
    for index in range(replicates):
        again = (
            events[generator.integers(0, events.size, events.size)],
            others[generator.integers(0, others.size, others.size)],
        )
        auc = area(*again).auc
        either, judged = (auc, data_auc) if auc >= 0.5 else (1.0 - auc, 1.0 - data_auc)
        cut, *own = _chosen(curve(*again))
        at_data = _judged(groups, cut)
        draws[index] = (cut, auc, either, *own)
        gains[index] = (math.nan, 0.0, either - judged, *(np.array(own) - np.array(at_data)))
    lost = int(np.isnan(draws[:, 0]).sum())
    if lost:
        notes.add("REPLICATES_LOST", f"{lost} of {replicates} had no cut above chance")
    cut, *own = _chosen(data_curve)
    apparent = (cut, data_auc, max(data_auc, 1.0 - data_auc), *own)
    if math.isnan(cut):
        notes.add("NO_CUT")
    return [
        _summary(name, apparent[column], draws[:, column], gains[:, column], level)
        for column, name in enumerate(QUANTITIES)
    ]


def _chosen(cuts: Curve) -> tuple[float, float, float, float]:
    """Cut midway, Youden's index, sensitivity and specificity of the best cut; NaN without one."""
    chosen, _ = best(cuts)
    if chosen is None:
        return (math.nan,) * 4
    sensitivity = float(cuts.tp[chosen]) / cuts.events
    specificity = 1.0 - float(cuts.fp[chosen]) / cuts.others
    return float(cuts.middle[chosen]), sensitivity + specificity - 1.0, sensitivity, specificity


def _judged(groups: Groups, cut: float) -> tuple[float, float, float]:
    if math.isnan(cut):
        return (math.nan,) * 3
    sensitivity = float((groups[0] > cut).mean())
    specificity = float((groups[1] <= cut).mean())
    return sensitivity + specificity - 1.0, sensitivity, specificity


def _summary(
    name: str,
    apparent: float,
    draws: "NDArray[np.float64]",
    gains: "NDArray[np.float64]",
    level: float,
) -> dict[str, object]:
    there, gained = draws[~np.isnan(draws)], gains[~np.isnan(gains)]
    low = high = math.nan
    if there.size > 1 and not math.isnan(apparent):
        tail = (1.0 - level) / 2.0
        low, high = (float(value) for value in np.quantile(there, [tail, 1.0 - tail]))
    optimism = float(gained.mean()) if gained.size else math.nan
    return {
        "quantity": name,
        "apparent": apparent,
        "low": low,
        "high": high,
        "optimism": optimism,
        "corrected": apparent - optimism,
        "replicates": int(there.size),
    }
