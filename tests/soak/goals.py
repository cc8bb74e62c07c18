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


GOALS: tuple[Goal, ...] = ()
"""In the order in which they run."""
