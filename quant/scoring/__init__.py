"""Scores by which neuroblastoma is staged and followed, each with the evidence behind it.

Reader scores (modified Curie, SIOPEN, the original Curie's intensity), scores by rule from
lesions in 3D, RECIST 1.1 and INRC 2017. Importing this package loads nothing heavy; each name is
loaded when it is first used.
"""

from typing import TYPE_CHECKING

from quant.lazily import lazily

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
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "quant.scoring.agreement": ["compare_readers"],
            "quant.scoring.comparisons": ["compare_modalities"],
            "quant.scoring.cutoffs": ["apply_cutoffs", "read_cutoffs"],
            "quant.scoring.output": ["write_results"],
            "quant.scoring.reader_table": ["read_scores"],
            "quant.scoring.relative": ["relative_scores"],
            "quant.scoring.results": ["ScoreResults", "ScoreSettings", "evaluate"],
            "quant.scoring.segments": ["SEGMENTS", "Segment", "System", "segment_of"],
            "quant.scoring.timeline": ["timeline_svg"],
            "quant.scoring.totals": [
                "Evidence",
                "Modality",
                "Phase",
                "Reading",
                "ReadingKey",
                "ScoreTotal",
                "SegmentScore",
                "total_of",
            ],
        },
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
