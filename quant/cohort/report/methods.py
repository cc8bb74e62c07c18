"""The methods paragraph of a cohort report: what was done, in sentences to copy."""

from typing import TYPE_CHECKING

from quant.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Collection

    from quant.cohort.report.plan import Plan

LIMIT_WORDS = {
    "largest_time_in_group": "the largest time of each group, censored or not (means of groups "
    "with different limits are not compared)",
    "largest_event_time_in_group": "the largest event time of each group (means of groups with "
    "different limits are not compared)",
    "common": "the largest time of all groups, curves carried on level",
    "shared_follow_up": "the smallest of the groups' largest times",
}
TIES_WORDS = {
    "efron": "Efron's method",
    "breslow": "Breslow's method",
    "exact": "the exact discrete likelihood (odds ratios)",
}


def methods_paragraph(plan: "Plan", tables: "Collection[str]") -> str:
    """Say how everything was computed, for the methods section of a paper.

    Parameters
    ----------
    plan : Plan
        The questions.
    tables : collection of str
        Names of the tables that were made: nothing is said of those that were not.
    """
    parts = [_curves(plan)]
    if plan.groups or plan.markers:
        parts.append(
            "Curves were compared by log-rank, Gehan-Breslow, Tarone-Ware and Peto-Prentice tests"
            + (", pairs of groups by log-rank tests with p adjusted by Holm's method."
               if "logrank_pairs" in tables else ".")
        )  # fmt: skip
    if plan.covariates:
        parts.append(_models(plan, tables))
    if len(plan.candidates) > 1:
        test = "score test" if plan.entry == "score" else "likelihood ratio"
        parts.append(
            f"Covariates were selected forward by the {test} to enter (p at most {plan.p_enter:g}) "
            f"and the likelihood ratio to remove (p above {plan.p_remove:g}), with ties by "
            f"{TIES_WORDS[plan.stepwise_ties]}."
        )
    if plan.markers:
        parts.append(_markers(plan))
    parts.append(f"Computed with spectct-quant {VERSION}.")
    return " ".join(parts)


def _curves(plan: "Plan") -> str:
    return (
        f"Survival was estimated by the Kaplan-Meier method with pointwise {plan.conf_type} 95 % "
        f"intervals from Greenwood's variance; time was counted in {plan.unit}. Medians follow "
        "R's rule (the middle of a level part of the curve at exactly one half), with the "
        "intervals of Brookmeyer and Crowley. Mean survival is the area under the curve up to "
        f"{LIMIT_WORDS.get(plan.limit, f'{plan.limit} {plan.unit}')}, with Greenwood's standard "
        "error; differences of means use one limit for all, the smallest of the groups' largest "
        "times. Median follow-up is by reverse Kaplan-Meier."
    )


def _models(plan: "Plan", tables: "Collection[str]") -> str:
    said = (
        f"Cox proportional-hazards models treated ties by {TIES_WORDS[plan.ties]}; intervals and p "
        "of coefficients are Wald's. "
    )
    if plan.ties != "exact":
        said += (
            "Proportional hazards were tested by score tests of the product with a function of "
            "time (cox.zph of R's survival 3). "
        )
    if "cox_firth" in tables:
        said += (
            "For few events or separation a model with Firth's penalty (Breslow ties) stands "
            "beside, with profile-likelihood intervals and penalised likelihood-ratio tests "
            "(firthmodels). "
        )
    return said + (
        "Subjects with and without the event were described by medians with quartiles (R's type "
        "6) and compared by tests of means, ranks and counts, p adjusted by Holm's method."
    )


def _markers(plan: "Plan") -> str:
    return (
        "ROC analysis is of the event, yes or no, with DeLong intervals, higher values taken for "
        "the event; cut-offs have the largest Youden index, and predictive values have "
        "Clopper-Pearson intervals. Because a cut chosen on the data that judge it makes p too "
        "small, p was also corrected for the choice (Miller and Siegmund; exact and permutation "
        f"distributions), and bootstrap intervals rest on {plan.replicates} resamples (seed "
        f"{plan.seed}). Time-dependent areas weight by the inverse probability of censoring."
    )
