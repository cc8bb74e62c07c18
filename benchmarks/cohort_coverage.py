"""How often 95 % intervals of cohort statistics hold the truth, over simulated cohorts.

``python benchmarks/cohort_coverage.py [replicates] [--json FILE]`` prints the table and exits 1
when a judged interval covers less than 94 or more than 96 %. Kaplan-Meier and Cox: exponential
survival with independent censoring; areas under ROC curves: normal markers. Other types of
interval stand beside, not judged.
"""

import sys
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pandas as pd
from rows import Row, json_option, write_rows

from quant import cohort
from quant.cohort.classification.delong import (
    area,
    logit_interval,
    newcombe_interval,
    plain_interval,
)

REPLICATES, SEED = 5_000, 20261121
WANTED = (0.94, 0.96)
QUANTILE = NormalDist().inv_cdf(0.975)
LOG_HAZARDS = {"marker": 0.6, "treated": -0.5}

Held = dict[str, bool]


def survival_cohort(rng: np.random.Generator, n: int = 200) -> pd.DataFrame:
    """Return a cohort under proportional hazards, about four in ten censored."""
    marker, treated = rng.normal(size=n), rng.integers(0, 2, n).astype(float)
    hazard = np.exp(LOG_HAZARDS["marker"] * marker + LOG_HAZARDS["treated"] * treated)
    died, lost = rng.exponential(1.0 / hazard), rng.uniform(0.2, 2.5, n)
    return pd.DataFrame(
        {"time": np.minimum(died, lost), "event": (died <= lost).astype(int), "marker": marker,
         "treated": treated}
    )  # fmt: skip


def of_curves(rng: np.random.Generator) -> Held:
    """Tell which intervals of S(t) and of the restricted mean hold the truth (hazard 1)."""
    died, lost = rng.exponential(1.0, 200), rng.uniform(0.2, 2.5, 200)
    frame = pd.DataFrame({"time": np.minimum(died, lost), "event": (died <= lost).astype(int)})
    held: Held = {}
    for conf_type in ("log-log", "log", "plain"):
        curve = cohort.kaplan_meier(frame, time="time", event="event", conf_type=conf_type)
        times = curve["time"].to_numpy()
        for level in (0.7, 0.4):
            at = int(np.searchsorted(times, -np.log(level), side="right")) - 1
            low, high = curve["low"].to_numpy()[at], curve["high"].to_numpy()[at]
            held[f"Kaplan-Meier S = {level}, {conf_type}"] = bool(low <= level <= high)
    mean = cohort.restricted_mean(frame, time="time", event="event", limit=1.5)
    truth = 1.0 - np.exp(-1.5)
    held["restricted mean to 1.5"] = bool(
        mean["low"].to_numpy()[0] <= truth <= mean["high"].to_numpy()[0]
    )
    return held


def of_models(rng: np.random.Generator) -> Held:
    """Tell which intervals of hazard ratios hold the truth."""
    table = cohort.cox(
        survival_cohort(rng), time="time", event="event", covariates=list(LOG_HAZARDS)
    )
    return {
        f"Cox {row['variable']}": bool(
            row["low"] <= np.exp(LOG_HAZARDS[str(row["variable"])]) <= row["high"]
        )
        for row in table.to_dict("records")
    }


AREAS = ((0.75, 60, 140), (0.9, 60, 140), (0.75, 11, 39))
"""True area, events and others: a cohort of 200, a strong marker, the cohort of the first paper."""


def of_areas(rng: np.random.Generator) -> Held:
    """Tell which intervals of the area under the ROC curve hold the truth (normal markers)."""
    held: Held = {}
    for auc, events, others in AREAS:
        apart = NormalDist().inv_cdf(auc) * np.sqrt(2.0)
        found = area(rng.normal(apart, 1.0, events), rng.normal(0.0, 1.0, others))
        se = float(np.sqrt(found.variance))
        for name, (low, high) in {
            "DeLong": plain_interval(found.auc, se, QUANTILE),
            "DeLong, logit": logit_interval(found.auc, se, QUANTILE),
            "Newcombe": newcombe_interval(found.auc, events, others, QUANTILE),
        }.items():
            label = f"AUC {auc}, {events} of {events + others}, {name}"
            held[label if label not in SHOWN else f"{label} (shown)"] = bool(low <= auc <= high)
    return held


SHOWN = {
    "AUC 0.9, 60 of 200, DeLong",
    "AUC 0.9, 60 of 200, Newcombe",
    "AUC 0.75, 11 of 50, DeLong",
}
"""Known to cover too little (DeLong near 1 or with few events) or too much; shown, not judged."""

SIMULATIONS: dict[str, Callable[[np.random.Generator], Held]] = {
    "curves": of_curves,
    "models": of_models,
    "areas": of_areas,
}
"""What is simulated; every one gets its own stream of random numbers."""


def judged(name: str) -> bool:
    """Tell whether an interval must cover."""
    return not (
        name.endswith((", log", ", plain", "(shown)")) or name.startswith("restricted mean")
    )


def main() -> None:
    """Print the coverage of every interval; exit 1 outside of what is wanted."""
    parser = json_option(__doc__)
    parser.add_argument("replicates", nargs="?", type=int, default=REPLICATES)
    options = parser.parse_args()
    written: list[Row] = []
    failed = False
    for number, (what, simulate) in enumerate(SIMULATIONS.items()):
        rng = np.random.default_rng([SEED, number])
        held = pd.DataFrame([simulate(rng) for _ in range(options.replicates)]).mean()
        for name, share in held.items():
            outside = judged(str(name)) and not WANTED[0] <= share <= WANTED[1]
            failed |= outside
            note = "" if judged(str(name)) else "   (not judged)"
            print(f"  {name!s:42}{100 * share:7.2f} %{'   outside' if outside else note}")  # noqa: T201
            written.append(
                {"work": f"coverage, {what}", "size": f"{options.replicates} cohorts, seed {SEED}",
                 "contender": f"ours: {name}", "wanted": list(WANTED), "held": float(share),
                 "judged": judged(str(name))}
            )  # fmt: skip
    write_rows(options.json, written)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
