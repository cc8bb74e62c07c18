"""``quant report``: make the report again from the records, or print the methods paragraph."""

import os
from pathlib import Path
from typing import Annotated

import typer

from quant.cli.exits import Exit
from quant.domain.text import counted


def report(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Output folder of quant run.")],
    methods: Annotated[
        bool,
        typer.Option(
            "--methods",
            help="Print the methods paragraph for a paper, with its references, and make nothing.",
        ),
    ] = False,
    form: Annotated[
        str,
        typer.Option(
            "--report",
            metavar="auto|single|folder",
            help="One file with everything in it, or a page with a folder beside it; auto: one "
            "file for a few studies.",
        ),
    ] = "auto",
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Processes that draw sheets; one per core."),
    ] = None,
) -> None:
    """Make sheets, tables and report of OUT again from its records; no DICOM file is needed.

    DICOM objects and meshes stay as they are. A damaged record is named and passed over, and the
    exit status is 1. --methods prints how the numbers were made: protocol, versions, estimators,
    unit, rule of the reference spheres, meaning of the intervals, references with DOI. Records of
    several protocols, versions or units get a paragraph each.
    """
    raise typer.Exit(print_methods(out) if methods else make_again(out, form, jobs))


def print_methods(out: Path) -> Exit:
    """Print the methods paragraphs of a folder."""
    from quant.domain.text import plain
    from quant.pipeline.rebuild import known_protocols, read_shown
    from quant.report.methods import methods_text

    records, damaged = read_shown(out)
    text = methods_text(records, known_protocols(out))
    if text:
        lines = (plain(line) if not line.startswith("  ") else f"  {plain(line)}"
                 for line in text.split("\n"))  # fmt: skip
        typer.echo("\n".join(lines), nl=False)
    else:
        typer.echo("No record holds a measurement: there is nothing to describe.", err=True)
    _name(damaged)
    if damaged:
        return Exit.SOME_FAILED
    return Exit.OK if text else Exit.NOTHING_TO_MEASURE


def make_again(out: Path, form: str, jobs: int | None) -> Exit:
    """Rebuild a folder with a progress bar."""
    from quant.cli.progress import Bar
    from quant.errors import UsageError
    from quant.pipeline.rebuild import rebuild
    from quant.report.site.build import Form

    if form not in list(Form):
        raise UsageError(
            "USAGE", "--report is not known.", found=form, needed=" or ".join(Form),
            next_step="leave it out, or name one of these",
        )  # fmt: skip
    with Bar() as bar:
        found = rebuild(out, Form(form), jobs=jobs or os.cpu_count() or 1, tick=bar.tick("sheets"))
    typer.echo(
        f"{counted(found.studies, 'study', 'studies')}, "
        f"{counted(found.sheets, 'sheet')}; report: {out / 'report.html'}"
    )
    _name(found.damaged)
    return Exit.SOME_FAILED if found.damaged else Exit.OK


def _name(damaged: tuple[str, ...]) -> None:
    for name in damaged:
        typer.echo(
            f"  damaged, passed over: {name} (give the command of the run again to measure it "
            "anew)",
            err=True,
        )
