"""From readings to results: relative scores, comparisons, agreement, cut-offs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from quant.scoring.analysis.agreement import Agreement, compare_readers
from quant.scoring.analysis.comparisons import Comparison, compare_modalities
from quant.scoring.analysis.cutoffs import SHIPPED, CutoffResult, apply_cutoffs, read_cutoffs
from quant.scoring.analysis.relative import RelativeScore, relative_scores
from quant.scoring.readings.order import ordered
from quant.scoring.readings.totals import Reading
from quant.scoring.spatial.rules import LesionRules
from quant.scoring.tables.reader_table import Missing

if TYPE_CHECKING:
    from quant.scoring.response import ResponseReport
    from quant.scoring.spatial import LesionScores


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """What a run may be told.

    Parameters
    ----------
    baseline : str or None
        Time point that is the baseline; see :func:`quant.scoring.relative_scores`.
    missing : Missing
        What a segment without a row means.
    cutoffs : Path
        TOML file of cut-offs.
    lesions : LesionRules
        Settings of scores from lesions in 3D.
    """

    baseline: str | None = None
    missing: Missing = Missing.REFUSE
    cutoffs: Path = SHIPPED
    lesions: LesionRules = field(default_factory=LesionRules)


@dataclass(frozen=True, slots=True)
class Failure:
    """A study that could not be scored, and why."""

    study_uid: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ScoreResults:
    """Everything that is written.

    Parameters
    ----------
    readings : tuple of Reading
    relative : tuple of RelativeScore
    comparisons : tuple of Comparison
    agreement : tuple of Agreement
    cutoffs : tuple of CutoffResult
    response : ResponseReport or None
        RECIST 1.1 and INRC 2017.
    spatial : dict of (patient, time point) to LesionScores
        Behind the readings by rule.
    inputs : dict of str to str
        SHA-256 of each input, by name.
    others : tuple of str
        Files beside the tables that were not read, by name.
    failed : tuple of Failure
        Studies that could not be scored.
    settings : ScoreSettings
    """

    readings: tuple[Reading, ...] = ()
    relative: tuple[RelativeScore, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    cutoffs: tuple[CutoffResult, ...] = ()
    response: "ResponseReport | None" = None
    spatial: "Mapping[tuple[str, str], LesionScores]" = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    settings: ScoreSettings = field(default_factory=ScoreSettings)


def evaluate(readings: Iterable[Reading], settings: ScoreSettings | None = None) -> ScoreResults:
    """Derive everything that follows from readings alone.

    Raises
    ------
    UsageError
        ``CUTOFFS_INVALID``, or ``USAGE`` for a baseline that no reading has.
    """
    chosen = settings or ScoreSettings()
    known = ordered(readings)
    relative = relative_scores(known, chosen.baseline)
    return ScoreResults(
        known,
        relative,
        compare_modalities(known),
        compare_readers(known),
        apply_cutoffs(known, read_cutoffs(chosen.cutoffs), relative),
        settings=chosen,
    )
