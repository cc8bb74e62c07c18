"""Covariates of a table as the columns of a model: numbers as they are, categories as dummies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.data.columns import decimal_commas, group_label, numbers, require_columns
from quant.domain.text import plain
from quant.errors import CohortError, UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from quant.cohort.data.columns import Notes

REDUNDANT = 1e-6
"""A column with no more than this part of its spread left, beside those before, is redundant."""


@dataclass(frozen=True, slots=True)
class Design:
    """Columns of a model.

    Attributes
    ----------
    names : tuple of str
        One name per column: the covariate, or covariate and level of a category (``gradeII``).
    terms : tuple of str
        The covariate that each column belongs to.
    levels : tuple of str
        The level that each column stands for; empty for numbers.
    x : (n, p) float64
        Values as in the table.
    """

    names: tuple[str, ...]
    terms: tuple[str, ...]
    levels: tuple[str, ...]
    x: "NDArray[np.float64]"

    def columns_of(self, terms: Sequence[str]) -> list[int]:
        """Return the indices of the columns of some covariates, in the order of ``terms``."""
        return [at for term in terms for at, own in enumerate(self.terms) if own == term]

    def only(self, columns: Sequence[int]) -> "Design":
        """Return the design of some columns."""
        return Design(
            tuple(self.names[at] for at in columns),
            tuple(self.terms[at] for at in columns),
            tuple(self.levels[at] for at in columns),
            self.x[:, list(columns)],
        )


def require_covariates(covariates: Sequence[str], time: str, event: str) -> list[str]:
    """Return the covariates as a list; refuse an empty one, repeats, and the outcome itself."""
    names = [covariates] if isinstance(covariates, str) else list(covariates)
    wrong = [name for name in names if names.count(name) > 1 or name in {time, event}]
    if not names or wrong:
        raise UsageError(
            "USAGE",
            "These covariates make no model.",
            found=", ".join(wrong) or "none",
            needed="one or more columns, each once, other than time and event",
            next_step="name the covariates",
        )
    return names


def build_design(frame: "pd.DataFrame", covariates: Sequence[str], notes: "Notes") -> Design:
    """Read the covariates of complete rows.

    A column of text or of pandas' categorical type becomes one 0/1 column for every level but the
    first (note CATEGORICAL, which names the first as the reference).

    Raises
    ------
    CohortError
        COLUMN_NOT_NUMERIC, when numbers and text are mixed, or decimals have commas.
    """
    names: list[str] = []
    terms: list[str] = []
    levels: list[str] = []
    parts: list[NDArray[np.float64]] = []
    for covariate in covariates:
        require_columns(frame, [covariate])
        categories = _categories(frame, covariate)
        if categories is None:
            names.append(covariate)
            terms.append(covariate)
            levels.append("")
            parts.append(numbers(frame, covariate))
            continue
        labels, codes = categories
        if len(labels) > 1:
            notes.add("CATEGORICAL", f"{covariate}: reference {labels[0]}, {len(labels)} levels")
        for code, label in enumerate(labels[1:] or labels, start=1):
            names.append(f"{covariate}{label}")
            terms.append(covariate)
            levels.append(label)
            parts.append((codes == code).astype(np.float64))
    x = np.column_stack(parts) if parts else np.zeros((len(frame), 0))
    return Design(tuple(names), tuple(terms), tuple(levels), x)


def _categories(frame: "pd.DataFrame", name: str) -> "tuple[list[str], NDArray[np.int64]] | None":
    """Return labels in order and the code of each row, or None for a column of numbers."""
    import pandas as pd

    column = frame[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        kept = column.cat.remove_unused_categories()
        labels = [group_label(value) for value in kept.cat.categories]
        return labels, kept.cat.codes.to_numpy().astype(np.int64)
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return None
    readable = pd.to_numeric(column, errors="coerce").notna().to_numpy(dtype=bool)
    if readable.all():
        return None
    if readable.any():
        raise CohortError(
            "COLUMN_NOT_NUMERIC",
            f"Column {plain(name)} mixes numbers and text.",
            found=f"{int(readable.sum())} numbers, {int((~readable).sum())} texts",
            needed="numbers, or the names of categories",
            next_step="correct the cells, or make the column categorical (--category)",
        )
    if decimal_commas(column):
        raise CohortError(
            "COLUMN_NOT_NUMERIC",
            f"Column {plain(name)} holds numbers with a decimal comma.",
            found=f"{len(column)} texts",
            needed="numbers, or the names of categories",
            next_step="write decimals with a point",
        )
    texts = column.astype(str).str.strip()
    ordered = sorted(set(texts))
    place = {text: code for code, text in enumerate(ordered)}
    return [plain(text) for text in ordered], texts.map(place).to_numpy().astype(np.int64)


@dataclass(frozen=True, slots=True)
class Scaled:
    """Columns centred and scaled for estimation; which take part, and why others do not.

    Attributes
    ----------
    x : (n, q) float64
        Columns that take part, mean 0 and standard deviation 1.
    kept : (q,) int64
        Their indices in the design.
    scale : (q,) float64
        Their standard deviations (denominator n).
    reasons : tuple of str
        For each column of the design the code why it has no estimate, or nothing.
    """

    x: "NDArray[np.float64]"
    kept: "NDArray[np.int64]"
    scale: "NDArray[np.float64]"
    reasons: tuple[str, ...]


def scaled(design: Design, at_risk: "NDArray[np.bool_]", notes: "Notes") -> Scaled:
    """Standardise columns; leave out those that are constant or depend on those before.

    Parameters
    ----------
    design : Design
        All columns.
    at_risk : (n,) bool
        Rows in the risk set of an event: others carry no information.
    notes : Notes
        Receives CONSTANT_COVARIATE and COLLINEAR.
    """
    reasons = [""] * len(design.names)
    kept: list[int] = []
    columns: list[NDArray[np.float64]] = []
    spread: list[float] = []
    basis: list[NDArray[np.float64]] = []
    for at, name in enumerate(design.names):
        values = design.x[at_risk, at]
        centre = float(values.mean()) if values.size else 0.0
        size = float(values.std()) if values.size else 0.0
        if not size > 1e-13 * max(abs(centre), 1e-300):
            reasons[at] = "CONSTANT_COVARIATE"
        else:
            left = (values - centre) / size
            unit = left / np.linalg.norm(left)
            for vector in (*basis, *basis):
                unit = unit - vector * float(vector @ unit)
            length = float(np.linalg.norm(unit))
            if length < REDUNDANT:
                reasons[at] = "COLLINEAR"
            else:
                basis.append(unit / length)
                kept.append(at)
                spread.append(size)
                columns.append((design.x[:, at] - centre) / size)
        if reasons[at]:
            notes.add(reasons[at], name)
    x = np.column_stack(columns) if columns else np.zeros((design.x.shape[0], 0))
    return Scaled(x, np.array(kept, dtype=np.int64), np.array(spread), tuple(reasons))
