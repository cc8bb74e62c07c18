"""Pictures of a study: display copies of its images, its sheet, and what its viewer shows."""

EMISSION, CT, LABELS = "emission.nii.gz", "ct.nii.gz", "regions.nii.gz"
OUTLINES, DISPLAY = "outlines.npz", "display.json"

COPIES = (EMISSION, CT, LABELS, OUTLINES, DISPLAY)
"""Files of a study's folder that are copies for display."""

SHEET, VIEWER = "qc.webp", "images.js"

DRAWN = (SHEET, VIEWER)
"""Files of a study's folder that are made from its record and its copies, at any time."""

FOR_LOOKING = frozenset((*COPIES, *DRAWN))
"""Files of a study's folder that hold no results."""
