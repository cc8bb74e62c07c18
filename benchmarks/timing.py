"""Time contenders round by round in one process, so that load hits all of them alike."""

import time
from collections.abc import Callable

ROUNDS = 7


def fastest_s(
    contenders: dict[str, Callable[[], object]],
    rounds: int = ROUNDS,
    calls: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Least seconds of each contender over interleaved rounds, after one warm-up call each.

    With several ``calls`` each contender is called so often in a row: what takes microseconds would
    else be timed with the caches that a slower one left behind. ``clock`` may be
    ``time.process_time``: CPU of all threads, where a virtual machine's memory makes the wall
    clock a measure of its host.
    """
    for call in contenders.values():
        call()
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, call in contenders.items():
            for _ in range(calls):
                start = clock()
                call()
                best[name] = min(best[name], clock() - start)
    return best


def as_lines(title: str, times_s: dict[str, float]) -> list[str]:
    """Rows of a table: milliseconds and the ratio to the first contender."""
    own = next(iter(times_s.values()))
    rows = [f"{title}"]
    rows += [f"  {name:44} {1e3 * s:9.3f} ms  {s / own:7.1f}x" for name, s in times_s.items()]
    return rows
