"""Goal 5: a batch that is killed goes on, and nothing is lost, doubled or torn."""

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.soak.children import Fault, Stage, in_child, spread, stage
from tests.soak.figures import Figure, figure
from tests.soak.tracing import has_tracer, killed_in_call, system_calls

MOST_TRIES = 3


def kills(points: int, seed: int) -> list[Figure]:
    """Kill at calls of the engine to the system, at calls of any library, and at any time.

    Half of the points are at the engine's own calls (or all of them, if they are fewer), in the
    midst of writing too. The others are at calls of the whole process, SQLite's included, where
    strace is installed and may trace, else at random times; a third is always at random times.
    """
    rng = random.Random(seed)
    with stage() as scene:
        at_times = points // 3
        at_calls = min((points - at_times) // 2 if has_tracer() else points // 2, len(scene.calls))
        rows = [_at_calls(scene, at_calls, rng)]
        left = points - at_times - at_calls
        if has_tracer():
            rows.append(_at_system_calls(scene, left, rng))
        else:
            at_times += left
        rows.append(_at_times(scene, at_times, rng))
    return rows


def _at_calls(scene: Stage, points: int, rng: random.Random) -> Figure:
    with figure(f"SIGKILL at one of the engine's {len(scene.calls)} calls, then resume") as row:
        for number in spread(len(scene.calls), points, rng):
            out = scene.fresh()
            fault = Fault(number, _dying(rng.choice(("before", "after"))))
            ended = in_child(lambda out=out, fault=fault: scene.run(out, fault))  # type: ignore[misc]
            wrong = [] if ended.status == -signal.SIGKILL else [f"it lived: {ended}"]
            wrong += _resumed(scene, out, number, rng)
            row.check(not wrong, f"call {number} ({scene.calls[number - 1]}): {wrong}")
    return row


def _dying(when: str) -> Callable[[str, Callable[..., Any], tuple[Any, ...]], Any]:
    def die(name: str, call: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        if name == "write":
            call(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
        elif when == "after":
            call(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    return die


def _resumed(scene: Stage, out: Path, number: int, rng: random.Random) -> list[str]:
    """Go on; of every third point the second run is killed too, and the third one goes on."""
    if number % 3 == 0:
        in_child(lambda: scene.run(out), kill_after_s=rng.uniform(0.0, scene.seconds))
    return scene.resumed(out)


def _at_system_calls(scene: Stage, points: int, rng: random.Random) -> Figure:
    whole = scene.fresh()
    total = system_calls(lambda: scene.run(whole))
    with figure(f"SIGKILL at one of {total} system calls that write, then resume") as row:
        for number in spread(total, points, rng):
            out = scene.fresh()
            ended = killed_in_call(lambda out=out: scene.run(out), number)  # type: ignore[misc]
            wrong = [] if ended in (-signal.SIGKILL, 0) else [f"it ended with {ended}"]
            wrong += _resumed(scene, out, number, rng)
            row.check(not wrong, f"system call {number}: {wrong}")
    return row


def _at_times(scene: Stage, points: int, rng: random.Random) -> Figure:
    """Kill at random times until so many runs have died of it; those that were faster count too."""
    killed = number = 0
    with figure("SIGKILL at random times, then resume") as row:
        while killed < points and number < MOST_TRIES * points:
            number, out = number + 1, scene.fresh()
            moment = rng.uniform(0.0, 0.9 * scene.seconds)
            ended = in_child(lambda out=out: scene.run(out), kill_after_s=moment)  # type: ignore[misc]
            killed += ended.status == -signal.SIGKILL
            wrong = _resumed(scene, out, number, rng)
            row.check(not wrong, f"after {moment:.4f} s: {wrong}")
        row.notes = f"{killed} died before their end"
    return row
