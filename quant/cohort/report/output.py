"""Write a cohort analysis: tables, figures and reports, the same bytes for the same input."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from quant.cohort.report.estimates import long_table
from quant.cohort.report.marker_figures import roc_figure, trace_figure
from quant.cohort.report.pages import as_html, as_markdown
from quant.cohort.report.sections import figure_name, sections
from quant.cohort.report.survival_figures import curves_figure, forest_figure, p_text
from quant.domain.text import inert
from quant.report.tables import as_csv
from quant.report.writing import write_bytes, write_text

if TYPE_CHECKING:
    import pandas as pd

    from quant.cohort.report.analysis import Analysis, Tick
    from quant.report.columns import Cell

Figures = dict[str, tuple[str, dict[str, bytes]]]


def write_analysis(found: "Analysis", out: Path, tick: "Tick | None" = None) -> list[Path]:
    """Write everything of an analysis into a folder.

    Parameters
    ----------
    found : Analysis
        What was found.
    out : Path
        The folder; made when missing. Files of an earlier analysis are replaced.
    tick : callable, optional
        Told how many files are written, and how many there are.

    Returns
    -------
    list of Path
        The files: ``report.html``, ``report.md``, ``estimates``, ``cohort``, ``refused`` and
        ``dictionary`` (CSV and Parquet), ``tables/*``, ``figures/*``.
    """
    figures = draw(found)
    captions = {name: caption for name, (caption, _) in figures.items()}
    parts = sections(found, captions)
    files: dict[str, bytes] = {
        "report.html": as_html(parts).encode(),
        "report.md": as_markdown(parts).encode(),
    }
    tables = {
        "estimates": long_table(found),
        "cohort": found.frame,
        "refused": found.joined.refused,
        "dictionary": found.joined.dictionary,
        **{f"tables/{name}": table for name, table in found.tables.items()},
    }
    for name, (_, drawn) in figures.items():
        files |= {f"figures/{name}.{ending}": content for ending, content in drawn.items()}
    for number, (name, table) in enumerate(tables.items()):
        if tick is not None:
            tick("writing", number, len(tables))
        write_text(out / f"{name}.csv", csv_text(table))
        write_bytes(out / f"{name}.parquet", parquet_bytes(table))
    for name, content in files.items():
        write_bytes(out / name, content)
    written = [*(f"{name}.{ending}" for name in tables for ending in ("csv", "parquet")), *files]
    return sorted(out / name for name in written)


def csv_text(table: "pd.DataFrame") -> str:
    """Return a table as CSV; no cell and no head can run as a formula in a spreadsheet."""
    heads = [str(name) for name in table.columns]
    safe = [inert(name) for name in heads]
    columns = [[_cell(value) for value in table[name]] for name in table.columns]
    return as_csv(safe, zip(*columns, strict=True) if columns else [])


def _cell(value: object) -> "Cell":
    import pandas as pd

    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, str | bool):
        return str(value)
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, int | float) else str(value)


def parquet_bytes(table: "pd.DataFrame") -> bytes:
    """Return a table as Parquet, its texts as in CSV."""
    import pandas as pd

    stream = io.BytesIO()
    bare = table.copy()
    bare.attrs = {}
    for name in bare.columns:
        if bare[name].dtype == object or pd.api.types.is_string_dtype(bare[name]):
            cells = [_cell(value) for value in bare[name]]
            texts = [None if cell is None else inert(str(cell)) for cell in cells]
            bare[name] = pd.Series(texts, index=bare.index, dtype="str")
    bare.to_parquet(stream, index=False)
    return stream.getvalue()


def draw(found: "Analysis") -> Figures:
    """Draw every figure: caption and files by name."""
    figures: Figures = {}

    def keep(name: str, caption: str, drawn: dict[str, bytes] | None) -> None:
        if drawn is not None:
            figures[name] = (caption, drawn)

    plan, tables = found.plan, found.tables
    shade = f"bands (to three groups): pointwise {plan.conf_type} 95 % intervals; ticks: censored"
    keep("curves_all", f"Kaplan-Meier curve of all; {shade}",
         curves_figure(found.frame, plan, None, ""))  # fmt: skip
    for by, meaning in found.splits.items():
        caption = f"Kaplan-Meier curves by {meaning}; {shade}"
        keep(figure_name(by), caption, curves_figure(found.frame, plan, by, _said(found, by)))
    for name, title in (("univariate", "one covariate each"), ("multivariable", "all together")):
        table = tables.get(f"cox_{name}")
        if table is not None:
            caption = f"Hazard ratios, {title} ({plan.ties} ties)"
            keep(f"forest_{name}", caption, forest_figure(table, caption))
    if "roc" in tables:
        keep("roc", "ROC curves of event yes or no", roc_figure(tables["roc"], tables["roc_curve"]))
    if "stepwise_trace" in tables:
        rule = f"Stepwise selection: {plan.entry} to enter, {plan.stepwise_ties} ties; p values"
        keep("stepwise", rule, trace_figure(tables["stepwise_trace"], rule))
    return figures


def _said(found: "Analysis", by: str) -> str:
    """Write the line over the curves: the log-rank p, and whether it can be believed."""
    tests = found.tables["logrank"]
    own = tests[(tests["by"] == by) & (tests["weights"] == "logrank")]["p"].to_numpy(dtype=float)
    text = f"log-rank {p_text(float(own[0]))}" if own.size else ""
    return f"{text} (cut chosen on these data: too small)" if by in found.marker_groups else text
