"""Every goal of reliability, at the size that fits into each run of the tests."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.figures import Figure, require_good
from tests.soak.goals import GOALS, Goal

SEED = 1


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: f"{goal.number} {goal.what}")
def test_goal(goal: Goal, tmp_path: Path) -> None:
    """Its harness forks, kills and fills disks: it runs in a process of its own."""
    file = tmp_path / "rows.json"
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.soak", "--goal", str(goal.number), "--only", goal.what,
         "--push", "--inside", "--seed", str(SEED), "--json", str(file)],
        capture_output=True, check=False, encoding="utf-8", errors="replace",
        cwd=Path(__file__).parents[2], env=dict(os.environ, QUANT_CACHE="off"),
    )  # fmt: skip
    assert file.is_file(), f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    found = json.loads(file.read_text(encoding="utf-8"))
    require_good([Figure(**{key: row[key] for key in row if key != "goal"}) for row in found])
