"""CPU seconds of whole commands, in processes of their own."""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def cpu_s(command: list[str], environment: dict[str, str]) -> float:
    """User and system seconds of a command, children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=ROOT)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def main() -> None:
    """Print the CPU seconds of start-up and of the sample study, kernel cache cold and warm."""
    python = sys.executable
    bare = min(cpu_s([python, "-c", "pass"], dict(os.environ)) for _ in range(3))
    command = [python, "-m", "quant.cli.app"]
    asked = min(cpu_s([*command, "--help"], dict(os.environ)) for _ in range(3))
    print(f"quant --help beyond the bare interpreter   {asked - bare:6.2f} s CPU")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, NUMBA_CACHE_DIR=f"{folder}/numba")
        for what in ("first run, every kernel compiles", "warm cache", "warm cache, again"):
            out = f"{folder}/{what[:5]}{len(what)}"
            run = [*command, "run", "data-samples", "-o", out]
            print(f"sample study, {what:32} {cpu_s(run, environment):6.2f} s CPU")  # noqa: T201


if __name__ == "__main__":
    main()
