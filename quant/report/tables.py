"""Tables as CSV and Parquet, derived from records."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from quant.domain.record import LESION_ROLES, RegionSummary, StudyRecord
from quant.domain.text import inert, plain
from quant.report.columns import (
    LESION_COLUMNS,
    LONG_COLUMNS,
    STUDY_COLUMNS,
    Cell,
    Column,
    ColumnType,
)
from quant.report.writing import write_bytes, write_text

if TYPE_CHECKING:
    import pyarrow as pa

    from quant.domain.study import QuarantineEntry

People = Mapping[str, tuple[str, str]]
"""A patient's name and identifier by study UID: only where they were asked for."""

NOBODY: People = {}

STUDIES_AT_ONCE = 1000
"""Rows of so many studies make one row group of ``measurements.parquet``."""


def write_tables(records: Iterable[StudyRecord], out: Path, people: People = NOBODY) -> None:
    """Write ``studies``, ``lesions`` (CSV and Parquet) and ``measurements.parquet``.

    Parameters
    ----------
    records : iterable of StudyRecord
        Gone through once. Studies and lesions are sorted by UID; measurements stand in the order
        of the records.
    out : Path
        The output folder.
    people : dict of str to (str, str), optional
        Adds the columns ``patient_name`` and ``patient_id`` to the tables of studies and lesions.
    """
    wide = (*STUDY_COLUMNS, *_personal(people)), (*LESION_COLUMNS, *_personal(people))
    studies: list[tuple[tuple[str, str], tuple[Cell, ...]]] = []
    lesions: list[tuple[tuple[str, str], tuple[Cell, ...]]] = []

    def long_rows() -> Iterator[list[tuple[Cell, ...]]]:
        rows: list[tuple[Cell, ...]] = []
        for count, record in enumerate(records, start=1):
            key = record.study_uid, record.series_uid
            studies.append((key, _row(wide[0], record, None)))
            lesions.extend(
                (key, _row(wide[1], record, region))
                for region in record.regions
                if region.role in LESION_ROLES
            )
            rows.extend(_long_rows(record))
            if count % STUDIES_AT_ONCE == 0:
                yield rows
                rows = []
        yield rows

    write_row_groups(out / "measurements.parquet", LONG_COLUMNS, long_rows())
    for name, columns, keyed in (("studies", wide[0], studies), ("lesions", wide[1], lesions)):
        rows = [row for _, row in sorted(keyed, key=lambda one: one[0])]
        write_text(out / f"{name}.csv", as_csv([c.name for c in columns], rows))
        kinds = [(c.name, c.unit, c.type, c.description) for c in columns]
        write_parquet(out / f"{name}.parquet", kinds, rows)


def _personal(people: People) -> tuple[Column, ...]:
    """Return the columns of who the patient is; none unless they were asked for."""
    if not people:
        return ()

    def read(place: int) -> Callable[[StudyRecord, RegionSummary | None], Cell]:
        return lambda record, _: plain(people.get(record.study_uid, ("", ""))[place])

    return (
        Column("patient_name", "", ColumnType.TEXT, "PatientName, asked for", read(0)),
        Column("patient_id", "", ColumnType.TEXT, "PatientID, asked for", read(1)),
    )


def write_quarantine(entries: "Iterable[QuarantineEntry]", out: Path) -> None:
    """Write ``quarantine.csv``: what was not measured, its code, and what to do."""
    from quant.domain.flags import CODES

    rows = sorted(
        (one.path, one.study_uid, one.code, str(CODES[one.code].severity), one.message,
         CODES[one.code].action)
        for one in entries
    )  # fmt: skip
    header = ["path", "study_uid", "code", "severity", "message", "what_to_do"]
    write_text(out / "quarantine.csv", as_csv(header, rows))


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as CSV text; text cells cannot run as formulas in a spreadsheet."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return stream.getvalue()


def _safe(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return repr(cell)
    if isinstance(cell, int):
        return str(cell)
    return inert(cell)


def _row(
    columns: Sequence[Column], record: StudyRecord, region: RegionSummary | None
) -> tuple[Cell, ...]:
    return tuple(column.read(record, region) for column in columns)


def _long_rows(record: StudyRecord) -> list[tuple[Cell, ...]]:
    version = record.versions.get("spectct-quant", "")
    rows: list[tuple[Cell, ...]] = []
    for one in record.measurements:
        interval = one.interval
        ends: tuple[Cell, ...] = (None,) * 4
        if interval is not None:
            ends = (interval.low, interval.median, interval.high, interval.covers)
        codes = ";".join(sorted({flag.code for flag in one.flags}))
        rows.append(
            (record.study_uid, record.series_uid, one.roi, one.name, one.value, one.unit,
             one.method, *ends, codes, version, record.protocol_name)
        )  # fmt: skip
    return rows


def write_parquet(
    path: Path,
    columns: Sequence[tuple[str, str, ColumnType, str]],
    rows: Sequence[tuple[Cell, ...]],
) -> None:
    """Write rows as Parquet, each column with its unit and description.

    Parameters
    ----------
    path : Path
    columns : sequence of (name, unit, type, description)
    rows : sequence of tuple
        Cells in the order of ``columns``; None where there is no value.
    """
    write_row_groups(path, columns, [rows])


def write_row_groups(
    path: Path,
    columns: Sequence[tuple[str, str, ColumnType, str]],
    groups: Iterable[Sequence[tuple[Cell, ...]]],
) -> None:
    """Write rows as :func:`write_parquet` does, group by group: rows need not be there at once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        ColumnType.TEXT: pa.string(),
        ColumnType.INTEGER: pa.int64(),
        ColumnType.NUMBER: pa.float64(),
    }
    fields = [
        pa.field(name, types[kind], metadata={"unit": unit, "description": description})
        for name, unit, kind, description in columns
    ]
    schema, sink = pa.schema(fields), io.BytesIO()
    with pq.ParquetWriter(sink, schema) as writer:
        for rows in groups:
            arrays = [_array([row[i] for row in rows], field) for i, field in enumerate(fields)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    write_bytes(path, sink.getvalue())


def _array(cells: "Sequence[Cell]", field: "pa.Field") -> "pa.Array":
    """Build a column from its buffers: ``pyarrow.array`` would import pandas first."""
    import numpy as np
    import pyarrow as pa

    there = np.array([cell is not None for cell in cells], dtype=np.uint8)
    validity = pa.py_buffer(np.packbits(there, bitorder="little").tobytes())
    if field.type == pa.string():
        texts = [b"" if cell is None else inert(str(cell)).encode() for cell in cells]
        offsets = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        buffers = [validity, pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(texts))]
    else:
        kind = np.int64 if field.type == pa.int64() else np.float64
        numbers = np.array([0 if cell is None else cell for cell in cells], dtype=kind)
        buffers = [validity, pa.py_buffer(numbers.tobytes())]
    return pa.Array.from_buffers(field.type, len(cells), buffers)
