"""Try every goal of reliability at its release size and print the figures.

``python -m tests.soak [--goal N ...] [--only WORD] [--push] [--seed N] [--json FILE]``; status 1
when a point went wrong. Each goal runs in a process of its own: they fork, kill and fill disks.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import traceback
from dataclasses import asdict
from pathlib import Path

from tests.soak.figures import Figure, as_line
from tests.soak.goals import GOALS, Goal


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--goal", type=int, nargs="*", default=[], help="only these numbers")
    parser.add_argument("--only", default="", help="only goals whose words hold this one")
    parser.add_argument("--push", action="store_true", help="the small sizes of make test")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--points", type=int, default=0, help="so many instead")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("QUANT_CACHE", "off")
    chosen = [
        goal
        for goal in GOALS
        if (not options.goal or goal.number in options.goal) and options.only in goal.what
    ]
    rows: list[tuple[int, Figure]] = []
    for goal in chosen:
        points = options.points or (goal.push if options.push else goal.release)
        _say(f"\n{goal.number:>4}  {goal.what} ({points} points, seed {options.seed})")
        tried = _tried if options.inside else _tried_apart
        for row in tried(goal, points, options.seed):
            rows.append((goal.number, row))
            _say(as_line("", row))
            for one in row.bad[:20]:
                _say(f"        bad: {one}")
    _say("\ngoal  what" + " " * 59 + "tried  verdict")
    for number, row in rows:
        _say(as_line(str(number), row))
    if options.json:
        found = [{"goal": number, **asdict(row)} for number, row in rows]
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    failed = not rows or any(row.bad or not row.tried for _, row in rows)
    sys.exit(1 if failed else 0)


def _tried_apart(goal: Goal, points: int, seed: int) -> list[Figure]:
    """Try a goal in a process of its own; one that dies is a goal that is not met."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.json"
        words = ["--goal", str(goal.number), "--only", goal.what, "--seed", str(seed), "--inside"]
        size = ["--points", str(points), "--json", str(file)]
        done = subprocess.run(  # noqa: S603 - this very module
            [sys.executable, "-m", "tests.soak", *words, *size],
            check=False, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        if not file.is_file():
            return [Figure(goal.what, 1, [f"its process ended with {done.returncode}"])]
        found = json.loads(file.read_text(encoding="utf-8"))
        return [Figure(**{key: row[key] for key in row if key != "goal"}) for row in found]


def _tried(goal: Goal, points: int, seed: int) -> list[Figure]:
    try:
        return goal.run(points, seed)
    except Exception as error:  # noqa: BLE001 - the other goals still have their turn
        return [Figure(goal.what, 1, [f"{type(error).__name__}: {traceback.format_exc()}"])]


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
