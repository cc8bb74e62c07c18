"""The goals of reliability: which harness shows each, and with how many points.

The numbers are those of the goals that the project set itself (README, Reliability). ``push`` is
what ``make test`` tries, ``release`` what ``make soak`` tries.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.soak.figures import Figure, Harness


@dataclass(frozen=True)
class Goal:
    """One row of the list of goals.

    ``harness`` is ``module:function``, a :data:`tests.soak.figures.Harness`; its module is imported
    only when it runs.
    """

    number: int
    what: str
    harness: str
    push: int
    release: int

    def run(self, points: int, seed: int) -> "list[Figure]":
        """Try so many points."""
        module, _, name = self.harness.partition(":")
        harness: Harness = getattr(import_module(module), name)
        return harness(points, seed)


GOALS: tuple[Goal, ...] = (
    Goal(1, "damaged files cost only themselves", "tests.hostile.mutants:mutants", 5000, 200_000),
    Goal(1, "damaged files are read alike in the cage", "tests.soak.cage:mutants", 1000, 200_000),
    Goal(2, "a corpus replayed", "tests.hostile.targets:replay", 400, 40_000),
    Goal(3, "folders made by hand", "tests.hostile.looking:folders", 100, 150),
    Goal(
        4, "a damaged byte is found or harmless", "tests.soak.corruption:damaged_bytes", 200, 2000
    ),
    Goal(4, "every byte of a record counts", "tests.soak.corruption:every_byte", 200, 10**9),
    Goal(5, "SIGKILL, then resume", "tests.soak.kills:kills", 60, 1500),
    Goal(6, "disk full, then resume", "tests.soak.full_disk:full_disks", 20, 900),
    Goal(7, "a worker's death over a task", "tests.soak.cage:worker_deaths", 20, 200),
    Goal(7, "workers killed in a batch", "tests.soak.cage:deaths_in_a_batch", 2, 40),
    Goal(8, "two batches on one output", "tests.soak.two_batches:two_batches", 10, 100),
    Goal(9, "one digest in all surroundings", "tests.soak.sameness:sameness", 3, 20),
    Goal(12, "a bad file takes at most 20 s", "tests.soak.cage:bad_files", 1, 6),
    Goal(15, "names that lead elsewhere", "tests.hostile.paths:paths", 49, 200),
    Goal(17, "degenerate regions and values", "tests.hostile.degenerate:degenerate", 70, 10_000),
)
"""In the order in which they run."""
