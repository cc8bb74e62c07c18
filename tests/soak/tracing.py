"""Faults in any system call of a child, SQLite's included, by strace where it may be used."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.soak.children import in_child

CALLS = "write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,ftruncate,mkdir,unlink,unlinkat"

NEEDING_SPACE = "write,pwrite64,fsync,fdatasync,mkdir"

ATTACH_S = 10.0


@cache
def has_tracer() -> bool:
    """Tell whether strace is here and may trace (containers may forbid it)."""
    if shutil.which("strace") is None:
        return False
    command = ["strace", "-o", os.devnull, "true"]
    done = subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - fixed words
    return done.returncode == 0


def system_calls(work: Callable[[], dict[str, Any]], calls: str = CALLS) -> int:
    """Count the system calls of some kinds in what a child does."""
    _, log = _traced(work, [f"--trace={calls}"])
    return sum(bool(re.match(r"(?:\d+ +)?\w+\(", line)) for line in log.splitlines())


def killed_in_call(work: Callable[[], dict[str, Any]], number: int) -> int:
    """Kill a child at its so-manieth system call that writes; return its exit status."""
    return _traced(work, [f"--trace={CALLS}", f"--inject={CALLS}:signal=KILL:when={number}"])[0]


def full_from_call(work: Callable[[], dict[str, Any]], number: int) -> int:
    """Let a child's disk be full from its so-manieth write on; return its exit status."""
    inject = f"--inject={NEEDING_SPACE}:error=ENOSPC:when={number}+"
    return _traced(work, [f"--trace={NEEDING_SPACE}", inject])[0]


def _traced(work: Callable[[], dict[str, Any]], options: list[str]) -> tuple[int, str]:
    """Fork a child that waits until strace has it, then works; return its status and the log."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"

        def waiting() -> dict[str, Any]:
            _attach(os.getpid(), log, options)
            return work()

        ended = in_child(waiting)
        _wait_for_end(log)
        return ended.status, log.read_text(encoding="utf-8", errors="replace")


def _attach(process: int, log: Path, options: list[str]) -> None:
    """Start strace on this very process, from a child of its own, and wait until it is there."""
    command = ["strace", "-qq", "-f", "-o", str(log), *options, "-p", str(process)]
    tracer = os.fork()
    if tracer == 0:
        os.setsid()
        os.execvp("strace", command)  # noqa: S606, S607
    start = time.perf_counter()
    while "TracerPid:\t0" in Path("/proc/self/status").read_text(encoding="ascii"):
        if time.perf_counter() - start > ATTACH_S:
            os.kill(tracer, signal.SIGKILL)
            message = "strace did not attach"
            raise TimeoutError(message)
        time.sleep(0.002)


def _wait_for_end(log: Path) -> None:
    """Wait until strace has written its last line: it ends just after the process it traced."""
    size, start = -1, time.perf_counter()
    while time.perf_counter() - start < ATTACH_S:
        now = log.stat().st_size if log.is_file() else 0
        if now == size:
            return
        size = now
        time.sleep(0.02)
