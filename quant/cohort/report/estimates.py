"""Every estimate of an analysis in one long table."""

from typing import TYPE_CHECKING

from quant.cohort.data.columns import group_label

if TYPE_CHECKING:
    import pandas as pd

    from quant.cohort.report.analysis import Analysis

COLUMNS = ["analysis", "by", "group", "term", "quantity", "value", "se", "low", "high", "p",
           "method", "ties", "limit", "time", "unit", "n", "events", "flags"]  # fmt: skip

Names = tuple[str, ...]

GROUPS: Names = ("group", "reference", "comparison")
TERMS: Names = ("variable", "term", "marker", "marker1", "marker2", "first", "second", "component",
                "item", "row", "test", "weights", "transform", "quantile", "step", "action",
                "quantity", "category")  # fmt: skip
AMOUNTS: dict[str, tuple[tuple[str, str, str, str, str, str], ...]] = {
    "kaplan_meier": (("survival", "survival", "se", "low", "high", ""),),
    "survival_quantiles": (("time of quantile", "time", "", "low", "high", ""),),
    "follow_up": (("time of follow-up", "time", "", "low", "high", ""),),
    "restricted_mean": (("restricted mean", "mean", "se", "low", "high", ""),),
    "restricted_mean_difference": (
        ("difference of restricted means", "difference", "se", "low", "high", "p"),
    ),
    "logrank": (("chi-square", "chi_square", "", "", "", "p"),),
    "logrank_pairs": (("chi-square", "chi_square", "", "", "", "p"),),
    "cox_univariate": (
        ("coefficient", "coef", "se", "", "", "p"),
        ("hazard ratio", "hazard_ratio", "", "low", "high", "p"),
    ),
    "cox_tests": (
        ("likelihood-ratio chi-square", "lr", "", "", "", "lr_p"),
        ("Wald chi-square", "wald", "", "", "", "wald_p"),
        ("score chi-square", "score", "", "", "", "score_p"),
        ("concordance", "concordance", "concordance_se", "", "", ""),
        ("log-likelihood", "loglik", "", "", "", ""),
    ),
    "proportional_hazards": (("chi-square", "chi_square", "", "", "", "p"),),
    "stepwise_trace": (("chi-square", "chi_square", "", "", "", "p"),),
    "stepwise_removals": (("chi-square", "chi_square", "", "", "", "p"),),
    "roc": (
        ("AUC", "auc", "se", "low", "high", ""),
        ("Youden cut-off", "cutoff", "", "", "", ""),
        ("sensitivity", "sensitivity", "", "sensitivity_low", "sensitivity_high", ""),
        ("specificity", "specificity", "", "specificity_low", "specificity_high", ""),
        ("positive predictive value", "ppv", "", "ppv_low", "ppv_high", ""),
        ("negative predictive value", "npv", "", "npv_low", "npv_high", ""),
    ),
    "roc_compare": (("difference of AUC", "difference", "se", "low", "high", "p"),),
    "selected_cut": (
        ("chosen cut-off, p as if known before", "cutoff", "", "", "", "p_naive"),
        ("chosen cut-off, p corrected", "cutoff", "", "", "", "p_corrected"),
        ("chosen cut-off, p exact", "cutoff", "", "", "", "p_exact"),
        ("chosen cut-off, p by permutation", "cutoff", "", "", "", "p_permutation"),
    ),
    "bootstrap_cut": (
        ("apparent", "apparent", "", "low", "high", ""),
        ("corrected for optimism", "corrected", "", "", "", ""),
    ),
    "time_dependent_auc": (("time-dependent AUC", "auc", "se", "low", "high", ""),),
    "correlations": (("correlation", "coefficient", "", "low", "high", "p"),),
    "components": (("component", "value", "", "", "", ""),),
    "comparison": (("statistic", "statistic", "", "", "", "p"),),
    "description": (
        ("mean", "mean", "sd", "", "", ""),
        ("median", "median", "", "q1", "q3", ""),
        ("count", "count", "", "", "", ""),
    ),
}
"""For each table: quantity, and the columns of value, error, limits and p."""

for _like in ("cox_multivariable", "cox_firth", "stepwise_model"):
    AMOUNTS[_like] = AMOUNTS["cox_univariate"]


def long_table(found: "Analysis") -> "pd.DataFrame":
    """Return one row per estimate of all tables.

    Returns
    -------
    DataFrame
        ``analysis, by, group, term, quantity, value, se, low, high, p, method, ties, limit, time,
        unit, n, events, flags``. ``term`` joins what the row is about; ``limit`` is that of a
        restricted mean; ``time`` and ``unit`` are set where an estimate belongs to a time. Rows
        without value and p (a level never reached) stay.
    """
    import pandas as pd

    parts = [
        _rows(name, found.tables[name], amount, found.plan.unit)
        for name, amounts in AMOUNTS.items()
        if name in found.tables and len(found.tables[name])
        for amount in amounts
        if amount[1] in found.tables[name].columns
    ]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    return pd.concat(parts, ignore_index=True)


def _rows(
    name: str, table: "pd.DataFrame", amount: tuple[str, str, str, str, str, str], unit: str
) -> "pd.DataFrame":
    import pandas as pd

    quantity, value, se, low, high, p = amount
    out = pd.DataFrame({"analysis": name}, index=range(len(table)))
    out["by"] = _text(table, "by")
    out["group"] = _joined(table, GROUPS, " against ")
    out["term"] = _joined(table, TERMS, ", ")
    out["quantity"] = quantity
    for column, source in (("value", value), ("se", se), ("low", low), ("high", high), ("p", p)):
        out[column] = _number(table, source)
    out["method"] = _text(table, "method")
    out["ties"] = _text(table, "ties")
    out["limit"] = _number(table, "limit")
    own_time = name in {"kaplan_meier", "time_dependent_auc"}
    out["time"] = _number(table, "time" if own_time else "")
    timed = own_time or (value in {"time", "mean", "difference"} and "time_unit" in table)
    out["unit"] = unit if timed else ""
    for column in ("n", "events"):
        out[column] = _number(table, column).astype("Int64")
    out["flags"] = _text(table, "flags")
    return out[COLUMNS]


def _text(table: "pd.DataFrame", name: str) -> "pd.Series":
    import pandas as pd

    if name not in table.columns:
        return pd.Series([""] * len(table), dtype=object)
    cells = ["" if pd.isna(cell) else group_label(cell) for cell in table[name]]
    return pd.Series(cells, dtype=object)


def _joined(table: "pd.DataFrame", names: Names, between: str) -> "pd.Series":
    import pandas as pd

    columns = [_text(table, name).tolist() for name in names if name in table.columns]
    rows = zip(*columns, strict=True) if columns else [()] * len(table)
    return pd.Series([between.join(dict.fromkeys(filter(None, row))) for row in rows], dtype=object)


def _number(table: "pd.DataFrame", name: str) -> "pd.Series":
    import pandas as pd

    if name not in table.columns:
        return pd.Series([float("nan")] * len(table))
    return pd.to_numeric(table[name], errors="coerce").astype(float).reset_index(drop=True)
