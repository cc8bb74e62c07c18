"""Batches in child processes that are killed, or whose disk is full, at a chosen moment.

The parent loads everything once; each child is forked from it, so that a point costs no start of
an interpreter. Nothing that was started before the fork has threads.
"""

import csv
import json
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from quant.domain.study import StudyIndex
from quant.errors import QuantError
from quant.pipeline.batch import run_batch
from quant.pipeline.digest import verify
from quant.pipeline.work import Job, carry_out
from quant.report.records import read_record
from quant.report.site.pages import templates
from quant.report.writing import IS_PART
from tests.support.batches import QUICK, measured_at_once, write_batch

STUDIES = 3

CALLS = ("open", "write", "fsync", "replace", "mkdir", "unlink", "ftruncate")
"""What the engine asks of the system where it writes; SQLite's own calls are met by other means."""

MAKING = os.O_CREAT | os.O_WRONLY | os.O_RDWR

PATIENCE_S = 60.0


@dataclass
class Ended:
    """How a child ended: its exit status (negative: the signal), what it answered, how long."""

    status: int
    answer: dict[str, Any]
    seconds: float


def in_child(work: Callable[[], dict[str, Any]], kill_after_s: float | None = None) -> Ended:
    """Fork, work, and take the answer; a child that takes too long, or is to die, is killed."""
    reading, writing = os.pipe()
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 70
        try:
            os.write(writing, json.dumps(work()).encode())
            status = 0
        except QuantError as error:
            os.write(writing, json.dumps({"code": error.code, "message": str(error)}).encode())
            status = 2
        except BaseException as error:  # noqa: BLE001 - nothing of the parent may run in the child
            os.write(writing, json.dumps({"unforeseen": repr(error)}).encode())
        finally:
            os._exit(status)
    os.close(writing)
    _watch(child, start, kill_after_s)
    with os.fdopen(reading, "rb") as stream:
        text = stream.read()
    _, status = os.waitpid(child, 0)
    seconds = time.perf_counter() - start
    return Ended(os.waitstatus_to_exitcode(status), json.loads(text or b"{}"), seconds)


def _watch(child: int, start: float, kill_after_s: float | None) -> None:
    limit = PATIENCE_S if kill_after_s is None else kill_after_s
    while not _has_ended(child):
        if time.perf_counter() - start >= limit:
            os.kill(child, signal.SIGKILL)
            return
        time.sleep(0.0005)


def _has_ended(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


@dataclass
class Fault:
    """Meets the calls to the system one by one; at the chosen one, and after it, ``act``s.

    Parameters
    ----------
    at : int
        Number of the call, from 1; 0 for none: the calls are only counted.
    act : callable
        Takes the call's name, the call itself and its arguments; returns what the call returns, or
        does not return.
    """

    at: int
    act: Callable[[str, Callable[..., Any], tuple[Any, ...]], Any]
    count: int = 0
    names: list[str] = field(default_factory=list)

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Stand between the engine and the system."""
        with ExitStack() as stack:
            for name in CALLS:
                stack.enter_context(mock.patch.object(os, name, self._meets(name)))
            yield

    def _meets(self, name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def met(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever os takes
            if name == "open" and not arguments[1] & MAKING:
                return real(*arguments, **options)
            self.count += 1
            self.names.append(name)
            if self.at and self.count >= self.at:
                return self.act(name, lambda *given: real(*given, **options), arguments)
            return real(*arguments, **options)

        return met


@dataclass
class Stage:
    """A batch that can be run again and again, and what it gives when nothing goes wrong."""

    index: StudyIndex
    folder: Path
    digest: str = ""
    calls: list[str] = field(default_factory=list)
    seconds: float = 0.0
    runs: int = 0

    def fresh(self) -> Path:
        """Return a new output folder."""
        self.runs += 1
        return self.folder / f"out{self.runs}"

    def run(self, out: Path, fault: Fault | None = None) -> dict[str, Any]:
        """Run the batch; to be called in a child."""
        if fault is None:
            result = run_batch(self.index, out, QUICK)
        else:
            with fault.armed():
                result = run_batch(self.index, out, QUICK)
        return {"digest": result.digest, "calls": fault.names if fault else []}

    def resumed(self, out: Path) -> list[str]:
        """Run the batch again where it was cut short; return all that is not as it should be."""
        wrong = torn(out)
        ended = in_child(lambda: self.run(out))
        if ended.status != 0:
            return [*wrong, f"the next run ended with {ended.status}: {ended.answer}"]
        if ended.answer["digest"] != self.digest:
            wrong.append("another digest than without the interruption")
        return [*wrong, *self.unlike(out)]

    def unlike(self, out: Path) -> list[str]:
        """Say what a finished folder lacks, or has too much of."""
        wrong = [*torn(out)]
        if any(IS_PART(path.name) for path in out.rglob("*")):
            wrong.append("parts of files are left")
        with (out / "studies.csv").open(encoding="utf-8", newline="") as stream:
            found = sorted(row["study_uid"] for row in csv.DictReader(stream))
        if found != sorted(study.study_uid for study in self.index.studies):
            wrong.append(f"studies lost or there twice: {found}")
        if len(list((out / "records").glob("*.json"))) != len(self.index.studies):
            wrong.append("not one record a study")
        if not verify(out).is_whole:
            wrong.append(f"not whole: {verify(out).damaged}")
        counts = json.loads((out / "run.json").read_bytes())["counts"]
        parts = ("files_used", "files_duplicate", "files_ignored", "files_quarantined")
        if counts["files_seen"] != sum(counts[part] for part in parts):
            wrong.append(f"files seen are not files accounted for: {counts}")
        return wrong


def torn(out: Path) -> list[str]:
    """Name the finished files in a folder that are not whole."""
    wrong = []
    for path in sorted((out / "records").glob("*.json")):
        try:
            read_record(path)
        except ValueError:
            wrong.append(f"torn: {path.name}")
    for name, last in (("studies.csv", b"\n"), ("run.json", b"}\n"), ("report.html", b"</html>")):
        path = out / name
        if path.is_file() and not path.read_bytes().endswith(last):
            wrong.append(f"torn: {name}")
    wrong += [
        f"torn: {path.name}"
        for path in out.glob("*.parquet")
        if not (path.read_bytes()[:4] == path.read_bytes()[-4:] == b"PAR1")
    ]
    return wrong


def _load(index: StudyIndex, folder: Path) -> None:
    """Load what each child would load again, and start no thread."""
    import pyarrow.parquet  # noqa: F401

    import quant.report.site.inline  # noqa: F401

    carry_out(Job(index.studies[0], QUICK, folder))
    for name in templates().list_templates():
        templates().get_template(name)


@contextmanager
def stage(studies: int = STUDIES) -> Iterator[Stage]:
    """Write a batch, load all that it needs, and run it once without faults."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder in it, made by tempfile
    base = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=base) as made:
        folder = Path(made)
        with measured_at_once(write_batch(folder / "in", studies)) as index:
            _load(index, folder / "loaded")
            one = Stage(index, folder)
            warm = one.fresh()
            in_child(lambda: one.run(warm))
            out, fault = one.fresh(), Fault(0, lambda _, call, given: call(*given))
            ended = in_child(lambda: one.run(out, fault))
            again = in_child(lambda: one.run(one.folder / "once"))
            one.digest, one.seconds = ended.answer["digest"], min(ended.seconds, again.seconds)
            one.calls = ended.answer["calls"]
            yield one


def spread(count: int, points: int, rng: random.Random) -> list[int]:
    """Choose so many of the numbers 1 to ``count``, spread over all; all of them when they fit."""
    if points >= count:
        return list(range(1, count + 1))
    step = count / points
    return [1 + int(step * (i + rng.random())) for i in range(points)]
