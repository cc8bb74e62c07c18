"""The data dictionary: every column of a table described, without showing a key."""

from typing import TYPE_CHECKING

from quant.cohort.data.columns import group_label

if TYPE_CHECKING:
    import pandas as pd


def data_dictionary(
    table: "pd.DataFrame", roles: dict[str, str], units: dict[str, str]
) -> "pd.DataFrame":
    """Describe every column of a table, without showing a key.

    Returns
    -------
    DataFrame
        ``column, role, type, unit, n, missing, distinct, minimum, maximum, levels, meaning``.
        ``levels`` lists categories of up to eight values; unit and meaning are known for the
        columns that ``quant run`` writes.
    """
    import pandas as pd

    known = _known_columns()
    rows = []
    for name in table.columns:
        column = table[name]
        numeric = pd.api.types.is_numeric_dtype(column.dtype)
        role = roles.get(str(name), "covariate")
        distinct = int(column.nunique(dropna=True))
        categories = role != "key" and (not numeric or distinct <= 2) and 0 < distinct <= 8
        levels = [group_label(value) for value in column.drop_duplicates().sort_values().dropna()]
        unit, meaning = known.get(str(name), ("", ""))
        spread = numeric and role != "key" and column.notna().any()
        rows.append(
            (str(name), role, "number" if numeric else "text", units.get(str(name), unit),
             int(column.notna().sum()), int(column.isna().sum()), distinct,
             float(column.min()) if spread else float("nan"),
             float(column.max()) if spread else float("nan"),
             "; ".join(levels) if categories else "", meaning)
        )  # fmt: skip
    names = ["column", "role", "type", "unit", "n", "missing", "distinct", "minimum", "maximum",
             "levels", "meaning"]  # fmt: skip
    return pd.DataFrame(rows, columns=names)


def _known_columns() -> dict[str, tuple[str, str]]:
    from quant.report.columns import LESION_COLUMNS, STUDY_COLUMNS

    return {
        column.name: (column.unit, column.description)
        for column in (*LESION_COLUMNS, *STUDY_COLUMNS)
    }
