"""Codes of regions."""

from quant.domain.codes.info import CodeInfo, E, I, W

REGIONS: dict[str, CodeInfo] = {
    "ROI_FOR_MISMATCH": CodeInfo(
        E,
        "The region was drawn in another frame of reference.",
        "Transfer the region to the emission volume's frame and export it again.",
    ),
    "ROI_FOR_OVERRIDDEN": CodeInfo(
        W,
        "The region was drawn in another frame of reference; the protocol accepts it.",
        "Check the overlay of region and volume.",
    ),
    "ROI_NO_STUDY": CodeInfo(
        W,
        "A region file cannot be assigned to one study, so it is not used.",
        "Put it into the folder of its study, or into --rois DIR/<StudyInstanceUID>/.",
    ),
    "ROI_UNREADABLE": CodeInfo(
        E, "A region file cannot be read.", "Export the region again; see the message."
    ),
    "ROI_NOT_LABELS": CodeInfo(
        E,
        "A file that is named like a region holds an image.",
        "Export the region as a label map.",
    ),
    "IMAGE_IGNORED": CodeInfo(
        I, "A file beside the study holds an image, not regions; it is not used.", "Nothing."
    ),
    "ROI_EMPTY": CodeInfo(
        W,
        "The region encloses nothing: it is empty, or has open contours and points only.",
        "Draw the region, or remove it.",
    ),
    "ROI_OUTSIDE": CodeInfo(
        E,
        "The region lies outside the emission volume.",
        "Check that both belong together.",
    ),
    "ROI_UNUSED": CodeInfo(
        I,
        "An organ or excluded region is empty, or an excluded one outside the volume: not used.",
        "Nothing.",
    ),
    "ROI_NO_ROLE": CodeInfo(
        I,
        "Regions whose names mean nothing to the method; they are not used.",
        "Nothing, or rename a region that is meant.",
    ),
    "ROI_CLIPPED": CodeInfo(
        W,
        "Part of the region lies outside the emission volume.",
        "Volume and shape describe the visible part only.",
    ),
    "ROI_SMALL": CodeInfo(
        W,
        "The region is small against the voxels; shape and mean are unreliable.",
        "Read the digital-sphere floor beside the asphericity.",
    ),
    "ROI_PLANE": CodeInfo(
        W,
        "Contours are not flat, not evenly spaced, off the slices or askew to the voxels.",
        "Check the region's volume.",
    ),
    "ROI_CONTOURS_CROSS": CodeInfo(
        W,
        "Contours of one plane overlap in part; what they share counts as outside (even-odd).",
        "Check the region's volume, or draw it as one contour.",
    ),
    "ROI_THICKNESS_ASSUMED": CodeInfo(
        W,
        "The region has contours in one plane only; its thickness is one slice.",
        "Check the region's volume.",
    ),
    "ROI_PROBABILITY": CodeInfo(
        W,
        "The region is a map of probabilities; they are taken as the occupied fractions.",
        "Supply a binary region where volume matters.",
    ),
    "ROI_CONTOUR_SKIPPED": CodeInfo(
        W, "Open, point or degenerate contours were left out.", "Check the region."
    ),
    "ROI_TOUCHES_EDGE": CodeInfo(
        W,
        "The region touches the border of the emission volume.",
        "The tumour may go on outside the field of view.",
    ),
    "ROLE_SEVERAL": CodeInfo(
        W,
        "Several regions have the same role; the named one is used.",
        "Remove the others.",
    ),
    "ROLE_AMBIGUOUS": CodeInfo(
        I,
        "A region's name fits several roles; the named one is taken.",
        "Rename the region.",
    ),
    "TUMOUR_MISSING": CodeInfo(
        W, "No tumour region was supplied.", "Supply a region whose name says tumour."
    ),
    "TUMOUR_SEVERAL": CodeInfo(
        I,
        "Several tumour regions: each is measured, the largest is the primary.",
        "Nothing.",
    ),
}
