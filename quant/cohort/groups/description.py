"""Group tables: the first table of a paper, as tidy rows with the quartile rule named."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.data.columns import Notes, as_list, group_rows, numbers, require_columns
from quant.cohort.groups.comparisons import is_numeric
from quant.cohort.groups.quartiles import SPSS, quantile, quartile_rule

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

NAMES: tuple[str, ...] = ("variable", "category", "group", "n", "missing", "mean", "sd", "median")
NAMES += ("q1", "q3", "minimum", "maximum", "count", "percent", "quartile_rule", "text")


def group_table(
    frame: "pd.DataFrame",
    *,
    variables: str | Sequence[str],
    by: str | None = None,
    rule: int = SPSS,
    counted: Sequence[str] = (),
) -> "pd.DataFrame":
    """Describe variables in all rows and in each group.

    Parameters
    ----------
    variables : str or sequence of str
        Columns. Numbers get mean, SD, median, quartiles and range; text, booleans, categories
        and what ``counted`` names get a count and percent per value.
    by : str, optional
        Column of groups; rows without a group count among all rows only.
    rule : int
        Quartile rule by R's number, 1 to 9. 6 (default) is that of SPSS, 7 that of R and numpy.
    counted : sequence of str
        Columns of numbers to be counted value by value.

    Returns
    -------
    DataFrame
        ``variable, category, group, n, missing, mean, sd, median, q1, q3, minimum, maximum, count,
        percent, quartile_rule, text``. ``n`` counts rows with a value, ``missing`` those without;
        ``percent`` is of ``n``, unrounded; SD divides by n - 1 and is missing with one value;
        ``text`` is the line for a reader. Counts of a variable and group add up to ``n``.
    """
    import pandas as pd

    names, notes = as_list(variables), Notes()
    require_columns(frame, [*names, *([by] if by else [])])
    label = quartile_rule(rule)
    groups = [("all", np.ones(len(frame), dtype=bool))]
    groups += group_rows(frame, by) if by else []
    rows: list[dict[str, object]] = []
    for name in names:
        if is_numeric(frame[name]) and name not in counted:
            values = numbers(frame, name)
            for group, mask in groups:
                row = {"variable": name, "group": group, "quartile_rule": label}
                rows.append(row | _described(values[mask], rule, notes))
        else:
            rows += _counted(frame, name, groups)
    table = pd.DataFrame(rows, columns=list(NAMES))
    whole = dict.fromkeys(("n", "missing", "count"), "Int64")
    return notes.on(table.astype(whole), by=by or "", quartile_rule=label)


def _described(values: "NDArray[np.float64]", rule: int, notes: Notes) -> dict[str, object]:
    there = values[~np.isnan(values)]
    row: dict[str, object] = {"n": there.size, "missing": values.size - there.size, "text": "n = 0"}
    if not there.size:
        notes.add("GROUP_TOO_SMALL", "a group without values")
        return row
    q1, median, q3 = quantile(there, (0.25, 0.5, 0.75), rule)
    row |= {
        "mean": float(there.mean()),
        "median": median,
        "q1": q1,
        "q3": q3,
        "minimum": float(there.min()),
        "maximum": float(there.max()),
        "text": f"{median:.4g} ({q1:.4g}, {q3:.4g}), range {there.min():.4g} to {there.max():.4g}",
    }
    if there.size > 1:
        row["sd"] = float(there.std(ddof=1))
    else:
        notes.add("GROUP_TOO_SMALL", "a standard deviation of one value")
    return row


def _counted(
    frame: "pd.DataFrame", name: str, groups: "list[tuple[str, NDArray[np.bool_]]]"
) -> list[dict[str, object]]:
    levels = group_rows(frame, name)
    known = np.zeros(len(frame), dtype=bool)
    for _, mask in levels:
        known |= mask
    rows: list[dict[str, object]] = []
    for category, level in levels:
        for group, mask in groups:
            n, count = int((mask & known).sum()), int((mask & level).sum())
            percent = 100.0 * count / n if n else float("nan")
            rows.append(
                {
                    "variable": name,
                    "category": category,
                    "group": group,
                    "n": n,
                    "missing": int(mask.sum()) - n,
                    "count": count,
                    "percent": percent,
                    "text": f"{count} of {n} ({percent:.3g} %)" if n else "0 of 0",
                }
            )
    return rows
