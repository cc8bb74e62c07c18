"""How far cohort statistics are from R's, over every row of the reference tables.

``python benchmarks/cohort_agreement.py [--json FILE] [--docs docs/cohort.md]`` prints, for each
kind of estimate, how many values were compared and the largest relative difference, and exits 1
beyond the promised tolerance. ``--docs`` puts the table into the page. Needs the reference for the
public data sets (``QUANT_REFERENCE``); without it the invented sets alone are compared.
"""

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from rows import Row, json_option, write_rows

from quant import cohort
from tests.support.cohort_tables import FREE, GROUPS, MULTI, SETS, data_set, reference_rows
from tests.support.reference import DEFAULT

ROUNDING = 1e-12
"""Values smaller than this are compared absolutely: R's file has 12 digits."""

TOLERANCES = {"Firth": 1e-6, "stepwise": 1e-8}
PROMISED = 1e-9
BEGIN, END = "<!-- table: benchmarks/cohort_agreement.py --docs -->", "<!-- end of table -->"

Found = tuple[str, np.ndarray, np.ndarray]  # type: ignore[type-arg]
OUTCOME = {"time": "time", "event": "event"}
SEED = ["age_months", "n_idrf", "curie", "bm_met", "diam_cm", "tmax_lmax", "tmax_lmean",
        "tmax_mmax", "asp"]  # fmt: skip


def values(table: pd.DataFrame, names: list[str]) -> np.ndarray:  # type: ignore[type-arg]
    """Return columns as one flat array."""
    return table[names].to_numpy(dtype=float).ravel()


def curves(name: str) -> Iterator[Found]:
    """Compare Kaplan-Meier, quantiles, restricted means, log-rank."""
    frame = data_set(name)
    for group in ("all", *GROUPS[name]):
        by = None if group == "all" else group
        own = cohort.kaplan_meier(frame, **OUTCOME, by=by)
        own = own[own["n_event"] > 0]
        theirs = of(reference_rows("km_points", name), group)
        yield ("Kaplan-Meier: S, SE, log-log interval",
               values(own, ["survival", "se", "low", "high"]),
               values(theirs, ["surv", "se_greenwood", "lo_loglog", "hi_loglog"]))  # fmt: skip
        for kind, part in of(reference_rows("km_quantiles", name), group).groupby("conf_type"):
            quantiles = sorted(set(part["q"]))
            if str(kind).startswith("reverse"):
                table = cohort.follow_up(frame, **OUTCOME, by=by)
                label = "Reverse Kaplan-Meier: median follow-up and interval"
            else:
                table = cohort.survival_quantiles(
                    frame, **OUTCOME, by=by, conf_type=str(kind), quantiles=quantiles
                )
                label = "Quantiles: time and plain, log, log-log intervals"
            yield label, values(table, ["time", "low", "high"]), values(part, ["time", "lo", "hi"])
        for limit, part in of(reference_rows("km_restricted_mean", name), group).groupby(
            "restriction"
        ):
            table = cohort.restricted_mean(frame, **OUTCOME, by=by, limit=str(limit))
            table = table.set_index("group").loc[part["level"]]
            yield ("Restricted mean: limit, mean, both SE, interval",
                   values(table, ["limit", "mean", "se", "low", "high", "se_mm1"]),
                   values(part, ["tau", "rmean", "se", "lo", "hi", "se_mm1"]))  # fmt: skip
        if by is not None:
            yield from tests_of(name, frame, by)


def of(table: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return the rows of a grouping."""
    return table[table["group"] == group]


def tests_of(name: str, frame: pd.DataFrame, by: str) -> Iterator[Found]:
    """Compare the log-rank tests of one grouping."""
    kinds = {"logrank": "logrank", "peto_prentice_rho1": "peto-prentice",
             "gehan_breslow_wilcoxon": "gehan-breslow", "tarone_ware": "tarone-ware"}  # fmt: skip
    theirs = of(reference_rows("logrank", name), by)
    for row in theirs.to_dict("records"):
        if row["test"] in kinds:
            own = cohort.logrank(frame, **OUTCOME, by=by, weights=kinds[row["test"]])
            yield ("Log-rank and weighted tests: chi-square, p", values(own, ["chi_square", "p"]),
                   np.array([row["chisq"], row["p"]]))  # fmt: skip


def models(name: str) -> Iterator[Found]:
    """Compare Cox models, their tests, concordance and tests of proportional hazards."""
    frame = data_set(name)

    def names(model: str) -> list[str]:
        return list(MULTI[name]) if model == "multi" else [model.partition(":")[2]]

    for (model, ties), part in reference_rows("cox_coef", name).groupby(["model", "ties"]):
        own = cohort.cox(frame, **OUTCOME, covariates=names(str(model)), ties=str(ties))
        yield (f"Cox, {ties} ties: coefficient, SE, ratio, interval, z, p",
               values(own, ["coef", "se", "hazard_ratio", "low", "high", "z", "p"]),
               values(part, ["coef", "se", "hr", "hr_lo", "hr_hi", "z", "p"]))  # fmt: skip
    theirs = ["loglik0", "loglik", "lr", "lr_p", "wald", "wald_p", "score", "score_p", "aic",
              "concordance", "concordance_se"]  # fmt: skip
    ours = ["loglik_null", *theirs[1:]]
    for row in reference_rows("cox_global", name).to_dict("records"):
        own = cohort.cox_tests(frame, **OUTCOME, covariates=names(row["model"]), ties=row["ties"])
        yield ("Cox: LR, Wald, score tests, AIC, concordance and SE", values(own, ours),
               np.array([row[one] for one in theirs], dtype=float))  # fmt: skip
    for (model, ties), part in reference_rows("cox_zph", name).groupby(["model", "ties"]):
        own = cohort.proportional_hazards(
            frame, **OUTCOME, covariates=names(str(model)), ties=str(ties),
            transform=list(dict.fromkeys(part["transform"])),
        )  # fmt: skip
        yield ("Proportional hazards (cox.zph): chi-square, p", values(own, ["chi_square", "p"]),
               values(part, ["chisq", "p"]))  # fmt: skip


def searches(name: str) -> Iterator[Found]:
    """Compare the traces of stepwise selection."""
    frame = data_set(name)
    candidates = SEED if name == "seedlike50" else list(MULTI[name])
    for (ties, entry), part in reference_rows("cox_forward_lr", name).groupby(
        ["ties", "entry_test"]
    ):
        own = cohort.stepwise_cox(
            frame, **OUTCOME, candidates=candidates, ties=str(ties), entry=str(entry)
        )
        same = own["variable"].tolist() == part["variable"].fillna("").tolist()
        yield ("Forward stepwise: every candidate's chi-square and p, -2 log L",
               values(own, ["chi_square", "p", "minus2_loglik"]) if same else np.array([np.inf]),
               values(part, ["chisq", "p", "minus2ll"]))  # fmt: skip


def penalised(name: str) -> Iterator[Found]:
    """Compare Firth's estimates."""
    rows = reference_rows("cox_firth", name)
    for (_, kind, _), part in rows[rows["penalty"] == "firth"].groupby(["penalty", "ci", "loglik"]):
        own = cohort.firth_cox(
            data_set(name), **OUTCOME, covariates=part["variable"].tolist(), interval=str(kind)
        )
        yield ("Firth's penalty: coefficient, SE, ratio, profile or Wald interval, p",
               values(own, ["coef", "se", "hazard_ratio", "low", "high", "p"]),
               values(part, ["coef", "se", "hr", "hr_lo", "hr_hi", "p"]))  # fmt: skip


def everything() -> Iterator[Found]:
    """Compare all that is here."""
    folder = Path(os.environ.get("QUANT_REFERENCE", str(DEFAULT))) / "statistics"
    there = SETS if folder.is_dir() else FREE
    for name in there:
        yield from curves(name)
        if name in MULTI:
            yield from models(name)
        if name in {"seedlike50", "rossi", "gbsg2"}:
            yield from searches(name)
        if name in {"seedlike50", "mono20"}:
            yield from penalised(name)


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:  # type: ignore[type-arg]
    """Return the largest relative difference; infinite where one has a value and one has none."""
    if ours.shape != theirs.shape or (np.isnan(ours) != np.isnan(theirs)).any():
        return float("inf")
    known = ~np.isnan(ours)
    scale = np.maximum(np.abs(theirs[known]), ROUNDING)
    return float(np.max(np.abs(ours[known] - theirs[known]) / scale, initial=0.0))


def main() -> None:
    """Print the table; exit 1 beyond the promise."""
    parser = json_option(__doc__)
    parser.add_argument("--docs", type=Path, help="put the table into this page")
    options = parser.parse_args()
    worst: dict[str, float] = {}
    counts: dict[str, int] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for label, ours, theirs in everything():
            worst[label] = max(worst.get(label, 0.0), difference(ours, theirs))
            counts[label] = counts.get(label, 0) + int((~np.isnan(theirs)).sum())
    lines = ["| estimate | values compared | largest relative difference from R | promised |",
             "| --- | --- | --- | --- |"]  # fmt: skip
    written: list[Row] = []
    failed = False
    for label, off in worst.items():
        promised = next((one for word, one in TOLERANCES.items() if word in label), PROMISED)
        failed |= off > promised
        lines.append(f"| {label} | {counts[label]} | {off:.0e} | {promised:.0e} |")
        written.append({"work": label, "size": f"{counts[label]} values", "contender": "ours",
                        "error": off, "promised": promised})  # fmt: skip
    print("\n".join(lines))  # noqa: T201
    if options.docs is not None:
        page = options.docs.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        text = f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{after}"
        options.docs.write_text(text, encoding="utf-8")
    write_rows(options.json, written)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
