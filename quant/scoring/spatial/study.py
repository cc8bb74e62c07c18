"""Score a study: bones and lesions from its files."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import StudyFiles
    from quant.scoring.spatial.result import LesionScores
    from quant.scoring.spatial.rules import LesionRules


def score_study(
    study: "StudyFiles",
    rules: "LesionRules | None" = None,
    protocol: "StudyProtocol | None" = None,
) -> "LesionScores":
    """Score the lesions of a study by where they lie on its skeleton.

    Parameters
    ----------
    study : StudyFiles
        With bones (SEG, NIfTI, NRRD, MHA, RTSTRUCT; names of TotalSegmentator) and lesions.
    rules : LesionRules, optional
    protocol : StudyProtocol, optional
        Words that give roles, and how the emission volume is chosen; None for the defaults.

    Returns
    -------
    LesionScores

    Raises
    ------
    StudyError
        ``SCORE_NO_BONES`` when the study holds no bone; what reading the study raises.
    """
    raise NotImplementedError
