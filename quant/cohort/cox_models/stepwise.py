"""Forward stepwise selection of a Cox model by SPSS's rule, with the whole trace."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.cox_models.design import Design, build_design, require_covariates
from quant.cohort.cox_models.fitting import CoxFit, fit, require_ties
from quant.cohort.cox_models.likelihood import likelihood, risk_sets
from quant.cohort.cox_models.model import estimates, stamp
from quant.cohort.data.columns import Notes
from quant.cohort.data.times import FollowUp, follow_up_rows
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

ENTRIES = ("score", "lr")
COLUMNS = ["step", "action", "variable", "chi_square", "p", "df", "model", "minus2_loglik", "ties",
           "entry", "flags"]  # fmt: skip
MOST_STEPS = 200

Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Test:
    """The test of one covariate against a model."""

    term: str
    chi_square: float
    df: int
    p: float
    flag: str = ""


@dataclass(slots=True)
class Search:
    """What is being selected from, how, and what happened so far."""

    rows: FollowUp
    design: Design
    terms: tuple[str, ...]
    ties: str
    entry: str
    model: list[str] = field(default_factory=list)
    trace: list[tuple[Cell, ...]] = field(default_factory=list)
    removals: list[tuple[Cell, ...]] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    def columns(self, terms: Sequence[str]) -> Design:
        """Return the columns of some covariates."""
        return self.design.only(self.design.columns_of(terms))

    def fitted(self, terms: Sequence[str]) -> CoxFit:
        """Fit the model of some covariates, notes apart."""
        return fit(self.rows, self.columns(terms), self.ties, Notes())

    def loglik(self, terms: Sequence[str]) -> float:
        """Return the maximised log partial likelihood of some covariates; none: the null model."""
        if terms:
            optimum = self.fitted(terms).optimum
            if optimum is not None:
                return optimum.value.loglik
        empty = risk_sets(self.rows.time, self.rows.event, np.zeros((self.rows.n, 0)))
        return likelihood(empty, self.ties)(np.zeros(0)).loglik

    def say(self, step: int, action: str, test: Test) -> None:
        """Add a row to the trace."""
        self.trace.append((step, action, test.term, test.chi_square, test.p, test.df,
                           " + ".join(self.model), -2.0 * self.loglik(self.model), self.ties,
                           self.entry, test.flag))  # fmt: skip


def stepwise_cox(  # noqa: PLR0913 - the promised signature
    frame: "pd.DataFrame",
    *,
    time: str,
    event: str,
    candidates: Sequence[str],
    ties: str = "breslow",
    entry: str = "score",
    p_enter: float = 0.05,
    p_remove: float = 0.10,
) -> "pd.DataFrame":
    """Select covariates forward; return the trace, with the final model beside it.

    Parameters
    ----------
    frame, time, event, ties
        As for :func:`quant.cohort.cox`; Breslow is what SPSS uses.
    candidates : sequence of str
        Columns to select from. Rows with a missing cell in any of them are left out. A category
        enters and leaves as one block.
    entry : {'score', 'lr'}
        Test by which a covariate enters: the score test ("Forward: LR" in SPSS), or the
        likelihood ratio. Removal is by the likelihood ratio.
    p_enter, p_remove : float
        The covariate of smallest p enters if p is not above ``p_enter``; then the one of largest
        p leaves while p is above ``p_remove``.

    Returns
    -------
    DataFrame
        The trace: ``step, action, variable, chi_square, p`` and ``df, model, minus2_loglik, ties,
        entry, flags``. Actions: ``candidate`` (tested against the model after the step named),
        ``enter``, ``remove``, ``final``. Beside it ``trace.cox`` is the final model as from
        :func:`quant.cohort.cox` (no rows where nothing entered) and ``trace.removals`` every test
        for removal; ``attrs`` holds both as records, and ``selected``.

    Notes
    -----
    The search ends when nothing enters, or when a model comes back (note STEPWISE_LOOP). Tests of
    a selected model know nothing of the selection: its p-values are too small.

    References
    ----------
    IBM SPSS Statistics Algorithms, COXREG. Rao CR (1948), doi:10.1017/S0305004100023987.
    """
    import pandas as pd

    require_ties(ties)
    _require_rule(entry, p_enter, p_remove)
    names = require_covariates(candidates, time, event)
    notes = Notes()
    rows = follow_up_rows(frame, time, event, names, notes)
    design = build_design(rows.frame, names, notes)
    search = Search(rows, design, tuple(names), ties, entry, notes=notes)
    if rows.n_events:
        _search(search, p_enter, p_remove)
    final, said = _final(search)
    table = pd.DataFrame(search.trace, columns=COLUMNS)
    removals = pd.DataFrame(search.removals, columns=COLUMNS)
    notes.on(
        table, method="forward stepwise Cox regression", ties=ties, entry=entry, p_enter=p_enter,
        p_remove=p_remove, n=rows.n, events=rows.n_events, selected=list(search.model),
        cox=final.to_dict("records"), cox_tests=said, removals=removals.to_dict("records"),
    )  # fmt: skip
    object.__setattr__(table, "cox", final)
    object.__setattr__(table, "removals", removals)
    return table


def _require_rule(entry: str, p_enter: float, p_remove: float) -> None:
    if entry not in ENTRIES:
        raise UsageError("USAGE", "Unknown test for entry.", found=str(entry),
                         needed=", ".join(ENTRIES), next_step="choose one")  # fmt: skip
    if not 0.0 < p_enter <= p_remove <= 1.0:
        raise UsageError(
            "USAGE",
            "The limits of stepwise selection contradict each other.",
            found=f"p_enter {p_enter}, p_remove {p_remove}",
            needed="0 < p_enter <= p_remove <= 1, or the search never ends",
            next_step="use 0.05 and 0.10",
        )


def _search(search: Search, p_enter: float, p_remove: float) -> None:
    """Enter and remove until nothing moves."""
    seen = {frozenset[str]()}
    step = 0
    while step < MOST_STEPS:
        tests = _candidates(search)
        for test in tests:
            search.say(step, "candidate", test)
        best = min(
            (one for one in tests if one.p <= p_enter), key=lambda t: (t.p, -t.chi_square),
            default=None,
        )  # fmt: skip
        if best is None:
            break
        step += 1
        search.model.append(best.term)
        search.say(step, "enter", best)
        step = _remove(search, step, p_remove)
        if frozenset(search.model) in seen:
            search.notes.add("STEPWISE_LOOP", " + ".join(search.model) or "no covariate")
            break
        seen.add(frozenset(search.model))
    search.say(step, "final", Test("", float("nan"), 0, float("nan")))


def _remove(search: Search, step: int, p_remove: float) -> int:
    """Remove the weakest covariate while its likelihood-ratio p is above the limit."""
    from scipy.special import chdtrc

    while len(search.model) > 1:
        whole = search.fitted(search.model)
        tests = []
        for term in search.model:
            rest = [other for other in search.model if other != term]
            df = whole.df - search.fitted(rest).df
            chi_square = 2.0 * (search.loglik(search.model) - search.loglik(rest))
            p = float(chdtrc(df, max(chi_square, 0.0))) if df else float("nan")
            tests.append(Test(term, chi_square, df, p))
        for test in tests:
            search.removals.append(
                (step, "in model", test.term, test.chi_square, test.p, test.df,
                 " + ".join(search.model), -2.0 * search.loglik(search.model), search.ties, "lr",
                 "")
            )  # fmt: skip
        weakest = max(tests, key=lambda test: (test.p, -test.chi_square))
        if not weakest.p > p_remove:
            return step
        step += 1
        search.model.remove(weakest.term)
        search.say(step, "remove", weakest)
    return step


def _candidates(search: Search) -> list[Test]:
    """Test every covariate that is not in the model."""
    base = search.fitted(search.model) if search.model else None
    loglik = search.loglik(search.model)
    waiting = [term for term in search.terms if term not in search.model]
    return [_entry_test(search, base, loglik, term) for term in waiting]


def _entry_test(search: Search, base: CoxFit | None, loglik: float, term: str) -> Test:
    from scipy.special import chdtrc

    both = search.fitted([*search.model, term])
    df = both.df - (base.df if base else 0)
    if df <= 0 or both.optimum is None:
        reasons = both.reasons[-len(search.columns([term]).names) :]
        return Test(term, float("nan"), 0, float("nan"), next(filter(None, reasons), ""))
    flag = next((code for code in ("SEPARATION", "NOT_CONVERGED") if code in both.reasons), "")
    if search.entry == "lr":
        chi_square = 2.0 * (both.optimum.value.loglik - loglik)
    else:
        chi_square = _score(both, base)
    return Test(term, chi_square, df, float(chdtrc(df, max(chi_square, 0.0))), flag)


def _score(both: CoxFit, base: CoxFit | None) -> float:
    """Return the score test of the columns that ``both`` has and ``base`` has not."""
    at = np.zeros(both.df)
    known = 0
    if base is not None and base.optimum is not None:  # the same columns, standardised alike
        known = base.optimum.beta.size
        at[:known] = base.optimum.beta
    value = likelihood(both.risk, both.ties)(at)
    u: NDArray[np.float64] = value.score.copy()
    u[:known] = 0.0
    try:
        return float(u @ np.linalg.solve(value.information, u))
    except np.linalg.LinAlgError:
        return float("nan")


def _final(search: Search) -> "tuple[pd.DataFrame, dict[str, object]]":
    """Return the final model's table (no rows when empty) and its stamp."""
    import pandas as pd

    if not search.model:
        search.notes.add("NOTHING_ENTERED", f"{len(search.terms)} candidates")
        empty = fit(search.rows, search.design, search.ties, Notes())
        return pd.DataFrame(columns=estimates(empty).columns), {}
    model = fit(search.rows, search.columns(search.model), search.ties, search.notes)
    said = stamp(model, 0.95)
    return search.notes.on(estimates(model), **said), said
