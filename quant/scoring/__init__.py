"""Scores by which neuroblastoma is staged and followed, each with the evidence behind it.

Reader scores (modified Curie, SIOPEN, the original Curie's intensity), scores by rule from
lesions in 3D, RECIST 1.1 and INRC 2017. Importing this package loads nothing heavy; each name is
loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quant.scoring.agreement import compare_readers
    from quant.scoring.comparisons import compare_modalities
    from quant.scoring.cutoffs import apply_cutoffs, read_cutoffs
    from quant.scoring.output import write_results
    from quant.scoring.reader_table import read_scores
    from quant.scoring.relative import relative_scores
    from quant.scoring.results import ScoreResults, ScoreSettings, evaluate
    from quant.scoring.segments import SEGMENTS, Segment, System, segment_of
    from quant.scoring.timeline import timeline_svg
    from quant.scoring.totals import (
        Evidence,
        Modality,
        Phase,
        Reading,
        ReadingKey,
        ScoreTotal,
        SegmentScore,
        total_of,
    )

__all__ = [
    "SEGMENTS",
    "Evidence",
    "Modality",
    "Phase",
    "Reading",
    "ReadingKey",
    "ScoreResults",
    "ScoreSettings",
    "ScoreTotal",
    "Segment",
    "SegmentScore",
    "System",
    "apply_cutoffs",
    "compare_modalities",
    "compare_readers",
    "evaluate",
    "read_cutoffs",
    "read_scores",
    "relative_scores",
    "segment_of",
    "timeline_svg",
    "total_of",
    "write_results",
]

_HOMES = {
    "apply_cutoffs": "quant.scoring.cutoffs",
    "compare_modalities": "quant.scoring.comparisons",
    "compare_readers": "quant.scoring.agreement",
    "evaluate": "quant.scoring.results",
    "Evidence": "quant.scoring.totals",
    "Modality": "quant.scoring.totals",
    "Phase": "quant.scoring.totals",
    "read_cutoffs": "quant.scoring.cutoffs",
    "read_scores": "quant.scoring.reader_table",
    "Reading": "quant.scoring.totals",
    "ReadingKey": "quant.scoring.totals",
    "relative_scores": "quant.scoring.relative",
    "ScoreResults": "quant.scoring.results",
    "ScoreSettings": "quant.scoring.results",
    "ScoreTotal": "quant.scoring.totals",
    "Segment": "quant.scoring.segments",
    "segment_of": "quant.scoring.segments",
    "SEGMENTS": "quant.scoring.segments",
    "SegmentScore": "quant.scoring.totals",
    "System": "quant.scoring.segments",
    "timeline_svg": "quant.scoring.timeline",
    "total_of": "quant.scoring.totals",
    "write_results": "quant.scoring.output",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home on first use."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
