"""``quant cohort audit``: what must hold inside a published table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quant.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pandas as pd

HELP = """
Check a published table for what must hold inside it, whatever the data were.

FILE lists what is printed, row by row, as TOML, JSON or CSV. Checked, within the rounding of what
is printed: a ratio is the geometric mean of its interval and p follows from both; sensitivity,
specificity and predictive values have a table of whole counts; a mean is the midpoint of its
interval, a median lies within its quartiles; counts add up and percentages are theirs; units,
signs, cut-offs, events per variable, multiples and names.

\b
quant cohort audit --example              the paper that this engine was made for
quant cohort audit --layout > mine.toml   that file, to start from
quant cohort audit mine.toml -o out.csv   every check as a table

Exit status: 0 no contradiction; 1 contradictions; 2 a file that cannot be read.
"""

WORDS = {
    "contradiction": "Contradictions: both numbers cannot be true",
    "caution": "Cautions: true perhaps, but not to be relied on",
    "notation": "Notation: printed so that it misleads",
}


def audit(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Published rows: .toml, .json, .csv.")
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Audit the example that ships.")
    ] = False,
    layout: Annotated[
        bool, typer.Option("--layout", help="Print the example's file and stop.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write every check as .csv or .json.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="List what fits as well.")] = False,
) -> None:
    """Check a published table for what must hold inside it."""
    from quant.cohort.published.auditing import EXAMPLE, audit

    if layout:
        typer.echo(EXAMPLE.read_text(encoding="utf-8"), nl=False)
        return
    _require_one(file, example)
    if out is not None and out.suffix.lower() not in {".csv", ".json"}:
        _refuse("The table of checks has no known form.", str(out), "a name in .csv or .json")
    checks = audit(file)
    for line in report_lines(checks, everything):
        typer.echo("".join(char if char.isprintable() else " " for char in line))
    if out is not None:
        _write(checks, out)
        typer.echo(f"{len(checks)} checks written to {out}")
    raise typer.Exit(Exit.OK if checks.attrs["consistent"] else Exit.SOME_FAILED)


def _require_one(file: Path | None, example: bool) -> None:
    if (file is None) != example:
        _refuse("One file, or --example.", f"FILE {file}, --example {example}", "one of the two")
    if file is not None and not file.is_file():
        _refuse("FILE is not a file.", str(file), "an existing .toml, .json or .csv file")


def _refuse(what: str, found: str, needed: str) -> None:
    from quant.errors import UsageError

    raise UsageError("USAGE", what, found=found, needed=needed, next_step="see --help")


def report_lines(checks: "pd.DataFrame", everything: bool) -> list[str]:
    """Write the checks for a reader: what does not fit first, then how much does."""
    title = checks.attrs["source"].get("title", "")
    lines = [f"Audit of: {title}"] if title else []
    for verdict, words in WORDS.items():
        chosen = checks[checks["verdict"] == verdict]
        if len(chosen):
            lines += ["", f"{words} ({len(chosen)})"]
        for check in chosen.to_dict("records"):
            lines += _lines(check)
    if everything:
        fitting = checks[checks["verdict"] == "fits"]
        lines += ["", f"Fits ({len(fitting)})"]
        lines += [_line(check) for check in fitting.to_dict("records")]
    return [*lines, "", _total(checks)]


def _line(check: "dict[Hashable, object]") -> str:
    line = f"  row {check['row']}, {check['where']}: {check['name']}: {check['check']}"
    line += f" [{check['found']}]" if check["found"] else ""
    return line + (f" = {check['expected']}" if check["expected"] else "")


def _lines(check: "dict[Hashable, object]") -> list[str]:
    lines = [
        f"  row {check['row']}, {check['where']}: {check['name']}",
        f"    {check['code']}: {check['what']}",
    ]
    for label in ("found", "expected", "suggestion"):
        lines += [f"    {label}: {check[label]}"] if check[label] else []
    return lines


def _total(checks: "pd.DataFrame") -> str:
    verdicts = checks.attrs["verdicts"]
    troubled = checks.loc[checks["verdict"] != "fits", "row"].nunique()
    rows = checks.attrs["rows"]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    return f"{rows} rows, {rows - troubled} without a finding; {len(checks)} checks: {counts}."


def _write(checks: "pd.DataFrame", out: Path) -> None:
    if out.suffix.lower() == ".csv":
        from quant.cohort.report.output import csv_text

        out.write_text(csv_text(checks), encoding="utf-8", newline="")
    else:
        checks.to_json(out, orient="records", indent=1, force_ascii=False)
