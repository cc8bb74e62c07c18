"""``quant run``: measure every study below a folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from quant.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from quant.domain.study import StudyIndex
    from quant.pipeline.batch import BatchResult
    from quant.pipeline.stopwatch import Stopwatch


PIPED_WIDTH = 150
"""Columns of text where the output is no terminal (a log, a pipe)."""


def run(
    input_folder: Annotated[
        Path, typer.Argument(metavar="INPUT", help="Folder with DICOM, of any structure.")
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
) -> None:
    """Measure every study under INPUT and write tables, records, meshes and a report to OUT.

    Studies are told apart by StudyInstanceUID. A study that cannot be measured costs that study;
    quarantine.csv says why and what to do. Run again on the same OUT to go on after an
    interruption: what is measured already is kept.
    """
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

        from quant.dicom.index import index_tree
        from quant.pipeline.batch import run_batch
        from quant.pipeline.protocols import load_protocol

    settings = load_protocol(protocol)
    _require_folder(input_folder, rois)
    console = Console()
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    with watch.step("index files"):
        index = index_tree(input_folder, rois=rois)
    if _is_empty(index):
        _say_nothing_found(console, index)
        return Exit.NOTHING_TO_MEASURE
    with _progress(console) as tick:
        result = run_batch(index, out, settings, restart=restart, tick=tick, watch=watch)
    _show(console, result)
    if profile:
        _show_profile(console, watch)
    return Exit.SOME_FAILED if result.has_errors else Exit.OK


def _require_folder(input_folder: Path, rois: Path | None) -> None:
    from quant.errors import UsageError

    for path, what in ((input_folder, "INPUT"), (rois, "--rois")):
        if path is not None and not path.is_dir():
            raise UsageError(
                "USAGE",
                f"{what} is not a folder.",
                found=str(path),
                needed="an existing folder",
                next_step="check the path",
            )


def _is_empty(index: "StudyIndex") -> bool:
    """Tell whether there is nothing to measure and nothing that was lost on the way."""
    from quant.domain.flags import CODES, Severity

    emission = any(study.by_modality("NM", "PT") for study in index.studies)
    lost = any(CODES[one.code].severity is Severity.ERROR for one in index.quarantined)
    return not emission and not (lost and index.studies)


def _say_nothing_found(console: "Console", index: "StudyIndex") -> None:
    console.print(
        f"Nothing to measure: {index.files_seen} files, {len(index.studies)} studies, none with an "
        "emission volume (NM or PT). Look with: quant inspect INPUT",
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


def _progress(console: "Console") -> _Bar:
    return _Bar(console)


def _show(console: "Console", result: "BatchResult") -> None:
    from rich.table import Table

    table = Table(title=None, show_edge=False, pad_edge=False)
    table.add_column("study")
    table.add_column("status")
    for head in ("Tmax/Lmax", "Tmean/Lmean", "Tmax/Mmax", "Tmean/Mmean", "ml", "asphericity"):
        table.add_column(head, justify="right")
    table.add_column("flags")
    for cells in _rows(result):
        table.add_row(*cells)
    console.print(table, markup=False)
    counts = (
        f"{len(result.records)} studies, {result.failed} failed, {result.reused} kept from an "
        f"earlier run, {len(result.quarantine)} entries in quarantine.csv"
    )
    console.print(counts, highlight=False)
    console.print(f"report: {result.out / 'report.html'}", highlight=False, soft_wrap=True)
    console.print(f"table:  {result.out / 'studies.csv'}", highlight=False, soft_wrap=True)


def _rows(result: "BatchResult") -> "Iterator[list[str]]":
    from rich.markup import escape

    from quant.domain.flags import Severity
    from quant.report.page import number

    names = (
        "tmax_lmax", "tmean_lmean", "tmax_mmax", "tmean_mmean", "tumour_volume_ml", "asphericity",
    )  # fmt: skip
    for record in result.records:
        loud = {flag.code for flag in record.flags if flag.severity is not Severity.INFORMATION}
        cells = [number(record.value(name)) for name in names]
        yield [
            f"…{record.study_uid[-12:]}",
            str(record.status),
            *cells,
            escape(" ".join(sorted(loud))),
        ]


def _show_profile(console: "Console", watch: "Stopwatch") -> None:
    from rich.table import Table

    table = Table(title="Where the time went", show_edge=False)
    for head in ("step", "wall s", "CPU s"):
        table.add_column(head, justify="left" if head == "step" else "right")
    for name, wall in watch.wall_s.items():
        table.add_row(name, f"{wall:.3f}", f"{watch.cpu_s[name]:.3f}")
    console.print(table)
