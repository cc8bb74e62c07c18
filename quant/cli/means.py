"""By what means studies are measured: options of the command line, and the engine they name."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quant.dicom.files.reader import ReadsFiles
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import StudyFiles
    from quant.pipeline.cage.cage import Cage
    from quant.pipeline.work import Engine
    from quant.report.inspection.folder import Looks
    from quant.scoring.run import ScoresStudies


HEADER_SHARE = 0.25
"""Time for the header of one file, in that of a study: also a slow storage gets more by it."""


@dataclass(frozen=True, slots=True)
class Means:
    """By what means studies are measured.

    Parameters
    ----------
    jobs : int, optional
        Processes on this machine; one per core when left out.
    memory_mib : int
        Address space of each, MiB; 0 for no limit.
    study_s : float
        Computing time of a study, seconds, beside what its size adds.
    scheduler : str
        Address of a Dask scheduler, or a file that holds it; empty for this machine.
    is_loud : bool
        Let the processes write to standard error.
    """

    jobs: int | None = None
    memory_mib: int = 3072
    study_s: float = 15.0
    scheduler: str | Path = ""
    is_loud: bool = False


HERE = Means()


def scheduler_of(address: str, file: Path | None, jobs: int | None) -> str | Path:
    """Return where the scheduler is, by whichever option; empty for none.

    Raises
    ------
    UsageError
        When options contradict each other.
    """
    from quant.errors import UsageError

    said = [f"--jobs {jobs}"] if jobs else []
    said += [f"--scheduler {address}"] if address else []
    said += [f"--scheduler-file {file}"] if file else []
    if len(said) > 1:
        raise UsageError(
            "USAGE",
            "Only one of --jobs, --scheduler and --scheduler-file can be given.",
            found=" and ".join(said),
            needed="processes here, or the workers of a cluster",
            next_step="leave all but one out; a cluster has as many workers as it was started with",
        )
    return file or address


@dataclass(frozen=True, slots=True)
class Engines:
    """Who reads headers, who measures, and who looks at studies without measuring them."""

    reader: "ReadsFiles"
    engine: "Engine"
    cage: "Cage | None" = None

    @property
    def people(self) -> "Callable[[StudyFiles], tuple[str, str]]":
        """Return who reads whose studies they are."""
        if self.cage is None:
            from quant.dicom.files.patients import patient_of

            return patient_of
        from quant.pipeline.cage.reading import CagedReader

        return CagedReader(self.cage).patient

    def looks(self, protocol: "StudyProtocol", *, voxels: bool) -> "Looks | None":
        """Return who looks at studies; None for this process."""
        if self.cage is None:
            return None
        from quant.pipeline.cage.looking import caged_looks

        return caged_looks(self.cage, protocol, voxels=voxels)

    @property
    def scores(self) -> "ScoresStudies":
        """Return who scores studies from their lesions and bones."""
        if self.cage is None:
            from quant.scoring.run import scored_here

            return scored_here
        from quant.pipeline.cage.scoring import caged_scores

        return caged_scores(self.cage)


@contextmanager
def opened(means: Means = HERE, *, ahead: bool = True) -> Iterator[Engines]:
    """Open who reads and who measures; both end with the context.

    Parameters
    ----------
    means : Means
    ahead : bool
        Start a first process before there is something to do, so that it loads meanwhile.

    Raises
    ------
    UsageError
        ``ENGINE_UNAVAILABLE`` when the cluster cannot be reached.
    """
    if os.name != "posix":  # without its limits a cage is none
        from quant.dicom.files.reader import PlainReader
        from quant.pipeline.work import InProcess

        yield Engines(PlainReader(), InProcess())
        return
    from quant.pipeline.cage.cage import Cage
    from quant.pipeline.cage.limits import Limits

    header_s = HEADER_SHARE * means.study_s
    limits = Limits(memory_mib=means.memory_mib, study_s=means.study_s, header_s=header_s)
    with Cage(means.jobs, limits, is_loud=means.is_loud) as cage:
        if ahead:
            cage.start()
        from quant.pipeline.cage.reading import CagedReader
        from quant.pipeline.engines.caged import Caged

        if not means.scheduler:
            yield Engines(CagedReader(cage), Caged(cage), cage)
            return
        from quant.pipeline.engines.cluster import connected

        with connected(means.scheduler, limits) as cluster:
            yield Engines(CagedReader(cage), cluster, cage)
