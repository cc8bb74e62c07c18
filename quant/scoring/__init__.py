"""Scores by which neuroblastoma is staged and followed, each with the evidence behind it.

Reader scores (modified Curie, SIOPEN, the original Curie's intensity), scores by rule from
lesions in 3D, RECIST 1.1 and INRC 2017. Importing this package loads nothing heavy; each name is
loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quant.scoring.segments import SEGMENTS, Segment, System, segment_of
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
    "ScoreTotal",
    "Segment",
    "SegmentScore",
    "System",
    "segment_of",
    "total_of",
]

_HOMES = {
    "SEGMENTS": "quant.scoring.segments",
    "Evidence": "quant.scoring.totals",
    "Modality": "quant.scoring.totals",
    "Phase": "quant.scoring.totals",
    "Reading": "quant.scoring.totals",
    "ReadingKey": "quant.scoring.totals",
    "ScoreTotal": "quant.scoring.totals",
    "Segment": "quant.scoring.segments",
    "SegmentScore": "quant.scoring.totals",
    "System": "quant.scoring.segments",
    "segment_of": "quant.scoring.segments",
    "total_of": "quant.scoring.totals",
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
