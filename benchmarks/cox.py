"""Seconds of a Cox fit, 10,000 rows and 10 covariates, against the libraries that are installed.

``python benchmarks/cox.py [--json FILE]`` prints ratios and exits 1 when ours takes more than twice
the time of the fastest. Every contender gets the same table and both methods for ties where it has
them; what each found is compared too (distinct times less than 1.5e-8 of the mean apart are ties
to us, as in R, and not to the others). lifelines and scikit-survival are optional peers.
"""

import sys
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd
from rows import Row, json_option, speed_rows, write_rows

from quant.cohort import cox

ROWS, COVARIATES, SEED, REPEATS = 10_000, 10, 20261121, 5
ALLOWED = 2.0
NAMES = [f"x{number}" for number in range(COVARIATES)]

Fit = Callable[[pd.DataFrame, str], list[float]]


def table(*, tied: bool) -> pd.DataFrame:
    """Make the table: proportional hazards, a third censored; times to two decimals when tied."""
    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(ROWS, COVARIATES))
    died = rng.exponential(np.exp(-x @ np.linspace(-0.5, 0.5, COVARIATES)))
    lost = rng.exponential(2.0, ROWS)
    time = np.minimum(died, lost)
    made = pd.DataFrame(x, columns=NAMES)
    made["time"] = np.ceil(time * 100.0) / 100.0 if tied else time
    made["event"] = (died <= lost).astype(int)
    return made


def ours(frame: pd.DataFrame, ties: str) -> list[float]:
    """Fit with spectct-quant."""
    found = cox(frame, time="time", event="event", covariates=NAMES, ties=ties)
    return [float(one) for one in found["coef"]]


def statsmodels(frame: pd.DataFrame, ties: str) -> list[float]:
    """Fit with statsmodels."""
    from statsmodels.duration.hazard_regression import PHReg

    model = PHReg(frame["time"], frame[NAMES], status=frame["event"], ties=ties)
    return [float(one) for one in model.fit(disp=0).params]


def lifelines(frame: pd.DataFrame, ties: str) -> list[float]:
    """Fit with lifelines (Efron only)."""
    from lifelines import CoxPHFitter

    del ties
    fitted = CoxPHFitter().fit(frame, "time", "event")
    return [float(one) for one in fitted.params_]


def scikit_survival(frame: pd.DataFrame, ties: str) -> list[float]:
    """Fit with scikit-survival."""
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    y = Surv.from_arrays(frame["event"].astype(bool), frame["time"])
    return [float(one) for one in CoxPHSurvivalAnalysis(ties=ties).fit(frame[NAMES], y).coef_]


def contenders(ties: str) -> dict[str, Fit]:
    """Return what is installed and has the method for ties; ours first."""
    found: dict[str, Fit] = {"ours": ours, "statsmodels": statsmodels}
    if find_spec("lifelines") and ties == "efron":
        found["lifelines"] = lifelines
    if find_spec("sksurv"):
        found["scikit-survival"] = scikit_survival
    return found


def seconds(fit: Fit, frame: pd.DataFrame, ties: str) -> float:
    """Median seconds of a fit after one for warming up; slow ones are timed once."""
    taken = []
    for _ in range(REPEATS + 1):
        start = perf_counter()
        fit(frame, ties)
        taken.append(perf_counter() - start)
        if taken[-1] > 2.0:
            return taken[-1]
    return median(taken[1:])


def main() -> None:
    """Print the ratios; exit 1 when ours is slower than allowed, or finds something else."""
    options = json_option(__doc__).parse_args()
    written: list[Row] = []
    failed = False
    for tied in (False, True):
        frame = table(tied=tied)
        for ties in ("efron", "breslow"):
            size = f"{ROWS} rows x {COVARIATES}, {'tied' if tied else 'distinct'} times, {ties}"
            able = contenders(ties)
            truth = np.array(ours(frame, ties))
            times = {name: seconds(fit, frame, ties) for name, fit in able.items()}
            fastest = min(taken for name, taken in times.items() if name != "ours")
            failed |= times["ours"] > ALLOWED * fastest
            print(size)  # noqa: T201
            for name, taken in times.items():
                off = float(np.max(np.abs(np.array(able[name](frame, ties)) / truth - 1.0)))
                failed |= off > 1e-3
                ratio = taken / times["ours"]
                print(f"  {name:16}{taken:9.3f} s {ratio:8.1f} x   coefficients within {off:.0e}")  # noqa: T201
            written += speed_rows("Cox fit", size, times)
    write_rows(options.json, written)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # peers warn of pandas
    main()
