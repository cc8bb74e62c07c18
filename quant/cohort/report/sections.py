"""The report of a cohort analysis: sections of sentences, tables and figures, for any page."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.report.methods import methods_paragraph
from quant.cohort.report.survival_figures import p_text
from quant.domain.flags import CODES

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pandas as pd

    from quant.cohort.report.analysis import Analysis

ABSENT = "\u2013"
"""An en dash stands for an absent value."""

Cells = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A table for readers: caption, heads, rows of finished text."""

    caption: str
    heads: tuple[str, ...]
    rows: Cells


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report."""

    title: str
    sentences: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    figures: tuple[tuple[str, str], ...] = field(default=())
    """Name of the file without ending, and what it shows."""


def sections(found: "Analysis", figures: "dict[str, str]") -> list[Section]:
    """Write the report of an analysis.

    Parameters
    ----------
    found : Analysis
        Its tables and notes.
    figures : dict of str to str
        Captions of the figures that were drawn, by name.
    """
    parts = [_cohort(found), *_survival(found, figures)]
    if "cox_univariate" in found.tables:
        parts += [_models(found, figures)]
    if "stepwise_trace" in found.tables:
        parts += [_selection(found, figures)]
    if found.plan.markers:
        parts += [_markers(found, figures)]
    parts += [Section("Methods", (methods_paragraph(found.plan, found.tables),)), _notes(found)]
    return parts


def number(value: object, digits: int = 4) -> str:
    """Write a number for a reader; a dash where there is none."""
    if value is None or isinstance(value, str):
        return str(value or ABSENT)
    real = float(str(value))
    if np.isnan(real):
        return ABSENT
    if np.isinf(real):
        return "infinite" if real > 0 else "minus infinite"
    if real == int(real) and abs(real) < 1e9:
        return str(int(real))
    return f"{real:.{digits}g}"


def between(row: "dict[Hashable, object]", low: str = "low", high: str = "high") -> str:
    """Write an interval; a dash where neither end is known."""
    ends = number(row[low]), number(row[high])
    return ABSENT if ends == (ABSENT, ABSENT) else f"{ends[0]} to {ends[1]}"


def _p(value: object) -> str:
    text = p_text(float(str(value)))
    return ABSENT if "not" in text else text.removeprefix("p ").removeprefix("= ")


def _records(table: "pd.DataFrame") -> "list[dict[Hashable, object]]":
    return table.to_dict("records")


def _cohort(found: "Analysis") -> Section:
    plan, table, refused = found.plan, found.frame, found.joined.refused
    events = int(table[plan.event].sum())
    said = (
        (
            f"{len(table)} rows with {events} events; time is {plan.time} in {plan.unit}, the "
            f"event is {plan.event}. {len(refused)} reasons to refuse a row stand in refused.csv."
        ),
    )
    dictionary = tuple(
        (str(row["column"]), str(row["role"]), str(row["unit"]) or ABSENT, number(row["n"]),
         number(row["missing"]),
         str(row["levels"]) or between(row, "minimum", "maximum"))
        for row in _records(found.joined.dictionary)
        if row["column"] in {plan.time, plan.event, *plan.groups, *plan.covariates, *plan.markers}
    )  # fmt: skip
    counts = refused.groupby("code", sort=True).size().to_dict() if len(refused) else {}
    why = tuple((str(code), str(n), CODES[str(code)].sentence) for code, n in counts.items())
    blocks = [Block("Columns of this analysis",
                    ("column", "role", "unit", "n", "missing", "values"), dictionary)]  # fmt: skip
    if why:
        blocks.append(Block("Rows refused", ("code", "times", "meaning"), why))
    return Section("The cohort", said, tuple(blocks))


def _survival(found: "Analysis", figures: dict[str, str]) -> list[Section]:
    parts = []
    for by in ("all", *found.splits):
        means = _of(found, "restricted_mean", by)
        medians = {row["group"]: row for row in _of(found, "survival_quantiles", by)
                   if row["quantile"] == 0.5}  # fmt: skip
        followed = {row["group"]: row for row in _of(found, "follow_up", by)}
        rows = tuple(
            (str(row["group"]), number(row["n"]), number(row["events"]),
             number(medians[row["group"]]["time"]), between(medians[row["group"]]),
             number(row["mean"]), between(row), number(row["limit"]),
             number(followed[row["group"]]["time"]))
            for row in means
        )  # fmt: skip
        heads = ("group", "n", "events", "median", "95 %", "restricted mean", "95 %", "limit",
                 "median follow-up")  # fmt: skip
        blocks = [Block(f"Survival in {found.plan.unit}", heads, rows)]
        tests = _of(found, "logrank", by)
        if tests:
            blocks.append(_tests_block(tests))
        name = figure_name(by)
        shown = ((name, figures[name]),) if name in figures else ()
        title = "Survival" if by == "all" else f"Survival by {found.splits[by]}"
        parts.append(Section(title, _warning(found, by), tuple(blocks), shown))
    return parts


def _of(found: "Analysis", table: str, by: str) -> "list[dict[Hashable, object]]":
    whole = found.tables.get(table)
    return [] if whole is None else _records(whole[whole["by"] == by])


def _tests_block(tests: "list[dict[Hashable, object]]") -> Block:
    rows = tuple(
        (str(row["weights"]), number(row["chi_square"]), number(row["df"]), _p(row["p"]))
        for row in tests
    )
    return Block("Tests of equal curves", ("weights", "chi-square", "df", "p"), rows)


def _warning(found: "Analysis", by: str) -> tuple[str, ...]:
    """Say of groups cut on the same data what their p is worth."""
    if by not in found.marker_groups:
        return ()
    marker = by.removesuffix(" group")
    cuts = found.tables["selected_cut"]
    row = _records(cuts[(cuts["marker"] == marker) & (cuts["test"] == "youden")])
    corrected = f"; corrected for the choice, p is {_p(row[0]['p_exact'])}" if row else ""
    return (
        (
            f"The cut was chosen on these data: the p of the tests below is too small{corrected} "
            "(Youden's cut, event yes or no; selected_cut.csv has the log-rank version)."
        ),
    )


def figure_name(by: str) -> str:
    """Return the file name of a group's curves, without ending."""
    safe = "".join(char if char.isalnum() and char.isascii() else "_" for char in by)
    return f"curves_{safe}"


def ratio_block(table: "pd.DataFrame", caption: str) -> Block:
    """Write hazard ratios for readers."""
    rows = tuple(
        (str(row["variable"]), number(row["hazard_ratio"]), between(row), _p(row["p"]),
         str(row["direction"]), number(row["n"]), number(row["events"]), str(row["flags"]))
        for row in _records(table)
    )  # fmt: skip
    heads = ("variable", "hazard ratio", "95 %", "p", "direction", "n", "events", "flags")
    return Block(caption, heads, rows)


def _models(found: "Analysis", figures: dict[str, str]) -> Section:
    plan, tables = found.plan, found.tables
    test = _records(tables["cox_tests"])[0]
    per = number(test["events_per_covariate"], 2)
    said = (
        (
            f"{test['events']} events for {test['df']} coefficients, {per} events each; "
            f"likelihood ratio {number(test['lr'])} (p {_p(test['lr_p'])}), concordance "
            f"{number(test['concordance'])} (SE {number(test['concordance_se'], 2)})."
        ),
    )
    blocks = [
        ratio_block(tables["cox_univariate"], f"One covariate each ({plan.ties} ties)"),
        ratio_block(tables["cox_multivariable"], f"All together ({plan.ties} ties)"),
    ]
    if "cox_firth" in tables:
        penalised = "All together, Firth's penalty (breslow ties, profile)"
        blocks.append(ratio_block(tables["cox_firth"], penalised))
    zph = tables.get("proportional_hazards")
    if zph is not None:
        rows = tuple(
            (str(row["term"]), number(row["chi_square"]), number(row["df"]), _p(row["p"]))
            for row in _records(zph[zph["transform"] == "km"])
        )
        blocks.append(Block("Proportional hazards (small p: not proportional)",
                            ("term", "chi-square", "df", "p"), rows))  # fmt: skip
    shown = tuple((name, figures[name]) for name in ("forest_univariate", "forest_multivariable")
                  if name in figures)  # fmt: skip
    return Section("Cox models", said, tuple(blocks), shown)


def _selection(found: "Analysis", figures: dict[str, str]) -> Section:
    trace = found.tables["stepwise_trace"]
    moves = tuple(
        (number(row["step"]), str(row["action"]), str(row["variable"]), number(row["chi_square"]),
         _p(row["p"]), str(row["model"]))
        for row in _records(trace[trace["action"] != "candidate"])
    )  # fmt: skip
    blocks = [Block("Steps", ("step", "action", "variable", "chi-square", "p", "model"), moves)]
    final = found.tables["stepwise_model"]
    if len(final):
        blocks.append(ratio_block(final, f"Final model ({found.plan.stepwise_ties} ties)"))
    shown = (("stepwise", figures["stepwise"]),) if "stepwise" in figures else ()
    said = ("Tests of a selected model do not know of the selection: their p are too small.",)
    return Section("Stepwise selection", said, tuple(blocks), shown)


def _markers(found: "Analysis", figures: dict[str, str]) -> Section:
    areas = _records(found.tables["roc"])
    rows = tuple(
        (str(row["marker"]), number(row["auc"]), between(row),
         f"{row['operator']} {number(row['cutoff'], 6)}", number(row["sensitivity"], 3),
         number(row["specificity"], 3), number(row["ppv"], 3), number(row["npv"], 3),
         f"{row['tp']}, {row['fp']}, {row['fn']}, {row['tn']}")
        for row in areas
    )  # fmt: skip
    heads = ("marker", "AUC", "95 %", "Youden cut", "sensitivity", "specificity", "PPV", "NPV",
             "TP, FP, FN, TN")  # fmt: skip
    cuts = tuple(
        (str(row["marker"]), str(row["test"]), number(row["cutoff"], 6), _p(row["p_naive"]),
         _p(row["p_corrected"]), _p(row["p_exact"]), _p(row["p_permutation"]))
        for row in _records(found.tables["selected_cut"])
    )  # fmt: skip
    blocks = (
        Block("ROC analysis of event yes or no", heads, rows),
        Block("Cuts chosen on the same data", ("marker", "chosen by", "cut", "p as if known",
              "p corrected", "p exact", "p by permutation"), cuts),
    )  # fmt: skip
    shown = (("roc", figures["roc"]),) if "roc" in figures else ()
    return Section("Markers", (), blocks, shown)


def _notes(found: "Analysis") -> Section:
    rows = tuple(
        (name.replace("_", " "), *note.partition(": ")[::2])
        for name, notes in found.notes.items()
        for note in notes
    )
    said = () if rows else ("Nothing to note.",)
    blocks = (Block("What to know before using an estimate", ("table", "code", "note"), rows),)
    return Section("Notes", said, blocks if rows else ())
