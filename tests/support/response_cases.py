"""Worked sequences of response, from their short notation to checked tables."""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from quant.scoring.response.inrc.disease_table import DiseaseHistory, disease_of
from quant.scoring.response.lesions.history import LesionHistory
from quant.scoring.response.lesions.table import lesions_of
from quant.scoring.tables.sheet import Sheet

FOLDER = Path(__file__).parents[1] / "data" / "scoring"
WORDS = {"small": "too small", "NE": "not assessable"}
KINDS = ("non-target", "target", "new")
UPTAKES = ("none", "avid", "improved", "stable", "increased")


def cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of one file."""
    found: list[dict[str, Any]] = tomllib.loads((FOLDER / name).read_text())["case"]
    return found


def label(place: int) -> str:
    """Label of a time point: baseline, t1, t2, ..."""
    return "baseline" if place == 0 else f"t{place}"


def sheet(rows: Iterable[dict[str, str]]) -> Sheet:
    """Return a table of rows as if read from a file; the header is row 1."""
    listed = list(rows)
    header = tuple(dict.fromkeys(name for row in listed for name in row))
    cells = tuple(
        (number, {name: row.get(name, "") for name in header})
        for number, row in enumerate(listed, start=2)
    )
    return Sheet("cases.csv", header, cells)


def lesion_rows(lines: Sequence[str], days: Sequence[int]) -> list[dict[str, str]]:
    """Return rows of a lesion table from the short notation."""
    return [row for line in lines for row in _line_rows(line, days)]


def history_of(lines: Sequence[str], days: Sequence[int]) -> LesionHistory:
    """Return the checked history of the short notation."""
    (history,) = lesions_of(sheet(lesion_rows(lines, days)))
    return history


def days_of(case: dict[str, Any], key: str = "lesions") -> list[int]:
    """Days of a case: as given, else every eight weeks."""
    columns = case[key][0] if isinstance(case[key], list) else case[key]
    given: list[int] = case.get("days") or [56 * n for n in range(columns.count("|") + 1)]
    return given


def _line_rows(line: str, days: Sequence[int]) -> list[dict[str, str]]:
    head, _, tail = line.partition(": ")
    name, organ, *facts = head.split()
    settings = dict(one.split("=") for one in facts if "=" in one)
    node = "node" in facts
    kind = next((one for one in KINDS if one in facts), "target")
    base = {
        "patient": "p1",
        "lesion": name,
        "organ": organ,
        "kind": kind,
        "node": "yes" if node else "no",
        "component": _component(facts),
        "slice_thickness_mm": settings.get("slice", ""),
    }
    rows = []
    for place, (cell, day) in enumerate(zip(tail.split("|"), days, strict=True)):
        words = cell.split()
        if words == ["-"]:
            continue
        found = {**base, "time_point": label(place), "day": str(day), **_cell(words, node=node)}
        found["belongs_to"] = found.get("belongs_to", "") or settings.get("of", "")
        rows.append(found)
    return rows


def _component(facts: Sequence[str]) -> str:
    return "primary" if "primary" in facts else "metastasis" if "met" in facts else ""


def _cell(words: Sequence[str], *, node: bool) -> dict[str, str]:
    """Cells of one lesion at one time: size or state, then uptake, tracer=, proof=."""
    size, *rest = words
    found = dict(one.split("=") for one in rest if "=" in one)
    found["uptake"] = next((one for one in rest if one in UPTAKES), "")
    if size[0].isdigit():
        found["short_mm" if node else "longest_mm"] = size
        found["state"] = ""
    elif size.startswith("merged:"):
        found.update(state="merged", belongs_to=size.removeprefix("merged:"))
    else:
        found["state"] = WORDS.get(size, size)
    return found


def disease_history(case: dict[str, Any], days: Sequence[int]) -> tuple[DiseaseHistory, ...]:
    """Return the checked disease table of a case: lines ``bone`` and ``marrow``, and states."""
    rows = []
    parts = {key: case[key] for key in ("bone", "marrow") if key in case}
    for place, day in enumerate(days):
        row = {"patient": "p1", "time_point": label(place), "day": str(day)}
        for key, line in parts.items():
            head, _, tail = line.rpartition(":")
            row.update(_disease_cell(key, head.split(), tail.split("|")[place].strip()))
        row["primary_state"] = case.get("primary_state", "")
        row["soft_state"] = case.get("soft_state", "")
        rows.append(row)
    return disease_of(sheet(rows))


def _disease_cell(key: str, head: Sequence[str], cell: str) -> dict[str, str]:
    words = {"NI": "not involved", "NE": "not assessable"}
    if cell in words:
        return {f"{key}_state": words[cell]}
    if key == "marrow":
        return {"marrow_percent": cell.strip("-")}
    if cell == "-":
        return {}
    score, *other = cell.split()
    method, *modality = other or head
    return {
        "bone_method": method,
        "bone_modality": modality[0] if modality else "",
        "bone_score": score,
    }
