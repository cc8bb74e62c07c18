"""Run the command line as a user does, and read what it wrote."""

import csv
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What a run of the command left behind."""

    status: int
    stdout: str
    stderr: str
    out: Path

    def rows(self, name: str) -> list[dict[str, str]]:
        """Rows of a CSV table of the output folder."""
        with (self.out / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    @property
    def codes(self) -> set[str]:
        """Codes in ``quarantine.csv``."""
        return {row["code"] for row in self.rows("quarantine.csv")}


def quant(
    *arguments: str | Path, environment: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """Run ``quant`` in a process of its own; return status, standard output and error."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "quant.cli.app", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
        env=dict(os.environ, **(environment or {})),
    )
    return done.returncode, done.stdout, done.stderr


def run(folder: Path, out: Path, *arguments: str | Path) -> Outcome:
    """Run ``quant run`` on a folder; an unforeseen traceback is a failure of the test."""
    status, stdout, stderr = quant("run", folder, "-o", out, *arguments)
    assert "Traceback" not in stderr, stderr
    return Outcome(status, stdout, stderr, out)
