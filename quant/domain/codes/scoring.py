"""Codes of scores: reader scores, scores from lesions, RECIST 1.1 and INRC 2017."""

from quant.domain.codes.info import CodeInfo, E, I

SCORING: dict[str, CodeInfo] = {
    "SCORE_TABLE_INVALID": CodeInfo(
        E,
        "A table of scores does not hold what it must; every problem is listed with its row.",
        "Correct the named rows; docs/scoring.md shows each layout.",
    ),
    "SCORE_NOT_ASSESSABLE": CodeInfo(
        I,
        "Segments could not be assessed: they count neither as zero nor towards the maximum.",
        "Read the total beside its reachable maximum.",
    ),
    "SCORE_PARTLY_SEEN": CodeInfo(
        I,
        "Segments were scored although only part of them was in the field of view.",
        "Take their scores as lower bounds.",
    ),
}
