"""Measuring in the cage: a job goes in, its result comes out and is checked."""

import re
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING

from quant.domain.archive import ArchiveMember
from quant.domain.flags import CODES
from quant.domain.protocol import NoiseSource
from quant.errors import OutputError
from quant.pipeline.cage.process import Task
from quant.pipeline.work import Job, JobResult, carry_out, give_up

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from quant.domain.study import StudyFiles
    from quant.pipeline.cage.cage import Outcome
    from quant.pipeline.cage.limits import Limits
    from quant.pipeline.cage.worker import Note

NOISE_EFFORT = 4.0
"""Resampling of noise measures a study many times over."""

RECORD = re.compile(r"[0-9a-f]{32}")
SHA256 = re.compile(r"[0-9a-f]{64}")


def prepare_measure() -> None:
    """Load what measuring needs, in the worker."""
    from quant.pipeline.warming import warm

    warm()


def measure(job: Job, note: "Note") -> object:
    """Carry out a job, in the worker."""
    try:
        result = carry_out(job, lambda study: note(study.input_hash))
    except OutputError as error:
        return [error.code, error.what, error.found, error.needed, error.next_step]
    return asdict(result)


def measuring(job: Job, limits: "Limits") -> Task:
    """Return the task of measuring a study, with the time that its size allows."""
    effort = 1.0 if job.protocol.intervals.noise is NoiseSource.NONE else NOISE_EFFORT
    times = limits.of_study(study_bytes(job.study), effort=effort)
    return Task(f"{__name__}:measure", job, *times)


def study_bytes(study: "StudyFiles") -> int:
    """Sum up the sizes of a study's files; those in archives count unpacked."""
    paths = {one.path for part in study.series for one in part.files}
    total = 0
    for path in paths.union(study.extra_files):
        if isinstance(path, ArchiveMember):
            total += path.packed.unpacked_bytes
            continue
        try:
            total += path.stat().st_size
        except OSError:
            continue  # measuring it will say so
    return total


def result_of(outcome: "Outcome") -> JobResult:
    """Return what became of a job; a study whose worker died gets the record of a failure.

    Raises
    ------
    OutputError
        If the output folder cannot be written to.
    """
    job = outcome.task.payload
    if not isinstance(job, Job):
        raise TypeError(outcome.task.kind)
    if outcome.death is not None:
        message = f"while it was measured: {outcome.death.message}"
        return give_up(job, outcome.death.code, message, _input_hash(outcome.notes))
    answer = outcome.message.get("answer")
    if isinstance(answer, list):
        raise _output_error([str(part) for part in answer])
    try:
        return checked(answer, job)
    except (KeyError, TypeError, ValueError):
        kind = outcome.message.get("failed", "an unreadable answer")
        message = f"{kind} while it was measured"
        return give_up(job, "STUDY_FAILED", message, _input_hash(outcome.notes))


def _output_error(parts: list[str]) -> OutputError:
    code, what, found, needed, next_step = parts
    return OutputError(
        code if code in CODES else "OUT_NOT_WRITABLE",
        what,
        found=found,
        needed=needed,
        next_step=next_step,
    )


@cache
def _adapter() -> "TypeAdapter[JobResult]":
    from pydantic import TypeAdapter

    return TypeAdapter(JobResult)


def checked(answer: object, job: Job) -> JobResult:
    """Return a result that a worker sent, if it is one of this job.

    Raises
    ------
    ValueError
        When it is not.
    """
    result = _adapter().validate_python(answer)
    asked = {str(one.path) for part in job.study.series for one in part.files}
    asked.update(str(path) for path in _with_neighbours(job.study))
    is_sound = (
        result.study_uid == job.study.study_uid
        and RECORD.fullmatch(result.record)
        and (not result.code or result.code in CODES)
        and asked.issuperset(result.digests)
        and all(SHA256.fullmatch(one) for one in result.digests.values())
    )
    if not is_sound:
        raise ValueError(result.study_uid)
    return result


def _with_neighbours(study: "StudyFiles") -> Iterable[object]:
    """Yield the files beside the series, and the tables of labels that may lie beside those."""
    from quant.dicom.files.tree import table_places

    for path in study.extra_files:
        yield path
        yield from table_places(path)


def _input_hash(notes: tuple[object, ...]) -> str:
    """Return the last input hash that the worker told."""
    known = [one for one in notes if isinstance(one, str) and SHA256.fullmatch(one)]
    return known[-1] if known else ""
