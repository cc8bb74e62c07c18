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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quant.cohort.adjusted import adjust_p
    from quant.cohort.comparisons import compare_groups
    from quant.cohort.components import pca
    from quant.cohort.correlations import correlate
    from quant.cohort.cox_model import cox, cox_tests, univariate_cox
    from quant.cohort.firth import firth_cox
    from quant.cohort.group_tables import group_table
    from quant.cohort.intraclass import icc
    from quant.cohort.kappas import kappa
    from quant.cohort.limits_of_agreement import bland_altman
    from quant.cohort.logrank_tests import logrank, pairwise_logrank
    from quant.cohort.optimism import bootstrap_cut, selected_cut
    from quant.cohort.outcomes import join_outcomes
    from quant.cohort.proportional import proportional_hazards
    from quant.cohort.proportions import proportion
    from quant.cohort.published import audit
    from quant.cohort.restricted import restricted_mean, restricted_mean_difference
    from quant.cohort.roc_analysis import roc, roc_compare, roc_curve
    from quant.cohort.stepwise import stepwise_cox
    from quant.cohort.survival import at_risk, follow_up, kaplan_meier, survival_quantiles
    from quant.cohort.tables_in import read_table
    from quant.cohort.time_roc import time_dependent_auc
    from quant.cohort.two_by_two import accuracy, association

# A module here must not bear the name of a public function: importing it would hide the function.
_HOMES = {
    "accuracy": "quant.cohort.two_by_two",
    "adjust_p": "quant.cohort.adjusted",
    "association": "quant.cohort.two_by_two",
    "at_risk": "quant.cohort.survival",
    "audit": "quant.cohort.published",
    "bland_altman": "quant.cohort.limits_of_agreement",
    "bootstrap_cut": "quant.cohort.optimism",
    "compare_groups": "quant.cohort.comparisons",
    "correlate": "quant.cohort.correlations",
    "cox": "quant.cohort.cox_model",
    "cox_tests": "quant.cohort.cox_model",
    "firth_cox": "quant.cohort.firth",
    "follow_up": "quant.cohort.survival",
    "group_table": "quant.cohort.group_tables",
    "icc": "quant.cohort.intraclass",
    "join_outcomes": "quant.cohort.outcomes",
    "kaplan_meier": "quant.cohort.survival",
    "kappa": "quant.cohort.kappas",
    "logrank": "quant.cohort.logrank_tests",
    "pairwise_logrank": "quant.cohort.logrank_tests",
    "pca": "quant.cohort.components",
    "proportion": "quant.cohort.proportions",
    "proportional_hazards": "quant.cohort.proportional",
    "read_table": "quant.cohort.tables_in",
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
    "adjust_p",
    "association",
    "at_risk",
    "audit",
    "bland_altman",
    "bootstrap_cut",
    "compare_groups",
    "correlate",
    "cox",
    "cox_tests",
    "firth_cox",
    "follow_up",
    "group_table",
    "icc",
    "join_outcomes",
    "kaplan_meier",
    "kappa",
    "logrank",
    "pairwise_logrank",
    "pca",
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
