"""Codes of the audit of published tables."""

from quant.domain.codes.info import CodeInfo, E, I, W

AUDIT: dict[str, CodeInfo] = {
    "AUDIT_UNREADABLE": CodeInfo(
        E,
        "The file of published rows cannot be read as it is laid out.",
        "See docs/cohort-audit.md, or quant cohort audit --layout.",
    ),
    "AUDIT_INTERVAL_ORDER": CodeInfo(
        W, "The estimate does not lie within its interval.", "Check the three numbers."
    ),
    "AUDIT_RATIO_MIDPOINT": CodeInfo(
        W,
        "The ratio is not the geometric mean of its interval, within the rounding of what is "
        "printed.",
        "Check the three numbers against the program's output.",
    ),
    "AUDIT_P_INTERVAL": CodeInfo(
        W,
        "The p value is not the Wald p of the ratio and its interval.",
        "Check the numbers, or name the test that p comes from.",
    ),
    "AUDIT_P_ZERO": CodeInfo(I, "A p value is printed as zero.", "Print p < 0.001."),
    "AUDIT_P_RANGE": CodeInfo(W, "A p value is not between 0 and 1.", "Check the number."),
    "AUDIT_DIRECTION": CodeInfo(
        W,
        "The direction that is claimed is not that of the ratio.",
        "Write the direction from the sign of the estimate.",
    ),
    "AUDIT_METHOD": CodeInfo(
        W,
        "The method that is named does not give the measure that is printed.",
        "Name the method that made the numbers.",
    ),
    "AUDIT_NO_TABLE": CodeInfo(
        W,
        "No table of whole counts has the printed sensitivity, specificity and predictive values.",
        "Check the counts and the percentages.",
    ),
    "AUDIT_MEAN_MIDPOINT": CodeInfo(
        W,
        "The mean is not the midpoint of its interval, within the rounding of what is printed.",
        "Check the three numbers against the program's output.",
    ),
    "AUDIT_MEAN_TRUNCATED": CodeInfo(
        I, "The mean was cut off instead of rounded.", "Use one rounding rule."
    ),
    "AUDIT_MEDIAN_OUTSIDE": CodeInfo(
        W,
        "What is called a median lies outside its quartiles.",
        "It may be a mean: print the median, or name the mean as such.",
    ),
    "AUDIT_MEDIAN_GRID": CodeInfo(
        W,
        "A median of whole numbers is a whole number or lies midway between two.",
        "It may be a mean: print the median, or name the mean as such.",
    ),
    "AUDIT_ORDER": CodeInfo(
        W, "Minimum, quartiles and maximum are not in order.", "Check the numbers and their units."
    ),
    "AUDIT_NEGATIVE": CodeInfo(
        W,
        "A quantity is negative that cannot be.",
        "An asphericity below 0 comes from unlike surface and volume: recompute both.",
    ),
    "AUDIT_UNITS": CodeInfo(
        I, "One quantity is printed in several units.", "Print it in one unit."
    ),
    "AUDIT_COUNTS": CodeInfo(
        W, "Counts do not add up to their total.", "Check the counts, and what they are called."
    ),
    "AUDIT_PERCENT": CodeInfo(
        W, "A percentage is not that of its count.", "Check the count, the total, the percentage."
    ),
    "AUDIT_CONTRADICTED": CodeInfo(
        W,
        "One number is printed with different values.",
        "Generate tables and text from the same data.",
    ),
    "AUDIT_CUT_ROUNDED": CodeInfo(
        I,
        "A cut-off is printed rounded and unrounded: subjects in between fall on different sides.",
        "Print the cut-off as it was used.",
    ),
    "AUDIT_CUT_EQUAL": CodeInfo(
        I,
        "The groups on both sides of a cut-off leave out those exactly on it.",
        "Print > and <=, or >= and <.",
    ),
    "AUDIT_CUT_CHOSEN": CodeInfo(
        W,
        "The cut-off was chosen on the data that judge it: p, sensitivity and specificity are "
        "optimistic.",
        "Print a corrected p and the area under the curve with its interval.",
    ),
    "AUDIT_FEW_EVENTS": CodeInfo(
        W,
        "Fewer than ten events per variable: estimates are unstable.",
        "Use fewer variables, or the Firth-penalised estimate.",
    ),
    "AUDIT_NAMES": CodeInfo(
        W, "The variables that are named are not those of the model.", "Name those of the model."
    ),
    "AUDIT_FOLD": CodeInfo(
        W,
        "The claimed multiple is not the ratio raised to the difference.",
        "Compute it: ratio per unit to the power of the number of units.",
    ),
}
