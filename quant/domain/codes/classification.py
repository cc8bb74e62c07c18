"""Codes of ROC analysis, group comparisons and reader agreement."""

from quant.domain.codes.info import CodeInfo, E, I, W

CLASSIFICATION: dict[str, CodeInfo] = {
    "NO_NON_EVENTS": CodeInfo(
        W,
        "Every row has the event: there is nothing to tell it from.",
        "Check the coding of the event.",
    ),
    "MARKER_CONSTANT": CodeInfo(
        W,
        "The marker has one value only: the area is 0.5 by definition and there is no cut.",
        "Leave the marker out.",
    ),
    "AUC_SE_UNDEFINED": CodeInfo(
        W,
        "Fewer than two events or non-events: DeLong's standard error is not defined.",
        "Read Newcombe's interval, or collect more subjects.",
    ),
    "AUC_BELOW_HALF": CodeInfo(
        I,
        "The area is below 0.5: in these data the marker tells the event the other way round. "
        "The direction was not turned.",
        "Read the reversed area beside it; turn the direction only for a reason known beforehand.",
    ),
    "PERFECT_SEPARATION": CodeInfo(
        W,
        "The marker separates events and non-events completely: DeLong's interval has no width, "
        "which says nothing about its certainty.",
        "Read Newcombe's interval.",
    ),
    "FEW_PER_CLASS": CodeInfo(
        W,
        "Fewer than ten events or non-events: intervals for large samples cover too little.",
        "Read Newcombe's interval, and report the counts.",
    ),
    "NO_CUT": CodeInfo(W, "No cut has a positive Youden index: none is given.", "Read the curve."),
    "CUT_TIES": CodeInfo(
        I,
        "Several cuts share the greatest Youden index; the one with the highest sensitivity is "
        "given.",
        "Choose by the cost of each kind of error.",
    ),
    "CUT_SAME_DATA": CodeInfo(
        I,
        "The cut was chosen on the data that judge it: its sensitivity, specificity and p are "
        "optimistic.",
        "Report quant.cohort.selected_cut and bootstrap_cut beside it, or use other data.",
    ),
    "CENSORED_EARLY": CodeInfo(
        W,
        "Rows without the event left follow-up before the last event: their status is unknown, "
        "and a ROC curve of event yes or no counts them as event-free.",
        "Read quant.cohort.time_dependent_auc.",
    ),
    "EMPTY_MARGIN": CodeInfo(
        W, "A row or column of the table is empty: a measure has no denominator.", "Read counts."
    ),
    "ZERO_CELL": CodeInfo(
        I,
        "A cell of the table is 0: the ratio is 0 or infinite and the log method has no interval.",
        "Read the proportions and their exact intervals.",
    ),
    "NO_CASES": CodeInfo(
        W, "Nobody has had the event by this time: there is no curve.", "Choose a later time."
    ),
    "NO_CONTROLS": CodeInfo(
        W, "Nobody is followed beyond this time: there is no curve.", "Choose an earlier time."
    ),
    "WEIGHT_INFINITE": CodeInfo(
        W,
        "A case has no chance of having been observed under the censoring of these data: its "
        "weight is infinite.",
        "Choose an earlier time.",
    ),
    "REPLICATES_LOST": CodeInfo(
        W,
        "Resamples without an estimate were left out of the interval.",
        "Report how many; the interval rests on the others.",
    ),
}

GROUPS: dict[str, CodeInfo] = {
    "GROUP_TOO_SMALL": CodeInfo(
        W, "A group has too few values for this estimate.", "Read the values themselves."
    ),
    "TOO_MANY_VALUES": CodeInfo(
        I, "There are more values than this test is stated for.", "Look at the distribution."
    ),
    "CONSTANT_COLUMN": CodeInfo(
        W, "A column has one value only: the estimate is not defined.", "Leave the column out."
    ),
    "TIES_IN_RANKS": CodeInfo(
        I,
        "Values are tied: the exact distribution without ties does not hold; the large-sample "
        "test was used.",
        "Nothing; the method stands beside p.",
    ),
    "SMALL_EXPECTED": CodeInfo(
        W, "An expected count is below 5: chi-square is a poor guide.", "Read Fisher's exact test."
    ),
    "MONTE_CARLO": CodeInfo(
        I,
        "The table is too large to be enumerated: p was estimated from drawn tables.",
        "Report the number drawn and the seed.",
    ),
    "RANK_DEFICIENT": CodeInfo(
        W,
        "Columns depend on one another, or rows are fewer than columns: some components have no "
        "variance and their direction means nothing.",
        "Read the components with variance only.",
    ),
}

AGREEMENT: dict[str, CodeInfo] = {
    "NO_VARIANCE": CodeInfo(
        W,
        "Subjects do not differ, or nothing differs: the coefficient is not defined.",
        "Read the differences themselves.",
    ),
    "NEGATIVE_ICC": CodeInfo(
        I,
        "Subjects differ less than their repeated measurements: the estimate is below 0.",
        "Read it as no agreement beyond chance.",
    ),
    "REPEATED_MEASURES": CodeInfo(
        I,
        "Subjects have several pairs: limits come from variance between and within subjects; "
        "intervals of the limits are left out.",
        "Report the number of subjects and of pairs.",
    ),
    "DIFFERENCE_TREND": CodeInfo(
        W,
        "The difference between the readings changes with their mean: one pair of limits does "
        "not fit small and large values alike.",
        "Analyse logarithms or percent differences.",
    ),
    "PERFECT_AGREEMENT": CodeInfo(
        I,
        "The readings agree completely, or up to a constant: there is no interval that would say "
        "how certain that is.",
        "Report the number of subjects beside it.",
    ),
    "VALUE_NOT_POSITIVE": CodeInfo(
        E, "A ratio was asked for of values that are not above 0.", "Use differences."
    ),
    "CATEGORY_UNKNOWN": CodeInfo(
        E, "A reading is none of the categories that were named.", "Correct it, or name it."
    ),
    "KAPPA_UNDEFINED": CodeInfo(
        W,
        "Both readers used one and the same category only: kappa is not defined.",
        "Report the observed agreement.",
    ),
}
