"""One study's work, wherever it is done: hash, measure, write; small things in, small things out.

The batch hands :class:`Job` objects to an :class:`Engine` and takes :class:`JobResult` objects back
in any order. Voxels never travel: files are read where the work is done, and its record and meshes
are written there, whole or not at all.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from quant.dicom.files.digests import file_digest, with_input_hash
from quant.dicom.objects.naming import Naming
from quant.domain.record import Status, StudyRecord
from quant.errors import OutputError, ReadError, StudyError
from quant.pipeline.failure import blank_record, failed
from quant.pipeline.protocols import protocol_hash
from quant.pipeline.retries import is_final
from quant.pipeline.stopwatch import Stopwatch
from quant.report.meshes import MESH
from quant.report.pictures import DISPLAY
from quant.report.records import read_record, record_name, write_record
from quant.report.writing import PART

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quant.domain.archive import FilePath
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import StudyFiles

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker needs to measure one study.

    Parameters
    ----------
    study : StudyFiles
        Its ``study_uid`` tells it from the other jobs of a batch.
    protocol : StudyProtocol
    out : Path
        Output folder of the batch, which exists.
    digests : mapping of str to str
        SHA-256 of files that are known not to have changed, by path as text.
    reuse : bool
        Keep a whole record of the same input, protocol and version that is there already.
    naming : Naming
        Whether DICOM objects are written, and whom they name.
    pictures : bool
        Sheet and display copies are written; a record without them is not kept.
    """

    study: "StudyFiles"
    protocol: "StudyProtocol"
    out: Path
    digests: "Mapping[str, str]" = field(default_factory=dict)
    reuse: bool = True
    naming: Naming = Naming.PSEUDONYM
    pictures: bool = True


@dataclass(frozen=True, slots=True)
class JobResult:
    """What became of a job.

    Parameters
    ----------
    study_uid : str
        Whose job it was.
    record : str
        Name of the record, without its ending; it lies in ``records`` of the output folder.
    status : Status
    code : str
        Why a failed study failed; empty otherwise.
    reused : bool
        The record was there already.
    wall_s, cpu_s : dict of str to float
        Seconds by the name of a step.
    digests : dict of str to str
        SHA-256 of the files that had to be read for it, by path as text; members of archives and
        what was known already are left out.
    """

    study_uid: str
    record: str
    status: Status
    code: str = ""
    reused: bool = False
    wall_s: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """Whatever carries out jobs: this process, caged processes, or a cluster."""

    def run(self, jobs: Iterable[Job]) -> Iterator[JobResult]:
        """Yield one result for each job, in any order; jobs are taken as there is room."""
        ...  # pragma: no cover


class InProcess:
    """Carries out jobs one after the other in this process, without a cage."""

    def run(self, jobs: Iterable[Job]) -> Iterator[JobResult]:
        """Yield one result for each job, in their order."""
        return map(carry_out, jobs)


@dataclass(slots=True)
class _Digests:
    """Gives known digests, and remembers those that had to be made."""

    known: "Mapping[str, str]"
    made: dict[str, str] = field(default_factory=dict)

    def digest(self, path: "FilePath") -> str:
        known = self.known.get(str(path)) if isinstance(path, Path) else None
        if known is not None:
            return known
        digest = file_digest(path)
        if isinstance(path, Path):
            self.made[str(path)] = digest
        return digest


def carry_out(job: Job, begun: "Callable[[StudyFiles], object] | None" = None) -> JobResult:
    """Measure one study and write its record and meshes, or keep the record that is there.

    Parameters
    ----------
    job : Job
    begun : callable, optional
        Called with the study and its input hash before it is measured.

    Raises
    ------
    OutputError
        If the output folder cannot be written to: no study is to blame for that.
    """
    watch, digests = Stopwatch(), _Digests(job.digests)
    states = _states(job.study)
    with watch.step("hash files"):
        study = _hashed(job.study, digests)
    if begun is not None:
        begun(study)
    path = record_path(job.out, study, job.protocol)
    kept = whole_record(path, pictured=job.pictures) if job.reuse else None
    try:
        record = kept or _measure_and_write(study, job, path, watch, states)
    except OutputError:
        raise
    except StudyError as error:
        return give_up(job, error.code, str(error), study.input_hash)
    except Exception as error:  # as in measure_study: the batch must go on
        logger.debug("study %s failed", study.study_uid, exc_info=True)
        code = "MEMORY_LIMIT" if isinstance(error, MemoryError) else "STUDY_FAILED"
        message = f"{type(error).__name__} while its meshes were written"
        return give_up(job, code, message, study.input_hash)
    result = _result(record, path)
    return replace(
        result,
        reused=kept is not None,
        wall_s=watch.wall_s,
        cpu_s=watch.cpu_s,
        digests=digests.made,
    )


def give_up(job: Job, code: str, message: str, input_hash: str = "") -> JobResult:
    """Write the record of a study whose measuring did not come to an end.

    Parameters
    ----------
    job : Job
    code, message : str
        Why, by a registered code and in words.
    input_hash : str
        As far as it was known by then.
    """
    study = replace(job.study, input_hash=input_hash or job.study.input_hash)
    path = record_path(job.out, study, job.protocol)
    for left in (*path.parent.glob(f"{path.name}.*{PART}"), *mesh_folder(path).glob(f"*{PART}")):
        left.unlink(missing_ok=True)
    record = failed(blank_record(study, job.protocol), code, message)
    write_record(record, path)
    return _result(record, path)


def _result(record: StudyRecord, path: Path) -> JobResult:
    return JobResult(
        study_uid=record.study_uid,
        record=path.stem,
        status=record.status,
        code=record.quarantine[-1].code if record.status is Status.FAILED else "",
    )


def record_path(out: Path, study: "StudyFiles", protocol: "StudyProtocol") -> Path:
    """Return where the record of a study with its input hash belongs."""
    return out / "records" / f"{record_name(study, protocol_hash(protocol))}.json"


def mesh_folder(record_path: Path) -> Path:
    """Folder of a study's own files, beside its record."""
    return record_path.parent.parent / "studies" / record_path.stem


def whole_record(path: Path, *, pictured: bool = False) -> StudyRecord | None:
    """Return the record of an earlier run when it is whole and no failure worth another try.

    With ``pictured`` the display copies of its study must be there too.
    """
    if not path.is_file():
        return None
    try:
        record = read_record(path)
    except ValueError:
        logger.warning("record %s is damaged: the study is measured anew", path.name)
        return None
    primary = record.primary
    mesh = mesh_folder(path) / MESH
    lost = primary is not None and primary.voxels > 0 and not mesh.is_file()
    if pictured and record.status is not Status.FAILED:
        lost = lost or not (mesh_folder(path) / DISPLAY).is_file()
    code = record.quarantine[-1].code if record.status is Status.FAILED else ""
    return record if is_final(record.status, code) and not lost else None


def _hashed(study: "StudyFiles", digests: _Digests) -> "StudyFiles":
    """Return the study with its input hash; without it when a file was lost since indexing.

    Measuring such a study fails by the same error, which then is in its record.
    """
    try:
        return with_input_hash(study, digests)
    except StudyError:
        return study


def _states(study: "StudyFiles") -> dict[str, tuple[int, int, int] | None]:
    """Return size, inode and time of each file; an archive notices by itself that it changed."""
    found: dict[str, tuple[int, int, int] | None] = {}
    for path in {one.path for part in study.series for one in part.files}.union(study.extra_files):
        if isinstance(path, Path):
            found[str(path)] = None
            with suppress(OSError):
                status = path.stat()
                found[str(path)] = status.st_size, status.st_ino, status.st_mtime_ns
    return found


def _measure_and_write(
    study: "StudyFiles", job: Job, path: Path, watch: Stopwatch, states: object
) -> StudyRecord:
    from quant.pipeline.objects import write_objects
    from quant.pipeline.study import measure_study
    from quant.report.meshes import write_meshes
    from quant.report.pictures.study import write_pictures

    outcome = measure_study(study, job.protocol, watch)
    if _states(study) != states:
        raise ReadError(
            "INPUT_CHANGED",
            "A file of the study changed while it was measured.",
            found="another size or time than when it was begun",
            needed="files that stay as they are",
            next_step="run again when the transfer is finished",
        )
    if outcome.primary is not None:
        with watch.step("write mesh"):
            write_meshes(outcome.primary, mesh_folder(path))
    if job.pictures:
        with watch.step("write pictures"):
            write_pictures(outcome, mesh_folder(path))
    with watch.step("write DICOM objects"):
        write_objects(outcome, path.stem, mesh_folder(path), job.naming)
    with watch.step("write record"):  # last: what has a record has everything
        write_record(outcome.record, path)
    return outcome.record
