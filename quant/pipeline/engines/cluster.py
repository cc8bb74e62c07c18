"""Studies measured by the workers of an existing Dask cluster."""

import contextlib
import hashlib
import logging
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quant.errors import OutputError, UsageError
from quant.pipeline.cage.measuring import checked
from quant.pipeline.engines.remote import close_cages, measure_remotely, packed
from quant.pipeline.manifest import versions
from quant.pipeline.work import Job, JobResult, give_up

if TYPE_CHECKING:
    from quant.pipeline.cage.limits import Limits

logger = logging.getLogger(__name__)

Client = Any
"""``distributed.Client``, which may not be installed."""

Future = Any

CONNECT_S = 30.0
"""Time for the scheduler to answer, and for its file to appear."""

AHEAD = 2
"""Jobs at the cluster for each thread of its workers: one at work and one behind it."""

RECOUNT_S = 5.0


@contextlib.contextmanager
def connected(scheduler: str | Path, limits: "Limits") -> "Iterator[Cluster]":
    """Connect to a Dask scheduler.

    Parameters
    ----------
    scheduler : str or Path
        Its address (``tcp://host:8786``), or the file that it wrote (``--scheduler-file``).
    limits : Limits
        Of the caged process in which each worker measures.

    Raises
    ------
    UsageError
        ``ENGINE_UNAVAILABLE`` when the extra is not installed or the scheduler does not answer.
    """
    client = _client(scheduler)
    before = _allow_failures(client, 1)
    try:
        yield Cluster(client, limits)
    finally:
        with contextlib.suppress(Exception):
            client.run(close_cages, on_error="ignore")
            _allow_failures(client, before)
        with contextlib.suppress(Exception):
            client.close()


class Cluster:
    """Measures on the workers of a cluster, which must see INPUT and OUT by the same paths.

    Parameters
    ----------
    client : distributed.Client
    limits : Limits
    """

    def __init__(self, client: Client, limits: "Limits") -> None:
        self._client, self._limits = client, limits

    def run(self, jobs: "Iterable[Job]") -> "Iterator[JobResult]":
        """Yield one result for each job, as they come.

        Raises
        ------
        UsageError
            ``ENGINE_UNAVAILABLE`` when a worker has other versions or does not see the folders, or
            when the scheduler is lost. What is measured by then is kept.
        """
        from distributed import as_completed

        run = _Run(self._client, self._limits, iter(jobs))
        try:
            pool = as_completed(
                run.fill(), loop=self._client.loop, with_results=True, raise_errors=False
            )
            for future, answer in pool:
                job, status = run.take(future), future.status
                future.release()
                pool.update(run.fill())
                yield _result(job, status, answer)
        finally:
            run.end()


@dataclass(slots=True)
class _Run:
    """The jobs of one run that are at the cluster."""

    client: Client
    limits: "Limits"
    rest: Iterator[Job]
    at_work: dict[str, Future] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    token: tuple[Path, str] | None = None
    room: int = 0
    counted: float = float("-inf")
    expected: dict[str, str] = field(default_factory=versions)

    def fill(self) -> list[Future]:
        """Send as many jobs as there is room for; return what was sent."""
        self._count()
        sent: list[Future] = []
        while len(self.at_work) < self.room and (job := next(self.rest, None)) is not None:
            self.token = self.token or _new_token(job.out)
            name = hashlib.sha256(job.study.study_uid.encode()).hexdigest()[:16]
            key = f"quant-{name}-{secrets.token_hex(4)}"
            future = self.client.submit(
                measure_remotely,
                packed(job),
                self.limits,
                self.expected,
                self.token,
                key=key,
                pure=False,
            )
            self.at_work[key], self.jobs[key] = future, job
            sent.append(future)
        return sent

    def take(self, future: Future) -> Job:
        """Return whose job a future was."""
        del self.at_work[future.key]
        return self.jobs.pop(future.key)

    def end(self) -> None:
        """Take back what is not finished, and the token."""
        if self.at_work:
            with contextlib.suppress(Exception):
                self.client.cancel(list(self.at_work.values()))
        if self.token is not None:
            with contextlib.suppress(OSError):
                self.token[0].unlink()

    def _count(self) -> None:
        """Look now and then how many workers there are; they come and go."""
        now = time.monotonic()
        if now - self.counted < RECOUNT_S:
            return
        threads = sum(self.client.nthreads().values())
        if not threads and self.counted < 0:
            logger.warning("the cluster has no workers yet: waiting for them")
        self.counted, self.room = now, max(AHEAD * threads, AHEAD)


def _result(job: Job, status: str, answer: Any) -> JobResult:  # noqa: ANN401 - what a cluster says
    if status == "error":
        return _result_of_error(job, answer[1])
    if status != "finished" or not isinstance(answer, dict):
        raise _unavailable("The scheduler of the cluster was lost.", f"a job was {status}")
    problem = answer.get("refused", "")
    if Path(answer.get("lost", "")).is_file():
        problem = f"a worker does not see {answer['lost']}"
    if problem:
        raise _unavailable("The cluster cannot do this batch.", problem)
    if "lost" in answer:
        return give_up(job, "DICOM_UNREADABLE", "a file of the study is no longer there")
    if "output_error" in answer:
        code, what, found, needed, next_step = map(str, answer["output_error"])
        raise OutputError(code, what, found=found, needed=needed, next_step=next_step)
    try:
        return checked(answer, job)
    except (KeyError, TypeError, ValueError):
        return give_up(job, "STUDY_FAILED", "the cluster's answer cannot be read")


def _result_of_error(job: Job, error: BaseException) -> JobResult:
    kind = type(error).__name__
    if kind == "KilledWorker":
        return give_up(job, "WORKER_DIED", "two workers of the cluster died over it")
    raise _unavailable("The workers of the cluster cannot measure.", f"{kind}: {error}")


def _client(scheduler: str | Path) -> Client:
    try:
        import distributed
    except ImportError as error:
        raise UsageError(
            "ENGINE_UNAVAILABLE",
            "Measuring on a cluster needs the extra 'cluster'.",
            found=f"no module {error.name}",
            needed="Dask's distributed, here and on the workers",
            next_step="pip install 'spectct-quant[cluster]'",
        ) from error
    how: dict[str, Any] = {"address": scheduler}
    if isinstance(scheduler, Path):
        _wait_for(scheduler)
        how = {"scheduler_file": str(scheduler)}
    try:
        return distributed.Client(**how, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        found = f"{type(error).__name__} for {scheduler} after {CONNECT_S:.0f} s"
        raise _unavailable("The scheduler does not answer.", found) from error


def _wait_for(scheduler_file: Path) -> None:
    until = time.monotonic() + CONNECT_S
    while not scheduler_file.is_file():
        if time.monotonic() > until:
            found = f"no file {scheduler_file} after {CONNECT_S:.0f} s"
            raise _unavailable("The scheduler has not written its file.", found)
        time.sleep(0.2)


def _unavailable(what: str, found: str) -> UsageError:
    return UsageError(
        "ENGINE_UNAVAILABLE",
        what,
        found=found,
        needed="a running scheduler, and workers with the same versions that see INPUT and OUT by "
        "the same paths (docs/cluster.md)",
        next_step="mend the cluster and give the same command again: what is measured is kept; or "
        "leave --scheduler out to measure on this machine",
    )


def _new_token(out: Path) -> tuple[Path, str]:
    content = secrets.token_hex(16)
    path = out / f".cluster-{content[:8]}"
    path.write_text(content, encoding="ascii")
    return path, content


def _set_allowed_failures(number: int, dask_scheduler: Any = None) -> int:  # noqa: ANN401 - Dask's
    """Set how many deaths a task may cost, on the scheduler; return what it was."""
    before = int(dask_scheduler.allowed_failures)
    dask_scheduler.allowed_failures = number
    return before


def _allow_failures(client: Client, number: int | None) -> int | None:
    """Let a study cost two workers and no more; a scheduler that forbids it keeps its setting."""
    if number is None:
        return None
    try:
        return int(client.run_on_scheduler(_set_allowed_failures, number))
    except Exception:  # noqa: BLE001 - whatever a scheduler of others answers
        logger.info("the scheduler's allowed-failures stays as it is")
        return None
