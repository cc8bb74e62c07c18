"""The process in the cage: takes tasks from standard input, answers on standard output.

Little is imported before the limits hold. Tasks come pickled from the process that started this
one; answers go back as JSON, which can do no more than be wrong. Whatever a library prints goes
to standard error, so that it cannot pass for an answer.
"""

import importlib
import json
import logging
import os
import pickle
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO

from quant.pipeline.cage.frames import framed, read_framed
from quant.pipeline.cage.limits import PREPARE_S, allow_computing, die_with, lock_in

WATCH_S = 1.0
LONG_S = 0.02
FULL = 0.6
"""A worker that holds more than this share of its memory after a long task is replaced."""

Note = Callable[[object], None]
"""Tells the other side something about the task in hand before it is done."""


class Outbox:
    """Sends messages, whole and one after the other."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._lock = descriptor, threading.Lock()

    def send(self, **message: object) -> None:
        """Send a message; when nobody is there to read it, this process ends."""
        rest = memoryview(framed(json.dumps(message, separators=(",", ":")).encode()))
        try:
            with self._lock:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
        except BrokenPipeError:
            os._exit(0)


class _LogSender(logging.Handler):
    def __init__(self, outbox: Outbox) -> None:
        super().__init__()
        self._outbox = outbox

    def emit(self, record: logging.LogRecord) -> None:
        self._outbox.send(log=[record.levelno, record.name, self.format(record)[:10_000]])


def main() -> None:
    """Serve until the other side closes the pipe."""
    settings = json.loads(sys.argv[1])
    lock_in(settings["memory_mib"], settings["file_mib"])
    if settings["dies_with_thread"]:
        die_with(settings["parent"])
    threading.Thread(target=_watch, args=(settings["parent"],), daemon=True).start()
    inbox, outbox = _own_pipes()
    if settings["log_level"]:
        logger = logging.getLogger("quant")
        logger.setLevel(settings["log_level"])
        logger.addHandler(_LogSender(outbox))
        logger.propagate = False
    outbox.send(ready=os.getpid())
    prepared: set[str] = set()
    while (body := read_framed(inbox)) is not None:
        _serve(pickle.loads(body), prepared, outbox, settings["memory_mib"])  # noqa: S301 - from our own parent


def _own_pipes() -> tuple[BinaryIO, Outbox]:
    """Keep the pipes to ourselves; nobody else finds them under the usual numbers."""
    inbox = os.fdopen(os.dup(0), "rb")
    outbox = Outbox(os.dup(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return inbox, outbox


def _watch(parent: int) -> None:
    """End when the parent has ended, also in the midst of a task."""
    while os.getppid() == parent:
        time.sleep(WATCH_S)
    os._exit(1)


def _serve(task: Any, prepared: set[str], outbox: Outbox, memory_mib: int) -> None:  # noqa: ANN401
    """Carry out one task, which is (number, kind, payload, seconds of computing)."""
    number, kind, payload, computing_s = task
    name, _, function = kind.partition(":")
    if kind not in prepared:
        allow_computing(PREPARE_S)
        module = importlib.import_module(name)
        getattr(module, f"prepare_{function}", int)()
        prepared.add(kind)
        outbox.send(prepared=kind)
    allow_computing(computing_s)
    began = time.perf_counter()
    perform = getattr(sys.modules[name], function)
    try:
        answer = perform(payload, lambda about: outbox.send(number=number, note=about))
    except MemoryError:
        outbox.send(number=number, memory=True)
        _leave(outbox)
    except Exception as error:  # the other side decides what it means
        logging.getLogger(__name__).debug("a task failed", exc_info=True)
        outbox.send(number=number, failed=type(error).__name__)
    else:
        outbox.send(number=number, answer=answer)
    if time.perf_counter() - began > LONG_S and _is_full(memory_mib):
        _leave(outbox)


def _is_full(memory_mib: int) -> bool:
    try:
        with open("/proc/self/statm", "rb") as stream:  # noqa: PTH123 - pathlib is not loaded here
            pages = int(stream.read().split()[0])
    except (OSError, ValueError):
        return False
    size = pages * os.sysconf("SC_PAGE_SIZE")
    return memory_mib > 0 and size > FULL * memory_mib * 2**20


def _leave(outbox: Outbox) -> None:
    """End without blame for a task: a process whose memory ran out is not used again."""
    outbox.send(leaving=True)
    os._exit(0)


if __name__ == "__main__":
    main()
