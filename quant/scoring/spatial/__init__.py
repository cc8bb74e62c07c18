"""Scores by rule from lesions in 3D: bones, foci, fractions, levels, and their projections.

:func:`score_study` scores a folder's study, :func:`score_regions` regions at hand; both return
:class:`LesionScores`. Importing this package loads nothing heavy.
"""

from typing import TYPE_CHECKING

from quant.lazily import lazily

if TYPE_CHECKING:
    from quant.scoring.spatial.masks import mask_region
    from quant.scoring.spatial.regions import score_regions
    from quant.scoring.spatial.result import LesionScores
    from quant.scoring.spatial.rules import RULES, LesionRules
    from quant.scoring.spatial.study import score_study
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "quant.scoring.spatial.masks": ["mask_region"],
            "quant.scoring.spatial.regions": ["score_regions"],
            "quant.scoring.spatial.result": ["LesionScores"],
            "quant.scoring.spatial.rules": ["RULES", "LesionRules"],
            "quant.scoring.spatial.study": ["score_study"],
        },
    )

__all__ = [
    "RULES",
    "LesionRules",
    "LesionScores",
    "mask_region",
    "score_regions",
    "score_study",
]
