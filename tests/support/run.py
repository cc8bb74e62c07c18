"""Run the command line as a user does, or in this process, and read what it wrote."""

import contextlib
import csv
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from quant.cli import app as command
from quant.cli.means import Engines
from quant.dicom.files.reader import PlainReader
from quant.pipeline.work import InProcess

PLAIN = ("--no-pictures", "--no-dicom")
"""Where nobody looks at pictures and DICOM objects, which take most of the time."""


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


def here(*arguments: str | Path) -> tuple[int, str, str]:
    """Give the command in this process, without its cage; return status, output and errors.

    A process of its own and the workers of its cage take seconds to start. They are met by
    :func:`quant`, and by the tests of the cage; what the command does is the same here.
    """
    output, errors, status = io.StringIO(), io.StringIO(), 0
    with contextlib.ExitStack() as stack:
        for place in ("quant.cli.means.opened", "quant.cli.run.opened"):
            stack.enter_context(mock.patch(place, uncaged))
        for known in ("registered_commands", "registered_groups"):
            stack.enter_context(mock.patch.object(command.app, known, []))
        stack.enter_context(mock.patch.object(sys, "argv", ["quant", *map(str, arguments)]))
        stack.enter_context(contextlib.redirect_stdout(output))
        stack.enter_context(contextlib.redirect_stderr(errors))
        try:
            command.main()
        except SystemExit as end:
            status = int(end.code or 0)
    return status, output.getvalue(), errors.getvalue()


def run_here(folder: Path, out: Path, *arguments: str | Path) -> Outcome:
    """Run ``quant run`` on a folder as :func:`here`."""
    return Outcome(*here("run", folder, "-o", out, *arguments), out)


@contextlib.contextmanager
def uncaged(*_: object, **__: object) -> Iterator[Engines]:
    """Stand in for :func:`quant.cli.means.opened`: read and measure in this process."""
    yield Engines(PlainReader(), InProcess())
