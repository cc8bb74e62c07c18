"""Intraclass correlation: how much of what readers report is due to the subjects.

References
----------
P. Shrout, J. Fleiss, Psychological Bulletin 86 (1979) 420, doi:10.1037/0033-2909.86.2.420.
K. McGraw, S. Wong, Psychological Methods 1 (1996) 30, doi:10.1037/1082-989X.1.1.30.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import require_level
from quant.cohort.data.columns import Notes, complete_rows, numbers
from quant.cohort.distributions import f_p, f_quantile
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Row = dict[str, object]
FORMS = (
    ("ICC(1,1)", "ICC(1)", "one-way random", "absolute agreement", "one reading"),
    ("ICC(2,1)", "ICC(A,1)", "two-way random", "absolute agreement", "one reading"),
    ("ICC(3,1)", "ICC(C,1)", "two-way mixed", "consistency", "one reading"),
    ("ICC(1,k)", "ICC(k)", "one-way random", "absolute agreement", "mean of k readings"),
    ("ICC(2,k)", "ICC(A,k)", "two-way random", "absolute agreement", "mean of k readings"),
    ("ICC(3,k)", "ICC(C,k)", "two-way mixed", "consistency", "mean of k readings"),
)
"""Shrout and Fleiss' name, McGraw and Wong's name, model, definition, what is rated."""


@dataclass(frozen=True, slots=True)
class Squares:
    """Mean squares of n subjects by k readings."""

    n: int
    k: int
    subjects: float
    readers: float
    rest: float
    within: float


def icc(frame: "pd.DataFrame", *, readings: Sequence[str], level: float = 0.95) -> "pd.DataFrame":
    """Estimate all six intraclass correlations of a table of readings.

    Parameters
    ----------
    readings : sequence of str
        Columns, one per reader or repetition; one row per subject. Rows with a missing cell are
        left out and noted.
    level : float
        Coverage of the intervals (McGraw and Wong, by F distributions).

    Returns
    -------
    DataFrame
        ``form, name, model, definition, unit, icc, low, high, f, df_above, df_below, p, n, k,
        flags``; p tests that the coefficient is 0. Which form answers the question is the
        reader's choice: absolute agreement when the reading itself is used, consistency when
        only its order among subjects is.

    Raises
    ------
    UsageError
        USAGE, with fewer than two columns.
    """
    import pandas as pd

    require_level(level)
    if len(readings) < 2:
        raise UsageError("USAGE", "Agreement needs two columns.", found=", ".join(readings))
    notes = Notes()
    data = np.column_stack([numbers(frame, name) for name in readings])
    kept = complete_rows(frame, readings, notes)
    squares = mean_squares(data[kept]) if kept.sum() > 1 else None
    if squares is None:
        notes.add("GROUP_TOO_SMALL", f"{int(kept.sum())} subjects")
    rows = [_row(form, squares, level, notes) for form in FORMS]
    names = ["form", "name", "model", "definition", "unit", "icc", "low", "high", "f"]
    table = pd.DataFrame(rows, columns=[*names, "df_above", "df_below", "p"])
    table["n"], table["k"] = int(kept.sum()), len(readings)
    table["flags"] = ";".join(notes.codes)
    return notes.on(table, level=level)


def mean_squares(data: "NDArray[np.float64]") -> Squares:
    """Analysis of variance of (n, k) readings, n and k at least 2."""
    n, k = data.shape
    grand, rows, columns = data.mean(), data.mean(axis=1), data.mean(axis=0)
    residual = data - rows[:, None] - columns[None, :] + grand
    rest = float((residual**2).sum())
    readers = float(n * ((columns - grand) ** 2).sum())
    noise = (1e-14 * float(np.abs(data).max())) ** 2 * data.size
    rest, readers = (0.0 if value <= noise else value for value in (rest, readers))
    subjects = float(k * ((rows - grand) ** 2).sum())
    return Squares(
        n,
        k,
        (0.0 if subjects <= noise else subjects) / (n - 1),
        readers / (k - 1),
        rest / ((n - 1) * (k - 1)),
        (rest + readers) / (n * (k - 1)),
    )


def _row(
    form: tuple[str, str, str, str, str], squares: Squares | None, level: float, notes: Notes
) -> Row:
    row: Row = dict(zip(("form", "name", "model", "definition", "unit"), form, strict=True))
    if squares is None:
        return row | {"icc": math.nan}
    error = squares.within if form[0].startswith("ICC(1") else squares.rest
    single = math.nan if squares.subjects == error == 0.0 else _single(form[0], squares)
    if math.isnan(single):
        notes.add("NO_VARIANCE", form[0])
        return row | {"icc": math.nan}
    mean = form[0].endswith("k)")
    estimate = stepped_up(single, squares.k) if mean else single
    if estimate < 0.0:
        notes.add("NEGATIVE_ICC", form[0])
    if error == 0.0:
        notes.add("PERFECT_AGREEMENT", "readings differ by a constant at most")
        return row | {"icc": estimate}
    df = (squares.n - 1, _df_below(form[0], squares))
    f = squares.subjects / error
    limits = _limits(form[0], single, squares, (1.0 + level) / 2.0)
    low, high = (stepped_up(value, squares.k) if mean else value for value in limits)
    values = {"icc": estimate, "low": low, "high": high, "f": f, "p": f_p(f, *df)}
    return row | values | {"df_above": df[0], "df_below": df[1]}


def stepped_up(single: float, k: int) -> float:
    """Step up from one reading to the mean of k (Spearman and Brown); NaN at its pole."""
    below = 1.0 + (k - 1) * single
    return k * single / below if below > 1e-12 else math.nan


def _df_below(form: str, squares: Squares) -> int:
    if form.startswith("ICC(1"):
        return squares.n * (squares.k - 1)
    return (squares.n - 1) * (squares.k - 1)


def _single(form: str, s: Squares) -> float:
    if form.startswith("ICC(1"):
        return (s.subjects - s.within) / (s.subjects + (s.k - 1) * s.within)
    spread = s.k / s.n * (s.readers - s.rest) if form.startswith("ICC(2") else 0.0
    below = s.subjects + (s.k - 1) * s.rest + spread
    return (s.subjects - s.rest) / below if below > 1e-12 * s.rest else math.nan


def _limits(form: str, single: float, s: Squares, share: float) -> tuple[float, float]:
    if form.startswith("ICC(2"):
        return _absolute_limits(single, s, share)
    below, error = _df_below(form, s), s.within if form.startswith("ICC(1") else s.rest
    f = s.subjects / error
    low = f / f_quantile(share, s.n - 1, below)
    high = f * f_quantile(share, below, s.n - 1)
    return (low - 1.0) / (low + s.k - 1.0), (high - 1.0) / (high + s.k - 1.0)


def _absolute_limits(single: float, s: Squares, share: float) -> tuple[float, float]:
    if single >= 1.0:
        return math.nan, math.nan
    a = s.k * single / (s.n * (1.0 - single))
    b = 1.0 + s.k * single * (s.n - 1) / (s.n * (1.0 - single))
    parts = (a * s.readers) ** 2 / (s.k - 1) + (b * s.rest) ** 2 / ((s.n - 1) * (s.k - 1))
    df = (a * s.readers + b * s.rest) ** 2 / parts if parts > 0.0 else math.nan
    if not df > 0.0:
        return math.nan, math.nan
    mixed = s.k * s.readers + (s.k * s.n - s.k - s.n) * s.rest
    f_low, f_high = f_quantile(share, s.n - 1, df), f_quantile(share, df, s.n - 1)
    return (
        s.n * (s.subjects - f_low * s.rest) / (f_low * mixed + s.n * s.subjects),
        s.n * (f_high * s.subjects - s.rest) / (mixed + s.n * f_high * s.subjects),
    )
