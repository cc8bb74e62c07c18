"""Workers that die, hang and fill memory: what they cost, and how long it takes."""

import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quant.dicom.files.reader import PlainReader
from quant.dicom.index import index_tree
from quant.domain.record import Status
from quant.pipeline.batch import run_batch, run_in
from quant.pipeline.cage.cage import Cage
from quant.pipeline.cage.limits import Limits
from quant.pipeline.cage.process import Task
from quant.pipeline.cage.reading import CagedReader
from quant.pipeline.engines.caged import Caged
from quant.pipeline.folder import opened_folder
from quant.pipeline.how import How
from tests.soak.figures import Figure, figure
from tests.support.batches import QUICK, write_batch
from tests.support.mutator import mutant

HOSTILE = "tests.support.hostile"
SITE = Path(__file__).parents[1] / "support" / "hostile_site"

WAYS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGABRT, signal.SIGBUS)

PAUSE_S = 4.0
"""Between two kills in a batch: a fresh worker has loaded its kernels by then, if the machine is
free; a study that is hit twice is set aside, as it should be."""

BAD_FILE_S = 20.0
PER_FOLDER = 5000


def worker_deaths(points: int, seed: int) -> list[Figure]:
    """Every other task kills its worker once; each must be answered, none twice."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, figure("workers that died over a task") as row:
        tasks = [
            (str(Path(folder) / str(number)), int(chance.choice(WAYS)) if number % 2 else 0)
            for number in range(2 * points)
        ]
        with Cage(2) as cage:
            outcomes = list(cage.run(Task(f"{HOSTILE}:die_once", one, 30.0, 60.0) for one in tasks))
        answers = [one.message.get("answer") for one in outcomes]
        for path, number in tasks:
            row.check(answers.count(path) == 1, f"signal {number}: {answers.count(path)} answers")
            died = not number or Path(path).exists()
            row.check(died, f"signal {number} was not sent")
    return [row]


def deaths_in_a_batch(points: int, seed: int) -> list[Figure]:
    """Kill workers at uneven moments while studies are measured; hold the records against rest."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name, figure("workers killed in a batch") as row:
        folder = Path(name)
        index = index_tree(write_batch(folder / "in", 12))
        with opened_folder(folder / "calm") as place:
            calm = run_in(place, index, QUICK, How(objects=False, pictures=False))
        done, killed = 0, 0
        while killed < points:
            with Cage(2) as cage:
                stop = threading.Event()
                hits: list[int] = []
                thread = threading.Thread(
                    target=_kill_now_and_then, args=(cage, chance, stop, hits, points - killed)
                )
                thread.start()
                try:
                    result = run_batch(index, folder / f"out{done}", QUICK, engine=Caged(cage))
                finally:
                    stop.set()
                    thread.join()
            done, killed = done + 1, killed + len(hits)
            lost = [one for one in result.records if one.status is Status.FAILED]
            alike = [one in calm.records for one in result.records if one not in lost]
            row.check(len(result.records) == 12, f"{len(result.records)} records")
            row.check(all(alike), "a record differs")
            row.check(
                2 * len(lost) <= len(hits)
                and {one.quarantine[-1].code for one in lost} <= {"WORKER_DIED"},
                f"{len(lost)} studies lost by {len(hits)} deaths",
            )
        row.notes = f"{killed} killed in {done} batches"
    return [row]


def _kill_now_and_then(
    cage: Cage, chance: random.Random, stop: threading.Event, hits: list[int], most: int
) -> None:
    while len(hits) < most and not stop.wait(PAUSE_S * chance.random()):
        if pids := cage.pids:
            pid = chance.choice(pids)
            os.kill(pid, chance.choice(WAYS))
            hits.append(pid)
            if stop.wait(PAUSE_S):
                return


def bad_files(points: int, seed: int) -> list[Figure]:
    """Time files that loop or hang, at the limits that ``quant run`` sets."""
    del seed
    deeds = ("loops", "hangs", "kills", "hoards", "leaves", "crashes")[:points]
    rows: list[Figure] = []
    with tempfile.TemporaryDirectory() as name, Cage(1, Limits()) as cage:
        for deed in deeds:
            path = Path(name) / f"x.{deed}.dcm"
            path.write_bytes(b"\0" * 128 + b"DICM")
            with _hostile(), figure(f"a file that {deed}") as row:
                start = time.monotonic()
                (header,) = CagedReader(cage).headers([path])
                seconds = time.monotonic() - start
                code = header.code if header else "nothing"
                row.check(code in ("TIME_LIMIT", "WORKER_DIED", "MEMORY_LIMIT"), code)
                row.check(seconds <= BAD_FILE_S, f"{seconds:.1f} s")
                row.notes = f"{code} after {seconds:.1f} s"
            rows.append(row)
    return rows


def mutants(points: int, seed: int) -> list[Figure]:
    """Read damaged files in the cage and in this process; the answers must be the same."""
    first = seed * 1_000_000
    with tempfile.TemporaryDirectory() as name, figure("damaged files, caged and plain") as row:
        folder = Path(name)
        for start in range(first, first + points, PER_FOLDER):
            paths = []
            for number in range(start, min(start + PER_FOLDER, first + points)):
                path = folder / f"{number}.dcm"
                path.write_bytes(mutant(number).content)
                paths.append(path)
            with Cage(2) as cage:
                caged = list(CagedReader(cage).headers(paths))
            for path, one, other in zip(paths, caged, PlainReader().headers(paths), strict=True):
                row.check(
                    one == other or repr(one) == repr(other), f"{path.name}: {one} is not {other}"
                )
                path.unlink()
    return [row]


@contextmanager
def _hostile() -> Iterator[None]:
    """Let workers that start now find the module that makes files act."""
    sys.path.insert(0, str(SITE))
    try:
        yield
    finally:
        sys.path.remove(str(SITE))
