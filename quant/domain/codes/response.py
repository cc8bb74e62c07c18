"""Codes of response: RECIST 1.1 and INRC 2017."""

from quant.domain.codes.info import CodeInfo, I, W

RESPONSE: dict[str, CodeInfo] = {
    "RECIST_TOO_SMALL": CodeInfo(
        I,
        "A target lesion is too small to measure: the default diameter stands for it.",
        "Write its diameter where it can be measured.",
    ),
    "RECIST_EQUIVOCAL": CodeInfo(
        W,
        "An equivocal new lesion: the answer does not count it; the answer that does is beside it.",
        "Write later what became of it: present or absent.",
    ),
    "RECIST_DATED_BACK": CodeInfo(
        W,
        "A new lesion was equivocal first and unequivocal later: progression has the first date.",
        "Nothing, if the two are one lesion.",
    ),
    "RECIST_AFTER_CR": CodeInfo(
        W,
        "Disease is seen after complete response: progression, unless that response was not "
        "complete.",
        "Look at the earlier scans again; the answer with PR in place of CR is beside it.",
    ),
    "RECIST_NON_TARGET_GREW": CodeInfo(
        W,
        "A non-target lesion grew as much as a target would for progression; it was not called so.",
        "Decide whether this is unequivocal progression and write state progressed.",
    ),
    "RECIST_SLICE_UNSTATED": CodeInfo(
        I,
        "The slice thickness is not stated: minimum sizes are those of slices of at most 5 mm.",
        "Fill slice_thickness_mm at baseline.",
    ),
    "RECIST_BONE_TARGET": CodeInfo(
        W,
        "A target in bone; whether its soft-tissue part is what was measured is not stated.",
        "Write soft_tissue yes, or make it non-target.",
    ),
    "RECIST_NODES_MANY": CodeInfo(
        W,
        "More than two lymph nodes are targets; nodes are often counted as one organ.",
        "Follow two of them as targets, or say in the report that you count stations.",
    ),
    "RECIST_NODE_NORMAL": CodeInfo(
        W,
        "A non-target node is below 10 mm at baseline: it is normal and cannot respond.",
        "Leave it out.",
    ),
    "RECIST_NO_TARGET": CodeInfo(
        W,
        "A measurable lesion is there at baseline, but no target was chosen.",
        "Make the measurable lesions targets.",
    ),
    "RECIST_METHOD_CHANGED": CodeInfo(
        W,
        "A lesion was measured by different methods over time.",
        "Compare only diameters of one method.",
    ),
    "RECIST_BASELINE_ASSUMED": CodeInfo(
        I,
        "No time point is called baseline: the first one was taken.",
        "Call the baseline so in time_point.",
    ),
    "RECIST_BEFORE_BASELINE": CodeInfo(
        I,
        "Time points before the baseline are listed, but have no response.",
        "Nothing, if the baseline is the right one.",
    ),
    "INRC_OPEN": CodeInfo(
        W,
        "The criteria leave this combination open; the possible answers are listed.",
        "Read the derivation, and decide.",
    ),
    "INRC_NOT_EVALUABLE": CodeInfo(
        W,
        "A component was not evaluated: answers that are still possible are listed.",
        "Complete the named assessment.",
    ),
    "INRC_METHOD_CHANGED": CodeInfo(
        W,
        "Scoring or imaging method differs from the baseline: there is no relative MIBG score.",
        "Score both times by one method on the same kind of image.",
    ),
    "INRC_ROSE": CodeInfo(
        W,
        "The MIBG score rose above its smallest value; the criteria compare it with the baseline.",
        "Write a new avid bone lesion as a row of kind new: it is progression.",
    ),
    "INRC_NON_TARGET_PROGRESSED": CodeInfo(
        W,
        "A non-target lesion progressed; the criteria name no progression for it.",
        "Decide whether this is progression; both answers are listed.",
    ),
    "DIAMETER_PARTS": CodeInfo(
        W,
        "The slice with the longest diameter holds several separate parts: the line spans a gap.",
        "Give each part a name of its own, with belongs_to.",
    ),
    "DIAMETER_OBLIQUE": CodeInfo(
        W,
        "The planes of the grid are tilted against the axial plane of the patient.",
        "Read the angle; compare only diameters of planes of one direction.",
    ),
    "DIAMETER_EDGE": CodeInfo(
        W,
        "The region touches the edge of the image: its diameter may be cut off.",
        "Look at the region; use a scan that holds all of it.",
    ),
}
