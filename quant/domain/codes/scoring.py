"""Codes of scores: reader scores, scores from lesions, RECIST 1.1 and INRC 2017."""

from quant.domain.codes.info import CodeInfo, E, I, W

SCORING: dict[str, CodeInfo] = {
    "SCORE_TABLE_INVALID": CodeInfo(
        E,
        "A table of scores does not hold what it must; every problem is listed with its row.",
        "Correct the named rows; docs/scoring.md shows each layout.",
    ),
    "SCORE_INPUT_UNKNOWN": CodeInfo(
        E,
        "INPUT, or a file of it, is no table that can be scored.",
        "Name the columns as docs/scoring.md shows, or put the file elsewhere.",
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
    "SCORE_ROW_MISSING": CodeInfo(
        W,
        "A segment has no row in the table; as asked for, it was taken as not assessable.",
        "Write the score of every segment, or 'not assessable'.",
    ),
    "SCORE_NO_BASELINE": CodeInfo(
        W,
        "There is no relative score: no baseline of the same modality, nuclide, reader and system.",
        "Score the baseline alike, or name the baseline with --baseline.",
    ),
    "SCORE_BASELINE_ZERO": CodeInfo(
        W,
        "There is no relative score: the baseline is zero in the segments seen at both times.",
        "Describe the course by the scores themselves.",
    ),
    "SCORE_BASELINE_AMBIGUOUS": CodeInfo(
        W,
        "There is no relative score: more than one time point could be the baseline.",
        "Name the baseline with --baseline.",
    ),
    "SCORE_NOTHING_COMMON": CodeInfo(
        W,
        "There is no relative score: no segment was assessed at both times.",
        "Score segments that both images show.",
    ),
    "SCORE_RELATIVE_REDUCED": CodeInfo(
        W,
        "A relative score or a difference leaves out segments not assessed both times.",
        "Read which segments took part; totals of all segments are not comparable.",
    ),
    "SCORE_PAIRS_REPEATED": CodeInfo(
        W,
        "A patient has more than one pair here, so the pairs are not independent: no test.",
        "Test one phase at a time, or one time point a patient.",
    ),
    "SCORE_NO_PAIRS": CodeInfo(
        I, "No image was scored both ways.", "Score planar and SPECT/CT of the same time point."
    ),
    "CUTOFFS_INVALID": CodeInfo(
        E,
        "A file of cut-offs cannot be read or does not validate.",
        "Correct the named cut-offs; docs/scoring.md lists what each one states.",
    ),
    "CUTOFF_NOT_APPLIED": CodeInfo(
        I,
        "A cut-off was not applied: phase, nuclide or modality are not those of its source.",
        "Read in the detail what would be needed; no cut-off is carried over.",
    ),
    "CUTOFF_UNDETERMINED": CodeInfo(
        W,
        "Segments that were not assessed could move the total across the cut-off.",
        "Assess the named segments; until then the answer is open.",
    ),
}
