"""``quant inspect``: what is in a folder, and what would be measured."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quant.cli.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console

    from quant.errors import UsageError

PIPED_WIDTH = 150
"""Columns of text where the output is no terminal (a log, a pipe)."""

WIDE = 110
"""Columns of text that a table needs; below, its cells are stacked."""

HEADINGS = ("series", "what it is", "geometry", "unit and why", "corrections", "verdict")

COLOURS = {"error": "bold red", "warning": "yellow", "information": "dim"}


def inspect(
    input_folder: Annotated[
        Path | None, typer.Argument(metavar="INPUT", help="Folder with DICOM, or one file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    codes: Annotated[
        bool, typer.Option("--codes", help="Print every flag and code with what to do.")
    ] = False,
    rois: Annotated[
        Path | None,
        typer.Option(help="Folder with region files, one folder per StudyInstanceUID."),
    ] = None,
) -> None:
    """Say what INPUT holds: series, geometry, units, corrections, choices and what to mend.

    Nothing is written. What is shown is what quant run would measure.
    """
    if codes:
        _print_codes(as_json=as_json)
        return
    problem = _problem(input_folder, rois)
    if input_folder is None or problem:
        typer.echo(f"quant inspect: {problem}", err=True)
        raise typer.Exit(Exit.USAGE)
    from quant.dicom.index import index_tree
    from quant.pipeline.protocols import load_protocol
    from quant.report.inspection import inspect_index

    report = inspect_index(index_tree(input_folder, rois=rois), load_protocol("zhou2025").regions)
    if as_json:
        typer.echo(json.dumps(report, indent=2, sort_keys=True, allow_nan=False))
        return
    _print_report(_console(), _clean(report))


def _problem(input_folder: Path | None, rois: Path | None) -> "UsageError | None":
    """Say what is wrong with a call that has nothing to look at."""
    from quant.domain.text import plain
    from quant.errors import UsageError

    if input_folder is None:
        problem, found = "INPUT is missing.", "nothing"
    elif not input_folder.exists():
        problem, found = "INPUT is not a folder.", f"{input_folder} does not exist"
    elif rois is not None and not rois.is_dir():
        problem, found = "--rois is not a folder.", f"{rois}"
    else:
        return None
    needed = "an existing folder (for INPUT also a ZIP archive, a DICOMDIR or one file)"
    return UsageError("USAGE", problem, found=plain(found), needed=needed, next_step="see --help")


def _clean(value: object) -> Any:  # noqa: ANN401 - parsed JSON
    """Make every text of a report safe to print, whatever a file put into it."""
    from quant.domain.text import plain

    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list) else value


def _console() -> "Console":
    from rich.console import Console

    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console


def _print_codes(*, as_json: bool) -> None:
    from quant.domain.flags import CODES

    if as_json:
        rows = {
            code: {"severity": str(i.severity), "sentence": i.sentence, "action": i.action}
            for code, i in CODES.items()
        }
        typer.echo(json.dumps(rows, indent=2, sort_keys=True))
        return
    from rich.table import Table

    table = Table(title="Flags and codes", title_justify="left")
    for heading in ("code", "severity", "what it means", "what to do"):
        table.add_column(heading, overflow="fold")
    for code, info in CODES.items():
        style = COLOURS[str(info.severity)]
        table.add_row(code, str(info.severity), info.sentence, info.action, style=style)
    _console().print(table)


def _print_report(console: "Console", report: dict[str, Any]) -> None:
    files = report["files"]
    console.print(
        f"{files['seen']} files: {files['used']} used, {files['duplicates']} duplicates, "
        f"{files['ignored']} ignored, {files['quarantined']} quarantined; "
        f"{len(report['studies'])} studies"
    )
    if not report["studies"]:
        console.print("No study: INPUT holds no NM, PET or CT series that can be used.")
    for study in report["studies"]:
        _print_study(console, study)
    if report["quarantined"]:
        _print_quarantine(console, report["quarantined"])


def _print_study(console: "Console", study: dict[str, Any]) -> None:
    console.print(f"\nStudy {study['study_uid']}", style="bold")
    console.print(f"  {study['verdict']}")
    series = [_series_row(one) for one in study["series"]]
    if console.width < WIDE:
        _print_stacked(console, HEADINGS, series)
    else:
        _print_table(console, HEADINGS, series, lines=True)
    for one in study["candidates"]:
        mark = "*" if one["chosen"] else " "
        reasons = "; ".join(one["reasons"])
        console.print(
            f" {mark} {one['purpose']:8} …{one['series_uid'][-12:]}  {one['score']:8.1f}  {reasons}"
        )
    for one in study.get("regions", ()):
        console.print("   region   " + _region_line(one))
    for series in study["series"]:
        _print_flags(console, series.get("flags", ()), f"…{series['series_uid'][-12:]} ")
    _print_flags(console, study["flags"], "")


def _series_row(one: dict[str, Any]) -> tuple[str, ...]:
    facts, geometry = one["facts"], one.get("geometry")
    named = [facts.get(key, "") for key in ("Radionuclide", "CollimatorGridName")]
    window = facts.get("EnergyWindowKeV")
    named.append(f"{window} keV" if window else "")
    what = "\n".join([one["what"], facts.get("ManufacturerModelName", ""), " ".join(named).strip()])
    place = ""
    if geometry is not None:
        shape = " x ".join(str(size) for size in geometry["shape_kji"])
        spacing = " x ".join(f"{value:g}" for value in geometry["spacing_kji_mm"])
        source = f"from {geometry['geometry_source']}, {geometry['spacing_source']}"
        place = f"{shape}\n{spacing} mm\n{geometry['orientation']}\n{source}"
    unit = f"{one['unit']}\n{one['unit_because']}" if "unit" in one else ""
    corrections = "\n".join(
        [one["attenuation_correction"], *one["attenuation_evidence"]]
        if "attenuation_correction" in one
        else []
    )
    verdict = one["chosen_as"] or one.get("verdict", "")
    if "problem" in one:
        verdict = f"{verdict}\n{one['problem']['message']}"
    series = f"…{one['series_uid'][-12:]}\n{one['modality']}, {one['files']} files"
    return series, what.strip(), place, unit, corrections, verdict


def _region_line(one: dict[str, Any]) -> str:
    if "code" in one:
        return f"{one['code']}  {one['message']}"
    return f"{one['role']:14} {one['name']}  {one.get('source', '')}"


def _print_flags(console: "Console", flags: Any, where: str) -> None:  # noqa: ANN401 - parsed JSON
    for flag in flags:
        detail = f" ({flag['detail']})" if flag["detail"] else ""
        text = f"   {where}{flag['code']}: {flag['sentence']}{detail} -> {flag['action']}"
        console.print(text, style=COLOURS[flag["severity"]])


def _print_quarantine(console: "Console", rows: list[dict[str, Any]]) -> None:
    headings = ("file", "code", "why", "what to do")
    cells: list[tuple[str, ...]] = [
        (one["path"], one["code"], one["message"], one["action"]) for one in rows
    ]
    console.print("\nQuarantined", style="bold")
    if console.width < WIDE:
        _print_stacked(console, headings, cells)
    else:
        _print_table(console, headings, cells)


def _print_table(
    console: "Console",
    headings: tuple[str, ...],
    rows: list[tuple[str, ...]],
    *,
    lines: bool = False,
) -> None:
    from rich.table import Table

    table = Table(show_lines=lines)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _print_stacked(
    console: "Console", headings: tuple[str, ...], rows: list[tuple[str, ...]]
) -> None:
    """Print one line a cell where columns side by side would be too narrow to read."""
    from rich.table import Table

    for row in rows:
        table = Table.grid(padding=(0, 1))
        table.add_column(style="dim", width=max(len(heading) for heading in headings))
        table.add_column(overflow="fold")
        for heading, cell in zip(headings, row, strict=True):
            if cell:
                table.add_row(heading, cell.replace("\n", "; ") if cell else "")
        console.print(table)
        console.print()
