"""``quant score``: scores and response, each with its evidence."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quant.cli.exits import Exit
from quant.domain.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quant.scoring.results import ScoreResults
    from quant.scoring.run import Hands
    from quant.scoring.spatial.rules import LesionRules

HELP = """
Curie, SIOPEN, RECIST 1.1 and INRC 2017, each with its evidence.

INPUT is one of these, told apart by the columns of its header (CSV with comma, semicolon or tab,
or JSON: a list of objects):

\b
  reader scores   patient, time_point, modality, nuclide, phase, reader, system, segment, score
                  (one row a segment), or one row a reading with columns such as curie_head
  lesion table    patient, time_point, date or day, lesion, organ, kind, node, longest_mm, ...
  disease table   patient, time_point, bone_method, bone_score, marrow_percent, ...
  a folder        of such tables, or of studies with lesions and bones (scored by rule in 3D)

\b
A reader's table, to start from:
  patient,time_point,modality,nuclide,phase,reader,system,segment,score
  P01,t1,planar,I-123,diagnosis,A,curie,head,1
  P01,t1,planar,I-123,diagnosis,A,curie,thighs,not assessable

\b
  modality  planar, SPECT/CT, combined
  nuclide   I-123, I-124, I-131, F-18
  phase     diagnosis, during-induction, post-induction, post-transplant, end-of-treatment,
            relapse, pre-MIBG-therapy, post-MIBG-therapy, follow-up
  system    curie (modified; 10 segments, 0 to 3), siopen (12 segments, 0 to 6),
            curie_intensity (original Curie's intensity, an item of its own)
  score     a whole number, or: not assessable (which is never counted as zero)

\b
Each reader has a row for every segment. A table with any problem is refused as a whole, every
problem with its row and what is allowed. Totals stand beside the highest total that the assessed
segments allow; cut-offs are applied only where phase, nuclide and modality are those of their
source. Layouts, definitions and sources: docs/scoring.md.

\b
OUT: scores, segments, comparisons, agreement, cutoffs, response, patients (CSV and Parquet;
patients.csv is one row a patient, for quant cohort), recist and inrc tables, evidence.json and
response.json, figures/*.svg, score.html.

\b
Exit status: 0 everything scored; 1 some studies could not be scored; 2 usage, or a table that is
refused; 3 nothing to score; 4 OUT is in use by another run; 130 interrupted.
"""

MEMORY_MIB = 6144
"""Address space of a worker that scores studies: a skeleton on the grid of a CT is large."""

MOST_LINES = 40
"""Readings, and answers on response, printed at most."""


def score(
    input_path: Annotated[Path, typer.Argument(metavar="INPUT", help="Table, or folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    baseline: Annotated[
        str | None,
        typer.Option(
            help="Time point that relative scores are divided by. Without it: the one labelled "
            "'baseline', else the one of phase diagnosis; never guessed among several."
        ),
    ] = None,
    missing: Annotated[
        str,
        typer.Option(
            help="A segment without a row: 'refuse', or 'not-assessable' (flagged, never zero)."
        ),
    ] = "refuse",
    cutoffs: Annotated[
        Path | None, typer.Option(help="TOML file of cut-offs instead of the shipped ones.")
    ] = None,
    visits: Annotated[
        Path | None,
        typer.Option(
            help="For a folder of studies: table with study_uid, patient, time_point, phase."
        ),
    ] = None,
    psf_fwhm_mm: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="For a folder of studies: resolution of the emission images, FWHM in mm; foci no "
            "farther apart than this are border cases.",
        ),
    ] = None,
    planar_fwhm_mm: Annotated[
        float,
        typer.Option(min=0, help="Resolution of a planar image, for the planar-equivalent, mm."),
    ] = 12.0,
    figures: Annotated[
        bool,
        typer.Option(help="Draw time lines and skeletons (about 50 kB a time point)."),
    ] = True,
) -> None:
    """Score INPUT and write tables, evidence, drawings and an overview to OUT."""
    from quant.scoring.spatial.rules import LesionRules

    rules = LesionRules(psf_fwhm_mm=psf_fwhm_mm, planar_fwhm_mm=planar_fwhm_mm)
    status = score_input(input_path, out, baseline, missing, cutoffs, visits, rules, figures)
    raise typer.Exit(status)


def score_input(
    input_path: Path,
    out: Path,
    baseline: str | None = None,
    missing: str = "refuse",
    cutoffs: Path | None = None,
    visits: Path | None = None,
    lesions: "LesionRules | None" = None,
    figures: bool = True,
) -> Exit:
    """Score, write and print; return the exit status."""
    from quant.errors import UsageError
    from quant.pipeline.lock import only_run
    from quant.report.writing import make_folder
    from quant.scoring.analysis.cutoffs import SHIPPED
    from quant.scoring.output.writing import write_results
    from quant.scoring.results import ScoreSettings
    from quant.scoring.run import score as score_path
    from quant.scoring.spatial.rules import LesionRules
    from quant.scoring.tables.reader_table import Missing

    if missing not in list(Missing):
        raise UsageError(
            "USAGE", "--missing is not known.", found=missing, needed=" or ".join(Missing)
        )
    if out.resolve() == input_path.resolve():
        raise UsageError(
            "USAGE",
            "OUT is INPUT: the next run would read its own results.",
            found=str(out),
            next_step="choose another folder with -o",
        )
    settings = ScoreSettings(
        baseline, Missing(missing), cutoffs or SHIPPED, lesions or LesionRules()
    )
    results = score_path(input_path, settings, visits, hands=_caged_hands)
    if not results.readings and results.response is None:
        _say_nothing(results)
        return Exit.SOME_FAILED if results.failed else Exit.NOTHING_TO_MEASURE
    make_folder(out)
    with only_run(out):
        tables = write_results(results, out, drawings=figures)
    _show(results, tables, out)
    return Exit.SOME_FAILED if results.failed else Exit.OK


@contextmanager
def _caged_hands() -> "Iterator[Hands]":
    """Read and score studies in the cage: what is in them cannot take this process down."""
    from quant.cli.means import Means, opened
    from quant.scoring.run import Hands

    with opened(Means(memory_mib=MEMORY_MIB)) as engines:
        yield Hands(engines.reader, engines.scores)


def _say_nothing(results: "ScoreResults") -> None:
    from quant.scoring.inputs import KINDS_ALLOWED

    typer.echo("Nothing to score: no row of scores or lesions, no study with lesions and bones.")
    typer.echo(f"INPUT may be {KINDS_ALLOWED}.")
    if results.others:
        typer.echo(f"no such table: {', '.join(results.others)}")
    for one in results.failed:
        typer.echo(f"  {one.message}", err=True)


def _show(results: "ScoreResults", tables: tuple[str, ...], out: Path) -> None:
    if results.readings:
        _show_readings(results)
    if results.response is not None:
        _show_response(results)
    if results.others:
        typer.echo(f"not read: {', '.join(results.others)}")
    for failure in results.failed:
        typer.echo(f"not scored: {failure.message}", err=True)
    typer.echo(f"tables: {', '.join(f'{name}.csv' for name in tables)}")
    typer.echo(f"overview: {out / 'score.html'}")


def _show_readings(results: "ScoreResults") -> None:
    from quant.scoring.analysis.cutoffs import Answer

    lines = []
    for one in results.readings:
        total, key = one.total, one.key
        figure = "not assessable" if total.total is None else str(total.total)
        span = "" if total.low == total.upper_bound else f", at most {total.upper_bound}"
        lines.append(
            f"{key.patient}  {key.time}  {key.modality}  {key.nuclide}  {key.phase}  "
            f"{key.reader}  {one.system}: {figure} of {total.reachable}{span}"
        )
    _say_first(lines, "scores.csv")
    applied = sum(one.answer is not Answer.NOT_APPLIED for one in results.cutoffs)
    patients = len({one.key.patient for one in results.readings})
    typer.echo(
        f"{counted(len(results.readings), 'reading')} of {counted(patients, 'patient')}; "
        f"cut-offs: {applied} applied, {len(results.cutoffs) - applied} not (cutoffs.csv says why)"
    )


def _show_response(results: "ScoreResults") -> None:
    from quant.scoring.output.response_rows import OVERALL, RELATIVE, response_rows

    rows = [one for one in response_rows(results) if one.criterion != RELATIVE]
    overall = [one for one in rows if one.item == OVERALL]
    _say_first(
        [f"{one.patient}  {one.time}  {one.criterion}: {one.answer}" for one in overall],
        "response.csv",
    )
    tables = results.response.tables() if results.response else {}
    patients = len({row["patient"] for table in tables.values() for row in table})
    answers = counted(len(overall), "overall answer")
    typer.echo(f"response: {answers} of {counted(patients, 'patient')}")


def _say_first(lines: list[str], table: str) -> None:
    for line in lines[:MOST_LINES]:
        typer.echo(line)
    if len(lines) > MOST_LINES:
        typer.echo(f"... and {len(lines) - MOST_LINES} more ({table} has all)")
