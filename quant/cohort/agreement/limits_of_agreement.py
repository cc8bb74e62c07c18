"""Limits of agreement of two readings of the same subjects.

References
----------
J. M. Bland, D. G. Altman, Lancet 1 (1986) 307, doi:10.1016/S0140-6736(86)90837-8.
J. M. Bland, D. G. Altman, Stat Methods Med Res 8 (1999) 135, doi:10.1177/096228029900800204.
J. M. Bland, D. G. Altman, J Biopharm Stat 17 (2007) 571, doi:10.1080/10543400701329422.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import require_choice, require_level
from quant.cohort.data.columns import Notes, complete_rows, group_rows, numbers
from quant.cohort.distributions import normal_quantile, student_p, student_quantile
from quant.errors import CohortError, UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SCALES = ("difference", "percent", "ratio")
NAMES = ("quantity", "estimate", "se", "low", "high", "p", "n", "pairs", "flags")
TREND = 0.05
"""Below this p of the slope, a difference that changes with size is flagged."""

Row = dict[str, object]


def bland_altman(
    frame: "pd.DataFrame",
    *,
    readings: Sequence[str],
    subject: str | None = None,
    scale: str = "difference",
    level: float = 0.95,
) -> "pd.DataFrame":
    """Estimate bias and limits of agreement between two readings.

    Parameters
    ----------
    readings : sequence of str
        The two columns; the difference is first minus second.
    subject : str, optional
        Column that tells whose a row is. Subjects with several rows make the limits rest on
        variance between and within subjects (REPEATED_MEASURES); only estimates are given then.
    scale : {"difference", "percent", "ratio"}
        Difference in the readings' unit, in percent of the mean of both, or ratio first / second
        (limits by logarithms; readings must be above 0).
    level : float
        Share of differences within the limits, and coverage of the intervals.

    Returns
    -------
    DataFrame
        Rows ``bias, sd, lower_limit, upper_limit, slope``: ``estimate, se, low, high, p``. The
        bias has Student's interval; a limit the variance s**2 (1 / n + z**2 / (2 (n - 1))) of Bland
        and Altman (1999) with Student's quantile; ``slope`` is the regression of the difference on
        the mean. On the ratio scale bias and limits are ratios, sd and slope logarithms.

    Raises
    ------
    UsageError
        USAGE, unless two columns are named.
    CohortError
        VALUE_NOT_POSITIVE, for ratios of readings that are not above 0.
    """
    import pandas as pd

    require_level(level)
    require_choice("The scale", scale, SCALES)
    if len(readings) != 2:
        raise UsageError("USAGE", "Limits need two columns.", found=", ".join(readings))
    notes = Notes()
    first, second = (numbers(frame, name) for name in readings)
    kept = complete_rows(frame, [*readings, *([subject] if subject else [])], notes)
    difference, middle = _scaled(first[kept], second[kept], scale)
    groups = [mask for _, mask in group_rows(frame[kept], subject)] if subject else []
    repeated = len(groups) < difference.size if subject else False
    if difference.size < 3 or (repeated and len(groups) < 2):
        notes.add("GROUP_TOO_SMALL", f"{difference.size} pairs")
        rows: list[Row] = []
    elif repeated:
        notes.add("REPEATED_MEASURES", f"{len(groups)} subjects, {difference.size} pairs")
        rows = _repeated(difference, groups, level)
    else:
        rows = [*_single(difference, level), _slope(difference, middle, level, notes)]
    table = pd.DataFrame(rows, columns=list(NAMES))
    if scale == "ratio":
        ratio = table["quantity"].isin(["bias", "lower_limit", "upper_limit"])
        for name in ("estimate", "low", "high"):
            table.loc[ratio, name] = np.exp(table.loc[ratio, name].astype(float))
    table["n"] = len(groups) if subject else int(kept.sum())
    table["pairs"], table["flags"] = int(kept.sum()), ";".join(notes.codes)
    return notes.on(table, level=level, scale=scale, difference=" - ".join(readings))


def _scaled(
    first: "NDArray[np.float64]", second: "NDArray[np.float64]", scale: str
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    middle = (first + second) / 2.0
    if scale == "difference":
        return first - second, middle
    if (first <= 0.0).any() or (second <= 0.0).any():
        raise CohortError(
            "VALUE_NOT_POSITIVE",
            "Readings that are not above 0 have no ratio or percent difference.",
            found=f"{int(((first <= 0.0) | (second <= 0.0)).sum())} pairs",
            needed="readings above 0",
            next_step="use the scale 'difference'",
        )
    if scale == "percent":
        return 100.0 * (first - second) / middle, middle
    return np.log(first) - np.log(second), np.log(first * second) / 2.0


def _single(difference: "NDArray[np.float64]", level: float) -> list[Row]:
    n = difference.size
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    z, t = normal_quantile(level), student_quantile(level, n - 1)
    rows: list[Row] = []
    limit_se = sd * math.sqrt(1.0 / n + z * z / (2.0 * (n - 1)))
    for quantity, estimate, se in (
        ("bias", bias, sd / math.sqrt(n)),
        ("lower_limit", bias - z * sd, limit_se),
        ("upper_limit", bias + z * sd, limit_se),
    ):
        row: Row = {"quantity": quantity, "estimate": estimate, "se": se}
        rows.append(row | {"low": estimate - t * se, "high": estimate + t * se})
    rows[0]["p"] = student_p(bias / (sd / math.sqrt(n)), n - 1) if sd > 0.0 else math.nan
    rows.insert(1, {"quantity": "sd", "estimate": sd})
    return rows


def _slope(
    difference: "NDArray[np.float64]",
    middle: "NDArray[np.float64]",
    level: float,
    notes: Notes,
) -> Row:
    x, n = middle - middle.mean(), middle.size
    below = float(x @ x)
    if below == 0.0:
        return {"quantity": "slope"}
    slope = float(x @ difference) / below
    rest = difference - difference.mean() - slope * x
    se = math.sqrt(float(rest @ rest) / (n - 2) / below)
    half = student_quantile(level, n - 2) * se
    p = student_p(slope / se, n - 2) if se > 0.0 else math.nan
    if p < TREND:
        notes.add("DIFFERENCE_TREND", f"slope {slope:.3g}, p {p:.2g}")
    row: Row = {"quantity": "slope", "estimate": slope, "se": se, "p": p}
    return row | {"low": slope - half, "high": slope + half}


def _repeated(
    difference: "NDArray[np.float64]", groups: "list[NDArray[np.bool_]]", level: float
) -> list[Row]:
    """Limits where the true value may change between pairs of one subject (2007, section 3)."""
    sizes = np.array([mask.sum() for mask in groups], dtype=np.float64)
    means = np.array([difference[mask].mean() for mask in groups])
    bias, total = float(difference.mean()), float(sizes.sum())
    between = float((sizes * (means - bias) ** 2).sum()) / (sizes.size - 1)
    left = sum(float(((difference[mask] - difference[mask].mean()) ** 2).sum()) for mask in groups)
    within = left / (total - sizes.size)
    divisor = (total**2 - float((sizes**2).sum())) / ((sizes.size - 1) * total)
    variance = max(0.0, (between - within) / divisor)
    sd, z = math.sqrt(variance + within), normal_quantile(level)
    return [
        {"quantity": "bias", "estimate": bias},
        {"quantity": "sd", "estimate": sd},
        {"quantity": "sd_between", "estimate": math.sqrt(variance)},
        {"quantity": "sd_within", "estimate": math.sqrt(within)},
        {"quantity": "lower_limit", "estimate": bias - z * sd},
        {"quantity": "upper_limit", "estimate": bias + z * sd},
    ]
