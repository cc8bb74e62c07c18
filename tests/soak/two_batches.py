"""Goal 8: one run at a time in an output folder, and none is shut out by a dead one."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quant.errors import QuantError
from quant.pipeline.folder import opened_folder
from tests.soak.children import Stage, in_child, stage
from tests.soak.figures import Figure, figure

LIMIT_S = 2.0
"""CPU seconds that the second command may take until it has given up; waiting is not computing."""


def two_batches(points: int, seed: int) -> list[Figure]:
    """Start a second run beside one that holds the folder; kill the first and start again."""
    rng = random.Random(seed)
    with stage(2) as scene:
        return [_commands(scene, max(points // 10, 1)), _kills(scene, points, rng), _races(scene)]


def _commands(scene: Stage, points: int) -> Figure:
    slowest = 0.0
    with figure("the command on a folder in use ends with 4 and names the owner") as row:
        for _ in range(points):
            out = scene.fresh()
            with _holding(out) as owner:
                before = os.times()
                done = subprocess.run(  # noqa: S603 - our own command
                    [sys.executable, "-m", "quant.cli.app", "run", str(scene.folder / "in"),
                     "-o", str(out)],
                    capture_output=True, check=False, encoding="utf-8", timeout=120,
                )  # fmt: skip
                after = os.times()
            spent = after.children_user + after.children_system
            spent -= before.children_user + before.children_system
            slowest = max(slowest, spent)
            right = done.returncode == 4 and f"process {owner}, started 20" in done.stderr
            row.check(right and spent < LIMIT_S, f"{done.returncode} {spent:.1f} s {done.stderr}")
        row.notes = f"slowest {slowest:.2f} s CPU, start of the interpreter included"
    return row


def _kills(scene: Stage, points: int, rng: random.Random) -> Figure:
    with figure("a second run is refused, and goes on when the first was killed") as row:
        for number in range(points):
            out = scene.fresh()
            with _holding(out) as owner:
                second = in_child(lambda out=out: scene.run(out))  # type: ignore[misc]
                time.sleep(rng.uniform(0.0, 0.01))
                wrong = [] if second.answer.get("code") == "OUT_IN_USE" else [str(second)]
                if f"process {owner}," not in str(second.answer.get("message")):
                    wrong.append("the owner is not named")
                if second.seconds > LIMIT_S:
                    wrong.append(f"it took {second.seconds:.1f} s")
            wrong += scene.resumed(out)
            row.check(not wrong, f"{number}: {wrong}")
    return row


def _races(scene: Stage) -> Figure:
    """Of several runs that start at once on one folder, one works and the others are refused."""
    with figure(
        "eight runs start at once: one works, seven are refused, the result is right"
    ) as row:
        out, gate = scene.fresh(), scene.folder / "gate"

        def wait_and_run() -> None:
            while not gate.exists():
                time.sleep(0.001)
            status = 3
            try:
                scene.run(out)
                status = 0
            except QuantError as error:
                status = 4 if error.code == "OUT_IN_USE" else 2
            finally:
                os._exit(status)

        children = []
        for _ in range(8):
            child = os.fork()
            if child == 0:
                wait_and_run()
            children.append(child)
        gate.touch()
        ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        fits = ends.count(0) >= 1 and set(ends) <= {0, 4}
        row.check(fits and not scene.unlike(out), f"{ends} {scene.unlike(out)}")
        row.notes = f"{ends.count(0)} worked (one after the other), {ends.count(4)} were refused"
    return row


@contextmanager
def _holding(out: Path) -> Iterator[int]:
    """Let a child hold a folder, and kill it in the end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with opened_folder(out):
                os.write(writing, b"held")
                time.sleep(600)
        finally:
            os._exit(1)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as stream:
            stream.read(4)
            yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
