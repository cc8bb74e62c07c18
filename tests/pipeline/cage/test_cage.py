"""What a task does to its worker costs that task and no other."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from quant.errors import UsageError
from quant.pipeline.cage.cage import Cage, Outcome
from quant.pipeline.cage.limits import Limits
from quant.pipeline.cage.process import Task

HOSTILE = "tests.support.hostile"
ROOT = Path(__file__).parents[3]


def task(
    name: str, payload: object = None, computing_s: float = 20.0, wall_s: float = 30.0
) -> Task:
    return Task(f"{HOSTILE}:{name}", payload, computing_s, wall_s)


@pytest.fixture(scope="module")
def cage() -> Iterator[Cage]:
    with Cage(1, Limits(memory_mib=1024, file_mib=16)) as opened:
        yield opened


def answers(outcomes: Iterator[Outcome]) -> list[object]:
    return [one.message.get("answer", one.death and one.death.code) for one in outcomes]


def is_alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_tasks_are_answered_by_one_long_lived_process_of_another_number(cage: Cage) -> None:
    first, *others = answers(cage.run(task("pid") for _ in range(5)))

    assert others == [first] * 4 != [os.getpid()] * 4
    assert cage.pids == (first,)


def test_a_worker_is_limited_before_it_does_anything(cage: Cage) -> None:
    found = cage.call(task("limits")).message["answer"]

    assert found["RLIMIT_AS"] == 1024 * 2**20
    assert found["RLIMIT_FSIZE"] == 16 * 2**20
    assert found["RLIMIT_CORE"] == 0
    assert (found["NUMBA_NUM_THREADS"], found["OMP_NUM_THREADS"]) == ("1", "1")
    assert found["group"]
    assert "" not in found["path"]


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("crash", "WORKER_DIED", "SIGSEGV"),
        ("leave", "WORKER_DIED", "status 3"),
        ("hoard", "MEMORY_LIMIT", "1024 MiB"),
        ("flood", "WORKER_DIED", "cannot be read"),
    ],
)
def test_what_kills_a_worker_is_told_by_its_code_and_costs_no_other_task(
    cage: Cage, name: str, code: str, words: str
) -> None:
    before, bad, after = cage.run(
        [task("double", 1), task(name, 2**31), task("double", 3)], in_order=True
    )

    assert (before.message["answer"], after.message["answer"]) == (2, 6)
    assert bad.death is not None
    assert bad.death.code == code
    assert words in bad.death.message


def test_a_loop_ends_with_its_computing_time_and_is_not_tried_again(cage: Cage) -> None:
    start = time.monotonic()

    outcome = cage.call(task("loop", computing_s=0.5))

    assert outcome.death is not None
    assert (outcome.death.code, outcome.death.is_final) == ("TIME_LIMIT", True)
    assert "computed" in outcome.death.message
    assert time.monotonic() - start < 15


def test_what_hangs_without_computing_ends_with_its_wall_time(cage: Cage) -> None:
    hung, good = cage.run([task("sleep", 60.0, wall_s=0.5), task("double", 4)], in_order=True)

    assert hung.death is not None
    assert (hung.death.code, hung.death.message) == ("TIME_LIMIT", "no answer within 0 s")
    assert good.message["answer"] == 8


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how long a process waited")
def test_time_in_which_others_had_the_core_is_not_held_against_a_study(cage: Cage) -> None:
    process = cage.call(task("pid")).message["answer"]
    core = {min(os.sched_getaffinity(process))}
    os.sched_setaffinity(process, core)
    others = [subprocess.Popen([sys.executable, "-SEc", "while True: pass"]) for _ in range(4)]
    try:
        for other in others:
            os.sched_setaffinity(other.pid, core)
        start = time.monotonic()
        outcome = cage.call(task("compute", 0.3, wall_s=0.6))
    finally:
        for other in others:
            other.kill()
            other.wait()

    assert time.monotonic() - start > 0.6
    assert (outcome.death, outcome.message.get("answer")) == (None, 0.3)


def test_a_stopped_worker_is_replaced(cage: Cage) -> None:
    outcomes = cage.run([task("sleep", 0.0), task("sleep", 0.2, wall_s=1.0)])
    next(outcomes)
    (process,) = cage.pids
    os.kill(process, signal.SIGSTOP)

    (last,) = outcomes

    assert last.message["answer"] == 0.2
    assert not is_alive(process)


def test_an_exception_is_told_by_its_kind_and_the_worker_stays(cage: Cage) -> None:
    process = cage.call(task("pid")).message["answer"]

    outcome = cage.call(task("nest", 100_000))

    assert outcome.message["failed"] == "RecursionError"
    assert cage.call(task("pid")).message["answer"] == process


def test_what_a_library_prints_is_no_answer_and_logs_arrive_harmless(
    cage: Cage, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="quant"):
        outcome = cage.call(task("babble", "text"))

    assert outcome.message["answer"] == "text"
    assert outcome.notes == ("text",)
    assert [record.getMessage() for record in caplog.records] == ["[2Jtext"]


def test_nothing_that_a_worker_started_outlives_it(cage: Cage, tmp_path: Path) -> None:
    outcome = cage.call(task("leave_a_child", str(tmp_path / "child")))

    assert outcome.death is not None
    child = int((tmp_path / "child").read_text(encoding="ascii"))
    deadline = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(child)


def test_twenty_workers_killed_cost_no_task(tmp_path: Path) -> None:
    """Goal 7: each of their tasks is tried once more, the others never notice."""
    ways = (signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGABRT)
    tasks = [
        (str(tmp_path / str(number)), int(ways[number % 4]) if number % 3 == 0 else 0)
        for number in range(60)
    ]
    with Cage(2) as many:
        done = list(many.run(task("die_once", one) for one in tasks))

    assert len(list(tmp_path.iterdir())) == 20
    assert sorted(one.message["answer"] for one in done) == sorted(one for one, _ in tasks)


def test_a_cage_that_is_left_in_the_midst_ends_its_workers_at_once() -> None:
    with Cage(1) as left:
        outcomes = left.run([task("double", 1), task("sleep", 60.0)])
        next(outcomes)
        (process,) = left.pids
        start = time.monotonic()

    assert time.monotonic() - start < 2
    assert not is_alive(process)
    assert left.pids == ()


PARENT = f"""
import sys, time
from quant.pipeline.cage.cage import Cage
from quant.pipeline.cage.process import Task
with Cage(2) as cage:
    outcomes = cage.run([Task("{HOSTILE}:pid", None, 9, 9), Task("{HOSTILE}:loop", None, 60, 60)])
    next(outcomes)
    print(*cage.pids, flush=True)
    next(outcomes)
"""


def test_workers_die_with_the_process_that_started_them_however_it_dies() -> None:
    """The script has no __main__ guard and comes on standard input, as from a notebook."""
    with subprocess.Popen(
        [sys.executable, "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(PARENT)
        parent.stdin.close()
        workers = [int(one) for one in parent.stdout.readline().split()]
        assert workers
        parent.kill()
    deadline = time.monotonic() + 5
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert not any(map(is_alive, workers))


def test_workers_that_cannot_start_are_an_error_that_says_what_to_do() -> None:
    with Cage(1, Limits(memory_mib=24)) as narrow, pytest.raises(UsageError) as caught:
        narrow.call(task("double", 1))

    assert caught.value.code == "ENGINE_UNAVAILABLE"
    assert "--memory-limit" in caught.value.next_step
