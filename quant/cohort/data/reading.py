"""Read a table of results or outcomes from CSV or Parquet, without guessing."""

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from quant.domain.text import plain
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

MISSING = ("", "NA", "NaN", "nan", "N/A", "NULL")
"""Cells that mean that a value is missing."""

DELIMITERS = (",", ";", "\t")
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?").fullmatch
LEADING_ZERO = re.compile(r"[+-]?0[0-9]").match
LONGEST_INTEGER = 15
"""Longer digit strings are names, not numbers: float64 would not hold them."""


def read_table(path: str | Path) -> "pd.DataFrame":
    """Read a table: a ``.csv`` or ``.parquet`` file, or the output folder of ``quant run``.

    Parameters
    ----------
    path : str or Path
        A CSV file in UTF-8, split by comma, semicolon or tab; a Parquet file; or a folder that
        holds ``studies.parquet`` or ``studies.csv``.

    Returns
    -------
    DataFrame
        A CSV column becomes numeric when every cell is a number or missing and none has leading
        zeros; otherwise it stays text. A decimal comma is not read as a number.

    Raises
    ------
    UsageError
        TABLE_UNREADABLE, when there is no such file or it is no table.
    """
    place = _place(Path(path))
    if place.suffix.lower() in {".parquet", ".pq"}:
        return _read_parquet(place)
    return _read_csv(place)


def _place(path: Path) -> Path:
    if path.is_dir():
        for name in ("studies.parquet", "studies.csv"):
            if (path / name).is_file():
                return path / name
    if not path.is_file():
        raise _unreadable(path, "no such file", "a CSV or Parquet file, or a folder of quant run")
    return path


def _unreadable(path: Path, found: str, needed: str) -> UsageError:
    return UsageError(
        "TABLE_UNREADABLE",
        "A table cannot be read.",
        found=f"{plain(path.name)}: {plain(found)}",
        needed=needed,
        next_step="check the path and the format",
    )


def _read_parquet(path: Path) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, str(error).splitlines()[0], "a Parquet table") from None


def _read_csv(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _unreadable(path, "bytes that are not UTF-8", "CSV text in UTF-8") from None
    header = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    if not rows:
        raise _unreadable(path, "an empty file", "a header and rows")
    names = [plain(name) for name in rows[0]]
    if len(set(names)) < len(names) or not all(names):
        raise _unreadable(path, "a header with empty or repeated names", "one name per column")
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(names):
            found = f"row {number} has {len(row)} cells, the header {len(names)}"
            raise _unreadable(path, found, "as many cells as the header")
    columns = list(zip(*rows[1:], strict=True)) or [()] * len(names)
    return pd.DataFrame({name: _column(cells) for name, cells in zip(names, columns, strict=True)})


def _column(cells: tuple[str, ...]) -> "pd.Series":
    """Return a column of numbers where all cells are numbers, of text otherwise."""
    import numpy as np
    import pandas as pd

    stripped = [cell.strip() for cell in cells]
    known = [cell for cell in stripped if cell not in MISSING]
    if known and all(_is_number(cell) for cell in known):
        values = np.array([np.nan if cell in MISSING else float(cell) for cell in stripped])
        whole = len(known) == len(stripped) and all(cell.lstrip("+-").isdigit() for cell in known)
        return pd.Series(values.astype(np.int64) if whole else values)
    return pd.Series([None if cell in MISSING else cell for cell in stripped], dtype=object)


def _is_number(cell: str) -> bool:
    if LEADING_ZERO(cell) or (cell.isdigit() and len(cell) > LONGEST_INTEGER):
        return False
    return NUMBER(cell) is not None
