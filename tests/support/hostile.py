"""Tasks that do to their process what hostile or damaged files do."""

import ctypes
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

from quant.pipeline.cage.worker import Note


def double(number: int, _note: Note) -> int:
    return 2 * number


def pid(_nothing: object, _note: Note) -> int:
    return os.getpid()


def limits(_nothing: object, _note: Note) -> dict[str, object]:
    import resource

    names = ("RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_FSIZE")
    threads = {name: os.environ.get(name) for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS")}
    return {
        **{name: resource.getrlimit(getattr(resource, name))[0] for name in names},
        **threads,
        "group": os.getpgid(0) == os.getpid(),
        "path": sys.path,
    }


def crash(_nothing: object, _note: Note) -> None:
    ctypes.string_at(0)


def leave(_nothing: object, _note: Note) -> None:
    sys.exit(3)


def hoard(_nothing: object, _note: Note) -> int:
    return len(bytearray(64 * 2**30))


def loop(_nothing: object, _note: Note) -> None:
    while True:
        pass


def compute(seconds: float, _note: Note) -> float:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return seconds


def sleep(seconds: float, _note: Note) -> float:
    time.sleep(seconds)
    return seconds


def nest(depth: int, _note: Note) -> object:
    return json.loads("[" * depth + "]" * depth)


def babble(text: str, note: Note) -> str:
    """Print what looks like an answer, and log what could move a terminal."""
    os.write(1, b"\0\0\0\x02{}" + text.encode())
    print(text)  # noqa: T201 - what a library might do
    note(text)
    logging.getLogger("quant.tests.hostile").warning("\x1b[2J%s", text)
    return text


def flood(size: int, _note: Note) -> None:
    """Claim an answer that is too long."""
    for end in range(3, 12):
        try:
            os.write(end, size.to_bytes(4, "big"))
        except OSError:
            continue
    time.sleep(60)


def die_once(how: tuple[str, int], _note: Note) -> str:
    """Die by a signal in the first attempt only; a marker file tells which it is."""
    marker, number = how
    if number and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), number)
        time.sleep(60)
    return marker


def leave_a_child(marker: str, _note: Note) -> None:
    """Start a process that would outlive this one, then die."""
    child = subprocess.Popen(["/bin/sleep", "300"])
    Path(marker).write_text(str(child.pid), encoding="ascii")
    os.kill(os.getpid(), 9)
