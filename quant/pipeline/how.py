"""How a batch is run, apart from what is measured."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quant.dicom.files.patients import patient_of
from quant.dicom.objects.naming import Naming
from quant.pipeline.stopwatch import Stopwatch
from quant.pipeline.work import Engine, InProcess

if TYPE_CHECKING:
    from quant.dicom.files.cache import HeaderCache
    from quant.domain.study import StudyFiles

Tick = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Reuse:
    """What earlier runs left that is used again.

    Parameters
    ----------
    records : bool
        Records of studies with the same input, protocol and version; else all is measured anew.
    digests : HeaderCache, optional
        Digests of files that did not change.
    """

    records: bool = True
    digests: "HeaderCache | None" = None


@dataclass(frozen=True, slots=True)
class View:
    """What a run shows of itself while it works.

    Parameters
    ----------
    tick : callable, optional
        Progress.
    watch : Stopwatch
        Where to sum up the time of each step.
    """

    tick: Tick | None = None
    watch: Stopwatch = field(default_factory=Stopwatch)

    def step(self, what: str, done: int, total: int) -> None:
        """Tell how far the run has come."""
        if self.tick is not None:
            self.tick(what, done, total)


EVERYTHING = Reuse()


@dataclass(frozen=True, slots=True)
class How:
    """How a batch is run, apart from what is measured.

    Parameters
    ----------
    reuse : Reuse
        What is taken from earlier runs.
    engine : Engine
        Who measures; this process, without a cage, when nothing else is said.
    view : View
        Progress and times.
    identifiers : bool
        Names and identifiers of patients become columns of the tables.
    people : callable
        Reads name and identifier of a study's patient.
    objects : bool
        DICOM objects are written; with ``identifiers`` they name the patient.
    pictures : bool
        Sheet and display copies are written, also of studies that were measured without them.
    """

    reuse: Reuse = EVERYTHING
    engine: Engine = field(default_factory=InProcess)
    view: View = field(default_factory=View)
    identifiers: bool = False
    people: "Callable[[StudyFiles], tuple[str, str]]" = patient_of
    objects: bool = True
    pictures: bool = True

    @property
    def naming(self) -> Naming:
        """Whether DICOM objects are written, and whom they name."""
        if not self.objects:
            return Naming.NONE
        return Naming.SOURCE if self.identifiers else Naming.PSEUDONYM
