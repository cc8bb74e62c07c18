"""Auditing published tables: a file of printed rows in, one row per check out.

A file lists what is printed, row by row, as printed (docs/cohort-audit.md). No data are needed.
"""

import csv
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from quant.cohort.published.claims import check_cutoff, check_model, check_same
from quant.cohort.published.ratios import check_claim, check_fold, check_p_row, check_ratio
from quant.cohort.published.rows import CONTRADICTION, VERDICTS, Finding, Row
from quant.cohort.published.summaries import check_mean, check_summary
from quant.cohort.published.tables import check_accuracy, check_counts
from quant.errors import CohortError

if TYPE_CHECKING:
    import pandas as pd

KINDS: dict[str, Callable[[Row], list[Finding]]] = {
    "ratio": check_ratio,
    "p": check_p_row,
    "claim": check_claim,
    "fold": check_fold,
    "accuracy": check_accuracy,
    "counts": check_counts,
    "mean": check_mean,
    "summary": check_summary,
    "same": check_same,
    "cutoff": check_cutoff,
    "model": check_model,
}
FIELDS: dict[str, tuple[str, ...]] = {
    "ratio": ("measure", "estimate", "low", "high", "p", "level", "claim", "method"),
    "p": ("p",),
    "claim": ("measure", "method", "estimate", "claim"),
    "fold": ("ratio", "from", "to", "claimed", "other_ratio", "other_name"),
    "accuracy": ("n", "events", "unit", "sensitivity", "specificity", "ppv", "npv", "accuracy"),
    "counts": ("total", "parts", "percents", "complete", "known"),
    "mean": ("mean", "low", "high", "unit"),
    "summary": (
        *("quantity", "unit", "median", "q1", "q3", "minimum", "maximum"),
        *("quartile_unit", "range_unit", "whole_numbers"),
    ),
    "same": ("values", "places", "note"),
    "cutoff": ("values", "operators", "chosen_on", "corrected_p", "auc"),
    "model": ("events", "candidates", "kept", "claimed_names", "model_names"),
}
HEAD = ("kind", "where", "name")
EXAMPLE = Path(__file__).parent / "zhou2025.toml"
COLUMNS = (
    *("row", "kind", "where", "name", "check", "verdict", "code"),
    *("found", "expected", "suggestion", "what"),
)


def audit(path: Path | str | None = None) -> "pd.DataFrame":
    """Check a file of published rows for what must hold inside them.

    Parameters
    ----------
    path : path, optional
        A .toml, .json or .csv file; without it, the example that ships: the tables of the paper
        that this engine was made for.

    Returns
    -------
    DataFrame
        One row per check: ``row, kind, where, name, check, verdict, code, found, expected,
        suggestion, what``. Verdicts: ``contradiction`` (both cannot be true), ``caution``,
        ``notation``, ``fits``. ``attrs`` hold the source and how many checks gave what.

    Raises
    ------
    CohortError
        AUDIT_UNREADABLE, for a file or a row that cannot be read; nothing is guessed.
    """
    import pandas as pd

    rows, source = read_published(Path(path) if path is not None else EXAMPLE)
    answers = []
    for row in rows:
        place = (row.number, row.kind, row.where, row.name)
        for finding in KINDS[row.kind](row):
            said = (finding.verdict, finding.code, finding.found, finding.expected)
            answers.append((*place, finding.check, *said, finding.advice, finding.what))
    frame = pd.DataFrame(answers, columns=list(COLUMNS))
    counts = {verdict: int((frame["verdict"] == verdict).sum()) for verdict in VERDICTS}
    frame.attrs.update(source=source, rows=len(rows), verdicts=counts)
    frame.attrs["consistent"] = counts[CONTRADICTION] == 0
    return frame


def read_published(path: Path) -> tuple[list[Row], dict[str, str]]:
    """Read rows and source from a TOML, JSON or CSV file; numbers keep their printed decimals."""
    readers = {".toml": _toml, ".json": _json, ".csv": _csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise _unreadable(f"{path.name}", "a .toml, .json or .csv file")
    try:
        records, source = reader(path.read_text(encoding="utf-8-sig"))
    except (ValueError, csv.Error) as error:
        raise _unreadable(f"{path.name}: {error}", "a file that parses") from None
    if not records:
        raise _unreadable(f"{path.name} has no rows", "at least one row")
    return [_row(number, record) for number, record in enumerate(records, 1)], source


Records = tuple[list[dict[str, str]], dict[str, str]]


def _toml(text: str) -> Records:
    return _of_tree(tomllib.loads(text, parse_float=str))


def _json(text: str) -> Records:
    return _of_tree(json.loads(text, parse_float=str, parse_int=str))


def _of_tree(tree: object) -> Records:
    if isinstance(tree, list):
        tree = {"row": tree}
    if not isinstance(tree, dict) or not isinstance(tree.get("row", []), list):
        raise ValueError("no list of rows under the name row")  # noqa: TRY004 - a file, not a type
    source = tree.get("source", {})
    rows = [_texts(record) for record in tree.get("row", [])]
    return rows, _texts(source)


def _texts(record: object) -> dict[str, str]:
    if not isinstance(record, dict):
        raise ValueError("a row is no table of names and values")  # noqa: TRY004 - a file
    return {str(key): _text(value) for key, value in record.items()}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " | ".join(_text(part) for part in value)
    if isinstance(value, dict):
        return " | ".join(f"{key}={_text(part)}" for key, part in value.items())
    return "" if value is None else str(value)


def _csv(text: str) -> Records:
    reader = csv.DictReader(text.splitlines(), strict=True)
    names = reader.fieldnames or []
    if "kind" not in names:
        raise ValueError("no column named kind")
    records = []
    for record in reader:
        if None in record or None in record.values():
            raise ValueError(f"line {reader.line_num} has not {len(names)} cells")
        records.append({key: value for key, value in record.items() if value.strip()})
    return records, {}


def _row(number: int, record: dict[str, str]) -> Row:
    kind = record.get("kind", "").strip()
    cells = {key: value for key, value in record.items() if key not in HEAD}
    row = Row(number, kind, record.get("where", ""), record.get("name", ""), cells)
    if kind not in KINDS:
        raise row.unreadable(f"kind = {kind}", ", ".join(KINDS))
    strange = [key for key in cells if key not in FIELDS[kind]]
    if strange:
        raise row.unreadable(f"unknown {', '.join(strange)}", ", ".join(FIELDS[kind]))
    return row


def _unreadable(found: str, needed: str) -> CohortError:
    return CohortError(
        "AUDIT_UNREADABLE",
        "The file of published rows cannot be read.",
        found=found,
        needed=needed,
        next_step="see quant cohort audit --layout",
    )
