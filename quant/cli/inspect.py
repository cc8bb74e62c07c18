"""``quant inspect``: what is in a folder, what would be measured, and what to mend first."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quant.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from quant.domain.study import StudyIndex
    from quant.errors import UsageError
    from quant.report.inspection.layout import InspectReport

PIPED_WIDTH = 120
"""Columns of text where the output is no terminal (a log, a pipe) and COLUMNS is not set."""

HELP = """Say what INPUT holds, what would be measured, and what to mend first.

Each study begins with a verdict: what would be measured, what would be absent and why, and
what to mend, the weightiest first. Then, for every series: what it is, where its voxels lie and
what says so, its unit and what that rests on, corrections, radionuclide, collimator, energy
window, times, whether SUV is possible, the scores of the choice, and every flag with what to do.
What is shown is what quant run would measure. INPUT is never written to; names, descriptions and
dates are never shown.

\b
quant inspect DICOM                      a folder of any structure, a ZIP archive, a file
quant inspect DICOM --brief              verdicts only, for a folder of many studies
quant inspect DICOM --rois REGIONS       with region files of another folder
quant inspect DICOM --json > look.json   for machines; layout: docs/inspect.md, --schema
quant inspect DICOM --check || echo no   exit status as of quant run, for scripts
quant inspect --codes                    what every flag and code means

Exit status: 0 looked at (with --check: every study can be measured); 2 wrong call. Only with
--check: 1 a study cannot be measured, or files were quarantined with an error; 3 nothing to
measure.
"""


def inspect(
    input_folder: Annotated[
        Path | None,
        typer.Argument(metavar="INPUT", help="Folder with DICOM, a ZIP archive, or a file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    brief: Annotated[bool, typer.Option("--brief", help="Print the verdicts only.")] = False,
    headers_only: Annotated[
        bool,
        typer.Option(
            "--headers-only",
            help="Do not read voxels: quicker, but pixels that cannot be decoded, cut-off maxima "
            "and mirrored volumes go unseen.",
        ),
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 or 3 where something cannot be measured.")
    ] = False,
    protocol: Annotated[
        str, typer.Option(help="Name of a shipped protocol, or a TOML file.")
    ] = "zhou2025",
    rois: Annotated[
        Path | None,
        typer.Option(help="Folder with region files, one folder per StudyInstanceUID."),
    ] = None,
    codes: Annotated[
        bool, typer.Option("--codes", help="Print every flag and code with what to do.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of --json.")
    ] = False,
) -> None:
    """Say what INPUT holds, what would be measured, and what to mend first."""
    if codes or schema:
        _print_registry(as_json=as_json, schema=schema)
        return
    problem = _problem(input_folder, rois)
    if input_folder is None or problem:
        typer.echo(f"quant inspect: {problem}", err=True)
        raise typer.Exit(Exit.USAGE)
    report = _clean(_look(input_folder, rois, protocol, voxels=not headers_only))
    if as_json:
        typer.echo(json.dumps(report, indent=2, sort_keys=True, allow_nan=False))
    else:
        from quant.cli.inspect_screen import print_report

        _print(lambda console: print_report(console, report, brief=brief))
    if check:
        raise typer.Exit(_status(report))


def _look(input_folder: Path, rois: Path | None, protocol: str, *, voxels: bool) -> "InspectReport":
    from quant.cli.means import Means, opened

    with opened(Means()) as engines:
        from quant.dicom.files.cache import opened_cache
        from quant.dicom.index import index_tree
        from quant.pipeline.protocols import load_protocol
        from quant.report.inspection.folder import inspect_index

        settings = load_protocol(protocol)
        looks = engines.looks(settings, voxels=voxels)
        with _progress() as bar, opened_cache() as cache:
            index: StudyIndex = index_tree(
                input_folder,
                rois=rois,
                tick=bar.tick("reading headers"),
                cache=cache,
                reader=engines.reader,
            )
            tick = bar.tick("looking at studies")
            return inspect_index(index, settings, voxels=voxels, tick=tick, looks=looks)


def _progress() -> Any:  # noqa: ANN401 - a class that is imported late
    from quant.cli.progress import Bar

    return Bar()


def _status(report: "InspectReport") -> Exit:
    """Return what ``quant run`` would exit with, as far as a look can tell."""
    lost = any(one["severity"] == "error" for one in report["quarantined"])
    emission = any(
        one["modality"] in ("NM", "PT") for study in report["studies"] for one in study["series"]
    )
    if not emission and not lost:
        return Exit.NOTHING_TO_MEASURE
    good = all(study["measurable"] for study in report["studies"])
    return Exit.OK if good and emission and not lost else Exit.SOME_FAILED


def _problem(input_folder: Path | None, rois: Path | None) -> "UsageError | None":
    """Say what is wrong with a call that has nothing to look at."""
    from quant.domain.text import plain
    from quant.errors import UsageError, require_folder, require_input

    if input_folder is None:
        return UsageError(
            "USAGE", "INPUT is missing.", found="nothing", needed="a folder", next_step="see --help"
        )
    try:
        require_input(input_folder)
        if rois is not None:
            require_folder(rois, "--rois")
    except UsageError as error:
        found = plain(error.found)
        return UsageError(
            error.code, error.what, found=found, needed=error.needed, next_step="see --help"
        )
    return None


def _clean(value: object) -> Any:  # noqa: ANN401 - plain JSON
    """Make every text of a report safe to print, whatever a file put into it."""
    from quant.domain.text import plain

    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list) else value


def _print(show: "Callable[[Console], None]") -> None:
    """Print on a terminal as it is, elsewhere without blanks at the ends of lines."""
    from rich.console import Console

    console = Console(markup=False, highlight=False)
    if console.is_terminal:
        show(console)
        return
    if "COLUMNS" not in os.environ:
        console.width = PIPED_WIDTH
    with console.capture() as captured:
        show(console)
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _print_registry(*, as_json: bool, schema: bool) -> None:
    from quant.domain.flags import CODES

    if schema:
        from quant.report.inspection.layout import json_schema

        typer.echo(json.dumps(json_schema(), indent=2))
        return
    if not as_json:
        from quant.cli.inspect_screen import print_codes

        _print(print_codes)
        return
    rows = {
        code: {"severity": str(i.severity), "sentence": i.sentence, "action": i.action}
        for code, i in CODES.items()
    }
    typer.echo(json.dumps(rows, indent=2, sort_keys=True))
