"""A worker as seen by the process that started it."""

import contextlib
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from quant.domain.text import plain
from quant.pipeline.cage.frames import Inbox, framed
from quant.pipeline.cage.limits import ONE_THREAD, PREPARE_S, Limits

logger = logging.getLogger(__name__)

READ_BYTES = 1 << 18
GRACE_S = 2.0
"""Time for the system to take a killed process away; one that hangs in the kernel is left."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done in a worker.

    Parameters
    ----------
    kind : str
        ``module:function``; the function takes the payload and a function for notes, and returns
        what JSON can hold. ``prepare_<function>`` of the module, if any, is called once before.
    payload : object
        Is pickled on its way in.
    computing_s, wall_s : float
        How long it may take.
    depth : int
        How many of its kind may wait in one worker, so that short ones follow without a pause.
    """

    kind: str
    payload: object
    computing_s: float
    wall_s: float
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker ended, or had to be ended, over a task."""

    code: str
    message: str
    is_final: bool = False
    """The same would happen again."""


@dataclass(slots=True, eq=False)
class Entry:
    """A task on its way, with what is known of it."""

    task: Task
    number: int
    attempts: int = 0
    notes: list[object] = field(default_factory=list)


class Worker:
    """One caged process, and the tasks that it has in hand; the first is being worked on.

    Parameters
    ----------
    limits : Limits
    is_loud : bool
        Let it write to this process's standard error.
    """

    def __init__(self, limits: Limits, *, is_loud: bool = False) -> None:
        on_main = threading.current_thread() is threading.main_thread()
        settings = {
            "memory_mib": limits.memory_mib,
            "file_mib": limits.file_mib,
            "parent": os.getpid(),
            "dies_with_thread": on_main and sys.platform == "linux",
            "log_level": logging.getLogger("quant").getEffectiveLevel(),
        }
        paths = [os.path.abspath(one) for one in sys.path]  # noqa: PTH100 - '' is the folder here
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "quant.pipeline.cage.worker", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if is_loud else subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(paths)},
            process_group=0,
            bufsize=0,
        )
        self.pid = self._process.pid
        self._inbox, self._unsent = Inbox(), bytearray()
        self.read_end, self.write_end = self._descriptors()
        self.in_hand: deque[Entry] = deque()
        self._prepared: set[str] = set()
        self._begin()
        self._verdict: Death | None = None
        self.is_open, self.is_leaving, self.was_ready = True, False, False

    def _descriptors(self) -> tuple[int, int]:
        if self._process.stdin is None or self._process.stdout is None:  # pragma: no cover
            message = "a worker without pipes"
            raise RuntimeError(message)
        ends = self._process.stdout.fileno(), self._process.stdin.fileno()
        for end in ends:
            os.set_blocking(end, False)
        return ends

    @property
    def has_unsent(self) -> bool:
        """Tell whether a part of a task waits for room in the pipe."""
        return bool(self._unsent)

    @property
    def is_prepared(self) -> bool:
        """Tell whether the task in hand has begun (or there is none)."""
        return not self.in_hand or self.in_hand[0].task.kind in self._prepared

    @property
    def deadline(self) -> float:
        """When the task in hand must be done, on the monotonic clock; may move on."""
        if not self.in_hand:
            return float("inf")
        allowed_s = self.in_hand[0].task.wall_s if self.is_prepared else PREPARE_S
        return self._since + self._spared_s + allowed_s

    def is_late(self) -> bool:
        """Tell whether the task in hand should be done; the time it had no core is not counted."""
        if self.deadline > time.monotonic():
            return False
        self._spared_s = _queued_s(self.pid) - self._queued_s
        return self.deadline <= time.monotonic()

    def _begin(self) -> None:
        """Count the time of the next task from now on."""
        self._since, self._queued_s, self._spared_s = time.monotonic(), _queued_s(self.pid), 0.0

    def give(self, entry: Entry) -> None:
        """Put a task in the worker's hands."""
        if not self.in_hand:
            self._begin()
        self.in_hand.append(entry)
        task = entry.task
        message = (entry.number, task.kind, task.payload, task.computing_s)
        self._unsent += framed(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
        self.push()

    def push(self) -> None:
        """Send what the pipe takes."""
        try:
            while self._unsent:
                del self._unsent[: os.write(self.write_end, self._unsent)]
        except BlockingIOError:
            return
        except OSError:  # it has gone: reading will tell
            self._unsent.clear()

    def pull(self) -> list[tuple[Entry, dict[str, Any]]]:
        """Take what has arrived; return the answers, each with its task."""
        done: list[tuple[Entry, dict[str, Any]]] = []
        try:
            while data := os.read(self.read_end, READ_BYTES):
                for body in self._inbox.feed(data):
                    self._take(json.loads(body), done)
            self.is_open = False
        except BlockingIOError:
            pass
        except (OSError, ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
            self.end(Death("WORKER_DIED", f"its answer cannot be read ({type(error).__name__})"))
        return done

    def _take(self, message: dict[str, Any], done: list[tuple[Entry, dict[str, Any]]]) -> None:
        if "number" in message:
            entry = self.in_hand[0]
            if message["number"] != entry.number:
                raise ValueError(message["number"])
            if "note" in message:
                entry.notes.append(message["note"])
                return
            self.in_hand.popleft()
            self._begin()
            done.append((entry, message))
        elif "prepared" in message:
            self._prepared.add(str(message["prepared"]))
            self._begin()
        elif "log" in message:
            level, name, text = message["log"]
            logging.getLogger(str(name)).log(int(level), "%s", plain(str(text)))
        elif "leaving" in message:
            self.is_leaving = True
        elif "ready" in message:
            self.was_ready = True

    def end(self, verdict: Death | None = None) -> None:
        """Kill the process and all that it started; ``verdict`` says why."""
        self._verdict = self._verdict or verdict
        self.is_open = False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_S)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    @property
    def is_computing(self) -> bool:
        """Tell whether it is at work, and not waiting for a disk or a network (Linux)."""
        try:
            with open(f"/proc/{self.pid}/stat", "rb") as stream:  # noqa: PTH123 - quick
                return stream.read().rpartition(b")")[2].split()[0] == b"R"
        except OSError:
            return False

    @property
    def has_ended(self) -> bool:
        """Tell whether the process has ended, whoever still holds its pipes."""
        return self._process.poll() is not None

    def death(self) -> Death:
        """Say how it ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_S)
        status = self._process.poll()
        self.end()
        if self._verdict is not None:
            return self._verdict
        if status == -signal.SIGXCPU:
            seconds = self.in_hand[0].task.computing_s if self.in_hand else 0.0
            return Death("TIME_LIMIT", f"it computed for more than {seconds:.0f} s", is_final=True)
        return Death("WORKER_DIED", _words(status))


def _queued_s(pid: int) -> float:
    """Return how long a process has waited for a core since it began, seconds (Linux; else 0)."""
    try:
        with open(f"/proc/{pid}/schedstat", "rb") as stream:  # noqa: PTH123 - quick
            return int(stream.read().split()[1]) * 1e-9
    except (OSError, ValueError, IndexError):
        return 0.0


def _words(status: int | None) -> str:
    if status is None:
        return "its process does not answer"
    if status == -signal.SIGKILL:
        return "its process was killed: by the system when memory ran out, or by hand"
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"its process crashed ({signal.Signals(-status).name})"
    return f"its process ended with status {status}"
