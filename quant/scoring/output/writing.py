"""Write the results of a run: tables, evidence, drawings, and the overview."""

from pathlib import Path
from typing import TYPE_CHECKING

from quant.scoring.drawings.figures import write_figures
from quant.scoring.output.columns import (
    AGREEMENT_TABLE,
    COMPARISON_TABLE,
    CUTOFF_TABLE,
    SCORES,
    SEGMENT_TABLE,
    score_rows,
    segment_rows,
)
from quant.scoring.output.evidence import evidence_json
from quant.scoring.output.page import write_score_page
from quant.scoring.output.patients import NAME as PATIENTS
from quant.scoring.output.patients import write_patients
from quant.scoring.output.response_rows import RESPONSE_TABLE, response_rows

if TYPE_CHECKING:
    from quant.scoring.results import ScoreResults


def write_results(results: "ScoreResults", out: Path, *, drawings: bool = True) -> tuple[str, ...]:
    """Write everything below ``out``; the same results give the same bytes.

    Parameters
    ----------
    results : ScoreResults
    out : Path
    drawings : bool
        Whether to draw time lines and skeletons; without, those of an earlier run are removed.

    Returns
    -------
    tuple of str
        Names of the tables written.

    Raises
    ------
    OutputError
        ``OUT_NO_SPACE`` or ``OUT_NOT_WRITABLE``.
    """
    from quant.report.writing import write_text

    names: list[str] = []
    if results.readings:
        SCORES.write(out, score_rows(results.readings, results.relative))
        SEGMENT_TABLE.write(out, segment_rows(results.readings))
        COMPARISON_TABLE.write(out, results.comparisons)
        AGREEMENT_TABLE.write(out, results.agreement)
        CUTOFF_TABLE.write(out, results.cutoffs)
        write_patients(out, results.readings, results.relative)
        names += [SCORES.name, SEGMENT_TABLE.name, COMPARISON_TABLE.name, AGREEMENT_TABLE.name]
        names += [CUTOFF_TABLE.name, PATIENTS]
    RESPONSE_TABLE.write(out, response_rows(results))
    names.append(RESPONSE_TABLE.name)
    if results.response is not None:
        results.response.write(out)
        names += list(results.response.tables())
    figures = write_figures(out, results.readings if drawings else ())
    write_text(out / "evidence.json", evidence_json(results))
    write_score_page(results, figures, names, out)
    return tuple(names)
