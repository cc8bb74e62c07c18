"""Goal 1: damaged DICOM files cost themselves, never the engine, never the batch.

The numbers of :mod:`tests.support.mutator` go through :mod:`tests.support.fuzzing` in processes of
their own: one that dies is a finding, with the number that it had in hand.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.soak.figures import Figure, figure

AT_ONCE = 20_000
"""Numbers of one process."""

FAILED_ONCE = (
    4847,  # a damaged JPEG 2000 segmentation: GDCM ended the process
)
"""Numbers that once broke something, tried on every push."""

FINDINGS = ("tracebacks", "hangs", "dead_batches", "uncounted", "memory_bombs")

ADDED_UP = (
    "files", "used", "duplicate", "ignored", "quarantined", "volumes_read", "regions_read",
    "studies_measured", "studies_with_values", "batches", "seconds", *FINDINGS,
)  # fmt: skip


def mutants(points: int, seed: int) -> list[Figure]:
    """Try so many damaged files from ``(seed - 1) * 10**7`` on, and those that failed once."""
    first = (seed - 1) * 10**7
    totals = dict.fromkeys(ADDED_UP, 0)
    totals["peak_mb"] = 0
    with figure("damaged files: no traceback, no hang, no dead batch") as row:
        chunks = [(number, 1) for number in FAILED_ONCE] + [
            (start, min(AT_ONCE, first + points - start))
            for start in range(first, first + points, AT_ONCE)
        ]
        for start, count in chunks:
            tally, why = hunted(start, count)
            row.tried += count
            row.bad += why
            for name in ADDED_UP:
                totals[name] += tally.get(name, 0)
            totals["peak_mb"] = max(totals["peak_mb"], tally.get("peak_mb", 0))
    row.notes = (
        f"{totals['volumes_read']} volumes and {totals['regions_read']} regions read, "
        f"{totals['studies_measured']} studies in {totals['batches']} batches "
        f"({totals['studies_with_values']} with values), peak {totals['peak_mb']} MB"
    )
    books = Figure("damaged files: each in the books once", totals["files"])
    kept = totals["used"] + totals["duplicate"] + totals["ignored"] + totals["quarantined"]
    if kept != totals["files"] or totals["uncounted"]:
        books.bad.append(f"{totals}")
    books.notes = ", ".join(
        f"{totals[name]} {name}" for name in ("used", "duplicate", "ignored", "quarantined")
    )
    return [row, books]


def hunted(first: int, count: int) -> tuple[dict[str, int], list[str]]:
    """Put numbers through a process of its own; return what it counted, and what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        done = subprocess.run(  # noqa: S603 - our own harness
            [sys.executable, "-m", "tests.support.fuzzing", "--first", str(first),
             "--count", str(count), "--state", str(state)],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=60 + count,
            env=dict(os.environ, QUANT_CACHE="off"),
        )  # fmt: skip
        reached = state.read_text() if state.is_file() else str(first)
    lines = done.stdout.strip().splitlines()
    if done.returncode not in (0, 1) or not lines:
        return {}, [
            f"number {reached}: the process ended by {done.returncode}: {done.stderr[-500:]}"
        ]
    tally = json.loads(lines[-1])
    found = [f"{name} {tally[name]}" for name in FINDINGS if tally[name]]
    return tally, [f"{'; '.join(found)}: numbers {tally['failing']}"] if found else []
