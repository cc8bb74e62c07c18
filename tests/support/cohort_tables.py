"""Reference tables of statistics and the data sets behind them, as frames."""

from pathlib import Path

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
