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

Rooms: ``data`` (tables in, checked and joined), ``survival`` (curves, quantiles, restricted
means, log-rank), ``cox_models``, ``classification`` (ROC, cuts, two by two), ``groups``
(description, tests, components), ``agreement`` (of readers), ``published`` (the audit),
``report`` (a whole analysis).
"""

from typing import TYPE_CHECKING

from quant.lazily import lazily

# No room or module bears the name of a public function: importing it would hide the function.
if TYPE_CHECKING:
    from quant.cohort.adjusted import adjust_p
    from quant.cohort.agreement.intraclass import icc
    from quant.cohort.agreement.kappas import kappa
    from quant.cohort.agreement.limits_of_agreement import bland_altman
    from quant.cohort.classification.bootstrap import bootstrap_cut
    from quant.cohort.classification.chosen_cut import selected_cut
    from quant.cohort.classification.comparison import roc_compare
    from quant.cohort.classification.proportions import proportion
    from quant.cohort.classification.roc import roc, roc_curve
    from quant.cohort.classification.time_dependent import time_dependent_auc
    from quant.cohort.classification.two_by_two import accuracy, association
    from quant.cohort.cox_models.firth import firth_cox
    from quant.cohort.cox_models.model import cox, cox_tests, univariate_cox
    from quant.cohort.cox_models.proportional import proportional_hazards
    from quant.cohort.cox_models.stepwise import stepwise_cox
    from quant.cohort.data.outcomes import join_outcomes
    from quant.cohort.data.reading import read_table
    from quant.cohort.groups.comparisons import compare_groups
    from quant.cohort.groups.components import pca
    from quant.cohort.groups.correlations import correlate
    from quant.cohort.groups.description import group_table
    from quant.cohort.published.auditing import audit
    from quant.cohort.survival.kaplan_meier import at_risk, kaplan_meier
    from quant.cohort.survival.logrank import logrank, pairwise_logrank
    from quant.cohort.survival.quantiles import follow_up, survival_quantiles
    from quant.cohort.survival.restricted import restricted_mean, restricted_mean_difference
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "quant.cohort.adjusted": ["adjust_p"],
            "quant.cohort.agreement.intraclass": ["icc"],
            "quant.cohort.agreement.kappas": ["kappa"],
            "quant.cohort.agreement.limits_of_agreement": ["bland_altman"],
            "quant.cohort.classification.bootstrap": ["bootstrap_cut"],
            "quant.cohort.classification.chosen_cut": ["selected_cut"],
            "quant.cohort.classification.comparison": ["roc_compare"],
            "quant.cohort.classification.proportions": ["proportion"],
            "quant.cohort.classification.roc": ["roc", "roc_curve"],
            "quant.cohort.classification.time_dependent": ["time_dependent_auc"],
            "quant.cohort.classification.two_by_two": ["accuracy", "association"],
            "quant.cohort.cox_models.firth": ["firth_cox"],
            "quant.cohort.cox_models.model": ["cox", "cox_tests", "univariate_cox"],
            "quant.cohort.cox_models.proportional": ["proportional_hazards"],
            "quant.cohort.cox_models.stepwise": ["stepwise_cox"],
            "quant.cohort.data.outcomes": ["join_outcomes"],
            "quant.cohort.data.reading": ["read_table"],
            "quant.cohort.groups.comparisons": ["compare_groups"],
            "quant.cohort.groups.components": ["pca"],
            "quant.cohort.groups.correlations": ["correlate"],
            "quant.cohort.groups.description": ["group_table"],
            "quant.cohort.published.auditing": ["audit"],
            "quant.cohort.survival.kaplan_meier": ["at_risk", "kaplan_meier"],
            "quant.cohort.survival.logrank": ["logrank", "pairwise_logrank"],
            "quant.cohort.survival.quantiles": ["follow_up", "survival_quantiles"],
            "quant.cohort.survival.restricted": ["restricted_mean", "restricted_mean_difference"],
        },
    )

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
