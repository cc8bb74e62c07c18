"""``quant run``: measure every study below a folder."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from quant.cli.exits import RESUME, Exit
from quant.cli.means import HERE, Engines, Means, opened, scheduler_of
from quant.version import VERSION

if TYPE_CHECKING:
    from rich.console import Console

    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import StudyIndex
    from quant.pipeline.stopwatch import Stopwatch

logger = logging.getLogger(__name__)

DAMAGED = (
    "TRUNCATED", "DICOM_UNREADABLE", "PIXELS_MISSING", "NO_PERMISSION", "ZIP_LIMIT",
    "WORKER_DIED", "TIME_LIMIT", "MEMORY_LIMIT",
)  # fmt: skip
"""Codes of files that may have been what was to be measured."""

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
    dicom: Annotated[
        bool,
        typer.Option(
            "--dicom/--no-dicom",
            help="Write segmentation.dcm and measurements.dcm of each study (needs the extra "
            "'dicom'). They carry the pseudonym of the tables; with --identifiers the patient of "
            "the images, as an archive needs it. Studies that an earlier run measured without get "
            "them with --restart.",
        ),
    ] = True,
    pictures: Annotated[
        bool,
        typer.Option(
            "--pictures/--no-pictures",
            help="Write the sheet qc.webp of each study and the copies that the report's viewer "
            "shows. Numbers are the same without them. Pictures of an earlier run stay; studies "
            "measured without are measured again when a later run wants pictures.",
        ),
    ] = True,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            metavar="N",
            help="Studies measured side by side, each in a process of its own with limits. "
            "Left out: one per core.",
        ),
    ] = None,
    memory_limit: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="MIB",
            help="Address space of each of these processes, MiB; 0 for no limit. "
            "A large CT (512 x 512 x 400) needs 2048.",
        ),
    ] = 3072,
    time_limit: Annotated[
        float,
        typer.Option(
            min=0.1,
            metavar="S",
            help="Seconds of computing that a study may take; 0.1 s per MiB of its files come on "
            "top. What takes longer is set aside with code TIME_LIMIT.",
        ),
    ] = 15.0,
    scheduler: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Measure on the workers of this Dask scheduler (tcp://host:8786) instead; they "
            "must see INPUT and OUT by the same paths. Needs the extra 'cluster'; docs/cluster.md "
            "has a recipe for SLURM.",
        ),
    ] = "",
    scheduler_file: Annotated[
        Path | None,
        typer.Option(metavar="F", help="The same, by the file that the scheduler wrote."),
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Print where the time went.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Log everything, with the places of failures.")
    ] = False,
) -> None:
    """Measure every study under INPUT and write tables, records, meshes and a report to OUT.

    Studies are told apart by StudyInstanceUID. A study that cannot be measured costs that study;
    quarantine.csv says why and what to do. Run again on the same OUT to go on after an
    interruption: what is measured already is kept. What happened is in OUT/run.log.jsonl.

    Files are read and measured in processes of their own, with limits of memory and time: a file
    that kills or hangs one costs its study, which is tried once more and then set aside
    (WORKER_DIED, TIME_LIMIT, MEMORY_LIMIT in quarantine.csv). The results are the same, bit for
    bit, whatever --jobs or --scheduler say.
    """
    cluster = scheduler_of(scheduler, scheduler_file, jobs)
    means = Means(jobs, memory_limit, time_limit, cluster, is_loud=debug)
    wishes = Wishes(rois, restart, identifiers, profile, debug, means, dicom, pictures)
    raise typer.Exit(measure_folder(input_folder, out, protocol, wishes))


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the options of ``quant run`` ask for, beside input, output and protocol."""

    rois: Path | None = None
    restart: bool = False
    identifiers: bool = False
    profile: bool = False
    debug: bool = False
    means: Means = HERE
    objects: bool = True
    pictures: bool = True


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


def _measure_folder(input_folder: Path, out: Path, protocol: str, wishes: Wishes) -> Exit:
    """Check what was asked for and take the lock, before anything is loaded that takes long."""
    from quant.cli.logs import logging_to_file, logging_to_screen
    from quant.errors import require_folder, require_input
    from quant.pipeline.folder import has_run, opened_folder
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
            with opened(wishes.means, ahead=not has_run(place)) as engines:
                return _measure(input_folder, place, (settings, wishes), engines)
        except BaseException as error:
            logger.info("the run ended early: %s", type(error).__name__)
            raise


def _measure(
    input_folder: Path, place: Path, asked: "tuple[StudyProtocol, Wishes]", engines: Engines
) -> Exit:
    settings, wishes = asked
    from quant.pipeline.stopwatch import Stopwatch

    watch = Stopwatch()
    with watch.step("import"):
        from rich.console import Console

        from quant.dicom.files.cache import opened_cache
        from quant.dicom.index import index_tree
        from quant.pipeline.batch import run_in
        from quant.pipeline.collector import collector_paused
        from quant.pipeline.how import How, Reuse, View
        from quant.pipeline.protocols import protocol_hash

    logger.info(
        "the run begins", extra={
            "version": VERSION, "protocol": settings.name, "protocol_hash": protocol_hash(settings)
        },
    )  # fmt: skip
    console = Console()
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    with opened_cache() as cache:
        with watch.step("index files"), collector_paused(keeps=True):
            index = index_tree(input_folder, rois=wishes.rois, cache=cache, reader=engines.reader)
        logger.info(
            "the input is indexed",
            extra={"studies": len(index.studies), "files": index.files_seen},
        )
        if _is_empty(index):
            _say_nothing_found(console, index)
            return Exit.NOTHING_TO_MEASURE
        if not index.studies:
            _say_nothing_found(console, index)
        reuse = Reuse(records=not wishes.restart, digests=cache)
        with _Bar(console) as tick:
            view = View(tick, watch)
            how = How(
                reuse, engines.engine, view, wishes.identifiers, engines.people,
                objects=wishes.objects, pictures=wishes.pictures,
            )  # fmt: skip
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
    """Tell whether there is nothing to measure and nothing that was lost on the way.

    A damaged file may have been the emission volume, also where it cannot say whose it was.
    """
    from quant.domain.flags import CODES, Severity

    emission = any(study.by_modality("NM", "PT") for study in index.studies)
    lost = any(
        one.code in DAMAGED or (one.study_uid and CODES[one.code].severity is Severity.ERROR)
        for one in index.quarantined
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
