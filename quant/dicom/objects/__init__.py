"""What other systems take in: DICOM SEG of the segments, DICOM SR of the measurements."""
