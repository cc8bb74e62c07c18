"""Join outcomes to results: who had which event when, refused row by row where in doubt."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.data.columns import blank_cells, group_label, parse_events, require_columns
from quant.cohort.data.dictionary import data_dictionary
from quant.domain.flags import CODES
from quant.domain.text import plain
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

DAYS_PER = {"days": 1.0, "months": 365.25 / 12.0, "years": 365.25}
"""Units of time, and their length in days."""

UNIT_ENDING = re.compile(r"(?:^|[^a-z])(day|month|year)s?\W*$", re.IGNORECASE).search
KEYS = ("subject_key", "study_uid")
"""Columns that tell whose a row is, in the order in which they are looked for."""

REFUSED = ["table", "row", "key", "column", "code", "sentence", "what_to_do"]
Refusal = tuple[str, int, str, str, str]


@dataclass(frozen=True, slots=True)
class Joined:
    """Results and outcomes in one table, and what did not get there.

    Attributes
    ----------
    table : DataFrame
        One row per key that is right in both tables: columns of the results, then those of the
        outcomes; ``attrs`` holds key, time, event and unit.
    refused : DataFrame
        ``table, row, key, column, code, sentence, what_to_do``: every reason why a row of either
        table takes no part. Rows count from 1 below the header.
    dictionary : DataFrame
        The data dictionary: one row per column of ``table``.
    """

    table: "pd.DataFrame"
    refused: "pd.DataFrame"
    dictionary: "pd.DataFrame"


def join_outcomes(  # noqa: PLR0913 - two tables and how they fit
    results: "pd.DataFrame",
    outcomes: "pd.DataFrame",
    *,
    time: str,
    event: str,
    unit: str,
    key: str | None = None,
    outcome_key: str | None = None,
) -> Joined:
    """Join a table of results and a table of outcomes by subject or study.

    Parameters
    ----------
    results : DataFrame
        One row per subject or study, as ``quant run`` writes it or any other.
    outcomes : DataFrame
        One row per subject or study with time, event and covariates.
    time, event : str
        Columns of the outcomes: time from 0 on; event 0, 1, true, false.
    unit : {'days', 'months', 'years'}
        Unit of the time; nothing is converted, every output names it. A column whose name ends
        with another unit is refused.
    key : str, optional
        The column to join by; ``subject_key`` or else ``study_uid`` when both tables have it.
    outcome_key : str, optional
        Its name in the outcomes, if another.

    Returns
    -------
    Joined
        Nothing is dropped in silence: a row that takes no part stands in ``refused``.

    Raises
    ------
    UsageError
        When a column is missing, or the unit is not one of the three or not that of the name.

    Notes
    -----
    Refused are rows without a key, all rows of a key that stands twice, times that are missing,
    unreadable or negative, events that are missing or none of 0, 1, true, false; and rows without
    a partner (OUTCOME_UNMATCHED). A result column that the outcomes have too is renamed with the
    ending ``_results``.
    """
    left, right = _keys(results, outcomes, key, outcome_key)
    require_unit(time, unit)
    require_columns(outcomes, [time, event])
    seen = _key_texts(results[left]), _key_texts(outcomes[right])
    bad_left = _refuse_keys("results", left, seen[0])
    bad_right = [
        *_refuse_keys("outcomes", right, seen[1]),
        *_refuse_times(outcomes, time, seen[1]),
        *_refuse_events(outcomes, event, seen[1]),
    ]
    good = (_rows_left(seen[0], bad_left), _rows_left(seen[1], bad_right))
    lonely = [
        *_refuse_lonely("results", left, good[0], seen[1]),
        *_refuse_lonely("outcomes", right, good[1], seen[0]),
    ]
    table = _merged(results, outcomes, (left, right), good)
    table[event] = parse_events(table[event])[0].astype(np.int64)
    table[time] = table[time].astype(np.float64)
    table.attrs.update(key=left, time=time, event=event, time_unit=unit)
    refused = _refused_table([*bad_left, *bad_right, *lonely])
    roles = {left: "key", time: "time", event: "event"}
    return Joined(table, refused, data_dictionary(table, roles, {time: unit}))


def unit_in_name(time: str) -> str | None:
    """Return the unit that a column's name ends with (``efs_months``, ``OS (years)``), if any."""
    found = UNIT_ENDING(time)
    return f"{found.group(1).lower()}s" if found else None


def require_unit(time: str, unit: str) -> None:
    """Raise a UsageError for a unit that is none, or that the column's name contradicts."""
    named = unit_in_name(time)
    if unit not in DAYS_PER or (named is not None and named != unit):
        raise UsageError(
            "USAGE",
            "Unknown unit of time." if unit not in DAYS_PER
            else f"The unit of time is not that of the column's name, {plain(time)}.",
            found=str(unit),
            needed=named or ", ".join(DAYS_PER),
            next_step="say the unit, or rename the column",
        )  # fmt: skip


def _keys(
    results: "pd.DataFrame", outcomes: "pd.DataFrame", key: str | None, outcome_key: str | None
) -> tuple[str, str]:
    if key is None:
        other = [outcome_key] if outcome_key else []
        shared = [
            name for name in KEYS
            if name in results.columns and (other or name in outcomes.columns)
        ]  # fmt: skip
        if not shared:
            raise UsageError(
                "COLUMN_MISSING",
                "The two tables share no key.",
                found=f"results: {_names(results)}; outcomes: {_names(outcomes)}",
                needed=" or ".join(KEYS) + " in both tables",
                next_step="name the key column",
            )
        key = shared[0]
    require_columns(results, [key])
    require_columns(outcomes, [outcome_key or key])
    return key, outcome_key or key


def _names(frame: "pd.DataFrame") -> str:
    return ", ".join(str(name) for name in frame.columns)


def _key_texts(column: "pd.Series") -> "NDArray[np.object_]":
    """Return keys as text without blanks; missing ones are empty."""
    blank = column.isna().to_numpy(dtype=bool)
    texts = ["" if b else group_label(v).strip() for v, b in zip(column, blank, strict=True)]
    return np.array(texts, dtype=object)


def _refuse_keys(table: str, column: str, keys: "NDArray[np.object_]") -> list[Refusal]:
    values, counts = np.unique(keys.astype(str), return_counts=True)
    twice = {str(v) for v, c in zip(values, counts, strict=True) if c > 1}
    found: list[Refusal] = []
    for row, one in enumerate(keys.tolist(), start=1):
        if not one:
            found.append((table, row, "", column, "KEY_MISSING"))
        elif one in twice:
            found.append((table, row, one, column, "KEY_DUPLICATE"))
    return found


def _refuse_times(
    outcomes: "pd.DataFrame", name: str, keys: "NDArray[np.object_]"
) -> list[Refusal]:
    import pandas as pd

    column = outcomes[name]
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    missing = blank_cells(column)
    found: list[Refusal] = []
    for row, value in enumerate(values.tolist()):
        code = ""
        if missing[row]:
            code = "TIME_MISSING"
        elif not np.isfinite(value):
            code = "TIME_UNREADABLE"
        elif value < 0.0:
            code = "TIME_NEGATIVE"
        if code:
            found.append(("outcomes", row + 1, str(keys[row]), name, code))
    return found


def _refuse_events(
    outcomes: "pd.DataFrame", name: str, keys: "NDArray[np.object_]"
) -> list[Refusal]:
    values, wrong = parse_events(outcomes[name])
    return [
        ("outcomes", row + 1, str(keys[row]), name,
         "EVENT_NOT_BINARY" if wrong[row] else "EVENT_MISSING")
        for row in np.flatnonzero(np.isnan(values)).tolist()
    ]  # fmt: skip


def _rows_left(keys: "NDArray[np.object_]", refused: Sequence[Refusal]) -> dict[str, int]:
    """Return the row of each key that was not refused."""
    gone = {row - 1 for _, row, *_ in refused}
    return {str(key): row for row, key in enumerate(keys.tolist()) if row not in gone}


def _refuse_lonely(
    table: str,
    column: str,
    good: dict[str, int],
    others: "NDArray[np.object_]",
) -> list[Refusal]:
    """Name rows whose key the other table does not have at all."""
    there = set(others.tolist())
    return [
        (table, row + 1, key, column, "OUTCOME_UNMATCHED")
        for key, row in good.items()
        if key not in there
    ]


def _merged(
    results: "pd.DataFrame",
    outcomes: "pd.DataFrame",
    names: tuple[str, str],
    good: tuple[dict[str, int], dict[str, int]],
) -> "pd.DataFrame":
    import pandas as pd

    shared = sorted(set(good[0]) & set(good[1]))
    left = results.iloc[[good[0][one] for one in shared]].reset_index(drop=True)
    right = outcomes.iloc[[good[1][one] for one in shared]].reset_index(drop=True)
    right = right.drop(columns=[names[1]])
    left = left.drop(columns=[names[0]])
    left = left.rename(columns={n: f"{n}_results" for n in left.columns if n in right.columns})
    key = pd.DataFrame({names[0]: pd.Series(shared, dtype=object)})
    table = pd.concat([key, left, right], axis=1)
    table.attrs.clear()
    return table


def _refused_table(refused: Sequence[Refusal]) -> "pd.DataFrame":
    import pandas as pd

    rows = [
        (table, row, key, column, code, CODES[code].sentence, CODES[code].action)
        for table, row, key, column, code in sorted(refused)
    ]
    return pd.DataFrame(rows, columns=REFUSED)
