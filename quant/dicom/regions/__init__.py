"""Regions in DICOM: contours and segmentations."""
