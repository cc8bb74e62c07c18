"""Thin wrappers for airspeed velocity, which keeps the history of our own times.

Ratios against peers come from ``make benchmark``; here the same work is timed from version to
version. Kernels are compiled in ``setup``, which is not timed.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from works import WORKS, Prepared  # the benchmarks' folder is not a package

NAMES = sorted(WORKS)
SIZES = (64, 128)


class Works:
    """Every kind of work on a box of a stated size."""

    params = (NAMES, SIZES)
    param_names = ("work", "size")
    timeout = 300.0

    def setup(self, name: str, size: int) -> None:
        """Make the input and call once, so that kernels are compiled or loaded."""
        self.prepared: Prepared = WORKS[name](size)
        self.prepared.call()

    def time_work(self, name: str, size: int) -> None:
        """Time one call."""
        del name, size
        self.prepared.call()


class Start:
    """What every process pays before it can do anything."""

    timeout = 300.0

    def time_import(self) -> None:
        """Time ``import quant`` with the interpreter's own start."""
        subprocess.run([sys.executable, "-c", "import quant"], check=True)

    def time_help(self) -> None:
        """Time ``quant --help``."""
        command = [sys.executable, "-m", "quant.cli.app", "--help"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
