"""``quant run``: measure every study below a folder."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from quant.cli.exits import Exit
from quant.version import VERSION

if TYPE_CHECKING:
    from rich.console import Console

    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import StudyIndex
    from quant.pipeline.stopwatch import Stopwatch

logger = logging.getLogger(__name__)

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
        bool, typer.Option("--restart", help="Measure everything anew, use no earlier record.")
    ] = False,
    identifiers: Annotated[
        bool,
        typer.Option(
            "--identifiers",
            help="Add the patient's name and identifier to the tables of studies and lesions "
            "(patient_name, patient_id). Without it no file holds them.",
        ),
    ] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Print where the time went.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Log everything, with the places of failures.")
    ] = False,
) -> None:
    """Measure every study under INPUT and write tables, records, meshes and a report to OUT.

    Studies are told apart by StudyInstanceUID. A study that cannot be measured costs that study;
    quarantine.csv says why and what to do. Run again on the same OUT to go on after an
    interruption: what is measured already is kept. What happened is in OUT/run.log.jsonl.
    """
    wishes = Wishes(
        rois=rois, restart=restart, identifiers=identifiers, profile=profile, debug=debug
    )
    raise typer.Exit(measure_folder(input_folder, out, protocol, wishes))


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the options of ``quant run`` ask for, beside input, output and protocol."""

    rois: Path | None = None
    restart: bool = False
    identifiers: bool = False
    profile: bool = False
    debug: bool = False


PLAIN = Wishes()


def measure_folder(
    input_folder: Path, out: Path, protocol: str = "zhou2025", wishes: Wishes = PLAIN
) -> Exit:
    """Index, measure, write and print; return the exit status.

    The first Ctrl-C or SIGTERM ends the run in order, the second at once.
    """
    from quant.cli.signals import ends_in_order

    try:
        with ends_in_order():
            return _measure_folder(input_folder, out, protocol, wishes)
    except KeyboardInterrupt as signal:
        name = f" by {signal.args[0]}" if signal.args else ""
        typer.echo(f"quant: interrupted{name}. {RESUME}", err=True)
        return Exit.INTERRUPTED


RESUME = "What is measured is kept; the same command goes on from there."


def _measure_folder(input_folder: Path, out: Path, protocol: str, wishes: Wishes) -> Exit:
    """Check what was asked for and take the lock, before anything is loaded that takes long."""
    from quant.cli.logs import logging_to_file, logging_to_screen
    from quant.errors import require_folder, require_input
    from quant.pipeline.folder import opened_folder
    from quant.pipeline.protocols import load_protocol

    settings = load_protocol(protocol)
    require_input(input_folder)
    if wishes.rois is not None:
        require_folder(wishes.rois, "The folder of --rois")
    with (
        logging_to_screen(debug=wishes.debug),
        opened_folder(out) as place,
        logging_to_file(place, debug=wishes.debug),
    ):
        try:
            return _measure(input_folder, place, settings, wishes)
        except BaseException as error:
            logger.info("the run ended early: %s", type(error).__name__)
            raise


def _measure(input_folder: Path, place: Path, settings: "StudyProtocol", wishes: Wishes) -> Exit:
    from quant.pipeline.stopwatch import Stopwatch

    watch = Stopwatch()
    with watch.step("import"):
        from rich.console import Console

        from quant.dicom.files.cache import opened_cache
        from quant.dicom.index import index_tree
        from quant.pipeline.batch import How, Reuse, View, run_in
        from quant.pipeline.protocols import protocol_hash
        from quant.pipeline.work import InProcess

    logger.info(
        "the run begins", extra={
            "version": VERSION, "protocol": settings.name, "protocol_hash": protocol_hash(settings)
        },
    )  # fmt: skip
    console = Console()
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    with opened_cache() as cache:
        with watch.step("index files"):
            index = index_tree(input_folder, rois=wishes.rois, cache=cache)
        logger.info(
            "the input is indexed",
            extra={"studies": len(index.studies), "files": index.files_seen},
        )
        if _is_empty(index):
            _say_nothing_found(console, index)
            return Exit.NOTHING_TO_MEASURE
        reuse = Reuse(records=not wishes.restart, digests=cache)
        with _Bar(console) as tick:
            how = How(reuse, InProcess(), View(tick, watch), wishes.identifiers)
            result = run_in(place, index, settings, how)
    logger.info(
        "the run ends: %d studies, %d failed, %d kept from an earlier run",
        len(result.entries), result.failed, result.reused, extra={"digest": result.digest},
    )  # fmt: skip
    from quant.cli.run_screen import show

    show(console, result)
    if wishes.profile:
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


def _show_profile(console: "Console", watch: "Stopwatch") -> None:
    from rich.table import Table

    table = Table(title="Where the time went", show_edge=False)
    for head in ("step", "wall s", "CPU s"):
        table.add_column(head, justify="left" if head == "step" else "right")
    for name, wall in watch.wall_s.items():
        table.add_row(name, f"{wall:.3f}", f"{watch.cpu_s[name]:.3f}")
    console.print(table)
