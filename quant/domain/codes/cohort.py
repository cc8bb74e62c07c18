"""Codes of cohort statistics: outcomes, survival, classification, agreement, audit."""

from quant.domain.codes.audit import AUDIT
from quant.domain.codes.classification import AGREEMENT, CLASSIFICATION, GROUPS
from quant.domain.codes.info import CodeInfo, E, I, W

OUTCOMES: dict[str, CodeInfo] = {
    "TABLE_UNREADABLE": CodeInfo(
        E, "A table of results or outcomes cannot be read.", "Check the path and the format."
    ),
    "COLUMN_MISSING": CodeInfo(
        E,
        "A column that the question needs is not in the table.",
        "Name a column that is there, or add it.",
    ),
    "COLUMN_NOT_NUMERIC": CodeInfo(
        E,
        "A column that must hold numbers holds text.",
        "Write numbers, and leave unknown cells empty; name categories as such.",
    ),
    "EVENT_NOT_BINARY": CodeInfo(
        E,
        "An event that is none of 0, 1, true, false.",
        "Write 1 or true where the event was seen, 0 or false where follow-up ended without it.",
    ),
    "TIME_MISSING": CodeInfo(
        E, "A time to event or censoring is missing.", "Add the time, or leave the subject out."
    ),
    "TIME_NEGATIVE": CodeInfo(
        E,
        "A time to event or censoring is negative.",
        "Count the time from the scan: check both dates.",
    ),
    "TIME_UNREADABLE": CodeInfo(
        E,
        "A time is not a finite number.",
        "Write the time as a number in the unit that was stated.",
    ),
    "EVENT_MISSING": CodeInfo(
        E, "An event status is missing.", "Add 0 or 1, or leave the subject out."
    ),
    "KEY_MISSING": CodeInfo(
        E, "A row has no key that tells whose it is.", "Add the subject's or study's key."
    ),
    "KEY_DUPLICATE": CodeInfo(
        E,
        "A key stands in more than one row.",
        "Keep one row per subject or study; for repeated studies join by study_uid.",
    ),
    "OUTCOME_UNMATCHED": CodeInfo(
        W,
        "A row of one table has no partner in the other.",
        "Check the spelling of the keys; the row takes no part.",
    ),
    "ROWS_LEFT_OUT": CodeInfo(
        W,
        "Rows with a missing cell took no part in this estimate.",
        "Complete the cells, or report the number used.",
    ),
    "NO_ROWS": CodeInfo(
        E, "No row is left to estimate from.", "Check the columns for missing cells."
    ),
}

SURVIVAL: dict[str, CodeInfo] = {
    "NO_EVENTS": CodeInfo(
        W, "No event was seen: nothing can be estimated from events.", "Follow up longer."
    ),
    "ALL_EVENTS": CodeInfo(
        I, "Every row has the event: nothing is censored.", "Check the coding of the event."
    ),
    "ONE_GROUP": CodeInfo(
        W, "Only one group has rows: there is nothing to compare.", "Choose another grouping."
    ),
    "EMPTY_GROUP_LEFT_OUT": CodeInfo(
        W,
        "A group that is never at risk at an event takes no part in the test.",
        "Report the groups compared.",
    ),
    "NO_COMPARISON": CodeInfo(
        W,
        "The groups are never at risk together at an event: the test is not defined.",
        "Choose another grouping.",
    ),
    "CONSTANT_COVARIATE": CodeInfo(
        W, "A covariate has one value only: it has no estimate.", "Leave the covariate out."
    ),
    "CATEGORICAL": CodeInfo(
        I,
        "A covariate holds categories: it enters as one column per level but the first.",
        "Check which level is the reference.",
    ),
    "COLLINEAR": CodeInfo(
        W,
        "A covariate is a linear combination of those before it: it has no estimate.",
        "Leave one of them out.",
    ),
    "SEPARATION": CodeInfo(
        W,
        "The likelihood rises without end: a covariate separates the events (monotone likelihood).",
        "Use the Firth-penalised estimate; Wald tests and intervals mean nothing here.",
    ),
    "NOT_CONVERGED": CodeInfo(
        W, "The estimation stopped before it converged.", "Do not use the estimate."
    ),
    "TRANSFORM_UNDEFINED": CodeInfo(
        W, "An event at time 0 has no logarithm of time.", "Use another transform of time."
    ),
    "TEST_UNDEFINED": CodeInfo(
        W, "These rows leave no spread to test against: the test is not defined.", "Report no p."
    ),
    "FIRTH_UNAVAILABLE": CodeInfo(
        W,
        "The library for Firth's penalty is not installed.",
        "Install it: pip install 'spectct-quant[stats]'.",
    ),
    "STEPWISE_LOOP": CodeInfo(
        W, "Stepwise selection came back to a model it had left.", "Set the limits further apart."
    ),
    "NOTHING_ENTERED": CodeInfo(
        I, "No candidate was good enough to enter the model.", "Report that nothing was selected."
    ),
    "FEW_EVENTS": CodeInfo(
        W,
        "Fewer than ten events per covariate: estimates are unstable and too extreme.",
        "Use fewer covariates, or the Firth-penalised estimate.",
    ),
    "INTERVAL_UNDEFINED": CodeInfo(
        I,
        "Where the curve is at 0 its standard error and interval are not defined.",
        "Read the level alone.",
    ),
    "LIMIT_BEYOND_FOLLOW_UP": CodeInfo(
        W,
        "The limit of a restricted mean lies beyond the follow-up of a group.",
        "Choose a smaller limit; the curve was carried on at its last level.",
    ),
    "LIMITS_DIFFER": CodeInfo(
        W,
        "Restricted means of groups stand under different limits: they cannot be compared.",
        "Compare under the common limit.",
    ),
}

COHORT: dict[str, CodeInfo] = {
    **OUTCOMES,
    **SURVIVAL,
    **CLASSIFICATION,
    **GROUPS,
    **AGREEMENT,
    **AUDIT,
}
"""Every code of cohort statistics."""
