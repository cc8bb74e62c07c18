"""``quant inspect``: what is in a folder, and what would be measured."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quant.cli.exits import Exit

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 150
"""Columns of text where the output is no terminal (a log, a pipe)."""

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
    if input_folder is None or not input_folder.exists():
        typer.echo("quant inspect: INPUT is missing or does not exist; see --help", err=True)
        raise typer.Exit(Exit.USAGE)
    if rois is not None and not rois.is_dir():
        typer.echo("quant inspect: --rois is not a folder; see --help", err=True)
        raise typer.Exit(Exit.USAGE)
    from quant.dicom.index import index_tree
    from quant.pipeline.protocols import load_protocol
    from quant.report.inspection import inspect_index

    report = inspect_index(index_tree(input_folder, rois=rois), load_protocol("zhou2025").regions)
    if as_json:
        typer.echo(json.dumps(report, indent=2, sort_keys=True, allow_nan=False))
        return
    _print_report(_console(), report)


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
    for study in report["studies"]:
        _print_study(console, study)
    if report["quarantined"]:
        _print_quarantine(console, report["quarantined"])


def _print_study(console: "Console", study: dict[str, Any]) -> None:
    from rich.table import Table

    console.print(f"\nStudy {study['study_uid']}", style="bold")
    console.print(f"  {study['verdict']}")
    table = Table(show_lines=True)
    for heading in ("series", "what it is", "geometry", "unit and why", "corrections", "verdict"):
        table.add_column(heading, overflow="fold")
    for one in study["series"]:
        table.add_row(*_series_row(one))
    console.print(table)
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
    from rich.table import Table

    table = Table(title="Quarantined", title_justify="left")
    for heading in ("file", "code", "why", "what to do"):
        table.add_column(heading, overflow="fold")
    for one in rows:
        table.add_row(one["path"], one["code"], one["message"], one["action"])
    console.print(table)
