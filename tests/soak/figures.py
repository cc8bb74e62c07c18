"""What a harness of reliability hands back: how many points it tried, and which ones went wrong.

A harness is a function ``(points, seed) -> list[Figure]``. ``make test`` calls it with a few points
and asserts that nothing is bad; ``make soak`` calls it with all of them and prints the table.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Figure:
    """One row: what was tried, how often, and what went wrong.

    Parameters
    ----------
    what : str
    tried : int
    bad : list of str
        One entry for each point that failed: its seed or number, and how. These become fixtures.
    notes : str
        Further figures, in words.
    seconds : float
    """

    what: str
    tried: int = 0
    bad: list[str] = field(default_factory=list)
    notes: str = ""
    seconds: float = 0.0

    def check(self, right: bool, otherwise: str) -> None:  # noqa: FBT001 - what is checked, not a switch
        """Count a point; keep what is wrong with it."""
        self.tried += 1
        if not right:
            self.bad.append(otherwise)


Harness = Callable[[int, int], list[Figure]]
"""Takes the number of points and the seed."""


@contextmanager
def figure(what: str) -> Iterator[Figure]:
    """Time what happens in the block."""
    row, start = Figure(what), time.perf_counter()
    try:
        yield row
    finally:
        row.seconds = time.perf_counter() - start


def require_good(rows: list[Figure]) -> None:
    """Print the figures; raise AssertionError when a point went wrong, or none was tried."""
    for row in rows:
        print(as_line("", row))  # noqa: T201 - shown by pytest -s and with every failure
        assert row.tried > 0, f"{row.what}: nothing was tried"
        assert not row.bad, f"{row.what}: {len(row.bad)} of {row.tried} went wrong: {row.bad[:10]}"


def as_line(goal: str, row: Figure) -> str:
    """Return a row of the table as text."""
    verdict = "ok" if row.tried and not row.bad else f"{len(row.bad)} BAD"
    return (
        f"{goal:>4}  {row.what:<58} {row.tried:>8} {verdict:>8} {row.seconds:>8.1f} s  {row.notes}"
    )
