"""Cohort statistics: from a table of measurements and a table of outcomes to prognosis.

>>> from quant import cohort
>>> curve = cohort.kaplan_meier(table, time="efs_days", event="event")  # doctest: +SKIP
>>> model = cohort.cox(
...     table, time="efs_days", event="event", covariates=["asp"]
... )  # doctest: +SKIP

Frames go in, tidy frames come out: one row per estimate. What a reader must know before using an
estimate stands as registered codes in ``frame.attrs["flags"]``, as sentences in
``frame.attrs["notes"]``, and, where a row is concerned, in the column ``flags``. Importing this
package loads nothing heavy; each name is loaded when it is first used.
"""

from importlib import import_module

# A module here must not bear the name of a public function: importing it would hide the function.
_HOMES = {
    "accuracy": "quant.cohort.two_by_two",
    "association": "quant.cohort.two_by_two",
    "at_risk": "quant.cohort.survival",
    "bootstrap_cut": "quant.cohort.optimism",
    "cox": "quant.cohort.cox_model",
    "cox_tests": "quant.cohort.cox_model",
    "firth_cox": "quant.cohort.firth",
    "follow_up": "quant.cohort.survival",
    "join_outcomes": "quant.cohort.outcomes",
    "kaplan_meier": "quant.cohort.survival",
    "logrank": "quant.cohort.logrank_tests",
    "pairwise_logrank": "quant.cohort.logrank_tests",
    "proportion": "quant.cohort.proportions",
    "proportional_hazards": "quant.cohort.proportional",
    "read_table": "quant.cohort.outcomes",
    "restricted_mean": "quant.cohort.restricted",
    "restricted_mean_difference": "quant.cohort.restricted",
    "roc": "quant.cohort.roc_analysis",
    "roc_compare": "quant.cohort.roc_analysis",
    "roc_curve": "quant.cohort.roc_analysis",
    "selected_cut": "quant.cohort.optimism",
    "stepwise_cox": "quant.cohort.stepwise",
    "survival_quantiles": "quant.cohort.survival",
    "time_dependent_auc": "quant.cohort.time_roc",
    "univariate_cox": "quant.cohort.cox_model",
}

__all__ = [
    "accuracy",
    "association",
    "at_risk",
    "bootstrap_cut",
    "cox",
    "cox_tests",
    "firth_cox",
    "follow_up",
    "join_outcomes",
    "kaplan_meier",
    "logrank",
    "pairwise_logrank",
    "proportion",
    "proportional_hazards",
    "read_table",
    "restricted_mean",
    "restricted_mean_difference",
    "roc",
    "roc_compare",
    "roc_curve",
    "selected_cut",
    "stepwise_cox",
    "survival_quantiles",
    "time_dependent_auc",
    "univariate_cox",
]


def __getattr__(name: str) -> object:
    """Load a public name from its home on first use."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
