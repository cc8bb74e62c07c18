"""Scores by rule from lesions in 3D: bones, foci, fractions, levels, and their projections.

:func:`score_study` scores a folder's study, :func:`score_regions` regions at hand; both return
:class:`LesionScores`. Importing this package loads nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quant.scoring.spatial.masks import mask_region
    from quant.scoring.spatial.regions import score_regions
    from quant.scoring.spatial.result import LesionScores
    from quant.scoring.spatial.rules import RULES, LesionRules
    from quant.scoring.spatial.study import score_study

__all__ = [
    "RULES",
    "LesionRules",
    "LesionScores",
    "mask_region",
    "score_regions",
    "score_study",
]

_HOMES = {
    "RULES": "quant.scoring.spatial.rules",
    "LesionRules": "quant.scoring.spatial.rules",
    "LesionScores": "quant.scoring.spatial.result",
    "mask_region": "quant.scoring.spatial.masks",
    "score_regions": "quant.scoring.spatial.regions",
    "score_study": "quant.scoring.spatial.study",
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
