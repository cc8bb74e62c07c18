"""Areas of markers measured in the same subjects, compared."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from quant.cohort.choices import require_choice, require_level
from quant.cohort.classification.delong import Area, area, covariance
from quant.cohort.classification.roc import split
from quant.cohort.data.binary import HIGHER, LOWER, sample
from quant.cohort.data.columns import Notes
from quant.cohort.distributions import normal_p, normal_quantile

if TYPE_CHECKING:
    import pandas as pd


def roc_compare(
    frame: "pd.DataFrame",
    *,
    event: str,
    markers: Sequence[str],
    level: float = 0.95,
    direction: str = HIGHER,
) -> "pd.DataFrame":
    """Compare the areas of markers measured in the same subjects (DeLong's paired test).

    Only rows in which the event and every marker are known take part, so that all pairs rest on
    the same subjects.

    Returns
    -------
    DataFrame
        One row per pair: ``marker1, marker2, auc1, auc2, difference, se, low, high, z, p, n,
        events, flags``. With areas that never differ (se 0) z and p are NaN.
    """
    import pandas as pd

    require_level(level)
    require_choice("The direction", direction, (HIGHER, LOWER))
    notes = Notes()
    found = sample(frame, event, list(markers), notes)
    areas: list[Area] = []
    if found.events and found.others:
        areas = [area(*split(found, direction, column)) for column in range(len(markers))]
        if min(found.events, found.others) < 2:
            notes.add("AUC_SE_UNDEFINED", f"{found.events} events, {found.others} others")
    rows = []
    for i, first in enumerate(markers):
        for j in range(i + 1, len(markers)):
            pair = (areas[i], areas[j]) if areas else None
            row = {"marker1": first, "marker2": markers[j], **_difference(pair, level)}
            rows.append(row | {"n": found.event.size, "events": found.events})
    table = pd.DataFrame(rows)
    table["flags"] = ";".join(notes.codes)
    return notes.on(table, method="DeLong, paired", level=level, direction=direction)


def _difference(pair: tuple[Area, Area] | None, level: float) -> dict[str, float]:
    names = ("auc1", "auc2", "difference", "se", "low", "high", "z", "p")
    if pair is None:
        return dict.fromkeys(names, math.nan)
    first, second = pair
    difference = first.auc - second.auc
    variance = first.variance + second.variance - 2.0 * covariance(first, second)
    se = math.sqrt(max(variance, 0.0)) if variance == variance else math.nan  # noqa: PLR0124
    half = normal_quantile(level) * se
    z = difference / se if se > 1e-12 else math.nan
    values = (first.auc, second.auc, difference, se, difference - half, difference + half, z)
    return dict(zip(names, (*values, normal_p(z)), strict=True))
