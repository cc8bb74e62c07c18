"""What ``quant run`` shows when it has ended."""

from typing import TYPE_CHECKING

from quant.domain.text import counted

if TYPE_CHECKING:
    from rich.console import Console

    from quant.domain.record import StudyRecord
    from quant.pipeline.batch import BatchResult

SHOWN = (
    ("Tmax/\nLmax", "tmax_lmax"),
    ("Tpeak/\nLmean", "tpeak_lmean"),
    ("Tmean/\nLmean", "tmean_lmean"),
    ("Tmean/\nMmean", "tmean_mmean"),
    ("volume\nml", "tumour_volume_ml"),
    ("asphe-\nricity", "asphericity"),
)
"""Columns of the table on screen: heading and column name; below a ratio stands its interval."""

BELOW = "Below a ratio: its interval over other admissible positions of the reference sphere."

MOST_SHOWN = 40
"""Of more studies the screen shows the counts only; the tables hold them all."""


def show(console: "Console", result: "BatchResult") -> None:
    """Print a table of the studies, or of a large batch the counts, and where the results lie."""
    if len(result.entries) <= MOST_SHOWN:
        _show_studies(console, result.records)
    else:
        counts = ", ".join(f"{count} {status}" for status, count in sorted(result.statuses.items()))
        console.print(f"{len(result.entries)} studies: {counts}", highlight=False)
    if result.reused == len(result.entries) and not result.derived:
        console.print("nothing to do: everything is measured, and the tables are there")
    studies = counted(len(result.entries), "study", "studies")
    refused = counted(result.refused, "entry", "entries")
    counts = (
        f"{studies}, {result.failed} failed, {result.reused} kept from an earlier run, "
        f"{refused} in quarantine.csv"
    )
    console.print(counts, highlight=False)
    console.print(f"report: {result.out / 'report.html'}", highlight=False, soft_wrap=True)
    console.print(f"table:  {result.out / 'studies.csv'}", highlight=False, soft_wrap=True)


def _show_studies(console: "Console", records: "tuple[StudyRecord, ...]") -> None:
    from rich.table import Table

    from quant.domain.flags import Severity
    from quant.report.ratios import WHY_PEAK

    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column("\nstudy", no_wrap=True)
    table.add_column("\nstatus", no_wrap=True)
    for heading, _ in SHOWN:
        table.add_column(heading, justify="right", no_wrap=True)
    for record in records:
        cells = [_cell(record, name) for _, name in SHOWN]
        table.add_row(f"\u2026{record.study_uid[-8:]}", str(record.status), *cells)
    console.print(table, markup=False)
    if any("\n" in _cell(record, name) for record in records for _, name in SHOWN):
        console.print(f"{BELOW} {WHY_PEAK}", markup=False, highlight=False)
    for record in records:
        loud = {flag.code for flag in record.flags if flag.severity is not Severity.INFORMATION}
        if loud:
            line = f"\u2026{record.study_uid[-8:]}  {' '.join(sorted(loud))}"
            console.print(line, markup=False, highlight=False)


def _cell(record: "StudyRecord", name: str) -> str:
    """Write a value and, below it, its interval over positions."""
    from quant.report.page import number

    interval = record.interval(name)
    text = number(record.value(name))
    if interval is None:
        return text
    return f"{text}\n{interval.low:.3g}\u2013{interval.high:.3g}"
