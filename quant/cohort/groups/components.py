"""Principal components by singular values, in R's convention.

Standard deviations divide by n - 1. Of each component the loading of largest size is positive, so
signs do not depend on the library.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.data.columns import Notes, complete_rows, numbers
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SIGN_TIES = 1e-9
"""Loadings this close in size count as equal: then the first of them is made positive."""


def pca(frame: "pd.DataFrame", *, columns: Sequence[str], scale: bool = True) -> "pd.DataFrame":
    """Find the principal components of columns.

    Parameters
    ----------
    columns : sequence of str
        Columns of numbers, at least two; rows with a missing cell are left out and noted.
    scale : bool
        Divide each column by its standard deviation (n - 1), as comparing unlike units needs.

    Returns
    -------
    DataFrame
        Tidy: ``component, item, row, value``; items ``sdev``, ``explained_ratio``,
        ``cumulative_ratio``, ``loading:NAME`` and ``score`` (``row`` counts the frame's rows from
        1). ``attrs`` hold centre and scale. Constant columns are left out with CONSTANT_COLUMN.

    Raises
    ------
    UsageError
        USAGE, with fewer than two columns.
    """
    import pandas as pd

    if len(columns) < 2:
        raise UsageError(
            "USAGE",
            "Principal components need at least two columns.",
            found=", ".join(columns),
        )
    notes = Notes()
    data = np.column_stack([numbers(frame, name) for name in columns])
    kept = complete_rows(frame, columns, notes)
    data, names = _varying(data[kept], list(columns), notes)
    answer = ["component", "item", "row", "value"]
    if data.shape[0] < 2 or data.shape[1] < 2:
        notes.add("GROUP_TOO_SMALL", f"{data.shape[0]} rows, {data.shape[1]} varying columns")
        return notes.on(pd.DataFrame(columns=answer), scaled=scale)
    centre = data.mean(axis=0)
    spread = data.std(axis=0, ddof=1) if scale else np.ones(len(names))
    parts = components((data - centre) / spread)
    if (parts[0] <= 1e-10 * parts[0][0]).any():
        notes.add("RANK_DEFICIENT")
    table = pd.DataFrame(_rows(parts, names, np.flatnonzero(kept) + 1), columns=answer)
    return notes.on(
        table.astype({"row": "Int64"}),
        method="singular values, n - 1",
        scaled=scale,
        n=int(data.shape[0]),
        centre=dict(zip(names, centre.tolist(), strict=True)),
        scale=dict(zip(names, spread.tolist(), strict=True)),
    )


def _varying(
    data: "NDArray[np.float64]", names: list[str], notes: Notes
) -> "tuple[NDArray[np.float64], list[str]]":
    if not data.shape[0]:
        return data, names
    varies = data.max(axis=0) > data.min(axis=0)
    for name, there in zip(names, varies, strict=True):
        if not there:
            notes.add("CONSTANT_COLUMN", name)
    return data[:, varies], [n for n, there in zip(names, varies, strict=True) if there]


Parts = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"]
"""Standard deviations (c,), loadings (columns, c), scores (n, c)."""


def components(centred: "NDArray[np.float64]") -> Parts:
    """Decompose centred data (n, columns) with n of at least 2."""
    left, singular, right = np.linalg.svd(centred, full_matrices=False)
    sizes = np.abs(right)
    largest = (sizes >= sizes.max(axis=1, keepdims=True) * (1.0 - SIGN_TIES)).argmax(axis=1)
    signs = np.where(right[np.arange(right.shape[0]), largest] < 0.0, -1.0, 1.0)
    return (
        singular / np.sqrt(centred.shape[0] - 1.0),
        (right * signs[:, None]).T,
        left * singular * signs,
    )


def _rows(
    parts: Parts, names: list[str], places: "NDArray[np.int64]"
) -> list[tuple[int, str, int | None, float]]:
    sdev, loadings, scores = parts
    ratio = sdev**2 / (sdev**2).sum()
    rows: list[tuple[int, str, int | None, float]] = []
    for index in range(sdev.size):
        number = index + 1
        rows.append((number, "sdev", None, float(sdev[index])))
        rows.append((number, "explained_ratio", None, float(ratio[index])))
        rows.append((number, "cumulative_ratio", None, float(ratio[:number].sum())))
        rows += [
            (number, f"loading:{name}", None, float(loadings[column, index]))
            for column, name in enumerate(names)
        ]
        rows += [
            (number, "score", int(place), float(scores[row, index]))
            for row, place in enumerate(places)
        ]
    return rows
