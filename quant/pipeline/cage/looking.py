"""``quant inspect`` in the cage: each study is looked at by a worker."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from quant.domain.flags import CODES
from quant.errors import StudyError
from quant.pipeline.cage.measuring import study_bytes
from quant.pipeline.cage.process import Task
from quant.report.inspection.layout import StudyReport
from quant.report.inspection.study import inspect_study, refused_study, without_voxels

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import QuarantineEntry, StudyFiles
    from quant.pipeline.cage.cage import Cage, Outcome
    from quant.pipeline.cage.worker import Note

Asked = tuple["StudyFiles", "tuple[QuarantineEntry, ...]"]
"""A study, and what the index set aside of it."""


def look(how: "tuple[Asked, StudyProtocol, bool]", _note: "Note") -> StudyReport:
    """Look at a study, in the worker."""
    (study, lost), protocol, voxels = how
    return inspect_study(study, protocol, lost, voxels=voxels)


def caged_looks(
    cage: "Cage", protocol: "StudyProtocol", *, voxels: bool = True
) -> "Callable[[Iterable[Asked]], Iterator[StudyReport]]":
    """Return what looks at studies in the workers of a cage, in their order.

    A study whose look kills a worker is looked at again without its voxels, and refused.
    """

    def task(asked: Asked, *, voxels: bool = voxels) -> Task:
        times = cage.limits.of_study(study_bytes(asked[0]))
        return Task(f"{__name__}:look", (asked, protocol, voxels), *times)

    def looks(asked: "Iterable[Asked]") -> Iterator[StudyReport]:
        every = list(asked)
        refused: list[tuple[int, StudyError]] = []
        reports: dict[int, StudyReport] = {}
        outcomes = cage.run(map(task, every), in_order=True)
        for place, outcome in enumerate(outcomes):
            report = _checked(outcome)
            if report is None:
                refused.append((place, _why(outcome)))
            else:
                reports[place] = report
        for place, why in refused:
            again = _checked(cage.call(task(every[place], voxels=False))) if voxels else None
            study, lost = every[place]
            reports[place] = (
                without_voxels(again, why) if again else refused_study(study, lost, why)
            )
        return (reports[place] for place in range(len(every)))

    return looks


@cache
def _adapter() -> "TypeAdapter[StudyReport]":
    from pydantic import TypeAdapter

    return TypeAdapter(StudyReport)


def _checked(outcome: "Outcome") -> StudyReport | None:
    try:
        return _adapter().validate_python(outcome.message["answer"])
    except (KeyError, ValueError):
        return None


def _why(outcome: "Outcome") -> StudyError:
    if outcome.death is not None:
        code, found = outcome.death.code, outcome.death.message
    else:
        code, found = "STUDY_FAILED", f"{outcome.message.get('failed', 'an unreadable answer')}"
    return StudyError(code, CODES[code].sentence, found=f"{found} while looking at it")
