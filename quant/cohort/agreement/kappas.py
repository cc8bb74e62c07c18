"""Cohen's kappa, plain and weighted, with the standard errors of Fleiss, Cohen and Everitt.

References
----------
J. Cohen, Psychological Bulletin 70 (1968) 213, doi:10.1037/h0026256.
J. Fleiss, J. Cohen, B. Everitt, Psychological Bulletin 72 (1969) 323, doi:10.1037/h0028106.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import require_choice, require_level
from quant.cohort.data.columns import Notes, complete_rows, group_label
from quant.cohort.distributions import normal_p, normal_quantile
from quant.cohort.groups.comparisons import is_numeric
from quant.errors import CohortError, UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

WEIGHTS = ("none", "linear", "quadratic")
MOST_CATEGORIES = 1000
NAMES = ("weights", "kappa", "se", "low", "high", "z", "p", "agreement", "expected", "n")


def kappa(
    frame: "pd.DataFrame",
    *,
    readings: Sequence[str],
    weights: str | Sequence[str] = WEIGHTS,
    categories: Sequence[object] | None = None,
    level: float = 0.95,
) -> "pd.DataFrame":
    """Measure the agreement of two readers on categories beyond chance.

    Parameters
    ----------
    readings : sequence of str
        The two columns; one row per subject. Rows with a missing cell are left out and noted.
    weights : {"none", "linear", "quadratic"} or several of them
        How much disagreement counts by its distance in the order of categories.
    categories : sequence, optional
        All categories in order. Without it: whole numbers make every whole number from the
        smallest to the largest a category, so a score that nobody gave still counts as distance;
        other numbers are those that occur, in order; text has no order, so only plain kappa.
    level : float
        Coverage of the interval.

    Returns
    -------
    DataFrame
        One row per weighting: ``weights, kappa, se, low, high, z, p, agreement, expected, n,
        categories, flags``. ``se`` is for the interval (which is not cut at 1), z and p use the
        standard error under no agreement beyond chance.

    Raises
    ------
    UsageError
        USAGE, unless two columns are named, or weights are asked for text without order.
    CohortError
        CATEGORY_UNKNOWN, for a cell that is none of ``categories``.
    """
    import pandas as pd

    require_level(level)
    if len(readings) != 2:
        raise UsageError("USAGE", "Kappa needs two columns.", found=", ".join(readings))
    asked = [weights] if isinstance(weights, str) else list(weights)
    for name in asked:
        require_choice("The weighting", name, WEIGHTS)
    notes = Notes()
    kept = frame[complete_rows(frame, readings, notes)]
    order, ordered = _order(kept, readings, categories)
    if not ordered and weights == WEIGHTS:
        asked = ["none"]
    if not ordered and asked != ["none"]:
        raise UsageError(
            "USAGE",
            "Weighted kappa needs the order of categories.",
            found=", ".join(order[:10]),
            needed="categories, in order",
            next_step="name them",
        )
    table = _counts(kept, readings, order)
    rows = [_row(table, name, level, notes) for name in asked]
    answer = pd.DataFrame(rows, columns=list(NAMES))
    answer["categories"], answer["flags"] = len(order), ";".join(notes.codes)
    return notes.on(answer, level=level, order=order)


def _order(
    kept: "pd.DataFrame", readings: Sequence[str], categories: Sequence[object] | None
) -> tuple[list[str], bool]:
    if categories is not None:
        return [group_label(value) for value in categories], True
    cells = [value for name in readings for value in kept[name].tolist()]
    if not all(is_numeric(kept[name]) for name in readings):
        return sorted({group_label(value) for value in cells}), False
    values = sorted({float(value) for value in cells})
    whole = all(value.is_integer() for value in values)
    if values and whole and values[-1] - values[0] < MOST_CATEGORIES:
        values = [float(value) for value in range(int(values[0]), int(values[-1]) + 1)]
    return [group_label(value) for value in values], True


def _counts(
    kept: "pd.DataFrame", readings: Sequence[str], order: list[str]
) -> "NDArray[np.float64]":
    place = {label: index for index, label in enumerate(order)}
    table = np.zeros((len(order), len(order)))
    pairs = zip(kept[readings[0]].tolist(), kept[readings[1]].tolist(), strict=True)
    for first, second in pairs:
        a, b = _label(first), _label(second)
        unknown = [label for label in (a, b) if label not in place]
        if unknown:
            raise CohortError(
                "CATEGORY_UNKNOWN",
                "A reading is none of the categories.",
                found=", ".join(unknown),
                needed=", ".join(order[:20]),
                next_step="correct the cell, or name every category",
            )
        table[place[a], place[b]] += 1.0
    return table


def _label(value: object) -> str:
    return group_label(float(value)) if isinstance(value, int | float) else group_label(value)


def agreement_weights(count: int, name: str) -> "NDArray[np.float64]":
    """Weights of agreement (count, count): 1 on the diagonal, 0 at the farthest distance."""
    if name == "none" or count < 2:
        return np.eye(count)
    index = np.arange(count, dtype=np.float64)
    distance = np.abs(index[:, None] - index[None, :]) / (count - 1)
    return 1.0 - (distance if name == "linear" else distance**2)


def _row(table: "NDArray[np.float64]", name: str, level: float, notes: Notes) -> dict[str, object]:
    n = float(table.sum())
    row: dict[str, object] = {"weights": name, "n": int(n)}
    if n == 0.0:
        return row
    shares, weights = table / n, agreement_weights(table.shape[0], name)
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    agreed, expected = float((weights * shares).sum()), float(rows @ weights @ columns)
    row |= {"agreement": agreed, "expected": expected}
    if 1.0 - expected < 1e-12:
        notes.add("KAPPA_UNDEFINED", f"{int(n)} subjects")
        return row
    value = (agreed - expected) / (1.0 - expected)
    means = (weights @ columns)[:, None] + (rows @ weights)[None, :]
    inner = (weights * (1.0 - expected) - means * (1.0 - agreed)) ** 2
    spread = float((shares * inner).sum()) - (agreed * expected - 2.0 * expected + agreed) ** 2
    se = math.sqrt(max(0.0, spread) / n) / (1.0 - expected) ** 2
    chance = float(((weights - means) ** 2 * np.outer(rows, columns)).sum()) - expected**2
    null = math.sqrt(max(0.0, chance) / n) / (1.0 - expected)
    half, z = normal_quantile(level) * se, value / null if null > 0.0 else math.nan
    if agreed == 1.0:
        notes.add("PERFECT_AGREEMENT", f"{int(n)} subjects")
    row |= {"kappa": value, "se": se, "low": value - half, "high": value + half}
    return row | {"z": z, "p": normal_p(z)}
