"""``quant run``: measure every study below a folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from quant.cli.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from quant.domain.record import StudyRecord
    from quant.domain.study import StudyIndex
    from quant.pipeline.batch import BatchResult
    from quant.pipeline.stopwatch import Stopwatch


PIPED_WIDTH = 150
"""Columns of text where the output is no terminal (a log, a pipe)."""


def run(
    input_folder: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT", help="Folder with DICOM, of any structure, or a ZIP archive."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    protocol: Annotated[
        str, typer.Option(help="Name of a shipped protocol, or a TOML file.")
    ] = "zhou2025",
    rois: Annotated[
        Path | None,
        typer.Option(help="Folder with region files, one folder per StudyInstanceUID."),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Measure everything anew, keep no earlier record.")
    ] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Print where the time went.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print the full trace of an unforeseen failure.")
    ] = False,
) -> None:
    """Measure every study under INPUT and write tables, records, meshes and a report to OUT.

    Studies are told apart by StudyInstanceUID. A study that cannot be measured costs that study;
    quarantine.csv says why and what to do. Run again on the same OUT to go on after an
    interruption: what is measured already is kept.
    """
    if debug:
        import logging

        logging.basicConfig(level=logging.INFO)
        logging.getLogger("quant").setLevel(logging.DEBUG)
    raise typer.Exit(measure_folder(input_folder, out, protocol, rois, restart, profile))


def measure_folder(
    input_folder: Path,
    out: Path,
    protocol: str = "zhou2025",
    rois: Path | None = None,
    restart: bool = False,
    profile: bool = False,
) -> Exit:
    """Index, measure, write and print; return the exit status."""
    from quant.pipeline.stopwatch import Stopwatch

    watch = Stopwatch()
    with watch.step("import"):
        from rich.console import Console

        from quant.dicom.files.cache import opened_cache
        from quant.dicom.index import index_tree
        from quant.errors import require_folder, require_input
        from quant.pipeline.batch import Reuse, View, run_batch
        from quant.pipeline.protocols import load_protocol

    settings = load_protocol(protocol)
    require_input(input_folder)
    if rois is not None:
        require_folder(rois, "The folder of --rois")
    console = Console()
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    with opened_cache() as cache:
        with watch.step("index files"):
            index = index_tree(input_folder, rois=rois, cache=cache)
        if _is_empty(index):
            _say_nothing_found(console, index)
            return Exit.NOTHING_TO_MEASURE
        reuse = Reuse(records=not restart, digests=cache)
        with _Bar(console) as tick:
            view = View(tick, watch)
            result = run_batch(index, out, settings, reuse=reuse, view=view)
    _show(console, result)
    if profile:
        _show_profile(console, watch)
    return Exit.SOME_FAILED if result.has_errors else Exit.OK


def _is_empty(index: "StudyIndex") -> bool:
    """Tell whether there is nothing to measure and no study that lost its files on the way."""
    from quant.domain.flags import CODES, Severity

    emission = any(study.by_modality("NM", "PT") for study in index.studies)
    lost = any(
        one.study_uid and CODES[one.code].severity is Severity.ERROR for one in index.quarantined
    )
    return not emission and not lost


def _say_nothing_found(console: "Console", index: "StudyIndex") -> None:
    console.print(
        f"Nothing to measure: {index.files_seen} files, {len(index.studies)} studies, none with an "
        "emission volume (NM or PT). Links are not followed. Look with: quant inspect INPUT",
        highlight=False,
    )
    for one in index.quarantined[:10]:
        console.print(f"  {one.code}  {one.path}  {one.message}", markup=False, highlight=False)


class _Bar:
    """A progress bar on a terminal; silence elsewhere."""

    def __init__(self, console: "Console") -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("studies"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task("measuring", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Move the bar; a study is shown by the tail of its UID."""
        self._progress.update(self._task, description=f"…{what[-12:]}", completed=done, total=total)


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


def _show(console: "Console", result: "BatchResult") -> None:
    from rich.table import Table

    from quant.domain.flags import Severity
    from quant.report.ratios import WHY_PEAK

    table = Table(show_edge=False, pad_edge=False, box=None, header_style="bold")
    table.add_column("\nstudy", no_wrap=True)
    table.add_column("\nstatus", no_wrap=True)
    for heading, _ in SHOWN:
        table.add_column(heading, justify="right", no_wrap=True)
    for record in result.records:
        cells = [_cell(record, name) for _, name in SHOWN]
        table.add_row(f"\u2026{record.study_uid[-8:]}", str(record.status), *cells)
    console.print(table, markup=False)
    if any("\n" in _cell(record, name) for record in result.records for _, name in SHOWN):
        console.print(f"{BELOW} {WHY_PEAK}", markup=False, highlight=False)
    for record in result.records:
        loud = {flag.code for flag in record.flags if flag.severity is not Severity.INFORMATION}
        if loud:
            line = f"\u2026{record.study_uid[-8:]}  {' '.join(sorted(loud))}"
            console.print(line, markup=False, highlight=False)
    counts = (
        f"{len(result.records)} studies, {result.failed} failed, {result.reused} kept from an "
        f"earlier run, {len(result.quarantine)} entries in quarantine.csv"
    )
    console.print(counts, highlight=False)
    console.print(f"report: {result.out / 'report.html'}", highlight=False, soft_wrap=True)
    console.print(f"table:  {result.out / 'studies.csv'}", highlight=False, soft_wrap=True)


def _cell(record: "StudyRecord", name: str) -> str:
    """Write a value and, below it, its interval over positions."""
    from quant.report.page import number

    interval = record.interval(name)
    text = number(record.value(name))
    if interval is None:
        return text
    return f"{text}\n{interval.low:.3g}\u2013{interval.high:.3g}"


def _show_profile(console: "Console", watch: "Stopwatch") -> None:
    from rich.table import Table

    table = Table(title="Where the time went", show_edge=False)
    for head in ("step", "wall s", "CPU s"):
        table.add_column(head, justify="left" if head == "step" else "right")
    for name, wall in watch.wall_s.items():
        table.add_row(name, f"{wall:.3f}", f"{watch.cpu_s[name]:.3f}")
    console.print(table)
