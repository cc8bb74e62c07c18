"""A few workers, and the tasks that they share."""

import os
import selectors
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from quant.errors import UsageError
from quant.pipeline.cage.limits import Limits
from quant.pipeline.cage.process import Death, Entry, Task, Worker

TICK_S = 1.0
ATTEMPTS = 2
FRUITLESS_STARTS = 3
"""So many workers in a row that end before they could begin mean that none can."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task.

    Parameters
    ----------
    number : int
        Tasks are numbered as they are taken.
    task : Task
    message : dict
        Holds ``answer``, or ``failed`` with the kind of an exception. Comes from the worker: to
        be checked. Empty when the worker died.
    death : Death, optional
        How the worker ended over it, in its last attempt.
    notes : tuple of object
        What the worker told on the way, in its last attempts too.
    """

    number: int
    task: Task
    message: dict[str, Any]
    death: Death | None = None
    notes: tuple[object, ...] = ()


class Cage:
    """Long-lived workers for tasks that may kill or hang whoever carries them out.

    A worker that dies, hangs or runs out of memory costs the task that it was at: that is tried
    once more in a fresh worker (unless it computed for too long, which it would again), and
    then given back with its death. The tasks behind it are not harmed. Use as a context manager.

    Parameters
    ----------
    workers : int, optional
        How many at most; they are started when there is something to do. One per core when left
        out.
    limits : Limits
    is_loud : bool
        Let workers write to standard error (for finding defects: it may name patients).
    """

    def __init__(
        self, workers: int | None = None, limits: Limits | None = None, *, is_loud: bool = False
    ) -> None:
        self.limits = limits or Limits()
        self.size = workers or cores()
        self._is_loud = is_loud
        self._workers: list[Worker] = []
        self._again: deque[Entry] = deque()
        self._numbers, self._fruitless, self._is_running = 0, 0, False

    def __enter__(self) -> Self:
        """Return the cage."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers."""
        self.close()

    def close(self) -> None:
        """End all workers, at once."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.end()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process identifiers of the workers that are there now."""
        return tuple(worker.pid for worker in self._workers)

    def start(self) -> None:
        """Start a worker ahead of its first task, so that it loads while others work."""
        if not self._workers:
            self._workers.append(Worker(self.limits, is_loud=self._is_loud))

    def call(self, task: Task) -> Outcome:
        """Carry out one task."""
        (outcome,) = self.run([task])
        return outcome

    def run(
        self, tasks: Iterable[Task], *, most: int | None = None, in_order: bool = False
    ) -> Iterator[Outcome]:
        """Carry out tasks; yield each outcome as it comes, or in the order of the tasks.

        Parameters
        ----------
        tasks : iterable of Task
            Taken one by one, as there is room.
        most : int, optional
            Use no more workers than this.
        in_order : bool
            Hold an outcome back until those before it have come.

        Raises
        ------
        UsageError
            ``ENGINE_UNAVAILABLE`` when no worker can be started.
        """
        if self._is_running:
            message = "a cage carries out one run of tasks at a time"
            raise RuntimeError(message)
        self._is_running = True
        self._drop_ended()
        size = min(self.size, most) if most else self.size
        waiting, line = _Ahead(tasks), _Line(self._numbers + 1 if in_order else 0)
        try:
            while self._hand_out(waiting, size):
                outcomes = self._wait()
                self._hand_out(waiting, size)
                for outcome in outcomes:
                    yield from line.after(outcome)
        finally:
            self._is_running = False
            self._again.clear()
            for worker in [one for one in self._workers if one.in_hand]:
                self._workers.remove(worker)
                worker.end()

    def _drop_ended(self) -> None:
        """Forget workers that ended while there was nothing to do."""
        for worker in [one for one in self._workers if one.has_ended]:
            self._workers.remove(worker)
            worker.end()

    def _hand_out(self, waiting: "_Ahead", size: int) -> bool:
        """Give tasks to whoever has room; tell whether anything is left to wait for."""
        while task := self._again[0].task if self._again else waiting.task:
            worker = self._with_room(task, size)
            if worker is None:
                return True
            worker.give(self._again.popleft() if self._again else self._entry(waiting.take()))
        return any(worker.in_hand for worker in self._workers)

    def _entry(self, task: Task) -> Entry:
        self._numbers += 1
        return Entry(task, self._numbers)

    def _with_room(self, task: Task, size: int) -> Worker | None:
        for worker in self._workers[:size]:
            if len(worker.in_hand) < task.depth and worker.is_open and not worker.is_leaving:
                return worker
        if len(self._workers) >= size:
            return None
        self._workers.append(Worker(self.limits, is_loud=self._is_loud))
        return self._workers[-1]

    def _wait(self) -> list[Outcome]:
        """Wait until something happens; return what was finished by it."""
        with selectors.DefaultSelector() as selector:
            for worker in self._workers:
                selector.register(worker.read_end, selectors.EVENT_READ)
                if worker.has_unsent:
                    selector.register(worker.write_end, selectors.EVENT_WRITE)
            deadline = min(worker.deadline for worker in self._workers)
            selector.select(min(max(deadline - time.monotonic(), 0.0), TICK_S))
        outcomes: list[Outcome] = []
        for worker in tuple(self._workers):
            worker.push()
            ended = worker.has_ended  # asked first: what it said before is still to be read
            for entry, message in worker.pull():
                outcomes += self._finished(entry, message)
            if worker.is_open and worker.is_late():
                worker.end(_too_late(worker))
            if ended or not worker.is_open:
                outcomes += self._buried(worker)
        return outcomes

    def _finished(self, entry: Entry, message: dict[str, Any]) -> list[Outcome]:
        self._fruitless = 0
        if "memory" in message:
            limit = self.limits.memory_mib
            return self._blamed(entry, Death("MEMORY_LIMIT", f"it needs more than {limit} MiB"))
        return [Outcome(entry.number, entry.task, message, None, tuple(entry.notes))]

    def _buried(self, worker: Worker) -> list[Outcome]:
        """Take a dead worker's tasks back; the one that it was at has to answer for it."""
        self._workers.remove(worker)
        has_begun = worker.was_ready and worker.is_prepared
        left, death = list(worker.in_hand), worker.death()
        worker.in_hand.clear()
        if worker.is_leaving or not left:
            self._again.extendleft(reversed(left))
            return []
        if not has_begun:
            self._count_fruitless(death)
            self._again.extendleft(reversed(left))
            return []
        self._again.extendleft(reversed(left[1:]))
        return self._blamed(left[0], death)

    def _blamed(self, entry: Entry, death: Death) -> list[Outcome]:
        entry.attempts += 1
        if entry.attempts < ATTEMPTS and not death.is_final:
            self._again.appendleft(entry)
            return []
        return [Outcome(entry.number, entry.task, {}, death, tuple(entry.notes))]

    def _count_fruitless(self, death: Death) -> None:
        self._fruitless += 1
        if self._fruitless < FRUITLESS_STARTS:
            return
        raise UsageError(
            "ENGINE_UNAVAILABLE",
            "The processes that measure cannot be started.",
            found=f"{death.message}, {self._fruitless} times in a row",
            needed=f"memory for them (limit now {self.limits.memory_mib} MiB), and room in /tmp",
            next_step="raise --memory-limit; --debug shows what they say",
        )


def _too_late(worker: Worker) -> Death:
    """Say that there was no answer in time; what computes so long would do so again."""
    seconds = worker.in_hand[0].task.wall_s
    return Death("TIME_LIMIT", f"no answer within {seconds:.0f} s", is_final=worker.is_computing)


class _Line:
    """Puts outcomes in the order of their numbers, from a first one on; 0 for as they come."""

    def __init__(self, first: int) -> None:
        self._next = first
        self._early: dict[int, Outcome] = {}

    def after(self, outcome: Outcome) -> Iterator[Outcome]:
        """Yield what can be yielded now that one more outcome is here."""
        if not self._next:
            yield outcome
            return
        self._early[outcome.number] = outcome
        while self._next in self._early:
            yield self._early.pop(self._next)
            self._next += 1


class _Ahead:
    """Tasks of which the next is known before it is taken."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._rest = iter(tasks)
        self._next: Task | None = None

    @property
    def task(self) -> Task | None:
        """The next task, or None."""
        if self._next is None:
            self._next = next(self._rest, None)
        return self._next

    def take(self) -> Task:
        """Return the next task and move on."""
        task, self._next = self.task, None
        if task is None:  # pragma: no cover - asked for before
            message = "no task is left"
            raise RuntimeError(message)
        return task


def cores() -> int:
    """Return how many processes can run side by side here."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1
