"""Codes of scores by rule from lesions in 3D."""

from quant.domain.codes.info import CodeInfo, E, I, W

LESION_SCORING: dict[str, CodeInfo] = {
    "SCORE_NO_BONES": CodeInfo(
        E,
        "No bone was found: lesions cannot be given to segments.",
        "Supply bones by TotalSegmentator's names (vertebrae_L2, rib_left_4, hip_right).",
    ),
    "SCORE_NO_LESIONS": CodeInfo(
        E,
        "The study holds no lesion region; what was not drawn is not the same as no lesion.",
        "Supply lesions; for a patient without any, an empty mask named lesion.",
    ),
    "SCORE_LESIONS_EMPTY": CodeInfo(
        W,
        "Every lesion mask is empty: read as no lesion found.",
        "Check that the empty masks are meant.",
    ),
    "SCORE_MASK_INVALID": CodeInfo(
        E,
        "A mask does not hold weights of 0 to 1 on its grid.",
        "Supply finite weights, with the shape of the grid.",
    ),
    "SCORE_SIDE_MISMATCH": CodeInfo(
        E,
        "A bone named left lies on the patient's right, or the other way round; the score "
        "follows the name.",
        "Check the names of the bones and the orientation of their file.",
    ),
    "SCORE_SIDE_UNKNOWN": CodeInfo(
        W,
        "Paired bones are named without a side: those of limbs count in Curie, not in SIOPEN.",
        "Name the bones with left or right.",
    ),
    "SCORE_FRACTION_BORDER": CodeInfo(
        W,
        "The involved fraction lies so near a border that both scores are admissible.",
        "Look at the segment; the alternative stands beside the score.",
    ),
    "SCORE_FOCI_MERGE": CodeInfo(
        W,
        "Foci lie within one resolution width of each other: they may be one.",
        "Look at the foci; the alternative stands beside the score.",
    ),
    "SCORE_LESION_ACROSS": CodeInfo(
        W,
        "A lesion lies across two segments: it may count in both.",
        "Look at the lesion; the alternative stands beside the score.",
    ),
    "SCORE_BONE_OR_SOFT": CodeInfo(
        W,
        "A lesion lies beside a bone, or only partly on it: it may be of bone or of soft tissue.",
        "Look at the lesion; the alternative stands beside the score.",
    ),
    "SCORE_FIELD_BORDER": CodeInfo(
        W,
        "What of the segment lies outside the field could change its score.",
        "Image the rest of the segment; the alternative stands beside the score.",
    ),
    "SCORE_LESION_BEYOND_BONES": CodeInfo(
        W,
        "A lesion off the bones may lie in a limb segment whose bones were not supplied.",
        "Supply the bones of the distal limbs, or score that segment by eye.",
    ),
    "SCORE_FIELD_UNKNOWN": CodeInfo(
        W,
        "The study has no emission volume: all of every bone is taken as seen.",
        "Supply the SPECT or PET of the study; unseen segments then are not assessable.",
    ),
    "SCORE_LESION_OUTSIDE": CodeInfo(
        W,
        "A lesion lies outside the field of the emission volume: it was not scored.",
        "Check the lesion's region.",
    ),
    "SCORE_LESION_TWICE": CodeInfo(
        I,
        "Lesion regions share so much that they are one lesion drawn twice: it counts once.",
        "Nothing.",
    ),
    "SCORE_RESOLUTION_UNSTATED": CodeInfo(
        I,
        "No resolution is stated: only foci that touch are border cases.",
        "State the resolution of the images (psf_fwhm_mm).",
    ),
    "SCORE_SOFT_EXTENT_UNKNOWN": CodeInfo(
        I,
        "Whether soft tissue lesions take more than half of chest or abdomen is not known.",
        "Supply regions named thoracic_cavity and abdominal_cavity.",
    ),
    "SCORE_BONES_MISSING": CodeInfo(
        I,
        "Bones of segments that were seen are missing: they count as not in the field.",
        "Supply the missing bones.",
    ),
}
