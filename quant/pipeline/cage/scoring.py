"""``quant score`` in the cage: each study is scored by a worker."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from quant.domain.flags import CODES
from quant.errors import StudyError
from quant.pipeline.cage.measuring import study_bytes
from quant.pipeline.cage.process import Task
from quant.scoring.spatial.result import LesionScores
from quant.scoring.spatial.study import score_study

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from quant.domain.study import StudyFiles
    from quant.pipeline.cage.cage import Cage, Outcome
    from quant.pipeline.cage.worker import Note
    from quant.scoring.spatial.rules import LesionRules

EFFORT = 8.0
"""Bones are laid one by one on their own, often fine, grid: longer than measuring takes."""


def score(how: "tuple[StudyFiles, LesionRules]", _note: "Note") -> object:
    """Score a study, in the worker."""
    try:
        return _adapter().dump_python(score_study(*how), mode="json")
    except StudyError as error:
        return [error.code, error.what, error.found, error.needed, error.next_step]


def caged_scores(
    cage: "Cage",
) -> "Callable[[Iterable[StudyFiles], LesionRules], Iterator[LesionScores | StudyError]]":
    """Return what scores studies in the workers of a cage, in their order.

    A study that cannot be scored, or whose worker died, is answered by the reason.
    """

    def scores(
        studies: "Iterable[StudyFiles]", rules: "LesionRules"
    ) -> "Iterator[LesionScores | StudyError]":
        def task(study: "StudyFiles") -> Task:
            times = cage.limits.of_study(study_bytes(study), effort=EFFORT)
            return Task(f"{__name__}:score", (study, rules), *times)

        return map(_answer, cage.run(map(task, studies), in_order=True))

    return scores


@cache
def _adapter() -> "TypeAdapter[LesionScores]":
    from pydantic import TypeAdapter

    return TypeAdapter(LesionScores)


def _answer(outcome: "Outcome") -> LesionScores | StudyError:
    if outcome.death is not None:
        return _error(outcome.death.code, f"{outcome.death.message} while scoring it")
    answer = outcome.message.get("answer")
    try:
        if isinstance(answer, list):
            code, what, *details = map(str, answer)
            found, needed, next_step = details
            return StudyError(code, what, found=found, needed=needed, next_step=next_step)
        return _adapter().validate_python(answer)
    except ValueError:
        failed = outcome.message.get("failed", "an unreadable answer")
        return _error("STUDY_FAILED", f"{failed} while scoring it")


def _error(code: str, found: str) -> StudyError:
    return StudyError(code, CODES[code].sentence, found=found)
