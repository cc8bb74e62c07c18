"""Scores by which neuroblastoma is staged and followed, each with the evidence behind it.

Reader scores (modified Curie, SIOPEN, the original Curie's intensity), scores by rule from
lesions in 3D, RECIST 1.1 and INRC 2017. Importing this package loads nothing heavy; each name is
loaded when it is first used.

``run`` is the story of ``quant score``: it looks at INPUT (``inputs``, ``visits``), has it read
and scored, and derives the ``results``. Rooms, as the data goes: ``tables`` (reader scores, read
and checked) and ``spatial`` (scores by rule from lesions on a skeleton in 3D) both end in
``readings`` (segments, scores and totals of one image); ``analysis`` (relative scores, planar
against SPECT/CT, reader against reader, cut-offs); ``response`` (RECIST 1.1 and INRC 2017 from
lesion and disease tables); ``drawings`` and ``output`` (what is written).
"""

from typing import TYPE_CHECKING

from quant.lazily import lazily

if TYPE_CHECKING:
    from quant.scoring.analysis.agreement import compare_readers
    from quant.scoring.analysis.comparisons import compare_modalities
    from quant.scoring.analysis.cutoffs import apply_cutoffs, read_cutoffs
    from quant.scoring.analysis.relative import relative_scores
    from quant.scoring.drawings.timeline import timeline_svg
    from quant.scoring.output.writing import write_results
    from quant.scoring.readings.segments import SEGMENTS, Segment, System, segment_of
    from quant.scoring.readings.totals import (
        Evidence,
        Modality,
        Phase,
        Reading,
        ReadingKey,
        ScoreTotal,
        SegmentScore,
        total_of,
    )
    from quant.scoring.results import ScoreResults, ScoreSettings, evaluate
    from quant.scoring.tables.reader_table import read_scores
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "quant.scoring.analysis.agreement": ["compare_readers"],
            "quant.scoring.analysis.comparisons": ["compare_modalities"],
            "quant.scoring.analysis.cutoffs": ["apply_cutoffs", "read_cutoffs"],
            "quant.scoring.analysis.relative": ["relative_scores"],
            "quant.scoring.drawings.timeline": ["timeline_svg"],
            "quant.scoring.output.writing": ["write_results"],
            "quant.scoring.readings.segments": ["SEGMENTS", "Segment", "System", "segment_of"],
            "quant.scoring.readings.totals": [
                "Evidence",
                "Modality",
                "Phase",
                "Reading",
                "ReadingKey",
                "ScoreTotal",
                "SegmentScore",
                "total_of",
            ],
            "quant.scoring.results": ["ScoreResults", "ScoreSettings", "evaluate"],
            "quant.scoring.tables.reader_table": ["read_scores"],
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
