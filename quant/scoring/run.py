"""The story of ``quant score``: look at INPUT, read, derive."""

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from quant.errors import StudyError, UsageError
from quant.scoring.inputs import Inputs, Kind, find_inputs
from quant.scoring.readings.totals import Reading
from quant.scoring.results import Failure, ScoreResults, ScoreSettings, evaluate
from quant.scoring.tables.reader_table import check_scores
from quant.scoring.tables.sheet import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from quant.dicom.files.reader import ReadsFiles
    from quant.domain.study import StudyFiles
    from quant.scoring.spatial import LesionRules, LesionScores

    ScoresStudies = Callable[
        [Iterable[StudyFiles], LesionRules], Iterable[LesionScores | StudyError]
    ]


@dataclass(frozen=True, slots=True)
class Hands:
    """Who reads the files of studies, and who scores them.

    Parameters
    ----------
    reader : ReadsFiles or None
        Who reads headers; None for this process.
    scores : callable
        Scores studies by rules, in their order; where one cannot be scored, gives the reason.
    """

    reader: "ReadsFiles | None"
    scores: "ScoresStudies"


def scored_here(
    studies: "Iterable[StudyFiles]", rules: "LesionRules"
) -> "Iterator[LesionScores | StudyError]":
    """Score studies in this process."""
    from quant.scoring.spatial import score_study

    for study in studies:
        try:
            yield score_study(study, rules)
        except StudyError as error:
            yield error


@contextmanager
def own_hands() -> "Iterator[Hands]":
    """Read and score in this process."""
    yield Hands(None, scored_here)


def score(
    path: Path,
    settings: ScoreSettings | None = None,
    visits: Path | None = None,
    *,
    hands: "Callable[[], AbstractContextManager[Hands]]" = own_hands,
) -> ScoreResults:
    """Score INPUT, whatever it is.

    Parameters
    ----------
    path : Path
        A table of reader scores, lesions or disease, a folder of them, or a folder of studies.
    settings : ScoreSettings, optional
    visits : Path, optional
        Table of visits for a folder of studies; see :func:`quant.scoring.visits.read_visits`.
    hands : callable
        Opens who reads and scores studies; not called for tables.

    Returns
    -------
    ScoreResults

    Raises
    ------
    UsageError
        ``SCORE_TABLE_INVALID``, ``SCORE_INPUT_UNKNOWN``, ``CUTOFFS_INVALID`` or ``USAGE``.
    """
    chosen = settings or ScoreSettings()
    inputs = find_inputs(path)
    if visits is not None and inputs.studies is None:
        raise UsageError(
            "USAGE",
            "--visits is for a folder of studies, but INPUT holds tables.",
            found=path.name,
            needed="a folder of studies, or no --visits",
            next_step="leave --visits out",
        )
    if inputs.studies is not None:
        with hands() as who:
            found = _studies(inputs.studies, chosen, visits, who)
        return replace(found, others=inputs.others)
    return _tables(inputs, chosen)


def _tables(inputs: Inputs, settings: ScoreSettings) -> ScoreResults:
    readings, problems = check_scores(inputs.sheets, settings.missing)
    if problems:
        raise refuse(problems)
    results = evaluate(readings, settings)
    hashes = {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in inputs.paths}
    results = replace(results, inputs=hashes, others=inputs.others)
    lesions, disease = (
        _only(inputs.tables.get(kind, ()), kind) for kind in (Kind.LESIONS, Kind.DISEASE)
    )
    if lesions is not None:
        from quant.scoring.response import respond

        return replace(results, response=respond(lesions, disease=disease))
    if disease is not None:
        from quant.scoring.response import respond_disease

        return replace(results, response=respond_disease(disease))
    return results


def _only(paths: tuple[Path, ...], kind: Kind) -> Path | None:
    if len(paths) > 1:
        raise UsageError(
            "SCORE_INPUT_UNKNOWN",
            f"The folder holds more than one table of {kind}.",
            found=", ".join(one.name for one in paths),
            needed="one such table: the time points of a patient belong together",
            next_step="join them into one file",
        )
    return paths[0] if paths else None


def _studies(
    folder: Path, settings: ScoreSettings, visits: Path | None, who: Hands
) -> ScoreResults:
    from quant.dicom.index import index_tree
    from quant.scoring.visits import key_of, read_visits, require_match

    index = index_tree(folder, reader=who.reader)
    stated = read_visits(visits) if visits is not None else {}
    if visits is not None:
        require_match(stated, index.studies, visits.name)
    readings: list[Reading] = []
    spatial: dict[tuple[str, str], LesionScores] = {}
    failed: list[Failure] = []
    answers = who.scores(index.studies, settings.lesions)
    for study, scores in zip(index.studies, answers, strict=True):
        if isinstance(scores, StudyError):
            failed.append(Failure(study.study_uid, scores.code, str(scores)))
            continue
        key, day = key_of(study, stated.get(study.study_uid))
        readings += scores.readings(key, day)
        spatial[key.patient, key.time] = scores
    return replace(
        evaluate(readings, settings),
        spatial=spatial,
        failed=tuple(failed),
        inputs={one.study_uid: one.input_hash for one in index.studies if one.input_hash},
    )
