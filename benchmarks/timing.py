"""Time contenders round by round in one process, so that load hits all of them alike."""

import time
from collections.abc import Callable

ROUNDS = 7


def fastest_s(
    contenders: dict[str, Callable[[], object]], rounds: int = ROUNDS
) -> dict[str, float]:
    """Least seconds of each contender over interleaved rounds, after one warm-up call each."""
    for call in contenders.values():
        call()
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, call in contenders.items():
            start = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def as_lines(title: str, times_s: dict[str, float]) -> list[str]:
    """Rows of a table: milliseconds and the ratio to the first contender."""
    own = next(iter(times_s.values()))
    rows = [f"{title}"]
    rows += [f"  {name:44} {1e3 * s:9.3f} ms  {s / own:7.1f}x" for name, s in times_s.items()]
    return rows
