"""How often 95 % intervals of cohort statistics hold the truth, over simulated cohorts.

``python benchmarks/cohort_coverage.py [replicates] [--json FILE]`` prints the table and exits 1
when a judged interval covers less than 94 or more than 96 %. Kaplan-Meier and Cox: exponential
survival with independent censoring. Other types of interval stand beside, not judged.
"""

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
from rows import Row, json_option, write_rows

from quant import cohort

REPLICATES, SEED = 5_000, 20261121
WANTED = (0.94, 0.96)
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


SIMULATIONS: dict[str, Callable[[np.random.Generator], Held]] = {
    "curves": of_curves,
    "models": of_models,
}
"""What is simulated; every one gets its own stream of random numbers."""


def judged(name: str) -> bool:
    """Tell whether an interval must cover."""
    return not (name.endswith((", log", ", plain")) or name.startswith("restricted mean"))


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
            print(f"  {name!s:36}{100 * share:7.2f} %{'   outside' if outside else note}")  # noqa: T201
            written.append(
                {"work": f"coverage, {what}", "size": f"{options.replicates} cohorts, seed {SEED}",
                 "contender": f"ours: {name}", "wanted": list(WANTED), "held": float(share),
                 "judged": judged(str(name))}
            )  # fmt: skip
    write_rows(options.json, written)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
