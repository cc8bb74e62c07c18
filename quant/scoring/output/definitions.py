"""The page of definitions: segments, levels, cut-offs, columns, as they are in the code.

``python -m quant.scoring.output.definitions > docs/scoring-tables.md`` writes it; a test keeps it
true.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from quant.scoring.analysis.cutoffs import directions, read_cutoffs
from quant.scoring.drawings.timeline import TITLES
from quant.scoring.output.columns import (
    AGREEMENT_TABLE,
    COMPARISON_TABLE,
    CUTOFF_TABLE,
    SCORES,
    SEGMENT_TABLE,
    ScoreTable,
)
from quant.scoring.output.response_rows import RESPONSE_TABLE
from quant.scoring.readings.segments import LEVELS, SEGMENTS, System, maximum_of
from quant.scoring.tables.cells import ALLOWED

START = """# Scores: segments, levels, cut-offs, columns

Made from the code (`python -m quant.scoring.output.definitions > docs/scoring-tables.md`); a test
keeps it true.
What it means and how to use it: [scoring.md](scoring.md).
"""


def definitions_as_markdown() -> str:
    """Write the whole page."""
    parts = [START, *map(_system, System), _words(), _cutoffs(), _directions()]
    parts.append("## Columns of the output\n")
    parts += [
        _columns(SCORES), _columns(SEGMENT_TABLE), _columns(COMPARISON_TABLE),
        _columns(AGREEMENT_TABLE), _columns(CUTOFF_TABLE), _columns(RESPONSE_TABLE),
    ]  # fmt: skip
    return "\n".join(parts)


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"| {' | '.join('---' for _ in header)} |"]
    lines += ["| " + " | ".join(str(c).replace("|", "\\|") for c in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _system(system: System) -> str:
    segments = _table(
        ("number", "segment", "meaning", "levels", "bones of the free model", "lacks"),
        (
            (one.number or "apart", f"`{one.key}`", one.label, f"0 to {one.maximum}",
             _shortened(one.bones), one.bones_missing)
            for one in SEGMENTS[system]
        ),
    )  # fmt: skip
    levels = _table(("score", "meaning"), enumerate(LEVELS[system]))
    return f"## {TITLES[system]}: `{system}`, 0 to {maximum_of(system)}\n\n{segments}\n{levels}"


def _shortened(bones: Sequence[str]) -> str:
    if len(bones) <= 4:
        return ", ".join(f"`{one}`" for one in bones)
    return f"`{bones[0]}` to `{bones[-1]}` ({len(bones)})"


def _words() -> str:
    rows = [(f"`{name}`", ", ".join(words)) for name, words in ALLOWED.items()]
    return "## Words of a table of reader scores\n\n" + _table(("column", "allowed"), rows)


def _cutoffs() -> str:
    rows = (
        (
            f"`{one.name}`",
            one.condition,
            ", ".join(one.phases),
            ", ".join(one.nuclides),
            ", ".join(one.modalities),
            one.worse,
            one.endpoint,
            one.population + (f"; needs {one.requires}" if one.requires else ""),
            one.source,
            ("yes" if one.verified else "**unverified**")
            + (f"; *unverified*: {one.unverified}" if one.unverified else ""),
        )
        for one in read_cutoffs()
    )
    header = (
        "name", "condition", "phase", "nuclide", "modality", "worse side", "endpoint",
        "population", "source", "read in the source",
    )  # fmt: skip
    return "## Cut-offs\n\n" + _table(header, rows)


def _directions() -> str:
    rows = ((one.quantity, one.worse, one.finding, one.source) for one in directions())
    header = ("quantity", "worse", "finding", "source")
    said = "Both are in the literature; none is assumed, none is applied."
    return f"## Directions of uptake\n\n{said}\n\n" + _table(header, rows)


def _columns(table: ScoreTable[Any]) -> str:
    rows = ((f"`{c.name}`", c.unit, c.type, c.description) for c in table.columns)
    body = _table(("column", "unit", "type", "meaning"), rows)
    return f"### `{table.name}`: {table.row}\n\n{body}"


if __name__ == "__main__":
    sys.stdout.write(definitions_as_markdown())
