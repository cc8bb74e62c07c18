"""A whole cohort analysis: every table that the plan asks for, from one joined table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from quant.cohort.classification.bootstrap import bootstrap_cut
from quant.cohort.classification.chosen_cut import selected_cut
from quant.cohort.classification.comparison import roc_compare
from quant.cohort.classification.roc import roc, roc_curve
from quant.cohort.classification.time_dependent import time_dependent_auc
from quant.cohort.cox_models.firth import firth_cox
from quant.cohort.cox_models.model import cox, cox_tests, univariate_cox
from quant.cohort.cox_models.proportional import TRANSFORMS, proportional_hazards
from quant.cohort.cox_models.stepwise import stepwise_cox
from quant.cohort.data.columns import as_categories, numbers
from quant.cohort.data.outcomes import Joined
from quant.cohort.groups.comparisons import compare_groups
from quant.cohort.groups.components import pca
from quant.cohort.groups.correlations import correlate
from quant.cohort.groups.description import group_table
from quant.cohort.report.plan import Plan
from quant.cohort.survival.kaplan_meier import kaplan_meier
from quant.cohort.survival.logrank import WEIGHTS, logrank, pairwise_logrank
from quant.cohort.survival.quantiles import follow_up, survival_quantiles
from quant.cohort.survival.restricted import restricted_mean, restricted_mean_difference
from quant.errors import CohortError

if TYPE_CHECKING:
    import pandas as pd

Tick = Callable[[str, int, int], None]

STAMPS = ("method", "ties", "conf_type", "limit_rule", "entry", "p_enter", "p_remove", "direction",
          "n", "events", "level", "seed")  # fmt: skip
"""What of a table's ``attrs`` becomes a column of the written table, where it has none."""

CHOSEN = "CUT_SAME_DATA"
"""Flag of everything that compares groups whose cut was chosen on the same data."""

TIMED = {"time", "limit"}
"""Columns in the unit of the follow-up."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found.

    Attributes
    ----------
    plan : Plan
        What was asked, every list filled.
    joined : Joined
        The table of the cohort, what was refused, and the dictionary.
    frame : DataFrame
        The table with a column of groups for each marker.
    splits : dict of str to str
        For each grouping column what it means, for people.
    tables : dict of str to DataFrame
        Tidy tables by name, each with its method, ties, limit and n.
    notes : dict of str to list of str
        For each table its notes, code first.
    """

    plan: Plan
    joined: Joined
    frame: "pd.DataFrame"
    splits: dict[str, str]
    tables: "dict[str, pd.DataFrame]" = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def marker_groups(self) -> list[str]:
        """Columns of groups whose cut was chosen on the same data."""
        return [name for name in self.splits if name not in self.plan.groups]


@dataclass(frozen=True, slots=True)
class Step:
    """One table to make: its name, columns that say what of, the function, what it is asked."""

    name: str
    of: dict[str, str]
    function: "Callable[..., pd.DataFrame]"
    asked: Mapping[str, object]


def analyse(joined: Joined, plan: Plan, tick: Tick | None = None) -> Analysis:
    """Answer every question of a plan.

    Parameters
    ----------
    joined : Joined
        Results and outcomes.
    plan : Plan
        The questions.
    tick : callable, optional
        Told what is being done, how many steps are done, and how many there are.

    Raises
    ------
    UsageError, CohortError
        When the plan names columns that are not there or hold no numbers, or no row is left.
    """
    plan = plan.filled()
    plan.check(joined.table)
    if not len(joined.table):
        raise CohortError(
            "NO_ROWS",
            "No row is right in both tables.",
            found=f"{len(joined.refused)} reasons to refuse a row",
            needed="rows with key, time and event",
            next_step="read refused.csv",
        )
    frame, splits = _with_splits(joined.table, plan)
    found = Analysis(plan, joined, frame, splits)
    steps = list(_steps(found))
    for number, step in enumerate(steps):
        if tick is not None:
            tick(step.name.replace("_", " "), number, len(steps))
        if step.name != "cox_firth" or _needs_penalty(found):
            _keep(found, step, step.function(frame, **step.asked))
    if tick is not None:
        tick("done", len(steps), len(steps))
    return found


def _with_splits(table: "pd.DataFrame", plan: Plan) -> "tuple[pd.DataFrame, dict[str, str]]":
    """Add a column of groups for each marker, cut where Youden's index is largest."""
    frame = as_categories(table, plan.categories)
    splits = {name: name for name in plan.groups}
    for marker in plan.markers:
        values = numbers(frame, marker)
        cut = float(roc(frame, event=plan.event, marker=marker)["cutoff"].to_numpy(dtype=float)[0])
        if not np.isfinite(cut):
            continue
        sides = np.where(values > cut, f"> {cut:.6g}", f"<= {cut:.6g}").astype(object)
        sides[np.isnan(values)] = None
        name = f"{marker} group"
        frame[name] = sides
        splits[name] = f"{marker}, split at Youden's cut on the same data"
    return frame, splits


def _keep(found: Analysis, step: Step, table: "pd.DataFrame") -> None:
    """Put a table under its name, its stamps as columns; tables of one name stand below."""
    import pandas as pd

    known = found.notes.setdefault(step.name, [])
    known += [one for one in table.attrs.get("notes", []) if one not in known]
    stamped = table.copy()
    for stamp in STAMPS:
        if stamp in table.attrs and stamp not in stamped.columns:
            stamped[stamp] = table.attrs[stamp]
    stamped.attrs = {}
    _stamp_rest(found, step, stamped)
    if step.of.get("by") in found.marker_groups and "flags" in stamped.columns:
        stamped["flags"] = [";".join(filter(None, (one, CHOSEN))) for one in stamped["flags"]]
    if TIMED & set(stamped.columns):
        stamped["time_unit"] = found.plan.unit
    for place, (column, value) in enumerate(step.of.items()):
        stamped.insert(place, column, value)
    before = found.tables.get(step.name)
    parts = [part for part in (before, stamped) if part is not None and len(part)]
    if len(parts) == 2:
        stamped = pd.concat(parts, ignore_index=True)
    found.tables[step.name] = parts[0] if len(parts) == 1 else stamped


METHODS = {
    "selected_cut": "maximally selected cut",
    "bootstrap_cut": "bootstrap percentiles, events and others apart",
    "comparison": "tests of means, ranks and counts",
    "stepwise_removals": "likelihood ratio to remove",
    "description": "mean and SD, median and quartiles (R type 6), counts",
    "components": "principal components of standardised columns",
}
"""What tables are made by that do not say so themselves."""


def _stamp_rest(found: Analysis, step: Step, table: "pd.DataFrame") -> None:
    """Add method, n and events where a table has none: rows complete for the question."""
    if "method" not in table.columns:
        table["method"] = METHODS.get(step.name, step.name.replace("_", " "))
    used = [found.plan.event]
    asked = step.asked.values() if step.asked else (found.plan.candidates,)
    for value in asked:
        names = [value] if isinstance(value, str) else value if is_names(value) else []
        used += [name for name in names if name in found.frame.columns]
    there = found.frame[used].notna().all(axis=1)
    if "n" not in table.columns:
        table["n"] = int(there.sum())
    if "events" not in table.columns:
        table["events"] = int(found.frame.loc[there, found.plan.event].sum())


def is_names(value: object) -> TypeGuard[Sequence[str]]:
    """Tell whether a value is a list of names."""
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _steps(found: Analysis) -> Iterator[Step]:
    yield from _curves(found, None)
    for by in found.splits:
        yield from _curves(found, by)
        yield from _comparisons(found, by)
    yield from _models(found)
    for marker in found.plan.markers:
        yield from _of_marker(found, marker)
    yield from _between_markers(found)
    yield from _descriptions(found)


def _outcome(found: Analysis) -> dict[str, object]:
    return {"time": found.plan.time, "event": found.plan.event}


def _curves(found: Analysis, by: str | None) -> Iterator[Step]:
    of = {"by": by or "all"}
    ask = {"by": by, **_outcome(found)}
    typed = {**ask, "conf_type": found.plan.conf_type}
    yield Step("kaplan_meier", of, kaplan_meier, typed)
    yield Step("survival_quantiles", of, survival_quantiles, typed)
    yield Step("follow_up", of, follow_up, typed)
    yield Step("restricted_mean", of, restricted_mean, {**ask, "limit": found.plan.limit_value})


def _comparisons(found: Analysis, by: str) -> Iterator[Step]:
    of, ask = {"by": by}, {"by": by, **_outcome(found)}
    for weights in WEIGHTS:
        yield Step("logrank", of, logrank, {**ask, "weights": weights})
    if found.frame[by].nunique() > 2:
        yield Step("logrank_pairs", of, pairwise_logrank, ask)
    yield Step("restricted_mean_difference", of, restricted_mean_difference, ask)


def _models(found: Analysis) -> Iterator[Step]:
    plan, ask = found.plan, _outcome(found)
    if not plan.covariates:
        return
    each = {**ask, "covariates": plan.covariates, "ties": plan.ties}
    whole = {**ask, "covariates": plan.model, "ties": plan.ties}
    yield Step("cox_univariate", {}, univariate_cox, each)
    yield Step("cox_multivariable", {}, cox, whole)
    yield Step("cox_tests", {}, cox_tests, whole)
    if plan.ties != "exact":
        yield Step(
            "proportional_hazards", {}, proportional_hazards, {**whole, "transform": TRANSFORMS}
        )
    yield Step("cox_firth", {}, firth_cox, {**ask, "covariates": plan.model})
    yield from _selection(found)


def _needs_penalty(found: Analysis) -> bool:
    """Tell whether the joint model has few events or separation: the library loads slowly."""
    said = {note.partition(":")[0] for note in found.notes.get("cox_multivariable", [])}
    return not said.isdisjoint({"FEW_EVENTS", "SEPARATION", "NO_EVENTS", "NOT_CONVERGED"})


def _selection(found: Analysis) -> Iterator[Step]:
    plan = found.plan
    if len(plan.candidates) < 2:
        return
    trace = stepwise_cox(
        found.frame, time=plan.time, event=plan.event, candidates=plan.candidates,
        ties=plan.stepwise_ties, entry=plan.entry, p_enter=plan.p_enter, p_remove=plan.p_remove,
    )  # fmt: skip

    def beside(_: "pd.DataFrame", name: str) -> "pd.DataFrame":
        table: pd.DataFrame = object.__getattribute__(trace, name)
        return table

    yield Step("stepwise_trace", {}, lambda _: trace, {})
    yield Step("stepwise_removals", {}, beside, {"name": "removals"})
    yield Step("stepwise_model", {}, beside, {"name": "cox"})


def _of_marker(found: Analysis, marker: str) -> Iterator[Step]:
    plan, of = found.plan, {"marker": marker}
    ask: dict[str, object] = {"event": plan.event, "marker": marker}
    again = {**ask, "replicates": plan.replicates, "seed": plan.seed}
    timed = {**again, "time": plan.time}
    yield Step("roc", {}, roc, {**ask, "time": plan.time})
    yield Step("roc_curve", of, roc_curve, ask)
    yield Step("selected_cut", of, selected_cut, timed)
    yield Step("bootstrap_cut", of, bootstrap_cut, again)
    yield Step("time_dependent_auc", of, time_dependent_auc, timed)


def _between_markers(found: Analysis) -> Iterator[Step]:
    markers = list(found.plan.markers)
    if len(markers) < 2:
        return
    yield Step("roc_compare", {}, roc_compare, {"event": found.plan.event, "markers": markers})
    ranks = {"columns": markers, "method": "spearman", "adjust": "holm"}
    yield Step("correlations", {}, correlate, ranks)
    yield Step("components", {}, pca, {"columns": markers})


def _descriptions(found: Analysis) -> Iterator[Step]:
    variables = list(found.plan.covariates)
    if not variables:
        return
    of, ask = {"by": found.plan.event}, {"variables": variables, "by": found.plan.event}
    counted = [name for name in variables if found.frame[name].nunique() <= 2]
    yield Step("description", of, group_table, {**ask, "counted": counted})
    yield Step("comparison", of, compare_groups, {**ask, "adjust": "holm"})
