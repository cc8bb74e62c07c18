"""Studies measured side by side in caged processes on this machine."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from quant.pipeline.cage.measuring import measuring, result_of

if TYPE_CHECKING:
    from quant.pipeline.cage.cage import Cage
    from quant.pipeline.work import Job, JobResult


class Caged:
    """Measures in the workers of a cage.

    Parameters
    ----------
    cage : Cage
        Stays open: who opened it closes it.
    """

    def __init__(self, cage: "Cage") -> None:
        self._cage = cage

    def run(self, jobs: "Iterable[Job]") -> "Iterator[JobResult]":
        """Yield one result for each job, as they come."""
        tasks = (measuring(job, self._cage.limits) for job in jobs)
        return map(result_of, self._cage.run(tasks))
