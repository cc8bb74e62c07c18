"""Simulated DICOM objects: NM, CT and PET slices, RTSTRUCT and SEG."""
