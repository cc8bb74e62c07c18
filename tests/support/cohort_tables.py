"""Reference tables of statistics and the data sets behind them, as frames."""

from pathlib import Path

import numpy as np
import pandas as pd

from tests.support.reference import reference_dir

SHIPPED = Path(__file__).resolve().parents[1] / "data" / "statistics"
FREE = ("seedlike50", "ties60", "mono20")
"""Invented sets that ship with the project; the others are read where the reference lies."""
SETS = (*FREE, "rossi", "gbsg2")

GROUPS = {
    "rossi": ("fin",),
    "gbsg2": ("hormone",),
    "seedlike50": ("bm_met", "hi_tl", "hi_asp"),
    "ties60": ("arm",),
    "mono20": ("arm",),
}
MULTI = {
    "rossi": ("fin", "age", "race", "wexp", "mar", "paro", "prio"),
    "gbsg2": ("hormone", "age", "postmeno", "tsize", "grade2", "grade3", "pnodes", "progrec",
              "estrec"),
    "seedlike50": ("bm_met", "tmax_lmax", "asp"),
    "ties60": ("arm", "z"),
}  # fmt: skip


def reference_rows(name: str, dataset: str) -> pd.DataFrame:
    """Return the rows of one reference CSV that belong to a data set, texts as texts."""
    folder = SHIPPED if dataset.removesuffix("_screened") in FREE else reference_dir("statistics")
    table = pd.read_csv(folder / f"{name}.csv", dtype={"level": str})
    return table[table["dataset"] == dataset].reset_index(drop=True)


def data_set(dataset: str) -> pd.DataFrame:
    """Return a data set with columns ``time`` and ``event``, coded as the reference says."""
    folder = SHIPPED if dataset in FREE else reference_dir("statistics")
    table = pd.read_csv(folder / "data" / f"{dataset}.csv")
    if dataset == "rossi":
        return table.rename(columns={"week": "time", "arrest": "event"})
    if dataset == "gbsg2":
        return table.rename(columns={"cens": "event"}).assign(
            hormone=(table["horTh"] == "yes").astype(int),
            postmeno=(table["menostat"] == "Post").astype(int),
            grade2=(table["tgrade"] == "II").astype(int),
            grade3=(table["tgrade"] == "III").astype(int),
        )
    if dataset == "seedlike50":
        return table.rename(columns={"time_days": "time"}).assign(
            hi_tl=(table["tmax_lmax"] > 6.278).astype(int),
            hi_asp=(table["asp"] > 0.342).astype(int),
        )
    return table


def cell(table: pd.DataFrame, row: int, column: str) -> float:
    """Return one number of a table."""
    return float(table[column].to_numpy(dtype=float)[row])


def made_table(seed: int, n: int = 120, groups: int = 4, step: float = 0.5) -> pd.DataFrame:
    """Make a table with ties, censoring, covariates of very different scale and k groups."""
    rng = np.random.default_rng(seed)
    g = rng.integers(0, groups, n)
    x = rng.normal(size=n)
    age = 1e6 + 3e4 * rng.normal(size=n)
    tiny = 1e-5 * rng.normal(size=n)
    rate = np.exp(0.5 * x - 0.2 * g + 0.3 * (age - 1e6) / 3e4)
    died = rng.exponential(3.0 / rate)
    lost = rng.uniform(0.0, 6.0, n)
    time = np.floor(np.minimum(died, lost) / step) * step
    return pd.DataFrame(
        {"time": time, "event": died <= lost, "x": x, "age": age, "tiny": tiny,
         "g": [f"arm {one}" for one in g], "h": g % 2}
    )  # fmt: skip
