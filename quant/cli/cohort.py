"""``quant cohort``: from results and outcomes to the prognosis tables of a paper."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quant.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from quant.cohort.data.outcomes import Joined
    from quant.cohort.report.analysis import Analysis

HELP = """
Join outcomes to results and answer the prognosis questions of a paper.

TABLE holds one row per subject or study: a CSV or Parquet file, or the folder of quant run. The
outcomes (CSV or Parquet) are joined to it by subject_key or study_uid, or by --key.

\b
  subject_key,efs_days,event,age_months,metastasis
  3f9a...,1240,0,25,0
  77b1...,89,1,41,1

\b
time    from 0 on, in the unit of --unit; empty, negative or unreadable times are refused
event   1 or true: seen; 0 or false: follow-up ended without it
A row in doubt is refused, with row and reason in refused.csv; nothing is dropped in silence.

\b
quant cohort results/ --outcomes outcomes.csv --time efs_days --event event --unit days \\
    --marker asphericity --marker tmax_lmax --group metastasis --covariate age_months -o OUT

\b
--group      values are groups: Kaplan-Meier, restricted means, log-rank tests
--marker     ROC analysis, Youden's cut with a p corrected for the choice, curves on either side
--covariate  columns of the univariate Cox table (default: markers and groups)
--model      columns of the multivariable model (default: the covariates)
--candidate  columns of the stepwise selection (default: the covariates)

\b
OUT: report.html, report.md, estimates (every number with method, ties, limit and n), tables/*,
cohort, refused, dictionary (CSV and Parquet), figures/* (SVG and WebP).

Text columns are categories: one coefficient per level but the first; --category makes one of a
column that holds numbers. Methods and what agrees with
R: docs/cohort.md. A published table is checked by: quant cohort audit --help

\b
Exit status: 0 done; 1 done, rows were refused; 2 usage, or columns that hold no times, events or
numbers; 3 no row is left.
"""

Columns = list[str] | None
UNITS = (
    "days, months or years; nothing is converted, every output names it. Left out: what the "
    "time column's name ends with (efs_months), else days."
)
CATEGORY = "Column of names that look like numbers (stages 1, 2, 4, 4S); may be given again."


def analyse(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="Results, one row each.")],
    outcomes: Annotated[Path, typer.Option("--outcomes", help="Table of outcomes.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    time: Annotated[str, typer.Option(help="Column of the time to event or censoring.")] = "time",
    event: Annotated[str, typer.Option(help="Column of the event.")] = "event",
    unit: Annotated[str | None, typer.Option(help=UNITS)] = None,
    key: Annotated[str | None, typer.Option(help="Column to join by.")] = None,
    outcome_key: Annotated[
        str | None, typer.Option(help="Its name in the outcomes, if another.")
    ] = None,
    group: Annotated[Columns, typer.Option(help="Column of groups; may be given again.")] = None,
    marker: Annotated[Columns, typer.Option(help="Numeric marker; may be given again.")] = None,
    covariate: Annotated[Columns, typer.Option(help="Covariate; may be given again.")] = None,
    model: Annotated[Columns, typer.Option(help="Covariate of the joint model.")] = None,
    candidate: Annotated[Columns, typer.Option(help="Candidate of the selection.")] = None,
    category: Annotated[Columns, typer.Option(help=CATEGORY)] = None,
    ties: Annotated[str, typer.Option(help="efron (as R), breslow (as SPSS), exact.")] = "efron",
    stepwise_ties: Annotated[str, typer.Option(help="The same for the selection.")] = "breslow",
    conf_type: Annotated[
        str, typer.Option(help="Interval of curves: log-log, log, plain.")
    ] = "log-log",
    limit: Annotated[
        str,
        typer.Option(
            help="Limit of mean survival: largest_time_in_group (SPSS), "
            "largest_event_time_in_group (SAS), common (R), shared_follow_up, or a time."
        ),
    ] = "largest_time_in_group",
    entry: Annotated[
        str, typer.Option(help="Test to enter: score (SPSS's Forward: LR), lr.")
    ] = "score",
    p_enter: Annotated[float, typer.Option(help="Enters at a p of at most.")] = 0.05,
    p_remove: Annotated[float, typer.Option(help="Leaves at a p above.")] = 0.10,
    replicates: Annotated[int, typer.Option(help="Bootstrap samples and permutations.")] = 1000,
    seed: Annotated[int, typer.Option(help="Same seed, same numbers.")] = 20250101,
) -> None:
    """Join outcomes to results and answer the prognosis questions of a paper."""
    from quant.cli.progress import Bar
    from quant.cohort.data.outcomes import join_outcomes, unit_in_name
    from quant.cohort.data.reading import read_table
    from quant.cohort.report.analysis import analyse as answer
    from quant.cohort.report.output import write_analysis
    from quant.cohort.report.plan import Plan

    unit = unit or unit_in_name(time) or "days"
    plan = Plan(
        time=time, event=event, unit=unit, groups=_names(group), markers=_names(marker),
        covariates=_names(covariate), model=_names(model), candidates=_names(candidate),
        categories=_names(category), ties=ties, stepwise_ties=stepwise_ties,
        conf_type=conf_type, limit=limit, entry=entry, p_enter=p_enter, p_remove=p_remove,
        replicates=replicates, seed=seed,
    )  # fmt: skip
    joined = join_outcomes(
        read_table(table), read_table(outcomes), time=time, event=event, unit=unit, key=key,
        outcome_key=outcome_key,
    )  # fmt: skip
    for line in dictionary_lines(joined, unit):
        typer.echo(line)
    plan.filled().check(joined.table)
    if not len(joined.table):
        typer.echo("No row is right in both tables; see above.")
        raise typer.Exit(Exit.NOTHING_TO_MEASURE)
    with Bar() as bar:
        found = answer(joined, plan, _ticking(bar))
        files = write_analysis(found, out, _ticking(bar))
    for line in result_lines(found):
        typer.echo(line)
    typer.echo(f"{len(files)} files in {out}; start with {out / 'report.html'}")
    raise typer.Exit(Exit.SOME_FAILED if len(joined.refused) else Exit.OK)


def _names(given: Columns) -> tuple[str, ...]:
    return tuple(dict.fromkeys(given or ()))


def _ticking(bar: "object") -> "Callable[[str, int, int], None]":
    def tick(what: str, done: int, total: int) -> None:
        bar.tick(what)(done, total)  # type: ignore[attr-defined]

    return tick


def dictionary_lines(joined: "Joined", unit: str) -> list[str]:
    """Write the data dictionary and what was refused, for a terminal."""
    from quant.cohort.report.sections import number

    lines = [f"{len(joined.table)} rows joined; times in {unit}", "", "Data dictionary"]
    for row in joined.dictionary.to_dict("records"):
        values = row["levels"] or f"{number(row['minimum'])} to {number(row['maximum'])}"
        if row["role"] == "key" or (not row["levels"] and row["type"] == "text"):
            values = f"{row['distinct']} different"
        missing = f", {row['missing']} missing" if row["missing"] else ""
        lines.append(
            f"  {row['column']:24} {row['role']:10} {row['type']:7} {row['unit'] or '':8} "
            f"{row['n']} known{missing}; {values}"
        )
    if len(joined.refused):
        lines += ["", f"Refused ({len(joined.refused)})"]
        for row in joined.refused.to_dict("records")[:MOST_REFUSED]:
            lines.append(f"  {row['table']} row {row['row']}, {row['column']}: {row['code']}")
        more = len(joined.refused) - MOST_REFUSED
        lines += [f"  and {more} more: refused.csv"] if more > 0 else []
    return [*lines, ""]


MOST_REFUSED = 20
"""Refused rows printed at most."""


def result_lines(found: "Analysis") -> list[str]:
    """Write the hazard ratios and what to know about them, for a terminal."""
    from quant.cohort.report.sections import ratio_block

    lines = []
    for name, title in (
        ("cox_univariate", "One covariate each"), ("cox_multivariable", "All together"),
        ("stepwise_model", "Selected"),
    ):  # fmt: skip
        if name not in found.tables or not len(found.tables[name]):
            continue
        block = ratio_block(found.tables[name], title)
        lines.append(f"{title} (hazard ratio, 95 %, p)")
        lines += [f"  {r[0]:24} {r[1]:>10}  {r[2]:24} {r[3]:>8}  {r[4]}" for r in block.rows]
        lines.append("")
    notes = dict.fromkeys(note for notes in found.notes.values() for note in notes)
    codes: dict[str, str] = {}
    for note in notes:
        codes.setdefault(note.partition(":")[0], note)
    return [*lines, *(f"note {note}" for note in codes.values()), ""]
