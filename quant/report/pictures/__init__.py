"""Pictures of a study: display copies of its images, and the sheet for a reader's check."""

EMISSION, CT, LABELS = "emission.nii.gz", "ct.nii.gz", "regions.nii.gz"
OUTLINES, DISPLAY = "outlines.npz", "display.json"

COPIES = (EMISSION, CT, LABELS, OUTLINES, DISPLAY)
"""Files of a study's folder that are copies for display."""

SHEET = "qc.webp"

FOR_LOOKING = frozenset((*COPIES, SHEET))
"""Files of a study's folder that hold no results."""
