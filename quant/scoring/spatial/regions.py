"""Score regions that are at hand."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quant.domain.grid import Grid
    from quant.domain.region import Region
    from quant.scoring.spatial.result import LesionScores
    from quant.scoring.spatial.rules import LesionRules


def score_regions(
    bones: "Sequence[Region]",
    lesions: "Sequence[Region]",
    rules: "LesionRules | None" = None,
    *,
    field: "Grid | None" = None,
) -> "LesionScores":
    """Score lesions by where they lie on the skeleton.

    Parameters
    ----------
    bones : sequence of Region
        Named as TotalSegmentator names them; others are left out. On any grids.
    lesions : sequence of Region
        Roles ``lesion`` and ``tumour``; on any grids of the same frame of reference.
    rules : LesionRules, optional
        Settings; None for their defaults.
    field : Grid, optional
        Grid of the emission volume: what of a bone lies outside was not seen. None: all was seen.

    Returns
    -------
    LesionScores

    Raises
    ------
    RegionError
        ``SCORE_NO_BONES`` without any bone, ``ROI_FOR_MISMATCH`` for another frame of reference.
    """
    raise NotImplementedError
